"""Every row by statute, written down once more by hand; and what a caller is told of its own."""

from datetime import date, timedelta
from typing import NamedTuple

import msgspec
import pytest

from registry.contract.decoding import decode
from registry.contract.grants import GRANT_WORDS, GrantsAnswer
from registry.contract.messages import InquiryOutcome, Terms
from registry.domain.disclosure import BodyKind, Condition, Grant, Item, Mode, SearchKey
from registry.services import disclosure_log, inquiries
from tests.acceptance.asking import change_grants, outcomes, refused, said, settle
from tests.acceptance.papers import by_name, by_number, person, removed_record, report
from tests.acceptance.seen import faults, person_ids, rows
from tests.house import CHECKER, ELECTIONS, HEALTH, KINDS, MISSION, PENSION, SCHOOLS, TAX, TOWN
from tests.logged import about, log
from tests.planted import NUMBER, found_in

pytestmark = pytest.mark.anyio

OF_NUMBERS = ("番号法19条8号", "住基法30条の9")
MUNICIPAL = ("番号法19条8号", "住基法30条の10")
FOUR = {"name", "birth_date", "sex", "address_abroad"}
ON_PAPER = {"name", "birth_date", "sex", "last_address", "honseki"}
NUMBER_OR_NAME = {"individual-number", "name-and-birth-date"}
AGAIN = {"pseudonym"}


class Row(NamedTuple):
    """A row of the table as a lawyer would list it."""

    mode: str
    bases: tuple[str, ...]
    items: set[str]
    searches: set[str]
    condition: str
    may_withhold: bool = False


def municipal():
    searches = {"addressee-number", *NUMBER_OR_NAME, *AGAIN}
    return Row("read", MUNICIPAL, FOUR | {"last_address", "status"}, searches, "former-resident")


STATUTORY = {
    ("pension-office", "pension-benefit"): Row(
        "read",
        OF_NUMBERS,
        FOUR | {"individual_number", "status"},
        NUMBER_OR_NAME | AGAIN | {"pseudonym-of-another-body"},
        "anyone",
    ),
    ("health-insurer", "overseas-medical-expenses"): Row(
        "read", OF_NUMBERS, FOUR | {"status"}, {"individual-number"} | AGAIN, "anyone"
    ),
    ("tax-office", "income-tax"): Row("read", OF_NUMBERS, FOUR | {"status"}, {"individual-number"} | AGAIN, "anyone"),
    ("tax-office", "tax-investigation"): Row(
        "read",
        ("番号法19条15号", "住基法30条の9"),
        FOUR | {"status"},
        NUMBER_OR_NAME | AGAIN,
        "anyone",
        may_withhold=True,
    ),
    ("municipality", "former-residents"): Row(
        "read",
        ("住基法30条の41", "住基法30条の10"),
        FOUR | {"last_address", "honseki", "mission", "status"},
        {"addressee-number", "resident-record-code", "name-and-birth-date", "pseudonym"},
        "former-resident",
    ),
    ("municipality", "residents-tax"): municipal(),
    ("municipality", "national-health-insurance"): municipal(),
    ("municipality", "national-pension-voluntary"): municipal(),
    ("municipality", "child-allowance"): municipal(),
    ("election-commission", "overseas-voting"): Row(
        "read",
        ("公職選挙法30条の6", "住基法30条の12"),
        FOUR | {"last_address", "honseki", "mission", "status"},
        {"name-and-birth-date"} | AGAIN,
        "former-resident",
    ),
    ("mission", "consular-protection"): Row(
        "read",
        ("旅券法16条",),
        FOUR | {"mission", "contact", "planned_end", "status"},
        {"name-and-birth-date"} | AGAIN,
        "own-area",
    ),
    ("mission", "number-and-card"): Row(
        "read",
        ("番号法17条", "住基法30条の41"),
        FOUR | {"individual_number", "status"},
        NUMBER_OR_NAME | AGAIN,
        "own-area",
    ),
    ("identity-checker", "identity-check"): Row(
        "match", ("番号法16条", "住基法30条の9"), FOUR, NUMBER_OR_NAME, "anyone"
    ),
    ("mission", "residence-report"): Row(
        "write",
        ("旅券法16条",),
        ON_PAPER | {"address_abroad", "mission", "contact", "planned_end"},
        set(),
        "own-area",
    ),
    ("mission", "number-and-card (write)"): Row(
        "write", ("番号法17条", "住基法30条の41"), {"individual_number"}, set(), "own-area"
    ),
    ("municipality", "removed-record"): Row(
        "write", ("番号法19条8号", "住基法15条の4"), ON_PAPER | {"individual_number"}, set(), "former-resident"
    ),
    ("municipality", "supplementary-record"): Row(
        "write", ("番号法19条8号", "住基法30条の41"), ON_PAPER | {"individual_number"}, set(), "anyone"
    ),
}


