"""職権: what the registry's own office enters in a record, resolves between two, and takes back.

Each function is one transaction with its entry in the log, which names the account that decided. Nothing here asks for
a second pair of eyes; until there is one, no command and no request leads here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from registry.contract.decoding import encode
from registry.contract.messages import SubmissionState
from registry.domain import double_registration
from registry.domain import ex_officio as rules
from registry.domain.dates import IncompleteDate
from registry.domain.double_registration import Side
from registry.domain.errors import Fault, FaultCode, NotFound
from registry.domain.ex_officio import Decision
from registry.domain.movement import Movement, MovementKind
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.reconciliation import Link, LinkMethod
from registry.services import disclosure_log, generations, receipts, records
from registry.services.resources import Resources, japan_date
from registry.store import double_registrations, submissions
from registry.store import protection as stored_protection
from registry.store import records as stored_records
from registry.store.at_hand import Found
from registry.store.keyring import Shredded
from registry.store.submissions import Content, Submission
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

KIND: Final = "ex-officio"
"""The kind of submission that an entry ex officio is, and the operation under which the log has it."""

BASIS: Final = "住基法8条"


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of one decision: under which id, when, why and by whom."""

    submission_id: str
    now: datetime
    reason: str
    decided_by: str
    replaces: str | None = None


async def record(resources: Resources, person_id: str, decision: Decision) -> str:
    """Enter one fact ex officio in a record; return the id of the submission that it is.

    Raises InvalidInput where the decision or the movement that it makes breaks a rule, NotFound for no such record.
    """
    rules.check(decision).refuse_if_any()
    entry = _entry(resources, decision.reason, decision.decided_by)
    async with resources.work() as work:
        found = await _opened(resources, work, person_id, "/person_id")
        movement = rules.movement(decision, entry.submission_id, japan_date(entry.now))
        await _add(resources, work, entry, encode(decision))
        await _write(resources, work, entry, found, 0, (movement,))
        await work.commit()
    return entry.submission_id


async def resolve_double(resources: Resources, falls_away: str, stays: str, *, reason: str, decided_by: str) -> str:
    """Let one of two records of the same person fall away; return the id of the submission.

    Whatever found its person finds the one that stays from now on. Raises InvalidInput where the two cannot be one
    person, or one of them has fallen away itself; NotFound where there is no such record.
    """
    entry = _entry(resources, reason, decided_by)
    async with resources.work() as work:
        await generations.agree(resources, work)
        await stored_records.lock_people(work, [falls_away, stays])
        gone = await _opened(resources, work, falls_away, "/falls_away")
        kept = await _opened(resources, work, stays, "/stays")
        sides = Side(falls_away, gone.movements), Side(stays, kept.movements)
        double_registration.check(*sides).refuse_if_any()
        ends, *learns = double_registration.movements(*sides, entry.submission_id, japan_date(entry.now))
        is_confirmed = await submissions.is_confirmed(work, falls_away)
        await double_registrations.close_between(work, falls_away, stays, entry.now)
        await stored_protection.carry_over(work, falls_away, stays)
        await _add(resources, work, entry, msgspec.json.encode({"falls_away": falls_away, "stays": stays}))
        await _write(resources, work, entry, gone, 0, (ends,))
        if learns:  # what it learns is as sure as it was where it stood
            link = msgspec.structs.replace(kept.link, on_unconfirmed=not is_confirmed)
            await _write(resources, work, entry, msgspec.structs.replace(kept, link=link), 1, tuple(learns))
        else:
            await records.reconcile_record(resources, work, stays, kept.movements)
        await work.commit()
    return entry.submission_id


async def take_back(resources: Resources, submission_id: str, *, reason: str, decided_by: str) -> str:
    """Take back an earlier entry ex officio, in every record that it changed; return the id of the new submission.

    Raises NotFound for what is no entry ex officio, InvalidInput where it was corrected or taken back already.
    """
    entry = msgspec.structs.replace(_entry(resources, reason, decided_by), replaces=submission_id)
    async with resources.work() as work:
        earlier = await submissions.get(work, submission_id) if receipts.is_id(submission_id) else None
        if earlier is None or earlier.kind != KIND:
            raise _not_found("/submission_id", "the id of an entry ex officio")
        links = await submissions.links_of(work, submission_id)
        await generations.agree(resources, work)
        await stored_records.lock_people(work, [link.person_id for link in links])
        await double_registrations.reopen_closed(work, [link.person_id for link in links], earlier.received_at)
        await _add(resources, work, entry, msgspec.json.encode({"takes_back": submission_id}))
        for link in reversed(links):  # what a record learnt goes before what it learnt it from comes back
            found = await _opened(resources, work, link.person_id, "/submission_id")
            made = [one for one in found.movements if one.submission_id == submission_id]
            annulling = tuple(_annulling(one, entry, link.person_index) for one in made)
            await _write(resources, work, entry, found, link.person_index, annulling)
        await submissions.set_state(work, submission_id, SubmissionState.ANNULLED)
        await work.commit()
    return entry.submission_id


def _annulling(wrong: Movement, entry: _Entry, index: int) -> Movement:
    return Movement(
        movement_id=f"{entry.submission_id}/{index}.{wrong.movement_id.rpartition('.')[2]}",
        submission_id=entry.submission_id,
        kind=MovementKind.ANNULLED,
        effective=IncompleteDate.on(japan_date(entry.now)),
        notified_on=japan_date(entry.now),
        source=wrong.source,
        replaces=wrong.movement_id,
    )


def _entry(resources: Resources, reason: str, decided_by: str) -> _Entry:
    return _Entry(submission_id=resources.new_id(), now=resources.clock(), reason=reason, decided_by=decided_by)


async def _opened(resources: Resources, work: UnitOfWork, person_id: str, pointer: str) -> Found:
    if not receipts.is_id(person_id):
        raise _not_found(pointer, "the id of a record")
    try:
        return await records.reopen(
            resources, work, person_id, Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
        )
    except Shredded:
        raise _not_found(pointer, "the id of a record") from None


def _not_found(pointer: str, expected: str) -> NotFound:
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer=pointer, expected=expected))


async def _add(resources: Resources, work: UnitOfWork, entry: _Entry, body: bytes) -> None:
    """Write the submission with its reason, sealed."""
    submission = Submission(
        submission_id=entry.submission_id,
        kind=KIND,
        sender=str(VIRTUAL_MUNICIPALITY.code),
        sender_key=entry.submission_id,
        state=SubmissionState.ACCEPTED,
        received_at=entry.now,
        received_on=japan_date(entry.now),
        replaces=entry.replaces,
    )
    key = await resources.keyring.make(work, entry.submission_id, entry.now)
    why = msgspec.json.encode({"reason": entry.reason, "decided_by": entry.decided_by})
    submissions.add(work, key, submission, Content(body=body, evidence="", receipt=why))


async def _write(
    resources: Resources, work: UnitOfWork, entry: _Entry, found: Found, index: int, movements: Sequence[Movement]
) -> None:
    """Write what becomes of one record, and that somebody decided it."""
    plan = records.plan(found, movements)
    await records.write(resources, work, plan, records.stored_link(plan, entry.submission_id, index), entry.now)
    office = str(VIRTUAL_MUNICIPALITY.code)
    disclosure = Disclosure(
        asked_at=entry.now,
        provided_at=None,
        body=office,
        key_id=resources.signing_key.key_id,
        provider=office,
        handled_by=entry.decided_by,
        operation=KIND,
        basis=BASIS,
        outcome="recorded",
        correlation_id=entry.submission_id,
    )
    await disclosure_log.record(resources, work, disclosure, (found.person_id,))
