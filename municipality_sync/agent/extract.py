"""The extract of a municipal system: bytes become the lines of one person after the other, whatever the bytes are.

An extract is read twice. The first reading notes where each person's lines are, so that they may stand anywhere in the
file; the second reads them person by person. So no more than one history is in memory, and nothing touches the disk.

(1) One line of the file is one line of a history: an opened quotation mark ends with its line at the latest. RFC 4180
    would let a stray mark swallow the rest of the file; here a faulty line stops itself and no other.
(2) Columns that the layout does not name are never looked at. Cells are text: nothing in them is ever calculated.
(3) A line that cannot be read holds back the person whose 宛名番号 it still shows; without one it is only reported.
(4) A last line without line end was cut off somewhere: systems end every line.
"""

import codecs
import csv
import re
from array import array
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

import msgspec

from municipality_sync.agent.findings import ExtractUnreadable, FileFault, Findings, LineFault
from municipality_sync.agent.layout import Encoding, Layout
from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.numbers import AddresseeNumber
from registry.domain.removed_record import LONGEST_HISTORY

LONGEST_LINE: Final = 1 << 16
"""Bytes; real lines have a few hundred. Keeps memory small whatever comes, a file without line ends too."""

MOST_LINES: Final = 500_000
"""Lines of one extract; a larger one is split by person. At this size the places of all lines fill about 120 MB."""

_HEAD_BYTES: Final = 1 << 16
_BYTE_ORDER_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8"}
_END_OF_FILE_MARK: Final = b"\x1a"  # older systems still write the mark of CP/M and DOS after the last line
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_NUMBER_AND_OFFSET: Final = 2


class ReadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file: its number (the header is 1) and its cells by our names of the columns, as written."""

    number: int
    cells: dict[str, str]

    def __repr__(self) -> str:
        return f"ReadLine(number={self.number}, …)"


class PersonLines(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of one person, in the order of the file. ``is_faulty``: some line of theirs could not be read."""

    addressee_number: str
    lines: tuple[ReadLine, ...]
    is_faulty: bool

    def __repr__(self) -> str:
        return f"PersonLines({len(self.lines)} lines)"


class _RawLine(NamedTuple):
    """A line before anyone knows whether it can be read; ``data`` without line end, and cut at ``LONGEST_LINE``."""

    number: int
    offset: int
    data: bytes
    has_end: bool


class _Unreadable(Exception):  # noqa: N818 - caught in this module, where it becomes faults
    """A line is no line of a history; carries what to report of it."""

    def __init__(self, *faults: LineFault) -> None:
        super().__init__()
        self.faults = faults


