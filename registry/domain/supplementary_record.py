"""戸籍の附票 — the second source on who moved abroad, asked when the 除票 can be held no longer.

The 附票 goes with the 戸籍, so it stays when the 住民票 is gone. Of a 国外転出者 it says who the person is, that they
moved abroad (国外転出者である旨) and the planned day of departure (住基法17条3号, 30条の41, since 2024-05-27). It
holds **no address abroad**: that is what this registry is for. Two may be asked, in this order: 機構 (J-LIS), which has
the 附票本人確認情報 of the whole country, then the municipality of the 本籍, which keeps the 附票 itself.

**The number.** It goes on only for who had a 住民票 on or after 2015-10-05, so for nobody whose last departure lies
before. Whoever left earlier has a 附票 and no number: the answer is good, and a number in it would be somebody else's.

**Who may be told what.** A question tells the other side who the person is. It repeats a number or code only where
every link of the record is confirmed. What comes back is compared with the record by the rules of ``reconciliation``: a
likeness of 4情報 and 本籍 is an UNCONFIRMED link, however sure the other side is.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.basic_four import AddressInJapan, Confidential, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate, is_before
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.reconciliation import Identity, Outcome, Result
from registry.domain.removed_record import Holding

NUMBERS_BEGAN: Final = date(2015, 10, 5)
"""From this day on a 住民票 bears a 個人番号 (番号法附則1条4号)."""

J_LIS: Final = "j-lis"
"""What 機構 is called where a municipality would stand by its code."""

TIME_OF_J_LIS: Final = timedelta(days=7)
TIME_OF_A_MUNICIPALITY: Final = timedelta(days=30)
"""How long an answer may take before somebody asks after it (both unverified)."""

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
_DOUBLINGS: Final = 10


class SupplementaryRecord(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """戸籍の附票 of one 国外転出者, as far as the registry may collect it.

    ``planned_departure`` is the 転出予定年月日. ``last_address`` stands in the 附票 itself and not in the
    附票本人確認情報, so 機構 leaves it out. There is no place for an address abroad.
    """

    name: PersonName
    birth_date: IncompleteDate
    sex: Sex = Sex.UNKNOWN
    honseki: Honseki
    planned_departure: IncompleteDate
    last_address: AddressInJapan | None = None
    individual_number: IndividualNumber | None = None
    resident_record_code: ResidentRecordCode | None = None


class Subject(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is asked about: as much of the identity as finds one person, and no more."""

    name: PersonName
    birth_date: IncompleteDate
    sex: Sex = Sex.UNKNOWN
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None
    resident_record_code: ResidentRecordCode | None = None


class Finding(StrEnum):
    """What came of a question. The first five are the other side's words, the rest the registry's own."""

    NO_ANSWER_YET = "no-answer-yet"
    FOUND = "found"
    NOT_IN_SUPPLEMENTARY_RECORD = "not-in-supplementary-record"
    NOT_MOVED_ABROAD = "not-moved-abroad"
    """In a 附票 with an address in Japan: the 国外転出届 was never filed, or the person is back."""
    AMBIGUOUS = "ambiguous"
    IMPLAUSIBLE = "implausible"
    """The answer breaks a rule; people have to ask what is meant."""
    SOMEBODY_ELSE = "somebody-else"
    """The answer is about another person than the one asked about; people decide."""
    OVERTAKEN = "overtaken"
    """A 除票 came, or the record says something else of the person now: the answer is not needed any more."""


SAID_BY_THE_OTHER_SIDE: Final = frozenset(Finding) - {Finding.IMPLAUSIBLE, Finding.SOMEBODY_ELSE, Finding.OVERTAKEN}
_ASK_FURTHER: Final = frozenset({Finding.NOT_IN_SUPPLEMENTARY_RECORD, Finding.AMBIGUOUS})


