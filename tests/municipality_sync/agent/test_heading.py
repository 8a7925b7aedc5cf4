"""How an extract begins: what is no text is said, and encoding and delimiter are found where the heading shows them."""

import gzip
import io
import zipfile

import pytest

from municipality_sync.agent.findings import ExtractUnreadable, FileFault
from municipality_sync.agent.heading import read_heading
from registry.domain.errors import FaultCode
from tests.municipality_sync.agent.extracts import HEADINGS, LAYOUT, collected, extract, layout, row, text

FREE = layout(encoding=None)
LATIN = {heading: f"C{number}" for number, heading in enumerate(HEADINGS)}
FREE_IN_LATIN = layout(encoding=None, headings=LATIN)


def with_latin_headings(*rows, encoding):
    return (",".join(LATIN.values()) + "\r\n" + text(*rows).split("\r\n", 1)[1]).encode(encoding)


def refused(data, like=LAYOUT):
    with pytest.raises(ExtractUnreadable) as why:
        read_heading(io.BytesIO(data), like)
    return [(fault.line, fault.column, fault.code) for fault in why.value.faults]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "euc_jp"])
def test_encoding_and_delimiter_are_found_by_the_heading(encoding, delimiter):
    data = text(row(1)).replace(",", delimiter).encode(encoding)
    found = read_heading(io.BytesIO(data), FREE)
    assert (found.encoding, found.delimiter) == (encoding.removesuffix("-sig"), delimiter)
    sent, findings = collected(data, FREE)
    assert (len(sent), findings.faults) == (1, ())
    assert sent[0].record.last.name.given == "花子"


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_headings_in_ascii_leave_it_to_the_content(encoding):
    sent, _ = collected(with_latin_headings(row(1), encoding=encoding), FREE_IN_LATIN)
    assert sent[0].record.last.name.given == "花子"


def test_where_more_than_one_encoding_makes_sense_none_is_guessed():
    data = with_latin_headings(*(dict.fromkeys(HEADINGS, "ﾅﾅ"),), encoding="cp932")
    assert data.decode("euc_jp") != data.decode("cp932")
    assert refused(data, FREE_IN_LATIN) == [(1, "", FileFault.WRONG_ENCODING)]


def test_headings_in_ascii_do_not_hide_a_file_that_is_plainly_utf_8():
    data = with_latin_headings(row(1), encoding="utf-8")
    assert refused(data, layout(headings=LATIN)) == [(1, "", FileFault.WRONG_ENCODING)]


def test_another_delimiter_than_the_layout_says_is_named():
    data = extract(row(1)).replace(b",", b"\t")
    with pytest.raises(ExtractUnreadable) as why:
        read_heading(io.BytesIO(data), layout(delimiter='","'))
    [fault] = why.value.faults
    assert fault.code == FileFault.WRONG_DELIMITER
    assert fault.expected == r"',' between columns, as the layout says; the file has '\t'"


def workbook():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("xl/workbook.xml", text(row(1)))
    return archive.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(workbook(), id="workbook or zip"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), id="old workbook"),
        pytest.param(b"%PDF-1.7\n" + extract(row(1)), id="PDF"),
        pytest.param(gzip.compress(extract(row(1))), id="gzip"),
        pytest.param(b"7z\xbc\xaf\x27\x1c" + bytes(64), id="7z"),
        pytest.param(bytes(range(256)) * 4, id="bytes"),
        pytest.param(text(row(1)).encode("utf-16-le"), id="UTF-16 without a mark"),
    ],
)
def test_what_is_no_text_is_said(data):
    assert refused(data) == [(1, "", FileFault.NOT_TEXT)]
    assert refused(data, FREE) == [(1, "", FileFault.NOT_TEXT)]


@pytest.mark.parametrize("encoding", ["utf-16", "iso2022_jp"])
def test_text_of_another_family_is_said_by_its_name(encoding):
    data = ",".join(HEADINGS).encode(encoding) + b"\r\n"
    with pytest.raises(ExtractUnreadable) as why:
        read_heading(io.BytesIO(data), LAYOUT)
    [fault] = why.value.faults
    assert fault.code == FileFault.WRONG_ENCODING
    assert fault.expected == f"cp932, utf-8 or euc_jp; the file reads as {encoding.replace('2022_', '-2022-')}"


def test_every_missing_column_is_named_at_once():
    gone = {"氏名", "届出日", "転出先"}
    data = extract(row(), headings=[heading for heading in HEADINGS if heading not in gone])
    assert {column for _, column, code in refused(data, FREE) if code == FileFault.COLUMN_MISSING} == gone


def test_a_first_line_of_data_is_no_heading_and_nothing_of_it_is_said():
    data = extract(row(氏名="植込　太郎")).split(b"\r\n", 1)[1]
    with pytest.raises(ExtractUnreadable) as why:
        read_heading(io.BytesIO(data), FREE)
    assert why.value.faults[0].code == FileFault.NO_HEADING
    assert len(why.value.faults) == 1 + len(FREE.columns.named())
    assert "植込" not in repr(why.value.faults)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"   "])
def test_an_empty_file_is_said(data):
    assert refused(data) == [(1, "", FaultCode.EMPTY)]
