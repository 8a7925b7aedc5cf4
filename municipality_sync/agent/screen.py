"""What a clerk sees: words for people, JSON for programs. Places, codes and counts; never a value of the file.

Faults are shown by kind: one block says where, what and how to mend it, however many lines it is about.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from municipality_sync.agent.findings import FaultKind, Findings, LineFault, UnknownCode
from municipality_sync.agent.inquiry_list import HANDED_OVER, REFUSED, Answered
from municipality_sync.agent.push import Pushed
from municipality_sync.agent.search import Open
from municipality_sync.agent.wording import ENDINGS, FAULTS, Ending
from registry.contract.messages import RecordState
from registry.contract.problems import Problem
from registry.domain.errors import Fault, Severity
from registry.domain.question import Finding
from registry.domain.removed_record import Collection

LINES_SHOWN: Final = 8
"""Line numbers of one kind of fault on the screen; the vendor's report and ``--json`` have more."""

_STAYS: Final = {
    Collection.STAYS_FOREIGN_NATIONAL: "外国人住民 / foreign nationals",
    Collection.STAYS_NOT_MOVED_ABROAD: "国外転出以外 / did not move abroad, or came back",
    Collection.STAYS_UNDECIDED: "国籍の記載なし / nationality not stated",
}
_OUTCOMES: Final = {
    RecordState.ACCEPTED: "受理 / accepted",
    RecordState.UNCHANGED: "変更なし / known already",
    RecordState.CORRECTED: "訂正 / corrected",
    RecordState.IN_REVIEW: "審査中 / in review",
    RecordState.REFUSED: "拒否 / refused",
}

_ANSWERS: Final = {
    HANDED_OVER: "除票を送付 / the 除票 itself",
    REFUSED: "拒否 / refused",
    Finding.NOT_HELD: "除票なし / not held",
    Finding.NOT_MOVED_ABROAD: "転出していない / did not leave, or came back",
    Finding.AMBIGUOUS: "該当者複数 / several people fit",
    Finding.WITHHELD: "提供不可 / may not be handed over",
    Finding.OVERTAKEN: "照会取下げ / not needed any more",
    Finding.NO_ANSWER_YET: "確認中、後日再送 / not now, to be sent again later",
}
_LEFT_OPEN: Final = {
    Open.NOT_IN_THIS_FILE: "この抽出になし / not in this file",
    Open.HELD_BACK: "誤りにより保留 / held back by a fault",
}


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``check --json`` prints: counts of people and lines, and the faults.

    ``month`` is that of the extract where it says so. ``kinds`` are all faults, ``faults`` the first of each kind.
    """

    municipality: str
    month: str | None
    lines: int
    people: int
    to_send: int
    lines_to_send: int
    held_back: int
    stays: dict[str, int]
    unassigned_lines: int
    kinds: tuple[FaultKind, ...]
    unknown_codes: tuple[UnknownCode, ...]
    faults: tuple[LineFault, ...]
    faults_not_listed: int


class PushReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``push --json`` prints: the check, what became of what was sent, and of what the registry asked for."""

    check: CheckReport
    push: Pushed
    inquiry_list: Answered


class AnswerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``answer --json`` prints: what became of the inquiry list, and the faults of the file."""

    municipality: str
    inquiry_list: Answered
    kinds: tuple[FaultKind, ...]


class RefusedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints when nothing could be read or sent: why, what to do, and the faults found."""

    refused: str
    refused_ja: str
    advice: str
    advice_ja: str
    detail: str = ""
    faults: tuple[LineFault | Fault, ...] = ()


def check_report(municipality: str, month: str | None, findings: Findings) -> CheckReport:
    """Put together what a reading of an extract found."""
    return CheckReport(
        municipality=municipality,
        month=month,
        lines=findings.lines,
        people=findings.people,
        to_send=findings.to_send,
        lines_to_send=findings.lines_to_send,
        held_back=findings.held_back,
        stays={str(reason): count for reason, count in sorted(findings.stays.items())},
        unassigned_lines=findings.unassigned_lines,
        kinds=findings.kinds,
        unknown_codes=findings.unknown_codes,
        faults=findings.faults,
        faults_not_listed=findings.not_listed,
    )


