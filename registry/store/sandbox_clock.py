"""How far the sandbox's clock runs ahead; the only place where time is stored to be moved."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork


async def offset(work: UnitOfWork) -> int:
    """Return by how many seconds the clock is put forward (negative: back); 0 if nobody moved it."""
    row = await work.one(select(t.sandbox_clock.c.offset_seconds))
    return 0 if row is None else int(row["offset_seconds"])


async def set_offset(work: UnitOfWork, seconds: int) -> None:
    """Put the clock forward by ``seconds`` in all."""
    values = {"offset_seconds": seconds}
    statement = upsert(t.sandbox_clock).values(only=True, **values)
    await work.run(statement.on_conflict_do_update(index_elements=["only"], set_=values))
