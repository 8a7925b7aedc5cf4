"""What callers' inquiries look like day by day, and who may ask only narrowly until people lift it."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE caller_tally (
    body TEXT NOT NULL,
    day DATE NOT NULL,
    asked BIGINT NOT NULL,
    by_number BIGINT NOT NULL,
    missed_by_number BIGINT NOT NULL,
    by_name BIGINT NOT NULL,
    missed_by_name BIGINT NOT NULL,
    ambiguous BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    CONSTRAINT pk_caller_tally PRIMARY KEY (body, day)
);

CREATE TABLE caller_narrowing (
    narrowing_id BIGINT GENERATED ALWAYS AS IDENTITY,
    body TEXT NOT NULL,
    suspicions TEXT[] NOT NULL,
    narrowed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by TEXT,
    reason TEXT,
    CONSTRAINT pk_caller_narrowing PRIMARY KEY (narrowing_id),
    CONSTRAINT ck_caller_narrowing_lifted_by_somebody CHECK (
        (lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (coalesce(reason, '') = '')
    )
);

CREATE UNIQUE INDEX uq_caller_narrowing_open ON caller_narrowing (body)
    WHERE lifted_at IS NULL;
"""


def upgrade() -> None:
    """Make the tables. The application narrows and cannot lift: that is for people, with the rights of the owner."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON caller_tally TO registry_app")
    op.execute("GRANT SELECT, INSERT ON caller_narrowing TO registry_app")


def downgrade() -> None:
    """Drop the tables: every caller is free, and nobody knows who was not."""
    op.execute("DROP TABLE caller_narrowing")
    op.execute("DROP TABLE caller_tally")
