"""変更情報 — what 機構 (J-LIS) tells of a change of 個人番号 or 住民票コード, and the movement that it makes.

Both may change: the number on request when it leaked and may be misused, or ex officio (番号法7条2項, 施行令3条・4条);
the code whenever its holder wishes (住基法30条の4). The former value says whose it is, so the link is one by number
or code. A fact about somebody whom the registry does not have makes nothing: such people are none of its business.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from registry.domain.basic_four import Confidential
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


ChangeFact = NumberChanged | CodeChanged


def identity_of(fact: ChangeFact) -> Identity:
    """Return by what the person is found: the value that they had until then."""
    if isinstance(fact, NumberChanged):
        return Identity(individual_number=fact.former)
    return Identity(resident_record_code=fact.former)


def movement(fact: ChangeFact, submission_id: str) -> Movement:
    """Return the movement that a fact makes of the record that has the former value."""
    if isinstance(fact, NumberChanged):
        kind = MovementKind.INDIVIDUAL_NUMBER_RECORDED
        statement = Statement(individual_number=fact.individual_number, number_reason=fact.reason)
    else:
        kind = MovementKind.RESIDENT_RECORD_CODE_RECORDED
        statement = Statement(resident_record_code=fact.resident_record_code)
    return Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=kind,
        effective=IncompleteDate.on(fact.effective),
        notified_on=fact.notified_on,
        source=Source(kind=SourceKind.J_LIS),
        statement=statement,
    )
