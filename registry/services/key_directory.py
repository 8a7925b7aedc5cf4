"""Who may sign, what they may ask and whether the log is watched, in memory: read again once a second.

So what is withdrawn is soon dead, and a log that nobody watches soon ends all disclosures.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from registry.contract.keys import VerifyingKey
from registry.domain.disclosure import Grant
from registry.services import grants
from registry.services.disclosure_log import is_watched, watched_at
from registry.services.resources import Resources
from registry.store import callers, disclosure_log
from registry.store.callers import RegisteredKey

READ_AGAIN_AFTER: Final = timedelta(seconds=1)


class _Known(msgspec.Struct, frozen=True):
    key: VerifyingKey
    registered: RegisteredKey


class KeyDirectory:
    """Looks keys up by their id; a key outside its period of validity is unknown. ``grants`` is the whole table."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._known: dict[str, _Known] = {}
        self.grants: tuple[Grant, ...] = ()
        self._read_at: datetime | None = None
        self._watched_at: int | None = None

    async def refresh(self) -> None:
        """Read keys, grants and the head of the log from the database, if they were not read just now."""
        now = self._resources.clock()
        if self._read_at is not None and timedelta(0) <= now - self._read_at < READ_AGAIN_AFTER:
            return
        self._read_at = now  # before the others who come meanwhile do the same
        async with self._resources.work() as work:
            rows = await callers.registered_keys(work)
            self.grants = await grants.table(work)
            self._watched_at = watched_at(self._resources.log, await disclosure_log.head(work))
        self._known = {row.key_id: _Known(VerifyingKey.from_pem(row.key_id, row.public_key), row) for row in rows}

    @property
    def log_is_watched(self) -> bool:
        """Whether anything may be disclosed now."""
        return is_watched(self._resources, self._watched_at)

    def verifying(self, key_id: str) -> VerifyingKey | None:
        """Return the key to check a request with, or None if it is not registered or not valid now."""
        known = self._valid(key_id, self._resources.clock())
        return None if known is None else known.key

    def verifying_evidence(self, key_id: str) -> VerifyingKey | None:
        """Return the key to check evidence with: evidence outlives the period in which its key signed requests."""
        known = self._known.get(key_id)
        return None if known is None else known.key

    def registered(self, key_id: str) -> RegisteredKey | None:
        """Return for whom a key is registered, or None."""
        known = self._known.get(key_id)
        return None if known is None else known.registered

    def _valid(self, key_id: str, now: datetime) -> _Known | None:
        known = self._known.get(key_id)
        if known is None or now < known.registered.valid_from:
            return None
        ended = known.registered.valid_to is not None and known.registered.valid_to <= now
        return None if ended else known
