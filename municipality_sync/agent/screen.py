"""What a clerk sees: tables for people, JSON for programs. Places, codes and counts; never a value of the file."""

from collections.abc import Iterable
from typing import Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from municipality_sync.agent.findings import Findings, LineFault
from municipality_sync.agent.push import Pushed
from registry.contract.messages import RecordState
from registry.domain.errors import Fault, Severity
from registry.domain.removed_record import Collection

_STAYS: Final = {
    Collection.STAYS_FOREIGN_NATIONAL: "外国人住民 · foreign nationals",
    Collection.STAYS_NOT_MOVED_ABROAD: "国外転出以外 · did not move abroad, or came back",
    Collection.STAYS_UNDECIDED: "国籍の記載なし · nationality not stated",
}
_OUTCOMES: Final = {
    RecordState.ACCEPTED: "accepted",
    RecordState.UNCHANGED: "known already",
    RecordState.CORRECTED: "corrected",
    RecordState.IN_REVIEW: "in review",
    RecordState.REFUSED: "refused",
}


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``check --json`` prints: counts of people and lines, and the faults."""

    municipality: str
    people: int
    to_send: int
    lines_to_send: int
    held_back: int
    stays: dict[str, int]
    unassigned_lines: int
    faults: tuple[LineFault, ...]
    faults_not_listed: int


class PushReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``push --json`` prints: the check, and what became of what was sent."""

    check: CheckReport
    push: Pushed


class RefusedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints when nothing could be read or sent: why, and the faults found."""

    refused: str
    faults: tuple[LineFault | Fault, ...] = ()


def check_report(municipality: str, findings: Findings) -> CheckReport:
    """Put together what a reading of an extract found."""
    return CheckReport(
        municipality=municipality,
        people=findings.people,
        to_send=findings.to_send,
        lines_to_send=findings.lines_to_send,
        held_back=findings.held_back,
        stays={str(reason): count for reason, count in sorted(findings.stays.items())},
        unassigned_lines=findings.unassigned_lines,
        faults=findings.faults,
        faults_not_listed=findings.not_listed,
    )


class Screen:
    """Shows reports on a console, as tables or, with ``as_json``, as one JSON text."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json

    def checked(self, report: CheckReport) -> None:
        """Show what would be sent, who stays and what is wrong."""
        if self._as_json:
            self._json(report)
            return
        self._faults("Faults", report.faults, report.faults_not_listed)
        self._counts(report, "to be sent")

    def pushed(self, report: PushReport) -> None:
        """Show what was sent, what the registry said, who stays and what is wrong."""
        if self._as_json:
            self._json(report)
            return
        self._faults("Faults, found here", report.check.faults, report.check.faults_not_listed)
        self._faults("Faults, found by the registry", report.push.faults, 0)
        self._counts(report.check, "sent")
        table = _table(f"Extract {report.push.extract_id}", "the registry says", "people")
        for state, count in sorted(report.push.counts.items()):
            table.add_row(_OUTCOMES[RecordState(state)], str(count))
        self._console.print(table)
        self._console.print(f"{report.push.parts} parts, {report.push.parts_sent} of them sent in this run.")

    def refused(self, reason: str, faults: Iterable[LineFault | Fault] = ()) -> None:
        """Show why nothing could be read or sent."""
        found = tuple(faults)
        if self._as_json:
            self._json(RefusedReport(refused=reason, faults=found))
            return
        self._console.print(reason, style="bold red")
        if found:
            table = _table("", "place", "fault", "what would be right")
            for fault in found:
                place = fault.pointer if isinstance(fault, Fault) else f"line {fault.line} {fault.column}"
                table.add_row(place, fault.code, fault.expected)
            self._console.print(table)

    def _faults(self, title: str, faults: tuple[LineFault, ...], not_listed: int) -> None:
        if not faults:
            return
        table = _table(title, "line", "column", "fault", "what would be right")
        for fault in faults:
            code = fault.code if fault.severity is Severity.ERROR else f"{fault.code} (warning)"
            table.add_row(str(fault.line), fault.column, code, fault.expected)
        self._console.print(table)
        if not_listed:
            self._console.print(f"… and {not_listed} more")

    def _counts(self, report: CheckReport, sent: str) -> None:
        table = _table(f"Extract of {report.municipality}", "", "people")
        table.add_row(f"国外転出 · {sent}, {report.lines_to_send} lines in all", str(report.to_send))
        table.add_row("誤りにより保留 · held back by a fault", str(report.held_back))
        for reason, count in report.stays.items():
            table.add_row(f"{_STAYS[Collection(reason)]}: stay", str(count))
        self._console.print(table)
        if report.unassigned_lines:
            self._console.print(f"{report.unassigned_lines} unreadable lines could not be assigned to anyone.")

    def _json(self, report: msgspec.Struct) -> None:
        self._console.file.write(msgspec.json.encode(report).decode() + "\n")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="right" if column in {"line", "people"} else "left", overflow="fold")
    return table
