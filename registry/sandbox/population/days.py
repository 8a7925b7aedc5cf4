"""Days as values of the domain. Lives of a hundred years have few days: each is made once and used by millions."""

from calendar import isleap
from datetime import date
from functools import lru_cache
from typing import Final

from registry.domain.date_reading import in_japanese_calendar
from registry.domain.date_reading import read as read_date
from registry.domain.dates import IncompleteDate

_DAYS_OF_A_LIFE: Final = 1 << 16
_NEXT_TO_LEAP_DAY: Final = {(2, 28), (3, 1)}


@lru_cache(maxsize=_DAYS_OF_A_LIFE)
def on(day: date) -> IncompleteDate:
    """Return the complete date of a day."""
    return IncompleteDate.on(day)


@lru_cache(maxsize=_DAYS_OF_A_LIFE)
def read(text: str) -> IncompleteDate:
    """Return the date that a text says, as the domain reads it."""
    return read_date(text)


def half_known(day: date, share: float) -> IncompleteDate:
    """Return what a register may know of a day; ``share`` (from 0 up to, but without, 1) chooses how little.

    The days next to it stand in registers as 29 February even in years that have none.
    """
    year, month, _ = _in_parts(in_japanese_calendar(day))
    if (day.month, day.day) in _NEXT_TO_LEAP_DAY and not isleap(day.year):
        return read(f"{year}2月29日")
    texts = (
        f"{year}{month}日不詳",
        f"{year}月日不詳",
        f"{year}{month}頃",
        f"推定{year}",
        f"{year}頃",
        "年月日不詳",
    )
    return read(texts[int(share * len(texts))])


def _in_parts(text: str) -> tuple[str, str, str]:
    year, _, rest = text.partition("年")
    month, _, day = rest.partition("月")
    return f"{year}年", f"{month}月", day
