"""Rotation of data keys: which rotation made a key, and rows only added to whose seal alone the keeper may renew."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ONLY_ITS_SEAL = """
CREATE FUNCTION only_its_seal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF to_jsonb(OLD) - 'sealed' IS DISTINCT FROM to_jsonb(NEW) - 'sealed' THEN
        RAISE EXCEPTION 'rows of % are never changed or removed, but for their seal', TG_TABLE_NAME
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$
"""
TRIGGERS = """
DROP TRIGGER only_added_to ON {table};;
CREATE TRIGGER only_added_to BEFORE DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();;
CREATE TRIGGER only_by_the_keeper BEFORE UPDATE ON {table}
FOR EACH STATEMENT WHEN (current_user <> 'registry_keeper') EXECUTE FUNCTION only_added_to();;
CREATE TRIGGER only_its_seal BEFORE UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION only_its_seal()
"""
"""Two walls: the keeper has no right to other columns, and whoever had it would meet the trigger."""
ONLY_ADDED_TO = ("movement", "proposal")
SEALED = (*ONLY_ADDED_TO, "protection", "protection_lift")
"""Tables that owners' keys seal and of which the keeper could change nothing before."""


def upgrade() -> None:
    """Add the column; keys that are there were made by no rotation."""
    op.execute("ALTER TABLE data_key ADD COLUMN rotation INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE data_key ALTER COLUMN rotation DROP DEFAULT")
    op.execute(ONLY_ITS_SEAL)
    for table in ONLY_ADDED_TO:
        for statement in TRIGGERS.format(table=table).split(";;"):
            op.execute(statement)
    op.execute("GRANT SELECT ON proposal TO registry_keeper")
    for table in SEALED:
        op.execute(f"GRANT UPDATE (sealed) ON {table} TO registry_keeper")


def downgrade() -> None:
    """Let nobody change such a row; how often keys were replaced is forgotten, what they sealed opens as before."""
    op.execute("REVOKE SELECT ON proposal FROM registry_keeper")
    for table in SEALED:
        op.execute(f"REVOKE UPDATE (sealed) ON {table} FROM registry_keeper")
    for table in ONLY_ADDED_TO:
        for trigger in ("only_its_seal", "only_by_the_keeper", "only_added_to"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
    op.execute("DROP FUNCTION only_its_seal()")
    op.execute("ALTER TABLE data_key DROP COLUMN rotation")
