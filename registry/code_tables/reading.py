"""Reads a newer file of codes as it comes from an office: every fault with its line and column, none of them fatal.

A file has the columns of our own table, in any order. For municipalities it may also be the list that 総務省 publishes
(全国地方公共団体コード), saved as CSV: that one says what stands, not since when. UTF-8 or Shift_JIS (CP932).
Faults point to ``/line/column``; the header is line 1.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from registry.code_tables.shapes import SHAPES, Row, TableName
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput

LARGEST_FILE: Final = 16 << 20
"""Bytes. The whole country with its history has a quarter of a megabyte; more is another kind of file."""

ENCODINGS: Final = ("utf-8-sig", "cp932")

OFFICIAL_LIST: Final = {
    "団体コード": "code",
    "都道府県名(漢字)": "prefecture",
    "市区町村名(漢字)": "name",
    "都道府県名(カナ)": "prefecture_kana",
    "市区町村名(カナ)": "name_kana",
}
"""The headings of 総務省's list, folded, and our names for them."""

CHANGES: Final = ("date", "from_code", "to_code")
"""The columns of a file of 市町村合併等: on that day the territory of one code went to another. Others are ignored."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a file. ``is_list``: it only lists what stands today, without periods and successors."""

    rows: tuple[Row, ...]
    is_list: bool


def read_file(data: bytes, table: TableName, faults: Faults) -> Incoming:
    """Return the rows of a file for one table; lines that are none are noted in ``faults``.

    Raises InvalidInput where the file as a whole cannot be read.
    """
    lines = _lines(data)
    headings = _headings(lines)
    if table is TableName.MUNICIPALITIES and OFFICIAL_LIST.keys() <= set(headings):
        named = {headings.index(heading): column for heading, column in OFFICIAL_LIST.items()}
        return Incoming(rows=_listed(_rows(lines, named, faults, faults_of_width=False)), is_list=True)
    columns = SHAPES[table].columns
    _check_headings(headings, columns, exactly=True)
    named = {headings.index(column): column for column in columns}
    return Incoming(rows=tuple(_rows(lines, named, faults, faults_of_width=True)), is_list=False)


def read_changes(data: bytes, faults: Faults) -> tuple[Row, ...]:
    """Return the rows of a file of changes, with its columns ``date``, ``from_code`` and ``to_code``."""
    lines = _lines(data)
    headings = _headings(lines)
    _check_headings(headings, CHANGES, exactly=False)
    return tuple(_rows(lines, {headings.index(column): column for column in CHANGES}, faults, faults_of_width=True))


def _lines(data: bytes) -> dict[int, list[str]]:
    """Return the cells of each line that has any, by the number of the line on which it ends."""
    reader = csv.reader(io.StringIO(_text(data)), strict=True)
    found: dict[int, list[str]] = {}
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                found[reader.line_num] = cells
    except csv.Error:
        expected = "CSV: values with a comma or line end in quotation marks, which come in pairs"
        raise InvalidInput(Fault(code=FaultCode.WRONG_TYPE, pointer=f"/{reader.line_num}", expected=expected)) from None
    if not found:
        raise InvalidInput(Fault(code=FaultCode.EMPTY, expected="a header line and at least one line of codes"))
    return found


def _text(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise InvalidInput(Fault(code=FaultCode.TOO_LONG, expected=f"at most {LARGEST_FILE >> 20} MiB"))
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InvalidInput(Fault(code=FaultCode.WRONG_TYPE, expected="a CSV text in UTF-8 or Shift_JIS (CP932)"))


def _headings(lines: Mapping[int, list[str]]) -> list[str]:
    """Return the headings without spaces and line ends, in one width: offices write 都道府県名（漢字） in many ways."""
    first = next(iter(lines.values()))
    return ["".join(unicodedata.normalize("NFKC", heading).split()) for heading in first]


def _check_headings(headings: list[str], columns: Iterable[str], *, exactly: bool) -> None:
    faults = Faults()
    for column in columns:
        if headings.count(column) != 1:
            code = FaultCode.DUPLICATE if column in headings else FaultCode.MISSING
            faults.add(code, f"/1/{column}", "this column, once")
    for place, heading in enumerate(headings, start=1):
        if exactly and heading not in columns:
            faults.add(FaultCode.UNKNOWN_FIELD, f"/1/{place}", f"only the columns {', '.join(columns)}")
    faults.refuse_if_any()


def _rows(
    lines: Mapping[int, list[str]], named: Mapping[int, str], faults: Faults, *, faults_of_width: bool
) -> Iterator[Row]:
    """Yield the rows below the header whose cells are text; note the others."""
    header, *numbers = lines
    for number in numbers:
        cells = [cell.strip() for cell in lines[number]]
        if len(cells) <= max(named) or (faults_of_width and len(cells) != len(lines[header])):
            faults.add(FaultCode.WRONG_TYPE, f"/{number}", f"{len(lines[header])} values, as in the header")
            continue
        controls = [column for place, column in named.items() if _CONTROL.search(cells[place])]
        for column in controls:
            faults.add(FaultCode.FORBIDDEN_CHARACTER, f"/{number}/{column}", "text on one line")
        if not controls:
            yield Row(cells={column: cells[place] for place, column in named.items()}, line=number)


def _listed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows of 総務省's list as ours; cities that its second sheet repeats above their wards stand once."""
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        kana = unicodedata.normalize("NFKC", row["name_kana"] if row["name"] else row["prefecture_kana"])
        cells = {"code": row["code"], "prefecture": row["prefecture"], "name": row["name"], "name_kana": kana}
        seen.setdefault(tuple(cells.values()), Row(cells=cells, line=row.line))
    return tuple(seen.values())
