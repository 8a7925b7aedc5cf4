"""消去: one person's record is made unreadable for good, in one transaction with its entry in the log.

What is left is an empty row, sealed movements that nothing opens, and who shredded it, when and on which ground. From
then on the person is nobody: an inquiry finds no one, and a report about them opens another record.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

import msgspec

from registry.contract.messages import SubmissionState
from registry.domain import shredding as rules
from registry.domain.errors import Fault, FaultCode, NotFound
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.reconciliation import Link, LinkMethod
from registry.domain.shredding import BASES, Shredding
from registry.services import disclosure_log, records
from registry.services.going_through import each_record
from registry.services.receipts import is_id
from registry.services.resources import Resources, japan_date
from registry.store import records as stored_records
from registry.store import shredding, submissions
from registry.store.keyring import Shredded
from registry.store.submissions import Content, Submission
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

KIND: Final = "shredding"
"""The kind of submission that a shredding is, and the operation under which the log has it."""


async def shred(resources: Resources, person_id: str, decision: Shredding) -> int:
    """Shred a record and return how many keys were destroyed; only the role of the keeper may.

    Raises InvalidInput where the decision breaks a rule, NotFound where there is no such record or it is gone already.
    """
    now = resources.clock()
    async with resources.work() as work:
        known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
        try:
            if not is_id(person_id):
                raise _not_found()
            found = await records.reopen(resources, work, person_id, known)
        except Shredded:
            raise _not_found() from None
        rules.check(decision, found.movements, japan_date(now)).refuse_if_any()
        destroyed = await shredding.destroy_keys(work, person_id)
        await shredding.release(work, person_id, now)
        await _write_down(resources, work, person_id, decision)
        await work.commit()
    return destroyed


async def over(resources: Resources) -> AsyncIterator[str]:
    """Yield the records whose time of retention is over: two people decide about each (``registry keys shred``)."""
    today = japan_date(resources.clock())
    perhaps = partial(shredding.perhaps_over, statuses=rules.ENDED, ended_by=rules.ended_by(today))
    async for person_id in each_record(resources, perhaps):
        async with resources.work() as work:
            try:
                movements = await stored_records.movements_of(work, resources.keyring, person_id)
            except Shredded:
                continue
        if rules.is_over(movements, today):
            yield person_id


def _not_found() -> NotFound:
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/person_id", expected="the id of a record"))


async def _write_down(resources: Resources, work: UnitOfWork, person_id: str, decision: Shredding) -> None:
    """Write the entry in the log, and the reason, sealed with a key that outlives the record's."""
    now, submission_id = resources.clock(), resources.new_id()
    submission = Submission(
        submission_id=submission_id,
        kind=KIND,
        sender=str(VIRTUAL_MUNICIPALITY.code),
        sender_key=submission_id,
        state=SubmissionState.ACCEPTED,
        received_at=now,
        received_on=japan_date(now),
    )
    key = await resources.keyring.make(work, submission_id, now)
    why = msgspec.json.encode({"person_id": person_id} | msgspec.structs.asdict(decision))
    submissions.add(work, key, submission, Content(body=why, evidence="", receipt=b""))
    disclosure = Disclosure(
        asked_at=now,
        provided_at=None,
        body=str(VIRTUAL_MUNICIPALITY.code),
        key_id=resources.signing_key.key_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        handled_by=f"{decision.decided_by}, {decision.approved_by}",
        operation=KIND,
        basis=BASES[decision.ground],
        outcome=str(decision.ground),
        correlation_id=submission_id,
    )
    await disclosure_log.record(resources, work, disclosure, (person_id,))
