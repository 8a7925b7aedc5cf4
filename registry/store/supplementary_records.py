"""Questions about the 戸籍の附票 in PostgreSQL: who has each, since when, until when, and what came of it."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.reconciliation import Outcome
from registry.domain.removed_record import Holding
from registry.domain.supplementary_record import Finding, Question
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

_q = t.supplementary_question.c
_IS_OPEN: Final = _q.finding == str(Finding.NO_ANSWER_YET)


async def people_without_removed_record(work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the next records after ``after`` ("" for the first) whose 除票 can be held no longer."""
    c = t.reconciliation.c
    query = (
        select(c.person_id)
        .where(c.outcome == str(Outcome.NO_REMOVED_RECORD), c.holding == str(Holding.NOT_HELD_EXPIRED))
        .order_by(c.person_id)
        .limit(at_most)
    )
    if after:
        query = query.where(c.person_id > after)
    return tuple(row["person_id"] for row in await work.rows(query))


async def findings(work: UnitOfWork, person_id: str, about: bytes) -> dict[str, Finding]:
    """Return what came of the questions about the same person so far, by who was asked."""
    query = select(_q.asked_of, _q.finding).where(_q.person_id == person_id, _q.about == about)
    return {row["asked_of"]: Finding(row["finding"]) for row in await work.rows(query)}


async def open_question(work: UnitOfWork, question: Question) -> bool:
    """Open a question; False where the same is asked of the same already."""
    values = msgspec.structs.asdict(question) | {"finding": str(question.finding)}
    statement = upsert(t.supplementary_question).values(values).on_conflict_do_nothing()
    return (await work.run(statement)).rowcount == 1


async def lock_due(work: UnitOfWork, asked_of: str, now: datetime) -> Question | None:
    """Return the question that has waited longest for its next attempt, for this transaction alone; None if none."""
    due = select(t.supplementary_question).where(_IS_OPEN, _q.asked_of == asked_of, _q.next_at <= now)
    row = await work.one(due.order_by(_q.next_at, _q.question_id).limit(1).with_for_update(skip_locked=True))
    return None if row is None else _question(row)


async def lock(work: UnitOfWork, question_id: str) -> Question | None:
    """Return a question, for this transaction alone, or None."""
    query = select(t.supplementary_question).where(_q.question_id == question_id)
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
    await work.run(update(t.supplementary_question).where(_q.question_id == question.question_id).values(values))


async def lock_open_for(work: UnitOfWork, asked_of: str, *, at_most: int) -> tuple[Question, ...]:
    """Return the questions that one side has not answered yet, the oldest first, for this transaction alone.

    One that another transaction is at is left out.
    """
    query = select(t.supplementary_question).where(_IS_OPEN, _q.asked_of == asked_of)
    return await _questions(work, query.with_for_update(skip_locked=True), at_most)


async def all_open(work: UnitOfWork, *, at_most: int) -> tuple[Question, ...]:
    """Return the questions that nobody has answered yet, the oldest first."""
    return await _questions(work, select(t.supplementary_question).where(_IS_OPEN), at_most)


async def tally(work: UnitOfWork) -> dict[Finding, int]:
    """Count the questions by what came of them; every finding is there, also with 0."""
    query = select(_q.finding, func.count().label("number")).group_by(_q.finding)
    counted = {Finding(row["finding"]): int(row["number"]) for row in await work.rows(query)}
    return {finding: counted.get(finding, 0) for finding in Finding}


async def _questions(work: UnitOfWork, query: Select[tuple[object, ...]], at_most: int) -> tuple[Question, ...]:
    ordered = query.order_by(_q.opened_at, _q.question_id).limit(at_most)
    return tuple(_question(row) for row in await work.rows(ordered))


def _question(row: RowMapping) -> Question:
    given = {field: row[field] for field in Question.__struct_fields__}
    return Question(**(given | {"finding": Finding(row["finding"])}))


# ----------------------------------------------------------------------------------------- change facts


async def lock_cursor(work: UnitOfWork) -> int:
    """Return the number of the last change fact taken over (0: none), for this transaction alone."""
    query = select(t.change_fact_cursor.c.sequence).with_for_update()
    return int((await work.run(query)).scalar_one())


async def set_cursor(work: UnitOfWork, sequence: int) -> None:
    """Note that the change facts are taken over up to this one."""
    await work.run(update(t.change_fact_cursor).values(sequence=sequence))
