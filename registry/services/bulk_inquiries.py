"""一括照会: a body asks the same of up to a thousand people; each is decided, answered and logged as if asked alone.

Whom the projection can answer for is read in one statement for all of them. What is the same for everybody, a period
that makes no sense or an affair that is not granted, refuses the whole: then nobody was asked about.
"""

from collections.abc import Mapping, Sequence

import msgspec

from registry.contract.decoding import decode
from registry.contract.messages import (
    ArrivedBulkInquiry,
    BulkAnswer,
    BulkOutcome,
    PersonAsked,
    search_key,
)
from registry.contract.problems import Problem
from registry.domain.dates import DayRange
from registry.domain.disclosure import Grant, SearchKey
from registry.domain.errors import Fault, Faults, InvalidInput, NotPermitted, Refusal
from registry.services import finding, inquiries
from registry.services.attendance import REFUSED, Attendance, Done, Noted, codes_of
from registry.services.finding import Hit, Question
from registry.store.sequencer import Known
from registry.store.unit_of_work import UnitOfWork


class _Told(msgspec.Struct, frozen=True):
    """What one person of the inquiry comes to: what the asker is told, and what the log is to say."""

    outcome: BulkOutcome
    noted: Noted


class _Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """What all people of one inquiry have in common; ``permitted`` is the grant, or why not, by way of searching."""

    attendance: Attendance
    inquiry: ArrivedBulkInquiry
    permitted: Mapping[SearchKey, Grant | NotPermitted]
    period: DayRange


async def answer(
    work: UnitOfWork,
    attendance: Attendance,
    inquiry: ArrivedBulkInquiry,
    people: Sequence[PersonAsked | InvalidInput],
    grants: Sequence[Grant],
) -> Done:
    """Answer a bulk inquiry under the table of ``grants``.

    Raises NotPermitted where no way of searching that it uses is granted, InvalidInput for a period that makes no
    sense, NotYetKnown for a moment that the registry has not stamped yet.
    """
    bulk = _Bulk(
        attendance=attendance,
        inquiry=inquiry,
        permitted=_permitted(attendance, inquiry, people, grants),
        period=inquiries.period(attendance.resources, inquiry, Faults()),
    )
    read = [_read(bulk, index, person) for index, person in enumerate(people)]
    hits = iter(await _find(work, bulk, [one for one in read if isinstance(one, Question)]))
    told = [
        _refused(bulk, index, one) if isinstance(one, Refusal) else _answered(bulk, index, one, *next(hits))
        for index, one in enumerate(read)
    ]
    return Done(
        message=BulkAnswer(people=tuple(one.outcome for one in told)),
        outcome="answered",
        noted=tuple(one.noted for one in told),
    )


def _permitted(
    attendance: Attendance,
    inquiry: ArrivedBulkInquiry,
    people: Sequence[PersonAsked | InvalidInput],
    grants: Sequence[Grant],
) -> dict[SearchKey, Grant | NotPermitted]:
    """Decide once for each way of searching; raises NotPermitted where there is none that is granted."""
    ways = dict.fromkeys(search_key(person.search) for person in people if isinstance(person, PersonAsked))
    decided: dict[SearchKey, Grant | NotPermitted] = {}
    for way in ways:
        try:
            decided[way] = inquiries.permit(attendance.resources, attendance.caller, inquiry, way, grants)
        except NotPermitted as refusal:
            decided[way] = refusal
    refusals = [one for one in decided.values() if isinstance(one, NotPermitted)]
    if refusals and len(refusals) == len(decided):
        raise refusals[0]
    return decided


def _read(bulk: _Bulk, index: int, person: PersonAsked | InvalidInput) -> Question | Refusal:
    """Return what may be asked about one person, or why it may not, with the place in the whole message."""
    place = f"/people/{index}"
    if isinstance(person, InvalidInput):
        return InvalidInput(*(fault.under(place) for fault in person.faults))
    grant = bulk.permitted[search_key(person.search)]
    if isinstance(grant, NotPermitted):
        return NotPermitted(*(_placed(fault, place) for fault in grant.faults))
    faults = Faults()
    inquiries.check_search(person.search, faults)
    if faults.errors:
        return InvalidInput(*(fault.under(place) for fault in faults.errors))
    caller = bulk.attendance.caller
    return Question(terms=bulk.inquiry, search=person.search, grant=grant, caller=caller, period=bulk.period)


def _placed(fault: Fault, place: str) -> Fault:
    """Say where a fault is: the way of searching is the person's, all else is everybody's."""
    return fault.under(place) if fault.pointer == "/search" else fault


async def _find(work: UnitOfWork, bulk: _Bulk, questions: Sequence[Question]) -> list[tuple[Known, list[Hit]]]:
    if not questions:
        return []
    known, hits = await finding.find_each(bulk.attendance.resources, work, questions)
    return [(known, one) for one in hits]


def _answered(bulk: _Bulk, index: int, question: Question, known: Known, hits: Sequence[Hit]) -> _Told:
    resources = bulk.attendance.resources
    inquiry_id = resources.new_id()
    message = inquiries.answered(resources, question, known, hits, inquiry_id)
    noted = Noted(
        asked=inquiries.asked(bulk.inquiry, inquiries.OPERATION, inquiry_id, question.search, question.grant),
        outcome=str(message.outcome),
        people=inquiries.people_told_of(hits),
        number_accessed=inquiries.number_accessed(question.search, message),
    )
    return _Told(BulkOutcome(index=index, answer=message), noted)


def _refused(bulk: _Bulk, index: int, refusal: Refusal) -> _Told:
    correlation_id = bulk.attendance.resources.new_id()
    problem = decode(bulk.attendance.present.refusal(refusal, correlation_id).body, Problem)
    asked = inquiries.asked(bulk.inquiry, inquiries.OPERATION, correlation_id)
    noted = Noted(asked=asked, outcome=REFUSED, codes=codes_of(refusal))
    return _Told(BulkOutcome(index=index, problem=problem), noted)