class Owner(StrEnum):
    """Who has a question now, and so has to do the next thing."""

    REGISTRY = "registry"
    J_LIS = "j-lis"
    HONSEKI_MUNICIPALITY = "honseki-municipality"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one record's 附票; it names nobody.

    ``asked_of`` is :data:`J_LIS` or the code of the municipality of the 本籍. ``about`` is a keyed digest of who was
    asked about: the same person is not asked about twice. ``asked_at`` is when the other side has it; ``due`` when it
    should have answered; ``next_at`` when the registry asks (again); ``attempts`` how often it did.
    """

    question_id: str
    person_id: str
    asked_of: str
    about: bytes
    opened_at: datetime
    next_at: datetime
    attempts: int = 0
    asked_at: datetime | None = None
    due: datetime | None = None
    answered_at: datetime | None = None
    finding: Finding = Finding.NO_ANSWER_YET

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.finding is Finding.NO_ANSWER_YET

    @property
    def owner(self) -> Owner:
        """Who has it now: whoever was asked, from when they have it until they answer; else the registry."""
        if not self.is_open or self.asked_at is None:
            return Owner.REGISTRY
        return Owner.J_LIS if self.asked_of == J_LIS else Owner.HONSEKI_MUNICIPALITY

    def is_overdue(self, now: datetime) -> bool:
        """Whether the other side has had it for longer than it should."""
        return self.is_open and self.due is not None and self.due < now


def calls_for_a_question(result: Result | None) -> bool:
    """Whether the 附票 is to be asked: no 除票 came and none can be held any more; never while people decide."""
    if result is None or result.outcome is not Outcome.NO_REMOVED_RECORD:
        return False
    return result.holding is Holding.NOT_HELD_EXPIRED


def subject(identity: Identity, *, confirmed: bool) -> Subject | None:
    """Return who to ask about; None where too little is known to find one person.

    ``confirmed``: every link of the record is, so that number and code may be told.
    """
    if identity.name is None or identity.name.is_blank or identity.birth_date is None:
        return None
    has_number = confirmed and (identity.individual_number or identity.resident_record_code)
    if not has_number and not (identity.birth_date.is_complete and identity.honseki and identity.honseki.key):
        return None
    return Subject(
        name=identity.name,
        birth_date=identity.birth_date,
        sex=identity.sex or Sex.UNKNOWN,
        honseki=identity.honseki,
        individual_number=identity.individual_number if confirmed else None,
        resident_record_code=identity.resident_record_code if confirmed else None,
    )


def whom_to_ask(who: Subject, asked: Mapping[str, Finding]) -> str | None:
    """Return who is to be asked next about a person, :data:`J_LIS` or a municipality; None where nobody is left.

    ``asked`` says what came of the questions about the same person so far. One source after the other: who was told
    of the person without need was told too much.
    """
    if J_LIS not in asked:
        return J_LIS
    place = None if who.honseki is None else who.honseki.municipality
    if asked[J_LIS] not in _ASK_FURTHER or place is None or str(place) in asked:
        return None
    return str(place)


def time_to_answer(asked_of: str) -> timedelta:
    """Return how long whoever is asked may take."""
    return TIME_OF_J_LIS if asked_of == J_LIS else TIME_OF_A_MUNICIPALITY


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait before asking again after so many attempts: twice as long each time, up to a limit."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(max(attempts - 1, 0), _DOUBLINGS)))


def number_can_exist(planned_departure: IncompleteDate) -> Answer:
    """Say whether who left on that day can have a 個人番号: POSSIBLY where the day leaves it open."""
    numbered = is_before(planned_departure, IncompleteDate.on(NUMBERS_BEGAN))
    return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(numbered, Answer.POSSIBLY)


def check(record: SupplementaryRecord, today: date) -> Faults:
    """Check an answer; return every fault found. ``today`` is the legal date in Japan."""
    faults = Faults()
    if record.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, "/name", "a name in at least one script")
    if record.birth_date.earliest > today:
        faults.add(FaultCode.DATE_IN_THE_FUTURE, "/birth_date", "today or an earlier day")
    if is_before(record.planned_departure, record.birth_date) is Answer.YES:
        faults.add(FaultCode.DATE_BEFORE_BIRTH, "/planned_departure", "a day from the date of birth on")
    if record.individual_number is not None and number_can_exist(record.planned_departure) is Answer.NO:
        expected = f"no number: who left before {NUMBERS_BEGAN} has none"
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/individual_number", expected)
    return faults


def identity_of(record: SupplementaryRecord) -> Identity:
    """Return who the 附票 says the person is."""
    return Identity(
        name=record.name,
        birth_date=record.birth_date,
        sex=None if record.sex is Sex.UNKNOWN else record.sex,
        honseki=record.honseki,
        individual_number=record.individual_number,
        resident_record_code=record.resident_record_code,
    )


def movement(record: SupplementaryRecord, submission_id: str, asked_of: str, answered_on: date) -> Movement:
    """Return the 国外転出 that a checked answer proves, as stated by whoever was asked.

    ``answered_on`` stands for the 届出年月日, which the 附票 does not have.
    """
    is_j_lis = asked_of == J_LIS
    return Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=MovementKind.MOVED_ABROAD,
        effective=record.planned_departure,
        notified_on=answered_on,
        source=Source(kind=SourceKind.J_LIS) if is_j_lis else Source(kind=SourceKind.MUNICIPALITY, code=asked_of),
        statement=Statement(
            name=record.name,
            birth_date=record.birth_date,
            sex=None if record.sex is Sex.UNKNOWN else record.sex,
            last_address=record.last_address,
            honseki=record.honseki,
            individual_number=record.individual_number,
            resident_record_code=record.resident_record_code,
        ),
    )
