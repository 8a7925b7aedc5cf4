import tracemalloc
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from registry.domain.dates import IncompleteDate
from registry.domain.removed_record import Holding, held_on
from registry.sandbox.population.lives import BLOCK, households, people
from registry.sandbox.population.numbering import MOST_PEOPLE
from registry.sandbox.population.places import UnknownPlace, Where
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.truth import NUMBERS_FROM, PRESENT_DAY, Ending, NoRecord, Relation
from tests.sandbox.population.eventful import EVENTFUL, eventful


def everyone(of=None):
    return [person for household in of or eventful() for person in household.people]


# ---------------------------------------------------------------- the same seed, the same people
def test_the_same_seed_gives_the_same_people_and_another_seed_others():
    assert list(people(3, 0, 300)) == list(people(3, 0, 300))
    assert list(people(3, 0, 300)) != list(people(4, 0, 300))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3 * BLOCK), st.integers(0, 2 * BLOCK))
def test_a_slice_made_alone_is_the_same_as_in_the_whole(first, count):
    whole = list(people(5, 0, 5 * BLOCK))
    assert list(people(5, first, count)) == whole[first : first + count]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=4))
def test_slices_side_by_side_give_every_household_once(lengths):
    starts = [sum(lengths[:place]) for place in range(len(lengths))]
    pieces = [one for start, count in zip(starts, lengths, strict=True) for one in households(5, start, count)]
    assert pieces == list(households(5, 0, sum(lengths)))


def test_people_are_numbered_from_the_first_to_the_last():
    assert [person.index for person in people(1, 100, 800)] == list(range(100, 900))


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, -1), (MOST_PEOPLE - 1, 2)], ids=["before", "less", "beyond"])
def test_people_outside_of_a_population_are_refused(first, count):
    with pytest.raises(ValueError, match="people 0 to 9,999,999"):
        next(people(1, first, count))


def test_the_last_of_ten_million_is_made_as_fast_as_the_first():
    assert next(people(1, MOST_PEOPLE - 1, 1)).index == MOST_PEOPLE - 1


