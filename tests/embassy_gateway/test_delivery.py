"""Delivery over real HTTP: each report once, whatever the line does."""

import sqlite3
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embassy_gateway.delivery import FIRST_BACK_OFF, LONGEST_BACK_OFF, STUMBLES, back_off
from embassy_gateway.outbox import BATCH_FROM, LEASE, LOOK_AGAIN, Dead, Delivered, Outbox, Postponed, Proof
from embassy_gateway.overview import overview
from embassy_gateway.schema import State
from registry.contract.evidence import verify_receipt
from registry.contract.messages import LARGEST_BATCH, Receipt
from registry.contract.problems import ProblemCode, problem
from tests.embassy_gateway.mission import mission_in, report
from tests.embassy_gateway.registry_stand_in import RETRY_AFTER, Fare

pytestmark = pytest.mark.anyio

MANY = BATCH_FROM + LARGEST_BATCH
PROOF = Proof(body=b"another", jws="a.b.c")


def counts(mission):
    return {state: count for state, count in overview(mission.gateway.spool).counts.items() if count}


def reports(number):
    return [report(index) for index in range(number)]


async def test_a_report_is_delivered_with_its_evidence_and_the_signed_receipt_is_kept(mission):
    mission.hand_in(report())
    tally = await mission.deliver()
    assert (tally.delivered, tally.trouble) == (1, None)
    assert mission.registry.chain() == [1]
    body, jws = mission.gateway.spool.receipt(1)
    verify_receipt(body, jws, mission.gateway.registry_keys.get)
    assert msgspec.json.decode(body, type=Receipt).submission_id == "submission-1"


@pytest.mark.parametrize("number", [1, BATCH_FROM - 1, BATCH_FROM, MANY])
async def test_reports_arrive_in_the_order_in_which_they_were_taken_in(mission, number):
    mission.hand_in(*reports(number))
    await mission.deliver()
    assert mission.registry.chain() == list(range(1, number + 1))
    assert counts(mission) == {State.DELIVERED: number}
    assert ("/v1/submissions/batch" in mission.registry.requests) is (number >= BATCH_FROM)


async def test_each_report_of_a_batch_keeps_the_receipt_that_it_shares(mission):
    mission.hand_in(*reports(BATCH_FROM))
    await mission.deliver()
    kept = {mission.gateway.spool.receipt(row) for row in range(1, BATCH_FROM + 1)}
    ((body, jws),) = kept
    verify_receipt(body, jws, mission.gateway.registry_keys.get)


LINE_FAILS = [Fare.CUT_BEFORE, Fare.CUT_AFTER, Fare.PROXY, Fare.BUSY, Fare.RATE_LIMITED]


@pytest.mark.parametrize("number", [1, MANY], ids=["single", "in batches"])
@pytest.mark.parametrize("fare", LINE_FAILS)
async def test_what_the_line_failed_to_carry_is_sent_again_and_takes_effect_once(mission, fare, number):
    mission.hand_in(*reports(number))
    mission.registry.script.extend([fare, fare])
    tally = await mission.deliver()
    assert tally.delivered == number
    assert mission.registry.chain() == list(range(1, number + 1))
    assert len(mission.clock.pauses) == 2


@settings(max_examples=12, deadline=None)
@given(
    number=st.integers(min_value=1, max_value=30),
    script=st.lists(st.sampled_from([*LINE_FAILS, Fare.WELL, Fare.BATCH_TOO_LARGE]), max_size=8),
)
def test_whatever_the_line_does_every_report_takes_effect_once_and_in_order(number, script):
    with TemporaryDirectory() as folder, mission_in(Path(folder)) as mission:
        mission.hand_in(*reports(number))
        mission.registry.script.extend(script)
        anyio.run(mission.deliver)
        assert mission.registry.chain() == list(range(1, number + 1))
        assert counts(mission) == {State.DELIVERED: number}


async def test_a_registry_that_is_down_is_asked_with_growing_pauses_until_it_is_back(mission):
    mission.line.down()
    mission.hand_in(report())

    async with mission.gateway.delivering(lambda _: None) as deliverer:
        for _ in range(14):
            await deliverer.once()
        failed = overview(mission.gateway.spool)
        assert (failed.trouble, failed.oldest.attempts) == ("line-down", 14)
        assert failed.next_try - mission.clock.now >= LONGEST_BACK_OFF / 2
        mission.line.up()
        assert (await deliverer.until_empty()).delivered == 1
    assert overview(mission.gateway.spool).trouble is None


