"""Many at once: whoever comes together is answered as if one had come after the other, in some order."""

from asyncio import create_task, gather, timeout
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import event

from registry.contract.decoding import decode, encode
from registry.contract.messages import EVIDENCE_HEADER, InquiryAnswer, InquiryOutcome, RecordState
from registry.contract.problems import Problem
from registry.domain.reconciliation import LinkMethod
from registry.store.engine import POOL_SIZE
from tests.acceptance.papers import (
    BOSTON,
    HANAKO,
    KICHIRO,
    NEW_YORK,
    by_addressee,
    by_name,
    by_number,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import WHOLE_TIME, outcomes, rows
from tests.house import MISSION, PENSION, TOWN
from tests.logged import log
from tests.planted import CODE, NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

DEADLOCK = "40P01"
AT_ONCE = 20
TANAKA = {"surname": "田中", "surname_kana": "タナカ"}
ALBANY = NEW_YORK | {"city": "Albany"}
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}


@pytest.fixture
def troubles(registry):
    """The SQLSTATE of whatever the database refused the application; a caller would hear of 503 alone."""
    seen = []

    def note(context):
        seen.append(getattr(context.original_exception, "sqlstate", None))

    for engine in (registry.resources.engine, registry.sequencer.engine):
        event.listen(engine.sync_engine, "handle_error", note)
    return seen


@asynccontextmanager
async def held_up(database, table, mode):
    """Let nobody pass a table; the value waits until so many stand before it, or behind somebody who does."""
    gate, watcher = await asyncpg.connect(database), await asyncpg.connect(database)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def until(tasks):
        async with timeout(10):
            while await watcher.fetchval(waiting) < min(len(tasks), POOL_SIZE):
                assert not [task for task in tasks if task.done()], "nobody is answered before the gate opens"

    try:
        await gate.execute(f"BEGIN; LOCK TABLE {table} IN {mode} MODE")
        yield until
    finally:
        await gate.close()
        await watcher.close()


async def together(database, *calls, at="search_key", mode="ACCESS EXCLUSIVE"):
    """Start the calls one by one, hold them up before a table until all are there, and let go."""
    async with held_up(database, at, mode) as until:
        tasks = []
        for call in calls:
            tasks.append(create_task(call))
            await until(tasks)
    return await gather(*tasks)


async def accepted(registry, message):
    """Submit as a gateway does: 503 means to send the same again."""
    for key in [uuid4().hex] * 5:
        answer = await registry.submit(message, key=key)
        if answer.status != 503:
            break
    return answer


def said(answer):
    return str(decode(answer.body, Problem).code if answer.is_problem else answer.status)


async def people(database):
    return len(await rows(database, "SELECT FROM person"))


async def links(database):
    return sorted(method for (method,) in await rows(database, "SELECT method FROM link"))


async def cities(registry, search, **asked):
    """As known when, and the cities abroad in their order."""
    answer = await registry.inquire(PENSION, search=search, **(WHOLE_TIME | asked))
    assert answer.status == 200
    told = decode(answer.body, InquiryAnswer)
    places = (version.items.address_abroad for version in told.versions)
    return told.known_at, [place.city for place in places if place is not None]


def in_town(number):
    return NEW_YORK | {"city": f"Town {number}"}


def with_number(one, number=NUMBER):
    return one | {"individual_number": number, "number_check": CHECKED}


# ----------------------------------------------------------------------------------- one person, one record


@pytest.mark.parametrize(
    ("who", "method"),
    [(person(), LinkMethod.EXACT_BASIC_FOUR), (with_number(person()), LinkMethod.INDIVIDUAL_NUMBER)],
    ids=["by name, birth date, sex and 本籍", "by number"],
)
async def test_many_reports_of_a_person_whom_nobody_knew_make_one_record(registry, database, troubles, who, method):
    days = [f"2024-04-{day + 1:02}" for day in range(AT_ONCE)]
    reports = [report(who, effective=day, address_abroad=in_town(number)) for number, day in enumerate(days)]
    answers = await together(database, *(accepted(registry, one) for one in reports))
    assert [answer.status for answer in answers] == [201] * AT_ONCE
    assert await people(database) == 1
    assert await links(database) == sorted([LinkMethod.OPENED] + [method] * (AT_ONCE - 1))
    held = "SELECT lower(certain)::text FROM version ORDER BY 1"
    assert [day for (day,) in await rows(database, held)] == days
    seqs = await rows(database, "SELECT seq FROM stamp ORDER BY at, seq")
    assert seqs == [(seq + 1,) for seq in range(AT_ONCE)]
    assert DEADLOCK not in troubles


