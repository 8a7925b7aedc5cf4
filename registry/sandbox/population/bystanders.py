"""登録の対象でない人々 — everyone else in an extract: who moved within Japan, foreign nationals, who died or came home.

番号法19条・20条 forbid collecting them. They are here so that the municipal agent can be seen to leave them there.
"""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import HistoryLine, Reason, RemovedRecord
from registry.sandbox.population import numbering
from registry.sandbox.population.days import on
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.luck import Luck
from registry.sandbox.population.names import names, within_cp932
from registry.sandbox.population.numbering import Series
from registry.sandbox.population.places import home_address, register_place
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.removed_records import Entry, recordings_of
from registry.sandbox.population.truth import (
    NUMBERS_FROM,
    RECORD_CODES_FROM,
    RETAINED_FROM,
    Home,
    Household,
    NoRecord,
    Outsider,
    Person,
)

_MOST_OF_A_KIND: Final = 2
_ABROAD: Final = (Reason.MOVED_ABROAD, Reason.MOVED_WITHIN_JAPAN)
_RESIDENT: Final = (Reason.MOVED_WITHIN_MUNICIPALITY, Reason.DIED, Reason.MOVED_IN_FROM_ABROAD)


class Nationality(StrEnum):
    """国籍 as the extract tells it; BLANK tells nothing."""

    JAPANESE = "japanese"
    FOREIGN = "foreign"
    BLANK = ""


class InExtract(NamedTuple):
    """Someone in an extract: the lines, the nationality, the index of the person of the truth or None, the troubles."""

    record: RemovedRecord
    nationality: Nationality
    person: int | None = None
    troubles: tuple[str, ...] = ()


class _Kind(NamedTuple):
    """A kind of bystander: how many per 除票, what last happened to them, and their series of numbers."""

    rate: str
    nationality: Nationality
    reasons: tuple[Reason, ...]
    first_series: int


_KINDS: Final = (
    _Kind("bystanders_domestic", Nationality.JAPANESE, (Reason.MOVED_WITHIN_JAPAN,), Series.BYSTANDERS),
    _Kind("bystanders_foreign", Nationality.FOREIGN, _ABROAD, Series.BYSTANDERS + _MOST_OF_A_KIND),
    _Kind("bystanders_resident", Nationality.JAPANESE, _RESIDENT, Series.BYSTANDERS + 2 * _MOST_OF_A_KIND),
)


def in_extracts(household: Household, rates: Rates) -> Iterator[InExtract]:
    """Yield everyone whom a household brings into the extracts: its members, and bystanders of each of their 除票."""
    for person in household.people:
        luck = Luck(person.luck, b"extract")
        recordings = tuple(recordings_of(person, rates))
        for record, troubles in recordings:
            blank = luck.falls(rates.register_nationality_blank)
            yield InExtract(record, Nationality.BLANK if blank else Nationality.JAPANESE, person.index, troubles)
        if recordings:
            yield from _bystanders(person, rates, luck)
        if person.no_record is NoRecord.STRUCK_OFF and person.left is not None and person.left >= RETAINED_FROM:
            yield InExtract(_struck_off(person), Nationality.JAPANESE, person.index)
    yield from _foreign_member(household)


def _struck_off(person: Person) -> RemovedRecord:
    """Return the history of who never filed the 転出届 and was struck off ex officio."""
    entry = Entry(person, Luck(person.luck, b"struck off"))
    last = entry.removal
    entry.lines[last:] = [replace(entry.lines[last], reason=Reason.REMOVED_EX_OFFICIO, destination="")]
    return entry.record(Series.PERSON)


def _foreign_member(household: Household) -> Iterator[InExtract]:
    """Yield the foreign spouse who left with the household; the 除票 goes the way of the others'."""
    head, foreign = household.people[0], household.foreign
    if foreign is not None and head.home is not None and head.left is not None and head.no_record is None:
        luck = Luck(household.luck, b"foreign member")
        life = _Life(foreign, head.home, head.left, Reason.MOVED_ABROAD, head.index, Series.FOREIGN_MEMBER)
        yield InExtract(_record(life, luck), Nationality.FOREIGN)


