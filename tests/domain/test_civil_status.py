"""戸籍の届出: the three months of 国籍留保, who may report what, and what a change of name leaves alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import PersonName
from registry.domain.civil_status import (
    MAY_REPORT,
    STAYS_THE_SAME,
    NameChange,
    Reporter,
    Retention,
    check_name_change,
    check_reporter,
    check_retention,
    is_retained_in_time,
    last_day_to_retain,
    lateness_limit,
)
from registry.domain.date_reading import read
from registry.domain.dates import Answer, IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind

K, F = MovementKind, FaultCode

LAST_DAYS = {
    "born on the first": ("2024-01-01", date(2024, 3, 31)),
    "born in the middle of a month": ("2024-01-15", date(2024, 4, 14)),
    "born on the last": ("2024-03-31", date(2024, 6, 30)),
    "three months later there is no such day": ("2023-11-30", date(2024, 2, 29)),
    "nor in a common year": ("2022-11-29", date(2023, 2, 28)),
    "the month before has it": ("2023-11-29", date(2024, 2, 28)),
    "born on 29 February": ("2024-02-29", date(2024, 5, 28)),
}


@pytest.mark.parametrize(("birth", "last"), LAST_DAYS.values(), ids=LAST_DAYS)
def test_the_nationality_is_retained_within_three_months_of_which_birth_is_the_first_day(birth, last):
    assert last_day_to_retain(read(birth).day) == last
    assert is_retained_in_time(last, read(birth)) is Answer.YES
    assert is_retained_in_time(last + timedelta(days=1), read(birth)) is Answer.NO


UNCERTAIN = {
    "in time for every day of the month": ("2024-01-00", date(2024, 3, 31), Answer.YES),
    "in time for the later ones": ("2024-01-00", date(2024, 4, 1), Answer.POSSIBLY),
    "in time for the last": ("2024-01-00", date(2024, 4, 30), Answer.POSSIBLY),
    "in time for none": ("2024-01-00", date(2024, 5, 1), Answer.NO),
}


@pytest.mark.parametrize(("birth", "declared_on", "expected"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_an_incomplete_day_of_birth_leaves_open_what_it_leaves_open(birth, declared_on, expected):
    assert is_retained_in_time(declared_on, read(birth)) is expected


HINDERED = {
    "on the day on which it was possible": (date(2024, 6, 1), Answer.YES),
    "on the fourteenth": (date(2024, 6, 14), Answer.YES),
    "on the fifteenth": (date(2024, 6, 15), Answer.NO),
    "before it was possible": (date(2024, 5, 31), Answer.NO),
}


@pytest.mark.parametrize(("declared_on", "expected"), HINDERED.values(), ids=HINDERED)
def test_who_was_hindered_has_fourteen_days(declared_on, expected):
    assert is_retained_in_time(declared_on, read("2024-01-15"), date(2024, 6, 1)) is expected


@given(st.dates(date(1985, 1, 1), date(2100, 12, 31)))
def test_the_period_ends_before_the_fourth_month_begins(birth):
    assert timedelta(days=88) <= last_day_to_retain(birth) - birth <= timedelta(days=91)


RETENTIONS = {
    "nothing said": (None, [(F.RETENTION_UNCERTAIN, "/retention")]),
    "not needed": (Retention(is_needed=False), []),
    "not needed, and yet declared": (
        Retention(is_needed=False, declared_on=date(2024, 1, 20)),
        [(F.NOT_ALLOWED_HERE, "/retention/declared_on")],
    ),
    "needed and not declared": (Retention(), [(F.MISSING, "/retention/declared_on")]),
    "declared on the last day": (Retention(declared_on=date(2024, 4, 14)), []),
    "declared a day late": (
        Retention(declared_on=date(2024, 4, 15)),
        [(F.RETENTION_TOO_LATE, "/retention/declared_on")],
    ),
    "declared late after a 天災": (
        Retention(declared_on=date(2024, 4, 15), possible_from=date(2024, 4, 10)),
        [],
    ),
    "declared before birth": (
        Retention(declared_on=date(2024, 1, 14)),
        [(F.DATE_BEFORE_BIRTH, "/retention/declared_on")],
    ),
    "declared tomorrow": (
        Retention(declared_on=date(2024, 7, 2), possible_from=date(2024, 7, 1)),
        [(F.DATE_AFTER_NOTIFICATION, "/retention/declared_on")],
    ),
}


def found(faults):
    return [(fault.code, fault.pointer) for fault in (*faults.errors, *faults.warnings)]


@pytest.mark.parametrize(("retention", "expected"), RETENTIONS.values(), ids=RETENTIONS)
def test_a_child_born_abroad_is_japanese_by_a_retention_in_time_or_without_need_of_one(retention, expected):
    faults = Faults()
    check_retention(retention, read("2024-01-15"), date(2024, 7, 1), faults)
    assert found(faults) == expected


def test_a_retention_that_may_have_been_late_goes_along_with_a_warning():
    faults = Faults()
    check_retention(Retention(declared_on=date(2024, 4, 20)), read("2024年1月頃"), date(2024, 7, 1), faults)
    assert (faults.errors, [fault.code for fault in faults.warnings]) == ((), [F.RETENTION_UNCERTAIN])


ENTITLED = [(kind, reporter, reporter in entitled) for kind, entitled in MAY_REPORT.items() for reporter in Reporter]


@pytest.mark.parametrize(("kind", "reporter", "may"), ENTITLED)
def test_who_may_report_an_event_is_a_closed_list(kind, reporter, may):
    faults = Faults()
    check_reporter(reporter, kind, faults)
    assert found(faults) == ([] if may else [(F.REPORTER_NOT_ENTITLED, "/reported_by")])


def test_nobody_reports_their_own_death_and_nobody_else_takes_up_a_nationality():
    assert Reporter.SELF not in MAY_REPORT[K.DIED]
    assert Reporter.SPOUSE not in MAY_REPORT[K.NATIONALITY_REGAINED]


BEFORE = PersonName(surname="山田", given="花子", surname_kana="ヤマダ", given_kana="ハナコ", former_surname="岡")
CHANGES = {
    "marriage": (NameChange.MARRIAGE, {"surname": "林"}, []),
    "marriage and another given name": (NameChange.MARRIAGE, {"given": "華子"}, ["/new_name/given"]),
    "名の変更": (NameChange.GIVEN_NAME, {"given": "華子", "given_kana": "ハナコ"}, []),
    "名の変更 and another surname": (NameChange.GIVEN_NAME, {"surname": "林"}, ["/new_name/surname"]),
    "振仮名の変更": (NameChange.READING, {"given_kana": "カコ"}, []),
    "振仮名の変更 and other characters": (NameChange.READING, {"given": "華子"}, ["/new_name/given"]),
    "旧氏": (NameChange.FORMER_SURNAME, {"former_surname": "林"}, []),
    "旧氏 deleted": (NameChange.FORMER_SURNAME, {"former_surname": ""}, []),
    "旧氏 and another surname": (NameChange.FORMER_SURNAME, {"surname": "林"}, ["/new_name/surname"]),
    "no reason given": (None, {"surname": "林", "given": "太郎"}, []),
    "a part that is left blank": (NameChange.MARRIAGE, {"surname": "林", "given_kana": ""}, []),
}


@pytest.mark.parametrize(("reason", "parts", "pointers"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_name_leaves_alone_what_its_reason_does_not_touch(reason, parts, pointers):
    faults = Faults()
    after = {part: getattr(BEFORE, part) for part in BEFORE.__struct_fields__} | parts
    check_name_change(reason, BEFORE, PersonName(**after), faults)
    assert found(faults) == [(F.NOT_ALLOWED_HERE, pointer) for pointer in pointers]


def test_every_reason_says_what_it_leaves_alone():
    assert set(STAYS_THE_SAME) == set(NameChange)


LIMITS = {
    "a death": (K.DIED, read("2024-01-15"), date(2024, 4, 15)),
    "a death of an unknown day": (K.DIED, read("2024-01-00"), date(2024, 4, 30)),
    "a loss": (K.NATIONALITY_LOST, read("2024-11-30"), date(2025, 2, 28)),
    "a return": (K.RETURNED, read("2024-01-15"), None),
    "a death on the last day there is": (K.DIED, IncompleteDate.unknown(), date(2200, 3, 31)),
}


@pytest.mark.parametrize(("kind", "effective", "limit"), LIMITS.values(), ids=LIMITS)
def test_an_event_abroad_is_notified_within_three_months(kind, effective, limit):
    assert lateness_limit(kind, effective) == limit
