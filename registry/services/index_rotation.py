"""Rotation of search keys while the registry serves: a new generation is written beside the old one, then searched.

(1) From the first change on, everything that is written is written in both generations, and the old one is searched.
    The change waits for every transaction that began before it.
(2) Everybody is gone through, in short transactions under the lock of the record: whatever finds them in the old
    generation finds them in the new one as well, and whoever holds a number there holds it here.
(3) The second change lets the new one be searched. Both are still written, so that a process that has not heard of it
    misses nobody.
(4) After a while no process can be left that has not heard of it: who hears nothing makes no search keys. The third
    change ends the old generation, and what is left of it is removed.

Broken off at any point and begun again, it goes on.
"""

from asyncio import sleep
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Final

from registry.contract.decoding import decode
from registry.domain.movement import Movement
from registry.domain.removed_record import RemovedRecord
from registry.domain.search_terms import Term, TermKind, terms
from registry.services import generations, records
from registry.services.inquiry_list import body_of
from registry.services.resources import Resources
from registry.store import code_tables, index_rotation, key_rotation, search_generations
from registry.store import records as stored_records
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import TRUSTED_FOR, Generations, SearchKey

PEOPLE_A_STEP: Final = 20
PEOPLE_REMOVED_A_STEP: Final = 200
UNTIL_EVERYBODY_HEARD: Final = 2 * TRUSTED_FOR


class AlreadyRunning(Exception):  # noqa: N818 - it says what the operator meets
    """Another rotation of search keys is under way."""

    def __init__(self) -> None:
        super().__init__("another rotation of search keys is under way; wait for it")


class NotComplete(Exception):  # noqa: N818 - as AlreadyRunning
    """Somebody holds a number that the record does not say: the new generation is not searched."""

    def __init__(self) -> None:
        super().__init__("a record holds a number that it does not say; the old search keys stay. Run registry doctor")


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[None]:
    """Be the only rotation within the block; raises :class:`AlreadyRunning` if there is one."""
    async with resources.work() as guard:
        if not await code_tables.take_lock(guard, index_rotation.RUN_LOCK):
            raise AlreadyRunning
        yield


async def run(resources: Resources, *, heard_after: float = UNTIL_EVERYBODY_HEARD) -> AsyncIterator[int]:
    """Do all four steps, or those that are left, yielding how many records each transaction has gone through.

    ``heard_after``: seconds until every process has heard of a change. Raises :class:`NotComplete` before step (3).
    """
    at = await _generations(resources)
    if at.also_written is None and not await _has_older(resources, at):
        at = await _change(resources, searched=at.searched, also_written=at.searched + 1)
    if at.also_written is not None and at.also_written > at.searched:
        async for step in _write_both(resources):
            yield step
        at = await _change(resources, searched=at.also_written, also_written=at.searched)
    if at.also_written is not None:
        await sleep(heard_after)
        at = await _change(resources, searched=at.searched, also_written=None)
    async for step in _remove_older(resources, at.searched):
        yield step


async def _generations(resources: Resources) -> Generations:
    async with resources.work() as work:
        return await search_generations.now(work)


async def _change(resources: Resources, *, searched: int, also_written: int | None) -> Generations:
    now = resources.clock()
    async with resources.work() as work:
        changed = await search_generations.change(work, searched=searched, also_written=also_written)
        if also_written is None:
            await key_rotation.record(work, "index-rotated-onto", [searched], 0, now)
        await work.commit()
    return changed


# ------------------------------------------------------------------------------------------------ writing both


async def _write_both(resources: Resources) -> AsyncIterator[int]:
    """Let everybody who was there before be found in both generations."""
    async with resources.work() as work:
        after = await index_rotation.gone_through(work)
    while True:
        async with resources.work() as work:
            await generations.agree(resources, work)
            people = await stored_records.all_people(work, after=after, at_most=PEOPLE_A_STEP)
            await _write_both_of(resources, work, people)
            if people:
                await index_rotation.note_gone_through(work, people[-1])
            await work.commit()
        yield len(people)
        if len(people) < PEOPLE_A_STEP:
            return
        after = people[-1]


async def _write_both_of(resources: Resources, work: UnitOfWork, people: Sequence[str]) -> None:
    opened = await stored_records.open_people(work, resources.keyring, people)
    for person_id, one in opened.items():  # without the shredded: nobody finds them
        twins = await _twins(resources, work, person_id, one.movements)
        await _write_one(resources, work, person_id, twins)


async def _write_one(
    resources: Resources, work: UnitOfWork, person_id: str, twins: dict[tuple[str, bytes], SearchKey]
) -> None:
    searched = resources.search_keys.searched
    known = await index_rotation.indexed(work, person_id, searched)
    if known.living - twins.keys():
        raise NotComplete
    index_rotation.add_keys(
        work, person_id, {twins[one]: current for one, current in known.keys.items() if one in twins}
    )
    await index_rotation.hold(work, person_id, [twins[one] for one in known.living])
    for removed in await index_rotation.removed_records(work, person_id, searched):
        body = await body_of(resources, work, removed.submission_id)
        if body is not None:
            number = decode(body, RemovedRecord).addressee_number
            twin = resources.search_keys.twin(TermKind.ADDRESSEE_NUMBER, removed.municipality, number)
            if twin is not None:
                await index_rotation.hold_removed_record(work, twin, removed)


async def _twins(
    resources: Resources, work: UnitOfWork, person_id: str, movements: Iterable[Movement]
) -> dict[tuple[str, bytes], SearchKey]:
    """Return, by each key that the record was ever found by, the same in the generation that is written as well."""
    by_id = {one.movement_id: one for one in movements}
    order = await index_rotation.known_in_order(work, person_id)
    told = [[by_id[each] for _, each in some] for _, some in groupby(order, key=lambda one: one[0])]
    made = generations.twins(resources, frozenset(_ever(told)))
    return {(str(old.kind), old.key): new for old, new in made.items()}


def _ever(told: Iterable[Sequence[Movement]]) -> Iterator[Term]:
    """Yield the terms by which a record was findable after each submission that told of it, corrected ones as well."""
    known: list[Movement] = []
    for some in told:
        known += some
        yield from terms(records.identities_of(known))


# -------------------------------------------------------------------------------------------- removing the old


async def _has_older(resources: Resources, at: Generations) -> bool:
    async with resources.work() as work:
        return await index_rotation.has_older(work, at.searched)


async def _remove_older(resources: Resources, searched: int) -> AsyncIterator[int]:
    after = ""
    while True:
        async with resources.work() as work:
            people = await stored_records.all_people(work, after=after, at_most=PEOPLE_REMOVED_A_STEP)
            await index_rotation.remove_older(work, people, searched)
            await work.commit()
        yield len(people)
        if len(people) < PEOPLE_REMOVED_A_STEP:
            return
        after = people[-1]
