"""The same report sent again: one effect and one answer, alone or in a batch, accepted or refused."""

from asyncio import gather
from datetime import timedelta

import pytest

from registry.contract.decoding import decode, encode
from registry.contract.evidence import verify_receipt
from registry.contract.messages import BatchAnswer
from registry.contract.problems import Problem
from registry.services import clockwork
from tests.acceptance.papers import BOSTON, change, kichiro, report
from tests.acceptance.seen import counts, faults, grown, history, receipt, rows, state_of
from tests.house import MISSION
from tests.logged import log

pytestmark = pytest.mark.anyio

LOG = {"log_pending", "nonce"}
FAULTY = report(effective="2024-13-01")
ELSEWHERE = report(address_abroad=BOSTON)
ANSWERED = {
    "accepted": report(),
    "accepted with warnings": report(effective="2024-01-01"),
    "in a wrong area": ELSEWHERE,
}


def item(registry, message, key):
    """One report of a batch, with its own evidence."""
    content = encode(message)
    return {"idempotency_key": key, "report": content.decode(), "evidence": registry.evidence(MISSION, content)}


async def send(registry, *items, key=None):
    answer = await registry.post(MISSION, "/v1/submissions/batch", {"items": items}, key=key)
    await registry.stamp()
    return answer


def taken(answer):
    """What became of each item: its state, or the code that refused it."""
    return [
        str(one.problem.code if one.receipt is None else one.receipt.state)
        for one in decode(answer.body, BatchAnswer).items
    ]


# ------------------------------------------------------------------------------------------------- alone


@pytest.mark.parametrize("message", [*ANSWERED.values(), FAULTY], ids=[*ANSWERED, "faulty"])
async def test_a_report_sent_again_is_answered_with_the_same_bytes_and_has_no_second_effect(
    registry, database, message
):
    first = await registry.submit(message, key="report-1")
    registry.clock.advance(days=80)
    await registry.begin_year()
    before = await counts(database)
    again = await registry.submit(message, key="report-1")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.header("registry-receipt") == first.header("registry-receipt")
    assert grown(before, await counts(database)) == dict.fromkeys(LOG, 1)


@pytest.mark.parametrize("message", ANSWERED.values(), ids=ANSWERED)
async def test_another_report_under_the_same_key_is_a_conflict_and_changes_nothing(registry, database, message):
    first = await registry.submit(message, key="report-1")
    before = await counts(database)
    other = await registry.submit(report(kichiro()), key="report-1")
    again = await registry.submit(message, key="report-1")
    assert (other.status, decode(other.body, Problem).code) == (409, "idempotency-key-reused")
    assert again.body == first.body
    assert set(grown(before, await counts(database))) == LOG


async def test_a_mended_report_goes_under_a_new_key(registry):
    await registry.submit(ELSEWHERE, key="report-1")
    under_the_old = await registry.submit(report(), key="report-1")
    under_a_new = await registry.submit(report(), key="report-1-mended")
    assert (under_the_old.status, under_a_new.status) == (409, 201)


async def test_a_report_that_comes_twice_at_once_has_one_effect(registry, database):
    both = await gather(registry.submit(report(), key="report-1"), registry.submit(report(), key="report-1"))
    assert both[0].body == both[1].body
    assert await rows(database, "SELECT sender_key FROM submission") == [("report-1",)]


async def test_two_bodies_may_use_the_same_key(registry):
    ours = await registry.submit(report(), key="report-1")
    theirs = report(kichiro(), mission="JP-CG-BOSTON", address_abroad=BOSTON)
    answer = await registry.submit(theirs, body="JP-CG-BOSTON", key="report-1")
    assert receipt(ours).submission_id != receipt(answer).submission_id


async def test_a_dry_run_takes_no_key(registry):
    trial = await registry.submit(report(), key="report-1", dry_run=True)
    real = await registry.submit(report(), key="report-1")
    assert (trial.status, real.status) == (200, 201)


