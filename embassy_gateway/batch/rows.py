"""The file as lines of bytes, and one line as the cells that the form names: never more than one line in memory.

One line is one row: an opened quotation mark ends with its line at the latest, so that a stray one stops one row and
not the rest of the file. Cells are text, nothing in them is ever calculated.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

import msgspec

from embassy_gateway.batch.findings import CellFault, FileFault

LONGEST_LINE: Final = 1 << 15
"""Bytes; real rows have a few hundred."""

NOTE_MARK: Final = b"# "
"""With its blank: #1 could be somebody's number of a household, #REF! is a cell that a spreadsheet ruined."""

_TEXT_BY_FORMULA: Final = re.compile('="([^"]*)"')  # how services keep the zeros at the front of a number
_END_OF_FILE_MARK: Final = b"\x1a"


class RawLine(NamedTuple):
    """A line before anyone knows whether it can be read; ``data`` without line end, cut after ``LONGEST_LINE``."""

    number: int
    offset: int
    data: bytes
    has_end: bool

    @property
    def is_blank(self) -> bool:
        """Whether no cell of it says anything."""
        return not self.data.replace(b'""', b"").strip(_END_OF_FILE_MARK + b" ,\t")

    @property
    def is_note(self) -> bool:
        """Whether it begins as the notes of the staff's form do."""
        return self.data.removeprefix(b'"').startswith(NOTE_MARK)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How the file begins: encoding, delimiter, all headings, where each field stands, where the next line begins."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    positions: Mapping[str, int]
    end: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One person's row: its line and its cells by field; a cell that is blank is left out."""

    line: int
    cells: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Row(line={self.line}, …)"


class RowUnreadable(Exception):  # noqa: N818 - caught by its reader, where it becomes a fault
    """A line is no row."""

    def __init__(self, fault: CellFault) -> None:
        super().__init__()
        self.fault = fault


def raw_lines(file: BinaryIO, offset: int, number: int) -> Iterator[RawLine]:
    """Yield the lines from ``offset`` on; ``number`` is that of the line before."""
    file.seek(offset)
    while data := file.readline(LONGEST_LINE + 2):
        number += 1
        start, offset = offset, offset + len(data)
        has_end = data.endswith(b"\n")
        if not has_end and len(data) > LONGEST_LINE:
            offset += _passed_over(file)
        yield RawLine(number, start, data.removesuffix(b"\n").removesuffix(b"\r"), has_end)
        if file.tell() != offset:  # someone read elsewhere in between
            file.seek(offset)


def _passed_over(file: BinaryIO) -> int:
    """Pass over the rest of a line; return its length in bytes."""
    length = 0
    while data := file.readline(LONGEST_LINE):
        length += len(data)
        if data.endswith(b"\n"):
            break
    return length


def split(text: str, delimiter: str) -> list[str]:
    """Split one line into cells (RFC 4180); raises ``csv.Error`` where its quotation marks make no sense."""
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def read_row(raw: RawLine, opening: Opening) -> Row:
    """Take a line apart; raises :class:`RowUnreadable`."""
    if len(raw.data) > LONGEST_LINE:
        raise _unreadable(raw, FileFault.LINE_TOO_LONG, f"at most {LONGEST_LINE} bytes")
    if not raw.has_end:
        raise _unreadable(raw, FileFault.TRUNCATED, "a line end after the last row")
    try:
        cells = split(raw.data.decode(opening.encoding), opening.delimiter)
    except UnicodeDecodeError as error:
        expected = f"{opening.encoding}; byte {error.start + 1} of the line is none"
        raise _unreadable(raw, FileFault.UNDECODABLE, expected) from None
    except csv.Error:
        raise _unreadable(raw, FileFault.QUOTING, "quotation marks in pairs, no line break within a cell") from None
    if len(cells) < len(opening.names) or any(cells[len(opening.names) :]):
        raise _unreadable(raw, FileFault.COLUMN_COUNT, f"{len(opening.names)} columns, as in the heading")
    return Row(line=raw.number, cells=_named(cells, opening))


def ruins_of(raw: RawLine, opening: Opening, field: str) -> str | None:
    """Return what still stands whole under ``field`` in a line that is no row: another cell must follow."""
    text = raw.data.decode(opening.encoding, "replace").replace("\r", "")
    try:
        cells = next(csv.reader([text], delimiter=opening.delimiter), [])
    except csv.Error:
        return None
    at = opening.positions[field]
    found = _text(cells[at]) if len(cells) > at + 1 else ""
    return None if not found or "\ufffd" in found or "\n" in found else found


def _named(cells: list[str], opening: Opening) -> dict[str, str]:
    found = ((field, _text(cells[at])) for field, at in opening.positions.items())
    return {field: text for field, text in found if text}


def _text(cell: str) -> str:
    """Return what the cell says, without the blanks around it and out of the form ="…"."""
    plain = cell.strip()
    by_formula = _TEXT_BY_FORMULA.fullmatch(plain) if plain.startswith("=") else None
    return by_formula[1].strip() if by_formula else plain


def _unreadable(raw: RawLine, code: FileFault, expected: str) -> RowUnreadable:
    return RowUnreadable(CellFault(line=raw.number, code=code, expected=expected))