class Extract:
    """One extract, opened for reading in binary, with the layout that explains it.

    ``file`` must be seekable and stay open. Raises :class:`ExtractUnreadable` when the heading does not fit the layout.
    """

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file = file
        self.layout = layout
        head = _head(file, layout)
        first = next(_raw_lines(file, 0, 0))
        self._headings = _headings(first.data, head, layout)
        self._positions = {field: self._headings.index(name) for field, name in layout.columns.named().items()}
        self._first_line_end = file.tell()

    def people(self, findings: Findings) -> Iterator[PersonLines]:
        """Yield everyone in the extract, in the order in which they first appear; add every fault to ``findings``.

        Raises :class:`ExtractUnreadable` when there are more than ``MOST_LINES`` lines, or when the file is changed
        while it is being read.
        """
        places, faulty = self._places(findings)
        for person, place in places.items():
            numbers, offsets = place[::2], place[1::2]
            lines = tuple(self._reread(person, *at) for at in zip(numbers, offsets, strict=True))
            yield PersonLines(addressee_number=person, lines=lines, is_faulty=person in faulty)

    def _places(self, findings: Findings) -> tuple[dict[str, "array[int]"], set[str]]:
        """Read the file once: where the lines of each person are (number and offset in turn), and whose are faulty."""
        places: dict[str, array[int]] = {}
        faulty: set[str] = set()
        for raw in _raw_lines(self._file, self._first_line_end, 1):
            if raw.number > MOST_LINES:
                expected = f"at most {MOST_LINES} lines; split the extract by person"
                raise ExtractUnreadable(LineFault(line=raw.number, code=FileFault.TOO_MANY_LINES, expected=expected))
            if not raw.data.strip(_END_OF_FILE_MARK):
                continue
            try:
                cells = self._cells(raw)
                person: str | None = self._person(raw.number, cells)
                added: tuple[int, ...] = (raw.number, raw.offset)
            except _Unreadable as unreadable:
                findings.add_all(unreadable.faults)
                person, added = self._person_in_ruins(raw), ()
                faulty.add(person or "")
            _note(person, added, places, findings)
        self._hold_back_the_endless(places, faulty, findings)
        return places, faulty

    def _hold_back_the_endless(self, places: dict[str, "array[int]"], faulty: set[str], findings: Findings) -> None:
        for person, place in places.items():
            if len(place) > _NUMBER_AND_OFFSET * LONGEST_HISTORY:
                expected = f"at most {LONGEST_HISTORY} lines of one person"
                column = self.layout.columns.addressee_number
                findings.add(LineFault(line=place[-2], column=column, code=FaultCode.TOO_LONG, expected=expected))
                faulty.add(person)
                del place[:]

    def _reread(self, person: str, number: int, offset: int) -> ReadLine:
        """Read a line again whose place is known."""
        raw = next(_raw_lines(self._file, offset, number - 1), None)
        try:
            if raw is not None:
                cells = self._cells(raw)
                if self._person(number, cells) == person:
                    return ReadLine(number=number, cells=cells)
        except _Unreadable:
            pass
        raise ExtractUnreadable(
            LineFault(line=number, code=FileFault.TRUNCATED, expected="a file that nobody changes while it is read")
        )

    def _cells(self, raw: _RawLine) -> dict[str, str]:
        """Take a line apart; raises :class:`_Unreadable` with what is wrong in it."""
        if len(raw.data) > LONGEST_LINE:
            raise _unreadable(raw, FileFault.LINE_TOO_LONG, f"at most {LONGEST_LINE} bytes")
        if not raw.has_end:
            raise _unreadable(raw, FileFault.TRUNCATED, "a line of all columns, and a line end after it")
        try:
            cells = _split(raw.data.decode(self.layout.encoding), self.layout, strict=True)
        except UnicodeDecodeError as error:
            expected = f"{self.layout.encoding}; byte {error.start + 1} of the line is none"
            raise _unreadable(raw, FileFault.UNDECODABLE, expected, self._heading_at(raw, error.start)) from None
        except csv.Error:
            raise _unreadable(raw, FileFault.QUOTING, "quotation marks in pairs, and no bare carriage return") from None
        if len(cells) != len(self._headings):
            raise _unreadable(raw, FileFault.COLUMN_COUNT, f"{len(self._headings)} columns, as in the heading")
        named = {field: cells[at] for field, at in self._positions.items()}
        self._refuse_control_characters(raw, named)
        return named

    def _refuse_control_characters(self, raw: _RawLine, cells: dict[str, str]) -> None:
        faults = tuple(
            LineFault(
                line=raw.number,
                column=self._headings[self._positions[field]],
                code=FaultCode.FORBIDDEN_CHARACTER,
                expected="no control character",
            )
            for field, text in cells.items()
            if _CONTROL.search(text)
        )
        if faults:
            raise _Unreadable(*faults)

    def _heading_at(self, raw: _RawLine, position: int) -> str:
        """Return the heading of the column in which a byte of the line stands."""
        before = _split(raw.data[:position].decode(self.layout.encoding, "replace"), self.layout, strict=False)
        return self._headings[len(before) - 1] if 0 < len(before) <= len(self._headings) else ""

    def _person(self, number: int, cells: dict[str, str]) -> str:
        """Return the 宛名番号 of a line in plain digits."""
        try:
            return AddresseeNumber.parse(cells["addressee_number"]).reveal()
        except InvalidInput as refused:
            column = self.layout.columns.addressee_number
            faults = refused.faults
        raise _Unreadable(
            *(LineFault(line=number, column=column, code=fault.code, expected=fault.expected) for fault in faults)
        )

    def _person_in_ruins(self, raw: _RawLine) -> str | None:
        """Return whose an unreadable line is, if its 宛名番号 still stands there whole: another cell must follow."""
        cells = _split(raw.data.decode(self.layout.encoding, "replace"), self.layout, strict=False)
        at = self._positions["addressee_number"]
        if len(cells) <= at + 1:
            return None
        try:
            return AddresseeNumber.parse(cells[at]).reveal()
        except InvalidInput:
            return None


