"""仮想の人口 — everyone of a population, one household after the other.

A population is written in blocks of ``BLOCK`` people, each from a generator seeded with the seed and the block's
number. So a person depends on the seed, the index and the parameters alone, any slice can be made by itself, and no
more than one block is ever in memory. A household never crosses the end of its block.
"""

from collections.abc import Iterator
from typing import Final

from registry.sandbox.population.families import Family
from registry.sandbox.population.luck import Dice
from registry.sandbox.population.numbering import MOST_PEOPLE
from registry.sandbox.population.places import EVERYWHERE, Where, atlas
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.truth import Household, Person

BLOCK: Final = 250
"""People of one block; a slice that begins in the middle of one costs at most as many for nothing."""


def people(
    seed: int, first: int, count: int, rates: Rates = DEFAULT_RATES, where: Where = EVERYWHERE
) -> Iterator[Person]:
    """Yield ``count`` people from index ``first`` on; a slice cuts through households.

    Raises ValueError when the slice reaches beyond ``MOST_PEOPLE``, UnknownPlace for a place that is not there.
    """
    end = _end(first, count)
    for household in _written(seed, first, end, rates, where):
        yield from (person for person in household.people if first <= person.index < end)


def households(
    seed: int, first: int, count: int, rates: Rates = DEFAULT_RATES, where: Where = EVERYWHERE
) -> Iterator[Household]:
    """Yield the households whose head has an index from ``first`` on, in ``count`` places; whole, wherever they end.

    Slices side by side give every household once. Raises as :func:`people`.
    """
    end = _end(first, count)
    return (one for one in _written(seed, first, end, rates, where) if first <= one.index < end)


def _end(first: int, count: int) -> int:
    if first < 0 or count < 0 or first + count > MOST_PEOPLE:
        raise ValueError(f"a population has people 0 to {MOST_PEOPLE - 1:,}")
    return first + count


def _written(seed: int, first: int, end: int, rates: Rates, where: Where) -> Iterator[Household]:
    """Yield every household of the blocks that a slice touches."""
    places = atlas(where)
    for start in range(first - first % BLOCK, end, BLOCK):
        dice = Dice(f"{seed}/{start}")
        seen: list[Person] = []
        written = 0
        while written < BLOCK:
            household = Family(dice, rates, places, start + written, BLOCK - written).household(seen)
            written += len(household.people)
            yield household
