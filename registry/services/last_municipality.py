"""最終住所地 as a source: its municipality fetches which 除票 it is asked for, and answers.

The answer is the 除票 itself, sent as any other and naming the question, or why there is none. What is told of a person
has its entry in the log before it is told.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from registry.contract.decoding import decode
from registry.contract.inquiry_list import (
    MOST_QUESTIONS,
    RemovedRecordAnswer,
    RemovedRecordQuestion,
    RemovedRecordQuestions,
    RemovedRecordReceipt,
)
from registry.contract.messages import ArrivedDelivery, RecordOutcome, RecordState
from registry.domain import inquiry_list as rules
from registry.domain.disclosure import Grant
from registry.domain.errors import Conflict, Fault, FaultCode, InvalidInput
from registry.domain.inquiry_list import Sought
from registry.domain.question import Finding, Question, Wanted
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.removed_record import RemovedRecord
from registry.services import generations, inquiry_list, protection, records
from registry.services import questions as asking
from registry.services.attendance import Caller, Done
from registry.services.permission import REMOVED_RECORD, demand_write
from registry.services.resources import Resources
from registry.store import questions as stored_questions
from registry.store import records as stored_records
from registry.store import submissions
from registry.store.at_hand import Found
from registry.store.submissions import Case
from registry.store.unit_of_work import UnitOfWork

AFFAIR: Final = REMOVED_RECORD
BASIS: Final = "住基法15条の4第2項"
"""On what the registry asks a municipality for a 除票 (unverified)."""

TOLD: Final = tuple(sorted(Sought.__struct_fields__))
"""What a municipality may be told of a person whose 除票 it is asked for."""


# ------------------------------------------------------------------------------------------ handing over


async def questions(
    resources: Resources, work: UnitOfWork, caller: Caller, after: str | None, grants: Sequence[Grant]
) -> Done:
    """Return a page of the questions that wait for the calling municipality; from now on it has them.

    ``after`` is the last question of the page before. Raises NotPermitted if the caller may not answer them,
    NotFound where ``after`` is no question put to it.
    """
    demand_write(resources, caller, grants, REMOVED_RECORD)
    await generations.agree(resources, work)
    before = None
    if after is not None:
        before = await asking.lock_put_to(work, caller, after, Wanted.REMOVED_RECORD, pointer="/after")
    waiting = await stored_questions.lock_open_for(
        work, caller.body, Wanted.REMOVED_RECORD, at_most=MOST_QUESTIONS, after=before
    )
    await stored_records.lock_people(work, (one.person_id for one in waiting))  # all at once, in one order
    handed = [(one, who) for one in waiting if (who := await _handed_over(resources, work, one))]
    told = tuple(RemovedRecordQuestion(question_id=one.question_id, sought=who) for one, who in handed)
    return Done(
        message=RemovedRecordQuestions(
            questions=told, after=waiting[-1].question_id if len(waiting) == MOST_QUESTIONS else None
        ),
        outcome="told",
        people=tuple(dict.fromkeys(one.person_id for one, _ in handed)),
    )


async def _handed_over(resources: Resources, work: UnitOfWork, question: Question) -> Sought | None:
    """Hand one question over; None where it needs no asking, people decide first, or the person is protected."""
    now = resources.clock()
    now_stands = await inquiry_list.locked(resources, work, question.person_id)
    if now_stands.in_review or protection.is_kept_from_lists(resources, work, question.person_id):
        return None
    if now_stands.sought is None or now_stands.about != question.about:
        await asking.close(work, question, Finding.OVERTAKEN, now)
        return None
    attempts = question.attempts + 1
    await stored_questions.save(work, msgspec.structs.replace(question.handed_over(now), attempts=attempts))
    return await _told(resources, work, question, now_stands.sought)


async def _told(resources: Resources, work: UnitOfWork, question: Question, who: Sought) -> Sought:
    """Return what the municipality is told: its own 宛名番号 alone where it once told the registry of it."""
    known = await stored_questions.removed_record_from(work, question.asked_of, question.person_id)
    body = None if known is None else await inquiry_list.body_of(resources, work, known)
    return who if body is None else Sought(addressee_number=decode(body, RemovedRecord).addressee_number)


# -------------------------------------------------------------------------------------- answers without 除票


async def take(
    resources: Resources, work: UnitOfWork, caller: Caller, answer: RemovedRecordAnswer, grants: Sequence[Grant]
) -> Done:
    """Take in why there is no 除票.

    Raises NotPermitted if the caller may not answer so, NotFound for a question that is not put to it just as for
    one that never was, InvalidInput for what a municipality cannot find, Conflict where it said something else before.
    """
    demand_write(resources, caller, grants, REMOVED_RECORD)
    answer.refuse_if_not_theirs()
    await generations.agree(resources, work)
    question = await asking.lock_put_to(work, caller, answer.question_id, Wanted.REMOVED_RECORD)
    finding = await _taken(resources, work, question, answer.finding)
    receipt = RemovedRecordReceipt(question_id=answer.question_id, finding=finding)
    return Done(message=receipt, outcome=str(finding), people=(question.person_id,))


async def _taken(resources: Resources, work: UnitOfWork, question: Question, said: Finding) -> Finding:
    now = resources.clock()
    if question.finding in {said, Finding.OVERTAKEN}:
        return question.finding
    if not question.is_open:
        expected = "what was answered before; who has found the 除票 since, sends it"
        raise Conflict(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/finding", expected=expected))
    now_stands = await inquiry_list.locked(resources, work, question.person_id)
    if now_stands.in_review:
        return Finding.NO_ANSWER_YET
    is_over = now_stands.about != question.about
    return await asking.close(work, question.handed_over(now), Finding.OVERTAKEN if is_over else said, now)


# -------------------------------------------------------------------------------------- answers by a 除票


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """A question that a 除票 on its way in answers.

    ``sought`` is None where it was answered so before, and while people decide about the record (``in_review``).
    ``identities`` are who the record's person is by every statement.
    """

    question: Question
    sought: Sought | None = None
    identities: tuple[Identity, ...] = ()
    in_review: bool = False


async def lock_answered(work: UnitOfWork, caller: Caller, delivery: ArrivedDelivery) -> Question | None:
    """Return the question that a delivery answers, for this transaction alone, before any record is; None if none.

    Raises NotFound for a question that is not put to the caller just as for one that never was, InvalidInput where
    more than one 除票 are to answer it.
    """
    if delivery.question_id is None:
        return None
    if len(delivery.records) != 1:
        expected = "the one 除票 that answers the question"
        raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, pointer="/records", expected=expected))
    return await asking.lock_put_to(work, caller, delivery.question_id, Wanted.REMOVED_RECORD)


async def asked_for(resources: Resources, work: UnitOfWork, question: Question) -> AskedFor | None:
    """Say whether what answers a question is still asked for; the caller has locked the record.

    None for a question that was withdrawn: what comes then is taken in as if nobody had asked. A 除票 is welcome also
    after another answer.
    """
    if question.finding is Finding.OVERTAKEN:
        return None
    if question.finding in {Finding.FOUND, Finding.SOMEBODY_ELSE}:
        return AskedFor(question=question)
    now_stands = await inquiry_list.locked(resources, work, question.person_id)
    if now_stands.in_review:
        return AskedFor(question=question, in_review=True)
    if now_stands.sought is None or now_stands.about != question.about:
        await asking.close(work, question, Finding.OVERTAKEN, resources.clock())
        return None
    who = await _told(resources, work, question, now_stands.sought)
    return AskedFor(question=question, sought=who, identities=now_stands.identities)


def demand_fit(asked: AskedFor, record: RemovedRecord) -> None:
    """Raise InvalidInput where a 除票 is of another person than the one asked about, Conflict while people decide."""
    if asked.in_review:
        expected = "patience: people decide about this record first; send it again later"
        raise Conflict(Fault(code=FaultCode.NOT_ALLOWED_HERE, expected=expected))
    if asked.sought is not None and not rules.fits(asked.sought, record):
        expected = "the 除票 of the person asked about: their 宛名番号, or their name, date of birth and sex"
        raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/addressee_number", expected=expected))


async def join(resources: Resources, work: UnitOfWork, asked: AskedFor, identity: Identity) -> Found | None:
    """Join a 除票 to the record for which it was asked, where it fits no other; None where the usual rules decide.

    The municipality found one such person, so the link may be made without a 本籍 on both sides; it is UNCONFIRMED.
    """
    decision = await records.decide(resources, work, identity)
    if (
        asked.sought is None
        or decision.person_id
        or decision.rivals
        or not rules.may_be_one(identity, asked.identities)
    ):
        return None
    person_id = asked.question.person_id
    return await records.reopen(resources, work, person_id, Link(method=LinkMethod.ASKED_FOR, person_id=person_id))


async def settle(
    resources: Resources, work: UnitOfWork, asked: AskedFor, outcome: RecordOutcome, person_id: str | None
) -> None:
    """Close a question with what its 除票 came to; a refused one leaves it open.

    ``person_id`` is whose record the 除票 is now. Where that is somebody else's, two records may be one person, and
    people decide.
    """
    if asked.sought is None or outcome.state is RecordState.REFUSED:
        return
    question, now = asked.question.handed_over(resources.clock()), resources.clock()
    if person_id is None or (person_id == question.person_id and outcome.state is RecordState.UNCHANGED):
        await asking.close(work, question, Finding.NOT_MOVED_ABROAD, now)  # it says only what is known: nobody left
    elif person_id == question.person_id:
        await asking.close(work, question, Finding.FOUND, now)
    else:
        await asking.close(work, question, Finding.SOMEBODY_ELSE, now)
        case = Case(
            person_id=question.person_id,
            submission_id=outcome.submission_id,
            kind=submissions.RIVALS,
            rivals=(person_id,),
        )
        submissions.open_cases(work, [case], now)
        await inquiry_list.locked(resources, work, question.person_id)  # which writes that it is under review
