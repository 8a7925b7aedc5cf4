"""字体・かな・ローマ字の揺れ — when two spellings are the same name for the purpose of finding a person.

Names are stored exactly as received. Only what they are *compared* by is folded, as standard municipal systems must
(住民記録システム標準仕様書 2.1.2): variant characters (髙/高, 﨑/崎, 邊/邉/辺), variation selectors, widths, spaces,
and in kana the voiced marks, small letters, long marks and ウ after オ段. The variant tables are those of the
文字情報基盤 縮退マップ (MJ), as ``jntajis`` carries them.
"""

import re
import unicodedata
from functools import lru_cache

from jntajis import MJShrinkSchemeCombo, mj_shrink_candidates

_EVERY_SCHEME = MJShrinkSchemeCombo(sum(MJShrinkSchemeCombo))
_DISTINCT = frozenset("玉師書功切着宍舛")
"""Everyday characters that the maps, for the sake of rare glyphs, would fold into others (玉→王, 書→昼)."""

_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# 外字 (private use), 〓 and characters newer than this Python stand for a character: they are never dropped.
_SEPARATOR = "(?:[^\\w〓\ue000-\uf8ff\U00020000-\U0010ffff]|_)"
_SEPARATORS = re.compile(f"{_SEPARATOR}+")
_BETWEEN_DIGITS = re.compile(f"(?<=[0-9])(?:{_SEPARATOR}|ー)+(?=[0-9])")
_VOICING = re.compile("[\u3099\u309a]")
_LONG_MARK = "ー"
_SMALL_TO_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_O_ROW_THEN_U = re.compile("(?<=[オコソトノホモヨロヲ])ウ+")


def fold_kanji(written: str) -> str:
    """Return what a name in kanji is compared by: base characters, no selectors, spaces or widths."""
    return _SEPARATORS.sub("", _in_base_characters(written))


def fold_place(written: str) -> str:
    """Return what an address or 本籍 is compared by: as a name, but 1-23 (read 1の23) and 12-3 stay two places."""
    return _SEPARATORS.sub("", _BETWEEN_DIGITS.sub("の", _in_base_characters(written)))


def fold_kana(written: str) -> str:
    """Return what a reading is compared by: katakana without voicing, small letters, long marks or ウ after オ段."""
    katakana = unicodedata.normalize("NFKC", written).translate(_HIRAGANA_TO_KATAKANA)
    unvoiced = _VOICING.sub("", unicodedata.normalize("NFD", katakana)).translate(_SMALL_TO_LARGE)
    return _O_ROW_THEN_U.sub("", _SEPARATORS.sub("", unvoiced.replace(_LONG_MARK, "")))


def fold_latin(written: str) -> str:
    """Return what a name in Latin letters is compared by: plain lower-case letters without marks."""
    decomposed = unicodedata.normalize("NFKD", written)
    return "".join(letter for letter in decomposed.casefold() if letter.isascii() and letter.isalpha())


def _in_base_characters(written: str) -> str:
    plain = unicodedata.normalize("NFKC", _SELECTORS.sub("", written))
    return unicodedata.normalize("NFKC", "".join(map(_base_character, plain)).casefold())


@lru_cache(maxsize=20_000)
def _base_character(character: str) -> str:
    """Return the character at the end of the shrink maps; where they lead in a circle (真, 眞), the lowest of it."""
    way: list[str] = []
    while character not in way:
        way.append(character)
        character = _shrunk(character)
    return min(way[way.index(character) :])


def _shrunk(character: str) -> str:
    """Return the character that the maps put first for a variant; itself when it is none."""
    candidates = () if character in _DISTINCT else mj_shrink_candidates(character, _EVERY_SCHEME)
    return unicodedata.normalize("NFKC", candidates[0]) if candidates else character
