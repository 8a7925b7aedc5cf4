"""Sealing: a value becomes a blob that opens with one key and at one place only.

AES-256-GCM under a random 96-bit nonce. The envelope is Google Tink's, so that Tink reads it:

    0x01 ‖ key id (4, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)

The additional data name the place, each part as its length (4, big-endian) and its UTF-8 bytes:

    "v1" | table | row id | column | version (decimal)

So a blob that someone with access to the database moves to another row, column, version or table does not open there;
one of another person does not, because the key is another. The lengths keep ("ab", "c") apart from ("a", "bc").

Random nonces are safe for 2³² values under one key (NIST SP 800-38D § 8.3). A person's key seals some hundreds, a
month's key one for each person who came or whose key was renewed in that month.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
"""Length of every key of the vault: AES-256 and HMAC-SHA-256."""

_PREFIX = b"\x01"
_HEADER_ENDS = 5
NONCE_BYTES = 12
_NONCE_ENDS = _HEADER_ENDS + NONCE_BYTES
TAG_BYTES = 16


class SealBroken(Exception):  # noqa: N818 - it names what was found, as the refusals of the domain do
    """The blob does not open: another key, another place, or altered. Which of them is told to nobody."""

    def __init__(self) -> None:
        super().__init__("the seal is broken: another key, another place or altered content")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the database a sealed value stands; ``version`` counts how often it was replaced there."""

    table: str
    row_id: str
    column: str
    version: int


class Aead(Protocol):
    """AES-256-GCM under one key, wherever that key lies; the tag (16 bytes) ends the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return the ciphertext of ``data`` with its tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Return what was encrypted; raises cryptography's InvalidTag if ``data`` is not that."""


class SealingKey:
    """An AES-256 key made ready once, with the id (below 2³²) that its envelopes carry. It never shows its bytes.

    ``key``: its 32 bytes, or whoever holds them elsewhere and uses them on our behalf.
    """

    __slots__ = ("aead", "header", "key_id")

    def __init__(self, key_id: int, key: bytes | Aead) -> None:
        if isinstance(key, bytes) and len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self.key_id = key_id
        self.header = _PREFIX + key_id.to_bytes(4, "big")
        self.aead: Aead = AESGCM(key) if isinstance(key, bytes) else key

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key_id={self.key_id})"


def seal(key: SealingKey, place: Place, plaintext: bytes, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return the envelope of ``plaintext``, 33 bytes longer, that opens with ``key`` at ``place`` and nowhere else."""
    return _seal(key, _additional_data(place), plaintext, random)


def open_sealed(key: SealingKey, place: Place, envelope: bytes) -> bytes:
    """Return what was sealed with ``key`` at ``place``; raises :class:`SealBroken` if ``envelope`` is not that."""
    return _open(key, _additional_data(place), envelope)


def reseal(place: Place, envelope: bytes, *, old: SealingKey, new: SealingKey) -> bytes:
    """Return what ``old`` sealed at ``place``, sealed by ``new`` for the same place; raises as :func:`open_sealed`."""
    additional_data = _additional_data(place)
    return _seal(new, additional_data, _open(old, additional_data, envelope), os.urandom)


def _seal(key: SealingKey, additional_data: bytes, plaintext: bytes, random: Callable[[int], bytes]) -> bytes:
    nonce = random(NONCE_BYTES)
    return key.header + nonce + key.aead.encrypt(nonce, plaintext, additional_data)


def _open(key: SealingKey, additional_data: bytes, envelope: bytes) -> bytes:
    if len(envelope) < _NONCE_ENDS + TAG_BYTES or envelope[:_HEADER_ENDS] != key.header:
        raise SealBroken
    try:
        return key.aead.decrypt(envelope[_HEADER_ENDS:_NONCE_ENDS], envelope[_NONCE_ENDS:], additional_data)
    except InvalidTag:
        raise SealBroken from None


def length_prefixed(*parts: str) -> bytes:
    """Return ``parts`` as one unambiguous message: each as its length in bytes (4, big-endian) and its UTF-8 bytes."""
    pieces: list[bytes] = []
    for text in parts:
        part = text.encode()
        pieces += (len(part).to_bytes(4, "big"), part)
    return b"".join(pieces)


def _additional_data(place: Place) -> bytes:
    before, after = _around_row(place.table, place.column, place.version)
    row_id = place.row_id.encode()
    return before + len(row_id).to_bytes(4, "big") + row_id + after


@lru_cache(maxsize=1024)
def _around_row(table: str, column: str, version: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind the row's id: the same for a whole column, by the million."""
    return length_prefixed("v1", table), length_prefixed(column, str(version))
