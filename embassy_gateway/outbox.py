"""発送 — which reports are next, and what became of those that were sent: the delivering side of the spool.

One deliverer at a time: it leases the oldest reports that wait, and while a lease lives nobody gets another, so
reports reach the registry in the order in which they were taken in. A lease ends by itself, for deliverers die.
Trouble with the line concerns every report alike, so the line has one back-off for all; a report has one of
its own only where the registry stumbled over that very report.

Times in the future count only as far ahead as this program would ever set them: a clock that was put back does
not silence the mission.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from embassy_gateway.schema import State
from embassy_gateway.spool import Spool
from registry.contract.decoding import encode
from registry.contract.problems import Problem

LEASE: Final = timedelta(seconds=90)
"""Longer than one exchange with the registry may take."""

LOOK_AGAIN: Final = timedelta(seconds=1)
"""How soon to look again whether another deliverer is done."""

LONGEST_PAUSE: Final = timedelta(hours=2)
"""Beyond any back-off and Retry-After; what lies further ahead was written by a wrong clock."""

BATCH_FROM: Final = 11
"""So many must be due before they travel together."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A report leased for delivery."""

    id: int
    idempotency_key: str
    evidence: str
    body: bytes
    attempts: int

    def __repr__(self) -> str:
        return f"Waiting(id={self.id})"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A verified answer: its body and the registry's JWS over it."""

    body: bytes
    jws: str


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """The registry has taken the report over."""

    row: Waiting
    submission_id: str
    outcome: str


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """The registry will not take this report: REFUSED, or ALARM when its key was used with another body."""

    row: Waiting
    state: State
    problem: Problem


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """The registry stumbled over this report; it may pass later."""

    row: Waiting


