"""届出の機会 — what in a household's life abroad the consul must be told, and the report that tells it faultlessly."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from registry.domain.basic_four import Honseki, PersonName
from registry.domain.civil_status import Retention
from registry.domain.dates import ONE_DAY, IncompleteDate
from registry.domain.residence_report import (
    NumberCheck,
    ReportedPerson,
    ReportKind,
    ResidenceReport,
)
from registry.sandbox.population import numbering
from registry.sandbox.population.days import on
from registry.sandbox.population.names import Written
from registry.sandbox.population.truth import Ending, Household, Person

_CHECKED: Final = NumberCheck(number_checked_by="個人番号カード（裏面）", identity_checked_by="旅券")
_SHORTEST_STAY: Final = timedelta(days=93)
"""A planned stay of three months or more, whatever months they are (旅券法16条)."""

_NATIONALITY_BY_BIRTH: Final = frozenset({"AR", "BR", "CA", "CL", "MX", "PE", "PY", "US"})
"""Countries whose national is who was born there, among those where many Japanese live (国籍法12条)."""

_SOON: Final = 45
"""Days within which a report without trouble is filed."""


class What(StrEnum):
    """The events of which a report speaks."""

    ARRIVED = "arrived"
    FOLLOWED = "followed"
    BORN = "born"
    MOVED = "moved"
    WEDDED = "wedded"
    RETURNED = "returned"


_KIND: Final = {
    What.ARRIVED: ReportKind.RESIDENCE,
    What.FOLLOWED: ReportKind.RESIDENCE,
    What.RETURNED: ReportKind.RETURN,
}


_WITHOUT_ADDRESS: Final = frozenset({What.WEDDED, What.RETURNED})


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to some of a household on a day. ``came_from`` is the mission left behind, or ""."""

    what: What
    day: date
    people: tuple[Person, ...]
    came_from: str = ""


def events_of(household: Household) -> list[Event]:
    """Return what a household should report, in order of time."""
    events = [*_arrivals(household), *_changes(household), *_returns(household)]
    if len(events) > 1:
        events.sort(key=lambda event: event.day)
    return events


def _arrivals(household: Household) -> Iterator[Event]:
    """Yield who came, together or later, and who was born there; twins are born together."""
    groups: dict[date, list[Person]] = {}
    for person in household.people:
        groups.setdefault(person.arrived, []).append(person)
    first = household.stays[0].since
    for day, people in groups.items():
        grown = tuple(person for person in people if not person.born_abroad)
        born = tuple(person for person in people if person.born_abroad)
        if grown:
            yield Event(what=What.ARRIVED if day == first else What.FOLLOWED, day=day, people=grown)
        if born:
            yield Event(what=What.BORN, day=day, people=born)


def _changes(household: Household) -> Iterator[Event]:
    for before, stay in zip(household.stays, household.stays[1:], strict=False):
        people = tuple(one for one in household.people if one.abroad_on(stay.since))
        if people:
            left, entered = before.place.mission, stay.place.mission
            yield Event(what=What.MOVED, day=stay.since, people=people, came_from=left if left != entered else "")
    for person in household.people:
        if person.wedding is not None and person.abroad_on(person.wedding.on):
            yield Event(what=What.WEDDED, day=person.wedding.on, people=(person,))


def _returns(household: Household) -> Iterator[Event]:
    people = tuple(one for one in household.people if one.ending is Ending.RETURNED)
    if people and people[0].ended is not None:
        yield Event(what=What.RETURNED, day=people[0].ended, people=people)


def report_on(event: Event, household: Household) -> ResidenceReport:
    """Return the report of an event as it should be: complete, without a mistake, soon after."""
    stay, notified = household.stay_on(event.day), notified_on(event, household)
    retention = _retention(event, stay.place.country, notified)
    is_address_told = event.what not in _WITHOUT_ADDRESS
    return ResidenceReport(
        kind=_KIND.get(event.what, ReportKind.CHANGE),
        mission=stay.place.mission,
        effective=on(event.day),
        notified_on=notified,
        people=tuple([reported(person, event, retention) for person in event.people]),
        address_abroad=stay.address if is_address_told else None,
        came_from=event.came_from or None,
        contact=household.contact if is_address_told else None,
        planned_end=_planned_end(event, household),
    )


def notified_on(event: Event, household: Household) -> date:
    """Return the day on which a household without troubles would report an event: some weeks after it."""
    return event.day + timedelta(days=(household.luck ^ event.day.toordinal()) % _SOON)


def _planned_end(event: Event, household: Household) -> IncompleteDate | None:
    end = household.planned_end
    if end is None or _KIND.get(event.what) is not ReportKind.RESIDENCE:
        return None
    return on(end) if end - event.day >= _SHORTEST_STAY else None


def _retention(event: Event, country: str, notified: date) -> Retention | None:
    """Return how a child born abroad kept the Japanese nationality, where birth in that country gives another."""
    if event.what is not What.BORN:
        return None
    return Retention(declared_on=notified) if country in _NATIONALITY_BY_BIRTH else Retention(is_needed=False)


def reported(person: Person, event: Event, retention: Retention | None) -> ReportedPerson:
    """Return a person as the form should have them on the day of an event; a wedding tells the name from before."""
    is_wedding = event.what is What.WEDDED
    name, honseki = who(person, event.day - ONE_DAY if is_wedding else event.day)
    new_name, new_honseki = who(person, event.day) if is_wedding else (None, None)
    tells = person.tells
    number = person.individual_number if tells.number else None
    return ReportedPerson(
        name=name,
        birth_date=on(person.birth),
        sex=person.sex,
        honseki=honseki if tells.register_place else _prefecture(honseki.text[:4]),
        passport_number=numbering.passport_number(person.index) if tells.passport else None,
        last_address=person.home.address if tells.last_address and person.home else None,
        individual_number=number,
        number_check=_CHECKED if number else None,
        resident_record_code=person.resident_record_code if tells.record_code else None,
        new_name=new_name,
        new_honseki=new_honseki,
        born_abroad=event.what is What.BORN,
        retention=retention,
    )


def who(person: Person, day: date) -> tuple[PersonName, Honseki]:
    """Return the name and the 本籍 that a person has in the family register on a day abroad."""
    wedding = person.wedding
    if wedding is None or day < wedding.on:
        return name_of(person.surname, person.given), person.honseki
    return name_of(wedding.surname, person.given), wedding.honseki


def name_of(surname: Written, given: Written) -> PersonName:
    """Return a name in all scripts, as the family register and the passport have it."""
    return PersonName(
        surname=surname.kanji,
        given=given.kanji,
        surname_kana=surname.kana,
        given_kana=given.kana,
        surname_latin=surname.latin,
        given_latin=given.latin,
    )


@lru_cache(maxsize=64)
def _prefecture(beginning: str) -> Honseki:
    """Return a 本籍 as the passport has it, of its first four characters only the prefecture."""
    return Honseki(text=beginning[:3] if beginning[2] in "都道府県" else beginning)