class Screen:
    """Shows reports on a console, as words or, with ``as_json``, as one JSON text."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json

    def checked(self, report: CheckReport) -> None:
        """Show what would be sent, who stays and what is wrong."""
        if self._as_json:
            self._json(report)
            return
        self._check(report, "送信対象 to be sent")

    def pushed(self, report: PushReport) -> None:
        """Show what was sent, what the registry said, who stays and what is wrong."""
        if self._as_json:
            self._json(report)
            return
        self._check(report.check, "送信 sent")
        self._kinds("登録システムの指摘 / found by the registry", report.push.kinds)
        rows = [(_OUTCOMES[RecordState(state)], f"{count:,}") for state, count in sorted(report.push.counts.items())]
        self._table(f"Extract {report.push.extract_id}", ("登録システムの回答 / the registry says", "people"), rows)
        self._console.print(f"{report.push.parts} parts, {report.push.parts_sent} of them sent in this run.")
        if report.inquiry_list.questions:
            self._inquiry_list(report.inquiry_list)

    def answered(self, report: AnswerReport) -> None:
        """Show what was answered, what stays open and why, and what is wrong in the file."""
        if self._as_json:
            self._json(report)
            return
        self._kinds("誤り / faults", report.kinds)
        self._inquiry_list(report.inquiry_list)

    def _inquiry_list(self, answered: Answered) -> None:
        self._kinds("登録システムの指摘 / found by the registry", answered.kinds)
        rows = [(_ANSWERS[said], f"{count:,}") for said, count in answered.answers.items()]
        rows += [(f"未回答 open: {_LEFT_OPEN[Open(why)]}", f"{count:,}") for why, count in answered.left_open.items()]
        sent = "回答見込み / what would be answered" if answered.is_preview else "回答 / answered"
        self._table(f"除票の照会 / inquiry list: {answered.questions:,} 件 questions", (sent, "people"), rows)

    def ended(self, why: Ending, faults: Iterable[LineFault | Fault] = (), detail: str = "") -> None:
        """Show why nothing could be read or sent, and what to do; ``detail`` is a code of the line or the system."""
        words = ENDINGS[why]
        report = RefusedReport(
            refused=words.title,
            refused_ja=words.title_ja,
            advice=words.advice,
            advice_ja=words.advice_ja,
            detail=detail,
            faults=tuple(faults),
        )
        self._refused(report)

    def refused_by_registry(self, problem: Problem) -> None:
        """Show in the registry's own words why it takes nothing."""
        report = RefusedReport(
            refused=problem.title,
            refused_ja=problem.title_ja,
            advice=problem.detail,
            advice_ja=problem.detail_ja,
            detail=f"{problem.code}, {problem.correlation_id}",
        )
        self._refused(report)

    def _refused(self, report: RefusedReport) -> None:
        if self._as_json:
            self._json(report)
            return
        detail = f" ({report.detail})" if report.detail else ""
        self._console.print(f"{report.refused_ja} / {report.refused}{detail}", style="bold red")
        self._console.print(f"→ {report.advice_ja} {report.advice}")
        for code in dict.fromkeys(fault.code for fault in report.faults):
            alike = [fault for fault in report.faults if fault.code == code]
            self._console.print(f" × {FAULTS[code].title_ja} / {FAULTS[code].title} ({code})")
            self._console.print(f"   → {FAULTS[code].advice_ja} {FAULTS[code].advice}")
            for fault in alike:
                place = fault.pointer if isinstance(fault, Fault) else _place(fault.column, (fault.line,), 1)
                self._console.print(f"     {place or '(whole)'}: {fault.expected}")

    def _check(self, report: CheckReport, sent: str) -> None:
        self._kinds("誤り / faults", report.kinds)
        if report.unknown_codes:
            codes = [(one.column, one.code, f"{one.lines:,}") for one in report.unknown_codes]
            self._table("対応表にないコード / codes that the layout lacks", ("column", "code", "lines"), codes)
        month = f", {report.month}" if report.month else ""
        rows = [
            (f"国外転出 / {sent}, {report.lines_to_send:,} lines in all", f"{report.to_send:,}"),
            ("誤りにより保留 / held back by a fault", f"{report.held_back:,}"),
            *((f"{_STAYS[Collection(reason)]}: 対象外 stay", f"{count:,}") for reason, count in report.stays.items()),
        ]
        self._table(f"抽出 / extract of {report.municipality}{month}: {report.lines:,} lines", ("", "people"), rows)
        if report.unassigned_lines:
            words = "誰のものか分からない行 / unreadable lines that could not be assigned to anyone"
            self._console.print(f"{words}: {report.unassigned_lines:,}")

    def _kinds(self, title: str, kinds: tuple[FaultKind, ...]) -> None:
        if kinds:
            self._console.print(title, style="bold")
        for kind in kinds:
            words = FAULTS[kind.code]
            mark = "×" if kind.severity is Severity.ERROR else "△ (warning)"
            place = _place(kind.column, kind.lines, kind.count)
            self._console.print(f" {mark} {place}: {words.title_ja} / {words.title} ({kind.code})")
            self._console.print(f"   → {words.advice_ja} {words.advice} [{kind.expected}]")

    def _table(self, title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
        table = Table(box=box.SIMPLE_HEAD)
        for column in columns:
            table.add_column(column, justify="right" if column in {"lines", "people"} else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(title, style="bold")
        self._console.print(table)

    def _json(self, report: msgspec.Struct) -> None:
        self._console.file.write(msgspec.json.encode(report).decode() + "\n")


def _place(column: str, lines: tuple[int, ...], count: int) -> str:
    """Say in which column and lines a fault is: the first of them, and how many there are in all."""
    shown = ", ".join(map(str, lines[:LINES_SHOWN])) if any(lines) else ""
    more = f" … ({count:,} 件 in all)" if count > len(lines[:LINES_SHOWN]) else ""
    words = (column, f"行 line {shown}{more}" if shown else "")
    return " ".join(word for word in words if word) or "ファイル the file"
