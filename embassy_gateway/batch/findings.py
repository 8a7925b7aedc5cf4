"""What a reading of a batch file found: faults by line and column. Never a name, never a number.

Ten thousand faults are a handful of kinds: one code in one column. Of each kind the first lines are listed and
all are counted.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.errors import Severity

LINES_OF_EACH_KIND: Final = 20
"""Lines of one kind that are listed; whoever has more mends the cause and not the lines."""


class FileFault(StrEnum):
    """What can be wrong with a batch file, beside the codes of the domain for its values."""

    # the file as a whole: nothing of it is taken in
    NOT_TEXT = "not-text"
    WRONG_ENCODING = "wrong-encoding"
    NO_HEADING = "no-heading"
    COLUMN_MISSING = "column-missing"
    COLUMN_DOUBLED = "column-doubled"
    COLUMN_UNKNOWN = "column-unknown"
    TOO_MANY_ROWS = "too-many-rows"
    CHANGED_MEANWHILE = "changed-meanwhile"
    # one row: its household is not taken in
    UNDECODABLE = "undecodable"
    QUOTING = "quoting"
    COLUMN_COUNT = "column-count"
    LINE_TOO_LONG = "line-too-long"
    TRUNCATED = "truncated"
    HOUSEHOLD_UNKNOWN = "household-unknown"
    FORMULA = "formula"
    CHARACTER_LOST = "character-lost"
    HOUSEHOLD_DIFFERS = "household-differs"
    HEAD_UNCLEAR = "head-unclear"


class CellFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong at one place: the line (from 1, the heading included; 0 the file) and the column's heading.

    ``code`` is one of FaultCode or FileFault. ``expected`` says what would be right, never what stands there.
    """

    line: int
    column: str = ""
    code: str
    expected: str = ""
    severity: Severity = Severity.ERROR


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """All faults of one code in one column: how many, the first lines, what would be right in the first."""

    column: str
    code: str
    severity: Severity
    count: int
    lines: tuple[int, ...]
    expected: str


class FileUnreadable(Exception):  # noqa: N818 - a state of the file, which its sender mends
    """The file as a whole cannot be read; carries every reason found."""

    def __init__(self, *faults: CellFault) -> None:
        super().__init__(", ".join(f"{fault.code} in line {fault.line}" for fault in faults))
        self.faults = faults


class Findings:
    """Collects faults by kind; stays small however many come, because codes and columns are few."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, Severity]] = Counter()
        self._first: dict[tuple[str, str, Severity], list[CellFault]] = {}

    def add(self, fault: CellFault) -> None:
        """Note one fault, or only count it when enough of its kind are listed."""
        kind = (fault.column, fault.code, fault.severity)
        self._counts[kind] += 1
        first = self._first.setdefault(kind, [])
        if len(first) < LINES_OF_EACH_KIND:
            first.append(fault)

    def add_all(self, faults: Iterable[CellFault]) -> None:
        """Note several faults."""
        for fault in faults:
            self.add(fault)

    @property
    def kinds(self) -> tuple[FaultKind, ...]:
        """Every kind of fault found: errors before warnings, then by the first line."""
        kinds = (
            FaultKind(
                column=column,
                code=code,
                severity=severity,
                count=self._counts[column, code, severity],
                lines=tuple(sorted(fault.line for fault in first)),
                expected=first[0].expected,
            )
            for (column, code, severity), first in self._first.items()
        )
        return tuple(sorted(kinds, key=lambda kind: (kind.severity, kind.lines, kind.column, kind.code)))
