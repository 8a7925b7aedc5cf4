"""How a batch file begins, and which of its rows can be read: every trouble says so, in its line, and stops no more."""

import io
import tracemalloc

import pytest

from embassy_gateway.batch import households
from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.map_file import read_map
from embassy_gateway.batch.opening import read_opening
from embassy_gateway.batch.taking_in import Batch
from tests.embassy_gateway.batch.tables import (
    HEAD,
    HEADING_OF,
    MAP,
    child,
    export,
    form,
    found,
    head,
    kept,
    take_export,
    take_in,
)

# ---------------------------------------------------------------- encodings and delimiters

READABLE = {
    "UTF-8 with a mark": {"encoding": "utf-8-sig"},
    "UTF-8 without": {"encoding": "utf-8"},
    "cp932": {"encoding": "cp932"},
    "tabs": {"delimiter": "\t"},
    "cp932 with tabs": {"encoding": "cp932", "delimiter": "\t"},
    "line ends of Unix": {"end": "\n"},
    "only the columns that are needed": {"columns": list(HEAD)},
    "columns in another order": {"columns": list(reversed(HEAD))},
}


@pytest.mark.parametrize("how", READABLE.values(), ids=READABLE)
def test_the_form_is_read_however_a_spreadsheet_saves_it(mission, how):
    outcome = take_in(mission, form(head(1), head(2), **how))
    assert (found(outcome), outcome.taken) == ([], 2)


def test_empty_columns_and_rows_that_spreadsheets_leave_are_nothing(mission):
    lines = form(head(1), head(2)).decode().split("\r\n")
    padded = "\r\n".join([f"{line},,," for line in lines[:-1]] + [",,,,", '"",""', ""])
    outcome = take_in(mission, padded.encode())
    assert (found(outcome), outcome.taken, outcome.rows) == ([], 2, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_rows_tell_the_encoding_where_the_heading_is_in_ascii(mission, encoding):
    outcome = take_export(mission, export({}, encoding=encoding))
    assert (found(outcome), outcome.taken) == ([], 1)
    assert "髙﨑".encode() in kept(mission)[0]


def form_in(encoding="utf-8-sig", *, first=None, columns=None):
    data = form(head(surname="山田"), columns=columns, encoding="utf-8")
    return (data if first is None else first.encode() + data[data.index(b"\r\n") :]).decode().encode(encoding)


def without(*names):
    return [name for name in HEAD if name not in names]


UNREADABLE = {
    "nothing": (b"", [("empty", "")]),
    "a mark and nothing": (b"\xef\xbb\xbf\r\n", [("empty", "")]),
    "a workbook": (b"PK\x03\x04\x14\x00", [("not-text", "")]),
    "an older workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", [("not-text", "")]),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", [("no-heading", "")]),
    "bytes": (bytes(range(32)), [("not-text", "")]),
    "Unicode text of a spreadsheet": (form_in("utf-16"), [("wrong-encoding", "")]),
    "ISO-2022-JP": (form_in("iso-2022-jp", first="世帯番号,氏名"), [("wrong-encoding", "")]),
    "EUC-JP": (form_in("euc-jp", first="世帯番号,届出の種類"), [("no-heading", "")]),
    "no heading": (form_in(first="1,2,3"), [("no-heading", "")]),
    "JSON": (b'{"kind": "residence"}', [("no-heading", "")]),
    "two columns missing": (
        form_in(columns=without("birth_date", "nationality")),
        [("column-missing", "国籍"), ("column-missing", "生年月日")],
    ),
    "a column twice": (form_in(columns=[*HEAD, "sex"]), [("column-doubled", "性別")]),
    "a misspelt column": (
        form_in(first=",".join(map(HEADING_OF.__getitem__, HEAD)).replace("旅券番号", "旅券No")),
        [("column-unknown", "")],
    ),
    "missing, doubled and misspelt at once": (
        form_in(first="世帯番号,届出の種類,届出の種類,異動日,届出年月日,姓,生年月日,趣味"),
        [("column-unknown", ""), ("column-missing", "国籍"), ("column-doubled", "届出の種類")],
    ),
}


