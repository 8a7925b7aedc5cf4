from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.sandbox.population.luck import Luck
from registry.sandbox.population.misspelling import mistyped_day, mistyped_kana, mistyped_latin, swapped_day

LUCK = st.integers(0, 2**64 - 1).map(lambda key: Luck(key, b"test"))
LATIN = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12).map(str.capitalize)
KANA = st.text(
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロガギグゲゴャッン", min_size=1
)


@given(LATIN, LUCK)
def test_a_slip_of_the_keyboard_makes_another_word_of_nearly_the_same_length(word, luck):
    wrong = mistyped_latin(word, luck)
    assert wrong != word
    assert abs(len(wrong) - len(word)) <= 1


@given(KANA, LUCK)
def test_a_slip_of_the_thumb_makes_another_reading(kana, luck):
    wrong = mistyped_kana(kana, luck)
    assert wrong != kana
    assert abs(len(wrong) - len(kana)) <= 1


@given(st.dates(date(1900, 1, 1), date(2024, 12, 31)), LUCK, st.integers(0, 500))
def test_a_mistyped_day_is_another_one_and_never_too_late(day, luck, days):
    latest = date.fromordinal(day.toordinal() + days)
    wrong = mistyped_day(day, luck, latest)
    assert wrong != day
    assert wrong <= latest


@pytest.mark.parametrize(
    ("day", "swapped"),
    [(date(1980, 3, 7), date(1980, 7, 3)), (date(1980, 3, 13), None), (date(1980, 5, 5), None)],
    ids=["both possible", "no thirteenth month", "the same day"],
)
def test_day_and_month_are_exchanged_where_both_are_possible(day, swapped):
    assert swapped_day(day) == swapped


def test_nothing_written_is_not_mistyped():
    luck = Luck(1, b"test")
    assert (mistyped_latin("", luck), mistyped_kana("", luck)) == ("", "")
