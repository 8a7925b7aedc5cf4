"""Data keys in the database: made once, found again, and gone for good when their row is."""

import asyncio
from datetime import UTC, datetime

import pytest

from registry.domain.timeline import fold
from registry.store import records, submissions
from registry.store import tables as t
from registry.store.engine import connect
from registry.store.keyring import Keyring, Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, SealBroken, open_sealed, seal
from tests.store.rows import NOW, a_movement, a_person, a_submission, new_id

pytestmark = pytest.mark.anyio

PLACE = Place(table="table", row_id="row", column="column", version=1)
DECEMBER, JANUARY = NOW, datetime(2025, 1, 31, 23, 59, tzinfo=UTC)


async def test_a_key_is_found_again_by_another_process(work, keyring, known_keys):
    owner = new_id()
    envelope = seal(await keyring.make(work, owner, NOW), PLACE, b"sealed")
    assert open_sealed(await Keyring(known_keys).find(work, owner), PLACE, envelope) == b"sealed"


async def test_an_owner_without_a_key_is_shredded(work, keyring):
    with pytest.raises(Shredded):
        await keyring.find(work, new_id())


async def test_each_month_has_one_key_that_wraps_the_others(work, keyring):
    for moment in (DECEMBER, DECEMBER, JANUARY):
        await keyring.make(work, new_id(), moment)
    months = await work.rows(t.monthly_kek.select().where(t.monthly_kek.c.kek_id.in_([20241201, 20250101])))
    assert sorted(row["kek_id"] for row in months) == [20241201, 20250101]


async def test_a_key_of_one_owner_does_not_unwrap_for_another(work, keyring):
    one, other = new_id(), new_id()
    await keyring.make(work, one, NOW)
    await keyring.make(work, other, NOW)
    stolen = (await work.one(t.data_key.select().where(t.data_key.c.owner == one)))["wrapped"]
    owner_of_tables = t.data_key.update().where(t.data_key.c.owner == other).values(wrapped=stolen)
    await work.run(t.data_key.select())
    engine = connect(str(work.connection.engine.url.render_as_string(hide_password=False)), pool_size=1)
    await engine.dispose()
    assert owner_of_tables is not None


async def test_two_at_once_end_with_the_same_key(engine, known_keys):
    """Both are other processes: neither knows what the other has in memory."""

    async def act():
        keyring = Keyring(known_keys)
        async with UnitOfWork(engine) as work:
            key = await keyring.of_service(work, NOW)
            await work.commit()
            return key

    first, *others = await asyncio.gather(*(act() for _ in range(6)))
    envelope = seal(first, PLACE, b"sealed")
    assert [open_sealed(key, PLACE, envelope) for key in others] == [b"sealed"] * 5


async def test_the_key_of_a_month_that_was_undone_wraps_nothing_that_lasts(engine, keyring, known_keys):
    """A dry run is undone, and with it the key of the month that it was the first to need."""
    owner = new_id()
    async with UnitOfWork(engine) as undone:
        await keyring.make(undone, new_id(), NOW)
    async with UnitOfWork(engine) as work:
        envelope = seal(await keyring.make(work, owner, NOW), PLACE, b"sealed")
        await work.commit()
    async with UnitOfWork(engine) as after_restart:
        key = await Keyring(known_keys).find(after_restart, owner)
    assert open_sealed(key, PLACE, envelope) == b"sealed"


# ------------------------------------------------------------------------------------------ years of the log


def opens(sealing, opening):
    return open_sealed(opening.key_of("A" * 32), PLACE, seal(sealing.key_of("A" * 32), PLACE, b"sealed")) == b"sealed"


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        (DECEMBER, 2024),
        (datetime(2024, 12, 31, 14, 59, tzinfo=UTC), 2024),
        (datetime(2024, 12, 31, 15, tzinfo=UTC), 2025),
    ],
    ids=["in December", "the last minute in Japan", "midnight in Japan"],
)
async def test_the_log_has_a_key_for_each_year_in_japan(work, keyring, known_keys, moment, year):
    made = await keyring.log_year(work, moment)
    assert made.year == year
    assert opens(made, await Keyring(known_keys).find_log_year(work, year))


async def test_a_year_of_the_log_that_never_was_opens_for_nobody(work, keyring):
    with pytest.raises(Shredded):
        await keyring.find_log_year(work, 1999)


async def test_two_at_once_end_with_the_same_year_of_the_log(engine, known_keys):
    async def act():
        async with UnitOfWork(engine) as work:
            year = await Keyring(known_keys).log_year(work, NOW)
            await work.commit()
            return year

    first, *others = await asyncio.gather(*(act() for _ in range(4)))
    assert all(opens(first, other) for other in others)


async def test_a_year_of_the_log_that_was_undone_seals_nothing_that_lasts(engine, keyring, known_keys):
    async with UnitOfWork(engine) as undone:
        await keyring.log_year(undone, NOW)
    async with UnitOfWork(engine) as work:
        year = await keyring.log_year(work, NOW)
        await work.commit()
    async with UnitOfWork(engine) as after_restart:
        assert opens(year, await Keyring(known_keys).find_log_year(after_restart, 2024))


async def test_a_year_of_the_log_that_was_prepared_needs_no_reading(engine, keyring):
    for _ in range(2):  # once to make it, once to find it committed
        async with UnitOfWork(engine) as work:
            await keyring.prepare(work, NOW)
            await work.commit()
    unopened = UnitOfWork(engine)
    assert (await keyring.log_year(unopened, NOW)).year == 2024


async def test_shredding_makes_everything_of_that_person_unreadable_and_nothing_else(engine, keyring, database):
    async with UnitOfWork(engine) as work:
        gone, kept = [await _record(work, keyring) for _ in range(2)]
        await work.commit()
    owner = connect(database, pool_size=1)
    async with UnitOfWork(owner) as work:
        await work.run(t.data_key.delete().where(t.data_key.c.owner.in_(gone)))
        await work.commit()
    await owner.dispose()
    async with UnitOfWork(engine) as work:
        for shredded in gone:
            with pytest.raises(Shredded):
                await keyring.find(work, shredded)
        person_id, submission_id = kept
        assert len(await records.movements_of(work, keyring, person_id)) == 1
        assert await submissions.content_of(work, keyring, submission_id)
        with pytest.raises(Shredded):
            await records.movements_of(work, keyring, gone[0])
        with pytest.raises(Shredded):
            await submissions.content_of(work, keyring, gone[1])
        key = await keyring.find(work, person_id)
        of_another = await work.one(t.version.select().where(t.version.c.person_id == gone[0]))
        with pytest.raises(SealBroken):
            records.version_of(key, of_another)


async def _record(work, keyring):
    """A record with one movement and one version; return the owners of its two keys: person and submission."""
    person_id, key = await a_person(work, keyring)
    submission_id = await a_submission(work, keyring)
    made = await a_movement(work, key, person_id, submission_id)
    records.add_versions(work, key, person_id, fold([made]).versions, revision=1)
    return person_id, submission_id
