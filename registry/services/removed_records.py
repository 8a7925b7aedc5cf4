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
from registry.domain import removal_movements
from registry.domain import removed_record as rules
from registry.domain.disclosure import Grant, Item
from registry.domain.errors import Fault, FaultCode, InvalidInput, NotCompetent, Refusal
from registry.domain.reconciliation import Identity
from registry.domain.removed_record import RemovedRecord
from registry.domain.search_terms import TermKind
from registry.services import generations, last_municipality, protection, records
from registry.services.attendance import Caller, Done
from registry.services.last_municipality import AskedFor
from registry.services.permission import REMOVED_RECORD, demand_write, stated
from registry.services.resources import Resources, japan_date
from registry.services.submissions import outcome
from registry.store import records as stored_records
from registry.store import submissions
from registry.store.at_hand import Found, Plan
from registry.store.submissions import Content, HeldRemovedRecord, Submission
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import SearchKey


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What the 除票 of one part have in common; ``held`` is what was last heard of each 宛名番号, by its key.

    ``grants`` say which items may be submitted. ``asked``: the question of the inquiry list that the one 除票 answers.
    """

    resources: Resources
    work: UnitOfWork
    caller: Caller
    held: dict[bytes, HeldRemovedRecord]
    now: datetime
    grants: Sequence[Grant]
    asked: AskedFor | None


class _Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One 除票 on its way in: what it says, its place in the part, the keys under which it is held."""

    index: int
    record: RemovedRecord
    addressee: SearchKey
    content_key: bytes
    held: HeldRemovedRecord | None


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
    grants: Sequence[Grant],
) -> Done:
    """Take in one part of an extract; each record has its own outcome.

    Raises NotPermitted if the caller may not deliver 除票; NotFound, InvalidInput or Conflict where it names a question
    of the inquiry list that is not put to it, or that cannot be answered so.
    """
    demand_write(resources, caller, grants, REMOVED_RECORD)
    now = resources.clock()
    readable = [one for one in arrived if isinstance(one, RemovedRecord)]
    await generations.agree(resources, work)
    addressees = [_addressee_key(resources, one) for one in readable]
    question = await last_municipality.lock_answered(work, caller, delivery)
    await stored_records.lock_keys(work, addressees)
    held = await submissions.removed_records(work, caller.body, [one.key for one in addressees])
    also = [one.person_id for one in held.values()] + ([question.person_id] if question else [])
    await records.lock_identities(resources, work, map(_identity, readable), also=also)
    asked = None if question is None else await last_municipality.asked_for(resources, work, question)
    part = _Part(resources=resources, work=work, caller=caller, held=held, now=now, grants=grants, asked=asked)
    async with records.gathered(resources, work):
        taken = [await _take_in_one(part, index, one) for index, one in enumerate(arrived)]
    if asked is not None:
        await last_municipality.settle(resources, work, asked, taken[0].outcome, taken[0].person_id)
    answer = DeliveryAnswer(
        extract_id=delivery.extract_id,
        part=delivery.part,
        received_at=now,
        records=tuple(one.outcome for one in taken),
    )
    people = dict.fromkeys(one.person_id for one in taken if one.person_id is not None)
    return Done(message=answer, outcome="taken-in", people=tuple(people))


async def _take_in_one(part: _Part, index: int, record: RemovedRecord | InvalidInput) -> _Taken:
    """Take in one 除票 or say why not; who refuses has written nothing before."""
    try:
        if isinstance(record, InvalidInput):
            raise record
        _check_sender(record, part.caller)
        demand_write(part.resources, part.caller, part.grants, REMOVED_RECORD, _items(record))
        if part.asked is not None:
            last_municipality.demand_fit(part.asked, record)
        is_asked_for = part.asked is not None
        faults = rules.check(record, part.resources.municipalities, japan_date(part.now), asked_for=is_asked_for)
        faults.refuse_if_any()
        incoming = _incoming(part, index, record)
        if incoming.held is not None and incoming.held.content_key == incoming.content_key:
            return _Taken(_unchanged(incoming), incoming.held.person_id)
        taken = await _apply(part, incoming)
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


def _items(record: RemovedRecord) -> frozenset[Item]:
    return stated(*record.lines) | {Item.LAST_ADDRESS}


