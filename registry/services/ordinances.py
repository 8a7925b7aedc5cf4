"""条例による独自利用 at run time: one official proposes a row or its end, another of another unit approves it.

Only the owner of the schema may write here, so these run from the command line and never within a request.
"""

from collections.abc import Iterable
from datetime import date

from registry.domain import four_eyes, ordinance
from registry.domain.disclosure import municipality_of
from registry.domain.errors import Conflict, Fault, FaultCode, Faults, NotFound
from registry.domain.four_eyes import Hand
from registry.domain.municipality import CodeStatus, MunicipalityCode
from registry.domain.ordinance import OrdinanceGrant, Proposal
from registry.services.resources import Resources, japan_date
from registry.store import health
from registry.store import ordinances as stored
from registry.store.unit_of_work import UnitOfWork


async def propose(resources: Resources, grant: OrdinanceGrant, proposer: Hand) -> str:
    """Keep a row as proposed and return the proposal's id.

    Raises InvalidInput with everything by which it is more than ordinances may grant.
    """
    faults = ordinance.check(grant)
    four_eyes.check_hand(proposer, faults)
    if not faults.errors:
        _check_municipality(resources, grant, faults)
    faults.refuse_if_any()
    proposal_id = resources.new_id()
    async with resources.work() as work:
        await stored.propose(work, proposal_id, grant, proposer)
        await work.commit()
    return proposal_id


async def propose_end(resources: Resources, grant_id: str, on: date | None, proposer: Hand) -> str:
    """Keep the proposal that a row by ordinance grant nothing from a day on (today if None); return its id.

    Raises NotFound for what is no such row, Conflict where it ends no later anyway.
    """
    faults = Faults()
    four_eyes.check_hand(proposer, faults)
    faults.refuse_if_any()
    first_day = on or japan_date(resources.clock())
    proposal_id = resources.new_id()
    async with resources.work() as work:
        row = next((one for one in ordinance.table(await stored.proposals(work)) if one.grant_id == grant_id), None)
        if row is None:
            expected = "the id of a row by ordinance that was approved; see registry grants list"
            raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/grant", expected=expected))
        if row.valid_to is not None and row.valid_to <= first_day:
            raise Conflict(Fault(code=FaultCode.OUT_OF_RANGE, pointer="/on", expected=f"a day before {row.valid_to}"))
        await stored.propose_end(work, proposal_id, grant_id, first_day, proposer)
        await work.commit()
    return proposal_id


async def approve(resources: Resources, proposal_id: str, approver: Hand) -> Proposal:
    """Approve what somebody else of another unit proposed within the last 72 hours; it takes effect at once.

    Raises NotFound for what is no proposal, NotPermitted for the proposer or their unit, Conflict for what has lapsed
    or was approved before.
    """
    async with resources.work() as work:
        proposal = await _find(work, proposal_id)
        now = await health.clock(work)
        four_eyes.demand_other(proposal.proposer, approver, proposal.proposed_at, now)
        if proposal.approver is not None or not await stored.approve(work, proposal_id, approver):
            expected = "a proposal that waits; this one was approved before"
            raise Conflict(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/proposal", expected=expected))
        await work.commit()
    return proposal


async def waiting(work: UnitOfWork, proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """Return the proposals that can still be approved."""
    now = await health.clock(work)
    return tuple(one for one in proposals if one.approver is None and now < four_eyes.lapses_at(one.proposed_at))


async def _find(work: UnitOfWork, proposal_id: str) -> Proposal:
    found = [one for one in await stored.proposals(work) if one.proposal_id == proposal_id]
    if not found:
        expected = "the id of a proposal; see registry grants list"
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/proposal", expected=expected))
    return found[0]


def _check_municipality(resources: Resources, grant: OrdinanceGrant, faults: Faults) -> None:
    """Note a municipality that is none today: an ordinance ends with the body that made it."""
    code = MunicipalityCode.parse(municipality_of(grant.body) or "")
    if resources.municipalities.status(code, japan_date(resources.clock())) is not CodeStatus.VALID:
        faults.add(FaultCode.CODE_UNKNOWN, "/body", "the code of a municipality that exists today")
