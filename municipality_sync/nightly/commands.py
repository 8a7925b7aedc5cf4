"""``municipality-sync reconcile`` and ``report``: the nightly run beside the registry, as the role ``reconciler``."""

import asyncio
import os
from collections.abc import Coroutine
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from registry.command_line import DONE, FAILED, NOT_UNDERSTOOD, AsJson, print_json, told
from registry.services import clockwork, inquiry_list, presumed_departures, reconciliation, shredding
from registry.services.inquiry_list import Report as ListReport
from registry.services.reconciliation import AlreadyRunning, Report
from registry.settings import Settings, SettingsRefused
from registry.store.roles import EX_OFFICIO, RECONCILER
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.wiring import resources

LABELS: Final = {
    "agreed": "一致 agreed",
    "discrepant": "不一致 discrepant",
    "no_removed_record": "除票なし no 除票",
    "no_report": "在留届なし no 在留届",
    "under_review": "確認中 under review",
}

Everybody = Annotated[
    bool,
    Parameter(
        negative="",
        help=told(
            "Go through all records, and not only those that can have changed.",
            "変わり得る記録だけでなく、すべての記録を突合する。",
        ),
    ),
]

MOST_SHOWN: Final = 200
"""Questions of each kind, and records whose time is over, that are named one by one."""

say: Final = Console(stderr=True, highlight=False)


def reconcile(*, everybody: Everybody = False, json: AsJson = False) -> int:
    """Presume who has left without a word, and hold the two sources of every record against each other again."""
    return _run(_reconcile(everybody=everybody, as_json=json))


def report(*, json: AsJson = False) -> int:
    """Say how the records stood when they were last reconciled."""
    return _run(_report(as_json=json))


async def _reconcile(*, everybody: bool, as_json: bool) -> None:
    settings = Settings.read(os.environ)
    async with resources(settings, role=RECONCILER, pool_size=2) as given, reconciliation.alone(given):
        presumed = await _presume_departures(settings)
        with _progress(quiet=as_json) as progress:
            task = progress.add_task("突合 reconciling", total=await reconciliation.count(given, everybody=everybody))
            async for done in reconciliation.run(given, everybody=everybody):
                progress.advance(task, done)
        asked = await _ask(settings)
        forgotten = await _forget_answers(settings)
        _show(await reconciliation.report(given), asked, await _listed(settings), as_json=as_json)
    if presumed:
        say.print(f"転出扱い presumed departed: {presumed}")
    if forgotten:
        say.print(f"保存期間を過ぎた応答 answers deleted: {forgotten}")


async def _presume_departures(settings: Settings) -> int:
    """Presume who has left; that is a movement of the record, so it is written as the application writes."""
    async with resources(settings, role=EX_OFFICIO, pool_size=1) as given:
        return len([person_id async for person_id in presumed_departures.run(given)])


async def _ask(settings: Settings) -> dict[str, int]:
    """Ask for the 除票 that have not come in their time; withdraw the questions whose 除票 came.

    What is asked is read in the reports, which the reconciler does not see, so it is asked as the application asks.
    """
    async with resources(settings, role=EX_OFFICIO, pool_size=1) as given:
        withdrawn = await inquiry_list.withdraw(given)
        return {"withdrawn": withdrawn, "opened": len([one async for one in inquiry_list.open_questions(given)])}


async def _forget_answers(settings: Settings) -> int:
    """Delete the answers to callers whose time is over."""
    async with resources(settings, role=EX_OFFICIO, pool_size=1) as given:
        return await clockwork.forget_answers(given, timedelta(days=settings.answers_kept_days))


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What is read in the records themselves, which the reconciler does not see.

    ``over``: the records whose time of retention is over.
    """

    inquiries: ListReport
    over: tuple[str, ...]


async def _listed(settings: Settings) -> _Listed:
    async with resources(settings, role=EX_OFFICIO, pool_size=1) as given:
        inquiries = await inquiry_list.report(given, at_most=MOST_SHOWN)
        return _Listed(inquiries=inquiries, over=tuple([one async for one in shredding.over(given)]))


async def _report(*, as_json: bool) -> None:
    settings = Settings.read(os.environ)
    async with resources(settings, role=RECONCILER, pool_size=1) as given:
        _show(await reconciliation.report(given), {}, await _listed(settings), as_json=as_json)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=say, disable=quiet)


def _show(report: Report, asked: dict[str, int], everything: _Listed, *, as_json: bool) -> None:
    """Print the counts and, for people, which records ask for somebody; by id, never by name."""
    counts, listed = report.reconciliation, everything.inquiries
    discrepant = [{"record": record, "fields": fields} for record, fields in report.discrepant.items()]
    questions = asked | {
        "findings": {str(finding): number for finding, number in listed.findings.items() if number},
        "overdue": [{"record": one.person_id, "asked_of": one.asked_of, "due": one.due} for one in listed.overdue],
        "for_people": [
            {"record": one.person_id, "asked_of": one.asked_of, "finding": one.finding} for one in listed.for_people
        ],
    }
    if as_json:
        document = {"reconciliation": counts, "discrepant": discrepant, "inquiry_list": questions}
        print_json(document | {"retention_over": everything.over})
        return
    table = Table("突合結果", "records", title="Reconciliation")
    for outcome, number in counts.items():
        table.add_row(LABELS[outcome], str(number))
    say.print(table)
    for one in discrepant:
        say.print(f"record {one['record']}: {', '.join(one['fields'])} differ between 除票 and 在留届")
    _show_questions(asked, listed)
    if everything.over:
        say.print(
            f"保存期間の満了 time of retention over: {len(everything.over)}; `registry keys shred` each, by two people"
        )
    for record in everything.over[:MOST_SHOWN]:
        say.print(f"record {record}")


def _show_questions(asked: dict[str, int], listed: ListReport) -> None:
    """Print how the inquiry list stands, and which of it asks for somebody."""
    news = f": {asked['opened']} opened, {asked['withdrawn']} withdrawn" if asked else ""
    if asked or any(listed.findings.values()):
        say.print(f"除票の照会 inquiry list{news}")
    for finding, number in listed.findings.items():
        if number:
            say.print(f"  {finding}: {number}")
    for one in listed.overdue:
        say.print(f"record {one.person_id}: {one.asked_of} has not answered in time")
    for one in listed.for_people:
        say.print(f"record {one.person_id}: {one.asked_of} says {one.finding}, and no 除票 stands")


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