@pytest.mark.parametrize("mission_first", [True, False], ids=["the report first", "the 除票 first"])
async def test_a_report_and_a_removed_record_that_meet_are_one_record(registry, database, troubles, mission_first):
    both = [accepted(registry, report()), registry.deliver(removed_record())]
    answers = await together(database, *(both if mission_first else reversed(both)))
    assert sorted(answer.status for answer in answers) == [200, 201]
    assert (await people(database), await links(database)) == (1, [LinkMethod.EXACT_BASIC_FOUR, LinkMethod.OPENED])
    answer = decode((await registry.inquire(PENSION, search=by_number())).body, InquiryAnswer)
    (version,) = answer.versions
    assert (version.items.address_abroad.city, version.flags.unconfirmed) == ("New York", True)
    assert troubles == []


async def test_reports_that_find_one_record_by_different_keys_change_it_in_turn(registry, database, troubles):
    await registry.deliver(removed_record())
    renamed = report(with_number(person(name=HANAKO | TANAKA)))
    both = accepted(registry, renamed), accepted(registry, change(address_abroad=ALBANY))
    answers = await together(database, *both, at="link", mode="SHARE")
    assert [answer.status for answer in answers] == [201, 201]
    assert await people(database) == 1
    assert (await cities(registry, by_number()))[1] == ["New York", "Albany"]
    assert troubles == []


async def test_the_same_removed_record_in_many_extracts_is_taken_in_once(registry, database, troubles):
    deliveries = [registry.deliver(removed_record(), extract=f"extract-{number}") for number in range(8)]
    states = [outcomes(answer)[0].state for answer in await together(database, *deliveries)]
    assert sorted(states) == [RecordState.ACCEPTED] + [RecordState.UNCHANGED] * 7
    assert (await people(database), await links(database)) == (1, [LinkMethod.OPENED])
    assert troubles == []


# -------------------------------------------------------------------------------------- one key, one effect

REPEATED = {
    "accepted": (report(), 201, "accepted"),
    "refused": (report(address_abroad=BOSTON), 422, "refused"),
}


@pytest.mark.parametrize(("message", "status", "outcome"), REPEATED.values(), ids=REPEATED)
async def test_one_report_ten_times_at_once_has_one_effect_and_one_answer(
    registry, database, troubles, message, status, outcome
):
    calls = [registry.submit(message, key="report-1") for _ in range(10)]
    answers = await together(database, *calls, at="log_pending", mode="SHARE")
    assert {answer.status for answer in answers} == {status}
    assert len({(answer.body, answer.header("registry-receipt")) for answer in answers}) == 1
    assert len(await rows(database, "SELECT FROM submission")) == (status == 201)
    entries = await log(registry, "outcome")
    assert entries == [(outcome,)] + [("repeated",)] * 9
    assert troubles == []


async def test_of_ten_reports_under_one_key_at_once_one_is_taken_in(registry, database, troubles):
    reports = [report(effective=f"2024-03-{day:02}") for day in range(11, 21)]
    answers = await together(database, *(registry.submit(one, key="report-1") for one in reports))
    assert sorted(map(said, answers)) == ["201"] + ["idempotency-key-reused"] * 9
    assert len(await rows(database, "SELECT FROM submission")) == 1
    assert troubles == []


async def test_one_part_of_an_extract_ten_times_at_once_has_one_effect_and_one_answer(registry, database, troubles):
    calls = [registry.deliver(removed_record(), key="extract-1:1") for _ in range(10)]
    answers = await together(database, *calls)
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert [one.state for one in outcomes(answers[0])] == [RecordState.ACCEPTED]
    assert await links(database) == [LinkMethod.OPENED]
    assert troubles == []


