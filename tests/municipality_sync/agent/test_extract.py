"""The reader: any bytes give lines or faults, one line never spoils another, and memory stays small."""

import io
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from municipality_sync.agent import extract as extract_module
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import FIRST_OF_EACH_KIND, ExtractUnreadable, FileFault, Findings
from municipality_sync.agent.lines import LONGEST_LINE
from registry.domain.errors import FaultCode
from registry.domain.removed_record import LONGEST_HISTORY
from tests.municipality_sync.agent.extracts import (
    HEADINGS,
    LAYOUT,
    addressee,
    collected,
    extract,
    faults_in,
    layout,
    opened,
    row,
    text,
)

HEADING, FIRST, SECOND, THIRD = extract(row(1), row(2), row(3)).splitlines(keepends=True)


def people_in(data, like=LAYOUT):
    findings = Findings()
    return list(opened(data, like).people(findings)), findings


def test_the_lines_of_a_person_are_found_wherever_they_stand():
    people, _ = people_in(extract(row(1, 1), row(2, 1), row(1, 3), row(1, 2)))
    assert [(one.addressee_number, [line.number for line in one.lines]) for one in people] == [
        (addressee(1), [2, 4, 5]),
        (addressee(2), [3]),
    ]


def test_cells_are_text_as_written():
    formulas = {"転出先": "=1+1", "住所": "@SUM(A1)", "本籍": "+81", "カナ": "-1", "筆頭者": 'cmd|"/c calc"!A1'}
    [person], findings = people_in(extract(row(**formulas)))
    cells = person.lines[0].cells
    assert [cells[name] for name in ("destination", "address", "honseki", "kana", "honseki_head")] == [
        *formulas.values()
    ]
    assert not findings.faults


@pytest.mark.parametrize(
    ("spoilt", "column", "code"),
    [
        pytest.param(SECOND.replace("花子".encode("cp932"), b"\x81\xff"), "氏名", FileFault.UNDECODABLE, id="no cp932"),
        pytest.param(SECOND.replace(b"\r\n", b",\r\n"), "", FileFault.COLUMN_COUNT, id="a column too many"),
        pytest.param(b",".join(SECOND.split(b",")[:9]) + b"\r\n", "", FileFault.COLUMN_COUNT, id="columns missing"),
        pytest.param(SECOND.replace(b",JPN", b',"JPN'), "", FileFault.QUOTING, id="a quotation mark left open"),
        pytest.param(SECOND.replace(b",JPN", b',"JP"N'), "", FileFault.QUOTING, id="text after a quotation mark"),
        pytest.param(SECOND.replace(b",JPN", b",J\rPN"), "", FileFault.QUOTING, id="a bare carriage return"),
        pytest.param(SECOND.replace(b",JPN", b",J\0N"), "国籍", FaultCode.FORBIDDEN_CHARACTER, id="NUL"),
        pytest.param(SECOND.replace(b",JPN", b",\x1b[2J"), "国籍", FaultCode.FORBIDDEN_CHARACTER, id="escape sequence"),
        pytest.param(SECOND[:-2] + b"x" * LONGEST_LINE + b"\r\n", "", FileFault.LINE_TOO_LONG, id="an endless line"),
    ],
)
def test_a_faulty_line_is_named_holds_its_person_back_and_stops_nobody_else(spoilt, column, code):
    more = extract(row(2, 2)).splitlines(keepends=True)[1]
    sent, findings = collected(HEADING + FIRST + spoilt + THIRD + more)
    assert [(fault.line, fault.column, fault.code) for fault in findings.faults] == [(3, column, code)]
    assert [one.record.addressee_number for one in sent] == [addressee(1), addressee(3)]
    assert (findings.held_back, findings.unassigned_lines) == (1, 0)


@pytest.mark.parametrize("kept", [12, 40, len(THIRD) - 2, len(THIRD) - 1])
def test_a_last_line_without_line_end_was_cut_off(kept):
    sent, findings = collected(HEADING + FIRST + SECOND + THIRD[:kept])
    assert [(fault.line, fault.code) for fault in findings.faults] == [(4, FileFault.TRUNCATED)]
    assert [one.record.addressee_number for one in sent] == [addressee(1), addressee(2)]
    assert findings.held_back == 1


