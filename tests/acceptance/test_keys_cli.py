"""``registry keys`` as an operator types it, and what a running registry does by itself before a month begins."""

import asyncio
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.settings import Settings
from registry.store import records
from registry.store.keyring import SERVICE
from registry.store.roles import EX_OFFICIO, KEEPER
from registry.vault.keys import FileKeyProvider
from registry.vault.search_keys import TRUSTED_FOR
from registry.wiring import prepare_keys, resources
from tests.acceptance.seen import rows
from tests.house import a_log_key
from tests.store.rows import a_movement, a_person, a_submission


@pytest.fixture
def settings(database, tmp_path):
    FileKeyProvider.create(tmp_path / "keys.json")
    (tmp_path / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
    return Settings(
        dsn=database,
        keys=tmp_path / "keys.json",
        signing_key=tmp_path / "registry.pem",
        log_key=a_log_key(tmp_path),
    )


@pytest.fixture
def typed(settings, monkeypatch, capfd):
    """Types a command; returns what it printed on either side."""
    for name in ("dsn", "keys", "signing_key", "log_key"):
        monkeypatch.setenv(f"REGISTRY_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*command, code=None):
        capfd.readouterr()
        ended = None
        try:
            app(["keys", *command], exit_on_error=False, result_action="return_value")
        except SystemExit as exit_:
            ended = exit_.code
        printed = capfd.readouterr()
        assert ended == code, printed.err
        return printed

    return run


def test_the_keys_of_this_month_and_the_next_are_made_once(typed):
    now = datetime.now(UTC)
    following = f"{now.year + now.month // 12}-{now.month % 12 + 1:02}"
    assert json.loads(typed("prepare", "--json").out) == {"months": {f"{now:%Y-%m}": True, following: True}}
    assert typed("prepare").err == f"{now:%Y-%m}: was there already\n{following}: was there already\n"


def test_the_key_of_any_month_to_come_can_be_made(typed):
    assert json.loads(typed("prepare", "--month", "2999-12", "--json").out) == {"months": {"2999-12": True}}


@pytest.mark.parametrize("month", ["2024-12", "2999-13", "next"])
def test_what_is_no_month_to_come_is_refused(typed, month):
    assert "--month" in typed("prepare", "--month", month, code=1).err


def test_every_key_is_shown_by_what_it_is_known_by_and_none_by_its_secret(typed, settings):
    typed("prepare", "--month", "2999-12")
    pem = SigningKey.generate("ny-1").verifying.to_pem()
    (settings.keys.parent / "ny-1.pem").write_bytes(pem)
    app(
        [
            "callers",
            "register",
            "ny-1",
            str(settings.keys.parent / "ny-1.pem"),
            "--body",
            "JP-CG-NEW-YORK",
            "--kind",
            "mission",
        ],
        exit_on_error=False,
        result_action="return_value",
    )
    shown = json.loads(typed("show", "--json").out)["keys"]
    purposes = ["signs answers", "signs the log", "master and index", "month", "caller JP-CG-NEW-YORK"]
    assert [one["purpose"] for one in shown] == purposes
    month, caller = shown[3:]
    assert (month["key_id"], month["since"], month["note"]) == ("29991201", "2999-12", "1 data keys")
    assert (caller["key_id"], caller["fingerprint"]) == ("ny-1", sha256(pem).hexdigest()[:16])
    said = typed("show").out + json.dumps(shown)
    secrets = msgspec.json.decode(settings.keys.read_bytes())
    private = [path.read_text().splitlines()[1] for path in (settings.signing_key, settings.log_key)]
    for secret in (secrets["master"], secrets["mac"], *private):
        assert secret not in said


def test_a_month_that_another_master_key_made_is_shown_as_not_to_be_opened(typed, settings):
    typed("prepare", "--month", "2999-12")
    settings.keys.unlink()
    FileKeyProvider.create(settings.keys)
    assert "the master key does not open it" in typed("show").out


@pytest.mark.anyio
async def test_a_running_registry_makes_the_key_of_the_next_month_on_the_last_day_of_this_one(settings, database):
    async with resources(settings) as given:
        for moment in (datetime(2025, 1, 30, 9, tzinfo=UTC), datetime(2025, 1, 31, 9, tzinfo=UTC)):
            await prepare_keys(msgspec.structs.replace(given, clock=lambda moment=moment: moment))
            assert await months(database) == (["2025-01"] if moment.day == 30 else ["2025-01", "2025-02"])


async def months(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT to_char(month, 'YYYY-MM') FROM monthly_kek ORDER BY 1")
    finally:
        await connection.close()
    return [row[0] for row in rows]


# --------------------------------------------------------------------------------- rotating, destroying, shredding


LAST_MONTH = datetime.now(UTC).replace(day=1) - timedelta(days=1)
MANY = 3_000
"""Data keys that lie in several steps' worth of blocks."""


def many_keys(settings):
    """Make data keys that a key of last month wraps; return who they are of."""

    async def make():
        owners = [str(uuid4()) for _ in range(MANY)]
        async with resources(settings, pool_size=1) as given, given.work() as work:
            for owner in owners:
                await given.keyring.make(work, owner, LAST_MONTH)
            await work.commit()
        return owners

    return asyncio.run(make())


def opened(settings, owners):
    """How many of the owners have a data key that opens."""

    async def open_all():
        async with resources(settings, role=KEEPER, pool_size=1) as given, given.work() as work:
            return len([await given.keyring.find(work, owner) for owner in owners])

    return asyncio.run(open_all())


def by_month(dsn, query="SELECT kek_id, count(*) FROM data_key GROUP BY 1 ORDER BY 1", *arguments):
    return [tuple(row) for row in asyncio.run(rows(dsn, query, *arguments))]


def test_every_key_is_wrapped_anew_by_the_key_of_this_month(typed, settings, database):
    many_keys(settings)
    this_month = int(f"{datetime.now(UTC):%Y%m}01")
    done = json.loads(typed("rotate", "kek", "--json").out)
    assert (done["target"], done["keys"], list(done["destroyable"])) == (
        this_month,
        MANY,
        [f"{LAST_MONTH:%Y%m}01"],
    )
    assert by_month(database) == [(this_month, MANY)]
    assert f"{MANY:,} keys are wrapped anew by {this_month + 1}" in typed("rotate", "kek", "--fresh").err


def test_a_rotation_that_was_killed_goes_on_where_it_was(typed, settings, database):
    owners = many_keys(settings)
    in_the_last_block = "SELECT FROM data_key WHERE ctid = (SELECT max(ctid) FROM data_key) FOR UPDATE"
    command = [sys.executable, "-c", "from registry.cli import main; main()", "keys", "rotate", "kek"]

    async def kill_in_the_middle():
        holding = await asyncpg.connect(database)
        transaction = holding.transaction()
        await transaction.start()
        await holding.execute(in_the_last_block)  # so the run stands still before its end
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        while await holding.fetchval("SELECT count(DISTINCT kek_id) FROM data_key") < 2:
            assert process.returncode is None
            await asyncio.sleep(0)
        process.kill()
        await process.wait()
        await transaction.rollback()
        await holding.close()

    asyncio.run(kill_in_the_middle())
    left = dict(by_month(database))[int(f"{LAST_MONTH:%Y%m}01")]
    assert 0 < left < MANY
    assert json.loads(typed("rotate", "kek", "--json").out)["keys"] == left
    assert opened(settings, owners) == MANY


def test_an_old_key_is_destroyed_only_when_its_time_is_over(typed, settings, database):
    many_keys(settings)
    typed("rotate", "kek")
    assert json.loads(typed("destroy-old", "--json").out) == {"destroyed": []}
    asyncio.run(rows(database, "UPDATE monthly_kek SET emptied_at = emptied_at - interval '35 days'"))
    old = int(f"{LAST_MONTH:%Y%m}01")
    assert f"destroyed: {old}" in typed("destroy-old").err
    assert old not in [kek for (kek,) in by_month(database, "SELECT kek_id FROM monthly_kek")]
    assert "nothing was destroyed" in typed("destroy-old").err


RECORDS = 30


def many_records(settings):
    """Open records of one movement each; return their ids."""

    async def make():
        made = []
        async with resources(settings, role=EX_OFFICIO, pool_size=1) as given, given.work() as work:
            for _ in range(RECORDS):
                person_id, key = await a_person(work, given.keyring)
                await a_movement(work, key, person_id, await a_submission(work, given.keyring))
                made.append(person_id)
            await work.commit()
        return made

    return asyncio.run(make())


def readable(settings, people):
    """How many of the records have a movement that opens."""

    async def read():
        async with resources(settings, role=KEEPER, pool_size=1) as given, given.work() as work:
            return sum([len(await records.movements_of(work, given.keyring, one)) for one in people])

    return asyncio.run(read())


def test_a_rotation_of_data_keys_that_was_killed_goes_on_where_it_was(typed, settings, database):
    people = many_records(settings)
    command = [sys.executable, "-c", "from registry.cli import main; main()", "keys", "rotate", "data"]

    async def kill_in_the_middle():
        holding = await asyncpg.connect(database)
        transaction = holding.transaction()
        await transaction.start()
        await holding.execute("SELECT FROM person WHERE person_id = $1 FOR UPDATE", max(people))
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        while not await holding.fetchval("SELECT count(*) FROM data_key WHERE rotation = 1"):
            assert process.returncode is None
            await asyncio.sleep(0)
        process.kill()
        await process.wait()
        await transaction.rollback()
        await holding.close()

    asyncio.run(kill_in_the_middle())
    assert readable(settings, people) == RECORDS
    left = dict(by_month(database, "SELECT rotation, count(*) FROM data_key WHERE owner > $1 GROUP BY 1", SERVICE))[0]
    assert 0 < left < 2 * RECORDS
    assert json.loads(typed("rotate", "data", "--json").out) == {"rotation": 1, "keys": left}
    assert readable(settings, people) == RECORDS
    assert f"rotation 2: {2 * RECORDS} data keys are new" in typed("rotate", "data").err
    assert readable(settings, people) == RECORDS


def test_who_cannot_be_given_a_new_key_is_named_after_everybody_else_has_one(typed, settings, database):
    people = many_records(settings)
    first = "(SELECT min(submission_id::text)::uuid FROM submission)"
    spoil = f"UPDATE submission SET sealed = '' WHERE submission_id = {first} RETURNING submission_id"  # noqa: S608 - ours
    ((broken,),) = asyncio.run(rows(database, spoil))
    for _ in range(2):  # the same rotation is begun again
        assert (
            f"1 keys do not open what they sealed and stay as they are: {broken}."
            in typed("rotate", "data", code=1).err
        )
        assert by_month(database, "SELECT owner FROM data_key WHERE rotation = 0 AND owner > $1", SERVICE) == [
            (broken,)
        ]
    assert readable(settings, people) == RECORDS


SHREDDED = ("--ground", "unlawfully-held", "--reason", "x", "--by", "office-3", "--approved-by", "legal-1")


def test_nothing_is_shredded_unasked_or_twice(typed, monkeypatch):
    nobody = "00000000-0000-4000-8000-000000000000"
    assert "nothing was shredded" in typed("shred", nobody, *SHREDDED, "--json", code=1).err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert "nothing was shredded" in typed("shred", nobody, *SHREDDED, code=1).err
    assert "/person_id: the id of a record" in typed("shred", nobody, *SHREDDED, "--yes", code=1).err


def test_the_search_keys_of_a_new_generation_are_told_by_its_number(typed, monkeypatch):
    waited = []

    async def at_once(seconds):
        waited.append(seconds)

    monkeypatch.setattr("registry.services.index_rotation.sleep", at_once)
    assert json.loads(typed("rotate", "index", "--json").out) == {"generation": 2, "people": 0}
    assert "generation 3 of the search keys" in typed("rotate", "index").err
    assert waited == [2 * TRUSTED_FOR] * 2
