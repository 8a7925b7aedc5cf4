"""What a sample suggests: which column is which item, what a system's codes mean, how it writes unknown dates.

A column is known by its heading and must hold what its item holds: days, kana, numbers with right check digits. Two
are known by their numbers alone. A code is known only where it is the label itself or a standard's own (JIS X 0303,
ISO 3166-1): what 220 means in a system, nobody can see. These are proposals; a person confirms them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from municipality_sync.agent.layout import Columns, Layout, Nationality
from municipality_sync.agent.sample import Sample
from registry.domain import date_reading
from registry.domain.basic_four import Sex
from registry.domain.errors import InvalidInput
from registry.domain.municipality import MunicipalityCode, MunicipalityTable
from registry.domain.numbers import AddresseeNumber, IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import Reason

ERAS: Final = {"1": "明治", "2": "大正", "3": "昭和", "4": "平成", "5": "令和"}
"""Codes of eras as most systems have them (unverified: no text fixes them); proposed where they fit every date."""

_VALUES_TRIED: Final = 200
_MOST: Final = 0.9
_HALF: Final = 0.5
_EXACT: Final = 100.0
_CONTAINED: Final = 50.0
_BY_CONTENT: Final = 20.0
_SAME_SYSTEM: Final = 1000.0

_HISTORY_NUMBER: Final = re.compile("[0-9]{1,5}")
_KANJI: Final = re.compile("[々〇〓㐀-鿿豈-﫿\ue000-\uf8ff\U00020000-\U0003ffff]")
_KANA: Final = re.compile("[ぁ-ヿｦ-ﾟ\u3000 ・.,A-Za-z-]+")
_SYSTEM_DATE: Final = re.compile("[0-9]{7,8}|[MTSHR明大昭平令][0-9]{6}|(?:明治|大正|昭和|平成|令和)[0-9]{6}")
_NO_DAY: Final = re.compile(r"9{7,8}|0{7}|9999[-/.]99[-/.]99|99[-/.]99[-/.]99")
_DIGITS_AT_END: Final = re.compile("([0-9]{2})([0-9]{2})$")
_SEVEN_DIGITS: Final = re.compile("(?!9{7}|0{7})[0-9]{7}")
_UNKNOWN_PART: Final = "99"
_TIME: Final = re.compile("[ T][0-9:.]+$")
_DECORATION: Final = re.compile(r"[\s_\-・:()（）\[\]【】「」]+")


class Item(msgspec.Struct, frozen=True):
    """One item of a layout: its Japanese name, the words by which systems call it, and what its column holds."""

    label: str
    words: tuple[str, ...]
    holds: Callable[[str], bool]
    share: float = _MOST
    by_content: bool = False


def _parses(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            read(text)
        except InvalidInput:
            return False
        return True

    return fits


def is_date(text: str) -> bool:
    """Whether a text is a date as people or systems write it, and nothing else."""
    day = _TIME.sub("", text)
    return bool(_SYSTEM_DATE.fullmatch(day) or _NO_DAY.fullmatch(day)) or _parses(date_reading.read)(day)


def _is_history_number(text: str) -> bool:
    return _HISTORY_NUMBER.fullmatch(text) is not None


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_LABEL


def _has_kanji(text: str) -> bool:
    return _KANJI.search(text) is not None


def _is_kana(text: str) -> bool:
    return _KANA.fullmatch(text) is not None


def _is_anything(_text: str) -> bool:
    return True


_LABELS: Final = {unicodedata.normalize("NFKC", reason): reason for reason in Reason}
_LONGEST_LABEL: Final = max(map(len, _LABELS))
_SEXES: Final = {
    **dict.fromkeys(("1", "男", "男性", "M"), Sex.MALE),
    **dict.fromkeys(("2", "女", "女性", "F"), Sex.FEMALE),
    **dict.fromkeys(("0", "9", "不明", "不詳"), Sex.UNKNOWN),
}
_NATIONALITIES: Final = {
    **dict.fromkeys(("JPN", "JP", "392", "日本", "日本国", "日本人"), Nationality.JAPANESE),
    **dict.fromkeys(("外国", "外国人", "外国人住民"), Nationality.FOREIGN),
}
_NO_COUNTRY: Final = "日本人"

ITEMS: Final = {
    "addressee_number": Item(
        "宛名番号", ("宛名番号", "宛名コード", "識別番号", "住民番号"), _parses(AddresseeNumber.parse)
    ),
    "history_number": Item("履歴番号", ("履歴番号", "履歴連番", "履歴枝番", "履歴NO"), _is_history_number),
    "reason": Item("異動事由", ("異動事由", "異動事由コード", "事由", "事由コード", "異動区分"), _is_short),
    "effective": Item("異動年月日", ("異動年月日", "異動日", "消除年月日", "異動発生年月日", "消除日"), is_date),
    "notified_on": Item("届出年月日", ("届出年月日", "届出日", "異動届出年月日"), is_date),
    "name": Item("氏名", ("氏名", "漢字氏名", "氏名漢字", "日本人氏名"), _has_kanji, _HALF),
    "birth_date": Item("生年月日", ("生年月日", "出生年月日"), is_date),
    "sex": Item("性別", ("性別", "性別コード", "男女の別"), _is_short),
    "nationality": Item("国籍", ("国籍", "国籍コード", "国籍等", "日本人外国人区分", "住民種別"), _is_anything),
    "address": Item("住所", ("住所", "現住所", "最終住所"), _has_kanji, _HALF),
    "honseki": Item("本籍", ("本籍", "本籍地"), _has_kanji, _HALF),
    "individual_number": Item("個人番号", ("個人番号",), _parses(IndividualNumber.parse), by_content=True),
    "resident_record_code": Item("住民票コード", ("住民票コード",), _parses(ResidentRecordCode.parse), by_content=True),
    "kana": Item("フリガナ", ("カナ", "氏名カナ", "カナ氏名", "フリガナ", "氏名フリガナ", "かな"), _is_kana),
    "former_surname": Item("旧氏", ("旧氏", "旧氏漢字"), _has_kanji, _HALF),
    "effective_as_written": Item("異動年月日の不詳表記", ("異動年月日不詳表記", "異動日不詳表記"), _is_anything),
    "birth_date_as_written": Item("生年月日の不詳表記", ("生年月日不詳表記",), _is_anything),
    "honseki_head": Item("筆頭者", ("筆頭者", "戸籍筆頭者", "筆頭者氏名"), _has_kanji, _HALF),
    "address_municipality": Item(
        "住所の市区町村コード", ("住所市区町村コード", "市区町村コード"), _parses(MunicipalityCode.parse)
    ),
    "destination": Item("転出先", ("転出先", "転出先住所", "転出先国名", "国外転出先"), _is_anything),
    "municipality": Item("抽出した市区町村のコード", ("自治体コード", "団体コード", "市町村コード"), _is_anything),
    "as_of": Item("抽出の基準日", ("基準日", "抽出日", "抽出年月日", "作成年月日"), is_date),
}
"""In the order in which they are asked: what every extract must have stands first."""

REQUIRED: Final = frozenset(field.name for field in msgspec.structs.fields(Columns) if field.required)


def known_words(names: Iterable[str]) -> int:
    """Return how many headings are known words."""
    words = {word for item in ITEMS.values() for word in item.words}
    return sum(_plain(name) in words for name in names)


def columns(sample: Sample, like: Layout | None) -> dict[str, str]:
    """Propose a heading for each item, each heading once; items that nothing suggests are left out."""
    scored = sorted(_scores(sample, like), reverse=True)
    found: dict[str, str] = {}
    for _, field, name in scored:
        if field not in found and name not in found.values():
            found[field] = name
    return found


def _scores(sample: Sample, like: Layout | None) -> Iterator[tuple[float, str, str]]:
    theirs = like.columns.named() if like else {}
    for name in sample.names:
        tried = sample.values(name)[:_VALUES_TRIED]
        for field, item in ITEMS.items():
            score = _SAME_SYSTEM if theirs.get(field) == name else _score(name, tried, item)
            if score and field in {"reason", "municipality", "as_of"}:
                score = _of_all_lines(field, sample.values(name), score)
            if score:
                yield score, field, name


def _score(name: str, tried: list[str], item: Item) -> float:
    """Return how well a column fits an item, 0 when not at all."""
    fits = sum(bool(item.holds(text)) for text in tried)
    if fits < item.share * len(tried):
        return 0
    plain = _plain(name)
    if plain in item.words:
        return _EXACT - item.words.index(plain)
    covered = max((len(word) / len(plain) for word in item.words if word in plain), default=0.0) if plain else 0.0
    if covered >= _HALF:
        return _CONTAINED * covered
    return _BY_CONTENT if item.by_content and tried else 0


def _of_all_lines(field: str, values: list[str], score: float) -> float:
    """Judge by every line: labels are better than codes, and what the whole file is of stands in it alike."""
    if field == "reason":
        return score + _EXACT if values and all(_plain_label(value) in _LABELS for value in values) else score
    return score if len(set(values)) == 1 else 0


def reason(code: str) -> Reason | None:
    """Return the 異動事由 whose label a code is."""
    return _LABELS.get(_plain_label(code))


def sex(code: str) -> Sex | None:
    """Return what a code of the sex means by JIS X 0303, or as a word."""
    return _SEXES.get(unicodedata.normalize("NFKC", code))


def nationality(code: str) -> Nationality | None:
    """Return what a code of the nationality means, where it is Japan's or a word."""
    return _NATIONALITIES.get(unicodedata.normalize("NFKC", code))


