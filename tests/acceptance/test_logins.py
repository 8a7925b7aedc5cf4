"""The registry where nobody who signs in to its database is a superuser, as in production.

One user owns the schema and brings it up to date; each role of the programs has a user, who may take on that role
alone and has no right of its own (decision 0029).
"""

from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from registry.contract.messages import InquiryOutcome
from registry.store import roles
from registry.store.migrate import migrate
from tests.acceptance.asking import told
from tests.acceptance.papers import by_number, removed_record, report
from tests.acceptance.seen import receipt
from tests.house import PENSION, house

pytestmark = pytest.mark.anyio


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


@pytest.fixture
async def logins(postgres):
    """A database with its owner and a user for each role; the roles are there, made by whoever runs the server."""
    owner, programs = (f"{name}_{uuid4().hex[:12]}" for name in ("owner", "programs"))
    users = {role: f"{programs}_{role}" for role in roles.ALL}
    async with connected(postgres) as superuser:
        await superuser.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE")
        if superuser.get_server_version().major >= 16:  # before, CREATEROLE was enough to give roles to others
            may_give = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            await superuser.execute(f"GRANT {', '.join([*roles.ALL, roles.RESOLVER])} TO {owner} {may_give}")
        for role, user in users.items():
            await superuser.execute(f"CREATE ROLE {user} LOGIN NOINHERIT IN ROLE {role}")
        await superuser.execute(f"CREATE DATABASE {owner} OWNER {owner}")
        try:
            yield signed_in_as(postgres, owner, owner), signed_in_as(postgres, f"{programs}_{{role}}", owner)
        finally:
            await superuser.execute(f"DROP DATABASE {owner} WITH (FORCE)")
            for user in (*users.values(), owner):
                await superuser.execute(f"DROP OWNED BY {user}")
                await superuser.execute(f"DROP ROLE {user}")


async def test_without_a_superuser_the_registry_is_set_up_and_serves_and_its_owner_sees_nobody(logins, tmp_path):
    owner, programs = logins
    await migrate(owner)
    async with house(programs, tmp_path, owner=owner) as registry:
        receipt(await registry.submit(report()))
        await registry.deliver(removed_record())
        assert (await told(registry, PENSION, search=by_number())).outcome is InquiryOutcome.FOUND
        assert await registry.sequence() > 0
    async with connected(owner) as connection:
        for table in ("person", "submission", "data_key", "log_entry"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - our own names
    async with connected(programs.format(role=roles.APP)) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("SELECT count(*) FROM person")


LESSER = {roles.EX_OFFICIO: {roles.APP}, roles.KEEPER: {roles.APP}}


async def test_no_statement_makes_a_role_more_than_it_is(logins):
    """A role is a setting, and who slips an expression into a statement can change settings."""
    owner, programs = logins
    for mine in roles.ALL:
        async with connected(programs.format(role=mine)) as connection:
            for other in {*roles.ALL, roles.RESOLVER, urlsplit(owner).username} - {mine} - LESSER.get(mine, set()):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval("SELECT set_config('role', $1, false)", other)
