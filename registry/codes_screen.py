"""What ``registry codes`` shows: what is different, what is wrong, which versions there are; on a screen or as JSON."""

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from registry.code_tables.difference import Change, ChangeKind
from registry.code_tables.shapes import Row, TableName, write_rows
from registry.command_line import print_json
from registry.contract.fault_wording import FAULT_WORDING
from registry.domain.errors import Fault
from registry.running import say
from registry.services.code_table_imports import Proposal
from registry.store.code_tables import StoredVersion

MOST_SHOWN: Final = 100
"""Lines of a list on the screen; the rest is counted. JSON holds everything."""

LABELS: Final = {
    ChangeKind.MOVED: "管轄替え moved",
    ChangeKind.RENAMED: "名称変更 renamed",
    ChangeKind.ENDED: "廃止 ended",
    ChangeKind.ADDED: "新設 added",
    ChangeKind.MENDED: "修正 mended",
}

out: Final = Console(highlight=False, soft_wrap=True)


def show_proposal(proposal: Proposal) -> None:
    """Print what is different, and how much of each kind."""
    changes = proposal.revision.changes
    if not changes:
        say.print("The file says nothing that the table does not say already; nothing to do.")
        return
    table = Table("変更", "what", "before", "after", "from", title=f"{proposal.revision.table} from {proposal.day}")
    for change in changes[:MOST_SHOWN]:
        told = map(escape, (change.what, change.before, change.after, change.day))
        table.add_row(LABELS[change.kind], *told)
    say.print(table)
    if len(changes) > MOST_SHOWN:
        say.print(f"… and {len(changes) - MOST_SHOWN} more; --json lists them all.")
    counts = _counts(changes)
    say.print(", ".join(f"{LABELS[kind]} {counts[kind]}" for kind in ChangeKind))
    for warning in proposal.revision.warnings[:MOST_SHOWN]:
        say.print(f"[yellow]注意[/] {_told(warning)}")


def show_faults(faults: tuple[Fault, ...], *, as_json: bool) -> None:
    """Print the faults of a file, line by line: the first on the screen, all of them as JSON."""
    in_order = sorted(faults, key=lambda fault: (_fault_as_json(fault)["file"], _fault_as_json(fault)["line"]))
    if as_json:
        print_json({"faults": [_fault_as_json(fault) for fault in in_order]})
        return
    for fault in in_order[:MOST_SHOWN]:
        say.print(f"[red]誤り[/] {_told(fault)}")
    more = f", the first {MOST_SHOWN} of them above" if len(faults) > MOST_SHOWN else ""
    say.print(f"[bold red]registry:[/] {len(faults)} faults{more}; mend the file and import it again.")


def _told(fault: Fault) -> str:
    """Return where a fault is, what is wrong in both languages, and what would be right."""
    place = _fault_as_json(fault)
    where = " ".join(f"{name} {value}" for name, value in place.items() if value and name in {"file", "line", "column"})
    words = FAULT_WORDING[fault.code]
    return f"{where or 'the file'}: {words.title} ({words.title_ja}). Expected: {fault.expected}"


def show_versions(versions: Iterable[StoredVersion], rows: dict[TableName, int] | None = None) -> None:
    """Print a line for each version, with the number of its rows where that is given."""
    table = Table("version", "table", "applies from", *(["rows"] if rows else []), "source", "imported", "by")
    for one in versions:
        count = [str(rows[one.table])] if rows else []
        since = "always" if one.applies_from is None else str(one.applies_from)
        imported = f"{one.imported_at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.version_id), one.table, since, *count, escape(one.source), imported, one.imported_by)
    out.print(table)


def show_rows(table: TableName, rows: Iterable[Row]) -> None:
    """Print rows as CSV, which `registry codes import` reads again."""
    sys.stdout.write(write_rows(table, rows))


def _counts(changes: Iterable[Change]) -> Counter[ChangeKind]:
    return Counter(change.kind for change in changes)


def proposal_as_json(proposal: Proposal, version: int | None, people: dict[str, int] | None) -> dict[str, Any]:
    """Return what an import found and did; ``version`` and ``people`` are None where nothing was put in."""
    revision = proposal.revision
    counts = _counts(revision.changes)
    return {
        "table": revision.table,
        "from": proposal.day,
        "version": version,
        "counts": {str(kind): counts[kind] for kind in ChangeKind},
        "changes": revision.changes,
        "warnings": [_fault_as_json(warning) for warning in revision.warnings],
        "people": people,
    }


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    """Return a fault with its place; line 0 is a row that only the present table has."""
    parts = fault.pointer.split("/")[1:]
    file = parts.pop(0) if parts[:1] == ["changes"] else ""
    line, column = [*parts, "", ""][:2]
    return {"file": file, "line": int(line or 0), "column": column, "code": fault.code, "expected": fault.expected}


def held_as_json(version: StoredVersion, rows: list[Row], *, with_rows: bool) -> dict[str, Any]:
    """Return a version, how many rows of it are valid on the day, and these rows if wanted."""
    told = msgspec.structs.asdict(version) | {"count": len(rows)}
    return told | ({"rows": [row.cells for row in rows]} if with_rows else {})
