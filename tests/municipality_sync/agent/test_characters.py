"""What stands in place of a character goes along as it is, with a warning, and nothing else is warned of."""

import pytest

from municipality_sync.agent.characters import doubts
from municipality_sync.agent.findings import FileFault
from registry.domain.errors import Severity
from tests.municipality_sync.agent.extracts import collected, extract, layout, row

REFERENCE, UNKNOWN, FORMULA = FileFault.CHARACTER_BY_REFERENCE, FileFault.CHARACTER_UNKNOWN, FileFault.FORMULA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("&#x20BB7;田　花子", [REFERENCE], id="numeric reference"),
        pytest.param("&#134071;田　花子", [REFERENCE], id="decimal reference"),
        pytest.param("MJ012345田", [REFERENCE], id="MJ number"),
        pytest.param("&MJ012345;田", [REFERENCE], id="MJ number as a reference"),
        pytest.param("U+20BB7田", [REFERENCE], id="code point"),
        pytest.param("〓田　花子", [UNKNOWN], id="geta"),
        pytest.param("?田　花子", [UNKNOWN], id="question mark of a conversion"),
        pytest.param("\ue000田　花子", [UNKNOWN], id="private use: the system's own 外字"),
        pytest.param("\ufffd田", [UNKNOWN], id="replacement character"),
        pytest.param("〓&#x20BB7;", [REFERENCE, UNKNOWN], id="both"),
        pytest.param("=HYPERLINK()", [FORMULA], id="formula"),
        pytest.param("　+81-3", [FORMULA], id="plus behind a space"),
        pytest.param("-1+1", [FORMULA], id="minus"),
        pytest.param("@SUM(A1)", [FORMULA], id="at"),
    ],
)
def test_a_doubtful_text_is_named(text, expected):
    assert [code for code, _ in doubts(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "髙﨑　花子",
        "𠮷田",
        "邉\U000e0102",
        "SMITH　JOHN",
        "一丁目1-2-3",
        "-",
        "MJ1234567",
        "R&D",
        "ﾐﾎﾝ ﾊﾅｺ",
        "Jürgen O'Neil",
    ],
)
def test_an_ordinary_text_is_not(text):
    assert doubts(text) == ()


GIVEN = "〓田　&#x20BB7;子"


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "euc_jp"])
def test_it_is_kept_exactly_as_given_and_warned_of_by_line_and_column(encoding):
    like = layout(encoding=f'"{encoding.removesuffix("-sig")}"')
    [sent], findings = collected(extract(row(1, 1, 事由="10"), row(1, 2, 氏名=GIVEN), encoding=encoding), like)
    name = sent.record.last.name
    assert f"{name.surname}　{name.given}" == GIVEN
    assert [(one.line, one.column, one.code, one.severity) for one in findings.faults] == [
        (3, "氏名", REFERENCE, Severity.WARNING),
        (3, "氏名", UNKNOWN, Severity.WARNING),
    ]
    assert not findings.has_errors


def test_a_private_character_of_cp932_survives_the_way():
    data = extract(row(氏名="外田　花子")).replace("外".encode("cp932"), b"\xf0\x40")
    [sent], findings = collected(data)
    assert sent.record.last.name.surname == "\ue000田"
    assert [(one.column, one.code) for one in findings.faults] == [("氏名", UNKNOWN)]


@pytest.mark.parametrize(
    ("column", "read"),
    [
        ("氏名", lambda line: line.name.surname),
        ("カナ", lambda line: line.name.surname_kana),
        ("旧氏", lambda line: line.name.former_surname),
        ("住所", lambda line: line.address.text),
        ("本籍", lambda line: line.honseki.text),
        ("筆頭者", lambda line: line.honseki.head),
        ("転出先", lambda line: line.destination),
    ],
)
def test_every_text_is_looked_at(column, read):
    [sent], findings = collected(extract(row(**{column: "=〓"})))
    assert read(sent.record.last) == "=〓"
    assert [(one.column, one.code) for one in findings.faults] == [(column, UNKNOWN), (column, FORMULA)]


def test_nobody_is_warned_of_those_who_stay():
    _, findings = collected(extract(row(1, 氏名=GIVEN, 国籍="USA"), row(2, 氏名=GIVEN, 事由="20")))
    assert findings.faults == ()
