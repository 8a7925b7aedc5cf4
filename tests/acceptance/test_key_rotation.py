"""Rotation of KEKs under a registry that serves, and what an old backup opens afterwards."""

import asyncio
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import pytest

from registry.contract.messages import InquiryOutcome
from registry.domain.shredding import Ground, Shredding
from registry.services import key_rotation, shredding
from registry.services.key_rotation import AlreadyRunning
from registry.store.engine import connect
from registry.store.keyring import Keyring, Shredded
from registry.store.roles import KEEPER
from registry.vault.sealing import SealBroken
from tests.acceptance.asking import told
from tests.acceptance.papers import KICHIRO, by_name, kichiro, report
from tests.acceptance.seen import person_ids, receipt, rows
from tests.house import PENSION, house

pytestmark = pytest.mark.anyio

UNLAWFUL = Shredding(
    ground=Ground.UNLAWFULLY_HELD, reason="収集の根拠なし", decided_by="office-3", approved_by="legal-1"
)
KICHIRO_ASKED = by_name(KICHIRO, "1981-02-14")


@pytest.fixture
async def owner(registry, database):
    """The registry's resources as the owner of the database has them."""
    engine = connect(database, role=KEEPER, pool_size=3)
    yield msgspec.structs.replace(registry.resources, engine=engine, keyring=Keyring(registry.resources.provider))
    await engine.dispose()


async def rotate(owner, *, fresh=False):
    async with key_rotation.alone(owner):
        rotation = await key_rotation.begin(owner, fresh=fresh)
        return rotation.target, sum([step async for step in key_rotation.run(owner, rotation)])


async def keks_in_use(database):
    return [kek for (kek,) in await rows(database, "SELECT DISTINCT kek_id FROM data_key ORDER BY kek_id")]


async def test_a_registry_that_serves_notices_nothing_of_a_rotation(registry, owner, database):
    for _ in range(3):
        receipt(await registry.submit(report()))
    registry.clock.advance(days=1)
    answers = asyncio.gather(*(told(registry, PENSION, search=by_name()) for _ in range(8)))
    reports = asyncio.gather(*(registry.submit(report(kichiro(honseki={"text": f"{n}番"}))) for n in range(8)))
    (target, _), found, filed = await asyncio.gather(rotate(owner), answers, reports)
    assert target == 20250101
    assert [one.outcome for one in found] == [InquiryOutcome.FOUND] * 8
    assert [one.status for one in filed] == [201] * 8
    assert await keks_in_use(database) == [20250101]
    assert (await told(registry, PENSION, search=by_name())).outcome is InquiryOutcome.FOUND


async def test_a_key_that_does_not_open_ends_the_run_and_the_next_one_goes_on(registry, owner, database, monkeypatch):
    monkeypatch.setattr("registry.store.key_rotation.BLOCKS_A_STEP", 1)  # far more steps than go together
    async with owner.work() as work:
        for _ in range(600):
            await owner.keyring.make(work, str(uuid4()), owner.clock())
        await work.commit()
    spoil = "UPDATE data_key SET wrapped = {} WHERE owner = (SELECT max(owner::text)::uuid FROM data_key) RETURNING 1"
    registry.clock.advance(days=1)
    ((kept,),) = await rows(database, "SELECT wrapped FROM data_key ORDER BY owner DESC LIMIT 1")
    await rows(database, spoil.format("'spoilt'"))
    with pytest.raises(SealBroken):
        await rotate(owner)
    await rows(database, spoil.format(f"'\\x{kept.hex()}'"))
    assert (await rotate(owner))[1] > 0
    assert await keks_in_use(database) == [20250101]


async def test_two_rotations_at_once_are_one_too_many(owner):
    async with key_rotation.alone(owner):
        with pytest.raises(AlreadyRunning):
            await rotate(owner)


async def test_who_still_wraps_by_an_old_key_during_the_run_is_met_by_a_further_pass(registry, owner, database):
    receipt(await registry.submit(report()))
    registry.clock.advance(days=1)
    late = msgspec.structs.replace(registry.resources, clock=lambda: datetime(2024, 12, 31, 14, tzinfo=UTC))
    async with key_rotation.alone(owner):
        rotation = await key_rotation.begin(owner)
        moved = 0
        async for step in key_rotation.run(owner, rotation):
            if not moved:
                async with late.work() as work:
                    await late.keyring.make(work, str(uuid4()), late.clock())
                    await work.commit()
            moved += step
    assert moved == rotation.waiting + 1
    assert await keks_in_use(database) == [rotation.target]


