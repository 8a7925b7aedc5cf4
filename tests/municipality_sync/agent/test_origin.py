"""A file of another town or of another month is stopped as a whole, before anything of it is sent."""

import pytest

from municipality_sync.agent.findings import ExtractUnreadable, FileFault, Findings
from municipality_sync.agent.origin import THE_FILE_ITSELF, Origin
from registry.domain.errors import FaultCode
from tests.municipality_sync.agent.extracts import HEADINGS, TODAY, extract, layout, opened, row

NAMED = layout(file_name='"除票_{municipality}_{as_of}*.csv"')
TOLD = layout(columns={"municipality": "団体コード", "as_of": "基準日"})
WIDER = (*HEADINGS, "団体コード", "基準日")


def name_read(name, like=NAMED, asked=None):
    origin = Origin(like, today=TODAY, asked=asked)
    origin.see_name(name)
    return origin.month


def lines_read(*rows, like=TOLD, asked=None):
    """Read an extract whose lines say where they come from; return the month."""
    source = opened(extract(*rows, headings=WIDER), like)
    source.origin = Origin(like, today=TODAY, asked=asked)
    list(source.people(Findings()))
    return source.origin.month


def line(person=1, code="131016", day="20250331"):
    return row(person, 団体コード=code, 基準日=day)


def stopped(read, *given, **more):
    with pytest.raises(ExtractUnreadable) as why:
        read(*given, **more)
    [fault] = why.value.faults
    return fault


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("除票_131016_20250331.csv", "2025-03"),
        ("除票_13101_202503.csv", "2025-03"),
        ("除票_131016_202503(1).csv", "2025-03"),
        ("除票_131016_20250401.csv", "2025-04"),
    ],
)
def test_a_file_name_says_whose_extract_it_is_and_of_which_month(name, month):
    assert name_read(name) == month


def test_where_the_layout_has_no_form_of_names_any_name_will_do():
    assert name_read("何でも.txt", layout()) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("除票_131024_20250331.csv", FileFault.OTHER_MUNICIPALITY, id="the next town"),
        pytest.param("除票_131016_20250501.csv", FileFault.OTHER_MONTH, id="a coming month"),
        pytest.param("除票_131016_20251399.csv", FaultCode.DATE_IMPOSSIBLE, id="no month"),
        pytest.param("除票.csv", FileFault.OTHER_FILE_NAME, id="another name"),
        pytest.param("除票_131016_20250331.csv.bak", FileFault.OTHER_FILE_NAME, id="a copy"),
    ],
)
def test_a_file_name_that_does_not_fit_stops_the_file(name, code):
    fault = stopped(name_read, name)
    assert (fault.line, fault.column, fault.code) == (THE_FILE_ITSELF, "", code)


def test_lines_say_whose_extract_it_is_and_of_which_month():
    assert lines_read(line(1), line(2, code="13101", day="令和7年3月1日"), line(3, day="202503")) == "2025-03"


@pytest.mark.parametrize(
    ("other", "column", "code"),
    [
        pytest.param(line(2, code="131024"), "団体コード", FileFault.OTHER_MUNICIPALITY, id="the next town"),
        pytest.param(line(2, code=""), "団体コード", FileFault.OTHER_MUNICIPALITY, id="no town"),
        pytest.param(line(2, day="20250228"), "基準日", FileFault.OTHER_MONTH, id="two months in one file"),
        pytest.param(line(2, day="20250501"), "基準日", FileFault.OTHER_MONTH, id="a coming month"),
        pytest.param(line(2, day="植込"), "基準日", FaultCode.DATE_UNREADABLE, id="no day"),
        pytest.param(line(2, day="20250000"), "基準日", FaultCode.DATE_REQUIRED_COMPLETE, id="a year alone"),
    ],
)
def test_one_line_of_another_origin_stops_the_file(other, column, code):
    fault = stopped(lines_read, line(1), other, line(3))
    assert (fault.line, fault.column, fault.code) == (3, column, code)
    assert "植込" not in fault.expected


def test_the_month_that_was_asked_for_is_the_month_it_must_be():
    assert name_read("除票_131016_20250331.csv", asked="2025-03") == "2025-03"
    fault = stopped(name_read, "除票_131016_20250228.csv", asked="2025-03")
    assert fault.code == FileFault.OTHER_MONTH
    assert fault.expected == "2025-03, as asked for; the file is of 2025-02"
    assert stopped(lines_read, line(1), asked="2025-02").code == FileFault.OTHER_MONTH


@pytest.mark.parametrize(("month", "asked"), [("2025-02", None), ("2025-03", None), ("2025-01", "2025-01")])
def test_a_month_not_before_the_last_one_or_asked_for_may_be_sent(month, asked):
    origin = Origin(NAMED, today=TODAY, asked=asked)
    origin.see_name(f"除票_131016_{month.replace('-', '')}.csv")
    origin.not_before("2025-02")


def test_a_month_before_the_last_one_is_stopped_unless_it_was_asked_for():
    origin = Origin(NAMED, today=TODAY)
    origin.see_name("除票_131016_202501.csv")
    fault = stopped(origin.not_before, "2025-02")
    assert fault.expected == "2025-02 or later, because that was sent already; the file is of 2025-01"
