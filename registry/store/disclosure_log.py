"""The log of disclosures as it lies in the database: what waits, what has its place, tiles, head.

A request adds what waits; the sequencer, one at a time by advisory lock, gives it its place; everybody reads the rest.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    SmallInteger,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from registry.store import log_tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared
from registry.transparency.entry import Link
from registry.transparency.growth import ChainEnd, Grown, Waiting
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import Tile
from registry.transparency.tree import HASH_BYTES, leaf_hash

LOG_LOCK: Final = 0x5E90106
"""The advisory lock that makes one sequencer the one that gives places, for the length of one batch."""

COSIGN_LOCK: Final = 0x5E90107
"""The advisory lock that makes one process the one that asks the witnesses, for the length of one round."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as its request leaves it; ``sealed`` opens with the key of its subject and year, at its id alone."""

    entry_id: str
    subject: str | None
    year: int
    content_commitment: bytes
    sealed: bytes


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in its place: number ``index`` of the tree, from 0. What is sealed, ``opened`` of the services opens."""

    index: int
    entry_id: str
    subject: str | None
    link: Link | None
    link_salt: bytes
    leaf: bytes
    year: int
    sealed: bytes


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tree ends: leaves, frontier, and the checkpoint that the log signed for it, when.

    ``cosigned`` is the checkpoint that a witness signed last, for ``cosigned_size`` leaves, at ``cosigned_at`` (seconds
    since 1970). It may be of an earlier end.
    """

    size: int
    roots: tuple[bytes, ...]
    note: bytes
    signed_at: datetime
    cosigned: bytes | None = None
    cosigned_size: int | None = None
    cosigned_at: int | None = None


# ------------------------------------------------------------------------------------------ the request's part


def add(work: UnitOfWork, entry: Pending) -> None:
    """Let an entry wait for its place; it is committed with the request that it speaks of."""
    work.later(_PENDING, msgspec.structs.asdict(entry))


_PENDING: Final = Insertion(t.log_pending)

# --------------------------------------------------------------------------------------- the sequencer's part


async def lead(work: UnitOfWork) -> bool:
    """Become the one that gives places, until the transaction ends; False where another one is at it."""
    return await _lead(work, LOG_LOCK)


async def lead_cosigning(work: UnitOfWork) -> bool:
    """Become the one that asks the witnesses, until the transaction ends; False where another one is at it."""
    return await _lead(work, COSIGN_LOCK)


async def _lead(work: UnitOfWork, lock: int) -> bool:
    return bool((await work.run_prepared(_LEAD, {"lock": lock}))[0]["leads"])


_LEAD: Final = Prepared(select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)).label("leads")))


async def waiting(work: UnitOfWork, at_most: int) -> dict[int, Waiting]:
    """Return the entries that have waited longest, the first first, by the numbers under which they wait."""
    return {
        row["pending_id"]: Waiting(subject=row["subject"], content=row["content_commitment"])
        for row in await work.run_prepared(_WAITING, {"at_most": at_most})
    }


_WAITING: Final = Prepared(
    select(t.log_pending.c.pending_id, t.log_pending.c.subject, t.log_pending.c.content_commitment)
    .order_by(t.log_pending.c.pending_id)
    .limit(bindparam("at_most", type_=BigInteger))
)


async def chain_ends(work: UnitOfWork, subjects: Iterable[str]) -> dict[str, ChainEnd]:
    """Return the newest entries of chains, as far as there are any."""
    return {
        row["subject"]: ChainEnd(number=row["number"], leaf_hash=leaf_hash(row["leaf"]))
        for row in await work.run_prepared(_CHAIN_ENDS, {"subjects": list(subjects)})
    }


def _chain_ends() -> Any:
    """One look into the index for each chain, however long it is."""
    wanted = func.unnest(cast(bindparam("subjects"), ARRAY(Text))).table_valued("subject", name="wanted")
    wanted = wanted.render_derived()
    entry = t.log_entry.c
    of_chain = select(entry.number, entry.leaf).where(entry.subject == wanted.c.subject)
    last = of_chain.order_by(entry.number.desc()).limit(1).lateral("last")
    return select(wanted.c.subject, last.c.number, last.c.leaf).select_from(wanted.join(last, true()))