def test_a_line_cut_within_its_first_cell_is_nobodys():
    sent, findings = collected(HEADING + FIRST + SECOND[:7])
    assert len(sent) == 1
    assert (findings.held_back, findings.unassigned_lines) == (0, 1)


def test_a_wrong_addressee_number_is_a_fault_of_its_column():
    wrong = addressee(2)[:-1] + str((int(addressee(2)[-1]) + 1) % 10)
    assert faults_in(extract(row(1), row(2, 宛名番号=wrong))) == [(3, "宛名番号", FaultCode.CHECK_DIGIT)]


def test_blank_lines_and_the_end_mark_of_old_systems_are_no_lines():
    sent, findings = collected(HEADING + b"\r\n" + FIRST + b"\n" + SECOND + b"\x1a")
    assert (len(sent), findings.faults) == (2, ())


def test_columns_that_the_layout_does_not_name_are_never_looked_at():
    sent, findings = collected(extract(row(備考="\0\x1b=HYPERLINK()"), headings=(*HEADINGS, "世帯番号")))
    assert (len(sent), findings.faults) == (1, ())


def test_another_delimiter_is_read_as_the_layout_says():
    tabbed = extract(row(1)).replace(b",", b"\t")
    assert len(collected(tabbed, layout(delimiter='"\\t"'))[0]) == 1


@pytest.mark.parametrize(
    ("written", "expected", "found"),
    [
        pytest.param("utf-8", "cp932", "utf-8", id="UTF-8 for cp932"),
        pytest.param("utf-8-sig", "cp932", "utf-8", id="UTF-8 with a mark for cp932"),
        pytest.param("euc_jp", "cp932", "euc_jp", id="EUC for cp932"),
        pytest.param("cp932", "utf-8", "cp932", id="cp932 for UTF-8"),
        pytest.param("cp932", "euc_jp", "cp932", id="cp932 for EUC"),
    ],
)
def test_a_wrong_encoding_is_detected_and_said(written, expected, found):
    with pytest.raises(ExtractUnreadable) as refused:
        opened(extract(row(), encoding=written), layout(encoding=f'"{expected}"'))
    [fault] = refused.value.faults
    assert (fault.line, fault.code) == (1, FileFault.WRONG_ENCODING)
    assert fault.expected == f"{expected}, as the layout says; the file reads as {found}"


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "euc_jp"])
def test_every_encoding_of_a_layout_is_read(encoding):
    name = {} if encoding == "euc_jp" else {"氏名": "髙﨑　花子"}
    sent, findings = collected(
        extract(row(**name), encoding=encoding), layout(encoding=f'"{encoding.removesuffix("-sig")}"')
    )
    assert (len(sent), findings.faults) == (1, ())


def test_utf_8_of_half_surrogates_is_none():
    data = extract(row(1), row(2), encoding="utf-8").replace("花子".encode(), b"\xed\xa0\x80", 1)
    assert faults_in(data, layout(encoding='"utf-8"')) == [(2, "氏名", FileFault.UNDECODABLE)]


def test_a_heading_that_does_not_fit_is_refused_with_every_column():
    headings = [heading for heading in HEADINGS if heading not in {"氏名", "届出日"}]
    with pytest.raises(ExtractUnreadable) as refused:
        opened(extract(row(), headings=(*headings, "国籍")))
    assert {(fault.column, fault.code) for fault in refused.value.faults} == {
        ("氏名", FileFault.COLUMN_MISSING),
        ("届出日", FileFault.COLUMN_MISSING),
        ("国籍", FileFault.COLUMN_DOUBLED),
    }


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n"])
def test_an_empty_file_is_refused(data):
    with pytest.raises(ExtractUnreadable) as refused:
        opened(data)
    assert [fault.code for fault in refused.value.faults] == [FaultCode.EMPTY]


def test_an_endless_history_is_held_back():
    lines = [row(1, history) for history in range(1, LONGEST_HISTORY + 3)]
    sent, findings = collected(extract(*lines, row(2)))
    assert [one.record.addressee_number for one in sent] == [addressee(2)]
    assert [(fault.column, fault.code) for fault in findings.faults] == [("宛名番号", FaultCode.TOO_LONG)]
    assert findings.held_back == 1


