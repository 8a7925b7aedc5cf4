"""The migrations make the schema that the code speaks of, go back to nothing, and make it again."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from registry.store import (  # noqa: F401 - all in one metadata
    grant_tables,
    holder_tables,
    jpki_tables,
    protection_tables,
    session_tables,
    trawling_tables,
)
from registry.store.engine import asyncpg_url
from registry.store.log_tables import metadata  # those of tables.py as well
from registry.store.migrate import REVISIONS, downgrade, migrate

pytestmark = pytest.mark.anyio

# Everything that makes a schema what it is: columns, constraints, indexes, triggers, functions, rights.
SCHEMA = """
SELECT 'column' AS what, table_name || '.' || column_name AS name,
       concat_ws(' ', udt_name, character_maximum_length, is_nullable, column_default, identity_generation) AS how
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, prosrc FROM pg_proc p
  WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'right', table_name || ' to ' || grantee, privilege_type
  FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee LIKE 'registry%'
"""


@pytest.fixture
def empty_database(postgres):
    name = f"empty_{uuid4().hex}"
    asyncio.run(_execute(postgres, f"CREATE DATABASE {name}"))
    yield urlsplit(postgres)._replace(path=f"/{name}").geturl()
    asyncio.run(_execute(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(dsn, statement):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def _schema(dsn):
    rows = {tuple(row) for row in await _execute(dsn, SCHEMA)}
    return {row for row in rows if "alembic_version" not in row[1]}


async def test_the_tables_of_the_code_are_those_of_the_migrations(shared_database):
    engine = create_async_engine(asyncpg_url(shared_database))
    async with engine.connect() as connection:
        found = await connection.run_sync(
            lambda plain: compare_metadata(
                MigrationContext.configure(plain, opts={"compare_type": True, "compare_server_default": True}), metadata
            )
        )
    await engine.dispose()
    assert found == []


async def test_certain_ranges_are_guarded_as_the_code_says(shared_database):
    (row,) = await _execute(
        shared_database,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ex_version_certain_overlap'",
    )
    assert row[0] == "EXCLUDE USING gist (person_id WITH =, certain WITH &&)"


async def test_up_down_and_up_again_makes_the_same_schema(empty_database):
    await migrate(empty_database)
    first = await _schema(empty_database)
    await downgrade(empty_database, "base")
    assert await _schema(empty_database) == set()
    await migrate(empty_database)
    assert await _schema(empty_database) == first


async def test_each_revision_can_be_taken_back_alone(empty_database):
    revisions = [script.revision for script in ScriptDirectory(str(REVISIONS)).walk_revisions()][::-1]
    seen = {}
    for revision in revisions:
        await migrate(empty_database, revision)
        seen[revision] = await _schema(empty_database)
    for revision in revisions[-2::-1]:
        await downgrade(empty_database, revision)
        assert await _schema(empty_database) == seen[revision]


async def test_migrating_twice_changes_nothing(empty_database):
    await migrate(empty_database)
    once = await _schema(empty_database)
    await migrate(empty_database)
    assert await _schema(empty_database) == once
