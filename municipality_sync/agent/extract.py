"""The extract of a municipal system: bytes become the lines of one person after the other, whatever the bytes are.

An extract is read twice. The first reading notes where each person's lines are, so that they may stand anywhere in the
file; the second reads them person by person. So no more than one history is in memory, and nothing touches the disk.

(1) Columns that the layout does not name are never looked at. Cells are text: nothing in them is ever calculated.
(2) A line that cannot be read holds back the person whose 宛名番号 it still shows; without one it is only reported.
(3) A last line without line end was cut off somewhere: systems end every line.
(4) A line that says it is another municipality's, or another month's, stops the file as a whole (``origin``).
"""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from municipality_sync.agent.findings import ExtractUnreadable, FileFault, Findings, LineFault
from municipality_sync.agent.heading import read_heading
from municipality_sync.agent.layout import Layout
from municipality_sync.agent.lines import LONGEST_LINE, RawLine, raw_lines, split, split_somehow
from municipality_sync.agent.origin import Origin
from municipality_sync.agent.places import Places
from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.numbers import AddresseeNumber, read_digits
from registry.domain.removed_record import LONGEST_HISTORY

MOST_LINES: Final = 1_000_000
"""Lines of one extract; a larger one is split by person. At this size the places of all lines fill about 150 MB."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class ReadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file: its number (the heading is 1) and its cells by our names of the columns, as written."""

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


class _Unreadable(Exception):  # noqa: N818 - caught in this module, where it becomes faults
    """A line is no line of a history; carries what to report of it."""

    def __init__(self, *faults: LineFault) -> None:
        super().__init__()
        self.faults = faults


