"""Inquiries that bring values: told yes, no, possibly or not known of each, and nothing beside it."""

import json

import pytest

from registry.contract.messages import InquiryOutcome
from tests.acceptance.asking import change_grants, namesakes, outcomes, refused, said, settle, with_number
from tests.acceptance.papers import HANAKO, KICHIRO, NEW_YORK, by_name, by_number, removed_record, report
from tests.acceptance.seen import receipt
from tests.house import CHECKER, PENSION
from tests.logged import log
from tests.planted import BIRTH, NUMBER, found_in

pytestmark = pytest.mark.anyio

NAME, BORN, OTHER_NUMBER = {"surname": "高崎", "given": "花子"}, "昭和54年11月23日", "621498320257"
RIGHT = {"name": NAME, "birth_date": BORN, "sex": "female", "address_abroad": NEW_YORK}
WRONG = {
    "name": {"surname": "山田", "given": "月子"},
    "birth_date": "1979-11-24",
    "sex": "male",
    "address_abroad": NEW_YORK | {"lines": ["1 Elsewhere"]},
}
OUTCOME_AND_ANSWERS = {"inquiry_id", "outcome", "known_at", "matches"}


async def match(registry, values, **fields):
    """Ask as the identity checker does; ``fields`` say what is otherwise."""
    defaults = {
        "affair": "identity-check",
        "basis": "番号法16条",
        "search": by_number(),
        "fields": sorted(values),
        "values": values,
    }
    return await registry.inquire(CHECKER, **(defaults | fields))


async def answers(registry, values, **fields):
    """What is said of each value."""
    answer = await match(registry, values, **fields)
    assert said(answer).outcome is InquiryOutcome.FOUND
    return json.loads(answer.body)["matches"]


@pytest.mark.parametrize(("values", "expected"), [(RIGHT, "yes"), (WRONG, "no")], ids=["right", "wrong"])
async def test_each_value_is_said_to_be_on_record_or_not(registry, values, expected):
    await settle(registry)
    assert await answers(registry, values) == dict.fromkeys(values, expected)


async def test_values_are_judged_one_by_one(registry):
    await settle(registry)
    mixed = RIGHT | {"sex": "male"}
    assert await answers(registry, mixed) == dict.fromkeys(RIGHT, "yes") | {"sex": "no"}
    assert await answers(registry, {"sex": "male"}) == {"sex": "no"}


@pytest.mark.parametrize("values", [RIGHT, WRONG], ids=["right", "wrong"])
async def test_nothing_is_said_but_the_answers(registry, values):
    await settle(registry)
    answer = await match(registry, values)
    assert json.loads(answer.body).keys() == OUTCOME_AND_ANSWERS
    assert found_in(answer.body) == ()
    for value in ("Larkspur", "New York", "resident-abroad", "JP-CG", HANAKO["surname"]):
        assert value not in answer.body.decode()


async def test_right_and_wrong_values_are_answered_alike_but_for_the_answer(registry):
    await settle(registry)
    right, wrong = [json.loads((await match(registry, one)).body) for one in (RIGHT, WRONG)]
    assert right.keys() == wrong.keys()
    assert right["matches"].keys() == wrong["matches"].keys()
    assert right["outcome"] == wrong["outcome"]


async def test_an_incomplete_date_on_record_is_possibly_the_one(registry):
    receipt(await registry.submit(report(with_number(birth_date="昭和54年11月日不詳"))))
    assert await answers(registry, {"birth_date": "1979-11-23"}) == {"birth_date": "possibly"}
    assert await answers(registry, {"birth_date": "1979-12-01"}) == {"birth_date": "no"}


async def test_what_is_not_on_record_is_not_known(registry):
    outcomes(await registry.deliver(removed_record()))
    assert await answers(registry, {"address_abroad": NEW_YORK}) == {"address_abroad": "not-known"}


async def test_on_an_unconfirmed_link_what_agrees_is_only_possibly_so(registry):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report()))
    assert await answers(registry, RIGHT) == dict.fromkeys(RIGHT, "possibly")
    assert await answers(registry, WRONG) == dict.fromkeys(WRONG, "no")


OF_NUMBERS = {"affair": "pension-benefit", "basis": "番号法19条8号", "search": by_name()}


async def let_numbers_be_compared(registry, database):
    """Let pension offices compare, the number included, as no statute does yet."""
    columns = "mode = 'match', items = array_remove(items, 'status')"
    await change_grants(registry, database, f"UPDATE grant_row SET {columns} WHERE body_kind = 'pension-office'")  # noqa: S608


