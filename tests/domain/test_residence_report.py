"""在留届・変更届・帰国届: what each must contain, at every edge."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import AddressAbroad, PersonName
from registry.domain.civil_status import NameChange, Reporter, Retention
from registry.domain.date_reading import read
from registry.domain.errors import FaultCode
from registry.domain.movement import Contact, MovementKind
from registry.domain.numbers import ResidentRecordCode
from registry.domain.residence_report import (
    LARGEST_HOUSEHOLD,
    NumberCheck,
    ReportedPerson,
    ReportKind,
    ResidenceReport,
    check,
)
from tests.builders import CODE, HANAKO, HONSEKI, MISSIONS, NEW_YORK, NUMBER, person, report

K, R, F = MovementKind, ReportKind, FaultCode
DAY = date(2024, 4, 1)
TODAY = date(2024, 12, 31)
BOSTON = "consulate-general-boston"
CONTACT = Contact(email="hanako@example.jp")
TARO = person(name=PersonName(surname="髙﨑", given="太郎"), birth_date=read("2020-05-10"))


def found(given_report, today=TODAY):
    faults = check(given_report, MISSIONS, today)
    return [(fault.code, fault.pointer) for fault in (*faults.errors, *faults.warnings)]


# ------------------------------------------------------------------------------------------------ the days

STAYS = {
    "one day short of three months": ("2024-01-15", "2024-04-14", [(F.STAY_TOO_SHORT, "/planned_end")]),
    "three months": ("2024-01-15", "2024-04-15", []),
    "a day more": ("2024-01-15", "2024-04-16", []),
    "from the end of November to the last day but one of February": (
        "2023-11-30",
        "2024-02-28",
        [(F.STAY_TOO_SHORT, "/planned_end")],
    ),
    "from the end of November to the last day of February": ("2023-11-30", "2024-02-29", []),
    "leaving on the day of arrival": ("2024-01-15", "2024-01-15", [(F.STAY_TOO_SHORT, "/planned_end")]),
    "leaving the day before": ("2024-01-15", "2024-01-14", [(F.PERIOD_REVERSED, "/planned_end")]),
    "an end some time in the month in which three months end": ("2024-01-15", "2024-04-00", []),
    "an end some time in the month before": ("2024-01-15", "2024-03-00", [(F.STAY_TOO_SHORT, "/planned_end")]),
    "an arrival some time in the month: it may have been the first": ("2024-01-00", "2024-04-01", []),
    "an arrival some time in the month, and too short even so": (
        "2024-01-00",
        "2024-03-31",
        [(F.STAY_TOO_SHORT, "/planned_end")],
    ),
    "no end known": ("2024-01-15", "0000-00-00", []),
    "until the end of time": ("2024-01-15", "2199-12-31", []),
    "for ever, from the last day there is": (
        "2199-12-31",
        "2199-12-31",
        [(F.DATE_IN_THE_FUTURE, "/notified_on"), (F.STAY_TOO_SHORT, "/planned_end")],
    ),
}


@pytest.mark.parametrize(("arrival", "end", "faults"), STAYS.values(), ids=STAYS)
def test_only_a_stay_of_three_months_or_more_is_reported(arrival, end, faults):
    assert found(report(effective=arrival, planned_end=read(end))) == faults


def test_a_stay_without_planned_end_is_no_short_stay():
    assert found(report()) == []


AHEAD, ONE_MORE = timedelta(days=90), timedelta(days=91)
TOO_EARLY = [(F.DATE_AFTER_NOTIFICATION, "/effective")]
MOVED = {"address_abroad": NEW_YORK, "came_from": BOSTON}

PLANNED = {
    "在留届 90 days ahead": (R.RESIDENCE, AHEAD, {}, []),
    "在留届 91 days ahead": (R.RESIDENCE, ONE_MORE, {}, TOO_EARLY),
    "帰国届 90 days ahead": (R.RETURN, AHEAD, {}, []),
    "帰国届 91 days ahead": (R.RETURN, ONE_MORE, {}, TOO_EARLY),
    "a move between areas, reported before it": (R.CHANGE, AHEAD, MOVED, []),
    "a move between areas, 91 days before it": (R.CHANGE, ONE_MORE, MOVED, TOO_EARLY),
    "a change of address on the day": (R.CHANGE, timedelta(), {"address_abroad": NEW_YORK}, []),
    "a change of address tomorrow": (R.CHANGE, timedelta(days=1), {"address_abroad": NEW_YORK}, TOO_EARLY),
    "a planned trip that was dropped": (R.ANNULMENT, ONE_MORE, {"replaces": "s1"}, []),
}


@pytest.mark.parametrize(("kind", "ahead", "fields", "faults"), PLANNED.values(), ids=PLANNED)
def test_arriving_and_leaving_may_be_reported_ahead_and_nothing_else(kind, ahead, fields, faults):
    assert found(report(kind, "2024-06-30", notified_on=date(2024, 6, 30) - ahead, **fields)) == faults


def test_with_a_planned_move_no_change_of_name_is_reported():
    moving = report(
        R.CHANGE, "2024-06-30", notified_on=DAY, **MOVED, people=(person(new_name=HANAKO, new_honseki=HONSEKI),)
    )
    assert found(moving) == [
        (F.DATE_AFTER_NOTIFICATION, "/people/0/new_name"),
        (F.DATE_AFTER_NOTIFICATION, "/people/0/new_honseki"),
    ]


LATE = {
    "90 days after": ("2024-04-01", date(2024, 6, 30), []),
    "91 days after": ("2024-04-01", date(2024, 7, 1), [(F.REPORTED_LATE, "/effective")]),
    "90 days after the last day it may have been": ("2024-03-00", date(2024, 6, 29), []),
    "91 days after the last day it may have been": ("2024-03-00", date(2024, 6, 30), [(F.REPORTED_LATE, "/effective")]),
    "thirty years after": ("1994-04-01", date(2024, 4, 1), [(F.REPORTED_LATE, "/effective")]),
}


@pytest.mark.parametrize(("arrival", "notified_on", "faults"), LATE.values(), ids=LATE)
def test_a_late_report_is_marked_and_never_refused(arrival, notified_on, faults):
    made = report(effective=arrival, notified_on=notified_on)
    assert found(made) == faults
    assert not check(made, MISSIONS, TODAY).errors


@pytest.mark.parametrize(
    ("today", "faults"),
    [(DAY - timedelta(days=1), [(F.DATE_IN_THE_FUTURE, "/notified_on")]), (DAY, []), (DAY + timedelta(days=1), [])],
    ids=["the day before", "the day", "the day after"],
)
def test_a_report_is_not_notified_in_the_future_of_the_missions_calendar(today, faults):
    assert found(report(), today) == faults


@given(st.dates(date.min, date.max), st.sampled_from(["2199-12-31", "1873-01-01", "0000-00-00"]), st.sampled_from(R))
def test_no_date_is_too_odd_to_be_checked(notified_on, effective, kind):
    check(report(kind, effective, notified_on=notified_on, planned_end=read(effective)), MISSIONS, date.max)


BEFORE_BIRTH = {
    "the day before the birth": ("2020-05-09", [(F.DATE_BEFORE_BIRTH, "/effective")]),
    "the day of birth": ("2020-05-10", []),
    "the day after": ("2020-05-11", []),
    "a month in which the birth may have been": ("2020-05-00", []),
    "the month before": ("2020-04-00", [(F.DATE_BEFORE_BIRTH, "/effective")]),
}


@pytest.mark.parametrize(("arrival", "faults"), BEFORE_BIRTH.values(), ids=BEFORE_BIRTH)
def test_nobody_arrives_before_being_born(arrival, faults):
    assert found(report(effective=arrival, notified_on=date(2020, 6, 1), people=(TARO,))) == faults


@pytest.mark.parametrize("kind", R)
def test_only_who_brings_a_child_in_or_takes_that_back_may_name_a_day_before_its_birth(kind):
    child = person(birth_date=read("2020-05-10"), born_abroad=True)
    found_there = found(report(kind, "2020-05-09", notified_on=date(2020, 6, 1), people=(child,)))
    may = kind in {R.RESIDENCE, R.CHANGE, R.ANNULMENT}
    assert ((F.DATE_BEFORE_BIRTH, "/effective") in found_there) is not may


@pytest.mark.parametrize(
    ("notified_on", "faults"),
    [(date(2020, 5, 9), [(F.DATE_IN_THE_FUTURE, "/people/0/birth_date")]), (date(2020, 5, 10), [])],
    ids=["the day before", "the day"],
)
def test_nobody_is_reported_before_being_born(notified_on, faults):
    child = person(birth_date=read("2020-05-10"), born_abroad=True, retention=Retention(is_needed=False))
    assert found(report(effective="2020-04-01", notified_on=notified_on, people=(child,))) == faults


# --------------------------------------------------------------------------------------------- the mission

BELEM = AddressAbroad(country="BR", city="Belém")
CLOSED = [(F.MISSION_CLOSED, "/mission")]
OPEN_DAYS = {
    "the day before it opened": ("2015-03-31", CLOSED),
    "the day it opened": ("2015-04-01", []),
    "its last day": ("2020-03-31", []),
    "the day it closed": ("2020-04-01", CLOSED),
}


@pytest.mark.parametrize(("day", "faults"), OPEN_DAYS.values(), ids=OPEN_DAYS)
def test_a_closed_mission_takes_no_report(day, faults):
    assert found(report(effective=day, mission="short-lived", address_abroad=BELEM)) == faults


PLACES = {
    "in its area": ({"country": "US", "subdivision": "New York"}, []),
    "in another consul's area": (
        {"country": "US", "subdivision": "Massachusetts"},
        [(F.MISSION_NOT_COMPETENT, "/address_abroad")],
    ),
    "in another country": ({"country": "FR"}, [(F.MISSION_NOT_COMPETENT, "/address_abroad")]),
    "in a country of which nobody is in charge now": (
        {"country": "BR"},
        [(F.COMPETENCE_UNCERTAIN, "/address_abroad/subdivision")],
    ),
    "no subdivision given": ({"country": "US"}, [(F.COMPETENCE_UNCERTAIN, "/address_abroad/subdivision")]),
    "a subdivision nobody knows": (
        {"country": "US", "subdivision": "Newyorkshire"},
        [(F.COMPETENCE_UNCERTAIN, "/address_abroad/subdivision")],
    ),
}


@pytest.mark.parametrize(("place", "faults"), PLACES.values(), ids=PLACES)
def test_a_mission_that_is_possibly_competent_is_warned_and_not_refused(place, faults):
    assert found(report(address_abroad=AddressAbroad(**place))) == faults
    uncertain = F.COMPETENCE_UNCERTAIN in {code for code, _ in faults}
    assert bool(check(report(address_abroad=AddressAbroad(**place)), MISSIONS, TODAY).warnings) is uncertain


def test_a_mission_that_never_was_is_unknown_and_nothing_else():
    assert found(report(mission="embassy-atlantis")) == [(F.MISSION_UNKNOWN, "/mission")]


def test_the_area_come_from_is_one_of_a_mission_that_there_was():
    moved = report(R.CHANGE, came_from="embassy-atlantis", address_abroad=NEW_YORK)
    assert found(moved) == [(F.MISSION_UNKNOWN, "/came_from")]


TWICE = {
    "the same entry": (person(), True),
    "another spelling": (person(name=PersonName(surname="高崎", given="花子")), True),
    "the same number under another name": (
        person(name=PersonName(surname="山田", given="花子"), individual_number=NUMBER),
        True,
    ),
    "a twin": (person(name=PersonName(surname="髙﨑", given="桃子")), False),
    "a namesake of another generation": (person(birth_date=read("1955-03-07")), False),
    "a date of birth that leaves it open": (person(birth_date=read("1985-03-00")), False),
}


@pytest.mark.parametrize(("other", "is_twice"), TWICE.values(), ids=TWICE)
def test_nobody_stands_twice_in_a_report(other, is_twice):
    check_done = NumberCheck(number_checked_by="個人番号カード", identity_checked_by="旅券")
    people = [
        msgspec.structs.replace(one, number_check=check_done if one.individual_number else None)
        for one in (person(individual_number=NUMBER), other)
    ]
    assert found(report(people=tuple(people))) == ([(F.DUPLICATE, "/people/1")] if is_twice else [])


# --------------------------------------------------------------------------------------------- the contents


def child(**retention):
    return person(born_abroad=True, birth_date=read("2023-10-01"), retention=Retention(**retention))


CONTENTS = {
    "在留届 without address": (report(address_abroad=None), [(F.MISSING, "/address_abroad")]),
    "変更届 that changes nothing": (report(R.CHANGE), [(F.MISSING, "")]),
    "変更届 of the contact": (report(R.CHANGE, contact=CONTACT), []),
    "変更届 of the planned end": (report(R.CHANGE, planned_end=read("2030-00-00")), []),
    "変更届 of a passport": (report(R.CHANGE, people=(person(passport_number="TZ1234567"),)), []),
    "変更届 of one name in a household": (report(R.CHANGE, people=(TARO, person(new_name=HANAKO))), []),
    "変更届 of the 本籍": (report(R.CHANGE, people=(person(new_honseki=HONSEKI),)), []),
    "変更届 of a birth": (report(R.CHANGE, people=(child(is_needed=False),)), []),
    "変更届 of a birth, silent about 国籍留保": (
        report(R.CHANGE, people=(person(born_abroad=True),)),
        [(F.RETENTION_UNCERTAIN, "/people/0/retention")],
    ),
    "変更届 of a birth, 国籍留保 too late": (
        report(R.CHANGE, people=(TARO, child(declared_on=date(2024, 3, 1)))),
        [(F.RETENTION_TOO_LATE, "/people/1/retention/declared_on")],
    ),
    "国籍留保 of nobody's birth": (
        report(people=(person(retention=Retention(is_needed=False)),)),
        [(F.NOT_ALLOWED_HERE, "/people/0/retention")],
    ),
    "死亡届": (report(R.DEATH, reported_by=Reporter.RELATIVE), []),
    "死亡届 of two, of whom nobody knows the day": (
        report(R.DEATH, effective="2024年3月頃", people=(person(), TARO), reported_by=Reporter.PUBLIC_OFFICE),
        [],
    ),
    "死亡届 without saying who reports": (report(R.DEATH), [(F.MISSING, "/reported_by")]),
    "死亡届 by the dead": (report(R.DEATH, reported_by=Reporter.SELF), [(F.REPORTER_NOT_ENTITLED, "/reported_by")]),
    "死亡届 for tomorrow, with an address": (
        report(
            R.DEATH,
            effective="2024-04-02",
            notified_on=date(2024, 4, 1),
            address_abroad=NEW_YORK,
            contact=CONTACT,
            planned_end=read("2030-00-00"),
            came_from=BOSTON,
        ),
        [
            (F.DATE_AFTER_NOTIFICATION, "/effective"),
            (F.NOT_ALLOWED_HERE, "/address_abroad"),
            (F.NOT_ALLOWED_HERE, "/came_from"),
            (F.NOT_ALLOWED_HERE, "/contact"),
            (F.NOT_ALLOWED_HERE, "/planned_end"),
            (F.MISSING, "/reported_by"),
        ],
    ),
    "国籍喪失届 by a neighbour": (
        report(R.NATIONALITY_LOST, reported_by=Reporter.OTHER_IN_HOUSEHOLD),
        [(F.REPORTER_NOT_ENTITLED, "/reported_by")],
    ),
    "国籍喪失届": (report(R.NATIONALITY_LOST, reported_by=Reporter.SELF), []),
    "国籍取得届 without the address": (
        report(R.NATIONALITY_REGAINED, reported_by=Reporter.SELF),
        [(F.MISSING, "/address_abroad")],
    ),
    "国籍取得届": (report(R.NATIONALITY_REGAINED, address_abroad=NEW_YORK, reported_by=Reporter.GUARDIAN), []),
    "連絡不能": (report(R.UNREACHABLE), []),
    "連絡不能 that somebody reports": (
        report(R.UNREACHABLE, reported_by=Reporter.SPOUSE),
        [(F.NOT_ALLOWED_HERE, "/reported_by")],
    ),
    "a reason without a new name": (
        report(R.CHANGE, contact=CONTACT, people=(person(name_change=NameChange.MARRIAGE),)),
        [(F.MISSING, "/people/0/new_name")],
    ),
    "a marriage that changes the given name": (
        report(
            R.CHANGE,
            people=(person(new_name=PersonName(surname="山田", given="花"), name_change=NameChange.MARRIAGE),),
        ),
        [(F.NOT_ALLOWED_HERE, "/people/0/new_name/given")],
    ),
    "変更届 to another area without the address there": (
        report(R.CHANGE, came_from=BOSTON, contact=CONTACT),
        [(F.MISSING, "/address_abroad")],
    ),
    "帰国届": (report(R.RETURN), []),
    "帰国届 with an address abroad": (
        report(R.RETURN, address_abroad=NEW_YORK),
        [(F.NOT_ALLOWED_HERE, "/address_abroad")],
    ),
    "取下げ of nothing": (report(R.ANNULMENT), [(F.MISSING, "/replaces")]),
    "取下げ": (report(R.ANNULMENT, replaces="s1"), []),
    "a new name outside a 変更届": (
        report(people=(person(new_name=HANAKO, new_honseki=HONSEKI),)),
        [(F.NOT_ALLOWED_HERE, "/people/0/new_name"), (F.NOT_ALLOWED_HERE, "/people/0/new_honseki")],
    ),
    "a blank name": (report(people=(person(name=PersonName(surname="　")),)), [(F.NAME_MISSING, "/people/0/name")]),
    "a blank new name": (
        report(R.CHANGE, people=(person(new_name=PersonName()),)),
        [(F.NAME_MISSING, "/people/0/new_name")],
    ),
    "a number without 本人確認": (
        report(people=(person(individual_number=NUMBER),)),
        [(F.NUMBER_WITHOUT_PURPOSE, "/people/0/number_check")],
    ),
    "a number with it": (
        report(
            people=(
                person(
                    individual_number=NUMBER,
                    number_check=NumberCheck(number_checked_by="card", identity_checked_by="passport"),
                ),
            )
        ),
        [],
    ),
    "a 住民票コード of the unverified branch": (
        report(people=(person(resident_record_code=ResidentRecordCode.parse("00000000000")),)),
        [(F.CHECK_DIGIT_UNCERTAIN, "/people/0/resident_record_code")],
    ),
    "an ordinary 住民票コード": (report(people=(person(resident_record_code=CODE),)), []),
}


@pytest.mark.parametrize(("given_report", "faults"), CONTENTS.values(), ids=CONTENTS)
def test_each_report_contains_what_the_law_asks_of_it(given_report, faults):
    assert found(given_report) == faults


def test_all_faults_of_a_household_come_at_once():
    worst = report(
        effective="2020-01-01",
        notified_on=TODAY + timedelta(days=1),
        mission="embassy-atlantis",
        address_abroad=None,
        planned_end=read("2019-01-01"),
        people=(person(name=PersonName()), TARO, person(individual_number=NUMBER)),
    )
    assert found(worst) == [
        (F.MISSION_UNKNOWN, "/mission"),
        (F.DATE_IN_THE_FUTURE, "/notified_on"),
        (F.MISSING, "/address_abroad"),
        (F.PERIOD_REVERSED, "/planned_end"),
        (F.NAME_MISSING, "/people/0/name"),
        (F.DATE_BEFORE_BIRTH, "/effective"),
        (F.NUMBER_WITHOUT_PURPOSE, "/people/2/number_check"),
        (F.REPORTED_LATE, "/effective"),
    ]


PASSPORTS = {
    "TZ1234567": True,
    "AB12345": True,
    "AB1234": False,
    "TZ12345678": False,
    "tz1234567": False,
    "TZ123456\n": False,
    "": False,
}


@pytest.mark.parametrize(("number", "is_right"), PASSPORTS.items(), ids=map(repr, PASSPORTS))
def test_a_passport_number_is_seven_to_nine_capitals_and_digits(number, is_right):
    written = {"name": HANAKO, "birth_date": read("1985-03-07"), "passport_number": number}
    if is_right:
        assert msgspec.convert(written, ReportedPerson).passport_number == number
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(written, ReportedPerson)


@pytest.mark.parametrize(
    ("size", "is_right"), [(0, False), (1, True), (LARGEST_HOUSEHOLD, True), (LARGEST_HOUSEHOLD + 1, False)]
)
def test_a_household_has_at_least_one_and_at_most_thirty_people(size, is_right):
    written = {
        "kind": "residence",
        "mission": "m",
        "effective": read("2024-04-01"),
        "notified_on": DAY,
        "people": [person()] * size,
    }
    if is_right:
        assert len(msgspec.convert(written, ResidenceReport).people) == size
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(written, ResidenceReport)
