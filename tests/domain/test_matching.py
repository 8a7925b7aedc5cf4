"""Yes, no, possibly, not known: what is said of a value that somebody brings, and that nothing else is."""

import msgspec
import pytest

from registry.domain.basic_four import AddressAbroad, AddressInJapan, Honseki, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Item
from registry.domain.errors import FaultCode, Faults
from registry.domain.matching import MATCHABLE, Claims, MatchAnswer, check, compare
from registry.domain.movement import Statement
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import IndividualNumber
from registry.domain.resident import Status
from registry.domain.timeline import Version

YES, NO, POSSIBLY, NOT_KNOWN = MatchAnswer.YES, MatchAnswer.NO, MatchAnswer.POSSIBLY, MatchAnswer.NOT_KNOWN
CHIYODA, NAHA = MunicipalityCode("131016"), MunicipalityCode("472018")
ON_RECORD = Statement(
    name=PersonName(surname="髙﨑", given="花子", surname_kana="タカサキ", given_kana="ハナコ"),
    birth_date=read("1979-11-23"),
    sex=Sex.FEMALE,
    address_abroad=AddressAbroad(country="US", city="New York", lines=("299 Park Avenue",)),
    last_address=AddressInJapan(municipality=CHIYODA, text="鍛冶町七丁目２番"),
    honseki=Honseki(text="東京都千代田区鍛冶町七丁目２番"),
    individual_number=IndividualNumber.parse("123456789018"),
)
SILENT = Statement()


def version(state=ON_RECORD, **fields):
    always = DayRange()
    defaults = {"made_by": "m", "status": Status.RESIDENT_ABROAD, "certain": always, "possible": always}
    return Version(state=state, **(defaults | fields))


def said(item, claimed, *versions, confirmed=True):
    """What is said of one item."""
    of = versions or ((version(), Answer.YES),)
    answers = compare(Claims(**{item: claimed}), of, confirmed=confirmed)
    assert set(answers) == {item}
    return answers[Item(item)]


COMPARED = {
    "the same name": ("name", PersonName(surname="髙﨑", given="花子"), YES),
    "the name as newspapers write it": ("name", PersonName(surname="高崎", given="花子"), YES),
    "the name by its reading": ("name", PersonName(surname_kana="たかさき", given_kana="はなこ"), YES),
    "another given name": ("name", PersonName(surname="髙﨑", given="月子"), NO),
    "the name in a script that is not on record": ("name", PersonName(surname_latin="TAKASAKI"), NOT_KNOWN),
    "the day of birth": ("birth_date", read("昭和54年11月23日"), YES),
    "another day of birth": ("birth_date", read("1979-11-24"), NO),
    "the sex": ("sex", Sex.FEMALE, YES),
    "the other sex": ("sex", Sex.MALE, NO),
    "the address in another case and order": (
        "address_abroad",
        AddressAbroad(country="US", city="NEW YORK", lines=("Park Avenue", "299")),
        YES,
    ),
    "another house": ("address_abroad", AddressAbroad(country="US", city="New York", lines=("1 Park Avenue",)), NO),
    "the country alone": ("address_abroad", AddressAbroad(country="US"), NO),
    "the last address": ("last_address", AddressInJapan(municipality=CHIYODA, text="鍛冶町七丁目2番"), YES),
    "another house there": ("last_address", AddressInJapan(municipality=CHIYODA, text="丸の内一丁目"), POSSIBLY),
    "another town": ("last_address", AddressInJapan(municipality=NAHA, text="鍛冶町七丁目２番"), NO),
    "the 本籍": ("honseki", Honseki(text="東京都千代田区鍛冶町七丁目2番"), YES),
    "another 本籍": ("honseki", Honseki(text="那覇市泉崎一丁目"), NO),
    "a 本籍 that is not known": ("honseki", Honseki(text="不詳"), NOT_KNOWN),
    "the number": ("individual_number", IndividualNumber.parse("123456789018"), YES),
    "another number": ("individual_number", IndividualNumber.parse("621498320257"), NO),
}


@pytest.mark.parametrize(("item", "claimed", "expected"), COMPARED.values(), ids=COMPARED)
def test_two_statements_are_the_same_by_the_rules_of_the_domain(item, claimed, expected):
    assert said(item, claimed) is expected


@pytest.mark.parametrize(("item", "claimed"), [row[:2] for row in COMPARED.values()], ids=COMPARED)
def test_where_nothing_is_on_record_nothing_is_known(item, claimed):
    assert said(item, claimed, (version(SILENT), Answer.YES)) is NOT_KNOWN


