"""場所 — where people lived in Japan and where they live abroad, drawn by how many there are.

Municipalities by population, those of before a merger for who left before it; missions by the number of Japanese in
their areas, with a few cities each that the mission is certainly competent for. Streets, 丁目 and 番地 are invented.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache, lru_cache
from typing import Final, NamedTuple

import msgspec

from registry.code_tables.files import load_countries, load_municipalities
from registry.domain.basic_four import AddressAbroad, AddressInJapan
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable
from registry.sandbox.population.luck import Urn
from registry.sandbox.population.names import rows

_TYPICAL: Final = {"市": 60.0, "区": 250.0, "町": 12.0, "村": 4.0}
"""Thousands of people in a municipality whose population is not in the table (author's estimate)."""

_QUARTERS: Final = (
    *("本町", "中央", "栄町", "緑町", "元町", "大手町", "末広町", "旭町", "幸町", "新町", "東町", "西町", "南町"),
    *("北町", "若葉台", "桜台", "富士見", "泉町", "錦町", "宝町", "青葉", "美園", "松原", "千歳町", "日の出町"),
    *("春日町", "朝日町", "弥生町", "昭和町", "曙町"),
)
_SHORTEST_NAME, _LONGEST_NAME = 5, 11
"""Characters of a municipality's name with its prefecture."""

_NUMERALS: Final = "一二三四五六七八九"
_STREETS: Final = (
    *("{n} Example Street", "{n} Sample Avenue, Apt {a}", "{n} Placeholder Road", "{n} Nowhere Lane, Unit {a}"),
    *("{a}/{n} Specimen Drive", "{n} rue de l'Exemple", "Musterstraße {n}", "Calle Ejemplo {n}, piso {a}"),
    *("Rua Exemplo {n}, ap. {a}", "Example Tower {a}F, {n} Sample Road", "{n}-{a} Example Garden"),
)


class Where(msgspec.Struct, frozen=True):
    """From and to which places the people of a population come and go; nothing named is everywhere.

    ``municipalities`` are codes of present ones, ``missions`` codes with places in ``places.csv``.
    """

    municipalities: tuple[str, ...] = ()
    missions: tuple[str, ...] = ()


EVERYWHERE: Final = Where()


class Town(NamedTuple):
    """A present municipality and the first day on which it was what it is; before, one of its ``forerunners`` was.

    ``wards`` are those of a designated city, present and past.
    """

    code: MunicipalityCode
    name: str
    since: date
    forerunners: tuple[Municipality, ...]
    wards: tuple[Municipality, ...]


class Place(NamedTuple):
    """A city abroad in the area of a mission."""

    mission: str
    country: str
    country_name: str
    subdivision: str
    city: str
    kana: str
    postcode: str


class UnknownPlace(Exception):  # noqa: N818 - the caller named a place that is not there
    """A municipality or mission that this population has no place for; the message says which."""


class Atlas:
    """The places of a population, ready to be drawn from."""

    def __init__(self, where: Where) -> None:
        self.towns = Urn(_towns(where.municipalities), size=1 << 17)
        self.places = Urn(_places(where.missions), size=1 << 14)

    def town(self, random: Callable[[], float]) -> Town:
        """Draw a municipality by its population."""
        return self.towns.at(random())

    def place(self, random: Callable[[], float]) -> Place:
        """Draw a city abroad by the number of Japanese there."""
        return self.places.at(random())


@lru_cache(maxsize=8)
def atlas(where: Where) -> Atlas:
    """Return the places of a population; raises :class:`UnknownPlace`."""
    return Atlas(where)


def _towns(chosen: Iterable[str]) -> list[tuple[Town, float]]:
    table = load_municipalities()
    present = {
        str(row.code): row for row in table if row.valid_to is None and row.city is None and not row.code.is_prefecture
    }
    people = {row["code"]: float(row["thousands"]) for row in rows("municipality_populations.csv")}
    before, wards = _forerunners(table), _wards(table)
    return [
        (
            _town(present[code], before, wards.get(present[code].code, ())),
            people.get(code, _TYPICAL[present[code].name[-1]]),
        )
        for code in _known(chosen, present, "a present municipality (a designated city as a whole)")
    ]


def _places(chosen: Iterable[str]) -> list[tuple[Place, float]]:
    countries = load_countries()
    by_mission: dict[str, list[tuple[Place, float]]] = {}
    for row in rows("places.csv"):
        name = countries[row["country"]].name_ja
        place = Place(country_name=name, **{field: row[field] for field in Place._fields if field in row})
        by_mission.setdefault(row["mission"], []).append((place, float(row["thousands"])))
    return [found for code in _known(chosen, by_mission, "a mission of places.csv") for found in by_mission[code]]


@lru_cache(maxsize=512)
def others_near(place: Place) -> tuple[str, ...]:
    """Return missions at which one may hand in a report by mistake: the others of the country, else one far away."""
    there = {row["mission"] for row in rows("places.csv") if row["country"] == place.country}
    far_away = ("JP-EMB-FJI", "JP-EMB-PLW")
    return tuple(sorted(there - {place.mission})) or tuple(code for code in far_away if code != place.mission)


def _known(chosen: Iterable[str], known: Iterable[str], expected: str) -> tuple[str, ...]:
    """Return what was chosen, or all there is; raises UnknownPlace naming what is not there."""
    wanted, there = tuple(dict.fromkeys(chosen)), tuple(known)
    for code in wanted:
        if code not in there:
            raise UnknownPlace(f"{code}: expected {expected}")
    return wanted or there


def _forerunners(table: MunicipalityTable) -> dict[MunicipalityCode, list[Municipality]]:
    """Return the municipalities that each one took over from."""
    before: dict[MunicipalityCode, list[Municipality]] = {}
    for row in table:
        for successor in row.successors:
            before.setdefault(successor, []).append(row)
    return before


def _wards(table: MunicipalityTable) -> dict[MunicipalityCode, list[Municipality]]:
    """Return the wards of each designated city, present and past."""
    wards: dict[MunicipalityCode, list[Municipality]] = {}
    for row in table:
        if row.city is not None:
            wards.setdefault(row.city, []).append(row)
    return wards


def _town(row: Municipality, before: dict[MunicipalityCode, list[Municipality]], wards: Iterable[Municipality]) -> Town:
    forerunners = tuple(one for one in before.get(row.code, ()) if one.city is None)
    return Town(row.code, row.prefecture + row.name, row.valid_from or date.min, forerunners, tuple(wards))


# ---------------------------------------------------------------- addresses
def home_address(town: Town, on: date, share: float) -> AddressInJapan:
    """Return an invented address in a municipality, under the code that it had on that day.

    ``share`` (from 0 up to, but without, 1) chooses among the addresses; the same share is the same address.
    """
    return AddressInJapan(municipality=code_on(town, on, share), text=_block(share))


def code_on(town: Town, on: date, share: float) -> MunicipalityCode:
    """Return the code under which a part of today's municipality was known on a day."""
    if on >= town.since or not town.forerunners:
        return town.code
    there = [one for one in town.forerunners if one.valid_on(on)] or town.forerunners
    return there[int(share * len(there))].code


def ward_on(town: Town, on: date, share: float) -> Municipality | None:
    """Return a ward of a designated city on a day; None for any other municipality."""
    there = [ward for ward in town.wards if ward.valid_on(on)]
    return there[int(share * len(there))] if there else None


def before_merger(place: str, share: float) -> str:
    """Return a 本籍 with the name of a municipality that its own took over; as it is where there is none."""
    for length in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1):
        names = _names_before().get(place[:length])
        if names:
            return names[int(share * len(names))] + place[length:]
    return place