@pytest.mark.parametrize(("data", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_refused_with_every_reason(mission, data, expected):
    outcome = take_in(mission, data)
    assert sorted((code, column) for code, column, _ in found(outcome)) == sorted(expected)
    assert (outcome.unreadable, outcome.needs_staff, kept(mission)) == (True, True, [])


def test_a_heading_that_nobody_expects_is_not_repeated(mission):
    first = ",".join(map(HEADING_OF.__getitem__, HEAD)) + ",山田花子"
    (kind,) = take_in(mission, form_in(first=first)).faults
    assert kind.expected.endswith(f": {len(HEAD) + 1}")
    assert "山田" not in repr(kind)


NOT_AS_THE_MAP_SAYS = {
    "UTF-8 where the map says cp932": ('encoding = "cp932"\n', "utf-8"),
    "cp932 where the map says UTF-8": ('encoding = "utf-8"\n', "cp932"),
    "a mark where the map says cp932": ('encoding = "cp932"\n', "utf-8-sig"),
}


@pytest.mark.parametrize(("said", "encoding"), NOT_AS_THE_MAP_SAYS.values(), ids=NOT_AS_THE_MAP_SAYS)
def test_an_encoding_other_than_the_map_names_is_refused(mission, said, encoding):
    outcome = take_export(mission, export({}, encoding=encoding), said + MAP)
    assert found(outcome) == [("wrong-encoding", "", [1])]


def test_a_delimiter_other_than_the_map_names_is_refused(mission):
    outcome = take_export(mission, export({}), 'delimiter = "\\t"\n' + MAP)
    assert found(outcome) == [("no-heading", "", [1])]


def test_an_encoding_that_neither_heading_nor_rows_show_is_asked_for(mission):
    data = export({"name": "X"}).replace(b"X", b"\x81\xff").replace("職業".encode("cp932"), b"job")
    assert found(take_export(mission, data)) == [("wrong-encoding", "", [1])]


# ---------------------------------------------------------------- rows


def lines_of(*rows):
    return form(*rows, columns=list(HEAD)).decode().removesuffix("\r\n").split("\r\n")


def file_of(lines):
    return b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)


HALF = "2,在留届,2026-10-01"
ROWS = {
    "half a row": (HALF, "column-count"),
    "too many columns": (f"2{',x' * len(HEAD)}", "column-count"),
    "a stray quotation mark": ('2,"在留届"x,' + "," * 14, "quoting"),
    "a line break within a cell": ('2,在留届,"2026', "quoting"),
    "a broken byte": (b"2,\xff,," + b"," * 13, "undecodable"),
    "a line without end": ("2," + "x" * 40_000, "line-too-long"),
}


@pytest.mark.parametrize(("line", "code"), ROWS.values(), ids=ROWS)
def test_a_row_that_cannot_be_read_stops_its_household_and_no_other(mission, line, code):
    heading, one, two, three = lines_of(head(1), head(2), head(3))
    outcome = take_in(mission, file_of([heading, one, two, line, three]))
    assert found(outcome) == [(code, "", [4])]
    assert (outcome.taken, outcome.faulty, outcome.households) == (2, 1, 3)


@pytest.mark.parametrize(
    "line", ['"', ",在留届" + "," * 14, "=A1" + "," * 15, "#REF!" + "," * 15, "#1" + "," * 15, "2"]
)
def test_a_row_of_nobody_knows_which_household_stops_its_neighbours(mission, line):
    heading, one, two, three, four = lines_of(head(1), head(2), head(3), head(4))
    outcome = take_in(mission, file_of([heading, one, two, line, three, four]))
    assert [lines for _, _, lines in found(outcome)] == [[4]]
    assert (outcome.taken, outcome.faulty) == (2, 2)


def test_a_household_whose_head_cannot_be_read_is_told_that_and_nothing_misleading(mission):
    heading, _, two = lines_of(head(1), child(1))
    outcome = take_in(mission, file_of([heading, "1,在留届", two]))
    assert found(outcome) == [("column-count", "", [2])]
    assert (outcome.faulty, outcome.households) == (1, 1)


def test_the_other_rows_of_a_faulty_household_are_looked_at_too(mission):
    heading, one, two = lines_of(head(1), child(1, birth_date="x"))
    assert found(take_in(mission, file_of([heading, one, "1,", two]))) == [
        ("column-count", "", [3]),
        ("date-unreadable", "生年月日", [4]),
    ]


@pytest.mark.parametrize("cut", [1, 2, 10, 60])
def test_a_file_that_is_cut_off_does_not_lose_the_end_of_a_row_in_silence(mission, cut):
    outcome = take_in(mission, form(head(1), head(2), columns=list(HEAD))[:-cut])
    assert outcome.taken in ({1} if cut > 1 else {1, 2})
    assert outcome.needs_staff or cut == 1


def test_an_apostrophe_form_of_a_number_is_its_text(mission):
    outcome = take_in(mission, form(head(household='="0001"', address_1="1", passport_number='="TZ1234567"')))
    assert (found(outcome), outcome.taken) == ([], 1)


def test_notes_of_the_form_are_passed_over_and_counted(mission):
    heading, one = lines_of(head(1))
    outcome = take_in(mission, file_of([heading, "# note", '"# note, too"', one, "# "]))
    assert (found(outcome), outcome.taken, outcome.notes) == ([], 1, 3)


def test_a_household_of_too_many_rows_is_refused(mission):
    outcome = take_in(mission, form(head(1), *(child(1) for _ in range(70)), head(2)))
    assert found(outcome) == [("too-many-rows", "世帯番号", [62])]
    assert (outcome.taken, outcome.faulty) == (1, 1)


def test_a_file_of_too_many_rows_is_refused_before_anything_is_taken_in(mission, monkeypatch):
    monkeypatch.setattr(households, "MOST_ROWS", 2)
    outcome = take_in(mission, form(head(1), head(2), head(3)))
    assert found(outcome) == [("too-many-rows", "", [4])]
    assert kept(mission) == []


def test_a_file_that_is_changed_while_it_is_read_is_found_out(mission):
    file = io.BytesIO(form(head(1), head(2), head(3)))

    def edit(done, _total):
        if done == 1:
            file.seek(0)
            file.write(b"x" * 2_000)

    outcome = Batch(mission.gateway, OWN_FORM, notice=edit).take_in(file)
    assert [code for code, _, _ in found(outcome)] == ["changed-meanwhile"]
    assert (outcome.taken, outcome.unreadable) == (1, True)


def test_a_long_file_is_not_held_in_memory(mission):
    file = io.BytesIO(
        form(*(row for number in range(2_000) for row in (head(number), child(number))), columns=list(HEAD))
    )
    Batch(mission.gateway, OWN_FORM, check_only=True).take_in(io.BytesIO(form(head())))  # tables are loaded by now
    tracemalloc.start()
    try:
        outcome = Batch(mission.gateway, OWN_FORM, check_only=True).take_in(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.good == 2_000
    assert peak < 3_000_000


def test_the_opening_knows_where_each_field_stands():
    opening = read_opening(io.BytesIO(export({})), form_of(read_map(MAP.encode())))
    assert (opening.encoding, opening.delimiter) == ("cp932", ",")
    assert opening.positions["household"] == 0
    assert "職業" in opening.names
