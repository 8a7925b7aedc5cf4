"""年月日・和暦・年齢 — dates as registers write them: often incomplete, in two calendars, and never made up.

A date in a register is a value even when parts of it are unknown (「昭和60年3月日不詳」). Filling the gap with a
みなし date would turn ignorance into a false fact, so an :class:`IncompleteDate` keeps the text as written and says
between which two days the truth lies. Every comparison is therefore three-valued (:class:`Answer`).

Sources: 年齢計算ニ関スル法律 (ages), 民法 143 条 (periods of months), 明治5年太政官布告337号 (Gregorian calendar
from 1873), 元号を改める政令 (era boundaries). How incomplete dates are read stands in ``date_reading``.
"""

import calendar
from datetime import date, timedelta
from enum import StrEnum
from typing import Self, final

import msgspec

FIRST_GREGORIAN_DAY = date(1873, 1, 1)
"""Before this day Japanese papers use the lunisolar calendar; such dates are not converted."""

LAST_DAY = date(2199, 12, 31)
"""No register writes a later day; anything beyond is a typing error."""

ONE_DAY = timedelta(days=1)


class Answer(StrEnum):
    """What can truthfully be said about a question of dates."""

    YES = "yes"
    NO = "no"
    POSSIBLY = "possibly"

    @classmethod
    def of(cls, *, certain: bool, possible: bool) -> Self:
        """Return YES when true in every possible world, POSSIBLY when in some, NO when in none."""
        if certain:
            return cls("yes")
        return cls("possibly") if possible else cls("no")


class DayRange(msgspec.Struct, frozen=True):
    """The days from ``first`` on, up to but without ``end``; None is open on that side."""

    first: date | None = None
    end: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no day at all lies in the range."""
        return self.first is not None and self.end is not None and self.first >= self.end

    def holds(self, day: date) -> bool:
        """Whether ``day`` lies in the range."""
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    def meets(self, other: "DayRange") -> bool:
        """Whether the two ranges share at least one day."""
        if self.is_empty or other.is_empty:
            return False
        starts_in_time = self.first is None or other.end is None or self.first < other.end
        ends_in_time = other.first is None or self.end is None or other.first < self.end
        return starts_in_time and ends_in_time


class Precision(StrEnum):
    """How much of a date its writer knew."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    BETWEEN = "between"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How its writer stood to it: stated, 頃 (about) or 推定 (estimated)."""

    STATED = "stated"
    ABOUT = "about"
    ESTIMATED = "estimated"


@final
class IncompleteDate:
    """年月日, possibly incomplete: the text as written and the days between which the truth lies.

    ``earliest`` and ``latest`` are both possible days; a date is complete when they are the same. Two dates are
    equal when they say the same, however written. Made by ``date_reading.read`` or :meth:`on`.
    """

    __slots__ = ("certainty", "earliest", "latest", "precision", "text")

    def __init__(
        self,
        text: str,
        *,
        precision: Precision,
        earliest: date,
        latest: date,
        certainty: Certainty = Certainty.STATED,
    ) -> None:
        if earliest > latest:
            raise ValueError("earliest lies after latest")
        self.text = text
        self.precision = precision
        self.certainty = certainty
        self.earliest = earliest
        self.latest = latest

    @classmethod
    def on(cls, day: date) -> Self:
        """Return the complete date of one known day."""
        return cls(day.isoformat(), precision=Precision.DAY, earliest=day, latest=day)

    @classmethod
    def unknown(cls) -> Self:
        """Return 年月日不詳: any day at all."""
        return cls("年月日不詳", precision=Precision.UNKNOWN, earliest=FIRST_GREGORIAN_DAY, latest=LAST_DAY)

    @property
    def is_complete(self) -> bool:
        """Whether exactly one day is possible."""
        return self.earliest == self.latest

    @property
    def day(self) -> date | None:
        """The one day it names, or None when more than one is possible."""
        return self.earliest if self.is_complete else None

    def iso(self) -> str:
        """Return the ISO form with unknown parts as zeros (``1985-03-00``), ``first/last`` for a range.

        What 頃 and 推定 add is not in it; ``certainty`` and ``text`` keep that.
        """
        if self.is_complete:
            return self.earliest.isoformat()
        if self.precision is Precision.UNKNOWN:
            return "0000-00-00"
        if self.certainty is Certainty.STATED and self.precision is Precision.YEAR:
            return f"{self.earliest.year:04}-00-00"
        if self.certainty is Certainty.STATED and self.precision is Precision.MONTH:
            return f"{self.earliest.year:04}-{self.earliest.month:02}-00"
        return f"{self.earliest.isoformat()}/{self.latest.isoformat()}"

    def _key(self) -> tuple[Precision, Certainty, date, date]:
        return (self.precision, self.certainty, self.earliest, self.latest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IncompleteDate) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        # Birth dates are personal data: what a log line may show of a date is how much of it is known.
        return f"IncompleteDate({self.precision})"


def is_before(one: IncompleteDate, other: IncompleteDate) -> Answer:
    """Say whether ``one`` lies on an earlier day than ``other``."""
    return Answer.of(certain=one.latest < other.earliest, possible=one.earliest < other.latest)


def is_same_day(one: IncompleteDate, other: IncompleteDate) -> Answer:
    """Say whether the two name the same day; YES only when both are complete."""
    overlap = one.earliest <= other.latest and other.earliest <= one.latest
    return Answer.of(certain=overlap and one.is_complete and other.is_complete, possible=overlap)


def is_by(one: IncompleteDate, day: date) -> Answer:
    """Say whether ``one`` has come by the end of ``day``."""
    return Answer.of(certain=one.latest <= day, possible=one.earliest <= day)


def agree(one: IncompleteDate, other: IncompleteDate) -> bool:
    """Whether both can be true: some day is possible for each. A less precise date contradicts nothing."""
    return is_same_day(one, other) is not Answer.NO


def months_after(day: date, months: int) -> date:
    """Return the day ``months`` months after ``day``: the corresponding day, or the month's last (民法 143 条 2 項)."""
    years, month_index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month_index + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def day_of_reaching(birth: date, age: int) -> date:
    """Return the day at whose end a person born on ``birth`` reaches ``age``: the eve of the birthday.

    年齢計算ニ関スル法律: the day of birth counts, so the year is full when the eve ends. Who was born on 29 February
    reaches every age on 28 February (民法 143 条 2 項).
    """
    year = birth.year + age
    if (birth.month, birth.day) == (2, 29):
        return date(year, 2, 28)
    return birth.replace(year=year) - ONE_DAY


def has_reached(birth: IncompleteDate, age: int, on: date) -> Answer:
    """Say whether a person has reached ``age`` (years) by the end of the day ``on``; POSSIBLY is never a guess."""
    return Answer.of(
        certain=day_of_reaching(birth.latest, age) <= on,
        possible=day_of_reaching(birth.earliest, age) <= on,
    )


def age_on(birth: date, on: date) -> int:
    """Return the full years of a person born on ``birth`` at the end of the day ``on``; −1 before birth."""
    years = on.year - birth.year
    candidates = (years + 1, years, years - 1)
    return next((age for age in candidates if age >= 0 and day_of_reaching(birth, age) <= on), -1)
