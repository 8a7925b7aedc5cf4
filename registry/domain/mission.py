"""在外公館 — the missions of Japan, the area of each consul, and which mission is competent for a place on a day.

A Japanese who settles abroad reports to the consul of the area (旅券法16条; the areas are drawn in 領事官の管轄区域を
定める省令). Where a country has several consuls, their areas are named subdivisions, or parts of one. Missions open,
close and change name and area by date. In Taiwan the 交流協会 plays the consul.

Competence has three values, since a place is often known less well than the areas are drawn: where the subdivision is
missing, misspelt or shared between consuls, each of them is *possibly* competent, and possibly refuses nobody.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, final

import msgspec

JAPAN = timezone(timedelta(hours=9), "JST")
"""日本標準時: UTC+9, winter and summer."""

PART_OF = "/"
"""Stands between a subdivision and a part of it: ``Connecticut/Fairfield``."""


class MissionKind(StrEnum):
    """The kinds of 在外公館 (外務省設置法6条), and the 交流協会 that does the work of one in Taiwan."""

    EMBASSY = "embassy"
    CONSULATE_GENERAL = "consulate-general"
    PERMANENT_DELEGATION = "permanent-delegation"
    EXCHANGE_ASSOCIATION = "exchange-association"


class Competence(StrEnum):
    """Whether a mission is in charge of a place."""

    COMPETENT = "competent"
    POSSIBLY = "possibly"
    NOT_COMPETENT = "not-competent"


class MissionName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a mission had from ``valid_from`` until the day before ``valid_to``; None is no limit."""

    name: str
    valid_from: date | None = None
    valid_to: date | None = None


class Mission(msgspec.Struct, frozen=True, kw_only=True):
    """A mission, open from ``opened`` until the day before ``closed``; None is no limit known.

    ``code`` is our own and never changes (``JP-EMB-IND``). ``country`` is the ISO 3166-1 alpha-2 code of where it
    stands, ``place`` the city, ``time_zone`` its IANA name or None. ``concurrent`` marks an embassy that exists in
    law but has no post (兼館): another mission, which the table does not name, does its work.
    """

    code: str
    kind: MissionKind
    names: tuple[MissionName, ...]
    country: str
    place: str
    time_zone: str | None = None
    concurrent: bool = False
    opened: date | None = None
    closed: date | None = None

    def open_on(self, day: date) -> bool:
        """Whether the mission was open on that day."""
        return _covers(self.opened, self.closed, day)

    def name_on(self, day: date) -> str:
        """Return the name that the mission had on that day, or its last one if the table has a gap there."""
        valid = (named.name for named in self.names if _covers(named.valid_from, named.valid_to, day))
        return next(valid, self.names[-1].name)


