"""個人番号・住民票コード・宛名番号 — numbers that identify a person: how they are checked and how they stay hidden.

Three numbers, one arithmetic: the digits before the check digit are weighted 2 to 7 from the right, again and again;
r is the sum mod 11; the check digit comes last and is 11 − r, or 0 where that is no digit.

- 個人番号, 12 digits: 番号法施行令8条, 平成26年総務省令85号5条 (r ≤ 1 → 0).
- 住民票コード, 11 digits: 住基法施行規則1条, 平成14年総務省告示436号 (r ≤ 1 is unverified, see below).
- 宛名番号, a serial of the municipality's system: 住民記録システム標準仕様書 1.1.13 (r = 0 → 0).

They are text and never integers, since zeros may lead. As r = 0 and r = 1 share a check digit, some single wrong
digits pass: a check digit that fits is never proof of identity.

A number shows itself to no log, screen or exception (番号法12条, 安全管理措置): whoever needs the digits says
``reveal()``, and that word is easy to search for.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Container
from enum import StrEnum
from itertools import cycle, islice
from operator import mul
from typing import ClassVar, Final, NoReturn, Self, final

from registry.domain.errors import Fault, FaultCode, InvalidInput

LONGEST_TEXT = 40
"""Characters; the longest number in groups of one digit has fewer. More is not looked at."""

ADDRESSEE_NUMBER_LENGTHS = range(2, 16)
"""Digits of a 宛名番号 with its check digit (unverified: systems in use have 7 to 15)."""

_DASHES = (
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\uff0d\uff70"  # dashes, the minus, and ー as the keyboard gives it
)
_AS_TYPED = str.maketrans("０１２３４５６７８９\u3000" + _DASHES, "0123456789 " + "-" * len(_DASHES))
_GROUPS = re.compile("[0-9]+(?:[ -][0-9]+)*")


class NumberReason(StrEnum):
    """Why a person has this 個人番号 from that day on (番号法7条, 施行令3条・4条)."""

    INITIAL = "initial"
    CHANGE_REQUEST = "change-request"
    EX_OFFICIO = "ex-officio"
    CORRECTION = "correction"


def read_digits(text: str) -> str | None:
    """Return the digits of a number as people write it: full-width too, with a space or hyphen between groups.

    None when anything else stands in it. Other digits of Unicode (①, ², ٣) are no way to write these numbers.
    """
    if len(text) > LONGEST_TEXT:
        return None
    if text.isascii() and text.isdigit():  # as registers and messages write them, by the million
        return text
    typed = text.translate(_AS_TYPED)
    return re.sub("[ -]", "", typed) if _GROUPS.fullmatch(typed) else None


def weighted_remainder(base: str) -> int:
    """Return r: the sum of the digits, weighted 2 to 7 from the right again and again, mod 11."""
    weighted: int = sum(map(mul, base.encode().translate(_VALUES), _WEIGHTS[-len(base) :]))
    return weighted % 11


_WEIGHTS: Final = bytes(islice(cycle(range(2, 8)), LONGEST_TEXT))[::-1]
"""2 to 7 from the right, again and again."""

_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))


def individual_number_check_digit(base: str) -> int:
    """Return the check digit of a 個人番号 whose first 11 digits are ``base`` (平成26年総務省令85号5条).

    Raises ValueError, which a caller cannot mend, when ``base`` is not 11 digits.
    """
    return _check_digit(base, lengths=(11,))


def resident_record_code_check_digit(base: str) -> int:
    """Return the check digit of a 住民票コード whose first 10 digits are ``base`` (平成14年総務省告示436号).

    For r ≤ 1 it returns 0, which no published text confirms: see :attr:`ResidentRecordCode.check_digit_uncertain`.
    Raises ValueError, which a caller cannot mend, when ``base`` is not 10 digits.
    """
    return _check_digit(base, lengths=(10,))


def addressee_number_check_digit(serial: str) -> int:
    """Return the check digit of a 宛名番号 with this serial (住民記録システム標準仕様書 1.1.13).

    For r = 1 it returns 0, as 個人番号 does (unverified: the text names r = 0 only).
    Raises ValueError, which a caller cannot mend, when ``serial`` is not 1 to 14 digits.
    """
    return _check_digit(serial, lengths=range(ADDRESSEE_NUMBER_LENGTHS.start - 1, ADDRESSEE_NUMBER_LENGTHS.stop - 1))


def _check_digit(base: str, lengths: Container[int]) -> int:
    if len(base) not in lengths or not (base.isascii() and base.isdigit()):
        raise ValueError("the base of a check digit is ASCII digits of the number's length less one")
    return _from_remainder(weighted_remainder(base))


def _from_remainder(remainder: int) -> int:
    return 0 if remainder <= 1 else 11 - remainder


class _HiddenNumber(ABC):
    """A checked number that prints without its digits, cannot be changed, ordered, pickled or copied.

    Equal to a number of the same kind with the same digits. There is no way to make an unchecked one.
    """

    __slots__ = ("_digits",)

    LENGTHS: ClassVar[Container[int]]
    EXPECTED: ClassVar[str]

    _digits: str

    def __init__(self, text: str) -> None:
        """Take the number as written; raises :class:`InvalidInput` as :meth:`parse` does."""
        digits = read_digits(text)
        if digits is None or len(digits) not in self.LENGTHS:
            raise InvalidInput(Fault(code=FaultCode.NUMBER_MALFORMED, expected=self.EXPECTED))
        if not self._fits(digits[:-1], int(digits[-1])):
            raise InvalidInput(Fault(code=FaultCode.CHECK_DIGIT, expected=self.EXPECTED))
        object.__setattr__(self, "_digits", digits)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number written in ``text``: ASCII or full-width digits, single spaces or hyphens between groups.

        Raises :class:`InvalidInput` with NUMBER_MALFORMED when it has another form or length, and with CHECK_DIGIT
        when its last digit does not follow from the others; the fault says what was expected, never what came.
        """
        return cls(text)

    @classmethod
    @abstractmethod
    def _fits(cls, base: str, last: int) -> bool:
        """Whether ``last`` may be the check digit of ``base``."""

    def reveal(self) -> str:
        """Return the digits, for sealing, search keys and the answer to someone who may have them."""
        return self._digits

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        # A width or precision would be a way to ask for part of it; every specification gets the same answer.
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._digits == other._digits

    def __hash__(self) -> int:
        return hash((type(self), self._digits))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is not pickled or copied: seal it")


