"""Which generation of search keys is searched, and into which other one everything is written as well.

A transaction that writes search keys agrees on the generations first (:func:`agree`), and they do not change until it
has ended: whoever changes them waits for all such transactions. Who comes later waits for the change and then sees it.
"""

from typing import Final

from sqlalchemy import func, select, text, update

from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared
from registry.vault.search_keys import Generations

_c: Final = t.search_generation.c
_COLUMNS: Final = (_c.change, _c.searched, _c.also_written)

CHANGE_LOCK: Final = 504205710
"""The advisory lock that who writes search keys shares (the database's function takes it), and who changes them has."""

_AGREED: Final = Prepared(text("SELECT change, searched, also_written FROM agreed_search_generations()"))


async def now(work: UnitOfWork) -> Generations:
    """Return the generations as they are at the moment."""
    row = (await work.run(select(*_COLUMNS))).mappings().one()
    return Generations(**row)


async def agree(work: UnitOfWork) -> Generations:
    """Return the generations, which stay as they are until this transaction ends."""
    (row,) = await work.run_prepared(_AGREED, {})
    return Generations(**row)


async def change(work: UnitOfWork, *, searched: int, also_written: int | None) -> Generations:
    """Change the generations, once every transaction has ended that agreed on those of before."""
    await work.run(select(func.pg_advisory_xact_lock(CHANGE_LOCK)))
    values = {"change": _c.change + 1, "searched": searched, "also_written": also_written, "gone_through": None}
    row = (await work.run(update(t.search_generation).values(values).returning(*_COLUMNS))).mappings().one()
    return Generations(**row)