_CHAIN_ENDS: Final = Prepared(_chain_ends())


async def append(work: UnitOfWork, pending_ids: Sequence[int], grown: Grown, note: bytes, signed_at: datetime) -> None:
    """Move what waited to its place and write what the tree has become, with its checkpoint; the caller commits.

    Raises RuntimeError, and nothing may be committed, where something of it waits no longer.
    """
    if pending_ids:
        await _move(work, pending_ids, grown)
    for tile, hashes in grown.tiles.items():
        work.later(_TILE, {"level": tile.level, "tile_index": tile.index, "hashes": hashes})
    head = {"size": grown.frontier.size, "roots": list(grown.frontier.roots), "note": note, "signed_at": signed_at}
    work.later(_HEAD, {"only": True} | dict.fromkeys(_OF_WITNESSES) | head)
    await work.write()


_OF_WITNESSES: Final = ("cosigned", "cosigned_size", "cosigned_at")
_TILE: Final = Insertion(t.log_tile, by=("level", "tile_index"), replacing=("hashes",))
_HEAD: Final = Insertion(t.log_head, by=("only",), replacing=("size", "roots", "note", "signed_at"))


async def _move(work: UnitOfWork, pending_ids: Sequence[int], grown: Grown) -> None:
    """Move rows within the database, so that what is sealed does not travel."""
    places = grown.placed
    rows = await work.run_prepared(
        _MOVE,
        {
            "pending_ids": list(pending_ids),
            "indexes": [one.index for one in places],
            "numbers": [one.link and one.link.number for one in places],
            "previous": [_previous(one.link) for one in places],
            "link_salts": [one.link_salt for one in places],
            "leaves": [one.leaf for one in places],
        },
    )
    if rows[0]["moved"] != len(places):
        raise RuntimeError("what waited is gone: somebody gave places without leading")


def _previous(link: Link | None) -> bytes | None:
    return None if link is None or link.previous is None else bytes.fromhex(link.previous)


_MOVE: Final = Prepared(
    text(
        """
        WITH given AS (
            SELECT * FROM unnest(CAST(:pending_ids AS bigint[]), CAST(:indexes AS bigint[]), CAST(:numbers AS bigint[]),
                CAST(:previous AS bytea[]), CAST(:link_salts AS bytea[]), CAST(:leaves AS bytea[]))
            AS given (pending_id, leaf_index, number, previous, link_salt, leaf)
        ), taken AS (
            DELETE FROM log_pending USING given WHERE log_pending.pending_id = given.pending_id
            RETURNING given.*, log_pending.entry_id, log_pending.subject, log_pending.year, log_pending.sealed
        ), added AS (
            INSERT INTO log_entry (leaf_index, entry_id, subject, number, previous, link_salt, leaf, year, sealed)
            SELECT leaf_index, entry_id, subject, number, previous, link_salt, leaf, year, sealed
            FROM taken ORDER BY leaf_index
            RETURNING 1
        )
        SELECT count(*) AS moved FROM added
        """
    )
)


async def destroy_years(work: UnitOfWork, up_to: int) -> tuple[int, ...]:
    """Destroy the secrets of years of the log, this one and all before, and return which; nothing opens them again.

    The database refuses a year that is still to be kept.
    """
    over = delete(t.log_year).where(t.log_year.c.year <= up_to).returning(t.log_year.c.year)
    return tuple(sorted((await work.run(over)).scalars()))


# ------------------------------------------------------------------------------------------ everybody's part


async def head(work: UnitOfWork) -> LogHead | None:
    """Return where the tree ends; None before the sequencer ever ran."""
    rows = await work.run_prepared(_READ_HEAD, {})
    if not rows:
        return None
    fields = {name: rows[0][name] for name in LogHead.__struct_fields__}
    return LogHead(**(fields | {"roots": tuple(fields["roots"])}))


