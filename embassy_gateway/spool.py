"""受付簿 — every report that the mission took in, on disk before anyone is told that it was.

One SQLite file (WAL, synchronous FULL): a report is a row, from intake until long after its receipt. What says
anything about a person is sealed (payloads, receipts); numbers, states and times stand in clear. A row is never
deleted: 30 days after the receipt its payload is erased, evidence and receipt stay.
``report.sequence`` numbers the reports that are sent, from 1 without gaps; each one's evidence holds the hash of the
one before it. A faulty report has no number, since the registry never sees it.

Several processes may write at the same time (``submit`` beside ``serve``): every writing transaction begins
IMMEDIATE and waits for the other to end. ``outbox`` holds what delivering needs, ``overview`` what ``status`` shows.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from embassy_gateway.schema import DEAD_LETTERS, SCHEMA, SCHEMA_VERSION, State
from embassy_gateway.sealing import SpoolKey
from registry.contract.decoding import encode
from registry.contract.evidence import evidence_hash
from registry.contract.problems import Problem

KEPT_AFTER_RECEIPT: Final = timedelta(days=30)
"""How long a payload stays after its receipt, or after a mended report took its place."""

_UNAVAILABLE: Final = (sqlite3.OperationalError, sqlite3.DatabaseError)  # full, gone, locked; no database any more
_KEY_CHECK: Final = ("key_check", "1", "sealed")
_BUSY_TIMEOUT: Final = 10.0  # seconds to wait for another process; none writes for longer than a few milliseconds


class SpoolRefused(Exception):  # noqa: N818 - an answer to the clerk, not an accident
    """The spool cannot do this; the message says why, without personal data."""


class SpoolUnavailable(Exception):  # noqa: N818 - a state that passes: disk full, disk gone, locked for too long
    """The spool cannot be read or written at the moment; what was not confirmed was not taken in."""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What is written into the spool for one report; ``mends`` is the dead letter whose place it takes."""

    digest: bytes
    body: bytes | None
    taken_at: datetime
    idempotency_key: str
    left: int = 0
    mends: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Where a report stands in the spool; ``is_new`` False: the same report stood there before."""

    id: int
    state: State
    is_new: bool


class Spool:
    """The spool, open. Use it in ``with``; it may be called from several threads."""

    def __init__(self, path: Path, key: SpoolKey) -> None:
        """Open the file, or make it; raises also ``SealBroken`` when it belongs to another key."""
        self.key = key
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its WAL the mode of the file
            self._db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {pragma}")
        except (OSError, sqlite3.Error) as error:
            raise SpoolUnavailable(f"{path}: {error}") from None
        self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read at one moment; raises :class:`SpoolUnavailable`."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Do all of it and have it on disk, or nothing of it; raises :class:`SpoolUnavailable`."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute(begin)
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                if type(error) not in _UNAVAILABLE:  # a slip of this program, which nobody waits out
                    raise
                raise SpoolUnavailable(f"the spool: {error}") from None
            finally:
                if self._db.in_transaction:
                    self._db.rollback()

    def _prepare(self) -> None:
        """Make the tables once; refuse those of another program and those sealed with another key."""
        with self.writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute("INSERT INTO key_check VALUES (?)", (self.key.seal(b"", *_KEY_CHECK),))
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise SpoolRefused(f"the spool has form {version}; this program knows form {SCHEMA_VERSION}")
            self.key.open(db.execute("SELECT sealed FROM key_check").fetchone()[0], *_KEY_CHECK)

    # ------------------------------------------------------------------------------------------- intake
    def queue(self, intake: Intake, sign: Callable[[int, str | None], str]) -> Entry:
        """Take a good report in, to be delivered; return its place, or that of the same report taken in before.

        ``sign`` makes the evidence from the next sequence number and the hash of the evidence before it.
        """
        with self.writing() as db:
            if twin := _taken_in_before(db, intake):
                return twin
            # SQLite takes the bare column from the row that has the maximum.
            last = db.execute("SELECT max(sequence) AS sequence, evidence FROM report").fetchone()
            sequence, previous = 1, None
            if last["sequence"] is not None:
                sequence, previous = last["sequence"] + 1, evidence_hash(last["evidence"])
            return self._insert(db, intake, State.WAITING, (sequence, sign(sequence, previous)))

    def keep(self, intake: Intake, problem: Problem) -> Entry:
        """Keep a faulty report as a dead letter, with the faults that were found."""
        with self.writing() as db:
            if twin := _taken_in_before(db, intake):
                return twin
            return self._insert(db, intake, State.FAULTY, (None, None), encode(problem).decode())

    def _insert(
        self,
        db: sqlite3.Connection,
        intake: Intake,
        state: State,
        evidence: tuple[int | None, str | None],
        problem: str | None = None,
    ) -> Entry:
        """Write the row; the id is known first, because the payload is sealed for its place."""
        row = db.execute("SELECT coalesce(max(id), 0) + 1 FROM report").fetchone()[0]
        payload = None if intake.body is None else self.key.seal(intake.body, "report", str(row), "payload")
        db.execute(
            "INSERT INTO report (id, state, digest, idempotency_key, sequence, evidence, taken_at, left_at_mission,"
            " payload, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row,
                state,
                intake.digest,
                intake.idempotency_key,
                *evidence,
                intake.taken_at.isoformat(timespec="seconds"),
                intake.left,
                payload,
                problem,
            ),
        )
        _note_who_mends(db, intake, row)
        return Entry(id=row, state=state, is_new=True)

    # ------------------------------------------------------------------------------------------ afterwards
    def payload(self, row: int) -> bytes | None:
        """Return what is kept of a report; None when it was erased or could never be read."""
        with self.reading() as db:
            found = db.execute("SELECT payload FROM report WHERE id = ?", (row,)).fetchone()
        if found is None:
            raise SpoolRefused(f"there is no report {row} in the spool")
        sealed = found["payload"]
        return None if sealed is None else self.key.open(sealed, "report", str(row), "payload")

    def sent_as(self, row: int) -> str | None:
        """Return the key under which a report travels or travelled; None if it is none that leaves the mission."""
        with self.reading() as db:
            found = db.execute(
                "SELECT idempotency_key FROM report WHERE id = ? AND state IN ('waiting', 'delivered')", (row,)
            ).fetchone()
        return None if found is None else str(found["idempotency_key"])

    def probe(self) -> None:
        """Find out whether the spool can be written; raises :class:`SpoolUnavailable`."""
        with self.writing() as db:
            db.execute("UPDATE line SET failures = failures")

    def receipt(self, row: int) -> tuple[bytes, str] | None:
        """Return the answer that took a report over and the registry's JWS over it; None before it came."""
        with self.reading() as db:
            found = db.execute(
                "SELECT receipt.id, body, jws FROM receipt JOIN report ON report.receipt = receipt.id"
                " WHERE report.id = ?",
                (row,),
            ).fetchone()
        if found is None:
            return None
        place = ("receipt", str(found["id"]))
        return self.key.open(found["body"], *place, "body"), self.key.open(found["jws"], *place, "jws").decode()

    def erase_due(self, now: datetime) -> int:
        """Erase payloads 30 days after receipt or mending; return how many. Evidence and receipts stay."""
        with self.writing() as db:
            erased = db.execute(
                "UPDATE report SET payload = NULL WHERE payload IS NOT NULL AND closed_at <= ?",
                ((now - KEPT_AFTER_RECEIPT).timestamp(),),
            ).rowcount
        if erased:
            with self._lock:  # what was erased leaves the WAL as well
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return erased


