"""世帯 — rows become households, wherever in the file the rows of one stand.

The file is read twice. The first reading notes where the rows of each household are; the second reads them household by
household, so that no more than one is in memory. A row that cannot be read stops the household whose key it still
shows; one that shows none stops its neighbours, for it belongs most likely to one of them, and a household must not go
out short of a person. It never stops the others.
"""

import unicodedata
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from embassy_gateway.batch.findings import CellFault, FileFault, FileUnreadable, Findings
from embassy_gateway.batch.rows import Opening, RawLine, Row, RowUnreadable, raw_lines, read_row, ruins_of

MOST_ROWS: Final = 100_000
"""Rows of one file; their places fill some 30 MB."""

MOST_ROWS_OF_HOUSEHOLD: Final = 60
"""Rows of one household that are read, foreign members included; a report has at most half as many people."""

_KEY: Final = "household"
_FORMULA: Final = ("=", "＝", "@", "＠", "+", "-", "#")


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one report, as they stand in the file; ``is_whole`` False: some of its rows could not be read."""

    rows: tuple[Row, ...]
    is_whole: bool = True


class _Places:
    """Where the rows of each household are: (line, offset) by its key, and the first line of it that is no row."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[int, int]]] = {}
        self.faulty: dict[str, int] = {}

    def stop(self, key: str, line: int) -> None:
        """Note that the household must not be taken in."""
        self.faulty.setdefault(key, line)


class Table:
    """One batch file whose heading has been read; ``total`` counts its households, ``rows`` and ``notes`` its lines."""

    def __init__(self, file: BinaryIO, opening: Opening, findings: Findings, *, has_notes: bool) -> None:
        """Read the file for the first time; raises :class:`FileUnreadable` when it is too long."""
        self._file = file
        self._opening = opening
        self._has_notes = has_notes
        self._findings = findings
        self._has_key = _KEY in opening.positions
        self.rows = 0
        self.notes = 0
        self._places = self._found()
        self.total = len(self._places.rows.keys() | self._places.faulty.keys())

    def households(self) -> Iterator[Household]:
        """Yield every household by the order in which they first appear.

        Raises :class:`FileUnreadable` when somebody changes the file meanwhile.
        """
        for key, places in self._places.rows.items():
            stopped_at = self._places.faulty.get(key)
            if len(places) > MOST_ROWS_OF_HOUSEHOLD:
                self._findings.add(self._endless(places[MOST_ROWS_OF_HOUSEHOLD][0]))
                yield Household(rows=(), is_whole=False)
            elif stopped_at is not None and stopped_at < places[0][0]:  # the head is missing: the rest would mislead
                yield Household(rows=(), is_whole=False)
            else:
                rows = tuple(self._reread(key, *place) for place in places)
                yield Household(rows=rows, is_whole=stopped_at is None)
        for _ in self._places.faulty.keys() - self._places.rows.keys():
            yield Household(rows=(), is_whole=False)

    def _found(self) -> _Places:
        places = _Places()
        before: str | None = None
        lost: int | None = None  # line of a row whose household nobody knows, until the next one is known
        for raw in raw_lines(self._file, self._opening.end, 1):
            if raw.is_blank or (self._has_notes and raw.is_note):
                self.notes += not raw.is_blank
                continue
            self.rows += 1
            if self.rows > MOST_ROWS:
                expected = f"at most {MOST_ROWS} rows"
                raise FileUnreadable(CellFault(line=raw.number, code=FileFault.TOO_MANY_ROWS, expected=expected))
            key = self._note(raw, places)
            if key is None and before is not None:
                places.stop(before, raw.number)
            if key is not None and lost is not None:
                places.stop(key, lost)
            before, lost = (before, raw.number) if key is None else (key, None)
        return places

    def _note(self, raw: RawLine, places: _Places) -> str | None:
        """Note one line; return the key of its household if it can be known."""
        try:
            row = read_row(raw, self._opening)
        except RowUnreadable as unreadable:
            self._findings.add(unreadable.fault)
            return self._note_ruins(raw, places)
        key = self._key(row)
        if key is None:
            column = self._opening.names[self._opening.positions[_KEY]]
            expected = "the number of the household; one of its own for a person alone"
            self._findings.add(
                CellFault(line=raw.number, column=column, code=FileFault.HOUSEHOLD_UNKNOWN, expected=expected)
            )
            return None
        places.rows.setdefault(key, []).append((raw.number, raw.offset))
        return key

    def _note_ruins(self, raw: RawLine, places: _Places) -> str | None:
        if not self._has_key:
            key: str | None = f"line {raw.number}"
        else:
            found = ruins_of(raw, self._opening, _KEY)
            key = None if found is None else _plain(found)
        if key is not None:
            places.stop(key, raw.number)
        return key

    def _key(self, row: Row) -> str | None:
        """Return what holds the rows of a household together; each row is one where the file has no such column."""
        if not self._has_key:
            return f"line {row.line}"
        return _plain(row.cells.get(_KEY, ""))

    def _reread(self, key: str, number: int, offset: int) -> Row:
        """Read a row again whose place is known."""
        raw = next(raw_lines(self._file, offset, number - 1), None)
        try:
            row = None if raw is None else read_row(raw, self._opening)
        except RowUnreadable:
            row = None
        if row is None or self._key(row) != key:
            expected = "a file that nobody changes while it is read"
            raise FileUnreadable(CellFault(line=number, code=FileFault.CHANGED_MEANWHILE, expected=expected))
        return row

    def _endless(self, line: int) -> CellFault:
        column = self._opening.names[self._opening.positions[_KEY]]
        expected = f"at most {MOST_ROWS_OF_HOUSEHOLD} rows of one household"
        return CellFault(line=line, column=column, code=FileFault.TOO_MANY_ROWS, expected=expected)


def _plain(text: str) -> str | None:
    """Return a key as it is compared: １ is 1. None for a blank, and for a formula, whose value nobody knows."""
    key = unicodedata.normalize("NFKC", text).strip()
    return None if not key or key.startswith(_FORMULA) else key
