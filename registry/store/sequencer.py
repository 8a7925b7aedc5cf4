"""Known time: every committed submission gets a strictly increasing (seq, at), shortly after its commit.

A transaction knows when it began, not when others could first see what it wrote. So the time at which the registry
came to know something is not the transaction's to say: one sequencer, leader by advisory lock, stamps what it finds
committed. Whatever is slow to commit is stamped later, with a later moment; an answer "as known at Y" folds what was
stamped by Y and therefore never changes.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

LEADER_LOCK: Final = 0x5E90E4CE
"""The advisory lock that makes one sequencer the leader, for the length of one batch."""

LARGEST_BATCH: Final = 5_000
_TICK: Final = timedelta(microseconds=1)


class Known(msgspec.Struct, frozen=True):
    """Up to where the registry's knowledge is stamped: the last sequence number and the moment it covers."""

    seq: int
    at: datetime


async def stamp_pending(work: UnitOfWork, now: datetime) -> int:
    """Stamp what is committed and pending; return how many. Does nothing unless it can be the leader.

    All of one batch gets one moment, later than every moment given before, however the clock runs. The caller
    commits.
    """
    is_leader = (await work.run(select(func.pg_try_advisory_xact_lock(LEADER_LOCK)))).scalar_one()
    if not is_leader:
        return 0
    known = await known_until(work)
    at = now if known is None else max(now, known.at + _TICK)
    seq = 0 if known is None else known.seq
    taken = select(t.pending_stamp.c.submission_id).order_by(t.pending_stamp.c.submission_id).limit(LARGEST_BATCH)
    removed = delete(t.pending_stamp).where(t.pending_stamp.c.submission_id.in_(taken))
    pending = sorted((await work.run(removed.returning(t.pending_stamp.c.submission_id))).scalars())
    rows = [
        {"seq": seq + number, "submission_id": submission_id, "at": at}
        for number, submission_id in enumerate(pending, start=1)
    ]
    if rows:
        await work.run(insert(t.stamp), rows)
    await _advance(work, seq + len(rows), at)
    return len(rows)


async def known_until(work: UnitOfWork) -> Known | None:
    """Return up to where knowledge is stamped; None before the sequencer ever ran."""
    row = await work.one(select(t.known_until))
    return None if row is None else Known(row["seq"], row["at"])


async def last_seq(work: UnitOfWork, at: datetime) -> int:
    """Return the last sequence number stamped by ``at``; 0 when nothing was."""
    query = select(func.coalesce(func.max(t.stamp.c.seq), 0)).where(t.stamp.c.at <= at)
    return int((await work.run(query)).scalar_one())


async def _advance(work: UnitOfWork, seq: int, at: datetime) -> None:
    values = {"seq": seq, "at": at}
    statement = upsert(t.known_until).values(only=True, **values)
    await work.run(statement.on_conflict_do_update(index_elements=["only"], set_=values))
