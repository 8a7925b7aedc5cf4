"""A newer table of areas or missions: from its day the registry judges by it, and people get the right mission."""

from datetime import UTC, date, datetime

import asyncpg
import msgspec
import pytest

from registry.code_tables.files import package_text
from registry.code_tables.shapes import TableName, one_by_one, read_rows, write_rows
from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer, InquiryOutcome, Receipt, SubmissionState
from registry.contract.problems import Problem
from registry.services import area_changes, clockwork, code_table_imports
from registry.services.area_changes import AlreadyRunning, Outcome
from registry.services.code_table_imports import ImportUnderWay
from registry.store import code_tables
from registry.store.engine import connect
from tests.acceptance.papers import BOSTON, NEW_YORK, by_name, change, coming_home, kichiro, person, report
from tests.house import MISSION as NY

pytestmark = pytest.mark.anyio

B = "JP-CG-BOSTON"
BEFORE, AHEAD = date(2024, 12, 1), date(2025, 1, 15)  # the house's clock shows 2024-12-31
AREAS, MISSIONS = TableName.AREAS, TableName.MISSIONS
CONSULAR = {"affair": "consular-protection", "basis": "旅券法16条", "fields": ["mission", "status"]}


def areas(*given, without=()):
    """The package's areas, with places of the United States given to missions, and others to nobody."""
    taken = {place for _, place in given} | set(without)
    rows = one_by_one(AREAS, read_rows(package_text(AREAS)))
    kept = [row for row in rows if not (row["country"] == "US" and row["subdivisions"] in taken)]
    pattern = rows[0].but(country="US", excluded="", valid_from="", valid_to="")
    return write_rows(AREAS, [*kept, *(pattern.but(mission=one, subdivisions=place) for one, place in given)]).encode()


STATE_MOVES = areas((B, "New York"))
STATE_SPLIT = areas((NY, "New York/Albany"), (B, "New York/Kings"), without=["New York"])


@pytest.fixture
async def owner(registry, database):
    """The resources of whoever runs `registry codes`."""
    engine = connect(database, pool_size=3)
    yield msgspec.structs.replace(registry.resources, engine=engine)
    await engine.dispose()


async def put_in(owner, data, day, table=AREAS):
    return await code_table_imports.put_in(owner, await code_table_imports.propose(owner, table, "file.csv", data, day))


async def go_through(registry, *, again=False):
    """What became of the records, as the registry finds it by itself."""
    await clockwork.follow_code_tables(registry.resources)
    found = [
        outcome
        for one in await area_changes.due(registry.ex_officio, again=again)
        async for outcome in area_changes.run(registry.ex_officio, one)
    ]
    await registry.stamp()
    return found


async def query(database, text):
    connection = await asyncpg.connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(text)]
    finally:
        await connection.close()


async def looks_after(registry, mission, **search):
    answer = await registry.inquire(mission, search=by_name(), **CONSULAR, **search)
    found = decode(answer.body, InquiryAnswer)
    return found.outcome is InquiryOutcome.FOUND


async def test_who_lives_in_a_moved_area_has_the_new_mission_from_the_day_and_the_old_one_until_then(registry, owner):
    await registry.submit(report())
    await put_in(owner, STATE_MOVES, BEFORE)
    assert await go_through(registry) == [Outcome.MOVED]
    days = {"2024-11-30": (True, False), "2024-12-01": (False, True)}
    for day, expected in days.items():
        found = [await looks_after(registry, one, valid_on=day) for one in (NY, B)]
        assert tuple(found) == expected


async def test_both_missions_are_told_and_the_movement_is_stamped(registry, owner, database):
    await registry.submit(report())
    await put_in(owner, STATE_MOVES, BEFORE)
    await go_through(registry)
    rows = await query(
        database,
        "SELECT s.kind, s.sender, s.state, m.kind, m.earliest, e.kind, e.recipients, t.seq IS NOT NULL"
        " FROM submission s JOIN movement m USING (submission_id) JOIN event e USING (submission_id)"
        " LEFT JOIN stamp t USING (submission_id) WHERE s.kind = 'codes-import'",
    )
    kind = "corrected-ex-officio"
    assert rows == [("codes-import", "902012", "accepted", kind, BEFORE, kind, sorted([B, NY]), True)]


async def test_what_was_known_before_the_import_is_answered_as_before(registry, owner):
    await registry.submit(report())
    known_at = registry.clock().isoformat()
    await put_in(owner, STATE_MOVES, BEFORE)
    registry.clock.advance(seconds=1)
    await go_through(registry)
    assert await looks_after(registry, NY, known_at=known_at)
    assert not await looks_after(registry, NY)


async def test_a_table_of_a_day_to_come_changes_nothing_before_it(registry, owner):
    await registry.submit(report())
    await put_in(owner, STATE_MOVES, AHEAD)
    assert await go_through(registry) == []
    to_boston = report(kichiro(), mission=B, notified_on="2024-12-30", effective="2024-12-20")
    refused = decode((await registry.submit(to_boston, body=B)).body, Problem)
    assert [str(fault.code) for fault in refused.faults] == ["mission-not-competent"]
    registry.clock.now = datetime(2025, 1, 14, 15, 0, tzinfo=UTC)  # midnight in Japan
    assert await go_through(registry) == [Outcome.MOVED]
    registry.clock.advance(days=1)
    answer = await registry.submit(to_boston | {"notified_on": "2025-01-15"}, body=B)
    assert answer.status == 201


