"""突合 in bulk: how the two sources of every record stand, one record after the other, without changing any."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from registry.domain.reconciliation import Outcome, Result, reconcile
from registry.domain.timeline import fold
from registry.services.resources import Resources, japan_date
from registry.store import records, submissions

RECORDS_A_STEP: Final = 200
"""Records read in one transaction: small enough to hold nobody up, large enough to be quick."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one record stands."""

    person_id: str
    result: Result


async def count(resources: Resources) -> int:
    """Return how many records there are to go through."""
    async with resources.work() as work:
        return await records.count_people(work)


async def standings(resources: Resources) -> AsyncIterator[Standing]:
    """Yield how each record stands today, in the order of ids."""
    after = ""
    while True:
        async with resources.work() as work:
            people = await records.all_people(work, after=after, at_most=RECORDS_A_STEP)
            in_review = await submissions.people_in_review(work)
            step = []
            for person_id in people:
                key = await resources.keyring.find(work, person_id)
                movements = await records.movements_of(work, key, person_id)
                result = reconcile(
                    movements,
                    fold(movements),
                    confirmed=await submissions.is_confirmed(work, person_id),
                    in_review=person_id in in_review,
                    today=japan_date(resources.clock()),
                )
                step.append(Standing(person_id=person_id, result=result))
        for standing in step:
            yield standing
        if len(people) < RECORDS_A_STEP:
            return
        after = people[-1]


def tally(results: list[Result]) -> dict[str, int]:
    """Count the outcomes; every outcome is named, also with 0."""
    counts = {str(outcome): 0 for outcome in Outcome}
    for result in results:
        counts[str(result.outcome)] += 1
    return counts
