"""抽出ファイルの様式 — three invented municipal systems: how each writes its extract, and the map by which it is read.

The standard specification gives labels and no code values (標準仕様書 1.2.2), so each system has columns, codes, dates
and an encoding of its own. Which system a municipality uses follows from its code.
"""

import csv
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final, Literal

import msgspec

from registry.domain.basic_four import Sex
from registry.domain.date_reading import in_japanese_calendar
from registry.domain.dates import IncompleteDate
from registry.domain.municipality import MunicipalityCode
from registry.domain.removed_record import Reason
from registry.sandbox.population.days import read
from registry.sandbox.population.names import Written, hiragana

_INITIALS: Final = {"明治": "M", "大正": "T", "昭和": "S", "平成": "H", "令和": "R"}
UNKNOWN_DATE: Final = "99999999"
_UNKNOWN_PART: Final = "99"


def _dates(
    complete: Callable[[date], str], incomplete: Callable[[IncompleteDate], str]
) -> Callable[[IncompleteDate], str]:
    """Return what writes dates: each day is worked out once and then stands in thousands of lines."""
    written = lru_cache(maxsize=1 << 16)(complete)

    def write(value: IncompleteDate) -> str:
        day = value.day
        return incomplete(value) if day is None else written(day)

    return write


def _as_said(value: IncompleteDate) -> str:
    return value.text


def _by_initial(day: date) -> str:
    era, year = (text := in_japanese_calendar(day))[:2], text[2 : text.index("年")]
    number = 1 if year == "元" else int(year)
    return f"{_INITIALS[era]}{number:02}.{day.month:02}.{day.day:02}"


def _with_unknown_parts(value: IncompleteDate) -> str:
    """Write 19850399 where the day is not known."""
    digits = value.iso().replace("-", "")
    is_plain = len(digits) == len(UNKNOWN_DATE) and read(value.iso()) == value
    if not is_plain or digits.startswith("0000"):
        return _said(value)
    parts = (digits[:4], digits[4:6], digits[6:])
    return "".join(_UNKNOWN_PART if part == "00" else part for part in parts)


def _said(value: IncompleteDate) -> str:
    return UNKNOWN_DATE if value == IncompleteDate.unknown() else value.text


_IN_ERA: Final = _dates(in_japanese_calendar, _as_said)
"""昭和60年3月7日; what is not known stands as it was said."""

_BY_INITIAL: Final = _dates(_by_initial, _as_said)
"""S60.03.07."""

_IN_DIGITS: Final = _dates(lambda day: f"{day:%Y%m%d}", _with_unknown_parts)
"""19850307."""

_WITH_SLASHES: Final = _dates(lambda day: f"{day:%Y/%m/%d}", _said)
"""1985/03/07."""


class ExtractForm(msgspec.Struct, frozen=True, kw_only=True):
    """One system's way of writing.

    ``columns`` are pairs in the order of the file: our name of the item ("" for what the agent never looks at) and the
    heading. ``reasons``, ``sexes`` and the nationalities are the system's codes. ``kana`` writes a reading, ``birth``
    and ``day`` write dates. ``is_cp932``: characters outside it cannot be written.
    """

    name: str
    encoding: str
    columns: tuple[tuple[str, str], ...]
    reasons: dict[Reason, str]
    sexes: dict[Sex, str]
    japanese: str
    foreign: tuple[str, ...]
    kana: Callable[[Written], str]
    birth: Callable[[IncompleteDate], str]
    day: Callable[[IncompleteDate], str]
    delimiter: str = ","
    line_end: str = "\r\n"
    is_marked: bool = False
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL

    @property
    def is_cp932(self) -> bool:
        """Whether the system knows only the characters of cp932."""
        return self.encoding == "cp932"

    def layout(self, municipality: MunicipalityCode) -> str:
        """Return the map (TOML) by which the municipality's agent reads this form."""
        head = [
            f"# {self.name}: 仮想の住民記録システムの抽出ファイルの対応表",
            f'municipality = "{municipality}"',
            f'encoding = "{self.encoding}"',
            f"delimiter = {_quoted(self.delimiter)}",
            f'unknown_dates = ["{UNKNOWN_DATE}"]',
            f'unknown_part = "{_UNKNOWN_PART}"',
        ]
        tables = {
            "columns": {ours: heading for ours, heading in self.columns if ours},
            "reasons": {code: reason.value for reason, code in self.reasons.items()},
            "sexes": {code: sex.value for sex, code in self.sexes.items()},
            "nationalities": {self.japanese: "japanese", "*": "foreign"},
        }
        for name, table in tables.items():
            head += ["", f"[{name}]", *(f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items())]
        return "\n".join(head) + "\n"


