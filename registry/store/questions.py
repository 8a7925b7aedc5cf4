"""What others are asked, in PostgreSQL: who has each question, since when, until when, and what came of it.

Questions about the 附票 and about 除票 are rows of one table; ``Wanted`` says which.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Select, Table, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.question import Finding, Question, Wanted
from registry.domain.reconciliation import Outcome
from registry.domain.removed_record import Holding
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

_QUESTION: Final[Table] = t.question
_q = _QUESTION.c
REPORT: Final = "report"
"""The kind of submission that a report is, unless it takes one back."""

_IS_OPEN: Final = _q.finding == str(Finding.NO_ANSWER_YET)
_LACKS_REMOVED_RECORD: Final = t.reconciliation.c.outcome == str(Outcome.NO_REMOVED_RECORD)


async def findings(work: UnitOfWork, person_id: str, about: bytes) -> dict[str, Finding]:
    """Return what came of the questions about the same person so far, by who was asked."""
    query = select(_q.asked_of, _q.finding).where(_q.person_id == person_id, _q.about == about)
    return {row["asked_of"]: Finding(row["finding"]) for row in await work.rows(query)}


async def open_question(work: UnitOfWork, question: Question) -> bool:
    """Open a question; False where the same is asked of the same already."""
    values = msgspec.structs.asdict(question) | {"finding": str(question.finding), "wanted": str(question.wanted)}
    statement = upsert(_QUESTION).values(values).on_conflict_do_nothing()
    return (await work.run(statement)).rowcount == 1


async def lock_due(work: UnitOfWork, asked_of: str, now: datetime) -> Question | None:
    """Return the question that has waited longest for its next attempt, for this transaction alone; None if none."""
    due = select(_QUESTION).where(_IS_OPEN, _q.asked_of == asked_of, _q.next_at <= now)
    row = await work.one(due.order_by(_q.next_at, _q.question_id).limit(1).with_for_update(skip_locked=True))
    return None if row is None else _question(row)


async def lock(work: UnitOfWork, question_id: str) -> Question | None:
    """Return a question, for this transaction alone, or None."""
    query = select(_QUESTION).where(_q.question_id == question_id)
    row = await work.one(query.with_for_update())
    return None if row is None else _question(row)


async def save(work: UnitOfWork, question: Question) -> None:
    """Write how a question stands now: its clocks, its attempts and what came of it."""
    values = {
        "next_at": question.next_at,
        "attempts": question.attempts,
        "asked_at": question.asked_at,
        "due": question.due,
        "answered_at": question.answered_at,
        "finding": str(question.finding),
    }
    await work.run(update(_QUESTION).where(_q.question_id == question.question_id).values(values))


async def lock_open_for(
    work: UnitOfWork, asked_of: str, wanted: Wanted, *, at_most: int, after: Question | None = None
) -> tuple[Question, ...]:
    """Return the questions that one side has not answered yet, the oldest first, for this transaction alone.

    Only those that come ``after`` one of them, if given. One that another transaction is at is left out.
    """
    query = select(_QUESTION).where(_IS_OPEN, _q.asked_of == asked_of, _q.wanted == str(wanted))
    if after is not None:
        query = query.where(tuple_(_q.opened_at, _q.question_id) > (after.opened_at, after.question_id))
    return await _questions(work, query.with_for_update(skip_locked=True), at_most)


async def all_open(work: UnitOfWork, wanted: Wanted, *, at_most: int) -> tuple[Question, ...]:
    """Return the questions that nobody has answered yet, the oldest first."""
    return await _questions(work, select(_QUESTION).where(_IS_OPEN, _q.wanted == str(wanted)), at_most)


async def tally(work: UnitOfWork, wanted: Wanted) -> dict[Finding, int]:
    """Count the questions by what came of them; every finding is there, also with 0."""
    query = select(_q.finding, func.count().label("number")).where(_q.wanted == str(wanted)).group_by(_q.finding)
    counted = {Finding(row["finding"]): int(row["number"]) for row in await work.rows(query)}
    return {finding: counted.get(finding, 0) for finding in Finding}


async def _questions(work: UnitOfWork, query: Select[tuple[object, ...]], at_most: int) -> tuple[Question, ...]:
    ordered = query.order_by(_q.opened_at, _q.question_id).limit(at_most)
    return tuple(_question(row) for row in await work.rows(ordered))


def _question(row: RowMapping) -> Question:
    given = {field: row[field] for field in Question.__struct_fields__}
    return Question(**(given | {"finding": Finding(row["finding"]), "wanted": Wanted(row["wanted"])}))


# ---------------------------------------------------------------------------------- whom they are about


async def people_without_removed_record(work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the next records after ``after`` ("" for the first) whose 除票 can be had no longer.

    It can be held no longer by its day, or the municipality of the last residence was asked for it and has none.
    """
    expired = t.reconciliation.c.holding == str(Holding.NOT_HELD_EXPIRED)
    return await _people(work, or_(expired, t.reconciliation.c.person_id.in_(_not_held())), after, at_most)


