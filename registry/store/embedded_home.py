"""Where the embedded server lives and as whom: its account, its folders, and the clearing away of what was left there.

PostgreSQL refuses to run as root. Root therefore starts it as ``nobody``: no account is made for it, and no mode of a
folder that is not ours is changed.

A home is locked while its launcher lives. The operating system drops that lock with the launcher, so a server whose
home is not locked (its launcher was killed with −9) belongs to no one and may be cleared away.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Children see nothing of our environment: a stray PGDATA or PGPORT would point them elsewhere.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

# A socket's path may have 103 bytes (macOS; Linux 107): 50 are left for what comes below the temporary folder.
_LONGEST_TEMPORARY = 53
_FLEETING = "fleeting-"
_POLL = 0.01  # seconds


class EmbeddedServerError(Exception):
    """The embedded server cannot run here; the message says what to do about it."""


class Account:
    """Who runs the server: we ourselves, or ``nobody`` when we are root."""

    def __init__(self) -> None:
        self._identity: Mapping[str, Any] = {}
        self.uid, self._gid = os.geteuid(), os.getegid()
        if self.uid == 0:
            nobody = pwd.getpwnam("nobody")
            self.uid, self._gid = nobody.pw_uid, nobody.pw_gid
            self._identity = {"user": self.uid, "group": self._gid, "extra_groups": []}

    def start(self, command: Sequence[str | Path], **popen: Any) -> subprocess.Popen[str]:
        """Start ``command`` as this account, in a session of its own: a Ctrl-C in the terminal is ours alone."""
        return subprocess.Popen(  # noqa: S603 - the program is a PostgreSQL binary or sh, the arguments are ours
            command, cwd="/", env=ENVIRONMENT, start_new_session=True, text=True, **self._identity, **popen
        )

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Run ``command`` as this account to its end; return its exit status and all that it said."""
        with self.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
            said, _ = child.communicate()
        return child.returncode, said

    def may_enter(self, folder: Path) -> bool:
        """Tell whether this account gets into ``folder``, by trying: modes do not show access lists and mounts."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", folder)[0] == 0

    def make_folder(self, folder: Path) -> Path:
        """Make ``folder``, or take it as it is, for this account alone (0700)."""
        own_folder(folder, owners={os.geteuid(), self.uid})
        folder.chmod(0o700)
        os.chown(folder, self.uid, self._gid)
        return folder


def own_folder(folder: Path, owners: set[int] | None = None) -> Path:
    """Make ``folder``, open for the server's account to pass, or take it as it is if it belongs to ``owners`` (us).

    Raises :class:`EmbeddedServerError` where somebody else was there first: in a shared temporary folder that is how
    another user would slip in a folder, or a link, of theirs.
    """
    try:
        folder.mkdir()
        folder.chmod(0o755)  # whatever the umask
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owners or {os.geteuid()}):
            raise EmbeddedServerError(
                f"{folder} belongs to another user or is no folder: remove it, or choose another place"
            ) from None
    return folder


def temporary_folder(account: Account) -> Path:
    """Return our folder for what need not last or is out of reach elsewhere: short, and open to ``account``."""
    for place in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 - own_folder checks the owner
        if len(os.fsencode(place)) <= _LONGEST_TEMPORARY and place.is_dir() and account.may_enter(place):
            return own_folder(place / f"registry-{os.geteuid()}")
    raise EmbeddedServerError("no temporary folder is short and open enough for a socket: set TMPDIR=/tmp")


class Home:
    """The folder that one server lives in, and a second one with a shorter path for its socket; locked until left.

    Raises :class:`EmbeddedServerError` if another process lives there.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder = own_folder(folder)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise EmbeddedServerError(f"another process runs the server in {folder}: stop that one first") from None
        self.cluster = folder / "cluster"
        self.log = folder / "server.log"
        self.log.touch(0o600)
        self.marker = f"pg-{short_hash(folder)}"
        self.sockets = temporary / self.marker

    def is_ready(self, server: int) -> bool:
        """Tell whether the server with this process id takes connections: it says so in postmaster.pid."""
        try:
            words = (self.cluster / "postmaster.pid").read_text().split()
        except OSError:
            return False
        return words[:1] == [str(server)] and words[-1] == "ready"

    def kill_all(self) -> None:
        """Kill with −9 the server that carries this home's marker and all its backends, orphaned or not."""
        while found := list(_processes(self.marker)):
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(_POLL)

    def leave(self) -> None:
        """Unlock the home, and remove it if it was a fleeting one."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.folder.name.startswith(_FLEETING):
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def fleeting_folder(temporary: Path) -> Path:
    """Name a new folder below ``temporary`` that its server removes on leaving; remove those that none could leave.

    Call it under :func:`locked`: a home between its making and its locking looks abandoned.
    """
    for abandoned in temporary.glob(f"{_FLEETING}*"):
        with suppress(EmbeddedServerError, OSError):  # somebody lives there, or is just leaving
            home = Home(abandoned, temporary)
            home.kill_all()
            home.leave()
    return temporary / f"{_FLEETING}{os.urandom(8).hex()}"


def _processes(marker: str) -> Iterator[int]:
    """List the server whose cluster_name is ``marker``, and its backends: their titles begin with it (Linux)."""
    option, title = f"cluster_name={marker}".encode(), f"postgres: {marker}: ".encode()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = file.read_bytes()
            if option in line.split(b"\0") or line.startswith(title):
                yield int(file.parent.name)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``, waiting for it: one launcher at a time makes, copies and clears away."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def short_hash(path: Path) -> str:
    """Return 12 letters that stand for ``path`` where it would be too long."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
