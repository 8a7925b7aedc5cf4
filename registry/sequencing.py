"""The sequencer: it stamps what is committed, gives entries of the log their place and brings heads to the witnesses.

It runs beside the requests in every ``registry serve``, or in a process of its own, ``registry sequencer``, so that
those who serve need not do it (``registry serve --without-sequencer``). Who leads is decided in the database, round by
round: any number of them may run, one works, and where it dies another one goes on.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog

from registry.rounds import Round, every
from registry.services import clockwork, disclosure_log
from registry.services.cosigning import Cosigning
from registry.services.resources import Resources
from registry.transparency.refusals import LogRefused
from registry.watching.witness_line import WitnessLine

CONNECTIONS: Final = 3

STAMP_EVERY: Final = 0.1
"""Seconds between two rounds: how long new knowledge waits for its stamp."""
SEQUENCE_EVERY: Final = 0.2
"""Seconds between two rounds: how long an entry of the log waits for its place."""
COSIGN_EVERY: Final = 1.0
"""Seconds between two rounds to the witnesses: how long a new head waits for their word."""
DESTROY_EVERY: Final = timedelta(minutes=1).total_seconds()

log = structlog.get_logger("registry.sequencing")


@asynccontextmanager
async def sequencing(sequencer: Resources) -> AsyncIterator[tuple[Round, ...]]:
    """Do the first round of everything, and give the rounds to run; lines to witnesses are open within the block."""
    async with AsyncExitStack() as lines:
        opened = [await lines.enter_async_context(WitnessLine(one)) for one in sequencer.log.witnesses]
        cosigning = Cosigning(sequencer, opened)
        await _sequence(sequencer)
        await _cosign(cosigning)
        yield (
            every(STAMP_EVERY, lambda: _stamp(sequencer)),
            every(SEQUENCE_EVERY, lambda: _sequence(sequencer)),
            every(COSIGN_EVERY, lambda: _cosign(cosigning)),
            every(DESTROY_EVERY, lambda: _destroy_years_over(sequencer)),
        )


async def _stamp(sequencer: Resources) -> None:
    await clockwork.stamp(sequencer)


async def _sequence(sequencer: Resources) -> None:
    """Give everything that waits its place, batch by batch."""
    while await disclosure_log.sequence(sequencer) == disclosure_log.LARGEST_BATCH:
        pass


async def _cosign(cosigning: Cosigning) -> None:
    try:
        await cosigning.round()
    except LogRefused as refused:
        log.warning("the log of disclosures is not in order: see registry verify-log", code=str(refused.code))


async def _destroy_years_over(sequencer: Resources) -> None:
    for year in await disclosure_log.destroy_years_over(sequencer):
        log.info("a year of the log is over: its keys are destroyed", code=str(year))
