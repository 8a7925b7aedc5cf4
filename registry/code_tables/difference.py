"""What a change of a table comes to, in the words of those who have to agree to it: moved, renamed, ended, added."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from registry.code_tables.shapes import SHAPES, Row, Shape, TableName, one_by_one


class ChangeKind(StrEnum):
    """What happened to a row, the weightiest first."""

    MOVED = "moved"
    """A place of one consul is now another's."""
    RENAMED = "renamed"
    ENDED = "ended"
    ADDED = "added"
    MENDED = "mended"
    """The row is the same; some of what it says is different."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: what it is about, what stood there and stands there now, and from which day ("": always)."""

    kind: ChangeKind
    what: str
    before: str = ""
    after: str = ""
    day: str = ""


_OF_ONE_THING: Final = {
    TableName.MUNICIPALITIES: ("code",),
    TableName.MISSION_NAMES: ("mission",),
    TableName.AREAS: ("country", "subdivisions"),
}
"""By what a row that ends and one that begins on the same day are known to speak of the same thing."""


def differences(table: TableName, before: Sequence[Row], after: Sequence[Row]) -> tuple[Change, ...]:
    """Return what is different, kind by kind."""
    shape = SHAPES[table]
    old = {row.values((*shape.identity, shape.begins)): row for row in one_by_one(table, before)}
    new = {row.values((*shape.identity, shape.begins)): row for row in one_by_one(table, after)}
    added = [row for key, row in new.items() if key not in old]
    both = [(old[key], row) for key, row in new.items() if key in old]
    ended = [row for was, row in both if row[shape.ends] and not was[shape.ends]]
    replaced = _pairs(table, ended, added)
    gone = [one for one, _ in replaced]
    come = [other for _, other in replaced]
    found = [_replaced(table, *pair) for pair in replaced]
    found += [_of(ChangeKind.ADDED, shape, row, row[shape.begins]) for row in added if row not in come]
    found += [_of(ChangeKind.ENDED, shape, row, row[shape.ends]) for row in ended if row not in gone]
    found += [change for was, row in both if (change := _mended(shape, was, row)) is not None]
    found += [_of(ChangeKind.ENDED, shape, row, row[shape.begins]) for key, row in old.items() if key not in new]
    ranks = list(ChangeKind)
    return tuple(sorted(found, key=lambda change: (ranks.index(change.kind), change.what)))


def _pairs(table: TableName, ended: Iterable[Row], added: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Return the rows of which one ends where the other begins, about the same thing."""
    columns = _OF_ONE_THING.get(table)
    if columns is None:
        return []
    begun = {(*row.values(columns), row["valid_from"]): row for row in added}
    keys = ((row, (*row.values(columns), row["valid_to"])) for row in ended)
    return [(row, begun.pop(key)) for row, key in keys if key in begun]


def _replaced(table: TableName, was: Row, row: Row) -> Change:
    day = row["valid_from"]
    if table is not TableName.AREAS:
        return Change(
            kind=ChangeKind.RENAMED, what=row[SHAPES[table].identity[0]], before=was["name"], after=row["name"], day=day
        )
    place = " ".join(filter(None, row.values(("country", "subdivisions"))))
    if was["mission"] != row["mission"]:
        return Change(kind=ChangeKind.MOVED, what=place, before=was["mission"], after=row["mission"], day=day)
    return Change(
        kind=ChangeKind.MENDED, what=f"{row['mission']} {place}", before=_without(was), after=_without(row), day=day
    )


def _without(row: Row) -> str:
    return f"without {row['excluded']}" if row["excluded"] else "whole"


def _of(kind: ChangeKind, shape: Shape, row: Row, day: str) -> Change:
    told = ("prefecture", "name", "place", "name_ja", "successors")
    said = " ".join(row[column] for column in told if column in shape.columns and row[column])
    what = " ".join(filter(None, row.values(shape.identity)))
    return Change(
        kind=kind,
        what=what,
        before="" if kind is ChangeKind.ADDED else said,
        after=said if kind is ChangeKind.ADDED else "",
        day=day,
    )


def _mended(shape: Shape, was: Row, row: Row) -> Change | None:
    """Return what is different in a row that stays; that it ends is told elsewhere."""
    told_elsewhere = {shape.ends, "successors"} if row[shape.ends] and not was[shape.ends] else set()
    columns = [column for column in shape.columns if was[column] != row[column] and column not in told_elsewhere]
    if not columns:
        return None
    before, after = (", ".join(f"{column} {one[column] or '–'}" for column in columns) for one in (was, row))
    return Change(
        kind=ChangeKind.MENDED, what=" ".join(filter(None, row.values(shape.identity))), before=before, after=after
    )
