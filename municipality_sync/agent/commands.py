"""The commands ``check``, ``push`` and ``answer``: clock, randomness and environment come in, exit codes go out.

What they say of themselves stands in ``municipality_sync.cli``, which loads them only when they are called.
"""

import io
import os
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import anyio
from cyclopts import Parameter
from cyclopts.types import ExistingFile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from municipality_sync.agent import settings
from municipality_sync.agent.collect import Rules, collectable
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import ExtractUnreadable, Findings
from municipality_sync.agent.inquiry_list import REFUSED, Answered, Answering, fetch, preview
from municipality_sync.agent.layout import Layout, read_layout
from municipality_sync.agent.line import BrokenOff, PushRefused, Waiting
from municipality_sync.agent.origin import Origin
from municipality_sync.agent.push import Plan, Push, Pushed, plan
from municipality_sync.agent.screen import AnswerReport, PushReport, Screen, check_report
from municipality_sync.agent.search import Answer, search
from municipality_sync.agent.settings import Settings
from municipality_sync.agent.state import AnotherRun, open_state
from municipality_sync.agent.vendor_report import write_report
from municipality_sync.agent.wording import Ending
from registry.code_tables.files import load_municipalities
from registry.command_line import AsJson, told
from registry.contract.client import AnswerNotTrusted, SignedClient
from registry.contract.messages import RecordState
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.mission import JAPAN

ALL_RIGHT: Final = 0
SOME_HELD_BACK: Final = 1
NOT_DONE: Final = 2

_NONCE_BYTES: Final = 24
_MONTH: Final = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")

ExtractFile = Annotated[
    ExistingFile,
    Parameter(help=told("The extract of the municipal system (CSV).", "住民記録システムの抽出ファイル(CSV)。")),
]
LayoutFile = Annotated[
    ExistingFile,
    Parameter(
        name="--layout", help=told("The municipality's map of its extract (TOML).", "抽出ファイルの対応表(TOML)。")
    ),
]
Month = Annotated[
    str | None,
    Parameter(
        name="--month",
        help=told("The month that the extract must be of, as 2025-03.", "抽出ファイルの対象月(例 2025-03)。"),
    ),
]
VendorReport = Annotated[
    Path | None,
    Parameter(
        name="--vendor-report",
        help=told(
            "Write the faults as CSV for the vendor, without personal data.",
            "事業者に渡す誤りの一覧を個人情報なしの CSV で書き出す。",
        ),
    ),
]

Complete = Annotated[
    bool,
    Parameter(
        name="--complete",
        negative="",
        help=told(
            "The extract holds everybody who ever left: who is not in it is not held.",
            "抽出ファイルに全ての除票がある。ない人は「除票なし」と回答する。",
        ),
    ),
]
DryRun = Annotated[
    bool,
    Parameter(
        name="--dry-run",
        negative="",
        help=told("Say what would be answered, and answer nothing.", "回答の見込みだけを示し、何も送らない。"),
    ),
]


def check(
    file: ExtractFile,
    /,
    *,
    layout: LayoutFile,
    month: Month = None,
    vendor_report: VendorReport = None,
    as_json: AsJson = False,
) -> int:
    """Check the extract ``file`` against its ``layout``; returns the exit code."""
    screen = Screen(console(), as_json=as_json)
    return guarded(screen, lambda: _check(file, layout, month, vendor_report, screen))


def push(file: ExtractFile, /, *, layout: LayoutFile, month: Month = None, as_json: AsJson = False) -> int:
    """Send what may be sent of the extract ``file``; returns the exit code."""
    screen = Screen(console(), as_json=as_json)
    return guarded(screen, lambda: _push(file, layout, month, screen))


