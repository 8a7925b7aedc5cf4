"""戸籍の届出 — births, deaths, nationality and names of the 戸籍, as far as a mission hears of them with a report.

A mission takes in the 戸籍の届出 of Japanese abroad (戸籍法40条). The 戸籍 itself is kept elsewhere; the registry
learns only what its own record needs: that it happened, when, and that whoever reported it may do so (戸籍法87条・102条
・103条).

**日本国籍の留保.** A child born abroad that is a national of another country by birth has lost the Japanese nationality
from birth on unless it is retained (国籍法12条), together with the notification of birth and within three months
(戸籍法104条). Such a child may not be collected at all (番号法19条・20条), so a retention that came too late refuses
the report. Periods of the 戸籍 count from the day of the event itself (戸籍法43条), unlike those of the 民法.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from registry.domain.basic_four import Confidential, PersonName
from registry.domain.dates import ONE_DAY, Answer, IncompleteDate, months_after
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind

NOTIFIED_WITHIN_MONTHS: Final = {
    MovementKind.DIED: 3,
    MovementKind.NATIONALITY_LOST: 3,
}
"""How soon an event abroad is to be notified (戸籍法86条1項, 103条1項); it counts from the day on which it became
known, which no report tells, so what is later than this after the event is only marked as late."""

RETENTION_MONTHS: Final = 3
"""戸籍法104条1項."""

RETENTION_AFTER_HINDRANCE: Final = timedelta(days=14)
"""戸籍法104条3項: where nobody is to blame for the delay, from the day on which it was possible."""


class Reporter(StrEnum):
    """届出人の資格: in what capacity somebody reports for another; who it is stays at the mission."""

    SELF = "self"
    SPOUSE = "spouse"
    RELATIVE_IN_HOUSEHOLD = "relative-in-household"
    RELATIVE = "relative"
    OTHER_IN_HOUSEHOLD = "other-in-household"
    LANDLORD = "landlord"
    """家主、地主、家屋又は土地の管理人."""
    GUARDIAN = "guardian"
    """後見人、保佐人、補助人、任意後見人; 法定代理人."""
    PUBLIC_OFFICE = "public-office"
    """官庁・公署 (戸籍法89条・92条・105条)."""


MAY_REPORT: Final[dict[MovementKind, frozenset[Reporter]]] = {
    # 戸籍法87条・89条: everybody but the one person who cannot.
    MovementKind.DIED: frozenset(Reporter) - {Reporter.SELF},
    # 戸籍法103条1項 (本人、配偶者又は四親等内の親族)・105条.
    MovementKind.NATIONALITY_LOST: frozenset(
        {
            Reporter.SELF,
            Reporter.SPOUSE,
            Reporter.RELATIVE_IN_HOUSEHOLD,
            Reporter.RELATIVE,
            Reporter.PUBLIC_OFFICE,
        }
    ),
    # 戸籍法102条, 国籍法18条.
    MovementKind.NATIONALITY_REGAINED: frozenset({Reporter.SELF, Reporter.GUARDIAN}),
}


class Retention(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """日本国籍の留保 of a child born abroad.

    ``is_needed`` False: the child has no other nationality by birth. ``declared_on``: the day of the 出生届 with the
    留保. ``possible_from``: the day from which it could be declared, where a 天災 or the like had hindered it.
    """

    is_needed: bool = True
    declared_on: date | None = None
    possible_from: date | None = None


class NameChange(StrEnum):
    """氏名変更の事由 (戸籍), and 旧氏."""

    MARRIAGE = "marriage"
    DIVORCE = "divorce"
    ADOPTION = "adoption"
    ADOPTION_DISSOLVED = "adoption-dissolved"
    ENTRY_INTO_REGISTER = "entry-into-register"
    SURNAME = "surname"
    GIVEN_NAME = "given-name"
    READING = "reading"
    FORMER_SURNAME = "former-surname"


_SURNAME: Final = ("surname", "surname_kana", "surname_latin")
_GIVEN: Final = ("given", "given_kana", "given_latin")
_KANJI: Final = ("surname", "given")
_FORMER: Final = ("former_surname",)

STAYS_THE_SAME: Final[dict[NameChange, tuple[str, ...]]] = {
    NameChange.MARRIAGE: _GIVEN,  # 民法750条
    NameChange.DIVORCE: _GIVEN,  # 民法767条
    NameChange.ADOPTION: _GIVEN,  # 民法810条
    NameChange.ADOPTION_DISSOLVED: _GIVEN,  # 民法816条
    NameChange.ENTRY_INTO_REGISTER: _GIVEN,  # 民法791条, 戸籍法98条
    NameChange.SURNAME: _GIVEN,  # 戸籍法107条
    NameChange.GIVEN_NAME: (*_SURNAME, *_FORMER),  # 戸籍法107条の2
    NameChange.READING: (*_KANJI, *_FORMER),  # 戸籍法107条の3・107条の4
    NameChange.FORMER_SURNAME: (*_SURNAME, *_GIVEN),  # 住基法施行令30条の13・30条の14
}
"""Parts of a name that a change for this reason leaves alone."""


def last_day_to_retain(birth: date) -> date:
    """Return the last of the three months in which the nationality can be retained; the day of birth is the first.

    Where the last month has no corresponding day, its own last day (民法143条2項).
    """
    corresponding = months_after(birth, RETENTION_MONTHS)
    return corresponding - ONE_DAY if corresponding.day == birth.day else corresponding


def is_retained_in_time(declared_on: date, birth: IncompleteDate, possible_from: date | None = None) -> Answer:
    """Say whether the nationality was retained in time; POSSIBLY where the day of birth is not known well enough."""
    if possible_from is not None and possible_from <= declared_on < possible_from + RETENTION_AFTER_HINDRANCE:
        return Answer.YES
    return Answer.of(
        certain=declared_on <= last_day_to_retain(birth.earliest),
        possible=declared_on <= last_day_to_retain(birth.latest),
    )


def check_retention(retention: Retention | None, birth: IncompleteDate, notified_on: date, faults: Faults) -> None:
    """Check how a child born abroad is Japanese; pointers are those of the child.

    Adds ``retention-too-late`` for a child that is not, ``retention-uncertain`` as a warning where the report leaves
    it open, and faults of form.
    """
    if retention is None:
        faults.warn(FaultCode.RETENTION_UNCERTAIN, "/retention", "when 国籍留保 was declared, or that it is not needed")
        return
    declared_on = retention.declared_on
    if not retention.is_needed:
        if declared_on is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/retention/declared_on", "no 留保 where none is needed")
        return
    if declared_on is None:
        faults.add(FaultCode.MISSING, "/retention/declared_on", "the day of the 出生届 with the 国籍留保")
        return
    if declared_on > notified_on:
        faults.add(FaultCode.DATE_AFTER_NOTIFICATION, "/retention/declared_on", "a day up to the day of notification")
    if declared_on < birth.earliest:
        faults.add(FaultCode.DATE_BEFORE_BIRTH, "/retention/declared_on", "a day from the date of birth on")
    in_time = is_retained_in_time(declared_on, birth, retention.possible_from)
    if in_time is Answer.NO:
        expected = (
            f"a day within {RETENTION_MONTHS} months of birth, or 14 days from when it was possible (戸籍法104条)"
        )
        faults.add(FaultCode.RETENTION_TOO_LATE, "/retention/declared_on", expected)
    elif in_time is Answer.POSSIBLY:
        faults.warn(
            FaultCode.RETENTION_UNCERTAIN, "/retention/declared_on", "a day surely within three months of birth"
        )


def check_reporter(reporter: Reporter | None, kind: MovementKind, faults: Faults) -> None:
    """Check that somebody in this capacity may notify such an event; nobody is asked where the person reports alone."""
    entitled = MAY_REPORT.get(kind)
    if entitled is None:
        if reporter is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/reported_by", "no capacity where the person reports")
    elif reporter is None:
        faults.add(FaultCode.MISSING, "/reported_by", f"the capacity of who reports: {_listed(entitled)}")
    elif reporter not in entitled:
        faults.add(FaultCode.REPORTER_NOT_ENTITLED, "/reported_by", f"one of: {_listed(entitled)}")


def check_name_change(reason: NameChange | None, before: PersonName, after: PersonName, faults: Faults) -> None:
    """Check that a change of name leaves alone what its reason does not touch; pointers are those of the person.

    A part that one of the two names does not state contradicts nothing.
    """
    for part in () if reason is None else STAYS_THE_SAME[reason]:
        was, becomes = getattr(before, part), getattr(after, part)
        if was and becomes and was != becomes:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/new_name/{part}", f"as before: {reason} does not change it")


def lateness_limit(kind: MovementKind, effective: IncompleteDate) -> date | None:
    """Return the day after which a notification of such an event is marked as late; None where no such period runs."""
    months = NOTIFIED_WITHIN_MONTHS.get(kind)
    return None if months is None else months_after(effective.latest, months)


def _listed(reporters: frozenset[Reporter]) -> str:
    return ", ".join(one for one in Reporter if one in reporters)
