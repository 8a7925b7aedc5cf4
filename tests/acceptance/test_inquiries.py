"""Who may ask what: every row of the first table of grants, what lies outside it, and the entry in the log."""

from datetime import timedelta
from itertools import product

import httpx
import pytest

from registry.contract.decoding import decode
from registry.contract.grants import GrantsAnswer
from registry.contract.messages import InquiryOutcome
from registry.transparency.entry import Disclosure
from tests.acceptance.asking import (
    GRANTS,
    ITEMS,
    SEARCHES,
    ask,
    change_grants,
    execute,
    items,
    namesakes,
    refused,
    said,
    settle,
    told,
)
from tests.acceptance.papers import by_name, by_number, removed_record, report
from tests.acceptance.seen import counts, grown, rows
from tests.house import PENSION, TAX, URL
from tests.logged import about, log
from tests.planted import NUMBER, found_in

pytestmark = pytest.mark.anyio

each_body = pytest.mark.parametrize("body", GRANTS)


# ------------------------------------------------------------------------------------------ what is granted


@each_body
async def test_each_combination_that_a_row_grants_is_answered_with_what_was_asked_for_and_no_more(registry, body):
    await settle(registry)
    granted = GRANTS[body]
    for basis, search in product(granted.bases, granted.searches):
        for wanted in [granted.items, *({item} for item in granted.items)]:
            if basis.startswith("番号法") or not {"individual-number", "individual_number"} & {search, *wanted}:
                answer = await told(registry, body, basis=basis, search=SEARCHES[search], fields=sorted(wanted))
                (version,) = answer.versions
                assert items(version) == wanted


@pytest.mark.parametrize(
    "question", [{"search": by_number(), "fields": ["name"]}, {"fields": ["individual_number"]}], ids=["search", "item"]
)
async def test_who_uses_the_number_names_an_article_of_its_law(registry, question):
    await settle(registry)
    answer = await ask(registry, PENSION, basis="住基法30条の9", **question)
    assert refused(answer) == ("not-permitted", {("/basis", "legal-basis-missing")})
    assert found_in(answer.body) == ()


@each_body
async def test_each_item_outside_the_row_is_refused_even_beside_granted_ones(registry, body):
    await settle(registry)
    granted = GRANTS[body]
    for item in ITEMS - granted.items:
        answer = await ask(registry, body, fields=sorted({*granted.items, item}))
        assert refused(answer) == ("not-permitted", {("/fields", "field-not-allowed")})
        assert found_in(answer.body) == ()


@each_body
async def test_each_search_outside_the_row_is_refused(registry, body):
    await settle(registry)
    for search in SEARCHES.keys() - GRANTS[body].searches:
        answer = await ask(registry, body, search=SEARCHES[search])
        assert refused(answer) == ("not-permitted", {("/search", "search-not-allowed")})


@each_body
async def test_each_basis_outside_the_row_is_refused(registry, body):
    bases = {basis for granted in GRANTS.values() for basis in granted.bases} | {"条例", "番号法19条"}
    for basis in bases - set(GRANTS[body].bases):
        assert refused(await ask(registry, body, basis=basis)) == (
            "not-permitted",
            {("/basis", "legal-basis-missing")},
        )


@each_body
async def test_the_affair_of_another_body_is_no_affair_of_this_one(registry, body):
    others = [other for other in GRANTS if other != body]
    for other in others:
        theirs = GRANTS[other]
        answer = await ask(registry, body, affair=theirs.affair, basis=theirs.bases[0], fields=sorted(theirs.items))
        assert refused(answer) == ("not-permitted", {("/affair", "no-grant")})


@each_body
async def test_all_that_is_refused_is_told_at_once(registry, body):
    search = next(iter(SEARCHES.keys() - GRANTS[body].searches))
    answer = await ask(registry, body, basis="条例", search=SEARCHES[search], fields=sorted(ITEMS))
    assert refused(answer) == (
        "not-permitted",
        {("/basis", "legal-basis-missing"), ("/search", "search-not-allowed"), ("/fields", "field-not-allowed")},
    )


async def test_a_refusal_names_the_items_that_are_too_many_and_those_that_are_granted(registry):
    answer = await ask(registry, TAX, fields=["name", "honseki", "individual_number"])
    assert (
        b"without honseki, individual_number; allowed are address_abroad, birth_date, name, sex, status" in answer.body
    )


async def test_who_is_refused_does_not_learn_whether_the_person_is_there(registry):
    nobody = await ask(registry, TAX, fields=["honseki"])
    await settle(registry)
    somebody = await ask(registry, TAX, fields=["honseki"])
    assert refused(nobody) == refused(somebody)
    assert len(nobody.body) == len(somebody.body)