def test_memory_does_not_grow_with_the_number_of_people():
    for _ in people(2, 0, 4000):
        pass  # fills what is kept once: names, days
    tracemalloc.start()
    for _ in people(2, 4000, 4000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6_000_000


def test_people_come_only_from_chosen_places():
    where = Where(municipalities=("131016",), missions=("JP-CG-NEW-YORK",))
    made = list(households(1, 0, 300, DEFAULT_RATES, where))
    assert {str(person.home.town.code) for person in everyone(made) if person.home} == {"131016"}
    assert {stay.place.mission for one in made for stay in one.stays} == {"JP-CG-NEW-YORK"}


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(UnknownPlace):
        next(people(1, 0, 1, DEFAULT_RATES, Where(missions=("JP-CG-ATLANTIS",))))


# ---------------------------------------------------------------- lives are possible
def test_days_of_a_life_come_in_their_order():
    for person in everyone():
        assert person.birth <= person.arrived <= PRESENT_DAY
        assert person.ended is None or person.arrived < person.ended < PRESENT_DAY
        if person.home is not None and person.left is not None:
            facts = (person.wed_on, person.former_recorded_on, person.number_changed_on, person.home.moved_on)
            assert person.birth < person.left <= person.arrived
            assert person.home.since < person.left
            assert all(person.home.since < day < person.left for day in facts if day is not None)
        if person.wedding is not None:
            assert person.arrived < person.wedding.on < PRESENT_DAY


def test_stays_follow_one_another_from_the_arrival_on():
    for household in eventful():
        days = [stay.since for stay in household.stays]
        assert days == sorted(set(days))
        assert days[0] == household.people[0].arrived


def test_a_number_has_who_was_in_a_register_when_numbers_began():
    for person in everyone():
        expected = person.left is not None and (person.left >= NUMBERS_FROM or person.no_record is NoRecord.NEVER_FILED)
        assert (person.individual_number is not None) is expected


def test_a_record_is_destroyed_only_where_retention_is_over():
    for person in everyone():
        if person.left is None or person.no_record in {NoRecord.NEVER_FILED, NoRecord.STRUCK_OFF}:
            continue
        held = held_on(IncompleteDate.on(person.left), PRESENT_DAY)
        if person.no_record is NoRecord.DESTROYED:
            assert held is Holding.NOT_HELD_EXPIRED
        elif held is not Holding.HELD:
            assert EVENTFUL.kept_beyond_retention > 0


def test_children_have_a_mother_of_an_age_to_bear_them():
    for household in eventful():
        parents = [one for one in household.people if one.relation is not Relation.CHILD]
        for child in (one for one in household.people if one.relation is Relation.CHILD):
            assert any(16 <= (child.birth - one.birth).days / 365 <= 50 for one in parents)


def test_twins_are_born_on_one_day_and_all_other_siblings_far_apart():
    found = 0
    for household in eventful():
        births = sorted(one.birth for one in household.people if one.relation is Relation.CHILD)
        gaps = [(later - earlier).days for earlier, later in pairwise(births)]
        assert all(gap == 0 or gap >= 280 for gap in gaps)
        found += gaps.count(0)
    assert found > 5


def test_no_two_people_share_a_number():
    made = everyone()
    for field in ("individual_number", "resident_record_code"):
        numbers = [value for person in made if (value := getattr(person, field)) is not None]
        assert len(numbers) == len(set(numbers))


# ---------------------------------------------------------------- rates of life
def share(flags):
    flags = list(flags)
    return sum(flags) / len(flags)


OBSERVED = {
    "alone": lambda made: share(len(one.people) == 1 and one.foreign is None for one in made),
    "returned": lambda made: share(one.ending is Ending.RETURNED for one in everyone(made)),
    "presumed_departed": lambda made: share(one.ending is Ending.PRESUMED_DEPARTED for one in everyone(made)),
    "died": lambda made: share(one.ending is Ending.DIED for one in everyone(made)),
    "nationality_lost": lambda made: share(one.ending is Ending.NATIONALITY_LOST for one in everyone(made)),
    "never_filed_residence": lambda made: share(not one.ever_reports for one in made),
    "never_filed_removal": lambda made: share(
        one.people[0].no_record in {NoRecord.NEVER_FILED, NoRecord.STRUCK_OFF} for one in made
    ),
    "left_before_retention": lambda made: share(
        one.people[0].no_record is NoRecord.DESTROYED
        for one in made
        if one.people[0].no_record not in {NoRecord.NEVER_FILED, NoRecord.STRUCK_OFF}
    ),
    "moved_between_areas": lambda made: share(len({stay.place.mission for stay in one.stays}) > 1 for one in made),
    "birth_date_unknown": lambda made: share(not one.birth_in_register.is_complete for one in everyone(made)),
    "states_passport": lambda made: share(one.tells.passport for one in everyone(made)),
    "states_number": lambda made: share(one.tells.number for one in everyone(made)),
    "moved_within_municipality": lambda made: share(one.people[0].home.moved_on is not None for one in made),
}


@pytest.mark.parametrize("rate", OBSERVED)
@pytest.mark.parametrize("given_rate", [0.0, 0.2, 1.0], ids=str)
def test_a_rate_of_life_is_what_is_observed(rate, given_rate):
    calm = {"died": 0.0, "nationality_lost": 0.0, "returned": 0.0, "presumed_departed": 0.0, "moved_within_area": 0.0}
    calm |= {"kept_beyond_retention": 0.0, "alone": 0.8, "foreign_spouse": 0.0}
    made = list(households(9, 0, 1250, replace(DEFAULT_RATES, **calm | {rate: given_rate})))
    exact = given_rate in {0, 1} and rate != "alone"  # the last place of a block holds one person whatever the rate
    assert OBSERVED[rate](made) == pytest.approx(given_rate, abs=0 if exact else 0.06)


def test_namesakes_share_name_sex_and_day_of_birth():
    made = everyone(households(2, 0, 2000, replace(DEFAULT_RATES, namesakes=0.2, alone=1.0)))
    seen = Counter((one.surname.kanji, one.given.kanji, one.sex, one.birth) for one in made)
    assert sum(count > 1 for count in seen.values()) > 100


@pytest.mark.parametrize("times", [0.0, 2.0, 1e9], ids=["none", "doubled", "at most always"])
def test_worse_rates_change_troubles_and_no_lives(times):
    worse = DEFAULT_RATES.worse(times)
    assert worse.report_late == min(1.0, times * DEFAULT_RATES.report_late)
    assert worse.register_lost == min(1.0, times * DEFAULT_RATES.register_lost)
    assert list(people(1, 0, 50, worse)) == list(people(1, 0, 50))


def test_every_rate_lies_in_its_range():
    for name in Rates.__struct_fields__:
        assert 0 <= getattr(DEFAULT_RATES, name) <= 2
