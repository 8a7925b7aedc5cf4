"""一括照会: asking about many at once gives what asking one by one gives, person by person, in answer and log."""

import msgspec
import pytest

from registry.contract.decoding import decode
from registry.contract.messages import LARGEST_BULK, BulkAnswer, InquiryOutcome
from registry.contract.problems import Problem
from tests.acceptance.asking import ask, namesakes, refused, said, settle
from tests.acceptance.papers import KICHIRO, by_addressee, by_name, by_number, number, person, removed_record, report
from tests.acceptance.seen import faults, outcomes
from tests.acceptance.test_trips import trips
from tests.house import PENSION, TAX, TOWN
from tests.logged import about, log
from tests.planted import CODE, NUMBER

pytestmark = pytest.mark.anyio

TERMS = {
    "affair": "pension-benefit",
    "basis": "番号法19条8号",
    "handled_by": "clerk-7",
    "fields": ["name", "birth_date", "individual_number", "status"],
}
NAMESAKES = by_name(KICHIRO, "1981-02-14")


async def ask_many(registry, *searches, body=PENSION, **terms):
    people = [{"search": search} for search in searches]
    return await registry.post(body, "/v1/inquiries/bulk", TERMS | {"people": people} | terms)


def each(answer):
    """What came of each person."""
    assert answer.status == 200, refused(answer)
    people = decode(answer.body, BulkAnswer).people
    assert [one.index for one in people] == list(range(len(people)))
    return people


def but_for_its_id(answer):
    return msgspec.structs.replace(answer, inquiry_id="")


async def own_pseudonym(registry, body=PENSION, **fields):
    return said(await ask(registry, body, **fields)).person


def by_pseudonym(pseudonym, **fields):
    return {"by": "pseudonym", "pseudonym": pseudonym} | fields


# ------------------------------------------------------------------------------------------------ the same


@pytest.mark.parametrize("moment", ["now", "then"])
async def test_many_at_once_are_answered_as_one_by_one(registry, moment):
    await settle(registry)
    await namesakes(registry)
    known_at = said(await ask(registry, PENSION)).known_at.isoformat()
    when = {} if moment == "now" else {"known_at": known_at}
    searches = [
        by_number(),
        by_name(),
        by_number(number(77)),
        NAMESAKES,
        by_pseudonym(await own_pseudonym(registry)),
        by_pseudonym("a" * 64),
        by_number(),
    ]
    alone = [said(await registry.inquire(PENSION, **TERMS, search=one, **when)) for one in searches]
    together = each(await ask_many(registry, *searches, **when))
    assert [but_for_its_id(one.answer) for one in together] == [but_for_its_id(one) for one in alone]
    assert [one.outcome for one in alone] == [
        InquiryOutcome.FOUND,
        InquiryOutcome.FOUND,
        InquiryOutcome.NOT_FOUND,
        InquiryOutcome.AMBIGUOUS,
        InquiryOutcome.FOUND,
        InquiryOutcome.NOT_FOUND,
        InquiryOutcome.FOUND,
    ]


async def test_each_person_has_an_entry_of_their_own_as_if_asked_alone(registry):
    await settle(registry)
    person_id = await the_person(registry)
    before = len(await log(registry))
    answers = each(await ask_many(registry, by_number(), by_number(number(77)), by_name()))
    columns = ("search", "outcome", "about", "number_accessed", "correlation_id")
    her = about(registry, person_id)
    assert (await log(registry, *columns))[before:] == [
        ("individual-number", "found", her, True, answers[0].answer.inquiry_id),
        ("individual-number", "not-found", None, True, answers[1].answer.inquiry_id),
        ("name-and-birth-date", "found", her, True, answers[2].answer.inquiry_id),
    ]


async def test_no_number_leaves_on_an_unconfirmed_link_in_bulk_either(registry):
    outcomes(await registry.deliver(removed_record()))
    await registry.submit(report(person()))
    (one,) = each(await ask_many(registry, by_name()))
    (version,) = one.answer.versions
    assert (version.flags.unconfirmed, version.items.individual_number) == (True, None)


async def test_a_thousand_people_take_no_more_trips_to_the_database_than_one(registry):
    await settle(registry)
    counts = []
    for size in (1, LARGEST_BULK):
        with trips(registry) as seen:
            assert len(each(await ask_many(registry, *[by_number()] * size))) == size
        counts.append(len(seen))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------- each stands or falls alone


async def test_a_person_who_cannot_be_read_stops_nobody_else(registry):
    await settle(registry)
    searches = [by_number("123456789012"), by_number(), {"by": "tarot"}, by_name({}, "1980")]
    people = each(await ask_many(registry, *searches))
    assert [one.answer is not None for one in people] == [False, True, False, False]
    assert faults(people[0].problem) == {("/people/0/search/individual_number", "check-digit")}
    assert {pointer for pointer, _ in faults(people[2].problem)} == {"/people/2/search/by"}
    assert faults(people[3].problem) == {
        ("/people/3/search/name", "name-missing"),
        ("/people/3/search/birth_date", "date-required-complete"),
    }
    logged = await log(registry, "outcome", "correlation_id", operation="inquiry")
    assert [outcome for outcome, _ in logged] == ["refused", "found", "refused", "refused"]
    assert logged[0][1] == people[0].problem.correlation_id


