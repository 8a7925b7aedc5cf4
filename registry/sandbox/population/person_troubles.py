"""記載の誤り — what goes wrong with one person in a report: slips of this report, and habits that come back in each.

The rate of each function is ``report_`` and its name.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from registry.domain.basic_four import AddressInJapan, Honseki, PersonName, Sex
from registry.domain.date_reading import in_japanese_calendar
from registry.domain.residence_report import ReportedPerson
from registry.sandbox.population import numbering
from registry.sandbox.population.days import on, read
from registry.sandbox.population.luck import Chances, Luck
from registry.sandbox.population.misspelling import mistyped_day, mistyped_kana, mistyped_latin, swapped_day
from registry.sandbox.population.names import Written, half_width, hiragana, names
from registry.sandbox.population.numbering import Series
from registry.sandbox.population.places import EVERYWHERE, atlas, before_merger, home_address, register_place, ward_on
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.romaji import Style, latin
from registry.sandbox.population.truth import Household, Person

_NINETIES: Final = re.compile("九十([一二三四五六七八九])丁目([0-9]+)番地")
_DIGITS: Final = dict(zip("一二三四五六七八九", "123456789", strict=True))
_FULL_WIDTH: Final = str.maketrans("0123456789-", "０１２３４５６７８９－")
_STYLES: Final = (Style.WITH_H, Style.WITH_U, Style.KUNREI)


class Draft(msgspec.Struct, kw_only=True):
    """One person of a report while it is written; ``day`` is that of the event, ``latest`` the last possible birth."""

    value: ReportedPerson
    person: Person
    household: Household
    day: date
    latest: date

    def change(self, **changes: Any) -> None:
        """Change items of the person."""
        self.value = replace(self.value, **changes)

    def rename(self, change: Callable[[PersonName], PersonName]) -> None:
        """Change the name, and the new one where the report tells one."""
        new = self.value.new_name
        self.change(name=change(self.value.name), new_name=None if new is None else change(new))

    @property
    def surnames(self) -> list[Written]:
        """Every surname that the person ever had."""
        wedding = self.person.wedding
        known = (self.person.surname, self.person.maiden, None if wedding is None else wedding.surname)
        return [surname for surname in known if surname is not None]

    @property
    def former(self) -> Written | None:
        """The surname before the last marriage; None for who never married or tells of it just now."""
        wedding = self.person.wedding
        if wedding is None or self.day < wedding.on:
            return self.person.maiden
        return None if self.value.new_name is not None else self.person.surname


Trouble = Callable[[Draft, Luck], None]


# ---------------------------------------------------------------- names
def kanji_missing(draft: Draft, _: Luck) -> None:
    """Give the name in Latin letters and kana only."""
    draft.rename(lambda name: _without(name, "surname", "given"))


def kana_missing(draft: Draft, _: Luck) -> None:
    """Leave out the reading."""
    draft.rename(lambda name: _without(name, "surname_kana", "given_kana"))


def latin_missing(draft: Draft, _: Luck) -> None:
    """Leave out the name in Latin letters."""
    draft.rename(lambda name: _without(name, "surname_latin", "given_latin"))


def _without(name: PersonName, *parts: str) -> PersonName:
    """Return a name without one script, unless no other is left: a form without any name is not handed in."""
    left = replace(name, **dict.fromkeys(parts, ""))
    return name if left.is_blank else left


def typed(draft: Draft, _: Luck) -> None:
    """Write what the keyboard gives for the character of the family register: 高 for 髙."""
    forms = {one.kanji: one.typed for one in (*draft.surnames, draft.person.given)}
    draft.rename(
        lambda name: replace(
            name, surname=forms.get(name.surname, name.surname), given=forms.get(name.given, name.given)
        )
    )


def other_form(draft: Draft, luck: Luck) -> None:
    """Write another surname of the same sound: 斉藤 for 斎藤."""
    surname = draft.person.surname_on(draft.day)
    others = [other for other in names().other_forms(surname) if other.kana == surname.kana]
    if others:
        other = luck.pick(others)
        draft.rename(lambda name: replace(name, surname=other.kanji) if name.surname == surname.kanji else name)


def hiragana_used(draft: Draft, _: Luck) -> None:
    """Write the reading in hiragana."""
    draft.rename(
        lambda name: replace(name, surname_kana=hiragana(name.surname_kana), given_kana=hiragana(name.given_kana))
    )


def half_width_used(draft: Draft, _: Luck) -> None:
    """Write the reading in half-width kana."""
    draft.rename(
        lambda name: replace(name, surname_kana=half_width(name.surname_kana), given_kana=half_width(name.given_kana))
    )


def other_romaji(draft: Draft, luck: Luck) -> None:
    """Spell the name in another way than the passport's Hepburn, if there is another for it."""
    start = luck.below(len(_STYLES))
    for style in _STYLES[start:] + _STYLES[:start]:
        forms = {one.latin: latin(one.spoken, style) for one in (*draft.surnames, draft.person.given) if one.spoken}
        if any(hepburn != other for hepburn, other in forms.items()):
            break
    else:
        return
    draft.rename(
        lambda name: replace(
            name,
            surname_latin=forms.get(name.surname_latin, name.surname_latin),
            given_latin=forms.get(name.given_latin, name.given_latin),
        )
    )


