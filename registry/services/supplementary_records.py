"""戸籍の附票: whom to ask when no 除票 can be had any more, and what an answer makes of the record.

Asking and answering lie apart, so a line that is down loses nothing: a question is a row with its clocks. It is put
off before it is sent, so whoever dies while sending is followed by the next attempt; its row is locked while an answer
is taken in, so the same answer twice has one effect. What is told of a person has its entry in the log before it is
told. Here is what 機構 and the municipality of a 本籍 have in common; each way has a module of its own.
"""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from registry.contract.decoding import encode
from registry.contract.jlis import SupplementaryAnswer
from registry.contract.messages import SubmissionState
from registry.domain import supplementary_record as rules
from registry.domain.errors import InvalidInput
from registry.domain.question import Finding, Question, Wanted
from registry.domain.reconciliation import Identity, Link, LinkMethod, Outcome
from registry.domain.supplementary_record import Subject, SupplementaryRecord
from registry.domain.timeline import fold
from registry.services import questions as asked
from registry.services import records
from registry.services.going_through import each_record
from registry.services.resources import Resources, japan_date
from registry.store import questions, submissions
from registry.store.at_hand import Found, Plan
from registry.store.keyring import Shredded
from registry.store.submissions import Case, Content, Submission
from registry.store.unit_of_work import UnitOfWork

KIND: Final = "supplementary-record"
"""The kind of submission that an answer is."""

CASE_KIND: Final = "rivals"
"""The answer leaves open whose record it belongs to; until that is decided the record is under review."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a record calls for a question now, and about whom; ``subject`` is None where it does not."""

    in_review: bool
    subject: Subject | None
    about: bytes = b""


async def asking(resources: Resources, work: UnitOfWork, person_id: str) -> Asking:
    """Lock a record and say how it stands now; of a shredded one there is nothing left to ask about."""
    known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
    try:
        found = await records.reopen(resources, work, person_id, known)
    except Shredded:
        return Asking(in_review=False, subject=None)
    standing = await records.reconcile_record(resources, work, person_id, found.movements)
    result = None if standing is None else standing.result
    in_review = result is not None and result.outcome is Outcome.UNDER_REVIEW
    last = fold(found.movements).last
    not_held = await questions.is_not_held(work, person_id)
    if last is None or not rules.calls_for_a_question(result, not_held=not_held):
        return Asking(in_review=in_review, subject=None)
    confirmed = await submissions.is_confirmed(work, person_id)
    subject = rules.subject(Identity.of(last.state), confirmed=confirmed)
    if subject is None:
        return Asking(in_review=in_review, subject=None)
    about = resources.provider.mac("supplementary-question", encode(subject))
    return Asking(in_review=in_review, subject=subject, about=about)


# ---------------------------------------------------------------------------------------------- opening


async def open_questions(resources: Resources) -> AsyncIterator[Question]:
    """Open a question for each record that calls for one; run again at any time, nothing is asked twice."""
    async for person_id in each_record(resources, questions.people_without_removed_record):
        question = await _open_for(resources, person_id)
        if question is not None:
            yield question


async def _open_for(resources: Resources, person_id: str) -> Question | None:
    """Ask whoever is next to be asked about one record; None where nobody is."""
    async with resources.work() as work:
        now_stands = await asking(resources, work, person_id)
        question = None
        if now_stands.subject is not None:
            question = await _opened(resources, work, person_id, now_stands.subject, now_stands.about)
        await work.commit()
    return question


async def _opened(
    resources: Resources, work: UnitOfWork, person_id: str, subject: Subject, about: bytes
) -> Question | None:
    asked_of = rules.whom_to_ask(subject, await questions.findings(work, person_id, about))
    if asked_of is None:
        return None
    now = resources.clock()
    question = Question(
        question_id=resources.new_id(),
        person_id=person_id,
        wanted=Wanted.SUPPLEMENTARY_RECORD,
        asked_of=asked_of,
        about=about,
        opened_at=now,
        next_at=now,
    )
    return question if await questions.open_question(work, question) else None


# ------------------------------------------------------------------------------------------ taking answers


