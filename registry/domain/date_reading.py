"""年月日の読み取り — how the dates of registers and reports are read, in both calendars, complete or not.

Read are ISO dates with unknown parts as zeros (``1985-03-00``), slashes and dots, eight digits, 西暦 and 和暦 in
full or by initial (昭和60年3月7日, 昭60.3.7, S60.3.7), 元年, Chinese numerals, full-width digits, and the
incomplete forms of 住民票 and 戸籍: 年月日不詳, ○年月日不詳, ○年○月日不詳, …頃, 推定…, …から…までの間.

Two registers' habits are kept as they are, because refusing them would refuse the register: the 29th of February of
a common year (the truth is the day before or after), and 平成 dates past the end of that era on papers printed
before it ended.
"""

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from registry.domain.dates import (
    FIRST_GREGORIAN_DAY,
    LAST_DAY,
    ONE_DAY,
    Certainty,
    IncompleteDate,
    Precision,
    months_after,
)
from registry.domain.errors import Fault, FaultCode, InvalidInput

LONGEST_TEXT = 60
"""Characters; the longest form of a range with two full 和暦 dates has fewer."""

MARGIN_OF_ABOUT = {
    Precision.DAY: timedelta(days=7),
    Precision.BETWEEN: timedelta(days=7),
    Precision.MONTH: timedelta(days=31),
    Precision.YEAR: timedelta(days=366),
}
"""How far 頃 and 推定 reach beyond the dates they name, on either side (unverified: no text gives a figure)."""

EXPECTED = "a date such as 1985-03-07, 1985-03-00, 昭和60年3月7日, S60.3.7, 昭和60年3月日不詳, 年月日不詳"


class Era(NamedTuple):
    """元号: a name, its initials and the days on which papers carry it (both ends included)."""

    name: str
    initials: str
    first: date
    last: date
    last_on_paper: date


# The day of change belongs to both eras up to 昭和 (明治45.7.30 = 大正1.7.30), not after (元号を改める政令).
ERAS = (
    Era("明治", "明M", FIRST_GREGORIAN_DAY, date(1912, 7, 30), date(1912, 7, 30)),
    Era("大正", "大T", date(1912, 7, 30), date(1926, 12, 25), date(1926, 12, 25)),
    Era("昭和", "昭S", date(1926, 12, 25), date(1989, 1, 7), date(1989, 1, 7)),
    Era("平成", "平H", date(1989, 1, 8), date(2019, 4, 30), LAST_DAY),
    Era("令和", "令R", date(2019, 5, 1), LAST_DAY, LAST_DAY),
)
FIRST_YEAR_OF = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}

_ERA_BY_SIGN = {sign: era for era in ERAS for sign in (era.name, *era.initials)}
_CHINESE_DIGITS = {"元": 1, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}

