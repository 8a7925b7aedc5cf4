"""A batch file goes through the mission's one intake, household by household.

A good household becomes the same canonical report as if it came as JSON, with the same evidence in the same spool. It
is known again by those bytes (``report.digest``), whatever the file's name, order, encoding or numbers of households:
the same file twice changes nothing. A faulty household stays in its file, which is where it is mended; the spool keeps
no letter of it (decision 0013).
"""

from collections.abc import Callable
from typing import BinaryIO

import msgspec

from embassy_gateway.batch.findings import FaultKind, FileUnreadable, Findings
from embassy_gateway.batch.form import Form
from embassy_gateway.batch.households import Household, Table
from embassy_gateway.batch.opening import read_opening
from embassy_gateway.batch.report_tree import Draft, Drafter
from embassy_gateway.intake import Examined
from embassy_gateway.schema import DEAD_LETTERS
from embassy_gateway.spool import SpoolRefused
from embassy_gateway.wiring import Gateway
from registry.code_tables.files import load_countries
from registry.domain.errors import FaultCode, Severity


class BatchOutcome(msgspec.Struct, kw_only=True):
    """What became of one file; holds no word of what stands in it.

    ``good`` households were only checked; ``taken`` are new in the spool, as reports ``first`` to ``last``; ``known``
    stood there before. ``faulty`` ones stay in the file. ``left`` counts foreign members who stay at the mission.
    ``known_dead``: households known before that are dead letters and need staff.
    """

    households: int = 0
    rows: int = 0
    notes: int = 0
    good: int = 0
    taken: int = 0
    known: int = 0
    known_dead: int = 0
    faulty: int = 0
    left: int = 0
    first: int | None = None
    last: int | None = None
    unreadable: bool = False
    faults: tuple[FaultKind, ...] = ()

    @property
    def needs_staff(self) -> bool:
        """Whether something is to be mended."""
        return (
            self.unreadable
            or bool(self.faulty or self.known_dead)
            or any(kind.severity is Severity.ERROR for kind in self.faults)
        )


class Batch:
    """One run over one file. ``notice`` hears of every household (done, of how many)."""

    def __init__(
        self,
        gateway: Gateway,
        form: Form,
        *,
        check_only: bool = False,
        notice: Callable[[int, int], None] | None = None,
    ) -> None:
        self._gateway = gateway
        self._form = form
        self._drafter = Drafter(form, gateway.rules.mission, load_countries())
        self._check_only = check_only
        self._notice = notice or (lambda _done, _total: None)
        self._findings = Findings()
        self._outcome = BatchOutcome()

    def take_in(self, file: BinaryIO, mends: int | None = None) -> BatchOutcome:
        """Take a file in (opened in binary, seekable); each good household is on disk before the next is read.

        ``mends`` is the dead letter that the one household of the file replaces. Raises as ``Gateway.take_in``.
        """
        try:
            table = Table(file, read_opening(file, self._form), self._findings, has_notes=self._form.is_own)
            self._take_all(table, mends)
        except FileUnreadable as unreadable:
            self._findings.add_all(unreadable.faults)
            self._outcome.unreadable = True
        self._outcome.faults = self._findings.kinds
        return self._outcome

    def _take_all(self, table: Table, mends: int | None) -> None:
        if mends is not None and table.total != 1:
            raise SpoolRefused("what mends a report is a file with that one household")
        outcome = self._outcome
        outcome.rows, outcome.notes, outcome.households = table.rows, table.notes, table.total
        for done, household in enumerate(table.households(), 1):
            if not self._take(household, mends):
                outcome.faulty += 1
            self._notice(done, table.total)

    def _take(self, household: Household, mends: int | None) -> bool:
        """Take one household in; False when it stays in the file."""
        if not household.rows:
            return False
        draft = self._drafter.draft(household)
        ((came, examined),) = self._gateway.examine(draft.text)
        self._note(draft, examined)
        if draft.faults or examined.faults or not household.is_whole:
            return False
        self._outcome.left += examined.left
        if self._check_only:
            self._outcome.good += 1
            return True
        entry = self._gateway.keep(came, examined, mends)
        if entry.is_new:
            self._outcome.taken += 1
            self._outcome.first = self._outcome.first or entry.id
            self._outcome.last = entry.id
        else:
            self._outcome.known += 1
            self._outcome.known_dead += entry.state in DEAD_LETTERS
        return True

    def _note(self, draft: Draft, examined: Examined) -> None:
        """Note what was found, each cell once: that the intake cannot read what cannot be read is no news.

        Nor is it that nobody is left of a household whose nationalities are undecided.
        """
        wrong = {(fault.line, fault.column) for fault in draft.faults}
        found = (
            self._drafter.in_file(fault, draft)
            for fault in (*examined.faults, *examined.warnings)
            if not (draft.faults and (fault.pointer, fault.code) == ("/people", FaultCode.EMPTY))
        )
        self._findings.add_all(draft.faults)
        self._findings.add_all(fault for fault in found if (fault.line, fault.column) not in wrong)
