"""The tables of codes in the database: put in once, added to version by version, in force by their day."""

from datetime import UTC, date, datetime
from hashlib import sha256

import asyncpg
import pytest
from sqlalchemy.exc import ProgrammingError

from registry.code_tables.files import package_text
from registry.code_tables.shapes import TableName
from registry.services.code_tables import CodeTables
from registry.store import code_tables
from registry.store.engine import connect
from registry.store.migrate import migrate
from registry.store.unit_of_work import UnitOfWork

pytestmark = pytest.mark.anyio

AREAS, MISSIONS = TableName.AREAS, TableName.MISSIONS
SPRING, AUTUMN = date(2025, 4, 1), date(2025, 10, 1)
NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
async def owner(owner_engine):
    async with UnitOfWork(owner_engine) as work:
        yield work


async def add(work, table=AREAS, day=SPRING, mark=""):
    content = package_text(table) + mark
    return await code_tables.add(work, table, content, applies_from=day, source="file.csv", at=NOW)


async def test_migrating_puts_in_the_tables_of_the_package_and_says_of_when_they_are(work):
    versions = {one.table: one for one in await code_tables.versions(work)}
    assert versions.keys() == set(TableName)
    texts = await code_tables.texts(work, await code_tables.newest(work))
    for table, version in versions.items():
        assert texts[table] == package_text(table)
        assert version.sha256 == sha256(package_text(table).encode()).hexdigest()
        assert version.applies_from is None
    assert "December 2013" in versions[MISSIONS].source
    assert "December 2013" in versions[AREAS].source


async def test_migrating_again_puts_in_nothing(database):
    await migrate(database)
    engine = connect(database, pool_size=1)
    async with UnitOfWork(engine) as work:
        assert len(await code_tables.versions(work)) == len(TableName)
    await engine.dispose()


async def test_the_newest_version_that_applies_by_a_day_is_in_force(owner):
    first = (await code_tables.newest(owner))[AREAS]
    spring = await add(owner)
    autumn = await add(owner, day=AUTUMN)
    mended = await add(owner)
    days = [date(1980, 1, 1), date(2025, 3, 31), SPRING, date(2025, 9, 30), AUTUMN]
    found = [(await code_tables.in_force(owner, day))[AREAS] for day in days]
    # The version put in last is made from the one before it and holds what that brings in autumn.
    assert found == [first, first, mended, mended, mended]
    assert first < spring < autumn < mended
    assert (await code_tables.newest(owner))[AREAS] == mended
    assert await code_tables.before(owner, mended, AREAS) == autumn
    assert await code_tables.before(owner, first, AREAS) is None


async def test_who_put_a_version_in_and_of_what_stays_on_record(owner):
    version_id = await add(owner, mark="\n")
    (found,) = [one for one in await code_tables.versions(owner) if one.version_id == version_id]
    assert (found.source, found.imported_at, found.imported_by) == ("file.csv", NOW, "postgres")
    assert found.sha256 == sha256((package_text(AREAS) + "\n").encode()).hexdigest()


@pytest.mark.parametrize(("table", "column"), [("code_table_version", "content"), ("area_change", "moved")])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
async def test_even_the_owner_cannot_change_a_version(database, table, column, change):
    connection = await asyncpg.connect(database)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="are never changed"):
            await connection.execute(change.format(table, column))
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["registry_app", "registry_reconciler"])
async def test_the_application_and_the_nightly_run_only_read_the_tables(database, role):
    engine = connect(database, role=role, pool_size=1)
    try:
        async with UnitOfWork(engine) as work:
            assert len(await code_tables.newest(work)) == len(TableName)
            with pytest.raises(ProgrammingError, match="permission denied for table code_table_version"):
                await add(work)
    finally:
        await engine.dispose()


async def test_only_one_can_hold_the_lock_of_an_import(owner_engine):
    async with UnitOfWork(owner_engine) as one, UnitOfWork(owner_engine) as other:
        assert await code_tables.take_lock(one, code_tables.IMPORT_LOCK)
        assert not await code_tables.take_lock(other, code_tables.IMPORT_LOCK)
        assert await code_tables.take_lock(other, code_tables.AREA_CHANGE_LOCK)


async def test_whoever_holds_tables_takes_over_a_version_on_its_day_and_not_before(owner):
    held = CodeTables()
    assert await held.refresh(owner, SPRING)
    assert not await held.refresh(owner, SPRING)
    content = package_text(AREAS) + "JP-EMB-FRA,AQ,,,,\n"
    await code_tables.add(owner, AREAS, content, applies_from=AUTUMN, source="file.csv", at=NOW)
    assert not await held.refresh(owner, SPRING)
    assert held.missions.candidates("AQ", None, AUTUMN) == ()
    assert await held.refresh(owner, AUTUMN)
    assert held.missions.candidates("AQ", None, AUTUMN) == ("JP-EMB-FRA",)
    assert held.countries["JP"].name_ja == "日本"


def test_tables_that_were_never_loaded_say_what_to_do():
    with pytest.raises(RuntimeError, match="registry migrate"):
        CodeTables().missions  # noqa: B018 - the look is what raises
