"""One part of an extract: each 除票 stands or falls by itself, and only who may be collected is let in."""

import pytest

from registry.contract.decoding import decode
from registry.contract.evidence import verify_receipt
from registry.contract.messages import DeliveryAnswer
from registry.contract.problems import Problem
from tests.acceptance.papers import (
    KICHIRO,
    by_number,
    line,
    removed_record,
)
from tests.acceptance.seen import (
    STORED,
    STORED_BESIDE,
    counts,
    faults,
    grown,
    history,
    outcomes,
    rows,
)
from tests.house import MISSION, PENSION
from tests.logged import log
from tests.planted import NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

OTHER_TOWN = "472018"
LOG = {"log_pending", "nonce"}
HANAKO_ON_PAPER = removed_record()
KICHIRO_ON_PAPER = removed_record(
    addressee_number="22", name=KICHIRO, birth_date="1981-02-14", sex="male", individual_number=OTHER_NUMBER
)


async def delivered(registry, *records, **fields):
    """What became of each 除票: its state, and the status of the record."""
    return [
        (str(one.state), None if one.person is None or one.person.status is None else str(one.person.status))
        for one in outcomes(await registry.deliver(*records, **fields))
    ]


# ------------------------------------------------------------------------------------------- faulty records

FAULTY = {
    "a day before birth": (
        removed_record(line(), line(2, "軽微な修正", effective="1979-11-22"), addressee_number="33"),
        {("/lines/1/effective", "date-before-birth")},
    ),
    "two lines of one number, notified in the future": (
        removed_record(line(), line(notified_on="2025-01-01"), addressee_number="33"),
        {("/lines", "duplicate"), ("/lines/1/notified_on", "date-in-the-future")},
    ),
    "no name": (
        removed_record(line(name={}), addressee_number="33"),
        {("/lines/0/name", "name-missing")},
    ),
    "another's": (
        removed_record(addressee_number="33", municipality=OTHER_TOWN),
        {("/municipality", "not-allowed-here")},
    ),
}


@pytest.mark.parametrize(("faulty", "reasons"), FAULTY.values(), ids=FAULTY)
async def test_a_faulty_record_is_told_its_faults_by_line_and_does_not_stop_the_others(
    registry, database, faulty, reasons
):
    first, second, third = outcomes(await registry.deliver(HANAKO_ON_PAPER, faulty, KICHIRO_ON_PAPER))
    assert [str(one.state) for one in (first, second, third)] == ["accepted", "refused", "accepted"]
    assert [one.index for one in (first, second, third)] == [0, 1, 2]
    assert faults(second) == reasons
    assert (second.submission_id, second.person) == ("", None)
    assert len(await rows(database, "SELECT 1 FROM removed_record")) == 2


