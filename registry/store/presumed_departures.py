"""Of whose departure it may be time to presume something: residents of whom nothing was heard for long."""

from datetime import date

from sqlalchemy import func, or_, select

from registry.domain.resident import Status
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork


async def people_not_heard_of(work: UnitOfWork, since: date, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return the ids of the next residents after ``after`` ("" for the first) not heard of on or after ``since``."""
    version = t.version.c
    query = (
        select(version.person_id)
        .distinct()
        .where(
            version.status == str(Status.RESIDENT_ABROAD),
            func.upper_inf(version.possible),  # the last version of a record
            or_(version.last_confirmed.is_(None), version.last_confirmed < since),
        )
        .order_by(version.person_id)
        .limit(at_most)
    )
    if after:
        query = query.where(version.person_id > after)
    return tuple((await work.run(query)).scalars())
