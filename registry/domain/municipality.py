"""地方公共団体 — which municipality had which code and name on a day, and who keeps its records today.

全国地方公共団体コード (JIS X 0401 + 0402): two digits of the prefecture, three of the municipality, a check digit.
A 最終住所地 is often a municipality that no longer exists; its records went to one or several successors, which may
themselves have merged since. So no code that was ever valid is wrong on a day when it was, and a code that this table
does not know is *unknown*, which is less than wrong: whoever asks decides.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from itertools import chain, pairwise
from typing import NoReturn, Self, final

import msgspec

from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.numbers import read_digits, weighted_remainder

CODE_LENGTH = 6
EXPECTED_CODE = "a 6-digit 全国地方公共団体コード, of which the last digit is the check digit of the 5 before it"


def municipality_check_digit(base: str) -> int:
    """Return the check digit of a 全国地方公共団体コード whose first 5 digits are ``base``.

    It is the last digit of 11 − r: r = 0 gives 1 and r = 1 gives 0, unlike 個人番号 (JIS X 0402).
    Raises ValueError, which a caller cannot mend, when ``base`` is not 5 digits.
    """
    if len(base) != CODE_LENGTH - 1 or not (base.isascii() and base.isdigit()):
        raise ValueError("the base of a municipality's check digit is 5 ASCII digits")
    return (11 - weighted_remainder(base)) % 10


@final
class MunicipalityCode:
    """A 全国地方公共団体コード whose check digit fits. Public data: it prints as it is, and sorts by prefecture."""

    __slots__ = ("_digits",)

    _digits: str

    def __init__(self, text: str) -> None:
        """Take the code as written; raises :class:`InvalidInput` as :meth:`parse` does."""
        digits = read_digits(text)
        if digits is None or len(digits) != CODE_LENGTH:
            raise InvalidInput(Fault(code=FaultCode.NUMBER_MALFORMED, expected=EXPECTED_CODE))
        if int(digits[-1]) != municipality_check_digit(digits[:-1]):
            raise InvalidInput(Fault(code=FaultCode.CHECK_DIGIT, expected=EXPECTED_CODE))
        object.__setattr__(self, "_digits", digits)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the code written in ``text``: ASCII or full-width digits, single spaces or hyphens between groups.

        Raises :class:`InvalidInput` with NUMBER_MALFORMED or CHECK_DIGIT. Whether such a municipality ever existed
        is another question: see :meth:`MunicipalityTable.status`.
        """
        return cls(text)

    @property
    def is_prefecture(self) -> bool:
        """Whether this is the code of a 都道府県, which keeps no 住民基本台帳."""
        return self._digits[2:5] == "000"

    def __str__(self) -> str:
        return self._digits

    def __repr__(self) -> str:
        return f"MunicipalityCode({self._digits!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MunicipalityCode):
            return NotImplemented
        return self._digits == other._digits

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, MunicipalityCode):
            return NotImplemented
        return self._digits < other._digits

    def __hash__(self) -> int:
        return hash(self._digits)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a MunicipalityCode cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a MunicipalityCode cannot be changed")


class Municipality(msgspec.Struct, frozen=True, kw_only=True):
    """A municipality under one code and one name, from ``valid_from`` until the day before ``valid_to``.

    None as a limit: before the table begins; not ended yet. ``successors`` took over its territory and records on
    ``valid_to``: several after a split, its own code after a mere change of name. ``city`` is the 指定都市 of which
    this is a ward (行政区), None for anything else. ``name`` is empty for the prefecture itself.
    """

    code: MunicipalityCode
    prefecture: str
    name: str
    name_kana: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[MunicipalityCode, ...] = ()
    city: MunicipalityCode | None = None

    def valid_on(self, day: date) -> bool:
        """Whether it existed under this code and name on that day."""
        return (self.valid_from is None or self.valid_from <= day) and not self.ended_by(day)

    def ended_by(self, day: date) -> bool:
        """Whether it had ended, under this code and name, on that day or before."""
        return self.valid_to is not None and self.valid_to <= day