async def test_a_change_of_the_grants_is_in_force_within_a_second(registry, database):
    await settle(registry)
    await execute(database, "DELETE FROM grant_row")
    before = await ask(registry, PENSION)
    registry.clock.now += timedelta(seconds=1)
    assert (before.status, (await ask(registry, PENSION)).status) == (200, 403)


async def test_a_body_without_a_grant_is_refused_everything(registry, database):
    await settle(registry)
    await change_grants(registry, database, "DELETE FROM grant_row WHERE body_kind = 'pension-office'")
    answer = await ask(registry, PENSION)
    assert refused(answer) == ("not-permitted", {("/affair", "no-grant")})
    assert decode((await registry.get(PENSION, "/v1/grants")).body, GrantsAnswer).grants == ()


async def test_a_row_that_only_lets_compare_gives_no_value(registry, database):
    await settle(registry)
    only_compares = "mode = 'match', items = array_remove(items, 'status')"
    change = f"UPDATE grant_row SET {only_compares} WHERE body_kind = 'pension-office'"  # noqa: S608 - own words
    await change_grants(registry, database, change)
    assert refused(await ask(registry, PENSION)) == ("not-permitted", {("/affair", "no-grant")})


PERIODS = {
    "ended yesterday": ("NULL", "'2024-12-31'", 403),
    "ends tonight": ("NULL", "'2025-01-01'", 200),
    "began today": ("'2024-12-31'", "NULL", 200),
    "begins tomorrow": ("'2025-01-01'", "NULL", 403),
}


@pytest.mark.parametrize(("first", "end", "status"), PERIODS.values(), ids=PERIODS)
async def test_a_row_grants_from_its_first_day_until_the_day_before_its_end(registry, database, first, end, status):
    period = f"valid_from = COALESCE({first}, valid_from), valid_to = {end}"
    change = f"UPDATE grant_row SET {period} WHERE body_kind = 'pension-office'"  # noqa: S608 - own dates
    await change_grants(registry, database, change)
    assert (await ask(registry, PENSION)).status == status


async def test_the_day_on_which_a_grant_ends_begins_at_midnight_in_japan(registry, database):
    await execute(database, "UPDATE grant_row SET valid_to = '2025-01-01'")
    midnight = registry.clock.now.replace(hour=15, minute=0, second=0, microsecond=0)
    registry.clock.now = midnight - timedelta(seconds=10)
    before = await ask(registry, PENSION)
    registry.clock.now = midnight
    after = await ask(registry, PENSION)
    assert (before.status, after.status) == (200, 403)


# --------------------------------------------------------------------------------------- the entry in the log


class Witness:
    """Stands before an application and looks into the log at the moment when an answer begins to leave."""

    def __init__(self, registry) -> None:
        self.app = registry.app
        self.registry = registry
        self.outcomes = []

    async def __call__(self, scope, receive, send) -> None:
        async def watch(message) -> None:
            if message["type"] == "http.response.start":
                correlation_id = dict(message["headers"])[b"correlation-id"].decode()
                entries = await log(self.registry, "outcome", correlation_id=correlation_id)
                self.outcomes += [outcome for (outcome,) in entries]
            await send(message)

        await self.app(scope, receive, watch)


QUESTIONS = {
    "found": {},
    "not-found": {"search": by_name(birth_date="1980-01-01")},
    "ambiguous": {"search": by_name({"surname": "辺見", "given": "𠮷郎"}, "1981-02-14")},
    "refused": {"basis": "条例"},
}
MALFORMED = {"fields": []}


@pytest.mark.parametrize(
    ("outcome", "question"), [*QUESTIONS.items(), ("refused", MALFORMED)], ids=[*QUESTIONS, "malformed"]
)
async def test_the_entry_is_committed_before_the_answer_leaves(registry, outcome, question):
    await settle(registry)
    await namesakes(registry)
    registry.app = witness = Witness(registry)
    await ask(registry, PENSION, **question)
    assert witness.outcomes == [outcome]


@pytest.mark.parametrize(("outcome", "question"), QUESTIONS.items(), ids=QUESTIONS)
async def test_the_entry_says_who_asked_what_on_which_basis_and_what_came_of_it(registry, outcome, question):
    await settle(registry)
    await namesakes(registry)
    await ask(registry, PENSION, fields=["status", "name"], **question)
    columns = ("body", "key_id", "handled_by", "affair", "basis", "search", "items", "outcome")
    assert await log(registry, *columns, operation="inquiry") == [
        (
            PENSION,
            f"{PENSION}-key",
            "clerk-7",
            "pension-benefit",
            question.get("basis", "番号法19条8号; 住基法30条の9"),
            "name-and-birth-date",
            ["name", "status"],
            outcome,
        )
    ]


