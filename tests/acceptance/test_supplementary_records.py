"""戸籍の附票 as second source: what J-LIS answers becomes part of the record, and nothing is lost on the way."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from registry.contract.client import AnswerNotTrusted
from registry.contract.keys import SigningKey
from registry.domain.question import J_LIS, LONGEST_WAIT, Finding
from registry.sandbox.programs import free_port
from registry.services import jlis
from tests.acceptance.asking import told, with_number
from tests.acceptance.jlis import (
    KEY,
    Loses,
    asked,
    book,
    entry,
    line,
    long_ago,
    other_side,
    questions,
    served,
    standings,
)
from tests.acceptance.papers import (
    HANAKO,
    HONSEKI,
    NEW_YORK,
    by_name,
    by_number,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import counts, grown, history, outcomes, receipt, rows, versions
from tests.house import PENSION
from tests.logged import log
from tests.planted import CODE, NUMBER, found_in

pytestmark = pytest.mark.anyio

LEFT_2018 = {"planned_departure": "2018-05-01"}
"""Came home and left again, so there is a number."""


async def later(registry):
    registry.clock.advance(seconds=LONGEST_WAIT.total_seconds())


# ------------------------------------------------------------------------------------------ one case


async def test_a_case_without_removed_record_is_answered_by_the_supplementary_record(registry, database):
    await long_ago(registry)
    assert await standings(database) == [("no-removed-record", True)]
    run = await asked(registry, book(entry()))
    assert (run.opened, dict(run.findings), run.line_down) == (1, {Finding.FOUND: 1}, False)
    assert await standings(database) == [("agreed", False)]
    assert await history(registry) == [
        ("provisional", "", "2010-03-31", "2010-04-01"),
        ("resident-abroad", "New York", "2010-04-01", None),
    ]


async def test_it_is_answered_over_a_real_socket(registry, database):
    await long_ago(registry)
    async with served(lambda url: other_side(registry, book(entry()), url=url)) as url:
        run = await asked(registry, None, url=url, transport=httpx.AsyncHTTPTransport())
    assert dict(run.findings) == {Finding.FOUND: 1}
    assert await standings(database) == [("agreed", False)]


async def test_what_differs_shows_as_a_discrepancy(registry, database):
    await long_ago(registry, with_number())
    other = entry(individual_number=NUMBER, sex="male", **LEFT_2018)
    await asked(registry, book(other))
    assert await rows(database, "SELECT outcome, fields FROM reconciliation") == [("discrepant", ["sex"])]


async def test_the_answer_is_a_submission_with_stamp_events_and_seal(registry, database):
    await long_ago(registry)
    before = await counts(database)
    await asked(registry, book(entry()))
    more = grown(before, await counts(database))
    expected = {"submission", "link", "movement", "stamp", "event", "data_key", "log_pending"}
    assert expected <= {name for name, number in more.items() if number == 1}
    assert await rows(database, "SELECT kind, sender, state FROM submission ORDER BY received_at DESC LIMIT 1") == [
        ("supplementary-record", "j-lis", "accepted")
    ]
    assert await rows(database, "SELECT kind, recipients FROM event ORDER BY event_id DESC LIMIT 1") == [
        ("moved-abroad", ["JP-CG-NEW-YORK"])
    ]
    (row,) = await rows(database, "SELECT row_to_json(q)::text FROM question q")
    assert found_in(row[0]) == ()


async def test_what_j_lis_is_told_stands_in_the_log(registry):
    await long_ago(registry, with_number())
    await asked(registry, book(entry(individual_number=NUMBER, **LEFT_2018)))
    columns = ("body", "affair", "items", "outcome", "number_accessed")
    assert await log(registry, *columns, operation="supplementary-question") == [
        (
            "j-lis",
            "supplementary-record",
            ["birth_date", "honseki", "individual_number", "name", "sex"],
            "told",
            True,
        )
    ]


async def test_nobody_is_asked_about_twice(registry, database):
    await long_ago(registry)
    empty = book()
    first = await asked(registry, empty)
    await later(registry)
    again = await asked(registry, empty)
    assert (first.opened, again.opened, again.findings.total()) == (1, 0, 0)
    assert await questions(database) == [("j-lis", "not-in-supplementary-record")]


async def test_a_new_address_is_no_new_question_and_a_new_honseki_is(registry):
    await long_ago(registry)
    await asked(registry, book())
    receipt(await registry.submit(change(person(), address_abroad=NEW_YORK)))
    assert (await asked(registry, book())).opened == 0
    moved = {"text": "那覇市泉崎一丁目1番"}
    receipt(await registry.submit(change(person(new_honseki=moved), effective="2024-07-01", notified_on="2024-07-02")))
    run = await asked(registry, book(entry(honseki=moved)))
    assert (run.opened, dict(run.findings)) == (1, {Finding.FOUND: 1})


async def test_whose_removed_record_can_still_be_held_is_not_asked_about(registry, database):
    receipt(await registry.submit(report()))
    assert (await asked(registry, book(entry()))).opened == 0
    assert await questions(database) == []


# ------------------------------------------------------------------------------------------- numbers


async def test_a_number_of_a_likeness_is_kept_and_not_given_out(registry):
    await long_ago(registry)
    await asked(registry, book(entry(individual_number=NUMBER, **LEFT_2018)))
    answer = await told(registry, PENSION, search=by_name(), fields=["name", "individual_number"])
    assert answer.versions
    assert all(version.items.individual_number is None for version in answer.versions)
    assert all(version.flags.unconfirmed for version in answer.versions)


async def test_a_number_that_both_sides_have_confirms(registry, database):
    await long_ago(registry, with_number())
    await asked(registry, book(entry(individual_number=NUMBER, resident_record_code=CODE, **LEFT_2018)))
    assert await standings(database) == [("agreed", True)]
    answer = await told(registry, PENSION, search=by_number(), fields=["name", "individual_number"])
    assert {version.items.individual_number.reveal() for version in answer.versions} == {NUMBER}
    links = await rows(database, "SELECT method, confirmed FROM link ORDER BY method")
    assert links == [("individual-number", True), ("opened", True)]


async def test_an_unconfirmed_number_is_not_told_to_j_lis(registry):
    await long_ago(registry, with_number())
    await long_ago(registry, person(), effective="2011-04-01", notified_on="2011-04-10")
    given = book(entry())
    await asked(registry, given)
    (question,) = given._asked.values()
    assert question.subject.individual_number is None
    assert await log(registry, "number_accessed", operation="supplementary-question") == [(False,)]


async def test_a_number_of_somebody_who_left_before_there_were_any_is_not_believed(registry, database):
    await long_ago(registry)
    before = await versions(database)
    run = await asked(registry, book(entry(individual_number=NUMBER)))
    assert dict(run.findings) == {Finding.IMPLAUSIBLE: 1}
    assert await versions(database) == before
    assert await standings(database) == [("no-removed-record", True)]


# ------------------------------------------------------------------------------------- other outcomes

BOTH = (entry(), entry(honseki={"text": HONSEKI["text"]}))
OUTCOMES = {
    "in no 附票": ((), Finding.NOT_IN_SUPPLEMENTARY_RECORD),
    "in a 附票 with an address in Japan": ((entry(lives_in_japan=True),), Finding.NOT_MOVED_ABROAD),
    "two who fit": (BOTH, Finding.AMBIGUOUS),
}


@pytest.mark.parametrize(("entries", "finding"), OUTCOMES.values(), ids=OUTCOMES)
async def test_an_answer_without_a_record_changes_none(registry, database, entries, finding):
    await long_ago(registry)
    before = await counts(database)
    run = await asked(registry, book(*entries))
    assert dict(run.findings) == {finding: 1}
    assert set(grown(before, await counts(database))) == {"question", "log_pending"}
    assert await standings(database) == [("no-removed-record", True)]


async def test_an_answer_about_somebody_else_is_a_case_for_people_and_no_fact(registry, database):
    await long_ago(registry)
    before = await versions(database)
    run = await asked(registry, book(entry(honseki={"text": "那覇市泉崎一丁目1番"})))
    assert dict(run.findings) == {Finding.SOMEBODY_ELSE: 1}
    assert await versions(database) == before
    assert await rows(database, "SELECT kind, closed_at FROM review_case") == [("rivals", None)]
    assert await standings(database) == [("under-review", True)]


async def test_a_number_of_another_record_names_that_one_as_rival(registry, database):
    await long_ago(registry, kichiro(individual_number=NUMBER, number_check=with_number()["number_check"]))
    await long_ago(registry)
    await asked(registry, book(entry(individual_number=NUMBER, **LEFT_2018)))
    cases = await rows(database, "SELECT person_id, rivals FROM review_case WHERE kind = 'rivals' ORDER BY rivals")
    (of_the_number, nobody), (of_the_other, rivals) = cases
    assert (nobody, rivals) == ([], [of_the_number])
    assert of_the_other != of_the_number
    assert {outcome for outcome, _ in await standings(database)} == {"under-review"}


async def test_a_record_under_review_is_not_asked_about(registry):
    await long_ago(registry)
    await asked(registry, book(entry(honseki={"text": "那覇市泉崎一丁目1番"})))
    receipt(await registry.submit(change(person(), address_abroad=NEW_YORK)))
    assert (await asked(registry, book(entry()))).opened == 0


async def test_an_answer_waits_while_people_decide(registry, database):
    await long_ago(registry)
    given = book(entry(), answers_after=1)
    await asked(registry, given)
    (person_id, submission_id) = (await rows(database, "SELECT person_id, submission_id FROM link"))[0]
    await rows(
        database,
        "INSERT INTO review_case (person_id, submission_id, kind, field, rivals, opened_at) "
        "VALUES ($1, $2, 'rivals', '', '{}', now())",
        person_id,
        submission_id,
    )
    await later(registry)
    assert dict((await asked(registry, given)).findings) == {Finding.NO_ANSWER_YET: 1}
    await rows(database, "UPDATE review_case SET closed_at = now()")
    await later(registry)
    assert dict((await asked(registry, given)).findings) == {Finding.FOUND: 1}


async def test_a_removed_record_that_comes_meanwhile_overtakes_the_question(registry, database):
    await long_ago(registry)
    given = book(entry(), answers_after=1)
    await asked(registry, given)
    outcomes(await registry.deliver(removed_record(effective="2010-03-31", notified_on="2010-03-20")))
    await later(registry)
    run = await asked(registry, given)
    assert dict(run.findings) == {Finding.OVERTAKEN: 1}
    assert await rows(database, "SELECT count(*) FROM movement WHERE kind = 'moved-abroad'") == [(1,)]


# ---------------------------------------------------------------------------------------- the clocks


async def test_an_answer_that_is_still_to_come_is_asked_for_by_its_id_alone(registry, database):
    await long_ago(registry)
    given = book(entry(), answers_after=2)
    assert dict((await asked(registry, given)).findings) == {Finding.NO_ANSWER_YET: 1}
    ((asked_at, due),) = await rows(database, "SELECT asked_at, due FROM question")
    assert due - asked_at == timedelta(days=7)
    await later(registry)
    await asked(registry, given)
    await later(registry)
    assert dict((await asked(registry, given)).findings) == {Finding.FOUND: 1}
    assert await rows(database, "SELECT asked_at, due, attempts FROM question") == [(asked_at, due, 3)]
    assert len(await log(registry, operation="supplementary-question")) == 1


async def test_no_question_is_asked_again_before_its_time(registry):
    await long_ago(registry)
    given = book(answers_after=9)
    await asked(registry, given)
    assert (await asked(registry, given)).findings.total() == 0


# ---------------------------------------------------------------------------------------- the line


async def test_a_line_that_is_down_loses_nothing(registry, database):
    await long_ago(registry)
    await long_ago(registry, kichiro())
    nobody = httpx.AsyncHTTPTransport()
    down = await asked(registry, None, transport=nobody, url=f"http://127.0.0.1:{free_port()}")
    assert (down.opened, down.line_down, down.findings.total()) == (2, True, 0)
    assert await rows(database, "SELECT attempts, asked_at FROM question ORDER BY attempts") == [
        (0, None),
        (1, None),
    ]
    await later(registry)
    up = await asked(registry, book(entry()))
    assert dict(up.findings) == {Finding.FOUND: 1, Finding.NOT_IN_SUPPLEMENTARY_RECORD: 1}


async def test_a_lost_answer_has_one_effect(registry, database):
    await long_ago(registry)
    lossy = Loses(other_side(registry, book(entry())))
    assert (await asked(registry, None, transport=lossy)).line_down
    await later(registry)
    assert dict((await asked(registry, None, transport=lossy)).findings) == {Finding.FOUND: 1}
    assert await rows(database, "SELECT count(*) FROM movement WHERE kind = 'moved-abroad'") == [(1,)]


async def test_two_runs_at_once_ask_each_question_once(registry, database):
    for given in ("花子", "葉子", "若子"):
        await long_ago(registry, person(name=HANAKO | {"given": given}))
    known = book(*(entry(name=HANAKO | {"given": given}) for given in ("花子", "葉子", "若子")))
    runs = await asyncio.gather(asked(registry, known), asked(registry, known))
    assert sum(run.opened for run in runs) == 3
    assert sum(run.findings[Finding.FOUND] for run in runs) == 3
    assert await rows(database, "SELECT count(*) FROM movement WHERE kind = 'moved-abroad'") == [(3,)]
    assert len(await log(registry, operation="supplementary-question")) == 3


async def test_a_j_lis_that_forgot_the_question_gets_it_again(registry):
    await long_ago(registry)
    await asked(registry, book(entry(), answers_after=9))
    await later(registry)
    run = await asked(registry, book(entry()))
    assert dict(run.findings) == {Finding.NO_ANSWER_YET: 1, Finding.FOUND: 1}


async def test_an_answer_with_a_wrong_signature_is_refused_and_the_question_stays(registry, database):
    await long_ago(registry)
    before = await counts(database)
    with pytest.raises(AnswerNotTrusted):
        await asked(registry, book(entry()), key=SigningKey.generate(J_LIS))
    grew = grown(before, await counts(database))
    assert set(grew) == {"question", "log_pending"}
    assert await questions(database) == [("j-lis", "no-answer-yet")]
    await later(registry)
    assert dict((await asked(registry, book(entry()), key=KEY)).findings) == {Finding.FOUND: 1}


async def test_j_lis_refuses_a_registry_that_it_does_not_know(registry, database):
    await long_ago(registry)
    stranger = SigningKey.generate("registry")
    app = other_side(registry, book(entry()))
    async with line(registry, None, transport=httpx.ASGITransport(app)) as port:
        port._client._signing_key = stranger
        run = await jlis.ask(registry.ex_officio, port)
    assert (run.refused, run.findings.total()) == (1, 0)
    assert await questions(database) == [("j-lis", "no-answer-yet")]


async def test_nothing_is_told_to_j_lis_while_nobody_watches_the_log(registry, database):
    await long_ago(registry)
    registry.wall_clock.ahead = timedelta(hours=2)
    assert (await asked(registry, book(entry()))).findings.total() == 0
    assert await rows(database, "SELECT attempts FROM question") == [(0,)]
    await registry.sequence()
    assert dict((await asked(registry, book(entry()))).findings) == {Finding.FOUND: 1}
