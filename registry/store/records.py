"""A person's record in PostgreSQL: movements (only ever added), their projection, and the keys that find it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

import msgspec
from asyncpg import Range
from sqlalchemy import (
    ARRAY,
    FromClause,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.engine import RowMapping

from registry.contract.values import from_json, to_json
from registry.domain.dates import DayRange
from registry.domain.movement import Movement, Statement
from registry.domain.resident import Status
from registry.domain.timeline import Version
from registry.store import sight
from registry.store import tables as t
from registry.store.at_hand import Opened
from registry.store.keyring import KEY_COLUMNS, WITH_KEK, Keyring, Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared, Row
from registry.vault.sealing import Place, SealingKey, open_sealed, seal
from registry.vault.search_keys import SearchKey

_encoder: Final = msgspec.json.Encoder(enc_hook=to_json)
_movement_decoder: Final = msgspec.json.Decoder(Movement, dec_hook=from_json)
_statement_decoder: Final = msgspec.json.Decoder(Statement, dec_hook=from_json)


PERSON: Final = Insertion(t.person)
MOVEMENT: Final = Insertion(t.movement)
VERSION: Final = Insertion(t.version)
SEARCH_KEY: Final = Insertion(t.search_key, by=("person_id", "kind", "generation", "key"), replacing=("current",))
LIVING_NUMBER: Final = Insertion(t.living_number)


def person_row(person_id: str, at: datetime) -> Row:
    """Return the row of a new, empty record."""
    return {"person_id": person_id, "opened_at": at}


async def lock_people(work: UnitOfWork, person_ids: Iterable[str]) -> None:
    """Let nobody else change these records until the transaction ends, in one order for everybody."""
    wanted = sorted(set(person_ids))
    await sight.see(work, wanted)
    await work.run_prepared(_LOCK_PEOPLE, {"people": wanted})


_LOCK_PEOPLE: Final = Prepared(
    select(literal_column("1"))
    .select_from(t.person)
    .where(t.person.c.person_id == any_(cast(bindparam("people"), ARRAY(Uuid))))
    .order_by(t.person.c.person_id)
    .with_for_update()
)


async def lock_keys(work: UnitOfWork, keys: Iterable[SearchKey]) -> None:
    """Let nobody else open a record under these keys until the transaction ends, in one order for everybody."""
    await work.run_prepared(_LOCK_KEYS, {"locks": _locks(keys)})


def _locks(keys: Iterable[SearchKey]) -> list[int]:
    return sorted({int.from_bytes(key.key[:8], signed=True) for key in keys})


_LOCK_KEYS: Final = Prepared(text("SELECT pg_advisory_xact_lock(one) FROM unnest(CAST(:locks AS bigint[])) AS one"))


async def open_people(work: UnitOfWork, keyring: Keyring, person_ids: Iterable[str]) -> dict[str, Opened]:
    """Lock records and return them with all their movements; without those whose key was destroyed.

    Nobody else changes them until the transaction ends, which sees them from here on.
    """
    rows = await work.run_prepared(_OPEN, {"people": sorted(set(person_ids))})
    of_person = groupby(rows, key=lambda row: row["owner"])
    return {person_id: _opened(keyring, tuple(rows)) for person_id, rows in of_person}


def _opened(keyring: Keyring, rows: Sequence[Row]) -> Opened:
    key = keyring.key_in(rows[0])
    return Opened(key=key, movements=_movements(key, rows), protected_until=rows[0]["protected_until"])


_OPEN: Final = Prepared(text("SELECT * FROM open_people(CAST(:people AS uuid[]))"))


async def movements_of(
    work: UnitOfWork, keyring: Keyring, person_id: str, *, up_to: int | None = None
) -> tuple[Movement, ...]:
    """Return all movements of a record; with ``up_to`` those that had been stamped by that sequence number.

    Raises Shredded where its key was destroyed, or where there is no such record.
    """
    known: FromClause = t.movement
    if up_to is not None:
        stamped = and_(t.stamp.c.submission_id == t.movement.c.submission_id, t.stamp.c.seq <= up_to)
        known = t.movement.join(t.stamp, stamped)
    with_key = WITH_KEK.outerjoin(known, t.movement.c.person_id == t.data_key.c.owner)
    columns = (*KEY_COLUMNS, t.movement.c.movement_id, t.movement.c.sealed)
    rows = await work.rows(select(*columns).select_from(with_key).where(t.data_key.c.owner == person_id))
    if not rows:
        raise Shredded
    return _movements(keyring.key_in(rows[0]), rows)


def _movements(key: SealingKey, rows: Iterable[Row | RowMapping]) -> tuple[Movement, ...]:
    """Return the movements in rows of one record, each with what its key sealed; none where it has none."""
    there = ((row["movement_id"], row["sealed"]) for row in rows if row["movement_id"] is not None)
    return tuple(_movement_decoder.decode(open_sealed(key, _movement_place(one), sealed)) for one, sealed in there)


def add_movements(work: UnitOfWork, key: SealingKey, person_id: str, movements: Iterable[Movement]) -> None:
    """Add movements to a record."""
    for one in movements:
        row = {
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
        work.later(MOVEMENT, row)


async def movement_ids(work: UnitOfWork, submission_id: str, person_index: int) -> tuple[str, ...]:
    """Return the ids of the movements that a submission made for one of its people, in their order."""
    prefix = f"{submission_id}/{person_index}."
    query = (
        select(t.movement.c.movement_id)
        .where(t.movement.c.submission_id == submission_id, t.movement.c.movement_id.startswith(prefix))
        .order_by(t.movement.c.movement_id)
    )
    return tuple(row["movement_id"] for row in await work.rows(query))


async def remove_versions(work: UnitOfWork, gone: Mapping[str, Iterable[Version]]) -> None:
    """Remove versions of records from the projection, before others come in their place."""
    made_by = [version.made_by for versions in gone.values() for version in versions]
    if made_by:
        mine = t.version.c.person_id == any_(cast(list(gone), ARRAY(Uuid)))
        await work.run(delete(t.version).where(mine, t.version.c.made_by == any_(cast(made_by, ARRAY(Text)))))


def add_versions(
    work: UnitOfWork, key: SealingKey, person_id: str, versions: Iterable[Version], *, revision: int
) -> None:
    """Add versions to the projection.

    ``revision`` is how many movements the record has now; it binds each blob to this state of the record.
    """
    for version in versions:
        work.later(VERSION, _version_row(key, person_id, version, revision))


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


def version_of(key: SealingKey, row: Row) -> Version:
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
    work: UnitOfWork, findable: Mapping[str, Iterable[SearchKey]], lost: Mapping[str, Iterable[SearchKey]]
) -> None:
    """Make records findable by further keys; by those ``lost`` only for who asks of before."""
    for person_id, one in _each(lost):
        mine = t.search_key.c.person_id == person_id, t.search_key.c.kind == str(one.kind)
        which = t.search_key.c.generation == one.generation, t.search_key.c.key == one.key
        await work.run(update(t.search_key).where(*mine, *which).values(current=False))
    for person_id, one in _each(findable):
        work.later(SEARCH_KEY, key_row(person_id, one) | {"current": True})


async def hold_numbers(
    work: UnitOfWork,
    living: Mapping[str, Iterable[SearchKey]],
    twins: Mapping[SearchKey, SearchKey],
    *,
    known: Sequence[str],
) -> dict[str, frozenset[SearchKey]]:
    """Let records hold the living numbers that no other one holds, and these alone; return the others of each.

    ``known`` are those records that may hold some already; ``twins`` are the numbers in the generation that is written
    as well: who holds the one holds the other. One number is one person (番号法8条2項): who comes second
    does not get it. Who comes second by an instant, under no lock, meets the primary key: the transaction fails as a
    whole, and its sender tries again.
    """
    holders = await _holders(work, [one for _, one in _each(living)])
    if known:
        mine = t.living_number.c.person_id == any_(cast(known, ARRAY(Uuid)))
        await work.run(delete(t.living_number).where(mine))
    held: list[tuple[str, SearchKey]] = []
    refused: dict[str, set[SearchKey]] = {}
    for person_id, keys in living.items():  # one after the other: who gives a number up later holds it until then
        wanted = frozenset(keys)
        holders = {one: holder for one, holder in holders.items() if holder != person_id or one in wanted}
        for one in wanted:
            if holders.setdefault(one, person_id) == person_id:
                held.append((person_id, one))
            else:
                refused.setdefault(person_id, set()).add(one)
    for person_id, one in sorted(held, key=lambda each: each[1].key):
        for each in (one, twins[one]) if one in twins else (one,):
            work.later(LIVING_NUMBER, key_row(person_id, each))
    return {person_id: frozenset(keys) for person_id, keys in refused.items()}


async def _holders(work: UnitOfWork, keys: Iterable[SearchKey]) -> dict[SearchKey, str]:
    """Return who holds these numbers now, of those that anybody holds."""
    by_key = _by_key(keys)
    rows = await work.run_prepared(_HOLDERS, _columns_of(by_key)) if by_key else ()
    return {by_key[row["generation"], row["kind"], row["key"]]: row["person_id"] for row in rows}


_HOLDERS: Final = Prepared(
    text(
        """
        SELECT generation, kind, key, CAST(person_id AS text) AS person_id
        FROM holders_of(CAST(:generations AS smallint[]), CAST(:kinds AS text[]), CAST(:keys AS bytea[]))
        """
    )
)


def _each(keys: Mapping[str, Iterable[SearchKey]]) -> Iterator[tuple[str, SearchKey]]:
    return ((person_id, one) for person_id, of_person in keys.items() for one in of_person)


async def find(work: UnitOfWork, keys: Iterable[SearchKey], *, at_most: int = 50) -> dict[str, bool]:
    """Return the ids of the records that one of the keys finds, in a fixed order, ``at_most`` many.

    With each whether a key finds it now; else it holds only for who asks what was known before.
    """
    current: dict[str, bool] = {}
    for row in await _find_people(work, _by_key(keys), also_of_before=True, at_most=at_most):
        current[row["person_id"]] = current.get(row["person_id"], False) or row["current"]
    return {person_id: current[person_id] for person_id in sorted(current)[:at_most]}


async def lock_and_find(work: UnitOfWork, keys: Iterable[SearchKey], *, at_most: int) -> dict[SearchKey, set[str]]:
    """Return for each key the ids of the first ``at_most`` records that it finds now.

    Nobody else opens a record under these keys until the transaction ends; they are locked in one order for everybody.
    """
    by_key = _by_key(keys)
    found: dict[SearchKey, set[str]] = {one: set() for one in by_key.values()}
    for row in await _find_people(work, by_key, locks=_locks(by_key.values()), at_most=at_most):
        found[by_key[row["generation"], row["kind"], row["key"]]].add(row["person_id"])
    return found


_ByKey = Mapping[tuple[int, str, bytes], SearchKey]


def _by_key(keys: Iterable[SearchKey]) -> _ByKey:
    return {(one.generation, str(one.kind), one.key): one for one in keys}


def _columns_of(keys: _ByKey) -> dict[str, list[Any]]:
    """Return search keys as three arrays: a statement has room for 32,767 parameters and no more."""
    return {name: [one[place] for one in keys] for place, name in enumerate(("generations", "kinds", "keys"))}


async def _find_people(
    work: UnitOfWork, keys: _ByKey, *, locks: Sequence[int] = (), also_of_before: bool = False, at_most: int
) -> Sequence[Row]:
    more = {"locks": list(locks), "also_of_before": also_of_before, "at_most": at_most}
    return await work.run_prepared(_FIND, _columns_of(keys) | more) if keys else ()


_FIND: Final = Prepared(
    text(
        """
        SELECT * FROM find_people(
            CAST(:locks AS bigint[]), CAST(:generations AS smallint[]), CAST(:kinds AS text[]), CAST(:keys AS bytea[]),
            CAST(:also_of_before AS boolean), CAST(:at_most AS bigint)
        )
        """
    )
)


def key_row(person_id: str, key: SearchKey) -> dict[str, Any]:
    """Return what every table of search keys holds of one."""
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
