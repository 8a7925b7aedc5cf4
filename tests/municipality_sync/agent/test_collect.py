"""Who may leave the town hall, and what the registry's own rules say before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.contract.decoding import decode, encode
from registry.domain.errors import FaultCode, Severity
from registry.domain.removed_record import (
    CORRECTS_REMOVED_RECORD,
    KIND_OF_END,
    TAKES_BACK,
    Collection,
    Reason,
    RemovedRecord,
)
from tests.municipality_sync.agent.extracts import addressee, code, collected, extract, faults_in, layout, row

IN_UTF_8 = layout(encoding='"utf-8"')
MOVED_IN, FROM_ABROAD, NATURALISED, WITHIN, ABROAD, DIED = "10", "11", "12", "20", "21", "22"
LOST, UNDONE_UP, UNDONE_DOWN, MOVED_HERE, CORRECTED = "23", "28", "29", "30", "31"


def history(*reasons, person=1, first=2010, **cells):
    """A person's lines, one for each reason, a year apart and all after the year ``first``."""
    return [
        row(person, number, 事由=reason, 異動日=f"{first + number}0401", **cells)
        for number, reason in enumerate(reasons, start=1)
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(history(MOVED_IN, ABROAD), Collection.COLLECT, id="moved abroad"),
        pytest.param(history(ABROAD, CORRECTED), Collection.COLLECT, id="moved abroad, 除票 corrected since"),
        pytest.param(history(ABROAD, UNDONE_DOWN), Collection.COLLECT, id="moved abroad, taken back"),
        pytest.param(history(ABROAD, UNDONE_UP), Collection.COLLECT, id="moved abroad, taken back the other way"),
        pytest.param(history(ABROAD, UNDONE_UP, ABROAD), Collection.COLLECT, id="taken back, then moved after all"),
        pytest.param(history(ABROAD, FROM_ABROAD, ABROAD), Collection.COLLECT, id="came back, and left again"),
        pytest.param(
            history(ABROAD, FROM_ABROAD),
            Collection.STAYS_NOT_MOVED_ABROAD,
            id="came back before there were numbers",
        ),
        pytest.param(history(ABROAD, FROM_ABROAD, first=2014), Collection.COLLECT, id="came back since"),
        pytest.param(history(ABROAD, DIED, first=2014), Collection.COLLECT, id="died abroad"),
        pytest.param(history(ABROAD, LOST, first=2014), Collection.COLLECT, id="lost the nationality abroad"),
        pytest.param(history(ABROAD, WITHIN, first=2014), Collection.STAYS_NOT_MOVED_ABROAD, id="moved in Japan"),
        pytest.param(history(MOVED_IN, WITHIN), Collection.STAYS_NOT_MOVED_ABROAD, id="moved within Japan"),
        pytest.param(history(MOVED_IN, DIED), Collection.STAYS_NOT_MOVED_ABROAD, id="died"),
        pytest.param(history(MOVED_IN, MOVED_HERE), Collection.STAYS_NOT_MOVED_ABROAD, id="lives here"),
        pytest.param(history(ABROAD, 国籍="USA"), Collection.STAYS_FOREIGN_NATIONAL, id="a foreign national"),
        pytest.param(history(ABROAD, 国籍=""), Collection.STAYS_UNDECIDED, id="nationality not stated"),
        pytest.param(history(WITHIN, 国籍=""), Collection.STAYS_UNDECIDED, id="nothing known, moved within Japan"),
    ],
)
def test_only_japanese_who_moved_abroad_leave_the_town_hall(lines, expected):
    sent, findings = collected(extract(*lines))
    assert len(sent) == findings.to_send == (1 if expected is Collection.COLLECT else 0)
    assert findings.stays == ({} if expected is Collection.COLLECT else {expected: 1})
    assert findings.people == 1


LABELLED = layout(reasons="{ " + ", ".join(f'"{reason}" = "{reason}"' for reason in Reason) + " }")


