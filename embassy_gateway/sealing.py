"""封緘 — whoever takes the mission's disk without the key file learns how many reports there were, and nothing else.

AES-256-GCM in the registry's envelope, ``0x01 ‖ key id (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16)``. Table, row and
column are bound in, so that a sealed value opens only where it was put. The key file holds 32 random bytes; two keys
are derived from it (HKDF, RFC 5869): one seals, the other makes the digests by which duplicates are known. A bare
hash would not do for those: whoever knows all of a report but the number could try out the numbers.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from registry.contract import private_file
from registry.contract.private_file import OpenToOthers

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12


class SetupRefused(Exception):  # noqa: N818 - a refusal to start, not an accident
    """What the gateway needs to start is missing, open to others or of another form; the message names it."""


class SealBroken(Exception):  # noqa: N818 - names what was found
    """A sealed value does not open: altered, moved, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__("a sealed value does not open: altered, moved, or sealed with another key")


class SpoolKey:
    """The key of one spool; never shows itself."""

    __slots__ = ("_aead", "_digest_key", "_header")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a spool key has 32 bytes")
        self._aead = AESGCM(_derived(secret, b"embassy-gateway spool seal v1"))
        self._digest_key = _derived(secret, b"embassy-gateway spool digest v1")
        self._header = _VERSION + _derived(secret, b"embassy-gateway spool key id v1")[:_KEY_ID_BYTES]

    def seal(self, plain: bytes, *place: str) -> bytes:
        """Seal a value for one ``place``: table, row, column."""
        nonce = os.urandom(_NONCE_BYTES)  # never injected: a nonce that comes twice would break the seal
        return self._header + nonce + self._aead.encrypt(nonce, plain, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """Open a value at the ``place`` it was sealed for; raises :class:`SealBroken`."""
        header, rest = sealed[: len(self._header)], sealed[len(self._header) :]
        try:
            if header == self._header:
                return self._aead.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(place))
        except (InvalidTag, ValueError):
            pass
        raise SealBroken

    def digest(self, plain: bytes) -> bytes:
        """Return what equal values are known by, 32 bytes; without the key it says nothing about the value."""
        return hmac.digest(self._digest_key, plain, hashlib.sha256)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key of an existing spool; raises :class:`SetupRefused`."""
        secret = read_private(path)
        if len(secret) != KEY_BYTES:
            raise SetupRefused(f"{path}: not the key of a spool (32 bytes)")
        return cls(secret)

    @classmethod
    def load_or_create(cls, path: Path, *, spool: Path) -> Self:
        """Read the key, or make one for a spool that does not exist yet.

        A spool without its key is refused: with a new one nothing in it could be read again.
        """
        if not path.exists():
            if spool.exists():
                raise SetupRefused(f"{path}: missing, and the spool {spool} cannot be read without it; restore it")
            _create(path)
        return cls.load(path)


def read_private(path: Path) -> bytes:
    """Read a file that only its owner may read (0600 or stricter); raises :class:`SetupRefused` otherwise."""
    try:
        return private_file.read_private(path)
    except OpenToOthers as refused:
        raise SetupRefused(f"{refused}; consider what is in it known") from None
    except OSError as error:
        raise SetupRefused(f"{path}: {error.strerror}") from None


def _create(path: Path) -> None:
    """Put a new key in place whole and on disk, or leave the one that another process put there meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, purpose).derive(secret)


def _bound(place: tuple[str, ...]) -> bytes:
    """Write a place with lengths before its parts, so that no two places read the same."""
    parts = [part.encode() for part in ("v1", *place)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
