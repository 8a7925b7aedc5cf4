"""Rotation of data keys, and the end of stored answers: a row's seal may be renewed, an old answer deleted."""

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


ATTEND_TO = """
CREATE OR REPLACE FUNCTION attend_to(body_acting text, locks bigint[], keys text[]) RETURNS SETOF idempotency
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('registry.body', body_acting, true);
    PERFORM pg_advisory_xact_lock(one) FROM unnest(locks) AS one;
    RETURN QUERY SELECT * FROM idempotency WHERE body = body_acting AND key = ANY (keys);
{also}END $$
"""
REPORTS_WITHOUT_ANSWER = """
    -- Whose answer is deleted: no hash, no status; the report itself says what it was and what was answered.
    RETURN QUERY
        SELECT s.sender, s.sender_key, ''::bytea, s.received_at, NULL::integer, s.submission_id, NULL::bytea
        FROM submission s
        WHERE s.sender = body_acting AND s.sender_key = ANY (keys) AND s.kind IN ('report', 'annulment')
        AND NOT EXISTS (SELECT FROM idempotency i WHERE i.body = s.sender AND i.key = s.sender_key);
"""

OLD_ANSWERS = """
GRANT DELETE ON idempotency TO registry_ex_officio;;
CREATE POLICY kept_long_enough ON idempotency AS RESTRICTIVE FOR DELETE USING (
    received_at < now() - interval '90 days'
    + interval '1 second' * coalesce((SELECT max(offset_seconds) FROM sandbox_clock), 0)
)
"""
"""Nobody whom policies bind deletes a younger one, whatever the settings say; the sandbox's clock counts, as for years
of the log."""


def upgrade() -> None:
    """Add the column; keys that are there were made by no rotation."""
    op.execute("ALTER TABLE data_key ADD COLUMN rotation INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE data_key ALTER COLUMN rotation DROP DEFAULT")
    op.execute(ONLY_ITS_SEAL)
    for table in ONLY_ADDED_TO:
        for statement in TRIGGERS.format(table=table).split(";;"):
            op.execute(statement)
    op.execute("GRANT SELECT (proposal_id, person_id, sealed) ON proposal TO registry_keeper")
    for table in SEALED:
        op.execute(f"GRANT UPDATE (sealed) ON {table} TO registry_keeper")
    for statement in OLD_ANSWERS.split(";;"):
        op.execute(statement)
    op.execute(ATTEND_TO.format(also=REPORTS_WITHOUT_ANSWER))


def downgrade() -> None:
    """Let nobody change such a row; how often keys were replaced is forgotten, what they sealed opens as before."""
    op.execute(ATTEND_TO.format(also=""))
    op.execute("DROP POLICY kept_long_enough ON idempotency")
    op.execute("REVOKE DELETE ON idempotency FROM registry_ex_officio")
    op.execute("REVOKE SELECT (proposal_id, person_id, sealed) ON proposal FROM registry_keeper")
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
