"""ガラス破り (break-glass): in an emergency one official of a body is told of a protected person all the same.

For half an hour, for one affair that the body's grant covers anyway, with a reason and the ticket of the case. An alarm
goes off, the person's log has it, and the protection desk looks at each afterwards.
"""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from registry.domain import protection as rules
from registry.domain.account import Account, Duty
from registry.domain.errors import FaultCode, Faults
from registry.domain.four_eyes import Hand
from registry.domain.proposal import hand_of
from registry.domain.protection import Ground, Lift
from registry.services import finding
from registry.services.finding import Question
from registry.services.protection import Entry, demand_desk, enter, key_of, not_found, not_permitted
from registry.services.receipts import is_id
from registry.services.resources import Resources
from registry.store import protection as stored
from registry.store.keyring import Shredded
from registry.store.protection import Opened
from registry.store.unit_of_work import UnitOfWork

log = structlog.get_logger("registry.break_glass")

OPERATION: Final = "break-glass"
BREAKS_GLASS: Final = frozenset({Duty.APPROVE_AT_MISSION, Duty.APPROVE_AT_MUNICIPALITY})
"""Whose duty it can be: who decides at a body, not who asks."""


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """Why the glass is broken: the reason, and the ticket of the case, under which it is reviewed."""

    reason: str
    ticket: str


async def break_glass(resources: Resources, question: Question, emergency: Emergency, account: Account) -> datetime:
    """Let a body be told, for the affair of its grant and for half an hour, of whoever its question finds.

    Returns until when (UTC), whether anybody is found or not: who asks learns it by asking anew. Nothing else of the
    grant is widened. The log of the person has it, an alarm tells the desk, and the desk reviews it. Raises
    NotPermitted for whoever approves nothing at their body, InvalidInput without reason or ticket.
    """
    hand = _demand_approver(account, question.caller.body)
    _check_emergency(emergency)
    now, correlation_id = resources.clock(), resources.new_id()
    ends_at = now + rules.LONGEST_BREAK_GLASS
    async with resources.work() as work:
        people = await finding.people_behind(resources, work, question)
        for person_id in sorted(people):  # each is locked, in one order for everybody
            made = Lift(
                lift_id=resources.new_id(),
                person_id=person_id,
                body=question.caller.body,
                affair=question.grant.affair,
                ground=Ground.BREAK_GLASS,
                begins_at=now,
                ends_at=ends_at,
            )
            why = f"{emergency.ticket}: {emergency.reason}"
            await stored.lift(work, await key_of(resources, work, person_id, "/search"), made, hand, why)
        entry = Entry(
            outcome="opened" if people else "nobody",
            handled_by=hand.account,
            operation=OPERATION,
            affair=question.grant.affair,
            body=question.caller.body,
            correlation_id=correlation_id,
        )
        await enter(resources, work, people, entry)
        await work.commit()
    log.warning("glass broken", caller=question.caller.body, correlation_id=correlation_id)
    return ends_at


def _demand_approver(account: Account, body: str) -> Hand:
    is_of_body = account.unit is not None and account.unit.body == body
    if not is_of_body or not BREAKS_GLASS.intersection(account.duties):
        raise not_permitted("an approver of the body that asks")
    return hand_of(account)


def _check_emergency(emergency: Emergency) -> None:
    faults = Faults()
    for field in ("reason", "ticket"):
        if not getattr(emergency, field).strip():
            faults.add(FaultCode.MISSING, f"/{field}", "why the glass is broken, and the case")
    faults.refuse_if_any()


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A broken glass as the desk reviews it, with the ticket and the reason; None where the record was shredded."""

    opened: Opened
    why: str | None


async def to_review(resources: Resources, account: Account) -> tuple[Broken, ...]:
    """Return what was opened in an emergency and nobody has reviewed, the oldest first.

    Raises NotPermitted for whose duty it is not.
    """
    demand_desk(account)
    async with resources.work() as work:
        waiting = await stored.broken_glass(work)
        return tuple([Broken(opened=one, why=await _why(resources, work, one.lift.lift_id)) for one in waiting])


async def _why(resources: Resources, work: UnitOfWork, lift_id: str) -> str | None:
    """Return ticket and reason; nothing where the record was shredded, and they with it."""
    try:
        return await stored.reason_of_lift(work, resources.keyring, lift_id)
    except Shredded:
        return None


async def review(resources: Resources, lift_id: str, account: Account) -> None:
    """Write that somebody of the desk looked at a broken glass.

    Raises NotPermitted for whose duty it is not, NotFound for what is no broken glass that waits.
    """
    hand = demand_desk(account)
    async with resources.work() as work:
        found = await stored.lock_lift(work, lift_id) if is_id(lift_id) else None
        if found is None or found.lift.ground is not Ground.BREAK_GLASS or found.reviewed_by is not None:
            raise not_found("/lift", "a broken glass that nobody has reviewed")
        await stored.reviewed(work, lift_id, hand, resources.clock())
        entry = Entry(outcome="reviewed", handled_by=hand.account, operation=OPERATION, affair=found.lift.affair)
        await enter(resources, work, (found.lift.person_id,), entry)
        await work.commit()
