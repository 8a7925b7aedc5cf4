"""Who is signed in, as the database keeps it: found by token or account, changed in nothing but when it was seen."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from registry.domain.account import Account, Role, Unit
from registry.domain.sign_in import OF_RESIDENTS, Level, SignedIn
from registry.services.sessions import hash_of
from registry.store import sessions
from registry.store.engine import connect
from registry.store.unit_of_work import Taken, UnitOfWork

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TOKENS = [hash_of(bytes([number]) * 32) for number in range(3)]
CLERK = Account(
    account_id="a" * 40, roles=frozenset({Role.MUNICIPAL_CLERK}), unit=Unit(body="131016", desk="residents")
)
RESIDENT = Account(account_id="b" * 40, roles=frozenset({Role.RESIDENT, Role.AGENT}))


def session(number, account=RESIDENT, seen=timedelta()):
    return SignedIn(
        session_id=f"00000000-0000-0000-0000-{number:012}",
        account=account,
        provider="idp",
        level=Level.JPKI,
        authenticated_at=NOW - timedelta(minutes=5),
        opened_at=NOW - timedelta(minutes=number),
        seen_at=NOW - seen,
    )


@pytest.fixture
async def work(shared_database):
    """A transaction of the application, undone at the end."""
    engine = connect(shared_database, role="registry_app", pool_size=1)
    async with UnitOfWork(engine) as opened:
        yield opened
    await engine.dispose()


async def test_a_session_comes_back_as_it_was_opened(work):
    for number, account in enumerate((CLERK, RESIDENT)):
        sessions.open_session(work, TOKENS[number], session(number, account))
        assert await sessions.by_token(work, TOKENS[number]) == session(number, account)
    assert await sessions.by_token(work, TOKENS[2]) is None


async def test_sessions_of_an_account_are_its_own_the_newest_first(work):
    sessions.open_session(work, TOKENS[0], session(0, CLERK))
    sessions.open_session(work, TOKENS[1], session(2))
    sessions.open_session(work, TOKENS[2], session(1))
    assert [one.session_id for one in await sessions.by_account(work, RESIDENT.account_id)] == [
        session(1).session_id,
        session(2).session_id,
    ]


async def test_nobody_ends_the_session_of_another(work):
    sessions.open_session(work, TOKENS[0], session(0, CLERK))
    assert not await sessions.end_one(work, RESIDENT.account_id, session(0).session_id)
    assert await sessions.end_one(work, CLERK.account_id, session(0).session_id)
    assert await sessions.by_token(work, TOKENS[0]) is None


async def test_when_a_session_was_seen_only_moves_forward(work):
    sessions.open_session(work, TOKENS[0], session(0))
    for ago in (timedelta(minutes=-1), timedelta(hours=1)):
        await sessions.saw(work, TOKENS[0], NOW - ago)
        found = await sessions.by_token(work, TOKENS[0])
        assert found.seen_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("seen", "now", "stays"),
    [
        (timedelta(), NOW, True),
        (OF_RESIDENTS.idle - timedelta(seconds=1), NOW, True),
        (OF_RESIDENTS.idle, NOW, False),
        (timedelta(), session(0).ends_at, False),
    ],
    ids=["in use", "almost idle", "idle", "too old"],
)
async def test_what_is_over_is_forgotten_and_nothing_else(work, seen, now, stays):
    sessions.open_session(work, TOKENS[0], session(0, seen=seen))
    await sessions.forget_over(work, now)
    assert (await sessions.by_token(work, TOKENS[0]) is not None) is stays


async def test_a_token_opens_one_session(work):
    sessions.open_session(work, TOKENS[0], session(0))
    sessions.open_session(work, TOKENS[0], session(1))
    with pytest.raises(Taken):
        await work.write()


MORE_THAN_ONE_HAS = {
    "another level": "UPDATE sign_in_session SET level = 'jpki'",
    "other roles": "UPDATE sign_in_session SET roles = '{operator}'",
    "another account": "UPDATE sign_in_session SET account = 'x'",
    "another body": "UPDATE sign_in_session SET body = '131016'",
    "a longer life": "UPDATE sign_in_session SET ends_at = 'infinity'",
    "fresher proof": "UPDATE sign_in_session SET authenticated_at = now()",
    "all gone at once": "TRUNCATE sign_in_session",
}


@pytest.mark.parametrize("statement", MORE_THAN_ONE_HAS.values(), ids=MORE_THAN_ONE_HAS)
@pytest.mark.parametrize("role", ["registry_app", "registry_sequencer", "registry_reconciler"])
async def test_no_program_makes_more_of_a_session_than_it_was(shared_database, role, statement):
    connection = await asyncpg.connect(shared_database)
    await connection.execute(f"SET ROLE {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("role", ["registry_sequencer", "registry_reconciler"])
async def test_only_the_application_knows_who_is_signed_in(shared_database, role):
    connection = await asyncpg.connect(shared_database)
    await connection.execute(f"SET ROLE {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT FROM sign_in_session")
    await connection.close()
