"""The tables of the spool, and the states of a report in it. ``spool`` says what they are for."""

from enum import StrEnum
from typing import Final

SCHEMA_VERSION: Final = 1
"""``PRAGMA user_version`` of a spool of this form."""

SCHEMA: Final = """
CREATE TABLE receipt (
    id INTEGER PRIMARY KEY,
    body BLOB NOT NULL,               -- sealed: the answer as it came
    jws BLOB NOT NULL                 -- sealed: the registry's signature over it
) STRICT;
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'refused', 'alarm', 'faulty', 'mended')),
    digest BLOB NOT NULL,             -- keyed, to know a duplicate by
    idempotency_key TEXT NOT NULL UNIQUE,
    sequence INTEGER UNIQUE,          -- NULL: faulty, never sent
    evidence TEXT,                    -- detached JWS
    taken_at TEXT NOT NULL,           -- local time at the mission with its offset
    left_at_mission INTEGER NOT NULL, -- foreign members who were not taken in
    payload BLOB,                     -- sealed; NULL: erased, or a text that nobody can read
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until REAL NOT NULL DEFAULT 0,
    problem TEXT,                     -- why it is a dead letter: a problem document, which holds no values
    submission_id TEXT,
    outcome TEXT,                     -- the state that the receipt names
    receipt INTEGER REFERENCES receipt,
    closed_at REAL,                   -- of the receipt, or of its mending
    mended_by INTEGER REFERENCES report,
    CHECK ((sequence IS NULL) = (evidence IS NULL)),
    CHECK ((state = 'delivered') = (receipt IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX report_digest ON report (digest) WHERE state <> 'mended';
CREATE INDEX report_waiting ON report (sequence) WHERE state = 'waiting';
CREATE INDEX report_lease ON report (lease_until) WHERE state = 'waiting';
CREATE INDEX report_to_erase ON report (closed_at) WHERE payload IS NOT NULL;
CREATE TABLE line (                   -- one row: how the line to the registry is
    failures INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    trouble TEXT
) STRICT;
INSERT INTO line DEFAULT VALUES;
CREATE TABLE key_check (              -- one row: opens with the key of this spool and with no other
    sealed BLOB NOT NULL
) STRICT;
"""


class State(StrEnum):
    """How a report in the spool stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    ALARM = "alarm"
    FAULTY = "faulty"
    MENDED = "mended"


DEAD_LETTERS: Final = frozenset({State.REFUSED, State.ALARM, State.FAULTY})
"""What is not sent until staff have mended it."""
