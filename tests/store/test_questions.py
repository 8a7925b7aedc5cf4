"""Questions to others in PostgreSQL: each once, each for one transaction at a time, with all its clocks."""

from datetime import timedelta

import msgspec
import pytest

from registry.domain.question import J_LIS, Finding, Question, Wanted
from registry.domain.reconciliation import Outcome, Result
from registry.domain.removed_record import Holding
from registry.store import questions, reconciliations
from registry.store.reconciliations import Standing
from registry.store.unit_of_work import UnitOfWork
from tests.store.rows import NOW, a_person, new_id

pytestmark = pytest.mark.anyio

TOWN = "131016"
ANNEX, REMOVED = Wanted.SUPPLEMENTARY_RECORD, Wanted.REMOVED_RECORD


async def a_question(work, keyring, person_id=None, **fields):
    if person_id is None:
        person_id, _ = await a_person(work, keyring)
    defaults = {
        "question_id": new_id(),
        "person_id": person_id,
        "wanted": ANNEX,
        "asked_of": J_LIS,
        "about": b"\x01" * 32,
        "opened_at": NOW,
        "next_at": NOW,
    }
    question = Question(**(defaults | fields))
    return question, await questions.open_question(work, question)


async def test_a_question_comes_back_as_it_was_saved(work, keyring):
    question, _ = await a_question(work, keyring)
    later = NOW + timedelta(hours=1)
    stands = msgspec.structs.replace(
        question, attempts=2, next_at=later, asked_at=NOW, due=later, answered_at=later, finding=Finding.AMBIGUOUS
    )
    await questions.save(work, stands)
    assert await questions.lock(work, question.question_id) == stands


async def test_a_question_that_is_not_there_is_none(work):
    assert await questions.lock(work, new_id()) is None


SAME = {
    "the same again": ({}, False),
    "of another": ({"asked_of": TOWN}, True),
    "about somebody else": ({"about": b"\x02" * 32}, True),
}


@pytest.mark.parametrize(("fields", "opened"), SAME.values(), ids=SAME)
async def test_the_same_is_asked_of_the_same_once(work, keyring, fields, opened):
    question, _ = await a_question(work, keyring)
    _, is_new = await a_question(work, keyring, question.person_id, **fields)
    assert is_new is opened


async def test_the_one_that_waited_longest_is_due_first_and_none_before_its_time(work, keyring):
    early, _ = await a_question(work, keyring, next_at=NOW - timedelta(hours=2))
    await a_question(work, keyring, next_at=NOW - timedelta(hours=1))
    await a_question(work, keyring, next_at=NOW - timedelta(hours=3), finding=Finding.FOUND)
    await a_question(work, keyring, next_at=NOW - timedelta(hours=3), asked_of=TOWN)
    due = await questions.lock_due(work, J_LIS, NOW - timedelta(minutes=90))
    assert due == early
    assert await questions.lock_due(work, J_LIS, NOW - timedelta(hours=4)) is None


async def test_two_runs_never_get_the_same_question(engine, keyring):
    async with UnitOfWork(engine) as work:
        first, _ = await a_question(work, keyring)
        second, _ = await a_question(work, keyring, next_at=NOW + timedelta(minutes=1))
        await work.commit()
    later = NOW + timedelta(hours=1)
    async with UnitOfWork(engine) as one, UnitOfWork(engine) as other:
        got = [await questions.lock_due(work, J_LIS, later) for work in (one, other)]
        assert got == [first, second]


async def test_findings_are_those_about_the_same_person(work, keyring):
    question, _ = await a_question(work, keyring, finding=Finding.AMBIGUOUS)
    await a_question(work, keyring, question.person_id, asked_of=TOWN)
    await a_question(work, keyring, question.person_id, about=b"\x02" * 32, finding=Finding.FOUND)
    assert await questions.findings(work, question.person_id, question.about) == {
        J_LIS: Finding.AMBIGUOUS,
        TOWN: Finding.NO_ANSWER_YET,
    }


async def test_open_questions_are_listed_by_who_has_them_the_oldest_first(work, keyring):
    new, _ = await a_question(work, keyring, asked_of=TOWN)
    old, _ = await a_question(work, keyring, asked_of=TOWN, opened_at=NOW - timedelta(days=1))
    await a_question(work, keyring, asked_of=TOWN, finding=Finding.FOUND)
    of_j_lis, _ = await a_question(work, keyring, opened_at=NOW - timedelta(days=2))
    of_a_removed_record, _ = await a_question(work, keyring, asked_of=TOWN, wanted=REMOVED)
    assert await questions.lock_open_for(work, TOWN, ANNEX, at_most=5) == (old, new)
    assert await questions.lock_open_for(work, TOWN, ANNEX, at_most=1) == (old,)
    assert await questions.lock_open_for(work, TOWN, ANNEX, at_most=5, after=old) == (new,)
    assert await questions.lock_open_for(work, TOWN, ANNEX, at_most=5, after=new) == ()
    assert await questions.lock_open_for(work, TOWN, REMOVED, at_most=5) == (of_a_removed_record,)
    assert await questions.all_open(work, ANNEX, at_most=9) == (of_j_lis, old, new)


