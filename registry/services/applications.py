"""電子申請: what a resident reports of themselves, signed with their card. The steps of accepting, as for a mission.

(1) What the card signed is verified against the exact bytes, while no transaction is open. (2) Within it, the same key
and body get the answer they had; else the nonce is used up, now and for good. (3) and (4) What somebody may report of
themselves, then form and law. (5) Whose record it is: who signs must be whom it is about. (6) to (8), (10) as
``submissions`` has them. Last, the account is joined to the record (``holders``). (9) The log has it, in any case.
"""

import secrets
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import msgspec

from registry.contract.applications import Challenge, SignedApplication
from registry.contract.decoding import decode
from registry.contract.messages import DryRun, Receipt, SubmissionState
from registry.contract.problems import RateLimited, fault_entry
from registry.domain import own_report, residence_report
from registry.domain.certified_identity import CertifiedIdentity
from registry.domain.pace import OF_RESIDENTS, Bucket, take
from registry.domain.residence_report import ResidenceReport
from registry.domain.sign_in import SignedIn
from registry.jpki.challenge import LIFETIME
from registry.jpki.profile import Purpose
from registry.jpki.refusals import JpkiRefused
from registry.jpki.verification import VerifiedApplication
from registry.services import holders, receipts, submissions
from registry.services.attendance import Attending, Done, Once, refusing
from registry.services.holders import CardEvidence, Signer
from registry.services.jpki import Cards
from registry.services.resources import Resources, japan_date
from registry.services.submissions import Checked
from registry.store import callers
from registry.store import holders as stored
from registry.store.callers import StoredAnswer
from registry.store.holders import Holder
from registry.store.jpki import ChallengesIn
from registry.store.unit_of_work import UnitOfWork

ONE_AT_A_TIME: Final = "one application at a time"
"""Under what an account is locked: no two of its applications are taken in at once."""


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A resident who signed in, as the sender of what they report; ``body`` is their account."""

    body: str
    key_id: str

    @classmethod
    def of(cls, session: SignedIn) -> "Resident":
        """Return who has a session; the log knows them by its id."""
        return cls(body=session.account.account_id, key_id=session.session_id)

    @property
    def clerk(self) -> None:
        """Nobody stands between."""

    def use_up(self, work: UnitOfWork) -> None:
        """Take nothing: what a card signed has used its own nonce up, and the rest may come twice."""


class Turns:
    """How fast each account goes, in this process."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def take(self, account: str, now: datetime) -> None:
        """Let a request of an account through; raises RateLimited."""
        if len(self._buckets) >= MOST_ACCOUNTS:
            self._buckets = {one: bucket for one, bucket in self._buckets.items() if now - bucket.at < FULL_AGAIN}
        self._buckets[account], wait = take(self._buckets.get(account), OF_RESIDENTS, now)
        if wait:
            raise RateLimited(ceil(wait.total_seconds()))


MOST_ACCOUNTS: Final = 10_000
FULL_AGAIN: Final = timedelta(seconds=OF_RESIDENTS.at_once / OF_RESIDENTS.per_second)


async def challenge(cards: Cards, session: SignedIn) -> Challenge:
    """Return a nonce for one signature in this session."""
    now = cards.resources.wall_clock()
    async with cards.resources.work() as work:
        nonce = await _challenges(work).give(Purpose.SIGNING, session.session_id, now)
        await work.commit()
    return Challenge(nonce=nonce, origin=cards.origin, until=now + LIFETIME[Purpose.SIGNING])


def _challenges(work: UnitOfWork) -> ChallengesIn:
    return ChallengesIn(work, secrets.token_urlsafe)


