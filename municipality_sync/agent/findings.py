"""What a reading of an extract found: faults by line and column, and counts. Never a name, never a number.

Findings go to screens, files and the people who look after the municipal system. So a fault says where it is and what
would be right there; what stands there is for the clerk to look up in the town hall.

Ten thousand faults are a handful of kinds: one code in one column. Of each kind the first are listed and all counted.
The codes that a layout lacks are the one exception to silence, because nobody can mend the layout without them: one
stands here only when it cannot be about anyone (decision 0011).
"""

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.errors import Severity
from registry.domain.removed_record import Collection

FIRST_OF_EACH_KIND: Final = 50
"""Faults of one kind listed one by one; the rest is only counted. Who has more mends the cause, not the lines."""

SHARED_BY_MANY: Final = 10
"""People. What stands in the lines of so many is nobody's name."""

_MOST_UNKNOWN_CODES: Final = 1_000
_UNKNOWN_CODES_LISTED: Final = 50
_PLAINLY_A_CODE: Final = re.compile("[0-9]{1,4}|[A-Z]")
_LONGEST_CODE: Final = 20


class FileFault(StrEnum):
    """What can be wrong with a file, beside the codes of the domain for its values."""

    NOT_TEXT = "not-text"
    WRONG_ENCODING = "wrong-encoding"
    WRONG_DELIMITER = "wrong-delimiter"
    NO_HEADING = "no-heading"
    COLUMN_MISSING = "column-missing"
    COLUMN_DOUBLED = "column-doubled"
    OTHER_FILE_NAME = "other-file-name"
    OTHER_MUNICIPALITY = "other-municipality"
    OTHER_MONTH = "other-month"
    TOO_MANY_LINES = "too-many-lines"
    CHANGED_MEANWHILE = "changed-meanwhile"
    UNDECODABLE = "undecodable"
    COLUMN_COUNT = "column-count"
    QUOTING = "quoting"
    TRUNCATED = "truncated"
    LINE_TOO_LONG = "line-too-long"
    # what goes along as it is, with a warning
    CHARACTER_BY_REFERENCE = "character-by-reference"
    CHARACTER_UNKNOWN = "character-unknown"
    FORMULA = "formula"


class LineFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong at one place of the file: the line (from 1, the heading is 1) and the column by its own name.

    ``line`` is 0 for the file as such, ``column`` is "" for a line as a whole. ``code`` is one of FaultCode or
    FileFault. ``expected`` says what would be right, never what stands there.
    """

    line: int
    column: str = ""
    code: str
    expected: str
    severity: Severity = Severity.ERROR


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """All faults of one code in one column: how many, the first lines, and what would be right in the first."""

    column: str
    code: str
    severity: Severity
    count: int
    lines: tuple[int, ...]
    expected: str


class UnknownCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code of the municipal system that its layout lacks, and in how many lines it stands."""

    column: str
    code: str
    lines: int


class ExtractUnreadable(Exception):  # noqa: N818 - a state of the file, which its sender mends
    """The file as a whole cannot be read as its layout says; nothing of it may be sent."""

    def __init__(self, *faults: LineFault) -> None:
        """Carry every reason found; at least one."""
        super().__init__(", ".join(f"{fault.code} in line {fault.line}" for fault in faults))
        self.faults = faults


class FaultList:
    """Faults by kind; stays small however many come, because codes and columns are few."""

    def __init__(self) -> None:
        self.has_errors = False
        self._counts: Counter[tuple[str, str, Severity]] = Counter()
        self._first: dict[tuple[str, str, Severity], list[LineFault]] = {}

    def add(self, fault: LineFault) -> None:
        """Note one fault, or only count it when enough of its kind are listed."""
        self.has_errors = self.has_errors or fault.severity is Severity.ERROR
        kind = (fault.column, fault.code, fault.severity)
        self._counts[kind] += 1
        first = self._first.setdefault(kind, [])
        if len(first) < FIRST_OF_EACH_KIND:
            first.append(fault)

    def add_all(self, faults: Iterable[LineFault]) -> None:
        """Note several faults."""
        for fault in faults:
            self.add(fault)

    @property
    def faults(self) -> tuple[LineFault, ...]:
        """The first faults of each kind, in the order of the lines."""
        return tuple(sorted((fault for first in self._first.values() for fault in first), key=lambda one: one.line))

    @property
    def kinds(self) -> tuple[FaultKind, ...]:
        """Every kind of fault found: errors before warnings, the most frequent first."""
        kinds = [
            FaultKind(
                column=column,
                code=code,
                severity=severity,
                count=count,
                lines=tuple(sorted(fault.line for fault in self._first[column, code, severity])),
                expected=self._first[column, code, severity][0].expected,
            )
            for (column, code, severity), count in self._counts.items()
        ]
        return tuple(sorted(kinds, key=lambda kind: (kind.severity, -kind.count, kind.column, kind.code)))

    @property
    def not_listed(self) -> int:
        """How many faults are only counted."""
        return self._counts.total() - sum(map(len, self._first.values()))


class Findings(FaultList):
    """Collects faults and counts while an extract is read.

    ``lines`` are those of the file that are not blank, without the heading; ``unassigned_lines`` are unreadable ones
    of which nobody can say whose they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.to_send = 0
        self.lines_to_send = 0
        self.held_back = 0
        self.unassigned_lines = 0
        self.stays: Counter[Collection] = Counter()
        self._codes: dict[tuple[str, str], _Seen] = {}

    def note_unknown_code(self, column: str, code: str, person: str) -> None:
        """Count a code that the layout lacks; lines of one ``person`` come one after the other."""
        seen = self._codes.get((column, code))
        if seen is None:
            if len(self._codes) == _MOST_UNKNOWN_CODES or len(code) > _LONGEST_CODE:
                return
            seen = self._codes[column, code] = _Seen()
        seen.count(person)

    @property
    def unknown_codes(self) -> tuple[UnknownCode, ...]:
        """The codes that the layout lacks, each once, the most frequent first; only those that are about nobody."""
        known = (
            UnknownCode(column=column, code=code, lines=seen.lines)
            for (column, code), seen in self._codes.items()
            if can_be_shown(code, seen.people)
        )
        return tuple(sorted(known, key=lambda one: (one.column, -one.lines, one.code))[:_UNKNOWN_CODES_LISTED])

    @property
    def people(self) -> int:
        """Everyone in the extract: those to be sent, held back and staying."""
        return self.to_send + self.held_back + self.stays.total()


class _Seen:
    """How often a code was seen, and with how many people."""

    __slots__ = ("_last", "lines", "people")

    def __init__(self) -> None:
        self.lines = 0
        self.people = 0
        self._last = ""

    def count(self, person: str) -> None:
        self.lines += 1
        self.people += person != self._last
        self._last = person


def can_be_shown(code: str, people: int) -> bool:
    """Whether what stands in a column of codes, with so many people, may be shown: it cannot be about one of them."""
    return bool(_PLAINLY_A_CODE.fullmatch(code)) or (people >= SHARED_BY_MANY and len(code) <= _LONGEST_CODE)