async def test_the_entry_names_the_person_found_and_nobody_where_nobody_was_named(registry, database):
    settled = await settle(registry)
    await namesakes(registry)
    for question in QUESTIONS.values():
        await ask(registry, PENSION, **question)
    query = "SELECT person_id FROM link WHERE submission_id = $1"
    ((person_id,),) = await rows(database, query, settled.submission_id)
    assert await log(registry, "outcome", "about", operation="inquiry") == [
        ("found", about(registry, str(person_id))),
        ("not-found", None),
        ("ambiguous", None),
        ("refused", None),
    ]


async def test_a_refused_inquiry_is_logged_with_the_codes_of_all_that_was_refused(registry):
    await ask(registry, TAX, basis="条例", search=by_name(), fields=["honseki"])
    await ask(registry, TAX, **MALFORMED)
    assert await log(registry, "outcome", "codes", operation="inquiry") == [
        ("refused", ["field-not-allowed", "legal-basis-missing", "search-not-allowed"]),
        ("refused", ["empty"]),
    ]


NUMBER_ACCESS = {
    "asked by number, number not wanted": ({"search": by_number(), "fields": ["status"]}, True),
    "asked by name, number wanted": ({"fields": ["individual_number"]}, True),
    "asked by name, number not wanted": ({"fields": ["status"]}, False),
    "asked by the number of nobody": ({"search": by_number("621498320257"), "fields": ["status"]}, True),
}


@pytest.mark.parametrize(("question", "accessed"), NUMBER_ACCESS.values(), ids=NUMBER_ACCESS)
async def test_the_entry_says_whether_the_number_was_accessed(registry, question, accessed):
    await settle(registry)
    await ask(registry, PENSION, **question)
    assert await log(registry, "number_accessed", operation="inquiry") == [(accessed,)]


async def test_an_inquiry_stores_its_entry_and_its_nonce_and_nothing_else(registry, database):
    await settle(registry)
    before = await counts(database)
    for question in (*QUESTIONS.values(), MALFORMED):
        await ask(registry, PENSION, **question)
    assert grown(before, await counts(database)) == {"log_pending": 5, "nonce": 5}


async def test_nothing_is_answered_where_the_log_cannot_be_written(registry, database):
    await settle(registry)
    await execute(database, "REVOKE INSERT ON log_pending FROM registry_app")
    answer = await ask(registry, PENSION)
    assert answer.status == 500
    assert found_in(answer.body) == ()


async def test_a_dry_run_that_tells_of_a_record_is_logged_under_that_person(registry, database):
    await registry.deliver(removed_record())
    await registry.submit(report(), dry_run=True)
    ((person_id,),) = await rows(database, "SELECT person_id FROM person")
    assert await log(registry, "about", operation="dry-run") == [(about(registry, str(person_id)),)]


# --------------------------------------------------------------------------------------- nothing in the address


async def test_an_inquiry_cannot_be_made_by_its_address(registry):
    answer = await registry.get(PENSION, f"/v1/inquiries?affair=pension-benefit&individual_number={NUMBER}")
    assert refused(answer) == ("method-not-allowed", set())


async def test_what_a_caller_writes_into_an_address_is_not_kept_and_not_repeated(registry):
    await settle(registry)
    for path in (f"/v1/inquiries?individual_number={NUMBER}", f"/v1/people/{NUMBER}", f"/v1/submissions/{NUMBER}"):
        answer = await registry.get(PENSION, path)
        assert found_in(answer.body) == ()
        assert NUMBER not in repr(answer.headers)
    assert found_in(await measured(registry)) == ()
    entries = await log(registry, *Disclosure.__struct_fields__)
    assert found_in(repr(entries)) == ()


async def measured(registry):
    """The metrics, as whoever keeps the service running sees them; they are not signed."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(registry.app), base_url=URL) as operator:
        return (await operator.get("/metrics")).content


async def test_the_answer_names_the_inquiry_as_the_log_does(registry):
    await settle(registry)
    answer = await ask(registry, PENSION)
    assert said(answer).outcome is InquiryOutcome.FOUND
    assert await log(registry, "correlation_id", operation="inquiry") == [(said(answer).inquiry_id,)]
    assert answer.header("correlation-id") == said(answer).inquiry_id
