"""Rotation of keys: further keys in a month, what was done with keys, and the generations of search keys."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROOM_FOR_REWRAPPING = 50
"""Percent of a page that new rows fill: rewrapped ones find place beside them, and no index is touched."""


SEARCH_GENERATIONS = """
CREATE TABLE search_generation (
    "only" BOOLEAN NOT NULL,
    change BIGINT NOT NULL,
    searched SMALLINT NOT NULL,
    also_written SMALLINT,
    gone_through UUID,
    CONSTRAINT pk_search_generation PRIMARY KEY ("only")
);;
INSERT INTO search_generation VALUES (true, 1, 1, NULL, NULL);;
GRANT SELECT ON search_generation TO registry_app, registry_reconciler;;
ALTER TABLE removed_record ADD COLUMN generation SMALLINT NOT NULL DEFAULT 1;;
ALTER TABLE removed_record ALTER COLUMN generation DROP DEFAULT;;

-- Each statement within sees what is committed when it begins: what is read here was agreed on under the lock.
CREATE FUNCTION agreed_search_generations() RETURNS SETOF search_generation LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(504205710);
    RETURN QUERY SELECT * FROM search_generation;
END $$
"""
"""The lock is that of ``registry/store/search_generations.py``."""


def upgrade() -> None:
    """Make the tables; who rotates, destroys and shreds is the owner, so the application gets no right to it."""
    op.execute("ALTER TABLE monthly_kek DROP CONSTRAINT uq_monthly_kek_month")
    op.execute("ALTER TABLE monthly_kek ADD COLUMN emptied_at TIMESTAMP WITH TIME ZONE")
    op.execute(f"ALTER TABLE data_key SET (fillfactor = {ROOM_FOR_REWRAPPING})")
    op.execute(
        """
        CREATE TABLE key_act (
            act_id BIGINT GENERATED ALWAYS AS IDENTITY,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            act TEXT NOT NULL,
            key_id BIGINT NOT NULL,
            how_many BIGINT NOT NULL,
            done_by TEXT NOT NULL,
            CONSTRAINT pk_key_act PRIMARY KEY (act_id)
        )
        """
    )
    for statement in filter(str.strip, SEARCH_GENERATIONS.split(";;")):
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON key_act "
        "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
    )


def downgrade() -> None:
    """Drop the tables; what was done with keys is forgotten. Fails where a month has several keys: rotate first."""
    op.execute("DROP FUNCTION agreed_search_generations()")
    op.execute("DROP TABLE search_generation")
    op.execute("ALTER TABLE removed_record DROP COLUMN generation")
    op.execute("DROP TABLE key_act")
    op.execute("ALTER TABLE data_key RESET (fillfactor)")
    op.execute("ALTER TABLE monthly_kek DROP COLUMN emptied_at")
    op.execute("ALTER TABLE monthly_kek ADD CONSTRAINT uq_monthly_kek_month UNIQUE (month)")
