"""本籍地 as a source: its municipality fetches what it is asked about the 附票 that it keeps, and answers."""

from typing import Final
from uuid import UUID

import msgspec

from registry.contract.jlis import (
    MOST_QUESTIONS,
    SupplementaryAnswer,
    SupplementaryQuestion,
    SupplementaryQuestions,
    SupplementaryReceipt,
)
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Fault, FaultCode, InvalidInput, NotFound, NotPermitted
from registry.domain.supplementary_record import Finding, Question, Subject
from registry.services import supplementary_records as supplementary
from registry.services.attendance import Caller, Done
from registry.services.resources import Resources
from registry.store import records as stored_records
from registry.store import supplementary_records
from registry.store.unit_of_work import UnitOfWork

TOLD: Final = tuple(sorted(Subject.__struct_fields__))
"""What a municipality may be told of a person whom it is asked about."""


async def questions(resources: Resources, work: UnitOfWork, caller: Caller) -> Done:
    """Return the questions that wait for the calling municipality; from now on it has them, and its time runs.

    Raises NotPermitted if the caller is no municipality.
    """
    _demand_municipality(caller)
    waiting = await supplementary_records.lock_open_for(work, caller.body, at_most=MOST_QUESTIONS)
    await stored_records.lock_people(work, (one.person_id for one in waiting))  # all at once, in one order
    handed = [(one, subject) for one in waiting if (subject := await _handed_over(resources, work, one))]
    told = tuple(SupplementaryQuestion(question_id=one.question_id, subject=subject) for one, subject in handed)
    return Done(
        message=SupplementaryQuestions(questions=told),
        outcome="told",
        people=tuple(dict.fromkeys(one.person_id for one, _ in handed)),
        number_accessed=any(subject.individual_number is not None for _, subject in handed),
    )


async def _handed_over(resources: Resources, work: UnitOfWork, question: Question) -> Subject | None:
    """Hand one question over; None where it needs no asking any more, or people decide about the record first."""
    now = resources.clock()
    now_stands = await supplementary.asking(resources, work, question.person_id)
    if now_stands.in_review:
        return None
    if now_stands.subject is None or now_stands.about != question.about:
        await supplementary.close(work, question, Finding.OVERTAKEN, now)
        return None
    attempts = question.attempts + 1
    handed = msgspec.structs.replace(supplementary.handed_over(question, now), attempts=attempts)
    await supplementary_records.save(work, handed)
    return now_stands.subject


async def take(resources: Resources, work: UnitOfWork, caller: Caller, answer: SupplementaryAnswer) -> Done:
    """Take in one answer of the calling municipality.

    Raises NotPermitted if the caller is no municipality, NotFound for a question that is not put to it just as for
    one that never was, InvalidInput with every fault of the record.
    """
    _demand_municipality(caller)
    answer.refuse_contradiction()
    question = await supplementary_records.lock(work, answer.question_id) if _is_id(answer.question_id) else None
    if question is None or question.asked_of != caller.body:
        expected = "the id of a question put to this municipality"
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer="/question_id", expected=expected))
    try:
        finding = await supplementary.take(resources, work, question, answer)
    except InvalidInput as refused:
        raise InvalidInput(*(fault.under("/record") for fault in refused.faults)) from None
    receipt = SupplementaryReceipt(question_id=answer.question_id, finding=finding)
    return Done(message=receipt, outcome=str(finding), people=(question.person_id,))


def _demand_municipality(caller: Caller) -> None:
    if caller.body_kind is not BodyKind.MUNICIPALITY:
        raise NotPermitted(Fault(code=FaultCode.NO_GRANT, expected="a municipality that keeps a 附票"))


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