async def test_the_tally_names_every_finding(work, keyring):
    await a_question(work, keyring, finding=Finding.FOUND)
    await a_question(work, keyring, finding=Finding.FOUND, wanted=REMOVED)
    tally = await questions.tally(work, ANNEX)
    assert tally.keys() == set(Finding)
    assert (tally[Finding.FOUND], tally[Finding.AMBIGUOUS]) == (1, 0)


# ---------------------------------------------------------------------------------- whom they are about

EXPIRED, HELD, UNCERTAIN, NEVER_WAS = (
    Result(outcome=Outcome.NO_REMOVED_RECORD, holding=holding)
    for holding in (Holding.NOT_HELD_EXPIRED, Holding.HELD, Holding.UNCERTAIN, None)
)
AGREED, IN_REVIEW = Result(outcome=Outcome.AGREED), Result(outcome=Outcome.UNDER_REVIEW)


async def people(work, keyring, *results):
    """A record that stands so for each result, in the order of their ids."""
    ids = sorted([(await a_person(work, keyring))[0] for _ in results])
    for person_id, result in zip(ids, results, strict=True):
        stands(work, person_id, result)
    return ids


def stands(work, person_id, result):
    reconciliations.save(work, Standing(person_id=person_id, result=result), NOW)


async def test_only_people_whose_removed_record_is_gone_are_looked_at_for_a_supplementary_one(work, keyring):
    first, _, last = await people(work, keyring, EXPIRED, HELD, EXPIRED)
    look = questions.people_without_removed_record
    assert await look(work, after="", at_most=9) == (first, last)
    assert await look(work, after=first, at_most=9) == (last,)
    assert await look(work, after="", at_most=1) == (first,)


ANSWERED = {
    "not held": ({"finding": Finding.NOT_HELD}, True),
    "several": ({"finding": Finding.AMBIGUOUS}, False),
    "no answer yet": ({}, False),
    "no such person at J-LIS": ({"finding": Finding.NOT_HELD, "wanted": ANNEX}, False),
}


@pytest.mark.parametrize(("fields", "looked_at"), ANSWERED.values(), ids=ANSWERED)
async def test_whose_removed_record_a_municipality_does_not_hold_is_looked_at_as_well(work, keyring, fields, looked_at):
    (person_id,) = await people(work, keyring, HELD)
    await a_question(work, keyring, person_id, **({"asked_of": TOWN, "wanted": REMOVED} | fields))
    assert await questions.is_not_held(work, person_id) is looked_at
    found = await questions.people_without_removed_record(work, after="", at_most=9)
    assert found == ((person_id,) if looked_at else ())


async def test_while_a_further_municipality_is_asked_nothing_is_certain(work, keyring):
    (person_id,) = await people(work, keyring, HELD)
    given = {"person_id": person_id, "wanted": REMOVED}
    await a_question(work, keyring, **given, asked_of=TOWN, finding=Finding.NOT_HELD)
    await a_question(work, keyring, **given, asked_of="472018")
    assert not await questions.is_not_held(work, person_id)


async def test_who_lacks_a_removed_record_that_can_be_held_is_waited_for(work, keyring):
    held, _, _, _, uncertain = await people(work, keyring, HELD, EXPIRED, NEVER_WAS, AGREED, UNCERTAIN)

    async def look(opened_before=NOW + timedelta(seconds=1), after=""):
        return await questions.people_waiting_for_removed_record(
            work, opened_before=opened_before, after=after, at_most=9
        )

    assert await look() == (held, uncertain)
    assert await look(after=held) == (uncertain,)
    assert await look(opened_before=NOW) == ()
    await a_question(work, keyring, held, asked_of=TOWN, wanted=REMOVED)
    assert await look() == (uncertain,)


NEEDED = {
    "still missing": (HELD, False),
    "under review": (IN_REVIEW, False),
    "it came": (AGREED, True),
}


@pytest.mark.parametrize(("result", "is_over"), NEEDED.values(), ids=NEEDED)
async def test_a_question_is_over_when_its_record_lacks_nothing_any_more(work, keyring, result, is_over):
    (person_id,) = await people(work, keyring, result)
    question, _ = await a_question(work, keyring, person_id, wanted=REMOVED, asked_of=TOWN)
    await a_question(work, keyring, person_id)
    assert await questions.no_longer_needed(work, at_most=9) == ((question,) if is_over else ())


async def test_what_people_have_to_look_at_is_over_when_the_record_lacks_nothing_any_more(work, keyring):
    (person_id,) = await people(work, keyring, HELD)
    ended, _ = await a_question(work, keyring, person_id, wanted=REMOVED, finding=Finding.AMBIGUOUS)
    for_people = (Finding.AMBIGUOUS, Finding.NOT_HELD)
    assert await questions.closed_with(work, for_people, at_most=9) == (ended,)
    assert await questions.closed_with(work, [Finding.NOT_HELD], at_most=9) == ()
    stands(work, person_id, AGREED)
    assert await questions.closed_with(work, for_people, at_most=9) == ()
