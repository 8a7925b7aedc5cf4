"""変更情報 — what 機構 (J-LIS) tells of a change in number or 附票本人確認情報, and the movement that it makes.

Number and code may change: the number on request when it leaked and may be misused, or ex officio (番号法7条2項,
施行令3条・4条); the code whenever its holder wishes (住基法30条の4). So may the name, in the 戸籍; and the 附票 of a
国外転出者 shows when they live in Japan again, died or lost the nationality (住基法17条・19条; items unverified). The
former value or the code says whose it is, so the link is one by number or code. A fact about somebody whom the
registry does not have makes nothing: such people are none of its business.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import Confidential, PersonName
from registry.domain.dates import IncompleteDate
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.numbers import IndividualNumber, NumberReason, ResidentRecordCode
from registry.domain.reconciliation import Identity


class NumberChanged(
    Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fact", tag="number-changed"
):
    """個人番号の変更: from ``effective`` on the person has another number. ``sequence`` counts the sender's facts."""

    sequence: Annotated[int, Meta(ge=1)]
    effective: date
    notified_on: date
    former: IndividualNumber
    individual_number: IndividualNumber
    reason: NumberReason


class CodeChanged(
    Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fact", tag="code-changed"
):
    """住民票コードの記載の変更: from ``effective`` on the person has another code."""

    sequence: Annotated[int, Meta(ge=1)]
    effective: date
    notified_on: date
    former: ResidentRecordCode
    resident_record_code: ResidentRecordCode


class LifeEvent(StrEnum):
    """What ends the life abroad of a 国外転出者, as the 附票 has it."""

    MOVED_IN = "moved-in"
    """転入: a 住所 stands in the 附票 again."""
    DIED = "died"
    NATIONALITY_LOST = "nationality-lost"


KIND_OF_EVENT: Final = {
    LifeEvent.MOVED_IN: MovementKind.RETURNED,
    LifeEvent.DIED: MovementKind.DIED,
    LifeEvent.NATIONALITY_LOST: MovementKind.NATIONALITY_LOST,
}


class LifeChanged(
    Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fact", tag="life-changed"
):
    """附票の消除又は住所の記載: what happened to whoever has this 住民票コード, on a day that may be incomplete."""

    sequence: Annotated[int, Meta(ge=1)]
    event: LifeEvent
    effective: IncompleteDate
    notified_on: date
    resident_record_code: ResidentRecordCode


class NameChanged(
    Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fact", tag="name-changed"
):
    """氏名の変更 in the 戸籍: the name, 旧氏 with it, that whoever has this 住民票コード bears from then on."""

    sequence: Annotated[int, Meta(ge=1)]
    effective: date
    notified_on: date
    resident_record_code: ResidentRecordCode
    name: PersonName


ChangeFact = NumberChanged | CodeChanged | LifeChanged | NameChanged


def identity_of(fact: ChangeFact) -> Identity:
    """Return by what the person is found: the number or code that they had until then."""
    if isinstance(fact, NumberChanged):
        return Identity(individual_number=fact.former)
    if isinstance(fact, CodeChanged):
        return Identity(resident_record_code=fact.former)
    return Identity(resident_record_code=fact.resident_record_code)


def movement(fact: ChangeFact, submission_id: str) -> Movement:
    """Return the movement that a fact makes of the record that it is about."""
    kind, statement = _said(fact)
    effective = fact.effective
    return Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=kind,
        effective=effective if isinstance(effective, IncompleteDate) else IncompleteDate.on(effective),
        notified_on=fact.notified_on,
        source=Source(kind=SourceKind.J_LIS),
        statement=statement,
    )


def _said(fact: ChangeFact) -> tuple[MovementKind, Statement]:
    match fact:
        case NumberChanged():
            statement = Statement(individual_number=fact.individual_number, number_reason=fact.reason)
            return MovementKind.INDIVIDUAL_NUMBER_RECORDED, statement
        case CodeChanged():
            statement = Statement(resident_record_code=fact.resident_record_code)
            return MovementKind.RESIDENT_RECORD_CODE_RECORDED, statement
        case NameChanged():
            return MovementKind.NAME_CHANGED, Statement(name=fact.name)
        case LifeChanged():
            return KIND_OF_EVENT[fact.event], Statement()
