import pytest

from registry.sandbox.population.romaji import Style, latin


@pytest.mark.parametrize(
    ("kana", "hepburn", "with_h", "with_u", "kunrei"),
    [
        ("オオノ", "Ono", "Ohno", "Oono", "Ono"),
        ("サトウ", "Sato", "Satoh", "Satou", "Sato"),
        ("ユウコ", "Yuko", "Yuhko", "Yuuko", "Yuko"),
        ("ショウジ", "Shoji", "Shohji", "Shouji", "Syozi"),
        ("セノオ", "Senoo", "Senoo", "Senoo", "Senoo"),
        ("イノ・ウエ", "Inoue", "Inoue", "Inoue", "Inoue"),
        ("マツ・ウラ", "Matsuura", "Matsuura", "Matsuura", "Matuura"),
        ("ハットリ", "Hattori", "Hattori", "Hattori", "Hattori"),
        ("マッチ", "Matchi", "Matchi", "Matchi", "Matti"),
        ("ホンマ", "Homma", "Homma", "Homma", "Honma"),
        ("イイダ", "Iida", "Iida", "Iida", "Iida"),
        ("キャン", "Kyan", "Kyan", "Kyan", "Kyan"),
        ("チヅコ", "Chizuko", "Chizuko", "Chizuko", "Tizuko"),
        ("フェリー", "Feri", "Feri", "Feri", "Heri"),
    ],
)
def test_a_reading_is_spelled_as_each_style_has_it(kana, hepburn, with_h, with_u, kunrei):
    assert [latin(kana, style) for style in Style] == [hepburn, with_h, with_u, kunrei]
