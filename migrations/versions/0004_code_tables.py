"""The tables of codes with their versions, and which versions the records have been brought into line with."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE code_table_version (
    version_id BIGINT GENERATED ALWAYS AS IDENTITY,
    table_name TEXT NOT NULL,
    applies_from DATE,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    imported_by TEXT NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT pk_code_table_version PRIMARY KEY (version_id)
);

CREATE INDEX ix_code_table_version_table_name ON code_table_version (table_name, applies_from);

CREATE TABLE area_change (
    version_id BIGINT NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE NOT NULL,
    moved BIGINT NOT NULL,
    uncertain BIGINT NOT NULL,
    CONSTRAINT pk_area_change PRIMARY KEY (version_id),
    CONSTRAINT fk_area_change_version_id FOREIGN KEY(version_id) REFERENCES code_table_version (version_id)
);
"""

ONLY_ADDED_TO = ("code_table_version", "area_change")


def upgrade() -> None:
    """Make the tables; a version is never changed, and only the owner adds one."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table in ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
    op.execute("GRANT SELECT ON code_table_version TO registry_app, registry_reconciler")
    op.execute("GRANT SELECT, INSERT ON area_change TO registry_app")


def downgrade() -> None:
    """Drop the tables; what was imported is lost."""
    op.execute("DROP TABLE area_change")
    op.execute("DROP TABLE code_table_version")
