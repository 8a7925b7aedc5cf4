"""One line of an extract, cell by cell: what is read how, and every fault of the line at once."""

import pytest

from municipality_sync.agent.extract import ReadLine
from municipality_sync.agent.findings import Findings
from municipality_sync.agent.history import state
from municipality_sync.agent.layout import Nationality, read_layout
from registry.code_tables.files import load_municipalities
from registry.domain.basic_four import Sex
from registry.domain.dates import Precision
from registry.domain.errors import FaultCode
from registry.domain.removed_record import Reason
from tests.municipality_sync.agent.extracts import LAYOUT, TOML, code, layout, number, row


def stated(like=LAYOUT, **cells):
    """What one line says, and its faults as (column, code)."""
    written = dict.fromkeys(like.columns.named().values(), "") | row(**cells)
    named = {field: written[heading] for field, heading in like.columns.named().items()}
    findings = Findings()
    line = state(ReadLine(number=7, cells=named), like, findings)
    assert all(fault.line == 7 for fault in findings.faults)
    return line, [(fault.column, fault.code) for fault in findings.faults]


@pytest.mark.parametrize(
    ("written", "surname", "given"),
    [
        pytest.param("髙﨑　花子", "髙﨑", "花子", id="a full-width space between"),
        pytest.param("髙﨑 花子", "髙﨑", "花子", id="a plain space"),
        pytest.param("髙﨑　花子　マリア", "髙﨑", "花子　マリア", id="a second given name"),
        pytest.param("髙﨑花子", "髙﨑花子", "", id="no space: all of it in the first part"),
        pytest.param("　髙﨑　　花子　", "髙﨑", "花子", id="filled up with spaces"),
    ],
)
def test_a_name_in_one_cell_is_split_at_its_space(written, surname, given):
    line, faults = stated(氏名=written)
    assert (line.line.name.surname, line.line.name.given, faults) == (surname, given, [])


def test_reading_and_former_surname_belong_to_the_name():
    line, _ = stated(カナ="ﾀｶｻｷ ﾊﾅｺ", 旧氏="岡")
    name = line.line.name
    assert (name.surname_kana, name.given_kana, name.former_surname) == ("ﾀｶｻｷ", "ﾊﾅｺ", "岡")


def test_a_blank_number_and_a_blank_code_are_normal():
    line, faults = stated(個人番号="", 住民票コード="  ")
    assert (line.line.individual_number, line.line.resident_record_code, faults) == (None, None, [])


def test_what_the_extract_leaves_out_stays_out():
    line, faults = stated(性別="", 本籍="", 筆頭者="", カナ="", 転出先="")
    assert (line.line.sex, line.line.honseki, line.line.destination, faults) == (Sex.UNKNOWN, None, "", [])


def test_numbers_are_read_with_full_width_digits_and_gaps():
    line, _ = stated(個人番号=" ".join(number(1)[at : at + 4] for at in (0, 4, 8)).translate({0x30: "０", 0x31: "１"}))
    assert line.line.individual_number.reveal() == number(1)


@pytest.mark.parametrize(
    ("cell", "expected"), [("JPN", Nationality.JAPANESE), ("USA", Nationality.FOREIGN), ("", None), ("　", None)]
)
def test_nationality_is_read_and_a_blank_says_nothing(cell, expected):
    assert stated(国籍=cell)[0].nationality is expected


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("昭和60年3月7日", "1985-03-07"),
        ("S60.03.07", "1985-03-07"),
        ("19850307", "1985-03-07"),
        ("昭和60年3月日不詳", "1985-03-00"),
        ("19850399", "1985-03-00"),
        ("19859999", "1985-00-00"),
        ("99999999", "0000-00-00"),
        ("年月日不詳", "0000-00-00"),
    ],
)
def test_a_date_is_read_as_its_system_writes_it(cell, iso):
    assert stated(生年月日=cell)[0].line.birth_date.iso() == iso


def test_a_date_in_eight_digits_means_what_it_says_where_no_part_can_be_unknown():
    assert stated(layout(unknown_part='""'), 生年月日="19850399") == (None, [("生年月日", FaultCode.DATE_IMPOSSIBLE)])


def test_an_incomplete_date_keeps_its_text():
    birth = stated(生年月日="昭和60年3月日不詳")[0].line.birth_date
    assert (birth.text, birth.precision) == ("昭和60年3月日不詳", Precision.MONTH)


WITH_WORDS = layout(columns={"birth_date_as_written": "不詳表記", "effective_as_written": "異動日不詳表記"})