def key(kind, affair, mode):
    """Where a row stands in the list above: an affair that both reads and writes has two."""
    twice = mode == "write" and (kind, f"{affair} (write)") in STATUTORY
    return kind, f"{affair} (write)" if twice else affair


async def test_the_rows_by_statute_are_these_and_no_others(database):
    columns = "body_kind, affair, mode, bases, items, searches, condition, may_withhold"
    held = {
        key(kind, affair, mode): Row(mode, tuple(bases), set(items), set(searches), condition, may_withhold)
        for kind, affair, mode, bases, items, searches, condition, may_withhold in await rows(
            database,
            f"SELECT {columns} FROM grant_row",  # noqa: S608 - own columns
        )
    }
    assert held == STATUTORY


def test_the_number_is_for_pensions_for_numbers_and_cards_and_for_who_brings_it():
    with_number = {affair for (_, affair), row in STATUTORY.items() if "individual_number" in row.items}
    assert with_number == {
        "pension-benefit",
        "number-and-card",
        "number-and-card (write)",
        "removed-record",
        "supplementary-record",
    }


async def told(registry, body):
    return decode((await registry.get(body, "/v1/grants")).body, GrantsAnswer)


@pytest.mark.parametrize("body", [PENSION, HEALTH, TAX, TOWN, ELECTIONS, SCHOOLS, MISSION, CHECKER])
async def test_a_caller_is_told_its_own_rows_and_no_others(registry, body):
    answer = await told(registry, body)
    given = {
        key(KINDS[body], row.affair, row.mode): Row(
            row.mode, row.bases, set(row.items), set(row.searches), row.condition, row.may_withhold
        )
        for row in answer.grants
    }
    assert given == {where: row for where, row in STATUTORY.items() if where[0] == KINDS[body]}
    assert (answer.body, answer.on.isoformat(), answer.changes) == (body, "2024-12-31", ())
    assert all(row.in_force and row.label.ja and row.label.en and not row.ordinance for row in answer.grants)


async def test_every_code_that_is_told_is_explained_in_both_languages(registry):
    for body in KINDS:
        answer = await told(registry, body)
        named = {
            code for row in answer.grants for code in (*row.items, *row.searches, str(row.mode), str(row.condition))
        }
        assert {word.code for word in answer.words} == set(map(str, named))
        assert all(word.label.ja and word.label.en for word in answer.words)


def test_every_code_has_words_and_no_words_are_left_over():
    codes = {str(code) for kind in (Item, SearchKey, Mode, Condition) for code in kind}
    assert codes == GRANT_WORDS.keys()


async def test_what_will_change_is_told_in_the_order_of_the_days(registry, database):
    of_missions = "UPDATE grant_row SET {} WHERE grant_id = '{}'"
    await change_grants(registry, database, of_missions.format("valid_to = '2026-01-01'", "consular-protection"))
    await change_grants(registry, database, of_missions.format("valid_from = '2025-04-01'", "number-and-card"))
    await change_grants(registry, database, of_missions.format("valid_to = '2024-12-31'", "number-and-card-report"))
    answer = await told(registry, MISSION)
    assert [(one.on.isoformat(), one.what, one.affair, str(one.mode)) for one in answer.changes] == [
        ("2025-04-01", "begins", "number-and-card", "read"),
        ("2026-01-01", "ends", "consular-protection", "read"),
    ]
    assert {row.affair: row.in_force for row in answer.grants} == {
        "consular-protection": True,
        "number-and-card": False,
        "residence-report": True,
    }


