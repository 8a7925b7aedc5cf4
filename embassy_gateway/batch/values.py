"""What one cell says: codes by the map, dates in the forms that the registry reads, everything else as it stands.

Nothing is calculated: a formula in a cell is a fault, for what its writer saw is not what the file holds.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from embassy_gateway.batch.fields import COMPLETE_DATES, DATES, NEVER_WITH_QUESTION_MARK, TELEPHONES
from embassy_gateway.batch.findings import FileFault
from embassy_gateway.batch.map_file import Map
from registry.code_tables.files import Country
from registry.domain.date_reading import read as read_date
from registry.domain.dates import Precision
from registry.domain.errors import FaultCode, InvalidInput

_FORMULA: Final = re.compile(r"[=＝@＠+＋\-－]|#(?:#+|N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_TELEPHONE: Final = re.compile(r"\+[0-9(][0-9 ()./\-]*(?:[^0-9 ()./\-=+*!].*)?", re.DOTALL)
_LOST: Final = re.compile("[?？〓\ufffd\ue000-\uf8ff]")  # 外字 too: what it stands for, only its own machine knows
_TIME_OF_DAY: Final = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(?::[0-9.]+)?Z?$")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_UNKNOWN_DATE: Final = "年月日不詳"


class NoValue(Exception):  # noqa: N818 - caught by its reader, where it becomes a fault
    """The cell says nothing that the registry could read."""

    def __init__(self, code: FileFault | FaultCode, expected: str) -> None:
        super().__init__()
        self.code = code
        self.expected = expected


class Reader:
    """Reads cells by one map; countries may stand as the codes or names of the table."""

    def __init__(self, map_: Map, countries: Mapping[str, Country]) -> None:
        self._map = map_
        self._codes: dict[str, Mapping[str, Any]] = {
            "kind": _folded(map_.kinds),
            "sex": _folded(map_.sexes),
            "country": _folded(map_.countries),
            "nationality": _folded(map_.nationalities),
            "mission": _folded(map_.missions),
            "came_from": _folded(map_.missions),
            "born_abroad": _folded(map_.born_abroad),
            "name_change": _folded(map_.name_changes),
            "retention_needed": _folded(map_.retention_needed),
            "reported_by": _folded(map_.reporters),
        }
        self._countries = {
            _fold(name): alpha_2
            for alpha_2, one in countries.items()
            for name in (alpha_2, one.alpha_3, one.name_en, one.name_ja)
        }

    def nationality(self, text: str) -> str:
        """Return the country of a nationality, a blank by what the map says of blanks; raises :class:`NoValue`."""
        found: str | None = self._code("nationality", text)
        if found is None:
            raise NoValue(FaultCode.CODE_UNKNOWN, "a country in two letters (ISO 3166-1) or by its name; or in the map")
        return found

    def value(self, field: str, text: str) -> object:
        """Return what a cell that is not blank says, as the report writes it; None when it means nothing is said.

        Raises :class:`NoValue`.
        """
        if field in self._codes:
            return self._coded(field, text)
        if field in DATES:
            return self._date(field, text)
        _refuse_formula(field, text)
        if field in NEVER_WITH_QUESTION_MARK and _LOST.search(text):
            raise NoValue(FileFault.CHARACTER_LOST, "the character itself, in a file saved as UTF-8")
        if field == "passport_number":
            return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
        return text

    def _coded(self, field: str, text: str) -> object:
        found = self._code(field, text)
        if found is not None:
            return found
        if field in {"mission", "came_from"}:
            _refuse_formula(field, text)
            return text  # the code of a mission needs no map; the intake knows them all
        raise NoValue(FaultCode.CODE_UNKNOWN, f"a code that the form or the map knows for {field}")

    def _code(self, field: str, text: str) -> Any:
        code = _fold(text)
        found = self._codes[field].get(code)
        if found is None and field in {"country", "nationality"}:
            return self._countries.get(code)
        return found

    def _date(self, field: str, text: str) -> str | None:
        plain = _TIME_OF_DAY.sub("", unicodedata.normalize("NFKC", text)) if ":" in text or "：" in text else text
        if text in self._map.unknown_dates:
            return _UNKNOWN_DATE
        if field == "planned_end" and text in self._map.open_ended:
            return None
        in_order = self._year_first(plain)
        try:
            read = read_date(in_order)
        except InvalidInput as refused:
            fault = refused.faults[0]
            raise NoValue(fault.code, fault.expected) from None
        if field not in COMPLETE_DATES:
            return in_order
        if read.precision is not Precision.DAY or read.earliest != read.latest:
            raise NoValue(FaultCode.DATE_REQUIRED_COMPLETE, "year, month and day")
        return read.earliest.isoformat()

    def _year_first(self, text: str) -> str:
        """Write a date whose year stands last as the registry reads it, by the order that the map names."""
        found = _YEAR_LAST.fullmatch(unicodedata.normalize("NFKC", text))
        if found is None or self._map.date_order == "ymd":
            return text
        day, month = (found[1], found[2]) if self._map.date_order == "dmy" else (found[2], found[1])
        return f"{found[3]}-{month:0>2}-{day:0>2}"


def _refuse_formula(field: str, text: str) -> None:
    if _FORMULA.match(text) and not (field == "replaces" and text.startswith("#") and text[1:].isdecimal()):
        if field in TELEPHONES and _TELEPHONE.fullmatch(text):
            return
        raise NoValue(FileFault.FORMULA, "the value itself as text")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _folded(codes: Mapping[str, Any]) -> dict[str, Any]:
    return {_fold(code): value for code, value in codes.items()}
