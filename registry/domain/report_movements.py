"""届出から異動へ — which movements a checked report makes of each of its people, alone and as a correction.

A report is one act, a movement one fact about one person: a 変更届 of address and name makes two. The movements of a
correction take the places of those of the report that it corrects, one by one.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from registry.domain.basic_four import PersonName, Sex
from registry.domain.civil_status import NameChange
from registry.domain.dates import Answer, IncompleteDate, is_before
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.residence_report import MOVEMENT_OF_KIND, ReportedPerson, ReportKind, ResidenceReport


def movements(
    report: ResidenceReport,
    index: int,
    submission_id: str,
    replaced: tuple[str, ...] = (),
    *,
    source: Source | None = None,
) -> tuple[Movement, ...]:
    """Return the movements that a checked report makes for the person at ``index`` of its people.

    ``source`` is who reports: the mission that the report names, unless it is somebody else.

    ``replaced`` are the ids of that person's movements made by the submission named in ``report.replaces``. The
    first movements of the new report correct them one by one; what is left over is annulled. A correction leaves
    the annulments among them alone, for what those annulled does not come back; taking a report back annuls them too.
    """
    facts = list(_facts(report, report.people[index]))
    wrong = [one for one in replaced if report.kind is ReportKind.ANNULMENT or not one.endswith(ANNULMENT_MARK)]
    surplus = [(MovementKind.ANNULLED, Statement())] * (len(wrong) - len(facts))
    targets: list[str | None] = [*wrong, *[None] * (len(facts) - len(wrong))]
    return tuple(
        Movement(
            movement_id=f"{submission_id}/{index}.{number}{ANNULMENT_MARK * (kind is MovementKind.ANNULLED)}",
            submission_id=submission_id,
            kind=kind,
            effective=_effective(report, report.people[index], kind),
            notified_on=report.notified_on,
            source=source or Source(kind=SourceKind.MISSION, code=report.mission),
            statement=statement,
            replaces=target,
        )
        for number, ((kind, statement), target) in enumerate(zip([*facts, *surplus], targets, strict=True))
    )


ANNULMENT_MARK: Final = "-annuls"
"""Ends the id of a movement that annuls, so that a later correction of the same report knows it again."""


def _effective(report: ResidenceReport, person: ReportedPerson, kind: MovementKind) -> IncompleteDate:
    """Return the day on which a movement of the report takes effect: a child's entry not before its birth."""
    if kind is MovementKind.BORN_ABROAD and is_before(report.effective, person.birth_date) is Answer.YES:
        return person.birth_date
    return report.effective


def _facts(report: ResidenceReport, person: ReportedPerson) -> Iterator[tuple[MovementKind, Statement]]:
    """Yield what the report says of one person, kind by kind."""
    if report.kind is ReportKind.RESIDENCE:
        kind = MovementKind.BORN_ABROAD if person.born_abroad else MovementKind.RESIDENCE_REPORTED
        yield kind, _residence(report, person)
    elif report.kind is ReportKind.CHANGE:
        yield from _changes(report, person)
    elif report.kind is not ReportKind.ANNULMENT:
        yield MOVEMENT_OF_KIND[report.kind], _as_before(person)
        if report.kind is ReportKind.NATIONALITY_REGAINED:
            yield MovementKind.RESIDENCE_REPORTED, _residence(report, person)


def _changes(report: ResidenceReport, person: ReportedPerson) -> Iterator[tuple[MovementKind, Statement]]:
    """Yield what a 変更届 changes; who moves tells the new address and the new telephone in one breath.

    Of whom nothing changes there but whom the household names, that they live there: a 変更届 of a name alone is a word
    from the resident too.
    """
    if person.born_abroad:
        yield MovementKind.BORN_ABROAD, _residence(report, person)
        return
    changed = Statement(
        address_abroad=report.address_abroad,
        mission=None if report.address_abroad is None else report.mission,
        contact=report.contact,
        planned_end=report.planned_end,
        passport_number=person.passport_number,
    )
    if report.address_abroad is not None:
        kind = MovementKind.MOVED_BETWEEN_AREAS if report.came_from else MovementKind.ADDRESS_CHANGED
        yield kind, _with(changed, _as_before(person))
    if person.new_name is not None:
        yield MovementKind.NAME_CHANGED, _with(Statement(name=_new_name(person, person.new_name)), _as_before(person))
    if person.new_honseki is not None:
        yield MovementKind.HONSEKI_CHANGED, _with(Statement(honseki=person.new_honseki), _as_before(person))
    if report.address_abroad is None and changed.stated:
        yield MovementKind.CONTACT_CHANGED, _with(changed, _as_before(person))
    if not changed.stated:
        yield MovementKind.RESIDENCE_CONFIRMED, _as_before(person)


def _new_name(person: ReportedPerson, new: PersonName) -> PersonName:
    """Return the name as it is from now on: 旧氏 stays entered unless 旧氏 itself is changed (住基法施行令30条の14)."""
    if new.former_surname or person.name_change is NameChange.FORMER_SURNAME:
        return new
    return msgspec.structs.replace(new, former_surname=person.name.former_surname)


def _as_before(person: ReportedPerson) -> Statement:
    """Return who a change or return says the person is, so that a record that it opens is found again.

    What the same report changes is left out, for it is over: the name before is a past name.
    """
    return Statement(
        name=person.name if person.new_name is None else None,
        past_names=None if person.new_name is None else (person.name,),
        birth_date=person.birth_date,
        sex=None if person.sex is Sex.UNKNOWN else person.sex,
        honseki=person.honseki if person.new_honseki is None else None,
    )


def _with(changed: Statement, known: Statement) -> Statement:
    """Return a statement of what changed that also says who the person is."""
    said = {field: getattr(known, field) for field in known.stated - changed.stated}
    return msgspec.structs.replace(changed, **said)


def _residence(report: ResidenceReport, person: ReportedPerson) -> Statement:
    """Return what a person's residence report states.

    最終住所地 is not asserted: the 除票 is the source for it, the report's word only helps to find that.
    """
    return Statement(
        name=person.name,
        birth_date=person.birth_date,
        sex=None if person.sex is Sex.UNKNOWN else person.sex,
        honseki=person.honseki,
        individual_number=person.individual_number,
        resident_record_code=person.resident_record_code,
        address_abroad=report.address_abroad,
        mission=report.mission,
        contact=report.contact,
        passport_number=person.passport_number,
        planned_end=report.planned_end,
    )
