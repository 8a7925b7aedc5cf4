"""Rotation of data keys: which rotation made a key, and a movement whose seal alone the keeper may renew."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ONLY_ITS_SEAL = """
CREATE FUNCTION only_its_seal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    resealed movement := OLD;
BEGIN
    resealed.sealed := NEW.sealed;
    IF resealed IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'rows of % are never changed or removed, but for their seal', TG_TABLE_NAME
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;;
DROP TRIGGER only_added_to ON movement;;
CREATE TRIGGER only_added_to BEFORE DELETE OR TRUNCATE ON movement
FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();;
CREATE TRIGGER only_by_the_keeper BEFORE UPDATE ON movement
FOR EACH STATEMENT WHEN (current_user <> 'registry_keeper') EXECUTE FUNCTION only_added_to();;
CREATE TRIGGER only_its_seal BEFORE UPDATE ON movement
FOR EACH ROW EXECUTE FUNCTION only_its_seal();;
GRANT UPDATE (sealed) ON movement TO registry_keeper
"""
"""Two walls: the keeper has no right to other columns, and whoever had it would meet the trigger."""


def upgrade() -> None:
    """Add the column; keys that are there were made by no rotation."""
    op.execute("ALTER TABLE data_key ADD COLUMN rotation INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE data_key ALTER COLUMN rotation DROP DEFAULT")
    for statement in ONLY_ITS_SEAL.split(";;"):
        op.execute(statement)


def downgrade() -> None:
    """Let nobody change a movement; how often keys were replaced is forgotten, what they sealed opens as before."""
    op.execute("REVOKE UPDATE (sealed) ON movement FROM registry_keeper")
    for trigger in ("only_its_seal", "only_by_the_keeper", "only_added_to"):
        op.execute(f"DROP TRIGGER {trigger} ON movement")
    op.execute(
        "CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON movement "
        "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
    )
    op.execute("DROP FUNCTION only_its_seal()")
    op.execute("ALTER TABLE data_key DROP COLUMN rotation")