def answer(
    file: ExtractFile,
    /,
    *,
    layout: LayoutFile,
    complete: Complete = False,
    dry_run: DryRun = False,
    month: Month = None,
    as_json: AsJson = False,
) -> int:
    """Answer the registry's inquiry list from the extract ``file``; returns the exit code."""
    screen = Screen(console(), as_json=as_json)
    return guarded(screen, lambda: _answer(file, layout, month, screen, is_complete=complete, is_preview=dry_run))


def _check(file: Path, layout_file: Path, month: str | None, report: Path | None, screen: Screen) -> int:
    _refuse_to_overwrite(report, (file, layout_file))
    layout, findings = layout_of(layout_file), Findings()
    origin = _origin(layout, month)
    try:
        origin.see_name(file.name)
        with file.open("rb") as opened, _bar() as bar:
            collected = collectable(Extract(opened, layout, origin), findings, rules())
            for _ in bar.track(collected, None, description="点検"):
                pass
    except ExtractUnreadable as unreadable:
        findings.add_all(unreadable.faults)
        raise
    finally:
        if report is not None:
            write_report(report, findings, findings.unknown_codes)
    screen.checked(check_report(str(layout.municipality), origin.month, findings))
    return SOME_HELD_BACK if findings.has_errors else ALL_RIGHT


def _push(file: Path, layout_file: Path, month: str | None, screen: Screen) -> int:
    known = settings.read_settings(os.environ)
    layout, findings = layout_of(layout_file), Findings()
    origin = _origin(layout, month)
    origin.see_name(file.name)
    with file.open("rb") as opened:
        pushed, answered = _sent(Extract(opened, layout, origin), origin, findings, known)
    checked = check_report(str(layout.municipality), origin.month, findings)
    screen.pushed(PushReport(check=checked, push=pushed, inquiry_list=answered))
    is_refused = RecordState.REFUSED in pushed.counts or REFUSED in answered.answers
    return SOME_HELD_BACK if findings.has_errors or is_refused else ALL_RIGHT


def _sent(extract: Extract, origin: Origin, findings: Findings, known: Settings) -> tuple[Pushed, Answered]:
    """Plan and send, with a bar that grows part by part; the screen itself stays free for the report.

    Then the inquiry list: what the registry still lacks may stand in the same file, among those who stay.
    """
    municipality, held_against = str(extract.layout.municipality), rules()
    with open_state(known.state) as state, _bar() as bar:
        task = bar.add_task("点検", total=None)
        planned: Plan = plan(extract, findings, held_against)
        origin.not_before(state.last_month(municipality))
        bar.update(task, description="除票", total=len(planned.parts))

        async def run() -> tuple[Pushed, Answered]:
            async with _client(known) as client:
                push = Push(extract, planned, held_against)
                pushed = await push.run(client, state, _waiting(known), lambda: bar.advance(task))
                if origin.month is not None:
                    state.delivered(municipality, origin.month)
                findings_again = Findings()  # what is wrong in the file was said when the push was planned
                answers = await _looked_up(client, extract, findings_again, known, held_against, is_complete=False)
                return pushed, await _told(client, extract, answers, known, held_against, bar)

        return anyio.run(run)


def _answer(
    file: Path, layout_file: Path, month: str | None, screen: Screen, *, is_complete: bool, is_preview: bool
) -> int:
    known = settings.read_settings(os.environ)
    layout, findings = layout_of(layout_file), Findings()
    origin = _origin(layout, month)
    origin.see_name(file.name)
    with file.open("rb") as opened, open_state(known.state) as state, _bar() as bar:
        extract, held_against = Extract(opened, layout, origin), rules()

        async def run() -> Answered:
            async with _client(known) as client:
                answers = await _looked_up(client, extract, findings, known, held_against, is_complete=is_complete)
                origin.not_before(state.last_month(str(layout.municipality)))
                if is_preview:
                    return preview(answers)
                return await _told(client, extract, answers, known, held_against, bar)

        answered = anyio.run(run)
    screen.answered(AnswerReport(municipality=str(layout.municipality), inquiry_list=answered, kinds=findings.kinds))
    return SOME_HELD_BACK if answered.left_open or REFUSED in answered.answers else ALL_RIGHT