@pytest.mark.parametrize("reason", Reason)
def test_whatever_follows_a_removal_either_corrects_it_takes_it_back_or_ends_it(reason):
    lines = history(Reason.MOVED_IN_FROM_JAPAN, Reason.MOVED_ABROAD, reason, first=2014)
    sent, findings = collected(extract(*lines), LABELLED)
    goes = reason in CORRECTS_REMOVED_RECORD | TAKES_BACK | {Reason.MOVED_ABROAD, *KIND_OF_END}
    assert len(sent) == int(goes)
    assert findings.stays == ({} if goes else {Collection.STAYS_NOT_MOVED_ABROAD: 1})
    assert not findings.has_errors


@pytest.mark.parametrize("reason", Reason)
def test_whatever_came_before_goes_along_as_history(reason):
    [sent], findings = collected(extract(*history(reason, Reason.MOVED_ABROAD)), LABELLED)
    assert [line.reason for line in sent.record.lines] == [reason, Reason.MOVED_ABROAD]
    assert not findings.has_errors


def test_of_who_came_home_leaves_the_return_and_nothing_of_life_since():
    lines = history(MOVED_IN, ABROAD, FROM_ABROAD, MOVED_HERE, CORRECTED, first=2014, 住所="新居町一丁目")
    lines[0]["住所"] = lines[1]["住所"] = "旧居町一丁目"
    [sent], findings = collected(extract(*lines))
    assert [(line.history_number, line.address.text) for line in sent.record.lines] == [
        (1, "旧居町一丁目"),
        (2, "旧居町一丁目"),
        (3, ""),
    ]
    assert (sent.numbers, findings.lines_to_send) == ((2, 3, 4), 3)
    assert "新居町" not in encode(sent.record).decode()


def test_a_correction_of_a_death_goes_along_with_it():
    [sent], _ = collected(extract(*history(ABROAD, DIED, CORRECTED, first=2014)))
    assert [line.history_number for line in sent.record.lines] == [1, 2, 3]


@pytest.mark.parametrize("nationality", ["USA", "JPN"])
def test_who_lost_the_nationality_abroad_left_as_a_japanese(nationality):
    lines = history(ABROAD, LOST, first=2014)
    lines[1]["国籍"] = nationality
    [sent], _ = collected(extract(*lines))
    assert [line.history_number for line in sent.record.lines] == [1, 2]


def test_who_came_home_as_a_foreign_national_stays():
    lines = history(ABROAD, FROM_ABROAD, first=2014)
    lines[1]["国籍"] = "USA"
    assert collected(extract(*lines))[1].stays == {Collection.STAYS_FOREIGN_NATIONAL: 1}


def test_who_lost_the_nationality_as_a_resident_stays():
    assert collected(extract(*history(MOVED_IN, LOST, 国籍="USA")))[1].stays == {Collection.STAYS_FOREIGN_NATIONAL: 1}


def test_the_last_line_says_which_nationality_a_person_has():
    lost = history(MOVED_IN, ABROAD)
    lost[1]["国籍"] = "USA"
    assert collected(extract(*lost))[1].stays == {Collection.STAYS_FOREIGN_NATIONAL: 1}


def test_lines_from_before_a_naturalisation_stay():
    lines = history(MOVED_IN, NATURALISED, ABROAD)
    lines[0] |= {"国籍": "BRA", "氏名": "SILVA　MARIA"}
    [sent], findings = collected(extract(*lines))
    assert [line.history_number for line in sent.record.lines] == [2, 3]
    assert b"SILVA" not in encode(sent.record)
    assert findings.lines_to_send == 2


def test_lines_travel_in_the_order_of_their_numbers():
    first, second, third = history(MOVED_IN, MOVED_HERE, ABROAD)
    [sent], _ = collected(extract(third, first, second))
    assert [line.history_number for line in sent.record.lines] == [1, 2, 3]
    assert sent.numbers == (3, 4, 2)


