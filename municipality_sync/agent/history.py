"""One line of an extract becomes one line of a history, or all its faults.

氏名 stands in one cell, family name and given name with a full-width space between them. A blank 個人番号 (who left
before 2015-10-05) and a blank 住民票コード (usual on a 除票) are normal. A blank 国籍 says nothing: then nobody knows
whether the person may be collected, and undecided means no. What is doubtful in a text (``characters``) goes along.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from municipality_sync.agent.characters import doubts
from municipality_sync.agent.date_habits import read_date
from municipality_sync.agent.extract import ReadLine
from municipality_sync.agent.findings import Findings, LineFault
from municipality_sync.agent.layout import EVERY_OTHER, Layout, Nationality
from registry.domain.basic_four import AddressInJapan, Honseki, PersonName, Sex
from registry.domain.dates import IncompleteDate
from registry.domain.errors import Fault, FaultCode, InvalidInput, Severity
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import HistoryLine

T = TypeVar("T")

_BETWEEN_NAMES: Final = re.compile("[\u3000 ]")
_TEXTS: Final = ("name", "kana", "former_surname", "address", "honseki", "honseki_head", "destination")

_municipality = lru_cache(maxsize=256)(MunicipalityCode.parse)  # a few codes stand in every line


class StatedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a history with what the registry need not know: its place in the file, nationality, and doubts."""

    number: int
    nationality: Nationality | None
    line: HistoryLine
    warnings: tuple[LineFault, ...] = ()


def state(read: ReadLine, layout: Layout, findings: Findings) -> StatedLine | None:
    """Read the cells of one line; None when any is faulty, and then every fault of the line is in ``findings``."""
    cells = _Cells(read, layout, findings)
    history_number = cells.take("history_number", _history_number)
    reason = cells.code("reason", layout.reasons, "[reasons]")
    effective = cells.date("effective")
    notified_on = cells.take("notified_on", lambda text: _day(text, layout))
    birth_date = cells.date("birth_date")
    sex = cells.code_if_any("sex", layout.sexes, "[sexes]")
    nationality = cells.code_if_any("nationality", layout.nationalities, "[nationalities]")
    individual_number = cells.take_if_any("individual_number", IndividualNumber.parse)
    resident_record_code = cells.take_if_any("resident_record_code", ResidentRecordCode.parse)
    municipality = cells.take_if_any("address_municipality", _municipality)
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
    return StatedLine(number=read.number, nationality=nationality, line=line, warnings=tuple(cells.doubts()))


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

    def date(self, field: str) -> IncompleteDate | None:
        """Read a date that must not be blank; what the register says of it (不詳表記) goes before the day beside it."""
        as_written = f"{field}_as_written"
        given = as_written if self.text(as_written).strip() else field
        return self.take(given, lambda text: read_date(text, self._layout))

    def code(self, field: str, table: Mapping[str, T], name: str) -> T | None:
        """Read a code of the municipality that must not be blank; "*" in its table is what every other code means."""

        def read(code: str) -> T:
            meaning = table.get(code, table.get(EVERY_OTHER))
            if meaning is None:
                column = self._layout.columns.named()[field]
                self._findings.note_unknown_code(column, code, self.text("addressee_number"))
                raise _refused(FaultCode.CODE_UNKNOWN, f"a code that stands in {name} of the layout")
            return meaning

        return self.take(field, read)

    def code_if_any(self, field: str, table: Mapping[str, T], name: str) -> T | None:
        """Read a code that may be blank."""
        return self.code(field, table, name) if self.text(field).strip() else None

    def doubts(self) -> Iterator[LineFault]:
        """Yield what is doubtful in the texts that are taken as they stand."""
        for field in _TEXTS:
            for code, expected in doubts(self.text(field)):
                column = self._layout.columns.named()[field]
                yield LineFault(
                    line=self._read.number, column=column, code=code, expected=expected, severity=Severity.WARNING
                )

    def _add(self, field: str, fault: Fault) -> None:
        self.are_faulty = True
        column = self._layout.columns.named()[field]
        place = LineFault(line=self._read.number, column=column, code=fault.code, expected=fault.expected)
        self._findings.add(place)


def _refused(code: FaultCode, expected: str) -> InvalidInput:
    return InvalidInput(Fault(code=code, expected=expected))


def _history_number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) == 0:
        raise _refused(FaultCode.NUMBER_MALFORMED, "a 履歴番号 from 1 to 99999")
    return int(text)


def _day(text: str, layout: Layout) -> date:
    day = read_date(text, layout).day
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
