"""The file as lines of bytes, and one line as cells: never more than one line in memory, whatever the bytes are.

One line of the file is one line of a history: an opened quotation mark ends with its line at the latest. RFC 4180 would
let a stray mark swallow the rest of the file; here a faulty line stops itself and no other.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

LONGEST_LINE: Final = 1 << 16
"""Bytes; real lines have a few hundred. Keeps memory small whatever comes, a file without line ends too."""

_END_OF_FILE_MARK: Final = b"\x1a"  # older systems still write the mark of CP/M and DOS after the last line


class RawLine(NamedTuple):
    """A line before anyone knows whether it can be read; ``data`` without line end, and cut after ``LONGEST_LINE``."""

    number: int
    offset: int
    data: bytes
    has_end: bool

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it, or nothing but the mark of the end of the file."""
        return not self.data.strip(_END_OF_FILE_MARK)


def raw_lines(file: BinaryIO, offset: int, number: int) -> Iterator[RawLine]:
    """Yield the lines from ``offset`` on; ``number`` is that of the line before. Never holds more than one."""
    file.seek(offset)
    while data := file.readline(LONGEST_LINE + 1):
        number += 1
        length = len(data)
        has_end = data.endswith(b"\n")
        if not has_end and length > LONGEST_LINE:
            length += _skip_line(file)
        yield RawLine(number, offset, data.removesuffix(b"\n").removesuffix(b"\r"), has_end)
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


def split(text: str, delimiter: str) -> list[str]:
    """Split one line into cells (RFC 4180); raises ``csv.Error`` where its quotation marks make no sense."""
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def split_somehow(text: str, delimiter: str) -> list[str]:
    """Split a line that cannot be read into cells as well as it can be done."""
    return next(csv.reader([text.replace("\r", "").replace("\n", "")], delimiter=delimiter), [])
