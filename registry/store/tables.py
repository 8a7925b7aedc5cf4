"""The tables of the registry, as the application sees them; ``migrations`` makes them and adds what guards them.

In clear stand only ids, dates of validity, status, mission and municipality: what SQL must sort and join by. Names,
numbers and contact data lie in sealed blobs (``sealed``), one per row, and are found through ``search_key``. The tables
of the log of disclosures stand in ``log_tables``.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint

from registry.store import columns, key_tables
from registry.store.columns import id_column as _id
from registry.store.columns import moment as _moment

metadata = columns.metadata
monthly_kek, data_key = key_tables.monthly_kek, key_tables.data_key
key_act, search_generation = key_tables.key_act, key_tables.search_generation

# ----------------------------------------------------------------------------------------------- people

person = Table("person", metadata, _id("person_id", primary_key=True), _moment("opened_at"))
"""One row per record; the row that is locked while its movements change."""

submission = Table(
    "submission",
    metadata,
    _id("submission_id", primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    _moment("received_at"),
    Column("received_on", Date, nullable=False),
    _id("replaces", nullable=True),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("sender", "sender_key", name="uq_submission_sender_key"),
    Index("ix_submission_replaces", "replaces"),
)
"""An accepted report or 除票: its exact bytes with the evidence and receipt, sealed with a key of its own."""

movement = Table(
    "movement",
    metadata,
    Column("movement_id", Text, primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    _id("submission_id", ForeignKey(submission.c.submission_id)),
    Column("kind", Text, nullable=False),
    Column("earliest", Date, nullable=False),
    Column("latest", Date, nullable=False),
    Column("notified_on", Date, nullable=False),
    Column("replaces", Text, ForeignKey("movement.movement_id")),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_movement_person_id", "person_id"),
    Index("ix_movement_submission_id", "submission_id"),
)
"""異動, only ever inserted (a trigger refuses the rest)."""

version = Table(
    "version",
    metadata,
    _id("person_id", ForeignKey(person.c.person_id), primary_key=True),
    Column("made_by", Text, ForeignKey(movement.c.movement_id), primary_key=True),
    Column("status", Text, nullable=False),
    Column("mission", Text),
    Column("municipality", String(6)),
    Column("certain", DATERANGE, nullable=False),
    Column("possible", DATERANGE, nullable=False),
    Column("disputed", ARRAY(Text), nullable=False),
    Column("last_confirmed", Date),
    Column("revision", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    ExcludeConstraint(("person_id", "="), ("certain", "&&"), name="ex_version_certain_overlap"),
    Index("ix_version_mission", "mission"),
    Index("ix_version_municipality", "municipality"),
)
"""The projection: what the movements known now come to. On no day do two versions of a record hold for certain."""

search_key = Table(
    "search_key",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    Column("kind", Text, nullable=False),
    Column("generation", SmallInteger, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("current", Boolean, nullable=False),
    UniqueConstraint("person_id", "kind", "generation", "key", name="uq_search_key_entry"),
    Index("ix_search_key_lookup", "generation", "kind", "key"),
)
"""By what a record is found: one row per number, code and spelling that it ever had; ``current`` unless that was
corrected away or taken back, and so holds only for who asks what was known before."""

living_number = Table(
    "living_number",
    metadata,
    Column("generation", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    Index("ix_living_number_person_id", "person_id"),
)
"""個人番号 and 住民票コード in force: at most one record holds each (番号法8条 2項)."""

link = Table(
    "link",
    metadata,
    _id("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
    Column("person_index", SmallInteger, primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    Column("method", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Index("ix_link_person_id", "person_id"),
)
"""Why a submission's person is this record, and whether a number may leave on it."""

removed_record = Table(
    "removed_record",
    metadata,
    Column("municipality", String(6), primary_key=True),
    Column("addressee_key", LargeBinary, primary_key=True),
    Column("generation", SmallInteger, nullable=False),
    _id("person_id", ForeignKey(person.c.person_id)),
    _id("first_submission_id", ForeignKey(submission.c.submission_id)),
    _id("submission_id", ForeignKey(submission.c.submission_id)),
    Column("content_key", LargeBinary, nullable=False),
    Index("ix_removed_record_person_id", "person_id"),
)
"""The 除票 that each municipality holds: its 宛名番号 as a search key, and a keyed digest of what it last said."""

