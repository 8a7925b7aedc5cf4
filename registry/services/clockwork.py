"""What the registry does by itself, again and again: stamping what it came to know."""

from datetime import timedelta
from typing import Final

from registry.services.resources import Resources, japan_date
from registry.store import callers, jpki, sequencer, sessions, trawling
from registry.store import search_generations as stored_generations
from registry.store.sequencer import Known
from registry.vault.search_keys import Generations

DAYS_COUNTED: Final = timedelta(days=30)
"""How long one can see what a caller asked day by day; what is suspicious is seen on the day itself."""

ANSWERS_A_STEP: Final = 5_000


async def stamp(resources: Resources) -> tuple[int, Known | None]:
    """Stamp what is committed; return how much, and up to where knowledge now goes."""
    async with resources.work() as work:
        stamped = await sequencer.stamp_pending(work, resources.clock())
        known = await sequencer.known_until(work)
        await work.commit()
    return stamped, known


async def forget(resources: Resources) -> None:
    """Forget nonces that have run out, what callers asked on days long gone, and sessions that are over."""
    now = resources.clock()
    async with resources.work() as work:
        await callers.forget_nonces(work, now)
        await jpki.forget_challenges(work, resources.wall_clock())
        await trawling.forget_tallies(work, japan_date(now) - DAYS_COUNTED)
        await sessions.forget_over(work, resources.wall_clock())
        await work.commit()


async def forget_answers(resources: Resources, kept: timedelta) -> int:
    """Delete the answers under senders' keys that were given longer ago than ``kept``, and return how many.

    A report that is sent again is still answered by its receipt (:mod:`registry.services.attendance`); what else comes
    again after so long is taken in as if it came for the first time.
    """
    forgotten, before = 0, resources.clock() - kept
    while True:
        async with resources.work() as work:
            step = await callers.forget_answers(work, before, at_most=ANSWERS_A_STEP)
            await work.commit()
        forgotten += step
        if step < ANSWERS_A_STEP:
            return forgotten


async def follow_code_tables(resources: Resources) -> bool:
    """Take over the tables of codes that are in force now; return whether they are others than before."""
    async with resources.work() as work:
        return await resources.codes.refresh(work, japan_date(resources.clock()))


async def search_generations(resources: Resources) -> Generations:
    """Return which generation of search keys is searched now, and which one is written as well."""
    async with resources.work() as work:
        return await stored_generations.now(work)
