"""Who asks too fast waits; who searches is narrowed, by every process and after a restart, until people lift it."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from registry.application import application
from registry.contract.decoding import decode, encode
from registry.contract.grants import GrantsAnswer
from registry.domain.disclosure import SearchKey
from registry.domain.trawling import FEW, REFUSED_AT_LEAST, Suspicion, Tally, Verdict
from registry.services import clockwork
from registry.services.resources import japan_date
from registry.settings import Settings
from registry.store import trawling
from registry.store.engine import connect
from registry.store.trawling import Narrowing
from registry.store.unit_of_work import UnitOfWork
from registry.web.door import LARGEST_BODY
from registry.web.metrics import METRICS
from tests.acceptance.asking import ask, refused, said, told
from tests.acceptance.door import header, is_signed, read, send, signed
from tests.acceptance.papers import by_addressee, by_name, by_number, number, report
from tests.acceptance.seen import receipt, rows
from tests.house import MISSION, NOW, PENSION, TAX, TOWN, URL, a_log_key, house
from tests.logged import log

pytestmark = pytest.mark.anyio

BASE = 20_000_000_000
NOBODY = {"surname": "不在", "given": "無"}


async def count_up(registry, body, first, count):
    """Ask for some numbers that follow one another, the last one first; return the statuses of the answers."""
    fields = {"affair": "income-tax"} if body == TAX else {}
    bases = reversed(range(first, first + count))
    return [(await ask(registry, body, search=by_number(number(base)), **fields)).status for base in bases]


async def narrowed(registry, body=PENSION):
    """Let a body be narrowed, and let it be known to all processes."""
    assert set(await count_up(registry, body, BASE, FEW)) == {200}
    await registry.watch.exchange()


async def lift(database, body):
    """Lift a narrowing as ``registry callers lift`` does, with the rights of the owner."""
    owner = connect(database, pool_size=1)
    async with UnitOfWork(owner) as work:
        assert await trawling.lift(work, body, NOW + timedelta(minutes=1), "a test batch")
        await work.commit()
    await owner.dispose()


@asynccontextmanager
async def another_process(registry, database, folder):
    """A second process over the same database, with the same callers."""
    async with house(database, folder) as other:
        other.keys = registry.keys
        await other.register_everybody()
        for one in (registry, other):
            one.clock.advance(seconds=2)  # both read the keys again
        await other.watch.exchange()
        yield other


async def counted_today(registry):
    async with registry.ex_officio.work() as work:
        return await trawling.tallies_of(work, japan_date(registry.clock()))


# ------------------------------------------------------------------------------------------------- narrowing


async def test_who_counts_numbers_up_is_narrowed_and_people_are_told(registry, database):
    alarms = METRICS.get_sample_value("registry_caller_alarms_total", {"suspicion": "sequence"}) or 0
    with capture_logs() as lines:
        assert await count_up(registry, PENSION, BASE, FEW - 1) == [200] * (FEW - 1)
        assert registry.watch.verdict(PENSION) is Verdict.FREE
        assert await count_up(registry, PENSION, BASE + FEW, 1) == [200]
    assert registry.watch.verdict(PENSION) is Verdict.NARROWED
    (alarm,) = [line for line in lines if line["event"] == "caller asks suspiciously"]
    assert (alarm["caller"], alarm["suspicions"], alarm["log_level"]) == (PENSION, ["sequence"], "warning")
    assert METRICS.get_sample_value("registry_caller_alarms_total", {"suspicion": "sequence"}) == alarms + 1
    await registry.watch.exchange()
    assert await rows(database, "SELECT body, suspicions, lifted_at FROM caller_narrowing") == [
        (PENSION, ["sequence"], None)
    ]


async def test_a_narrowed_body_asks_by_its_strongest_keys_only_and_its_grants_say_so(registry):
    await narrowed(registry)
    assert refused(await ask(registry, PENSION, search=by_name())) == (
        "not-permitted",
        {("/search", "search-not-allowed")},
    )
    registry.clock.advance(seconds=6)
    assert (await told(registry, PENSION, search=by_number())).versions == ()
    grants = decode((await registry.get(PENSION, "/v1/grants")).body, GrantsAnswer).grants
    searches = {search for grant in grants for search in grant.searches}
    assert SearchKey.INDIVIDUAL_NUMBER in searches
    assert SearchKey.NAME_AND_BIRTH_DATE not in searches


async def test_a_narrowed_body_asks_at_the_pace_of_a_clerk(registry):
    await narrowed(registry)
    answers = [await ask(registry, PENSION, search=by_number()) for _ in range(12)]
    assert [one.status for one in answers] == [200] * 10 + [429] * 2
    wait = int(header(answers[-1], "retry-after"))
    assert 1 <= wait <= 6
    registry.clock.advance(seconds=wait)
    assert (await ask(registry, PENSION, search=by_number())).status == 200


async def test_nobody_else_is_held_up(registry):
    await narrowed(registry)
    assert [(await ask(registry, body)).status for body in (TAX, TOWN, MISSION) for _ in range(15)] == [200] * 45


async def test_a_narrowed_mission_goes_on_reporting_and_asking_by_name(registry):
    narrowing = Narrowing(body=MISSION, suspicions=(Suspicion.MISSES,), narrowed_at=registry.clock())
    async with registry.ex_officio.work() as work:
        await trawling.narrow(work, [narrowing])
        await work.commit()
    await registry.watch.exchange()
    for _ in range(15):
        receipt(await registry.submit(report()))
    assert (await ask(registry, MISSION, search=by_name())).status == 200


async def test_another_process_narrows_as_soon_as_they_have_told_each_other(registry, database, tmp_path):
    async with another_process(registry, database, tmp_path) as other:
        await narrowed(registry)
        assert other.watch.verdict(PENSION) is Verdict.FREE
        await other.watch.exchange()
        assert refused(await ask(other, PENSION, search=by_name()))[0] == "not-permitted"
        await lift(database, PENSION)
        for one in (registry, other):
            await one.watch.exchange()
            said(await ask(one, PENSION, search=by_name()))


async def test_a_restart_frees_nobody(registry, database, tmp_path):
    await narrowed(registry)
    async with another_process(registry, database, tmp_path) as restarted:
        assert refused(await ask(restarted, PENSION, search=by_name()))[0] == "not-permitted"


async def test_what_two_processes_counted_is_judged_together(registry, database, tmp_path):
    half = Tally(asked=600, by_name=600, missed_by_name=600)
    async with another_process(registry, database, tmp_path) as other:
        for one in (registry, other):
            async with one.resources.work() as work:
                await trawling.add_tallies(work, {(PENSION, japan_date(one.clock())): half})
                await work.commit()
        said(await ask(other, PENSION, search=by_name(NOBODY)))
        assert other.watch.verdict(PENSION) is Verdict.FREE
        await other.watch.exchange()
        said(await ask(other, PENSION, search=by_name(NOBODY)))
        assert other.watch.verdict(PENSION) is Verdict.NARROWED
        assert (await counted_today(registry))[PENSION].missed_by_name == 1_201


async def test_after_people_lift_it_counting_begins_anew_and_the_record_says_who_and_why(registry, database):
    await narrowed(registry)
    await lift(database, PENSION)
    await registry.watch.exchange()
    assert await counted_today(registry) == {}
    assert await count_up(registry, PENSION, BASE + 5 * FEW, FEW - 1) == [200] * (FEW - 1)
    said(await ask(registry, PENSION, search=by_name()))
    assert registry.watch.verdict(PENSION) is Verdict.FREE
    query = "SELECT body, lifted_by, reason, lifted_at > narrowed_at FROM caller_narrowing"
    assert await rows(database, query) == [(PENSION, "postgres", "a test batch", True)]
    await count_up(registry, PENSION, BASE + 6 * FEW, 1)
    assert registry.watch.verdict(PENSION) is Verdict.NARROWED


async def test_a_municipality_that_counts_its_own_numbers_up_is_not_narrowed(registry):
    for own in range(3 * FEW):
        said(await ask(registry, TOWN, search=by_addressee(f"{own}")))
    assert registry.watch.verdict(TOWN) is Verdict.FREE


async def test_nobody_is_narrowed_for_what_others_sent_again(registry):
    message = {
        "affair": "pension-benefit",
        "basis": "番号法19条8号",
        "handled_by": "clerk-7",
        "fields": ["status"],
        "search": by_name(NOBODY),
    }
    inquiry = signed(registry, message, body=PENSION, path="/v1/inquiries")
    assert [(await send(registry, inquiry)).status for _ in range(5)] == [200, 401, 401, 401, 401]
    await registry.watch.exchange()
    assert (await counted_today(registry))[PENSION] == Tally(asked=1, by_name=1, missed_by_name=1)


# ---------------------------------------------------------------------------------------------- many at once


async def ask_many(registry, *searches):
    """Ask about some people in one request."""
    terms = {"affair": "pension-benefit", "basis": "番号法19条8号", "handled_by": "clerk-7", "fields": ["status"]}
    people = [{"search": search} for search in searches]
    return await registry.post(PENSION, "/v1/inquiries/bulk", terms | {"people": people})


async def test_numbers_that_follow_one_another_are_not_even_answered_in_bulk(registry):
    answer = await ask_many(registry, *(by_number(number(BASE + 7 * place)) for place in range(FEW)))
    assert refused(answer) == ("not-permitted", {("/people", "not-allowed-here")})
    assert registry.watch.verdict(PENSION) is Verdict.NARROWED


async def test_a_narrowed_body_asks_about_one_person_at_a_time(registry):
    await narrowed(registry)
    assert refused(await ask_many(registry, by_number(), by_number()))[0] == "not-permitted"
    assert (await ask_many(registry, by_number())).status == 200


async def test_each_person_of_a_bulk_inquiry_counts_as_if_asked_alone(registry):
    searches = [by_number(), by_name(NOBODY), by_addressee(), by_name({}, "1980"), {"by": "tarot"}]
    assert (await ask_many(registry, *searches)).status == 200
    assert (await ask_many(registry, by_addressee(), by_addressee())).status == 403
    await registry.watch.exchange()
    assert (await counted_today(registry))[PENSION] == Tally(
        asked=4, by_number=1, missed_by_number=1, by_name=1, missed_by_name=1, refused=2
    )


# --------------------------------------------------------------------------------------------------- counting


async def test_what_is_counted_outlives_a_database_that_is_away(registry, database):
    said(await ask(registry, PENSION, search=by_name(NOBODY)))
    await rows(database, "ALTER TABLE caller_tally RENAME TO elsewhere")
    with pytest.raises(SQLAlchemyError):
        await registry.watch.exchange()
    said(await ask(registry, PENSION, search=by_name(NOBODY)))
    await rows(database, "ALTER TABLE elsewhere RENAME TO caller_tally")
    await registry.watch.exchange()
    assert (await counted_today(registry))[PENSION].missed_by_name == 2


async def test_a_registry_that_ends_in_order_hands_over_what_it_counted(registry, database, tmp_path):
    keys, signing_key = tmp_path / "keys.json", tmp_path / "registry.pem"
    registry.clock.now = datetime.now(UTC)
    files = {"keys": keys, "signing_key": signing_key, "log_key": a_log_key(tmp_path)}
    async with application(Settings(dsn=database, public_url=URL, **files)) as app:
        registry.app = app
        said(await ask(registry, PENSION, search=by_name(NOBODY)))
        assert await counted_today(registry) == {}
    assert (await counted_today(registry))[PENSION].missed_by_name == 1


async def test_a_new_day_begins_with_nothing_and_old_days_are_forgotten(registry):
    said(await ask(registry, PENSION, search=by_name(NOBODY)))
    await registry.watch.exchange()
    registry.clock.advance(days=1)
    await registry.stamp()
    said(await ask(registry, PENSION, search=by_name(NOBODY)))
    await registry.watch.exchange()
    assert (await counted_today(registry))[PENSION].asked == 1
    registry.clock.advance(days=40)
    await clockwork.forget(registry.resources)
    yesterday = japan_date(registry.clock() - timedelta(days=40))
    async with registry.ex_officio.work() as work:
        assert await trawling.tallies_of(work, yesterday) == {}


async def test_who_only_asks_for_what_no_grant_covers_is_slowed_down_for_the_day(registry):
    before = Tally(asked=REFUSED_AT_LEAST, refused=REFUSED_AT_LEAST)
    async with registry.ex_officio.work() as work:
        await trawling.add_tallies(work, {(TAX, japan_date(registry.clock())): before})
        await work.commit()
    for _ in range(2):
        assert refused(await ask(registry, TAX, search=by_name()))[0] == "not-permitted"
        await registry.watch.exchange()
    assert registry.watch.verdict(TAX) is Verdict.LIMITED
    registry.clock.advance(days=1)
    await registry.stamp()
    assert (await ask(registry, TAX)).status == 200
    assert registry.watch.verdict(TAX) is Verdict.FREE


# -------------------------------------------------------------------------------------------------------- pace


async def too_fast(registry, body=PENSION):
    """Send the heaviest requests there are until one is turned away; return that request and its answer."""
    for _ in range(20):
        request = signed(registry, b" " * LARGEST_BODY, body=body, path="/v1/inquiries")
        answer = await send(registry, request)
        if answer.status == 429:
            return request, answer
    raise AssertionError("nobody was turned away")


async def test_who_is_too_fast_is_told_by_a_signed_answer_when_to_come_again(registry):
    request, answer = await too_fast(registry)
    assert str(read(answer).code) == "rate-limited"
    assert is_signed(registry, request, answer)
    registry.clock.advance(seconds=int(header(answer, "retry-after")))
    assert (await ask(registry, PENSION)).status == 200
    assert (await ask(registry, TAX)).status == 200


async def test_the_log_has_it_once_a_minute_and_no_flood_fills_it(registry):
    turned_away_for_it = {"codes": ["rate-limited"]}
    await too_fast(registry)
    entries = await log(registry, "body", "operation", "outcome", **turned_away_for_it)
    assert entries == [(PENSION, "inquiry", "refused")]
    turned_away = METRICS.get_sample_value("registry_rate_limited_total", {"body_kind": "pension-office"})
    for _ in range(20):
        await too_fast(registry)
    assert len(await log(registry, "body", **turned_away_for_it)) == 1
    now = METRICS.get_sample_value("registry_rate_limited_total", {"body_kind": "pension-office"})
    assert now == turned_away + 20
    registry.clock.advance(seconds=60)
    await too_fast(registry)
    assert len(await log(registry, "body", **turned_away_for_it)) == 2


async def test_a_submission_that_came_too_fast_is_taken_in_under_the_same_key_later(registry):
    content = encode(report()).ljust(1 << 20)
    await too_fast(registry, MISSION)
    for _ in range(20):
        key = uuid4().hex
        answer = await registry.submit(content, key=key)
        if answer.status == 429:
            break
        receipt(answer)
    assert answer.status == 429
    registry.clock.advance(seconds=60)
    receipt(await registry.submit(content, key=key))
