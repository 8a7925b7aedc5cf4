"""A newer file becomes the next version of a table, or is refused with everything that is wrong in it."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from registry.code_tables.checking import check_cells, check_changes, check_whole
from registry.code_tables.difference import Change, ChangeKind, differences
from registry.code_tables.merging import Changes, merge
from registry.code_tables.reading import read_changes, read_file
from registry.code_tables.shapes import SHAPES, Row, TableName, one_by_one, read_rows, write_rows
from registry.domain.errors import Fault, FaultCode, Faults

PREFECTURES: Final = 47

LARGEST_END: Final = 0.5
"""The part of a table that one file may end; what ends more was cut off on its way, or is another table."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of a table: its text, what is different, and what is odd about it."""

    table: TableName
    content: str
    changes: tuple[Change, ...]
    warnings: tuple[Fault, ...] = ()


def revise(
    table: TableName, data: bytes, day: date, tables: Mapping[TableName, str], changes: bytes | None = None
) -> Revision:
    """Return what a table becomes on ``day`` by a file (``data``) and, for municipalities, a file of changes.

    ``tables`` are the texts of all tables: the newest version of this one, the others as of that day. Raises
    InvalidInput with every fault of both files; its pointers are ``/line/column``, ``/changes/line/column``.
    """
    faults = Faults()
    incoming = read_file(data, table, faults)
    good = tuple(check_cells(incoming.rows, table, faults))
    changed = Changes.of(check_changes(() if changes is None else read_changes(changes, faults), faults))
    present = read_rows(tables[table])
    rows = merge(table, present, msgspec.structs.replace(incoming, rows=good), day.isoformat(), changed)
    unread = {row.cells.get("code", "") for row in incoming.rows} - {row.cells.get("code", "") for row in good}
    check_whole(table, rows, tables, unread, faults)
    found = differences(table, present, rows)
    if table is TableName.MUNICIPALITIES:
        _check_country(present, rows, faults)
    # A row that is only faulty is not gone.
    gone = sum(change.kind is ChangeKind.ENDED for change in found) - (len(incoming.rows) - len(good))
    if gone > LARGEST_END * sum(not row[SHAPES[table].ends] for row in one_by_one(table, present)):
        faults.add(FaultCode.MISSING, "", "the whole table: this file would end more than half of what stands in it")
    faults.refuse_if_any()
    return Revision(table=table, content=write_rows(table, rows), changes=found, warnings=faults.warnings)


def _check_country(present: list[Row], rows: list[Row], faults: Faults) -> None:
    """Refuse a list that was cut off, and warn of what ends without saying who takes over."""
    standing = {row["prefecture"] for row in rows if not row["name"] and not row["valid_to"]}
    if len(standing) < PREFECTURES:
        faults.add(FaultCode.MISSING, "", f"the whole country: all {PREFECTURES} prefectures")
    known = {(row["code"], row["valid_from"]) for row in present if row["valid_to"]}
    for row in rows:
        if row["valid_to"] and not row["successors"] and (row["code"], row["valid_from"]) not in known:
            expected = f"in a file of changes, who took over from {row['code']}; its records lead nowhere without"
            faults.warn(FaultCode.MISSING, f"/{row.line}/successors", expected)