async def test_the_log_has_an_entry_for_each_time_a_report_came(registry):
    await registry.submit(report(), key="report-1")
    await registry.submit(report(), key="report-1")
    await registry.submit(ELSEWHERE, key="report-1")
    entries = await log(registry, "outcome", "codes", operation="submission")
    assert entries == [("accepted", []), ("repeated", []), ("refused", ["idempotency-key-reused"])]


# ------------------------------------------------------------------------------ when the answer is deleted


async def forgotten(registry, days=91):
    """Let days go by and delete the answers whose time is over; return how many."""
    registry.clock.advance(days=days)
    await registry.begin_year()
    return await clockwork.forget_answers(registry.ex_officio, timedelta(days=90))


async def test_an_answer_is_kept_for_its_days_and_then_deleted(registry, database):
    await registry.submit(report(), key="report-1")
    assert [await forgotten(registry, 89), await forgotten(registry, 2)] == [0, 1]
    assert await rows(database, "SELECT FROM idempotency") == []


async def test_a_report_sent_again_after_its_answer_is_deleted_gets_its_receipt_and_changes_nothing(registry, database):
    first = await registry.submit(report(), key="report-1")
    assert await forgotten(registry) == 1
    before = await counts(database)
    again = await registry.submit(report(), key="report-1")
    batch = await send(registry, item(registry, report(), "report-1"))
    assert (again.status, receipt(again)) == (first.status, receipt(first))
    verify_receipt(again.body, again.header("registry-receipt"), {"registry": registry_key(registry)}.get)
    assert decode(batch.body, BatchAnswer).items[0].receipt == receipt(first)
    assert set(grown(before, await counts(database))) <= LOG | {"idempotency"}  # the batch as a whole has an answer


async def test_another_report_under_the_key_of_a_deleted_answer_is_a_conflict(registry):
    first = await registry.submit(report(), key="report-1")
    await forgotten(registry)
    mended = report(replaces=receipt(first).submission_id)
    theirs = report(kichiro(), mission="JP-CG-BOSTON", address_abroad=BOSTON)
    assert (await registry.submit(mended, key="report-1")).status == 409
    assert (await registry.submit(theirs, body="JP-CG-BOSTON", key="report-1")).status == 201


async def test_what_was_refused_may_be_tried_again_when_its_refusal_is_deleted(registry):
    assert (await registry.submit(FAULTY, key="report-1")).status == 422
    await forgotten(registry)
    assert (await registry.submit(report(), key="report-1")).status == 201


# --------------------------------------------------------------------------------------------- in a batch


async def test_each_report_of_a_batch_stands_or_falls_by_itself(registry, database):
    answer = await send(
        registry,
        item(registry, report(), "report-1"),
        item(registry, ELSEWHERE, "report-2"),
        item(registry, FAULTY, "report-3"),
        item(registry, report(kichiro(), effective="2024-01-01"), "report-4"),
    )
    assert answer.status == 200
    assert taken(answer) == ["accepted", "invalid-input", "invalid-input", "accepted-with-warnings"]
    kept = decode(answer.body, BatchAnswer).items
    assert [one.idempotency_key for one in kept] == ["report-1", "report-2", "report-3", "report-4"]
    assert faults(kept[1].problem) == {("/address_abroad", "mission-not-competent")}
    assert faults(kept[2].problem) == {("/effective", "date-impossible")}
    assert await rows(database, "SELECT sender_key FROM submission ORDER BY 1") == [("report-1",), ("report-4",)]


async def test_a_report_of_a_batch_sent_again_alone_gets_the_receipt_it_has(registry, database):
    content = report()
    answer = await send(registry, item(registry, content, "report-1"))
    before = await counts(database)
    alone = await registry.submit(content, key="report-1")
    assert receipt(alone) == decode(answer.body, BatchAnswer).items[0].receipt
    verify_receipt(alone.body, alone.header("registry-receipt"), {"registry": registry_key(registry)}.get)
    assert grown(before, await counts(database)) == dict.fromkeys(LOG, 1)


