"""``registry sequencer``: what gives everything its place, as a process of its own that loads nothing of the web."""

import asyncio
import signal

import structlog
import uvloop

from registry.command_line import FAILED
from registry.program_log import configure_log
from registry.running import settings, stop
from registry.settings import Settings, SettingsRefused
from registry.vault.keys import KeysRefused
from registry.wiring import sequencer_rounds


def sequencer() -> None:
    """Be the sequencer until SIGTERM or Ctrl-C; a batch under way is left as if it had not begun."""
    configure_log()
    try:
        uvloop.run(_sequence(settings()))
    except (KeysRefused, SettingsRefused) as refused:
        stop(str(refused), FAILED)


async def _sequence(settings: Settings) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with sequencer_rounds(settings) as rounds, asyncio.TaskGroup() as group:
        tasks = [group.create_task(run()) for run in rounds]
        structlog.get_logger("registry").info("sequencing")
        await ended.wait()
        for task in tasks:
            task.cancel()
