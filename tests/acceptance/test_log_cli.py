"""The log of disclosures at the command line: audited, handed out to a person, checked off line."""

import asyncio
import json

import asyncpg
import pytest

from registry.cli import app
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.sandbox.programs import free_port
from registry.store import disclosure_log as stored
from tests.acceptance.asking import ask, settle
from tests.acceptance.seen import person_ids
from tests.house import PENSION, URL, house

NOBODY = "00000000-0000-4000-8000-000000000000"


async def grown(database, folder):
    """Let a registry run until it has something to tell; return somebody's id, the log's key and its checkpoint."""
    async with house(database, folder) as registry:
        await settle(registry)
        await ask(registry, PENSION)
        await registry.sequence()
        async with registry.ex_officio.work() as work:
            head = await stored.head(work)
        (person_id,) = await person_ids(database)
        return person_id, registry.resources.log.key.text, head.note


@pytest.fixture
def story(database, tmp_path):
    return asyncio.run(grown(database, tmp_path))


@pytest.fixture
def typed(story, database, tmp_path, monkeypatch, capfd):
    """Types a command; returns what it printed on either side."""
    assert story
    settings = {"dsn": database, "keys": "keys.json", "signing_key": "registry.pem", "log_key": "log.pem"}
    for name, value in settings.items():
        monkeypatch.setenv(f"REGISTRY_{name.upper()}", value if name == "dsn" else str(tmp_path / value))
    monkeypatch.setenv("REGISTRY_PUBLIC_URL", URL)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*command, code=0):
        capfd.readouterr()
        try:
            ended = app(list(map(str, command)), exit_on_error=False, result_action="return_value")
        except SystemExit as exit_:
            ended = exit_.code
        printed = capfd.readouterr()
        assert (ended or 0) == code, printed.err
        return printed

    return run


def test_a_person_s_record_is_handed_out_and_holds_off_line(story, typed, tmp_path):
    person_id, key, _ = story
    file = tmp_path / "record.json"
    given = typed("access-record", person_id, "--handled-by", "desk-7", "--out", file, "--json")
    assert json.loads(given.out) == {"entries": 3, "file": str(file)}
    assert file.stat().st_mode & 0o077 == 0
    checked = json.loads(typed("verify-receipt", file, "--log-key", key, "--json").out)
    assert (checked["verified"], checked["numbers"]) == (True, [1, 2, 3])
    shown = typed("verify-receipt", file, "--log-key", key).out
    assert PENSION in shown
    assert "✓ registry.test/log" in shown


def test_a_record_that_was_changed_is_said_to_be_and_where(story, typed, tmp_path):
    person_id, key, _ = story
    file = tmp_path / "record.json"
    typed("access-record", person_id, "--handled-by", "desk-7", "--out", file)
    file.write_text(file.read_text(encoding="utf-8").replace(PENSION, "pension-office-2"), encoding="utf-8")
    said = json.loads(typed("verify-receipt", file, "--log-key", key, "--json", code=3).out)
    assert (said["verified"], said["code"], said["where"][:6]) == (False, "proof-mismatch", "entry ")
    assert "proof-mismatch" in typed("verify-receipt", file, "--log-key", key, code=3).out


def test_no_record_is_written_over_another_or_about_nobody(story, typed, tmp_path):
    file = tmp_path / "record.json"
    assert "nothing about" in typed("access-record", NOBODY, "--handled-by", "desk-7", "--out", file, code=1).err
    assert "UUID" in typed("access-record", "x", "--handled-by", "desk-7", "--out", file, code=1).err
    file.touch()
    assert "there already" in typed("access-record", story[0], "--handled-by", "desk-7", "--out", file, code=1).err
    assert file.read_bytes() == b""


def test_the_own_log_is_audited_against_what_is_remembered(story, typed, tmp_path):
    remembered = tmp_path / "checkpoint.txt"
    remembered.write_bytes(story[2])
    audited = json.loads(typed("verify-log", "--remembered", remembered, "--json").out)
    assert (audited["verified"], audited["findings"], audited["size"]) == (True, [], 3)
    assert "3 entries" in typed("verify-log").out


def test_a_change_of_the_own_log_is_said_to_be_one_and_where(typed, database):
    async def tamper():
        connection = await asyncpg.connect(database)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM log_entry WHERE leaf_index = 1")
        await connection.close()

    asyncio.run(tamper())
    audited = json.loads(typed("verify-log", "--json", code=3).out)
    assert audited["findings"][0] == {"code": "entry-missing", "where": "entry 1"}
    assert "entry 1: an entry is missing" in typed("verify-log", code=3).out


def test_what_makes_no_sense_is_told_apart_from_what_is_wrong(story, typed, tmp_path):
    _, key, note = story
    nowhere = f"http://127.0.0.1:{free_port()}/v1/log"
    assert "did not answer" in typed("verify-log", "--url", nowhere, "--log-key", key, code=1).err
    assert "--log-key" in typed("verify-log", "--url", nowhere, code=2).err
    assert "REGISTRY_LOG_KEY" in typed("verify-log", "--log-key", key, code=2).err
    assert "C2SP" in typed("verify-log", "--url", nowhere, "--log-key", "x", code=2).err
    foreign = tmp_path / "checkpoint.txt"
    foreign.write_bytes(note.replace(b"registry.test", b"another.test"))
    assert "no checkpoint of this log" in typed("verify-log", "--remembered", foreign, code=2).err


def test_the_provider_is_the_virtual_municipality(story, typed, tmp_path):
    file = tmp_path / "record.json"
    typed("access-record", story[0], "--handled-by", "desk-7", "--out", file)
    checked = json.loads(typed("verify-receipt", file, "--log-key", story[1], "--json").out)
    assert {one["provider"] for one in checked["entries"]} == {str(VIRTUAL_MUNICIPALITY.code)}