review_case = Table(
    "review_case",
    metadata,
    Column("case_id", BigInteger, Identity(always=True), primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    _id("submission_id", ForeignKey(submission.c.submission_id)),
    Column("kind", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("rivals", ARRAY(Uuid(as_uuid=False)), nullable=False),
    _moment("opened_at"),
    _moment("closed_at", nullable=True),
    Index("ix_review_case_person_id", "person_id", postgresql_where=text("closed_at IS NULL")),
)
"""What people have to decide: contradictions, rivals, uncertain competence. Never a name or number."""

event = Table(
    "event",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    _id("submission_id", ForeignKey(submission.c.submission_id)),
    Column("kind", Text, nullable=False),
    Column("recipients", ARRAY(Text), nullable=False),
    _moment("at"),
)
"""Outbox: what happened to whose record and who is to hear of it; the content is asked for under a grant."""

reconciliation = Table(
    "reconciliation",
    metadata,
    _id("person_id", ForeignKey(person.c.person_id), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("holding", Text),
    Column("confirmed", Boolean, nullable=False),
    _moment("at"),
)
"""突合結果: how the two sources of a record stood when they were last held against each other."""

# ---------------------------------------------------------------------------------- questions to others

question = Table(
    "question",
    metadata,
    _id("question_id", primary_key=True),
    _id("person_id", ForeignKey(person.c.person_id)),
    Column("wanted", Text, nullable=False),
    Column("asked_of", Text, nullable=False),
    Column("about", LargeBinary, nullable=False),
    _moment("opened_at"),
    _moment("next_at"),
    Column("attempts", Integer, nullable=False),
    _moment("asked_at", nullable=True),
    _moment("due", nullable=True),
    _moment("answered_at", nullable=True),
    Column("finding", Text, nullable=False),
    UniqueConstraint("person_id", "about", "asked_of", name="uq_question_about"),
    Index(
        "ix_question_open",
        "asked_of",
        "next_at",
        postgresql_where=text("finding = 'no-answer-yet'"),
    ),
)
"""Questions for the record ``wanted`` (a 附票 or a 除票), with their clocks; ``about`` is a keyed digest of who was
asked about."""

change_fact_cursor = Table(
    "change_fact_cursor",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)
"""Up to where the changes that 機構 tells of have been taken over; one row."""

# ------------------------------------------------------------------------------------------- known time

pending_stamp = Table(
    "pending_stamp",
    metadata,
    _id("submission_id", ForeignKey(submission.c.submission_id), primary_key=True),
)
"""Committed submissions that the sequencer has not stamped yet."""

stamp = Table(
    "stamp",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _id("submission_id", ForeignKey(submission.c.submission_id)),
    _moment("at"),
    UniqueConstraint("submission_id"),
    Index("ix_stamp_at", "at"),
)
"""When the registry came to know: strictly increasing (seq, at), given after commit."""

known_until = Table(
    "known_until",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    _moment("at"),
)
"""The last moment up to which everything committed is stamped; one row."""

# ------------------------------------------------------------------------------------------------ callers

client_key = Table(
    "client_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("body_kind", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    _moment("valid_from"),
    _moment("valid_to", nullable=True),
)
"""Who may sign requests: one algorithm per key, which the key itself fixes."""

nonce = Table(
    "nonce",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    _moment("expires"),
    Index("ix_nonce_expires", "expires"),
)
"""Nonces of signatures still in their time; a second use is a replay."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("body", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    _moment("received_at"),
    Column("status", Integer),
    _id("owner", nullable=True),
    Column("sealed", LargeBinary),
)
"""What was answered under a sender's key; the answer is sealed with the data key of ``owner``. Kept 90 days or more."""

grant_row = Table(
    "grant_row",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("body_kind", Text, nullable=False),
    Column("affair", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    Column("bases", ARRAY(Text), nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("searches", ARRAY(Text), nullable=False),
    Column("condition", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("may_withhold", Boolean, nullable=False),
    Column("delivers_protected", Boolean, nullable=False, server_default=text("false")),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
)
"""The statutory rows of the table of grants, which come by migration; those by ordinance: ``grant_tables``."""

# ------------------------------------------------------------------------------------------- tables of codes

code_table_version = Table(
    "code_table_version",
    metadata,
    Column("version_id", BigInteger, Identity(always=True), primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("applies_from", Date),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    _moment("imported_at"),
    Column("imported_by", Text, nullable=False),
    Column("content", Text, nullable=False),
    Index("ix_code_table_version_table_name", "table_name", "applies_from"),
)
"""Whole tables of codes as CSV: the newest version that applies on a day is in force. The first applies since ever."""

area_change = Table(
    "area_change",
    metadata,
    Column(
        "version_id", BigInteger, ForeignKey(code_table_version.c.version_id), primary_key=True, autoincrement=False
    ),
    _moment("done_at"),
    Column("moved", BigInteger, nullable=False),
    Column("uncertain", BigInteger, nullable=False),
)
"""Versions of missions and areas by which every record has been gone through."""

sandbox_clock = Table(
    "sandbox_clock",
    metadata,
    Column("only", Boolean, primary_key=True),
    Column("offset_seconds", BigInteger, nullable=False),
)
"""How far the sandbox's clock runs ahead of the real one; empty in production."""