async def test_what_was_done_with_keys_is_written_down(registry, owner, database):
    receipt(await registry.submit(report()))
    registry.clock.advance(days=1)
    _, moved = await rotate(owner)
    registry.clock.advance(days=36)
    assert await key_rotation.destroy_old(owner) == (20241201,)
    acts = await rows(database, "SELECT act, key_id, how_many, done_by = session_user FROM key_act ORDER BY act_id")
    assert acts == [("rotated-onto", 20250101, moved, True), ("destroyed", 20241201, 0, True)]


# -------------------------------------------------------------------------------------------- old backups


IN_THEIR_PLACE = b"SET session_replication_role = replica; TRUNCATE monthly_kek, data_key, log_year;"
"""No trigger stands in the way of who restores: keys are never removed otherwise."""


class Tools:
    """pg_dump and psql of the server under test."""

    def __init__(self, folder) -> None:
        self._folder = folder

    def dump(self, dsn, *options):
        return self._run("pg_dump", dsn, *options).stdout

    def restore(self, dsn, script):
        self._run("psql", dsn, "-v", "ON_ERROR_STOP=1", "-q", "-o", "/dev/null", given=script)

    def _run(self, tool, *arguments, given=None):
        return subprocess.run([self._folder / tool, *arguments], input=given, capture_output=True, check=True)  # noqa: S603 - the server's own programs


@pytest.fixture
def tools(postgres_binaries):
    return Tools(postgres_binaries)


@asynccontextmanager
async def restored(postgres, tools, backup, keys):
    """A new database from an old backup, in which the keys of another day stand in the place of its own."""
    name = f"restored_{uuid4().hex}"
    dsn = urlsplit(postgres)._replace(path=f"/{name}").geturl()
    await rows(postgres, f"CREATE DATABASE {name}")
    try:
        tools.restore(dsn, backup)
        tools.restore(dsn, IN_THEIR_PLACE + keys)
        yield dsn
    finally:
        await rows(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def test_an_old_backup_with_todays_keys_opens_the_living_and_not_the_shredded(
    registry, owner, database, postgres, tools, tmp_path
):
    receipt(await registry.submit(report()))
    receipt(await registry.submit(report(kichiro())))
    living, gone = await person_ids(database)
    ((kek_then, wrapped_then),) = await rows(database, "SELECT kek_id, wrapped FROM data_key WHERE owner = $1", gone)
    backup = tools.dump(database)
    await shredding.shred(owner, gone, UNLAWFUL)
    registry.clock.advance(days=1)
    await rotate(owner)
    registry.clock.advance(days=36)
    assert await key_rotation.destroy_old(owner) == (kek_then,)
    keys = tools.dump(database, "--data-only", "--table=monthly_kek", "--table=data_key", "--table=log_year")
    async with restored(postgres, tools, backup, keys) as dsn, house(dsn, tmp_path) as again:
        assert (await told(again, PENSION, search=by_name())).outcome is InquiryOutcome.FOUND
        assert (await told(again, PENSION, search=KICHIRO_ASKED)).outcome is InquiryOutcome.NOT_FOUND
        async with again.ex_officio.work() as work:
            await again.resources.keyring.find(work, living)
            with pytest.raises(Shredded):
                await again.resources.keyring.find(work, gone)
            # What the old backup held of the key does not help: nothing is left that wrapped it.
            assert kek_then not in await again.resources.keyring.all_keks(work)
    assert wrapped_then


async def test_without_todays_keys_an_old_backup_opens_nobody(registry, database, postgres, tools, tmp_path):
    receipt(await registry.submit(report()))
    backup = tools.dump(
        database, *(f"--exclude-table-data={table}" for table in ("monthly_kek", "data_key", "log_year"))
    )
    async with restored(postgres, tools, backup, b"") as dsn, house(dsn, tmp_path) as again:
        assert (await told(again, PENSION, search=by_name())).outcome is InquiryOutcome.NOT_FOUND
