"""管轄区域の変更 — whose mission changes when areas are redrawn or a mission opens or closes, and from which day.

Which consul is in charge follows from the address (旅券法16条; 領事官の管轄区域を定める省令). Redrawing an area moves
nobody, so nobody reports: the record is corrected ex officio (職権修正) where the address is *certainly* in the area of
another mission. Where it only may be, people decide.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, final

import msgspec

from registry.domain.dates import IncompleteDate
from registry.domain.mission import Competence, ConsularArea, MissionTable
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.resident import Status
from registry.domain.timeline import Version, fold

ABROAD: Final = frozenset({Status.PROVISIONAL, Status.RESIDENT_ABROAD, Status.PRESUMED_DEPARTED})
"""Who is, as far as is known, still in some consul's area."""


class Reassignment(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of areas makes of one record.

    ``movements`` correct the mission, in the order of their days; ``left`` are the missions that the person belonged
    to until then. ``is_uncertain``: for some time it cannot be said whose the person is.
    """

    movements: tuple[Movement, ...] = ()
    left: tuple[str, ...] = ()
    is_uncertain: bool = False


class _Verdict(NamedTuple):
    """From which day a version's mission is wrong; ``to`` is the right one, None where nobody can say."""

    made_by: str
    begin: date
    left: str
    to: str | None


@final
class AreaChange:
    """The tables before and after a change that is in force from ``day`` on.

    ``missions`` are those whose people may be concerned; None means everyone's. A mission that served a country
    in which no consul had a post stands in no table, so when such a country gets one, anybody may be concerned.
    """

    def __init__(self, before: MissionTable, after: MissionTable, day: date) -> None:
        self.day = day
        self._before = before
        self._after = after
        self._cut = _cut(_by_mission(before), _by_mission(after))
        self.missions = self._concerned()

    def reassign(self, movements: Sequence[Movement], submission_id: str, today: date) -> Reassignment:
        """Return what a record with these movements needs; nothing for what only begins after ``today``.

        One movement may not be enough: whoever reported a new address after the change stated the mission anew.
        """
        earlier = {one.movement_id: one for one in movements}
        added: list[Movement] = []
        left: list[str] = []
        verdicts = self._verdicts(movements, today)
        while wrong := _first_wrong(verdicts, {movement.earliest for movement in added}):
            made_by = earlier.get(wrong.made_by)
            added.append(
                Movement(
                    movement_id=f"{submission_id}/0.{len(added)}",
                    submission_id=submission_id,
                    kind=MovementKind.CORRECTED_EX_OFFICIO,
                    effective=IncompleteDate.on(wrong.begin),
                    notified_on=today,
                    source=Source(kind=SourceKind.EX_OFFICIO),
                    statement=Statement(mission=wrong.to),
                    replaces=wrong.made_by if made_by and _is_reassignment(made_by, wrong.begin) else None,
                )
            )
            left.append(wrong.left)
            verdicts = self._verdicts((*movements, *added), today)
        return Reassignment(movements=tuple(added), left=tuple(left), is_uncertain=bool(verdicts))

    def _verdicts(self, movements: Iterable[Movement], today: date) -> list[_Verdict]:
        """Return what is not right, of the versions that hold for certain on some day from the change until today."""
        found = []
        for version in fold(movements).versions:
            begin = max(self.day, version.certain.first or self.day)
            ended = version.certain.is_empty or (version.certain.end is not None and version.certain.end <= begin)
            if version.status in ABROAD and not ended and begin <= today:
                verdict = self._verdict(version, begin)
                found.extend([verdict] if verdict is not None else [])
        return found

    def _verdict(self, version: Version, begin: date) -> _Verdict | None:
        """Return what is wrong with a version's mission from ``begin`` on, or None if nothing is."""
        mission, place = version.state.mission, version.state.address_abroad
        if mission is None:
            return None
        if place is None:
            doubtful = mission in self._cut or not self._after.open_on(mission, begin)
            return _Verdict(version.made_by, begin, mission, None) if doubtful else None
        where = (place.country, place.subdivision or None, begin)
        now = self._after.competence(mission, *where)
        if now is Competence.NOT_COMPETENT:
            return _Verdict(version.made_by, begin, mission, self._certain(*where))
        is_news = now is Competence.POSSIBLY and self._before.competence(mission, *where) is not now
        return _Verdict(version.made_by, begin, mission, None) if is_news else None

    def _certain(self, country: str, subdivision: str | None, on: date) -> str | None:
        """Return the one mission with a post that is certainly in charge of a place, or None."""
        found = [
            code
            for code in self._after.candidates(country, subdivision, on)
            if self._after.competence(code, country, subdivision, on) is Competence.COMPETENT
        ]
        mission = self._after.find(found[0]) if len(found) == 1 else None
        return None if mission is None or mission.concurrent else mission.code

    def _concerned(self) -> frozenset[str] | None:
        """Return the missions that had an area in a country where something changes; None for everyone's."""
        before, after = _by_country(self._before), _by_country(self._after)
        concerned = set(self._cut)
        for country in {
            country for country in before.keys() | after.keys() if before.get(country) != after.get(country)
        }:
            there = {area.mission for area, *_ in before.get(country, ())}
            if all(mission is None or mission.concurrent for mission in map(self._before.find, there)):
                return None
            concerned |= there
        return frozenset(concerned)


def _first_wrong(verdicts: Iterable[_Verdict], mended: Container[date]) -> _Verdict | None:
    """Return the first verdict that can be mended and was not yet."""
    return next((one for one in verdicts if one.to is not None and one.begin not in mended), None)


def _is_reassignment(movement: Movement, day: date) -> bool:
    """Whether a movement gave another mission on that day and did nothing else: then a later one takes its place."""
    is_ours = movement.kind is MovementKind.CORRECTED_EX_OFFICIO and movement.source.kind is SourceKind.EX_OFFICIO
    return is_ours and movement.statement.stated == {"mission"} and movement.earliest == day


Drawn = tuple[ConsularArea, date | None, date | None, bool]
"""An area, and what decides whether it counts: when its mission opened and closed, whether it is without a post."""


def _drawn(table: MissionTable) -> Iterable[Drawn]:
    for area in table.areas:
        mission = table.find(area.mission)
        if mission is not None:
            yield area, mission.opened, mission.closed, mission.concurrent


def _by_country(table: MissionTable) -> dict[str, frozenset[Drawn]]:
    found: dict[str, set[Drawn]] = {}
    for drawn in _drawn(table):
        found.setdefault(drawn[0].country, set()).add(drawn)
    return {country: frozenset(areas) for country, areas in found.items()}


def _by_mission(table: MissionTable) -> dict[str, frozenset[object]]:
    """Return all areas of each mission with its closing; a mission without area has at least that."""
    found: dict[str, set[object]] = {mission.code: {mission.closed} for mission in table}
    for drawn in _drawn(table):
        found[drawn[0].mission].add(drawn)
    return {mission: frozenset(areas) for mission, areas in found.items()}


def _cut(before: Mapping[str, frozenset[object]], after: Mapping[str, frozenset[object]]) -> frozenset[str]:
    """Return the missions that have less than before: an area that ended or was cut, or a closing."""
    return frozenset(mission for mission, had in before.items() if not had <= after.get(mission, frozenset()))
