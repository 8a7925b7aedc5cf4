"""書き誤り — how hands and keyboards go astray: neighbours on the keys, letters left out, dates turned round."""

from datetime import date, timedelta
from typing import Final

from registry.sandbox.population.luck import Luck

_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2] for row in _KEYS for place, key in enumerate(row)
}
_KANA_ROWS: Final = (
    *("アイウエオ", "カキクケコ", "サシスセソ", "タチツテト", "ナニヌネノ", "ハヒフヘホ", "マミムメモ", "ヤユヨ"),
    *("ラリルレロ", "ガギグゲゴ", "ザジズゼゾ", "ダヂヅデド", "バビブベボ", "パピプペポ"),
)
_ROW_OF: Final = {kana: row for row in _KANA_ROWS for kana in row}
_VOICED: Final = dict(
    zip("カキクケコサシスセソタツテトハヒフヘホ", "ガギグゲゴザジズゼゾダヅデドバビブベボ", strict=True)
)
_VOICES: Final = _VOICED | {voiced: plain for plain, voiced in _VOICED.items()}


def mistyped_latin(text: str, luck: Luck) -> str:
    """Return a word with one slip of a keyboard: a neighbouring key, two letters exchanged, one lost or doubled."""
    if not text:
        return text
    place, slip = luck.below(len(text)), luck.below(4)
    before, letter, after = text[:place], text[place], text[place + 1 :]
    keys = _NEIGHBOURS.get(letter.lower(), "")
    if slip == 0 and keys:
        return before + (luck.pick(keys).upper() if letter.isupper() else luck.pick(keys)) + after
    if slip == 1 and after and after[0] != letter:
        return before + after[0] + letter + after[1:]
    if slip == 2 and len(text) > 1:  # noqa: PLR2004 - the third of four slips
        return before + after
    return before + letter + letter + after


def mistyped_kana(text: str, luck: Luck) -> str:
    """Return a reading with one slip of the thumb: another kana of the same row, or a voiced mark more or less."""
    if not text:
        return text
    start = luck.below(len(text))
    for place in (*range(start, len(text)), *range(start)):
        kana = text[place]
        others = _ROW_OF.get(kana, "").replace(kana, "")
        if others:
            other = _VOICES[kana] if kana in _VOICES and luck.falls(0.5) else luck.pick(others)
            return text[:place] + other + text[place + 1 :]
    return text + text[-1]


def mistyped_day(day: date, luck: Luck, latest: date) -> date:
    """Return another day, one figure away: a digit of the day, the month or the year; never after ``latest``."""
    found = [
        other
        for other in (
            *(_with(day, day.year + years, day.month, day.day) for years in (-10, -1, 1, 10)),
            *(_with(day, day.year, month, day.day) for month in _one_figure_away(day.month)),
            *(_with(day, day.year, day.month, number) for number in _one_figure_away(day.day)),
        )
        if other is not None and other <= latest
    ]
    return luck.pick(found) if found else day - timedelta(days=1)


def swapped_day(day: date) -> date | None:
    """Return the date with day and month exchanged; None where that is no other date."""
    return None if day.day == day.month else _with(day, day.year, day.day, day.month)


def _with(day: date, year: int, month: int, number: int) -> date | None:
    try:
        return day.replace(year=year, month=month, day=number)
    except ValueError:
        return None


def _one_figure_away(number: int) -> tuple[int, ...]:
    """Return the numbers that a slip makes of a day or month: one more or less, ten more or less, figures exchanged."""
    tens, ones = divmod(number, 10)
    others = (number - 1, number + 1, number - 10, number + 10, 10 * ones + tens)
    return tuple(dict.fromkeys(other for other in others if other not in {0, number}))