async def test_staff_who_ask_for_it_do_not_wait_for_the_back_off(mission):
    mission.hand_in(report())
    mission.registry.script.append(Fare.BUSY)
    assert (await mission.deliver(once=True)).trouble == "not-ready"
    assert (await mission.deliver(once=True)).delivered == 1
    assert mission.clock.pauses == []


@pytest.mark.parametrize("fare", [Fare.BUSY, Fare.RATE_LIMITED])
async def test_the_gateway_waits_as_long_as_retry_after_says(mission, fare):
    mission.hand_in(report())
    mission.registry.script.append(fare)
    await mission.deliver()
    assert mission.clock.pauses == [RETRY_AFTER]


@pytest.mark.parametrize("number", [3, BATCH_FROM], ids=["single", "in a batch"])
async def test_a_report_that_the_registry_stumbles_over_does_not_keep_the_others(mission, number):
    mission.hand_in(*reports(number))
    stone = mission.gateway.spool.payload(1)
    mission.registry.stumbles_over.add(stone)
    await mission.deliver()
    assert mission.registry.effects[-1] == stone
    assert counts(mission) == {State.DELIVERED: number}
    assert len(mission.clock.pauses) == 1


@pytest.mark.parametrize("fare", [Fare.STUMBLES, Fare.CRASHES])
async def test_a_report_over_which_the_registry_fell_waits_while_the_others_go_on(mission, fare):
    mission.hand_in(*reports(3))
    stone = mission.gateway.spool.payload(1)
    mission.registry.script.append(fare)
    assert (await mission.deliver(once=True)).delivered == 2
    await mission.deliver()
    assert mission.registry.effects[-1] == stone


@pytest.mark.parametrize("fare", [Fare.STUMBLES, Fare.CRASHES])
async def test_a_registry_that_falls_over_everything_is_left_in_peace_for_growing_pauses(mission, fare):
    mission.hand_in(*reports(BATCH_FROM - 1))
    mission.registry.script.extend([fare] * 4 * STUMBLES)
    tally = await mission.deliver(once=True)
    assert (tally.trouble, tally.postponed, tally.delivered) == ("internal", STUMBLES, 0)
    await mission.deliver(once=True)
    assert overview(mission.gateway.spool).trouble == "internal"
    assert Outbox(mission.gateway.spool, "any").line().failures > 1
    await mission.deliver()
    assert counts(mission) == {State.DELIVERED: BATCH_FROM - 1}
    assert overview(mission.gateway.spool).trouble is None


@pytest.mark.parametrize("fare", [Fare.STUMBLES, Fare.CRASHES])
async def test_a_registry_that_stumbles_over_a_batch_is_given_its_reports_one_by_one(mission, fare):
    mission.hand_in(*reports(BATCH_FROM))
    mission.registry.script.append(fare)
    await mission.deliver()
    assert mission.registry.chain() == list(range(1, BATCH_FROM + 1))


async def test_a_batch_refused_as_a_whole_is_sent_one_by_one(mission):
    mission.hand_in(*reports(BATCH_FROM))
    mission.registry.script.append(Fare.BATCH_TOO_LARGE)
    await mission.deliver()
    assert counts(mission) == {State.DELIVERED: BATCH_FROM}
    assert mission.registry.requests.count("/v1/submissions") == BATCH_FROM


@pytest.mark.parametrize("number", [3, MANY], ids=["single", "in batches"])
async def test_a_refused_report_is_a_dead_letter_with_the_registrys_faults_and_the_others_go_on(mission, number):
    mission.registry.refuses = lambda one: one.address_abroad.lines[0].startswith("1 ")
    mission.hand_in(*reports(number))
    tally = await mission.deliver()
    assert (tally.delivered, tally.refused) == (number - 1, 1)
    (letter,) = overview(mission.gateway.spool).dead_letters
    assert (letter.id, letter.state, letter.correlation_id) == (2, State.REFUSED, "correlation-1")
    assert [(fault.pointer, fault.code) for fault in letter.faults] == [("/effective", "date-before-birth")]


async def test_a_mended_report_goes_under_a_new_key_and_takes_the_place_of_the_refused_one(mission):
    mission.registry.refuses = lambda one: one.effective.text == "2026-10-01"
    mission.hand_in(report())
    await mission.deliver()
    (mended,) = mission.hand_in(report(effective="2026-10-02"), mends=1)
    assert (mended.id, mended.state) == (2, State.WAITING)
    await mission.deliver()
    assert counts(mission) == {State.DELIVERED: 1, State.MENDED: 1}
    assert mission.registry.chain() == [1, 2]
    assert overview(mission.gateway.spool).dead_letters == ()


