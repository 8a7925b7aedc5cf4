"""How submissions stand: the receipt that was given, and what later reports made of it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import Receipt, SubmissionState
from registry.domain.errors import Fault, FaultCode, NotFound
from registry.services.attendance import Done, Sender
from registry.services.resources import Resources
from registry.store import sight, submissions
from registry.store.keyring import Shredded
from registry.store.submissions import Submission
from registry.store.unit_of_work import UnitOfWork

KIND: Final = "report"
"""The kind of submission that a report is."""

ANNULMENT: Final = "annulment"
"""The kind of submission that takes a report back."""


async def receipt_of(resources: Resources, work: UnitOfWork, caller: Sender, submission_id: str) -> Done:
    """Return the receipt of a submission of the caller's own, with the state in which it stands now.

    Raises NotFound for another body's submission, and for one that was shredded, just as for one that never was.
    """
    await sight.act_for(work, caller.body)
    found = await submissions.get(work, submission_id) if is_id(submission_id) else None
    if found is None or found.sender != caller.body or found.kind not in {KIND, ANNULMENT}:
        raise _not_found()
    try:
        receipt = await _kept_receipt(resources, work, submission_id)
    except Shredded:
        raise _not_found() from None
    people = (link.person_id for link in await submissions.links_of(work, submission_id))
    now_stands = msgspec.structs.replace(receipt, state=SubmissionState(found.state))
    return Done(message=now_stands, outcome="found", people=tuple(people))


def _not_found() -> NotFound:
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, expected="the id of a report of the caller's"))


async def _kept_receipt(resources: Resources, work: UnitOfWork, submission_id: str) -> Receipt:
    """Return the receipt that was given for a report."""
    return decode((await submissions.content_of(work, resources.keyring, submission_id)).receipt, Receipt)


def is_id(text: str) -> bool:
    """Whether a text is an id as the registry writes them."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def settle(resources: Resources, work: UnitOfWork, earlier: Submission, now: datetime) -> None:
    """Say how the submissions before a new one stand now, down the chain of what each corrected or took back.

    Annulled is what a standing annulment takes back; mended is what a standing report corrects. What nothing stands
    against holds as it did when its receipt was given, and so does what it left open.
    """
    at: Submission | None = earlier
    while at is not None:
        standing = [
            one for one in await submissions.followers(work, at.submission_id) if one.state != SubmissionState.ANNULLED
        ]
        await _let(resources, work, at, now, against=frozenset(one.kind for one in standing))
        at = None if at.replaces is None else await submissions.get(work, at.replaces)


async def _let(
    resources: Resources, work: UnitOfWork, one: Submission, now: datetime, *, against: frozenset[str]
) -> None:
    """Let a submission stand as the kinds of what stands ``against`` it demand; of a shredded one nothing stands."""
    try:
        state = (await _kept_receipt(resources, work, one.submission_id)).state
    except Shredded:
        return
    if ANNULMENT in against:
        state = SubmissionState.ANNULLED
    elif against and state is SubmissionState.IN_REVIEW:
        state = SubmissionState.ACCEPTED_WITH_WARNINGS
    await submissions.set_state(work, one.submission_id, state)
    if against:
        await submissions.close_cases(work, one.submission_id, now)
    else:
        await submissions.reopen_cases(work, one.submission_id)
