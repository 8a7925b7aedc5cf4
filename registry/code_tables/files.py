"""Makes tables of values out of the text of the code tables, and reads the texts that lie beside this module.

README.md says what they are, as of when, and what they lack. A text is made into a table once.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from registry.code_tables.shapes import SHAPES, Row, TableName, read_rows, several
from registry.domain.mission import ConsularArea, Mission, MissionKind, MissionName, MissionTable
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """A country or territory: its ISO 3166-1 codes, its English and its Japanese short name, its period."""

    alpha_2: str
    alpha_3: str
    name_en: str
    name_ja: str
    valid_from: date | None = None
    valid_to: date | None = None


@cache
def package_text(table: TableName) -> str:
    """Return a table as it lies beside this module."""
    return (files(__package__) / SHAPES[table].file).read_text(encoding="utf-8")


def load_municipalities() -> MunicipalityTable:
    """Return every municipality, ward and prefecture of the package, present and past."""
    return municipalities_of(package_text(TableName.MUNICIPALITIES))


def load_missions() -> MissionTable:
    """Return every mission of the package, with its names and consular areas."""
    return missions_of(*map(package_text, (TableName.MISSIONS, TableName.MISSION_NAMES, TableName.AREAS)))


def load_countries() -> Mapping[str, Country]:
    """Return the countries and territories by their ISO 3166-1 alpha-2 code, with XK for Kosovo."""
    return countries_of(package_text(TableName.COUNTRIES))


@lru_cache(maxsize=4)
def municipalities_of(text: str) -> MunicipalityTable:
    """Return the table written in ``text``; raises ValueError when its rows contradict each other."""
    return MunicipalityTable(
        Municipality(
            code=MunicipalityCode(row["code"]),
            prefecture=row["prefecture"],
            name=row["name"],
            name_kana=row["name_kana"] or None,
            valid_from=day_of(row["valid_from"]),
            valid_to=day_of(row["valid_to"]),
            successors=tuple(MunicipalityCode(code) for code in several(row["successors"])),
            city=MunicipalityCode(row["city"]) if row["city"] else None,
        )
        for row in read_rows(text)
    )


@lru_cache(maxsize=4)
def missions_of(missions: str, names: str, areas: str) -> MissionTable:
    """Return the table written in three texts; raises ValueError when they contradict each other.

    A mission that has no name yet goes by its code.
    """
    named: dict[str, list[MissionName]] = {}
    for row in read_rows(names):
        name = MissionName(name=row["name"], valid_from=day_of(row["valid_from"]), valid_to=day_of(row["valid_to"]))
        named.setdefault(row["mission"], []).append(name)
    return MissionTable(
        (_mission(row, tuple(named.get(row["code"], (MissionName(name=row["code"]),)))) for row in read_rows(missions)),
        (area for row in read_rows(areas) for area in _areas(row)),
    )


@lru_cache(maxsize=4)
def countries_of(text: str) -> Mapping[str, Country]:
    """Return the countries written in ``text`` by their alpha-2 code."""
    return MappingProxyType({row["alpha_2"]: _country(row) for row in read_rows(text)})


def day_of(text: str) -> date | None:
    """Return the day written in a field, or None for an empty one; raises ValueError for anything but an ISO date."""
    return date.fromisoformat(text) if text else None


def _country(row: Row) -> Country:
    return Country(
        alpha_2=row["alpha_2"],
        alpha_3=row["alpha_3"],
        name_en=row["name_en"],
        name_ja=row["name_ja"],
        valid_from=day_of(row["valid_from"]),
        valid_to=day_of(row["valid_to"]),
    )


def _mission(row: Row, names: tuple[MissionName, ...]) -> Mission:
    return Mission(
        code=row["code"],
        kind=MissionKind(row["kind"]),
        names=names,
        country=row["country"],
        place=row["place"],
        time_zone=row["time_zone"] or None,
        concurrent=row["concurrent"] == "yes",
        opened=day_of(row["opened"]),
        closed=day_of(row["closed"]),
    )


def _areas(row: Row) -> Iterator[ConsularArea]:
    """One line draws one area for each subdivision that it lists; no subdivision is the whole country."""
    for subdivision in several(row["subdivisions"]) or (None,):
        yield ConsularArea(
            mission=row["mission"],
            country=row["country"],
            subdivision=subdivision,
            excluded=tuple(several(row["excluded"])),
            valid_from=day_of(row["valid_from"]),
            valid_to=day_of(row["valid_to"]),
        )
