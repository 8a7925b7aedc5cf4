"""One line of an extract becomes one line of a history, or all its faults.

氏名 stands in one cell, family name and given name with a full-width space between them. A blank 個人番号 (who left
before 2015-10-05) and a blank 住民票コード (usual on a 除票) are normal. A blank 国籍 says nothing: then nobody knows
whether the person may be collected, and undecided means no.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, TypeVar

import msgspec

from municipality_sync.agent.extract import ReadLine
from municipality_sync.agent.findings import Findings, LineFault
from municipality_sync.agent.layout import EVERY_OTHER, Layout, Nationality
from registry.domain import date_reading
from registry.domain.basic_four import AddressInJapan, Honseki, PersonName, Sex
from registry.domain.dates import IncompleteDate
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import HistoryLine

T = TypeVar("T")

_BETWEEN_NAMES: Final = re.compile("[\u3000 ]")
_EIGHT_DIGITS: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


class StatedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a history with what the registry need not know: its place in the file and the nationality."""

    number: int
    nationality: Nationality | None
    line: HistoryLine


def state(read: ReadLine, layout: Layout, findings: Findings) -> StatedLine | None:
    """Read the cells of one line; None when any is faulty, and then every fault of the line is in ``findings``."""
    cells = _Cells(read, layout, findings)
    history_number = cells.take("history_number", _history_number)
    reason = cells.take("reason", _coded(layout.reasons, "[reasons]"))
    effective = cells.take("effective", lambda text: _date(text, layout))
    notified_on = cells.take("notified_on", lambda text: _day(text, layout))
    birth_date = cells.take("birth_date", lambda text: _date(text, layout))
    sex = cells.take_if_any("sex", _coded(layout.sexes, "[sexes]"))
    every_other = layout.nationalities.get(EVERY_OTHER)
    nationality = cells.take_if_any("nationality", _coded(layout.nationalities, "[nationalities]", every_other))
    individual_number = cells.take_if_any("individual_number", IndividualNumber.parse)
    resident_record_code = cells.take_if_any("resident_record_code", ResidentRecordCode.parse)
    municipality = cells.take_if_any("address_municipality", MunicipalityCode.parse)
    if cells.are_faulty or not (history_number and reason and effective and notified_on and birth_date):
        return None
    line = HistoryLine(
        history_number=history_number,
        reason=reason,
        effective=effective,
        notified_on=notified_on,
        name=_name(cells),
        birth_date=birth_date,
        sex=sex or Sex.UNKNOWN,
        address=AddressInJapan(municipality=municipality or layout.municipality, text=cells.text("address")),
        honseki=_honseki(cells),
        individual_number=individual_number,
        resident_record_code=resident_record_code,
        destination=cells.text("destination"),
    )
    return StatedLine(number=read.number, nationality=nationality, line=line)


class _Cells:
    """Reads the cells of one line and goes on after a fault, so that all come out at once."""

    def __init__(self, read: ReadLine, layout: Layout, findings: Findings) -> None:
        self._read = read
        self._layout = layout
        self._findings = findings
        self.are_faulty = False

    def text(self, field: str) -> str:
        """Return a cell as written; "" where the extract has no such column."""
        return self._read.cells.get(field, "")

    def take(self, field: str, reader: Callable[[str], T]) -> T | None:
        """Read a cell that must not be blank; None after a fault."""
        try:
            if not self.text(field).strip():
                raise _refused(FaultCode.MISSING, "a value in this column")
            return reader(self.text(field).strip())
        except InvalidInput as refused:
            for fault in refused.faults:
                self._add(field, fault)
        return None

    def take_if_any(self, field: str, reader: Callable[[str], T]) -> T | None:
        """Read a cell that may be blank; None when it is, and after a fault."""
        return self.take(field, reader) if self.text(field).strip() else None

    def _add(self, field: str, fault: Fault) -> None:
        self.are_faulty = True
        column = self._layout.columns.named()[field]
        place = LineFault(line=self._read.number, column=column, code=fault.code, expected=fault.expected)
        self._findings.add(place)


def _refused(code: FaultCode, expected: str) -> InvalidInput:
    return InvalidInput(Fault(code=code, expected=expected))


def _coded(table: Mapping[str, T], name: str, otherwise: T | None = None) -> Callable[[str], T]:
    """Return a reader of the municipality's codes in one table; ``otherwise`` is what every other code means."""

    def read(code: str) -> T:
        meaning = table.get(code, otherwise)
        if meaning is None:
            raise _refused(FaultCode.CODE_UNKNOWN, f"a code that stands in {name} of the layout")
        return meaning

    return read


def _history_number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) == 0:
        raise _refused(FaultCode.NUMBER_MALFORMED, "a 履歴番号 from 1 to 99999")
    return int(text)


def _date(text: str, layout: Layout) -> IncompleteDate:
    """Read a date with the system's own habits for what is unknown."""
    if text in layout.unknown_dates:
        return IncompleteDate.unknown()
    parts = _EIGHT_DIGITS.fullmatch(text)
    if parts is not None and layout.unknown_part in parts.groups()[1:]:
        year, *others = parts.groups()
        text = year + "".join("00" if part == layout.unknown_part else part for part in others)
    return date_reading.read(text)


def _day(text: str, layout: Layout) -> date:
    day = _date(text, layout).day
    if day is None:
        raise _refused(FaultCode.DATE_REQUIRED_COMPLETE, "a complete date: an office knows when it was notified")
    return day


def _name(cells: _Cells) -> PersonName:
    surname, given = _two_parts(cells.text("name"))
    surname_kana, given_kana = _two_parts(cells.text("kana"))
    return PersonName(
        surname=surname,
        given=given,
        surname_kana=surname_kana,
        given_kana=given_kana,
        former_surname=cells.text("former_surname").strip(),
    )


def _two_parts(text: str) -> tuple[str, str]:
    """Split at the first space; a name without one stands in the first part as a whole."""
    first, *rest = _BETWEEN_NAMES.split(text.strip(), maxsplit=1)
    return first, rest[0].strip() if rest else ""


def _honseki(cells: _Cells) -> Honseki | None:
    text = cells.text("honseki").strip()
    return Honseki(text=text, head=cells.text("honseki_head").strip()) if text else None
