"""Whose mission changes when areas are redrawn: sentences as ids, the days and missions in the rows."""

from datetime import date, timedelta

import pytest

from registry.domain.area_change import AreaChange
from registry.domain.basic_four import AddressAbroad
from registry.domain.mission import ConsularArea, Mission, MissionKind, MissionName, MissionTable
from registry.domain.movement import MovementKind, SourceKind
from registry.domain.timeline import fold
from tests.builders import movement, statement

DAY = date(2025, 4, 1)
TODAY = date(2025, 6, 1)
K = MovementKind


def mission(code, **rest):
    names = (MissionName(name=code),)
    return Mission(code=code, kind=MissionKind.CONSULATE_GENERAL, names=names, country="US", place="", **rest)


def area(code, subdivision=None, country="US", **rest):
    return ConsularArea(mission=code, country=country, subdivision=subdivision, **rest)


EVERYBODY = ("NORTH", "SOUTH", "CLOSING")
BEFORE = MissionTable(
    [*map(mission, EVERYBODY), mission("PAPER", concurrent=True), mission("FAR")],
    [
        area("NORTH", "Maine"),
        area("NORTH", "Ohio"),
        area("NORTH", "Utah"),
        area("SOUTH", "Texas"),
        area("CLOSING", "Iowa"),
        area("CLOSING", "Nevada"),
        area("PAPER", country="BT"),
        area("FAR", country="FR"),
    ],
)
AFTER = MissionTable(
    [mission("NORTH"), mission("SOUTH"), mission("CLOSING", closed=DAY), mission("PAPER"), mission("FAR")],
    [
        area("NORTH", "Maine"),
        area("NORTH", "Ohio", valid_to=DAY),
        area("NORTH", "Utah", valid_to=DAY),
        area("NORTH", "Utah/Kane", valid_from=DAY),
        area("SOUTH", "Utah/Daggett", valid_from=DAY),
        area("SOUTH", "Ohio", valid_from=DAY),
        area("SOUTH", "Texas"),
        area("CLOSING", "Iowa"),
        area("SOUTH", "Iowa", valid_from=DAY),
        area("CLOSING", "Nevada"),
        area("PAPER", country="BT"),
        area("FAR", country="FR"),
    ],
)
CHANGE = AreaChange(BEFORE, AFTER, DAY)


def lives(place, at="NORTH", kind=K.RESIDENCE_REPORTED, effective="2020-04-01", **fields):
    country, _, subdivision = place.partition(" ")
    where = AddressAbroad(country=country, subdivision=subdivision, city="City") if place else None
    return movement(kind, effective, statement=statement(address_abroad=where, mission=at, **fields))


RECORDS = {
    "an area that stays": ([lives("US Maine")], [], False),
    "an area that moves": ([lives("US Ohio")], [("2025-04-01", "NORTH", "SOUTH")], False),
    "an area that moves, arrival after the change": (
        [lives("US Ohio", effective="2025-05-01")],
        [("2025-05-01", "NORTH", "SOUTH")],
        False,
    ),
    "an area that moves, two reports to the old mission": (
        [lives("US Ohio"), lives("US Ohio", kind=K.ADDRESS_CHANGED, effective="2025-05-01")],
        [("2025-04-01", "NORTH", "SOUTH"), ("2025-05-01", "NORTH", "SOUTH")],
        False,
    ),
    "moved there and away again before the change": (
        [lives("US Ohio"), lives("US Maine", kind=K.ADDRESS_CHANGED, effective="2024-05-01")],
        [],
        False,
    ),
    "moved away after the change": (
        [lives("US Ohio"), lives("US Maine", kind=K.ADDRESS_CHANGED, effective="2025-05-01")],
        [("2025-04-01", "NORTH", "SOUTH")],
        False,
    ),
    "home again before the change": ([lives("US Ohio"), movement(K.RETURNED, "2025-03-31")], [], False),
    "home again after the change": (
        [lives("US Ohio"), movement(K.RETURNED, "2025-05-01")],
        [("2025-04-01", "NORTH", "SOUTH")],
        False,
    ),
    "presumed departed": (
        [lives("US Ohio"), movement(K.PRESUMED_DEPARTED, "2025-01-01")],
        [("2025-04-01", "NORTH", "SOUTH")],
        False,
    ),
    "an area split, and the part unknown": ([lives("US Utah")], [], True),
    "an area split, the part known": ([lives("US Utah/Daggett")], [("2025-04-01", "NORTH", "SOUTH")], False),
    "an area split, the part stays": ([lives("US Utah/Kane")], [], False),
    "a mission that closes, its area given away": (
        [lives("US Iowa", "CLOSING")],
        [("2025-04-01", "CLOSING", "SOUTH")],
        False,
    ),
    "a mission that closes, its area nobody's": ([lives("US Nevada", "CLOSING")], [], True),
    "no address, at a mission that loses something": ([lives("", "NORTH")], [], True),
    "no address, at a mission that only gains": ([lives("", "SOUTH")], [], False),
    "no mission yet": ([movement(K.MOVED_ABROAD, statement=statement(mission=None, address_abroad=None))], [], False),
    "vague before and after": ([lives("US", "SOUTH")], [], False),
    "a country that now has a post": ([lives("BT", "FAR")], [("2025-04-01", "FAR", "PAPER")], False),
    "a part moves and then people decide of another": (
        [lives("US Ohio"), lives("US Utah", kind=K.ADDRESS_CHANGED, effective="2025-05-01")],
        [("2025-04-01", "NORTH", "SOUTH")],
        True,
    ),
    "a move that lies ahead": (
        [lives("US Maine"), lives("US Ohio", kind=K.MOVED_BETWEEN_AREAS, effective="2025-07-01")],
        [],
        False,
    ),
}


