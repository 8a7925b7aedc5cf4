"""仮想の番号 — 個人番号, 住民票コード, 宛名番号 and passport numbers of people who do not exist.

Every number has the right check digit and begins in a way that is easy to look for: 個人番号 with 992, 住民票コード
with 99 or 98 (90 to 97 where the check digit is uncertain), 宛名番号 with 9 and passports with TZ. (The demo's samples
begin with 9913: the two never meet.) Between beginning and check digit stand eight digits, one for each of a hundred
million: ten series of ten million people. They are scattered by one multiplication, which no two share, because in
life neighbours have no neighbouring numbers.
"""

from enum import IntEnum
from typing import Final

from registry.domain.numbers import IndividualNumber, ResidentRecordCode, weighted_remainder

MOST_PEOPLE: Final = 10_000_000
"""People of one population: what one series of numbers holds."""

INDIVIDUAL_NUMBERS_BEGIN: Final = "992"
RECORD_CODES_BEGIN: Final = ("99", "98")
ADDRESSEE_NUMBERS_BEGIN: Final = "9"

_ROOM: Final = 100_000_000
_SCATTER: Final = 61_803_399  # odd and no multiple of five, so that each product mod 10⁸ comes once


class Series(IntEnum):
    """Whose numbers they are: each series has room for everyone of a population."""

    PERSON = 0
    BEFORE_CHANGE = 1
    """The 個人番号 and 住民票コード that a person had before they were changed."""
    SECOND_ENTRY = 2
    """The same person under a second 宛名番号."""
    FOREIGN_MEMBER = 3
    BYSTANDERS = 4
    """The first of six series of people who are none of the registry's business."""


def digits(index: int, series: int = Series.PERSON) -> str:
    """Return eight digits for person ``index`` (0 to ``MOST_PEOPLE`` − 1) that no other person or series has."""
    return f"{(series * MOST_PEOPLE + index) * _SCATTER % _ROOM:08}"


def individual_number(index: int, series: int = Series.PERSON) -> IndividualNumber:
    """Return the 個人番号 of a person."""
    middle = digits(index, series)
    return IndividualNumber(f"{INDIVIDUAL_NUMBERS_BEGIN}{middle}{_CHECK[_after(_INDIVIDUAL, middle)]}")


def resident_record_code(index: int, series: int = Series.PERSON) -> ResidentRecordCode:
    """Return the 住民票コード of a person; never one of the unverified branch of its check digit (r ≤ 1)."""
    middle = digits(index, series)
    lead, remainder = RECORD_CODES_BEGIN[0], _after(_RECORD, middle)
    if remainder <= 1:  # the 8 in 98 weighs four less than the 9 in 99, and so leads away from there
        lead, remainder = RECORD_CODES_BEGIN[1], remainder + 7
    return ResidentRecordCode(f"{lead}{middle}{_CHECK[remainder]}")


def uncertain_record_code(index: int) -> ResidentRecordCode:
    """Return a 住民票コード of the unverified branch of its check digit (r ≤ 1), other than any certain one."""
    middle = digits(index)
    remainder = _after(_RECORD, middle)
    lead = next(lead for lead in range(97, 89, -1) if (remainder - 4 * (99 - lead)) % 11 <= 1)
    return ResidentRecordCode(f"{lead}{middle}0")


def addressee_number(index: int, series: int = Series.PERSON) -> str:
    """Return the 宛名番号 of a person in whatever municipality: ten digits."""
    middle = digits(index, series)
    return f"{ADDRESSEE_NUMBERS_BEGIN}{middle}{_CHECK[_after(_ADDRESSEE, middle)]}"


def passport_number(index: int) -> str:
    """Return the passport number of a person: TZ and seven digits, as many as there are people."""
    return f"TZ{index * _SCATTER % MOST_PEOPLE:07}"


# ---------------------------------------------------------------- check digits
# The remainder of a sum is the remainder of its parts: what each pair of digits adds is worked out once.
_CHECK: Final = "00" + "".join(str(11 - remainder) for remainder in range(2, 11))
_Pairs = tuple[int, dict[str, int], dict[str, int], dict[str, int], dict[str, int]]


def _pairs(lead: str) -> _Pairs:
    """Return what the beginning and each of the four pairs of digits after it add to the weighted sum."""
    empty = "0" * len(lead)
    pairs = [f"{pair:02}" for pair in range(100)]
    first, second, third, fourth = (
        {pair: weighted_remainder(f"{empty}{'00' * place}{pair}{'00' * (3 - place)}") for pair in pairs}
        for place in range(4)
    )
    return weighted_remainder(f"{lead}00000000"), first, second, third, fourth


def _after(pairs: _Pairs, middle: str) -> int:
    lead, first, second, third, fourth = pairs
    return (lead + first[middle[:2]] + second[middle[2:4]] + third[middle[4:6]] + fourth[middle[6:]]) % 11


_INDIVIDUAL: Final = _pairs(INDIVIDUAL_NUMBERS_BEGIN)
_RECORD: Final = _pairs(RECORD_CODES_BEGIN[0])
_ADDRESSEE: Final = _pairs(ADDRESSEE_NUMBERS_BEGIN)