MALFORMED = {
    "a check digit": removed_record(addressee_number="33", individual_number=NUMBER[:-1] + "9"),
    "a day that never was": removed_record(addressee_number="33", effective="2024-02-30"),
    "a reason of no list": removed_record(addressee_number="33", reason="海外転出"),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
async def test_a_record_that_cannot_be_read_does_not_stop_the_others(registry, malformed):
    answer = await registry.deliver(HANAKO_ON_PAPER, malformed, KICHIRO_ON_PAPER)
    assert [str(one.state) for one in outcomes(answer)] == ["accepted", "refused", "accepted"]
    assert {pointer.rpartition("/")[0] for pointer, _ in faults(outcomes(answer)[1])} == {"/lines/0"}


async def test_an_old_code_is_flagged_and_not_refused(registry):
    unknown = removed_record(address={"municipality": "990001", "text": "鍛冶町七丁目"})
    (one,) = outcomes(await registry.deliver(unknown))
    assert (str(one.state), faults(one)) == ("accepted", {("/lines/0/address/municipality", "code-unknown")})
    assert [str(fault.severity) for fault in one.faults] == ["warning"]


async def test_a_part_sent_again_is_answered_with_the_same_bytes_and_has_no_second_effect(registry, database):
    part = (HANAKO_ON_PAPER, FAULTY["no name"][0], KICHIRO_ON_PAPER)
    first = await registry.deliver(*part, key="extract-1:1")
    before = await counts(database)
    again = await registry.deliver(*part, key="extract-1:1")
    other = await registry.deliver(HANAKO_ON_PAPER, key="extract-1:1")
    assert (again.status, again.body) == (200, first.body)
    assert (other.status, decode(other.body, Problem).code) == (409, "idempotency-key-reused")
    assert set(grown(before, await counts(database))) == LOG


async def test_the_parts_of_an_extract_come_in_any_order_and_any_number_of_times(registry, database):
    parts = {"extract-1:1": HANAKO_ON_PAPER, "extract-1:2": KICHIRO_ON_PAPER}
    for key in ("extract-1:2", "extract-1:1", "extract-1:2"):
        await registry.deliver(parts[key], key=key, part=int(key[-1]))
    assert len(await rows(database, "SELECT 1 FROM person")) == 2
    assert len(await rows(database, "SELECT 1 FROM movement")) == 2


async def test_one_person_twice_in_a_part_is_one_record(registry):
    later = removed_record(line(), line(2, "軽微な修正"))
    assert await delivered(registry, HANAKO_ON_PAPER, HANAKO_ON_PAPER, later) == [
        ("accepted", "provisional"),
        ("unchanged", None),
        ("corrected", "provisional"),
    ]


async def test_the_answer_to_a_part_is_signed_for_keeping(registry):
    answer = await registry.deliver(HANAKO_ON_PAPER, part=7)
    said = decode(answer.body, DeliveryAnswer)
    assert (said.extract_id, said.part) == ("extract-1", 7)
    verify_receipt(
        answer.body, answer.header("registry-receipt"), {"registry": registry.resources.signing_key.verifying}.get
    )


@pytest.mark.parametrize(("size", "code"), [(0, "empty"), (101, "too-long")])
async def test_a_part_has_one_to_a_hundred_records(registry, database, size, code):
    answer = await registry.deliver(*[removed_record(addressee_number=f"{number}") for number in range(size)])
    assert (answer.status, faults(answer)) == (422, {("/records", code)})
    assert await rows(database, "SELECT 1 FROM person") == []


# --------------------------------------------------------------------------------------- who sends, and whom


@pytest.mark.parametrize("body", [MISSION, PENSION])
async def test_only_municipalities_deliver(registry, database, body):
    before = await counts(database)
    answer = await registry.deliver(HANAKO_ON_PAPER, body=body)
    assert (answer.status, faults(answer)) == (403, {("", "no-grant")})
    more = grown(before, await counts(database))
    assert more["log_pending"] == 1
    assert not more.keys() & {*STORED, *STORED_BESIDE}


@pytest.mark.parametrize("known", [False, True], ids=["unknown", "known"])
async def test_a_municipality_that_delivers_anothers_is_refused_and_told_nothing(registry, database, known):
    if known:
        await registry.deliver(HANAKO_ON_PAPER)
    before = await counts(database)
    (one,) = outcomes(await registry.deliver(HANAKO_ON_PAPER, body=OTHER_TOWN))
    assert (str(one.state), one.submission_id, one.person) == ("refused", "", None)
    assert faults(one) == {("/municipality", "not-allowed-here")}
    assert not grown(before, await counts(database)).keys() & {*STORED, *STORED_BESIDE}


STAY = {
    "moved within Japan": [line(reason="国内転出", destination="大阪市")],
    "died at home": [line(reason="死亡")],
    "naturalised elsewhere, struck off": [line(reason="職権消除(帰化等)")],
    "lost the nationality": [line(reason="職権消除(国籍喪失)")],
    "still there": [line(reason="転居")],
    "was only copied": [line(reason="改製")],
    "born and entered": [line(reason="出生"), line(2, "職権記載")],
}


@pytest.mark.parametrize("lines", STAY.values(), ids=STAY)
async def test_who_did_not_move_abroad_is_none_of_the_registrys_business(registry, database, lines):
    before = await counts(database)
    stays = removed_record(*lines)
    (refused, _) = outcomes(await registry.deliver(stays, KICHIRO_ON_PAPER))
    assert (str(refused.state), faults(refused)) == ("refused", {("/lines", "not-collectable")})
    more = grown(before, await counts(database))
    assert {table: more.get(table, 0) for table in STORED} == dict.fromkeys(STORED, 1) | {
        "search_key": more["search_key"]
    }
    assert await history(registry) == []
    assert await history(registry, by_number()) == []


async def test_the_log_has_an_entry_for_each_person_of_a_part(registry):
    await registry.deliver(HANAKO_ON_PAPER, FAULTY["no name"][0], KICHIRO_ON_PAPER)
    entries = await log(registry, "operation", "outcome", "about")
    assert [one[:2] for one in entries] == [("removed-records", "taken-in")] * 2
    assert len({about for *_, about in entries} - {None}) == 2
