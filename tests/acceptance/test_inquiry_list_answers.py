"""除票の照会: the municipality of the last residence answers, by the 除票 itself or by why there is none."""

import pytest

from registry.domain.question import Finding
from registry.services import inquiry_list
from tests.acceptance.asking import CHECKED
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
from tests.acceptance.jlis import asked, book, entry, standings
from tests.acceptance.papers import KICHIRO, by_name, line, person, removed_record, report
from tests.acceptance.seen import counts, faults, grown, outcomes, receipt, rows
from tests.house import TOWN
from tests.planted import ADDRESSEE, NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

NAHA = "472018"


@pytest.fixture
async def question(registry):
    """A question that waits for 千代田区."""
    (waiting,) = await asked_for(registry, hanako())
    return waiting


# ------------------------------------------------------------------------------------- the 除票 as answer


async def test_a_removed_record_that_was_asked_for_joins_without_a_honseki(registry, database, question):
    ordinary = outcomes(await registry.deliver(removed_record(STRUCK_OFF)))[0]
    assert (str(ordinary.state), faults(ordinary)) == ("refused", {("/lines", "not-collectable")})
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF)))
    assert (str(one.state), str(one.person.link), one.person.confirmed) == ("accepted", "asked-for", False)
    assert await findings(database) == ["found"]
    assert await standings(database) == [("agreed", False)]
    assert await rows(database, "SELECT status, lower(certain)::text, municipality FROM version ORDER BY 2") == [
        ("resident-abroad", "2024-04-01", None),
        ("resident-abroad", "2024-06-30", TOWN),
    ]
    assert (await fetch(registry)).questions == ()


async def test_no_number_leaves_on_a_link_that_was_made_by_asking(registry, question):
    outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF)))
    answer = await registry.inquire("pension-office-1", search=by_name(), fields=["name", "individual_number"])
    assert answer.status == 200
    assert NUMBER.encode() not in answer.body


async def test_the_same_answer_twice_has_one_effect(registry, database, question):
    await hand_over(registry, question.question_id, removed_record(STRUCK_OFF))
    before = await counts(database)
    (again,) = outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF), extract="answer-2"))
    assert str(again.state) == "unchanged"
    assert not grown(before, await counts(database)).keys() & {"movement", "submission", "version", "link"}


async def test_a_removed_record_that_stands_in_another_record_is_for_people(registry, database, question):
    outcomes(await registry.deliver(removed_record()))  # without 本籍 on the report, nothing joined the two
    assert await standings(database) == [("no-removed-record", True), ("no-report", True)]
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record()))
    assert str(one.state) == "unchanged"
    assert await findings(database) == ["somebody-else"]
    assert await rows(database, "SELECT kind, cardinality(rivals) FROM review_case") == [("rivals", 1)]
    assert [outcome for outcome, _ in await standings(database)] == ["no-report", "under-review"]


async def test_a_removed_record_that_fits_another_record_as_well_is_for_people(registry, database, question):
    receipt(await registry.submit(report(person())))  # her again, or her double: with a 本籍 this time
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record()))
    assert (str(one.state), str(one.person.link)) == ("accepted", "exact-basic-four")
    assert await findings(database) == ["somebody-else"]


async def test_two_numbers_are_two_people_whatever_the_municipality_found(registry, database):
    receipt(await registry.submit(report(hanako(individual_number=OTHER_NUMBER, number_check=CHECKED))))
    await in_time(registry)
    await night(registry)
    (question,) = (await fetch(registry)).questions
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record()))
    assert str(one.person.link) == "opened"
    assert await findings(database) == ["somebody-else"]


OTHERS = {
    "another name": {"name": KICHIRO},
    "another day of birth": {"birth_date": "1979-11-24"},
    "another sex": {"sex": "male"},
}


@pytest.mark.parametrize("fields", OTHERS.values(), ids=OTHERS)
async def test_the_removed_record_of_another_person_is_refused_and_the_question_stays(
    registry, database, question, fields
):
    wrong = removed_record(line(**({"reason": "職権消除"} | fields)))
    (one,) = outcomes(await hand_over(registry, question.question_id, wrong))
    assert (str(one.state), faults(one)) == ("refused", {("/addressee_number", "not-allowed-here")})
    assert await findings(database) == ["no-answer-yet"]
    assert await rows(database, "SELECT 1 FROM movement WHERE kind = 'moved-abroad'") == []
    outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF), extract="answer-2"))
    assert await findings(database) == ["found"]