async def test_a_way_of_searching_that_is_not_granted_is_refused_to_that_person_alone(registry):
    await settle(registry)
    people = each(await ask_many(registry, by_number(), by_addressee()))
    assert people[0].answer.outcome is InquiryOutcome.FOUND
    assert (str(people[1].problem.code), faults(people[1].problem)) == (
        "not-permitted",
        {("/people/1/search", "search-not-allowed")},
    )


WHOLE = {
    "an affair that is not granted": ({"affair": "dog-licence"}, {("/affair", "no-grant")}),
    "an item that is not granted": ({"fields": ["honseki"]}, {("/fields", "field-not-allowed")}),
    "no period": (
        {"valid_from": "2024-02-01", "valid_to": "2024-01-01"},
        {("/valid_to", "period-reversed")},
    ),
    "nobody": ({"people": []}, {("/people", "empty")}),
    "too many": ({"people": [{"search": by_number()}] * (LARGEST_BULK + 1)}, {("/people", "too-long")}),
}


@pytest.mark.parametrize(("terms", "expected"), WHOLE.values(), ids=WHOLE)
async def test_what_is_wrong_for_everybody_refuses_the_whole_and_asks_about_nobody(registry, terms, expected):
    await settle(registry)
    answer = await ask_many(registry, by_number(), by_name(), **terms)
    assert answer.status in {403, 422}
    assert {(pointer, code) for pointer, code in faults(answer)} == expected
    assert await log(registry, "outcome", "about", operation="bulk-inquiry") == [("refused", None)]
    assert await log(registry, operation="inquiry") == []


async def test_who_may_ask_in_no_way_at_all_is_refused_the_whole(registry):
    answer = await ask_many(registry, by_name(), by_addressee(), body=TAX, affair="income-tax", fields=["name"])
    assert refused(answer) == ("not-permitted", {("/search", "search-not-allowed")})


# ----------------------------------------------------------------------------------------------- pseudonyms


async def test_a_body_finds_a_person_again_by_its_own_pseudonym_and_by_no_others(registry):
    await settle(registry)
    own, towns = await own_pseudonym(registry), await own_pseudonym(registry, TOWN)
    assert said(await ask(registry, PENSION, search=by_pseudonym(own))).person == own
    assert said(await ask(registry, PENSION, search=by_pseudonym(towns))).outcome is InquiryOutcome.NOT_FOUND
    assert said(await ask(registry, TOWN, search=by_pseudonym(towns))).person == towns


async def test_a_pseudonym_leads_to_a_person_of_whom_the_grant_does_not_speak_as_to_nobody(registry):
    await settle(registry)
    elsewhere = registry.resources.pseudonyms.of("472018", await the_person(registry))
    answer = await ask(registry, "472018", search=by_pseudonym(elsewhere))
    assert said(answer).outcome is InquiryOutcome.NOT_FOUND


async def the_person(registry):
    own = await own_pseudonym(registry)
    return registry.resources.pseudonyms.person(PENSION, own)


async def test_what_another_body_calls_a_person_is_turned_into_the_own_pseudonym_where_granted(registry):
    await settle(registry)
    own, towns = await own_pseudonym(registry), await own_pseudonym(registry, TOWN)
    assert said(await ask(registry, PENSION, search=by_pseudonym(towns, given_to=TOWN))).person == own
    assert (await log(registry, "search", "outcome"))[-1] == ("pseudonym-of-another-body", "found")
    answer = await ask(registry, TOWN, search=by_pseudonym(own, given_to=PENSION))
    assert refused(answer) == ("not-permitted", {("/search", "search-not-allowed")})


async def test_a_pseudonym_finds_the_person_by_whatever_name_and_number_they_have_now(registry):
    await settle(registry)
    own = await own_pseudonym(registry)
    answers = {
        said(await ask(registry, PENSION, search=search)).person
        for search in (by_number(), by_name(), by_pseudonym(own))
    }
    assert answers == {own}


MISSPELT = {
    "too short": "a" * 63,
    "too long": "a" * 65,
    "capital letters": "A" * 64,
    "a number": NUMBER,
    "a code": CODE,
}


@pytest.mark.parametrize("pseudonym", MISSPELT.values(), ids=MISSPELT)
async def test_what_has_not_the_form_of_a_pseudonym_is_refused_without_being_repeated(registry, pseudonym):
    answer = await ask(registry, PENSION, search=by_pseudonym(pseudonym))
    assert refused(answer)[1] == {("/search/pseudonym", "out-of-range")}
    assert pseudonym.encode() not in answer.body
    assert decode(answer.body, Problem).status == 422
