"""What the registry does by itself, again and again: stamping what it came to know."""

from registry.services.resources import Resources, japan_date
from registry.store import callers, sequencer
from registry.store import search_generations as stored_generations
from registry.store.sequencer import Known
from registry.vault.search_keys import Generations


async def stamp(resources: Resources) -> tuple[int, Known | None]:
    """Stamp what is committed; return how much, and up to where knowledge now goes."""
    async with resources.work() as work:
        stamped = await sequencer.stamp_pending(work, resources.clock())
        known = await sequencer.known_until(work)
        await work.commit()
    return stamped, known


async def forget(resources: Resources) -> None:
    """Forget the nonces of signatures that have run out."""
    async with resources.work() as work:
        await callers.forget_nonces(work, resources.clock())
        await work.commit()


async def follow_code_tables(resources: Resources) -> bool:
    """Take over the tables of codes that are in force now; return whether they are others than before."""
    async with resources.work() as work:
        return await resources.codes.refresh(work, japan_date(resources.clock()))


async def search_generations(resources: Resources) -> Generations:
    """Return which generation of search keys is searched now, and which one is written as well."""
    async with resources.work() as work:
        return await stored_generations.now(work)
