"""Whose record is whose: the account that a card's signature joined to a record, and the signature that did it.

A row is in sight of a transaction that acts for the account, or that opened the record (:mod:`registry.store.sight`).
"""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, delete, select

from registry.store.holder_tables import holder as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """An account and its record; ``submission_id`` is what its card signed at ``signed_at``, evidence included."""

    account: str
    person_id: str
    submission_id: str
    signed_at: datetime


async def of_account(work: UnitOfWork, account: str) -> Holder | None:
    """Return which record is an account's, or None."""
    return await _one(work, t.c.account == account)


async def of_person(work: UnitOfWork, person_id: str) -> Holder | None:
    """Return whose a record is, or None; the transaction has opened it."""
    return await _one(work, t.c.person_id == person_id)


async def _one(work: UnitOfWork, which: ColumnElement[bool]) -> Holder | None:
    row = await work.one(select(t).where(which))
    return None if row is None else Holder(**row)


def add(work: UnitOfWork, holder: Holder) -> None:
    """Join an account to a record, neither of which is joined to another."""
    work.later(_HOLDER, msgspec.structs.asdict(holder))


_HOLDER = Insertion(t)


async def remove(work: UnitOfWork, holder: Holder) -> bool:
    """Take a holder away, exactly as it was read; return whether it was still there."""
    same = (t.c[field] == getattr(holder, field) for field in Holder.__struct_fields__)
    return (await work.run(delete(t).where(*same))).rowcount > 0