async def test_asking_for_the_grants_is_logged(registry):
    await registry.get(PENSION, "/v1/grants")
    assert await log(registry, "body", "outcome", "about", operation="grants") == [(PENSION, "answered", None)]


# ------------------------------------------------------------------------------------------------------ organs


async def ask(registry, body, **fields):
    defaults = {"affair": "overseas-voting", "basis": "公職選挙法30条の6", "fields": ["name"], "search": by_name()}
    return await registry.inquire(body, **(defaults | fields))


async def test_an_organ_asks_about_the_former_residents_of_its_municipality(registry):
    await settle(registry)
    assert said(await ask(registry, ELECTIONS)).outcome is InquiryOutcome.FOUND


async def test_the_grant_of_one_organ_is_none_of_another_of_the_same_municipality(registry):
    for body in (TOWN, SCHOOLS):
        assert refused(await ask(registry, body)) == ("not-permitted", {("/affair", "no-grant")})


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ({"fields": ["name", "individual_number"]}, ("/fields", "field-not-allowed")),
        ({"search": by_number()}, ("/search", "search-not-allowed")),
    ],
    ids=["as an item", "as a search key"],
)
async def test_the_election_commission_knows_no_number(registry, question, fault):
    await settle(registry)
    answer = await ask(registry, ELECTIONS, **question)
    assert refused(answer) == ("not-permitted", {fault})
    assert found_in(answer.body) == ()


async def test_two_organs_of_one_municipality_know_a_person_by_two_pseudonyms(registry):
    await settle(registry)
    of_residents = {"affair": "former-residents", "basis": "住基法30条の41"}
    commission, mayor = await ask(registry, ELECTIONS), await ask(registry, TOWN, **of_residents)
    assert said(commission).person != said(mayor).person


async def test_a_mission_reads_the_number_only_for_number_and_card(registry):
    await settle(registry)
    wanted = {"fields": ["name", "individual_number"]}
    protection = await ask(registry, MISSION, affair="consular-protection", basis="旅券法16条", **wanted)
    assert refused(protection) == ("not-permitted", {("/fields", "field-not-allowed")})
    card = await ask(registry, MISSION, affair="number-and-card", basis="番号法17条", **wanted)
    assert (card.status, NUMBER.encode() in card.body) == (200, True)


# ------------------------------------------------------------------------- who acts for a body, and what is not shown

INVESTIGATION = {"affair": "tax-investigation", "basis": "番号法19条15号", "fields": ["name"], "search": by_number()}


async def test_only_a_row_that_says_so_lets_an_entry_be_withheld_from_the_person(registry):
    await settle(registry)
    secret = await registry.inquire(TAX, **INVESTIGATION, not_to_be_disclosed=True)
    assert said(secret).outcome is InquiryOutcome.FOUND
    for body, question in {
        PENSION: {},
        TAX: INVESTIGATION | {"affair": "income-tax", "basis": "番号法19条8号"},
    }.items():
        answer = await registry.inquire(body, **({"search": by_number()} | question), not_to_be_disclosed=True)
        assert refused(answer) == ("not-permitted", {("/not_to_be_disclosed", "not-allowed-here")})


async def test_the_log_names_the_contractor_and_withholds_what_was_marked_from_the_person(registry, database):
    await settle(registry)
    assert said(await registry.inquire(TAX, **INVESTIGATION, contractor="Data Works", not_to_be_disclosed=True)).person
    (person_id,) = await person_ids(database)
    ((contractor, marked, whose),) = await log(
        registry, "contractor", "not_to_be_disclosed", "about", operation="inquiry"
    )
    assert (contractor, marked) == ("Data Works", True)
    assert whose == disclosure_log.withheld_subject_of(registry.resources, person_id) != about(registry, person_id)


ROW = Grant(
    body_kind=BodyKind.TAX_OFFICE,
    affair="a",
    label="",
    bases=OF_NUMBERS,
    items=frozenset({Item.NAME}),
    searches=frozenset({SearchKey.INDIVIDUAL_NUMBER}),
    condition=Condition.ANYONE,
    valid_from=date(2024, 1, 1),
)


