"""A batch of reports: one transaction, and within it a savepoint, an idempotency key and an outcome for each item."""

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import Batch, BatchAnswer, BatchItem, BatchOutcome, Receipt
from registry.contract.problems import Problem, WireRefusal
from registry.domain.errors import Refusal
from registry.services import submissions
from registry.services.attendance import Act, Attendance, Done, Once, refusing
from registry.services.key_directory import KeyDirectory
from registry.store.unit_of_work import UnitOfWork


async def accept(work: UnitOfWork, keys: KeyDirectory, attendance: Attendance, batch: Batch) -> Done:
    """Take in the items one by one as if each had come alone; ``attendance`` is that of a single report."""
    outcomes = [await _accept_one(work, keys, attendance, item) for item in batch.items]
    return Done(message=BatchAnswer(items=tuple(outcomes)), outcome="taken-in")


async def _accept_one(work: UnitOfWork, keys: KeyDirectory, attendance: Attendance, item: BatchItem) -> BatchOutcome:
    correlation_id = attendance.resources.new_id()
    alone = msgspec.structs.replace(
        attendance, asked=msgspec.structs.replace(attendance.asked, correlation_id=correlation_id)
    )
    once = Once(idempotency_key=item.idempotency_key, body=item.report.encode())
    answer = await alone.attempt_once(work, _act(keys, alone, item, once), once)
    if answer.refused:
        return BatchOutcome(idempotency_key=item.idempotency_key, problem=decode(answer.body, Problem))
    return BatchOutcome(idempotency_key=item.idempotency_key, receipt=decode(answer.body, Receipt))


def _act(keys: KeyDirectory, attendance: Attendance, item: BatchItem, once: Once) -> Act:
    resources, caller = attendance.resources, attendance.caller
    try:
        checked = submissions.check(resources, keys, caller, once.body, item.evidence, once.idempotency_key)
    except (Refusal, WireRefusal) as refusal:
        return refusing(refusal)

    async def act(work: UnitOfWork) -> Done:
        return await submissions.accept(resources, work, caller, checked)

    return act
