"""What callers' inquiries look like, day by day, and who may ask only narrowly: counts and codes of bodies, no more."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.domain.trawling import Suspicion, Tally
from registry.store import trawling_tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared

BodyDay = tuple[str, date]
"""A body and a day in Japan."""


class Narrowing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body that may ask only narrowly, why and since when; who lifted it, if somebody has."""

    body: str
    suspicions: tuple[Suspicion, ...]
    narrowed_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    reason: str | None = None


async def add_tallies(work: UnitOfWork, tallies: Mapping[BodyDay, Tally]) -> dict[BodyDay, Tally]:
    """Add what was counted here to what all processes counted; return what they all have now."""
    in_order = sorted(tallies)  # the same for every process, so that none waits for another in a circle
    rows = [{"body": body, "day": day} | msgspec.structs.asdict(tallies[body, day]) for body, day in in_order]
    result = await work.run_prepared(_ADD_TALLIES, {t.caller_tally.name: rows})
    return {(row["body"], row["day"]): Tally(**{name: row[name] for name in _COUNTS}) for row in result}


_COUNTS: Final = Tally.__struct_fields__


def _add_tallies() -> Any:
    """Add rows to those that are there; written once for any number of bodies, it need not be made anew each time."""
    statement = Insertion(t.caller_tally).statement()
    added = {name: t.caller_tally.c[name] + statement.excluded[name] for name in _COUNTS}
    return statement.on_conflict_do_update(index_elements=["body", "day"], set_=added).returning(t.caller_tally)


_ADD_TALLIES: Final = Prepared(_add_tallies())


async def tallies_of(work: UnitOfWork, day: date) -> dict[str, Tally]:
    """Return what every body asked on a day."""
    query = select(t.caller_tally).where(t.caller_tally.c.day == day)
    return {row["body"]: Tally(**{name: row[name] for name in _COUNTS}) for row in await work.rows(query)}


async def forget_tallies(work: UnitOfWork, before: date) -> None:
    """Forget what was counted before a day."""
    await work.run(delete(t.caller_tally).where(t.caller_tally.c.day < before))


async def narrow(work: UnitOfWork, narrowings: Iterable[Narrowing]) -> None:
    """Write down who is narrowed from now on; who is so already stays so, as it was first found."""
    rows = [
        {"body": one.body, "suspicions": list(map(str, one.suspicions)), "narrowed_at": one.narrowed_at}
        for one in sorted(narrowings, key=lambda one: one.body)
    ]
    if rows:
        await work.run(upsert(t.caller_narrowing).values(rows).on_conflict_do_nothing())


async def narrowings(work: UnitOfWork, *, only_open: bool = True) -> tuple[Narrowing, ...]:
    """Return who is narrowed, the first first; with ``only_open=False`` also who once was."""
    query = select(t.caller_narrowing).order_by(t.caller_narrowing.c.narrowing_id)
    if only_open:
        query = query.where(t.caller_narrowing.c.lifted_at.is_(None))
    return tuple(
        Narrowing(
            **{name: row[name] for name in Narrowing.__struct_fields__}
            | {"suspicions": tuple(map(Suspicion, row["suspicions"]))}
        )
        for row in await work.rows(query)
    )


async def lift(work: UnitOfWork, body: str, at: datetime, reason: str) -> bool:
    """Let a body ask freely again and begin counting anew; return whether it was narrowed at all.

    Who lifts is whoever signed in to the database.
    """
    narrowing = t.caller_narrowing.c
    values = {"lifted_at": at, "lifted_by": literal_column("session_user"), "reason": reason}
    statement = update(t.caller_narrowing).where(narrowing.body == body, narrowing.lifted_at.is_(None)).values(values)
    lifted = await work.rows(statement.returning(narrowing.narrowing_id))
    await work.run(delete(t.caller_tally).where(t.caller_tally.c.body == body))
    return bool(lifted)
