"""決裁を要する処分 — what nobody does to a record alone: proposed by one official, approved by another desk.

The closed list of acts, who may propose each and who approves it. When somebody approves, and who may not, stands in
``four_eyes``; what follows, in the services. Proposer and approver serve one body at two desks: what a municipality
proposes no other approves.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

from registry.domain.account import Account, Duty, Unit
from registry.domain.basic_four import Confidential
from registry.domain.errors import Fault, FaultCode, NotPermitted
from registry.domain.four_eyes import Hand
from registry.domain.numbers import IndividualNumber

Reason = Annotated[str, Meta(min_length=1, max_length=1000)]


class ActKind(StrEnum):
    """The kinds of acts."""

    RELEASE_PROTECTION = "release-protection"
    LIFT_PROTECTION = "lift-protection"
    CORRECT_NUMBER = "correct-number"


class ReleaseProtection(Confidential, frozen=True, kw_only=True, tag_field="act", tag=ActKind.RELEASE_PROTECTION.value):
    """支援措置の終了: a measure is released, or a request declined."""

    measure_id: str
    reason: Reason


class LiftProtection(Confidential, frozen=True, kw_only=True, tag_field="act", tag=ActKind.LIFT_PROTECTION.value):
    """職務上の必要による提供: a body is told of a protected person for one affair, until a moment (UTC, exclusive)."""

    body: str
    affair: str
    ends_at: datetime
    reason: Reason


class CorrectNumber(Confidential, frozen=True, kw_only=True, tag_field="act", tag=ActKind.CORRECT_NUMBER.value):
    """個人番号の訂正: what stands in the record is not the person's number, and this one is (番号法7条).

    Only a slip is mended so; a number that was changed is recorded from the day of the change, by who changed it.
    """

    wrong: IndividualNumber
    right: IndividualNumber
    reason: Reason


Act = ReleaseProtection | LiftProtection | CorrectNumber


def kind_of(act: Act) -> ActKind:
    """Return the kind of an act."""
    return ActKind(str(type(act).__struct_config__.tag))


class _Rule(NamedTuple):
    proposed_by: Duty
    approved_by: Duty


_RULES: Final[dict[type, _Rule]] = {
    ReleaseProtection: _Rule(Duty.PROTECT, Duty.PROTECT),
    LiftProtection: _Rule(Duty.PROTECT, Duty.PROTECT),
    CorrectNumber: _Rule(Duty.INQUIRE, Duty.APPROVE_AT_MUNICIPALITY),
}


class Proposal(Confidential, frozen=True, kw_only=True):
    """One act as it was proposed for one record, and by whom it was approved, if it was."""

    proposal_id: str
    person_id: str
    act: Act
    proposer: Hand
    proposed_at: datetime
    approver: Hand | None = None


def hand_of(account: Account) -> Hand:
    """Return who acts, as four eyes look at it; raises NotPermitted for who works for nobody."""
    if account.unit is None:
        raise _not_permitted("/unit", "an official, of a unit")
    return Hand(account=account.account_id, unit=str(account.unit))


def demand_proposer(account: Account, act: Act) -> Hand:
    """Return the hand of who may propose an act; raises NotPermitted for whose duty it is not."""
    if _RULES[type(act)].proposed_by not in account.duties:
        raise _not_permitted("/account", "an account whose duty it is")
    return hand_of(account)


def demand_approver(account: Account, proposal: Proposal) -> Hand:
    """Return the hand of who may look at a proposal to approve it; two people and two units are demanded besides.

    Raises NotPermitted for whose duty it is not, and for another body.
    """
    hand = hand_of(account)
    proposed_at = Unit.parse(proposal.proposer.unit)
    is_colleague = account.unit is not None and proposed_at is not None and account.unit.body == proposed_at.body
    if not is_colleague or _RULES[type(proposal.act)].approved_by not in account.duties:
        raise _not_permitted("/account", "an approver of the body that proposed it")
    return hand


def _not_permitted(pointer: str, expected: str) -> NotPermitted:
    return NotPermitted(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer=pointer, expected=expected))
