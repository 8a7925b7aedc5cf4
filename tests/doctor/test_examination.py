"""Every mistake is planted for real, in a registry that was sound, and the doctor finds it and nothing else."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from registry.code_tables.files import package_text
from registry.code_tables.shapes import TableName
from registry.contract.keys import Algorithm, SigningKey
from registry.doctor.examination import examine
from registry.doctor.finding import Code, Gravity
from registry.doctor.machine import full_disk
from registry.sandbox.programs import Programs, wait_until_ready
from registry.store.embedded import EmbeddedServer
from registry.store.migrate import downgrade
from registry.vault.keys import FileKeyProvider
from tests.planted import found_in
from tests.transparency.signers import WITNESS

REGISTRY = Path(sys.executable).with_name("registry")


def spoilt(name, content):
    return lambda ward: (ward.folder / name).write_bytes(content)


def other_secret(name):
    """Another key file in the place of the right one, with one secret of it changed."""

    def plant(ward):
        file = ward.folder / "keys.json"
        FileKeyProvider.create(ward.folder / "other.json")
        kept, other = (json.loads(one.read_bytes()) for one in (file, ward.folder / "other.json"))
        file.write_text(json.dumps(kept | {name: other[name]}))

    return plant


def setting(name, value):
    return lambda ward: ward.environment.update({name: value})


def witnesses(line):
    def plant(ward):
        (ward.folder / "witnesses").write_text(f"{line}\n", encoding="utf-8")
        ward.environment["REGISTRY_WITNESSES"] = str(ward.folder / "witnesses")

    return plant


def sql(*statements, undo=()):
    return lambda ward: ward.sql(*statements, undo=undo)


def in_its_place(table, content):
    """A version of a table of codes that applies since yesterday."""
    return lambda ward: ward.insert(
        "INSERT INTO code_table_version (table_name, applies_from, source, sha256, imported_at, imported_by, content) "
        "VALUES ($1, current_date - 1, 'planted', '', now(), 'planted', $2)",
        table,
        content,
    )


def all_closed():
    heading, *rows = package_text(TableName.MISSIONS).splitlines()
    return "\n".join([heading, *(f"{row.rsplit(',', 1)[0]},2020-01-01" for row in rows), ""])


def a_month_later(ward):
    ward.sql("INSERT INTO sandbox_clock VALUES (true, 35 * 86400)")


PLANTED = {
    "no server at that address": (
        setting("REGISTRY_DSN", "postgresql://postgres@/postgres?host=/nowhere"),
        {"database-unreachable"},
    ),
    "no such database": (
        lambda ward: ward.environment.update(REGISTRY_DSN=ward.dsn.replace("/ward_", "/gone_")),
        {"database-unreachable"},
    ),
    "a schema of a newer program": (sql("UPDATE alembic_version SET version_num = '9999'"), {"schema-ahead"}),
    "a role that is gone": (
        sql(
            "ALTER ROLE registry_sequencer RENAME TO nobody_now",
            undo=["ALTER ROLE nobody_now RENAME TO registry_sequencer"],
        ),
        {"role-missing"},
    ),
    "a role above all rights": (
        sql("ALTER ROLE registry_app BYPASSRLS", undo=["ALTER ROLE registry_app NOBYPASSRLS"]),
        {"role-too-much"},
    ),
    "the application may change movements": (sql("GRANT UPDATE ON movement TO registry_app"), {"role-too-much"}),
    "the application may lift what is narrowed": (
        sql("GRANT UPDATE ON caller_narrowing TO registry_app"),
        {"role-too-much"},
    ),
    "the application may write grants": (sql("GRANT INSERT ON grant_row TO registry_app"), {"role-too-much"}),
    "the sequencer may read people": (sql("GRANT SELECT ON person TO registry_sequencer"), {"role-too-much"}),
    "everybody may write records": (sql("GRANT UPDATE ON version TO PUBLIC"), {"role-too-much"}),
    "the application may not log": (
        sql("REVOKE INSERT ON log_pending FROM registry_app"),
        {"role-too-little"},
    ),
    "rows are not kept apart": (sql("ALTER TABLE person NO FORCE ROW LEVEL SECURITY"), {"sight-unguarded"}),
    "the log is not guarded": (sql("ALTER TABLE log_entry DISABLE TRIGGER only_added_to"), {"guard-missing"}),
    "nothing is durable": (
        lambda ward: ward.sql(f"ALTER DATABASE {ward.dsn.split('/')[3].split('?')[0]} SET synchronous_commit = off"),
        {"database-not-durable"},
    ),
    "a clock ten minutes ahead": (
        lambda ward: setattr(ward, "clock", lambda: datetime.now(UTC) + timedelta(minutes=10)),
        {"clock-runs-away"},
    ),
    "no key file": (lambda ward: (ward.folder / "keys.json").unlink(), {"key-file-missing"}),
    "no signing key": (lambda ward: (ward.folder / "registry.pem").unlink(), {"key-file-missing"}),
    "a key file that others may read": (lambda ward: (ward.folder / "keys.json").chmod(0o644), {"key-file-open"}),
    "a signing key that others may read": (
        lambda ward: (ward.folder / "registry.pem").chmod(0o640),
        {"key-file-open"},
    ),
    "a key file that is none": (spoilt("keys.json", b"{}"), {"key-file-unreadable"}),
    "no key of the log": (lambda ward: (ward.folder / "log.pem").unlink(), {"key-file-missing"}),
    "a signing key that is none": (spoilt("registry.pem", b"-----BEGIN"), {"key-file-unreadable"}),
    "another master key": (other_secret("master"), {"month-key-unreadable"}),
    "another index key": (other_secret("mac"), {"index-key-unfit"}),
    "a month without key": (a_month_later, {"month-key-missing"}),
    "no tables of codes": (
        sql(
            "ALTER TABLE code_table_version DISABLE TRIGGER USER; DELETE FROM code_table_version WHERE table_name = "
            "'areas'; ALTER TABLE code_table_version ENABLE TRIGGER USER"
        ),
        {"codes-missing"},
    ),
    "a table of codes that is empty": (in_its_place("countries", "x"), {"codes-unreadable"}),
    "a table of codes that contradicts itself": (
        in_its_place("missions", package_text(TableName.MISSIONS) * 2),
        {"codes-unreadable"},
    ),
    "no mission open": (in_its_place("missions", all_closed()), {"missions-missing"}),
    "no callers": (sql("DELETE FROM client_key"), {"callers-missing"}),
    "a caller whose key has ended": (
        sql("UPDATE client_key SET valid_to = now() WHERE body = 'JP-CG-BOSTON'"),
        {"caller-without-key"},
    ),
    "a caller whose key is about to end": (
        sql("UPDATE client_key SET valid_to = now() + interval '10 days' WHERE body = 'JP-CG-BOSTON'"),
        {"caller-key-ends"},
    ),
    "a caller that is narrowed": (
        sql(
            "INSERT INTO caller_narrowing (body, suspicions, narrowed_at) VALUES ('JP-CG-BOSTON', '{misses}', now())",
            "INSERT INTO caller_narrowing (body, suspicions, narrowed_at, lifted_at, lifted_by, reason) "
            "VALUES ('tax-office-1', '{misses}', now(), now(), 'somebody', 'planted')",
        ),
        {"caller-narrowed"},
    ),
    "a caller whose key is none": (
        sql("UPDATE client_key SET public_key = 'x' WHERE body = 'JP-CG-BOSTON'"),
        {"caller-key-unreadable"},
    ),
    "no grants": (sql("DELETE FROM grant_row"), {"grants-missing"}),
    "a sequencer that stands still": (
        sql("INSERT INTO pending_stamp SELECT submission_id FROM submission"),
        {"sequencer-stands"},
    ),
    "entries of the log that nobody gives a place": (
        sql(
            "UPDATE log_head SET signed_at = now() - interval '6 minutes'",
            "INSERT INTO log_pending (entry_id, year, content_commitment, sealed) "
            "SELECT gen_random_uuid(), 1, sha256(''), ''",
        ),
        {"log-stands"},
    ),
    "another key of the log": (
        lambda ward: (ward.folder / "log.pem").write_bytes(SigningKey.generate("log").to_pem()),
        {"log-key-unfit"},
    ),
    "a key that cannot sign a log": (
        lambda ward: (ward.folder / "log.pem").write_bytes(SigningKey.generate("log", Algorithm.ECDSA_P256).to_pem()),
        {"key-file-unreadable"},
    ),
    "witnesses of whom none has cosigned": (
        witnesses(WITNESS.key.text + " https://witness.example"),
        {"log-not-watched"},
    ),
    "a list of witnesses that is none": (witnesses("somebody"), {"witnesses-unusable"}),
    "a case that nobody decides": (
        sql(
            "INSERT INTO review_case (person_id, submission_id, kind, field, rivals, opened_at) "
            "SELECT person_id, submission_id, 'contradiction', 'name', '{}', now() - interval '31 days' FROM link"
        ),
        {"cases-wait"},
    ),
    "a question overdue": (
        sql(
            "INSERT INTO question (question_id, person_id, wanted, asked_of, about, opened_at, next_at, "
            "attempts, asked_at, due, finding) SELECT gen_random_uuid(), person_id, 'supplementary-record', 'j-lis', "
            "'', now(), now(), 1, now(), now() - interval '1 day', 'no-answer-yet' FROM person"
        ),
        {"questions-overdue"},
    ),
    "a sandbox that became production": (
        lambda ward: [
            setting("REGISTRY_ENV", "production")(ward),
            ward.sql("INSERT INTO sandbox_clock VALUES (true, 60)"),
        ],
        {"sandbox-clock-set", "keys-not-for-production", "setting-senseless", "witnesses-unusable"},
    ),
    "no file of providers": (setting("REGISTRY_PROVIDERS", "/nowhere.toml"), {"setting-senseless"}),
    "no file of authorities": (setting("REGISTRY_AUTHORITIES", "/nowhere.toml"), {"setting-senseless"}),
    "production misspelt": (setting("REGISTRY_ENV", "Production"), {"setting-senseless"}),
    "a port that is no number": (setting("REGISTRY_PORT", "http"), {"setting-senseless"}),
    "an address with a path": (
        setting("REGISTRY_PUBLIC_URL", "https://registry.example/v1"),
        {"setting-senseless", "log-key-unfit"},
    ),
    "a host that is elsewhere": (setting("REGISTRY_HOST", "192.0.2.1"), {"setting-senseless"}),
    "a database of another kind": (setting("REGISTRY_DSN", "mysql://root@localhost/registry"), {"setting-senseless"}),
    "a setting misspelt": (setting("REGISTRY_PUBLICURL", "https://registry.example"), {"setting-unknown"}),
    "no signing key set": (lambda ward: ward.environment.pop("REGISTRY_SIGNING_KEY"), {"setting-missing"}),
}


def test_nothing_is_wrong_with_a_sound_registry(ward):
    areas = ward.areas()
    assert [finding for area in areas for finding in area.findings] == []
    assert all(area.checks for area in areas)


@pytest.mark.parametrize(("plant", "codes"), PLANTED.values(), ids=PLANTED)
def test_what_is_planted_is_found_and_nothing_else(ward, plant, codes):
    plant(ward)
    assert ward.found() == codes


def test_an_older_schema_is_found(ward):
    asyncio.run(downgrade(ward.dsn, "-1"))
    assert "schema-behind" in ward.found()


def test_a_database_without_schema_is_found_and_broken_checks_stop_no_other(ward):
    ward.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    assert {"schema-behind", "guard-missing", "check-broken"} <= ward.found()
    assert [finding.command for finding in ward.findings() if finding.code is Code.SCHEMA_BEHIND] == [
        "registry migrate"
    ]


def test_settings_of_the_server_that_lose_what_is_acknowledged_are_found(postgres_binaries, ward):
    careless = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
    with EmbeddedServer(None, binaries=postgres_binaries, settings=careless) as server:
        ward.environment["REGISTRY_DSN"] = server.dsn()
        said = [finding.what for finding in ward.findings() if finding.code is Code.DATABASE_NOT_DURABLE]
    assert said == [f"PostgreSQL runs with {one}" for one in ("fsync=off", "full_page_writes=off", "wal_level=minimal")]


def test_a_lock_table_of_the_usual_size_is_found(postgres_binaries, ward):
    with EmbeddedServer(None, binaries=postgres_binaries, settings={"max_locks_per_transaction": "64"}) as server:
        ward.environment["REGISTRY_DSN"] = server.dsn()
        said = [finding for finding in ward.findings() if finding.code is Code.LOCK_TABLE_SMALL]
    assert [finding.what for finding in said] == [
        "PostgreSQL has room for 6,400 locks; two of the largest batches hold 24,000"
    ]


def test_another_program_at_the_port_is_found(ward):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", int(ward.environment["REGISTRY_PORT"])))
        taken.listen()
        assert ward.found() == {"port-taken"}


def test_a_registry_at_work_is_no_stranger_at_its_port_and_makes_the_key_of_its_month(ward):
    a_month_later(ward)
    assert ward.found() == {"month-key-missing"}
    with Programs(ward.folder) as programs:
        process = programs.start("registry", ["registry", "serve"], ward.environment)
        address = f"http://127.0.0.1:{ward.environment['REGISTRY_PORT']}/health/ready"
        wait_until_ready(address, process, ward.folder / "registry.log")
        assert any(ward.found() == set() for _ in range(20))
        ward.sql("REVOKE SELECT ON known_until FROM registry_app")
        assert ward.found() == {"not-ready"}


def test_a_disk_with_less_room_than_is_needed_is_found(tmp_path):
    assert [finding.code for finding in full_disk(tmp_path, room=1 << 62)] == [Code.DISK_NEARLY_FULL]
    assert list(full_disk(tmp_path, room=1)) == []


def test_every_fault_of_an_empty_environment_is_told_at_once():
    areas = examine({"REGISTRY_PORT": "-1"})
    codes = [str(finding.code) for area in areas for finding in area.findings]
    assert codes == ["setting-missing"] * 4 + ["setting-senseless"]


def test_every_finding_says_what_and_how_to_mend_it_in_both_languages(ward):
    ward.sql("DELETE FROM client_key", "DELETE FROM grant_row", "GRANT UPDATE ON movement TO registry_app")
    ward.environment |= {"REGISTRY_PUBLICURL": "x", "REGISTRY_PUBLIC_URL": "x"}
    for finding in ward.findings():
        assert finding.what.isascii()
        assert finding.mend.isascii()
        assert not finding.what_ja.isascii()
        assert not finding.mend_ja.isascii()


def test_neither_people_nor_secrets_are_shown(ward):
    signing_key = SigningKey.generate("x").to_pem()
    (ward.folder / "registry.pem").write_bytes(signing_key[:-40])
    other_secret("mac")(ward)
    ward.environment["REGISTRY_DSN"] += "&password=s3cret-of-postgres"
    said = msgspec.json.encode(ward.areas()).decode()
    assert {"index-key-unfit", "key-file-unreadable"} <= ward.found()
    assert found_in(said) == ()
    keys = json.loads((ward.folder / "keys.json").read_bytes())
    for secret in ("s3cret-of-postgres", keys["master"], keys["mac"], signing_key.decode().splitlines()[1]):
        assert secret not in said


# ------------------------------------------------------------------------------------------------ the command


def doctor(ward, *options, **settings):
    return subprocess.run(  # noqa: S603 - our own program with arguments of these tests
        [REGISTRY, "doctor", *options],
        env=os.environ | ward.environment | {"COLUMNS": "200", "LC_ALL": "C.UTF-8"} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_ends_with_0_3_or_4(ward):
    sound = doctor(ward)
    assert (sound.returncode, "Nothing is wrong." in sound.stdout) == (0, True)
    ward.sql("DELETE FROM client_key")
    near = doctor(ward, LC_ALL="ja_JP.UTF-8")
    assert (near.returncode, "接続を許す相手が登録されていません" in near.stdout) == (4, True)
    ward.sql("DELETE FROM grant_row")
    wrong = doctor(ward, "--json")
    said = json.loads(wrong.stdout)
    assert (wrong.returncode, said["wrong"], said["near"]) == (3, 1, 1)
    assert {one["code"]: one["gravity"] for one in said["findings"]} == {
        "grants-missing": Gravity.WRONG,
        "callers-missing": Gravity.NEAR,
    }


def test_many_findings_of_one_kind_do_not_push_the_others_off_the_screen(ward):
    ward.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC", "DELETE FROM grant_row")
    shown = doctor(ward)
    assert (shown.returncode, shown.stdout.count("role-too-much")) == (3, 6)
    assert "more of role-too-much" in shown.stdout
    assert "grants-missing" in shown.stdout
    assert len(shown.stdout.splitlines()) < 24


def test_a_library_that_is_not_there_is_a_finding():
    blocked = "import sys; sys.modules['asyncpg'] = None; from registry.cli import main; main()"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", blocked, "doctor", "--json"], capture_output=True, check=False
    )
    assert ended.returncode == 3
    assert [one["command"] for one in json.loads(ended.stdout)["findings"]] == ["make setup"]
