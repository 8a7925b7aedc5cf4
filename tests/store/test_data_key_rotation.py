"""Data keys in the database: what the old one sealed opens by the new one, and by no other; all of it or nothing."""

import pytest
from sqlalchemy import text

from registry.domain.timeline import fold
from registry.store import data_key_rotation, records, submissions
from registry.store import tables as t
from registry.store.data_key_rotation import SEALED_BY_OWNERS
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import KEEPER
from registry.store.tables import metadata
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import SealBroken
from tests.store.rows import CONTENT, NOW, a_movement, a_person, a_submission

pytestmark = pytest.mark.anyio

BY_OTHER_KEYS = {
    "idempotency": "by the key of the service",
    "log_pending": "by the key of its subject and year",
    "log_entry": "by the key of its subject and year",
}


def test_every_table_with_something_sealed_is_sealed_anew_or_known_to_have_another_key():
    assert {one.table.name for one in SEALED_BY_OWNERS} | set(BY_OTHER_KEYS) == {
        name for name, table in metadata.tables.items() if "sealed" in table.c
    }


@pytest.fixture
async def keeper_engine(database):
    opened = connect(database, role=KEEPER, pool_size=2)
    yield opened
    await opened.dispose()


async def a_record(engine, keyring):
    """A record with two movements and their versions, and one submission; return both owners and the movements."""
    async with UnitOfWork(engine) as work:
        person_id, key = await a_person(work, keyring)
        submission_id = await a_submission(work, keyring)
        made = [
            await a_movement(work, key, person_id, submission_id, index, effective=day)
            for index, day in enumerate(("2020-04-01", "2023-04-01"))
        ]
        records.add_versions(work, key, person_id, fold(made).versions, revision=2)
        await work.commit()
    return person_id, submission_id, made


async def old_and_new(work, keyring, owner):
    old = await data_key_rotation.sealed_by(work, keyring, owner, 1)
    return old, *await keyring.successor(work, owner, NOW)


async def replaced(engine, keyring, owner):
    async with UnitOfWork(engine) as work:
        done = await data_key_rotation.replace(work, *await old_and_new(work, keyring, owner), 1)
        await work.commit()
    return done


async def blobs(engine):
    async with UnitOfWork(engine) as work:
        return {bytes(row["sealed"]) for one in SEALED_BY_OWNERS for row in await work.rows(one.table.select())}


async def wrapped(engine):
    async with UnitOfWork(engine) as work:
        return {row["owner"]: row["wrapped"] for row in await work.rows(t.data_key.select())}


async def test_all_that_a_key_sealed_opens_by_its_successor_and_nothing_is_as_it_was(
    engine, keeper_engine, keyring, known_keys
):
    person_id, submission_id, made = await a_record(engine, keyring)
    before, keys = await blobs(engine), await wrapped(engine)
    assert [await replaced(keeper_engine, keyring, owner) for owner in (person_id, submission_id)] == [True, True]
    assert len(before) == 5
    assert await blobs(engine) & before == set()
    assert set((await wrapped(engine)).values()) & set(keys.values()) == set()
    async with UnitOfWork(engine) as work:
        another_process = Keyring(known_keys)
        assert set(await records.movements_of(work, another_process, person_id)) == set(made)
        assert await submissions.content_of(work, another_process, submission_id) == CONTENT
        key = await another_process.find(work, person_id)
        versions = await work.rows(t.version.select().where(t.version.c.person_id == person_id))
        assert {records.version_of(key, row) for row in versions} == set(fold(made).versions)


async def test_nobody_else_s_seals_are_touched(engine, keeper_engine, keyring):
    person_id, submission_id, _ = await a_record(engine, keyring)
    async with UnitOfWork(engine) as work:
        others = set((await work.run(t.submission.select())).scalars())
    assert others == {submission_id}
    before = await blobs(engine)
    await a_record(engine, keyring)
    assert await replaced(keeper_engine, keyring, person_id)
    assert len(await blobs(engine) & before) == 1


async def test_what_does_not_open_leaves_everything_of_its_owner_as_it_was(
    engine, keeper_engine, owner_engine, keyring
):
    person_id, _, _ = await a_record(engine, keyring)
    async with UnitOfWork(owner_engine) as work:
        await work.run(text("UPDATE version SET sealed = 'spoilt' WHERE certain @> '2024-01-01'::date"))
        await work.commit()
    before = await blobs(engine), await wrapped(engine)
    with pytest.raises(SealBroken):
        await replaced(keeper_engine, keyring, person_id)
    assert (await blobs(engine), await wrapped(engine)) == before


async def test_a_key_that_was_shredded_meanwhile_is_not_brought_back(engine, keeper_engine, owner_engine, keyring):
    _, submission_id, _ = await a_record(engine, keyring)
    async with UnitOfWork(keeper_engine) as work:
        given = await old_and_new(work, keyring, submission_id)
        async with UnitOfWork(owner_engine) as shredder:
            await shredder.run(t.data_key.delete().where(t.data_key.c.owner == submission_id))
            await shredder.commit()
        assert not await data_key_rotation.replace(work, *given, 1)
    assert submission_id not in await wrapped(engine)


async def test_a_row_that_cannot_be_written_stops_it_all(engine, keeper_engine, owner_engine, keyring):
    person_id, _, _ = await a_record(engine, keyring)
    async with UnitOfWork(keeper_engine) as work:
        given = await old_and_new(work, keyring, person_id)
        async with UnitOfWork(owner_engine) as other:
            await other.run(text("DELETE FROM version WHERE certain @> '2024-01-01'::date"))
            await other.commit()
        with pytest.raises(RuntimeError, match="nothing may be committed"):
            await data_key_rotation.replace(work, *given, 1)


async def test_a_rotation_goes_through_everybody_who_is_older_and_nobody_twice(engine, keeper_engine, keyring):
    one = await a_record(engine, keyring)
    two = await a_record(engine, keyring)
    everybody = sorted([*one[:2], *two[:2]])
    async with UnitOfWork(engine) as work:
        await keyring.of_service(work, NOW)
        await work.commit()
    async with UnitOfWork(keeper_engine) as work:
        assert await data_key_rotation.next_rotation(work) == 1
        assert await data_key_rotation.count_waiting(work, 1) == 4
        page = await data_key_rotation.owners_waiting(work, 1, after="", at_most=3)
        rest = await data_key_rotation.owners_waiting(work, 1, after=page[-1], at_most=3)
    assert [*page, *rest] == everybody
    await replaced(keeper_engine, keyring, everybody[1])
    async with UnitOfWork(keeper_engine) as work:
        assert await data_key_rotation.owners_waiting(work, 1, after="", at_most=9) == tuple(
            everybody[:1] + everybody[2:]
        )
        assert await data_key_rotation.sealed_by(work, keyring, everybody[1], 1) is None
        assert await data_key_rotation.count_waiting(work, 2) == 4