async def _looked_up(
    client: SignedClient,
    extract: Extract,
    findings: Findings,
    known: Settings,
    held_against: Rules,
    *,
    is_complete: bool,
) -> tuple[Answer, ...]:
    """Fetch the inquiry list and look it up; where nothing is asked nothing is read."""
    questions = await fetch(client, _waiting(known))
    return search(extract, questions, findings, held_against, is_complete=is_complete) if questions else ()


async def _told(
    client: SignedClient,
    extract: Extract,
    answers: tuple[Answer, ...],
    known: Settings,
    held_against: Rules,
    bar: Progress,
) -> Answered:
    """Send the answers, with a bar that grows one by one."""
    task = bar.add_task("除票の照会", total=len(answers))
    answering = Answering(client, _waiting(known), extract.layout, held_against.today)
    return await answering.run(answers, lambda: bar.advance(task))


def guarded(screen: Screen, command: Callable[[], int]) -> int:
    """Run a command and turn every way in which it can fail into words and an exit code."""
    try:
        return command()
    except ExtractUnreadable as unreadable:
        screen.ended(Ending.EXTRACT_UNREADABLE, unreadable.faults)
    except InvalidInput as invalid:
        screen.ended(Ending.INPUT_WRONG, invalid.faults)
    except AnotherRun:
        screen.ended(Ending.ANOTHER_RUN)
    except BrokenOff:
        screen.ended(Ending.LINE_DOWN)
    except PushRefused as refused:
        screen.refused_by_registry(refused.problem)
    except AnswerNotTrusted as wrong:
        screen.ended(Ending.SOMEBODY_ELSE, detail=wrong.code)
    except OSError as failed:
        screen.ended(Ending.FILE_UNUSABLE, detail=failed.strerror or "")
    return NOT_DONE


def layout_of(file: Path) -> Layout:
    """Read a layout file; raises InvalidInput with everything that is wrong in it."""
    return read_layout(file.read_bytes(), load_municipalities())


def rules() -> Rules:
    """Return what 除票 are held against today."""
    return Rules(municipalities=load_municipalities(), today=_now().astimezone(JAPAN).date())


def console(*, stderr: bool = False) -> Console:
    """Make a console that shows text as it is: what stands in brackets is no style, and numbers are no decoration.

    The terminals of town halls often speak cp932: a heading that it cannot show must not end the command.
    """
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def _origin(layout: Layout, month: str | None) -> Origin:
    if month is not None and not _MONTH.fullmatch(month):
        raise InvalidInput(Fault(code=FaultCode.DATE_UNREADABLE, pointer="/--month", expected="a month as 2025-03"))
    if month is not None and not Origin.can_be_told(layout):
        expected = "no month, or a layout that says where the extract names it: file_name or the column as_of"
        raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/--month", expected=expected))
    return Origin(layout, today=rules().today, asked=month)


def _refuse_to_overwrite(report: Path | None, files: Sequence[Path]) -> None:
    """Keep a slip of the hand from writing the report over what it is about."""
    if report is not None and report.exists() and any(report.samefile(file) for file in files):
        expected = "a file of its own, neither the extract nor the layout"
        raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/--vendor-report", expected=expected))


def _now() -> datetime:
    return datetime.now(UTC)


def _client(known: Settings) -> SignedClient:
    return SignedClient(
        known.registry_url,
        signing_key=known.signing_key,
        registry_keys=known.registry_keys,
        clock=_now,
        nonce=lambda: secrets.token_urlsafe(_NONCE_BYTES),
    )


def _waiting(known: Settings) -> Waiting:
    return Waiting(sleep=anyio.sleep, jitter=secrets.SystemRandom().random, patience=known.patience)


def _bar() -> Progress:
    """Return a bar for people who watch; it leaves no trace in what is kept of the output."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = console(stderr=True)
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
