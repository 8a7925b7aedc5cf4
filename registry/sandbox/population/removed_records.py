"""除票 — what the last municipality's ledger says of a person who left, and what may be wrong in it.

The history is put together from the person's life; then everything that goes wrong with it, drawn from the person's own
key, is done to it one after the other. Each trouble is one function below; its rate is the field ``register_`` + name.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.dates import ONE_DAY
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import HistoryLine, Reason, RemovedRecord
from registry.sandbox.population import numbering
from registry.sandbox.population.days import on
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.luck import Chances, Luck
from registry.sandbox.population.misspelling import mistyped_day, mistyped_kana, swapped_day
from registry.sandbox.population.names import Written, half_width, names, within_cp932
from registry.sandbox.population.numbering import Series
from registry.sandbox.population.places import before_merger, ward_on
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.truth import NUMBERS_FROM, NoRecord, Person

_CHARACTERS: Final = re.compile("[^\U000e0100-\U000e01ef][\U000e0100-\U000e01ef]*")
"""A character with the variation selectors that belong to it."""

_OWN: Final = b"register"
_SECOND: Final = b"register, second entry"


def removed_record_of(person: Person, rates: Rates = DEFAULT_RATES) -> RemovedRecord | None:
    """Return the 除票 of a person as the extract of the last municipality shows it; None where there is none.

    There is none for who was born abroad, never filed the 転出届 or was struck off, nor where the 除票 is destroyed or
    lost. Who came home to the same municipality has a further line and is not collected.
    """
    return next((one.record for one in recordings_of(person, rates)), None)


class Recording(NamedTuple):
    """A 除票 as the extract shows it; ``troubles`` is what happened to it, named as the rates without ``register_``."""

    record: RemovedRecord
    troubles: tuple[str, ...]


def recordings_of(person: Person, rates: Rates = DEFAULT_RATES) -> Iterator[Recording]:
    """Yield every entry of a person in the extract: none, one, or two under different 宛名番号."""
    if why_no_record(person, rates) is not None:
        return
    luck = Luck(person.luck, _OWN)
    yield _written(person, rates, luck, Series.PERSON)
    if rates.register_doubled and luck.falls(rates.register_doubled):
        yield _written(person, rates, Luck(person.luck, _SECOND), Series.SECOND_ENTRY)


def why_no_record(person: Person, rates: Rates = DEFAULT_RATES) -> NoRecord | None:
    """Say why a person has no 除票; None for who has one."""
    if person.no_record is None and person.luck * 2.0**-64 < rates.register_lost:
        return NoRecord.LOST
    return person.no_record


def _written(person: Person, rates: Rates, luck: Luck, series: Series) -> Recording:
    """Write a history and do to it what goes wrong with it."""
    entry = Entry(person, luck)
    happened = _troubles(rates).drawn(luck)
    for trouble in happened:
        trouble(entry)
    return Recording(entry.record(series), tuple([trouble.__name__ for trouble in happened]))


class Entry:
    """A history while it is written: the lines, in order, and how the municipality's system writes."""

    def __init__(self, person: Person, luck: Luck) -> None:
        if person.home is None or person.left is None:
            raise ValueError("who was born abroad has no 除票")
        self.person = person
        self.luck = luck
        self.home = person.home
        self.left = person.left
        self.form = form_of(person.home.town.code)
        self.text: Callable[[str], str] = within_cp932 if self.form.is_cp932 else str
        self._name = self.name(person.surname)
        self._honseki = Honseki(text=person.honseki.text, head=self.text(person.honseki.head))
        self.lines = list(self._history())

    def record(self, series: Series) -> RemovedRecord:
        """Return the lines as the extract has them, numbered from 1."""
        if self.lines[-1].history_number != len(self.lines):  # a trouble put further ones in
            self.lines = [replace(line, history_number=number) for number, line in enumerate(self.lines, 1)]
        return RemovedRecord(
            municipality=self.home.town.code,
            addressee_number=numbering.addressee_number(self.person.index, series),
            lines=tuple(self.lines),
        )

    @property
    def removal(self) -> int:
        """The place of the 国外転出 among the lines."""
        return next(place for place, line in enumerate(self.lines) if line.reason is Reason.MOVED_ABROAD)

    def everywhere(self, **changes: Any) -> None:
        """Change items in every line."""
        self.lines = [replace(line, **changes) for line in self.lines]

    def rename(self, change: Callable[[PersonName], PersonName]) -> None:
        """Change the name in every line."""
        self.lines = [replace(line, name=change(line.name)) for line in self.lines]

    def name(self, surname: Written, former: Written | None = None) -> PersonName:
        """Return the person's name as this system writes it."""
        return PersonName(
            surname=self.text(surname.kanji),
            given=self.text(self.person.given.kanji),
            surname_kana=self.form.kana(surname),
            given_kana=self.form.kana(self.person.given),
            former_surname=self.text(former.kanji) if former else "",
        )

    def _history(self) -> Iterator[HistoryLine]:
        """Yield the lines of a life at the last home, each with the items as they then stood."""
        for number, (day, reason) in enumerate(self._events(), 1):
            yield self._line(number, day, reason)

    def _events(self) -> list[tuple[date, Reason]]:
        """Return what the ledger wrote down, in order of time."""
        person, home = self.person, self.home
        since = max(home.since, person.birth)
        changes = [
            (person.wed_on, Reason.CORRECTED_EX_OFFICIO),
            (NUMBERS_FROM if person.individual_number else None, Reason.NUMBER_ENTERED_EX_OFFICIO),
            (home.moved_on, Reason.MOVED_WITHIN_MUNICIPALITY),
            (person.former_recorded_on, Reason.FORMER_SURNAME_ENTERED),
            (person.number_changed_on, Reason.NUMBER_CHANGE_REQUESTED),
            (person.record_code_changed_on, Reason.CODE_CHANGE_REQUESTED),
        ]
        events = [(day, reason) for day, reason in changes if day is not None and since < day < self.left]
        if len(events) > 1:
            events.sort()
        came = Reason.BORN if since == person.birth else home.came
        events = [(since, came), *events, (self.left, Reason.MOVED_ABROAD)]
        if person.is_back_home and person.ended is not None:
            events.append((person.ended + ONE_DAY, Reason.MOVED_IN_FROM_ABROAD))
        return events

    def _line(self, number: int, day: date, reason: Reason) -> HistoryLine:
        person, home = self.person, self.home
        is_removal = reason is Reason.MOVED_ABROAD
        return HistoryLine(
            history_number=number,
            reason=reason,
            effective=on(day),
            notified_on=day - timedelta(days=person.luck % 14) if is_removal else day,
            name=self._name_on(day),
            birth_date=person.birth_in_register,
            sex=person.sex,
            address=home.address if home.moved_on is None or home.moved_on <= day else home.first_address,
            honseki=self._honseki,
            individual_number=self._number_on(day),
            resident_record_code=self._record_code_on(day),
            destination=self.text(home.bound_for.kana) if is_removal else "",
        )

    def _name_on(self, day: date) -> PersonName:
        person = self.person
        if person.maiden is None:
            return self._name
        if person.wed_on is not None and day < person.wed_on:
            return self.name(person.maiden)
        recorded = person.former_recorded_on is not None and person.former_recorded_on <= day
        return self.name(person.surname, person.maiden if recorded else None)

    def _number_on(self, day: date) -> IndividualNumber | None:
        person = self.person
        if person.individual_number is None or day < NUMBERS_FROM:
            return None
        if person.number_changed_on is not None and day < person.number_changed_on:
            return numbering.individual_number(person.index, Series.BEFORE_CHANGE)
        return person.individual_number

    def _record_code_on(self, day: date) -> ResidentRecordCode | None:
        person = self.person
        if person.record_code_changed_on is not None and day < person.record_code_changed_on:
            return numbering.resident_record_code(person.index, Series.BEFORE_CHANGE)
        return person.resident_record_code


