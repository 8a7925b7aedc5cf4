import random

import pytest

from registry.domain.basic_four import Sex
from registry.domain.spelling import fold_kana, fold_kanji
from registry.sandbox.population.names import half_width, hiragana, names, within_cp932


def drawn(count=2000):
    dice = random.Random(5).random  # noqa: S311 - made-up names
    return [names().surname(dice) for _ in range(count)], [names().given(Sex.FEMALE, 1985, dice) for _ in range(count)]


def test_names_have_kanji_a_reading_in_both_widths_and_latin_letters():
    for name in (*drawn()[0], *drawn()[1]):
        assert name.kanji
        assert name.typed
        assert name.latin.isascii()
        assert name.latin[0].isupper()
        assert fold_kana(name.half) == fold_kana(name.kana)


def test_a_few_names_are_frequent_and_many_are_rare():
    surnames = [name.typed for name in drawn(10_000)[0]]
    assert 0.01 < surnames.count("佐藤") / len(surnames) < 0.02
    assert len(set(surnames)) > 2500


def test_variants_occur_as_often_as_the_table_says():
    watanabe = [name.kanji for name in drawn(60_000)[0] if name.typed == "渡辺"]
    assert watanabe.count("渡邊") / len(watanabe) == pytest.approx(0.24, abs=0.07)


def test_a_variant_and_what_a_keyboard_gives_are_nearly_always_the_same_name_to_the_registry():
    variants = {name for name in drawn(20_000)[0] if name.kanji != name.typed}
    alike = sum(fold_kanji(name.kanji) == fold_kanji(name.typed) for name in variants)
    assert alike / len(variants) > 0.95


def test_given_names_follow_the_year_of_birth():
    dice = random.Random(6).random  # noqa: S311 - made-up names
    old = {names().given(Sex.FEMALE, 1925, dice).kanji for _ in range(3000)}
    young = {names().given(Sex.FEMALE, 2018, dice).kanji for _ in range(3000)}
    assert {"トシ", "静子"} <= old
    assert {"陽葵", "紬"} <= young
    assert {"紬", "陽葵"}.isdisjoint(old)


def test_homophones_sound_alike_and_are_written_otherwise():
    yuko = next(name for name in drawn(20_000)[1] if name.kanji == "優子")
    others = names().homophones(yuko)
    assert {"裕子", "祐子"} <= {name.kanji for name in others}
    assert {name.kana for name in others} == {"ユウコ"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("𠮷田", "吉田"), ("髙﨑", "髙﨑"), ("辻\U000e0100", "辻"), ("圳", "〓"), ("高𣘺", "高橋")],
    ids=["rare", "within", "selector", "unknown", "second letter"],
)
def test_a_system_of_cp932_writes_the_common_form_of_what_it_lacks(text, expected):
    assert within_cp932(text) == expected


@pytest.mark.parametrize(
    ("kana", "half", "in_hiragana"),
    [
        ("タカサキ", "ﾀｶｻｷ", "たかさき"),
        ("ガッパー", "ｶﾞｯﾊﾟｰ", "がっぱー"),
        ("ヴァン・ダイク", "ｳﾞｧﾝ･ﾀﾞｲｸ", "ゔぁん・だいく"),
    ],
)
def test_kana_are_written_in_half_width_and_as_hiragana(kana, half, in_hiragana):
    assert (half_width(kana), hiragana(kana)) == (half, in_hiragana)
