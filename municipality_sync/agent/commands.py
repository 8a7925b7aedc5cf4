"""The commands ``check`` and ``push``: here clock, randomness and environment come in, and exit codes go out.

What they say of themselves stands in ``municipality_sync.cli``, which loads them only when they are called.
"""

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import anyio
from cyclopts import Parameter
from cyclopts.types import ExistingFile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from municipality_sync.agent import settings
from municipality_sync.agent.collect import Rules, collectable
from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import ExtractUnreadable, Findings
from municipality_sync.agent.layout import Layout, read_layout
from municipality_sync.agent.push import BrokenOff, Plan, Push, Pushed, PushRefused, Waiting, plan
from municipality_sync.agent.screen import PushReport, Screen, check_report
from municipality_sync.agent.settings import Settings
from municipality_sync.agent.state import AnotherRun, open_state
from registry.code_tables.files import load_municipalities
from registry.contract.client import AnswerNotTrusted, SignedClient
from registry.contract.messages import RecordState
from registry.domain.errors import InvalidInput
from registry.domain.mission import JAPAN

ALL_RIGHT: Final = 0
SOME_HELD_BACK: Final = 1
NOT_DONE: Final = 2

_NONCE_BYTES: Final = 24

LayoutFile = Annotated[ExistingFile, Parameter(name="--layout", help="The municipality's map of its extract (TOML).")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON text instead of tables.")]


def check(file: ExistingFile, /, *, layout: LayoutFile, as_json: AsJson = False) -> int:
    """Check the extract ``file`` against its ``layout``; returns the exit code.

    Parameters
    ----------
    file
        The extract of the municipal system (CSV).
    """
    screen = Screen(_console(), as_json=as_json)
    return _guarded(screen, lambda: _check(file, layout, screen))


def push(file: ExistingFile, /, *, layout: LayoutFile, as_json: AsJson = False) -> int:
    """Send what may be sent of the extract ``file``; returns the exit code.

    Parameters
    ----------
    file
        The extract of the municipal system (CSV).
    """
    screen = Screen(_console(), as_json=as_json)
    return _guarded(screen, lambda: _push(file, layout, screen))


def _check(file: Path, layout_file: Path, screen: Screen) -> int:
    layout, rules, findings = _layout(layout_file), _rules(), Findings()
    with file.open("rb") as opened:
        for _ in collectable(Extract(opened, layout), findings, rules):
            pass
    screen.checked(check_report(str(layout.municipality), findings))
    return SOME_HELD_BACK if findings.has_errors else ALL_RIGHT


def _push(file: Path, layout_file: Path, screen: Screen) -> int:
    known = settings.read_settings(os.environ)
    layout, findings = _layout(layout_file), Findings()
    with file.open("rb") as opened:
        pushed = _sent(opened, layout, findings, known)
    screen.pushed(PushReport(check=check_report(str(layout.municipality), findings), push=pushed))
    return SOME_HELD_BACK if findings.has_errors or RecordState.REFUSED in pushed.counts else ALL_RIGHT


def _sent(file: BinaryIO, layout: Layout, findings: Findings, known: Settings) -> Pushed:
    """Plan and send, with a bar that grows part by part; the screen itself stays free for the report."""
    extract, rules = Extract(file, layout), _rules()
    with open_state(known.state) as state, _bar() as bar:
        planned: Plan = plan(extract, findings, rules)
        task = bar.add_task("除票", total=len(planned.parts))

        async def run() -> Pushed:
            async with _client(known) as client:
                return await Push(extract, planned, rules).run(
                    client, state, _waiting(known), lambda: bar.advance(task)
                )

        return anyio.run(run)


def _guarded(screen: Screen, command: Callable[[], int]) -> int:
    """Run a command and turn every way in which it can fail into words and an exit code."""
    try:
        return command()
    except ExtractUnreadable as unreadable:
        screen.refused("The extract cannot be read as its layout says; nothing was sent of it.", unreadable.faults)
    except InvalidInput as invalid:
        screen.refused("The layout or the settings are not right.", invalid.faults)
    except AnotherRun:
        screen.refused("Another push is on in the same state folder.")
    except BrokenOff:
        screen.refused("The registry cannot be reached. What was acknowledged is kept: run the same command later.")
    except PushRefused as refused:
        problem = refused.problem
        screen.refused(f"{problem.title} / {problem.title_ja} ({problem.code}, {problem.correlation_id})")
    except AnswerNotTrusted as wrong:
        screen.refused(f"Somebody else answered in the registry's place ({wrong.code}). Tell those who run the line.")
    except OSError as failed:
        screen.refused(f"A file cannot be used: {failed.strerror}.")
    return NOT_DONE


def _layout(file: Path) -> Layout:
    return read_layout(file.read_bytes(), load_municipalities())


def _rules() -> Rules:
    return Rules(municipalities=load_municipalities(), today=_now().astimezone(JAPAN).date())


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
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_console(stderr=True))


def _console(*, stderr: bool = False) -> Console:
    """Make a console that shows text as it is: what stands in brackets is no style, and numbers are no decoration."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
