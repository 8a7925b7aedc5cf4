"""What guards the tables: movements and stamps are only added to; three roles, each with what it needs."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ONLY_ADDED_TO = ("movement", "stamp")

ROLES = ("registry_app", "registry_sequencer", "registry_reconciler")

APP_READS_AND_ADDS = (
    "monthly_kek",
    "data_key",
    "person",
    "submission",
    "movement",
    "version",
    "search_key",
    "living_number",
    "link",
    "removed_record",
    "review_case",
    "event",
    "pending_stamp",
    "nonce",
    "idempotency",
    "reconciliation",
)
APP_CHANGES = (
    "person",
    "submission",
    "version",
    "search_key",
    "living_number",
    "link",
    "removed_record",
    "review_case",
    "idempotency",
    "reconciliation",
)
APP_DELETES = ("version", "living_number", "nonce", "reconciliation")
APP_ONLY_READS = ("client_key", "stamp", "known_until", "grant_row", "sandbox_clock")
RECONCILER_ONLY_READS = (
    "monthly_kek",
    "data_key",
    "person",
    "movement",
    "link",
    "review_case",
    "stamp",
    "sandbox_clock",
)
SEQUENCER = {
    "pending_stamp": "SELECT, DELETE",
    "stamp": "SELECT, INSERT",
    "known_until": "SELECT, INSERT, UPDATE",
    "sandbox_clock": "SELECT",
}


def upgrade() -> None:
    """Add the trigger and the roles; the roles may already be there, made by whoever runs the server."""
    op.execute(
        """
        CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = '42501';
        END $$
        """
    )
    for table in ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
    for role in ROLES:
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(APP_READS_AND_ADDS)} TO registry_app")
    op.execute(f"GRANT UPDATE ON {', '.join(APP_CHANGES)} TO registry_app")
    op.execute(f"GRANT DELETE ON {', '.join(APP_DELETES)} TO registry_app")
    op.execute(f"GRANT SELECT ON {', '.join(APP_ONLY_READS)} TO registry_app")
    op.execute(f"GRANT SELECT ON {', '.join(RECONCILER_ONLY_READS)} TO registry_reconciler")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation TO registry_reconciler")
    op.execute("GRANT UPDATE (person_id) ON person TO registry_reconciler")  # who locks a row must have a right to it
    for table, rights in SEQUENCER.items():
        op.execute(f"GRANT {rights} ON {table} TO registry_sequencer")


def downgrade() -> None:
    """Take rights and triggers away; roles belong to the whole server and stay."""
    for role in ROLES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    for table in ONLY_ADDED_TO:
        op.execute(f"DROP TRIGGER only_added_to ON {table}")
    op.execute("DROP FUNCTION only_added_to()")
