"""Which versions of missions and areas the records still have to be gone through for, and whose records those are."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, func, insert, or_, select

from registry.code_tables.shapes import TableName
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

CONCERNS_PEOPLE: Final = (TableName.MISSIONS, TableName.AREAS)
"""Tables of which a change can give people another mission."""


async def due(work: UnitOfWork, today: date, *, again: bool = False) -> dict[date, tuple[int, ...]]:
    """Return, by day and in order, the versions in force by which the records have not been gone through.

    ``again``: also those by which they have.
    """
    version = t.code_table_version.c
    query = (
        select(version.version_id, version.applies_from)
        .where(version.table_name.in_(list(map(str, CONCERNS_PEOPLE))), version.applies_from <= today)
        .order_by(version.applies_from, version.version_id)
    )
    if not again:
        query = query.where(~select(t.area_change).where(t.area_change.c.version_id == version.version_id).exists())
    found: dict[date, tuple[int, ...]] = {}
    for row in await work.rows(query):
        found[row["applies_from"]] = (*found.get(row["applies_from"], ()), row["version_id"])
    return found


async def done(work: UnitOfWork, version_ids: Iterable[int], at: datetime, *, moved: int, uncertain: int) -> None:
    """Note that every record has been gone through; a version noted before keeps its first note."""
    known = set((await work.run(select(t.area_change.c.version_id))).scalars())
    rows = [
        {"version_id": version_id, "done_at": at, "moved": moved, "uncertain": uncertain}
        for version_id in version_ids
        if version_id not in known
    ]
    if rows:
        await work.run(insert(t.area_change), rows)


async def count_people(work: UnitOfWork, missions: Iterable[str] | None, since: date) -> int:
    """Return how many records are of one of the missions (None: of any) on some day from ``since`` on."""
    people = _people(missions, since).subquery()
    return int((await work.run(select(func.count()).select_from(people))).scalar_one())


async def people(
    work: UnitOfWork, missions: Iterable[str] | None, since: date, *, after: str, at_most: int
) -> tuple[str, ...]:
    """Return the ids of the next such records after ``after`` ("" for the first), in the order of ids."""
    query = _people(missions, since).order_by(t.version.c.person_id).limit(at_most)
    if after:
        query = query.where(t.version.c.person_id > after)
    return tuple((await work.run(query)).scalars())


def _people(missions: Iterable[str] | None, since: date) -> Select[tuple[str]]:
    upper = func.upper(t.version.c.possible)
    query = select(t.version.c.person_id).distinct().where(or_(upper.is_(None), upper > since))
    if missions is None:
        return query.where(t.version.c.mission.is_not(None))
    return query.where(t.version.c.mission.in_(list(missions)))
