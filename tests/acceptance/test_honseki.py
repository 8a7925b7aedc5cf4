"""The municipality of the 本籍 as further source: it fetches what it is asked, and answers."""

from datetime import timedelta

import pytest

from registry.contract.decoding import decode
from registry.contract.jlis import SupplementaryQuestions, SupplementaryReceipt
from registry.contract.problems import Problem
from registry.domain.question import Finding
from registry.services import protection
from registry.services.protection import Request
from tests.acceptance.jlis import asked, book, entry, long_ago, questions, standings
from tests.acceptance.papers import HANAKO, HONSEKI, kichiro, person
from tests.acceptance.seen import counts, faults, grown, person_ids, rows
from tests.house import MISSION, TOWN
from tests.logged import about, log
from tests.planted import NUMBER, found_in

pytestmark = pytest.mark.anyio

NAHA = "472018"
IN_NAHA = {"text": HONSEKI["text"], "municipality": NAHA}
LAST = {"municipality": TOWN, "text": "鍛冶町七丁目"}


@pytest.fixture
async def question(registry):
    """A question that J-LIS could not answer, and that waits for 那覇市."""
    await long_ago(registry, person(honseki=IN_NAHA))
    await asked(registry, book())
    await asked(registry, book())
    (waiting,) = (await fetch(registry)).questions
    return waiting


async def fetch(registry, body=NAHA):
    answer = await registry.get(body, "/v1/supplementary-questions")
    assert answer.status == 200, decode(answer.body, Problem)
    return decode(answer.body, SupplementaryQuestions)


async def reply(registry, question_id, finding="found", body=NAHA, **fields):
    record = {"record": entry(honseki=IN_NAHA, last_address=LAST, **fields)["record"]} if finding == "found" else {}
    message = {"question_id": question_id, "finding": finding} | record
    answer = await registry.post(body, "/v1/supplementary-answers", message)
    await registry.stamp()
    return answer


def taken(answer):
    assert answer.status == 200, decode(answer.body, Problem).faults
    return decode(answer.body, SupplementaryReceipt).finding


async def protect(registry, database):
    (person_id,) = await person_ids(database)
    await protection.request(registry.ex_officio, Request(people=(person_id,), handled_by="ono", reason="相談"))


@pytest.mark.usefixtures("question")
async def test_of_a_protected_person_the_municipality_of_the_honseki_is_not_asked(registry, database):
    await protect(registry, database)
    assert (await fetch(registry)).questions == ()


async def test_of_a_protected_person_j_lis_is_not_asked(registry, database):
    await long_ago(registry, person(honseki=IN_NAHA))
    await protect(registry, database)
    entries = await rows(database, "SELECT count(*) FROM log_pending")
    await asked(registry, book())
    assert await rows(database, "SELECT count(*) FROM log_pending") == entries


async def test_whom_j_lis_does_not_find_the_honseki_is_asked_about(database, question):
    assert await questions(database) == [("j-lis", "not-in-supplementary-record"), (NAHA, "no-answer-yet")]
    assert (question.subject.name.surname, question.subject.individual_number) == (HANAKO["surname"], None)
    query = "SELECT asked_at, due FROM question WHERE asked_of = $1"
    ((asked_at, due),) = await rows(database, query, NAHA)
    assert due - asked_at == timedelta(days=30)


async def test_its_answer_is_a_departure_with_the_last_address(registry, database, question):
    assert taken(await reply(registry, question.question_id)) is Finding.FOUND
    assert await standings(database) == [("agreed", False)]
    assert await rows(database, "SELECT status, municipality FROM version ORDER BY lower(possible)") == [
        ("provisional", TOWN),
        ("resident-abroad", TOWN),
    ]
    assert (await fetch(registry)).questions == ()


async def test_the_same_answer_twice_has_one_effect(registry, database, question):
    await reply(registry, question.question_id)
    before = await counts(database)
    assert taken(await reply(registry, question.question_id)) is Finding.FOUND
    assert not grown(before, await counts(database)).keys() & {"movement", "submission", "version", "link"}


async def test_what_it_is_told_and_answers_stands_in_the_log(registry, database, question):
    await reply(registry, question.question_id)
    ((person_id,),) = await rows(database, "SELECT person_id FROM question WHERE finding = 'found'")
    assert await log(registry, "operation", "outcome", "about", body=NAHA) == [
        ("supplementary-question", "told", about(registry, str(person_id))),
        ("supplementary-answer", "found", about(registry, str(person_id))),
    ]


async def test_an_answer_without_record_is_the_end_of_asking(registry, question):
    answer = await reply(registry, question.question_id, "not-in-supplementary-record")
    assert taken(answer) is Finding.NOT_IN_SUPPLEMENTARY_RECORD
    assert (await asked(registry, book())).opened == 0


async def test_another_municipality_neither_sees_nor_answers_it(registry, question):
    assert (await fetch(registry, TOWN)).questions == ()
    answer = await reply(registry, question.question_id, body=TOWN)
    assert (answer.status, faults(answer)) == (404, {("/question_id", "code-unknown")})


@pytest.mark.parametrize("question_id", ["00000000-0000-0000-0000-000000000001", "no-such-question"])
async def test_a_question_that_never_was_is_not_found(registry, question_id):
    assert (await reply(registry, question_id)).status == 404


async def test_a_mission_is_asked_nothing_and_answers_nothing(registry, question):
    asking = await registry.get(MISSION, "/v1/supplementary-questions")
    answering = await reply(registry, question.question_id, body=MISSION)
    assert (asking.status, answering.status) == (403, 403)


FAULTY = {
    "a number from before there were any": (
        {"individual_number": NUMBER},
        ("/record/individual_number", "not-allowed-here"),
    ),
    "gone before birth": ({"planned_departure": "1960-01-01"}, ("/record/planned_departure", "date-before-birth")),
    "no date at all": ({"planned_departure": ""}, ("/record/planned_departure", "date-unreadable")),
}


@pytest.mark.parametrize(("fields", "fault"), FAULTY.values(), ids=FAULTY)
async def test_a_faulty_answer_is_refused_with_its_places_and_can_be_mended(registry, question, fields, fault):
    answer = await reply(registry, question.question_id, **fields)
    assert (answer.status, faults(answer)) == (422, {fault})
    assert found_in(answer.body) == ()
    assert taken(await reply(registry, question.question_id)) is Finding.FOUND


CONTRADICTIONS = {
    "found, and nobody in it": ({"finding": "found"}, ("/record", "missing")),
    "the registry's own finding": ({"finding": "overtaken"}, ("/finding", "out-of-range")),
    "no finding that there is": ({"finding": "lost"}, ("/finding", "out-of-range")),
    "nobody found, and somebody in it": (
        {"finding": "ambiguous", "record": entry()["record"]},
        ("/record", "not-allowed-here"),
    ),
}


@pytest.mark.parametrize(("said", "fault"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
async def test_an_answer_that_contradicts_itself_is_refused(registry, question, said, fault):
    answer = await registry.post(NAHA, "/v1/supplementary-answers", {"question_id": question.question_id} | said)
    assert (answer.status, faults(answer)) == (422, {fault})


async def test_two_questions_are_fetched_together_and_each_answered(registry):
    await long_ago(registry, person(honseki=IN_NAHA))
    await long_ago(registry, kichiro(honseki=IN_NAHA))
    for _ in range(2):
        await asked(registry, book())
    first, second = (await fetch(registry)).questions
    assert taken(await reply(registry, second.question_id, "ambiguous")) is Finding.AMBIGUOUS
    assert [one.question_id for one in (await fetch(registry)).questions] == [first.question_id]