def capitals(draft: Draft, _: Luck) -> None:
    """Write Latin letters as the passport does: all capitals."""
    draft.rename(
        lambda name: replace(name, surname_latin=name.surname_latin.upper(), given_latin=name.given_latin.upper())
    )


def kanji_mistyped(draft: Draft, luck: Luck) -> None:
    """Choose wrongly what the keyboard offers: another given name of the same sound."""
    others = names().homophones(draft.person.given)
    if others:
        other = luck.pick(others)
        draft.rename(lambda name: replace(name, given=other.kanji) if name.given else name)


def kana_mistyped(draft: Draft, luck: Luck) -> None:
    """Slip in the reading."""
    part = luck.pick(("surname_kana", "given_kana"))
    _slip(draft, part, mistyped_kana, luck)


def latin_mistyped(draft: Draft, luck: Luck) -> None:
    """Slip in the Latin letters."""
    part = luck.pick(("surname_latin", "given_latin"))
    _slip(draft, part, mistyped_latin, luck)


def _slip(draft: Draft, part: str, mistyped: Callable[[str, Luck], str], luck: Luck) -> None:
    wrong = mistyped(getattr(draft.value.name, part), luck)
    draft.change(name=replace(draft.value.name, **{part: wrong}))


def names_swapped(draft: Draft, _: Luck) -> None:
    """Exchange surname and given name."""
    draft.rename(
        lambda name: replace(
            name,
            surname=name.given,
            given=name.surname,
            surname_kana=name.given_kana,
            given_kana=name.surname_kana,
            surname_latin=name.given_latin,
            given_latin=name.surname_latin,
        )
    )


def name_joined(draft: Draft, _: Luck) -> None:
    """Write surname and given name in one field."""
    draft.rename(lambda name: replace(name, surname=name.surname + name.given, given=""))


def former_surname(draft: Draft, _: Luck) -> None:
    """Write the surname from before the marriage."""
    former = draft.former
    if former is not None:
        name = draft.value.name
        draft.change(name=replace(name, surname=former.kanji, surname_kana=former.kana, surname_latin=former.latin))


def former_surname_noted(draft: Draft, _: Luck) -> None:
    """Note the surname from before the marriage beside the present one."""
    former = draft.former
    if former is not None:
        draft.change(name=replace(draft.value.name, former_surname=former.kanji))


# ---------------------------------------------------------------- dates and sex
def birth_in_japanese_calendar(draft: Draft, _: Luck) -> None:
    """Write the date of birth in the Japanese calendar."""
    day = draft.value.birth_date.day
    if day is not None:
        draft.change(birth_date=read(in_japanese_calendar(day)))


