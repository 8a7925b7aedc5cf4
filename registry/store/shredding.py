"""What becomes of a record that is shredded: its keys go, and with them everything by which anybody found it.

Movements stay where they are, sealed with a key that nobody has: nobody removes one. So do the log and its keys.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from sqlalchemy import CursorResult, Select, delete, exists, func, select, update

from registry.store import holder_tables
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

SHRED_LOCK: Final = 0x5EA1ED00
"""The advisory lock of whoever is shredding: one at a time."""

_NAMES_THE_PERSON = (
    t.search_key,
    t.living_number,
    t.version,
    t.reconciliation,
    t.removed_record,
    t.link,
    holder_tables.holder,
)


async def destroy_keys(work: UnitOfWork, person_id: str) -> int:
    """Destroy a record's data key, and those of the submissions that were about nobody else.

    Returns how many keys that were. A household's report stays readable until the last of its people is shredded.
    """
    await work.run(select(func.pg_advisory_xact_lock(SHRED_LOCK)))  # of two of a household, the second is the last
    submissions = (await work.run(_about_nobody_else(person_id))).scalars().all()
    gone: CursorResult[object] = await work.run(
        delete(t.data_key).where(t.data_key.c.owner.in_([person_id, *submissions]))
    )
    return gone.rowcount


def _about_nobody_else(person_id: str) -> Select[tuple[str]]:
    other = t.link.alias("other")
    about_another = exists().where(other.c.submission_id == t.link.c.submission_id, other.c.person_id != person_id)
    return select(t.link.c.submission_id).where(t.link.c.person_id == person_id, ~about_another).distinct()


async def perhaps_over(
    work: UnitOfWork, statuses: Iterable[str], ended_by: date, *, after: str, at_most: int
) -> tuple[str, ...]:
    """Return records of which a version with one of the statuses holds for certain since ``ended_by`` or before.

    The next after ``after`` ("" for the first), in the order of ids. Whether it is the last, the movements tell.
    """
    ended = t.version.c.status.in_(list(statuses)), func.lower(t.version.c.certain) <= ended_by
    query = select(t.version.c.person_id).where(*ended).distinct().order_by(t.version.c.person_id).limit(at_most)
    if after:
        query = query.where(t.version.c.person_id > after)
    return tuple((await work.run(query)).scalars())


async def release(work: UnitOfWork, person_id: str, now: datetime) -> None:
    """Take away everything by which a record is found or holds a number, and close what waits for people about it."""
    for table in _NAMES_THE_PERSON:
        await work.run(delete(table).where(table.c.person_id == person_id))
    waiting = (t.review_case.c.person_id == person_id, t.review_case.c.closed_at.is_(None))
    await work.run(update(t.review_case).where(*waiting).values(closed_at=now))
