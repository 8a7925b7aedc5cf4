"""Grants by ordinance: what was proposed, and what was approved. Only added to; the database gives the times."""

from datetime import date

import msgspec
from sqlalchemy import ColumnElement, Uuid, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.domain.disclosure import Item, Mode, SearchKey
from registry.domain.four_eyes import Hand
from registry.domain.ordinance import Area, OrdinanceGrant, Proposal
from registry.store.grant_tables import ordinance_approval, ordinance_proposal
from registry.store.unit_of_work import UnitOfWork


async def proposals(work: UnitOfWork) -> tuple[Proposal, ...]:
    """Return every proposal with its approval, the oldest first."""
    approval = [ordinance_approval.c[name] for name in ("approved_by", "approved_unit", "approved_at")]
    both = ordinance_proposal.outerjoin(
        ordinance_approval, ordinance_approval.c.proposal_id == ordinance_proposal.c.proposal_id
    )
    query = select(ordinance_proposal, *approval).select_from(both)
    return tuple(map(_proposal, await work.rows(query.order_by(ordinance_proposal.c.proposed_at))))


async def propose(work: UnitOfWork, proposal_id: str, grant: OrdinanceGrant, proposer: Hand) -> None:
    """Keep a row as proposed."""
    row = msgspec.structs.asdict(grant) | {
        "body_kind": str(grant.body_kind),
        "area": str(grant.area),
        "mode": str(grant.mode),
        "items": sorted(map(str, grant.items)),
        "searches": sorted(map(str, grant.searches)),
    }
    await work.run(insert(ordinance_proposal).values(row | _proposed(proposal_id, proposer)))


async def propose_end(work: UnitOfWork, proposal_id: str, ends: str, on: date, proposer: Hand) -> None:
    """Keep the proposal that the row of an approved one grant nothing from a day on."""
    row = {"ends": ends, "valid_to": on}
    await work.run(insert(ordinance_proposal).values(row | _proposed(proposal_id, proposer)))


async def approve(work: UnitOfWork, proposal_id: str, approver: Hand) -> bool:
    """Approve a proposal as another official; False if it was approved already, or is none."""
    proposed = ordinance_proposal.c
    by: list[ColumnElement[str]] = [literal(approver.account), literal(approver.unit)]
    of_it = select(
        proposed.proposal_id, proposed.proposed_by, proposed.proposed_unit, proposed.proposed_at, *by, func.now()
    ).where(proposed.proposal_id == bindparam("id", proposal_id, Uuid(as_uuid=False)))
    statement = upsert(ordinance_approval).from_select([one.name for one in ordinance_approval.columns], of_it)
    done = await work.run(statement.on_conflict_do_nothing().returning(ordinance_approval.c.proposal_id))
    return done.first() is not None


def _proposed(proposal_id: str, proposer: Hand) -> dict[str, object]:
    return {
        "proposal_id": proposal_id,
        "proposed_by": proposer.account,
        "proposed_unit": proposer.unit,
        "proposed_at": func.now(),
    }


def _proposal(row: RowMapping) -> Proposal:
    is_approved = row["approved_by"] is not None
    return Proposal(
        proposal_id=row["proposal_id"],
        grant=_grant(row) if row["ends"] is None else None,
        ends=row["ends"],
        ends_on=None if row["ends"] is None else row["valid_to"],
        proposer=Hand(account=row["proposed_by"], unit=row["proposed_unit"]),
        proposed_at=row["proposed_at"],
        approver=Hand(account=row["approved_by"], unit=row["approved_unit"]) if is_approved else None,
        approved_at=row["approved_at"],
    )


def _grant(row: RowMapping) -> OrdinanceGrant:
    return OrdinanceGrant(
        body=row["body"],
        ordinance=row["ordinance"],
        area=Area(row["area"]),
        affair=row["affair"],
        label=row["label"],
        label_en=row["label_en"],
        items=frozenset(map(Item, row["items"])),
        searches=frozenset(map(SearchKey, row["searches"])),
        mode=Mode(row["mode"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
    )
