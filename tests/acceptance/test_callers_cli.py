"""``registry callers`` as an operator types it: who may call, who is narrowed, and who lifted it for what reason."""

import asyncio
import json
from datetime import UTC, datetime

import asyncpg
import pytest

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.vault.keys import FileKeyProvider
from tests.house import a_log_key

OFFICE = "pension-office-1"
NARROWED = """
INSERT INTO caller_narrowing (body, suspicions, narrowed_at)
VALUES ('pension-office-1', '{misses,sequence}', '2024-12-31T03:00Z')
"""
ASKED = """
INSERT INTO caller_tally VALUES
('pension-office-1', (now() AT TIME ZONE 'Asia/Tokyo')::date, 1234, 1200, 7, 34, 8, 3, 0)
"""


@pytest.fixture
def typed(database, tmp_path, monkeypatch, capfd):
    """Types a command; returns what it printed on either side."""
    FileKeyProvider.create(tmp_path / "keys.json")
    (tmp_path / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
    (tmp_path / "office.pem").write_bytes(SigningKey.generate("office").verifying.to_pem())
    monkeypatch.setenv("REGISTRY_DSN", database)
    monkeypatch.setenv("REGISTRY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("REGISTRY_SIGNING_KEY", str(tmp_path / "registry.pem"))
    monkeypatch.setenv("REGISTRY_LOG_KEY", str(a_log_key(tmp_path)))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*command, code=0):
        capfd.readouterr()
        ended = 0
        try:
            app(["callers", *command], exit_on_error=False, result_action="return_value")
        except SystemExit as exit_:
            ended = exit_.code
        printed = capfd.readouterr()
        assert ended == code, printed.err
        return printed

    for body, kind, key in (
        (OFFICE, "pension-office", "office-2"),
        (OFFICE, "pension-office", "office-1"),
        ("JP-CG-BOSTON", "mission", "boston-1"),
    ):
        run("register", key, str(tmp_path / "office.pem"), "--body", body, "--kind", kind)
    return run


def put_in(database, *statements):
    async def execute():
        connection = await asyncpg.connect(database)
        try:
            return [await connection.execute(one) for one in statements]
        finally:
            await connection.close()

    asyncio.run(execute())


def test_every_body_is_listed_with_its_keys_its_day_and_why_it_is_narrowed(typed, database):
    put_in(database, NARROWED, ASKED)
    boston, office = json.loads(typed("list", "--json").out)["callers"]
    assert (boston["body"], boston["kind"], boston["keys"]) == ("JP-CG-BOSTON", "mission", ["boston-1"])
    assert boston.keys() == {"body", "kind", "keys", "today"}
    assert office["keys"] == ["office-1", "office-2"]
    assert (office["today"]["asked"], office["today"]["missed_by_number"], office["today"]["ambiguous"]) == (1234, 7, 3)
    assert office["narrowed"]["suspicions"] == ["misses", "sequence"]
    shown = typed("list").out
    assert all(word in shown for word in ("1,234", " 15 ", "misses, sequence", "2024-12-31 03:00 UTC"))


def test_lifting_is_recorded_with_who_when_and_why_and_counting_begins_anew(typed, database):
    put_in(database, NARROWED, ASKED)
    before = datetime.now(UTC).replace(microsecond=0)
    assert json.loads(typed("lift", OFFICE, "--reason", " a test batch ", "--json").out) == {"lifted": OFFICE}
    _, office = json.loads(typed("list", "--json").out)["callers"]
    (lifted,) = office["lifted"]
    assert "narrowed" not in office
    assert office["today"]["asked"] == 0
    assert (lifted["reason"], lifted["lifted_by"]) == ("a test batch", "postgres")
    assert before <= datetime.fromisoformat(lifted["lifted_at"])


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [("JP-CG-BOSTON", "a mistake", "JP-CG-BOSTON is not narrowed"), (OFFICE, "  ", "--reason")],
    ids=["who is not narrowed", "without a reason"],
)
def test_nothing_is_lifted(typed, database, body, reason, message):
    put_in(database, NARROWED)
    assert message in typed("lift", body, "--reason", reason, code=1).err
    assert "narrowed" in json.loads(typed("list", "--json").out)["callers"][1]


def test_what_is_lifted_can_be_narrowed_again_and_both_stay_on_record(typed, database):
    put_in(database, NARROWED)
    typed("lift", OFFICE, "--reason", "a test batch")
    put_in(database, NARROWED)
    _, office = json.loads(typed("list", "--json").out)["callers"]
    assert (len(office["lifted"]), "narrowed" in office) == (1, True)
