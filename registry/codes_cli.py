"""``registry codes``: which tables of codes are in force, and how a newer official file takes their place."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.types import ExistingFile

from registry import codes_screen as screen
from registry.code_tables.shapes import SHAPES, Row, TableName, read_rows
from registry.command_line import FAILED, AsJson, print_json, told
from registry.domain.errors import InvalidInput
from registry.running import progress, run, say, settings, stop
from registry.services import area_changes, code_table_imports
from registry.services.area_changes import AlreadyRunning, Outcome
from registry.services.code_table_imports import ImportUnderWay, Proposal
from registry.services.resources import japan_date
from registry.settings import Settings
from registry.store import code_tables
from registry.store.code_tables import StoredVersion
from registry.store.roles import EX_OFFICIO
from registry.wiring import resources

File = Annotated[ExistingFile, Parameter(help=told("The official file (CSV).", "公的なファイル(CSV)。"))]
Renewed = Annotated[TableName, Parameter(help=told("Which table the file renews.", "更新するコード表。"))]
From = Annotated[
    date,
    Parameter(
        name="--from", help=told("The day on which it comes into force, as 2025-04-01.", "適用日(例 2025-04-01)。")
    ),
]
Changes = Annotated[
    ExistingFile | None,
    Parameter(
        help=told(
            "CSV with date, from_code, to_code: who took over from municipalities that end.",
            "廃止された地方公共団体の承継先(date, from_code, to_code の CSV)。",
        )
    ),
]
Yes = Annotated[bool, Parameter(name="--yes", negative="", help=told("Do not ask.", "確認しない。"))]
Again = Annotated[
    bool, Parameter(negative="", help=told("Also go through areas that were done.", "済んだ区域も改めて調べる。"))
]
OnDay = Annotated[
    date | None,
    Parameter(help=told("A day as 2025-04-01; today if not given.", "日(例 2025-04-01)。指定がなければ本日。")),
]
Chosen = Annotated[
    TableName | None,
    Parameter(help=told("One table; without it a line for each.", "コード表。指定がなければ一覧を表示する。")),
]


def import_file(
    file: File,
    *,
    table: Renewed,
    from_: From,
    changes: Changes = None,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Renew a table from an official file."""
    given = settings()
    proposal = _proposed(given, table, file, from_, changes, as_json=json)
    if not json:
        screen.show_proposal(proposal)
    version = people = None
    if proposal.revision.changes and (yes or (not json and _agreed())):
        version = run(_put_in(given, proposal), ImportUnderWay)
        people = _people(given, quiet=json)
    if json:
        print_json(screen.proposal_as_json(proposal, version, people))
    elif version is not None:
        say.print(f"Version {version} of {table} applies from {from_}. Running registries follow within seconds.")
    elif proposal.revision.changes:
        stop("nothing was changed.", FAILED)


def reassign(*, again: Again = False, json: AsJson = False) -> None:
    """Give people in moved areas their new mission."""
    people = run(_reassign(settings(), quiet=json, again=again), AlreadyRunning)
    if json:
        print_json({"people": people})


def show(*, table: Chosen = None, on: OnDay = None, json: AsJson = False) -> None:
    """Print the rows of a table that are valid on a day, or which tables are in force."""
    held = run(_in_force(settings(), on))
    chosen = {name: one for name, one in held.items() if table in {None, name}}
    if json:
        print_json([screen.held_as_json(*one, with_rows=table is not None) for one in chosen.values()])
    elif table is None:
        counts = {name: len(rows) for name, (_, rows) in chosen.items()}
        screen.show_versions([version for version, _ in chosen.values()], counts)
    else:
        screen.show_rows(table, chosen[table][1])


def list_versions(*, json: AsJson = False) -> None:
    """Print every version of every table."""
    versions = run(_versions(settings()))
    if json:
        print_json(versions)
    else:
        screen.show_versions(versions)


# ---------------------------------------------------------------------------------------------- what is done


def _proposed(
    given: Settings, table: TableName, file: Path, day: date, changes: Path | None, *, as_json: bool
) -> Proposal:
    """Look at a file; end the command with all its faults where it has any."""
    more = None if changes is None else changes.read_bytes()
    try:
        proposal: Proposal = run(_propose(given, table, file.name, file.read_bytes(), day, more))
    except InvalidInput as refused:
        screen.show_faults(refused.faults, as_json=as_json)
        raise SystemExit(FAILED) from None
    return proposal


async def _propose(
    given: Settings, table: TableName, name: str, data: bytes, day: date, changes: bytes | None
) -> Proposal:
    async with resources(given, role=None, pool_size=1) as owner:
        return await code_table_imports.propose(owner, table, name, data, day, changes)


async def _put_in(given: Settings, proposal: Proposal) -> int:
    async with resources(given, role=None, pool_size=1) as owner:
        return await code_table_imports.put_in(owner, proposal)


def _people(given: Settings, *, quiet: bool) -> dict[str, int] | None:
    """Move the people of moved areas, or leave it to the registry that has just begun to."""
    try:
        counts: dict[str, int] = run(_reassign(given, quiet=quiet))
    except AlreadyRunning as running:
        say.print(str(running))
        return None
    return counts


async def _reassign(given: Settings, *, quiet: bool, again: bool = False) -> dict[str, int]:
    """Go through the records for every change that is due, and count what became of them."""
    tally: Counter[Outcome] = Counter()
    async with resources(given, role=EX_OFFICIO, pool_size=2) as registry, area_changes.alone(registry):
        for one in await area_changes.due(registry, again=again):
            with progress(quiet=quiet) as bar:
                title = f"管轄区域の変更 {one.change.day} areas"
                task = bar.add_task(title, total=await area_changes.count(registry, one))
                async for outcome in area_changes.run(registry, one):
                    tally[outcome] += 1
                    bar.advance(task)
    counts = {str(outcome): tally[outcome] for outcome in Outcome}
    if not quiet and tally:
        say.print(f"people: {counts['moved']} moved, {counts['uncertain']} to decide, {counts['stays']} stay")
    return counts


async def _in_force(given: Settings, on: date | None) -> dict[TableName, tuple[StoredVersion, list[Row]]]:
    """Return each table with its rows of a day: as it is in force today, or will be then."""
    async with resources(given, pool_size=1) as app, app.work() as work:
        today = japan_date(app.clock())
        day = on or today
        versions = {one.version_id: one for one in await code_tables.versions(work)}
        chosen = await code_tables.in_force(work, max(day, today))
        texts = await code_tables.texts(work, chosen)
    return {
        table: (versions[chosen[table]], [row for row in read_rows(texts[table]) if _is_valid(table, row, day)])
        for table in TableName
    }


def _is_valid(table: TableName, row: Row, day: date) -> bool:
    shape = SHAPES[table]
    return row[shape.begins] <= day.isoformat() and (not row[shape.ends] or day.isoformat() < row[shape.ends])


async def _versions(given: Settings) -> tuple[StoredVersion, ...]:
    async with resources(given, pool_size=1) as app, app.work() as work:
        return await code_tables.versions(work)


def _agreed() -> bool:
    try:
        return say.input("Put this in? [y/N] ").strip().lower() in {"y", "yes", "はい"}
    except EOFError:
        return False