def _note(person: str | None, added: tuple[int, ...], places: dict[str, "array[int]"], findings: Findings) -> None:
    """Remember a place of a person's line; one more than a history can have is enough to see that it has too many."""
    if person is None:
        findings.unassigned_lines += 1
        return
    place = places.setdefault(person, array("Q"))
    if len(place) <= _NUMBER_AND_OFFSET * LONGEST_HISTORY:
        place.extend(added)


def _unreadable(raw: _RawLine, code: FileFault, expected: str, column: str = "") -> _Unreadable:
    return _Unreadable(LineFault(line=raw.number, column=column, code=code, expected=expected))


def _raw_lines(file: BinaryIO, offset: int, number: int) -> Iterator[_RawLine]:
    """Yield the lines from ``offset`` on; ``number`` is that of the line before. Never holds more than one."""
    file.seek(offset)
    while data := file.readline(LONGEST_LINE + 1):
        number += 1
        length = len(data)
        has_end = data.endswith(b"\n")
        if not has_end and length > LONGEST_LINE:
            length += _skip_line(file)
        yield _RawLine(number, offset, data.removesuffix(b"\n").removesuffix(b"\r"), has_end)
        offset += length
        if file.tell() != offset:  # someone read elsewhere in between
            file.seek(offset)


def _skip_line(file: BinaryIO) -> int:
    """Pass over the rest of a line; return its length in bytes."""
    length = 0
    while data := file.readline(LONGEST_LINE):
        length += len(data)
        if data.endswith(b"\n"):
            break
    return length


def _split(text: str, layout: Layout, *, strict: bool) -> list[str]:
    """Split one line into cells (RFC 4180); unless ``strict``, make the best of it."""
    if not strict:
        text = text.replace("\r", "").replace("\n", "")
    return next(csv.reader([text], delimiter=layout.delimiter, strict=strict), [])


# ---------------------------------------------------------------- the heading
def _head(file: BinaryIO, layout: Layout) -> bytes:
    """Return the beginning of the file; refuse it when it is empty or plainly in another encoding."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise ExtractUnreadable(LineFault(line=1, code=FaultCode.EMPTY, expected="a heading and lines"))
    found = _plain_encoding(head)
    if found is not None and found != layout.encoding:
        raise _wrong_encoding(layout, found)
    return head


def _plain_encoding(head: bytes) -> str | None:
    """Tell UTF-16 and UTF-8 by what no other encoding has; None where nothing can be told."""
    for mark, name in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return name
    if head.isascii():
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # not final: a character may be cut where the head ends
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _wrong_encoding(layout: Layout, found: str) -> ExtractUnreadable:
    expected = f"{layout.encoding}, as the layout says; the file reads as {found}"
    return ExtractUnreadable(LineFault(line=1, code=FileFault.WRONG_ENCODING, expected=expected))


def _headings(first: bytes, head: bytes, layout: Layout) -> list[str]:
    """Read the heading; refuse it when a column that the layout names is missing or stands twice."""
    first = first.removeprefix(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else first
    headings = _headings_in(first, layout.encoding, layout)
    wanted = layout.columns.named().values()
    if not headings or not set(wanted) <= set(headings):
        for other in Encoding:
            if set(wanted) <= set(_headings_in(first, other, layout)):
                raise _wrong_encoding(layout, other)
    faults = [
        LineFault(
            line=1,
            column=heading,
            code=FileFault.COLUMN_DOUBLED if heading in headings else FileFault.COLUMN_MISSING,
            expected=f"a column of this name, once, in {layout.encoding}",
        )
        for heading in wanted
        if headings.count(heading) != 1
    ]
    if faults:
        raise ExtractUnreadable(*faults)
    return headings


def _headings_in(first: bytes, encoding: str, layout: Layout) -> list[str]:
    """Read the heading in one encoding; nothing when it is none of it."""
    try:
        return [heading.strip() for heading in _split(first.decode(encoding), layout, strict=True)]
    except (UnicodeDecodeError, csv.Error):
        return []
