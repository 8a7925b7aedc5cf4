"""What JPKI must remember beyond a process: which nonces are open, and the newest list of each CA."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from sqlalchemy import and_, delete, or_
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.jpki.challenge import LIFETIME, NONCE_BYTES
from registry.jpki.profile import Purpose
from registry.store import jpki_tables as t
from registry.store.unit_of_work import UnitOfWork


class ChallengesIn:
    """The challenges of the registry, in one transaction: a nonce is used up with whatever was signed, or not at all.

    ``token`` gives a random text. See :class:`registry.jpki.challenge.Challenges`.
    """

    def __init__(self, work: UnitOfWork, token: Callable[[int], str]) -> None:
        self._work = work
        self._token = token

    async def give(self, purpose: Purpose, session: str, now: datetime) -> str:
        """Return a new nonce for one signature in this session."""
        row = {
            "nonce": self._token(NONCE_BYTES),
            "purpose": purpose,
            "session": _digest(session),
            "until": now + LIFETIME[purpose],
        }
        await self._work.run(upsert(t.jpki_challenge).values(row))
        return str(row["nonce"])

    async def take(self, nonce: str, purpose: Purpose, session: str, now: datetime) -> bool:
        """Use a nonce up; False where it was not this session's, for this purpose, in time and unused.

        Of two at once the second waits for the first to commit, and then finds nothing.
        """
        given = t.jpki_challenge.c
        mine = delete(t.jpki_challenge).where(
            given.nonce == nonce, given.purpose == purpose, given.session == _digest(session)
        )
        row = await self._work.one(mine.returning(given.until))
        return row is not None and row["until"] > now


async def forget_challenges(work: UnitOfWork, now: datetime) -> None:
    """Forget the nonces that nobody used in time."""
    await work.run(delete(t.jpki_challenge).where(t.jpki_challenge.c.until <= now))


async def advance(work: UnitOfWork, authority: bytes, number: int, digest: bytes) -> bool:
    """Remember the newest list of a CA; False where a higher number was seen, or this number on another list."""
    statement = upsert(t.jpki_seen_list).values(authority=authority, number=number, digest=digest)
    new, seen = statement.excluded, t.jpki_seen_list.c
    newer = or_(new.number > seen.number, and_(new.number == seen.number, new.digest == seen.digest))
    statement = statement.on_conflict_do_update(
        index_elements=["authority"], set_={"number": new.number, "digest": new.digest}, where=newer
    )
    return await work.one(statement.returning(seen.authority)) is not None


def _digest(session: str) -> bytes:
    """Whoever reads the table takes over nobody's session."""
    return sha256(session.encode()).digest()
