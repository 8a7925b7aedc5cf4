"""What the registry does by itself, again and again, for as long as it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from registry.program_log import place_of
from registry.store.unit_of_work import StoreUnavailable

Round = Callable[[], Coroutine[Any, Any, None]]
"""Runs until it is cancelled."""

log = structlog.get_logger("registry.rounds")


def every(seconds: float, act: Callable[[], Awaitable[None]]) -> Round:
    """Return the round that does something every few seconds, for ever.

    A database that is away is waited for, and whatever else goes wrong is written down: a round that ended would be
    missed by nobody until what it did is needed.
    """

    async def run() -> None:
        while True:
            try:
                await act()
            except (StoreUnavailable, OSError) as error:
                log.warning("waiting for the database", kind=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
                log.error("a round failed", kind=type(error).__name__, at=place_of(error))  # noqa: TRY400 - no texts
            await asyncio.sleep(seconds)

    return run