def _taken_in_before(db: sqlite3.Connection, intake: Intake) -> Entry | None:
    """Make room if the report mends another; then find the same report, if it stands in the spool already."""
    if intake.mends is not None:
        _take_out(db, intake.mends, intake.taken_at)
    twin = db.execute(
        "SELECT id, state FROM report WHERE digest = ? AND state <> 'mended'", (intake.digest,)
    ).fetchone()
    if twin is None:
        return None
    _note_who_mends(db, intake, twin["id"])
    return Entry(id=twin["id"], state=State(twin["state"]), is_new=False)


def _take_out(db: sqlite3.Connection, row: int, now: datetime) -> None:
    """Close the dead letter that a mended report replaces; nothing else can be replaced."""
    found = db.execute("SELECT state FROM report WHERE id = ?", (row,)).fetchone()
    if found is None:
        raise SpoolRefused(f"there is no report {row} in the spool")
    if found["state"] not in DEAD_LETTERS:
        raise SpoolRefused(f"report {row} is {found['state']}: only a dead letter can be mended")
    db.execute("UPDATE report SET state = 'mended', closed_at = ? WHERE id = ?", (now.timestamp(), row))


def _note_who_mends(db: sqlite3.Connection, intake: Intake, row: int) -> None:
    if intake.mends is not None:
        db.execute("UPDATE report SET mended_by = ? WHERE id = ?", (row, intake.mends))
