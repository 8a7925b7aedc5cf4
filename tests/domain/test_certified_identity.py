"""What a signing certificate says of its holder, and how that stands to a record."""

import inspect
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.code_tables.files import load_municipalities
from registry.domain import certified_identity
from registry.domain.basic_four import AddressAbroad, AddressInJapan, Difference, PersonName, Sex
from registry.domain.certified_identity import (
    AddressForm,
    CertifiedIdentity,
    compare,
    read_address,
    read_birth_date,
)
from registry.domain.date_reading import read
from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.municipality import MunicipalityCode

DAY = date(2025, 4, 1)
TABLE = load_municipalities()
CHIYODA = AddressInJapan(municipality=MunicipalityCode("131016"), text="麹町九丁目3番2号")
NAHA = AddressInJapan(municipality=MunicipalityCode("472018"), text="泉崎九丁目1番")


def certified(**changes):
    stated = {
        "name": "高﨑\u3000花子",
        "name_substitutes": "00000",
        "sex": Sex.FEMALE,
        "birth_date": read("1985-03-07"),
        "address_form": AddressForm.MOVED_ABROAD,
    }
    return CertifiedIdentity(**(stated | changes))


def compared(one, **changes):
    record = {
        "name": PersonName(surname="高﨑", given="花子"),
        "birth_date": read("1985-03-07"),
        "sex": Sex.FEMALE,
        "last_address": CHIYODA,
    }
    return compare(one, **(record | changes))


# ---------------------------------------------------------------------------------------------------- dates

DATES = {
    "a day of 昭和": ("319850307", "1985-03-07"),
    "a day of 平成": ("420151224", "2015-12-24"),
    "a day of 令和": ("520190501", "2019-05-01"),
    "a day of 明治": ("119120730", "1912-07-30"),
    "the day unknown": ("319850300", "1985-03-00"),
    "month and day unknown": ("319850000", "1985-00-00"),
    "nothing known": ("300000000", "0000-00-00"),
    "29 February of a common year": ("319850229", "1985-02-28/1985-03-01"),
}


@pytest.mark.parametrize(("written", "iso"), DATES.values(), ids=DATES)
def test_a_date_of_birth_is_read_with_what_it_leaves_open(written, iso):
    assert read_birth_date(written).iso() == iso


@pytest.mark.parametrize("written", [written for written, _ in DATES.values()], ids=DATES)
def test_its_text_is_one_that_registers_read(written):
    found = read_birth_date(written)
    assert read(found.text) == found


def test_the_year_of_an_era_that_ended_in_it_holds_only_its_days():
    assert read_birth_date("319890000").latest == date(1989, 1, 7)
    assert read_birth_date("419890000").earliest == date(1989, 1, 8)


BAD_DATES = {
    "平成 before it began": ("419850307", FaultCode.DATE_OUTSIDE_ERA),
    "昭和 after it ended": ("319900307", FaultCode.DATE_OUTSIDE_ERA),
    "no such era": ("619850307", FaultCode.DATE_UNREADABLE),
    "a day without a month": ("319850007", FaultCode.DATE_UNREADABLE),
    "a month without a year": ("300000300", FaultCode.DATE_UNREADABLE),
    "no such day": ("319850231", FaultCode.DATE_IMPOSSIBLE),
    "too short": ("31985030", FaultCode.DATE_UNREADABLE),
    "full-width digits": ("３１９８５０３０７", FaultCode.DATE_UNREADABLE),
    "a line end after it": ("319850307\n", FaultCode.DATE_UNREADABLE),
    "nothing": ("", FaultCode.DATE_UNREADABLE),
}


@pytest.mark.parametrize(("written", "code"), BAD_DATES.values(), ids=BAD_DATES)
def test_a_date_that_is_none_is_refused(written, code):
    with pytest.raises(InvalidInput) as refused:
        read_birth_date(written)
    assert [fault.code for fault in refused.value.faults] == [code]


@given(st.text(max_size=12))
def test_whatever_stands_there_is_a_date_or_refused(text):
    try:
        found = read_birth_date(text)
    except InvalidInput:
        return
    assert found.earliest <= found.latest


# ------------------------------------------------------------------------------------------------ addresses

PLACES = {
    "with the prefecture": ("東京都千代田区麹町九丁目３番２号", "131016", "麹町九丁目３番２号"),
    "without it": ("横浜市中区山手町９００番地", "141046", "山手町９００番地"),
    "the city whose name several begin with": ("奈良県大和郡山市北郡山町9", "292036", "北郡山町9"),
    "with the 郡 of a town": ("岩手県上閉伊郡大槌町上町9番", "034614", "上町9番"),
    "one of two namesakes, by the prefecture": ("東京都府中市宮西町9", "132063", "宮西町9"),
}


@pytest.mark.parametrize(("written", "code", "rest"), PLACES.values(), ids=PLACES)
def test_an_address_in_japan_is_read_as_its_municipality_and_the_rest(written, code, rest):
    address = AddressInJapan(municipality=MunicipalityCode(code), text=rest)
    assert read_address(written, TABLE, DAY) == (AddressForm.IN_JAPAN, address)


@pytest.mark.parametrize("written", ["国外転出", "国外転出\u3000令和６年５月２７日", "国 外 転 出（予定）"])
def test_after_a_move_abroad_nothing_of_the_field_is_kept_but_its_form(written):
    assert read_address(written, TABLE, DAY) == (AddressForm.MOVED_ABROAD, None)