@final
class IndividualNumber(_HiddenNumber):
    """個人番号 (番号法2条5項). Exists only for people with a 住民票 on or after 2015-10-05; never re-used."""

    __slots__ = ()
    LENGTHS = (12,)
    EXPECTED = "12 digits, of which the last is the check digit of the 11 before it (番号法施行令8条)"

    @classmethod
    def _fits(cls, base: str, last: int) -> bool:
        return last == _from_remainder(weighted_remainder(base))


@final
class ResidentRecordCode(_HiddenNumber):
    """住民票コード (住基法7条13号). Its holder may have it changed at will; third parties may not ask for it."""

    __slots__ = ()
    LENGTHS = (11,)
    EXPECTED = "11 digits, of which the last is the check digit of the 10 before it (住基法施行規則1条)"

    @classmethod
    def _fits(cls, base: str, last: int) -> bool:
        remainder = weighted_remainder(base)
        # Unverified branch: what r ≤ 1 gives is published nowhere, so neither 0 nor 1 is refused there.
        return last in {0, 1} if remainder <= 1 else last == _from_remainder(remainder)

    @property
    def check_digit_uncertain(self) -> bool:
        """Whether this code is of the unverified branch (r ≤ 1): accept it and warn CHECK_DIGIT_UNCERTAIN."""
        return weighted_remainder(self._digits[:-1]) <= 1


@final
class AddresseeNumber(_HiddenNumber):
    """宛名番号: a person inside one municipality's system. With the 履歴番号 it is the key of a history row."""

    __slots__ = ()
    LENGTHS = ADDRESSEE_NUMBER_LENGTHS
    EXPECTED = "2 to 15 digits, of which the last is the check digit of the serial (住民記録システム標準仕様書 1.1.13)"

    @classmethod
    def _fits(cls, base: str, last: int) -> bool:
        return last == _from_remainder(weighted_remainder(base))
