"""The keys that seal, from the top down: master key → key of a month → data key of a person.

The master key never leaves its provider (a file in development, an HSM in production). It wraps one key-encryption
key (KEK) for each month; a KEK wraps the data keys of the people who came in that month; a data key seals one person.
Wrapped keys lie in the database (tables ``monthly_kek`` and ``data_key``), unwrapped ones in memory only. Deleting a
person's wrapped key shreds everything that was ever sealed with it, but for what a backup still holds of that key: it
is gone for good once the KEK that wrapped it is (decision 0023).

A wrapped key is an envelope like any other (see :mod:`registry.vault.sealing`): it opens at its own row only, so a
data key given to another person's row opens nothing.
"""

import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, Self

import msgspec

from registry.contract import private_file
from registry.contract.private_file import OpenToOthers
from registry.vault.sealing import KEY_BYTES, Place, SealingKey, open_sealed, reseal, seal

Random = Callable[[int], bytes]
"""Returns that many bytes that nobody can foresee."""

MASTER_KEY_ID = 0
"""What the envelope of a month's key says of the key that wrapped it, wherever that lies."""


class KeyProvider(Protocol):
    """Whoever holds the master key and the keys of the MACs, and uses them on our behalf."""

    def wrap(self, place: Place, key: bytes) -> bytes:
        """Return ``key`` sealed with the master key, for keeping at ``place``."""

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Return the key wrapped for ``place``; raises SealBroken if ``wrapped`` is not that."""

    def mac(self, label: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message`` under the key called ``label``: one key for each purpose (32 bytes)."""


class KeysRefused(Exception):  # noqa: N818 - the keys are refused, as the rules refuse
    """The keys may not be used as they lie there; the message says why and never what they are."""


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal["registry-keys-1"]
    master: bytes
    mac: bytes

    def __repr__(self) -> str:
        return "_KeyFile(hidden)"


class FileKeyProvider:
    """The keys in a file that its owner alone may read, for development and demonstration.

    It holds two secrets: the master key, and one from which the key of each MAC is derived: HMAC-SHA-256 of its label.
    Raises :class:`KeysRefused` in production, and where the file is open to others or is no key file.
    """

    def __init__(self, path: Path, *, production: bool) -> None:
        if production:
            raise KeysRefused(
                "keys in a file are for development: production keeps them in an HSM (REGISTRY_KEYS=pkcs11:…)"
            )
        try:
            keys = msgspec.json.decode(read_private(path), type=_KeyFile)
        except msgspec.MsgspecError:
            raise KeysRefused(f"{path} is no key file") from None
        if len(keys.mac) != KEY_BYTES or len(keys.master) != KEY_BYTES:
            raise KeysRefused(f"{path} holds keys of another length")
        self._master = SealingKey(MASTER_KEY_ID, keys.master)
        self._mac_root = keys.mac
        self._mac_keys: dict[str, bytes] = {}

    @staticmethod
    def create(path: Path, *, random: Random = os.urandom) -> None:
        """Write new keys to ``path``, for its owner alone (0600); raises FileExistsError rather than replace any."""
        keys = _KeyFile(format="registry-keys-1", master=random(KEY_BYTES), mac=random(KEY_BYTES))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(keys))
            file.flush()
            os.fsync(file.fileno())

    def wrap(self, place: Place, key: bytes) -> bytes:
        """Return ``key`` sealed with the master key, for keeping at ``place``."""
        return seal(self._master, place, key)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Return the key wrapped for ``place``; raises SealBroken if ``wrapped`` is not that."""
        return open_sealed(self._master, place, wrapped)

    def mac(self, label: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``message`` under the key called ``label`` (32 bytes)."""
        key = self._mac_keys.get(label)
        if key is None:
            key = self._mac_keys[label] = hmac.digest(self._mac_root, label.encode(), "sha256")
        return hmac.digest(key, message, "sha256")