async def test_a_key_used_with_another_body_raises_the_alarm(mission):
    mission.hand_in(report())
    with mission.gateway.spool.reading() as db:
        (key,) = db.execute("SELECT idempotency_key FROM report").fetchone()
    mission.registry._answers[key] = (b"another body", 201, None)
    tally = await mission.deliver()
    assert (tally.alarms, counts(mission)) == (1, {State.ALARM: 1})


NOT_TO_BE_BELIEVED = {
    Fare.FORGED: "answer-not-trusted",
    Fare.PORTAL: "answer-not-trusted",
    Fare.NO_RECEIPT: "receipt-not-signed",
    Fare.OTHER_RECEIPT: "receipt-not-signed",
    Fare.STRANGE_RECEIPT: "receipt-not-signed",
    Fare.WRONG_DIGEST: "receipt-of-other-reports",
    Fare.GIBBERISH: "answer-not-understood",
    Fare.UNKNOWN_KEY: "key-unknown",
}


@pytest.mark.parametrize(("fare", "trouble"), NOT_TO_BE_BELIEVED.items())
async def test_an_answer_that_is_not_to_be_believed_stops_delivery_and_loses_nothing(mission, fare, trouble):
    mission.hand_in(*reports(2))
    mission.registry.script.append(fare)
    tally = await mission.deliver()
    assert (tally.trouble, tally.delivered) == (trouble, 0)
    assert overview(mission.gateway.spool).trouble == trouble
    assert counts(mission) == {State.WAITING: 2}
    assert (await mission.deliver()).delivered == 2
    assert mission.registry.chain() == [1, 2]


@pytest.mark.parametrize("fare", [Fare.NO_RECEIPT, Fare.OTHER_RECEIPT, Fare.GIBBERISH, Fare.WRONG_DIGEST])
async def test_a_batch_without_a_signed_receipt_is_not_delivered(mission, fare):
    mission.hand_in(*reports(BATCH_FROM))
    mission.registry.script.append(fare)
    await mission.deliver()
    assert counts(mission) == {State.WAITING: BATCH_FROM}


async def test_a_batch_whose_refusals_stand_in_another_order_refuses_nothing(mission):
    mission.registry.refuses = lambda _: True
    mission.hand_in(*reports(BATCH_FROM))
    mission.registry.script.append(Fare.WRONG_DIGEST)
    assert (await mission.deliver()).trouble == "receipt-of-other-reports"
    assert counts(mission) == {State.WAITING: BATCH_FROM}


@pytest.mark.parametrize("minutes", [-600, -10, 10, 600])
async def test_a_wrong_clock_at_the_mission_is_corrected_by_the_registrys(mission, minutes):
    mission.registry.clock = lambda: mission.clock.now + timedelta(minutes=minutes)
    mission.hand_in(report())
    assert (await mission.deliver(once=True)).delivered == 1


async def test_a_clock_that_goes_wrong_on_the_way_is_set_again(mission):
    mission.hand_in(report(1))
    async with mission.gateway.delivering(lambda _: None) as deliverer:
        await deliverer.once()
        mission.clock.now += timedelta(hours=1)
        mission.registry.clock = lambda: mission.clock.now - timedelta(hours=1)
        mission.hand_in(report(2))
        assert (await deliverer.once()).delivered == 2
    assert mission.registry.requests.count("/v1/time") == 2


async def test_two_deliverers_never_hold_reports_at_the_same_time(mission):
    mission.hand_in(*reports(MANY))
    one, other = (Outbox(mission.gateway.spool, owner) for owner in ("one", "other"))
    now = mission.clock.now
    held = one.lease(now, LARGEST_BATCH)
    assert len(held) == LARGEST_BATCH
    assert other.lease(now, LARGEST_BATCH) == ()
    assert other.next_try(now) == now + LOOK_AGAIN
    one.release(held)
    assert [row.id for row in other.lease(now, LARGEST_BATCH)] == [row.id for row in held]


async def test_a_lease_whose_holder_died_ends_by_itself(mission):
    mission.hand_in(report())
    Outbox(mission.gateway.spool, "dead").lease(mission.clock.now, 1)
    assert (await mission.deliver()).delivered == 1
    assert sum(mission.clock.pauses) == pytest.approx(LEASE.total_seconds(), abs=1)
    assert set(mission.clock.pauses) <= {LOOK_AGAIN.total_seconds()}


