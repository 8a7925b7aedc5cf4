"""一回限りの番号 — the nonce of a signature: given out here, for one purpose and one session, and good once.

It makes a signature fresh: nobody can have signed before the nonce was there, so a card that was lost and revoked
before cannot sign anew, and nothing that was signed once serves again. ``session`` keeps it from being used by somebody
else than who asked for it: its id, which only the registry and that browser know.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from registry.jpki.profile import Purpose

NONCE_BYTES: Final = 24
LIFETIME: Final = {Purpose.SIGNING: timedelta(minutes=30), Purpose.USER_AUTHENTICATION: timedelta(minutes=5)}
"""How long a person may take from the page to the card."""


class Challenges(Protocol):
    """Gives out nonces and takes each back once. The registry's own lie in its database."""

    async def give(self, purpose: Purpose, session: str, now: datetime) -> str:
        """Return a new nonce for one signature in this session."""
        ...

    async def take(self, nonce: str, purpose: Purpose, session: str, now: datetime) -> bool:
        """Use a nonce up; True where it was given to this session for this purpose, in time, and not used before.

        A nonce of somebody else stays as it is: guessing uses nothing up. In the database this is one statement in the
        transaction of what is signed, so that of two at once one goes through.
        """
        ...


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    purpose: Purpose
    session: str
    until: datetime


class ChallengesInMemory:
    """Keeps what is open for as long as the process lives: for tools and tests. ``token`` gives a random text."""

    def __init__(self, token: Callable[[int], str]) -> None:
        self._token = token
        self._open: dict[str, _Given] = {}

    async def give(self, purpose: Purpose, session: str, now: datetime) -> str:
        """Return a new nonce for one signature in this session."""
        self._open = {nonce: given for nonce, given in self._open.items() if given.until > now}
        nonce = self._token(NONCE_BYTES)
        self._open[nonce] = _Given(purpose=purpose, session=session, until=now + LIFETIME[purpose])
        return nonce

    async def take(self, nonce: str, purpose: Purpose, session: str, now: datetime) -> bool:
        """Use a nonce up; False where it was not this session's, for this purpose, in time and unused."""
        given = self._open.get(nonce)
        if given is None or (given.purpose, given.session) != (purpose, session):
            return False
        del self._open[nonce]
        return given.until > now
