"""本籍地 as a source: its municipality fetches what it is asked about the 附票 that it keeps, and answers."""

from collections.abc import Sequence
from typing import Final

import msgspec

from registry.contract.jlis import (
    MOST_QUESTIONS,
    SupplementaryAnswer,
    SupplementaryQuestion,
    SupplementaryQuestions,
    SupplementaryReceipt,
)
from registry.domain.disclosure import Grant
from registry.domain.errors import InvalidInput
from registry.domain.question import Finding, Question, Wanted
from registry.domain.supplementary_record import Subject
from registry.services import generations, protection
from registry.services import questions as asking
from registry.services import supplementary_records as supplementary
from registry.services.attendance import Caller, Done
from registry.services.permission import SUPPLEMENTARY_RECORD, demand_write, stated
from registry.services.resources import Resources
from registry.store import questions as stored_questions
from registry.store import records as stored_records
from registry.store.unit_of_work import UnitOfWork

TOLD: Final = tuple(sorted(Subject.__struct_fields__))
"""What a municipality may be told of a person whom it is asked about."""


async def questions(resources: Resources, work: UnitOfWork, caller: Caller, grants: Sequence[Grant]) -> Done:
    """Return the questions that wait for the calling municipality; from now on it has them, and its time runs.

    Raises NotPermitted if the caller may not answer them.
    """
    demand_write(resources, caller, grants, SUPPLEMENTARY_RECORD)
    await generations.agree(resources, work)
    waiting = await stored_questions.lock_open_for(
        work, caller.body, Wanted.SUPPLEMENTARY_RECORD, at_most=MOST_QUESTIONS
    )
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
    """Hand one question over; None where it needs no asking, people decide first, or the person is protected."""
    now = resources.clock()
    now_stands = await supplementary.asking(resources, work, question.person_id)
    if now_stands.in_review or protection.is_kept_from_lists(resources, work, question.person_id):
        return None
    if now_stands.subject is None or now_stands.about != question.about:
        await asking.close(work, question, Finding.OVERTAKEN, now)
        return None
    attempts = question.attempts + 1
    await stored_questions.save(work, msgspec.structs.replace(question.handed_over(now), attempts=attempts))
    return now_stands.subject


async def take(
    resources: Resources, work: UnitOfWork, caller: Caller, answer: SupplementaryAnswer, grants: Sequence[Grant]
) -> Done:
    """Take in one answer of the calling municipality.

    Raises NotPermitted if the caller may not answer so, NotFound for a question that is not put to it just as for
    one that never was, InvalidInput with every fault of the record.
    """
    items = stated(answer.record) if answer.record is not None else frozenset()
    demand_write(resources, caller, grants, SUPPLEMENTARY_RECORD, items)
    answer.refuse_contradiction()
    await generations.agree(resources, work)
    question = await asking.lock_put_to(work, caller, answer.question_id, Wanted.SUPPLEMENTARY_RECORD)
    try:
        finding = await supplementary.take(resources, work, question, answer)
    except InvalidInput as refused:
        raise InvalidInput(*(fault.under("/record") for fault in refused.faults)) from None
    receipt = SupplementaryReceipt(question_id=answer.question_id, finding=finding)
    return Done(message=receipt, outcome=str(finding), people=(question.person_id,))
