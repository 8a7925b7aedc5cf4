"""What a witness never forgets: of each log the last head that it cosigned, in one file, on the disk before it signs.

A witness that lost its memory would cosign another history. So there is one process to a file, a file that is away or
cannot be read ends the program, and only ``registry witness init`` ever makes an empty one.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

import msgspec

from registry.contract.decoding import encode
from registry.transparency.refusals import LogRefused
from registry.transparency.tree import TreeHead
from registry.transparency.witness import Memory


class MemoryRefused(Exception):  # noqa: N818 - the file is refused, as the rules refuse
    """The file of memories cannot be relied on; the message says why and what to do."""


class _Remembered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A memory as it stands in the file; ``root`` is 32 bytes in hexadecimal."""

    size: int
    root: str
    at: int


class Memories:
    """The memories of one witness, by the origin of the log. Use it in ``with``: the file is its own meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: IO[bytes] | None = None
        self._memories: dict[str, Memory] = {}

    @classmethod
    def create(cls, path: Path) -> None:
        """Make the file of a witness that has seen nothing yet; raises FileExistsError where there is one."""
        with path.open("xb") as file:
            file.write(b"{}")

    def __enter__(self) -> Self:
        """Take the file and read it; raises :class:`MemoryRefused`."""
        self._lock = self._path.with_suffix(".lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._memories = _read(self._path)
        except BlockingIOError:
            self._lock.close()
            raise MemoryRefused(f"another witness works with {self._path}; two would sign two histories") from None
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def of(self, origin: str) -> Memory | None:
        """Return what is remembered of a log; None where it was never cosigned."""
        return self._memories.get(origin)

    def keep(self, origin: str, memory: Memory) -> None:
        """Remember; it is on the disk when this returns, whatever happens to the process or the machine."""
        memories = self._memories | {origin: memory}
        _write(self._path, memories)
        self._memories = memories


def _read(path: Path) -> dict[str, Memory]:
    try:
        remembered = msgspec.json.decode(path.read_bytes(), type=dict[str, _Remembered])
        return {
            origin: Memory(head=TreeHead(size=one.size, root=bytes.fromhex(one.root)), at=one.at)
            for origin, one in remembered.items()
        }
    except FileNotFoundError:
        raise MemoryRefused(f"{path} is not there: restore it. A witness that forgot must not sign.") from None
    except (msgspec.DecodeError, ValueError, LogRefused):
        raise MemoryRefused(f"{path} cannot be read: restore it. A witness that forgot must not sign.") from None


def _write(path: Path, memories: Mapping[str, Memory]) -> None:
    """Put a new file in the place of the old one, as a whole or not at all (POSIX rename), and sync file and folder."""
    told = {
        origin: _Remembered(size=memory.head.size, root=memory.head.root.hex(), at=memory.at)
        for origin, memory in memories.items()
    }
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(encode(told))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
