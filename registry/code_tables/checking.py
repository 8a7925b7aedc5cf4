"""What must be right in a newer table of codes: each cell by itself, and the table as a whole. All faults at once."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import available_timezones

from registry.code_tables.files import day_of
from registry.code_tables.reading import CHANGES
from registry.code_tables.shapes import SHAPES, Row, TableName, read_rows, several
from registry.domain.errors import FaultCode, Faults, InvalidInput
from registry.domain.mission import MissionKind
from registry.domain.municipality import EXPECTED_CODE, MunicipalityCode

LONGEST_CELL: Final = 200
_LONG_CELLS: Final = frozenset({"subdivisions", "excluded", "successors"})
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MISSION_CODE: Final = re.compile(r"JP-[A-Z]+(-[A-Z]+)+")
_ALPHA_2: Final = re.compile(r"[A-Z]{2}")
_ALPHA_3: Final = re.compile(r"[A-Z]{3}")


def check_cells(rows: Iterable[Row], table: TableName, faults: Faults) -> list[Row]:
    """Check each row of a table by itself; return the rows without fault."""
    return _good(rows, _CHECKS_OF.get(table, _CHECKS), SHAPES[table].required, faults, at="")


def check_changes(rows: Iterable[Row], faults: Faults) -> list[Row]:
    """Check each row of a file of changes; its faults stand under ``/changes``."""
    return _good(rows, _CHECKS, CHANGES, faults, at="/changes")


def _good(
    rows: Iterable[Row], checks: Mapping[str, "Check"], required: tuple[str, ...], faults: Faults, *, at: str
) -> list[Row]:
    good = []
    for row in rows:
        found = Faults()
        for column, text in row.cells.items():
            if not text and column in required:
                found.add(FaultCode.EMPTY, f"/{column}", "a value")
            elif len(text) > LONGEST_CELL and column not in _LONG_CELLS:
                found.add(FaultCode.TOO_LONG, f"/{column}", f"at most {LONGEST_CELL} characters")
            elif text and column in checks:
                checks[column](text, f"/{column}", found)
        if not found.errors:
            _check_row(row, found)
        faults.take(found.errors, f"{at}/{row.line}")
        good.extend([] if found.errors else [row])
    return good


def _check_row(row: Row, found: Faults) -> None:
    """Check what lies between the cells of a row: its period, and that only a prefecture goes without a name."""
    for begins, ends in (("valid_from", "valid_to"), ("opened", "closed")):
        first, end = row.cells.get(begins), row.cells.get(ends)
        if first and end and end <= first:
            found.add(FaultCode.PERIOD_REVERSED, f"/{ends}", f"a day after {begins}, or nothing")
    if row.cells.get("successors") and not row["valid_to"]:
        found.add(FaultCode.NOT_ALLOWED_HERE, "/successors", "successors only where something ends")
    if "prefecture" in row.cells and bool(row["name"]) == MunicipalityCode(row["code"]).is_prefecture:
        found.add(FaultCode.NAME_MISSING, "/name", "a name for a municipality, none for a prefecture")


def _day(text: str, at: str, found: Faults) -> None:
    if _DAY.fullmatch(text) is None:
        found.add(FaultCode.DATE_UNREADABLE, at, "a date as 2025-04-01, or nothing")
        return
    try:
        day_of(text)
    except ValueError:
        found.add(FaultCode.DATE_IMPOSSIBLE, at, "a day of the calendar")


def _municipality(text: str, at: str, found: Faults) -> None:
    try:
        read = str(MunicipalityCode(text))
    except InvalidInput as refused:
        found.take(refused.faults, at)
    else:
        if read != text:
            found.add(FaultCode.NUMBER_MALFORMED, at, EXPECTED_CODE)


def _municipalities(text: str, at: str, found: Faults) -> None:
    for code in several(text):
        _municipality(code, at, found)


def _one_of(values: Callable[[], Container[str]], expected: str) -> "Check":
    def check(text: str, at: str, found: Faults) -> None:
        if text not in values():
            found.add(FaultCode.OUT_OF_RANGE, at, expected)

    return check


def _like(pattern: re.Pattern[str], expected: str) -> "Check":
    def check(text: str, at: str, found: Faults) -> None:
        if pattern.fullmatch(text) is None:
            found.add(FaultCode.NUMBER_MALFORMED, at, expected)

    return check


Check = Callable[[str, str, Faults], None]
"""Looks at one cell that is not empty and notes at a pointer what is wrong."""

_time_zones: Final = cache(available_timezones)
_country: Final = _like(_ALPHA_2, "the two capital letters of ISO 3166-1")
_mission: Final = _like(_MISSION_CODE, "a code as JP-CG-NEW-YORK")

_CHECKS: Final[Mapping[str, Check]] = {
    "code": _municipality,
    "date": _day,
    "from_code": _municipality,
    "to_code": _municipality,
    "valid_from": _day,
    "valid_to": _day,
    "opened": _day,
    "closed": _day,
    "country": _country,
    "mission": _mission,
    "successors": _municipalities,
    "city": _municipality,
    "kind": _one_of(lambda: tuple(MissionKind), f"one of {', '.join(MissionKind)}"),
    "time_zone": _one_of(_time_zones, "a time zone of IANA as Asia/Tokyo, or nothing"),
    "concurrent": _one_of(lambda: ("yes",), "yes, or nothing"),
    "alpha_2": _country,
    "alpha_3": _like(_ALPHA_3, "the three capital letters of ISO 3166-1"),
}

_CHECKS_OF: Final[Mapping[TableName, Mapping[str, Check]]] = {TableName.MISSIONS: {**_CHECKS, "code": _mission}}


def check_whole(
    table: TableName, rows: Sequence[Row], others: Mapping[TableName, str], unread: Container[str], faults: Faults
) -> None:
    """Check a table as it would be: periods that overlap, and whatever names something that is not there.

    ``others`` are the other tables on the day of the change. ``unread``: codes of rows that are faulty themselves.
    """
    if table is TableName.MUNICIPALITIES:
        _check_municipalities(rows, unread, faults)
    closings = {row["code"]: row["closed"] for row in read_rows(others[TableName.MISSIONS])}
    countries = {row["alpha_2"] for row in read_rows(others[TableName.COUNTRIES])}
    for row in rows:
        if row.cells.get("mission", "") not in {"", *closings}:
            faults.add(FaultCode.MISSION_UNKNOWN, f"/{row.line}/mission", "a mission of the table of missions")
        if row.cells.get("country", "") not in {"", *countries}:
            faults.add(FaultCode.CODE_UNKNOWN, f"/{row.line}/country", "a country of the table of countries")
    _check_overlaps(table, rows, closings, faults)
    if table is TableName.MISSIONS:
        _warn_of_nameless(rows, others, faults)


def _check_municipalities(rows: Sequence[Row], unread: Container[str], faults: Faults) -> None:
    by_code: dict[str, list[Row]] = {}
    for row in rows:
        by_code.setdefault(row["code"], []).append(row)
    for row in rows:
        for code in several(row["successors"]):
            if code not in by_code and code not in unread:
                faults.add(FaultCode.CODE_UNKNOWN, f"/{row.line}/successors", "codes of the table, for each successor")
            elif not any(_covers(heir, row["valid_to"]) for heir in by_code.get(code, ())) and code not in unread:
                expected = "successors that stand on the day of the end"
                faults.add(FaultCode.CODE_NOT_VALID_ON_DATE, f"/{row.line}/successors", expected)
        if row["city"] and row["city"] not in by_code and row["city"] not in unread:
            faults.add(FaultCode.CODE_UNKNOWN, f"/{row.line}/city", "the code of a city of the table")


def _covers(row: Row, day: str) -> bool:
    return row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])


_ALONE: Final[Mapping[TableName, tuple[str, ...]]] = {
    TableName.MUNICIPALITIES: ("code",),
    TableName.MISSIONS: ("code",),
    TableName.MISSION_NAMES: ("mission",),
    TableName.AREAS: ("country", "subdivisions"),
    TableName.COUNTRIES: ("alpha_2",),
}
"""By which columns there is one row at a time: one holder of a code, one name of a mission, one consul of a place."""


def _check_overlaps(table: TableName, rows: Iterable[Row], closings: Mapping[str, str], faults: Faults) -> None:
    shape = SHAPES[table]
    grouped: dict[tuple[str, ...], list[tuple[str, str, Row]]] = {}
    for row in rows:
        # Whatever belongs to a mission ends with it at the latest.
        ends = [day for day in (row[shape.ends], closings.get(row.cells.get("mission", ""), "")) if day]
        period = (row[shape.begins], min(ends, default=_NEVER), row)
        grouped.setdefault(row.values(_ALONE[table]), []).append(period)
    for group in grouped.values():
        for (_, end, earlier), (begin, _, later) in pairwise(sorted(group, key=lambda one: one[:2])):
            if begin < end or table is TableName.MISSIONS:
                expected = f"one row at a time for the same {' and '.join(_ALONE[table])}"
                faults.add(FaultCode.DUPLICATE, f"/{later.line or earlier.line}", expected)


_NEVER: Final = "9999-12-31"


def _warn_of_nameless(rows: Iterable[Row], others: Mapping[TableName, str], faults: Faults) -> None:
    named = {row["mission"] for row in read_rows(others[TableName.MISSION_NAMES])}
    for row in rows:
        if row["code"] not in named:
            faults.warn(FaultCode.NAME_MISSING, f"/{row.line}/code", "a name, by an import of mission-names")
