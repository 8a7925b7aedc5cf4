"""Reads the code tables that lie beside this module. README.md says what they are, as of when, and what they lack."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from registry.domain.mission import ConsularArea, Mission, MissionKind, MissionName, MissionTable
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable

BETWEEN = ";"
"""Separates several values in one field."""


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """A country or territory: its ISO 3166-1 codes, its English and its Japanese short name."""

    alpha_2: str
    alpha_3: str
    name_en: str
    name_ja: str


@cache
def load_municipalities() -> MunicipalityTable:
    """Return every municipality and prefecture known, present and past."""
    return MunicipalityTable(
        Municipality(
            code=MunicipalityCode(row["code"]),
            prefecture=row["prefecture"],
            name=row["name"],
            name_kana=row["name_kana"] or None,
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
            successors=tuple(MunicipalityCode(code) for code in _several(row["successors"])),
        )
        for row in _rows("municipalities.csv")
    )


@cache
def load_missions() -> MissionTable:
    """Return every mission known, with its names and consular areas."""
    names: dict[str, list[MissionName]] = {}
    for row in _rows("mission_names.csv"):
        name = MissionName(name=row["name"], valid_from=_day(row["valid_from"]), valid_to=_day(row["valid_to"]))
        names.setdefault(row["mission"], []).append(name)
    missions = [_mission(row, tuple(names[row["code"]])) for row in _rows("missions.csv")]
    return MissionTable(missions, (area for row in _rows("consular_areas.csv") for area in _areas(row)))


@cache
def load_countries() -> Mapping[str, Country]:
    """Return the countries and territories by their ISO 3166-1 alpha-2 code, with XK for Kosovo."""
    countries = (msgspec.convert(row, Country) for row in _rows("countries.csv"))
    return MappingProxyType({country.alpha_2: country for country in countries})


def _mission(row: Mapping[str, str], names: tuple[MissionName, ...]) -> Mission:
    return Mission(
        code=row["code"],
        kind=MissionKind(row["kind"]),
        names=names,
        country=row["country"],
        place=row["place"],
        time_zone=row["time_zone"] or None,
        concurrent=row["concurrent"] == "yes",
        opened=_day(row["opened"]),
        closed=_day(row["closed"]),
    )


def _areas(row: Mapping[str, str]) -> Iterator[ConsularArea]:
    """One line draws one area for each subdivision that it lists; no subdivision is the whole country."""
    for subdivision in _several(row["subdivisions"]) or (None,):
        yield ConsularArea(
            mission=row["mission"],
            country=row["country"],
            subdivision=subdivision,
            excluded=tuple(_several(row["excluded"])),
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
        )


def _rows(name: str) -> Iterator[dict[str, str]]:
    lines = (files(__package__) / name).read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(lines, strict=True)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _several(text: str) -> list[str]:
    return text.split(BETWEEN) if text else []