# ---------------------------------------------------------------- what goes wrong
def typed(entry: Entry) -> None:
    """Write the common form of a character for the one in the family register."""
    entry.rename(lambda name: _respelt(name, entry.person, lambda _, common: common))


def geta(entry: Entry) -> None:
    """Write 〓 for a character that the system does not have."""
    entry.rename(lambda name: _respelt(name, entry.person, lambda *_: "〓"))


def reference(entry: Entry) -> None:
    """Write the number of a character for it."""
    entry.rename(
        lambda name: _respelt(name, entry.person, lambda rare, _: "".join(f"&#x{ord(one):X};" for one in rare))
    )


def kana_missing(entry: Entry) -> None:
    """Leave out the reading of the name."""
    entry.rename(lambda name: replace(name, surname_kana="", given_kana=""))


def kana_misread(entry: Entry) -> None:
    """Guess the reading, as a clerk once did."""
    person, form = entry.person, entry.form
    forms = [other for other in names().other_forms(person.surname) if other.typed == person.surname.typed]
    other = entry.luck.pick(forms) if forms else None
    if other is not None:
        entry.rename(lambda name: replace(name, surname_kana=form.kana(other)))
        return
    given = person.given._replace(kana=(kana := mistyped_kana(person.given.kana, entry.luck)), half=half_width(kana))
    entry.rename(lambda name: replace(name, given_kana=form.kana(given)))


