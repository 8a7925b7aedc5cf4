"""4情報（氏名・住所・生年月日・性別） — what says who a person is, and how two statements of it differ.

住基法7条 names the four; 番号法 ties them to the number. For a resident abroad 住所 is twofold: the present address
abroad, which no Japanese ledger keeps, and the last address in Japan (最終住所地), by which the 除票 is found.
Everything is stored as received; comparison folds spelling (``spelling``) and respects what a date leaves open.
"""

import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from registry.domain.dates import IncompleteDate, agree
from registry.domain.municipality import MunicipalityCode
from registry.domain.spelling import fold_kana, fold_kanji, fold_latin, fold_place

Part = Annotated[str, Meta(max_length=100)]
"""One part of a name or address, as received; no register has a longer one (unverified)."""

Line = Annotated[str, Meta(max_length=300)]
"""One line of an address or 本籍, as received."""

# Python's $ also matches before a line end; max_length leaves no room for one.
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", max_length=2)]
"""ISO 3166-1 alpha-2."""


class Confidential(msgspec.Struct, frozen=True, kw_only=True):
    """What holds personal data: it tells a log line, a screen or a traceback which fields are filled, never with what.

    番号法12条, 安全管理措置. Rich has a protocol of its own, for which msgspec would print every value.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(name for name, _ in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(field, ...) for field in self.__struct_fields__ if getattr(self, field)]


class Sex(StrEnum):
    """男女の別. UNKNOWN where the register leaves it blank."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class PersonName(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """氏名 in up to three scripts, each part as received; "" where a part is not known.

    A name written without a gap between family and given name stands in ``surname`` as a whole. フリガナ is a legal
    item only since 2025-05-26 and was never confirmed for people abroad: ``kana_confirmed`` says whether it is.
    """

    surname: Part = ""
    given: Part = ""
    surname_kana: Part = ""
    given_kana: Part = ""
    surname_latin: Part = ""
    given_latin: Part = ""
    former_surname: Part = ""
    kana_confirmed: bool = False

    @property
    def kanji_key(self) -> str:
        """What the name in kanji is compared by."""
        return fold_kanji(self.surname + self.given)

    @property
    def kana_key(self) -> str:
        """What the reading is compared by."""
        return fold_kana(self.surname_kana + self.given_kana)

    @property
    def latin_key(self) -> str:
        """What the name in Latin letters is compared by."""
        return fold_latin(self.surname_latin + self.given_latin)

    @property
    def is_blank(self) -> bool:
        """Whether no script says anything."""
        return not (self.kanji_key or self.kana_key or self.latin_key)


class AddressInJapan(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """住所 in Japan: the municipality by its code on that day, and the rest as written."""

    municipality: MunicipalityCode
    text: Line = ""


class AddressAbroad(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """国外住所: ISO 3166-1 country, named subdivision where a country has several consuls, and the lines as given.

    There is no reliable equality between addresses of the world; ``key`` compares country, city and bare words.
    """

    country: Country
    subdivision: Part = ""
    city: Part = ""
    lines: Annotated[tuple[Line, ...], Meta(max_length=8)] = ()
    postcode: Part = ""
    kana: Line = ""

    @property
    def key(self) -> tuple[str, str, frozenset[str]]:
        """What the address is compared by: country, city and the set of its words, all folded."""
        words = _BETWEEN_WORDS.split(" ".join((*self.lines, self.postcode)))
        return (self.country, fold_kanji(self.city), frozenset(map(fold_place, words)) - {""})


class Honseki(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """戸籍の表示: 本籍 as written, the municipality that keeps it where known, and the 筆頭者."""

    text: Line
    municipality: MunicipalityCode | None = None
    head: Part = ""

    @property
    def key(self) -> str:
        """What the 本籍 is compared by; "" where the register says that it is not known, which is alike for nobody."""
        key = fold_place(self.text)
        return "" if key in _NO_HONSEKI else key


_BETWEEN_WORDS = re.compile(r"[\s,;，；、]+")
_NO_HONSEKI = frozenset({"不詳", "不明", "本籍不詳", "本籍不明", "無籍", "なし"})


class Difference(StrEnum):
    """How two statements of the same item stand to each other, from nearest to farthest."""

    SAME = "same"
    VARIANT = "variant"
    LESS_PRECISE = "less-precise"
    ONE_SIDED = "one-sided"
    DIFFERENT = "different"


def compare_names(one: PersonName, other: PersonName) -> Difference:
    """Say how two names differ: by the kanji where both have them, else by the kana, else by the Latin letters.

    VARIANT means another spelling of the same name (髙 for 高). A former surname never makes two names the same.
    """
    if one == other:
        return Difference.SAME
    for (mine, as_written), (theirs, written_there) in zip(_in_scripts(one), _in_scripts(other), strict=True):
        if mine and theirs:
            return _by_key(mine, theirs, exact=as_written == written_there)
    return Difference.ONE_SIDED


def compare_birth_dates(one: IncompleteDate, other: IncompleteDate) -> Difference:
    """Say how two dates of birth differ; LESS_PRECISE when both can be true but one leaves more open."""
    if one == other:
        return Difference.SAME
    return Difference.LESS_PRECISE if agree(one, other) else Difference.DIFFERENT


def compare_sexes(one: Sex, other: Sex) -> Difference:
    """Say how two statements of sex differ; a blank contradicts nothing."""
    if one is other:
        return Difference.SAME
    return Difference.ONE_SIDED if Sex.UNKNOWN in {one, other} else Difference.DIFFERENT


def compare_honseki(one: Honseki, other: Honseki) -> Difference:
    """Say how two 本籍 differ; VARIANT for another spelling of the same place."""
    if not (one.key and other.key):
        return Difference.ONE_SIDED
    return _by_key(one.key, other.key, exact=one.text == other.text)


def compare_addresses_abroad(one: AddressAbroad, other: AddressAbroad) -> Difference:
    """Say how two addresses abroad differ; VARIANT when the same words stand in another order or case."""
    return _by_key(one.key, other.key, exact=one == other)


def compare_addresses_in_japan(one: AddressInJapan, other: AddressInJapan) -> Difference:
    """Say how two last addresses differ. The municipality decides; how the rest is spelled does not."""
    if one == other:
        return Difference.SAME
    return Difference.VARIANT if one.municipality == other.municipality else Difference.DIFFERENT


def _by_key(one: object, other: object, *, exact: bool) -> Difference:
    if one != other:
        return Difference.DIFFERENT
    return Difference.SAME if exact else Difference.VARIANT


def _in_scripts(name: PersonName) -> tuple[tuple[str, str], ...]:
    """Return (key, as written) of the name in kanji, in kana and in Latin letters."""
    return (
        (name.kanji_key, name.surname + name.given),
        (name.kana_key, name.surname_kana + name.given_kana),
        (name.latin_key, name.surname_latin + name.given_latin),
    )


_SCRIPTS = (
    ("surname", "given"),
    ("surname_kana", "given_kana", "kana_confirmed"),
    ("surname_latin", "given_latin"),
    ("former_surname",),
)


def completed(name: PersonName, by: PersonName) -> PersonName:
    """Return ``name`` with each script that it lacks as a whole taken from ``by``, a statement of the same name."""
    missing = {
        part: getattr(by, part)
        for script in _SCRIPTS
        if not any(getattr(name, part) for part in script)
        for part in script
    }
    return msgspec.structs.replace(name, **missing)
