"""A PostgreSQL server of our own, for the demo and the tests, where ``REGISTRY_DSN`` names none.

It listens on a socket in a folder that only its account can enter, and nowhere else; whoever gets in there is trusted.
It is durable unless its settings say otherwise, and its log repeats no value of a statement. Not for production: as
root it shares the account ``nobody`` with whatever else runs as that.
"""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from registry.store.embedded_binaries import find_binaries, major_version, within_reach
from registry.store.embedded_home import (
    Account,
    EmbeddedServerError,
    Home,
    fleeting_folder,
    locked,
    own_folder,
    short_hash,
    temporary_folder,
)

__all__ = ["EmbeddedServer", "EmbeddedServerError"]

_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums")
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # No DETAIL ("Key (…)=(…) already exists"), no STATEMENT, no parameters: values have no business in a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "max_locks_per_transaction": "256",  # a batch of large households holds twelve thousand locks
}

_POLL = 0.01  # seconds
_STOP_WITHIN = 30.0  # seconds
# What PostgreSQL says while orphans of a killed server are still dying; anything else does not pass by itself.
_PASSES = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
_ATTEMPTS = 20
_BETWEEN_ATTEMPTS = 0.25  # seconds


class EmbeddedServer:
    """One PostgreSQL server, running while the ``with`` block runs; SIGTERM leaves the block as Ctrl-C does.

    ``data`` is the folder to keep it in, found again at the next start; None means one that is gone afterwards. Where
    root's stand-in ``nobody`` cannot enter that folder, one below the temporary folder takes its place: :attr:`data`
    says which. ``binaries`` is the folder of initdb and postgres, by default what :func:`find_binaries` finds.
    ``settings`` go over those of postgresql.conf.
    """

    def __init__(
        self, data: Path | None, *, binaries: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._wish = data
        self._binaries = binaries or find_binaries()
        self._settings = _SETTINGS | dict(settings or {})
        self._account = Account()
        self._home: Home | None = None
        self._process: subprocess.Popen[str] | None = None
        self._takes_sigterm = False

    def __enter__(self) -> Self:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            self._takes_sigterm = True
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._takes_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._takes_sigterm = False

    @property
    def data(self) -> Path:
        """The folder that the started server is kept in."""
        return self._occupied.folder

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the address of ``database`` for ``user`` in libpq's form; the same again after :meth:`kill`."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._occupied.sockets), safe='')}"

    def start(self) -> None:
        """Start the server and return when it takes connections; make its cluster first if there is none.

        Raises :class:`EmbeddedServerError` if another process runs a server in this folder, if another PostgreSQL
        made its cluster, or if PostgreSQL itself refuses.
        """
        if self._process is not None and self._process.poll() is None:
            return
        try:
            self._home = self._home or self._occupy()
            self._home.kill_all()  # whom a killed launcher left behind
            self._make_cluster(self._home)
            self._run(self._home)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all connections, stop the server in good order and leave its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        if self._home is not None:
            self._home.leave()
            self._home = None

    def kill(self) -> None:
        """Kill the server and all its backends with −9, as a fault would; :meth:`start` brings it back."""
        if self._process is not None:
            self._process.kill()  # first, so that it neither starts nor recovers anything
            self._occupied.kill_all()
            self._process.wait()
            self._process = None

    @property
    def _occupied(self) -> Home:
        if self._home is None:
            raise EmbeddedServerError("the server is not running: start it first")
        return self._home

    def _occupy(self) -> Home:
        temporary = temporary_folder(self._account)
        with locked(temporary):
            self._binaries = within_reach(self._binaries, self._account)
            home = Home(self._folder(temporary), temporary)
        self._account.make_folder(home.sockets)
        return home

    def _folder(self, temporary: Path) -> Path:
        if self._wish is None:
            return fleeting_folder(temporary)
        wish = self._wish.resolve()
        wish.parent.mkdir(parents=True, exist_ok=True)
        return wish if self._account.may_enter(own_folder(wish)) else temporary / f"data-{short_hash(wish)}"

    def _make_cluster(self, home: Home) -> None:
        made_by = home.cluster / "PG_VERSION"
        if made_by.exists():
            if int(made_by.read_text()) != major_version(self._binaries):
                raise EmbeddedServerError(f"{home.folder} was made by another PostgreSQL: remove it, or run that one")
            return
        growing = home.folder / "growing"  # a first start that is cut short leaves no half-made cluster
        shutil.rmtree(growing, ignore_errors=True)
        self._account.make_folder(growing)
        hurry = ("--no-sync",) if self._settings.get("fsync") == "off" else ()
        status, said = self._account.run(self._binaries / "initdb", *_INITDB, *hurry, "-D", growing)
        if status != 0:
            raise EmbeddedServerError(f"initdb failed: {_tail(said)}")
        growing.rename(home.cluster)

    def _run(self, home: Home) -> None:
        attempts_left = _ATTEMPTS
        while not self._try(home):
            attempts_left -= 1
            said = _tail(home.log.read_text())
            if not attempts_left or not any(passes in said for passes in _PASSES):
                raise EmbeddedServerError(f"PostgreSQL does not start; its log ends with: {said}")
            time.sleep(_BETWEEN_ATTEMPTS)

    def _try(self, home: Home) -> bool:
        settings = self._settings | {"unix_socket_directories": f'"{home.sockets}"', "cluster_name": home.marker}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self._binaries / "postgres", "-D", home.cluster, *options]
        with home.log.open("a") as log:
            self._process = self._account.start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while self._process.poll() is None:  # recovery after a crash takes what it takes
            if home.is_ready(self._process.pid):
                return True
            time.sleep(_POLL)
        return False


def _tail(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-5:])
