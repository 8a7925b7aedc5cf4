"""How an extract begins: whether it is text, in which encoding, with which delimiter, and where its columns are.

A layout says encoding and delimiter, or leaves them to be found by the heading: a heading that names every column of
the layout has been read rightly. Nothing is guessed where more than one reading fits. A heading that does not fit is
refused with everything that is wrong with it; when it would fit in another encoding or with another delimiter, with
that alone.
"""

import codecs
import csv
from typing import BinaryIO, Final

import msgspec

from municipality_sync.agent.findings import ExtractUnreadable, FileFault, LineFault
from municipality_sync.agent.layout import DELIMITERS, Encoding, Layout
from municipality_sync.agent.lines import raw_lines, split
from registry.domain.errors import FaultCode

_HEAD_BYTES: Final = 1 << 16
_FOREIGN_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_JIS_SHIFT: Final = b"\x1b$"  # ISO-2022-JP: line ends are line ends, but a byte means nothing by itself
_NO_TEXT: Final = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "a workbook of an older kind",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
}
_NO_PART_OF_TEXT: Final = frozenset(range(0x20)) - {0x09}


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """The first line as it was read: encoding, delimiter, the names of all columns, and where the next line begins."""

    encoding: Encoding
    delimiter: str
    names: tuple[str, ...]
    end: int


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """The first bytes of a file that is text: some of them, its first line without a mark, where that line ends."""

    head: bytes
    first: bytes
    end: int

    @property
    def plainly_utf_8(self) -> bool:
        """Whether it has what only UTF-8 has: its mark, or characters in its way of writing them."""
        return self.head.startswith(codecs.BOM_UTF8) or (not self.head.isascii() and self.can_be(Encoding.UTF_8))

    def can_be(self, encoding: Encoding) -> bool:
        """Whether every byte of the head makes sense in an encoding."""
        try:
            codecs.getincrementaldecoder(encoding)().decode(self.head)  # not final: the head may end in a character
        except UnicodeDecodeError:
            return False
        return True

    def heading_in(self, encoding: Encoding, delimiter: str) -> Heading:
        """Read the first line in one way; no names at all when it cannot be read so."""
        try:
            names = [name.strip() for name in split(self.first.decode(encoding), delimiter)]
        except (UnicodeDecodeError, csv.Error):
            names = []
        return Heading(encoding=encoding, delimiter=delimiter, names=tuple(names), end=self.end)

    def every_heading(self) -> tuple[Heading, ...]:
        """Read the first line in every way there is."""
        return tuple(self.heading_in(encoding, delimiter) for encoding in Encoding for delimiter in DELIMITERS)


def read_heading(file: BinaryIO, layout: Layout) -> Heading:
    """Read how the extract begins; raises ExtractUnreadable with every reason why the layout cannot be applied."""
    beginning = read_beginning(file)
    wanted = set(layout.columns.named().values())
    every = beginning.every_heading()
    allowed = [one for one in every if _allows(layout, one)]
    fitting = [one for one in allowed if wanted <= set(one.names)]
    if not fitting:
        raise _misfit(every, allowed, layout)
    found = _by_content(beginning, fitting, layout)
    doubled = [name for name in layout.columns.named().values() if found.names.count(name) > 1]
    if doubled:
        raise ExtractUnreadable(*(_column_fault(name, FileFault.COLUMN_DOUBLED, found) for name in doubled))
    return found


def read_beginning(file: BinaryIO) -> Beginning:
    """Read the first bytes; raises ExtractUnreadable when the file is empty, no text, or text of another family."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise _refused(FaultCode.EMPTY, "a heading and lines")
    foreign = next((name for mark, name in _FOREIGN_MARKS.items() if head.startswith(mark)), None)
    first = next(raw_lines(file, 0, 0)).data
    end = file.tell()
    if foreign or _JIS_SHIFT in first:
        raise _refused(FileFault.WRONG_ENCODING, _readable_as(foreign or "iso-2022-jp"))
    kind = next((kind for mark, kind in _NO_TEXT.items() if head.startswith(mark)), None)
    if kind or _NO_PART_OF_TEXT.intersection(first):
        raise _refused(FileFault.NOT_TEXT, f"a text file of lines; this is {kind or 'none'}")
    return Beginning(head=head, first=first.removeprefix(codecs.BOM_UTF8), end=end)


def _allows(layout: Layout, heading: Heading) -> bool:
    return layout.encoding in {None, heading.encoding} and layout.delimiter in {None, heading.delimiter}


def _misfit(every: tuple[Heading, ...], allowed: list[Heading], layout: Layout) -> ExtractUnreadable:
    """Say why no allowed reading of the heading has all columns."""
    wanted = layout.columns.named().values()
    other = next((one for one in every if set(wanted) <= set(one.names)), None)
    if other is not None and layout.encoding not in {None, other.encoding}:
        return _refused(FileFault.WRONG_ENCODING, _readable_as(other.encoding, layout))
    if other is not None:
        expected = f"{layout.delimiter!r} between columns, as the layout says; the file has {other.delimiter!r}"
        return _refused(FileFault.WRONG_DELIMITER, expected)
    nearest = max(allowed, key=lambda one: len(set(wanted).intersection(one.names)))
    faults = [_column_fault(name, FileFault.COLUMN_MISSING, nearest) for name in wanted if name not in nearest.names]
    if len(faults) == len(wanted):
        faults.insert(0, LineFault(line=1, code=FileFault.NO_HEADING, expected="the names of the columns"))
    doubled = [name for name in wanted if nearest.names.count(name) > 1]
    return ExtractUnreadable(*faults, *(_column_fault(name, FileFault.COLUMN_DOUBLED, nearest) for name in doubled))


def _by_content(beginning: Beginning, fitting: list[Heading], layout: Layout) -> Heading:
    """Choose among readings that fit alike, as with headings in ASCII; refuse where more than one may be right."""
    by_encoding = {one.encoding: one for one in fitting}
    if beginning.plainly_utf_8 and layout.encoding not in {None, Encoding.UTF_8}:
        raise _refused(FileFault.WRONG_ENCODING, _readable_as(Encoding.UTF_8, layout))
    if Encoding.UTF_8 in by_encoding and (beginning.plainly_utf_8 or beginning.head.isascii()):
        return by_encoding[Encoding.UTF_8]
    possible = [one for one in by_encoding.values() if len(by_encoding) == 1 or beginning.can_be(one.encoding)]
    if len(possible) != 1:
        raise _refused(FileFault.WRONG_ENCODING, "a layout that names the encoding: the file does not show which")
    return possible[0]


def _column_fault(name: str, code: FileFault, heading: Heading) -> LineFault:
    expected = f"a column of this name, once, in {heading.encoding}"
    return LineFault(line=1, column=name, code=code, expected=expected)


def _readable_as(found: str, layout: Layout | None = None) -> str:
    declared = layout and layout.encoding
    expected = f"{declared}, as the layout says" if declared else "cp932, utf-8 or euc_jp"
    return f"{expected}; the file reads as {found}"


def _refused(code: FileFault | FaultCode, expected: str) -> ExtractUnreadable:
    return ExtractUnreadable(LineFault(line=1, code=code, expected=expected))
