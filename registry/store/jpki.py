"""What JPKI must remember beyond a process: which nonces are open, and the newest list of each CA."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import and_, bindparam, delete, or_
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.jpki.challenge import LIFETIME, NONCE_BYTES
from registry.jpki.profile import Purpose
from registry.store import jpki_tables as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared


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
        given = {"nonce": nonce, "purpose": str(purpose), "session": _digest(session)}
        rows = await self._work.run_prepared(_TAKE, given)
        return any(row["until"] > now for row in rows)


_C: Final = t.jpki_challenge.c
_TAKE: Final = Prepared(
    delete(t.jpki_challenge)
    .where(_C.nonce == bindparam("nonce"), _C.purpose == bindparam("purpose"), _C.session == bindparam("session"))
    .returning(_C.until)
)
"""Not counted as written: what is used up stays so, even where what was signed is refused for another reason."""


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