@pytest.mark.parametrize("number", [NUMBER, OTHER_NUMBER], ids=["theirs", "another"])
async def test_of_a_number_nothing_is_said_on_an_unconfirmed_link(registry, database, number):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report()))
    await let_numbers_be_compared(registry, database)
    values = {"individual_number": number}
    answer = await registry.inquire(PENSION, **OF_NUMBERS, values=values, fields=["individual_number"])
    assert json.loads(answer.body)["matches"] == {"individual_number": "not-known"}


@pytest.mark.parametrize(("number", "expected"), [(NUMBER, "yes"), (OTHER_NUMBER, "no")], ids=["theirs", "another"])
async def test_a_number_is_compared_where_the_link_is_confirmed_and_that_is_logged(
    registry, database, number, expected
):
    await settle(registry)
    await let_numbers_be_compared(registry, database)
    values = {"individual_number": number}
    answer = await registry.inquire(PENSION, **OF_NUMBERS, values=values, fields=["individual_number"])
    assert json.loads(answer.body)["matches"] == {"individual_number": expected}
    assert NUMBER.encode() not in answer.body
    assert await log(registry, "number_accessed", operation="inquiry") == [(True,)]


async def test_of_two_who_fit_nothing_is_said_of_either(registry):
    await namesakes(registry)
    answer = await match(registry, {"sex": "male"}, search=by_name(KICHIRO, "1981-02-14"))
    assert json.loads(answer.body) | {"inquiry_id": "", "known_at": ""} == {
        "inquiry_id": "",
        "known_at": "",
        "outcome": "ambiguous",
        "deciding_keys": ["individual-number"],
    }


async def test_of_nobody_nothing_is_said(registry):
    answer = await match(registry, RIGHT)
    assert json.loads(answer.body).keys() == {"inquiry_id", "outcome", "known_at"}
    assert said(answer).outcome is InquiryOutcome.NOT_FOUND


async def test_who_may_only_compare_is_given_no_value(registry):
    await settle(registry)
    read = {"affair": "identity-check", "basis": "番号法16条", "search": by_number(), "fields": ["name"]}
    assert refused(await registry.inquire(CHECKER, **read)) == ("not-permitted", {("/affair", "no-grant")})


async def test_who_may_only_read_cannot_compare(registry):
    await settle(registry)
    answer = await registry.inquire(PENSION, search=by_number(), fields=["name"], values={"name": NAME})
    assert refused(answer) == ("not-permitted", {("/affair", "no-grant")})


REFUSED = {
    "an item not granted": ({"honseki": {"text": "x"}}, {}, "not-permitted", {("/fields", "field-not-allowed")}),
    "a field without a value": (
        {"name": NAME},
        {"fields": ["name", "sex"]},
        "invalid-input",
        {("/values/sex", "missing")},
    ),
    "a value without a field": (
        {"name": NAME, "sex": "male"},
        {"fields": ["name"]},
        "invalid-input",
        {("/values/sex", "not-allowed-here")},
    ),
    "a range of days of birth": (
        {"birth_date": "昭和54年11月日不詳"},
        {},
        "invalid-input",
        {("/values/birth_date", "date-required-complete")},
    ),
    "a period": (
        {"name": NAME},
        {"valid_from": "2020-01-01", "valid_to": "2025-01-01"},
        "invalid-input",
        {("/valid_from", "not-allowed-here"), ("/valid_to", "not-allowed-here")},
    ),
    "an item that cannot be compared": (
        {"status": "resident-abroad"},
        {},
        "invalid-input",
        {("/values/status", "unknown-field")},
    ),
    "all at once": (
        {"name": {}, "birth_date": "1979", "sex": "unknown"},
        {"fields": ["name", "birth_date", "address_abroad"], "valid_from": "2020-01-01"},
        "invalid-input",
        {
            ("/values/name", "name-missing"),
            ("/values/birth_date", "date-required-complete"),
            ("/values/sex", "out-of-range"),
            ("/values/sex", "not-allowed-here"),
            ("/values/address_abroad", "missing"),
            ("/valid_from", "not-allowed-here"),
        },
    ),
}


@pytest.mark.parametrize(("values", "fields", "code", "expected"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_comparison_is_refused_with_everything_that_is_wrong(registry, values, fields, code, expected):
    await settle(registry)
    answer = await match(registry, values, **fields)
    assert refused(answer) == (code, expected)
    assert found_in(answer.body) == ()


async def test_a_comparison_is_logged_without_the_values(registry):
    await settle(registry)
    await match(registry, {"name": NAME, "birth_date": BIRTH})
    await match(registry, WRONG)
    assert await log(registry, "outcome", "items", "number_accessed", operation="inquiry") == [
        ("found", ["birth_date", "name"], True),
        ("found", ["address_abroad", "birth_date", "name", "sex"], True),
    ]
