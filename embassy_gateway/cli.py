"""The commands of the gateway. Exit codes, the same for all, stand in ``--help``."""

import json
import os
import sys
from contextlib import AbstractContextManager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Final

import anyio
from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from embassy_gateway.batch.form import OWN_FORM, form_of
from embassy_gateway.batch.form import template as form_template
from embassy_gateway.batch.map_file import read_map
from embassy_gateway.batch.screen import show_map_faults
from embassy_gateway.delivery import ALARMING, Tally
from embassy_gateway.overview import as_json, dead_letters, overview
from embassy_gateway.schema import State
from embassy_gateway.screens import show_faults, show_overview, show_tally
from embassy_gateway.sealing import SealBroken, SetupRefused
from embassy_gateway.settings import PREFIX, read_settings
from embassy_gateway.spool import SpoolRefused, SpoolUnavailable
from embassy_gateway.submitting import Order, hand_in, is_table, read_whole
from embassy_gateway.wiring import Gateway, open_gateway
from registry.domain.errors import InvalidInput


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0
    NEEDS_STAFF = 1
    REFUSED = 2
    LINE_DOWN = 3
    ALARM = 4


_HELP: Final = f"""The gateway of a mission 在外公館ゲートウェイ: takes residence reports (在留届) in, keeps them sealed
while the line is down, delivers each to the registry exactly once.

Exit codes:

- 0 done
- 1 a report needs staff: faulty or refused, see `status`
- 2 the arguments, settings, keys or spool do not allow it
- 3 reports still wait: the line is down, or the registry asked to come again
- 4 alarm: an answer could not be trusted, or a key was used with another body

Settings, as variables of the environment, each {PREFIX}…:

- MISSION: the code of this mission
- REGISTRY_URL: where the registry is called, without a path
- KEY: the private key of this gateway, a PEM file `KEYID.pem` of mode 0600
- REGISTRY_KEYS: the folder of the registry's public keys, PEM files `KEYID.pem`
- SPOOL: the SQLite file
- SPOOL_KEY: what seals it, a file of mode 0600, made at the first start
- HOST, PORT: where `serve` listens; 127.0.0.1 and 8470 if not given
"""

app = App(name="embassy-gateway", help=_HELP, help_format="markdown", result_action="return_value", version_flags=[])
# By name: only this command needs the web framework, and waits for it.
app.command("embassy_gateway.web:serve", help="Take reports in over HTTP on this machine, and deliver them 常駐.")
_console = Console(highlight=False, soft_wrap=True)


@app.command
def submit(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    mend: int | None = None,
    map_: Annotated[Path | None, Parameter(name="--map")] = None,
    check: Annotated[bool, Parameter(negative="")] = False,
    as_json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Check report files and take them into the spool 届書の受付.

    Each FILE is JSON (a report, or a list of them), or a table with one row a person (.csv, .tsv): the staff's own
    form, or with --map an export of another service. Good reports wait for delivery; one that was taken in before is
    not taken in twice. Of a JSON file, faulty ones are kept as dead letters; of a table they stay in the file, to be
    mended there and handed in again.

    For example:

    - `embassy-gateway submit report.json`
    - `embassy-gateway template --out reports.csv`, fill it in, `embassy-gateway submit --check reports.csv`
    - `embassy-gateway submit export.csv --map orrnet.toml`

    Parameters
    ----------
    files
        Who carries a nationality other than JP is left at the mission.
    mend
        The dead letter whose place the one report of the one FILE takes.
    map_
        The map of the columns and codes of an export, a TOML file.
    check
        Only check: take nothing in.
    as_json_
        Print it for programs.
    """
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


@app.command
def template(*, out: Path) -> int:
    """Write the staff's batch form: a CSV with one row a person, its columns explained, with an example 一括届の様式.

    Parameters
    ----------
    out
        The file to write; one that is there already is not touched.
    """
    try:
        with out.open("xb") as file:
            file.write(form_template())
    except OSError as error:
        raise SpoolRefused(f"{out}: {error.strerror}") from None
    _console.print(f"[green]✓[/] {out}: fill it in, then (記入してから): embassy-gateway submit --check {out}")
    return Exit.DONE


@app.command
def status(
    *, as_json_: Annotated[bool, Parameter(name="--json", negative="")] = False, report: int | None = None
) -> int:
    """Show what waits, what needs staff and what to do next 状況表示.

    Parameters
    ----------
    as_json_
        Print it for programs.
    report
        Print what the spool keeps of this report instead: personal data, for mending it.
    """
    with _gateway() as gateway:
        if report is not None:
            return _print_report(gateway, report)
        found = overview(gateway.spool)
    if as_json_:
        sys.stdout.buffer.write(as_json(found) + b"\n")
    else:
        show_overview(_console, found)
    return Exit.NEEDS_STAFF if dead_letters(found) or found.gaps else Exit.DONE


@app.command
def deliver(
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    until_empty: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Deliver what waits to the registry, oldest first 送信. Without options: until Ctrl-C.

    Parameters
    ----------
    once
        Send what is due now, then end.
    until_empty
        Wait out every back-off until nothing waits, or until a person must look.
    """
    if once and until_empty:
        raise SpoolRefused("--once or --until-empty, not both")
    with _gateway() as gateway:
        gateway.spool.erase_due(gateway.clock())
        tally = anyio.run(_deliver, gateway, once, until_empty)
        found = overview(gateway.spool)
    waiting = found.counts[State.WAITING]
    show_tally(_console, tally, waiting)
    if tally.alarms or tally.trouble in ALARMING:
        return Exit.ALARM
    if waiting:
        return Exit.LINE_DOWN
    return Exit.NEEDS_STAFF if tally.refused else Exit.DONE


async def _deliver(gateway: Gateway, once: bool, until_empty: bool) -> Tally:  # noqa: FBT001 - the two switches
    """Run the deliverer under a progress bar."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console) as progress:
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


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code, with every foreseen trouble said in one line."""
    try:
        result = app(arguments, exit_on_error=False)
    except InvalidInput as refused:
        show_faults(_console, PREFIX, refused.faults)
    except (SetupRefused, SpoolRefused, SpoolUnavailable, SealBroken) as refused:
        _console.print(f"[red]✗[/] {refused}")
    except CycloptsError:
        pass  # cyclopts has said what is wrong
    except KeyboardInterrupt:
        return Exit.DONE
    else:
        return result if isinstance(result, int) else Exit.DONE
    return Exit.REFUSED


def main() -> None:
    """Run the command that was typed."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
