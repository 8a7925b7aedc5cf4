"""The registry where nobody who signs in to its database is a superuser, as in production.

One user owns the schema and brings it up to date; each role of the programs has a user, who may take on that role
alone and has no right of its own (decision 0029).
"""

import asyncio
import shlex
import subprocess
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.contract.messages import InquiryOutcome
from registry.doctor.examination import examine
from registry.doctor.finding import Code
from registry.store import roles
from registry.store.migrate import _run as migrating
from registry.store.migrate import migrate
from tests.acceptance.asking import told
from tests.acceptance.papers import by_number, person, removed_record, report
from tests.acceptance.seen import receipt
from tests.house import PENSION, URL, house

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
CHANGES_PEOPLE = "UPDATE person SET opened_at = opened_at"
"""As a revision might that forgets for whom it sees."""


@asynccontextmanager
async def connected(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def signed_in_as(dsn, user, database):
    url = urlsplit(dsn)
    return url._replace(netloc=f"{user}@{url.netloc.rpartition('@')[2]}", path=f"/{database}").geturl()


async def found_by_the_doctor(dsn, folder, moment):
    """What the doctor finds who signs in as the programs do; a check that may not look would say that it broke."""
    environment = {
        "REGISTRY_DSN": dsn,
        "REGISTRY_KEYS": str(folder / "keys.json"),
        "REGISTRY_SIGNING_KEY": str(folder / "registry.pem"),
        "REGISTRY_LOG_KEY": str(folder / "log.pem"),
        "REGISTRY_PUBLIC_URL": URL,
    }
    findings = [one for area in await asyncio.to_thread(examine, environment, lambda: moment) for one in area.findings]
    assert [one.what for one in findings if one.code is Code.CHECK_BROKEN] == []
    return {str(one.code) for one in findings}


@pytest.fixture
async def logins(postgres):
    """A database with its owner, a user for each role and one for operators.

    The roles are there, made by whoever runs the server.
    """
    owner, programs, operators = (f"{name}_{uuid4().hex[:12]}" for name in ("owner", "programs", "operators"))
    users = {role: f"{programs}_{role}" for role in roles.ALL}
    async with connected(postgres) as superuser:
        await superuser.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE")
        if superuser.get_server_version().major >= 16:  # before, CREATEROLE was enough to give roles to others
            may_give = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            await superuser.execute(f"GRANT {', '.join([*roles.ALL, roles.RESOLVER])} TO {owner} {may_give}")
        for role, user in users.items():
            await superuser.execute(f"CREATE ROLE {user} LOGIN NOINHERIT IN ROLE {role}")
        await superuser.execute(f"CREATE ROLE {operators} LOGIN NOINHERIT IN ROLE {', '.join(roles.ALL)}")
        await superuser.execute(f"CREATE DATABASE {owner} OWNER {owner}")
        try:
            named = (owner, f"{programs}_{{role}}", operators)
            yield tuple(signed_in_as(postgres, one, owner) for one in named)
        finally:
            await superuser.execute(f"DROP DATABASE {owner} WITH (FORCE)")
            for user in (*users.values(), operators, owner):
                await superuser.execute(f"DROP OWNED BY {user}")
                await superuser.execute(f"DROP ROLE {user}")


def exported_keys(folder, dsn):
    """What the command of the key ceremony exports."""
    commands = (ROOT / "docs" / "key-ceremony.md").read_text(encoding="utf-8").splitlines()
    (export,) = (one for one in commands if one.startswith("pg_dump "))
    options = shlex.split(export.partition(' "$REGISTRY_DSN"')[0])[1:]
    return subprocess.run([folder / "pg_dump", *options, dsn], check=True, capture_output=True, text=True).stdout  # noqa: S603 - the server's own program


async def test_without_a_superuser_the_registry_is_set_up_and_serves_and_its_owner_sees_nobody(
    logins, postgres, postgres_binaries, tmp_path
):
    owner, programs, operators = logins
    await migrate(owner)
    async with house(programs, tmp_path, owner=owner) as registry:
        receipt(await registry.submit(report()))
        await registry.deliver(removed_record())
        assert (await told(registry, PENSION, search=by_number())).outcome is InquiryOutcome.FOUND
        assert await registry.sequence() > 0
        receipt(await registry.submit(report(person(birth_date="1990-01-01"))))
        an_hour_later = registry.resources.clock() + timedelta(hours=1)
    assert "log-stands" in await found_by_the_doctor(operators, tmp_path, an_hour_later)
    export = await asyncio.to_thread(exported_keys, postgres_binaries, operators)
    async with connected(urlsplit(postgres)._replace(path=urlsplit(programs).path).geturl()) as superuser:
        owners = await superuser.fetch("SELECT owner::text FROM data_key")
        assert len(owners) > 2
        assert all(f"\n{one}\t" in export for (one,) in owners)
    with pytest.raises(DBAPIError, match="row-level security"):
        await migrating(owner, lambda config: config.attributes["connection"].execute(text(CHANGES_PEOPLE)))
    async with connected(owner) as connection:
        for table in ("person", "submission", "data_key", "log_entry"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - our own names
    async with connected(programs.format(role=roles.APP)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("SELECT count(*) FROM person")


LESSER = {roles.EX_OFFICIO: {roles.APP}, roles.KEEPER: {roles.APP}}


async def test_no_statement_makes_a_role_more_than_it_is(logins):
    """A role is a setting, and who slips an expression into a statement can change settings."""
    owner, programs, _ = logins
    for mine in roles.ALL:
        async with connected(programs.format(role=mine)) as connection:
            for other in {*roles.ALL, roles.RESOLVER, urlsplit(owner).username} - {mine} - LESSER.get(mine, set()):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval("SELECT set_config('role', $1, false)", other)
