"""Rotation of KEKs while the registry serves, and the destruction of those that wrap nothing any more.

Nothing remembers how far a rotation got but the keys themselves: each says which KEK wraps it. Broken off at any point
and begun again, it goes on. Whoever reads a data key reads it with its KEK in one statement, so a request meets the one
or the other and never fails; who makes one under an older KEK meanwhile is met by a further pass.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from registry.services.resources import Resources
from registry.store import code_tables, key_rotation
from registry.store.key_rotation import WRAPPED_KEYS, WrappedKeys
from registry.vault.keys import Kek

AT_ONCE: Final = 4
"""Steps under way together: while one is wrapped here, the database writes others and waits for its disk."""

KEPT_AFTER_LAST_USE: Final = timedelta(days=35)
"""How long a KEK is kept that wraps nothing: no backup of the whole cluster is kept for longer than that."""


class AlreadyRunning(Exception):  # noqa: N818 - it says what the operator meets
    """Another rotation is under way; it does the same, so there is nothing to do but wait for it."""

    def __init__(self) -> None:
        super().__init__("another rotation is under way; wait for it")


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A rotation that has begun: which KEK is to wrap everything, and how many keys an older one wraps."""

    target: int
    waiting: int


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[None]:
    """Be the only rotation within the block; raises :class:`AlreadyRunning` if there is one."""
    async with resources.work() as guard:
        if not await code_tables.take_lock(guard, key_rotation.RUN_LOCK):
            raise AlreadyRunning
        yield


async def begin(resources: Resources, *, fresh: bool = False) -> Rotation:
    """Begin a rotation, or one that was broken off again; ``fresh``: onto a key that is made for it."""
    now = resources.clock()
    async with resources.work() as work:
        if fresh:
            await resources.keyring.renew(work, now)
        target = await resources.keyring.current(work, now)
        waiting = await key_rotation.count_older(work, target)
        await work.commit()
    return Rotation(target=target, waiting=waiting)


async def run(resources: Resources, rotation: Rotation) -> AsyncIterator[int]:
    """Wrap everything anew, yielding how many keys some steps wrapped; note the end."""
    moved, is_done = 0, False
    while not is_done:
        for keys in WRAPPED_KEYS:
            async for step in _pass(resources, keys, rotation.target):
                moved += step
                yield step
        is_done = await _end(resources, rotation.target, moved)


async def _pass(resources: Resources, keys: WrappedKeys, target: int) -> AsyncIterator[int]:
    """Go through a table once, each step a transaction of its own, yielding how many keys some steps wrapped."""
    async with resources.work() as work:
        last = await key_rotation.blocks(work, keys)
        keks = await resources.keyring.all_keks(work)
    starts = range(0, last, key_rotation.BLOCKS_A_STEP)
    async for done in at_once(_step(resources, keys, first, keks, target) for first in starts):
        yield done


async def at_once(steps: Iterator[Coroutine[None, None, int]]) -> AsyncIterator[int]:
    """Take steps, always as many together as may be, and yield what they did; one that fails ends those under way."""
    under_way: set[asyncio.Task[int]] = set()
    try:
        while under_way := under_way | {asyncio.create_task(one) for one in islice(steps, AT_ONCE - len(under_way))}:
            ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            if done := sum(one.result() for one in ended):
                yield done
    finally:
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _step(resources: Resources, keys: WrappedKeys, first: int, keks: Mapping[int, Kek], target: int) -> int:
    async with resources.work() as work:
        done = await key_rotation.rewrap_step(work, keys, first, keks, target)
        await work.commit()
    return done


async def _end(resources: Resources, target: int, moved: int) -> bool:
    """Note that older KEKs wrap nothing any more; False where one still does."""
    now = resources.clock()
    async with resources.work() as work:
        is_empty = await key_rotation.note_empty(work, target, now)
        if is_empty:
            await key_rotation.record(work, "rotated-onto", [target], moved, now)
            await work.commit()
    return is_empty


async def destroy_old(resources: Resources) -> tuple[int, ...]:
    """Destroy the KEKs that wrapped nothing for 35 days, and return their ids."""
    now = resources.clock()
    async with resources.work() as work:
        destroyed = await key_rotation.destroy(work, now - KEPT_AFTER_LAST_USE)
        await key_rotation.record(work, "destroyed", destroyed, 0, now)
        await work.commit()
    if destroyed:
        async with resources.work(only_reads=True) as work:
            await key_rotation.overwrite_destroyed(work)
    return destroyed


async def next_destructions(resources: Resources) -> dict[int, datetime]:
    """Return the KEKs that wait for their destruction, and from when on each may be destroyed."""
    async with resources.work() as work:
        return {key: since + KEPT_AFTER_LAST_USE for key, since in (await key_rotation.waiting(work)).items()}
