"""除票 from a municipality become movements of records, one by one: a faulty one never stops the others.

The municipality's own key of a person (宛名番号) says whether the registry heard of them before: the same content
changes nothing, other content corrects what was said, a removal taken back annuls it.
"""

from datetime import datetime

import msgspec

from registry.contract.decoding import encode
from registry.contract.messages import Delivery, DeliveryAnswer, RecordOutcome, RecordState
from registry.contract.problems import fault_entry
from registry.domain import removed_record as rules
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Fault, FaultCode, NotCompetent, NotPermitted, Refusal
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.removed_record import RemovedRecord
from registry.domain.search_terms import TermKind
from registry.services import records
from registry.services.attendance import Caller, Done
from registry.services.records import Found, Plan
from registry.services.resources import Resources, japan_date
from registry.services.submissions import outcome
from registry.store import records as stored_records
from registry.store import submissions
from registry.store.submissions import Content, HeldRemovedRecord, Submission
from registry.store.unit_of_work import UnitOfWork


class _Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One 除票 on its way in: what it says, its place in the part, the keys under which it is held."""

    index: int
    record: RemovedRecord
    addressee_key: bytes
    content_key: bytes
    held: HeldRemovedRecord | None
    now: datetime


async def take_in(resources: Resources, work: UnitOfWork, caller: Caller, delivery: Delivery) -> Done:
    """Take in one part of an extract; each record has its own savepoint and its own outcome.

    Raises NotPermitted if the caller is no municipality.
    """
    if caller.body_kind is not BodyKind.MUNICIPALITY:
        raise NotPermitted(Fault(code=FaultCode.NO_GRANT, expected="除票 come from municipalities"))
    now = resources.clock()
    outcomes = [
        await _take_in_one(resources, work, caller, index, record, now) for index, record in enumerate(delivery.records)
    ]
    answer = DeliveryAnswer(
        extract_id=delivery.extract_id, part=delivery.part, received_at=now, records=tuple(outcomes)
    )
    return Done(message=answer, outcome="taken-in")


async def _take_in_one(
    resources: Resources, work: UnitOfWork, caller: Caller, index: int, record: RemovedRecord, now: datetime
) -> RecordOutcome:
    """Take in one 除票 or say why not; what a refused one began is undone."""
    try:
        async with work.savepoint():
            _check_sender(record, caller)
            faults = rules.check(record, resources.municipalities, japan_date(now))
            faults.refuse_if_any()
            incoming = await _incoming(resources, work, index, record, now)
            if incoming.held is not None and incoming.held.content_key == incoming.content_key:
                return RecordOutcome(
                    index=index, state=RecordState.UNCHANGED, submission_id=incoming.held.submission_id
                )
            done = await _apply(resources, work, caller, incoming)
    except Refusal as refusal:
        return RecordOutcome(index=index, state=RecordState.REFUSED, faults=tuple(map(fault_entry, refusal.faults)))
    return msgspec.structs.replace(done, faults=tuple(map(fault_entry, faults.warnings)))


def _check_sender(record: RemovedRecord, caller: Caller) -> None:
    if str(record.municipality) != caller.body:
        expected = "the code of the sending municipality"
        raise NotCompetent(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/municipality", expected=expected))


async def _incoming(
    resources: Resources, work: UnitOfWork, index: int, record: RemovedRecord, now: datetime
) -> _Incoming:
    municipality = str(record.municipality)
    addressee = resources.search_keys.of(TermKind.ADDRESSEE_NUMBER, municipality, record.addressee_number)
    await stored_records.lock_keys(work, [addressee])
    return _Incoming(
        index=index,
        record=record,
        addressee_key=addressee.key,
        content_key=resources.provider.mac("removed-record-content", encode(record)),
        held=await submissions.removed_record(work, municipality, addressee.key),
        now=now,
    )


async def _apply(resources: Resources, work: UnitOfWork, caller: Caller, incoming: _Incoming) -> RecordOutcome:
    """Join the record, work out what it becomes and write it."""
    submission_id = resources.new_id()
    found, replaced = await _found(resources, work, incoming)
    movement = rules.movement(incoming.record, submission_id, replaced)
    plan = records.plan(found, () if movement is None else (movement,))
    state = _state(incoming, plan)
    person = outcome(resources, caller, plan, 0)
    done = RecordOutcome(index=incoming.index, state=state, submission_id=submission_id, person=person)
    await _write(resources, work, incoming, plan, done)
    return done


async def _found(resources: Resources, work: UnitOfWork, incoming: _Incoming) -> tuple[Found, str | None]:
    """Return the record concerned, and the movement that the 除票 corrects if this is not the first word of it."""
    held = incoming.held
    if held is not None:
        same = Link(method=LinkMethod.SAME_SUBMITTER, person_id=held.person_id)
        found = await records.reopen(resources, work, held.person_id, same)
        earlier = await stored_records.movement_ids(work, held.submission_id, 0)
        return found, (earlier[0] if earlier else None)
    last = incoming.record.last
    identity = Identity(
        name=last.name,
        birth_date=last.birth_date,
        sex=last.sex,
        honseki=last.honseki,
        individual_number=last.individual_number,
        resident_record_code=last.resident_record_code,
    )
    await records.lock_identities(resources, work, [identity])
    return await records.join(resources, work, identity, incoming.now), None


def _state(incoming: _Incoming, plan: Plan) -> RecordState:
    if plan.found.link.rivals:
        return RecordState.IN_REVIEW
    return RecordState.ACCEPTED if incoming.held is None else RecordState.CORRECTED


async def _write(resources: Resources, work: UnitOfWork, incoming: _Incoming, plan: Plan, done: RecordOutcome) -> None:
    """Write submission, link, movement, versions, and what is now held of this 宛名番号."""
    municipality = str(incoming.record.municipality)
    submission = Submission(
        submission_id=done.submission_id,
        kind="removed-record",
        sender=municipality,
        state=str(done.state),
        received_at=incoming.now,
        received_on=japan_date(incoming.now),
        replaces=None if incoming.held is None else incoming.held.submission_id,
    )
    key = await resources.keyring.make(work, done.submission_id, incoming.now)
    content = Content(body=encode(incoming.record), evidence="", receipt=encode(done))
    await submissions.add(work, key, submission, content)
    link = records.stored_link(plan, done.submission_id, 0)
    await records.write(resources, work, plan, link, incoming.now)
    held = HeldRemovedRecord(
        person_id=plan.person_id, submission_id=done.submission_id, content_key=incoming.content_key
    )
    await submissions.hold_removed_record(work, municipality, incoming.addressee_key, held)
