"""Who of an extract may leave the town hall, and as what: lines become 除票, and everyone else stays and is counted.

番号法19条・20条 forbid collecting anyone but those whom the registry is there for: Japanese nationals whose 消除事由 is
国外転出, and of them no more than their stay abroad. Who came home, died or lost the nationality leaves the town hall
once more with just that (decision 0016); the rules stand in ``removed_record.what_may_leave``.

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
from registry.domain.removed_record import Collection, HistoryLine, Reason, RemovedRecord

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
        kept = _leaving(stated, _record(person, _ours(stated), extract.layout))
        decision = _decide(stated, kept)
        if decision is not Collection.COLLECT:
            findings.stays[decision] += 1
            continue
        found = _joined(person, kept, extract.layout)
        faults = tuple(_faults(found.record, rules))
        findings.add_all(found.place(fault, extract.layout) for fault in faults)
        findings.add_all(doubt for one in kept for doubt in one.warnings)
        if any(fault.severity is Severity.ERROR for fault in faults):
            findings.held_back += 1
            continue
        findings.to_send += 1
        findings.lines_to_send += len(found.numbers)
        yield found


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that an extract says of one person, to be looked through: nothing of it leaves unless it may."""

    found: Collectable
    nationality: Nationality | None
    warnings: tuple[LineFault, ...]

    def may_be_handed_over(self) -> Collection:
        """Say whether this may be sent to a registry that asked for it (番号法19条・20条)."""
        is_japanese = None if self.nationality is None else self.nationality is Nationality.JAPANESE
        return removed_record.may_be_collected(is_japanese=is_japanese, moved_abroad=False, asked_for=True)

    def note_faults(self, layout: Layout, findings: Findings, rules: Rules) -> bool:
        """Add what the registry would say of it to ``findings``; return whether that keeps it from being sent."""
        faults = tuple(_faults(self.found.record, rules, asked_for=True))
        findings.add_all(self.found.place(fault, layout) for fault in faults)
        findings.add_all(self.warnings)
        return any(fault.severity is Severity.ERROR for fault in faults)


def history_of(person: PersonLines, layout: Layout, findings: Findings) -> History | None:
    """Read the lines of a person, whoever it is; None when any of them is faulty, and then ``findings`` say so."""
    stated = _stated(person, layout, findings)
    if stated is None:
        return None
    kept = _ours(stated)
    return History(
        found=_joined(person, kept, layout),
        nationality=stated[-1].nationality,
        warnings=tuple(doubt for one in kept for doubt in one.warnings),
    )


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
    """Leave out the lines from before a naturalisation: they speak of a foreign national and stay.

    The line by which somebody lost the Japanese nationality speaks of the Japanese that they were.
    """
    is_foreign_now = stated[-1].nationality is Nationality.FOREIGN

    def is_ours(one: StatedLine) -> bool:
        return one.nationality is not Nationality.FOREIGN or (is_foreign_now and _is_loss(one.line))

    return tuple(filter(is_ours, stated)) or stated


def _is_loss(line: HistoryLine) -> bool:
    return line.reason is Reason.REMOVED_NATIONALITY_LOST


def _leaving(stated: tuple[StatedLine, ...], record: RemovedRecord) -> tuple[StatedLine, ...]:
    """Cut a history to what of it may leave, if anything."""
    leaving = {line.history_number: line for line in removed_record.what_may_leave(record)}
    return tuple(
        msgspec.structs.replace(one, line=leaving[one.line.history_number])
        for one in stated
        if one.line.history_number in leaving
    )


def _record(person: PersonLines, kept: tuple[StatedLine, ...], layout: Layout) -> RemovedRecord:
    return RemovedRecord(
        municipality=layout.municipality,
        addressee_number=person.addressee_number,
        lines=tuple(one.line for one in kept),
    )


def _joined(person: PersonLines, kept: tuple[StatedLine, ...], layout: Layout) -> Collectable:
    record = _record(person, kept, layout)
    return Collectable(record=record, numbers=tuple(one.number for one in kept), size=len(encode(record)))


def _decide(stated: tuple[StatedLine, ...], leaving: tuple[StatedLine, ...]) -> Collection:
    """Hold a history against 番号法19条: whether anything of it may leave, and of whom it speaks.

    The nationality is as the last line says it; of who has just lost it, as it was at the departure.
    """
    nationality = stated[-1].nationality
    happened = [one for one in leaving if one.line.reason not in removed_record.CORRECTS_REMOVED_RECORD]
    if happened and _is_loss(happened[-1].line):
        nationality = [one.nationality for one in happened if one.line.reason is Reason.MOVED_ABROAD][-1]
    return removed_record.may_be_collected(
        is_japanese=None if nationality is None else nationality is Nationality.JAPANESE,
        moved_abroad=bool(leaving),
    )


def _faults(record: RemovedRecord, rules: Rules, *, asked_for: bool = False) -> Iterator[Fault]:
    """Yield what the registry would say of a 除票: of its form on the wire, then by the rules of law."""
    if not all(map(_plainly_fits, _texts(record))):
        try:
            decode(encode(record), RemovedRecord)
        except InvalidInput as refused:
            yield from refused.faults
    found = removed_record.check(record, rules.municipalities, rules.today, asked_for=asked_for)
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
