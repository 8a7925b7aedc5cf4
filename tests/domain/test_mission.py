"""Which mission is competent for a place on a day, and what day it is there."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.mission import (
    Competence,
    ConsularArea,
    Mission,
    MissionKind,
    MissionName,
    MissionTable,
    TwoClocks,
    two_clocks,
)

COMPETENT, POSSIBLY, NOT_COMPETENT = Competence.COMPETENT, Competence.POSSIBLY, Competence.NOT_COMPETENT
DAY = date(2024, 4, 1)
OPENED, CLOSED, REDRAWN = date(2010, 1, 1), date(2020, 1, 1), date(2015, 1, 1)


def mission(code: str, kind: MissionKind = MissionKind.CONSULATE_GENERAL, **rest) -> Mission:
    return Mission(code=code, kind=kind, names=(MissionName(name=code),), country="AA", place="都", **rest)


def area(code: str, subdivision: str | None = None, *excluded: str, country: str = "AA", **rest) -> ConsularArea:
    return ConsularArea(mission=code, country=country, subdivision=subdivision, excluded=excluded, **rest)


TABLE = MissionTable(
    [
        mission("EMBASSY", MissionKind.EMBASSY),
        mission("WEST"),
        mission("EAST"),
        mission("CLOSED", closed=CLOSED),
        mission("LATER", opened=OPENED),
        mission("NEIGHBOUR", MissionKind.EMBASSY),
        mission("ON-PAPER", MissionKind.EMBASSY, concurrent=True),
        mission("DELEGATION", MissionKind.PERMANENT_DELEGATION),
    ],
    [
        area("EMBASSY", None, "Westland", "East Land", "Midland/Lake"),
        area("EMBASSY", "Capital District"),
        area("WEST", "Westland"),
        area("WEST", "Midland/Lake"),
        area("EAST", "East Land"),
        area("CLOSED", "Midland"),
        area("NEIGHBOUR", country="BB"),
        area("ON-PAPER", country="CC"),
        area("LATER", country="DD"),
        area("WEST", country="EE", valid_to=REDRAWN),
        area("EAST", country="EE", valid_from=REDRAWN),
    ],
)

# who × where → competent?
PLACES = {
    "a subdivision of its own": ("WEST", "AA", "Westland", COMPETENT),
    "a part of its subdivision that no area names": ("WEST", "AA", "Westland/Coast", COMPETENT),
    "a part of a subdivision": ("WEST", "AA", "Midland/Lake", COMPETENT),
    "a subdivision that is its own in part": ("WEST", "AA", "Midland", POSSIBLY),
    "an unnamed part of a shared subdivision": ("WEST", "AA", "Midland/Hills", POSSIBLY),
    "another's subdivision": ("WEST", "AA", "East Land", NOT_COMPETENT),
    "the rest, named": ("EMBASSY", "AA", "Capital District", COMPETENT),
    "the rest, shared": ("EMBASSY", "AA", "Midland", POSSIBLY),
    "excluded from the rest": ("EMBASSY", "AA", "Westland", NOT_COMPETENT),
    "excluded in part": ("EMBASSY", "AA", "Midland/Lake", NOT_COMPETENT),
    "no subdivision, a consul": ("EAST", "AA", None, POSSIBLY),
    "no subdivision, the embassy": ("EMBASSY", "AA", None, POSSIBLY),
    "an empty subdivision": ("EAST", "AA", "", POSSIBLY),
    "a misspelt subdivision": ("EAST", "AA", "Eastlnd", POSSIBLY),
    "a misspelt subdivision, a mission elsewhere": ("NEIGHBOUR", "AA", "Eastlnd", NOT_COMPETENT),
    "other case and spacing": ("EAST", "AA", "  EAST-land ", COMPETENT),
    "accents": ("EAST", "AA", "Éàst Lånd", COMPETENT),
    "full-width": ("EAST", "AA", "Ｅａｓｔ Ｌａｎｄ", COMPETENT),
    "the whole of its country": ("NEIGHBOUR", "BB", None, COMPETENT),
    "anywhere in the whole of its country": ("NEIGHBOUR", "BB", "Nowhere in the table", COMPETENT),
    "another country": ("NEIGHBOUR", "AA", None, NOT_COMPETENT),
    "a country in nobody's area": ("NEIGHBOUR", "ZZ", None, POSSIBLY),
    "an embassy without a post": ("ON-PAPER", "CC", None, COMPETENT),
    "the country of an embassy without a post": ("NEIGHBOUR", "CC", None, POSSIBLY),
    "a mission without an area": ("DELEGATION", "AA", "Westland", NOT_COMPETENT),
    "a mission closed since": ("CLOSED", "AA", "Midland", NOT_COMPETENT),
    "a mission closed since, nobody's country": ("CLOSED", "ZZ", None, NOT_COMPETENT),
    "a mission never known": ("NOBODY", "AA", "Westland", NOT_COMPETENT),
}


@pytest.mark.parametrize(("code", "country", "subdivision", "expected"), PLACES.values(), ids=PLACES)
def test_a_mission_is_competent_for_the_places_of_its_area(code, country, subdivision, expected):
    assert TABLE.competence(code, country, subdivision, DAY) is expected


DAYS = {
    "before it opened": ("LATER", "DD", OPENED - timedelta(days=1), NOT_COMPETENT),
    "from the day it opened": ("LATER", "DD", OPENED, COMPETENT),
    "the day before it closed": ("CLOSED", "AA", CLOSED - timedelta(days=1), POSSIBLY),
    "from the day it closed": ("CLOSED", "AA", CLOSED, NOT_COMPETENT),
    "the day before the area was redrawn": ("WEST", "EE", REDRAWN - timedelta(days=1), COMPETENT),
    "the day the area was redrawn, old": ("WEST", "EE", REDRAWN, NOT_COMPETENT),
    "the day the area was redrawn, new": ("EAST", "EE", REDRAWN, COMPETENT),
    "before the new consul had the area": ("EAST", "EE", REDRAWN - timedelta(days=1), NOT_COMPETENT),
}


@pytest.mark.parametrize(("code", "country", "on", "expected"), DAYS.values(), ids=DAYS)
def test_competence_is_that_of_the_day(code, country, on, expected):
    assert TABLE.competence(code, country, None, on) is expected


def test_while_the_country_has_no_open_mission_every_other_one_is_possibly_competent():
    assert TABLE.competence("EAST", "DD", None, OPENED - timedelta(days=1)) is POSSIBLY


CANDIDATES = {
    "certain": ("AA", "Westland", ("WEST",)),
    "shared": ("AA", "Midland", ("EMBASSY", "WEST")),
    "unknown subdivision": ("AA", None, ("EAST", "EMBASSY", "WEST")),
    "whole country": ("BB", "Anywhere", ("NEIGHBOUR",)),
    "an embassy without a post": ("CC", None, ("ON-PAPER",)),
    "nobody's": ("ZZ", None, ()),
}


@pytest.mark.parametrize(("country", "subdivision", "expected"), CANDIDATES.values(), ids=CANDIDATES)
def test_the_missions_that_come_into_question_for_a_place_are_named(country, subdivision, expected):
    assert TABLE.candidates(country, subdivision, DAY) == expected


def test_a_mission_that_is_certainly_competent_is_named_before_those_that_possibly_are():
    table = MissionTable([mission("A"), mission("B")], [area("A", "North"), area("B")])
    assert table.candidates("AA", None, DAY) == ("B", "A")


@given(st.sampled_from("ABCDEZ"), st.none() | st.text() | st.sampled_from(["Westland", "Midland/Lake", "Midland/x/y"]))
def test_every_candidate_is_at_least_possibly_competent_whatever_is_written(letter, subdivision):
    for code in TABLE.candidates(letter * 2, subdivision, DAY):
        assert TABLE.competence(code, letter * 2, subdivision, DAY) is not NOT_COMPETENT


@given(st.text())
def test_a_subdivision_that_the_table_does_not_know_refuses_no_mission_of_that_country(subdivision):
    for code in ("EMBASSY", "WEST", "EAST"):
        assert TABLE.competence(code, "AA", f"Q{subdivision}", DAY) is POSSIBLY


# ---------------------------------------------------------------- missions

RENAMED = Mission(
    code="TAIPEI",
    kind=MissionKind.EXCHANGE_ASSOCIATION,
    names=(
        MissionName(name="交流協会", valid_to=date(2017, 1, 1)),
        MissionName(name="日本台湾交流協会", valid_from=date(2017, 1, 1)),
    ),
    country="TW",
    place="台北",
)


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2016, 12, 31), "交流協会"), (date(2017, 1, 1), "日本台湾交流協会")],
    ids=["the day before", "the day of the new name"],
)
def test_a_mission_is_called_as_it_was_called_on_the_day(day, name):
    assert RENAMED.name_on(day) == name


def test_a_mission_whose_names_leave_a_gap_goes_by_its_last_name():
    gap = Mission(
        code="GAP",
        kind=MissionKind.EMBASSY,
        names=(MissionName(name="古", valid_to=OPENED), MissionName(name="新", valid_from=CLOSED)),
        country="AA",
        place="都",
    )
    assert gap.name_on(REDRAWN) == "新"


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("EMBASSY", DAY, True),
        ("LATER", OPENED - timedelta(days=1), False),
        ("LATER", OPENED, True),
        ("CLOSED", CLOSED - timedelta(days=1), True),
        ("CLOSED", CLOSED, False),
        ("NOBODY", DAY, False),
    ],
)
def test_a_mission_is_open_from_its_first_day_to_the_one_before_it_closed(code, day, expected):
    assert TABLE.open_on(code, day) is expected


def test_a_closed_mission_is_still_found_and_one_never_known_is_not():
    assert TABLE.find("CLOSED").closed == CLOSED
    assert TABLE.find("NOBODY") is None
    assert "CLOSED" in {found.code for found in TABLE}


@pytest.mark.parametrize(
    ("missions", "areas", "complaint"),
    [
        ([mission("A"), mission("A")], [], "A: two missions"),
        ([mission("A")], [area("B")], "B: an area"),
    ],
    ids=["two of one code", "an area of nobody"],
)
def test_a_table_that_contradicts_itself_is_not_built(missions, areas, complaint):
    with pytest.raises(ValueError, match=complaint):
        MissionTable(missions, areas)


# ---------------------------------------------------------------- two clocks

NEW_YORK_IN_SUMMER, KIRITIMATI, SAMOA = (timezone(timedelta(hours=hours)) for hours in (-4, 14, -11))


@pytest.mark.parametrize(
    ("moment", "offset", "local", "japan"),
    [
        (datetime(2024, 3, 31, 14, 59, tzinfo=UTC), NEW_YORK_IN_SUMMER, date(2024, 3, 31), date(2024, 3, 31)),
        (datetime(2024, 3, 31, 15, 0, tzinfo=UTC), NEW_YORK_IN_SUMMER, date(2024, 3, 31), date(2024, 4, 1)),
        (datetime(2024, 3, 31, 10, 0, tzinfo=UTC), KIRITIMATI, date(2024, 4, 1), date(2024, 3, 31)),
        (datetime(2024, 3, 31, 15, 0, tzinfo=UTC), SAMOA, date(2024, 3, 31), date(2024, 4, 1)),
        (datetime(2024, 4, 1, 0, 30, tzinfo=KIRITIMATI), NEW_YORK_IN_SUMMER, date(2024, 3, 31), date(2024, 3, 31)),
    ],
    ids=["before midnight in Japan", "midnight in Japan", "east of Japan", "west of all", "given in a third zone"],
)
def test_one_moment_has_a_date_at_the_mission_and_a_date_in_japan(moment, offset, local, japan):
    assert two_clocks(moment, offset) == TwoClocks(local_date=local, japan_date=japan)


def test_a_moment_that_does_not_name_its_time_zone_is_an_error_of_the_program():
    with pytest.raises(ValueError, match="time zone"):
        two_clocks(datetime(2024, 4, 1, 9, 0), NEW_YORK_IN_SUMMER)  # noqa: DTZ001 - a moment without zone is the case


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), st.integers(-12 * 60, 14 * 60))  # noqa: DTZ001 - the strategy sets the zone
def test_the_two_dates_of_a_moment_are_at_most_one_day_apart(moment, minutes):
    clocks = two_clocks(moment.replace(tzinfo=UTC), timezone(timedelta(minutes=minutes)))
    assert abs(clocks.local_date - clocks.japan_date) <= timedelta(days=1)
