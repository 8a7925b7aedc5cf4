"""Who is signed in. The token that a browser carries is never here: only its SHA-256, which opens nothing.

Two ways to read: by the hash of a token, and by account.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, bindparam, cast, delete, select, update

from registry.domain.account import Account, Role, Unit
from registry.domain.sign_in import LONGEST_IDLE, Level, SignedIn
from registry.store.session_tables import sign_in_session as t
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Insertion, Prepared, Row


def open_session(work: UnitOfWork, token_hash: bytes, session: SignedIn) -> None:
    """Add a session, with the next statement or the commit."""
    unit = session.account.unit
    row = {
        "token_hash": token_hash,
        "session_id": session.session_id,
        "account": session.account.account_id,
        "roles": sorted(map(str, session.account.roles)),
        "body": None if unit is None else unit.body,
        "desk": None if unit is None else unit.desk,
        "provider": session.provider,
        "level": str(session.level),
        "authenticated_at": session.authenticated_at,
        "opened_at": session.opened_at,
        "seen_at": session.seen_at,
        "ends_at": session.ends_at,
    }
    work.later(_SESSION, row)


_SESSION: Final = Insertion(t)
_COLUMNS: Final = (
    cast(t.c.session_id, Text).label("session_id"),
    *(t.c[name] for name in ("account", "roles", "body", "desk", "provider", "level")),
    *(t.c[name] for name in ("authenticated_at", "opened_at", "seen_at")),
)


async def by_token(work: UnitOfWork, token_hash: bytes) -> SignedIn | None:
    """Return the session of a token, be it over or not; None where there is none."""
    rows = await work.run_prepared(_BY_TOKEN, {"token_hash": token_hash})
    return _session(rows[0]) if rows else None


_BY_TOKEN: Final = Prepared(select(*_COLUMNS).where(t.c.token_hash == bindparam("token_hash")))


async def by_account(work: UnitOfWork, account_id: str) -> tuple[SignedIn, ...]:
    """Return the sessions of an account, over or not, the newest first."""
    return tuple(map(_session, await work.run_prepared(_BY_ACCOUNT, {"account": account_id})))


_BY_ACCOUNT: Final = Prepared(
    select(*_COLUMNS).where(t.c.account == bindparam("account")).order_by(t.c.opened_at.desc(), t.c.session_id)
)


async def saw(work: UnitOfWork, token_hash: bytes, at: datetime) -> None:
    """Note when a session was last heard of."""
    await work.run(update(t).where(t.c.token_hash == token_hash, t.c.seen_at < at).values(seen_at=at))


async def end(work: UnitOfWork, token_hash: bytes) -> None:
    """End the session of a token, if there is one."""
    await work.run(delete(t).where(t.c.token_hash == token_hash))


async def end_one(work: UnitOfWork, account_id: str, session_id: str) -> bool:
    """End a session of an account; return whether that account had it."""
    ended = delete(t).where(t.c.account == account_id, t.c.session_id == session_id)
    return (await work.run(ended)).rowcount > 0


async def end_all(work: UnitOfWork, account_id: str | None) -> int:
    """End every session of an account, or of everybody; return how many there were."""
    ended = delete(t) if account_id is None else delete(t).where(t.c.account == account_id)
    return (await work.run(ended)).rowcount


async def forget_over(work: UnitOfWork, now: datetime) -> None:
    """Forget the sessions that are over, for whatever reason."""
    await work.run(delete(t).where((t.c.ends_at <= now) | (t.c.seen_at <= now - LONGEST_IDLE)))


def _session(row: Row) -> SignedIn:
    fields: dict[str, Any] = dict(row)
    body, desk = fields.pop("body"), fields.pop("desk")
    account = Account(
        account_id=fields.pop("account"),
        roles=frozenset(map(Role, fields.pop("roles"))),
        unit=None if body is None else Unit(body=body, desk=desk),
    )
    return SignedIn(account=account, level=Level(fields.pop("level")), **fields)
