"""Rotation of keys: further keys in a month, since when a key wraps nothing any more, and what was done with keys."""

from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None

ROOM_FOR_REWRAPPING = 50
"""Percent of a page that new rows fill: rewrapped ones find place beside them, and no index is touched."""


def upgrade() -> None:
    """Make the table; who rotates, destroys and shreds is the owner, so the application gets no right to it."""
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
    op.execute(
        "CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON key_act "
        "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
    )


def downgrade() -> None:
    """Drop the table; what was done with keys is forgotten. Fails where a month has several keys: rotate first."""
    op.execute("DROP TABLE key_act")
    op.execute("ALTER TABLE data_key RESET (fillfactor)")
    op.execute("ALTER TABLE monthly_kek DROP COLUMN emptied_at")
    op.execute("ALTER TABLE monthly_kek ADD CONSTRAINT uq_monthly_kek_month UNIQUE (month)")
