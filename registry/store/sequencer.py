"""Known time: every committed submission gets a strictly increasing (seq, at), shortly after its commit.

A transaction knows when it began, not when others could first see what it wrote. So the time at which the registry
came to know something is not the transaction's to say: one sequencer, leader by advisory lock, stamps what it finds
committed. Whatever is slow to commit is stamped later, with a later moment; an answer "as known at Y" folds what was
stamped by Y and therefore never changes.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import BigInteger, bindparam, func, select, text

from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared

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
    if not (await work.run_prepared(_LEAD, {"lock": LEADER_LOCK}))[0]["leads"]:
        return 0
    known = await known_until(work)
    at = now if known is None else max(now, known.at + _TICK)
    seq = 0 if known is None else known.seq
    (row,) = await work.run_prepared(_STAMP, {"seq": seq, "at": at, "at_most": LARGEST_BATCH})
    await work.run_prepared(_ADVANCE, {"seq": seq + row["stamped"], "at": at})
    return int(row["stamped"])


_LEAD: Final = Prepared(select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)).label("leads")))
_STAMP: Final = Prepared(
    text(
        """
        WITH taken AS (
            DELETE FROM pending_stamp WHERE submission_id IN (
                SELECT submission_id FROM pending_stamp ORDER BY submission_id LIMIT CAST(:at_most AS bigint)
            ) RETURNING submission_id
        ), added AS (
            INSERT INTO stamp (seq, submission_id, at)
            SELECT CAST(:seq AS bigint) + row_number() OVER (ORDER BY submission_id), submission_id,
                CAST(:at AS timestamptz)
            FROM taken RETURNING 1
        )
        SELECT count(*) AS stamped FROM added
        """
    )
)
_ADVANCE: Final = Prepared(
    text(
        """
        INSERT INTO known_until ("only", seq, at) VALUES (true, CAST(:seq AS bigint), CAST(:at AS timestamptz))
        ON CONFLICT ("only") DO UPDATE SET seq = excluded.seq, at = excluded.at
        """
    )
)


async def known_until(work: UnitOfWork) -> Known | None:
    """Return up to where knowledge is stamped; None before the sequencer ever ran."""
    rows = await work.run_prepared(_KNOWN, {})
    return Known(rows[0]["seq"], rows[0]["at"]) if rows else None


_KNOWN: Final = Prepared(select(t.known_until.c.seq, t.known_until.c.at))


async def last_seq(work: UnitOfWork, at: datetime) -> int:
    """Return the last sequence number stamped by ``at``; 0 when nothing was."""
    query = select(func.coalesce(func.max(t.stamp.c.seq), 0)).where(t.stamp.c.at <= at)
    return int((await work.run(query)).scalar_one())