def birth_mistyped(draft: Draft, luck: Luck) -> None:
    """Write one figure of the date of birth wrongly."""
    draft.change(birth_date=on(mistyped_day(draft.person.birth, luck, draft.latest)))


def birth_swapped(draft: Draft, _: Luck) -> None:
    """Exchange day and month of birth, as other countries write them."""
    day = swapped_day(draft.person.birth)
    if day is not None and day <= draft.latest:
        draft.change(birth_date=on(day))


def birth_era_mistaken(draft: Draft, luck: Luck) -> None:
    """Mistake the year of birth by one, in turning one calendar into the other."""
    birth = draft.person.birth
    year = birth.year + luck.pick((-1, 1))
    day = date(year, birth.month, min(birth.day, 28))
    draft.change(birth_date=on(day if day <= draft.latest else date(birth.year - 1, birth.month, min(birth.day, 28))))


def birth_incomplete(draft: Draft, _: Luck) -> None:
    """Leave out the day of birth."""
    draft.change(birth_date=read(f"{draft.person.birth:%Y-%m}-00"))


def sex_blank(draft: Draft, _: Luck) -> None:
    """Leave out the sex."""
    draft.change(sex=Sex.UNKNOWN)


def sex_wrong(draft: Draft, _: Luck) -> None:
    """Mark the other sex."""
    draft.change(sex=Sex.MALE if draft.person.sex is Sex.FEMALE else Sex.FEMALE)


def retention_missing(draft: Draft, _: Luck) -> None:
    """Leave out how a child born abroad is Japanese (国籍留保)."""
    draft.change(retention=None)


# ---------------------------------------------------------------- places and numbers
def honseki_missing(draft: Draft, _: Luck) -> None:
    """Leave out the 本籍."""
    draft.change(honseki=None)


def honseki_other(draft: Draft, luck: Luck) -> None:
    """Give another 本籍 than the register has."""
    if draft.value.honseki is not None:
        town = atlas(EVERYWHERE).town(luck.share)
        head = draft.value.honseki.head
        draft.change(honseki=Honseki(text=register_place(town, luck.share()), head=head))


def honseki_respelt(draft: Draft, luck: Luck) -> None:
    """Write the 本籍 in figures: 97丁目5番地, 97-5, ９７－５."""
    honseki = draft.value.honseki
    if honseki is None:
        return
    form = luck.pick((r"9{0}丁目{1}番地", "9{0}-{1}", "9{0}-{1}"))
    respelt = _NINETIES.sub(lambda found: form.format(_DIGITS[found[1]], found[2]), honseki.text)
    if luck.falls(0.3):
        respelt = respelt.translate(_FULL_WIDTH)
    draft.change(honseki=replace(honseki, text=respelt))


def honseki_abolished(draft: Draft, luck: Luck) -> None:
    """Give the 本籍 under the name of a municipality that is no more."""
    honseki = draft.value.honseki
    if honseki is not None:
        draft.change(honseki=replace(honseki, text=before_merger(honseki.text, luck.share())))


def last_address_other(draft: Draft, luck: Luck) -> None:
    """Give another municipality than the last one: the one before, or that of the parents."""
    if draft.value.last_address is not None:
        town = atlas(EVERYWHERE).town(luck.share)
        draft.change(last_address=home_address(town, draft.latest, luck.share()))


def last_address_abolished(draft: Draft, luck: Luck) -> None:
    """Give a municipality that is no more for the one that took it over."""
    home, address = draft.person.home, draft.value.last_address
    if home is not None and address is not None and home.town.forerunners:
        code = luck.pick(home.town.forerunners).code
        draft.change(last_address=AddressInJapan(municipality=code, text=address.text))