def test_a_number_that_stands_twice_in_a_history_holds_the_person_back():
    data = extract(row(1, 1, 事由=MOVED_IN), row(1, 2), row(2, 1), row(1, 2))
    sent, findings = collected(data)
    assert [one.record.addressee_number for one in sent] == [addressee(2)]
    assert [(fault.line, fault.column, fault.code) for fault in findings.faults] == [
        (5, "履歴番号", FaultCode.DUPLICATE)
    ]
    assert findings.held_back == 1


def test_one_faulty_line_holds_the_whole_person_back():
    lines = history(MOVED_IN, MOVED_HERE, ABROAD)
    lines[1]["異動日"] = "20230230"
    sent, findings = collected(extract(*lines, *history(ABROAD, person=2)))
    assert [one.record.addressee_number for one in sent] == [addressee(2)]
    assert (findings.held_back, findings.to_send) == (1, 1)


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        pytest.param({"届出日": "20250402"}, "届出日", FaultCode.DATE_IN_THE_FUTURE, id="notified tomorrow"),
        pytest.param({"異動日": "19840101"}, "異動日", FaultCode.DATE_BEFORE_BIRTH, id="moved before birth"),
        pytest.param({"氏名": "", "カナ": ""}, "氏名", FaultCode.NAME_MISSING, id="nobody"),
        pytest.param({"氏名": "長" * 101 + "　花子"}, "氏名", FaultCode.TOO_LONG, id="a name beyond all names"),
        pytest.param({"カナ": "ﾅ" * 101}, "カナ", FaultCode.TOO_LONG, id="a reading too long"),
        pytest.param({"旧氏": "旧" * 101}, "旧氏", FaultCode.TOO_LONG, id="a former surname too long"),
        pytest.param({"住所": "番" * 301}, "住所", FaultCode.TOO_LONG, id="an address too long"),
        pytest.param({"筆頭者": "頭" * 101}, "筆頭者", FaultCode.TOO_LONG, id="a 筆頭者 too long"),
        pytest.param({"転出先": "先" * 201}, "転出先", FaultCode.TOO_LONG, id="a destination too long"),
    ],
)
def test_what_the_registry_would_refuse_is_found_here_at_its_line_and_column(cells, column, expected):
    assert faults_in(extract(row(2), row(1, 1, 事由=MOVED_IN, 異動日="20200101"), row(1, 2, **cells))) == [
        (4, column, expected)
    ]


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        pytest.param(
            {"住民票コード": code(1, uncertain=True)},
            "住民票コード",
            FaultCode.CHECK_DIGIT_UNCERTAIN,
            id="a code of the unverified branch",
        ),
        pytest.param({"市区町村コード": "139998"}, "市区町村コード", FaultCode.CODE_UNKNOWN, id="a code of no table"),
    ],
)
def test_a_warning_goes_along_and_holds_nobody_back(cells, column, expected):
    sent, findings = collected(extract(row(**cells)))
    assert [(fault.column, fault.code, fault.severity) for fault in findings.faults] == [
        (column, expected, Severity.WARNING)
    ]
    assert (len(sent), findings.has_errors) == (1, False)


def test_rules_are_held_against_those_alone_who_would_be_sent():
    _, findings = collected(extract(row(1, 事由=WITHIN, 届出日="20990101")))
    assert (findings.faults, findings.stays) == ((), {Collection.STAYS_NOT_MOVED_ABROAD: 1})


def test_the_same_extract_gives_the_same_records_in_the_same_order():
    data = extract(*history(ABROAD, person=2), *history(MOVED_IN, ABROAD, person=1))
    assert collected(data)[0] == collected(data)[0]
    assert [one.record.addressee_number for one in collected(data)[0]] == [addressee(2), addressee(1)]


ANY_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=',"'), max_size=400)


@given(st.fixed_dictionaries(dict.fromkeys(("氏名", "カナ", "旧氏", "住所", "本籍", "筆頭者", "転出先"), ANY_TEXT)))
def test_whatever_is_sent_has_the_form_of_the_wire(cells):
    sent, findings = collected(extract(row(**cells), encoding="utf-8"), IN_UTF_8)
    assert len(sent) + findings.held_back == 1
    for one in sent:
        assert decode(encode(one.record), RemovedRecord) == one.record
