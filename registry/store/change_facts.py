"""Change facts of 機構 in PostgreSQL: up to where they are taken over."""

from sqlalchemy import select, update

from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork


async def lock_cursor(work: UnitOfWork) -> int:
    """Return the number of the last change fact taken over (0: none), for this transaction alone."""
    query = select(t.change_fact_cursor.c.sequence).with_for_update()
    return int((await work.run(query)).scalar_one())


async def set_cursor(work: UnitOfWork, sequence: int) -> None:
    """Note that the change facts are taken over up to this one."""
    await work.run(update(t.change_fact_cursor).values(sequence=sequence))
