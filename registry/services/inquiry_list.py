"""除票の照会: which 除票 are asked for, of whom, and when a question is withdrawn.

The nightly run opens and withdraws questions; the municipality fetches them and answers (``last_municipality``). Where
it holds none, whoever else keeps its records is asked, and then the 附票 (``supplementary_records``).
"""

from collections.abc import AsyncIterator
from functools import partial

import msgspec

from registry.contract.decoding import decode, encode
from registry.domain import inquiry_list as rules
from registry.domain.inquiry_list import Sought
from registry.domain.movement import Movement
from registry.domain.municipality import MunicipalityCode
from registry.domain.question import Finding, Question, Wanted
from registry.domain.reconciliation import Identity, Link, LinkMethod, Outcome
from registry.domain.residence_report import ResidenceReport
from registry.domain.timeline import Version, fold
from registry.services import questions as asking
from registry.services import records
from registry.services.going_through import RECORDS_A_STEP, each_record
from registry.services.resources import Resources, japan_date
from registry.store import questions as stored_questions
from registry.store import submissions
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """How a record stands to the inquiry list; ``sought`` is None where no 除票 is to be asked for.

    ``at_departure`` is the first that is known of the person, ``about`` a keyed digest of who is sought.
    """

    in_review: bool
    identities: tuple[Identity, ...] = ()
    sought: Sought | None = None
    at_departure: Version | None = None
    about: bytes = b""


async def _missing(resources: Resources, work: UnitOfWork, person_id: str, movements: tuple[Movement, ...]) -> Missing:
    """Hold a record against the rules again: does it lack a 除票, and whose."""
    standing = await records.reconcile_record(resources, work, person_id, movements)
    result = None if standing is None else standing.result
    in_review = result is not None and result.outcome is Outcome.UNDER_REVIEW
    first = next((one for one in fold(movements).versions if one.state.name and one.state.birth_date), None)
    if first is None or not rules.calls_for_a_question(result):
        return Missing(in_review=in_review)
    who = rules.sought(Identity.of(first.state))
    if who is None:
        return Missing(in_review=in_review)
    return Missing(
        in_review=in_review,
        identities=records.identities_of(movements),
        sought=who,
        at_departure=first,
        about=resources.provider.mac("removed-record-question", encode(who)),
    )


async def locked(resources: Resources, work: UnitOfWork, person_id: str) -> Missing:
    """Lock a record and say how it stands now; of a shredded one there is nothing left to ask about."""
    known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
    try:
        found = await records.reopen(resources, work, person_id, known)
    except Shredded:
        return Missing(in_review=False)
    return await _missing(resources, work, person_id, found.movements)


# ---------------------------------------------------------------------------------------------- opening


async def open_questions(resources: Resources) -> AsyncIterator[Question]:
    """Open a question for each 除票 that has not come in its time; run again at any time, nothing is asked twice."""
    waited = resources.clock() - rules.TIME_TO_COME_BY_ITSELF
    waiting = partial(stored_questions.people_waiting_for_removed_record, opened_before=waited)
    async for person_id in each_record(resources, waiting):
        question = await _open_for(resources, person_id)
        if question is not None:
            yield question


async def _open_for(resources: Resources, person_id: str) -> Question | None:
    """Ask whoever is next to be asked about one record; None where nobody is."""
    async with resources.work() as work:
        lacks = await locked(resources, work, person_id)
        question = await _opened(resources, work, person_id, lacks)
        await work.commit()
    return question


async def _opened(resources: Resources, work: UnitOfWork, person_id: str, lacks: Missing) -> Question | None:
    if lacks.sought is None or lacks.at_departure is None:
        return None
    last = await _last_municipality(resources, work, person_id, lacks.at_departure)
    now = resources.clock()
    today = japan_date(now)
    left = lacks.at_departure.possible.first or today
    said = await stored_questions.findings(work, person_id, lacks.about)
    asked_of = None if last is None else rules.whom_to_ask(last, left, resources.municipalities, today, said)
    if asked_of is None:
        return None
    question = Question(
        question_id=resources.new_id(),
        person_id=person_id,
        wanted=Wanted.REMOVED_RECORD,
        asked_of=asked_of,
        about=lacks.about,
        opened_at=now,
        next_at=now,
    )
    return question if await stored_questions.open_question(work, question) else None


async def _last_municipality(
    resources: Resources, work: UnitOfWork, person_id: str, first: Version
) -> MunicipalityCode | None:
    """Return where the person last lived in Japan: as the record has it, else as the newest report says that says it.

    A report's word makes no movement (``residence_report``): it serves to find the 除票, and nothing else.
    """
    if first.state.last_address is not None:
        return first.state.last_address.municipality
    for submission_id, person_index in await stored_questions.reports_about(work, person_id):
        body = await body_of(resources, work, submission_id)
        stated = None if body is None else decode(body, ResidenceReport).people[person_index].last_address
        if stated is not None:
            return stated.municipality
    return None


async def body_of(resources: Resources, work: UnitOfWork, submission_id: str) -> bytes | None:
    """Return what was submitted; None where it was shredded."""
    try:
        return (await submissions.content_of(work, resources.keyring, submission_id)).body
    except Shredded:
        return None


async def withdraw(resources: Resources) -> int:
    """Withdraw the questions whose 除票 came by itself, and return how many."""
    withdrawn = 0
    while True:
        async with resources.work() as work:
            over = await stored_questions.no_longer_needed(work, at_most=RECORDS_A_STEP)
            for question in over:
                await asking.close(work, question, Finding.OVERTAKEN, resources.clock())
            await work.commit()
        withdrawn += len(over)
        if len(over) < RECORDS_A_STEP:
            return withdrawn


# ------------------------------------------------------------------------------------------------- report


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the inquiry list stands: questions by what came of them, those not answered in time, those for people."""

    findings: dict[Finding, int]
    overdue: tuple[Question, ...]
    for_people: tuple[Question, ...]


async def report(resources: Resources, *, at_most: int) -> Report:
    """Return how the list stands; of the questions listed ``at_most`` so many of each kind, the oldest first."""
    now = resources.clock()
    async with resources.work() as work:
        return Report(
            findings=await stored_questions.tally(work, Wanted.REMOVED_RECORD),
            overdue=await stored_questions.overdue(work, Wanted.REMOVED_RECORD, now, at_most=at_most),
            for_people=await stored_questions.closed_with(work, rules.FOR_PEOPLE, at_most=at_most),
        )
