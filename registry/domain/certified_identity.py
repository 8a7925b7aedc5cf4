"""署名用電子証明書の記載事項 — who a signing certificate says that its holder is, and how that stands to a record.

公的個人認証法3条 (in Japan) and 3条の2 (after 国外転出): the certificate repeats 氏名, 生年月日, 性別 and 住所 of the
住民票. For who has moved abroad it repeats the 戸籍の附票 instead (住基法17条2号から6号まで), which has no address: it
says only that somebody moved, and for which day. So no address abroad can ever be proven by a certificate, and none is
compared here: of a field that names no place in Japan nothing is kept but its form.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from registry.domain.basic_four import (
    AddressInJapan,
    Confidential,
    Difference,
    PersonName,
    Sex,
    compare_addresses_in_japan,
    compare_birth_dates,
    compare_names,
    compare_sexes,
)
from registry.domain.date_reading import FIRST_YEAR_OF, read
from registry.domain.dates import IncompleteDate
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.municipality import Municipality, MunicipalityTable
from registry.domain.spelling import fold_kanji, fold_place

MOVED_ABROAD: Final = "国外転出"
"""With what the address field begins after 国外転出 (unverified: the law says what it states, not how)."""

SEXES: Final[Mapping[str, Sex]] = {"1": Sex.MALE, "2": Sex.FEMALE, "3": Sex.UNKNOWN}
"""性別 as the certificate writes it (unverified)."""

ERA_DIGITS: Final[Mapping[str, str]] = {era: str(digit) for digit, era in enumerate(FIRST_YEAR_OF, start=1)}
"""The digit before the date: 4 平成, 5 令和; 1 明治, 2 大正 and 3 昭和 are unverified."""

NOT_SUBSTITUTED: Final = "0"

Written = Annotated[str, Meta(min_length=1, max_length=300)]
Substitutes = Annotated[str, Meta(pattern=r"^[0-9]{0,300}(?!\s)$")]
"""代替文字: a digit for each character, 0 where it is the right one, else something stands in for it (unverified)."""

_ERA_OF_DIGIT: Final = {digit: era for era, digit in ERA_DIGITS.items()}
_LONGEST_NAME: Final = 30
"""Characters; no municipality with its prefecture has as many."""

_DISTRICT: Final = re.compile("^(北海道|東京都|京都府|大阪府|.{2,3}県).{1,5}?郡")
"""The 郡 that 住民票 of 町 and 村 write and the table of municipalities leaves out."""

_BIRTH_DATE: Final = re.compile(r"(?P<era>[1-5])(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_EXPECTED_DATE: Final = "an era digit and YYYYMMDD, unknown parts as zeros"


class AddressForm(StrEnum):
    """What the address field of a certificate turned out to be."""

    IN_JAPAN = "in-japan"
    MOVED_ABROAD = "moved-abroad"
    UNREADABLE = "unreadable"


class CertifiedIdentity(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """4情報 as a signing certificate states them.

    ``address`` is there only where ``address_form`` is IN_JAPAN. It is of a type that no comparison holds against an
    address abroad; what stood in the field otherwise is not kept.
    """

    name: Written
    name_substitutes: Substitutes = ""
    sex: Sex
    birth_date: IncompleteDate
    address_form: AddressForm
    address: AddressInJapan | None = None
    address_substitutes: Substitutes = ""

    def __post_init__(self) -> None:
        if (self.address is not None) != (self.address_form is AddressForm.IN_JAPAN):
            raise ValueError("an address is kept where it lies in Japan, and nowhere else")

    @property
    def person_name(self) -> PersonName:
        """The name as records hold names: before the gap the family's, after it the given one."""
        surname, _, given = self.name.replace(" ", "\u3000").partition("\u3000")
        return PersonName(surname=surname, given=given)


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How a certificate and a record stand to each other, item by item."""

    name: Difference
    birth_date: Difference
    sex: Difference
    address: Difference

    @property
    def is_same_person(self) -> bool:
        """Whether name, date of birth and sex leave nothing open. Where somebody lived says nothing against it."""
        return (
            self.name in {Difference.SAME, Difference.VARIANT}
            and self.birth_date is Difference.SAME
            and self.sex is Difference.SAME
        )


def compare(
    certified: CertifiedIdentity,
    *,
    name: PersonName,
    birth_date: IncompleteDate,
    sex: Sex,
    last_address: AddressInJapan | None,
) -> Agreement:
    """Say how the 4情報 of a certificate and of a record differ.

    住所 is held against 最終住所地 alone; ONE_SIDED where either has none, as after 国外転出. A character that the
    certificate says it had to replace contradicts none.
    """
    return Agreement(
        name=_compare_names(certified, name),
        birth_date=compare_birth_dates(certified.birth_date, birth_date),
        sex=compare_sexes(certified.sex, sex),
        address=_compare_addresses(certified.address, last_address),
    )


def _compare_addresses(one: AddressInJapan | None, other: AddressInJapan | None) -> Difference:
    return Difference.ONE_SIDED if one is None or other is None else compare_addresses_in_japan(one, other)


def _compare_names(certified: CertifiedIdentity, name: PersonName) -> Difference:
    found = compare_names(certified.person_name, PersonName(surname=name.surname, given=name.given))
    if found is Difference.DIFFERENT and _fits_with_substitutes(certified, name):
        return Difference.VARIANT
    return found


def _fits_with_substitutes(certified: CertifiedIdentity, name: PersonName) -> bool:
    """Whether all characters are alike but those that stand in for another; never where all of them do."""
    flags = certified.name_substitutes
    if len(flags) != len(certified.name) or not set(flags) - {NOT_SUBSTITUTED}:
        return False
    written = [(fold_kanji(one), flag) for one, flag in zip(certified.name, flags, strict=True) if fold_kanji(one)]
    theirs = name.kanji_key
    if len(written) != len(theirs) or all(flag != NOT_SUBSTITUTED for _, flag in written):
        return False
    return all(flag != NOT_SUBSTITUTED or mine == its for (mine, flag), its in zip(written, theirs, strict=True))


def read_birth_date(text: str) -> IncompleteDate:
    """Read 生年月日 as the certificate writes it; its text becomes the 和暦 that registers write.

    Raises InvalidInput where it is no such date, or not one of its era.
    """
    found = _BIRTH_DATE.fullmatch(text)
    if found is None:
        raise InvalidInput(Fault(code=FaultCode.DATE_UNREADABLE, expected=_EXPECTED_DATE))
    year, month, day = (int(found[part]) for part in ("year", "month", "day"))
    if (day and not month) or (month and not year):
        raise InvalidInput(Fault(code=FaultCode.DATE_UNREADABLE, expected=_EXPECTED_DATE))
    if not year:
        return IncompleteDate.unknown()
    era = _ERA_OF_DIGIT[found["era"]]
    of_era = year - FIRST_YEAR_OF[era] + 1
    if of_era < 1:
        raise InvalidInput(Fault(code=FaultCode.DATE_OUTSIDE_ERA, expected=_EXPECTED_DATE))
    known = f"{era}{'元' if of_era == 1 else of_era}年" + (f"{month}月" if month else "") + (f"{day}日" if day else "")
    return read(known if day else known + ("日不詳" if month else "月日不詳"))


def read_address(text: str, municipalities: MunicipalityTable, on: date) -> tuple[AddressForm, AddressInJapan | None]:
    """Say what the address field is, and which place of Japan it names ``on`` the day the certificate began.

    With or without the prefecture, as 住民票 of larger cities leave it out; a name that several have is UNREADABLE.
    """
    folded = fold_place(text)
    if folded.startswith(MOVED_ABROAD):
        return AddressForm.MOVED_ABROAD, None
    named = _named(folded, municipalities, on) or _named(_DISTRICT.sub(r"\1", folded), municipalities, on)
    if len(named) != 1:
        return AddressForm.UNREADABLE, None
    return AddressForm.IN_JAPAN, AddressInJapan(municipality=named[0].code, text=_rest(text, named[0]))


def _named(folded: str, municipalities: MunicipalityTable, on: date) -> list[Municipality]:
    """Return the municipalities of that day with whose name, the longest there is, a folded address begins."""
    by_name = _by_folded_name(municipalities)
    for length in range(min(len(folded), _LONGEST_NAME), 0, -1):
        if named := [row for row in by_name.get(folded[:length], ()) if row.valid_on(on)]:
            return named
    return []


@lru_cache(maxsize=4)
def _by_folded_name(municipalities: MunicipalityTable) -> dict[str, list[Municipality]]:
    """Return the municipalities by their folded names, with the prefecture before it and without."""
    found: dict[str, list[Municipality]] = {}
    for row in municipalities:
        if row.name:
            for name in (row.prefecture + row.name, row.name):
                found.setdefault(fold_place(name), []).append(row)
    return found


def _rest(text: str, municipality: Municipality) -> str:
    """Return what follows the name of the municipality, as written."""
    name = fold_place(municipality.name)
    end = next((at for at in range(1, len(text) + 1) if fold_place(text[:at]).endswith(name)), len(text))
    return text[end:].strip()
