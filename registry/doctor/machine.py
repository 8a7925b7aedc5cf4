"""This machine: room on its disks, and the port that the registry listens at."""

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from registry.doctor.finding import Code, Finding, wrong
from registry.doctor.patient import Patient

ROOM: Final = 1 << 30
"""Bytes that must be free where the registry writes; PostgreSQL stops for good where there are none."""
READY: Final = b'{"status":"ready"}'
PATIENCE: Final = 2.0
"""Seconds within which a registry that listens says how it is."""


def disk(_: Patient) -> Iterator[Finding]:
    """Find a full disk under the working folder, where logs and spools go."""
    yield from full_disk(Path.cwd())


def full_disk(folder: Path, room: int = ROOM) -> Iterator[Finding]:
    """Find that the disk of a folder has less than ``room`` bytes left; nothing where there is no such folder here."""
    if not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free
    if free < room:
        yield wrong(
            Code.DISK_NEARLY_FULL,
            (
                f"{free >> 20:,} MiB are free on the disk of {folder}",
                f"{folder} のディスクの空きは {free >> 20:,} MiB です",
            ),
            (f"make room: {room >> 20:,} MiB at least", f"{room >> 20:,} MiB 以上を空けてください"),
            f"df -h {folder}",
        )


def port(patient: Patient) -> Iterator[Finding]:
    """Find an address that is not of this machine, another program at it, or a registry there that cannot serve."""
    host, number = patient.settings.host, patient.settings.port
    trouble = _trouble_of_listening(host, number)
    if trouble is None:
        return
    if trouble != errno.EADDRINUSE:
        yield wrong(
            Code.SETTING_SENSELESS,
            (
                f"nobody can listen at {host}:{number} here ({os.strerror(trouble)})",
                f"{host}:{number} では待ち受けられません",
            ),
            (
                "set REGISTRY_HOST to an address of this machine, as 127.0.0.1",
                "REGISTRY_HOST をこの機械の番地としてください",
            ),
            "export REGISTRY_HOST=…",
        )
    elif not (answer := _answer(host, number)):
        yield _taken(host, number)
    elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        yield wrong(
            Code.NOT_READY,
            ("a registry is running here and cannot serve", "稼働中の登録システムが要求に応じられません"),
            (
                "mend the other findings; where there are none, no sequencer is at work: start `registry sequencer`",
                "他の所見を直してください。なければ編成が止まっています。`registry sequencer` を起動してください",
            ),
        )


CHECKS: Final = (disk, port)


def _trouble_of_listening(host: str, number: int) -> int | None:
    """Return the number of the error that keeps a program from listening; None where nothing does."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno
    return None


def _answer(host: str, number: int) -> httpx.Response | None:
    """Return what a registry says of its readiness; None where it is no registry that listens."""
    try:
        answer = httpx.get(f"http://{host}:{number}/health/ready", timeout=PATIENCE, trust_env=False)
    except httpx.HTTPError:
        return None
    is_ready = answer.status_code == httpx.codes.OK and answer.content == READY
    is_unready = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and b"not-ready" in answer.content
    return answer if is_ready or is_unready else None


def _taken(host: str, number: int) -> Finding:
    return wrong(
        Code.PORT_TAKEN,
        (f"another program listens at {host}:{number}", f"{host}:{number} を別のプログラムが使っています"),
        (
            "end that program, or set another REGISTRY_PORT",
            "そのプログラムを終えるか、別の REGISTRY_PORT を設定してください",
        ),
        f"ss -ltnp 'sport = :{number}'",
    )
