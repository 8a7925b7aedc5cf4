"""A person's record in PostgreSQL: movements (only ever added), their projection, and the keys that find it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from asyncpg import Range
from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.contract.values import from_json, to_json
from registry.domain.dates import DayRange
from registry.domain.movement import Movement, Statement
from registry.domain.resident import Status
from registry.domain.timeline import Version
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, SealingKey, open_sealed, seal
from registry.vault.search_keys import SearchKey

_encoder: Final = msgspec.json.Encoder(enc_hook=to_json)
_movement_decoder: Final = msgspec.json.Decoder(Movement, dec_hook=from_json)
_statement_decoder: Final = msgspec.json.Decoder(Statement, dec_hook=from_json)


async def open_person(work: UnitOfWork, person_id: str, at: datetime) -> None:
    """Open an empty record; its row is locked by being new."""
    await work.run(insert(t.person).values(person_id=person_id, opened_at=at))


async def lock_person(work: UnitOfWork, person_id: str) -> None:
    """Let nobody else change this record until the transaction ends."""
    await work.run(select(t.person.c.person_id).where(t.person.c.person_id == person_id).with_for_update())


async def lock_keys(work: UnitOfWork, keys: Iterable[SearchKey]) -> None:
    """Let nobody else open a record under these keys until the transaction ends, in one order for everybody."""
    for number in sorted({int.from_bytes(key.key[:8], signed=True) for key in keys}):
        await work.run(select(func.pg_advisory_xact_lock(number)))


async def movements_of(
    work: UnitOfWork, key: SealingKey, person_id: str, *, up_to: int | None = None
) -> tuple[Movement, ...]:
    """Return all movements of a record; with ``up_to`` those that had been stamped by that sequence number."""
    query = select(t.movement.c.movement_id, t.movement.c.sealed).where(t.movement.c.person_id == person_id)
    if up_to is not None:
        stamped = t.stamp.c.submission_id == t.movement.c.submission_id
        query = query.join(t.stamp, stamped).where(t.stamp.c.seq <= up_to)
    return tuple(
        _movement_decoder.decode(open_sealed(key, _movement_place(row["movement_id"]), row["sealed"]))
        for row in await work.rows(query)
    )


async def add_movements(work: UnitOfWork, key: SealingKey, person_id: str, movements: Sequence[Movement]) -> None:
    """Add movements to a record."""
    rows = [
        {
            "movement_id": one.movement_id,
            "person_id": person_id,
            "submission_id": one.submission_id,
            "kind": one.kind,
            "earliest": one.earliest,
            "latest": one.latest,
            "notified_on": one.notified_on,
            "replaces": one.replaces,
            "sealed": seal(key, _movement_place(one.movement_id), _encoder.encode(one)),
        }
        for one in movements
    ]
    if rows:
        await work.run(insert(t.movement), rows)


async def movement_ids(work: UnitOfWork, submission_id: str, person_index: int) -> tuple[str, ...]:
    """Return the ids of the movements that a submission made for one of its people, in their order."""
    prefix = f"{submission_id}/{person_index}."
    query = (
        select(t.movement.c.movement_id)
        .where(t.movement.c.submission_id == submission_id, t.movement.c.movement_id.startswith(prefix))
        .order_by(t.movement.c.movement_id)
    )
    return tuple(row["movement_id"] for row in await work.rows(query))


async def replace_versions(
    work: UnitOfWork,
    key: SealingKey,
    person_id: str,
    *,
    gone: Iterable[Version],
    come: Iterable[Version],
    revision: int,
) -> None:
    """Write what changed of the projection: the versions gone are removed before those that come.

    ``revision`` is how many movements the record has now; it binds each blob to this state of the record.
    """
    ended = [version.made_by for version in gone]
    if ended:
        await work.run(delete(t.version).where(t.version.c.person_id == person_id, t.version.c.made_by.in_(ended)))
    rows = [_version_row(key, person_id, version, revision) for version in come]
    if rows:
        await work.run(insert(t.version), rows)


def _version_row(key: SealingKey, person_id: str, version: Version, revision: int) -> dict[str, Any]:
    last_address = version.state.last_address
    return {
        "person_id": person_id,
        "made_by": version.made_by,
        "status": version.status,
        "mission": version.state.mission,
        "municipality": None if last_address is None else str(last_address.municipality),
        "certain": _to_range(version.certain),
        "possible": _to_range(version.possible),
        "disputed": sorted(version.disputed),
        "last_confirmed": version.last_confirmed,
        "revision": revision,
        "sealed": seal(key, _version_place(version.made_by, revision), _encoder.encode(version.state)),
    }


async def versions_during(work: UnitOfWork, key: SealingKey, person_id: str, period: DayRange) -> tuple[Version, ...]:
    """Return the versions of the projection that possibly hold on some day of ``period``, the earliest first."""
    query = (
        select(t.version)
        .where(t.version.c.person_id == person_id, t.version.c.possible.op("&&")(_to_range(period)))
        .order_by(func.lower(t.version.c.possible), func.upper(t.version.c.possible))
    )
    return tuple(_version(key, row) for row in await work.rows(query))


def _version(key: SealingKey, row: RowMapping) -> Version:
    return Version(
        made_by=row["made_by"],
        status=Status(row["status"]),
        state=_statement_decoder.decode(
            open_sealed(key, _version_place(row["made_by"], row["revision"]), row["sealed"])
        ),
        certain=_from_range(row["certain"]),
        possible=_from_range(row["possible"]),
        disputed=frozenset(row["disputed"]),
        last_confirmed=row["last_confirmed"],
    )


async def write_search_keys(
    work: UnitOfWork, person_id: str, *, findable: Iterable[SearchKey], living: Iterable[SearchKey]
) -> None:
    """Make a record findable by all its keys, past ones included, and holder of its living numbers.

    A living number that another record holds raises IntegrityError: one number is one person (番号法8条2項).
    """
    rows = [_key_row(person_id, one) for one in findable]
    if rows:
        await work.run(upsert(t.search_key).values(rows).on_conflict_do_nothing())
    await work.run(delete(t.living_number).where(t.living_number.c.person_id == person_id))
    held = [_key_row(person_id, one) for one in living]
    if held:
        await work.run(insert(t.living_number), held)


async def find(work: UnitOfWork, keys: Iterable[SearchKey], *, at_most: int = 50) -> tuple[str, ...]:
    """Return the ids of the records that one of the keys finds, in a fixed order, ``at_most`` many."""
    wanted = [
        and_(
            t.search_key.c.generation == one.generation,
            t.search_key.c.kind == str(one.kind),
            t.search_key.c.key == one.key,
        )
        for one in keys
    ]
    if not wanted:
        return ()
    query = select(t.search_key.c.person_id).where(or_(*wanted)).distinct()
    query = query.order_by(t.search_key.c.person_id).limit(at_most)
    return tuple(row["person_id"] for row in await work.rows(query))


def _key_row(person_id: str, key: SearchKey) -> dict[str, Any]:
    return {"person_id": person_id, "kind": str(key.kind), "generation": key.generation, "key": key.key}


def _to_range(days: DayRange) -> Any:
    return Range(days.first, days.end) if not days.is_empty else Range(empty=True)


def _from_range(stored: Any) -> DayRange:
    if stored.isempty:
        # An empty range has no bounds in PostgreSQL; the version held on no day at all.
        return DayRange(date.max, date.max)
    return DayRange(stored.lower, stored.upper)


def _movement_place(movement_id: str) -> Place:
    return Place(table="movement", row_id=movement_id, column="sealed", version=0)


def _version_place(made_by: str, revision: int) -> Place:
    return Place(table="version", row_id=made_by, column="sealed", version=revision)


async def held_by_others(work: UnitOfWork, person_id: str, keys: Iterable[SearchKey]) -> frozenset[SearchKey]:
    """Return those of the keys that are the living number or code of another record."""
    held = []
    for one in keys:
        query = select(t.living_number.c.person_id).where(
            t.living_number.c.generation == one.generation,
            t.living_number.c.kind == str(one.kind),
            t.living_number.c.key == one.key,
            t.living_number.c.person_id != person_id,
        )
        if await work.one(query) is not None:
            held.append(one)
    return frozenset(held)


async def all_people(work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the ids of the next records after ``after`` ("" for the first), in the order of ids."""
    query = select(t.person.c.person_id).order_by(t.person.c.person_id).limit(at_most)
    if after:
        query = query.where(t.person.c.person_id > after)
    return tuple(row["person_id"] for row in await work.rows(query))


async def count_people(work: UnitOfWork) -> int:
    """Return how many records there are."""
    return int((await work.run(select(func.count()).select_from(t.person))).scalar_one())
