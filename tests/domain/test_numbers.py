"""個人番号, 住民票コード and 宛名番号: which ones pass, and that none of them ever shows itself."""

import copy
import json
import pickle
import re
import traceback
from collections.abc import Callable

import msgspec
import pytest
import stdnum.jp.in_
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.numbers import (
    LONGEST_TEXT,
    AddresseeNumber,
    IndividualNumber,
    NumberReason,
    ResidentRecordCode,
    _HiddenNumber,
    addressee_number_check_digit,
    individual_number_check_digit,
    resident_record_code_check_digit,
    weighted_remainder,
)

HIDDEN = (IndividualNumber, ResidentRecordCode, AddresseeNumber)

INDIVIDUAL_NUMBERS = (
    "123456789018",
    "111111111118",
    "000111111111",
    "621498320257",
    "548836529885",
    "983205673214",
    "023456789013",
    "379474484458",
    "454972364860",
    "507957100721",
)
EDGES_OF_INDIVIDUAL_NUMBERS = {"r = 0": "123456789050", "r = 1": "123456789000", "r = 10": "123456789131"}
RESIDENT_RECORD_CODES = ("24727059608", "24846016224", "25208017643", "12345678938", "12345678946", "12345678954")
# Worked out by hand: 1 → 2·1 → r = 2; 6 → 12 → r = 1; 1234567 → 7·2 + 6·3 + 5·4 + 4·5 + 3·6 + 2·7 + 1·2 = 106 → r = 7.
ADDRESSEE_NUMBERS = {"one digit": "19", "r = 0": "00", "r = 1": "60", "weights start anew after 7": "12345674"}


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


@st.composite
def numbers_of_any_kind(draw: st.DrawFn) -> IndividualNumber | ResidentRecordCode | AddresseeNumber:
    length, kind, check_digit = draw(
        st.sampled_from(
            [
                (11, IndividualNumber, individual_number_check_digit),
                (10, ResidentRecordCode, resident_record_code_check_digit),
                (9, AddresseeNumber, addressee_number_check_digit),
            ]
        )
    )
    base = draw(digits(length))
    return kind.parse(f"{base}{check_digit(base)}")


def fault_of(refused: Callable[[], object]) -> Fault:
    with pytest.raises(InvalidInput) as refusal:
        refused()
    (fault,) = refusal.value.faults
    return fault


def outcome(kind: type[_HiddenNumber], text: str) -> str:
    try:
        number = kind.parse(text)
    except InvalidInput as refusal:
        (fault,) = refusal.faults
        return fault.code
    return "uncertain" if getattr(number, "check_digit_uncertain", False) else "accepted"


# ---------------------------------------------------------------- the check digits


@pytest.mark.parametrize("number", INDIVIDUAL_NUMBERS)
def test_an_individual_number_with_its_check_digit_is_accepted(number):
    assert IndividualNumber.parse(number).reveal() == number


@pytest.mark.parametrize("number", EDGES_OF_INDIVIDUAL_NUMBERS.values(), ids=EDGES_OF_INDIVIDUAL_NUMBERS)
def test_the_check_digit_of_an_individual_number_holds_at_the_edges_of_the_remainder(number):
    assert IndividualNumber.parse(number).reveal() == number


@pytest.mark.parametrize("number", ["123456789019", "621498320258", "983205673210", "507957100722"])
def test_an_individual_number_with_another_last_digit_is_refused(number):
    assert fault_of(lambda: IndividualNumber.parse(number)).code is FaultCode.CHECK_DIGIT


@given(digits(12))
def test_individual_numbers_are_judged_as_an_independent_library_judges_them(number):
    assert (outcome(IndividualNumber, number) == "accepted") == stdnum.jp.in_.is_valid(number)


@given(digits(11))
def test_individual_numbers_get_the_check_digit_that_an_independent_library_computes(base):
    assert str(individual_number_check_digit(base)) == stdnum.jp.in_.calc_check_digit(base)


@pytest.mark.parametrize("code", RESIDENT_RECORD_CODES)
def test_a_resident_record_code_with_its_check_digit_is_accepted_without_doubt(code):
    parsed = ResidentRecordCode.parse(code)
    assert parsed.reveal() == code
    assert not parsed.check_digit_uncertain


def test_a_resident_record_code_with_another_last_digit_is_refused():
    assert fault_of(lambda: ResidentRecordCode.parse("12345678901")).code is FaultCode.CHECK_DIGIT