def test_too_many_lines_are_refused_as_a_whole(monkeypatch):
    monkeypatch.setattr(extract_module, "MOST_LINES", 3)
    with pytest.raises(ExtractUnreadable) as refused:
        collected(extract(row(1), row(2), row(3)))
    assert [(fault.line, fault.code) for fault in refused.value.faults] == [(4, FileFault.TOO_MANY_LINES)]


def test_a_file_that_is_changed_while_it_is_read_is_refused():
    file = io.BytesIO(extract(row(1), row(2)))
    people = Extract(file, LAYOUT).people(Findings())
    next(people)
    file.getbuffer()[len(HEADING) + len(FIRST) :] = extract(row(3)).removeprefix(HEADING)
    with pytest.raises(ExtractUnreadable):
        next(people)


def test_neither_lines_nor_people_show_themselves():
    [person], _ = people_in(extract(row(1)))
    assert "花子" not in repr(person) + repr(person.lines[0])
    assert addressee(1) not in repr(person)


# ---------------------------------------------------------------- whatever comes
def read_whatever(data, like):
    """Read to the end; faults and people may come out, one exception may, and nothing else."""
    findings, refused = Findings(), ()
    try:
        people = list(Extract(io.BytesIO(data), like).people(findings))
    except ExtractUnreadable as unreadable:
        people, refused = [], unreadable.faults
    lines = data.count(b"\n") + 1
    assert 1 <= len(refused) <= len(HEADINGS) if refused else len(people) <= lines
    assert all(len(kind.lines) <= min(kind.count, FIRST_OF_EACH_KIND) for kind in findings.kinds)
    assert all(1 <= fault.line <= lines for fault in (*refused, *findings.faults))


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_give_lines_or_faults(data, has_heading):
    read_whatever((HEADING if has_heading else b"") + data, LAYOUT)


GOOD = text(*(row(person, history) for person in range(1, 4) for history in (1, 2)))


@settings(max_examples=200)
@given(
    encoding=st.sampled_from(["cp932", "utf-8", "euc_jp"]),
    changes=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6), st.integers(0, 4)), max_size=6),
)
def test_a_spoilt_extract_gives_lines_or_faults(encoding, changes):
    data = bytearray(GOOD.encode(encoding))
    for at, put, gone in changes:
        data[at : at + gone] = put
    sent, findings = [], None
    like = layout(encoding=f'"{encoding}"')
    try:
        sent, findings = collected(bytes(data), like)
    except ExtractUnreadable:
        return
    assert findings.people >= len(sent)
    if len(sent) < 3:
        assert findings.faults or findings.stays or findings.unassigned_lines


class Endless(io.RawIOBase):
    """A file of a hundred megabytes that is nowhere: a heading, then ``filling`` again and again."""

    def __init__(self, filling):
        self._filling = filling
        self._at = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, at, whence=0):
        self._at = at + (self._at if whence == 1 else 0)
        return self._at

    def tell(self):
        return self._at

    def readinto(self, buffer):
        wanted = min(len(buffer), max(100_000_000 - self._at, 0))
        skipped = max(self._at - len(HEADING), 0) % len(self._filling)
        here = HEADING[self._at :] + (self._filling * (wanted // len(self._filling) + 2))[skipped:]
        buffer[:wanted] = here[:wanted]
        self._at += wanted
        return wanted


@pytest.mark.parametrize(
    "filling",
    [
        pytest.param(b"x" * 997, id="one line without end"),
        pytest.param(b'"', id="quotation marks"),
        pytest.param(b"\n", id="empty lines"),
        pytest.param(b"," * 400 + b"\r\n", id="empty cells"),
        pytest.param(FIRST, id="one person"),
    ],
)
def test_a_hundred_megabytes_of_anything_stay_out_of_memory(filling, monkeypatch):
    monkeypatch.setattr(extract_module, "MOST_LINES", 20_000)
    tracemalloc.start()
    with suppress(ExtractUnreadable):
        for _ in Extract(io.BufferedReader(Endless(filling)), LAYOUT).people(Findings()):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
