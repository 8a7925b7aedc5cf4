"""氏名 — how people are called: frequent surnames and given names with their variants, and rarer ones put together.

The frequent names carry the frequencies; names that are put together from parts (松 + 垣, 美 + 沙) stand for the many
rare ones, without which a made-up nation would be full of namesakes. Given names follow the fashion of the year.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from registry.domain.basic_four import Sex
from registry.sandbox.population.luck import Urn
from registry.sandbox.population.romaji import BOUNDARY, latin

JAPANESE_THOUSANDS: Final = 125_000
"""People of Japanese nationality in thousands (人口推計, rounded); what the frequent surnames leave is put together."""

COMPOSED_GIVEN: Final = 0.35
"""Share of given names that are put together (author's estimate: a few hundred frequent ones are not all)."""

FIRST_YEAR, LAST_YEAR = 1900, 2029
_MALE, _FEMALE = Sex.MALE, Sex.FEMALE


class Written(NamedTuple):
    """A surname or a given name in every way it is written.

    ``kanji`` is how the family register has it, ``typed`` what a keyboard gives (高 for 髙), ``half`` the reading in
    half-width kana, ``spoken`` the reading with a dot where its parts meet; "" where a foreign name has no such form.
    """

    kanji: str
    typed: str
    kana: str
    half: str
    latin: str
    spoken: str


class Names:
    """All names there are; made once from the tables beside this module."""

    def __init__(self) -> None:
        surnames = list(_surnames())
        self._surnames = Urn(surnames, size=1 << 15)
        self._composed_surnames = 1 - sum(weight for _, weight in surnames) / JAPANESE_THOUSANDS
        self._composites = _composites()
        self._given = {sex: _by_decade(list(_given(sex))) for sex in (_MALE, _FEMALE)}
        self._homophones = _homophones(self._given)
        self._other_surnames = _others(name for name, _ in surnames)
        self._foreign = _foreign()

    def surname(self, random: Callable[[], float]) -> Written:
        """Draw a surname by its frequency; ``random`` gives numbers from 0 up to, but without, 1."""
        if random() < self._composed_surnames:
            return self._composed("surname", random)
        return self._surnames.at(random())

    def given(self, sex: Sex, year: int, random: Callable[[], float]) -> Written:
        """Draw a given name as they were given in a year."""
        if random() < COMPOSED_GIVEN:
            return self._composed(sex.value, random)
        return self._given[sex][(year - FIRST_YEAR) // 10].at(random())

    def foreign(self, part: str, random: Callable[[], float]) -> Written:
        """Draw a name from abroad; ``part`` is ``surname``, ``male`` or ``female``."""
        choices = self._foreign[part]
        return choices[int(random() * len(choices))]

    def homophones(self, name: Written) -> tuple[Written, ...]:
        """Return other given names with the same reading: what the keyboard may offer by mistake."""
        return tuple(other for other in self._homophones.get(name.kana, ()) if other.kanji != name.kanji)

    def other_forms(self, name: Written) -> tuple[Written, ...]:
        """Return other surnames with the same reading (齋藤, 斉藤) and other readings of the same one."""
        return tuple(
            other
            for key in (name.kana, name.typed)
            for other in self._other_surnames.get(key, ())
            if (other.kanji, other.kana) != (name.kanji, name.kana)
        )

    def _composed(self, kind: str, random: Callable[[], float]) -> Written:
        firsts, lasts, made = self._composites[kind]
        first, last = firsts.at(random()), lasts.at(random())
        key = first.number * _MOST_PARTS + last.number
        name = made.get(key)
        if name is None:
            name = made[key] = _joined(first, last)
        return name


_MOST_PARTS: Final = 1 << 12


class _Part(NamedTuple):
    number: int
    kanji: str
    typed: str
    kana: str


def _joined(first: _Part, last: _Part) -> Written:
    """Put two parts together; a vowel on either side of the seam stays a vowel of its own."""
    kanji, typed, kana = first.kanji + last.kanji, first.typed + last.typed, first.kana + last.kana
    return _written(kanji, typed, first.kana + BOUNDARY + last.kana if last.kana[0] in "アイウエオ" else kana)


def _written(kanji: str, typed: str, spoken: str) -> Written:
    kana = spoken.replace(BOUNDARY, "")
    return Written(kanji, typed, kana, half_width(kana), latin(spoken), spoken)


@cache
def names() -> Names:
    """Return all names; the first call reads the tables."""
    return Names()


# ---------------------------------------------------------------- the tables
def rows(table: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table beside this module."""
    lines = (files(__package__) / table).read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(lines, strict=True)


def _surnames() -> Iterator[tuple[Written, float]]:
    """Yield every written form of the frequent surnames with its weight in thousands of people."""
    for row in rows("surnames.csv"):
        variants = [one.rsplit(":", 1) for one in row["variants"].split(";") if one]
        people = float(row["thousands"])
        yield _written(row["kanji"], row["kanji"], row["kana"]), people * (1 - _percent(variants))
        for kanji, percent in variants:
            yield _written(kanji, row["kanji"], row["kana"]), people * float(percent) / 100


def _percent(variants: list[list[str]]) -> float:
    return sum(float(percent) for _, percent in variants) / 100


def _given(sex: Sex) -> Iterator[tuple[Written, int, int, float]]:
    for row in rows("given_names.csv"):
        if row["sex"] == sex:
            name = _written(row["kanji"], row["kanji"], row["kana"])
            yield name, int(row["first_year"]), int(row["last_year"]), float(row["weight"])


def _by_decade(given: list[tuple[Written, int, int, float]]) -> tuple[Urn[Written], ...]:
    """Return one urn for each decade of birth; a name is most frequent half-way between its first and last year."""
    return tuple(
        Urn(((name, weight * _fashion(year, first, last)) for name, first, last, weight in given), size=1 << 12)
        for year in range(FIRST_YEAR + 5, LAST_YEAR, 10)
    )


def _fashion(year: int, first: int, last: int) -> float:
    middle, half = (first + last) / 2, (last - first) / 2 + 5
    return max(0.0, 1 - abs(year - middle) / half)


def _composites() -> dict[str, tuple[Urn[_Part], Urn[_Part], dict[int, Written]]]:
    """Return for surnames and either sex the first parts, the last parts, and room for the names made of them.

    A variant is drawn as often as its percentage says, and otherwise the common form.
    """
    weighted: dict[str, list[tuple[_Part, float]]] = {}
    for number, row in enumerate(rows("name_parts.csv")):
        place, percent = weighted.setdefault(row["place"], []), float(row["percent"] or 0)
        place.append((_Part(2 * number, row["kanji"], row["kanji"], row["kana"]), 100 - percent))
        place.append((_Part(2 * number + 1, row["variant"], row["kanji"], row["kana"]), percent))
    kinds = ("surname", _MALE.value, _FEMALE.value)
    return {kind: (Urn(weighted[f"{kind}-first"]), Urn(weighted[f"{kind}-last"]), {}) for kind in kinds}


def _homophones(given: dict[Sex, tuple[Urn[Written], ...]]) -> dict[str, tuple[Written, ...]]:
    return _others((name for urns in given.values() for urn in urns for name in urn.slots), by_kanji=False)


def _others(found: Iterator[Written], *, by_kanji: bool = True) -> dict[str, tuple[Written, ...]]:
    """Return names by their reading and, ``by_kanji``, by what a keyboard gives for them."""
    others: dict[str, dict[Written, None]] = {}
    for name in found:
        for key in (name.kana, name.typed) if by_kanji else (name.kana,):
            others.setdefault(key, {})[name] = None
    return {key: tuple(several) for key, several in others.items() if len(several) > 1}


def _foreign() -> dict[str, tuple[Written, ...]]:
    """Return names from abroad by part. Without kanji the register has them in katakana."""
    found: dict[str, list[Written]] = {}
    for row in rows("foreign_names.csv"):
        kanji = row["kanji"] or row["kana"]
        name = Written(kanji, kanji, row["kana"], half_width(row["kana"]), row["latin"], "")
        found.setdefault(row["sex"] or row["part"], []).append(name)
    return {part: tuple(several) for part, several in found.items()}


# ---------------------------------------------------------------- characters
_SELECTORS: Final = dict.fromkeys(range(0xE0100, 0xE01F0))


@cache
def _common_forms() -> dict[int, str]:
    """Return for each rare variant in the tables the character that a keyboard gives."""
    written = [
        (one, row["kanji"]) for row in rows("surnames.csv") for one in re.findall("[^:;]+(?=:)", row["variants"])
    ]
    written += [(row["variant"], row["kanji"]) for row in rows("name_parts.csv") if row["variant"]]
    pairs = ((variant.translate(_SELECTORS), typed) for variant, typed in written)
    return {ord(rare): common for pair in pairs for rare, common in zip(*pair, strict=False) if rare != common}


@lru_cache(maxsize=65_536)
def within_cp932(text: str) -> str:
    """Return a text as a system writes it that knows only cp932: rare characters in their common form (吉 for 𠮷)."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        plain = text.translate(_SELECTORS)
        return "".join(one if _is_cp932(one) else _common_forms().get(ord(one), "〓") for one in plain)
    return text


def _is_cp932(character: str) -> bool:
    try:
        return bool(character.encode("cp932"))
    except UnicodeEncodeError:
        return False


# ---------------------------------------------------------------- kana
_HALF: Final = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF65, 0xFF9E)}
_VOICED: Final = {
    full: half + mark
    for half in _HALF.values()
    for mark in ("\uff9e", "\uff9f")
    if len(full := unicodedata.normalize("NFKC", half + mark)) == 1
}
_TO_HALF: Final = str.maketrans(_HALF | _VOICED | {"\u3000": " "})
_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def half_width(kana: str) -> str:
    """Return katakana in half width, as older systems keep it (ﾀｶｻｷ); what has no such form stays."""
    return kana.translate(_TO_HALF)


def hiragana(kana: str) -> str:
    """Return katakana as hiragana."""
    return kana.translate(_TO_HIRAGANA)
