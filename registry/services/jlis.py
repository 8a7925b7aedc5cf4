"""機構 (J-LIS) as a source: asking it what is due, collecting its answers and its change facts.

No transaction is open while the line is used. (1) A question is put off to its next attempt, and what will be told has
its entry in the log; commit. (2) The line. (3) The answer is taken in; commit. Whatever breaks between two of them is
mended by the next attempt: the question's id makes it the same question, its row makes it one effect.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

import msgspec
import structlog

from registry.contract.client import LineDown
from registry.contract.decoding import encode
from registry.contract.jlis import MOST_FACTS, JLis, Refused, SupplementaryAnswer, SupplementaryQuestion
from registry.contract.messages import SubmissionState
from registry.domain import change_fact as facts
from registry.domain.change_fact import ChangeFact
from registry.domain.errors import InvalidInput
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.question import J_LIS, Finding, Question, wait_after
from registry.domain.reconciliation import Identity
from registry.services import disclosure_log, generations, protection, records
from registry.services import questions as asking
from registry.services import supplementary_records as supplementary
from registry.services.permission import SUPPLEMENTARY_RECORD
from registry.services.resources import Resources, japan_date
from registry.store import change_facts, questions, submissions
from registry.store import disclosure_log as stored_log
from registry.store.submissions import Content, Submission
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure

log = structlog.get_logger("registry.jlis")

AFFAIR: Final = SUPPLEMENTARY_RECORD
BASIS: Final = "住基法30条の41"
"""On what the registry asks about the 附票本人確認情報 (unverified: the very item of 30条の42 ff.)."""

OPERATION: Final = "supplementary-question"
FACT_KIND: Final = "change-fact"


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    """A question whose turn it is; ``message`` is None where J-LIS has it and is only asked what became of it."""

    question: Question
    message: SupplementaryQuestion | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to: questions opened, what came of those whose turn it was, whether the line was down."""

    opened: int
    findings: Counter[Finding]
    refused: int = 0
    line_down: bool = False


async def ask(resources: Resources, port: JLis) -> Run:
    """Open the questions that records call for, and ask J-LIS whatever is due.

    Ends at the first sign of a line that is down: what was under way has its next attempt already. Raises
    AnswerNotTrusted where somebody else answered: then nothing more is asked, and people have to look.
    """
    opened, refused = 0, 0
    findings: Counter[Finding] = Counter()
    async for _ in supplementary.open_questions(resources):
        opened += 1
    while (due := await _next_due(resources)) is not None:
        if isinstance(due, Finding):
            findings[due] += 1
            continue
        try:
            answer = await _over_the_line(port, due)
        except LineDown:
            return Run(opened=opened, findings=findings, refused=refused, line_down=True)
        except Refused as no:
            log.warning("refused by J-LIS", code=no.code)
            refused += 1
            continue
        findings[await _taken(resources, due.question, answer)] += 1
    return Run(opened=opened, findings=findings, refused=refused)


async def _over_the_line(port: JLis, due: _Due) -> SupplementaryAnswer | None:
    if due.message is not None:
        return await port.ask(due.message)
    return await port.answer_to(due.question.question_id)


async def _next_due(resources: Resources) -> _Due | Finding | None:
    """Put off the question whose turn it is, and log what will be told; None where no turn has come, or may.

    A Finding where it needs no asking any more, or is put off: people decide about the record, or it is protected.
    """
    async with resources.work() as work:
        now = resources.clock()
        if not disclosure_log.is_watched(
            resources, disclosure_log.watched_at(resources.log, await stored_log.head(work))
        ):
            log.warning("nobody watches the log of disclosures: nothing is asked")
            return None
        question = await questions.lock_due(work, J_LIS, now)
        if question is None:
            return None
        attempts = question.attempts + 1
        question = msgspec.structs.replace(question, attempts=attempts, next_at=now + wait_after(attempts))
        await questions.save(work, question)
        due = await _prepared(resources, work, question)
        await work.commit()
    return due


