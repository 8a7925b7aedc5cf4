"""支援措置: how long it holds, and what is left of a record when its residence is withheld."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import AddressAbroad, PersonName
from registry.domain.dates import IncompleteDate
from registry.domain.errors import Conflict
from registry.domain.movement import IDENTITY, RESIDENCE, Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.numbers import IndividualNumber
from registry.domain.protection import (
    OF_RESIDENCE,
    Ground,
    Lift,
    Measure,
    State,
    as_never_reported,
    ended,
    granted,
    is_withheld,
    renewed,
)
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.planted import NUMBER

REQUESTED = date(2024, 2, 28)
MEASURE = Measure(measure_id="m", people=("p",), requested_on=REQUESTED)
LEAP_DAY = date(2024, 2, 29)
NOW = datetime(2025, 4, 1, tzinfo=UTC)


def test_it_is_provisional_from_the_request_until_it_is_decided():
    assert MEASURE.state(REQUESTED) is State.PROVISIONAL
    assert MEASURE.state(date.max) is State.PROVISIONAL
    assert MEASURE.is_due(REQUESTED)


@pytest.mark.parametrize(
    ("decided", "until"), [(date(2024, 3, 1), date(2025, 3, 1)), (LEAP_DAY, date(2025, 2, 28))], ids=str
)
def test_it_holds_for_a_year_from_the_decision(decided, until):
    decided_measure = granted(MEASURE, decided)
    assert decided_measure.until == until
    assert decided_measure.state(until - timedelta(days=1)) is State.IN_FORCE
    assert decided_measure.state(until) is State.OVER


def test_it_is_renewed_in_its_last_month_alone_and_loses_no_day():
    one = granted(MEASURE, date(2024, 3, 31))
    begins = date(2025, 2, 28)
    assert one.renewable_from() == begins
    assert not one.is_due(begins - timedelta(days=1))
    assert one.is_due(begins)
    with pytest.raises(Conflict):
        renewed(one, begins - timedelta(days=1))
    assert renewed(one, begins).until == date(2026, 3, 31)
    with pytest.raises(Conflict):
        renewed(one, date(2025, 3, 31))


def test_what_is_decided_over_or_ended_is_not_decided_again():
    in_force = granted(MEASURE, REQUESTED)
    for measure, rule in [
        (in_force, granted),
        (MEASURE, renewed),
        (ended(MEASURE, REQUESTED), granted),
        (ended(MEASURE, REQUESTED), ended),
    ]:
        with pytest.raises(Conflict):
            rule(measure, REQUESTED)
    with pytest.raises(Conflict):
        ended(in_force, date(2025, 2, 28))
    assert ended(in_force, REQUESTED).state(REQUESTED) is State.ENDED


# ---------------------------------------------------------------------------------------------- who is told


def lift(ground, *, begins=NOW, **lasts):
    return Lift(
        lift_id="l",
        person_id="p",
        body="b",
        affair="a",
        ground=ground,
        begins_at=begins,
        ends_at=begins + timedelta(**lasts),
    )


WITHHELD = {
    "nobody's measure": (None, [], True, False),
    "a measure": (date(2025, 4, 2), [], True, True),
    "a measure of until today": (date(2025, 4, 1), [], True, False),
    "a duty": (date(2025, 4, 2), [lift(Ground.DUTY, days=1)], True, False),
    "a duty that does not deliver": (date(2025, 4, 2), [lift(Ground.DUTY, days=1)], False, True),
    "a duty that is over": (date(2025, 4, 2), [lift(Ground.DUTY, begins=NOW - timedelta(days=1), days=1)], True, True),
    "a duty to come": (date(2025, 4, 2), [lift(Ground.DUTY, begins=NOW + timedelta(seconds=1), days=1)], True, True),
    "a broken glass": (date(2025, 4, 2), [lift(Ground.BREAK_GLASS, minutes=30)], False, False),
}


@pytest.mark.parametrize(("until", "lifts", "delivers", "expected"), WITHHELD.values(), ids=WITHHELD)
def test_a_residence_is_withheld_unless_somebody_lifted_it(until, lifts, delivers, expected):
    assert is_withheld(until, date(2025, 4, 1), lifts, NOW, delivers=delivers) is expected


# ------------------------------------------------------------------------------------------ what is left of it

NAME = PersonName(surname="髙﨑", given="花子")
HOME = AddressAbroad(country="US", city="New York")
KINDS_OF_LIFE = sorted(OF_RESIDENCE - {MovementKind.PRESUMED_DEPARTED})


def movement(kind, day, number=0, **stated):
    return Movement(
        movement_id=f"{number:04}",
        submission_id=f"s{number:04}",
        kind=kind,
        effective=IncompleteDate.on(day),
        notified_on=day,
        source=Source(kind=SourceKind.MUNICIPALITY if kind is MovementKind.MOVED_ABROAD else SourceKind.MISSION),
        statement=Statement(**stated),
    )


LEFT = movement(
    MovementKind.MOVED_ABROAD,
    date(2024, 1, 1),
    name=NAME,
    birth_date=IncompleteDate.on(date(1979, 11, 23)),
    individual_number=IndividualNumber(NUMBER),
)
lives = st.lists(
    st.builds(
        movement,
        st.sampled_from(KINDS_OF_LIFE),
        st.dates(date(2024, 1, 2), date(2024, 12, 31)),
        st.integers(1, 9999),
        name=st.just(NAME),
        address_abroad=st.just(HOME) | st.just(AddressAbroad(country="US", city="Boston")),
        mission=st.sampled_from(["JP-CG-NEW-YORK", "JP-CG-BOSTON"]),
    ),
    unique_by=lambda one: one.movement_id,
    max_size=6,
)


@given(lives)
def test_whatever_was_reported_of_a_residence_leaves_no_trace(reported):
    assert as_never_reported([LEFT, *reported]) == as_never_reported([LEFT])


@given(lives.filter(bool))
def test_of_who_is_known_by_reports_alone_who_they_are_is_left_and_nothing_else(reported):
    silence = as_never_reported(reported)
    (version,) = fold(silence.movements).versions
    whole = fold(reported).last
    assert version.status is Status.PROVISIONAL
    assert not version.state.stated & RESIDENCE
    assert version.last_confirmed is None
    assert version.state.stated & IDENTITY == whole.state.stated & IDENTITY
    assert silence.submissions == {one.submission_id for one in reported}


def test_a_number_that_only_a_report_told_stays_and_rests_on_that_report():
    without = msgspec.structs.replace(LEFT, statement=msgspec.structs.replace(LEFT.statement, individual_number=None))
    told = movement(
        MovementKind.RESIDENCE_REPORTED, date(2024, 2, 1), 1, name=NAME, individual_number=IndividualNumber(NUMBER)
    )
    silence = as_never_reported([without, told])
    assert fold(silence.movements).last.state.individual_number == IndividualNumber(NUMBER)
    assert silence.submissions == {without.submission_id, told.submission_id}


def test_what_was_corrected_away_does_not_come_back():
    wrong = movement(MovementKind.NAME_CHANGED, date(2024, 3, 1), 2, name=PersonName(surname="誤", given="花子"))
    right = msgspec.structs.replace(
        movement(MovementKind.ADDRESS_CHANGED, date(2024, 3, 1), 3, name=NAME, address_abroad=HOME),
        replaces=wrong.movement_id,
    )
    assert as_never_reported([LEFT, wrong, right]) == as_never_reported([LEFT])


def test_an_empty_record_says_nothing():
    assert as_never_reported([]).movements == ()
