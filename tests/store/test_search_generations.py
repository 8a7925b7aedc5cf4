"""Generations of search keys change only when nobody is left who agreed on those of before."""

import asyncio

import pytest
from sqlalchemy import text

from registry.store import search_generations
from registry.store.unit_of_work import StoreUnavailable, UnitOfWork
from registry.vault.search_keys import Generations

pytestmark = pytest.mark.anyio

BEFORE = Generations(change=1, searched=1)
DURING = Generations(change=2, searched=1, also_written=2)


async def change(engine, *, patience="5s"):
    async with UnitOfWork(engine) as work:
        await work.run(text(f"SET LOCAL lock_timeout = '{patience}'"))
        changed = await search_generations.change(work, searched=1, also_written=2)
        await work.commit()
        return changed


async def somebody_waits(engine, how_many=1):
    """Return once so many wait for an advisory lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with UnitOfWork(engine) as work:
        while (await work.run(query)).scalar_one() < how_many:
            pass


async def test_the_change_waits_for_who_agreed_before(engine, owner_engine):
    async with UnitOfWork(engine) as writes:
        assert await search_generations.agree(writes) == BEFORE
        with pytest.raises(StoreUnavailable):
            await change(owner_engine, patience="50ms")
        assert await search_generations.agree(writes) == BEFORE
        await writes.commit()
    assert await change(owner_engine) == DURING


async def test_who_comes_while_the_change_waits_waits_for_it_and_sees_it(engine, owner_engine):
    async with UnitOfWork(engine) as writes, UnitOfWork(engine) as comes_later:
        await search_generations.agree(writes)
        changing = asyncio.create_task(change(owner_engine))
        await somebody_waits(engine)
        agreeing = asyncio.create_task(search_generations.agree(comes_later))
        await somebody_waits(engine, 2)
        await writes.commit()
        assert await changing == DURING
        assert await agreeing == DURING


async def test_two_who_write_do_not_wait_for_each_other(engine):
    async with UnitOfWork(engine) as one, UnitOfWork(engine) as other:
        assert await search_generations.agree(one) == await search_generations.agree(other) == BEFORE


async def test_the_application_cannot_change_them(engine):
    async with UnitOfWork(engine) as work:
        with pytest.raises(Exception, match="permission denied"):
            await search_generations.change(work, searched=1, also_written=2)
