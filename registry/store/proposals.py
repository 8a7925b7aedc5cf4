"""What one official proposed to do with a record, and who approved it. Only added to; the database gives the times."""

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping

from registry.contract.values import from_json, to_json
from registry.domain import four_eyes
from registry.domain.four_eyes import Hand
from registry.domain.proposal import Act, Proposal, kind_of
from registry.store.key_tables import data_key
from registry.store.keyring import KEY_COLUMNS, WITH_KEK, Keyring
from registry.store.protection_tables import approval, proposal
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, SealingKey, open_sealed, seal

_encoder: Final = msgspec.json.Encoder(enc_hook=to_json)
_decoder: Final[msgspec.json.Decoder[Act]] = msgspec.json.Decoder(Act, dec_hook=from_json)


async def add(work: UnitOfWork, key: SealingKey, proposal_id: str, person_id: str, act: Act, proposer: Hand) -> None:
    """Keep a proposal, sealed with the data key of the record that it is about."""
    row = {
        "proposal_id": proposal_id,
        "kind": str(kind_of(act)),
        "person_id": person_id,
        "sealed": seal(key, _place(proposal_id), _encoder.encode(act)),
        "proposed_by": proposer.account,
        "proposed_unit": proposer.unit,
        "proposed_at": func.clock_timestamp(),
    }
    await work.run(insert(proposal).values(row))


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as it lies in the database: whose record it is about is known before it can be opened."""

    person_id: str
    row: RowMapping

    def opened(self, keyring: Keyring) -> Proposal:
        """Return it, opened with the data key of its record; raises Shredded where that was destroyed."""
        row, key = self.row, keyring.key_in(self.row)
        by = row["approved_by"]
        return Proposal(
            proposal_id=row["proposal_id"],
            person_id=self.person_id,
            act=_decoder.decode(open_sealed(key, _place(row["proposal_id"]), row["sealed"])),
            proposer=Hand(account=row["proposed_by"], unit=row["proposed_unit"]),
            proposed_at=row["proposed_at"],
            approver=None if by is None else Hand(account=by, unit=row["approved_unit"]),
        )


async def find(work: UnitOfWork, proposal_id: str) -> Kept | None:
    """Return a proposal with its approval, or None."""
    row = await work.one(_both().where(proposal.c.proposal_id == proposal_id))
    return None if row is None else Kept(person_id=row["person_id"], row=row)


async def waiting(work: UnitOfWork) -> tuple[Kept, ...]:
    """Return the proposals that can still be approved, the oldest first."""
    can_still = (
        approval.c.approved_at.is_(None),
        proposal.c.proposed_at > func.clock_timestamp() - four_eyes.LAPSES_AFTER,
    )
    rows = await work.rows(_both().where(*can_still).order_by(proposal.c.proposed_at))
    return tuple(Kept(person_id=row["person_id"], row=row) for row in rows)


def _both() -> Select[Any]:
    joined = proposal.outerjoin(approval, approval.c.proposal_id == proposal.c.proposal_id)
    with_key = joined.outerjoin(WITH_KEK, data_key.c.owner == proposal.c.person_id)
    of_approval = (approval.c[one] for one in ("approved_by", "approved_unit", "approved_at"))
    return select(proposal, *of_approval, *KEY_COLUMNS).select_from(with_key)


async def approve(work: UnitOfWork, proposal_id: str, approver: Hand) -> bool:
    """Approve a proposal as another official; False if it was approved already, or is none."""
    mine = proposal.c
    by: list[ColumnElement[str]] = [literal(approver.account), literal(approver.unit)]
    of_it = select(
        mine.proposal_id, mine.proposed_by, mine.proposed_unit, mine.proposed_at, *by, func.clock_timestamp()
    ).where(mine.proposal_id == bindparam("id", proposal_id, Uuid(as_uuid=False)))
    statement = upsert(approval).from_select([one.name for one in approval.columns], of_it)
    done = await work.run(statement.on_conflict_do_nothing().returning(approval.c.proposal_id))
    return done.first() is not None


def _place(proposal_id: str) -> Place:
    return Place(table="proposal", row_id=proposal_id, column="sealed", version=0)
