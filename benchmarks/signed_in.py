"""What people's pages cost: a session check against the bare look-up of its row, and a whole signed-in page."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

import asyncpg

from benchmarks.load import closed_loop, http
from benchmarks.results import Figure
from benchmarks.setting import Setting
from registry.domain.account import Account, Role
from registry.domain.sign_in import Level, SignedIn
from registry.services import sessions
from registry.services.sessions import TOKEN_BYTES, hash_of
from registry.store.sessions import open_session
from registry.web.pages.visit import SESSION_COOKIE
from registry.wiring import new_id, resources

CHECKS: Final = 2_000
PAGES: Final = 500
WARMING_UP: Final = 50
_ROW: Final = "SELECT * FROM sign_in_session WHERE token_hash = $1"


async def signed_in(setting: Setting) -> list[Figure]:
    """Return the figures of a session check and of the page /me, one at a time as one person sees them."""
    token = secrets.token_bytes(TOKEN_BYTES)
    async with resources(setting.settings, pool_size=1) as given:
        async with given.work() as work:
            open_session(work, hash_of(token), _session())
            await work.commit()
        checks = await _timed(lambda: sessions.of_token(given, token, datetime.now(UTC)))
    connection = await asyncpg.connect(setting.postgres.dsn())
    floor = len(looks := await _timed(lambda: connection.fetchrow(_ROW, hash_of(token)))) / sum(looks)
    await connection.close()
    check = Figure(
        name="session check",
        value=len(checks) / sum(checks),
        unit="checks/s",
        floor=floor,
        ratio=len(checks) / sum(checks) / floor,
        n=CHECKS,
        p50_ms=checks[len(checks) // 2] * 1_000,
        p99_ms=checks[len(checks) * 99 // 100] * 1_000,
    )
    return [check, await _page(setting, token)]


async def _page(setting: Setting, token: bytes) -> Figure:
    cookie = f"{SESSION_COOKIE}={urlsafe_b64encode(token).decode().rstrip('=')}"
    run = await closed_loop(setting.port, [http("GET", "/me", (("cookie", cookie),), b"")] * PAGES, 1)
    if set(run.statuses) != {200}:
        raise SystemExit(f"benchmarks: /me answered {run.statuses}; nothing is measured")
    return Figure(
        name="signed-in page, one at a time",
        value=run.throughput,
        unit="pages/s",
        n=PAGES,
        p50_ms=run.percentile(0.5),
        p99_ms=run.percentile(0.99),
    )


async def _timed(act: Callable[[], Awaitable[object]]) -> list[float]:
    """Return how long each of many goes took, the shortest first; the first few, which prepare things, are left out."""
    took = []
    for index in range(CHECKS + WARMING_UP):
        began = perf_counter()
        if await act() is None:
            raise SystemExit("benchmarks: the session is not there; nothing is measured")
        if index >= WARMING_UP:
            took.append(perf_counter() - began)
    return sorted(took)


def _session() -> SignedIn:
    now = datetime.now(UTC)
    return SignedIn(
        session_id=new_id(),
        account=Account(account_id=secrets.token_hex(20), roles=frozenset({Role.RESIDENT})),
        provider="sandbox",
        level=Level.PASSWORD,
        authenticated_at=now,
        opened_at=now,
        seen_at=now,
    )
