"""除票 from a municipality become movements of records, one by one: a faulty one never stops the others.

The municipality's own key of a person (宛名番号) says whether the registry heard of them before: the same content
changes nothing, other content corrects what was said, a removal taken back annuls it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from registry.contract.decoding import encode
from registry.contract.messages import ArrivedDelivery, DeliveryAnswer, RecordOutcome, RecordState
from registry.contract.problems import fault_entry
from registry.domain import removed_record as rules
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Fault, FaultCode, InvalidInput, NotCompetent, NotPermitted, Refusal
from registry.domain.reconciliation import Identity
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
from registry.vault.search_keys import SearchKey


class _Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One 除票 on its way in: what it says, its place in the part, the keys under which it is held."""

    index: int
    record: RemovedRecord
    addressee: SearchKey
    content_key: bytes
    held: HeldRemovedRecord | None
    now: datetime


class _Taken(msgspec.Struct, frozen=True):
    """What became of one 除票, and whose record it concerns."""

    outcome: RecordOutcome
    person_id: str | None


async def take_in(
    resources: Resources,
    work: UnitOfWork,
    caller: Caller,
    delivery: ArrivedDelivery,
    arrived: Sequence[RemovedRecord | InvalidInput],
) -> Done:
    """Take in one part of an extract; each record has its own savepoint and its own outcome.

    Raises NotPermitted if the caller is no municipality.
    """
    if caller.body_kind is not BodyKind.MUNICIPALITY:
        raise NotPermitted(Fault(code=FaultCode.NO_GRANT, expected="除票 come from municipalities"))
    now = resources.clock()
    readable = [one for one in arrived if isinstance(one, RemovedRecord)]
    addressees = [_addressee_key(resources, one) for one in readable]
    await stored_records.lock_keys(work, addressees)
    known = await submissions.people_of_addressees(work, caller.body, [one.key for one in addressees])
    await records.lock_identities(resources, work, map(_identity, readable), also=known)
    taken = [await _take_in_one(resources, work, caller, index, one, now) for index, one in enumerate(arrived)]
    answer = DeliveryAnswer(
        extract_id=delivery.extract_id,
        part=delivery.part,
        received_at=now,
        records=tuple(one.outcome for one in taken),
    )
    people = dict.fromkeys(one.person_id for one in taken if one.person_id is not None)
    return Done(message=answer, outcome="taken-in", people=tuple(people))


async def _take_in_one(
    resources: Resources,
    work: UnitOfWork,
    caller: Caller,
    index: int,
    record: RemovedRecord | InvalidInput,
    now: datetime,
) -> _Taken:
    """Take in one 除票 or say why not; what a refused one began is undone."""
    try:
        if isinstance(record, InvalidInput):
            raise record
        async with work.savepoint():
            _check_sender(record, caller)
            faults = rules.check(record, resources.municipalities, japan_date(now))
            faults.refuse_if_any()
            incoming = await _incoming(resources, work, index, record, now)
            if incoming.held is not None and incoming.held.content_key == incoming.content_key:
                return _Taken(_unchanged(incoming), incoming.held.person_id)
            taken = await _apply(resources, work, caller, incoming)
    except Refusal as refusal:
        said = tuple(map(fault_entry, refusal.faults))
        return _Taken(RecordOutcome(index=index, state=RecordState.REFUSED, faults=said), None)
    warned = tuple(map(fault_entry, faults.warnings))
    return _Taken(msgspec.structs.replace(taken.outcome, faults=warned), taken.person_id)


def _unchanged(incoming: _Incoming) -> RecordOutcome:
    """Return the outcome of what says nothing new, or speaks of a removal over before the registry heard of it."""
    known = "" if incoming.held is None else incoming.held.submission_id
    return RecordOutcome(index=incoming.index, state=RecordState.UNCHANGED, submission_id=known)


def _check_sender(record: RemovedRecord, caller: Caller) -> None:
    if str(record.municipality) != caller.body:
        expected = "the code of the sending municipality"
        raise NotCompetent(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/municipality", expected=expected))


async def _incoming(
    resources: Resources, work: UnitOfWork, index: int, record: RemovedRecord, now: datetime
) -> _Incoming:
    addressee = _addressee_key(resources, record)
    return _Incoming(
        index=index,
        record=record,
        addressee=addressee,
        content_key=resources.provider.mac("removed-record-content", encode(record)),
        held=await submissions.removed_record(work, str(record.municipality), addressee.key),
        now=now,
    )


def _addressee_key(resources: Resources, record: RemovedRecord) -> SearchKey:
    return resources.search_keys.of(TermKind.ADDRESSEE_NUMBER, str(record.municipality), record.addressee_number)


def _identity(record: RemovedRecord) -> Identity:
    """Return who a 除票 says the person is."""
    last = record.last
    return Identity(
        name=last.name,
        birth_date=last.birth_date,
        sex=last.sex,
        honseki=last.honseki,
        individual_number=last.individual_number,
        resident_record_code=last.resident_record_code,
    )


async def _apply(resources: Resources, work: UnitOfWork, caller: Caller, incoming: _Incoming) -> _Taken:
    """Join the record, work out what it becomes and write it."""
    submission_id = resources.new_id()
    held = incoming.held
    replaced = None if held is None else await _last_movement(work, held)
    movement = rules.movement(incoming.record, submission_id, replaced)
    if movement is None:
        return _Taken(_unchanged(incoming), None if held is None else held.person_id)
    wrong = () if replaced is None else (replaced,)
    plan = records.plan(await _found(resources, work, incoming, wrong), (movement,))
    state = _state(incoming, plan)
    person = outcome(resources, caller, plan, 0)
    done = RecordOutcome(index=incoming.index, state=state, submission_id=submission_id, person=person)
    await _write(resources, work, incoming, plan, done)
    return _Taken(done, plan.person_id)


async def _last_movement(work: UnitOfWork, held: HeldRemovedRecord) -> str | None:
    """Return the id of the movement that was last made of this 除票."""
    earlier = await stored_records.movement_ids(work, held.submission_id, 0)
    return earlier[0] if earlier else None


async def _found(resources: Resources, work: UnitOfWork, incoming: _Incoming, wrong: tuple[str, ...]) -> Found:
    """Return the record that the municipality's own key stands for, or the one that the identity belongs to."""
    identity = _identity(incoming.record)
    if incoming.held is not None:
        (earlier,) = await submissions.links_of(work, incoming.held.submission_id)
        return await records.follow(resources, work, earlier, identity, wrong, pointer="/addressee_number")
    return await records.join(resources, work, identity, incoming.now)


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
        sender_key=done.submission_id,
        state=str(done.state),
        received_at=incoming.now,
        received_on=japan_date(incoming.now),
        replaces=None if incoming.held is None else incoming.held.submission_id,
    )
    if incoming.held is not None:
        await submissions.close_cases(work, incoming.held.submission_id, incoming.now)
    key = await resources.keyring.make(work, done.submission_id, incoming.now)
    content = Content(body=encode(incoming.record), evidence="", receipt=encode(done))
    await submissions.add(work, key, submission, content)
    link = records.stored_link(plan, done.submission_id, 0)
    await records.write(resources, work, plan, link, incoming.now)
    held = HeldRemovedRecord(
        person_id=plan.person_id, submission_id=done.submission_id, content_key=incoming.content_key
    )
    await submissions.hold_removed_record(work, municipality, incoming.addressee.key, held)