Settled = Delivered | Dead | Postponed


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How the line is: failures in a row, the moment before which nobody tries, and what was the trouble."""

    failures: int
    not_before: float
    trouble: str | None


class Outbox:
    """The spool as one deliverer sees it; ``owner`` tells its leases from those of others."""

    def __init__(self, spool: Spool, owner: str) -> None:
        self._spool = spool
        self._owner = owner

    def lease(self, now: datetime, most: int) -> tuple[Waiting, ...]:
        """Take the oldest reports that are due: one, or up to ``most`` when many wait.

        None while another deliverer holds a lease.
        """
        at, far = now.timestamp(), (now + LONGEST_PAUSE).timestamp()
        with self._spool.writing() as db:
            if _lease_of_others(db, self._owner, now) is not None:
                return ()
            rows = db.execute(
                "SELECT id, idempotency_key, evidence, payload, attempts FROM report"
                " WHERE state = 'waiting' AND NOT (next_attempt_at > ? AND next_attempt_at <= ?)"
                " ORDER BY sequence LIMIT ?",
                (at, far, max(most, BATCH_FROM)),
            ).fetchall()
            rows = rows[:most] if len(rows) >= BATCH_FROM else rows[:1]
            until = (now + LEASE).timestamp()
            db.executemany(
                "UPDATE report SET lease_owner = ?, lease_until = ? WHERE id = ?",
                [(self._owner, until, row["id"]) for row in rows],
            )
        return tuple(map(self._opened, rows))

    def release(self, rows: Sequence[Waiting]) -> None:
        """Give leased reports back as they were."""
        with self._spool.writing() as db:
            self._end_lease(db, rows)

    def settle(
        self, settled: Sequence[Settled], proof: Proof | None, now: datetime, later: Callable[[Waiting], datetime]
    ) -> None:
        """Write down what became of reports, receipts with them, in one transaction.

        ``later`` says when a postponed report may be tried again. The line is up unless all of them are postponed.
        """
        with self._spool.writing() as db:
            if not all(isinstance(one, Postponed) for one in settled):
                db.execute("UPDATE line SET failures = 0, not_before = 0, trouble = NULL")
            receipt = self._keep(db, proof) if proof is not None else None
            for one in settled:
                if isinstance(one, Delivered):
                    _mark_delivered(db, one, receipt, now)
                elif isinstance(one, Dead):
                    _mark_dead(db, one)
                else:
                    _mark_postponed(db, one, later(one.row))
            self._end_lease(db, [one.row for one in settled])

    def line_failed(self, rows: Sequence[Waiting], until: datetime, trouble: str) -> None:
        """Note that the line did not carry these reports, and when to try again; nobody knows if they arrived."""
        with self._spool.writing() as db:
            db.execute(
                "UPDATE line SET failures = failures + 1, not_before = ?, trouble = ?", (until.timestamp(), trouble)
            )
            db.executemany("UPDATE report SET attempts = attempts + 1 WHERE id = ?", [(row.id,) for row in rows])
            self._end_lease(db, rows)

    def line(self) -> Line:
        """Tell how the line is."""
        with self._spool.reading() as db:
            row = db.execute("SELECT failures, not_before, trouble FROM line").fetchone()
        return Line(failures=row["failures"], not_before=row["not_before"], trouble=row["trouble"])

    def next_try(self, now: datetime) -> datetime | None:
        """Return when something may be sent next, ``now`` at the earliest; None if nothing waits."""
        at, far = now.timestamp(), (now + LONGEST_PAUSE).timestamp()
        with self._spool.reading() as db:
            first = db.execute(
                "SELECT min(CASE WHEN next_attempt_at > ? THEN 0 ELSE next_attempt_at END) AS at FROM report"
                " WHERE state = 'waiting'",
                (far,),
            ).fetchone()["at"]
            not_before = db.execute("SELECT not_before FROM line").fetchone()["not_before"]
            leased = _lease_of_others(db, self._owner, now)
        if first is None:
            return None
        # Another deliverer is as a rule done long before its lease ends: look again soon.
        again = 0.0 if leased is None else min(leased, at + LOOK_AGAIN.total_seconds())
        times = [at, first, again, not_before if not_before <= far else 0.0]
        return now + timedelta(seconds=max(times) - at)

    def _opened(self, row: sqlite3.Row) -> Waiting:
        body = self._spool.key.open(row["payload"], "report", str(row["id"]), "payload")
        return Waiting(
            id=row["id"],
            idempotency_key=row["idempotency_key"],
            evidence=row["evidence"],
            body=body,
            attempts=row["attempts"],
        )

    def _keep(self, db: sqlite3.Connection, proof: Proof) -> int:
        """Seal an answer and its signature into a row of their own; the reports of a batch share it."""
        receipt: int = db.execute("SELECT coalesce(max(id), 0) + 1 FROM receipt").fetchone()[0]
        seal = self._spool.key.seal
        body = seal(proof.body, "receipt", str(receipt), "body")
        jws = seal(proof.jws.encode(), "receipt", str(receipt), "jws")
        db.execute("INSERT INTO receipt (id, body, jws) VALUES (?, ?, ?)", (receipt, body, jws))
        return receipt

    def _end_lease(self, db: sqlite3.Connection, rows: Sequence[Waiting]) -> None:
        db.executemany(
            "UPDATE report SET lease_owner = NULL, lease_until = 0 WHERE id = ? AND lease_owner = ?",
            [(row.id, self._owner) for row in rows],
        )


def _lease_of_others(db: sqlite3.Connection, owner: str, now: datetime) -> float | None:
    """Return when the lease of another deliverer ends, if one lives."""
    end: float | None = db.execute(
        "SELECT max(lease_until) FROM report"
        " WHERE state = 'waiting' AND lease_until > ? AND lease_until <= ? AND lease_owner <> ?",
        (now.timestamp(), (now + LEASE).timestamp(), owner),
    ).fetchone()[0]
    return end


# Each of these leaves a report alone that is no longer waiting: a deliverer that outlived its lease may find that
# another has settled it.
def _mark_delivered(db: sqlite3.Connection, one: Delivered, receipt: int | None, now: datetime) -> None:
    db.execute(
        "UPDATE report SET state = 'delivered', attempts = attempts + 1, submission_id = ?, outcome = ?, receipt = ?,"
        " closed_at = ? WHERE id = ? AND state = 'waiting'",
        (one.submission_id, one.outcome, receipt, now.timestamp(), one.row.id),
    )


def _mark_dead(db: sqlite3.Connection, one: Dead) -> None:
    db.execute(
        "UPDATE report SET state = ?, attempts = attempts + 1, problem = ? WHERE id = ? AND state = 'waiting'",
        (one.state, encode(one.problem).decode(), one.row.id),
    )


def _mark_postponed(db: sqlite3.Connection, one: Postponed, until: datetime) -> None:
    db.execute(
        "UPDATE report SET attempts = attempts + 1, next_attempt_at = ? WHERE id = ? AND state = 'waiting'",
        (until.timestamp(), one.row.id),
    )
