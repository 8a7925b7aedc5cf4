"""``municipality-sync reconcile`` and ``report``: the nightly run beside the registry, as the role ``reconciler``."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from registry.services import reconciliation
from registry.services.reconciliation import AlreadyRunning
from registry.settings import Settings, SettingsRefused
from registry.store.reconciliations import Standing
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.wiring import resources

DONE: Final = 0
FAILED: Final = 1
NOT_UNDERSTOOD: Final = 2
ROLE: Final = "registry_reconciler"
AsJson = Annotated[bool, Parameter(name="--json", help="Print one JSON object for machines.")]

LABELS: Final = {
    "agreed": "一致 agreed",
    "discrepant": "不一致 discrepant",
    "no_removed_record": "除票なし no 除票",
    "no_report": "在留届なし no 在留届",
    "under_review": "確認中 under review",
}

say: Final = Console(stderr=True, highlight=False)


def reconcile(*, json: AsJson = False) -> int:
    """Hold the two sources of every record against each other again."""
    return _run(_reconcile(as_json=json))


def report(*, json: AsJson = False) -> int:
    """Say how the records stood when they were last reconciled."""
    return _run(_report(as_json=json))


async def _reconcile(*, as_json: bool) -> None:
    async with resources(Settings.read(os.environ), role=ROLE, pool_size=2) as given, reconciliation.alone(given):
        standings = []
        with _progress(quiet=as_json) as progress:
            task = progress.add_task("突合 reconciling", total=await reconciliation.count(given))
            async for standing in reconciliation.run(given):
                if standing is not None:
                    standings.append(standing)
                progress.advance(task)
    _show(standings, as_json=as_json)


async def _report(*, as_json: bool) -> None:
    async with resources(Settings.read(os.environ), role=ROLE, pool_size=1) as given:
        _show(await reconciliation.report(given), as_json=as_json)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=say, disable=quiet)


def _show(standings: list[Standing] | tuple[Standing, ...], *, as_json: bool) -> None:
    """Print the counts and, for people, which records ask for somebody; by id, never by name."""
    counts = reconciliation.tally(standings)
    discrepant = [
        {"record": one.person_id, "fields": list(one.result.fields)} for one in standings if one.result.fields
    ]
    if as_json:
        Console(soft_wrap=True, highlight=False).print(
            msgspec.json.encode({"reconciliation": counts, "discrepant": discrepant}).decode(), markup=False
        )
        return
    table = Table("突合結果", "records", title="Reconciliation")
    for outcome, number in counts.items():
        table.add_row(LABELS[outcome], str(number))
    say.print(table)
    for one in discrepant:
        say.print(f"record {one['record']}: {', '.join(one['fields'])} differ between 除票 and 在留届")


def _run(work: Coroutine[Any, Any, None]) -> int:
    try:
        asyncio.run(work)
    except SettingsRefused as refused:
        say.print(f"[bold red]municipality-sync:[/] {refused}")
        return NOT_UNDERSTOOD
    except AlreadyRunning:
        say.print("[bold red]municipality-sync:[/] another run is at work; wait for it, it does the same.")
        return FAILED
    except (StoreUnavailable, SQLAlchemyError, KeysRefused, OSError) as error:
        say.print(f"[bold red]municipality-sync:[/] not done ({type(error).__name__}); check REGISTRY_DSN and keys.")
        return FAILED
    return DONE
