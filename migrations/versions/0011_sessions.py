"""Who is signed in, in their browser and until when."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sign_in_session (
    token_hash BYTEA NOT NULL,
    session_id UUID NOT NULL,
    account TEXT NOT NULL,
    roles TEXT[] NOT NULL,
    body TEXT,
    desk TEXT,
    provider TEXT NOT NULL,
    level TEXT NOT NULL,
    authenticated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_session PRIMARY KEY (token_hash),
    CONSTRAINT uq_sign_in_session_session_id UNIQUE (session_id),
    CONSTRAINT ck_sign_in_session_token_hash CHECK (octet_length(token_hash) = 32)
);

CREATE INDEX ix_sign_in_session_account ON sign_in_session (account);

CREATE INDEX ix_sign_in_session_ends_at ON sign_in_session (ends_at);
"""


def upgrade() -> None:
    """Make the table. The application changes nothing of a session but when it was last heard of."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT, DELETE ON sign_in_session TO registry_app")
    op.execute("GRANT UPDATE (seen_at) ON sign_in_session TO registry_app")


def downgrade() -> None:
    """Drop the table: everybody is signed out."""
    op.execute("DROP TABLE sign_in_session")