@cache
def _names_before() -> dict[str, tuple[str, ...]]:
    """Return by the name of a present municipality, with its prefecture, those that it took over."""
    found: dict[str, tuple[str, ...]] = {}
    for town in atlas(EVERYWHERE).towns.slots:
        names = (one.prefecture + one.name for one in town.forerunners)
        found[town.name] = tuple(sorted({name for name in names if name != town.name}))
    return found


def register_place(town: Town, share: float) -> str:
    """Return an invented 本籍 in a municipality."""
    return f"{town.name}{_quarter(share)}九十{_NUMERALS[int(share * 9e3) % 9]}丁目{int(share * 9e5) % 90 + 1}番地"


def _block(share: float) -> str:
    many = int(share * 9e8)
    return f"{_quarter(share)}九十{_NUMERALS[many // 7 % 9]}丁目{many // 63 % 30 + 1}番{many // 1890 % 20 + 1}号"


def _quarter(share: float) -> str:
    return _QUARTERS[int(share * len(_QUARTERS))]


def address_abroad(place: Place, share: float) -> AddressAbroad:
    """Return an invented address in a city abroad."""
    many = int(share * 1e9)
    street = _STREETS[many % len(_STREETS)].format(n=many // 11 % 990 + 1, a=many // 10_890 % 60 + 1)
    return AddressAbroad(
        country=place.country,
        subdivision=place.subdivision,
        city=place.city,
        lines=(street,),
        postcode=place.postcode,
        kana=place.kana,
    )
