"""``registry keys`` as an operator types it, and what a running registry does by itself before a month begins."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import asyncpg
import msgspec
import pytest

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.settings import Settings
from registry.vault.keys import FileKeyProvider
from registry.wiring import prepare_keys, resources
from tests.house import a_log_key


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
    assert (month["key_id"], month["since"], month["note"]) == ("299912", "2999-12", "1 data keys")
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
