"""Whose record is whose: an account and the record of the person behind it, as a card's signature joined them."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE holder (
    account TEXT NOT NULL,
    person_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_holder PRIMARY KEY (account),
    CONSTRAINT uq_holder_person_id UNIQUE (person_id),
    CONSTRAINT fk_holder_person_id FOREIGN KEY (person_id) REFERENCES person (person_id),
    CONSTRAINT fk_holder_submission_id FOREIGN KEY (submission_id) REFERENCES submission (submission_id),
    CONSTRAINT ck_holder_account CHECK (account ~ '^[0-9a-f]{40}$')
)
"""

IN_SIGHT = "account = acting_body() OR person_id IN (SELECT unnest(opened()))"


def upgrade() -> None:
    """Make the table: an account sees its own row, and who opened a record sees whose it is.

    A row is never changed: it is made anew by another signature, or taken away.
    """
    op.execute(TABLE)
    op.execute("GRANT SELECT, INSERT, DELETE ON holder TO registry_app")
    op.execute("ALTER TABLE holder ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE holder FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY in_sight ON holder TO registry_app USING ({IN_SIGHT})")
    op.execute("CREATE POLICY registry_keeper ON holder TO registry_keeper USING (true)")


def downgrade() -> None:
    """Drop the table: whoever comes next signs once more."""
    op.execute("DROP TABLE holder")
