"""Where the agent sends to, with which key, and where it keeps its state: from its environment and nothing else.

| variable | what |
|---|---|
| MUNICIPALITY_SYNC_REGISTRY_URL | the registry, without a path: https, or http on this machine |
| MUNICIPALITY_SYNC_KEY | the municipality's private key, ``<key id>.pem``, readable by its owner only |
| MUNICIPALITY_SYNC_REGISTRY_KEYS | folder of the registry's public keys, each ``<key id>.pem`` |
| MUNICIPALITY_SYNC_STATE | folder for what has been acknowledged; no personal data goes there |
| MUNICIPALITY_SYNC_PATIENCE | seconds to wait for one part in all while the line is down (900) |

Keys are files, never values: the environment of a process is seen by more eyes than a file of mode 0600.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from registry.contract.keys import SigningKey, VerifyingKey
from registry.domain.errors import FaultCode, Faults

PREFIX: Final = "MUNICIPALITY_SYNC_"
DEFAULT_PATIENCE: Final = 900.0
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a push needs to know of the world; ``patience`` in seconds."""

    registry_url: str
    signing_key: SigningKey
    registry_keys: dict[str, VerifyingKey]
    state: Path
    patience: float


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises :class:`InvalidInput` with every one that is missing or wrong, by its variable.

    A variable with the agent's prefix that it does not know is wrong too: it is a misspelt one.
    """
    faults = Faults()
    given = {name.removeprefix(PREFIX): text for name, text in environment.items() if name.startswith(PREFIX)}
    given.setdefault("PATIENCE", str(DEFAULT_PATIENCE))
    for unknown in sorted(given.keys() - _VARIABLES.keys()):
        faults.add(FaultCode.UNKNOWN_FIELD, f"/{PREFIX}{unknown}", f"one of: {', '.join(_VARIABLES)}")
    read = {name.lower(): _read(name, given.get(name, ""), faults) for name in _VARIABLES}
    faults.refuse_if_any()
    read["signing_key"] = read.pop("key")
    return Settings(**read)


def _read(name: str, text: str, faults: Faults) -> Any:
    """Return what a variable says, or add what it should say."""
    reader, expected = _VARIABLES[name]
    if not text:
        faults.add(FaultCode.MISSING, f"/{PREFIX}{name}", expected)
        return None
    try:
        return reader(text)
    except (ValueError, OSError):
        faults.add(FaultCode.OUT_OF_RANGE, f"/{PREFIX}{name}", expected)
        return None


def _address(text: str) -> str:
    """Return an address that names and numbers may travel to: nobody between here and there reads along."""
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not is_safe or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("not an address to send personal data to")
    return text


def _private_key(path: str) -> SigningKey:
    file = Path(path)
    if os.name == "posix" and file.stat().st_mode & _OTHERS:
        raise ValueError("others can read the private key")
    return SigningKey.from_pem(file.stem, file.read_bytes())


def _public_keys(path: str) -> dict[str, VerifyingKey]:
    keys = {file.stem: VerifyingKey.from_pem(file.stem, file.read_bytes()) for file in Path(path).glob("*.pem")}
    if not keys:
        raise ValueError("no key to believe")
    return keys


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError("not a length of time")
    return seconds


_VARIABLES: Final[dict[str, tuple[Callable[[str], Any], str]]] = {
    "REGISTRY_URL": (_address, "https://… without a path (http on this machine only)"),
    "KEY": (_private_key, "a private key in PEM, <key id>.pem, mode 0600"),
    "REGISTRY_KEYS": (_public_keys, "a folder of <key id>.pem files, at least one"),
    "STATE": (Path, "a folder"),
    "PATIENCE": (_seconds, "seconds, 0 or more"),
}
