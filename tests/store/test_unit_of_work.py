"""One request, one transaction: what is not committed has not happened, and an outage has one name."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from registry.store import records
from registry.store.engine import TIMEOUTS, asyncpg_url, connect
from registry.store.unit_of_work import StoreUnavailable, Taken, UnitOfWork
from tests.store.rows import NOW, new_id, search_key

pytestmark = pytest.mark.anyio


async def _open_a_record(work):
    work.later(records.PERSON, records.person_row(new_id(), NOW))
    await work.write()


async def _count(engine):
    async with UnitOfWork(engine) as work:
        return await records.count_people(work)


async def test_what_is_committed_is_there_for_others(engine):
    async with UnitOfWork(engine) as work:
        await _open_a_record(work)
        await work.commit()
    assert await _count(engine) == 1


async def test_leaving_without_commit_leaves_nothing(engine):
    async with UnitOfWork(engine) as work:
        await _open_a_record(work)
    assert await _count(engine) == 0


async def test_an_error_leaves_nothing_and_is_the_same_error_outside(engine):
    async def act():
        async with UnitOfWork(engine) as work:
            await _open_a_record(work)
            raise LookupError("of the caller's own")

    with pytest.raises(LookupError, match="of the caller's own"):
        await act()
    assert await _count(engine) == 0


async def test_a_savepoint_undoes_what_happens_inside_and_no_more(engine):
    async with UnitOfWork(engine) as work:
        await _open_a_record(work)
        with pytest.raises(LookupError):  # noqa: PT012 - what the savepoint undoes comes before the error
            async with work.savepoint():
                await _open_a_record(work)
                raise LookupError
        await _open_a_record(work)
        await work.commit()
    assert await _count(engine) == 2


async def test_a_refused_statement_inside_a_savepoint_leaves_the_transaction_alive(engine):
    person_id = new_id()
    async with UnitOfWork(engine) as work:
        work.later(records.PERSON, records.person_row(person_id, NOW))
        with pytest.raises(Taken):
            async with work.savepoint():
                work.later(records.PERSON, records.person_row(person_id, NOW))
        await work.commit()
    assert await _count(engine) == 1


async def test_nothing_of_one_unit_of_work_is_left_on_the_connection_for_the_next(database):
    single = connect(database, role="registry_ex_officio", pool_size=1)
    async with UnitOfWork(single) as work:
        await _open_a_record(work)
        await work.run(text("SET LOCAL lock_timeout = 1"))
    async with UnitOfWork(single) as work:
        assert await records.count_people(work) == 0
        found = {name: (await work.run(text(f"SHOW {name}"))).scalar_one() for name in TIMEOUTS}
        assert found == TIMEOUTS
    await single.dispose()


async def test_a_unit_of_work_that_is_not_open_is_a_mistake_of_the_program(engine):
    with pytest.raises(RuntimeError, match="not open"):
        await UnitOfWork(engine).commit()


# ------------------------------------------------------------------------------------------------ outages


async def test_a_server_that_is_not_there_is_an_outage(tmp_path):
    nowhere = connect(f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(StoreUnavailable):
        async with UnitOfWork(nowhere):
            pass
    await nowhere.dispose()


async def test_running_out_of_connections_is_an_outage(database, monkeypatch):
    monkeypatch.setattr("registry.store.unit_of_work.PATIENCE", 0.01)
    small = create_async_engine(asyncpg_url(database), pool_size=1, max_overflow=0)
    async with UnitOfWork(small):
        with pytest.raises(StoreUnavailable):
            async with UnitOfWork(small):
                pass
    await small.dispose()


async def test_what_only_reads_leaves_its_turn_where_it_cannot_go_on_by_the_library(database, monkeypatch):
    small = connect(database, pool_size=1)

    async def away():
        raise ConnectionRefusedError

    async with UnitOfWork(small, only_reads=True) as work:
        with monkeypatch.context() as patch:
            patch.setattr(AsyncEngine, "connect", lambda _: away())
            with pytest.raises(StoreUnavailable):
                await work.rows(text("SELECT 1"))
    async with UnitOfWork(small, only_reads=True) as work:
        assert len(await work.rows(text("SELECT 1"))) == 1
    await small.dispose()


async def _kill_connections(database):
    owner = await asyncpg.connect(database)
    await owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND starts_with(application_name, 'registry')"
    )
    await owner.close()


async def test_a_connection_that_dies_under_way_is_an_outage_and_the_next_request_is_served(database, engine):
    async def act():
        async with UnitOfWork(engine) as work:
            await _open_a_record(work)
            await _kill_connections(database)
            await _open_a_record(work)

    with pytest.raises(StoreUnavailable):
        await act()
    assert await _count(engine) == 0


async def test_a_commit_that_nobody_confirmed_is_an_outage(database, engine):
    async def act():
        async with UnitOfWork(engine) as work:
            await _open_a_record(work)
            await _kill_connections(database)
            await work.commit()

    with pytest.raises(StoreUnavailable):
        await act()


async def test_all_connections_dead_cost_one_request_and_no_more(database, engine):
    works = [UnitOfWork(engine) for _ in range(4)]
    for work in works:
        await work.__aenter__()
        await records.count_people(work)
    for work in works:
        await work.__aexit__(None, None, None)
    await _kill_connections(database)
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(await _count(engine))
        except StoreUnavailable:
            outcomes.append("unavailable")
    assert outcomes[1:] == [0, 0, 0]


async def test_a_transaction_ended_for_idling_is_an_outage(database, engine):
    async def act():
        async with UnitOfWork(engine) as work:
            pid = (await work.run(text("SELECT pg_backend_pid()"))).scalar_one()
            await work.run(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
            await _until_gone(database, pid)
            await _open_a_record(work)

    with pytest.raises(StoreUnavailable):
        await act()


async def _until_gone(database, pid):
    owner = await asyncpg.connect(database)
    while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
        pass
    await owner.close()


@pytest.mark.parametrize(
    ("settings", "statement"),
    [
        ("SET LOCAL statement_timeout = 100", "SELECT pg_sleep(5)"),
        ("SET TRANSACTION READ ONLY", "INSERT INTO person VALUES (gen_random_uuid(), now())"),
    ],
    ids=["a statement that takes too long", "a server that became a standby"],
)
async def test_a_server_that_cannot_serve_now_is_an_outage(engine, settings, statement):
    async def act():
        async with UnitOfWork(engine) as work:
            await work.run(text(settings))
            await work.run(text(statement))

    with pytest.raises(StoreUnavailable):
        await act()


async def test_waiting_too_long_for_somebody_else_is_an_outage(engine):
    person_id = new_id()
    async with UnitOfWork(engine) as first:
        first.later(records.PERSON, records.person_row(person_id, NOW))
        await first.write()
        await first.commit()
        await records.lock_people(first, [person_id])

        async def wait():
            async with UnitOfWork(engine) as second:
                await second.run(text("SET LOCAL lock_timeout = 1"))
                await records.lock_people(second, [person_id])

        with pytest.raises(StoreUnavailable):
            await wait()


async def test_a_wrong_statement_is_no_outage(engine):
    async def act():
        async with UnitOfWork(engine) as work:
            await work.run(text("SELECT nothing FROM nowhere"))

    with pytest.raises(ProgrammingError):
        await act()


# -------------------------------------------------------------------------------------- one that only reads


async def test_what_only_reads_writes_its_entry_with_the_commit(engine):
    async with UnitOfWork(engine, only_reads=True) as work:
        work.later(records.PERSON, records.person_row(new_id(), NOW))
        assert await _count(engine) == 0
        await work.commit()
    assert await _count(engine) == 1


async def test_what_only_reads_and_fails_has_written_nothing(engine):
    async def act():
        async with UnitOfWork(engine, only_reads=True) as work:
            work.later(records.PERSON, records.person_row(new_id(), NOW))
            raise LookupError

    with pytest.raises(LookupError):
        await act()
    assert await _count(engine) == 0


async def test_what_only_reads_meets_what_is_there_already(engine):
    person_id = new_id()
    for expected in (None, "pk_person"):
        async with UnitOfWork(engine, only_reads=True) as work:
            work.later(records.PERSON, records.person_row(person_id, NOW))
            assert await _met(work.commit()) == expected


async def _met(act):
    try:
        await act
    except Taken as taken:
        return taken.constraint
    return None


async def test_a_dead_connection_costs_what_only_reads_one_request_and_no_more(database):
    single = connect(database, role="registry_ex_officio", pool_size=1)

    async def act():
        async with UnitOfWork(single, only_reads=True) as work:
            return await records.open_people(work, None, [new_id()])

    assert await act() == {}
    await _kill_connections(database)
    with pytest.raises(StoreUnavailable):
        await act()
    assert await act() == {}
    await single.dispose()


async def test_waiting_too_long_is_an_outage_for_what_only_reads(engine):
    async def act():
        async with UnitOfWork(engine, only_reads=True) as work:
            await work.run(text("SET lock_timeout = 1"))
            await records.lock_keys(work, [search_key()])

    async with UnitOfWork(engine) as holder:
        await records.lock_keys(holder, [search_key()])
        with pytest.raises(StoreUnavailable):
            await act()


async def test_who_waits_for_a_connection_gets_it_in_turn(database):
    single = connect(database, role="registry_ex_officio", pool_size=1)
    served = []

    async def act(number):
        async with UnitOfWork(single, only_reads=True) as work:
            await records.count_people(work)
        served.append(number)

    await asyncio.gather(*(act(number) for number in range(20)))
    assert served == list(range(20))
    await single.dispose()
