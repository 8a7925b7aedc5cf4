"""二人による承認 — what one person proposes, another of another unit approves within 72 hours, or it lapses.

What one person alone must not be able to do (OWASP ASVS 2.3.5; 特定個人情報の安全管理措置) stands as a proposal until
then, and nothing follows from it. Units are those of the registry's own house; two people of one unit are one interest.
"""

import re
from datetime import datetime, timedelta
from typing import Final

import msgspec

from registry.domain.errors import Conflict, Fault, FaultCode, Faults, NotPermitted

LAPSES_AFTER: Final = timedelta(hours=72)

ACCOUNT_FORM: Final = r"[a-z0-9][a-z0-9._@-]{1,99}"
"""What accounts look like: one spelling each, so that nobody is two people by a capital letter."""
UNIT_FORM: Final = rf"(?:[A-Za-z0-9-]{{1,60}}/)?{ACCOUNT_FORM}"
"""What units look like: a desk, with the body before it where it is that of somebody who signed in."""


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: the account of one person, and the unit that they belong to."""

    account: str
    unit: str


def check_hand(hand: Hand, faults: Faults) -> None:
    """Note an account or unit that is not written as one."""
    for field, form in (("account", ACCOUNT_FORM), ("unit", UNIT_FORM)):
        if not re.fullmatch(form, getattr(hand, field)):
            faults.add(FaultCode.OUT_OF_RANGE, f"/{field}", f"text of the form {form}")


def lapses_at(proposed_at: datetime) -> datetime:
    """Return the moment from which a proposal can no longer be approved."""
    return proposed_at + LAPSES_AFTER


def demand_other(proposer: Hand, approver: Hand, proposed_at: datetime, now: datetime) -> None:
    """Raise unless ``approver`` may approve at ``now`` what ``proposer`` proposed.

    NotPermitted, with both faults at once, for the same person or the same unit; Conflict for what has lapsed.
    """
    faults = Faults()
    check_hand(approver, faults)
    faults.refuse_if_any()
    same = [field for field in ("account", "unit") if getattr(proposer, field) == getattr(approver, field)]
    if same:
        others = {"account": "somebody else than who proposed it", "unit": "somebody of another unit"}
        raise NotPermitted(
            *(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer=f"/{one}", expected=others[one]) for one in same)
        )
    if now >= lapses_at(proposed_at):
        raise Conflict(Fault(code=FaultCode.OUT_OF_RANGE, expected="an approval within 72 hours; propose it anew"))