def read_private(path: Path) -> bytes:
    """Return what is in a file of secrets; raises :class:`KeysRefused` where it is open to anybody but its owner."""
    try:
        return private_file.read_private(path)
    except OpenToOthers as refused:
        raise KeysRefused(str(refused)) from None


class WrappedKek(msgspec.Struct, frozen=True, kw_only=True):
    """A row of table ``monthly_kek``: a key of ``month`` ("2024-05"), wrapped by the provider's master key."""

    key_id: int
    month: str
    wrapped: bytes


class WrappedDataKey(msgspec.Struct, frozen=True, kw_only=True):
    """A row of table ``data_key``: a data key of a person, wrapped by the KEK ``kek_id``."""

    person_id: str
    key_id: int
    kek_id: int
    wrapped: bytes


class Kek:
    """The key of a month, unwrapped: it wraps data keys and seals nothing else."""

    __slots__ = ("key_id", "sealing_key")

    def __init__(self, key_id: int, key: bytes) -> None:
        self.key_id = key_id
        self.sealing_key = SealingKey(key_id, key)

    def __repr__(self) -> str:
        return f"Kek(key_id={self.key_id})"

    @classmethod
    def generate(
        cls, provider: KeyProvider, *, key_id: int, month: str, random: Random = os.urandom
    ) -> tuple[Self, WrappedKek]:
        """Make the key of ``month``; ``key_id`` (below 2³²) is unique among all KEKs. Returns it ready and wrapped."""
        key = random(KEY_BYTES)
        return cls(key_id, key), WrappedKek(key_id=key_id, month=month, wrapped=provider.wrap(_of_kek(key_id), key))

    @classmethod
    def unwrap(cls, provider: KeyProvider, row: WrappedKek) -> Self:
        """Return the key ready for use; raises SealBroken if the provider's master key did not wrap it for this row."""
        return cls(row.key_id, provider.unwrap(_of_kek(row.key_id), row.wrapped))

    def wrap(self, person_id: str, key_id: int, key: bytes) -> WrappedDataKey:
        """Return the data key ``key`` wrapped, for keeping as ``person_id``'s key number ``key_id``."""
        wrapped = seal(self.sealing_key, data_key_place(person_id, key_id), key)
        return WrappedDataKey(person_id=person_id, key_id=key_id, kek_id=self.key_id, wrapped=wrapped)

    def open(self, row: WrappedDataKey) -> bytes:
        """Return the data key of ``row``; raises SealBroken if this KEK did not wrap it for that person."""
        return open_sealed(self.sealing_key, data_key_place(row.person_id, row.key_id), row.wrapped)


class DataKey(SealingKey):
    """The key that seals what the registry holds of one person."""

    __slots__ = ()

    @classmethod
    def generate(
        cls, kek: Kek, *, person_id: str, key_id: int = 1, random: Random = os.urandom
    ) -> tuple[Self, WrappedDataKey]:
        """Make a key for ``person_id``, whose ``key_id``-th it is. Returns it ready and wrapped."""
        key = random(KEY_BYTES)
        return cls(key_id, key), kek.wrap(person_id, key_id, key)

    @classmethod
    def unwrap(cls, kek: Kek, row: WrappedDataKey) -> Self:
        """Return the key ready for use; raises SealBroken if ``kek`` did not wrap it for that person."""
        return cls(row.key_id, kek.open(row))


def rewrap(place: Place, wrapped: bytes, *, old: Kek, new: Kek) -> bytes:
    """Return the key that ``old`` wrapped for ``place``, wrapped by ``new``: what it sealed is not touched.

    Raises SealBroken if ``old`` did not wrap it for that place.
    """
    return reseal(place, wrapped, old=old.sealing_key, new=new.sealing_key)


def _of_kek(key_id: int) -> Place:
    return Place(table="kek", row_id=str(key_id), column="wrapped", version=1)


def data_key_place(person_id: str, key_id: int = 1) -> Place:
    """Return where the ``key_id``-th data key of a person is kept."""
    return Place(table="person_key", row_id=person_id, column="wrapped", version=key_id)
