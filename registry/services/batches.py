"""A batch of reports: one transaction, and within it an idempotency key and an outcome for each item.

Everybody whom the batch is about is locked and read at once, and what comes of it is written together at the end; in
between each report is decided as if it had come alone.
"""

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import Batch, BatchAnswer, BatchItem, BatchOutcome, Receipt
from registry.contract.problems import Problem, WireRefusal
from registry.domain.errors import Refusal
from registry.services import records, submissions
from registry.services.attendance import Act, Attendance, Done, Once, refusing
from registry.services.key_directory import KeyDirectory
from registry.services.submissions import Checked
from registry.store import callers
from registry.store.unit_of_work import UnitOfWork


async def accept(work: UnitOfWork, keys: KeyDirectory, attendance: Attendance, batch: Batch) -> Done:
    """Take in the items one by one as if each had come alone; ``attendance`` is that of a single report."""
    read = [_read(keys, attendance, item) for item in batch.items]
    good = [one for one in read if isinstance(one, Checked)]
    await callers.lock_idempotency(work, attendance.caller.body, (item.idempotency_key for item in batch.items))
    identities = [identity for one in good for identity in submissions.identities_of(one)]
    known: set[str] = set()
    for one in good:
        known |= await submissions.people_replaced(attendance.resources, work, attendance.caller, one)
    await records.lock_identities(attendance.resources, work, identities, also=known)
    async with records.gathered(attendance.resources, work):
        outcomes = [
            await _accept_one(work, attendance, item, checked) for item, checked in zip(batch.items, read, strict=True)
        ]
    return Done(message=BatchAnswer(items=tuple(outcomes)), outcome="taken-in")


def _read(keys: KeyDirectory, attendance: Attendance, item: BatchItem) -> Checked | Refusal | WireRefusal:
    """Take one report apart, or say why it is refused."""
    resources, caller, body = attendance.resources, attendance.caller, item.report.encode()
    try:
        return submissions.check(resources, keys, caller, body, item.evidence, item.idempotency_key)
    except (Refusal, WireRefusal) as refusal:
        return refusal


async def _accept_one(
    work: UnitOfWork, attendance: Attendance, item: BatchItem, checked: Checked | Refusal | WireRefusal
) -> BatchOutcome:
    correlation_id = attendance.resources.new_id()
    alone = msgspec.structs.replace(
        attendance, asked=msgspec.structs.replace(attendance.asked, correlation_id=correlation_id)
    )
    once = Once(idempotency_key=item.idempotency_key, body=item.report.encode())
    answer = await alone.attempt_once(work, _act(alone, checked), once)
    if answer.refused:
        return BatchOutcome(idempotency_key=item.idempotency_key, problem=decode(answer.body, Problem))
    return BatchOutcome(idempotency_key=item.idempotency_key, receipt=decode(answer.body, Receipt))


def _act(attendance: Attendance, checked: Checked | Refusal | WireRefusal) -> Act:
    if not isinstance(checked, Checked):
        return refusing(checked)

    async def act(work: UnitOfWork) -> Done:
        return await submissions.accept(attendance.resources, work, attendance.caller, checked)

    return act
