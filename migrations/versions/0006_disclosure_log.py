"""The log of disclosures: years with their keys, entries that wait, entries in the tree, tiles and head."""

from alembic import op

from registry.domain.log_keeping import KEEPING_YEARS

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE log_year (
    year SMALLINT NOT NULL,
    kek_id BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    CONSTRAINT pk_log_year PRIMARY KEY (year),
    CONSTRAINT fk_log_year_kek_id FOREIGN KEY(kek_id) REFERENCES monthly_kek (kek_id)
);

CREATE TABLE log_pending (
    pending_id BIGINT GENERATED ALWAYS AS IDENTITY,
    entry_id UUID NOT NULL,
    subject TEXT,
    year SMALLINT NOT NULL,
    content_commitment BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_log_pending PRIMARY KEY (pending_id),
    CONSTRAINT ck_log_pending_subject CHECK (subject ~ '^[A-Z2-7]{32}$'),
    CONSTRAINT ck_log_pending_content CHECK (length(content_commitment) = 32)
);

CREATE TABLE log_entry (
    leaf_index BIGINT NOT NULL,
    entry_id UUID NOT NULL,
    subject TEXT,
    number BIGINT,
    previous BYTEA,
    link_salt BYTEA NOT NULL,
    leaf BYTEA NOT NULL,
    year SMALLINT NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_log_entry PRIMARY KEY (leaf_index),
    CONSTRAINT uq_log_entry_entry_id UNIQUE (entry_id),
    CONSTRAINT uq_log_entry_subject UNIQUE (subject, number)
);

CREATE TABLE log_tile (
    level SMALLINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    CONSTRAINT pk_log_tile PRIMARY KEY (level, tile_index),
    CONSTRAINT ck_log_tile_hashes CHECK (length(hashes) BETWEEN 32 AND 8192)
);

CREATE TABLE log_head (
    "only" BOOLEAN NOT NULL,
    size BIGINT NOT NULL,
    roots BYTEA[] NOT NULL,
    note BYTEA NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cosigned BYTEA,
    cosigned_size BIGINT,
    cosigned_at BIGINT,
    CONSTRAINT pk_log_head PRIMARY KEY ("only"),
    CONSTRAINT ck_log_head_only CHECK ("only")
);

ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL
"""

# Each refuses with 42501, as only_added_to does, and looks for tables only where the owner makes them: a temporary one
# of the same name would otherwise come first.
GUARDS = {
    "only_gets_longer": """
        IF (NEW.level, NEW.tile_index) <> (OLD.level, OLD.tile_index)
           OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes THEN
            RAISE EXCEPTION 'a tile only gets longer' USING ERRCODE = '42501';
        END IF;
        RETURN NEW;
    """,
    "never_goes_back": """
        IF NEW.size < OLD.size OR coalesce(NEW.cosigned_size, 0) < coalesce(OLD.cosigned_size, 0) THEN
            RAISE EXCEPTION 'the head of the log never goes back' USING ERRCODE = '42501';
        END IF;
        RETURN NEW;
    """,
    # The sandbox's clock counts: it is empty in production.
    "kept_for_its_years": """
        IF OLD.year + TG_ARGV[0]::integer >= extract(year FROM (now() + interval '1 second' *
           coalesce((SELECT max(offset_seconds) FROM sandbox_clock), 0)) AT TIME ZONE 'Asia/Tokyo') THEN
            RAISE EXCEPTION 'the log of % is still to be kept', OLD.year USING ERRCODE = '42501';
        END IF;
        RETURN OLD;
    """,
}
TRIGGERS = (
    ("only_added_to", "UPDATE OR DELETE OR TRUNCATE", "log_entry", "STATEMENT", "only_added_to()"),
    ("never_removed", "DELETE OR TRUNCATE", "log_tile", "STATEMENT", "only_added_to()"),
    ("only_gets_longer", "UPDATE", "log_tile", "ROW", "only_gets_longer()"),
    ("never_removed", "DELETE OR TRUNCATE", "log_head", "STATEMENT", "only_added_to()"),
    ("never_goes_back", "UPDATE", "log_head", "ROW", "never_goes_back()"),
    ("never_removed", "TRUNCATE", "log_year", "STATEMENT", "only_added_to()"),
    ("kept_for_its_years", "DELETE", "log_year", "ROW", f"kept_for_its_years({KEEPING_YEARS})"),
)
RIGHTS = {
    "registry_app": {
        "log_year": "SELECT, INSERT",
        "log_pending": "INSERT",
        "log_entry": "SELECT",
        "log_tile": "SELECT",
        "log_head": "SELECT",
    },
    "registry_sequencer": {
        "log_year": "SELECT (year), DELETE",
        "log_pending": "SELECT, DELETE",
        "log_entry": "SELECT (subject, number, leaf), INSERT",
        "log_tile": "SELECT, INSERT, UPDATE",
        "log_head": "SELECT, INSERT, UPDATE",
    },
}


def upgrade() -> None:
    """Make the tables. The application adds entries that wait; the sequencer alone gives them their place."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for name, body in GUARDS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = pg_catalog, public, pg_temp AS $$ BEGIN {body} END $$"
        )
    for name, events, table, each, function in TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}")
    for role, tables in RIGHTS.items():
        for table, rights in tables.items():
            op.execute(f"GRANT {rights} ON {table} TO {role}")


def downgrade() -> None:
    """Drop the log with all that stands in it."""
    for table in ("log_head", "log_tile", "log_entry", "log_pending", "log_year"):
        op.execute(f"DROP TABLE {table}")
    for name in GUARDS:
        op.execute(f"DROP FUNCTION {name}()")
