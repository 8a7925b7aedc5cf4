"""Every way in which a municipal system writes a date, complete or not, and no day that nobody wrote."""

import pytest

from municipality_sync.agent.date_habits import read_date
from registry.domain.dates import Certainty, Precision
from registry.domain.errors import FaultCode, InvalidInput
from tests.municipality_sync.agent.extracts import LAYOUT, layout

CODED = layout(eras='{ 1 = "明治", 2 = "大正", 3 = "昭和", 4 = "平成", 5 = "令和" }')


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("昭和60年3月7日", "1985-03-07"),
        ("昭和６０年　３月　７日", "1985-03-07"),
        ("S60.03.07", "1985-03-07"),
        ("昭60/3/7", "1985-03-07"),
        ("1985/03/07", "1985-03-07"),
        ("1985-03-07", "1985-03-07"),
        ("1985-03-07 00:00:00", "1985-03-07"),
        ("1985/03/07 0:00", "1985-03-07"),
        ("1985-03-07T00:00:00.000", "1985-03-07"),
        ("19850307", "1985-03-07"),
        ("１９８５０３０７", "1985-03-07"),
        ("3600307", "1985-03-07"),
        ("3640107", "1989-01-07"),
        ("4010108", "1989-01-08"),
        ("5010501", "2019-05-01"),
        ("S600307", "1985-03-07"),
        ("昭600307", "1985-03-07"),
        ("令和010501", "2019-05-01"),
    ],
)
def test_a_complete_date_is_read(written, iso):
    assert read_date(written, CODED).iso() == iso
    assert read_date(written, CODED).is_complete


@pytest.mark.parametrize(
    ("written", "iso", "precision"),
    [
        ("年月日不詳", "0000-00-00", Precision.UNKNOWN),
        ("不詳", "0000-00-00", Precision.UNKNOWN),
        ("99999999", "0000-00-00", Precision.UNKNOWN),
        ("00000000", "0000-00-00", Precision.UNKNOWN),
        ("昭和60年月日不詳", "1985-00-00", Precision.YEAR),
        ("昭和60年", "1985-00-00", Precision.YEAR),
        ("19850000", "1985-00-00", Precision.YEAR),
        ("19859999", "1985-00-00", Precision.YEAR),
        ("3600000", "1985-00-00", Precision.YEAR),
        ("3609999", "1985-00-00", Precision.YEAR),
        ("S600000", "1985-00-00", Precision.YEAR),
        ("昭和60年3月日不詳", "1985-03-00", Precision.MONTH),
        ("昭和60年3月不詳", "1985-03-00", Precision.MONTH),
        ("S60.03.00", "1985-03-00", Precision.MONTH),
        ("19850300", "1985-03-00", Precision.MONTH),
        ("19850399", "1985-03-00", Precision.MONTH),
        ("3600300", "1985-03-00", Precision.MONTH),
        ("3600399", "1985-03-00", Precision.MONTH),
        ("S600399", "1985-03-00", Precision.MONTH),
        ("令和5年3月1日から10日までの間", "2023-03-01/2023-03-10", Precision.BETWEEN),
        ("昭和60年2月29日", "1985-02-28/1985-03-01", Precision.DAY),
    ],
)
def test_an_incomplete_date_is_read_as_far_as_it_goes(written, iso, precision):
    found = read_date(written, CODED)
    assert (found.iso(), found.precision, found.day) == (iso, precision, None)


@pytest.mark.parametrize(
    ("written", "certainty"),
    [("昭和60年頃", Certainty.ABOUT), ("推定昭和60年3月", Certainty.ESTIMATED), ("昭和60年3月7日頃", Certainty.ABOUT)],
)
def test_about_and_estimated_stay_what_they_are(written, certainty):
    assert read_date(written, LAYOUT).certainty is certainty


@pytest.mark.parametrize(
    ("written", "like", "code"),
    [
        pytest.param("3600307", LAYOUT, FaultCode.DATE_UNREADABLE, id="a code of an era that no layout explains"),
        pytest.param("9600307", CODED, FaultCode.DATE_UNREADABLE, id="a code of no era"),
        pytest.param("3650101", CODED, FaultCode.DATE_OUTSIDE_ERA, id="a year that 昭和 never had"),
        pytest.param("3601307", CODED, FaultCode.DATE_IMPOSSIBLE, id="month 13"),
        pytest.param(
            "19850399", layout(unknown_part='""'), FaultCode.DATE_IMPOSSIBLE, id="day 99 where it says nothing"
        ),
        pytest.param("1985-03-07 12:30:00", LAYOUT, FaultCode.DATE_UNREADABLE, id="a time of day"),
        pytest.param("600307", CODED, FaultCode.DATE_UNREADABLE, id="six digits of no era"),
    ],
)
def test_what_is_not_plain_is_refused_and_never_guessed(written, like, code):
    with pytest.raises(InvalidInput) as refused:
        read_date(written, like)
    assert [fault.code for fault in refused.value.faults] == [code]
