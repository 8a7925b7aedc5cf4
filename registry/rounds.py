"""What the registry does by itself, again and again, for as long as it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from registry.store.unit_of_work import StoreUnavailable

Round = Callable[[], Coroutine[Any, Any, None]]
"""Runs until it is cancelled."""

log = structlog.get_logger("registry.rounds")


def every(seconds: float, act: Callable[[], Awaitable[None]]) -> Round:
    """Return the round that does something every few seconds; a database that is away is waited for."""

    async def run() -> None:
        while True:
            try:
                await act()
            except (StoreUnavailable, SQLAlchemyError, OSError) as error:
                log.warning("waiting for the database", kind=type(error).__name__)
            await asyncio.sleep(seconds)

    return run
