"""情報提供等の記録の保存期間 — how long the log of disclosures is kept, year by year (番号法施行令29条)."""

from datetime import date
from typing import Final

KEEPING_YEARS: Final = 7
"""番号法施行令29条: 7年間保存する. The one place where it stands; the guard in the database is made from it."""


def last_year_over(today: date) -> int:
    """Return the last calendar year of which no entry has to be kept any more on this day in Japan.

    The newest entry of a year is of its 31 December, so the year is over when seven more have passed.
    """
    return today.year - KEEPING_YEARS - 1
