from datetime import date

import pytest

from registry.domain.dates import Certainty, Precision
from registry.sandbox.population.days import half_known, on

SHARES = [number / 6 for number in range(6)]


@pytest.mark.parametrize("day", [date(1926, 12, 25), date(1945, 8, 6), date(1985, 10, 31)], ids=str)
def test_what_is_half_known_is_true_and_leaves_something_open(day):
    known = [half_known(day, share) for share in SHARES]
    assert all(one.earliest <= day <= one.latest and not one.is_complete for one in known)
    assert {one.precision for one in known} == {Precision.MONTH, Precision.YEAR, Precision.UNKNOWN}
    assert {one.certainty for one in known} == set(Certainty)


@pytest.mark.parametrize("day", [date(1985, 2, 28), date(1985, 3, 1)], ids=str)
def test_a_day_beside_it_stands_in_the_register_as_29_february_of_a_common_year(day):
    known = half_known(day, 0.0)
    assert known.text == "昭和60年2月29日"
    assert known.earliest <= day <= known.latest


def test_a_day_is_one_value_however_often_it_is_asked_for():
    assert on(date(2000, 2, 29)) is on(date(2000, 2, 29))
