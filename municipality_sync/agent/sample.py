"""A sample of an extract before anyone has said how it is to be read: its columns by name, and what stands in them.

Encoding and delimiter are those in which the first line makes the best heading. A first line that is no heading but
somebody's data is refused, because headings are shown and written down, and data is neither.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import BinaryIO, Final

from municipality_sync.agent.findings import ExtractUnreadable, FileFault, LineFault, can_be_shown
from municipality_sync.agent.heading import Beginning, Heading, read_beginning
from municipality_sync.agent.layout import Encoding
from municipality_sync.agent.lines import raw_lines, split

LINES_LOOKED_AT: Final = 20_000
"""Lines of a sample that are read; what stands further down is found by the check."""

_FEWEST_COLUMNS: Final = 5
_DATA: Final = re.compile("[0-9]{5}")
_SHAPES: Final = (
    (re.compile("[0-9０-９]"), "9"),
    (re.compile("[A-Za-zＡ-Ｚａ-ｚ]"), "A"),
    (re.compile("[ぁ-ゖ]"), "あ"),
    (re.compile("[ァ-ヺｦ-ﾟー]"), "ア"),
    (re.compile(r"[^\W\d_9AあアＡ-Ｚ]|[\ue000-\uf8ff〓]"), "漢"),
)
_LONGEST_SHAPE: Final = 24


class Sample:
    """The first lines of an extract that could be read, cell by cell."""

    def __init__(self, heading: Heading, rows: list[list[str]]) -> None:
        self.heading = heading
        self._rows = rows

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return len(self._rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The headings by which a column can be named: filled in, and there once."""
        counts = Counter(self.heading.names)
        return tuple(name for name in self.heading.names if name and counts[name] == 1)

    def values(self, name: str) -> list[str]:
        """Return what stands in a column, blanks left out, line by line."""
        at = self.heading.names.index(name)
        return [cell for row in self._rows if (cell := row[at].strip())]

    def codes(self, name: str, by: str | None) -> list[tuple[str, int, bool]]:
        """Return each code of a column with its number of lines, the most frequent first, and whether to show it.

        ``by`` is the column of the 宛名番号, by which people are told apart.
        """
        at, person = self.heading.names.index(name), self.heading.names.index(by) if by else 0
        lines = Counter(row[at].strip() for row in self._rows)
        people = Counter(code for code, _ in {(row[at].strip(), row[person]) for row in self._rows})
        return [(code, count, can_be_shown(code, people[code])) for code, count in lines.most_common() if code]


def read_sample(file: BinaryIO, known: Callable[[Iterable[str]], int]) -> Sample:
    """Read a sample; ``known`` says how many of some headings are known words.

    Raises ExtractUnreadable when the file is no text, or its first line no heading.
    """
    beginning = read_beginning(file)
    possible = [one for one in beginning.every_heading() if _may_be(one, beginning)]
    heading = max(possible, key=lambda one: (known(one.names), len(one.names)), default=None)
    if heading is None:
        expected = f"names of columns, {_FEWEST_COLUMNS} at least, in cp932, utf-8 or euc_jp"
        raise ExtractUnreadable(LineFault(line=1, code=FileFault.NO_HEADING, expected=expected))
    return Sample(heading, list(_rows(file, heading)))


def shape(text: str) -> str:
    """Return what a text looks like and not what it says: a letter of its kind for every letter, 9 for a digit."""
    for letters, stand_in in _SHAPES:
        text = letters.sub(stand_in, text)
    return text if len(text) <= _LONGEST_SHAPE else f"{text[:_LONGEST_SHAPE]}…"


def _may_be(heading: Heading, beginning: Beginning) -> bool:
    """Whether this can be a heading: names, and no number of a person among them; in UTF-8 if it can be that."""
    names = [unicodedata.normalize("NFKC", name) for name in heading.names if name]
    is_utf_8 = beginning.plainly_utf_8 or beginning.head.isascii()
    if len(names) < _FEWEST_COLUMNS or any(map(_DATA.search, names)):
        return False
    return (heading.encoding is Encoding.UTF_8) is is_utf_8


def _rows(file: BinaryIO, heading: Heading) -> Iterable[list[str]]:
    for raw in raw_lines(file, heading.end, 1):
        if raw.number > LINES_LOOKED_AT:
            return
        try:
            cells = split(raw.data.decode(heading.encoding), heading.delimiter)
        except (UnicodeDecodeError, csv.Error):
            continue
        if raw.has_end and len(cells) == len(heading.names):
            yield cells
