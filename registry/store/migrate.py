"""Brings the schema to the newest revision."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from registry.store.engine import asyncpg_url

REVISIONS = Path(migrations.__file__).parent


async def migrate(dsn: str, revision: str = "head") -> None:
    """Apply all revisions up to ``revision``; the DSN is that of the owner of the schema."""
    await _run(dsn, lambda config: command.upgrade(config, revision))


async def downgrade(dsn: str, revision: str) -> None:
    """Take revisions back down to ``revision`` ("base" for all); data in what is dropped are lost."""
    await _run(dsn, lambda config: command.downgrade(config, revision))


async def _run(dsn: str, action: Callable[[Config], None]) -> None:
    engine = create_async_engine(asyncpg_url(dsn))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_apply, action)
    finally:
        await engine.dispose()


def _apply(connection: Connection, action: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    action(config)
