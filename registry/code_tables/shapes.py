"""The shape of each table of codes: its columns, what makes a row the same row, and what ends one and begins another.

A table travels and is kept as CSV with one header line. ``;`` separates several values in one field. ``Row`` is one
line of it as text; ``files`` makes values of it.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

BETWEEN: Final = ";"
"""Separates several values in one field."""


class TableName(StrEnum):
    """The tables of codes."""

    MUNICIPALITIES = "municipalities"
    MISSIONS = "missions"
    MISSION_NAMES = "mission-names"
    AREAS = "areas"
    COUNTRIES = "countries"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What a table looks like.

    ``file`` is its name in this package, ``state`` as of when that file is right. ``identity``: the columns that,
    with ``begins``, make a row the same row. ``unlike``: columns of which a new value ends a row and begins another;
    a new value of any other column mends the row. ``required``: columns that are never empty.
    """

    file: str
    state: str
    columns: tuple[str, ...]
    identity: tuple[str, ...]
    unlike: tuple[str, ...] = ()
    required: tuple[str, ...]
    begins: str = "valid_from"
    ends: str = "valid_to"


SHAPES: Final[Mapping[TableName, Shape]] = MappingProxyType(
    {
        TableName.MUNICIPALITIES: Shape(
            file="municipalities.csv",
            state="2024-04-01",
            columns=("code", "prefecture", "name", "name_kana", "valid_from", "valid_to", "successors", "city"),
            identity=("code",),
            unlike=("name",),
            required=("code", "prefecture"),
        ),
        TableName.MISSIONS: Shape(
            file="missions.csv",
            state="December 2013",
            columns=("code", "kind", "country", "place", "time_zone", "concurrent", "opened", "closed"),
            identity=("code",),
            required=("code", "kind", "country"),
            begins="opened",
            ends="closed",
        ),
        TableName.MISSION_NAMES: Shape(
            file="mission_names.csv",
            state="December 2013",
            columns=("mission", "name", "valid_from", "valid_to"),
            identity=("mission", "name"),
            required=("mission", "name"),
        ),
        TableName.AREAS: Shape(
            file="consular_areas.csv",
            state="December 2013",
            columns=("mission", "country", "subdivisions", "excluded", "valid_from", "valid_to"),
            identity=("mission", "country", "subdivisions"),
            unlike=("excluded",),
            required=("mission", "country"),
        ),
        TableName.COUNTRIES: Shape(
            file="countries.csv",
            state="2024",
            columns=("alpha_2", "alpha_3", "name_en", "name_ja", "valid_from", "valid_to"),
            identity=("alpha_2",),
            required=("alpha_2", "alpha_3", "name_en", "name_ja"),
        ),
    }
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table: its cells by column, and where it stands in the file it came from (0: it did not)."""

    cells: Mapping[str, str]
    line: int = 0

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def but(self, **cells: str) -> "Row":
        """Return the same row with other cells."""
        return Row(cells={**self.cells, **cells}, line=self.line)

    def values(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the cells of some columns."""
        return tuple(self.cells[column] for column in columns)


def read_rows(text: str) -> list[Row]:
    """Return the lines of a table that is known to be right."""
    return [Row(cells=cells) for cells in csv.DictReader(io.StringIO(text), strict=True)]


def write_rows(table: TableName, rows: Iterable[Row]) -> str:
    """Return the table as it is kept: in the order of identity and beginning, so that equal tables are equal texts."""
    shape = SHAPES[table]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(shape.columns)
    ordered = sorted(rows, key=lambda row: row.values((*shape.identity, shape.begins)))
    writer.writerows(row.values(shape.columns) for row in ordered)
    return out.getvalue()


def one_by_one(table: TableName, rows: Iterable[Row]) -> list[Row]:
    """Return the rows with one place each: a line of consular areas may list several subdivisions."""
    if table is not TableName.AREAS:
        return list(rows)
    return [row.but(subdivisions=one) for row in rows for one in several(row["subdivisions"]) or [""]]


def several(text: str) -> list[str]:
    """Return the values in one field."""
    return text.split(BETWEEN) if text else []