async def submit(
    cards: Cards, attending: Attending, session: SignedIn, sent: SignedApplication, once: Once
) -> StoredAnswer:
    """Take an application in: exactly once; the answer is its signed receipt, or says what is wrong."""
    account, resources = session.account.account_id, cards.resources
    content = sent.application.encode()
    try:
        unspent = await cards.verifier.accept_application(content, sent.signature, now=resources.wall_clock())  # (1)
        await holders.of_account(cards, account)  # parts it from its record where the card before was revoked
    except JpkiRefused as refused:
        return await attending.attend(refusing(refused))

    async def act(work: UnitOfWork) -> Done:
        await callers.lock_idempotency(work, account, [ONE_AT_A_TIME])
        verified = await unspent.spend(_challenges(work), session.session_id)  # (2)
        checked = _signed(check(resources, content, once.idempotency_key), sent.signature, verified)
        checked = await _of_account(resources, work, account, checked, verified.holder)
        done = await submissions.accept(resources, work, attending.caller, checked)
        await holders.join(resources, work, _holder(account, done, verified))
        return done

    return await attending.attend(act, once=once)


async def dry_run(
    cards: Cards, attending: Attending, session: SignedIn, sent: SignedApplication, once: Once
) -> StoredAnswer:
    """Say what an application would do, before anybody signs it.

    Of an account that is joined to no record only form and law are judged: whose record it is says the card.
    """
    account, resources = session.account.account_id, cards.resources
    try:
        holder = await holders.of_account(cards, account)
    except JpkiRefused as refused:
        return await attending.attend(refusing(refused))

    async def act(work: UnitOfWork) -> Done:
        checked = check(resources, sent.application.encode(), once.idempotency_key)
        if holder is None:
            unknown = DryRun(state=SubmissionState.RECEIVED, warnings=tuple(map(fault_entry, checked.warnings)))
            return Done(message=unknown, outcome="dry-run")
        checked = await _of_account(resources, work, account, checked, None)
        return await submissions.dry_run(resources, work, attending.caller, checked)

    return await attending.attend(act)


async def status(resources: Resources, attending: Attending, submission_id: str) -> StoredAnswer:
    """Return the receipt of one of the account's own applications, in the state in which it stands now."""

    async def act(work: UnitOfWork) -> Done:
        return await receipts.receipt_of(resources, work, attending.caller, submission_id)

    return await attending.attend(act)


def check(resources: Resources, content: bytes, sender_key: str) -> Checked:
    """Hold an application against what somebody may report of themselves, then form and law: (3) and (4).

    Raises InvalidInput with every fault.
    """
    report, now = decode(content, ResidenceReport), resources.clock()
    at_mission = submissions.today_at_mission(resources, report.mission, now)
    faults = residence_report.check(report, resources.missions, at_mission)
    own_report.check(report, max(at_mission, japan_date(now)), faults)
    faults.refuse_if_any()
    return Checked(body=content, evidence="", sender_key=sender_key, report=report, warnings=faults.warnings, now=now)


def _signed(checked: Checked, signature: str, verified: VerifiedApplication) -> Checked:
    """Return an application with what is kept of its signature."""
    kept = CardEvidence(signature=signature, signed_at=verified.signed_at, standing=verified.standing)
    return msgspec.structs.replace(checked, evidence=msgspec.json.encode(kept).decode())


async def _of_account(
    resources: Resources, work: UnitOfWork, account: str, checked: Checked, certified: CertifiedIdentity | None
) -> Checked:
    """Return an application with who reports, by card and by account; a record that is over is nobody's."""
    holder = await stored.of_account(work, account)
    if holder is not None and await holders.opened(resources, work, holder) is None:
        holder = None
    signer = Signer(certified=certified, person_id=None if holder is None else holder.person_id)
    return msgspec.structs.replace(checked, signer=signer)


def _holder(account: str, done: Done, verified: VerifiedApplication) -> Holder:
    """Return whose the record is of an application that was taken in."""
    if not isinstance(done.message, Receipt):
        raise TypeError("what was taken in has a receipt")
    (person_id,) = done.people
    return Holder(
        account=account,
        person_id=person_id,
        submission_id=done.message.submission_id,
        signed_at=verified.signed_at,
    )