@pytest.mark.parametrize("base", ["0000000000", "0000000006"], ids=["r = 0", "r = 1"])
@pytest.mark.parametrize("last", [0, 1])
def test_a_resident_record_code_of_the_unverified_branch_is_accepted_and_flagged(base, last):
    assert ResidentRecordCode.parse(f"{base}{last}").check_digit_uncertain


@pytest.mark.parametrize("base", ["0000000000", "0000000006"], ids=["r = 0", "r = 1"])
@pytest.mark.parametrize("last", range(2, 10))
def test_the_unverified_branch_accepts_no_other_digit_than_0_and_1(base, last):
    assert fault_of(lambda: ResidentRecordCode.parse(f"{base}{last}")).code is FaultCode.CHECK_DIGIT


def test_a_resident_record_code_that_ends_in_1_by_the_rule_is_not_flagged():
    assert weighted_remainder("0000000005") == 10
    assert not ResidentRecordCode.parse("00000000051").check_digit_uncertain


@pytest.mark.parametrize("number", ADDRESSEE_NUMBERS.values(), ids=ADDRESSEE_NUMBERS)
def test_an_addressee_number_with_its_check_digit_is_accepted(number):
    assert AddresseeNumber.parse(number).reveal() == number


def test_an_addressee_number_with_another_last_digit_is_refused():
    assert fault_of(lambda: AddresseeNumber.parse("12345675")).code is FaultCode.CHECK_DIGIT


@pytest.mark.parametrize(
    ("check_digit", "base"),
    [
        (individual_number_check_digit, "1234567890"),
        (individual_number_check_digit, "１２３４５６７８９０１"),
        (resident_record_code_check_digit, "12345678901"),
        (addressee_number_check_digit, ""),
        (addressee_number_check_digit, "1" * 15),
    ],
    ids=["too short", "full-width", "too long", "empty", "no room for the check digit"],
)
def test_a_check_digit_of_something_else_than_a_base_is_an_error_of_the_program(check_digit, base):
    with pytest.raises(ValueError, match="ASCII digits") as error:
        check_digit(base)
    assert not base or base not in str(error.value)