@pytest.mark.parametrize(
    ("day", "words", "iso"),
    [
        pytest.param("19850301", "昭和60年3月日不詳", "1985-03-00", id="a made-up day beside what the register says"),
        pytest.param("19850307", "", "1985-03-07", id="a day that is known"),
        pytest.param("", "年月日不詳", "0000-00-00", id="no day at all"),
    ],
)
def test_what_the_register_says_goes_before_a_made_up_day(day, words, iso):
    line, faults = stated(WITH_WORDS, 生年月日=day, 不詳表記=words, 異動日=day, 異動日不詳表記=words)
    assert (line.line.birth_date.iso(), line.line.effective.iso(), faults) == (iso, iso, [])


def test_a_fault_of_what_the_register_says_is_one_of_its_own_column():
    assert stated(WITH_WORDS, 不詳表記="むかし") == (None, [("不詳表記", FaultCode.DATE_UNREADABLE)])


@pytest.mark.parametrize("reason", Reason)
def test_every_label_of_the_specification_is_read(reason):
    labelled = layout(reasons=f'{{ "{reason}" = "{reason}", "01" = "国外転出" }}')
    assert stated(labelled, 事由=reason)[0].line.reason is reason


def test_codes_that_the_layout_lacks_are_counted_once_each():
    findings = Findings()
    for person, reason in enumerate(["47", "47", "48", "47", "21"], start=1):
        written = row(person, 事由=reason)
        cells = {field: written[heading] for field, heading in LAYOUT.columns.named().items()}
        state(ReadLine(number=person, cells=cells), LAYOUT, findings)
    assert [(one.column, one.code, one.lines) for one in findings.unknown_codes] == [
        ("事由", "47", 3),
        ("事由", "48", 1),
    ]


def test_an_address_in_another_municipality_keeps_that_code():
    assert str(stated(市区町村コード="011002")[0].line.address.municipality) == "011002"
    assert str(stated()[0].line.address.municipality) == "131016"


def one_off(digits):
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("履歴番号", "", FaultCode.MISSING),
        ("履歴番号", "0", FaultCode.NUMBER_MALFORMED),
        ("履歴番号", "-1", FaultCode.NUMBER_MALFORMED),
        ("履歴番号", "100000", FaultCode.NUMBER_MALFORMED),
        ("履歴番号", "²", FaultCode.NUMBER_MALFORMED),
        ("事由", "", FaultCode.MISSING),
        ("事由", "99", FaultCode.CODE_UNKNOWN),
        ("異動日", "", FaultCode.MISSING),
        ("異動日", "20230230", FaultCode.DATE_IMPOSSIBLE),
        ("異動日", "昭和64年2月1日", FaultCode.DATE_OUTSIDE_ERA),
        ("異動日", "そのうち", FaultCode.DATE_UNREADABLE),
        ("届出日", "令和5年3月日不詳", FaultCode.DATE_REQUIRED_COMPLETE),
        ("生年月日", "", FaultCode.MISSING),
        ("生年月日", "1985-04-31", FaultCode.DATE_IMPOSSIBLE),
        ("性別", "男", FaultCode.CODE_UNKNOWN),
        ("個人番号", one_off(number(1)), FaultCode.CHECK_DIGIT),
        ("個人番号", number(1)[:-1], FaultCode.NUMBER_MALFORMED),
        ("住民票コード", one_off(code(1)), FaultCode.CHECK_DIGIT),
        ("市区町村コード", "131017", FaultCode.CHECK_DIGIT),
    ],
)
def test_a_faulty_cell_is_named_by_its_column(column, cell, expected):
    assert stated(**{column: cell}) == (None, [(column, expected)])


def test_a_nationality_that_the_layout_does_not_know_is_a_fault():
    listed = read_layout(TOML.replace('"*" = "foreign"', 'USA = "foreign"').encode(), load_municipalities())
    assert stated(listed, 国籍="JPM") == (None, [("国籍", FaultCode.CODE_UNKNOWN)])


def test_all_faults_of_a_line_come_out_at_once():
    line, faults = stated(事由="99", 異動日="20230230", 性別="3", 個人番号="1234")
    assert line is None
    assert faults == [
        ("事由", FaultCode.CODE_UNKNOWN),
        ("異動日", FaultCode.DATE_IMPOSSIBLE),
        ("性別", FaultCode.CODE_UNKNOWN),
        ("個人番号", FaultCode.NUMBER_MALFORMED),
    ]


@pytest.mark.parametrize(
    "column", ["履歴番号", "事由", "異動日", "届出日", "生年月日", "性別", "個人番号", "住民票コード"]
)
def test_a_fault_never_repeats_what_stands_in_the_cell(column):
    planted = "植込ＰＬＡＮＴＥＤ"
    findings = Findings()
    written = row(**{column: planted})
    cells = {field: written[heading] for field, heading in LAYOUT.columns.named().items()}
    assert state(ReadLine(number=2, cells=cells), LAYOUT, findings) is None
    assert planted not in repr(findings.faults)
