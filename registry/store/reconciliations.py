"""突合結果 in PostgreSQL: one row a record, written over whenever its sources are held against each other again."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.domain.reconciliation import Outcome, Result
from registry.domain.removed_record import Holding
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

RUN_LOCK: Final = 0x4EC04C11
"""The advisory lock that a run in bulk holds, so that there is one at a time."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the two sources of one record stand."""

    person_id: str
    result: Result


async def save(work: UnitOfWork, standing: Standing, at: datetime) -> None:
    """Write how a record stands now in the place of how it stood before."""
    values = {
        "outcome": str(standing.result.outcome),
        "fields": list(standing.result.fields),
        "holding": standing.result.holding,
        "confirmed": standing.result.confirmed,
        "at": at,
    }
    statement = upsert(t.reconciliation).values(person_id=standing.person_id, **values)
    await work.run(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


async def forget(work: UnitOfWork, person_id: str) -> None:
    """Forget how a record stood: nothing of it is left to hold against anything."""
    await work.run(delete(t.reconciliation).where(t.reconciliation.c.person_id == person_id))


async def all_standings(work: UnitOfWork) -> tuple[Standing, ...]:
    """Return how every record stands, those that ask for people first."""
    query = select(t.reconciliation).order_by(t.reconciliation.c.outcome, t.reconciliation.c.person_id)
    return tuple(
        Standing(
            person_id=row["person_id"],
            result=Result(
                outcome=Outcome(row["outcome"]),
                fields=tuple(row["fields"]),
                holding=None if row["holding"] is None else Holding(row["holding"]),
                confirmed=row["confirmed"],
            ),
        )
        for row in await work.rows(query)
    )


async def take_run_lock(work: UnitOfWork) -> bool:
    """Become the one run in bulk for as long as this transaction lasts; False when another is at it."""
    await work.run(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return bool((await work.run(select(func.pg_try_advisory_xact_lock(RUN_LOCK)))).scalar_one())
