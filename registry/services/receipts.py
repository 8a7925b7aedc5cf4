"""How submissions stand: the receipt that was given, and what later reports made of it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import Receipt, SubmissionState
from registry.domain.errors import Fault, FaultCode, NotFound
from registry.services.attendance import Caller, Done
from registry.services.resources import Resources
from registry.store import submissions
from registry.store.submissions import Submission
from registry.store.unit_of_work import UnitOfWork

KIND: Final = "report"
"""The kind of submission that a report is."""

ANNULMENT: Final = "annulment"
"""The kind of submission that takes a report back."""


async def receipt_of(resources: Resources, work: UnitOfWork, caller: Caller, submission_id: str) -> Done:
    """Return the receipt of a submission of the caller's own, with the state in which it stands now.

    Raises NotFound for another body's submission just as for one that never was.
    """
    found = await submissions.get(work, submission_id) if is_id(submission_id) else None
    if found is None or found.sender != caller.body or found.kind not in {KIND, ANNULMENT}:
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, expected="the id of a report of the caller's"))
    receipt = await _kept_receipt(resources, work, submission_id)
    people = (link.person_id for link in await submissions.links_of(work, submission_id))
    now_stands = msgspec.structs.replace(receipt, state=SubmissionState(found.state))
    return Done(message=now_stands, outcome="found", people=tuple(people))


async def _kept_receipt(resources: Resources, work: UnitOfWork, submission_id: str) -> Receipt:
    """Return the receipt that was given for a report."""
    key = await resources.keyring.find(work, submission_id)
    content = await submissions.content_of(work, key, submission_id)
    return decode(content.receipt if content else b"", Receipt)


def is_id(text: str) -> bool:
    """Whether a text is an id as the registry writes them."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def settle(
    resources: Resources, work: UnitOfWork, earlier: Submission, now: datetime, *, is_annulment: bool
) -> None:
    """Say how the submissions before stand now: what is corrected is mended, what is taken back is annulled.

    To take an annulment back lets hold again what it annulled, and so on down the chain.
    """
    if not is_annulment:
        await submissions.close_cases(work, earlier.submission_id, now)
        if earlier.state == SubmissionState.IN_REVIEW:
            await submissions.set_state(work, earlier.submission_id, SubmissionState.ACCEPTED_WITH_WARNINGS)
        return
    holds, at = False, earlier
    while True:
        await _let(resources, work, at, now, holds=holds)
        before = await submissions.get(work, at.replaces) if at.kind == ANNULMENT and at.replaces else None
        if before is None:
            return
        holds, at = not holds, before


async def _let(resources: Resources, work: UnitOfWork, one: Submission, now: datetime, *, holds: bool) -> None:
    """Let a submission hold, as it did when its receipt was given, or be annulled."""
    if holds:
        receipt = await _kept_receipt(resources, work, one.submission_id)
        await submissions.reopen_cases(work, one.submission_id)
        await submissions.set_state(work, one.submission_id, receipt.state)
    else:
        await submissions.close_cases(work, one.submission_id, now)
        await submissions.set_state(work, one.submission_id, SubmissionState.ANNULLED)