def registry_key(registry):
    return registry.resources.signing_key.verifying


async def test_a_report_sent_alone_gets_its_receipt_in_a_later_batch(registry):
    alone = await registry.submit(report(), key="report-1")
    answer = await send(registry, item(registry, report(), "report-1"), item(registry, report(kichiro()), "report-2"))
    kept = decode(answer.body, BatchAnswer).items
    assert kept[0].receipt == receipt(alone)
    assert taken(answer) == ["accepted", "accepted"]


TWICE = {
    "the same report": (report(), ["accepted", "accepted"]),
    "another report": (report(kichiro()), ["accepted", "idempotency-key-reused"]),
    "a faulty one": (FAULTY, ["accepted", "idempotency-key-reused"]),
}


@pytest.mark.parametrize(("second", "states"), TWICE.values(), ids=TWICE)
async def test_a_key_that_stands_twice_in_a_batch_is_answered_once(registry, database, second, states):
    answer = await send(registry, item(registry, report(), "report-1"), item(registry, second, "report-1"))
    assert taken(answer) == states
    assert await rows(database, "SELECT sender_key FROM submission") == [("report-1",)]


async def test_a_batch_sent_again_is_answered_with_the_same_bytes(registry, database):
    items = (item(registry, report(), "report-1"), item(registry, ELSEWHERE, "report-2"))
    first = await send(registry, *items, key="batch-01")
    before = await counts(database)
    again = await send(registry, *items, key="batch-01")
    other = await send(registry, *items[:1], key="batch-01")
    assert (again.status, again.body, other.status) == (200, first.body, 409)
    assert set(grown(before, await counts(database))) == LOG


async def test_reports_that_arrive_in_two_batches_get_the_same_receipts(registry):
    items = (item(registry, report(), "report-1"), item(registry, ELSEWHERE, "report-2"))
    first = await send(registry, *items, key="batch-01")
    second = await send(registry, *items, key="batch-02")
    assert second.body == first.body


async def test_a_later_report_of_a_batch_may_correct_an_earlier_one(registry):
    corrected = report(effective="2024-04-03", replaces="report-1")
    taken_back = change(kind="annulment", replaces="report-3")
    answer = await send(
        registry,
        item(registry, report(), "report-1"),
        item(registry, corrected, "report-2"),
        item(registry, change(address_abroad=BOSTON | {"subdivision": "New York"}), "report-3"),
        item(registry, taken_back, "report-4"),
    )
    assert taken(answer) == ["accepted"] * 4
    assert await history(registry) == [("resident-abroad", "New York", "2024-04-03", None)]
    third = decode(answer.body, BatchAnswer).items[2].receipt
    assert await state_of(registry, third.submission_id) == "annulled"


async def test_evidence_over_another_report_refuses_that_item_alone(registry):
    swapped = item(registry, report(kichiro()), "report-1") | {"report": encode(report()).decode()}
    answer = await send(registry, swapped, item(registry, report(), "report-2"))
    assert taken(answer) == ["evidence-invalid", "accepted"]


@pytest.mark.parametrize("size", [0, 101])
async def test_a_batch_has_one_to_a_hundred_reports(registry, database, size):
    before = await counts(database)
    answer = await send(registry, *[item(registry, report(), f"report-{number}") for number in range(size)])
    assert (answer.status, faults(answer)) == (422, {("/items", "empty" if size == 0 else "too-long")})
    assert grown(before, await counts(database))["log_pending"] == 1
    assert await rows(database, "SELECT 1 FROM submission") == []


async def test_the_log_has_an_entry_for_the_batch_and_one_for_each_of_its_reports(registry):
    await send(registry, item(registry, report(), "report-1"), item(registry, ELSEWHERE, "report-2"))
    entries = await log(registry, "operation", "outcome", "about")
    assert [(operation, outcome, about is None) for operation, outcome, about in entries] == [
        ("submission", "accepted", False),
        ("submission", "refused", True),
        ("batch", "taken-in", True),
    ]
