"""What a reading of an extract found: faults by line and column, and counts. Never a name, never a number.

Findings go to screens, files and the people who look after the municipal system. So a fault says where it is and what
would be right there; what stands there is for the clerk to look up in the town hall.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.errors import Severity
from registry.domain.removed_record import Collection

MOST_FAULTS: Final = 1_000
"""Faults listed one by one; the rest is only counted. Who has more has chosen the wrong layout."""


class FileFault(StrEnum):
    """What can be wrong with a file before anyone looks at its values; beside the codes of the domain."""

    WRONG_ENCODING = "wrong-encoding"
    UNDECODABLE = "undecodable"
    COLUMN_MISSING = "column-missing"
    COLUMN_DOUBLED = "column-doubled"
    COLUMN_COUNT = "column-count"
    QUOTING = "quoting"
    TRUNCATED = "truncated"
    LINE_TOO_LONG = "line-too-long"
    TOO_MANY_LINES = "too-many-lines"


class LineFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong at one place of the file: the line (from 1, the header is 1) and the column by its own name.

    ``column`` is "" for a line as a whole. ``code`` is one of FaultCode or FileFault. ``expected`` says what would be
    right, never what stands there.
    """

    line: int
    column: str = ""
    code: str
    expected: str
    severity: Severity = Severity.ERROR


class ExtractUnreadable(Exception):  # noqa: N818 - a state of the file, which its sender mends
    """The file as a whole cannot be read as its layout says; nothing of it may be sent."""

    def __init__(self, *faults: LineFault) -> None:
        """Carry every reason found; at least one."""
        super().__init__(", ".join(f"{fault.code} in line {fault.line}" for fault in faults))
        self.faults = faults


class Findings:
    """Collects faults and counts while an extract is read; holds at most ``MOST_FAULTS`` faults, whatever comes.

    ``unassigned_lines`` are unreadable ones of which nobody can say whose they are.
    """

    def __init__(self) -> None:
        self.to_send = 0
        self.lines_to_send = 0
        self.held_back = 0
        self.unassigned_lines = 0
        self.stays: Counter[Collection] = Counter()
        self.not_listed = 0
        self.has_errors = False
        self._faults: list[LineFault] = []

    def add(self, fault: LineFault) -> None:
        """Note one fault, or only count it when there are too many to list."""
        self.has_errors = self.has_errors or fault.severity is Severity.ERROR
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(fault)
        else:
            self.not_listed += 1

    def add_all(self, faults: Iterable[LineFault]) -> None:
        """Note several faults."""
        for fault in faults:
            self.add(fault)

    @property
    def faults(self) -> tuple[LineFault, ...]:
        """The faults listed, in the order of the lines."""
        return tuple(sorted(self._faults, key=lambda fault: fault.line))

    @property
    def people(self) -> int:
        """Everyone in the extract: those to be sent, held back and staying."""
        return self.to_send + self.held_back + self.stays.total()
