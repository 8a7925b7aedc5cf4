"""Going through records: their ids are read a step at a time, in short transactions of their own."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

from registry.services.resources import Resources
from registry.store.unit_of_work import UnitOfWork

RECORDS_A_STEP: Final = 200
"""Ids read at a time: few enough to hold nobody up, many enough to be quick."""


class NextIds(Protocol):
    """Finds which records come next, in the order of ids."""

    async def __call__(self, work: UnitOfWork, *, after: str, at_most: int) -> tuple[str, ...]:
        """Return the ids after ``after`` ("" for the first), ``at_most`` many."""


async def each_record(resources: Resources, next_ids: NextIds) -> AsyncIterator[str]:
    """Yield the id of every record that ``next_ids`` finds; what is done about one takes a transaction of its own."""
    after = ""
    while True:
        async with resources.work() as work:
            step = await next_ids(work, after=after, at_most=RECORDS_A_STEP)
        for person_id in step:
            yield person_id
        if len(step) < RECORDS_A_STEP:
            return
        after = step[-1]
