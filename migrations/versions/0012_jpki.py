"""Nonces of JPKI that are open, and the newest list of revoked certificates that was seen of each CA."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE jpki_challenge (
    nonce TEXT NOT NULL,
    purpose TEXT NOT NULL,
    session BYTEA NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_jpki_challenge PRIMARY KEY (nonce),
    CONSTRAINT ck_jpki_challenge_purpose CHECK (purpose IN ('signing', 'user-authentication')),
    CONSTRAINT ck_jpki_challenge_session_digest CHECK (octet_length(session) = 32)
);

CREATE INDEX ix_jpki_challenge_until ON jpki_challenge (until);

CREATE TABLE jpki_seen_list (
    authority BYTEA NOT NULL,
    number NUMERIC(50, 0) NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_jpki_seen_list PRIMARY KEY (authority)
);

CREATE FUNCTION refuse_an_older_list() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.authority <> OLD.authority OR NEW.number < OLD.number
       OR (NEW.number = OLD.number AND NEW.digest <> OLD.digest) THEN
        RAISE EXCEPTION 'the newest list that was seen is never forgotten' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Make the tables; a list once seen can be followed by a newer one alone, whoever asks.

    Should a CA begin its numbers anew, people empty the table: TRUNCATE is the owner's, and no program's.
    """
    tables, body = TABLES.split("CREATE FUNCTION")
    for statement in filter(str.strip, tables.split(";")):
        op.execute(statement)
    op.execute(f"CREATE FUNCTION{body}")
    op.execute(
        "CREATE TRIGGER never_older BEFORE UPDATE OR DELETE ON jpki_seen_list "
        "FOR EACH ROW EXECUTE FUNCTION refuse_an_older_list()"
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON jpki_challenge TO registry_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON jpki_seen_list TO registry_app")


def downgrade() -> None:
    """Drop the tables: whoever is about to sign begins anew, and an older list would be taken for new."""
    op.execute("DROP TABLE jpki_seen_list")
    op.execute("DROP FUNCTION refuse_an_older_list()")
    op.execute("DROP TABLE jpki_challenge")
