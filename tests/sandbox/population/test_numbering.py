import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.numbers import AddresseeNumber, IndividualNumber, ResidentRecordCode
from registry.sandbox.population import numbering
from registry.sandbox.population.numbering import MOST_PEOPLE, Series

PEOPLE = st.integers(0, MOST_PEOPLE - 1)
SERIES = st.integers(0, 9)


@given(PEOPLE, SERIES)
def test_every_number_has_the_right_check_digit_and_a_beginning_that_is_easy_to_find(index, series):
    number, code = numbering.individual_number(index, series), numbering.resident_record_code(index, series)
    assert IndividualNumber.parse(number.reveal()) == number
    assert number.reveal().startswith("992")
    assert ResidentRecordCode.parse(code.reveal()) == code
    assert code.reveal().startswith(("99", "98"))
    addressee = numbering.addressee_number(index, series)
    assert AddresseeNumber.parse(addressee).reveal() == addressee
    assert addressee.startswith("9")


@given(PEOPLE, SERIES)
def test_no_record_code_is_of_the_branch_that_nobody_has_verified(index, series):
    assert not numbering.resident_record_code(index, series).check_digit_uncertain


@given(PEOPLE)
def test_an_uncertain_record_code_is_of_that_branch_and_nobody_elses(index):
    code = numbering.uncertain_record_code(index)
    assert code.check_digit_uncertain
    assert not code.reveal().startswith(numbering.RECORD_CODES_BEGIN)
    assert code.reveal()[2:10] == numbering.digits(index)


@given(PEOPLE, SERIES, PEOPLE, SERIES)
def test_no_two_people_and_no_two_series_share_a_number(index, series, other, other_series):
    is_same = (index, series) == (other, other_series)
    assert (numbering.digits(index, series) == numbering.digits(other, other_series)) is is_same
    assert (numbering.passport_number(index) == numbering.passport_number(other)) is (index == other)


@pytest.mark.parametrize("index", [0, 1, 9_999_999], ids=str)
def test_neighbours_have_no_neighbouring_numbers(index):
    near, far = int(numbering.digits(index)), int(numbering.digits((index + 1) % MOST_PEOPLE))
    assert abs(near - far) > 1000


def test_ten_series_of_ten_million_fill_the_range():
    assert max(Series) + 6 <= 10
    assert len({numbering.digits(index, series) for index in range(2000) for series in range(10)}) == 20_000
