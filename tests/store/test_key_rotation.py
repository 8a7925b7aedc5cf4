"""KEKs in the database: what older ones wrap is wrapped anew, whatever happens meanwhile; then they are destroyed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from registry.store import key_rotation
from registry.store import tables as t
from registry.store.key_rotation import WRAPPED_KEYS
from registry.store.keyring import Keyring
from registry.store.tables import metadata
from registry.store.unit_of_work import StoreUnavailable, UnitOfWork
from registry.vault.sealing import Place, open_sealed, seal
from tests.store.rows import NOW, new_id

pytestmark = pytest.mark.anyio

PLACE = Place(table="table", row_id="row", column="column", version=1)
DECEMBER, JANUARY = NOW, datetime(2025, 1, 31, tzinfo=UTC)
(DATA_KEYS,) = (one for one in WRAPPED_KEYS if one.table is t.data_key)


def test_every_table_with_a_column_for_its_kek_is_rotated():
    assert {one.table for one in WRAPPED_KEYS} == {
        one for one in metadata.tables.values() if "kek_id" in one.c and one is not t.monthly_kek
    }


async def committed(engine, act):
    async with UnitOfWork(engine) as work:
        result = await act(work)
        await work.commit()
        return result


async def a_key(engine, keyring, now=DECEMBER):
    """Make a key for somebody new; return who it is and something sealed with it."""
    owner = new_id()
    key = await committed(engine, lambda work: keyring.make(work, owner, now))
    return owner, seal(key, PLACE, b"sealed")


async def everything(engine, keyring, target):
    """Go through all keys once."""

    async def step(work):
        keks = await keyring.all_keks(work)
        return sum([await key_rotation.rewrap_step(work, one, 0, keks, target) for one in WRAPPED_KEYS])

    return await committed(engine, step)


async def to_january(engine, keyring):
    return await committed(engine, lambda work: keyring.current(work, JANUARY))


async def wrapped_by(engine, owner):
    async with UnitOfWork(engine) as work:
        return (await work.one(t.data_key.select().where(t.data_key.c.owner == owner)))["kek_id"]


async def opens(engine, known_keys, owner, envelope):
    """Whether another process finds the key of an owner and opens with it."""
    async with UnitOfWork(engine) as work:
        return open_sealed(await Keyring(known_keys).find(work, owner), PLACE, envelope) == b"sealed"


async def test_what_is_wrapped_anew_opens_what_it_sealed(owner_engine, keyring, known_keys):
    made = [await a_key(owner_engine, keyring) for _ in range(3)]
    target = await to_january(owner_engine, keyring)
    assert await everything(owner_engine, keyring, target) == 3
    for owner, envelope in made:
        assert await wrapped_by(owner_engine, owner) == 20250101
        assert await opens(owner_engine, known_keys, owner, envelope)


async def test_a_second_time_nothing_is_left_to_do(owner_engine, keyring):
    await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    assert [await everything(owner_engine, keyring, target) for _ in range(2)] == [1, 0]


async def test_what_is_broken_off_before_its_commit_was_not_begun(owner_engine, keyring, known_keys):
    owner, envelope = await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    async with UnitOfWork(owner_engine) as broken_off:
        keks = await keyring.all_keks(broken_off)
        assert await key_rotation.rewrap_step(broken_off, DATA_KEYS, 0, keks, target) == 1
    assert await wrapped_by(owner_engine, owner) == 20241201
    assert await opens(owner_engine, known_keys, owner, envelope)
    assert await everything(owner_engine, keyring, target) == 1


async def test_a_key_that_changes_while_it_is_wrapped_anew_keeps_what_it_became(owner_engine, keyring):
    owner, _ = await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    here = {"first": (0, 0), "end": (1, 0), "target": target}
    (read,) = await committed(owner_engine, lambda work: work.run_prepared(DATA_KEYS.step, here))
    await committed(owner_engine, lambda work: work.run(t.data_key.update().values(wrapped=b"newer")))
    anew = {"ids": [read["row_id"]], "before": [read["wrapped"]], "after": [b"older"], "target": target}
    assert await committed(owner_engine, lambda work: work.run_prepared(DATA_KEYS.replacing, anew)) == []
    assert await wrapped_by(owner_engine, owner) == 20241201


async def test_a_later_key_than_the_target_is_left_alone(owner_engine, keyring):
    owner, _ = await a_key(owner_engine, keyring, JANUARY)
    december = await committed(owner_engine, lambda work: keyring.current(work, DECEMBER))
    assert await everything(owner_engine, keyring, december) == 0
    assert await wrapped_by(owner_engine, owner) == 20250101


async def test_a_fresh_key_wraps_for_whoever_prepares_next(owner_engine, keyring, known_keys):
    for _ in range(2):  # what the first one makes, the second one finds
        await committed(owner_engine, lambda work: keyring.prepare(work, DECEMBER))
    fresh = await committed(owner_engine, lambda work: Keyring(known_keys).renew(work, DECEMBER))
    before, _ = await a_key(owner_engine, keyring)
    async with UnitOfWork(owner_engine) as work:
        await keyring.prepare(work, DECEMBER)
    after, _ = await a_key(owner_engine, keyring)
    found = [await wrapped_by(owner_engine, one) for one in (before, after)]
    assert (fresh, found) == (20241202, [20241201, 20241202])


async def test_a_month_has_at_most_99_keys(work, keyring):
    for number in range(2, 100):
        assert await keyring.renew(work, DECEMBER) == 20241200 + number
    with pytest.raises(ValueError, match="as many keys"):
        await keyring.renew(work, DECEMBER)


# ----------------------------------------------------------------------------------------------- destruction


async def emptied(engine):
    async with UnitOfWork(engine) as work:
        return await key_rotation.waiting(work)


async def note_empty(engine, target, now=JANUARY):
    return await committed(engine, lambda work: key_rotation.note_empty(work, target, now))


async def destroyed(engine, emptied_before=JANUARY):
    return await committed(engine, lambda work: key_rotation.destroy(work, emptied_before))


async def test_a_kek_that_wraps_nothing_any_more_is_destroyed_when_its_time_is_over(owner_engine, keyring):
    await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    assert not await note_empty(owner_engine, target)
    await everything(owner_engine, keyring, target)
    assert await note_empty(owner_engine, target)
    assert await destroyed(owner_engine, JANUARY - timedelta(seconds=1)) == ()
    assert await destroyed(owner_engine) == (20241201,)
    async with UnitOfWork(owner_engine) as work:
        assert list(await keyring.all_keks(work)) == [20250101]


async def test_a_key_made_ahead_is_not_one_that_wraps_nothing_any_more(owner_engine, keyring):
    await a_key(owner_engine, keyring, DECEMBER)
    await to_january(owner_engine, keyring)
    assert await note_empty(owner_engine, 20241201)
    assert await emptied(owner_engine) == {}


async def test_a_kek_that_came_to_wrap_something_again_stays_and_its_time_begins_anew(owner_engine, keyring):
    target = await to_january(owner_engine, keyring)
    await committed(owner_engine, lambda work: keyring.current(work, DECEMBER))
    await note_empty(owner_engine, target)
    straggler, _ = await a_key(owner_engine, keyring, DECEMBER)
    assert await destroyed(owner_engine) == ()
    assert await emptied(owner_engine) == {}
    await everything(owner_engine, keyring, target)
    await note_empty(owner_engine, target, JANUARY + timedelta(days=1))
    assert await emptied(owner_engine) == {20241201: JANUARY + timedelta(days=1)}
    assert await wrapped_by(owner_engine, straggler) == 20250101


async def test_the_time_of_a_kek_begins_anew_when_a_straggler_is_wrapped_anew(owner_engine, keyring):
    target = await to_january(owner_engine, keyring)
    await committed(owner_engine, lambda work: keyring.current(work, DECEMBER))
    await note_empty(owner_engine, target)
    await a_key(owner_engine, keyring, DECEMBER)
    await everything(owner_engine, keyring, target)
    assert await emptied(owner_engine) == {}


async def test_who_is_just_wrapping_by_an_old_kek_is_waited_for(owner_engine, engine, keyring):
    await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    await everything(owner_engine, keyring, target)
    async with UnitOfWork(engine) as in_flight:
        await keyring.make(in_flight, new_id(), DECEMBER)
        await in_flight.write()
        with pytest.raises(StoreUnavailable):
            await _impatiently(owner_engine, lambda work: key_rotation.note_empty(work, target, JANUARY))
        await in_flight.commit()
    assert not await note_empty(owner_engine, target)


async def _impatiently(engine, act):
    async with UnitOfWork(engine) as work:
        await work.run(text("SET LOCAL lock_timeout = '50ms'"))
        await act(work)


async def test_the_process_that_served_forgets_what_was_destroyed(owner_engine, keyring):
    await a_key(owner_engine, keyring)
    target = await to_january(owner_engine, keyring)
    await everything(owner_engine, keyring, target)
    await note_empty(owner_engine, target)
    await destroyed(owner_engine)
    assert len(keyring._keks) == 2
    await committed(owner_engine, lambda work: keyring.prepare(work, JANUARY))
    assert {kek.key_id for kek in keyring._keks.values()} == {20250101}