_NUMBER = r"(\d{1,4}|元|[一二三四五六七八九十]{1,3})"
_CALENDAR = rf"(?:(?P<era>{'|'.join(sorted(_ERA_BY_SIGN, key=len, reverse=True))})|西暦)?"
_IN_WORDS = re.compile(
    rf"{_CALENDAR}(?P<year>{_NUMBER})年(?:(?P<month>{_NUMBER})月(?:(?P<day>{_NUMBER})日|日?不詳|)|月日不詳|不詳|)"
)
_WITH_SIGNS = re.compile(
    rf"{_CALENDAR}(?P<year>\d{{1,4}}|元)(?:[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?)?"
)
_EIGHT_DIGITS = re.compile(r"(?P<era>(?!))?(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_BETWEEN = re.compile(r"(?P<first>.+?)(?:から|/)(?P<last>.+?)(?:まで(?:の間)?)?")
_UNKNOWN = frozenset({"年月日不詳", "不詳", "生年月日不詳", "0000-00-00", "00000000"})


class _Parts(NamedTuple):
    """A date as its writer gave it, parts unknown to him as None, and the era that bounds it."""

    era: Era | None
    year: int
    month: int | None
    day: int | None


REMEMBERED: Final = 1 << 14
"""Texts whose reading is remembered: as many days as 45 years have, since the same days come again and again."""


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> IncompleteDate:
    """Read a date as registers and reports write it; the text is kept as received.

    Raises InvalidInput with ``date-unreadable`` (no known form), ``date-impossible`` (no such day) or
    ``date-outside-era`` (the era had not begun or was over).
    """
    if len(text) > LONGEST_TEXT:
        raise _refused(FaultCode.DATE_UNREADABLE)
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if plain in _UNKNOWN:
        return _like(IncompleteDate.unknown(), text)
    certainty, rest = _certainty_of(plain)
    parts = _parts_of(rest)
    if parts is not None:
        return _from_parts(parts, certainty, text)
    return _between(rest, certainty, text)


def _certainty_of(plain: str) -> tuple[Certainty, str]:
    """Take 推定, 頃 and ごろ off the text and say what they mean."""
    if plain.startswith("推定"):
        return Certainty.ESTIMATED, plain.removeprefix("推定").removesuffix("頃").removesuffix("ごろ")
    without = plain.removesuffix("頃").removesuffix("ごろ")
    return (Certainty.STATED if without == plain else Certainty.ABOUT), without


def _parts_of(plain: str) -> _Parts | None:
    found = _EIGHT_DIGITS.fullmatch(plain) or _IN_WORDS.fullmatch(plain) or _WITH_SIGNS.fullmatch(plain)
    if found is None:
        return None
    era = _ERA_BY_SIGN.get(found["era"] or "")
    month, day = _number(found["month"]), _number(found["day"])
    year = _number(found["year"]) or 0
    if era is not None and year > 0:
        year += FIRST_YEAR_OF[era.name] - 1
    return _Parts(era, year, month or None, day or None)


def _number(written: str | None) -> int | None:
    """Return what a decimal or Chinese numeral up to 99 says; None where nothing is written."""
    if written is None or written.isdecimal():
        return None if written is None else int(written)
    tens, ten, ones = written.partition("十")
    if not ten:
        return _CHINESE_DIGITS.get(written, 0)
    return 10 * _CHINESE_DIGITS.get(tens, 1) + _CHINESE_DIGITS.get(ones, 0)


def _from_parts(parts: _Parts, certainty: Certainty, text: str) -> IncompleteDate:
    precision = _precision_of(parts)
    earliest, latest = _within_era(parts.era, *_span(parts))
    return _widened(precision, certainty, earliest, latest, text)


def _widened(precision: Precision, certainty: Certainty, earliest: date, latest: date, text: str) -> IncompleteDate:
    """Make the value, with the margin that 頃 and 推定 ask for on either side."""
    if certainty is not Certainty.STATED:
        margin = MARGIN_OF_ABOUT[precision]
        earliest, latest = max(earliest - margin, FIRST_GREGORIAN_DAY), min(latest + margin, LAST_DAY)
    return IncompleteDate(text, precision=precision, earliest=earliest, latest=latest, certainty=certainty)


def _precision_of(parts: _Parts) -> Precision:
    if parts.month is None:
        if parts.day is not None:
            raise _refused(FaultCode.DATE_UNREADABLE)
        return Precision.YEAR
    return Precision.MONTH if parts.day is None else Precision.DAY


def _span(parts: _Parts) -> tuple[date, date]:
    """Return the first and last day that the written parts allow."""
    year, month, day = parts.year, parts.month, parts.day
    if not FIRST_GREGORIAN_DAY.year <= year <= LAST_DAY.year:
        raise _refused(FaultCode.DATE_IMPOSSIBLE if parts.era is None else FaultCode.DATE_OUTSIDE_ERA)
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    try:
        first = date(year, month, day or 1)
    except ValueError:
        if (month, day) == (2, 29):
            return date(year, 2, 28), date(year, 3, 1)
        raise _refused(FaultCode.DATE_IMPOSSIBLE) from None
    return (first, months_after(first, 1) - ONE_DAY) if day is None else (first, first)


def _within_era(era: Era | None, earliest: date, latest: date) -> tuple[date, date]:
    """Cut the span to the days that carry the era's name: 昭和64年月日不詳 is one of seven days."""
    if era is None:
        return earliest, latest
    if latest < era.first or earliest > era.last_on_paper:
        raise _refused(FaultCode.DATE_OUTSIDE_ERA)
    return max(earliest, era.first), min(latest, era.last_on_paper)


def _between(plain: str, certainty: Certainty, text: str) -> IncompleteDate:
    """Read 「…から…までの間」; 頃 at either end widens that end as it widens a single day."""
    found = _BETWEEN.fullmatch(plain.replace("頃", ""))
    first = _parts_of(found["first"]) if found else None
    last = _parts_of(_completed(found["last"], found["first"])) if found else None
    if first is None or last is None:
        raise _refused(FaultCode.DATE_UNREADABLE)
    earliest, _ = _within_era(first.era, *_span(first))
    _, latest = _within_era(last.era, *_span(last))
    if earliest > latest:
        raise _refused(FaultCode.DATE_IMPOSSIBLE)
    if "頃" in plain:
        certainty = Certainty.ABOUT
    return _widened(Precision.BETWEEN, certainty, earliest, latest, text)


def _completed(last: str, first: str) -> str:
    """Put before the last date of a range the year or month that it shares with the first and leaves out."""
    if "年" in last or "年" not in first:
        return last
    shared = "年" if "月" in last else "月"
    return first[: first.find(shared) + 1] + last


def _like(value: IncompleteDate, text: str) -> IncompleteDate:
    return IncompleteDate(text, precision=value.precision, earliest=value.earliest, latest=value.latest)


def _refused(code: FaultCode) -> InvalidInput:
    return InvalidInput(Fault(code=code, expected=EXPECTED))


def in_japanese_calendar(day: date) -> str:
    """Return the 和暦 form, 令和元年5月1日; on the day an era changed, the new era.

    Days before 1873 are not converted and raise ValueError.
    """
    era = next((era for era in reversed(ERAS) if era.first <= day), None)
    if era is None:
        raise ValueError("no 和暦 before the Gregorian calendar")
    year = day.year - FIRST_YEAR_OF[era.name] + 1
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