async def test_a_clock_put_back_does_not_silence_the_mission(mission):
    mission.hand_in(report())
    mission.registry.script.append(Fare.BUSY)
    await mission.deliver(once=True)
    mission.clock.now -= timedelta(days=2)
    async with mission.gateway.delivering(lambda _: None) as deliverer:
        assert (await deliverer.once(patient=True)).delivered == 1


async def test_a_lease_taken_by_a_clock_that_was_put_back_holds_nobody_up(mission):
    mission.hand_in(report())
    Outbox(mission.gateway.spool, "dead").lease(mission.clock.now, 1)
    mission.clock.now -= timedelta(hours=1)
    assert (await mission.deliver(once=True)).delivered == 1


async def test_a_deliverer_that_is_stopped_gives_back_what_it_holds(mission):
    mission.hand_in(report())
    mission.registry.script.append(Fare.STALLED)
    async with anyio.create_task_group() as group:
        group.start_soon(mission.deliver)
        await anyio.to_thread.run_sync(mission.registry.stalled.wait, 60)
        group.cancel_scope.cancel()
    assert (await mission.deliver()).delivered == 1
    assert mission.clock.pauses == []
    assert mission.registry.chain() == [1]


class Enough(Exception):  # noqa: N818 - ends a loop without end
    pass


async def test_the_service_waits_for_a_spool_that_cannot_be_written_and_for_new_reports(mission, tmp_path):
    mission.hand_in(report(1))
    mission.gateway.spool._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "spool" / "spool.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    happens = iter([other.close, lambda: mission.hand_in(report(2)), lambda: None])
    troubles = []

    async def pause(_):
        step = next(happens, None)
        if step is None:
            raise Enough
        step()

    gateway = msgspec.structs.replace(mission.gateway, pause=pause)
    with pytest.raises(Enough):
        async with gateway.delivering(lambda tally: troubles.append(tally.trouble)) as deliverer:
            await deliverer.for_ever()
    assert troubles[0] == "spool-unavailable"
    assert counts(mission) == {State.DELIVERED: 2}


async def test_a_deliverer_that_outlived_its_lease_changes_nothing_that_is_settled(mission):
    mission.hand_in(report())
    slow = Outbox(mission.gateway.spool, "slow")
    (row,) = slow.lease(mission.clock.now, 1)
    await mission.deliver()
    kept = mission.gateway.spool.receipt(1)
    now, later = mission.clock.now, lambda _: mission.clock.now
    refusal = problem(ProblemCode.CONFLICT, status=409, correlation_id="")
    slow.settle([Delivered(row=row, submission_id="another", outcome="accepted")], PROOF, now, later)
    slow.settle([Dead(row=row, state=State.REFUSED, problem=refusal)], None, now, later)
    slow.settle([Postponed(row=row)], None, now, later)
    slow.line_failed([row], now, "line-down")
    assert mission.gateway.spool.receipt(1) == kept
    assert counts(mission) == {State.DELIVERED: 1}


async def test_a_payload_is_erased_thirty_days_after_the_receipt_and_the_receipt_stays(mission, tmp_path):
    mission.hand_in(report(1))
    with mission.gateway.spool.reading() as db:
        (sealed,) = db.execute("SELECT payload FROM report").fetchone()
    await mission.deliver()
    mission.hand_in(report(2))
    spool, due = mission.gateway.spool, mission.clock.now + timedelta(days=30)
    assert spool.erase_due(due - timedelta(seconds=1)) == 0
    assert spool.erase_due(due) == 1
    assert spool.payload(1) is None
    assert all(sealed[-64:] not in path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert spool.payload(2) is not None
    assert spool.receipt(1) is not None
    assert mission.hand_in(report(1))[0].is_new is False


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_the_back_off_doubles_to_a_quarter_of_an_hour_and_leaves_half_to_chance(chance):
    waits = [back_off(failures, chance) for failures in range(1, 2000)]
    assert FIRST_BACK_OFF / 2 <= waits[0] <= FIRST_BACK_OFF
    assert all(abs(later / sooner - 2) < 1e-5 for sooner, later in pairwise(waits[:10]))
    assert LONGEST_BACK_OFF / 2 <= waits[-1] <= LONGEST_BACK_OFF