class _Life(NamedTuple):
    """What is known of a bystander; ``number`` in its series makes the numbers. Foreign nationals have no 本籍."""

    who: Outsider
    home: Home
    left: date
    reason: Reason
    number: int
    series: int
    is_japanese: bool = False


def _bystanders(person: Person, rates: Rates, luck: Luck) -> Iterator[InExtract]:
    if person.home is None or person.left is None:
        return
    for kind in _KINDS:
        rate: float = getattr(rates, kind.rate)
        for number in range(int(rate) + luck.falls(rate - int(rate))):
            is_japanese = kind.nationality is Nationality.JAPANESE
            who = _anyone(luck, person.left, is_japanese=is_japanese)
            reason, series = luck.pick(kind.reasons), kind.first_series + number
            life = _Life(who, person.home, person.left, reason, person.index, series, is_japanese)
            yield InExtract(_record(life, luck), kind.nationality)


def _anyone(luck: Luck, left: date, *, is_japanese: bool) -> Outsider:
    """Draw a name, sex and day of birth."""
    sex = luck.pick((Sex.FEMALE, Sex.MALE))
    birth = left - timedelta(days=6600 + luck.below(20_000))
    drawn = names()
    surname = drawn.surname(luck.share) if is_japanese else drawn.foreign("surname", luck.share)
    given = drawn.given(sex, birth.year, luck.share) if is_japanese else drawn.foreign(sex, luck.share)
    return Outsider(surname=surname, given=given, sex=sex, birth=birth)


def _record(life: _Life, luck: Luck) -> RemovedRecord:
    """Write the history of a bystander: how they came, and what happened last."""
    town, who = life.home.town, life.who
    text = within_cp932 if form_of(town.code).is_cp932 else str
    address, place = home_address(town, life.left, luck.share()), register_place(town, luck.share())
    honseki = Honseki(text=place, head=text(f"{who.surname.kanji}　{who.given.kanji}")) if life.is_japanese else None
    name, birth_date, events = _name(life, text), on(who.birth), _events(life)
    number, code = _numbers(life, events[-1][0])
    lines = tuple(
        HistoryLine(
            history_number=place,
            reason=reason,
            effective=on(day),
            notified_on=day,
            name=name,
            birth_date=birth_date,
            sex=who.sex,
            address=address,
            honseki=honseki,
            individual_number=number if day >= NUMBERS_FROM else None,
            resident_record_code=code if day >= RECORD_CODES_FROM else None,
        )
        for place, (day, reason) in enumerate(events, 1)
    )
    addressee = numbering.addressee_number(life.number, life.series)
    return RemovedRecord(municipality=town.code, addressee_number=addressee, lines=lines)


def _events(life: _Life) -> list[tuple[date, Reason]]:
    came = (max(life.home.since, life.who.birth), life.home.came)
    if life.reason is Reason.MOVED_IN_FROM_ABROAD:  # who came home had left before
        return [came, (life.left - timedelta(days=30), Reason.MOVED_ABROAD), (life.left, life.reason)]
    return [came, (life.left, life.reason)]


def _name(life: _Life, text: Callable[[str], str]) -> PersonName:
    """Return a name as the register has it: that of a foreign national in Latin capitals, as on the residence card."""
    form, surname, given = form_of(life.home.town.code), life.who.surname, life.who.given
    return PersonName(
        surname=text(surname.kanji) if life.is_japanese else _capitals(surname.latin),
        given=text(given.kanji) if life.is_japanese else _capitals(given.latin),
        surname_kana=form.kana(surname),
        given_kana=form.kana(given),
    )


@lru_cache(maxsize=256)
def _capitals(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if letter.isascii()).upper()


def _numbers(life: _Life, last: date) -> tuple[IndividualNumber | None, ResidentRecordCode | None]:
    """Return the numbers that a bystander has by the day of the last line."""
    number = numbering.individual_number(life.number, life.series) if last >= NUMBERS_FROM else None
    code = numbering.resident_record_code(life.number, life.series) if last >= RECORD_CODES_FROM else None
    return number, code
