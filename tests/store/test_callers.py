"""Whose keys are registered, which signatures were used, what was answered under which key, what is granted."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from sqlalchemy import text

from registry.domain.disclosure import BodyKind, Mode
from registry.store import callers
from registry.store.callers import RegisteredKey, StoredAnswer
from registry.store.keyring import SERVICE
from registry.store.unit_of_work import StoreUnavailable, Taken, UnitOfWork
from registry.vault.sealing import SealBroken
from tests.store.rows import NOW

pytestmark = pytest.mark.anyio

ANSWER = StoredAnswer(status=201, headers={"content-type": "application/json"}, body=b'{"state": "accepted"}')
HASH = sha256(b"request").digest()
GATEWAY = RegisteredKey(
    key_id="gateway-1", body="JP-CG-NEW-YORK", body_kind=BodyKind.MISSION, public_key=b"PEM", valid_from=NOW
)


@pytest.fixture
async def work_of_owner(work):
    """The same as whoever owns the tables, who alone says whose keys are believed."""
    await work.run(text("SET LOCAL ROLE NONE"))
    return work


async def test_a_registered_key_comes_back_as_it_was_registered(work_of_owner):
    work = work_of_owner
    await callers.register_key(work, GATEWAY)
    assert GATEWAY in await callers.registered_keys(work)


async def test_registering_under_the_same_id_puts_the_new_key_in_its_place(work_of_owner):
    work = work_of_owner
    ended = msgspec.structs.replace(GATEWAY, valid_to=NOW + timedelta(days=1), public_key=b"other")
    await callers.register_key(work, GATEWAY)
    await callers.register_key(work, ended)
    assert [one for one in await callers.registered_keys(work) if one.key_id == GATEWAY.key_id] == [ended]


# ------------------------------------------------------------------------------------------------ nonces


async def _used_before(work, key_id="key-1"):
    """Take a nonce in a savepoint; whether somebody had taken it before."""
    try:
        async with work.savepoint():
            callers.use_nonce(work, key_id, "n" * 22, NOW)
    except Taken as taken:
        return taken.constraint == callers.NONCE
    return False


async def test_a_nonce_is_taken_once(work):
    assert not await _used_before(work)
    assert await _used_before(work)


async def test_a_nonce_is_the_key_s_own(work):
    assert not await _used_before(work)
    assert not await _used_before(work, "key-2")


async def test_a_nonce_is_forgotten_when_its_signature_has_run_out_and_not_before(work):
    await _used_before(work)
    await callers.forget_nonces(work, NOW)
    assert await _used_before(work)
    await callers.forget_nonces(work, NOW + timedelta(microseconds=1))
    assert not await _used_before(work)


async def _until_waiting(work, number=1):
    """Wait until so many others wait for a lock; asking the database is what takes the time."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while (await work.run(query)).scalar_one() < number:
        await work.run(text("SELECT pg_stat_clear_snapshot()"))


@pytest.mark.parametrize("first_commits", [True, False])
async def test_of_two_at_once_with_one_nonce_one_is_a_replay_unless_the_first_came_to_nothing(
    engine, owner_engine, first_commits
):
    async def second():
        async with UnitOfWork(engine) as work:
            is_replay = await _used_before(work)
            await work.commit()
            return is_replay

    async with UnitOfWork(engine) as first:
        assert not await _used_before(first)
        waiting = asyncio.create_task(second())
        async with UnitOfWork(owner_engine) as watcher:
            await _until_waiting(watcher)
        if first_commits:
            await first.commit()
    assert await waiting is first_commits


# ------------------------------------------------------------------------------------------ idempotency


async def _claim(work, body="town", key="key-0001", request=HASH):
    await callers.lock_idempotency(work, body, [key])
    return callers.claim_key(work, body, key, request)


async def _keep(work, keyring, answer=ANSWER):
    key = await keyring.of_service(work, NOW)
    callers.keep_answer(work, key, SERVICE, "town", "key-0001", answer, NOW)
    return key


async def test_a_key_is_free_until_it_is_claimed(work):
    assert await _claim(work) is None
    assert await _claim(work) is not None


async def test_a_key_is_the_body_s_own(work):
    assert await _claim(work) is None
    assert await _claim(work, body="other town") is None
    assert await _claim(work, key="key-0002") is None


async def test_the_first_answer_is_kept_with_the_hash_of_its_request(work, keyring):
    await _claim(work)
    key = await _keep(work, keyring)
    claim = await _claim(work, request=b"another")
    assert claim.request_hash == HASH
    assert callers.answer_of(claim, key, "town", "key-0001") == ANSWER


async def test_an_answer_does_not_open_under_another_key(work, keyring):
    await _claim(work)
    key = await _keep(work, keyring)
    claim = await _claim(work)
    for body, name in (("town", "key-0002"), ("other", "key-0001")):
        with pytest.raises(SealBroken):
            callers.answer_of(claim, key, body, name)


async def test_the_second_of_two_at_once_waits_and_gets_the_first_one_s_answer(engine, owner_engine, keyring):
    async def second():
        async with UnitOfWork(engine) as work:
            claim = await _claim(work)
            return callers.answer_of(claim, await keyring.find(work, claim.owner), "town", "key-0001")

    async with UnitOfWork(engine) as first:
        assert await _claim(first) is None
        waiting = asyncio.create_task(second())
        async with UnitOfWork(owner_engine) as watcher:
            await _until_waiting(watcher)
        await _keep(first, keyring)
        assert not waiting.done()
        await first.commit()
    assert await waiting == ANSWER


async def test_the_second_takes_over_when_the_first_came_to_nothing(engine, owner_engine):
    async def second():
        async with UnitOfWork(engine) as work:
            return await _claim(work)

    async with UnitOfWork(engine) as first:
        assert await _claim(first) is None
        waiting = asyncio.create_task(second())
        async with UnitOfWork(owner_engine) as watcher:
            await _until_waiting(watcher)
    assert await waiting is None


async def test_the_second_does_not_wait_for_ever(engine):
    async def second():
        async with UnitOfWork(engine) as work:
            await work.run(text("SET LOCAL lock_timeout = 1"))
            return await _claim(work)

    async with UnitOfWork(engine) as first:
        assert await _claim(first) is None
        with pytest.raises(StoreUnavailable):
            await second()


# ------------------------------------------------------------------------------------------------ grants


async def test_the_statutory_grants_are_there(work):
    grants = {grant.grant_id: grant for grant in await callers.grants(work)}
    assert grants.keys() >= {"pension-benefit", "income-tax", "former-residents", "consular-protection"}
    numbers_read = {one.affair for one in grants.values() if one.mode is Mode.READ and "individual_number" in one.items}
    assert numbers_read == {"pension-benefit", "number-and-card"}