async def test_one_signed_request_ten_times_at_once_is_attended_to_once(registry, database):
    nonce = uuid4().hex
    calls = [asked_with(registry, nonce) for _ in range(10)]
    answers = await together(database, *calls, at="log_pending", mode="SHARE")
    assert sorted(map(said, answers)) == ["200"] + ["signature-replayed"] * 9


async def asked_with(registry, nonce):
    async with registry.caller(PENSION) as client:
        client._nonce = lambda: nonce
        return await client.get("/v1/grants")


# ---------------------------------------------------------------------------------- nobody waits in a circle


async def test_two_households_in_opposite_order_never_deadlock(registry, database, troubles):
    await registry.submit(report(person(), kichiro()))
    orders = [(person(), kichiro()), (kichiro(), person())] * 4
    reports = [change(*order, address_abroad=in_town(number)) for number, order in enumerate(orders)]
    answers = await together(database, *(accepted(registry, one) for one in reports))
    assert [answer.status for answer in answers] == [201] * 8
    assert await people(database) == 2
    assert DEADLOCK not in troubles


HIS = {"name": KICHIRO, "birth_date": "1981-02-14", "sex": "male", "individual_number": OTHER_NUMBER}
COUPLE = (removed_record(), removed_record(addressee_number="77", **HIS))


async def test_households_named_by_number_and_by_name_never_deadlock(registry, database, troubles):
    await registry.deliver(*COUPLE)
    wife, husband = person(name=HANAKO | TANAKA), kichiro() | {"name": KICHIRO | TANAKA}
    by_numbers = report(with_number(wife), with_number(husband, OTHER_NUMBER))
    both = registry.submit(by_numbers), registry.submit(report(kichiro(), person()))
    answers = await together(database, *both, at="person", mode="EXCLUSIVE")
    assert [answer.status for answer in answers] == [201, 201]
    assert DEADLOCK not in troubles


async def test_extracts_in_opposite_order_never_deadlock(registry, database, troubles):
    both = registry.deliver(*COUPLE), registry.deliver(*reversed(COUPLE), extract="extract-2")
    answers = await together(database, *both)
    assert [answer.status for answer in answers] == [200, 200]
    assert DEADLOCK not in troubles


async def test_batches_in_opposite_order_never_deadlock(registry, database, troubles):
    reports = report(person()), report(kichiro())
    answers = await together(database, batch(registry, *reports), batch(registry, *reversed(reports)))
    assert [answer.status for answer in answers] == [200, 200]
    assert DEADLOCK not in troubles


def batch(registry, *reports):
    items = []
    for one in reports:
        content = encode(one)
        evidence = registry.evidence(MISSION, content)
        items.append({"idempotency_key": uuid4().hex, "report": content.decode(), "evidence": evidence})
    return registry.post(MISSION, "/v1/submissions/batch", {"items": items})


async def test_a_number_claimed_twice_at_once_is_never_an_error_of_the_registry(registry, database, troubles):
    naha = {"municipality": "472018", "resident_record_code": CODE, "effective": "2024-04-30"}
    await registry.deliver(removed_record(resident_record_code=CODE))
    await registry.deliver(removed_record(**naha, individual_number=OTHER_NUMBER), body="472018")
    withdrawn = registry.deliver(removed_record(**naha, individual_number=None), body="472018")
    mistyped = registry.submit(report(with_number(kichiro())))
    answers = await together(database, withdrawn, mistyped, mode="SHARE")
    assert [answer.status for answer in answers] == [200, 201]
    assert troubles == []


# -------------------------------------------------------------------------------- whoever asks in the meantime

SEARCHES = {"by number": by_number(), "by name": by_name()}


