"""How two statements of who a person is differ, and that none of them shows itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from registry.domain.basic_four import (
    AddressAbroad,
    AddressInJapan,
    Confidential,
    Difference,
    Honseki,
    PersonName,
    Sex,
    compare_addresses_abroad,
    compare_addresses_in_japan,
    compare_birth_dates,
    compare_honseki,
    compare_names,
    compare_sexes,
    completed,
)
from registry.domain.date_reading import read
from registry.domain.municipality import MunicipalityCode
from tests.builders import CHIYODA, HANAKO, NEW_YORK

SAME, VARIANT, ONE_SIDED, DIFFERENT = Difference.SAME, Difference.VARIANT, Difference.ONE_SIDED, Difference.DIFFERENT


def kanji(surname, given, **rest):
    return PersonName(surname=surname, given=given, **rest)


def kana(surname, given):
    return PersonName(surname_kana=surname, given_kana=given)


def latin(surname, given):
    return PersonName(surname_latin=surname, given_latin=given)


NAMES = {
    "the same": (HANAKO, HANAKO, SAME),
    "the gap between family and given name": (kanji("髙﨑花子", ""), kanji("髙﨑", "花子"), SAME),
    "a variant character": (kanji("髙﨑", "花子"), kanji("高崎", "花子"), VARIANT),
    "another surname": (kanji("髙﨑", "花子"), kanji("山田", "花子"), DIFFERENT),
    "kanji decide, whatever the kana say": (
        kanji("髙﨑", "花子", surname_kana="タカサキ"),
        kanji("山田", "花子", surname_kana="タカサキ"),
        DIFFERENT,
    ),
    "kana where one has no kanji": (HANAKO, kana("タカサキ", "ハナコ"), SAME),
    "another spelling in kana": (HANAKO, kana("タカザキ", "ハナコ"), VARIANT),
    "another spelling where neither has kanji": (kana("タカサキ", "ハナコ"), kana("タカザキ", "ハナコ"), VARIANT),
    "another reading": (HANAKO, kana("ヤマダ", "ハナコ"), DIFFERENT),
    "Latin letters, in another case": (latin("TAKASAKI", "HANAKO"), latin("Takasaki", "Hanako"), VARIANT),
    "another name in Latin letters": (latin("TAKASAKI", "HANAKO"), latin("YAMADA", "HANAKO"), DIFFERENT),
    "no script in common": (kanji("髙﨑", "花子"), latin("TAKASAKI", "HANAKO"), ONE_SIDED),
    "a blank name": (HANAKO, PersonName(), ONE_SIDED),
    "a former surname makes nothing the same": (
        kanji("山田", "花子", former_surname="髙﨑"),
        kanji("髙﨑", "花子"),
        DIFFERENT,
    ),
    "a character nobody could read": (kanji("〓﨑", "花子"), kanji("﨑", "花子"), DIFFERENT),
}


@pytest.mark.parametrize(("one", "other", "difference"), NAMES.values(), ids=NAMES)
def test_names_are_compared_by_the_first_script_that_both_have(one, other, difference):
    assert compare_names(one, other) is compare_names(other, one) is difference


BLANK = {
    "nothing": (PersonName(), True),
    "spaces and dots only": (kanji("　", "・"), True),
    "a former surname only": (PersonName(former_surname="髙﨑"), True),
    "kanji": (kanji("髙", ""), False),
    "kana": (kana("", "ハナコ"), False),
    "Latin letters": (latin("T", ""), False),
    "a character nobody could read": (kanji("〓", ""), False),
}


@pytest.mark.parametrize(("name", "is_blank"), BLANK.values(), ids=BLANK)
def test_a_name_is_blank_when_no_script_says_anything(name, is_blank):
    assert name.is_blank is is_blank


def test_a_name_is_completed_by_whole_scripts_only():
    known = kanji("髙﨑", "花子", surname_kana="タカサキ")
    other = kanji(
        "高崎", "華子", surname_kana="タカザキ", given_kana="ハナコ", surname_latin="TAKASAKI", kana_confirmed=True
    )
    done = completed(known, other)
    assert (done.surname, done.given) == ("髙﨑", "花子")
    assert (done.surname_kana, done.given_kana, done.kana_confirmed) == ("タカサキ", "", False)
    assert done.surname_latin == "TAKASAKI"


BIRTH_DATES = {
    "the same day however written": ("昭和60年3月7日", "1985-03-07", SAME),
    "another day": ("1985-03-07", "1985-03-08", DIFFERENT),
    "a day and its month": ("1985-03-07", "1985-03-00", Difference.LESS_PRECISE),
    "a day and the next month": ("1985-03-31", "1985-04-00", DIFFERENT),
    "the last day of the year and the year": ("1985-12-31", "1985-00-00", Difference.LESS_PRECISE),
    "a day and nothing known": ("1985-03-07", "0000-00-00", Difference.LESS_PRECISE),
    "29 February of a common year and 1 March": ("1985-02-29", "1985-03-01", Difference.LESS_PRECISE),
    "29 February of a common year and 2 March": ("1985-02-29", "1985-03-02", DIFFERENT),
}


@pytest.mark.parametrize(("one", "other", "difference"), BIRTH_DATES.values(), ids=BIRTH_DATES)
def test_a_less_precise_date_of_birth_contradicts_nothing(one, other, difference):
    assert compare_birth_dates(read(one), read(other)) is compare_birth_dates(read(other), read(one)) is difference


SEXES = {
    "alike": (Sex.MALE, Sex.MALE, SAME),
    "unlike": (Sex.MALE, Sex.FEMALE, DIFFERENT),
    "one blank": (Sex.UNKNOWN, Sex.FEMALE, ONE_SIDED),
    "both blank": (Sex.UNKNOWN, Sex.UNKNOWN, SAME),
}


@pytest.mark.parametrize(("one", "other", "difference"), SEXES.values(), ids=SEXES)
def test_a_blank_sex_contradicts_nothing(one, other, difference):
    assert compare_sexes(one, other) is compare_sexes(other, one) is difference


HONSEKI = {
    "the same": ("千代田1-23", "千代田1-23", SAME),
    "other dashes and widths": ("千代田１－２３", "千代田1-23", VARIANT),
    "a variant character": ("澤1番", "沢1番", VARIANT),
    "the digits divided elsewhere": ("千代田1-23", "千代田12-3", DIFFERENT),
    "not known": ("千代田1-23", "不明", ONE_SIDED),
    "not known on either side": ("本籍不明", "本籍不明", ONE_SIDED),
    "blank": ("", "千代田1-23", ONE_SIDED),
}


@pytest.mark.parametrize(("one", "other", "difference"), HONSEKI.values(), ids=HONSEKI)
def test_a_honseki_that_is_not_known_is_nobodys(one, other, difference):
    one, other = Honseki(text=one), Honseki(text=other)
    assert compare_honseki(one, other) is compare_honseki(other, one) is difference


def abroad(*lines, city="New York", country="US", **rest):
    return AddressAbroad(country=country, city=city, lines=lines, **rest)


ADDRESSES_ABROAD = {
    "the same": (abroad("5 Main St"), abroad("5 Main St"), SAME),
    "another order, case and comma": (abroad("5 Main St, Apt 3"), abroad("APT 3", "5 main st."), VARIANT),
    "a full-width comma": (abroad("5 Main St，Apt 3"), abroad("5 Main St, Apt 3"), VARIANT),
    "another number": (abroad("5 Main St"), abroad("6 Main St"), DIFFERENT),
    "the digits divided elsewhere": (abroad("1-23 Main St"), abroad("12-3 Main St"), DIFFERENT),
    "another city": (abroad("5 Main St"), abroad("5 Main St", city="Boston"), DIFFERENT),
    "another country": (abroad("5 Main St"), abroad("5 Main St", country="CA"), DIFFERENT),
    "another postcode": (abroad("5 Main St", postcode="10001"), abroad("5 Main St", postcode="10002"), DIFFERENT),
}


@pytest.mark.parametrize(("one", "other", "difference"), ADDRESSES_ABROAD.values(), ids=ADDRESSES_ABROAD)
def test_addresses_abroad_are_compared_by_country_city_and_words(one, other, difference):
    assert compare_addresses_abroad(one, other) is compare_addresses_abroad(other, one) is difference


def test_last_addresses_are_compared_by_their_municipality():
    elsewhere = AddressInJapan(municipality=MunicipalityCode.parse("271004"), text=CHIYODA.text)
    rewritten = AddressInJapan(municipality=CHIYODA.municipality, text="千代田1丁目")
    assert compare_addresses_in_japan(CHIYODA, CHIYODA) is SAME
    assert compare_addresses_in_japan(CHIYODA, rewritten) is VARIANT
    assert compare_addresses_in_japan(CHIYODA, elsewhere) is DIFFERENT


@pytest.mark.parametrize("country", ["us", "USA", "U", "", "US\n", "ＵＳ"])
def test_a_country_is_two_capital_letters_and_nothing_else(country):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"country": country}, AddressAbroad)


# ------------------------------------------------------------------------------------ what a log line may show


class Sample(Confidential, frozen=True, kw_only=True):
    text: str = ""
    inner: PersonName | None = None


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1))
def test_confidential_data_show_which_fields_are_filled_and_never_with_what(planted):
    value = Sample(text=planted, inner=PersonName(surname=planted))
    for shown in (repr(value), str(value), f"{value}", pretty_repr(value)):
        assert planted not in shown
        assert "text" in shown
        assert "inner" in shown
    assert repr(Sample(text=planted)) == "Sample(text)"


def test_an_address_shows_no_line_of_itself():
    assert repr(NEW_YORK) == "AddressAbroad(country, subdivision, city, lines)"
    assert "千代田" not in pretty_repr([CHIYODA, Honseki(text="千代田")])
