"""What every command of the registry needs: settings, work that is run, and failures told in a sentence."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from registry.command_line import FAILED, NOT_UNDERSTOOD
from registry.settings import Settings, SettingsRefused
from registry.store.unit_of_work import StoreUnavailable
from registry.telling import progress, say, stop
from registry.vault.keys import KeysRefused

__all__ = ["progress", "run", "say", "settings", "stop"]


def settings() -> Settings:
    """Read the settings from the environment, or end the command with what is missing."""
    try:
        return Settings.read(os.environ)
    except SettingsRefused as refused:
        stop(str(refused), NOT_UNDERSTOOD)


def run(work: Coroutine[Any, Any, Any], *refusals: type[Exception]) -> Any:
    """Run one command's work; what went wrong is told in a sentence, with what to do about it.

    ``refusals`` are the command's own ways to say no; their messages are shown as they are.
    """
    told: tuple[type[Exception], ...] = (KeysRefused, ValueError, *refusals)
    try:
        return asyncio.run(work)
    except (StoreUnavailable, OSError, SQLAlchemyError):
        stop("PostgreSQL cannot be reached or refuses: check REGISTRY_DSN and that `registry migrate` ran.", FAILED)
    except told as refused:
        stop(str(refused), FAILED)
