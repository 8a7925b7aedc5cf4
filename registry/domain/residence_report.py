"""在留届・変更届・帰国届・戸籍の届出 — what each report must contain; ``report_movements`` says what it makes.

Who settles abroad for three months or more reports to the consul of the area without delay (旅券法16条), reports
every change, and reports leaving the area before leaving it; a household may file as one (旅券法施行規則12条).
On line a 在留届 may be filed up to 90 days before arrival. Of births, deaths, nationality and names a mission hears by
the 戸籍の届出 that it takes in (戸籍法40条; ``civil_status``), and of who does not answer by its own letters.

A report is one act: it is accepted whole or refused whole, with all its faults. Lateness never refuses it; nobody may
be kept from repairing an old omission. Foreign members of the household are none of the registry's business: the
gateway leaves them at the mission.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import (
    AddressAbroad,
    AddressInJapan,
    Confidential,
    Difference,
    Honseki,
    PersonName,
    Sex,
    compare_birth_dates,
    compare_names,
)
from registry.domain.civil_status import (
    NameChange,
    Reporter,
    Retention,
    check_name_change,
    check_reporter,
    check_retention,
    lateness_limit,
)
from registry.domain.dates import Answer, IncompleteDate, is_before, months_after
from registry.domain.errors import FaultCode, Faults
from registry.domain.mission import Competence, MissionTable
from registry.domain.movement import Contact, MovementKind
from registry.domain.numbers import IndividualNumber, ResidentRecordCode

SHORTEST_STAY_MONTHS: Final = 3
"""旅券法16条: only a stay of three months or more is reported."""

FILED_AHEAD: Final = timedelta(days=90)
"""How long before arrival a 在留届 may be filed (practice of the on-line service). Leaving the area, for good or for
that of another mission, is reported before it happens (旅券法施行規則12条); the same limit is kept there."""

WITHOUT_DELAY: Final = timedelta(days=90)
"""Beyond this a report is marked as late; 「遅滞なく」 names no figure (unverified)."""

LARGEST_HOUSEHOLD: Final = 30
"""People in one report; more is a typing error or an attack."""


class ReportKind(StrEnum):
    """届出の種類."""

    RESIDENCE = "residence"
    CHANGE = "change"
    RETURN = "return"
    DEATH = "death"
    NATIONALITY_LOST = "nationality-lost"
    NATIONALITY_REGAINED = "nationality-regained"
    UNREACHABLE = "unreachable"
    """連絡不能: since ``effective`` the people answer to nothing that the mission sends them."""
    ANNULMENT = "annulment"


REPORT_LABELS: Final = {
    ReportKind.RESIDENCE: "在留届",
    ReportKind.CHANGE: "変更届",
    ReportKind.RETURN: "帰国・転出届",
    ReportKind.DEATH: "死亡届",
    ReportKind.NATIONALITY_LOST: "国籍喪失届",
    ReportKind.NATIONALITY_REGAINED: "国籍取得届",
    ReportKind.UNREACHABLE: "連絡不能",
    ReportKind.ANNULMENT: "届出の取下げ",
}


class NumberCheck(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """番号法16条の本人確認: how the number (番号確認) and the person (身元確認) were checked."""

    number_checked_by: Annotated[str, Meta(min_length=1, max_length=100)]
    identity_checked_by: Annotated[str, Meta(min_length=1, max_length=100)]


class ReportedPerson(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One Japanese member of the household, as the report names them.

    ``name``, ``birth_date``, ``sex``, ``honseki`` say who it is, as before any change. ``new_name`` and
    ``new_honseki`` are what a 変更届 changes, ``name_change`` why. ``born_abroad`` adds a child born to the household,
    ``retention`` says how it is Japanese. A 個人番号 is written only for an affair of number or card, and then with the
    check of 番号法16条.
    """

    name: PersonName
    birth_date: IncompleteDate
    sex: Sex = Sex.UNKNOWN
    honseki: Honseki | None = None
    passport_number: Annotated[str, Meta(pattern=r"^[A-Z0-9]{7,9}(?!\s)$")] | None = None
    last_address: AddressInJapan | None = None
    individual_number: IndividualNumber | None = None
    number_check: NumberCheck | None = None
    resident_record_code: ResidentRecordCode | None = None
    new_name: PersonName | None = None
    new_honseki: Honseki | None = None
    name_change: NameChange | None = None
    born_abroad: bool = False
    retention: Retention | None = None


