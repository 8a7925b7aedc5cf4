"""What leaves the town hall for the vendor: places and words, harmless in a spreadsheet, and nothing about anyone."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipality_sync.agent.findings import FIRST_OF_EACH_KIND, FileFault, Findings, LineFault
from municipality_sync.agent.vendor_report import HEADINGS, harmless, write_report
from registry.domain.errors import Severity
from tests.municipality_sync.agent.extracts import LAYOUT, addressee, collected, extract, layout, number, row


@pytest.fixture
def report(tmp_path):
    """Write a report and read it back as a spreadsheet does."""

    def _report(findings):
        file = tmp_path / "report.csv"
        write_report(file, findings, findings.unknown_codes)
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        with file.open(encoding="utf-8-sig", newline="") as opened:
            headings, *rows = csv.reader(opened)
        assert tuple(headings) == HEADINGS
        assert all(len(row) == len(HEADINGS) for row in rows)
        return rows

    return _report


def test_a_fault_has_its_line_column_code_and_what_would_be_right(report):
    [line] = report(collected(extract(row(1), row(2, 異動日="20230230")))[1])
    assert line[:4] == ["3", "異動日", "date-impossible", "error"]
    assert line[4].startswith("存在しない日付です")
    assert line[4].endswith("There is no such day")
    assert "昭和60年3月7日" in line[6]


def test_a_warning_is_reported_as_one(report):
    [line] = report(collected(extract(row(1, 氏名="〓田　花子")))[1])
    assert line[:4] == ["2", "氏名", "character-unknown", "warning"]


def test_ten_thousand_faults_are_a_page(report):
    findings = Findings()
    findings.add_all(
        LineFault(line=line, column="異動日", code="date-impossible", expected="a day") for line in range(2, 10_002)
    )
    rows = report(findings)
    assert len(rows) == FIRST_OF_EACH_KIND + 1
    assert rows[-1][:3] == ["", "異動日", "date-impossible"]
    assert rows[-1][-1] == "10000"


def test_codes_that_the_layout_lacks_stand_first_each_once_with_its_count(report):
    lines = (row(person, 事由="47" if person % 2 else "48") for person in range(1, 6))
    rows = report(collected(extract(*lines))[1])
    assert [(one[1], one[2], one[6], one[7]) for one in rows[:2]] == [
        ("事由", "code-unknown", "コードの意味 the meaning of code 47", "3"),
        ("事由", "code-unknown", "コードの意味 the meaning of code 48", "2"),
    ]


def test_nothing_about_anyone_is_in_it(report):
    planted = "植込ＰＬＡＮＴＥＤ"
    lines = [row(person, **{column: planted}) for person, column in enumerate(LAYOUT.columns.named().values(), start=1)]
    lines += [row(50, 氏名=f"〓{planted}"), row(51, 個人番号=number(51)[::-1])]
    written = repr(report(collected(extract(*lines))[1]))
    assert planted not in written
    assert not [person for person in range(1, 52) if addressee(person) in written or number(person) in written]


@pytest.mark.parametrize("sign", [*"=+-@＝＋－＠", "\t=", " =", "\r\n="])
def test_a_heading_that_is_a_formula_is_a_text_in_the_report(report, sign):
    findings = Findings()
    findings.add(LineFault(line=2, column=f"{sign}cmd|' /C calc'!A0", code="missing", expected="a value"))
    [line] = report(findings)
    assert line[1].startswith("'")


@given(st.text())
def test_no_cell_ever_begins_as_a_formula(text):
    cell = harmless(text)
    assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠"))
    assert not set("\t\r\n\0") & set(cell)


def test_a_layout_may_name_its_columns_as_it_likes(report):
    like = layout(headings={"異動日": "=異動日"})
    data = extract(row(1, 異動日="")).replace("異動日".encode("cp932"), "=異動日".encode("cp932"))
    [line] = report(collected(data, like)[1])
    assert line[:4] == ["2", "'=異動日", "missing", Severity.ERROR]


def test_what_stops_the_whole_file_is_reported_too(report):
    findings = Findings()
    findings.add(LineFault(line=0, code=FileFault.OTHER_MONTH, expected="2025-03"))
    [line] = report(findings)
    assert (line[0], line[2], line[6]) == ("", "other-month", "2025-03")
