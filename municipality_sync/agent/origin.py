"""Whose extract a file is, and of which month: what its name and its lines say, held against what is expected.

A file of another town sent under this one's name puts strangers' 除票 under foreign 宛名番号; one of an earlier month
would take back what was corrected since. Both look like any other file. So where a layout names the form of the file
name, or a column of the municipality or of the day (基準日), they are read, and one that does not fit stops the file:

(1) the municipality is that of the layout;
(2) the month is the same in the name and in every line, and not a coming one;
(3) it is the month that was asked for (``--month``); where none was, it is not before the last one sent.
"""

import re
import unicodedata
from datetime import date
from typing import Final

from municipality_sync.agent.date_habits import read_date
from municipality_sync.agent.findings import ExtractUnreadable, FileFault, LineFault
from municipality_sync.agent.layout import Layout
from registry.domain.errors import FaultCode, InvalidInput

THE_FILE_ITSELF: Final = 0
"""Line of a fault that lies in no line: its name, or what the file as a whole should say."""

_PLACES: Final = {
    r"\*": ".*",
    r"\{municipality\}": "(?P<municipality>[0-9]{5,6})",
    r"\{as_of\}": "(?P<as_of>[0-9]{6}(?:[0-9]{2})?)",
}
_YEAR_AND_MONTH: Final = re.compile("([0-9]{4})([0-9]{2})")
_CODE_WITHOUT_CHECK_DIGIT: Final = 5


class Origin:
    """What is known of one file's origin; ``month`` is like 2025-03, and None while nothing has said it."""

    def __init__(self, layout: Layout, *, today: date, asked: str | None = None) -> None:
        """Expect the layout's municipality and, if ``asked`` is a month, that one. ``today`` is the day in Japan."""
        self.month: str | None = None
        self.asked = asked
        self._layout = layout
        self._this_month = _month(today)

    @staticmethod
    def can_be_told(layout: Layout) -> bool:
        """Whether a layout says where an extract names its month."""
        return layout.columns.as_of is not None or "{as_of}" in layout.file_name

    def see_name(self, name: str) -> None:
        """Read the file's name; raises ExtractUnreadable where the layout has a form of it that does not fit."""
        form = self._layout.file_name
        if not form:
            return
        found = re.fullmatch(_pattern(form), unicodedata.normalize("NFC", name))
        if found is None:
            raise _stopped(THE_FILE_ITSELF, "", FileFault.OTHER_FILE_NAME, f"a name of the form {form}")
        said = found.groupdict()
        self._see(THE_FILE_ITSELF, "", said.get("municipality"), said.get("as_of"))

    def see_line(self, number: int, cells: dict[str, str]) -> None:
        """Read what a line says of its origin; raises ExtractUnreadable where that does not fit."""
        columns = self._layout.columns
        if columns.municipality is not None:
            self._see(number, columns.municipality, cells["municipality"].strip(), None)
        if columns.as_of is not None:
            self._see(number, columns.as_of, None, cells["as_of"].strip())

    def not_before(self, last: str | None) -> None:
        """Raise ExtractUnreadable when the month is before the ``last`` one sent, unless it was asked for."""
        if last and self.month and self.month < last and not self.asked:
            expected = f"{last} or later, because that was sent already; the file is of {self.month}"
            raise _stopped(THE_FILE_ITSELF, "", FileFault.OTHER_MONTH, expected)

    def _see(self, line: int, column: str, municipality: str | None, as_of: str | None) -> None:
        if municipality is not None and not self._is_ours(municipality):
            raise _stopped(line, column, FileFault.OTHER_MUNICIPALITY, f"{self._layout.municipality}, as in the layout")
        if as_of is not None:
            self._see_month(line, column, self._month_in(as_of, line, column))

    def _is_ours(self, code: str) -> bool:
        ours = str(self._layout.municipality)
        return code in {ours, ours[:_CODE_WITHOUT_CHECK_DIGIT]}

    def _month_in(self, text: str, line: int, column: str) -> str:
        found = _YEAR_AND_MONTH.fullmatch(text)
        try:
            day = read_date(f"{found[1]}-{found[2]}-00" if found else text, self._layout)
        except InvalidInput as refused:
            raise _stopped(line, column, refused.faults[0].code, refused.faults[0].expected) from None
        if _month(day.earliest) != _month(day.latest):
            raise _stopped(line, column, FaultCode.DATE_REQUIRED_COMPLETE, "a day, or a month of a year")
        return _month(day.earliest)

    def _see_month(self, line: int, column: str, month: str) -> None:
        if self.month not in {None, month}:
            expected = f"{self.month}, as the file says before; one extract is of one month"
            raise _stopped(line, column, FileFault.OTHER_MONTH, expected)
        if month > self._this_month:
            raise _stopped(line, column, FileFault.OTHER_MONTH, f"{self._this_month} or earlier; this says {month}")
        if self.asked and month != self.asked:
            expected = f"{self.asked}, as asked for; the file is of {month}"
            raise _stopped(line, column, FileFault.OTHER_MONTH, expected)
        self.month = month


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _pattern(form: str) -> str:
    """Return the form of a file name as a regular expression; each place may stand in it once."""
    pattern = re.escape(unicodedata.normalize("NFC", form))
    for place, read in _PLACES.items():
        pattern = pattern.replace(place, read)
    return pattern


def _stopped(line: int, column: str, code: FileFault | FaultCode, expected: str) -> ExtractUnreadable:
    return ExtractUnreadable(LineFault(line=line, column=column, code=code, expected=expected))
