"""When two spellings are one name, and when they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.spelling import fold_kana, fold_kanji, fold_latin, fold_place

FOLDS = (fold_kanji, fold_place, fold_kana, fold_latin)

SAME_IN_KANJI = {
    "髙 and 高": ("髙", "高"),
    "﨑 and 崎": ("﨑", "崎"),
    "邊, 邉 and 辺": ("邊邉", "辺辺"),
    "齋 and 斎": ("齋", "斎"),
    "濵, 濱 and 浜": ("濵濱", "浜浜"),
    "𠮷 and 吉": ("𠮷", "吉"),
    "澤 and 沢": ("澤", "沢"),
    "廣 and 広": ("廣", "広"),
    "國 and 国": ("國", "国"),
    "桒 and 桑": ("桒", "桑"),
    "眞 and 真, which the maps send to each other": ("眞", "真"),
    "壽 and 寿, likewise": ("壽", "寿"),
    "淵 and 渕, likewise": ("淵", "渕"),
    "德 and 徳, likewise": ("德", "徳"),
    "a compatibility ideograph": ("\ufa19谷", "神谷"),
    "with and without a variation selector": ("辻\U000e0101", "辻"),
    "a standardised selector": ("神\ufe00", "神"),
    "with an ideographic space": ("髙﨑　花子", "高崎花子"),
    "half-width and full-width": ("ｱﾝ・ﾏﾘｰ", "アン・マリー"),
    "capitals": ("ＡＮＮ", "ann"),
}


@pytest.mark.parametrize(("one", "other"), SAME_IN_KANJI.values(), ids=SAME_IN_KANJI)
def test_spellings_of_one_name_in_kanji_fold_to_the_same(one, other):
    assert fold_kanji(one) == fold_kanji(other) != ""


DIFFERENT_IN_KANJI = {
    "玉 is not 王": ("玉田", "王田"),
    "師 is not 帥": ("師", "帥"),
    "書 is not 昼": ("書子", "昼子"),
    "功 is not 切": ("功", "切"),
    "着 is not 著": ("着", "著"),
    "宍 is not 肉": ("宍戸", "肉戸"),
    "舛 is not 升": ("舛田", "升田"),
    "斉 is not 斎": ("斉藤", "斎藤"),
    "a 外字 is a character": ("\ue000田", "田"),
    "two 外字 are two characters": ("\ue000田", "\ue001田"),
    "〓 stands for a character": ("〓田", "田"),
    "a character newer than the tables": ("\U0003134a田", "田"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT_IN_KANJI.values(), ids=DIFFERENT_IN_KANJI)
def test_two_names_in_kanji_stay_two(one, other):
    assert fold_kanji(one) != fold_kanji(other)


SAME_IN_KANA = {
    "清濁": ("タカサキ", "タカザキ"),
    "半濁": ("ハハ", "パパ"),
    "拗音": ("キョウコ", "キヨウコ"),
    "促音": ("ハットリ", "ハツトリ"),
    "a long mark": ("マリー", "マリ"),
    "ウ after オ段": ("コウタロウ", "コタロ"),
    "コーウン and コウウン": ("コーウン", "コウウン"),
    "hiragana": ("たかさき", "タカサキ"),
    "half-width": ("ﾀｶｻﾞｷ", "タカザキ"),
    "a composed and a decomposed mark": ("カ\u3099", "ガ"),
    "a space": ("タカサキ　ハナコ", "タカサキハナコ"),
    "ヶ": ("セキヶハラ", "セキケハラ"),
}


@pytest.mark.parametrize(("one", "other"), SAME_IN_KANA.values(), ids=SAME_IN_KANA)
def test_readings_that_offices_may_not_tell_apart_fold_to_the_same(one, other):
    assert fold_kana(one) == fold_kana(other) != ""


DIFFERENT_IN_KANA = {
    "another consonant": ("カナ", "サナ"),
    "ウ after ウ段": ("ユウコ", "ユコ"),
    "ウ at the beginning": ("ウエノ", "エノ"),
    "ー as a vowel of its own": ("アイ", "ア"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT_IN_KANA.values(), ids=DIFFERENT_IN_KANA)
def test_two_readings_stay_two(one, other):
    assert fold_kana(one) != fold_kana(other)


SAME_IN_LATIN = {
    "case": ("TAKASAKI", "Takasaki"),
    "a macron": ("ŌNO", "Ono"),
    "a hyphen and an apostrophe": ("O'Hara-Sato", "OHARA SATO"),
    "full-width": ("ＳＡＴＯ", "sato"),
    "a ligature": ("ﬁ", "fi"),
}


@pytest.mark.parametrize(("one", "other"), SAME_IN_LATIN.values(), ids=SAME_IN_LATIN)
def test_spellings_in_latin_letters_fold_to_the_same(one, other):
    assert fold_latin(one) == fold_latin(other) != ""


def test_the_two_spellings_of_a_long_vowel_in_passports_stay_two():
    assert fold_latin("OHNO") != fold_latin("ONO")


SAME_PLACE = {
    "every kind of dash": ("1-2‐3−4ー5－6―7", "1-2-3-4-5-6-7"),
    "read with の": ("1の23", "1-23"),
    "full-width digits": ("千代田１－２３", "千代田1-23"),
    "a dash beside no digit": ("千代田-町", "千代田町"),
    "a variant character": ("澤1番", "沢1番"),
}


@pytest.mark.parametrize(("one", "other"), SAME_PLACE.values(), ids=SAME_PLACE)
def test_spellings_of_one_place_fold_to_the_same(one, other):
    assert fold_place(one) == fold_place(other) != ""


DIFFERENT_PLACES = {
    "1-23 and 12-3": ("千代田1-23", "千代田12-3"),
    "1-23 and 123": ("千代田1-23", "千代田123"),
    "1 23 and 12 3": ("1 23", "12 3"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT_PLACES.values(), ids=DIFFERENT_PLACES)
def test_two_places_stay_two(one, other):
    assert fold_place(one) != fold_place(other)


@pytest.mark.parametrize("fold", FOLDS)
def test_nothing_written_folds_to_nothing(fold):
    assert fold("") == fold("　 ") == fold("・-") == ""


JAPANESE = st.characters(min_codepoint=0x3000, max_codepoint=0x30FF) | st.characters(
    min_codepoint=0x4E00, max_codepoint=0x9FFF
)


@pytest.mark.parametrize("fold", FOLDS)
@given(text=st.text() | st.text(JAPANESE))
def test_folding_what_is_folded_changes_nothing(fold, text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("fold", FOLDS)
@given(text=st.text(st.characters()), space=st.sampled_from(["　", " ", "\u00a0"]))
def test_no_text_is_too_odd_to_fold_and_spaces_around_it_never_matter(fold, text, space):
    assert fold(space + text + space) == fold(text)