async def take(resources: Resources, work: UnitOfWork, question: Question, answer: SupplementaryAnswer) -> Finding:
    """Take in an answer to a question that the transaction has locked; return what came of it.

    NO_ANSWER_YET where there is none, or people decide about the record first: then it will be asked for again.
    Raises InvalidInput, at places of the record, where the answer breaks a rule.
    """
    now = resources.clock()
    if not question.is_open:
        return question.finding
    question = question.handed_over(now)
    if answer.finding is Finding.NO_ANSWER_YET:
        await questions.save(work, question)
        return answer.finding
    if answer.record is not None:
        rules.check(answer.record, japan_date(now)).refuse_if_any()
        # Before the record itself is locked: keys, then records, in one order for everybody.
        identity = rules.identity_of(answer.record)
        await records.lock_identities(resources, work, [identity], also=[question.person_id])
    now_stands = await asking(resources, work, question.person_id)
    if now_stands.in_review:
        await questions.save(work, question)
        return Finding.NO_ANSWER_YET
    if now_stands.about != question.about:
        return await asked.close(work, question, Finding.OVERTAKEN, now)
    finding: Finding = answer.finding
    if answer.record is not None:
        finding = await _apply(resources, work, question, answer, answer.record)
    return await asked.close(work, question, finding, now)


async def _apply(
    resources: Resources,
    work: UnitOfWork,
    question: Question,
    answer: SupplementaryAnswer,
    record: SupplementaryRecord,
) -> Finding:
    """Hold an answer against the record it was asked for, and write what it makes of it; or the case, if it fits not.

    The caller has checked it and locked its keys. Whose number this is, the registry decides by its own rules; the
    other side's word alone confirms nothing.
    """
    today, submission_id = japan_date(resources.clock()), resources.new_id()
    decision = await records.decide(resources, work, rules.identity_of(record))
    is_same = decision.person_id == question.person_id
    if is_same:
        found = await records.reopen(resources, work, question.person_id, decision)
        plan = records.plan(found, [rules.movement(record, submission_id, question.asked_of, today)])
    else:
        plan = records.plan(await _unfit(resources, work, question, decision), [])
    await _write(resources, work, question, answer, plan, submission_id)
    return Finding.FOUND if is_same else Finding.SOMEBODY_ELSE


async def _unfit(resources: Resources, work: UnitOfWork, question: Question, decision: Link) -> Found:
    """Return the record asked for, with whom the answer fits instead as its rivals."""
    others = decision.rivals or ((decision.person_id,) if decision.person_id else ())
    rivals = tuple(one for one in others if one != question.person_id)
    doubtful = Link(method=LinkMethod.OPENED, person_id=question.person_id, rivals=rivals)
    return await records.reopen(resources, work, question.person_id, doubtful)


async def _write(
    resources: Resources,
    work: UnitOfWork,
    question: Question,
    answer: SupplementaryAnswer,
    plan: Plan,
    submission_id: str,
) -> None:
    """Write the answer as a submission, and what it makes of the record; where it makes nothing, the case."""
    now = resources.clock()
    submission = Submission(
        submission_id=submission_id,
        kind=KIND,
        sender=question.asked_of,
        sender_key=question.question_id,
        state=SubmissionState.ACCEPTED if plan.added else SubmissionState.IN_REVIEW,
        received_at=now,
        received_on=japan_date(now),
    )
    key = await resources.keyring.make(work, submission_id, now)
    submissions.add(work, key, submission, Content(body=encode(answer), evidence="", receipt=b""))
    if plan.added:
        await records.write(resources, work, plan, records.stored_link(plan, submission_id, 0), now)
        return
    case = Case(person_id=plan.person_id, submission_id=submission_id, kind=CASE_KIND, rivals=plan.found.link.rivals)
    submissions.open_cases(work, [case], now)
    await records.reconcile_record(resources, work, plan.person_id, plan.movements)


async def take_or_call_implausible(
    resources: Resources, work: UnitOfWork, question: Question, answer: SupplementaryAnswer
) -> Finding:
    """Take in an answer whose sender is not there to mend it: one that breaks a rule closes the question as such."""
    try:
        async with work.savepoint():
            return await take(resources, work, question, answer)
    except InvalidInput:
        now = resources.clock()
        return await asked.close(work, question.handed_over(now), Finding.IMPLAUSIBLE, now)