@pytest.mark.parametrize(
    ("on_record", "expected"),
    [("1979-11-00", POSSIBLY), ("1979-00-00", POSSIBLY), ("1979-12-00", NO), ("年月日不詳", POSSIBLY)],
)
def test_of_an_incomplete_date_on_record_a_day_is_possibly_the_one(on_record, expected):
    state = msgspec.structs.replace(ON_RECORD, birth_date=read(on_record))
    assert said("birth_date", read("1979-11-23"), (version(state), Answer.YES)) is expected


@pytest.mark.parametrize(("item", "claimed", "expected"), COMPARED.values(), ids=COMPARED)
def test_yes_is_never_said_on_an_unconfirmed_link_and_of_a_number_nothing(item, claimed, expected):
    softened = {YES: POSSIBLY}.get(expected, expected)
    told = NOT_KNOWN if item == "individual_number" else softened
    assert said(item, claimed, confirmed=False) is told


@pytest.mark.parametrize(("item", "claimed", "expected"), COMPARED.values(), ids=COMPARED)
def test_of_an_item_on_which_sources_contradict_each_other_neither_yes_nor_no_is_said(item, claimed, expected):
    disputed = version(disputed=frozenset({item}))
    assert said(item, claimed, (disputed, Answer.YES)) is (NOT_KNOWN if expected is NOT_KNOWN else POSSIBLY)


ELSEWHERE = version(msgspec.structs.replace(ON_RECORD, address_abroad=AddressAbroad(country="FR")))
WORLDS = {
    "one version, for certain": ([(version(), Answer.YES)], YES),
    "one version, possibly": ([(version(), Answer.POSSIBLY)], POSSIBLY),
    "two that say the same": ([(version(), Answer.POSSIBLY), (version(), Answer.POSSIBLY)], POSSIBLY),
    "two that say different things": ([(version(), Answer.POSSIBLY), (ELSEWHERE, Answer.POSSIBLY)], POSSIBLY),
    "two that say no": ([(ELSEWHERE, Answer.POSSIBLY), (ELSEWHERE, Answer.POSSIBLY)], NO),
    "no, or nothing known": ([(ELSEWHERE, Answer.POSSIBLY), (version(SILENT), Answer.POSSIBLY)], POSSIBLY),
    "nothing known in either": ([(version(SILENT), Answer.POSSIBLY), (version(SILENT), Answer.POSSIBLY)], NOT_KNOWN),
    "no version": ([], NOT_KNOWN),
}


@pytest.mark.parametrize(("versions", "expected"), WORLDS.values(), ids=WORLDS)
def test_yes_and_no_are_said_of_what_is_so_in_every_possible_world(versions, expected):
    claims = Claims(address_abroad=ON_RECORD.address_abroad)
    assert compare(claims, versions, confirmed=True) == {Item.ADDRESS_ABROAD: expected}


NAME, BORN = PersonName(surname="髙﨑", given="花子"), read("1979-11-23")
VAGUE = {
    "all there": (Claims(name=NAME, birth_date=BORN), {"name", "birth_date"}, []),
    "a field without a value": (
        Claims(name=NAME),
        {"name", "sex", "status"},
        [("missing", "/values/sex"), ("missing", "/values/status")],
    ),
    "a value without a field": (
        Claims(name=NAME, sex=Sex.MALE),
        {"name"},
        [("not-allowed-here", "/values/sex")],
    ),
    "a blank name": (Claims(name=PersonName()), {"name"}, [("name-missing", "/values/name")]),
    "a range of days": (
        Claims(birth_date=read("1979-11-00")),
        {"birth_date"},
        [("date-required-complete", "/values/birth_date")],
    ),
    "no sex": (Claims(sex=Sex.UNKNOWN), {"sex"}, [("out-of-range", "/values/sex")]),
}


@pytest.mark.parametrize(("claims", "items", "expected"), VAGUE.values(), ids=VAGUE)
def test_values_stand_for_the_fields_one_for_one_and_none_is_vague(claims, items, expected):
    faults = Faults()
    check(claims, frozenset(map(Item, items)), faults)
    assert [(str(fault.code), fault.pointer) for fault in faults.errors] == expected


def test_halving_a_range_of_days_finds_no_birth_date():
    faults = Faults()
    check(Claims(birth_date=read("1979-01-01/1979-06-30")), frozenset({Item.BIRTH_DATE}), faults)
    assert [fault.code for fault in faults.errors] == [FaultCode.DATE_REQUIRED_COMPLETE]


def test_items_without_a_rule_when_two_are_the_same_cannot_be_compared():
    assert set(Item) - MATCHABLE == {Item.MISSION, Item.CONTACT, Item.PLANNED_END, Item.STATUS}
