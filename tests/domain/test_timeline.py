"""The fold: order, possible worlds, replacement and contradiction, held against a model that tries every world."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import AddressAbroad, PersonName
from registry.domain.date_reading import read
from registry.domain.dates import Answer, DayRange, IncompleteDate, Precision
from registry.domain.movement import RESIDENCE, Contact, Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.numbers import NumberReason
from registry.domain.resident import Status
from registry.domain.timeline import Conflict, fold
from tests.builders import (
    CHIYODA,
    CODE,
    EX_OFFICIO,
    HANAKO,
    MISSION,
    MUNICIPALITY,
    NEW_YORK,
    NUMBER,
    OTHER_CODE,
    OTHER_NUMBER,
    movement,
    statement,
)

START = date(2024, 1, 1)
PARIS = AddressAbroad(country="FR", city="Paris")
RESIDENT = Source(kind=SourceKind.RESIDENT)
K = MovementKind


def day(number):
    return START + timedelta(days=number)


@st.composite
def movements(draw, kinds=tuple(K), horizon=6, longest=6):
    """A handful of movements whose dates crowd on a few days, so that every tie and overlap occurs."""
    made = []
    for index in range(draw(st.integers(0, longest))):
        first, last = sorted((draw(st.integers(0, horizon)), draw(st.integers(0, horizon))))
        kind = draw(st.sampled_from(kinds))
        replaces = draw(st.sampled_from([None, None, *(one.movement_id for one in made)]))
        made.append(
            Movement(
                movement_id=f"m{index}",
                submission_id=f"s{draw(st.integers(0, 3))}",
                kind=kind,
                effective=IncompleteDate("", precision=Precision.BETWEEN, earliest=day(first), latest=day(last)),
                notified_on=day(draw(st.integers(first, horizon + 2))),
                source=draw(st.sampled_from([MISSION, MUNICIPALITY, EX_OFFICIO])),
                statement=draw(
                    st.sampled_from(
                        [
                            Statement(),
                            Statement(name=HANAKO, address_abroad=NEW_YORK),
                            Statement(name=PersonName(surname="山田", given="花子"), address_abroad=PARIS),
                            Statement(birth_date=read("1985-03-07")),
                            Statement(birth_date=read("1985-03-00")),
                        ]
                    )
                ),
                replaces=replaces,
            )
        )
    return made


@given(movements(), st.randoms())
def test_any_permutation_of_the_same_movements_gives_the_same_versions(made, random):
    shuffled = list(made)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(made)


@given(movements())
def test_no_accepted_movement_is_lost(made):
    timeline = fold(made)
    applied = {version.made_by for version in timeline.versions}
    not_allowed = {one.other for one in timeline.contradictions if one.conflict is Conflict.NOT_ALLOWED_IN_STATUS}
    annulments = {one.movement_id for one in made if one.kind is K.ANNULLED}
    everything = {one.movement_id for one in made}
    assert applied | not_allowed | timeline.superseded | annulments == everything
    assert not applied & timeline.superseded
    assert not applied & not_allowed


@given(movements())
def test_certain_ranges_never_overlap_and_lie_within_the_possible(made):
    versions = fold(made).versions
    for index, version in enumerate(versions):
        assert not any(version.certain.meets(later.certain) for later in versions[index + 1 :])
        if not version.certain.is_empty:
            assert version.possible.first <= version.certain.first
            assert version.possible.end is None or version.certain.end <= version.possible.end


def worlds(made):
    """Every way to give each movement a day of its range while the days keep the order: the definition itself."""
    ranges = [[one.earliest + timedelta(days=n) for n in range((one.latest - one.earliest).days + 1)] for one in made]
    return [days for days in product(*ranges) if list(days) == sorted(days)]


@given(movements(kinds=(K.RESIDENCE_REPORTED, K.ADDRESS_CHANGED, K.NAME_CHANGED), horizon=4, longest=4))
def test_ranges_say_what_trying_every_possible_world_says(made):
    timeline = fold(made)
    by_id = {one.movement_id: one for one in made}
    ordered = [by_id[version.made_by] for version in timeline.versions]
    every_world = worlds(ordered)
    for number in range(-1, 9):
        held = [next((i for i in reversed(range(len(days))) if days[i] <= day(number)), None) for days in every_world]
        for index, version in enumerate(timeline.versions):
            assert version.certain.holds(day(number)) == all(one == index for one in held)
            assert version.possible.holds(day(number)) == any(one == index for one in held)


@given(movements())
def test_on_any_day_at_most_one_version_is_certain_and_then_it_stands_alone(made):
    timeline = fold(made)
    for number in range(-1, 10):
        answers = timeline.on(day(number))
        if any(answer is Answer.YES for _, answer in answers):
            assert len(answers) == 1


def test_a_late_report_takes_its_place_in_valid_time():
    settled = movement(effective="2020-04-01", statement=statement())
    moved = movement(K.ADDRESS_CHANGED, "2023-06-01", statement=Statement(address_abroad=PARIS))
    late = movement(K.ADDRESS_CHANGED, "2021-09-01", statement=Statement(address_abroad=NEW_YORK))
    before, after = fold([settled, moved]), fold([settled, moved, late])
    assert before.last.state == after.last.state
    assert [version.certain.first for version in after.versions] == [
        date(2020, 4, 1),
        date(2021, 9, 1),
        date(2023, 6, 1),
    ]


def test_what_has_happened_cannot_be_later_than_its_notification():
    died = movement(K.DIED, "令和5年3月日不詳", notified_on=date(2023, 3, 12))
    version = fold([died]).last
    assert version.possible == DayRange(date(2023, 3, 1), None)
    assert version.certain == DayRange(date(2023, 3, 12), None)


def test_a_planned_departure_may_lie_after_its_notification():
    planned = movement(
        K.MOVED_ABROAD, "2024-04-10", notified_on=date(2024, 3, 28), source=MUNICIPALITY, statement=statement()
    )
    assert fold([planned]).last.certain.first == date(2024, 4, 10)


def test_a_correction_takes_the_place_of_what_it_replaces():
    wrong = movement(effective="2020-04-01", movement_id="wrong", statement=statement(address_abroad=PARIS))
    right = movement(effective="2020-05-01", replaces="wrong", statement=statement())
    timeline = fold([wrong, right])
    assert [version.state.address_abroad for version in timeline.versions] == [NEW_YORK]
    assert timeline.superseded == {"wrong"}


def test_annulling_an_annulment_revives_the_movement():
    first = movement(movement_id="m1", statement=statement())
    annulled = movement(K.ANNULLED, movement_id="m2", replaces="m1")
    taken_back = movement(K.ANNULLED, movement_id="m3", replaces="m2")
    assert fold([first, annulled]).versions == ()
    assert fold([first, annulled, taken_back]).versions == fold([first]).versions


def test_correcting_a_correction_does_not_revive_the_movement():
    first = movement(movement_id="m1", statement=statement(address_abroad=PARIS))
    corrected = movement(movement_id="m2", replaces="m1", statement=statement(address_abroad=PARIS))
    again = movement(movement_id="m3", replaces="m2", statement=statement())
    timeline = fold([first, corrected, again])
    assert [version.made_by for version in timeline.versions] == ["m3"]
    assert timeline.superseded == {"m1", "m2"}


def test_annulling_a_correction_revives_what_it_corrected():
    first = movement(movement_id="m1", statement=statement())
    corrected = movement(movement_id="m2", replaces="m1", statement=statement(address_abroad=PARIS))
    annulled = movement(K.ANNULLED, movement_id="m3", replaces="m2")
    assert fold([first, corrected, annulled]).versions == fold([first]).versions


def held_by_another(one, made):
    """Whether another movement holds the place of this one: the definition itself."""
    return any(holds(other, made) for other in made if other.replaces == one.movement_id)


def holds(one, made):
    corrections = [other for other in made if other.replaces == one.movement_id and other.kind is not K.ANNULLED]
    return not held_by_another(one, made) or any(holds(other, made) for other in corrections)


@given(movements(kinds=(K.RESIDENCE_REPORTED, K.ANNULLED), longest=8))
def test_a_movement_is_dead_exactly_while_another_holds_its_place(made):
    assert fold(made).superseded == {one.movement_id for one in made if held_by_another(one, made)}


def test_two_movements_of_one_day_leave_the_first_no_day_at_all():
    settled = movement(effective="2020-04-01", statement=statement())
    renamed = movement(K.NAME_CHANGED, "2020-04-01", statement=Statement(name=PersonName(surname="山田")))
    timeline = fold([renamed, settled])
    assert timeline.versions[0].possible.is_empty
    assert timeline.versions[1].state.name.surname == "山田"


CHIYODA_MOVED = {"source": MUNICIPALITY, "statement": Statement(last_address=CHIYODA, name=HANAKO)}


def test_the_planned_departure_of_a_removed_record_does_not_hide_a_resident_already_reported():
    arrived = movement(effective="2020-04-01", statement=statement())
    removed = movement(K.MOVED_ABROAD, "2020-04-05", **CHIYODA_MOVED)
    assert fold([arrived, removed]).last.status is Status.RESIDENT_ABROAD


def test_a_contradiction_shows_the_source_that_ranks_higher_and_marks_the_field():
    removed = movement(
        K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=Statement(birth_date=read("1985-03-07"))
    )
    reported = movement(effective="2020-04-01", statement=statement(birth_date=read("1986-03-07")))
    timeline = fold([removed, reported])
    assert timeline.last.state.birth_date == read("1985-03-07")
    assert timeline.last.disputed == {"birth_date"}
    assert [(one.field, one.shown, one.other) for one in timeline.contradictions] == [
        ("birth_date", removed.movement_id, reported.movement_id)
    ]


AGREEING = {
    "a variant of the character": {"name": PersonName(surname="高崎", given="花子")},
    "a less precise date": {"birth_date": read("1985-03-00")},
    "a name in Latin letters only": {"name": PersonName(surname_latin="TAKASAKI", given_latin="HANAKO")},
}


@pytest.mark.parametrize("fields", AGREEING.values(), ids=AGREEING)
def test_a_statement_that_can_be_true_as_well_contradicts_nothing(fields):
    removed = movement(K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=statement(address_abroad=None))
    reported = movement(effective="2020-04-01", statement=statement(**fields))
    timeline = fold([removed, reported])
    assert timeline.contradictions == ()
    assert timeline.last.state.name.surname == "髙﨑"
    assert timeline.last.state.birth_date == read("1985-03-07")


def test_a_name_keeps_the_scripts_that_only_the_other_source_knew():
    removed = movement(K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=Statement(name=HANAKO))
    latin = PersonName(surname="高崎", given="花子", surname_latin="TAKASAKI", given_latin="HANAKO")
    name = fold([removed, movement(statement=statement(name=latin))]).last.state.name
    assert (name.surname, name.surname_kana, name.surname_latin) == ("髙﨑", "タカサキ", "TAKASAKI")


def test_an_ex_officio_correction_settles_a_dispute():
    removed = movement(
        K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=Statement(birth_date=read("1985-03-07"))
    )
    reported = movement(effective="2020-04-01", statement=statement(birth_date=read("1986-03-07")))
    settled = movement(
        K.CORRECTED_EX_OFFICIO,
        "2020-05-01",
        source=EX_OFFICIO,
        statement=Statement(birth_date=read("1986-03-07")),
    )
    last = fold([removed, reported, settled]).last
    assert last.disputed == frozenset()
    assert last.state.birth_date == read("1986-03-07")


def test_a_fact_after_death_is_kept_as_a_contradiction_and_changes_nothing():
    died = movement(K.DIED, "2021-01-01")
    moved = movement(K.ADDRESS_CHANGED, "2022-01-01", statement=Statement(address_abroad=PARIS))
    timeline = fold([movement(statement=statement()), died, moved])
    assert timeline.last.status is Status.DECEASED
    assert [(one.conflict, one.other) for one in timeline.contradictions] == [
        (Conflict.NOT_ALLOWED_IN_STATUS, moved.movement_id)
    ]


DEATHS = {
    "the same day": ("2021-01-05", "2021-01-05", []),
    "a day within the month": ("2021-01-00", "2021-01-05", []),
    "about that day": ("2021年1月頃", "2021-02-10", []),
    "two days": ("2021-01-05", "2021-01-06", [Conflict.DAYS_DIFFER]),
    "another month": ("2021-01-00", "2021-02-01", [Conflict.DAYS_DIFFER]),
}


@pytest.mark.parametrize(("one", "other", "conflicts"), DEATHS.values(), ids=DEATHS)
def test_nobody_dies_on_two_days(one, other, conflicts):
    deaths = [movement(K.DIED, one), movement(K.DIED, other, source=MUNICIPALITY, movement_id="m2")]
    timeline = fold([movement(statement=statement()), *deaths])
    assert timeline.last.status is Status.DECEASED
    assert [found.conflict for found in timeline.contradictions] == conflicts


ENDS_OF_A_STAY = (K.RETURNED, K.REMOVED_EX_OFFICIO)


@pytest.mark.parametrize("end", ENDS_OF_A_STAY)
def test_a_new_stay_knows_no_address_of_the_one_before(end):
    here = movement(statement=statement(contact=Contact(email="hanako@example.jp")))
    over = movement(end, "2021-01-01")
    again = movement(K.MOVED_ABROAD, "2022-01-01", source=MUNICIPALITY, statement=Statement(name=HANAKO))
    _, ended, last = fold([here, over, again]).versions
    assert ended.state.address_abroad == NEW_YORK
    assert last.state.stated & RESIDENCE == frozenset()
    assert (last.status, last.last_confirmed, last.state.last_address) == (Status.PROVISIONAL, None, CHIYODA)


def test_who_cannot_be_reached_has_not_confirmed_anything():
    unreachable = movement(K.UNREACHABLE, "2021-01-01", notified_on=date(2021, 2, 1))
    last = fold([movement(notified_on=date(2020, 4, 10), statement=statement()), unreachable]).last
    assert (last.status, last.last_confirmed) == (Status.RESIDENT_ABROAD, date(2020, 4, 10))


NUMBERS = {
    "個人番号": ("individual_number", NUMBER, OTHER_NUMBER),
    "住民票コード": ("resident_record_code", CODE, OTHER_CODE),
}


@pytest.mark.parametrize(("field", "first", "second"), NUMBERS.values(), ids=NUMBERS)
def test_two_numbers_from_two_missions_contradict_each_other(field, first, second):
    one = movement(effective="2020-04-01", statement=statement(**{field: first}))
    other = movement(effective="2021-04-01", statement=statement(**{field: second}))
    assert fold([one, other]).last.disputed == {field}
    assert fold([one, movement(effective="2021-04-01", statement=statement(**{field: first}))]).last.disputed == set()


def test_a_number_changed_by_a_movement_of_its_own_contradicts_nothing():
    changed = movement(
        K.INDIVIDUAL_NUMBER_RECORDED,
        "2021-04-01",
        source=MUNICIPALITY,
        statement=Statement(individual_number=OTHER_NUMBER, number_reason=NumberReason.CHANGE_REQUEST),
    )
    last = fold([movement(effective="2020-04-01", statement=statement(individual_number=NUMBER)), changed]).last
    assert (last.state.individual_number, last.disputed) == (OTHER_NUMBER, frozenset())


def test_a_field_stays_disputed_until_every_source_has_come_round():
    removed = movement(
        K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=Statement(birth_date=read("1985-03-07"))
    )
    mission = movement(effective="2020-04-01", statement=statement(birth_date=read("1986-03-07")))
    resident = [
        movement(K.RESIDENCE_CONFIRMED, day, source=RESIDENT, statement=Statement(birth_date=read(birth)))
        for day, birth in (("2021-04-01", "1987-03-07"), ("2022-04-01", "1985-03-07"))
    ]
    came_round = movement(effective="2023-04-01", statement=statement())
    assert fold([removed, mission, *resident]).last.disputed == {"birth_date"}
    assert fold([removed, mission, *resident, came_round]).last.disputed == set()