async def _prepared(resources: Resources, work: UnitOfWork, question: Question) -> _Due | Finding:
    now = resources.clock()
    now_stands = await supplementary.asking(resources, work, question.person_id)
    if now_stands.in_review or protection.is_kept_from_lists(resources, work, question.person_id):
        return Finding.NO_ANSWER_YET
    if now_stands.subject is None or now_stands.about != question.about:
        return await asking.close(work, question, Finding.OVERTAKEN, now)
    if question.asked_at is not None:
        return _Due(question=question, message=None)
    told = frozenset(field for field in now_stands.subject.__struct_fields__ if getattr(now_stands.subject, field))
    disclosure = Disclosure(
        asked_at=now,
        provided_at=now,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        body=J_LIS,
        key_id=resources.signing_key.key_id,
        operation=OPERATION,
        affair=AFFAIR,
        basis=BASIS,
        items=told,
        outcome="told",
        number_accessed="individual_number" in told,
        correlation_id=question.question_id,
    )
    await disclosure_log.record(resources, work, disclosure, (question.person_id,))
    message = SupplementaryQuestion(question_id=question.question_id, subject=now_stands.subject)
    return _Due(question=question, message=message)


async def _taken(resources: Resources, asked: Question, answer: SupplementaryAnswer | None) -> Finding:
    """Take an answer in, once; where J-LIS never had the question, it is handed in again."""
    async with resources.work() as work:
        await generations.agree(resources, work)
        question = await questions.lock(work, asked.question_id)
        if question is None or not question.is_open:
            return asked.finding if question is None else question.finding
        if answer is None:
            again = msgspec.structs.replace(question, asked_at=None, due=None, next_at=resources.clock())
            await questions.save(work, again)
            finding = Finding.NO_ANSWER_YET
        else:
            finding = await supplementary.take_or_call_implausible(resources, work, question, answer)
        await work.commit()
    return finding


# ----------------------------------------------------------------------------------------- change facts


class Change(StrEnum):
    """What became of one change fact."""

    RECORDED = "recorded"
    NOT_HELD = "not-held"
    """Nobody here has the number or code: the fact is about somebody else and leaves no trace."""
    REFUSED = "refused"
    """It breaks a rule; the log names its sequence number."""
    KNOWN = "known"


async def collect_changes(resources: Resources, port: JLis) -> Counter[Change]:
    """Take over every change that J-LIS has to tell, each in a transaction of its own.

    Raises LineDown or AnswerNotTrusted; what was taken over by then stays, and the next run goes on from there.
    """
    tally: Counter[Change] = Counter()
    while True:
        async with resources.work() as work:
            after = await change_facts.lock_cursor(work)
        changes = await port.changes_after(after)
        for fact in changes.facts:
            tally[await _take_over(resources, fact)] += 1
        if len(changes.facts) < MOST_FACTS:
            return tally


async def _take_over(resources: Resources, fact: ChangeFact) -> Change:
    async with resources.work() as work:
        if fact.sequence <= await change_facts.lock_cursor(work):
            return Change.KNOWN
        try:
            async with work.savepoint():
                change = await _record_change(resources, work, fact)
        except InvalidInput as refused:
            codes = ",".join(sorted(fault.code for fault in refused.faults))
            log.warning("change fact refused", code=codes, sequence=fact.sequence)
            change = Change.REFUSED
        await change_facts.set_cursor(work, fact.sequence)
        await work.commit()
    return change


async def _record_change(resources: Resources, work: UnitOfWork, fact: ChangeFact) -> Change:
    """Write a change to the record that it is about; NOT_HELD where there is none, or more than one."""
    identity, submission_id, now = facts.identity_of(fact), resources.new_id(), resources.clock()
    movement = facts.movement(fact, submission_id)
    await records.lock_identities(resources, work, [identity, Identity.of(movement.statement)])
    decision = await records.decide(resources, work, identity)
    if decision.person_id is None:
        return Change.NOT_HELD
    plan = records.plan(await records.reopen(resources, work, decision.person_id, decision), (movement,))
    submission = Submission(
        submission_id=submission_id,
        kind=FACT_KIND,
        sender=J_LIS,
        sender_key=f"{FACT_KIND}/{fact.sequence}",
        state=SubmissionState.ACCEPTED,
        received_at=now,
        received_on=japan_date(now),
    )
    key = await resources.keyring.make(work, submission_id, now)
    submissions.add(work, key, submission, Content(body=encode(fact), evidence="", receipt=b""))
    await records.write(resources, work, plan, records.stored_link(plan, submission_id, 0), now)
    return Change.RECORDED