_READ_HEAD: Final = Prepared(select(t.log_head))


async def keep_cosigned(work: UnitOfWork, note: bytes, size: int, at: int) -> None:
    """Keep a checkpoint that a witness cosigned at ``at`` (seconds since 1970), unless a newer one is kept."""
    kept = t.log_head.c
    older = or_(kept.cosigned_size.is_(None), and_(kept.cosigned_size <= size, kept.cosigned_at <= at))
    await work.run(update(t.log_head).where(older).values(cosigned=note, cosigned_size=size, cosigned_at=at))


async def tiles(work: UnitOfWork, wanted: Iterable[Tile]) -> dict[Tile, bytes]:
    """Return tiles, as wide as they are wanted; one that the tree does not have so wide is missing.

    Whatever tile of its place is stored is as wide or wider, and begins with it.
    """
    asked = list(wanted)
    if not asked:
        return {}
    places = {"levels": [one.level for one in asked], "indexes": [one.index for one in asked]}
    rows = await work.run_prepared(_TILES, places)
    stored = {(row["level"], row["tile_index"]): row["hashes"] for row in rows}
    cut = {one: stored.get((one.level, one.index), b"")[: one.width * HASH_BYTES] for one in asked}
    return {one: hashes for one, hashes in cut.items() if len(hashes) == one.width * HASH_BYTES}


def _tiles() -> Any:
    places = (
        func.unnest(cast(bindparam("levels"), ARRAY(SmallInteger)), cast(bindparam("indexes"), ARRAY(BigInteger)))
        .table_valued("level", "tile_index", name="wanted")
        .render_derived()
    )
    is_wanted = and_(t.log_tile.c.level == places.c.level, t.log_tile.c.tile_index == places.c.tile_index)
    return select(t.log_tile).join(places, is_wanted)


_TILES: Final = Prepared(_tiles())


async def leaves(work: UnitOfWork, first: int, end: int) -> tuple[bytes, ...]:
    """Return the leaves (65 bytes each) from ``first`` up to but not including ``end``, as far as the log has them."""
    entry = t.log_leaf.c
    query = select(entry.leaf).where(entry.leaf_index >= first, entry.leaf_index < end).order_by(entry.leaf_index)
    return tuple((await work.run(query)).scalars())


async def entries_of(work: UnitOfWork, subjects: Sequence[str]) -> tuple[StoredEntry, ...]:
    """Return all entries about some subjects, in the order of the tree; their chains are told apart by the link.

    Raises LogRefused (ENTRY_MALFORMED), as :func:`every_entry` does, where somebody altered the place in a chain.
    """
    of_them = select(t.log_entry).where(t.log_entry.c.subject.in_(subjects))
    return tuple(_stored(row) for row in await work.rows(of_them.order_by(t.log_entry.c.leaf_index)))


async def every_entry(work: UnitOfWork, after: int, at_most: int) -> tuple[StoredEntry, ...]:
    """Return the entries behind the leaf number ``after`` (-1: from the first), ``at_most`` so many, in their order."""
    behind = select(t.log_entry).where(t.log_entry.c.leaf_index > after)
    return tuple(_stored(row) for row in await work.rows(behind.order_by(t.log_entry.c.leaf_index).limit(at_most)))


def _stored(row: Any) -> StoredEntry:
    return StoredEntry(
        index=row["leaf_index"],
        entry_id=row["entry_id"],
        subject=row["subject"],
        link=_link(row),
        link_salt=row["link_salt"],
        leaf=row["leaf"],
        year=row["year"],
        sealed=row["sealed"],
    )


def _link(row: Any) -> Link | None:
    """Return the place in the chain; raises LogRefused (ENTRY_MALFORMED) where somebody wrote there what is none."""
    if row["subject"] is None:
        return None
    previous = None if row["previous"] is None else row["previous"].hex()
    try:
        return Link(subject=row["subject"], number=row["number"] or 0, previous=previous)
    except ValueError:
        raise LogRefused(LogFault.ENTRY_MALFORMED, f"entry {row['leaf_index']}") from None
