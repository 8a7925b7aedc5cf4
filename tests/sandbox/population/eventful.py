"""Households for the tests of the population: few, but with everything that can happen to people."""

from functools import cache

from msgspec.structs import replace

from registry.sandbox.population.lives import households
from registry.sandbox.population.rates import DEFAULT_RATES

EVENTFUL = replace(
    DEFAULT_RATES.clean(),
    alone=0.4,
    never_filed_removal=0.05,
    never_filed_residence=0.05,
    left_before_retention=0.1,
    wed_before_leaving=0.5,
    former_surname_recorded=0.5,
    married_abroad=0.5,
    moved_between_areas=0.4,
    returned=0.3,
    record_code_uncertain=0.0,
    number_changed=0.3,
    record_code_changed=0.3,
    states_number=1.0,
    states_record_code=1.0,
    states_last_address=1.0,
    twins=0.2,
)
"""Lives in which much happens, and papers in which nothing is wrong or uncertain."""


@cache
def eventful():
    """A thousand people with eventful lives."""
    return tuple(households(11, 0, 1000, EVENTFUL))


def troubled(**rates):
    """The rates of eventful lives with some troubles."""
    return replace(EVENTFUL, **rates)