class ResidenceReport(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One report of one household to one mission.

    ``effective`` is the day of arrival, change, departure, death, loss or regaining; ``notified_on`` the 届出年月日 on
    the mission's own calendar. The first of ``people`` is the 筆頭者; of a death or loss they are those who died or
    lost it, and ``reported_by`` is the capacity of who reports. ``came_from`` names the mission of the area left, if
    any. ``replaces`` is the submission that this report corrects or, for an ANNULMENT, takes back.
    """

    kind: ReportKind
    mission: Annotated[str, Meta(min_length=1, max_length=60)]
    effective: IncompleteDate
    notified_on: date
    people: Annotated[tuple[ReportedPerson, ...], Meta(min_length=1, max_length=LARGEST_HOUSEHOLD)]
    address_abroad: AddressAbroad | None = None
    came_from: Annotated[str, Meta(max_length=60)] | None = None
    reported_by: Reporter | None = None
    contact: Contact | None = None
    planned_end: IncompleteDate | None = None
    replaces: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


def check(report: ResidenceReport, missions: MissionTable, today_at_mission: date) -> Faults:
    """Check form and law of a report on the day it is taken in; return every fault and warning found.

    Errors refuse the report. Warnings (late, competence uncertain) go along with it.
    """
    faults = Faults()
    _check_mission(report, missions, faults)
    _check_days(report, today_at_mission, faults)
    _CHECK_OF_KIND[report.kind](report, faults)
    if report.kind is not ReportKind.ANNULMENT:
        check_reporter(report.reported_by, MOVEMENT_OF_KIND[report.kind], faults)
    for index, person in enumerate(report.people):
        _check_person(person, report, f"/people/{index}", faults)
        if any(_is_same_person(person, earlier) for earlier in report.people[:index]):
            faults.add(FaultCode.DUPLICATE, f"/people/{index}", "each person once in a report")
    return faults


def _is_same_person(one: ReportedPerson, other: ReportedPerson) -> bool:
    """Whether two entries of one household name one person; twins differ in their given names."""
    if one.individual_number is not None and one.individual_number == other.individual_number:
        return True
    if compare_birth_dates(one.birth_date, other.birth_date) is not Difference.SAME:
        return False
    return compare_names(one.name, other.name) in {Difference.SAME, Difference.VARIANT}


def _check_mission(report: ResidenceReport, missions: MissionTable, faults: Faults) -> None:
    """Hold the mission against the list: it exists, was open on that day and is in charge of the place."""
    if missions.find(report.mission) is None:
        faults.add(FaultCode.MISSION_UNKNOWN, "/mission", "the code of a mission in the list of missions")
    if report.came_from is not None and missions.find(report.came_from) is None:
        faults.add(FaultCode.MISSION_UNKNOWN, "/came_from", "the code of a mission in the list of missions")
    if missions.find(report.mission) is None:
        return
    if not missions.open_on(report.mission, report.notified_on):
        faults.add(FaultCode.MISSION_CLOSED, "/mission", "a mission open on the day of notification")
        return  # a closed mission is competent for nothing; that its place is wrong as well would be no news
    place = report.address_abroad
    if place is None:
        return
    competence = missions.competence(report.mission, place.country, place.subdivision or None, report.notified_on)
    if competence is Competence.NOT_COMPETENT:
        faults.add(FaultCode.MISSION_NOT_COMPETENT, "/address_abroad", "a place in the area of this mission")
    elif competence is Competence.POSSIBLY:
        faults.warn(FaultCode.COMPETENCE_UNCERTAIN, "/address_abroad/subdivision", "a subdivision by its name")


def _check_days(report: ResidenceReport, today: date, faults: Faults) -> None:
    if report.notified_on > today:
        faults.add(FaultCode.DATE_IN_THE_FUTURE, "/notified_on", "today or an earlier day at the mission")
    if report.kind is ReportKind.ANNULMENT:
        return  # the day of the trip that was dropped may lie ahead, and nobody is late in dropping it
    moves_on = report.kind is ReportKind.CHANGE and report.came_from is not None
    is_planned = moves_on or report.kind in {ReportKind.RESIDENCE, ReportKind.RETURN}
    ahead = FILED_AHEAD if is_planned else timedelta()
    if report.effective.earliest - report.notified_on > ahead:
        faults.add(FaultCode.DATE_AFTER_NOTIFICATION, "/effective", f"a day up to {ahead.days} days after notification")
    limit = lateness_limit(MOVEMENT_OF_KIND[report.kind], report.effective)
    if report.notified_on > (limit or report.effective.latest + WITHOUT_DELAY):
        faults.warn(FaultCode.REPORTED_LATE, "/effective", "a report without delay")


def _check_residence(report: ResidenceReport, faults: Faults) -> None:
    if report.address_abroad is None:
        faults.add(FaultCode.MISSING, "/address_abroad", "the address abroad")
    if report.planned_end is None:
        return
    if is_before(report.planned_end, report.effective) is Answer.YES:
        faults.add(FaultCode.PERIOD_REVERSED, "/planned_end", "a day after arrival")
    elif report.planned_end.latest < months_after(report.effective.earliest, SHORTEST_STAY_MONTHS):
        faults.add(FaultCode.STAY_TOO_SHORT, "/planned_end", "a stay of three months or more, or none given")


def _check_change(report: ResidenceReport, faults: Faults) -> None:
    if report.came_from and report.address_abroad is None:
        faults.add(FaultCode.MISSING, "/address_abroad", "the address in the area moved to")
    changed = (report.address_abroad, report.contact, report.planned_end)
    people = (person.new_name or person.new_honseki or person.born_abroad for person in report.people)
    passports = (person.passport_number for person in report.people)
    if not any(item is not None for item in changed) and not any(people) and not any(passports):
        faults.add(FaultCode.MISSING, "", "at least one thing that has changed")


def _check_return(report: ResidenceReport, faults: Faults) -> None:
    if report.address_abroad is not None:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/address_abroad", "no address abroad in a return")


def _check_event(report: ResidenceReport, faults: Faults) -> None:
    """Refuse what says something of a residence in a 死亡届, 国籍喪失届 or 連絡不能."""
    for field in ("address_abroad", "came_from", "contact", "planned_end"):
        if getattr(report, field) is not None:
            label = REPORT_LABELS[report.kind]
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/{field}", f"nothing of a residence in a {label} ({report.kind})")


def _check_annulment(report: ResidenceReport, faults: Faults) -> None:
    if report.replaces is None:
        faults.add(FaultCode.MISSING, "/replaces", "the submission that is taken back")


_CHECK_OF_KIND: Final = {
    ReportKind.RESIDENCE: _check_residence,
    ReportKind.CHANGE: _check_change,
    ReportKind.RETURN: _check_return,
    ReportKind.DEATH: _check_event,
    ReportKind.NATIONALITY_LOST: _check_event,
    ReportKind.NATIONALITY_REGAINED: _check_residence,
    ReportKind.UNREACHABLE: _check_event,
    ReportKind.ANNULMENT: _check_annulment,
}

MOVEMENT_OF_KIND: Final = {
    ReportKind.RESIDENCE: MovementKind.RESIDENCE_REPORTED,
    ReportKind.CHANGE: MovementKind.CONTACT_CHANGED,
    ReportKind.RETURN: MovementKind.RETURNED,
    ReportKind.DEATH: MovementKind.DIED,
    ReportKind.NATIONALITY_LOST: MovementKind.NATIONALITY_LOST,
    ReportKind.NATIONALITY_REGAINED: MovementKind.NATIONALITY_REGAINED,
    ReportKind.UNREACHABLE: MovementKind.UNREACHABLE,
}
"""The movement that a kind of report makes, by whose rules it is held to periods and reporters; a 変更届 makes one of
several."""


def _check_person(person: ReportedPerson, report: ResidenceReport, at: str, faults: Faults) -> None:
    if person.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, f"{at}/name", "a name in at least one script")
    if person.new_name is not None and person.new_name.is_blank:
        faults.add(FaultCode.NAME_MISSING, f"{at}/new_name", "a name in at least one script")
    if person.birth_date.earliest > report.notified_on:
        faults.add(FaultCode.DATE_IN_THE_FUTURE, f"{at}/birth_date", "a day before the notification")
    if is_before(report.effective, person.birth_date) is Answer.YES and not _may_precede_birth(person, report):
        faults.add(FaultCode.DATE_BEFORE_BIRTH, "/effective", "a day from everyone's date of birth on")
    if person.individual_number is not None and person.number_check is None:
        faults.add(FaultCode.NUMBER_WITHOUT_PURPOSE, f"{at}/number_check", "how number and person were checked")
    _check_changed_identity(person, report, at, faults)
    _check_birth_abroad(person, report, at, faults)
    code = person.resident_record_code
    if code is not None and code.check_digit_uncertain:
        faults.warn(FaultCode.CHECK_DIGIT_UNCERTAIN, f"{at}/resident_record_code", "a code read again")


def _check_changed_identity(person: ReportedPerson, report: ResidenceReport, at: str, faults: Faults) -> None:
    if person.name_change is not None and person.new_name is None:
        faults.add(FaultCode.MISSING, f"{at}/new_name", "the name that was changed for this reason")
    if person.new_name is not None:
        found = Faults()
        check_name_change(person.name_change, person.name, person.new_name, found)
        faults.take(found.errors, at)
    for field in ("new_name", "new_honseki"):
        if getattr(person, field) is None:
            continue
        if report.kind is not ReportKind.CHANGE:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"{at}/{field}", "only in a 変更届 (change)")
        elif report.effective.earliest > report.notified_on:
            faults.add(
                FaultCode.DATE_AFTER_NOTIFICATION, f"{at}/{field}", "a change that has happened, not a planned one"
            )


def _brings_in(person: ReportedPerson, report: ResidenceReport) -> bool:
    """Whether a report brings in a child born abroad."""
    return person.born_abroad and report.kind in {ReportKind.RESIDENCE, ReportKind.CHANGE}


def _may_precede_birth(person: ReportedPerson, report: ResidenceReport) -> bool:
    """Whether the household's day may lie before this birth: the report brings the child in, or takes that back."""
    return _brings_in(person, report) or (person.born_abroad and report.kind is ReportKind.ANNULMENT)


def _check_birth_abroad(person: ReportedPerson, report: ResidenceReport, at: str, faults: Faults) -> None:
    """Check how a child is Japanese, where a report brings one in; elsewhere nothing is said of it."""
    if _brings_in(person, report):
        found = Faults()
        check_retention(person.retention, person.birth_date, report.notified_on, found)
        faults.take((*found.errors, *found.warnings), at)
    elif person.retention is not None and report.kind is not ReportKind.ANNULMENT:
        faults.add(FaultCode.NOT_ALLOWED_HERE, f"{at}/retention", "only of a child born abroad, in a 在留届 or 変更届")