def name_joined(entry: Entry) -> None:
    """Write surname and given name without a space."""
    entry.rename(lambda name: replace(name, surname=name.surname + name.given, given=""))


def name_mistyped(entry: Entry) -> None:
    """Write another given name with the same sound, or else another surname."""
    person, text = entry.person, entry.text
    others = names().homophones(person.given)
    if others:
        other = entry.luck.pick(others)
        entry.rename(lambda name: replace(name, given=text(other.kanji)))
    elif forms := names().other_forms(person.surname):
        surname = entry.luck.pick(forms)
        entry.rename(lambda name: replace(name, surname=text(surname.kanji)))


def former_surname_dropped(entry: Entry) -> None:
    """Drop 旧氏, which were lost when systems changed."""
    entry.rename(lambda name: replace(name, former_surname=""))


def birth_mistyped(entry: Entry) -> None:
    """Write one figure of the date of birth wrongly."""
    entry.everywhere(birth_date=on(mistyped_day(entry.person.birth, entry.luck, entry.lines[0].effective.earliest)))


def birth_swapped(entry: Entry) -> None:
    """Exchange day and month of birth."""
    day = swapped_day(entry.person.birth)
    if day is not None and day <= entry.lines[0].effective.earliest:
        entry.everywhere(birth_date=on(day))


def birth_corrected(entry: Entry) -> None:
    """Have the date of birth wrong until 職権修正 after the removal."""
    wrong = on(mistyped_day(entry.person.birth, entry.luck, entry.lines[0].effective.earliest))
    after = entry.removal + 1
    before = [replace(line, birth_date=wrong) for line in entry.lines[:after]]
    entry.lines = [*before, _after_removal(entry, 30, Reason.CORRECTED_EX_OFFICIO), *entry.lines[after:]]


def sex_blank(entry: Entry) -> None:
    """Leave 男女の別 blank."""
    entry.everywhere(sex=Sex.UNKNOWN)


def sex_wrong(entry: Entry) -> None:
    """Mark the other sex."""
    entry.everywhere(sex=Sex.MALE if entry.person.sex is Sex.FEMALE else Sex.FEMALE)


def honseki_blank(entry: Entry) -> None:
    """Leave 本籍 blank."""
    entry.everywhere(honseki=None)


