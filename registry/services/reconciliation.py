"""突合 in bulk: hold the two sources of every record against each other again, because the day moves on.

On arrival each record is reconciled in its own transaction (``records.write``); this run goes through all of them.
It can be broken off and run again at any time: it only writes over what it found before.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from registry.domain.reconciliation import Outcome
from registry.services import records
from registry.services.resources import Resources
from registry.store import reconciliations
from registry.store import records as stored_records
from registry.store.reconciliations import Standing

RECORDS_A_STEP: Final = 200
"""Records in one transaction: small enough to hold nobody up, large enough to be quick."""


class AlreadyRunning(Exception):  # noqa: N818 - it says what the operator meets
    """Another run is at work; it does the same, so there is nothing to do but wait for it."""


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[None]:
    """Be the only run in bulk within the block; raises :class:`AlreadyRunning` if another one is."""
    async with resources.work() as guard:
        if not await reconciliations.take_run_lock(guard):
            raise AlreadyRunning
        yield


async def count(resources: Resources) -> int:
    """Return how many records there are to go through."""
    async with resources.work() as work:
        return await stored_records.count_people(work)


async def run(resources: Resources) -> AsyncIterator[Standing | None]:
    """Reconcile every record, yielding how each stands, in the order of ids, once it is written."""
    after = ""
    while True:
        step = await _step(resources, after)
        for _, standing in step:
            yield standing
        if len(step) < RECORDS_A_STEP:
            return
        after, _ = step[-1]


async def _step(resources: Resources, after: str) -> list[tuple[str, Standing | None]]:
    done = []
    async with resources.work() as work:
        for person_id in await stored_records.all_people(work, after=after, at_most=RECORDS_A_STEP):
            key = await resources.keyring.find(work, person_id)
            movements = await stored_records.movements_of(work, key, person_id)
            done.append((person_id, await records.reconcile_record(resources, work, person_id, movements)))
        await work.commit()
    return done


async def report(resources: Resources) -> tuple[Standing, ...]:
    """Return how every record stood when it was last reconciled."""
    async with resources.work() as work:
        return await reconciliations.all_standings(work)


def tally(standings: Iterable[Standing]) -> dict[str, int]:
    """Count the outcomes; every outcome is named, also with 0."""
    counts = {str(outcome).replace("-", "_"): 0 for outcome in Outcome}
    for standing in standings:
        counts[str(standing.result.outcome).replace("-", "_")] += 1
    return counts
