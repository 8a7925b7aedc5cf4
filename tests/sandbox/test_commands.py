"""``registry sandbox clock`` as it is typed: what it prints, and that production refuses."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.vault.keys import FileKeyProvider
from tests.house import a_log_key


@pytest.fixture
def typed(database, tmp_path, monkeypatch, capfd):
    """Types a command; returns its exit code and what it printed on either side."""
    FileKeyProvider.create(tmp_path / "keys.json")
    (tmp_path / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
    monkeypatch.setenv("REGISTRY_DSN", database)
    monkeypatch.setenv("REGISTRY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("REGISTRY_SIGNING_KEY", str(tmp_path / "registry.pem"))
    monkeypatch.setenv("REGISTRY_LOG_KEY", str(a_log_key(tmp_path)))
    monkeypatch.delenv("REGISTRY_ENV", raising=False)

    def run(*command):
        capfd.readouterr()
        try:
            code = app(["sandbox", "clock", *command], exit_on_error=False, result_action="return_value")
        except SystemExit as ended:
            code = ended.code
        return code, capfd.readouterr()

    return run


def test_the_clock_is_put_where_it_was_told(typed):
    _, printed = typed("set", "2030-04-01T09:00:00+09:00", "--json")
    now = datetime.fromisoformat(json.loads(printed.out)["now"])
    assert abs(now - datetime(2030, 4, 1, tzinfo=UTC)) < timedelta(minutes=1)
    _, printed = typed("set", "2030-04-01T12:00:00")
    assert "It is now 2030-04-01T1" in printed.err
    _, printed = typed("advance", "--days", "90")
    assert "It is now 2030-06-30T1" in printed.err


def test_the_clock_of_production_is_not_moved(typed, monkeypatch):
    monkeypatch.setenv("REGISTRY_ENV", "production")
    code, printed = typed("advance", "--days", "90")
    assert code == 1
    assert "production" in printed.err
