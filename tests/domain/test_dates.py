"""Three-valued comparison of incomplete dates, ages and periods by Japanese law."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.date_reading import read
from registry.domain.dates import (
    FIRST_GREGORIAN_DAY,
    LAST_DAY,
    Answer,
    DayRange,
    IncompleteDate,
    Precision,
    age_on,
    agree,
    day_of_reaching,
    has_reached,
    is_before,
    is_by,
    is_same_day,
    months_after,
)

DAYS = st.dates(FIRST_GREGORIAN_DAY, LAST_DAY)


@st.composite
def incomplete_dates(draw):
    first, second = sorted((draw(DAYS), draw(DAYS)))
    return IncompleteDate("", precision=Precision.BETWEEN, earliest=first, latest=second)


BEFORE = {
    "day before day": ("2020-01-01", "2020-01-02", Answer.YES),
    "same day": ("2020-01-01", "2020-01-01", Answer.NO),
    "day after day": ("2020-01-02", "2020-01-01", Answer.NO),
    "month and a day inside it": ("2020-01-00", "2020-01-15", Answer.POSSIBLY),
    "month and its first day": ("2020-01-00", "2020-01-01", Answer.NO),
    "month and the next month": ("2020-01-00", "2020-02-00", Answer.YES),
    "unknown and anything": ("0000-00-00", "2020-01-01", Answer.POSSIBLY),
}


@pytest.mark.parametrize(("one", "other", "answer"), BEFORE.values(), ids=BEFORE)
def test_before_is_answered_with_yes_no_or_possibly(one, other, answer):
    assert is_before(read(one), read(other)) is answer


SAME = {
    "two complete equal days": ("2020-01-01", "令和2年1月1日", Answer.YES),
    "two different days": ("2020-01-01", "2020-01-02", Answer.NO),
    "a day within a month": ("2020-01-01", "2020-01-00", Answer.POSSIBLY),
    "the same month twice": ("2020-01-00", "2020-01-00", Answer.POSSIBLY),
    "29 February of a common year": ("2019-02-29", "2019-03-01", Answer.POSSIBLY),
}


@pytest.mark.parametrize(("one", "other", "answer"), SAME.values(), ids=SAME)
def test_the_same_day_is_certain_only_between_complete_dates(one, other, answer):
    assert is_same_day(read(one), read(other)) is answer
    assert agree(read(one), read(other)) is (answer is not Answer.NO)


@given(incomplete_dates(), incomplete_dates())
def test_two_dates_are_never_certainly_before_each_other(one, other):
    answers = {is_before(one, other), is_before(other, one)}
    assert answers != {Answer.YES}
    assert (is_before(one, other) is Answer.YES) <= (is_before(other, one) is Answer.NO)


@given(incomplete_dates(), DAYS)
def test_a_date_that_has_come_stays_come(one, day):
    if is_by(one, day) is Answer.YES and day < LAST_DAY:
        assert is_by(one, day + timedelta(days=1)) is Answer.YES


def test_a_date_shows_nothing_of_itself_in_a_log_line():
    assert "1985" not in repr(read("昭和60年3月7日"))


def test_dates_that_say_the_same_are_equal_however_written():
    assert read("昭和60年3月日不詳") == read("1985-03-00")
    assert hash(read("昭和60年3月日不詳")) == hash(read("1985-03-00"))
    assert read("1985-03-00") != read("1985-03-01")


REACHING_18 = {
    "an ordinary birthday: its eve": (date(2000, 5, 10), date(2018, 5, 9)),
    "the first of a month: the last of the one before": (date(2000, 4, 1), date(2018, 3, 31)),
    "New Year's Day: the old year's last day": (date(2001, 1, 1), date(2018, 12, 31)),
    "29 February: the 28th": (date(2000, 2, 29), date(2018, 2, 28)),
    "1 March before a leap year's end": (date(2002, 3, 1), date(2020, 2, 29)),
}


@pytest.mark.parametrize(("birth", "day"), REACHING_18.values(), ids=REACHING_18)
def test_an_age_is_reached_on_the_eve_of_the_birthday(birth, day):
    assert day_of_reaching(birth, 18) == day
    assert age_on(birth, day) == 18
    assert age_on(birth, day - timedelta(days=1)) == 17


HAS_REACHED_18 = {
    "two days before the birthday": ("2000-05-10", date(2018, 5, 8), Answer.NO),
    "the eve": ("2000-05-10", date(2018, 5, 9), Answer.YES),
    "the day": ("2000-05-10", date(2018, 5, 10), Answer.YES),
    "day of birth unknown, within the month": ("2000-05-00", date(2018, 5, 9), Answer.POSSIBLY),
    "day of birth unknown, month over": ("2000-05-00", date(2018, 5, 31), Answer.YES),
    "day of birth unknown, month not begun": ("2000-05-00", date(2018, 4, 29), Answer.NO),
    "nothing known": ("0000-00-00", date(2018, 5, 9), Answer.POSSIBLY),
}


@pytest.mark.parametrize(("birth", "on", "answer"), HAS_REACHED_18.values(), ids=HAS_REACHED_18)
def test_an_unknown_day_of_birth_is_never_guessed(birth, on, answer):
    assert has_reached(read(birth), 18, on) is answer


def test_before_birth_there_is_no_age():
    assert age_on(date(2000, 5, 10), date(2000, 5, 8)) == -1
    assert age_on(date(2000, 5, 10), date(2000, 5, 10)) == 0


MONTHS = {
    "three months": (date(2024, 1, 15), 3, date(2024, 4, 15)),
    "no such day: the month's last": (date(2023, 11, 30), 3, date(2024, 2, 29)),
    "over the year": (date(2023, 12, 1), 2, date(2024, 2, 1)),
    "backwards": (date(2024, 3, 31), -1, date(2024, 2, 29)),
}


@pytest.mark.parametrize(("day", "months", "expected"), MONTHS.values(), ids=MONTHS)
def test_a_period_of_months_ends_on_the_corresponding_day_or_the_last_of_the_month(day, months, expected):
    assert months_after(day, months) == expected


def test_a_range_of_days_holds_its_first_and_not_its_end():
    week = DayRange(date(2024, 1, 1), date(2024, 1, 8))
    assert week.holds(date(2024, 1, 1))
    assert not week.holds(date(2024, 1, 8))
    assert week.meets(DayRange(date(2024, 1, 7), None))
    assert not week.meets(DayRange(date(2024, 1, 8), None))
    assert not week.meets(DayRange(date(2024, 1, 3), date(2024, 1, 3)))


@given(st.builds(DayRange, st.none() | DAYS, st.none() | DAYS), st.builds(DayRange, st.none() | DAYS, st.none() | DAYS))
def test_ranges_meet_exactly_when_some_day_lies_in_both(one, other):
    candidates = [day for day in (one.first, other.first, date.min) if day]
    assert one.meets(other) == any(one.holds(day) and other.holds(day) for day in candidates)
