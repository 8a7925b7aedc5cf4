"""Search keys are made of one generation to search by, and of every generation that is written while they change."""

from collections.abc import Iterable

from registry.domain.reconciliation import Identity
from registry.domain.search_terms import STRONG, Term, strong_terms
from registry.services.resources import Resources
from registry.store import search_generations
from registry.store.at_hand import Plan
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import SearchKey


async def agree(resources: Resources, work: UnitOfWork) -> None:
    """Agree on the generations until the transaction ends, before any search key is made in it that it may write.

    And before any record or search key is locked: who waits here for a change holds nothing that others wait for.
    """
    if not work.at_hand.agreed:
        resources.search_keys.follow(await search_generations.agree(work))
        work.at_hand.agreed = True


def twins(resources: Resources, wanted: Iterable[Term]) -> dict[SearchKey, SearchKey]:
    """Return the search keys of terms with those in the generation that is written as well, if there is one."""
    keys = resources.search_keys
    pairs = ((keys.of(one.kind, *one.parts), keys.twin(one.kind, *one.parts)) for one in wanted)
    return {one: twin for one, twin in pairs if twin is not None}


def written(resources: Resources, wanted: Iterable[Term]) -> frozenset[SearchKey]:
    """Return the search keys of terms in every generation that is written."""
    keys = resources.search_keys
    made = (key for one in wanted for key in (keys.of(one.kind, *one.parts), keys.twin(one.kind, *one.parts)))
    return frozenset(key for key in made if key is not None)


def living(
    resources: Resources, plans: Iterable[Plan]
) -> tuple[dict[str, frozenset[SearchKey]], dict[SearchKey, SearchKey]]:
    """Return the keys of the numbers that are in force for records by their plans, and of these keys the twins."""
    numbers = {plan.person_id: _numbers(plan) for plan in plans}
    keys = {
        person_id: frozenset(resources.search_keys.of(one.kind, *one.parts) for one in some)
        for person_id, some in numbers.items()
    }
    return keys, twins(resources, frozenset[Term]().union(*numbers.values()))


def _numbers(plan: Plan) -> frozenset[Term]:
    last = plan.after.last
    current = () if last is None else (Identity.of(last.state),)
    return frozenset(term for term in strong_terms(current) if term.kind in STRONG)
