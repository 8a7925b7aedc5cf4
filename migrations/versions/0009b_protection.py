"""支援措置 (DV等): whose residence is withheld, who is told all the same, and what two people have to decide."""

from alembic import op

revision = "0009b"
down_revision = "0009"
branch_labels = None
depends_on = None

ACCOUNT = "[a-z0-9][a-z0-9._@-]{1,99}"
UNIT = f"[A-Za-z0-9-]{{1,60}}/{ACCOUNT}"

TABLES = f"""
CREATE TABLE protection (
    measure_id UUID NOT NULL,
    person_id UUID NOT NULL,
    requested_on DATE NOT NULL,
    granted_on DATE,
    until DATE,
    ended_on DATE,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_protection PRIMARY KEY (measure_id),
    CONSTRAINT fk_protection_person_id_person FOREIGN KEY (person_id) REFERENCES person (person_id),
    CONSTRAINT ck_protection_granted_until CHECK ((granted_on IS NULL) = (until IS NULL)),
    CONSTRAINT ck_protection_days CHECK (
        coalesce(granted_on, requested_on) >= requested_on AND coalesce(ended_on, requested_on) >= requested_on
        AND coalesce(until > granted_on, TRUE)
    )
);

CREATE TABLE protected_person (
    measure_id UUID NOT NULL,
    person_id UUID NOT NULL,
    place SMALLINT NOT NULL,
    CONSTRAINT pk_protected_person PRIMARY KEY (measure_id, person_id),
    CONSTRAINT fk_protected_person_measure_id_protection FOREIGN KEY (measure_id) REFERENCES protection (measure_id),
    CONSTRAINT fk_protected_person_person_id_person FOREIGN KEY (person_id) REFERENCES person (person_id)
);

CREATE INDEX ix_protected_person_person_id ON protected_person (person_id);

CREATE TABLE protection_lift (
    lift_id UUID NOT NULL,
    person_id UUID NOT NULL,
    body TEXT NOT NULL,
    affair TEXT NOT NULL,
    ground TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_unit TEXT NOT NULL,
    begins_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed BYTEA NOT NULL,
    reviewed_by TEXT,
    reviewed_unit TEXT,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_protection_lift PRIMARY KEY (lift_id),
    CONSTRAINT fk_protection_lift_person_id_person FOREIGN KEY (person_id) REFERENCES person (person_id),
    CONSTRAINT ck_protection_lift_ground CHECK (ground IN ('duty', 'break-glass')),
    CONSTRAINT ck_protection_lift_ends CHECK (
        ends_at > begins_at AND (ground = 'duty' OR ends_at <= begins_at + INTERVAL '30 minutes')
    ),
    CONSTRAINT ck_protection_lift_review CHECK (
        num_nulls(reviewed_by, reviewed_unit, reviewed_at) IN (0, 3)
        AND reviewed_by <> opened_by AND reviewed_unit <> opened_unit
    )
);

CREATE INDEX ix_protection_lift_person_id ON protection_lift (person_id);

CREATE TABLE proposal (
    proposal_id UUID NOT NULL,
    kind TEXT NOT NULL,
    person_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_unit TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_proposal PRIMARY KEY (proposal_id),
    CONSTRAINT uq_proposal_hand UNIQUE (proposal_id, proposed_by, proposed_unit, proposed_at),
    CONSTRAINT fk_proposal_person_id_person FOREIGN KEY (person_id) REFERENCES person (person_id),
    CONSTRAINT ck_proposal_hand CHECK (proposed_by ~ '^{ACCOUNT}$' AND proposed_unit ~ '^{UNIT}$')
);

CREATE TABLE approval (
    proposal_id UUID NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_unit TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by TEXT NOT NULL,
    approved_unit TEXT NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_approval PRIMARY KEY (proposal_id),
    CONSTRAINT fk_approval_proposal FOREIGN KEY (proposal_id, proposed_by, proposed_unit, proposed_at)
        REFERENCES proposal (proposal_id, proposed_by, proposed_unit, proposed_at),
    CONSTRAINT ck_approval_hand CHECK (approved_by ~ '^{ACCOUNT}$' AND approved_unit ~ '^{UNIT}$'),
    CONSTRAINT ck_approval_two_people CHECK (approved_by <> proposed_by),
    CONSTRAINT ck_approval_two_units CHECK (approved_unit <> proposed_unit),
    CONSTRAINT ck_approval_in_time CHECK (
        approved_at >= proposed_at AND approved_at < proposed_at + INTERVAL '72 hours'
    )
);
"""

HAPPENS_NOW = """
CREATE FUNCTION happens_now() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW := jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], clock_timestamp()));
    RETURN NEW;
END $$
"""
TIMES = {"proposal": "proposed_at", "approval": "approved_at"}

ONLY_ADDED_TO = ("protected_person", "proposal", "approval")

DELIVERING = (
    "pension-benefit",
    "overseas-medical-expenses",
    "child-allowance",
    "overseas-voting",
    "consular-protection",
    "number-and-card",
)
"""Duties for which the residence of a protected person may have to be known: a payer, 選管 that posts the certificate,
the person's own mission. Which case, two people decide each time."""


def upgrade() -> None:
    """Make the tables and mark the duties; the application reads, the registry's own office writes."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table in ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        )
    op.execute(HAPPENS_NOW)
    for table, column in TIMES.items():
        op.execute(
            f"CREATE TRIGGER happens_now BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION happens_now('{column}')"
        )
    op.execute("ALTER TABLE grant_row ADD COLUMN delivers_protected BOOLEAN NOT NULL DEFAULT FALSE")
    listed = ", ".join(f"'{one}'" for one in DELIVERING)
    op.execute(f"UPDATE grant_row SET delivers_protected = mode = 'read' WHERE grant_id IN ({listed})")  # noqa: S608 - ids are the constants above
    op.execute("GRANT SELECT ON protection, protected_person, protection_lift TO registry_app")
    # Whoever opens records asks whether they are protected; no policy shows the reconciler, who tells nobody, any row.
    op.execute("GRANT SELECT ON protection, protected_person TO registry_reconciler")


def downgrade() -> None:
    """Drop the tables: nobody is protected any more."""
    op.execute("ALTER TABLE grant_row DROP COLUMN delivers_protected")
    for table in ("approval", "proposal", "protection_lift", "protected_person", "protection"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION happens_now()")
