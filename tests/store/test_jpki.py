"""What JPKI remembers in the database: the same as in memory, and one signature of two at once."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from registry.jpki.challenge import LIFETIME, ChallengesInMemory
from registry.jpki.crl import SeenInMemory
from registry.jpki.profile import Purpose
from registry.store import jpki
from registry.store.unit_of_work import UnitOfWork

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
SESSION = "a session"
SIGNING, LOGIN = Purpose.SIGNING, Purpose.USER_AUTHENTICATION
CA = b"the key of a CA"


@pytest.fixture(params=["memory", "database"])
def challenges(request, work):
    """Both implementations of the port; what holds for one holds for the other."""
    token = secrets.token_urlsafe
    return ChallengesInMemory(token) if request.param == "memory" else jpki.ChallengesIn(work, token)


@pytest.fixture(params=["memory", "database"])
def advance(request, work):
    """Both implementations of what remembers lists."""
    return SeenInMemory().advance if request.param == "memory" else lambda *seen: jpki.advance(work, *seen)


async def test_a_nonce_is_good_once(challenges):
    nonce = await challenges.give(SIGNING, SESSION, NOW)
    assert await challenges.take(nonce, SIGNING, SESSION, NOW)
    assert not await challenges.take(nonce, SIGNING, SESSION, NOW)


async def test_no_two_nonces_are_alike(challenges):
    assert len({await challenges.give(SIGNING, SESSION, NOW) for _ in range(20)}) == 20


OTHERS = {
    "another nonce": {"nonce": "A" * 32},
    "another purpose": {"purpose": LOGIN},
    "another session": {"session": "another session"},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
async def test_who_guesses_uses_nothing_up(challenges, other):
    nonce = await challenges.give(SIGNING, SESSION, NOW)
    guess = {"nonce": nonce, "purpose": SIGNING, "session": SESSION} | other
    assert not await challenges.take(**guess, now=NOW)
    assert await challenges.take(nonce, SIGNING, SESSION, NOW)


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_nonce_runs_out(challenges, purpose):
    nonce = await challenges.give(purpose, SESSION, NOW)
    late = await challenges.give(purpose, SESSION, NOW)
    assert await challenges.take(nonce, purpose, SESSION, NOW + LIFETIME[purpose] - timedelta(seconds=1))
    assert not await challenges.take(late, purpose, SESSION, NOW + LIFETIME[purpose])


async def test_what_ran_out_is_forgotten_and_nothing_else(work):
    mine = jpki.ChallengesIn(work, secrets.token_urlsafe)
    old = await mine.give(SIGNING, SESSION, NOW - LIFETIME[SIGNING])
    new = await mine.give(SIGNING, SESSION, NOW)
    await jpki.forget_challenges(work, NOW)
    assert not await mine.take(old, SIGNING, SESSION, NOW - timedelta(minutes=1))
    assert await mine.take(new, SIGNING, SESSION, NOW)


async def test_of_two_transactions_at_once_one_takes_the_nonce(engine):
    async with UnitOfWork(engine) as work:
        nonce = await jpki.ChallengesIn(work, secrets.token_urlsafe).give(SIGNING, SESSION, NOW)
        await work.commit()

    async def taken():
        async with UnitOfWork(engine) as work:
            found = await jpki.ChallengesIn(work, secrets.token_urlsafe).take(nonce, SIGNING, SESSION, NOW)
            await work.commit()
        return found

    assert sorted(await asyncio.gather(*(taken() for _ in range(6)))) == [False] * 5 + [True]


async def test_a_nonce_is_not_used_up_by_what_is_undone(engine):
    async with UnitOfWork(engine) as work:
        nonce = await jpki.ChallengesIn(work, secrets.token_urlsafe).give(SIGNING, SESSION, NOW)
        await work.commit()
    for committed in (False, True):
        async with UnitOfWork(engine) as work:
            assert await jpki.ChallengesIn(work, secrets.token_urlsafe).take(nonce, SIGNING, SESSION, NOW)
            if committed:
                await work.commit()


async def test_the_table_does_not_hold_the_id_of_a_session(engine, database):
    async with UnitOfWork(engine) as work:
        await jpki.ChallengesIn(work, secrets.token_urlsafe).give(SIGNING, SESSION, NOW)
        await work.commit()
    connection = await asyncpg.connect(database)
    (row,) = await connection.fetch("TABLE jpki_challenge")
    await connection.close()
    assert SESSION.encode() not in row["session"]


# ------------------------------------------------------------------------------------------------------ lists

SEEN = {
    "a higher number": (8, b"b", True),
    "the same list again": (7, b"a", True),
    "the same number on another list": (7, b"b", False),
    "a lower number": (6, b"b", False),
    "the largest number there may be": (2**159, b"b", True),
}


@pytest.mark.parametrize(("number", "digest", "is_newest"), SEEN.values(), ids=SEEN)
async def test_a_list_older_than_one_seen_is_known_as_such(advance, number, digest, is_newest):
    assert await advance(CA, 7, b"a")
    assert await advance(CA, number, digest) is is_newest
    assert await advance(b"another CA", 1, b"c")


async def test_an_older_list_leaves_no_trace(advance):
    await advance(CA, 7, b"a")
    await advance(CA, 6, b"b")
    assert not await advance(CA, 6, b"b")
    assert await advance(CA, 7, b"a")


FORGETTING = {
    "a lower number": "UPDATE jpki_seen_list SET number = 6",
    "the same number on another list": "UPDATE jpki_seen_list SET digest = 'b'",
    "another CA's from now on": "UPDATE jpki_seen_list SET authority = 'another CA', number = 8",
    "removed": "DELETE FROM jpki_seen_list",
}


@pytest.mark.parametrize("change", FORGETTING.values(), ids=FORGETTING)
async def test_not_even_the_owner_goes_back_to_an_older_list(engine, database, change):
    async with UnitOfWork(engine) as work:
        await jpki.advance(work, CA, 7, b"a")
        await work.commit()
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never forgotten"):
        await connection.execute(change)
    await connection.close()
