"""名義人: which record is whose. A card's signature joins an account to a record, for as long as the card stands.

A record is shown to its own person alone, so before each use (1) the row of the account is read with the signature that
made it; (2) its certificate is asked about, while no transaction is open: once it is revoked, account and record are
parted; (3) the record is opened, and parted from as well where it is nobody's any more. Whoever was parted signs once
more. Every parting stands in the log, in the person's own chain.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.resident import Status
from registry.domain.timeline import Timeline, fold
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.services import disclosure_log
from registry.services.jpki import Cards
from registry.services.resources import Resources
from registry.store import holders, records, sight, submissions
from registry.store.holders import Holder
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

PARTED: Final = "holder-parted"
"""The operation under which the log has it that an account and a record are joined no more."""
_NOBODYS: Final = frozenset({Status.MERGED, Status.REMOVED, Status.DECEASED})


class Parting(StrEnum):
    """Why an account and a record were parted: the outcome that the log has."""

    REVOKED = "certificate-revoked"
    RECORD_OVER = "record-over"
    """Merged into another record, removed ex officio, annulled, or its person has died."""
    ANOTHER_ACCOUNT = "another-account"
    """The same person signed from another account."""


async def of_account(cards: Cards, account: str) -> Holder | None:
    """Return which record is an account's, its card standing now: (1) and (2); None where it has none, or no more.

    Raises :class:`JpkiRefused` where it cannot be learnt now whether the card stands.
    """
    resources = cards.resources
    async with resources.work() as work:
        await sight.act_for(work, account)
        holder = await holders.of_account(work, account)
        signature = None if holder is None else await _signature(resources, work, holder.submission_id)
    if holder is None:
        return None
    if signature is None:
        await _part(resources, holder, Parting.RECORD_OVER)
        return None
    try:
        now = resources.wall_clock()
        await cards.verifier.confirm_standing(signature, signed_at=holder.signed_at, now=now)
    except JpkiRefused as refused:
        if refused.code is not JpkiFault.REVOKED:
            raise
        await _part(resources, holder, Parting.REVOKED)
        return None
    return holder


async def _signature(resources: Resources, work: UnitOfWork, submission_id: str) -> str | None:
    """Return what the card signed the application with; None where that was shredded."""
    try:
        key = await resources.keyring.find(work, submission_id)
    except Shredded:
        return None
    content = await submissions.content_of(work, key, submission_id)
    return None if content is None else content.evidence


async def opened(resources: Resources, work: UnitOfWork, holder: Holder) -> Timeline | None:
    """Open the record of an account in a transaction and return its timeline: (3); None where it is nobody's any more.

    Whose it is is read once more: between (1) and now it may have become another's.
    """
    await sight.act_for(work, holder.account)
    if await holders.of_account(work, holder.account) != holder:
        return None
    await sight.see(work, [holder.person_id])
    try:
        key = await resources.keyring.find(work, holder.person_id)
    except Shredded:
        return None
    timeline = fold(await records.movements_of(work, key, holder.person_id))
    return None if is_over(timeline) else timeline


def is_over(timeline: Timeline) -> bool:
    """Whether a record is nobody's own any more."""
    return timeline.last is None or timeline.last.status in _NOBODYS


async def part_from_record(resources: Resources, holder: Holder) -> None:
    """Part an account from a record that :func:`opened` found to be nobody's."""
    await _part(resources, holder, Parting.RECORD_OVER)


async def _part(resources: Resources, holder: Holder, why: Parting) -> None:
    async with resources.work() as work:
        await sight.act_for(work, holder.account)
        await part(resources, work, holder, why)
        await work.commit()


async def part(resources: Resources, work: UnitOfWork, holder: Holder, why: Parting) -> None:
    """Part an account and a record, in a transaction that sees them; where somebody was quicker, do nothing."""
    if await holders.remove(work, holder):
        await disclosure_log.record(resources, work, _parted(resources, why, resources.clock()), (holder.person_id,))


def _parted(resources: Resources, why: Parting, now: datetime) -> Disclosure:
    house = str(VIRTUAL_MUNICIPALITY.code)
    return Disclosure(
        asked_at=now,
        provided_at=None,
        body=house,
        key_id=resources.signing_key.key_id,
        provider=house,
        operation=PARTED,
        outcome=str(why),
        correlation_id=resources.new_id(),
    )
