"""除票の照会: the registry asks for a 除票 that did not come, of whom, and until when."""

from datetime import timedelta

import pytest

from registry.contract.decoding import decode
from registry.contract.inquiry_list import MOST_QUESTIONS, RemovedRecordQuestions
from registry.domain.proposal import ReleaseProtection
from registry.domain.question import Finding
from registry.services import inquiry_list, proposals, protection
from registry.services.protection import Request
from tests.acceptance.asking import CHECKED
from tests.acceptance.desks import KIMURA, WATANABE
from tests.acceptance.inquiry_list import (
    LAST,
    STRUCK_OFF,
    asked_for,
    fetch,
    findings,
    hanako,
    hand_over,
    in_time,
    night,
    reply,
    taken,
)
from tests.acceptance.jlis import questions
from tests.acceptance.papers import HANAKO, KICHIRO, kichiro, person, removed_record, report
from tests.acceptance.seen import faults, outcomes, person_ids, receipt, rows
from tests.house import MISSION, TOWN
from tests.logged import about, log
from tests.planted import NUMBER, found_in

pytestmark = pytest.mark.anyio

NAHA = "472018"


@pytest.fixture
async def question(registry):
    """A question that waits for 千代田区."""
    (waiting,) = await asked_for(registry, hanako())
    return waiting


# ------------------------------------------------------------------------------------------------ asking


async def test_a_removed_record_that_does_not_come_is_asked_for_where_the_person_last_lived(registry, database):
    receipt(await registry.submit(report(hanako())))
    assert await night(registry) == (0, 0)
    await in_time(registry)
    assert await night(registry) == (1, 0)
    assert await night(registry) == (0, 0)
    assert await questions(database) == [(TOWN, "no-answer-yet")]


async def test_a_question_tells_who_is_sought_and_no_number(registry, database):
    numbered = hanako(individual_number=NUMBER, number_check=CHECKED)
    receipt(await registry.submit(report(numbered)))
    await in_time(registry)
    await night(registry)
    answer = await registry.get(TOWN, "/v1/removed-record-questions")
    (question,) = decode(answer.body, RemovedRecordQuestions).questions
    assert (question.sought.name.surname, question.sought.name.given_kana) == (HANAKO["surname"], "ハナコ")
    assert question.sought.addressee_number is None
    assert NUMBER.encode() not in answer.body
    (row,) = await rows(database, "SELECT row_to_json(q)::text FROM question q")
    assert found_in(row[0]) == ()


@pytest.mark.usefixtures("question")
async def test_handing_it_over_starts_its_clock_and_is_logged(registry, database):
    query = "SELECT asked_at, due, attempts FROM question"
    ((asked_at, due, attempts),) = await rows(database, query)
    assert (due - asked_at, attempts) == (timedelta(days=30), 1)
    await fetch(registry)
    assert await rows(database, query) == [(asked_at, due, 2)]
    ((person_id,),) = await rows(database, "SELECT person_id FROM question")
    columns = ("affair", "items", "outcome", "number_accessed", "about")
    items = ["addressee_number", "birth_date", "name", "sex"]
    told = ("removed-record", items, "told", False, about(registry, str(person_id)))
    assert await log(registry, *columns, operation="removed-record-question") == [told, told]


NOT_ASKED = {
    "no last address": hanako(last_address=None),
    "a code of no municipality": hanako(last_address={"municipality": "999997"}),
    "a name in Latin letters only": hanako(name={"surname_latin": "TAKASAKI", "given_latin": "HANAKO"}),
    "born abroad": hanako(born_abroad=True, birth_date="2024-02-01"),
}


@pytest.mark.parametrize("reported", NOT_ASKED.values(), ids=NOT_ASKED)
async def test_nobody_is_asked_where_nobody_could_answer(registry, reported):
    receipt(await registry.submit(report(reported)))
    await in_time(registry)
    assert await night(registry) == (0, 0)


async def test_while_people_decide_about_a_record_it_is_not_asked_about(registry, database, question):
    rival = person(honseki={"text": "那覇市"}, individual_number=NUMBER, number_check=CHECKED)
    other = kichiro(honseki=None, individual_number=NUMBER, number_check=CHECKED)
    receipt(await registry.submit(report(rival)))
    receipt(await registry.submit(report(other)))
    await rows(database, "UPDATE question SET person_id = (SELECT person_id FROM review_case LIMIT 1)")
    assert (await fetch(registry)).questions == ()
    assert taken(await reply(registry, question.question_id)) is Finding.NO_ANSWER_YET
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF)))
    assert (str(one.state), faults(one)) == ("refused", {("", "not-allowed-here")})