def honseki_abolished(entry: Entry) -> None:
    """Keep 本籍 under the name of a municipality that is no more."""
    honseki = entry.lines[0].honseki
    if honseki is not None:
        before = before_merger(honseki.text, entry.luck.share())
        entry.everywhere(honseki=replace(honseki, text=before))


def number_blank(entry: Entry) -> None:
    """Leave 個人番号 blank."""
    entry.everywhere(individual_number=None)


def record_code_blank(entry: Entry) -> None:
    """Leave 住民票コード blank, as it may be on a 除票."""
    entry.everywhere(resident_record_code=None)


def ward_code(entry: Entry) -> None:
    """Write the code of a ward of the designated city, as far back as there was the ward."""
    ward = ward_on(entry.home.town, entry.left, entry.luck.share())
    if ward is not None:
        entry.lines = [
            replace(line, address=replace(line.address, municipality=ward.code))
            if ward.valid_on(line.effective.earliest)
            else line
            for line in entry.lines
        ]


def taken_back(entry: Entry) -> None:
    """Enter the 国外転出 for an earlier day and take it back, because the journey was put off."""
    place = entry.removal
    removal = entry.lines[place]
    day = max(entry.left - timedelta(days=19), entry.lines[place - 1].effective.earliest)
    first = replace(removal, effective=on(day), notified_on=day - timedelta(days=3))
    back = replace(first, reason=Reason.REMOVAL_UNDONE_DECREASE, notified_on=day, destination="")
    entry.lines[place:place] = [first, back]


def rewritten(entry: Entry) -> None:
    """Rewrite the ledger (改製) after the removal."""
    entry.lines.insert(entry.removal + 1, _after_removal(entry, 100, Reason.REWRITTEN_REMOVAL))


def filed_late(entry: Entry) -> None:
    """Have the 転出届 come more than 14 days after leaving."""
    place = entry.removal
    late = entry.left + timedelta(days=15 + entry.luck.below(10))
    entry.lines[place] = replace(entry.lines[place], notified_on=late)


def destination_coarse(entry: Entry) -> None:
    """Write only the country of 転出先."""
    country = entry.text(entry.home.bound_for.country_name)
    entry.lines = [replace(line, destination=country) if line.destination else line for line in entry.lines]


def _after_removal(entry: Entry, days: int, reason: Reason) -> HistoryLine:
    day = entry.left + timedelta(days=days)
    removal = entry.lines[entry.removal]
    return replace(removal, reason=reason, effective=on(day), notified_on=day, destination="")


def _respelt(name: PersonName, person: Person, change: Callable[[str, str], str]) -> PersonName:
    """Return a name with each variant of the family register changed, given it and its common form."""
    known = [one for one in (person.surname, person.maiden, person.given) if one is not None]
    forms = {one.kanji: _changed(one, change) for one in known if one.kanji != one.typed}
    return replace(
        name,
        surname=forms.get(name.surname, name.surname),
        given=forms.get(name.given, name.given),
        former_surname=forms.get(name.former_surname, name.former_surname),
    )


def _changed(name: Written, change: Callable[[str, str], str]) -> str:
    characters = _CHARACTERS.findall(name.kanji)
    if len(characters) != len(name.typed):
        return name.typed
    pairs = zip(characters, name.typed, strict=True)
    return "".join(one if one == common else change(one, common) for one, common in pairs)


TROUBLES: Final = (
    *(typed, geta, reference, kana_misread, kana_missing, name_mistyped, name_joined, former_surname_dropped),
    *(birth_mistyped, birth_swapped, birth_corrected, sex_blank, sex_wrong, honseki_abolished, honseki_blank),
    *(number_blank, record_code_blank, ward_code, filed_late, destination_coarse, taken_back, rewritten),
)
"""In the order in which they are done: what is copied or taken back comes last, with all that is wrong in it."""


@lru_cache(maxsize=32)
def _troubles(rates: Rates) -> Chances[Callable[[Entry], None]]:
    return Chances((getattr(rates, f"register_{trouble.__name__}"), trouble) for trouble in TROUBLES)