def every_other_is_foreign(codes: Iterable[str]) -> bool:
    """Whether every other code may be proposed as foreign: countries stand in the column, Japan among them."""
    return any(nationality(code) is Nationality.JAPANESE and code != _NO_COUNTRY for code in codes)


def unknown_dates(texts: Iterable[str]) -> list[str]:
    """Return what stands for 年月日不詳 among dates and no calendar has."""
    return sorted({text for text in texts if _NO_DAY.fullmatch(text)})


def unknown_part(texts: Iterable[str]) -> str:
    """Return what stands for an unknown month or day in dates of digits; "" when nothing does."""
    parts = (_DIGITS_AT_END.search(text) for text in texts if _SYSTEM_DATE.fullmatch(text) and not _NO_DAY.match(text))
    return _UNKNOWN_PART if any(_UNKNOWN_PART in found.groups() for found in parts if found) else ""


def eras(texts: Iterable[str], today: date) -> dict[str, str]:
    """Return the codes of eras that dates of seven digits begin with; none where the usual ones make a wrong date."""
    written = [text for text in texts if _SEVEN_DIGITS.fullmatch(text)]
    used = {text[0] for text in written}
    fits = all(_has_come(text, today) for text in written)
    return {code: era for code, era in ERAS.items() if code in used} if fits and used <= ERAS.keys() else {}


def _has_come(text: str, today: date) -> bool:
    """Whether seven digits are a year of their era that has come."""
    try:
        year = date_reading.read(f"{ERAS.get(text[0], '')}{text[1:3]}年")
    except InvalidInput:
        return False
    return year.earliest <= today


def municipality(sample: Sample, column: str | None, file_name: str, known: MunicipalityTable) -> str:
    """Return the municipality that the sample or its name says it is of; "" when neither does."""
    said = [*(sample.values(column)[:1] if column else ()), *re.findall("(?<![0-9])[0-9]{6}(?![0-9])", file_name)]
    codes = (MunicipalityCode.parse(text) for text in said if _parses(MunicipalityCode.parse)(text))
    return next((str(code) for code in codes if known.history(code) and not code.is_prefecture), "")


def _plain(name: str) -> str:
    return _DECORATION.sub("", unicodedata.normalize("NFKC", name))


def _plain_label(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
