"""突合結果 in PostgreSQL: one row a record, written over whenever its sources are held against each other again."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import and_, delete, func, select, text

from registry.domain.reconciliation import Outcome, Result
from registry.domain.removed_record import Holding
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion

RUN_LOCK: Final = 0x4EC04C11
"""The advisory lock that a run in bulk holds, so that there is one at a time."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the two sources of one record stand."""

    person_id: str
    result: Result


def save(work: UnitOfWork, standing: Standing, at: datetime) -> None:
    """Write how a record stands now in the place of how it stood before."""
    row = {
        "person_id": standing.person_id,
        "outcome": str(standing.result.outcome),
        "fields": list(standing.result.fields),
        "holding": standing.result.holding,
        "confirmed": standing.result.confirmed,
        "at": at,
    }
    work.later(_RECONCILIATION, row)


_RECONCILIATION: Final = Insertion(
    t.reconciliation, by=("person_id",), replacing=("outcome", "fields", "holding", "confirmed", "at")
)


async def forget(work: UnitOfWork, person_id: str) -> None:
    """Forget how a record stood: nothing of it is left to hold against anything."""
    await work.run(delete(t.reconciliation).where(t.reconciliation.c.person_id == person_id))


async def due(work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the ids, after ``after`` ("" for the first), of records whose result a day alone may change."""
    query = select(t.reconciliation.c.person_id).where(_IS_DUE).order_by(t.reconciliation.c.person_id).limit(at_most)
    if after:
        query = query.where(t.reconciliation.c.person_id > after)
    return tuple(row["person_id"] for row in await work.rows(query))


async def count_due(work: UnitOfWork) -> int:
    """Return how many records there are whose result a day alone may change."""
    return int((await work.run(select(func.count()).select_from(t.reconciliation).where(_IS_DUE))).scalar_one())


_IS_DUE: Final = and_(
    t.reconciliation.c.outcome == Outcome.NO_REMOVED_RECORD,
    t.reconciliation.c.holding.in_([Holding.HELD, Holding.UNCERTAIN]),
)
"""Until the retention of a missing 除票 is over for certain; all else changes by what is told, and then at once."""


async def tally(work: UnitOfWork) -> dict[Outcome, int]:
    """Count the records by how they stood last; every outcome is named, also with 0."""
    query = select(t.reconciliation.c.outcome, func.count().label("records")).group_by(t.reconciliation.c.outcome)
    counts = {row["outcome"]: row["records"] for row in await work.rows(query)}
    return {outcome: counts.get(outcome, 0) for outcome in Outcome}


async def discrepant(work: UnitOfWork) -> dict[str, tuple[str, ...]]:
    """Return the fields in which the sources of a record differ, by the ids of those records."""
    query = select(t.reconciliation.c.person_id, t.reconciliation.c.fields).where(
        t.reconciliation.c.outcome == Outcome.DISCREPANT
    )
    rows = await work.rows(query.order_by(t.reconciliation.c.person_id))
    return {row["person_id"]: tuple(row["fields"]) for row in rows}


async def take_run_lock(work: UnitOfWork) -> bool:
    """Become the one run in bulk for as long as this transaction lasts; False when another is at it."""
    await work.run(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return bool((await work.run(select(func.pg_try_advisory_xact_lock(RUN_LOCK)))).scalar_one())