def last_address_ward(draft: Draft, luck: Luck) -> None:
    """Give the code of a ward for its designated city."""
    home, address = draft.person.home, draft.value.last_address
    if home is None or address is None or draft.person.left is None:
        return
    ward = ward_on(home.town, draft.person.left, luck.share())
    if ward is not None:
        draft.change(last_address=AddressInJapan(municipality=ward.code, text=address.text))


def number_outdated(draft: Draft, _: Luck) -> None:
    """Give the 個人番号 from before its change."""
    if draft.person.number_changed_on is not None and draft.value.individual_number is not None:
        draft.change(individual_number=numbering.individual_number(draft.person.index, Series.BEFORE_CHANGE))


def record_code_outdated(draft: Draft, _: Luck) -> None:
    """Give the 住民票コード from before its change."""
    if draft.person.record_code_changed_on is not None and draft.value.resident_record_code is not None:
        draft.change(resident_record_code=numbering.resident_record_code(draft.person.index, Series.BEFORE_CHANGE))


def number_of_relative(draft: Draft, luck: Luck) -> None:
    """Give the number of another member of the household."""
    others = [
        one.individual_number
        for one in draft.household.people
        if one.index != draft.person.index and one.individual_number is not None
    ]
    if draft.value.individual_number is not None and others:
        draft.change(individual_number=luck.pick(others))


HABITS: Final = (
    *(former_surname, former_surname_noted, typed, other_romaji, name_joined, capitals, hiragana_used),
    *(half_width_used, birth_in_japanese_calendar, honseki_abolished, honseki_respelt, last_address_ward),
    *(last_address_abolished, number_outdated, record_code_outdated),
)
"""What a person does in every report alike."""

SLIPS: Final = (
    *(other_form, kanji_mistyped, kana_mistyped, latin_mistyped, names_swapped, birth_mistyped, birth_swapped),
    *(birth_era_mistaken, birth_incomplete, retention_missing, sex_blank, sex_wrong, honseki_missing, honseki_other),
    *(last_address_other, number_of_relative, kanji_missing, kana_missing, latin_missing),
)
"""What happens in one report and not in the next."""

IN_ORDER: Final = (
    *(former_surname, former_surname_noted, other_form, typed, kanji_mistyped, other_romaji),
    *(kana_mistyped, latin_mistyped, names_swapped, name_joined, capitals, hiragana_used, half_width_used),
    *(birth_mistyped, birth_swapped, birth_era_mistaken, birth_incomplete, birth_in_japanese_calendar),
    *(retention_missing, sex_blank, sex_wrong, honseki_missing, honseki_other, honseki_abolished, honseki_respelt),
    *(last_address_ward, last_address_other, last_address_abolished),
    *(number_outdated, record_code_outdated, number_of_relative),
    *(kanji_missing, kana_missing, latin_missing),
)
"""First which name and which letters, then where they stand, then how they look, last what is left out."""


_ORDER: Final[dict[Trouble, int]] = {trouble: place for place, trouble in enumerate(IN_ORDER)}


def drawn(person: Person, now: Luck, rates: Rates) -> list[tuple[Trouble, Luck]]:
    """Return what goes wrong with a person in a report, in order, with the luck of each; ``now`` is the report's."""
    always = Luck(person.luck, b"habits")
    habits, slips = _chances(rates)
    found = [(trouble, always) for trouble in habits.drawn(always)]
    found += [(trouble, now) for trouble in slips.drawn(now)]
    if len(found) > 1:
        found.sort(key=lambda one: _ORDER[one[0]])
    return found


@lru_cache(maxsize=32)
def _chances(rates: Rates) -> tuple[Chances[Trouble], Chances[Trouble]]:
    return _rated(HABITS, rates), _rated(SLIPS, rates)


def _rated(troubles: Iterable[Trouble], rates: Rates) -> Chances[Trouble]:
    return Chances((getattr(rates, f"report_{trouble.__name__}"), trouble) for trouble in troubles)