class ConsularArea(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a consul's area (管轄区域), from ``valid_from`` until the day before ``valid_to``.

    The whole of ``country`` (ISO 3166-1 alpha-2) or one ``subdivision`` of it, without those ``excluded``. Names are
    English ones, a part of a subdivision stands after a slash; case, accents, spaces and hyphens do not matter.
    """

    mission: str
    country: str
    subdivision: str | None = None
    excluded: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


class TwoClocks(msgspec.Struct, frozen=True, kw_only=True):
    """The day it is at the mission and the day it is in Japan, at one moment.

    What happens at the counter is dated by the first, time limits of Japanese offices by the second.
    """

    local_date: date
    japan_date: date


def two_clocks(moment: datetime, mission_offset: tzinfo) -> TwoClocks:
    """Return both dates of a moment; ``mission_offset`` is the time zone of the mission.

    Raises ValueError, which a caller cannot mend, when ``moment`` says nothing of its own time zone.
    """
    if moment.utcoffset() is None:
        raise ValueError("a moment without time zone has no date at a mission")
    return TwoClocks(local_date=moment.astimezone(mission_offset).date(), japan_date=moment.astimezone(JAPAN).date())


REACHES_KEPT: Final = 4_096
"""Places and days of which a table remembers the missions: most reports are about few of them."""

Path = tuple[str, ...]
"""A place inside a country, from the wide to the narrow, folded for comparing; () is the country as a whole."""


class _DrawnArea(NamedTuple):
    """An area with its names already folded."""

    area: ConsularArea
    own: Path
    excluded: tuple[Path, ...]

    def reach(self, place: Path) -> Competence:
        """Return how the area covers a place: wholly, possibly (the place is wider than the area), or not."""
        if any(_lies_in(place, hole) for hole in self.excluded):
            return Competence.NOT_COMPETENT
        if _lies_in(place, self.own):
            doubtful = any(_lies_in(hole, place) for hole in self.excluded)
            return Competence.POSSIBLY if doubtful else Competence.COMPETENT
        return Competence.POSSIBLY if _lies_in(self.own, place) else Competence.NOT_COMPETENT


@final
class MissionTable:
    """Every mission and consular area that the code tables know, through time. Does not change once built."""

    def __init__(self, missions: Iterable[Mission], areas: Iterable[ConsularArea]) -> None:
        """Take them in any order; raises ValueError for two missions of one code or an area of a mission not given."""
        self._missions: dict[str, Mission] = {}
        for mission in missions:
            if self._missions.setdefault(mission.code, mission) is not mission:
                raise ValueError(f"{mission.code}: two missions of one code")
        self._areas: dict[str, list[_DrawnArea]] = {}
        for area in areas:
            if area.mission not in self._missions:
                raise ValueError(f"{area.mission}: an area of a mission that is not in the table")
            self._areas.setdefault(area.country, []).append(_draw(area))
        self._reaches = lru_cache(REACHES_KEPT)(self._find_reaches)

    def find(self, code: str) -> Mission | None:
        """Return the mission of this code, whether open or closed; None for a code never known."""
        return self._missions.get(code)

    def __iter__(self) -> Iterator[Mission]:
        return iter(self._missions.values())

    @property
    def areas(self) -> Iterator[ConsularArea]:
        """Every piece of every consul's area, past and to come."""
        return (drawn.area for of_country in self._areas.values() for drawn in of_country)

    def open_on(self, code: str, day: date) -> bool:
        """Whether there is a mission of this code and it was open on that day."""
        mission = self.find(code)
        return mission is not None and mission.open_on(day)

    def competence(self, code: str, country: str, subdivision: str | None, on: date) -> Competence:
        """Return whether a mission is in charge of a place on that day.

        ``country`` is ISO 3166-1 alpha-2. A subdivision that is not given or that the table does not know says
        nothing: the answer is then the one for the country, or for as much of the place as is known. POSSIBLY for
        everyone where no area is known or where only embassies without a post have one. A mission that is unknown or
        not open on that day is competent for nothing.
        """
        if not self.open_on(code, on):
            return Competence.NOT_COMPETENT
        reaches = self._reaches(country, subdivision, on)
        if code in reaches:
            return reaches[code]
        nobody_there = all(self._missions[other].concurrent for other in reaches)
        return Competence.POSSIBLY if nobody_there else Competence.NOT_COMPETENT

    def candidates(self, country: str, subdivision: str | None, on: date) -> tuple[str, ...]:
        """Return the codes of the missions whose area holds or may hold a place on that day, certain ones first."""
        reaches = self._reaches(country, subdivision, on)
        return tuple(sorted(reaches, key=lambda code: (reaches[code] is not Competence.COMPETENT, code)))

    def _find_reaches(self, country: str, subdivision: str | None, on: date) -> Mapping[str, Competence]:
        """Return the missions whose areas hold (COMPETENT) or may hold (POSSIBLY) the place."""
        drawn = [
            drawn
            for drawn in self._areas.get(country, ())
            if _covers(drawn.area.valid_from, drawn.area.valid_to, on) and self.open_on(drawn.area.mission, on)
        ]
        place = _known_part(_path(subdivision), drawn)
        found: dict[str, Competence] = {}
        for one in drawn:
            reach = one.reach(place)
            if reach is Competence.COMPETENT or (reach is Competence.POSSIBLY and one.area.mission not in found):
                found[one.area.mission] = reach
        return found


def _covers(first: date | None, end: date | None, day: date) -> bool:
    """Whether ``day`` lies from ``first`` until the day before ``end``."""
    return (first is None or first <= day) and (end is None or day < end)


def _draw(area: ConsularArea) -> _DrawnArea:
    return _DrawnArea(area, _path(area.subdivision), tuple(_path(hole) for hole in area.excluded))


def _path(subdivision: str | None) -> Path:
    """Fold a written place into what it is compared by."""
    parts = (_fold(part) for part in (subdivision or "").split(PART_OF))
    return tuple(part for part in parts if part)


def _fold(name: str) -> str:
    """Return the letters and digits of a name without case and accents: São Paulo and SAO-PAULO are the same."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def _known_part(place: Path, drawn: list[_DrawnArea]) -> Path:
    """Return as much of a place as some area names: the rest decides nothing, or nobody can say what it decides."""
    named = [path for one in drawn for path in (one.own, *one.excluded)]
    known = (
        place[:depth] for depth in range(len(place), 0, -1) if any(_lies_in(path, place[:depth]) for path in named)
    )
    return next(known, ())


def _lies_in(inner: Path, outer: Path) -> bool:
    """Whether ``inner`` is ``outer`` or a part of it."""
    return inner[: len(outer)] == outer