async def people_waiting_for_removed_record(
    work: UnitOfWork, *, opened_before: datetime, after: str, at_most: int
) -> tuple[str, ...]:
    """Return the next records after ``after`` that lack a 除票 that can be held, and that nobody is asked for now.

    Only records opened before a moment: a 除票 has its time to come by itself.
    """
    can_be_held = t.reconciliation.c.holding.in_([str(Holding.HELD), str(Holding.UNCERTAIN)])
    long_enough = t.reconciliation.c.person_id.in_(
        select(t.person.c.person_id).where(t.person.c.opened_at < opened_before)
    )
    asked = select(_q.person_id).where(_IS_OPEN, _q.wanted == str(Wanted.REMOVED_RECORD))
    return await _people(work, can_be_held & long_enough & t.reconciliation.c.person_id.not_in(asked), after, at_most)


async def _people(work: UnitOfWork, lacking: ColumnElement[bool], after: str, at_most: int) -> tuple[str, ...]:
    c = t.reconciliation.c
    query = select(c.person_id).where(_LACKS_REMOVED_RECORD, lacking).order_by(c.person_id).limit(at_most)
    if after:
        query = query.where(c.person_id > after)
    return tuple(row["person_id"] for row in await work.rows(query))


def _not_held() -> Select[tuple[str]]:
    """Return the records whose 除票 a municipality was asked for and does not hold, and nobody is asked for still."""
    of_removed_records = select(_q.person_id).where(_q.wanted == str(Wanted.REMOVED_RECORD))
    still_asked = of_removed_records.where(_IS_OPEN)
    return of_removed_records.where(_q.finding == str(Finding.NOT_HELD), _q.person_id.not_in(still_asked))


async def is_not_held(work: UnitOfWork, person_id: str) -> bool:
    """Whether whoever was asked for the 除票 of this record has none."""
    query = _not_held().where(_q.person_id == person_id).limit(1)
    return await work.one(query) is not None


async def no_longer_needed(work: UnitOfWork, *, at_most: int) -> tuple[Question, ...]:
    """Return open questions for a 除票 whose record does not lack one any more, for this transaction alone."""
    c = t.reconciliation.c
    standing = or_(_LACKS_REMOVED_RECORD, c.outcome == str(Outcome.UNDER_REVIEW))
    waiting = select(c.person_id).where(standing)
    query = select(_QUESTION).where(_IS_OPEN, _q.wanted == str(Wanted.REMOVED_RECORD), _q.person_id.not_in(waiting))
    return await _questions(work, query.with_for_update(skip_locked=True), at_most)


async def closed_with(work: UnitOfWork, findings: Iterable[Finding], *, at_most: int) -> tuple[Question, ...]:
    """Return the questions for a 除票 that ended in this way and whose record lacks it still, or is under review."""
    c = t.reconciliation.c
    standing = or_(_LACKS_REMOVED_RECORD, c.outcome == str(Outcome.UNDER_REVIEW))
    query = select(_QUESTION).join(t.reconciliation, c.person_id == _q.person_id)
    ended = _q.finding.in_(sorted(map(str, findings)))
    return await _questions(work, query.where(standing, ended, _q.wanted == str(Wanted.REMOVED_RECORD)), at_most)


async def overdue(work: UnitOfWork, wanted: Wanted, now: datetime, *, at_most: int) -> tuple[Question, ...]:
    """Return the questions whose other side has had them for longer than it should, the oldest first."""
    return await _questions(work, select(_QUESTION).where(_IS_OPEN, _q.wanted == str(wanted), _q.due < now), at_most)


# --------------------------------------------------------------------------------- what is known of them


async def reports_about(work: UnitOfWork, person_id: str) -> tuple[tuple[str, int], ...]:
    """Return the reports linked to a record, the newest first: id, and which of its people it is."""
    c, link = t.submission.c, t.link.c
    query = select(c.submission_id, link.person_index).join(t.link, link.submission_id == c.submission_id)
    query = query.where(link.person_id == person_id, c.kind == REPORT).order_by(c.received_at.desc(), c.submission_id)
    return tuple((row["submission_id"], row["person_index"]) for row in await work.rows(query))


async def removed_record_from(work: UnitOfWork, municipality: str, person_id: str) -> str | None:
    """Return the submission by which a municipality last told of a record under its 宛名番号, or None."""
    c = t.removed_record.c
    query = select(c.submission_id).where(c.municipality == municipality, c.person_id == person_id)
    row = await work.one(query.order_by(c.submission_id).limit(1))
    return None if row is None else str(row["submission_id"])
