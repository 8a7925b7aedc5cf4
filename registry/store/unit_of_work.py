"""The unit of work: one request, one transaction, its log entries. Whoever leaves without commit has done nothing."""

from asyncio import Semaphore, timeout
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

from asyncpg import InterfaceError as DriverInterfaceError
from asyncpg import PostgresError, UniqueViolationError
from sqlalchemy import Executable, TextClause, text
from sqlalchemy.engine import CursorResult, RowMapping
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool
from sqlalchemy.util import greenlet_spawn

from registry.store.at_hand import AtHand
from registry.store.engine import PATIENCE, POOL_SIZE
from registry.store.writing import Insertion, Prepared, Row, Writing


class StoreUnavailable(Exception):  # noqa: N818 - it says what the caller meets, not what went wrong inside
    """The database cannot be reached, is out of connections or took too long; nothing was done."""


class Taken(StoreUnavailable):
    """Somebody was quicker: what may be there once is there already. The transaction is over, nothing was done.

    ``constraint`` is what says so in the database.
    """

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


_CLASSES_OF_OUTAGE = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator intervention (shutdown, timeout), system error."""
_LOCK_TROUBLE = ("55P03", "40P01", "40001")
_OTHER_COLUMNS = "42804"
"""SQLSTATE datatype_mismatch: a migration gave a table other columns than the connections know; new ones will do."""
_IS_A_STANDBY = "25006"
"""SQLSTATE read_only_sql_transaction: the primary is another server now."""


class UnitOfWork:
    """A transaction on one connection, given to every function of the store.

    ``at_hand`` is what it has locked and read; what is only to be inserted may be written :meth:`later`. ``written``
    counts what was written so far, or will be.

    One that ``only_reads`` is no transaction until it has to :meth:`begin`: each statement sees what is committed when
    it begins, as in a transaction of this isolation, and what is written later is written by the commit alone. It saves
    two trips.
    """

    def __init__(self, engine: AsyncEngine, *, only_reads: bool = False) -> None:
        self._engine = engine
        self._only_reads = only_reads
        self._has_begun = False
        self._turns = _turns_of(engine)
        self._connection: AsyncConnection | None = None
        self._driver: PoolProxiedConnection | None = None
        self._writing = Writing()
        self._to_see: list[str] = []
        self._afterwards: list[Callable[[], None]] = []
        self.at_hand = AtHand()
        self.written = 0

    async def __aenter__(self) -> Self:
        await _take_turn(self._turns)
        try:
            if self._only_reads:
                with _connecting():
                    self._driver = await self._engine.raw_connection()
            else:
                await self._connect()
        except BaseException:
            self._turns.release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._release()
        finally:
            self._turns.release()
        if isinstance(error, DBAPIError) and is_outage(error):
            raise StoreUnavailable from error

    async def begin(self) -> None:
        """Be a transaction from here on, if it is none yet: as long lasts what it may see."""
        if self._only_reads:
            await self._release()
            await self._connect()
            self._only_reads = False

    async def _release(self) -> None:
        """Return the connection to the pool, which rolls back whatever was not committed."""
        connection, driver = self._connection, self._driver
        self._connection = self._driver = None
        if connection is not None:
            await connection.close()
        if driver is not None:
            await greenlet_spawn(driver.close)

    async def _by_the_library(self) -> AsyncConnection:
        """Return the connection for what the driver alone cannot run; whoever only reads takes one when it needs to."""
        if self._driver is not None:
            await self._release()
            await (await self._connect()).execution_options(isolation_level="AUTOCOMMIT")
        return self.connection

    async def _connect(self) -> AsyncConnection:
        with _connecting():
            self._connection = await self._engine.connect()
        return self._connection

    async def commit(self) -> None:
        """Make everything done so far last; durable when this returns."""
        await self.write()
        if not self._only_reads:
            await self.connection.commit()
        self._has_begun = self.at_hand.agreed = False
        afterwards, self._afterwards = self._afterwards, []
        for act in afterwards:
            act()

    def once_committed(self, act: Callable[[], None]) -> None:
        """Do something in memory as soon as everything is durable; never, if it does not become so."""
        self._afterwards.append(act)

    def later(self, insertion: Insertion, row: Row) -> None:
        """Insert a row with the next statement of any kind, or with the commit: all that waits goes in one trip."""
        self.written += 1
        self._writing.add(insertion, row)

    async def write(self) -> None:
        """Write what waits; raises :class:`Taken` where something of it may be there only once, and is."""
        if not self._writing:
            return
        await self.look()
        statement, rows = self._writing.take()
        await self.run_prepared(statement, rows)

    def will_see(self, record_id: str) -> None:
        """See a record that is new, from the next writing on: what is to be written is to be seen as well."""
        self._to_see.append(record_id)

    async def look(self) -> None:
        """Tell the database which records the transaction sees, where it was not told yet."""
        if self._to_see:
            ids, self._to_see = self._to_see, []
            await self.run_prepared(_SEE, {"ids": ids}, ahead=True)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside when it raises; what happened before stays."""
        await self.write()
        written = self.written
        async with (await self._by_the_library()).begin_nested():
            try:
                yield
                await self.write()
            except BaseException:
                self.written = written
                self._writing.forget()
                self.at_hand.forget()  # the locks taken inside are lost as well
                raise

    @property
    def connection(self) -> AsyncConnection:
        """The open connection; asking outside ``async with`` is a mistake of the program."""
        if self._connection is None:
            raise RuntimeError("the unit of work is not open")
        return self._connection

    async def run(self, statement: Executable | TextClause, parameters: Any = None) -> CursorResult[Any]:
        """Execute one statement; ``parameters`` may be a list for many rows."""
        await self.write()
        self.written += bool(getattr(statement, "is_dml", False))
        return await (await self._by_the_library()).execute(statement, parameters)

    async def run_prepared(
        self, statement: Prepared, parameters: Mapping[str, Any], *, ahead: bool = False
    ) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a statement that was compiled before; raises :class:`Taken` as :meth:`write`.

        One that goes ``ahead`` does not see what waits to be written, and makes it possible.
        """
        if not ahead:
            await self.write()
        ordered = statement.ordered(parameters)
        if self._only_reads or self._has_begun:
            return await self._run_by_driver(statement.text, ordered)
        self._has_begun = True
        try:
            result = await self.connection.exec_driver_sql(statement.text, ordered)
        except DBAPIError as error:
            await self._demand_our_mistake(error)
            raise
        return [dict(row) for row in result.mappings()]

    async def _run_by_driver(self, text: str, ordered: tuple[Any, ...]) -> Sequence[Mapping[str, Any]]:
        """Leave SQLAlchemy out where it need not begin a transaction first: it costs more than the statement does."""
        raw = self._driver or await self.connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if driver is None:
            raise StoreUnavailable
        try:
            rows: Sequence[Mapping[str, Any]] = await driver.fetch(text, *ordered)
        except (PostgresError, DriverInterfaceError, OSError) as error:
            as_usual = DBAPIError(text, None, error)
            await self._demand_our_mistake(as_usual)
            raise as_usual from error
        return rows

    async def _demand_our_mistake(self, error: DBAPIError) -> None:
        """Raise what the caller meets for an error that is not our own mistake: somebody quicker, or an outage."""
        cause = getattr(error.orig, "__cause__", None) or error.orig
        if isinstance(cause, UniqueViolationError):
            raise Taken(str(cause.constraint_name)) from error
        if _sqlstate(cause) == _OTHER_COLUMNS or is_outage(error):
            if _sqlstate(cause) not in _LOCK_TROUBLE:
                await self._invalidate()
            raise StoreUnavailable from error

    async def _invalidate(self) -> None:
        """Let whoever comes next have another connection."""
        if self._driver is not None:
            await greenlet_spawn(self._driver.invalidate)
        else:
            await self.connection.invalidate()

    async def rows(self, statement: Executable) -> list[RowMapping]:
        """Return all rows of a query as mappings."""
        return list((await self.run(statement)).mappings())

    async def one(self, statement: Executable) -> RowMapping | None:
        """Return the only row of a query, or None."""
        return (await self.run(statement)).mappings().one_or_none()


_SEE: Final = Prepared(text("SELECT see(CAST(:ids AS uuid[]))"))

_turns: Final[WeakKeyDictionary[AsyncEngine, Semaphore]] = WeakKeyDictionary()


def _turns_of(engine: AsyncEngine) -> Semaphore:
    """Return the line before an engine's connections: first come, first served.

    In the pool's own line whoever comes just when a connection is free goes first, and some wait many times over.
    """
    if engine not in _turns:
        size = engine.pool.size() if isinstance(engine.pool, QueuePool) else POOL_SIZE
        _turns[engine] = Semaphore(size)
    return _turns[engine]


async def _take_turn(turns: Semaphore) -> None:
    if not turns.locked():
        await turns.acquire()
        return
    try:
        async with timeout(PATIENCE):
            await turns.acquire()
    except TimeoutError as error:
        raise StoreUnavailable from error


@contextmanager
def _connecting() -> Iterator[None]:
    """Call a database that cannot be reached, starts or ends an outage."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, PostgresError, DriverInterfaceError, OSError) as error:
        raise StoreUnavailable from error


def is_outage(error: DBAPIError) -> bool:
    """Whether a driver error means that the database could not serve, rather than that the statement was wrong."""
    state = _sqlstate(error.orig)
    if state:
        return state.startswith(_CLASSES_OF_OUTAGE) or state in (*_LOCK_TROUBLE, _IS_A_STANDBY)
    lost = isinstance(error.orig, DriverInterfaceError | OSError)
    return lost or isinstance(error, OperationalError | InterfaceError)


def _sqlstate(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