async def test_of_a_protected_person_no_list_tells(registry, database, question):
    """That a mission reported somebody is what a municipality would learn."""
    (person_id,) = await person_ids(database)
    asked = Request(people=(person_id,), handled_by="ono", reason="相談")
    measure = await protection.request(registry.ex_officio, asked)
    assert (await fetch(registry)).questions == ()
    release = ReleaseProtection(measure_id=measure.measure_id, reason="本人の申出")
    proposal_id = await proposals.propose(registry.ex_officio, person_id, release, WATANABE)
    await proposals.approve(registry.ex_officio, proposal_id, KIMURA)
    assert (await fetch(registry)).questions == (question,)


async def test_a_merged_municipality_is_asked_under_the_code_of_its_heir(registry, database):
    shimizu = {"municipality": "222046", "text": "旭町"}  # 清水市, which went into 静岡市
    receipt(await registry.submit(report(hanako(last_address=shimizu))))
    await in_time(registry)
    await night(registry)
    assert await questions(database) == [("221007", "no-answer-yet")]


async def test_questions_come_in_pages(registry, database, question, monkeypatch):
    receipt(await registry.submit(report(kichiro(honseki=None, last_address=LAST))))
    assert MOST_QUESTIONS > 1
    monkeypatch.setattr("registry.services.last_municipality.MOST_QUESTIONS", 1)
    await rows(database, "UPDATE person SET opened_at = opened_at - interval '60 days'")
    async for _ in inquiry_list.open_questions(registry.ex_officio):
        pass
    first = await fetch(registry)
    assert [one.question_id for one in first.questions] == [first.after] == [question.question_id]
    second = await fetch(registry, query=f"?after={first.after}")
    assert [one.sought.name.surname for one in second.questions] == [KICHIRO["surname"]]
    assert (await fetch(registry, query=f"?after={second.after}")).questions == ()


# ------------------------------------------------------------------------------------------ withdrawing


async def test_a_question_is_withdrawn_when_the_removed_record_comes_by_itself(registry, database):
    receipt(await registry.submit(report(person(last_address=LAST))))
    await in_time(registry)
    assert await night(registry) == (1, 0)
    outcomes(await registry.deliver(removed_record()))
    assert await night(registry) == (0, 1)
    assert await findings(database) == ["overtaken"]
    assert (await fetch(registry)).questions == ()


async def test_what_was_withdrawn_meanwhile_is_answered_without_harm(registry):
    receipt(await registry.submit(report(person(last_address=LAST))))
    await in_time(registry)
    await night(registry)
    (question,) = (await fetch(registry)).questions
    outcomes(await registry.deliver(removed_record()))
    assert taken(await reply(registry, question.question_id)) is Finding.OVERTAKEN
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record()))
    assert str(one.state) == "unchanged"
    struck_off = removed_record(STRUCK_OFF, addressee_number="77")
    (one,) = outcomes(await hand_over(registry, question.question_id, struck_off, extract="answer-2"))
    assert (str(one.state), faults(one)) == ("refused", {("/lines", "not-collectable")})


@pytest.mark.usefixtures("question")
async def test_who_is_called_otherwise_now_is_asked_about_anew(registry, database):
    await rows(database, "UPDATE question SET about = ''")
    assert (await fetch(registry)).questions == ()
    assert await findings(database) == ["overtaken"]
    assert await night(registry) == (1, 0)


# -------------------------------------------------------------------------------------------- whose it is


async def test_another_municipality_neither_sees_nor_answers_it(registry, question):
    assert (await fetch(registry, NAHA)).questions == ()
    theirs = removed_record(STRUCK_OFF, municipality=NAHA)
    refused = [
        await reply(registry, question.question_id, body=NAHA),
        await hand_over(registry, question.question_id, theirs, body=NAHA),
    ]
    assert [(one.status, faults(one)) for one in refused] == [(404, {("/question_id", "code-unknown")})] * 2


@pytest.mark.parametrize("question_id", ["00000000-0000-0000-0000-000000000001", "no-such-question"])
async def test_a_question_that_never_was_is_not_found(registry, question_id):
    answers = [
        await reply(registry, question_id),
        await hand_over(registry, question_id, removed_record()),
        await registry.get(TOWN, f"/v1/removed-record-questions?after={question_id}"),
    ]
    assert [one.status for one in answers] == [404, 404, 404]


async def test_a_question_about_a_supplementary_record_is_none_of_these(registry, database, question):
    await rows(database, "UPDATE question SET wanted = 'supplementary-record'")
    assert (await fetch(registry)).questions == ()
    assert (await reply(registry, question.question_id)).status == 404


async def test_a_mission_is_asked_nothing_and_answers_nothing(registry, question):
    asking = await registry.get(MISSION, "/v1/removed-record-questions")
    answering = await reply(registry, question.question_id, body=MISSION)
    assert (asking.status, answering.status) == (403, 403)


@pytest.mark.parametrize("query", ["?before=1", "?after=1&after=2", "?after=1&dry_run=true"])
async def test_a_query_that_nobody_understands_is_refused(registry, query):
    answer = await registry.get(TOWN, f"/v1/removed-record-questions{query}")
    assert (answer.status, faults(answer)) == (422, {("", "out-of-range")})
