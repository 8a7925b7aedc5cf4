"""The keys of the log of disclosures, apart from those of the records: shredding a record leaves its log.

Each calendar year has one secret, which lies in the database wrapped by the key of a month (table ``log_year``). The
key of a person's entries of a year is HMAC-SHA-256, under that secret, of the length-prefixed parts "v1" | "log" |
subject, or "nobody" for entries about nobody. So a request needs no key of its own in the database, and when the years
of keeping are over, destroying one secret ends a whole year for everybody.
"""

import hmac
import os
from typing import Final, Self

from registry.vault.keys import Kek, Random, WrappedDataKey
from registry.vault.sealing import KEY_BYTES, SealingKey, length_prefixed

_NOBODY: Final = "nobody"  # no subject is called so: they have 32 letters and digits


class LogYear:
    """A year of the log, ready to seal its entries. It never shows its secret."""

    __slots__ = ("_secret", "year")

    def __init__(self, year: int, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("the secret of a year has 32 bytes")
        self.year = year
        self._secret = secret

    def __repr__(self) -> str:
        return f"LogYear({self.year})"

    @classmethod
    def generate(cls, kek: Kek, year: int, random: Random = os.urandom) -> tuple[Self, WrappedDataKey]:
        """Make the secret of a year. Returns it ready, and wrapped like the data key of :func:`owner_of`."""
        secret = random(KEY_BYTES)
        return cls(year, secret), kek.wrap(owner_of(year), 1, secret)

    @classmethod
    def unwrap(cls, kek: Kek, year: int, wrapped: bytes) -> Self:
        """Return the year ready for use; raises SealBroken if ``kek`` did not wrap it for that year."""
        row = WrappedDataKey(person_id=owner_of(year), key_id=1, kek_id=kek.key_id, wrapped=wrapped)
        return cls(year, kek.open(row))

    def key_of(self, subject: str | None) -> SealingKey:
        """Return the key of the entries of ``subject`` in this year; None is nobody."""
        message = length_prefixed("v1", "log", subject or _NOBODY)
        return SealingKey(self.year, hmac.digest(self._secret, message, "sha256"))


def owner_of(year: int) -> str:
    """Return under which name a KEK wraps the secret of a year; people and submissions have UUIDs."""
    return f"log/{year}"
