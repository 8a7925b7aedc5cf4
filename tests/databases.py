"""Databases with the schema and no rows, to borrow: one given back is emptied and lent again.

To clone a template takes PostgreSQL several times as long as to empty what a test has written to, and the first
connections to a clone take longer as well. What was given back with another schema than the template's is thrown away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import msgspec

TEMPLATE = "registry_template"

# Everything that a statement may have changed besides rows. What TRUNCATE itself changes is left out.
_SCHEMA = """
SELECT md5(string_agg(part, '' ORDER BY part)) FROM (
    SELECT concat('class', oid, relname, relowner, relacl, relkind, relpersistence, relchecks, relhasrules,
                  relrowsecurity, relforcerowsecurity, reloptions) AS part
      FROM pg_class WHERE oid >= 16384 AND relkind <> 't'
    UNION ALL SELECT concat('attribute', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid >= 16384
      AND attrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 't')
    UNION ALL SELECT concat('default', oid, xmin) FROM pg_attrdef
    UNION ALL SELECT concat('constraint', oid, xmin) FROM pg_constraint
    UNION ALL SELECT concat('trigger', oid, xmin) FROM pg_trigger
    UNION ALL SELECT concat('policy', oid, xmin) FROM pg_policy
    UNION ALL SELECT concat('proc', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT concat('namespace', oid, xmin) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT concat('extension', oid, xmin) FROM pg_extension
    UNION ALL SELECT concat('default acl', oid, xmin) FROM pg_default_acl
    UNION ALL SELECT concat('event trigger', oid, xmin) FROM pg_event_trigger
    UNION ALL SELECT concat('database', datacl, datdba) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat('setting', setrole, setconfig) FROM pg_db_role_setting
      WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS parts
"""
_WRITTEN_TO = """
SELECT oid::regclass::text FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_ROWS = "SELECT '{0}', coalesce(md5(string_agg(concat(ctid, xmin, xmax), '' ORDER BY ctid)), '') FROM {0}"
_STATE = "SELECT ({schema}) || string_agg(concat(name, hash), '' ORDER BY name) FROM ({rows}) AS held(name, hash)"
_SEQUENCES = """
SELECT string_agg(format('PERFORM setval(%L, %s, %L);', format('%I.%I', schemaname, sequencename),
                         coalesce(last_value, start_value), last_value IS NOT NULL), ' ') FROM pg_sequences
"""
# One statement, for each message to a busy server waits its turn. The guards of what is never removed keep silent.
_EMPTY = """
DO $empty$
DECLARE
    written text;
BEGIN
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    SELECT string_agg(name, ', ') INTO written FROM ({written_to}) AS found(name) WHERE name <> ALL ('{kept}'::text[]);
    IF written IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || written || ' CASCADE';
    END IF;
    {sequences}
    IF ({state}) <> '{before}' THEN
        RAISE EXCEPTION 'not as it was';
    END IF;
END
$empty$
"""


class Lent(msgspec.Struct, frozen=True, kw_only=True):
    """A database, and the statement that makes it what it was, or raises where that cannot be."""

    dsn: str
    empty: str


class Databases:
    """The databases of one worker on the server at ``postgres``."""

    def __init__(self, postgres: str) -> None:
        self._postgres = postgres
        self._free: list[Lent] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Give the address of a database that nobody else has while the block lasts."""
        lent = self._free.pop() if self._free else asyncio.run(self._clone())
        yield lent.dsn
        try:
            execute(lent.dsn, lent.empty)
        except asyncpg.PostgresError:
            execute(self._postgres, f"DROP DATABASE {urlsplit(lent.dsn).path[1:]} WITH (FORCE)")
        else:
            self._free.append(lent)

    async def _clone(self) -> Lent:
        name = f"test_{uuid4().hex}"
        await with_connection(self._postgres, lambda one: one.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
        dsn = urlsplit(self._postgres)._replace(path=f"/{name}").geturl()
        return await with_connection(dsn, lambda connection: _look(connection, dsn))


def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    asyncio.run(with_connection(dsn, lambda connection: connection.execute(statement)))


async def with_connection(dsn: str, use: Callable[[Any], Awaitable[Any]]) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await use(connection)
    finally:
        await connection.close()


async def _look(connection: Any, dsn: str) -> Lent:
    kept = [table for (table,) in await connection.fetch(_WRITTEN_TO)]
    rows = " UNION ALL ".join(_ROWS.format(table) for table in kept)
    state = _STATE.format(schema=_SCHEMA, rows=rows)
    given = {
        "written_to": _WRITTEN_TO,
        "kept": "{" + ",".join(kept) + "}",
        "sequences": await connection.fetchval(_SEQUENCES),
        "state": state,
        "before": await connection.fetchval(state),
    }
    return Lent(dsn=dsn, empty=_EMPTY.format(**given))
