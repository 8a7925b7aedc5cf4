"""Sessions of people: who has one, seen at each request; and how one ends, or all do."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from registry.domain.sign_in import SignedIn
from registry.services.resources import Resources
from registry.store import sessions

TOKEN_BYTES: Final = 32
NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly it is kept when a session was last heard of: a page needs no write for each of its pictures."""


def hash_of(token: bytes) -> bytes:
    """Return what the table knows a token by. It is random and long, so nothing slower than SHA-256 is needed."""
    return sha256(token).digest()


async def of_token(resources: Resources, token: bytes, now: datetime) -> SignedIn | None:
    """Return the session that a token opens, noting that it was heard of; None where it opens none any more."""
    async with resources.work(only_reads=True) as work:
        found = await sessions.by_token(work, hash_of(token))
        if found is None or found.is_over(now):
            return None
        if now - found.seen_at >= NOTED_EVERY:
            await sessions.saw(work, hash_of(token), now)
        return found


async def of_account(resources: Resources, account_id: str, now: datetime) -> tuple[SignedIn, ...]:
    """Return the sessions that an account has now, the newest first."""
    async with resources.work(only_reads=True) as work:
        return tuple(one for one in await sessions.by_account(work, account_id) if not one.is_over(now))


async def end(resources: Resources, token: bytes) -> None:
    """End the session of a token."""
    async with resources.work() as work:
        await sessions.end(work, hash_of(token))
        await work.commit()


async def end_one(resources: Resources, account_id: str, session_id: str) -> bool:
    """End a session of an account; return whether that account had it: nobody ends another's."""
    async with resources.work() as work:
        ended = await sessions.end_one(work, account_id, session_id)
        await work.commit()
    return ended


async def end_all(resources: Resources, account_id: str | None) -> int:
    """End every session of an account, or with None of everybody; return how many there were."""
    async with resources.work() as work:
        ended = await sessions.end_all(work, account_id)
        await work.commit()
    return ended
