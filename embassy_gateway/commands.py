"""The commands of the gateway, but for ``serve``. What they say of themselves stands in ``embassy_gateway.cli``."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import Annotated, Final, ParamSpec

import anyio
import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.form import template as form_template
from embassy_gateway.batch.map_file import read_map
from embassy_gateway.batch.screen import show_map_faults
from embassy_gateway.delivery import ALARMING, Tally
from embassy_gateway.exits import Exit
from embassy_gateway.overview import as_json, dead_letters, overview
from embassy_gateway.schema import State
from embassy_gateway.screens import show_faults, show_overview, show_tally
from embassy_gateway.sealing import SealBroken, SetupRefused
from embassy_gateway.settings import PREFIX, read_settings
from embassy_gateway.spool import SpoolRefused, SpoolUnavailable
from embassy_gateway.submitting import Order, hand_in, is_table, read_whole
from embassy_gateway.wiring import Gateway, open_gateway
from registry.command_line import AsJson, told
from registry.domain.errors import InvalidInput

Files = Annotated[
    list[Path],
    Parameter(
        negative="",
        help=told(
            "Report files; who carries a nationality other than JP is left at the mission.",
            "届書のファイル。日本以外の国籍の人は公館に残り、送られない。",
        ),
    ),
]
Mend = Annotated[
    int | None,
    Parameter(
        help=told(
            "The dead letter whose place the one report of the one FILE takes.",
            "この届書で置き換える要訂正の届書の番号。",
        )
    ),
]
MapFile = Annotated[
    Path | None,
    Parameter(
        name="--map",
        help=told(
            "The map of the columns and codes of an export, a TOML file.",
            "他システムの出力の列とコードの対応表(TOML)。",
        ),
    ),
]
Check = Annotated[
    bool, Parameter(negative="", help=told("Only check: take nothing in.", "点検のみ行い、受け付けない。"))
]
Out = Annotated[
    Path,
    Parameter(
        help=told(
            "The file to write; one that is there already is not touched.", "書き出すファイル。既存のものは変えない。"
        )
    ),
]
Report = Annotated[
    int | None,
    Parameter(
        help=told(
            "Print what the spool keeps of this report instead: personal data, for mending it.",
            "代わりに、この番号の届書の内容(個人情報)を訂正用に表示する。",
        )
    ),
]
Once = Annotated[
    bool, Parameter(negative="", help=told("Send what is due now, then end.", "いま送るべきものを送って終わる。"))
]
UntilEmpty = Annotated[
    bool,
    Parameter(
        negative="",
        help=told(
            "Wait out every back-off until nothing waits, or until a person must look.",
            "待ちがなくなるか、職員の対応が必要になるまで続ける。",
        ),
    ),
]

Arguments = ParamSpec("Arguments")

_console: Final = Console(highlight=False, soft_wrap=True)
_bars: Final = Console(stderr=True, highlight=False)


def guarded(command: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Turn every foreseen way in which a command can fail into one line and its exit code."""

    @wraps(command)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
        try:
            return command(*arguments, **options)
        except InvalidInput as refused:
            show_faults(_console, PREFIX, refused.faults)
        except (SetupRefused, SpoolRefused, SpoolUnavailable, SealBroken) as refused:
            _console.print(f"[red]✗[/] {refused}")
        except KeyboardInterrupt:
            return Exit.DONE
        return Exit.REFUSED

    return run


@guarded
def submit(
    files: Files,
    /,
    *,
    mend: Mend = None,
    map_: MapFile = None,
    check: Check = False,
    as_json_: AsJson = False,
) -> int:
    """Check report files and take them into the spool."""
    if mend is not None and len(files) != 1:
        raise SpoolRefused("--mend takes one FILE")
    if map_ is not None and not any(map(is_table, files)):
        raise SpoolRefused("--map goes with a table (.csv, .tsv, .txt)")
    try:
        form = OWN_FORM if map_ is None else form_of(read_map(read_whole(map_)))
    except InvalidInput as refused:
        show_map_faults(_console, str(map_), refused.faults)
        return Exit.REFUSED
    order = Order(form=form, mends=mend, check_only=check, as_json=as_json_)
    with _gateway() as gateway:
        needs_staff = hand_in(_console, gateway, files, order)
    return Exit.NEEDS_STAFF if needs_staff else Exit.DONE


@guarded
def template(*, out: Out) -> int:
    """Write the staff's batch form: a CSV with one row a person, its columns explained, with an example."""
    try:
        with out.open("xb") as file:
            file.write(form_template())
    except OSError as error:
        raise SpoolRefused(f"{out}: {error.strerror}") from None
    _console.print(f"[green]✓[/] {out}: fill it in, then (記入してから): embassy-gateway submit --check {out}")
    return Exit.DONE


@guarded
def status(*, as_json_: AsJson = False, report: Report = None) -> int:
    """Show what waits, what needs staff and what to do next."""
    with _gateway() as gateway:
        if report is not None:
            return _print_report(gateway, report)
        found = overview(gateway.spool)
    if as_json_:
        sys.stdout.buffer.write(as_json(found) + b"\n")
    else:
        show_overview(_console, found)
    return Exit.NEEDS_STAFF if dead_letters(found) or found.gaps else Exit.DONE


@guarded
def deliver(*, once: Once = False, until_empty: UntilEmpty = False, as_json_: AsJson = False) -> int:
    """Deliver what waits to the registry, oldest first; without options until Ctrl-C."""
    if once and until_empty:
        raise SpoolRefused("--once or --until-empty, not both")
    with _gateway() as gateway:
        gateway.spool.erase_due(gateway.clock())
        tally = anyio.run(_deliver, gateway, once, until_empty)
        found = overview(gateway.spool)
    waiting = found.counts[State.WAITING]
    if as_json_:
        sys.stdout.buffer.write(msgspec.json.encode(_tally_as_json(tally, waiting)) + b"\n")
    else:
        show_tally(_console, tally, waiting)
    if tally.alarms or tally.trouble in ALARMING:
        return Exit.ALARM
    if waiting:
        return Exit.LINE_DOWN
    return Exit.NEEDS_STAFF if tally.refused else Exit.DONE


def _tally_as_json(tally: Tally, waiting: int) -> dict[str, object]:
    return msgspec.structs.asdict(tally) | {"waiting": waiting}


async def _deliver(gateway: Gateway, once: bool, until_empty: bool) -> Tally:  # noqa: FBT001 - the two switches
    """Run the deliverer under a progress bar."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_bars, transient=True, disable=not _bars.is_terminal) as progress:
        task = progress.add_task("delivering 送信中", total=overview(gateway.spool).counts[State.WAITING])

        def show(tally: Tally) -> None:
            progress.update(task, completed=tally.delivered + tally.refused + tally.alarms)

        async with gateway.delivering(show) as deliverer:
            if once:
                return await deliverer.once()
            if until_empty:
                return await deliverer.until_empty()
            return await deliverer.for_ever()


def _print_report(gateway: Gateway, row: int) -> int:
    """Print what is kept of a report, readable and mendable; a broken character comes out as its escape."""
    body = gateway.spool.payload(row)
    if body is None:
        raise SpoolRefused(f"nothing is kept of report {row}: erased after its receipt, or never readable")
    text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(text.encode(errors="backslashreplace") + b"\n")
    return Exit.DONE


def _gateway() -> AbstractContextManager[Gateway]:
    return open_gateway(read_settings(os.environ))
