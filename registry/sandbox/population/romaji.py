"""ローマ字 — how a reading in kana is written in Latin letters: as passports write it, and in the other ways people do.

Passports follow Hepburn without long marks (旅券法施行規則5条: オオノ → Ono), and on request note Oh or Ou; older
papers and other offices use 訓令式 (内閣告示1号, 1954). A middle dot in a reading marks where its parts meet, so that
イノ・ウエ keeps the vowels apart that イノウエ would run together.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final


class Style(StrEnum):
    """The spellings in use."""

    HEPBURN = "hepburn"
    WITH_H = "oh"
    WITH_U = "ou"
    KUNREI = "kunrei"


BOUNDARY: Final = "・"

_ROWS: Final = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "s": "サシスセソ",
    "t": "タチツテト",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ",
    "z": "ザジズゼゾ",
    "d": "ダヂヅデド",
    "b": "バビブベボ",
    "p": "パピプペポ",
}
_OTHERS: Final = {
    "ヤ": "ya",
    "ユ": "yu",
    "ヨ": "yo",
    "ワ": "wa",
    "ヰ": "i",
    "ヱ": "e",
    "ヲ": "o",
    "ヴ": "bu",
    "ン": "n",
}
_HEPBURN: Final = {"シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu"}
_SMALL: Final = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
_HEPBURN_GLIDES: Final = {"shi": "sh", "chi": "ch", "ji": "j"}
_SMALL_VOWELS: Final = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o"}

_KUNREI_SYLLABLES: Final = {
    kana: lead + vowel for lead, row in _ROWS.items() for kana, vowel in zip(row, "aiueo", strict=True)
} | _OTHERS
_KUNREI_SYLLABLES.update({"ヂ": "zi", "ヅ": "zu"})
_HEPBURN_SYLLABLES: Final = _KUNREI_SYLLABLES | _HEPBURN

_LONG: Final = {Style.HEPBURN: "", Style.KUNREI: "", Style.WITH_H: "h", Style.WITH_U: "u"}
_LABIALS: Final = ("b", "m", "p")


@lru_cache(maxsize=16_384)
def latin(kana: str, style: Style = Style.HEPBURN) -> str:
    """Return a reading in full-width katakana as a name in Latin letters, the first one a capital."""
    table = _KUNREI_SYLLABLES if style is Style.KUNREI else _HEPBURN_SYLLABLES
    written = "".join(_parts(kana, table, style)).replace(BOUNDARY, "")
    return written.capitalize()


def _parts(kana: str, table: dict[str, str], style: Style) -> list[str]:
    parts: list[str] = []
    doubled = False
    for place, letter in enumerate(kana):
        if letter == "ッ":
            doubled = True
            continue
        _add(parts, letter, table, style, is_last=place == len(kana) - 1)
        if doubled and parts[-1]:
            parts[-1] = ("t" if parts[-1].startswith("ch") else parts[-1][0]) + parts[-1]
            doubled = False
    return parts


def _add(parts: list[str], letter: str, table: dict[str, str], style: Style, *, is_last: bool) -> None:
    """Add one letter of kana to what is written so far."""
    before = parts[-1] if parts else ""
    if letter in _SMALL and before:
        parts[-1] = _glide(before, _SMALL[letter], style)
    elif letter in _SMALL_VOWELS and before:
        parts[-1] = before[:-1] + _SMALL_VOWELS[letter]
    elif _is_long(before, letter, is_last=is_last):
        parts.append(_long(before, letter, style))
    elif letter != "ー":
        written = table.get(letter, letter)
        if before == "n" and style is not Style.KUNREI and written.startswith(_LABIALS):
            parts[-1] = "m"
        parts.append(written)


def _glide(before: str, small: str, style: Style) -> str:
    if style is not Style.KUNREI and before in _HEPBURN_GLIDES:
        return _HEPBURN_GLIDES[before] + small[1:]
    return before[:-1] + small


def _is_long(before: str, letter: str, *, is_last: bool) -> bool:
    """Whether the letter only makes the vowel before it longer; passports keep オオ at the end (セノオ → Senoo)."""
    if letter == "ウ":
        return before.endswith(("o", "u"))
    return letter == "オ" and before.endswith("o") and not is_last


def _long(before: str, letter: str, style: Style) -> str:
    if style is Style.WITH_U and before.endswith("o"):
        return "o" if letter == "オ" else "u"
    return _LONG[style]