@pytest.mark.parametrize(("movements", "expected", "uncertain"), RECORDS.values(), ids=RECORDS)
def test_a_record_goes_where_its_address_certainly_lies_or_to_people(movements, expected, uncertain):
    result = CHANGE.reassign(movements, "s-import", TODAY)
    made = [
        (one.effective.iso(), left, one.statement.mission)
        for one, left in zip(result.movements, result.left, strict=True)
    ]
    assert made == expected
    assert result.is_uncertain is uncertain


@pytest.mark.parametrize(
    ("movements", "uncertain"), [(movements, uncertain) for movements, _, uncertain in RECORDS.values()], ids=RECORDS
)
def test_a_second_run_finds_nothing_to_move(movements, uncertain):
    added = CHANGE.reassign(movements, "s-import", TODAY).movements
    again = CHANGE.reassign([*movements, *added], "s-again", TODAY + timedelta(days=1))
    assert again.movements == ()
    assert again.is_uncertain is uncertain


def test_the_correction_is_ex_officio_and_states_the_mission_and_nothing_else():
    (made,) = CHANGE.reassign([lives("US Ohio")], "s-import", TODAY).movements
    assert (made.kind, made.source.kind) == (K.CORRECTED_EX_OFFICIO, SourceKind.EX_OFFICIO)
    assert made.statement.stated == {"mission"}
    assert (made.submission_id, made.notified_on) == ("s-import", TODAY)


def test_a_second_change_of_the_same_day_takes_the_place_of_the_first():
    lived = lives("US Ohio")
    (wrong,) = CHANGE.reassign([lived], "z-import", TODAY).movements
    back = AreaChange(AFTER, BEFORE, DAY)
    (mended,) = back.reassign([lived, wrong], "a-import", TODAY).movements
    assert (mended.replaces, mended.statement.mission) == (wrong.movement_id, "NORTH")
    assert fold([lived, wrong, mended]).last.state.mission == "NORTH"
    assert back.reassign([lived, wrong, mended], "again", TODAY).movements == ()


def test_the_mission_is_the_old_one_until_the_day_and_the_new_one_from_it():
    lived = lives("US Ohio")
    timeline = fold([lived, *CHANGE.reassign([lived], "s-import", TODAY).movements])
    missions = {on: timeline.on(on)[0][0].state.mission for on in (DAY - timedelta(days=1), DAY)}
    assert list(missions.values()) == ["NORTH", "SOUTH"]
    assert timeline.last.disputed == frozenset()


MISSIONS_CONCERNED = {
    "nothing": (BEFORE, BEFORE, set()),
    "areas of one country": (
        BEFORE,
        MissionTable(BEFORE, [one for one in BEFORE.areas if one.subdivision != "Texas"]),
        {"NORTH", "SOUTH", "CLOSING"},
    ),
    "a country without a post gets one": (BEFORE, AFTER, None),
    "a country that nobody had": (BEFORE, MissionTable(BEFORE, [*BEFORE.areas, area("FAR", country="MC")]), None),
    "a mission without area closes": (
        MissionTable([mission("FAR")], []),
        MissionTable([mission("FAR", closed=DAY)], []),
        {"FAR"},
    ),
}


@pytest.mark.parametrize(("before", "after", "concerned"), MISSIONS_CONCERNED.values(), ids=MISSIONS_CONCERNED)
def test_only_the_people_of_missions_in_the_country_are_looked_at(before, after, concerned):
    assert AreaChange(before, after, DAY).missions == (None if concerned is None else frozenset(concerned))
