"""Brings the schema to the newest revision, and puts in the first version of the code tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from registry.store import code_tables
from registry.store.engine import asyncpg_url, connect
from registry.store.unit_of_work import UnitOfWork

REVISIONS = Path(migrations.__file__).parent
NEWEST: Final = "head"
LOUD: Final = {"row_security": "off"}
"""Policies show the owner no row: a revision that changes rows of people fails, where it would do nothing and pass."""


async def migrate(dsn: str, revision: str = NEWEST) -> None:
    """Apply all revisions up to ``revision``; the DSN is that of the owner of the schema.

    With the newest schema come the code tables of this package, where the database has none yet.
    """
    await _run(dsn, lambda config: command.upgrade(config, revision))
    if revision == NEWEST:
        await _put_in_code_tables(dsn)


async def _put_in_code_tables(dsn: str) -> None:
    engine = connect(dsn, pool_size=1)
    try:
        async with UnitOfWork(engine) as work:
            await code_tables.add_first_versions(work)
            await work.commit()
    finally:
        await engine.dispose()


async def downgrade(dsn: str, revision: str) -> None:
    """Take revisions back down to ``revision`` ("base" for all); data in what is dropped are lost."""
    await _run(dsn, lambda config: command.downgrade(config, revision))


async def _run(dsn: str, action: Callable[[Config], None]) -> None:
    engine = create_async_engine(asyncpg_url(dsn), connect_args={"server_settings": LOUD})
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
