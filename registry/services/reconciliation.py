"""突合 in bulk: hold the two sources of records against each other again, because the day moves on.

On arrival each record is reconciled in its own transaction (``records.write``); this run goes through those for which a
day alone may change the result.
It can be broken off and run again at any time: it only writes over what it found before.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from registry.services import records
from registry.services.going_through import RECORDS_A_STEP
from registry.services.resources import Resources
from registry.store import reconciliations
from registry.store import records as stored_records


class AlreadyRunning(Exception):  # noqa: N818 - it says what the operator meets
    """Another run is at work; it does the same, so there is nothing to do but wait for it."""


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[None]:
    """Be the only run in bulk within the block; raises :class:`AlreadyRunning` if another one is."""
    async with resources.work() as guard:
        if not await reconciliations.take_run_lock(guard):
            raise AlreadyRunning
        yield


async def count(resources: Resources, *, everybody: bool = False) -> int:
    """Return how many records there are to go through."""
    async with resources.work() as work:
        return await (stored_records.count_people(work) if everybody else reconciliations.count_due(work))


async def run(resources: Resources, *, everybody: bool = False) -> AsyncIterator[int]:
    """Reconcile the records whose day may have come, in the order of ids, yielding how many whenever some are written.

    ``everybody``: all records, as if nothing had been reconciled on arrival.
    """
    after = ""
    while True:
        async with resources.work() as work:
            next_ids = stored_records.all_people if everybody else reconciliations.due
            people = await next_ids(work, after=after, at_most=RECORDS_A_STEP)
            await records.reconcile_all(resources, work, people)
            await work.commit()
        yield len(people)
        if len(people) < RECORDS_A_STEP:
            return
        after = people[-1]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the records stand: their number by outcome, and the fields that differ by record."""

    reconciliation: dict[str, int]
    discrepant: dict[str, tuple[str, ...]]


async def report(resources: Resources) -> Report:
    """Return how every record stood when it was last reconciled."""
    async with resources.work() as work:
        counts = await reconciliations.tally(work)
        return Report(
            reconciliation={str(outcome).replace("-", "_"): number for outcome, number in counts.items()},
            discrepant=await reconciliations.discrepant(work),
        )