def _incoming(part: _Part, index: int, record: RemovedRecord) -> _Incoming:
    addressee = _addressee_key(part.resources, record)
    return _Incoming(
        index=index,
        record=record,
        addressee=addressee,
        content_key=part.resources.provider.mac("removed-record-content", encode(record)),
        held=part.held.get(addressee.key),
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


async def _apply(part: _Part, incoming: _Incoming) -> _Taken:
    """Join the record, work out what it becomes and write it."""
    submission_id = part.resources.new_id()
    held = incoming.held
    is_asked_for = part.asked is not None
    if held is None and not removal_movements.movements(incoming.record, submission_id, asked_for=is_asked_for):
        return _Taken(_unchanged(incoming), None)
    found = await _found(part, incoming)
    made_by = frozenset[str]() if held is None else await _submissions_of(part, held)
    made = removal_movements.movements(incoming.record, submission_id, found.movements, made_by, asked_for=is_asked_for)
    if not made:
        return _Taken(_unchanged(incoming), found.person_id)
    plan = records.plan(found, made)
    state = _state(incoming, plan)
    (told,) = protection.told(part.resources, [plan])
    person = outcome(part.resources, part.caller, told, 0)
    done = RecordOutcome(index=incoming.index, state=state, submission_id=submission_id, person=person)
    await _write(part, incoming, plan, done)
    return _Taken(done, plan.person_id)


async def _submissions_of(part: _Part, held: HeldRemovedRecord) -> frozenset[str]:
    """Return the ids of all submissions that ever spoke of this 宛名番号."""
    found, at = set(), await submissions.get(part.work, held.submission_id)
    while at is not None:
        found.add(at.submission_id)
        at = None if at.replaces is None else await submissions.get(part.work, at.replaces)
    return frozenset(found)


async def _found(part: _Part, incoming: _Incoming) -> Found:
    """Return the record that the municipality's own key stands for, or the one that the identity belongs to."""
    resources, work, identity = part.resources, part.work, _identity(incoming.record)
    if incoming.held is not None:
        await records.write_gathered(resources, work)  # it may have been heard of in this very part
        (earlier,) = await submissions.links_of(work, incoming.held.submission_id)
        wrong = await stored_records.movement_ids(work, incoming.held.submission_id, 0)
        return await records.follow(resources, work, earlier, identity, wrong, pointer="/addressee_number")
    joined = None if part.asked is None else await last_municipality.join(resources, work, part.asked, identity)
    return joined or await records.join(resources, work, identity)


def _state(incoming: _Incoming, plan: Plan) -> RecordState:
    if plan.found.link.rivals:
        return RecordState.IN_REVIEW
    return RecordState.ACCEPTED if incoming.held is None else RecordState.CORRECTED


async def _write(part: _Part, incoming: _Incoming, plan: Plan, done: RecordOutcome) -> None:
    """Write submission, link, movement, versions, and what is now held of this 宛名番号."""
    resources, work, now = part.resources, part.work, part.now
    municipality = str(incoming.record.municipality)
    submission = Submission(
        submission_id=done.submission_id,
        kind="removed-record",
        sender=municipality,
        sender_key=done.submission_id,
        state=str(done.state),
        received_at=now,
        received_on=japan_date(now),
        replaces=None if incoming.held is None else incoming.held.submission_id,
    )
    if incoming.held is not None:
        await submissions.close_cases(work, incoming.held.submission_id, now)
    key = await resources.keyring.make(work, done.submission_id, now)
    content = Content(body=encode(incoming.record), evidence="", receipt=encode(done))
    submissions.add(work, key, submission, content)
    await records.write(resources, work, plan, records.stored_link(plan, done.submission_id, 0), now)
    held = HeldRemovedRecord(
        person_id=plan.person_id, submission_id=done.submission_id, content_key=incoming.content_key
    )
    part.held[incoming.addressee.key] = held
    submissions.hold_removed_record(work, municipality, incoming.addressee, held)
    number = incoming.record.addressee_number
    if twin := resources.search_keys.twin(TermKind.ADDRESSEE_NUMBER, municipality, number):
        submissions.hold_removed_record(work, municipality, twin, held)
