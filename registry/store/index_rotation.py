"""Search keys of another generation beside those that are searched, and the end of those that are searched no more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ARRAY, Uuid, any_, cast, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store import records
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import SearchKey

RUN_LOCK: Final = 0x1DE87A7E
"""The advisory lock that a rotation of search keys holds, so that there is one at a time."""

_WITH_GENERATION: Final = (t.search_key, t.living_number, t.removed_record)


class Indexed(msgspec.Struct, frozen=True, kw_only=True):
    """By what a record is found in one generation, each by kind and key.

    ``keys`` says of each search key whether it is current, ``living`` are the numbers held.
    """

    keys: Mapping[tuple[str, bytes], bool]
    living: frozenset[tuple[str, bytes]]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A 除票 by its 宛名番号 in one generation."""

    municipality: str
    person_id: str
    first_submission_id: str
    submission_id: str
    content_key: bytes


async def indexed(work: UnitOfWork, person_id: str, generation: int) -> Indexed:
    """Return by what a record is found in a generation."""
    keys = await work.rows(_of(t.search_key, person_id, generation))
    living = await work.rows(_of(t.living_number, person_id, generation))
    return Indexed(
        keys={(row["kind"], row["key"]): row["current"] for row in keys},
        living=frozenset((row["kind"], row["key"]) for row in living),
    )


async def removed_records(work: UnitOfWork, person_id: str, generation: int) -> tuple[Removed, ...]:
    """Return the 除票 of a record in a generation."""
    rows = await work.rows(_of(t.removed_record, person_id, generation))
    return tuple(Removed(**{field: row[field] for field in Removed.__struct_fields__}) for row in rows)


async def known_in_order(work: UnitOfWork, person_id: str) -> tuple[tuple[str, str], ...]:
    """Return the movements of a record in the order in which they came to be known: submission and id."""
    c = t.movement.c
    query = select(c.submission_id, c.movement_id).outerjoin(t.stamp, t.stamp.c.submission_id == c.submission_id)
    query = query.where(c.person_id == person_id).order_by(t.stamp.c.seq.nulls_last(), c.submission_id, c.movement_id)
    return tuple((row["submission_id"], row["movement_id"]) for row in await work.rows(query))


def add_keys(work: UnitOfWork, person_id: str, keys: Mapping[SearchKey, bool]) -> None:
    """Let a record be found by search keys; each with whether it is current."""
    for one, current in keys.items():
        work.later(records.SEARCH_KEY, records.key_row(person_id, one) | {"current": current})


async def hold(work: UnitOfWork, person_id: str, keys: Iterable[SearchKey]) -> None:
    """Let a record hold numbers that it holds in the generation that is searched; nobody else can hold them here."""
    rows = [records.key_row(person_id, one) for one in keys]
    if rows:
        await work.run(upsert(t.living_number).values(rows).on_conflict_do_nothing(index_elements=_HELD_BY))


_HELD_BY: Final = ("generation", "kind", "key")


async def hold_removed_record(work: UnitOfWork, key: SearchKey, removed: Removed) -> None:
    """Note a 除票 under its 宛名番号; when it was first heard of is known in the generation that is searched."""
    row = msgspec.structs.asdict(removed) | {"addressee_key": key.key, "generation": key.generation}
    statement = upsert(t.removed_record).values(row)
    by = ("municipality", "addressee_key")
    await work.run(statement.on_conflict_do_update(index_elements=by, set_=row))


async def note_gone_through(work: UnitOfWork, person_id: str) -> None:
    """Note up to which record everybody is found by both generations."""
    await work.run(update(t.search_generation).values(gone_through=person_id))


async def gone_through(work: UnitOfWork) -> str:
    """Return up to which record everybody is found by both generations; "" for nobody yet."""
    return str((await work.run(select(t.search_generation.c.gone_through))).scalar_one() or "")


async def has_older(work: UnitOfWork, generation: int) -> bool:
    """Whether anything is left of generations before one."""
    older = (exists().where(table.c.generation < generation) for table in _WITH_GENERATION)
    return bool((await work.run(select(or_(*older)))).scalar_one())


async def remove_older(work: UnitOfWork, people: Sequence[str], generation: int) -> None:
    """Remove what is left of generations before one of these records."""
    for table in _WITH_GENERATION:
        mine = table.c.person_id == any_(cast(list(people), ARRAY(Uuid)))
        await work.run(delete(table).where(mine, table.c.generation < generation))


def _of(table: Any, person_id: str, generation: int) -> Any:
    return select(table).where(table.c.person_id == person_id, table.c.generation == generation)
