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
from datetime import date
from typing import Final

from registry.domain.basic_four import AddressInJapan, Confidential, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate, is_before
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.question import J_LIS, Finding
from registry.domain.reconciliation import Identity, Outcome, Result
from registry.domain.removed_record import NUMBERS_BEGAN, Holding


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


SAID_BY_THE_OTHER_SIDE: Final = frozenset(
    {
        Finding.NO_ANSWER_YET,
        Finding.FOUND,
        Finding.NOT_IN_SUPPLEMENTARY_RECORD,
        Finding.NOT_MOVED_ABROAD,
        Finding.AMBIGUOUS,
    }
)
_ASK_FURTHER: Final = frozenset({Finding.NOT_IN_SUPPLEMENTARY_RECORD, Finding.AMBIGUOUS})


def calls_for_a_question(result: Result | None, *, not_held: bool = False) -> bool:
    """Whether the 附票 is to be asked: no 除票 came and none can be had any more; never while people decide.

    ``not_held``: the municipality of the last residence was asked for the 除票, and has none.
    """
    if result is None or result.outcome is not Outcome.NO_REMOVED_RECORD:
        return False
    return not_held or result.holding is Holding.NOT_HELD_EXPIRED


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
