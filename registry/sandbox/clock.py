"""The sandbox's clock: put forward for everybody at once, so that a year's story plays in a minute."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from registry.settings import Settings
from registry.store import sandbox_clock
from registry.wiring import resources


class NotInProduction(Exception):  # noqa: N818 - a refusal
    """Time in production is the real time."""

    def __init__(self) -> None:
        super().__init__("the clock of production cannot be moved")


async def set_to(settings: Settings, moment: datetime) -> datetime:
    """Set the clock to ``moment`` (aware) and return it; raises NotInProduction where it must not be moved."""
    return await _put_forward(settings, lambda now: moment - now)


async def advance(settings: Settings, by: timedelta) -> datetime:
    """Put the clock forward by ``by`` and return the new moment; raises NotInProduction likewise."""
    return await _put_forward(settings, lambda _: by)


async def _put_forward(settings: Settings, how_far: Callable[[datetime], timedelta]) -> datetime:
    if settings.production:
        raise NotInProduction
    async with resources(settings, role=None, pool_size=1) as given, given.work() as work:
        now = given.clock()
        offset = now - datetime.now(UTC) + how_far(now)
        await sandbox_clock.set_offset(work, round(offset.total_seconds()))
        await work.commit()
    return datetime.now(UTC) + offset
