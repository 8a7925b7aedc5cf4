"""A person's record in PostgreSQL: movements (only ever added), their projection, and the keys that find it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from asyncpg import Range
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    any_,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
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


async def lock_people(work: UnitOfWork, person_ids: Iterable[str]) -> None:
    """Let nobody else change these records until the transaction ends, in one order for everybody."""
    query = select(t.person.c.person_id).where(t.person.c.person_id.in_(sorted(set(person_ids))))
    await work.run(query.order_by(t.person.c.person_id).with_for_update())


async def lock_keys(work: UnitOfWork, keys: Iterable[SearchKey]) -> None:
    """Let nobody else open a record under these keys until the transaction ends, in one order for everybody."""
    numbers = sorted({int.from_bytes(key.key[:8], signed=True) for key in keys})
    taken = func.unnest(cast(numbers, ARRAY(BigInteger))).column_valued("number")
    await work.run(select(func.pg_advisory_xact_lock(taken)))


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
        "certain": to_range(version.certain),
        "possible": to_range(version.possible),
        "disputed": sorted(version.disputed),
        "last_confirmed": version.last_confirmed,
        "revision": revision,
        "sealed": seal(key, _version_place(version.made_by, revision), _encoder.encode(version.state)),
    }


def version_of(key: SealingKey, row: RowMapping) -> Version:
    """Return the version that a row of the projection holds."""
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
    work: UnitOfWork, person_id: str, *, findable: Iterable[SearchKey], lost: Iterable[SearchKey] = ()
) -> None:
    """Make a record findable by all its keys, past ones included; by those ``lost`` only for who asks of before."""
    rows = [_key_row(person_id, one) | {"current": True} for one in findable]
    if rows:
        await work.run(_MAKE_FINDABLE, rows)
    wrong = _any_of(t.search_key, lost)
    if wrong is not None:
        mine = t.search_key.c.person_id == person_id
        await work.run(update(t.search_key).where(mine, wrong).values(current=False))


_MAKE_FINDABLE: Final = (
    upsert(t.search_key)
    .inline()
    .on_conflict_do_update(constraint="uq_search_key_entry", set_={"current": True}, where=~t.search_key.c.current)
)


async def hold_numbers(work: UnitOfWork, person_id: str, living: Iterable[SearchKey]) -> frozenset[SearchKey]:
    """Let a record hold the living numbers that no other one holds, and return the others.

    One number is one person (番号法8条2項): who comes second, also by an instant, does not get it.
    """
    wanted = {one.key: one for one in living}
    await work.run(delete(t.living_number).where(t.living_number.c.person_id == person_id))
    if not wanted:
        return frozenset()
    rows = [_key_row(person_id, one) for _, one in sorted(wanted.items())]
    statement = upsert(t.living_number).values(rows).on_conflict_do_nothing().returning(t.living_number.c.key)
    held = {row["key"] for row in await work.rows(statement)}
    return frozenset(one for key, one in wanted.items() if key not in held)


async def find(work: UnitOfWork, keys: Iterable[SearchKey], *, at_most: int = 50) -> dict[str, bool]:
    """Return the ids of the records that one of the keys finds, in a fixed order, ``at_most`` many.

    With each whether a key finds it now; else it holds only for who asks what was known before.
    """
    wanted = _any_of(t.search_key, keys)
    if wanted is None:
        return {}
    current = func.bool_or(t.search_key.c.current).label("current")
    query = select(t.search_key.c.person_id, current).where(wanted).group_by(t.search_key.c.person_id)
    query = query.order_by(t.search_key.c.person_id).limit(at_most)
    return {row["person_id"]: row["current"] for row in await work.rows(query)}


def _any_of(table: Table, keys: Iterable[SearchKey]) -> ColumnElement[bool] | None:
    """Return the condition that a row of ``table`` bears one of the keys; None where there are no keys.

    Keys of one kind go over the wire as one array: a statement has room for 32,767 parameters and no more.
    """
    by_kind: dict[tuple[int, str], list[bytes]] = {}
    for one in keys:
        by_kind.setdefault((one.generation, str(one.kind)), []).append(one.key)
    wanted = [
        and_(
            table.c.generation == generation, table.c.kind == kind, table.c.key == any_(cast(found, ARRAY(LargeBinary)))
        )
        for (generation, kind), found in by_kind.items()
    ]
    return or_(*wanted) if wanted else None


def _key_row(person_id: str, key: SearchKey) -> dict[str, Any]:
    return {"person_id": person_id, "kind": str(key.kind), "generation": key.generation, "key": key.key}


def to_range(days: DayRange) -> Any:
    """Return days as PostgreSQL has them."""
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


async def all_people(work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the ids of the next records after ``after`` ("" for the first), in the order of ids."""
    query = select(t.person.c.person_id).order_by(t.person.c.person_id).limit(at_most)
    if after:
        query = query.where(t.person.c.person_id > after)
    return tuple(row["person_id"] for row in await work.rows(query))


async def count_people(work: UnitOfWork) -> int:
    """Return how many records there are."""
    return int((await work.run(select(func.count()).select_from(t.person))).scalar_one())
