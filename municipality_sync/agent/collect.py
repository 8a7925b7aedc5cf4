"""Who of an extract may leave the town hall, and as what: lines become 除票, and everyone else stays and is counted.

番号法19条・20条 forbid collecting anyone but those whom the registry is there for: Japanese nationals whose 消除事由 is
国外転出. Two histories more concern it, because it may have been told of them before: one that corrects the 除票, and
one in which the 国外転出 was taken back. Who came back by a new 転入 is a resident again, and stays.

The registry's own rules are held against every 除票 here, in the words of the wire, so that no fault of one person ever
turns back the part in which others travel.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

import msgspec

from municipality_sync.agent.extract import Extract, PersonLines
from municipality_sync.agent.findings import Findings, LineFault
from municipality_sync.agent.history import StatedLine, state
from municipality_sync.agent.layout import Layout, Nationality
from registry.contract.decoding import decode, encode
from registry.domain import removed_record
from registry.domain.basic_four import Honseki
from registry.domain.errors import Fault, FaultCode, InvalidInput, Severity
from registry.domain.municipality import MunicipalityTable
from registry.domain.removed_record import Collection, Reason, RemovedRecord

_TAKES_BACK: Final = frozenset({Reason.REMOVAL_UNDONE_DECREASE, Reason.UNDONE_INCREASE})

_COLUMN_OF: Final = {
    ("name", "surname_kana"): "kana",
    ("name", "given_kana"): "kana",
    ("name", "former_surname"): "former_surname",
    ("address", "municipality"): "address_municipality",
    ("honseki", "head"): "honseki_head",
}
"""Items of a history line that stand in a column of their own; every other item is its own column."""

_LINE_DEPTH: Final = 3
_SHORT: Final = 100  # characters; no item of a name, address or 本籍 has a lower limit
_NO_HONSEKI: Final = Honseki(text="")


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What 除票 are held against: the list of municipalities, and the day it is in Japan."""

    municipalities: MunicipalityTable
    today: date


class Collectable(msgspec.Struct, frozen=True, kw_only=True):
    """One 除票 that may be sent: the record, the line of the file behind each of its lines, its bytes on the wire."""

    record: RemovedRecord
    numbers: tuple[int, ...]
    size: int

    def place(self, fault: Fault, layout: Layout) -> LineFault:
        """Return a fault of the record as one of the file: its line and column.

        ``fault.pointer`` leads into the record, as ``/lines/2/birth_date``.
        """
        steps = fault.pointer.split("/")[1:]
        columns = layout.columns.named()
        line, column = self.numbers[0], columns["addressee_number"]
        if len(steps) >= _LINE_DEPTH and steps[1].isdecimal() and int(steps[1]) < len(self.numbers):
            line = self.numbers[int(steps[1])]
            item, part = steps[2], steps[3] if len(steps) > _LINE_DEPTH else ""
            column = columns.get(_COLUMN_OF.get((item, part), item), columns.get(item, ""))
        return LineFault(line=line, column=column, code=fault.code, expected=fault.expected, severity=fault.severity)


def collectable(extract: Extract, findings: Findings, rules: Rules) -> Iterator[Collectable]:
    """Yield the 除票 that may be sent; count in ``findings`` who is held back by a fault and who stays, and why.

    The same file, layout and rules give the same 除票 in the same order. Raises ExtractUnreadable as the extract.
    """
    for person in extract.people(findings):
        stated = _stated(person, extract.layout, findings)
        if stated is None:
            findings.held_back += 1
            continue
        kept = _ours(stated)
        found = _joined(person, kept, extract.layout)
        decision = _decide(found.record, stated[-1].nationality)
        if decision is not Collection.COLLECT:
            findings.stays[decision] += 1
            continue
        faults = tuple(_faults(found.record, rules))
        findings.add_all(found.place(fault, extract.layout) for fault in faults)
        findings.add_all(doubt for one in kept for doubt in one.warnings)
        if any(fault.severity is Severity.ERROR for fault in faults):
            findings.held_back += 1
            continue
        findings.to_send += 1
        findings.lines_to_send += len(found.numbers)
        yield found


def _stated(person: PersonLines, layout: Layout, findings: Findings) -> tuple[StatedLine, ...] | None:
    """Read a person's lines and put them in the order of their 履歴番号; None when any of them is faulty."""
    lines = [state(line, layout, findings) for line in person.lines]
    good = sorted((line for line in lines if line is not None), key=lambda one: one.line.history_number)
    doubled = [later for one, later in pairwise(good) if one.line.history_number == later.line.history_number]
    findings.add_all(
        LineFault(
            line=one.number,
            column=layout.columns.history_number,
            code=FaultCode.DUPLICATE,
            expected="each 履歴番号 once for one person",
        )
        for one in doubled
    )
    is_whole = good and len(good) == len(lines) and not doubled and not person.is_faulty
    return tuple(good) if is_whole else None


def _ours(stated: tuple[StatedLine, ...]) -> tuple[StatedLine, ...]:
    """Leave out the lines from before a naturalisation: they speak of a foreign national and stay."""
    return tuple(one for one in stated if one.nationality is not Nationality.FOREIGN) or stated


def _joined(person: PersonLines, kept: tuple[StatedLine, ...], layout: Layout) -> Collectable:
    record = RemovedRecord(
        municipality=layout.municipality,
        addressee_number=person.addressee_number,
        lines=tuple(one.line for one in kept),
    )
    return Collectable(record=record, numbers=tuple(one.number for one in kept), size=len(encode(record)))


def _decide(record: RemovedRecord, nationality: Nationality | None) -> Collection:
    """Hold a history against 番号法19条; ``nationality`` as the last line says it."""
    return removed_record.may_be_collected(
        is_japanese=None if nationality is None else nationality is Nationality.JAPANESE,
        moved_abroad=_moved_abroad(record),
    )


def _moved_abroad(record: RemovedRecord) -> bool:
    """Whether the 国外転出 is the last that happened, be it that it stands or that it was taken back."""
    happened = tuple(line for line in record.lines if line.reason not in _TAKES_BACK)
    return msgspec.structs.replace(record, lines=happened).removal is not None


def _faults(record: RemovedRecord, rules: Rules) -> Iterator[Fault]:
    """Yield what the registry would say of a 除票: of its form on the wire, then by the rules of law."""
    if not all(map(_plainly_fits, _texts(record))):
        try:
            decode(encode(record), RemovedRecord)
        except InvalidInput as refused:
            yield from refused.faults
    found = removed_record.check(record, rules.municipalities, rules.today)
    yield from (*found.errors, *found.warnings)


def _texts(record: RemovedRecord) -> Iterator[str]:
    """Yield what was taken into a 除票 as it stands; all else was read by the rules and has the right form."""
    for line in record.lines:
        name, honseki = line.name, line.honseki or _NO_HONSEKI
        yield from (name.surname, name.given, name.surname_kana, name.given_kana, name.former_surname)
        yield from (line.address.text, honseki.text, honseki.head, line.destination)


def _plainly_fits(text: str) -> bool:
    """Whether a text is so short and plain that no message can refuse it; any other is held against the messages."""
    return len(text) <= _SHORT and text.replace("\u3000", " ").isprintable()
