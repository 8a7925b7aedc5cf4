"""The demo's programs as separate processes: registry, gateway of a mission, agent of a municipality."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

PATIENCE: Final = 60.0
"""Seconds to wait for a program to be ready; a slow machine needs some of them."""


class ProgramFailed(Exception):  # noqa: N818 - it says what the reader of the demo meets
    """A program of the demo ended as it should not; the message says where its output is."""


class Programs:
    """Starts programs of this project and ends them all together. Use it in ``with``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:  # all at once: none waits for another's end
            process.terminate()
        self._running.close()

    def start(self, name: str, command: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program that keeps running; its output goes to a file of its name."""
        log = self._running.enter_context((self._folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
            _command(command), env=_environment(settings), stdout=log, stderr=subprocess.STDOUT
        )
        self._processes.append(process)
        self._running.callback(_end, process)
        return process

    def run(self, name: str, command: Sequence[str], settings: Mapping[str, str], *, good: Sequence[int] = (0,)) -> str:
        """Run a program to its end and return what it printed; its other output goes to a file of its name.

        Raises ProgramFailed when its exit code is none of ``good``.
        """
        with (self._folder / f"{name}.log").open("ab") as log:
            done = subprocess.run(  # noqa: S603 - our own programs, no shell
                _command(command), env=_environment(settings), stdout=subprocess.PIPE, stderr=log, check=False
            )
            log.write(done.stdout)
        if done.returncode not in good:
            raise ProgramFailed(f"{command[0]} ended with {done.returncode}: see {self._folder / name}.log")
        return done.stdout.decode()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program answers 200 under ``url``; raises ProgramFailed when it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProgramFailed(f"the program ended with {process.returncode}: see {log}")
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise ProgramFailed(f"no answer from {url}: see {log}")


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(command: Sequence[str]) -> list[str]:
    """Return the command with the program as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"PYTHONUTF8": "1", "COLUMNS": "110"} | dict(settings)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
