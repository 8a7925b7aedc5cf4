"""Questions about the 附票 in PostgreSQL: each once, each for one transaction at a time, with all its clocks."""

from datetime import timedelta

import msgspec
import pytest

from registry.domain.reconciliation import Outcome, Result
from registry.domain.removed_record import Holding
from registry.domain.supplementary_record import J_LIS, Finding, Question
from registry.store import reconciliations, supplementary_records
from registry.store.reconciliations import Standing
from registry.store.unit_of_work import UnitOfWork
from tests.store.rows import NOW, a_person, new_id

pytestmark = pytest.mark.anyio

TOWN = "131016"


async def a_question(work, keyring, person_id=None, **fields):
    if person_id is None:
        person_id, _ = await a_person(work, keyring)
    defaults = {
        "question_id": new_id(),
        "person_id": person_id,
        "asked_of": J_LIS,
        "about": b"\x01" * 32,
        "opened_at": NOW,
        "next_at": NOW,
    }
    question = Question(**(defaults | fields))
    return question, await supplementary_records.open_question(work, question)


async def test_a_question_comes_back_as_it_was_saved(work, keyring):
    question, _ = await a_question(work, keyring)
    later = NOW + timedelta(hours=1)
    stands = msgspec.structs.replace(
        question, attempts=2, next_at=later, asked_at=NOW, due=later, answered_at=later, finding=Finding.AMBIGUOUS
    )
    await supplementary_records.save(work, stands)
    assert await supplementary_records.lock(work, question.question_id) == stands


async def test_a_question_that_is_not_there_is_none(work):
    assert await supplementary_records.lock(work, new_id()) is None


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
    due = await supplementary_records.lock_due(work, J_LIS, NOW - timedelta(minutes=90))
    assert due == early
    assert await supplementary_records.lock_due(work, J_LIS, NOW - timedelta(hours=4)) is None


async def test_two_runs_never_get_the_same_question(engine, keyring):
    async with UnitOfWork(engine) as work:
        first, _ = await a_question(work, keyring)
        second, _ = await a_question(work, keyring, next_at=NOW + timedelta(minutes=1))
        await work.commit()
    later = NOW + timedelta(hours=1)
    async with UnitOfWork(engine) as one, UnitOfWork(engine) as other:
        got = [await supplementary_records.lock_due(work, J_LIS, later) for work in (one, other)]
        assert got == [first, second]


async def test_findings_are_those_about_the_same_person(work, keyring):
    question, _ = await a_question(work, keyring, finding=Finding.AMBIGUOUS)
    await a_question(work, keyring, question.person_id, asked_of=TOWN)
    await a_question(work, keyring, question.person_id, about=b"\x02" * 32, finding=Finding.FOUND)
    assert await supplementary_records.findings(work, question.person_id, question.about) == {
        J_LIS: Finding.AMBIGUOUS,
        TOWN: Finding.NO_ANSWER_YET,
    }


async def test_open_questions_are_listed_by_who_has_them_the_oldest_first(work, keyring):
    new, _ = await a_question(work, keyring, asked_of=TOWN)
    old, _ = await a_question(work, keyring, asked_of=TOWN, opened_at=NOW - timedelta(days=1))
    await a_question(work, keyring, asked_of=TOWN, finding=Finding.FOUND)
    of_j_lis, _ = await a_question(work, keyring, opened_at=NOW - timedelta(days=2))
    assert await supplementary_records.lock_open_for(work, TOWN, at_most=5) == (old, new)
    assert await supplementary_records.lock_open_for(work, TOWN, at_most=1) == (old,)
    assert await supplementary_records.all_open(work, at_most=9) == (of_j_lis, old, new)


async def test_the_tally_names_every_finding(work, keyring):
    await a_question(work, keyring, finding=Finding.FOUND)
    tally = await supplementary_records.tally(work)
    assert tally.keys() == set(Finding)
    assert (tally[Finding.FOUND], tally[Finding.AMBIGUOUS]) == (1, 0)


EXPIRED = Result(outcome=Outcome.NO_REMOVED_RECORD, holding=Holding.NOT_HELD_EXPIRED)
HELD = Result(outcome=Outcome.NO_REMOVED_RECORD, holding=Holding.HELD)


async def test_only_people_whose_removed_record_is_gone_are_looked_at(work, keyring):
    people = sorted([(await a_person(work, keyring))[0] for _ in range(3)])
    for person_id, result in zip(people, (EXPIRED, HELD, EXPIRED), strict=True):
        await reconciliations.save(work, Standing(person_id=person_id, result=result), NOW)
    look = supplementary_records.people_without_removed_record
    assert await look(work, after="", at_most=9) == (people[0], people[2])
    assert await look(work, after=people[0], at_most=9) == (people[2],)
    assert await look(work, after="", at_most=1) == (people[0],)


async def test_the_cursor_goes_on_from_where_it_was_set(work):
    assert await supplementary_records.lock_cursor(work) == 0
    await supplementary_records.set_cursor(work, 7)
    assert await supplementary_records.lock_cursor(work) == 7
