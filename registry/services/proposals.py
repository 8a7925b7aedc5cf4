"""決裁: what one official proposes to do with a record, another approves; then it is done, in the same transaction.

Both run with the eyes of the registry's own office (``EX_OFFICIO``). The log of the person has the proposal and what
came of it, with the accounts of both.
"""

from contextlib import suppress
from typing import Final

from registry.domain import four_eyes
from registry.domain.account import Account
from registry.domain.errors import Conflict, Fault, FaultCode, NotFound
from registry.domain.four_eyes import Hand
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.proposal import (
    Act,
    CorrectNumber,
    LiftProtection,
    Proposal,
    ReleaseProtection,
    demand_approver,
    demand_proposer,
    kind_of,
)
from registry.services import disclosure_log, number_corrections, protection
from registry.services.receipts import is_id
from registry.services.resources import Resources
from registry.store import health
from registry.store import proposals as stored
from registry.store.keyring import Shredded
from registry.store.proposals import Kept
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

OPERATION: Final = "proposal"
"""Under which the log has that something was proposed; what was done about it stands under its own operation."""


async def propose(resources: Resources, person_id: str, act: Act, account: Account) -> str:
    """Keep what somebody proposes to do with a record, and return the proposal's id; nothing follows from it yet.

    Raises NotPermitted for whose duty it is not, NotFound for what is no record, and whatever forbids the act now.
    """
    proposer = demand_proposer(account, act)
    if not is_id(person_id):
        raise protection.not_found("/person", "the id of a record")
    proposal_id = resources.new_id()
    async with resources.work() as work:
        await _check(resources, work, person_id, act, account)
        key = await protection.key_of(resources, work, person_id, "/person")
        await stored.add(work, key, proposal_id, person_id, act, proposer)
        await _log(resources, work, person_id, act, proposer)
        await work.commit()
    return proposal_id


async def approve(resources: Resources, proposal_id: str, account: Account) -> Proposal:
    """Approve what a colleague at another desk proposed within the last 72 hours, and do it.

    Raises NotFound for what is no proposal, NotPermitted for the proposer, their unit, another body or whose duty it is
    not, Conflict for what has lapsed or was approved before, and whatever forbids the act by now.
    """
    async with resources.work() as work:
        kept = await stored.find(work, proposal_id) if is_id(proposal_id) else None
        if kept is None:
            raise _not_found()
        proposal = _opened(resources, kept)
        approver = demand_approver(account, proposal)
        four_eyes.demand_other(proposal.proposer, approver, proposal.proposed_at, await health.clock(work))
        if proposal.approver is not None or not await stored.approve(work, proposal_id, approver):
            expected = "a proposal that waits; this one was approved before"
            raise Conflict(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/proposal", expected=expected))
        await _do(resources, work, proposal, approver)
        await work.commit()
    return proposal


async def waiting(resources: Resources, account: Account) -> tuple[Proposal, ...]:
    """Return the proposals that somebody could look at now, as proposer or approver, the oldest first.

    What was proposed for a record that has been shredded since waits for nobody.
    """
    found = []
    async with resources.work() as work:
        for kept in await stored.waiting(work):
            with suppress(NotFound):
                proposal = _opened(resources, kept)
                if concerns(account, proposal):
                    found.append(proposal)
    return tuple(found)


def concerns(account: Account, proposal: Proposal) -> bool:
    """Whether a proposal is one of the body for which somebody works."""
    return account.unit is not None and proposal.proposer.unit.startswith(f"{account.unit.body}/")


def _opened(resources: Resources, kept: Kept) -> Proposal:
    try:
        return kept.opened(resources.keyring)
    except Shredded:
        raise _not_found() from None


def _not_found() -> NotFound:
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/proposal", expected="the id of a proposal"))


async def _check(resources: Resources, work: UnitOfWork, person_id: str, act: Act, account: Account) -> None:
    """Refuse to keep a proposal of which it is plain now that it cannot be done."""
    match act:
        case ReleaseProtection():
            await protection.can_end(resources, work, person_id, act)
        case LiftProtection():
            protection.check_lift(act, resources.clock())
        case CorrectNumber():
            await number_corrections.check(resources, work, person_id, act, account)


async def _do(resources: Resources, work: UnitOfWork, proposal: Proposal, approver: Hand) -> None:
    hands = proposal.proposer, approver
    match proposal.act:
        case ReleaseProtection() as act:
            await protection.end(resources, work, proposal.person_id, act, hands)
        case LiftProtection() as act:
            await protection.lift(resources, work, proposal.person_id, act, hands)
        case CorrectNumber() as act:
            await number_corrections.correct(resources, work, proposal.person_id, act, hands)


async def _log(resources: Resources, work: UnitOfWork, person_id: str, act: Act, proposer: Hand) -> None:
    kind = kind_of(act)
    disclosure = Disclosure(
        asked_at=resources.clock(),
        provided_at=None,
        body=proposer.unit.partition("/")[0],
        key_id=resources.signing_key.key_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        handled_by=proposer.account,
        operation=OPERATION,
        outcome=str(kind),
        correlation_id=resources.new_id(),
        number_accessed=isinstance(act, CorrectNumber),
    )
    await disclosure_log.record(resources, work, disclosure, (person_id,))
