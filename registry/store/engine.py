"""How the registry is connected to PostgreSQL: one engine per role, with timeouts that end what hangs."""

from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

TIMEOUTS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}
"""A request that waits longer has lost its caller anyway; its transaction is rolled back."""

PLANNING: Final = {"plan_cache_mode": "force_generic_plan"}
"""A statement is planned once on each connection and not at every call: to plan the look-up takes as long as to run it.

What a role asks goes through an index, whoever it is about, so no other parameters would have a better plan. Not so
what the owner does, who goes through whole tables.
"""

FOR_ROLE: Final = "{role}"
"""What stands for the role in the user's name, as ``postgresql://login_{role}@db.example/registry``.

A role is a setting: whoever slips an expression into a statement could change it to any that the user may take on.
"""
OWNER: Final = "registry_owner"
"""What it stands for where no role is taken on."""

POOL_SIZE: Final = 16

PATIENCE: Final = 5
"""Seconds that a request waits for a connection."""


def connect(dsn: str, *, pool_size: int = POOL_SIZE, role: str | None = None) -> AsyncEngine:
    """Return an engine for ``dsn`` (``postgresql://…``); ``role`` is taken on at once by every connection.

    Where the user in ``dsn`` is written with :data:`FOR_ROLE`, each role signs in as a user of its own.
    """
    settings = TIMEOUTS | {"application_name": role or "registry", "timezone": "UTC"}
    if role is not None:
        settings |= PLANNING | {"role": role}
    return create_async_engine(
        asyncpg_url(dsn, role),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=PATIENCE,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={"server_settings": settings},
    )


def asyncpg_url(dsn: str, role: str | None = None) -> URL:
    """Return the DSN as SQLAlchemy's URL for asyncpg; ``host`` may be a socket folder in the query part."""
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    return url.set(username=url.username and url.username.replace(FOR_ROLE, role or OWNER))