VIRTUAL_MUNICIPALITY = Municipality(
    code=MunicipalityCode("902012"), prefecture="国外", name="在外邦人登録", name_kana="ザイガイホウジントウロク"
)
"""This registry itself, as one municipality on top of all who live abroad.

The code is our own assignment: JIS X 0401 numbers prefectures 01 to 47, so 90 collides with none, and 201 is the place
of a first city. It never stands in a table: nobody's 最終住所地 is the registry.
"""


class CodeStatus(StrEnum):
    """What a table says of a code on a day."""

    VALID = "valid"
    ABOLISHED = "abolished"
    NOT_YET = "not-yet"
    UNKNOWN = "unknown"


@final
class MunicipalityTable:
    """Every municipality that the code tables know, through time. Does not change once built.

    Rows of one code follow one another without overlap. Wards of designated cities are rows like any other.
    """

    def __init__(self, rows: Iterable[Municipality]) -> None:
        """Take the rows in any order; raises ValueError when two of one code overlap or one ends before it begins."""
        by_code: dict[MunicipalityCode, list[Municipality]] = {}
        for row in rows:
            by_code.setdefault(row.code, []).append(row)
        self._history = {code: _in_order(history) for code, history in by_code.items()}

    def __iter__(self) -> Iterator[Municipality]:
        return chain.from_iterable(self._history.values())

    def history(self, code: MunicipalityCode) -> tuple[Municipality, ...]:
        """Return everything known under a code, oldest first; nothing for a code never known."""
        return self._history.get(code, ())

    def find(self, code: MunicipalityCode, on: date) -> Municipality | None:
        """Return the municipality that had this code on that day, with the name it had; None if there was none."""
        return next((row for row in self.history(code) if row.valid_on(on)), None)

    def status(self, code: MunicipalityCode, on: date) -> CodeStatus:
        """Return whether a code was valid on that day; ABOLISHED also in a gap before it was given out again."""
        history = self.history(code)
        if not history:
            return CodeStatus.UNKNOWN
        if self.find(code, on):
            return CodeStatus.VALID
        return CodeStatus.ABOLISHED if history[0].ended_by(on) else CodeStatus.NOT_YET

    def successors(self, code: MunicipalityCode, *, since: date, on: date) -> tuple[MunicipalityCode, ...]:
        """Return who keeps, ``on`` one day, the records of those who left the municipality of this code on ``since``.

        The code itself while the municipality stands; else its successors and theirs, in order, several after a
        split. A ward keeps the 住民基本台帳 as if it were a city (住基法38条), and its city answers for it: both are
        named. Empty when the code was unknown or not yet valid, or when the table does not say who took over.
        A ``since`` after the municipality ended is read as its last day: registers go on using a code for a while.
        """
        started = [row for row in self.history(code) if row.valid_from is None or row.valid_from <= since]
        keepers = self._keepers(started[-1], on) if started else set()
        rows = (self.find(code, on) for code in keepers)
        return tuple(sorted(keepers | {row.city for row in rows if row is not None and row.city is not None}))

    def _keepers(self, row: Municipality, on: date) -> set[MunicipalityCode]:
        """Follow the successions from ``row`` up to the day ``on``.

        It comes to an end: an heir is valid on the day ``row`` ended, so its own end lies later.
        """
        if row.valid_to is None or row.valid_to > on:
            return {row.code}
        heirs = [self.find(code, row.valid_to) for code in row.successors]
        return {keeper for heir in heirs if heir is not None for keeper in self._keepers(heir, on)}


def _in_order(history: list[Municipality]) -> tuple[Municipality, ...]:
    """Return the rows of one code by their beginning, or say that they contradict each other."""
    ordered = sorted(history, key=lambda row: row.valid_from or date.min)
    if any(row.valid_from and row.ended_by(row.valid_from) for row in ordered):
        raise ValueError(f"{ordered[0].code}: a row ends before it begins")
    for earlier, later in pairwise(ordered):
        if later.valid_from is None or not earlier.ended_by(later.valid_from):
            raise ValueError(f"{later.code}: two rows overlap")
    return tuple(ordered)