class Extract:
    """One extract, opened for reading in binary, with the layout that explains it and what is known of its origin.

    ``file`` must be seekable and stay open. Raises :class:`ExtractUnreadable` when the heading does not fit the layout.
    """

    def __init__(self, file: BinaryIO, layout: Layout, origin: Origin | None = None) -> None:
        self._file = file
        self.layout = layout
        self.origin = origin
        self._heading = read_heading(file, layout)
        self._positions = {field: self._heading.names.index(name) for field, name in layout.columns.named().items()}

    def people(self, findings: Findings) -> Iterator[PersonLines]:
        """Yield everyone in the extract, in the order in which they first appear; add every fault to ``findings``.

        Raises :class:`ExtractUnreadable` when there are more than ``MOST_LINES`` lines, when the origin is another
        than expected, or when the file is changed while it is being read.
        """
        places = self._places(findings)
        for person, is_faulty in places.people():
            found = places.of(person, LONGEST_HISTORY + 1)
            if len(found) > LONGEST_HISTORY:
                findings.add(self._endless(found[-1][0]))
                found, is_faulty = [], True  # noqa: PLW2901 - an endless history is a faulty one, whatever its lines are
            lines = tuple(self._reread(person, *at) for at in found)
            yield PersonLines(addressee_number=person, lines=lines, is_faulty=is_faulty)

    def _places(self, findings: Findings) -> Places:
        """Read the file once: where the lines of each person are, and whose are faulty."""
        places = Places()
        for raw in raw_lines(self._file, self._heading.end, 1):
            if raw.number > MOST_LINES:
                expected = f"at most {MOST_LINES} lines; split the extract by person"
                raise ExtractUnreadable(LineFault(line=raw.number, code=FileFault.TOO_MANY_LINES, expected=expected))
            if raw.is_blank:
                continue
            findings.lines += 1
            try:
                cells = self._cells(raw)
                self._see_origin(raw.number, cells)
                places.note(self._person(raw.number, cells), raw.number, raw.offset)
            except _Unreadable as unreadable:
                findings.add_all(unreadable.faults)
                self._note_ruins(raw, places, findings)
        return places

    def _see_origin(self, number: int, cells: dict[str, str]) -> None:
        if self.origin is not None:
            self.origin.see_line(number, cells)

    def _note_ruins(self, raw: RawLine, places: Places, findings: Findings) -> None:
        person = self._person_in_ruins(raw)
        if person is None:
            findings.unassigned_lines += 1
        else:
            places.note_faulty(person)

    def _endless(self, number: int) -> LineFault:
        expected = f"at most {LONGEST_HISTORY} lines of one person"
        column = self.layout.columns.addressee_number
        return LineFault(line=number, column=column, code=FaultCode.TOO_LONG, expected=expected)

    def _reread(self, person: str, number: int, offset: int) -> ReadLine:
        """Read a line again whose place is known."""
        raw = next(raw_lines(self._file, offset, number - 1), None)
        try:
            if raw is not None:
                cells = self._cells(raw)
                if read_digits(cells["addressee_number"]) == person:
                    return ReadLine(number=number, cells=cells)
        except _Unreadable:
            pass
        raise changed_meanwhile(number)

    def _cells(self, raw: RawLine) -> dict[str, str]:
        """Take a line apart; raises :class:`_Unreadable` with what is wrong in it."""
        if len(raw.data) > LONGEST_LINE:
            raise _unreadable(raw, FileFault.LINE_TOO_LONG, f"at most {LONGEST_LINE} bytes")
        if not raw.has_end:
            raise _unreadable(raw, FileFault.TRUNCATED, "a line of all columns, and a line end after it")
        try:
            cells = split(raw.data.decode(self._heading.encoding), self._heading.delimiter)
        except UnicodeDecodeError as error:
            expected = f"{self._heading.encoding}; byte {error.start + 1} of the line is none"
            raise _unreadable(raw, FileFault.UNDECODABLE, expected, self._column_at(raw, error.start)) from None
        except csv.Error:
            raise _unreadable(raw, FileFault.QUOTING, "quotation marks in pairs, and no bare carriage return") from None
        if len(cells) != len(self._heading.names):
            raise _unreadable(raw, FileFault.COLUMN_COUNT, f"{len(self._heading.names)} columns, as in the heading")
        named = {field: cells[at] for field, at in self._positions.items()}
        self._refuse_control_characters(raw, named)
        return named

    def _refuse_control_characters(self, raw: RawLine, cells: dict[str, str]) -> None:
        if not _CONTROL.search("".join(cells.values())):
            return
        raise _Unreadable(
            *(
                LineFault(
                    line=raw.number,
                    column=self._heading.names[self._positions[field]],
                    code=FaultCode.FORBIDDEN_CHARACTER,
                    expected="no control character",
                )
                for field, text in cells.items()
                if _CONTROL.search(text)
            )
        )

    def _column_at(self, raw: RawLine, position: int) -> str:
        """Return the column in which a byte of the line stands; "" where it is none that the layout names."""
        before = split_somehow(raw.data[:position].decode(self._heading.encoding, "replace"), self._heading.delimiter)
        at = max(len(before) - 1, 0)
        return self._heading.names[at] if at in self._positions.values() else ""

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

    def _person_in_ruins(self, raw: RawLine) -> str | None:
        """Return whose an unreadable line is, if its 宛名番号 still stands there whole: another cell must follow."""
        cells = split_somehow(raw.data.decode(self._heading.encoding, "replace"), self._heading.delimiter)
        at = self._positions["addressee_number"]
        if len(cells) <= at + 1:
            return None
        try:
            return AddresseeNumber.parse(cells[at]).reveal()
        except InvalidInput:
            return None


def changed_meanwhile(number: int) -> ExtractUnreadable:
    """Say that the file is not what it was when it was read before."""
    expected = "a file that nobody changes while it is read"
    return ExtractUnreadable(LineFault(line=number, code=FileFault.CHANGED_MEANWHILE, expected=expected))


def _unreadable(raw: RawLine, code: FileFault, expected: str, column: str = "") -> _Unreadable:
    return _Unreadable(LineFault(line=raw.number, column=column, code=code, expected=expected))
