"""状況 — how the spool stands: what waits, what needs a person, whether anything is missing. Holds no personal data."""

import sqlite3
from datetime import UTC, datetime
from typing import Final

import msgspec

from embassy_gateway.schema import DEAD_LETTERS, State
from embassy_gateway.spool import Spool
from registry.contract.problems import FaultEntry, Problem, ProblemCode

STATE_LABELS: Final = {
    State.WAITING: "送信待ち",
    State.DELIVERED: "送達済み",
    State.REFUSED: "受理されず",
    State.ALARM: "要照会",
    State.FAULTY: "記載の誤り",
    State.MENDED: "補正済み",
}


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is not sent until staff have mended it; ``advice`` says what to do next.

    ``is_kept`` False: the text could not be read, so it stayed with its sender.
    """

    id: int
    state: State
    taken_at: str
    code: ProblemCode
    advice: str
    advice_ja: str
    correlation_id: str
    left_at_mission: int
    is_kept: bool
    faults: tuple[FaultEntry, ...]


class Oldest(msgspec.Struct, frozen=True, kw_only=True):
    """The report that waits longest."""

    id: int
    taken_at: str
    attempts: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How the spool stands.

    ``outcomes`` counts the delivered by what the registry's receipt says. ``gaps`` are ranges of sequence numbers
    that are missing (first, last): there must be none. ``trouble`` is what keeps the line down, ``next_try`` when it is
    tried again.
    """

    counts: dict[State, int]
    outcomes: dict[str, int]
    left_at_mission: int
    oldest: Oldest | None
    dead_letters: tuple[DeadLetter, ...]
    gaps: tuple[tuple[int, int], ...]
    trouble: str | None
    next_try: datetime | None


def overview(spool: Spool) -> Overview:
    """Look at the spool at one moment."""
    with spool.reading() as db:
        counts = dict(db.execute("SELECT state, count(*) FROM report GROUP BY state"))
        outcomes = dict(db.execute("SELECT outcome, count(*) FROM report WHERE state = 'delivered' GROUP BY outcome"))
        left = db.execute("SELECT coalesce(sum(left_at_mission), 0) FROM report WHERE state <> 'mended'").fetchone()[0]
        oldest = db.execute(
            "SELECT id, taken_at, attempts FROM report WHERE state = 'waiting' ORDER BY sequence LIMIT 1"
        ).fetchone()
        dead = db.execute(
            "SELECT id, state, taken_at, left_at_mission, payload IS NOT NULL AS is_kept, problem FROM report"
            " WHERE state IN ('refused', 'alarm', 'faulty') ORDER BY id"
        ).fetchall()
        gaps = db.execute(
            "SELECT before + 1, sequence - 1 FROM"
            " (SELECT sequence, lag(sequence, 1, 0) OVER (ORDER BY sequence) AS before"
            "  FROM report WHERE sequence IS NOT NULL) WHERE sequence > before + 1"
        ).fetchall()
        line = db.execute("SELECT not_before, trouble FROM line").fetchone()
    return Overview(
        counts={state: counts.get(state, 0) for state in State},
        outcomes=outcomes,
        left_at_mission=left,
        oldest=None if oldest is None else Oldest(**oldest),
        dead_letters=tuple(map(_dead_letter, dead)),
        gaps=tuple((first, last) for first, last in gaps),
        trouble=line["trouble"],
        next_try=datetime.fromtimestamp(line["not_before"], UTC) if line["trouble"] else None,
    )


def as_json(overview: Overview) -> bytes:
    """Write it for programs."""
    return msgspec.json.encode(overview)


def dead_letters(overview: Overview) -> int:
    """Return how many reports need a person."""
    return sum(overview.counts[state] for state in DEAD_LETTERS)


def _dead_letter(row: sqlite3.Row) -> DeadLetter:
    why = msgspec.json.decode(row["problem"], type=Problem)
    return DeadLetter(
        id=row["id"],
        state=State(row["state"]),
        taken_at=row["taken_at"],
        code=why.code,
        advice=why.detail,
        advice_ja=why.detail_ja,
        correlation_id=why.correlation_id,
        left_at_mission=row["left_at_mission"],
        is_kept=bool(row["is_kept"]),
        faults=why.faults,
    )
