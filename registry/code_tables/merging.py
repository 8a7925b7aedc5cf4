"""A newer file and the present table become the next: what is gone ends, what is new begins, nothing is deleted.

(1) A row of the file that is in the table mends it; a new name or a new hole in an area ends it and begins another.
(2) A row that is not in the table begins on the day of the change, unless it says when it began.
(3) A row of the table that stands, and that the file no longer has, ends on the day of the change. Its successors, and
    its own day, come from the file of changes where that has them.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from registry.code_tables.reading import Incoming
from registry.code_tables.shapes import BETWEEN, SHAPES, Row, Shape, TableName, one_by_one


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of changes says: who took over from whom on which day, and since when a code exists."""

    ended: Mapping[str, tuple[str, tuple[str, ...]]] = {}
    begun: Mapping[str, str] = {}

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Changes":
        """Return the last change of each code."""
        ended: dict[str, tuple[str, tuple[str, ...]]] = {}
        begun: dict[str, str] = {}
        for day, old, new in sorted(row.values(("date", "from_code", "to_code")) for row in rows):
            known, successors = ended.get(old, (day, ()))
            ended[old] = (day, (*successors, new) if known == day else (new,))
            begun[new] = day
        return cls(ended=ended, begun=begun)


def merge(table: TableName, present: Sequence[Row], incoming: Incoming, day: str, changes: Changes) -> list[Row]:
    """Return the rows of the next table; ``day`` is the ISO date of the change. The file's rows keep their lines."""
    shape = SHAPES[table]
    waiting: dict[tuple[str, ...], list[Row]] = {}
    for row in one_by_one(table, present):
        waiting.setdefault(row.values(shape.identity), []).append(row)
    merged: list[Row] = []
    for row in one_by_one(table, incoming.rows):
        same = waiting.get(row.values(shape.identity), [])
        match = _match(shape, row, same, is_list=incoming.is_list)
        if match is None:
            merged.append(_begun(shape, row, day, changes))
        else:
            same.remove(match)
            merged.extend(_renewed(shape, match, row, day, changes))
    left_out = [row for rows in waiting.values() for row in rows]
    if incoming.is_list and not any("区" in row["name"] and "市" in row["name"] for row in incoming.rows):
        wards = [row for row in left_out if row["city"]]
        merged.extend(wards)  # the first sheet of the list names no wards; that says nothing about them
        left_out = [row for row in left_out if not row["city"]]
    merged.extend(ended for row in left_out for ended in _ended(shape, row, day, changes))
    return _with_cities(merged) if table is TableName.MUNICIPALITIES else merged


def _match(shape: Shape, row: Row, same: Sequence[Row], *, is_list: bool) -> Row | None:
    """Return the row of the table that this row of the file is: of the same beginning, or the one that stands."""
    begun = None if is_list else next((one for one in same if one[shape.begins] == row[shape.begins]), None)
    if begun is not None or row.cells.get(shape.begins):
        return begun
    return next((one for one in same if not one[shape.ends]), None)


def _begun(shape: Shape, row: Row, day: str, changes: Changes) -> Row:
    new = row.but(**{column: "" for column in shape.columns if column not in row.cells})
    if new[shape.begins] or new[shape.ends]:
        return new
    return new.but(**{shape.begins: changes.begun.get(new[shape.identity[0]], day)})


def _renewed(shape: Shape, match: Row, row: Row, day: str, changes: Changes) -> list[Row]:
    """Return the row mended, or ended and begun anew where it is no longer the same thing."""
    new = Row(cells={**match.cells, **row.cells}, line=row.line)
    new = new.but(**{shape.begins: match[shape.begins]})
    is_other = new.values(shape.unlike) != match.values(shape.unlike)
    if not is_other or match[shape.ends] or new[shape.ends] or match[shape.begins] >= day:
        return [new]
    since = changes.begun.get(new[shape.identity[0]], day)
    since = since if since > match[shape.begins] else day
    old = Row(cells=match.cells, line=row.line).but(**{shape.ends: since})
    if "successors" in shape.columns:
        old = old.but(successors=old["code"])
    return [old, new.but(**{shape.begins: since})]


def _ended(shape: Shape, row: Row, day: str, changes: Changes) -> list[Row]:
    """Return a row that the file no longer has, ended if it stood; one that never stood for a day is dropped."""
    if row[shape.ends] or row[shape.begins] > day:
        return [row]
    if row[shape.begins] == day:
        return []
    end, successors = changes.ended.get(row[shape.identity[0]], (day, ()))
    if end <= row[shape.begins]:  # an older holder of the same code
        end, successors = day, ()
    took_over = {"successors": BETWEEN.join(successors)} if "successors" in shape.columns else {}
    return [row.but(**{shape.ends: end}, **took_over)]


def _with_cities(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with the city of each ward: its name begins with that of the city, 札幌市中央区."""
    cities = {(row["prefecture"], row["name"]): row["code"] for row in rows if row["name"] and not row["valid_to"]}
    return [_with_city(row, cities) for row in rows]


def _with_city(row: Row, cities: Mapping[tuple[str, str], str]) -> Row:
    city, mark, ward = row["name"].partition("市")
    if row["city"] or not ward.endswith("区"):
        return row
    return row.but(city=cities.get((row["prefecture"], city + mark), ""))
