"""名義人: which record is whose. A card's signature joins an account to a record, for as long as the card stands.

A record is shown to its own person alone, so before each use (1) the row of the account is read with the signature that
made it; (2) its certificate is asked about, while no transaction is open: once it is revoked, account and record are
parted; (3) the record is opened, and parted from as well where it is nobody's any more. Whoever was parted signs once
more. Every parting stands in the log, in the person's own chain.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain import own_report
from registry.domain.certified_identity import CertifiedIdentity
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.residence_report import ResidenceReport
from registry.domain.resident import Status
from registry.domain.timeline import Timeline, fold
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation import Standing
from registry.services import disclosure_log
from registry.services import records as record_services
from registry.services.jpki import Cards
from registry.services.resources import Resources
from registry.store import holders, records, sight, submissions
from registry.store.at_hand import Found
from registry.store.holders import Holder
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure


class CardEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a card's signature, so that it can be verified once more years later (decision 0027).

    ``signature`` is the JWS with the certificate; ``standing`` what the CA said of that at the moment of signing.
    """

    signature: str
    signed_at: datetime
    standing: Standing


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who reports by themselves. ``person_id`` is the record that their account is joined to, if it is to one.

    ``certified`` is who their certificate says they are; None in a dry run, for which nobody signs.
    """

    certified: CertifiedIdentity | None
    person_id: str | None


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
        evidence = None if holder is None else await _evidence(resources, work, holder.submission_id)
    if holder is None:
        return None
    if evidence is None:
        await _part(resources, holder, Parting.RECORD_OVER)
        return None
    try:
        signature, now = evidence.signature, resources.wall_clock()
        await cards.verifier.confirm_standing(signature, signed_at=evidence.signed_at, now=now)
    except JpkiRefused as refused:
        if refused.code is not JpkiFault.REVOKED:
            raise
        await _part(resources, holder, Parting.REVOKED)
        return None
    return holder


async def _evidence(resources: Resources, work: UnitOfWork, submission_id: str) -> CardEvidence | None:
    """Return what is kept of the signature of an application; None where that was shredded."""
    try:
        content = await submissions.content_of(work, resources.keyring, submission_id)
    except Shredded:
        return None
    return msgspec.json.decode(content.evidence, type=CardEvidence)


async def opened(resources: Resources, work: UnitOfWork, holder: Holder) -> Timeline | None:
    """Open the record of an account in a transaction and return its timeline: (3); None where it is nobody's any more.

    Whose it is is read once more: between (1) and now it may have become another's.
    """
    await sight.act_for(work, holder.account)
    if await holders.of_account(work, holder.account) != holder:
        return None
    await sight.see(work, [holder.person_id])
    try:
        timeline = fold(await records.movements_of(work, resources.keyring, holder.person_id))
    except Shredded:
        return None
    return None if is_over(timeline) else timeline


async def find(
    resources: Resources, work: UnitOfWork, identity: Identity, signer: Signer, report: ResidenceReport
) -> Found:
    """Find the record that is the signer's own, or begin one; the caller has locked the identity's keys.

    Raises NotPermitted where the report is about somebody else than who signs, or than whose the record is;
    InvalidInput where no one record is the signer's.
    """
    if signer.certified is not None:
        own_report.demand_signer(signer.certified, report.people[0])
    if signer.person_id is not None:
        known = Link(method=LinkMethod.JPKI, person_id=signer.person_id)
        found = await record_services.reopen(resources, work, signer.person_id, known)
        own_report.demand_own(identity, record_services.identities_of(found.movements))
        return found
    own_report.demand_honseki(report.people[0])
    decision = own_report.joined(await record_services.decide(resources, work, identity), report)
    if decision.person_id is None:
        return Found(person_id=resources.new_id(), key=None, movements=(), link=decision)
    return await record_services.reopen(resources, work, decision.person_id, decision)


async def join(resources: Resources, work: UnitOfWork, holder: Holder) -> None:
    """Join an account to the record of an application that was taken in, in its transaction.

    The newest card counts. The same person's other account is parted from the record, and the account from a record
    that is over.
    """
    mine, of_record = await holders.of_account(work, holder.account), await holders.of_person(work, holder.person_id)
    if of_record is not None and of_record.account != holder.account:
        await part(resources, work, of_record, Parting.ANOTHER_ACCOUNT)
    if mine is not None and mine.person_id != holder.person_id:
        await part(resources, work, mine, Parting.RECORD_OVER)
    elif mine is not None:
        await holders.remove(work, mine)
    holders.add(work, holder)


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