def _quoted(text: str) -> str:
    return '"\\t"' if text == "\t" else f'"{text}"'


def _coded(first: str, pattern: str) -> dict[Reason, str]:
    """Give each reason a code: its number in the order of the standard specification."""
    return {reason: first + pattern.format(number) for number, reason in enumerate(Reason, 1)}


_FORMS: Final = (
    ExtractForm(
        name="様式甲",
        encoding="cp932",
        quoting=csv.QUOTE_ALL,
        columns=(
            *(("", "世帯番号"), ("addressee_number", "宛名番号"), ("history_number", "履歴番号")),
            *(("reason", "異動事由"), ("effective", "異動年月日"), ("notified_on", "届出年月日"), ("name", "氏名")),
            *(("kana", "氏名カナ"), ("former_surname", "旧氏"), ("birth_date", "生年月日"), ("sex", "性別")),
            *(("", "続柄"), ("nationality", "国籍"), ("resident_record_code", "住民票コード")),
            *(("individual_number", "個人番号"), ("honseki", "本籍"), ("honseki_head", "筆頭者")),
            *(("address_municipality", "市区町村コード"), ("address", "住所"), ("destination", "転出先"), ("", "備考")),
        ),
        reasons=_coded("", "{:03}"),
        sexes={Sex.MALE: "1", Sex.FEMALE: "2"},
        japanese="JPN",
        foreign=("USA", "CHN", "KOR", "VNM", "BRA"),
        kana=lambda name: name.half,
        birth=_IN_ERA,
        day=_BY_INITIAL,
    ),
    ExtractForm(
        name="様式乙",
        encoding="utf-8",
        is_marked=True,
        delimiter="\t",
        columns=(
            *(("addressee_number", "ATENA_NO"), ("history_number", "RIREKI_NO"), ("individual_number", "KOJIN_NO")),
            *(("resident_record_code", "JUMINHYO_CD"), ("name", "SHIMEI_KANJI"), ("kana", "SHIMEI_KANA")),
            *(("birth_date", "SEINEN_YMD"), ("sex", "SEIBETSU"), ("nationality", "KOKUSEKI_CD")),
            *(("address_municipality", "JUSHO_CD"), ("address", "JUSHO"), ("honseki", "HONSEKI")),
            *(("honseki_head", "HITTOSHA"), ("former_surname", "KYU_UJI"), ("reason", "IDO_JIYU")),
            *(("effective", "IDO_YMD"), ("notified_on", "TODOKE_YMD"), ("destination", "TENSHUTSU_SAKI")),
        ),
        reasons=_coded("A", "{:02}"),
        sexes={Sex.MALE: "M", Sex.FEMALE: "F"},
        japanese="392",
        foreign=("840", "156", "410", "704", "076"),
        kana=lambda name: name.kana,
        birth=_IN_DIGITS,
        day=_IN_DIGITS,
    ),
    ExtractForm(
        name="様式丙",
        encoding="utf-8",
        line_end="\n",
        columns=(
            *(("reason", "事由"), ("effective", "異動日"), ("notified_on", "届出日"), ("destination", "転出先")),
            *(("name", "氏名"), ("kana", "ふりがな"), ("former_surname", "旧氏"), ("sex", "男女の別")),
            *(("birth_date", "出生の年月日"), ("nationality", "日本人外国人区分"), ("honseki", "戸籍の表示")),
            *(("honseki_head", "戸籍筆頭者"), ("address", "住所"), ("address_municipality", "団体コード")),
            *(("individual_number", "マイナンバー"), ("resident_record_code", "住民票CD"), ("", "更新端末")),
            *(("addressee_number", "個人宛名"), ("history_number", "連番")),
        ),
        reasons=_coded("", "{}0"),
        sexes={Sex.MALE: "男", Sex.FEMALE: "女"},
        japanese="日本人",
        foreign=("外国人",),
        kana=lambda name: hiragana(name.kana),
        birth=_WITH_SLASHES,
        day=_WITH_SLASHES,
    ),
)


def form_of(municipality: MunicipalityCode) -> ExtractForm:
    """Return the form that a municipality's system writes."""
    return _FORMS[int(str(municipality)[:5]) % len(_FORMS)]