async def test_one_removed_record_answers_one_question(registry, question):
    answer = await hand_over(registry, question.question_id, removed_record(), removed_record(addressee_number="7"))
    assert (answer.status, faults(answer)) == (422, {("/records", "out-of-range")})


async def test_what_comes_after_another_answer_is_welcome(registry, database, question):
    assert taken(await reply(registry, question.question_id)) is Finding.NOT_HELD
    (one,) = outcomes(await hand_over(registry, question.question_id, removed_record(STRUCK_OFF)))
    assert str(one.person.link) == "asked-for"
    assert await findings(database) == ["found"]


async def test_who_was_told_of_by_a_number_of_the_town_hall_is_asked_about_by_that_alone(registry, database):
    taken_back = [line(), line(2, "異動の取消し(増)", effective="2024-04-05")]
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(person(last_address=LAST))))
    outcomes(await registry.deliver(removed_record(*taken_back), extract="extract-2"))
    await in_time(registry)
    await night(registry)
    (question,) = (await fetch(registry)).questions
    assert (question.sought.addressee_number, question.sought.name) == (ADDRESSEE, None)
    gone = removed_record(*taken_back, line(3, effective="2024-05-31"))
    (one,) = outcomes(await hand_over(registry, question.question_id, gone))
    assert (str(one.state), str(one.person.link)) == ("corrected", "same-submitter")
    assert await findings(database) == ["found"]


async def test_a_removed_record_that_says_nothing_new_is_no_departure(registry, database):
    taken_back = [line(), line(2, "異動の取消し(増)", effective="2024-04-05")]
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(person(last_address=LAST))))
    outcomes(await registry.deliver(removed_record(*taken_back), extract="extract-2"))
    await in_time(registry)
    await night(registry)
    (question,) = (await fetch(registry)).questions
    outcomes(await hand_over(registry, question.question_id, removed_record(*taken_back)))
    assert await findings(database) == ["not-moved-abroad"]


# -------------------------------------------------------------------------------------- other answers


@pytest.mark.parametrize("finding", ["not-held", "not-moved-abroad", "ambiguous", "withheld"])
async def test_why_there_is_none_is_kept_and_shown_to_people(registry, question, finding):
    assert str(taken(await reply(registry, question.question_id, finding))) == finding
    assert str(taken(await reply(registry, question.question_id, finding))) == finding
    assert (await fetch(registry)).questions == ()
    listed = await inquiry_list.report(registry.ex_officio, at_most=9)
    assert [str(one.finding) for one in listed.for_people] == [finding]
    assert listed.findings[Finding(finding)] == 1


async def test_another_answer_than_before_is_a_conflict(registry, question):
    await reply(registry, question.question_id)
    answer = await reply(registry, question.question_id, "ambiguous")
    assert (answer.status, faults(answer)) == (409, {("/finding", "not-allowed-here")})


@pytest.mark.usefixtures("question")
async def test_who_does_not_answer_in_time_is_named(registry):
    assert (await inquiry_list.report(registry.ex_officio, at_most=9)).overdue == ()
    registry.clock.advance(days=31)
    (late,) = (await inquiry_list.report(registry.ex_officio, at_most=9)).overdue
    assert (late.asked_of, str(late.owner)) == (TOWN, "last-municipality")


async def test_where_it_is_not_held_the_supplementary_record_is_asked(registry, database):
    here = person(last_address=LAST)
    receipt(await registry.submit(report(here)))
    await in_time(registry)
    await night(registry)
    (question,) = (await fetch(registry)).questions
    assert (await asked(registry, book())).opened == 0
    await reply(registry, question.question_id)
    run = await asked(registry, book(entry(planned_departure="2024-03-31")))
    assert (run.opened, dict(run.findings)) == (1, {Finding.FOUND: 1})
    assert await standings(database) == [("agreed", False)]
    assert (await inquiry_list.report(registry.ex_officio, at_most=9)).for_people == ()


NOT_ANSWERS = {
    "found, without the 除票": "found",
    "no answer yet": "no-answer-yet",
    "the registry's own finding": "overtaken",
    "what is said of a 附票": "not-in-supplementary-record",
    "nothing that there is": "lost",
}


@pytest.mark.parametrize("finding", NOT_ANSWERS.values(), ids=NOT_ANSWERS)
async def test_what_no_municipality_finds_is_refused(registry, question, finding):
    answer = await reply(registry, question.question_id, finding)
    assert (answer.status, faults(answer)) == (422, {("/finding", "out-of-range")})