@pytest.mark.parametrize("written", ["府中市宮西町9", "251 Example Avenue, New York", "ニューヨーク市", "千代田", "　"])
def test_a_field_that_names_no_one_place_in_japan_is_not_kept(written):
    assert read_address(written, TABLE, DAY) == (AddressForm.UNREADABLE, None)


def test_a_municipality_that_had_ended_is_not_named_by_a_later_certificate():
    assert read_address("埼玉県浦和市高砂9", TABLE, date(2000, 4, 1))[0] is AddressForm.IN_JAPAN
    assert read_address("埼玉県浦和市高砂9", TABLE, DAY)[0] is AddressForm.UNREADABLE


@given(st.text(max_size=40))
def test_whatever_the_field_holds_an_address_is_kept_only_of_japan(text):
    form, address = read_address(text, TABLE, DAY)
    assert (address is not None) == (form is AddressForm.IN_JAPAN)
    assert address is None or TABLE.find(address.municipality, DAY)


@pytest.mark.parametrize(
    ("form", "address"),
    [(AddressForm.MOVED_ABROAD, CHIYODA), (AddressForm.UNREADABLE, CHIYODA), (AddressForm.IN_JAPAN, None)],
)
def test_no_value_holds_an_address_beside_a_form_that_has_none(form, address):
    with pytest.raises(ValueError, match="nowhere else"):
        certified(address_form=form, address=address)


def test_no_rule_of_this_module_takes_an_address_abroad():
    """What cannot be handed over cannot be compared."""
    functions = [value for _, value in inspect.getmembers(certified_identity, inspect.isfunction)]
    taken = {str(kind) for one in functions for kind in inspect.get_annotations(one, eval_str=True).values()}
    assert not any(AddressAbroad.__name__ in kind for kind in taken)
    assert not hasattr(certified_identity, AddressAbroad.__name__)


# ----------------------------------------------------------------------------------------------- comparison


def test_the_same_four_items_agree():
    found = compared(certified(address_form=AddressForm.IN_JAPAN, address=CHIYODA))
    assert {found.name, found.birth_date, found.sex, found.address} == {Difference.SAME}
    assert found.is_same_person


def test_after_a_move_abroad_the_address_says_nothing_for_or_against():
    found = compared(certified())
    assert found.address is Difference.ONE_SIDED
    assert found.is_same_person


DIFFERENCES = {
    "another name": ({"name": PersonName(surname="渡辺", given="花子")}, "name", Difference.DIFFERENT, False),
    "a variant": ({"name": PersonName(surname="高崎", given="花子")}, "name", Difference.VARIANT, True),
    "no kanji": ({"name": PersonName(surname_latin="Takasaki")}, "name", Difference.ONE_SIDED, False),
    "another day": ({"birth_date": read("1985-03-08")}, "birth_date", Difference.DIFFERENT, False),
    "a month only": ({"birth_date": read("1985-03-00")}, "birth_date", Difference.LESS_PRECISE, False),
    "another sex": ({"sex": Sex.MALE}, "sex", Difference.DIFFERENT, False),
    "no sex": ({"sex": Sex.UNKNOWN}, "sex", Difference.ONE_SIDED, False),
}


@pytest.mark.parametrize(("changes", "item", "difference", "same"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_each_item_is_compared_by_itself(changes, item, difference, same):
    found = compared(certified(), **changes)
    assert getattr(found, item) is difference
    assert found.is_same_person is same


def test_another_municipality_differs_and_is_no_other_person():
    found = compared(certified(address_form=AddressForm.IN_JAPAN, address=NAHA))
    assert found.address is Difference.DIFFERENT
    assert found.is_same_person


SUBSTITUTES = {
    "the one that was replaced": ("辺見\u3000太郎", "10000", "邉見", "太郎", Difference.VARIANT),
    "one without a variant": ("〓見\u3000太郎", "10000", "𪚲見", "太郎", Difference.VARIANT),
    "another beside it": ("〓見\u3000太郎", "10000", "𪚲見", "次郎", Difference.DIFFERENT),
    "none was replaced": ("〓見\u3000太郎", "00000", "𪚲見", "太郎", Difference.DIFFERENT),
    "all of them": ("〓〓\u3000〓〓", "11111", "𪚲見", "太郎", Difference.DIFFERENT),
    "fewer flags than characters": ("〓見\u3000太郎", "1", "𪚲見", "太郎", Difference.DIFFERENT),
    "a longer name": ("〓見\u3000太郎", "10000", "𪚲見見", "太郎", Difference.DIFFERENT),
}


@pytest.mark.parametrize(
    ("name", "flags", "surname", "given_name", "difference"), SUBSTITUTES.values(), ids=SUBSTITUTES
)
def test_a_character_that_was_replaced_contradicts_none(name, flags, surname, given_name, difference):
    one = certified(name=name, name_substitutes=flags)
    assert compared(one, name=PersonName(surname=surname, given=given_name)).name is difference


def test_who_it_is_never_shows_in_a_log_line():
    shown = repr(certified(address_form=AddressForm.IN_JAPAN, address=CHIYODA))
    assert not any(item in shown for item in ("高", "花子", "1985", "麹町", "131016"))
