"""The log in the database: what waits gets its place once, whoever dies; the tree is the one that all leaves make."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from registry.services import disclosure_log as service
from registry.store import disclosure_log as stored
from registry.store import log_tables as t
from registry.store.disclosure_log import LOG_LOCK, Pending
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.checkpoint import open_checkpoint
from registry.transparency.entry import leaf
from registry.transparency.growth import grown
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import Tile, changed_tiles
from registry.transparency.tree import Frontier, leaf_hash
from tests.house import house
from tests.store.rows import new_id
from tests.transparency.reference import Reference

pytestmark = pytest.mark.anyio

PEOPLE = ("A" * 32, "B" * 32)
SALT = bytes(32)


@pytest.fixture
async def registry(database, tmp_path):
    async with house(database, tmp_path) as opened:
        yield opened


def pending(subject=None, entry_id=None):
    return Pending(entry_id=entry_id or new_id(), subject=subject, year=2024, content_commitment=SALT, sealed=b"sealed")


async def add(registry, *entries):
    async with registry.resources.work() as work:
        for one in entries:
            stored.add(work, one)
        await work.commit()
    return [one.entry_id for one in entries]


async def read(registry, question, *arguments):
    async with registry.auditor.work() as work:
        return await question(work, *arguments)


async def everything(registry):
    return await read(registry, stored.every_entry, -1, 1_000_000)


async def assert_sound(registry):
    """Rebuild everything that follows from the leaves, and compare."""
    entries = await everything(registry)
    leaves = [one.leaf for one in entries]
    head = await read(registry, stored.head)
    assert [one.index for one in entries] == list(range(head.size))
    signed = open_checkpoint(head.note, (registry.resources.log.key,), ()).checkpoint.head
    assert (signed.size, signed.root) == (len(leaves), Reference(leaves).root(len(leaves)))
    assert head.roots == Frontier().grown(map(leaf_hash, leaves)).roots
    tiles = await read(registry, stored.tiles, changed_tiles(0, len(leaves)))
    assert set(tiles) == set(changed_tiles(0, len(leaves)))
    level_0 = b"".join(data for tile, data in sorted(tiles.items(), key=lambda one: one[0].index) if not tile.level)
    assert level_0 == b"".join(map(leaf_hash, leaves))
    for person in PEOPLE:
        mine = await read(registry, stored.entries_of, [person])
        for number, one in enumerate(mine, start=1):
            previous = None if number == 1 else leaf_hash(mine[number - 2].leaf).hex()
            assert (one.link.number, one.link.previous) == (number, previous)


# ------------------------------------------------------------------------------------------------- growth


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from([None, *PEOPLE]), min_size=1, max_size=150), min_size=1, max_size=4))
async def test_whatever_the_batches_are_the_tree_is_the_one_that_all_leaves_make(registry, batches):
    before = len(await everything(registry))
    for batch in batches:
        ids = await add(registry, *map(pending, batch))
        assert await registry.sequence() == len(batch)
        placed = (await everything(registry))[-len(batch) :]
        assert [(one.entry_id, one.subject) for one in placed] == list(zip(ids, batch, strict=True))
    assert len(await everything(registry)) == before + sum(map(len, batches))
    await assert_sound(registry)


async def test_more_than_a_batch_waits_for_the_next(registry, monkeypatch):
    monkeypatch.setattr(service, "LARGEST_BATCH", 3)
    ids = await add(registry, *(pending(PEOPLE[number % 2]) for number in range(7)))
    assert [await registry.sequence() for _ in range(4)] == [3, 3, 1, 0]
    assert [one.entry_id for one in await everything(registry)] == ids
    await assert_sound(registry)


async def test_a_tree_of_thousands_is_right_across_full_tiles(registry):
    for size in (255, 1, 700):
        await add(registry, *(pending(PEOPLE[0]) for _ in range(size)))
        await registry.sequence()
    await assert_sound(registry)


async def test_what_is_rolled_back_never_comes_and_what_commits_late_comes_later(registry):
    async with registry.resources.work() as undone:
        stored.add(undone, pending())
        await undone.write()
    async with registry.resources.work() as slow:
        late = pending()
        stored.add(slow, late)
        await slow.write()
        quick = await add(registry, pending())
        assert await registry.sequence() == 1
        await slow.commit()
    assert await registry.sequence() == 1
    assert [one.entry_id for one in await everything(registry)] == [*quick, late.entry_id]


# --------------------------------------------------------------------------------- one leader, once for all


async def test_who_does_not_lead_does_nothing(registry):
    await add(registry, pending())
    async with registry.sequencer.work() as leader:
        await leader.run(select(func.pg_advisory_xact_lock(LOG_LOCK)))
        other = msgspec.structs.replace(registry.sequencer, engine=registry.resources.engine)
        assert await service.sequence(other) == 0
    assert await registry.sequence() == 1


async def test_sequencers_at_once_place_everything_once(registry, sequencer_engine):
    ids = await add(registry, *map(pending, [None, *PEOPLE] * 10))
    other = msgspec.structs.replace(registry.sequencer, engine=sequencer_engine)
    await asyncio.gather(*(service.sequence(one) for one in [registry.sequencer, other] * 5))
    assert [one.entry_id for one in await everything(registry)] == ids
    await assert_sound(registry)


async def test_a_sequencer_that_dies_before_its_commit_has_done_nothing(registry, monkeypatch):
    async def die(_):
        raise ConnectionError

    ids = await add(registry, *map(pending, PEOPLE))
    head = await read(registry, stored.head)
    with monkeypatch.context() as patched, suppress(ConnectionError):
        patched.setattr(UnitOfWork, "commit", die)
        await registry.sequence()
    assert (await everything(registry), await read(registry, stored.head)) == ((), head)
    assert await registry.sequence() == 2
    assert [one.entry_id for one in await everything(registry)] == ids
    await assert_sound(registry)


async def test_what_is_placed_by_somebody_else_meanwhile_is_not_placed_again(registry):
    await add(registry, pending())
    async with registry.sequencer.work() as work:
        waiting = await stored.waiting(work, 9)
    await registry.sequence()
    made = grown(Frontier(), {}, tuple(waiting.values()), [SALT], {}.__getitem__)
    async with registry.sequencer.work() as work:
        with pytest.raises(RuntimeError):
            await stored.append(work, tuple(waiting), made, b"", registry.clock.now)


async def test_the_same_entry_has_one_place(registry):
    await add(registry, twice := pending(), twice)
    with pytest.raises(Exception, match="uq_log_entry_entry_id"):
        await registry.sequence()
    assert await everything(registry) == ()


async def test_the_application_places_nothing(registry):
    await add(registry, pending())
    with pytest.raises(Exception, match="permission denied"):
        await service.sequence(msgspec.structs.replace(registry.resources))


# ------------------------------------------------------------------------------------------------- the head


async def test_a_quiet_log_signs_its_head_anew_every_minute_as_a_sign_of_life(registry):
    first = await read(registry, stored.head)
    for seconds, is_new in ((59, False), (60, True), (-60, True)):
        moved = msgspec.structs.replace(
            registry.sequencer, wall_clock=lambda by=seconds: first.signed_at + timedelta(seconds=by)
        )
        assert await service.sequence(moved) == 0
        head = await read(registry, stored.head)
        assert (head.note, head.signed_at != first.signed_at) == (first.note, is_new)


async def test_of_cosigned_heads_the_newest_is_kept(registry):
    async def keep(note, size, at):
        async with registry.sequencer.work() as work:
            await stored.keep_cosigned(work, note, size, at)
            await work.commit()
        head = await read(registry, stored.head)
        return head.cosigned, head.cosigned_size, head.cosigned_at

    assert (await read(registry, stored.head)).cosigned is None
    assert await keep(b"one", 3, 100) == (b"one", 3, 100)
    assert await keep(b"smaller", 2, 200) == (b"one", 3, 100)
    assert await keep(b"older", 3, 99) == (b"one", 3, 100)
    assert await keep(b"again", 3, 101) == (b"again", 3, 101)
    await add(registry, pending())
    await registry.sequence()
    head = await read(registry, stored.head)
    assert (head.size, head.cosigned, head.cosigned_size) == (1, b"again", 3)


# ------------------------------------------------------------------------------------------------- reading


async def test_a_tile_is_cut_to_the_width_wanted_and_missing_where_it_is_not_so_wide(registry):
    await add(registry, *(pending() for _ in range(5)))
    await registry.sequence()
    (three,) = (await read(registry, stored.tiles, [Tile(level=0, index=0, width=3)])).values()
    assert three == b"".join(leaf_hash(one.leaf) for one in (await everything(registry))[:3])
    missing = [Tile(level=0, index=0, width=6), Tile(level=0, index=1, width=1), Tile(level=1, index=0, width=1)]
    assert await read(registry, stored.tiles, missing) == {}
    assert await read(registry, stored.tiles, []) == {}


async def test_leaves_and_entries_are_read_piece_by_piece(registry):
    await add(registry, *map(pending, [*PEOPLE, None]))
    await registry.sequence()
    entries = await everything(registry)
    assert all(one.leaf == leaf(one.leaf[1:33], SALT) for one in entries)
    assert await read(registry, stored.leaves, 1, 99) == tuple(one.leaf for one in entries[1:])
    assert await read(registry, stored.leaves, 0, 1) == (entries[0].leaf,)
    assert await read(registry, stored.every_entry, 0, 1) == (entries[1],)
    assert await read(registry, stored.entries_of, PEOPLE) == entries[:2]
    assert await read(registry, stored.entries_of, ["Z" * 32]) == ()


async def test_a_place_in_a_chain_that_was_altered_is_told_with_its_number(registry, owner_engine):
    await add(registry, *map(pending, PEOPLE))
    await registry.sequence()
    async with UnitOfWork(owner_engine) as owner:
        await owner.run(text("ALTER TABLE log_entry DISABLE TRIGGER only_added_to"))
        await owner.run(t.log_entry.update().where(t.log_entry.c.leaf_index == 1).values(number=0))
        await owner.commit()
    with pytest.raises(LogRefused) as refused:
        await everything(registry)
    assert (refused.value.code, refused.value.where) == (LogFault.ENTRY_MALFORMED, "entry 1")


# ------------------------------------------------------------------------------------------- years that are over


async def test_of_years_that_are_over_the_keys_go_and_the_entries_stay(registry, owner_engine):
    await add(registry, *map(pending, PEOPLE))
    await registry.sequence()
    async with UnitOfWork(owner_engine) as owner:
        for year in (2015, 2016, 2017):
            row = select(year, t.log_year.c.kek_id, t.log_year.c.wrapped).limit(1)
            await owner.run(t.log_year.insert().from_select(["year", "kek_id", "wrapped"], row))
        await owner.commit()
    assert await service.destroy_years_over(registry.sequencer) == (2015, 2016)  # it is the end of 2024
    assert await service.destroy_years_over(registry.sequencer) == ()
    assert len(await everything(registry)) == 2