@given(digits(11), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_found_unless_the_remainders_are_0_and_1(base, place, distance):
    right = f"{base}{individual_number_check_digit(base)}"
    wrong = right[:place] + str((int(right[place]) + distance) % 10) + right[place + 1 :]
    if place < 11 and {weighted_remainder(base), weighted_remainder(wrong[:-1])} == {0, 1}:
        assert IndividualNumber.parse(wrong).reveal() == wrong
    else:
        assert fault_of(lambda: IndividualNumber.parse(wrong)).code is FaultCode.CHECK_DIGIT


@given(digits(10), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_of_a_resident_record_code_is_refused_or_flagged(base, place, distance):
    right = f"{base}{resident_record_code_check_digit(base)}"
    wrong = right[:place] + str((int(right[place]) + distance) % 10) + right[place + 1 :]
    assert outcome(ResidentRecordCode, wrong) in {"uncertain", FaultCode.CHECK_DIGIT}


# ---------------------------------------------------------------- how they may be written

WRITTEN = {
    "plain": "123456789018",
    "groups with spaces": "1234 5678 9018",
    "groups with hyphens": "1234-5678-9018",
    "full-width": "１２３４５６７８９０１８",
    "full-width with ideographic spaces": "１２３４\u3000５６７８\u3000９０１８",
    "full-width hyphen": "1234－5678－9018",
    "long vowel mark for a hyphen": "1234ー5678ー9018",
    "half-width long vowel mark": "1234ｰ5678ｰ9018",
    "minus and dashes": "1234\u22125678\u20139018",
    "digit by digit": "1-2-3-4-5-6-7-8-9-0-1-8",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_number_is_read_as_people_write_it(text):
    assert IndividualNumber.parse(text) == IndividualNumber.parse("123456789018")


MALFORMED = {
    "empty": "",
    "only separators": " - ",
    "a digit short": "12345678901",
    "a digit long": "1234567890180",
    "two spaces": "1234  56789018",
    "space before": " 123456789018",
    "newline after": "123456789018\n",
    "hyphen at the end": "123456789018-",
    "letter": "12345678901B",
    "circled digit": "①23456789018",
    "superscript digit": "²23456789018",
    "Arabic digit": "\u066123456789018",
    "Chinese numeral": "一23456789018",
    "NUL": "12345678901\x00",
    "lone surrogate": "12345678901\ud800",
    "plus sign": "+12345678901",
    "underscore": "1234_5678_9018",
    "hostile length": "1" * 1_000_000,
    "hostile length of groups": "1-" * (LONGEST_TEXT // 2) + "1",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_any_other_form_is_refused_as_malformed(text):
    fault = fault_of(lambda: IndividualNumber.parse(text))
    assert (fault.code, fault.pointer) == (FaultCode.NUMBER_MALFORMED, "")
    assert fault.expected.startswith("12 digits")


WRONG_LENGTHS = {IndividualNumber: (11, 13), ResidentRecordCode: (10, 12), AddresseeNumber: (0, 1, 16)}


@pytest.mark.parametrize(("kind", "length"), [(kind, length) for kind in HIDDEN for length in WRONG_LENGTHS[kind]])
def test_another_length_is_refused_as_malformed_whatever_its_check_digit(kind, length):
    assert fault_of(lambda: kind.parse("0" * length)).code is FaultCode.NUMBER_MALFORMED


@given(st.text())
def test_any_text_gives_a_number_or_a_refusal(text):
    for kind in HIDDEN:
        assert outcome(kind, text) in {"accepted", "uncertain", FaultCode.NUMBER_MALFORMED, FaultCode.CHECK_DIGIT}


# ---------------------------------------------------------------- what a number shows


@given(numbers_of_any_kind())
def test_no_way_of_printing_shows_a_digit(number):
    printed = [repr(number), str(number), f"{number}", f"{number!s:>40}", f"{number:.4}", ascii(number)]
    printed += [format(number, "4"), repr([number]), repr({"number": number}), f"{number!r:<3}{number}"]
    assert not any(re.search("[0-9]", text) for text in printed)


@given(digits(12))
def test_a_refusal_and_its_traceback_show_no_digit_of_the_number(number):
    assume(not stdnum.jp.in_.is_valid(number))
    with pytest.raises(InvalidInput) as refusal:
        IndividualNumber.parse(number)
    shown = "".join(traceback.format_exception(refusal.value)) + repr(refusal.value) + repr(refusal.value.faults)
    assert number not in shown
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


@given(numbers_of_any_kind())
def test_a_program_error_over_a_number_does_not_show_it(number):
    for mistake in (
        lambda: sorted([number, number]),
        lambda: number + 1,
        lambda: int(number),
        lambda: json.dumps(number),
        lambda: msgspec.json.encode(number),
        lambda: pickle.dumps(number),
        lambda: copy.copy(number),
        lambda: copy.deepcopy(number),
    ):
        with pytest.raises(TypeError) as error:
            mistake()
        assert number.reveal() not in "".join(traceback.format_exception(error.value))


def test_a_number_cannot_be_changed():
    number = IndividualNumber.parse("123456789018")
    with pytest.raises(AttributeError):
        number._digits = "111111111118"
    with pytest.raises(AttributeError):
        del number._digits
    with pytest.raises(AttributeError):
        number.note = "a new attribute"
    assert number.reveal() == "123456789018"


def test_numbers_are_equal_when_kind_and_digits_are():
    assert IndividualNumber.parse("1234-5678-9018") == IndividualNumber.parse("１２３４５６７８９０１８")
    assert len({IndividualNumber.parse("123456789018"), IndividualNumber.parse("1234 5678 9018")}) == 1
    assert IndividualNumber.parse("123456789018") != IndividualNumber.parse("111111111118")
    assert IndividualNumber.parse("000111111111") != "000111111111"


def test_the_same_digits_in_another_kind_are_another_number():
    digits_of_both = "12345678938"
    assert AddresseeNumber.parse(digits_of_both).reveal() == ResidentRecordCode.parse(digits_of_both).reveal()
    assert AddresseeNumber.parse(digits_of_both) != ResidentRecordCode.parse(digits_of_both)
    assert len({AddresseeNumber.parse(digits_of_both), ResidentRecordCode.parse(digits_of_both)}) == 2


def test_a_number_travels_as_a_custom_type_of_msgspec():
    class Paper(msgspec.Struct):
        number: IndividualNumber | None

    paper = Paper(number=IndividualNumber.parse("123456789018"))
    sealed = msgspec.json.encode(paper, enc_hook=lambda value: value.reveal())
    assert sealed == b'{"number":"123456789018"}'
    assert msgspec.json.decode(sealed, type=Paper, dec_hook=lambda kind, text: kind.parse(text)) == paper


def test_the_reasons_of_a_number_have_stable_names():
    assert [reason.value for reason in NumberReason] == ["initial", "change-request", "ex-officio", "correction"]