@pytest.mark.parametrize("table", ["movement", "version", "link", "reconciliation"])
async def test_an_inquiry_while_a_report_is_written_is_answered_as_before(registry, database, table):
    await registry.deliver(removed_record())
    await registry.submit(report())
    async with held_up(database, table, "SHARE") as until:
        write = create_task(registry.submit(change(address_abroad=ALBANY)))
        await until([write])
        meanwhile = [(await cities(registry, search))[1] for search in SEARCHES.values()]
    await write
    afterwards = [(await cities(registry, search))[1] for search in SEARCHES.values()]
    assert (meanwhile, afterwards) == ([["New York"]] * 2, [["New York", "Albany"]] * 2)


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
async def test_inquiries_among_reports_see_each_report_wholly_or_not_at_all(registry, search):
    await registry.deliver(removed_record())
    await registry.submit(report())
    places = ["New York", *(f"Town {number}" for number in range(8))]

    async def write():
        for number, place in enumerate(places[1:], start=1):
            address = NEW_YORK | {"city": place}
            await accepted(registry, change(effective=f"2024-05-{number:02}", address_abroad=address))

    async def ask():
        seen = []
        while not writer.done():
            seen.append((await cities(registry, search))[1])
        return seen

    writer = create_task(write())
    seen = [one for many in await gather(ask(), ask(), ask()) for one in many]
    await writer
    states = [places[:known] for known in range(1, len(places) + 1)]
    assert [one for one in seen if one not in states] == []
    assert (await cities(registry, search))[1] == places


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
async def test_what_is_not_stamped_yet_is_not_in_an_answer_as_known_now(registry, search):
    await registry.deliver(removed_record())
    await registry.submit(report())
    content = encode(change(address_abroad=ALBANY, notified_on="2024-12-30"))
    headers = (("registry-evidence", registry.evidence(MISSION, content)),)
    await registry.post(MISSION, "/v1/submissions", content, headers=headers)
    known_at, now = await cities(registry, search)
    await registry.stamp()
    _, again = await cities(registry, search, known_at=known_at.isoformat())
    assert again == now


async def test_an_answer_is_wholly_from_before_or_after_a_report(registry, database):
    await registry.deliver(removed_record())

    async def ask():
        answer = await registry.inquire(PENSION, search=by_number())
        (version,) = decode(answer.body, InquiryAnswer).versions
        return version.items.address_abroad is None, version.flags.unconfirmed

    assert await ask() == (True, False)
    async with held_up(database, "log_pending", "SHARE") as until:
        write = create_task(registry.submit(report()))
        await until([write])
        behind = await asyncpg.connect(database)
        lock = create_task(behind.execute("BEGIN; LOCK TABLE link IN ACCESS EXCLUSIVE MODE"))
        await until([write, lock])
        question = create_task(ask())
        await until([write, lock, question])
    await gather(write, lock)
    await behind.close()
    assert await question in {(True, False), (False, True)}


async def test_by_a_later_addressee_number_nobody_is_found_as_known_before(registry):
    await registry.deliver(removed_record())
    before = registry.clock.now
    asked = {"affair": "former-residents", "basis": "住基法30条の41", "search": by_addressee("77")}

    async def outcome():
        answer = await registry.inquire(TOWN, **asked, **WHOLE_TIME, known_at=before.isoformat())
        return decode(answer.body, InquiryAnswer).outcome

    first = await outcome()
    await registry.deliver(removed_record(addressee_number="77", effective="2024-03-30"), extract="extract-2")
    assert (first, await outcome()) == (InquiryOutcome.NOT_FOUND, InquiryOutcome.NOT_FOUND)


async def test_a_report_alone_and_in_a_batch_at_once_is_one_report(registry, database, troubles):
    content = encode(report())
    evidence = registry.evidence(MISSION, content)
    item = {"idempotency_key": "report-1", "report": content.decode(), "evidence": evidence}
    alone = registry.post(MISSION, "/v1/submissions", content, key="report-1", headers=((EVIDENCE_HEADER, evidence),))
    in_batch = registry.post(MISSION, "/v1/submissions/batch", {"items": [item]})
    answers = await together(database, alone, in_batch)
    assert sorted(answer.status for answer in answers) == [200, 201]
    assert (await people(database), troubles) == (1, [])


async def test_batches_that_correct_the_same_reports_in_opposite_order_never_deadlock(registry, database, troubles):
    await registry.submit(report(person()), key="report-1")
    await registry.submit(report(kichiro()), key="report-2")
    both_reports = [report(person(), replaces="report-1"), report(kichiro(), replaces="report-2")]
    both = batch(registry, *both_reports), batch(registry, *reversed(both_reports))
    answers = await together(database, *both)
    assert [answer.status for answer in answers] == [200, 200]
    assert DEADLOCK not in troubles
