"""番号法施行令29条: the log is kept for seven years, and a year of it ends as a whole."""

from datetime import date

import pytest

from registry.domain.log_keeping import KEEPING_YEARS, last_year_over


def test_the_log_is_kept_for_seven_years():
    assert KEEPING_YEARS == 7


@pytest.mark.parametrize(
    ("today", "year"),
    [(date(2031, 12, 31), 2023), (date(2032, 1, 1), 2024), (date(2032, 12, 31), 2024)],
    ids=["the newest entry of 2024 is kept its last day", "2024 is over", "2025 is not"],
)
def test_a_year_is_over_when_seven_more_have_passed(today, year):
    assert last_year_over(today) == year
