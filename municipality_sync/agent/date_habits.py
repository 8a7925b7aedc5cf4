"""年月日の書き方 — how municipal systems write dates besides the ways in which people do.

People's ways, complete or not, are read by ``registry.domain.date_reading``. Systems add their own: seven digits that
begin with a code of the era (3600307), the era's initial before six digits (S600307), two digits of their own for an
unknown month or day, one number for 年月日不詳, and a midnight behind the day where a date was kept as a time. None of
them is guessed: codes of eras and the signs for what is unknown stand in the layout.

Some write a day for those who have none (みなし日), and beside it what the register really says (不詳表記). Where a
layout names that column, it speaks and the made-up day is passed over.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from municipality_sync.agent.layout import Layout
from registry.domain import date_reading
from registry.domain.dates import IncompleteDate

_EIGHT_DIGITS: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CODE_OF_ERA: Final = re.compile(r"([0-9])([0-9]{2})([0-9]{2})([0-9]{2})")
_SIGN_OF_ERA: Final = re.compile(r"([MTSHR明大昭平令]|明治|大正|昭和|平成|令和)([0-9]{2})([0-9]{2})([0-9]{2})")
_MIDNIGHT: Final = re.compile(r"[ T]00?:00(?::00(?:\.0+)?)?$")
_UNKNOWN_PART: Final = "00"

_read = lru_cache(maxsize=4_096)(date_reading.read)  # the same days come back in thousands of lines


def read_date(text: str, layout: Layout) -> IncompleteDate:
    """Read a date as the system of ``layout`` writes it; raises InvalidInput as ``date_reading.read`` does."""
    if text in layout.unknown_dates:
        return IncompleteDate.unknown()
    return _read(_in_known_words(_MIDNIGHT.sub("", text), layout))


def _in_known_words(text: str, layout: Layout) -> str:
    """Return a system's form of a date in one that everybody reads; any other text as it stands."""
    plain = unicodedata.normalize("NFKC", text)
    if found := _EIGHT_DIGITS.fullmatch(plain):
        year, *others = found.groups()
        return year + "".join(_part(part, layout) for part in others) if layout.unknown_part in others else text
    found = _CODE_OF_ERA.fullmatch(plain) or _SIGN_OF_ERA.fullmatch(plain)
    era = found and (layout.eras.get(found[1]) if found[1].isdecimal() else found[1])
    if not found or not era:
        return text
    return f"{era}{found[2]}.{_part(found[3], layout)}.{_part(found[4], layout)}"


def _part(part: str, layout: Layout) -> str:
    return _UNKNOWN_PART if part == layout.unknown_part else part