async def test_whose_part_of_a_split_area_is_unknown_is_for_people_to_decide(registry, owner, database):
    await registry.submit(report())
    await registry.submit(report(kichiro(), address_abroad=NEW_YORK | {"subdivision": "New York/Kings"}))
    await put_in(owner, STATE_SPLIT, BEFORE)
    assert sorted(await go_through(registry)) == [Outcome.MOVED, Outcome.UNCERTAIN]
    assert await go_through(registry, again=True) == [Outcome.STAYS] * 2
    cases = "SELECT c.kind, field, s.state FROM review_case c JOIN submission s USING (submission_id)"
    assert await query(database, cases) == [("competence-uncertain", "mission", "in-review")]
    outcomes = await query(database, "SELECT outcome FROM reconciliation ORDER BY outcome")
    assert outcomes == [("no-removed-record",), ("under-review",)]
    assert await query(database, "SELECT moved, uncertain FROM area_change") == [(1, 1)]


async def test_whoever_lives_elsewhere_or_has_gone_home_is_left_alone(registry, owner):
    await registry.submit(report(mission=B, address_abroad=BOSTON), body=B)
    await registry.submit(report(kichiro()))
    await registry.submit(coming_home(kichiro()))
    await put_in(owner, STATE_MOVES, BEFORE)
    assert set(await go_through(registry)) <= {Outcome.STAYS}


async def test_a_mission_that_closes_hands_its_people_over_in_one_step(registry, owner):
    await registry.submit(report())
    rows = [row for row in read_rows(package_text(MISSIONS)) if row["code"] != NY]
    await put_in(owner, write_rows(MISSIONS, rows).encode(), BEFORE, MISSIONS)
    await put_in(owner, STATE_MOVES, BEFORE)
    assert await go_through(registry) == [Outcome.MOVED]
    assert await looks_after(registry, B)


async def test_a_run_that_is_broken_off_is_finished_by_the_next_and_moves_nobody_twice(registry, owner, database):
    people = [person(name={"surname": "髙﨑", "given": f"花子{number}"}) for number in range(4)]
    await registry.submit(report(*people))
    await put_in(owner, STATE_MOVES, BEFORE)
    (one,) = await area_changes.due(registry.ex_officio)
    run = area_changes.run(registry.ex_officio, one)
    assert await anext(run) is Outcome.MOVED
    await run.aclose()
    assert sorted(await go_through(registry)) == [Outcome.MOVED] * 3 + [Outcome.STAYS]
    assert await go_through(registry) == []
    assert await go_through(registry, again=True) == [Outcome.STAYS] * 4
    moved = await query(database, "SELECT count(*), count(DISTINCT person_id) FROM movement WHERE kind LIKE 'corr%'")
    assert moved == [(4, 4)]


async def test_a_report_of_the_old_mission_that_arrives_late_is_found_by_going_through_again(registry, owner):
    await put_in(owner, STATE_MOVES, BEFORE)
    assert await go_through(registry) == []
    await registry.submit(report())  # taken in by the gateway in April, when New York was in charge
    assert await go_through(registry) == []
    assert await go_through(registry, again=True) == [Outcome.MOVED]


async def test_a_second_change_of_the_same_day_puts_right_what_the_first_did(registry, owner):
    await registry.submit(report())
    await put_in(owner, STATE_MOVES, BEFORE)
    await go_through(registry)
    await put_in(owner, areas((NY, "New York")), BEFORE)
    assert await area_changes.catch_up(registry.ex_officio) == 1
    assert await area_changes.catch_up(registry.ex_officio) == 0
    await registry.stamp()
    assert await looks_after(registry, NY)


async def test_two_cannot_go_through_the_records_at_once(registry):
    async with area_changes.alone(registry.ex_officio):
        with pytest.raises(AlreadyRunning):
            async with area_changes.alone(registry.ex_officio):
                pytest.fail("two at once")


async def test_the_same_file_again_has_nothing_to_say(owner):
    await put_in(owner, STATE_MOVES, BEFORE)
    for day in (BEFORE, AHEAD):
        assert (await code_table_imports.propose(owner, AREAS, "file.csv", STATE_MOVES, day)).revision.changes == ()


async def test_whoever_looked_at_a_table_that_has_changed_since_must_look_again(owner):
    looked_at = await code_table_imports.propose(owner, AREAS, "file.csv", STATE_MOVES, BEFORE)
    await put_in(owner, STATE_SPLIT, BEFORE)
    with pytest.raises(ImportUnderWay):
        await code_table_imports.put_in(owner, looked_at)


async def test_nobody_puts_a_table_in_while_another_does(owner):
    looked_at = await code_table_imports.propose(owner, AREAS, "file.csv", STATE_MOVES, BEFORE)
    async with owner.work() as other:
        assert await code_tables.take_lock(other, code_tables.IMPORT_LOCK)
        with pytest.raises(ImportUnderWay):
            await code_table_imports.put_in(owner, looked_at)


async def test_a_change_by_another_movement_after_the_day_keeps_the_new_mission(registry, owner):
    await registry.submit(report())
    await put_in(owner, STATE_MOVES, BEFORE)
    await go_through(registry)
    telephone = {"telephone": "+1 212 555 0173"}
    later = change(mission=B, effective="2024-12-20", notified_on="2024-12-21", contact=telephone)
    receipt = decode((await registry.submit(later, body=B)).body, Receipt)
    assert receipt.state is SubmissionState.ACCEPTED
    assert await looks_after(registry, B)
