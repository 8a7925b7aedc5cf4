"""First light: the record, its projection, what finds it, and who may ask."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE client_key (
    key_id TEXT NOT NULL,
    body TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_client_key PRIMARY KEY (key_id)
);

CREATE TABLE grant_row (
    grant_id TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    affair TEXT NOT NULL,
    label TEXT NOT NULL,
    label_en TEXT NOT NULL,
    bases TEXT[] NOT NULL,
    items TEXT[] NOT NULL,
    searches TEXT[] NOT NULL,
    condition TEXT NOT NULL,
    mode TEXT NOT NULL,
    may_withhold BOOLEAN NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT pk_grant_row PRIMARY KEY (grant_id)
);

CREATE TABLE idempotency (
    body TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER,
    owner UUID,
    sealed BYTEA,
    CONSTRAINT pk_idempotency PRIMARY KEY (body, key)
);

CREATE TABLE known_until (
    "only" BOOLEAN NOT NULL,
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_known_until PRIMARY KEY ("only")
);

CREATE TABLE monthly_kek (
    kek_id BIGINT NOT NULL,
    month DATE NOT NULL,
    wrapped BYTEA NOT NULL,
    CONSTRAINT pk_monthly_kek PRIMARY KEY (kek_id),
    CONSTRAINT uq_monthly_kek_month UNIQUE (month)
);

CREATE TABLE nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_nonce PRIMARY KEY (key_id, nonce)
);

CREATE INDEX ix_nonce_expires ON nonce (expires);

CREATE TABLE person (
    person_id UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (person_id)
);

CREATE TABLE sandbox_clock (
    "only" BOOLEAN NOT NULL,
    offset_seconds BIGINT NOT NULL,
    CONSTRAINT pk_sandbox_clock PRIMARY KEY ("only")
);

CREATE TABLE submission (
    submission_id UUID NOT NULL,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    sender_key TEXT NOT NULL,
    state TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_on DATE NOT NULL,
    replaces UUID,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_submission PRIMARY KEY (submission_id),
    CONSTRAINT uq_submission_sender_key UNIQUE (sender, sender_key)
);

CREATE INDEX ix_submission_replaces ON submission (replaces);

CREATE TABLE data_key (
    owner UUID NOT NULL,
    kek_id BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    CONSTRAINT pk_data_key PRIMARY KEY (owner),
    CONSTRAINT fk_data_key_kek_id FOREIGN KEY(kek_id) REFERENCES monthly_kek (kek_id)
);

CREATE TABLE event (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    kind TEXT NOT NULL,
    recipients TEXT[] NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (event_id),
    CONSTRAINT fk_event_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT fk_event_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);

CREATE TABLE link (
    submission_id UUID NOT NULL,
    person_index SMALLINT NOT NULL,
    person_id UUID NOT NULL,
    method TEXT NOT NULL,
    confirmed BOOLEAN NOT NULL,
    CONSTRAINT pk_link PRIMARY KEY (submission_id, person_index),
    CONSTRAINT fk_link_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id),
    CONSTRAINT fk_link_person_id FOREIGN KEY(person_id) REFERENCES person (person_id)
);

CREATE INDEX ix_link_person_id ON link (person_id);

CREATE TABLE living_number (
    generation SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    key BYTEA NOT NULL,
    person_id UUID NOT NULL,
    CONSTRAINT pk_living_number PRIMARY KEY (generation, kind, key),
    CONSTRAINT fk_living_number_person_id FOREIGN KEY(person_id) REFERENCES person (person_id)
);

CREATE INDEX ix_living_number_person_id ON living_number (person_id);

CREATE TABLE movement (
    movement_id TEXT NOT NULL,
    person_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    kind TEXT NOT NULL,
    earliest DATE NOT NULL,
    latest DATE NOT NULL,
    notified_on DATE NOT NULL,
    replaces TEXT,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_movement PRIMARY KEY (movement_id),
    CONSTRAINT fk_movement_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT fk_movement_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id),
    CONSTRAINT fk_movement_replaces FOREIGN KEY(replaces) REFERENCES movement (movement_id)
);

CREATE INDEX ix_movement_person_id ON movement (person_id);

CREATE INDEX ix_movement_submission_id ON movement (submission_id);

CREATE TABLE reconciliation (
    person_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    fields TEXT[] NOT NULL,
    holding TEXT,
    confirmed BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_reconciliation PRIMARY KEY (person_id),
    CONSTRAINT fk_reconciliation_person_id FOREIGN KEY(person_id) REFERENCES person (person_id)
);

CREATE TABLE pending_stamp (
    submission_id UUID NOT NULL,
    CONSTRAINT pk_pending_stamp PRIMARY KEY (submission_id),
    CONSTRAINT fk_pending_stamp_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);

CREATE TABLE removed_record (
    municipality VARCHAR(6) NOT NULL,
    addressee_key BYTEA NOT NULL,
    person_id UUID NOT NULL,
    first_submission_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    content_key BYTEA NOT NULL,
    CONSTRAINT pk_removed_record PRIMARY KEY (municipality, addressee_key),
    CONSTRAINT fk_removed_record_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT fk_removed_record_first_submission_id FOREIGN KEY(first_submission_id)
        REFERENCES submission (submission_id),
    CONSTRAINT fk_removed_record_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);

CREATE INDEX ix_removed_record_person_id ON removed_record (person_id);

CREATE TABLE review_case (
    case_id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id UUID NOT NULL,
    submission_id UUID NOT NULL,
    kind TEXT NOT NULL,
    field TEXT NOT NULL,
    rivals UUID[] NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_review_case PRIMARY KEY (case_id),
    CONSTRAINT fk_review_case_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT fk_review_case_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);

CREATE INDEX ix_review_case_person_id ON review_case (person_id) WHERE closed_at IS NULL;

CREATE TABLE search_key (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    generation SMALLINT NOT NULL,
    key BYTEA NOT NULL,
    current BOOLEAN NOT NULL,
    CONSTRAINT pk_search_key PRIMARY KEY (entry_id),
    CONSTRAINT uq_search_key_entry UNIQUE (person_id, kind, generation, key),
    CONSTRAINT fk_search_key_person_id FOREIGN KEY(person_id) REFERENCES person (person_id)
);

CREATE INDEX ix_search_key_lookup ON search_key (generation, kind, key);

CREATE TABLE stamp (
    seq BIGINT NOT NULL,
    submission_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_stamp PRIMARY KEY (seq),
    CONSTRAINT uq_stamp_submission_id UNIQUE (submission_id),
    CONSTRAINT fk_stamp_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);

CREATE INDEX ix_stamp_at ON stamp (at);

CREATE TABLE version (
    person_id UUID NOT NULL,
    made_by TEXT NOT NULL,
    status TEXT NOT NULL,
    mission TEXT,
    municipality VARCHAR(6),
    certain DATERANGE NOT NULL,
    possible DATERANGE NOT NULL,
    disputed TEXT[] NOT NULL,
    last_confirmed DATE,
    revision INTEGER NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT pk_version PRIMARY KEY (person_id, made_by),
    CONSTRAINT ex_version_certain_overlap EXCLUDE USING gist (person_id WITH =, certain WITH &&),
    CONSTRAINT fk_version_person_id FOREIGN KEY(person_id) REFERENCES person (person_id),
    CONSTRAINT fk_version_made_by FOREIGN KEY(made_by) REFERENCES movement (movement_id)
);

CREATE INDEX ix_version_mission ON version (mission);

CREATE INDEX ix_version_municipality ON version (municipality);
"""


def upgrade() -> None:
    """Make the tables as registry/store/tables.py describes them."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)


def downgrade() -> None:
    """Drop every table of this revision, the youngest first."""
    names = [line.split()[2] for line in TABLES.splitlines() if line.startswith("CREATE TABLE")]
    for name in reversed(names):
        op.execute(f"DROP TABLE {name} CASCADE")
