"""Every way in which a register writes a date, and every way in which it may not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.date_reading import in_japanese_calendar, read
from registry.domain.dates import FIRST_GREGORIAN_DAY, LAST_DAY, Certainty, Precision
from registry.domain.errors import FaultCode, InvalidInput

DAYS = st.dates(FIRST_GREGORIAN_DAY, LAST_DAY)
NEAR_DATES = st.from_regex(
    r"(昭和|平成|令和|S|H|R|推定)?[0-9元一十]{1,4}(年|-|\.|/)[0-9一十]{0,2}(月|-|から)?[0-9]{0,2}(日|頃|不詳|まで)?",
    fullmatch=True,
)

COMPLETE = {
    "ISO": ("1985-03-07", date(1985, 3, 7)),
    "slashes": ("1985/3/7", date(1985, 3, 7)),
    "dots": ("1985.3.7", date(1985, 3, 7)),
    "eight digits": ("19850307", date(1985, 3, 7)),
    "western in words": ("1985年3月7日", date(1985, 3, 7)),
    "western, said so": ("西暦1985年3月7日", date(1985, 3, 7)),
    "Japanese in full": ("昭和60年3月7日", date(1985, 3, 7)),
    "Japanese by initial": ("S60.3.7", date(1985, 3, 7)),
    "Japanese by one character": ("昭60.03.07", date(1985, 3, 7)),
    "full-width digits and spaces": ("昭和６０年　３月　７日", date(1985, 3, 7)),
    "Chinese numerals": ("昭和六十年三月七日", date(1985, 3, 7)),
    "Chinese numerals above ten": ("昭和三十一年十二月二十五日", date(1956, 12, 25)),
    "the last day of 明治": ("明治45.7.30", date(1912, 7, 30)),
    "the same day as the first of 大正": ("大正元年7月30日", date(1912, 7, 30)),
    "the last day of 大正": ("大正15.12.25", date(1926, 12, 25)),
    "the same day as the first of 昭和": ("昭和1.12.25", date(1926, 12, 25)),
    "the last day of 昭和": ("昭和64年1月7日", date(1989, 1, 7)),
    "the first day of 平成": ("平成元年1月8日", date(1989, 1, 8)),
    "the last day of 平成": ("H31.4.30", date(2019, 4, 30)),
    "the first day of 令和": ("令和元年5月1日", date(2019, 5, 1)),
    "平成 on paper printed before its end": ("平成32年7月24日", date(2020, 7, 24)),
    "a real 29 February": ("2000-02-29", date(2000, 2, 29)),
}


@pytest.mark.parametrize(("text", "day"), COMPLETE.values(), ids=COMPLETE)
def test_a_complete_date_is_read_in_either_calendar(text, day):
    value = read(text)
    assert value.day == day
    assert value.precision is Precision.DAY
    assert value.text == text


INCOMPLETE = {
    "day unknown, ISO": ("1985-03-00", Precision.MONTH, date(1985, 3, 1), date(1985, 3, 31)),
    "day unknown": ("昭和60年3月日不詳", Precision.MONTH, date(1985, 3, 1), date(1985, 3, 31)),
    "day unknown, short": ("昭和60年3月不詳", Precision.MONTH, date(1985, 3, 1), date(1985, 3, 31)),
    "month and day unknown, ISO": ("1985-00-00", Precision.YEAR, date(1985, 1, 1), date(1985, 12, 31)),
    "month and day unknown": ("昭和60年月日不詳", Precision.YEAR, date(1985, 1, 1), date(1985, 12, 31)),
    "year only": ("1985", Precision.YEAR, date(1985, 1, 1), date(1985, 12, 31)),
    "the seven days of 昭和64年": ("昭和64年月日不詳", Precision.YEAR, date(1989, 1, 1), date(1989, 1, 7)),
    "the rest of that year": ("平成元年月日不詳", Precision.YEAR, date(1989, 1, 8), date(1989, 12, 31)),
    "a month cut by the era": ("昭和64年1月日不詳", Precision.MONTH, date(1989, 1, 1), date(1989, 1, 7)),
    "nothing known": ("年月日不詳", Precision.UNKNOWN, FIRST_GREGORIAN_DAY, LAST_DAY),
    "nothing known, ISO": ("0000-00-00", Precision.UNKNOWN, FIRST_GREGORIAN_DAY, LAST_DAY),
    "29 February of a common year": ("昭和60年2月29日", Precision.DAY, date(1985, 2, 28), date(1985, 3, 1)),
    "range in ISO": ("2023-03-01/2023-03-10", Precision.BETWEEN, date(2023, 3, 1), date(2023, 3, 10)),
    "range of days": ("令和5年3月1日から10日までの間", Precision.BETWEEN, date(2023, 3, 1), date(2023, 3, 10)),
    "range of months": ("令和5年3月から4月まで", Precision.BETWEEN, date(2023, 3, 1), date(2023, 4, 30)),
    "range over the year": (
        "令和5年12月30日から令和6年1月2日まで",
        Precision.BETWEEN,
        date(2023, 12, 30),
        date(2024, 1, 2),
    ),
}


@pytest.mark.parametrize(("text", "precision", "earliest", "latest"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_date_says_between_which_days_the_truth_lies(text, precision, earliest, latest):
    value = read(text)
    assert (value.precision, value.earliest, value.latest) == (precision, earliest, latest)
    assert value.day is None


ABOUT = {
    "about a year": ("昭和60年頃", Certainty.ABOUT, date(1984, 6, 1), date(1986, 6, 1)),
    "about a month": ("昭和60年3月ごろ", Certainty.ABOUT, date(1985, 2, 10), date(1985, 4, 20)),
    "an estimated day": ("推定令和5年3月7日", Certainty.ESTIMATED, date(2023, 3, 2), date(2023, 3, 12)),
    "an estimated range": (
        "推定令和5年3月1日頃から10日頃までの間",
        Certainty.ABOUT,
        date(2023, 2, 25),
        date(2023, 3, 15),
    ),
}


@pytest.mark.parametrize(("text", "certainty", "early", "late"), ABOUT.values(), ids=ABOUT)
def test_about_and_estimated_reach_beyond_the_date_they_name(text, certainty, early, late):
    value = read(text)
    assert value.certainty is certainty
    assert value.earliest <= early
    assert value.latest >= late
    assert not value.is_complete


IMPOSSIBLE = {
    "month 13": ("1985-13-01", FaultCode.DATE_IMPOSSIBLE),
    "day 32": ("1985-01-32", FaultCode.DATE_IMPOSSIBLE),
    "31 April": ("昭和60年4月31日", FaultCode.DATE_IMPOSSIBLE),
    "30 February": ("2000-02-30", FaultCode.DATE_IMPOSSIBLE),
    "day known, month unknown": ("1985-00-07", FaultCode.DATE_UNREADABLE),
    "before the Gregorian calendar": ("1850-01-01", FaultCode.DATE_IMPOSSIBLE),
    "lunisolar 明治": ("明治5年3月1日", FaultCode.DATE_OUTSIDE_ERA),
    "beyond the last day": ("2200-01-01", FaultCode.DATE_IMPOSSIBLE),
    "the day after 昭和": ("昭和64年1月8日", FaultCode.DATE_OUTSIDE_ERA),
    "the day before 平成": ("平成元年1月7日", FaultCode.DATE_OUTSIDE_ERA),
    "the day before 令和": ("令和元年4月30日", FaultCode.DATE_OUTSIDE_ERA),
    "a year 昭和 never had": ("昭和65年1月1日", FaultCode.DATE_OUTSIDE_ERA),
    "year zero of an era": ("昭和0年1月1日", FaultCode.DATE_OUTSIDE_ERA),
    "a reversed range": ("令和5年3月10日から1日まで", FaultCode.DATE_IMPOSSIBLE),
    "empty": ("", FaultCode.DATE_UNREADABLE),
    "words": ("去年の春", FaultCode.DATE_UNREADABLE),
    "American order": ("03/07/1985", FaultCode.DATE_UNREADABLE),
    "too long": ("1" * 1000, FaultCode.DATE_UNREADABLE),
    "a date with a time": ("1985-03-07T00:00:00", FaultCode.DATE_UNREADABLE),
}


@pytest.mark.parametrize(("text", "code"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_date_that_no_calendar_has_is_refused(text, code):
    with pytest.raises(InvalidInput) as refusal:
        read(text)
    assert [fault.code for fault in refusal.value.faults] == [code]


@given(DAYS)
def test_a_day_reads_the_same_in_both_calendars(day):
    assert read(day.isoformat()) == read(in_japanese_calendar(day))
    assert read(day.isoformat()).day == day


@given(DAYS)
def test_what_is_written_less_precisely_still_holds_the_day(day):
    for text in (f"{day.year}-{day.month:02}-00", f"{day.year}-00-00", "0000-00-00", f"{day.year}年頃"):
        value = read(text)
        assert value.earliest <= day <= value.latest


@given(DAYS, st.sampled_from(["{0:%Y-%m-%d}", "{0:%Y-%m}-00", "{0:%Y}-00-00", "0000-00-00"]))
def test_the_iso_form_reads_back_as_the_same_value(day, form):
    value = read(form.format(day))
    assert read(value.iso()) == value


@given(st.text(max_size=70) | NEAR_DATES)
def test_any_text_is_read_or_refused_by_the_same_rule(text):
    try:
        value = read(text)
    except InvalidInput:
        return
    assert FIRST_GREGORIAN_DAY <= value.earliest <= value.latest <= LAST_DAY


@given(st.integers(10**9, 10**12))
def test_a_refusal_never_repeats_what_was_written(number):
    with pytest.raises(InvalidInput) as refusal:
        read(str(number))
    assert str(number) not in f"{refusal.value} {refusal.value.faults}"
