"""The unit of work: one request, one transaction, its log entries. Whoever leaves without commit has done nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Executable, TextClause
from sqlalchemy.engine import CursorResult, RowMapping
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class StoreUnavailable(Exception):  # noqa: N818 - it says what the caller meets, not what went wrong inside
    """The database cannot be reached, is out of connections or took too long; nothing was done."""


_CLASSES_OF_OUTAGE = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator intervention (shutdown, timeout), system error."""
_LOCK_TROUBLE = ("55P03", "40P01", "40001")
_IS_A_STANDBY = "25006"
"""SQLSTATE read_only_sql_transaction: the primary is another server now."""


class UnitOfWork:
    """A transaction on one connection, given to every function of the store."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        try:
            self._connection = await self._engine.connect()
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise StoreUnavailable from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # close() returns the connection to the pool, which rolls back whatever was not committed.
            await connection.close()
        if isinstance(error, DBAPIError) and is_outage(error):
            raise StoreUnavailable from error

    async def commit(self) -> None:
        """Make everything done so far last; durable when this returns."""
        await self.connection.commit()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside when it raises; what happened before stays."""
        async with self.connection.begin_nested():
            yield

    @property
    def connection(self) -> AsyncConnection:
        """The open connection; asking outside ``async with`` is a mistake of the program."""
        if self._connection is None:
            raise RuntimeError("the unit of work is not open")
        return self._connection

    async def run(self, statement: Executable | TextClause, parameters: Any = None) -> CursorResult[Any]:
        """Execute one statement; ``parameters`` may be a list for many rows."""
        return await self.connection.execute(statement, parameters)

    async def rows(self, statement: Executable) -> list[RowMapping]:
        """Return all rows of a query as mappings."""
        return list((await self.connection.execute(statement)).mappings())

    async def one(self, statement: Executable) -> RowMapping | None:
        """Return the only row of a query, or None."""
        return (await self.connection.execute(statement)).mappings().one_or_none()


def is_outage(error: DBAPIError) -> bool:
    """Whether a driver error means that the database could not serve, rather than that the statement was wrong."""
    state = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
    if state.startswith(_CLASSES_OF_OUTAGE) or state in (*_LOCK_TROUBLE, _IS_A_STANDBY):
        return True
    return not state and isinstance(error, OperationalError | InterfaceError)