@pytest.mark.parametrize("wish", [True, False], ids=["withhold", "show"])
@pytest.mark.parametrize(
    ("row", "may"),
    [(None, False), (ROW, False), (msgspec.structs.replace(ROW, may_withhold=True), True)],
    ids=["refused", "a row that does not", "a row that may"],
)
def test_the_log_withholds_what_a_row_lets_be_withheld_and_never_a_refusal(row, may, wish):
    terms = Terms(
        affair="a",
        basis=OF_NUMBERS[0],
        handled_by="clerk-7",
        fields=frozenset({Item.NAME}),
        contractor="株式会社受託",
        not_to_be_disclosed=wish,
    )
    asked = inquiries.asked(terms, inquiries.OPERATION, "id", None, row)
    assert asked.not_to_be_disclosed is (wish and may)
    assert (asked.contractor, asked.handled_by) == ("株式会社受託", "clerk-7")
    assert asked.basis == (OF_NUMBERS[0] if row is None else "番号法19条8号; 住基法30条の9")


async def test_a_contractor_acts_under_the_grant_of_its_body_and_no_other(registry):
    await settle(registry)
    by_contractor = {"contractor": "株式会社受託", "search": by_number()}
    assert said(await registry.inquire(PENSION, **by_contractor)).outcome is InquiryOutcome.FOUND
    answer = await registry.inquire(PENSION, **by_contractor, affair="income-tax")
    assert refused(answer) == ("not-permitted", {("/affair", "no-grant")})


# ------------------------------------------------------------------------------------------ what may be submitted

CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}


def with_number():
    return report(person(individual_number=NUMBER, number_check=CHECKED))


async def test_without_its_row_nothing_is_taken_in(registry, database):
    await change_grants(registry, database, "DELETE FROM grant_row WHERE mode = 'write'")
    refusals = [
        await registry.submit(report()),
        await registry.deliver(removed_record()),
        await registry.get(TOWN, "/v1/removed-record-questions"),
        await registry.get(TOWN, "/v1/supplementary-questions"),
    ]
    assert [(one.status, faults(one)) for one in refusals] == [(403, {("", "no-grant")})] * len(refusals)
    assert await rows(database, "SELECT 1 FROM submission") == []


async def test_a_report_with_a_number_needs_the_grant_of_number_and_card(registry, database):
    await change_grants(registry, database, "DELETE FROM grant_row WHERE grant_id = 'number-and-card-report'")
    answer = await registry.submit(with_number())
    assert (answer.status, faults(answer)) == (403, {("", "no-grant")})
    assert found_in(answer.body) == ()
    assert (await registry.submit(report())).status == 201


async def test_an_item_that_may_not_be_submitted_refuses_the_report(registry, database):
    await change_grants(
        registry,
        database,
        "UPDATE grant_row SET items = array_remove(items, 'contact') WHERE affair = 'residence-report'",
    )
    answer = await registry.submit(report(contact={"telephone": "555-0173"}))
    assert (answer.status, faults(answer)) == (403, {("", "field-not-allowed")})
    assert b"without contact; allowed are" in answer.body


async def test_a_record_with_an_item_that_may_not_be_submitted_never_stops_the_others(registry, database):
    of_records = "UPDATE grant_row SET items = array_remove(items, '{}') WHERE affair = 'removed-record'"
    await change_grants(registry, database, of_records.format("individual_number"))
    plain = removed_record(addressee_number="77", individual_number=None)
    refused_one, taken = outcomes(await registry.deliver(removed_record(), plain))
    assert (refused_one.state, faults(refused_one)) == ("refused", {("", "field-not-allowed")})
    assert taken.state == "accepted"


async def test_a_grant_to_submit_ends_at_midnight_in_japan(registry, database):
    await change_grants(registry, database, "UPDATE grant_row SET valid_to = '2025-01-01' WHERE mode = 'write'")
    registry.clock.now = registry.clock.now.replace(hour=14, minute=59, second=50)
    before = await registry.submit(report())
    registry.clock.now += timedelta(seconds=10)
    after = await registry.submit(report(kind="change", effective="2024-06-01", notified_on="2024-06-05"))
    assert (before.status, after.status) == (201, 403)
