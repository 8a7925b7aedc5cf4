"""Cases that asked whether two records are one person: closed when that is decided, open again when it is undone."""

from datetime import datetime

from sqlalchemy import Update, and_, or_, update

from registry.store import tables as t
from registry.store.submissions import RIVALS
from registry.store.unit_of_work import UnitOfWork

_CASE = t.review_case.c


async def close_between(work: UnitOfWork, one: str, other: str, at: datetime) -> None:
    """Close the cases in which nobody but one of the two stood against the other."""
    between = or_(
        and_(_CASE.person_id == one, _CASE.rivals == [other]),
        and_(_CASE.person_id == other, _CASE.rivals == [one]),
    )
    await work.run(_rivals().where(between, _CASE.closed_at.is_(None)).values(closed_at=at))


async def reopen_closed(work: UnitOfWork, people: list[str], at: datetime) -> None:
    """Open again what was closed of these records at that moment."""
    await work.run(_rivals().where(_CASE.person_id.in_(people), _CASE.closed_at == at).values(closed_at=None))


def _rivals() -> Update:
    return update(t.review_case).where(_CASE.kind == RIVALS)
