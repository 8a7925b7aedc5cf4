"""The tables of codes in PostgreSQL: whole tables as text, version after version; nothing is changed afterwards."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import Select, func, insert, literal_column, or_, select, text
from sqlalchemy.engine import RowMapping

from registry.code_tables.files import package_text
from registry.code_tables.shapes import SHAPES, TableName
from registry.store import tables as t
from registry.store.unit_of_work import UnitOfWork

IMPORT_LOCK: Final = 0xC0DE7AB1
"""The advisory lock that an import holds, so that there is one at a time."""

AREA_CHANGE_LOCK: Final = 0xA4EAC4A6
"""The advisory lock that going through the records for changed areas holds."""


class StoredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a table without its text. ``applies_from`` None: the first one, which applies since ever."""

    version_id: int
    table: TableName
    applies_from: date | None
    source: str
    sha256: str
    imported_at: datetime
    imported_by: str


async def versions(work: UnitOfWork) -> tuple[StoredVersion, ...]:
    """Return all versions of all tables, the oldest first."""
    columns = [column for column in t.code_table_version.columns if column.name != "content"]
    return tuple(map(_version, await work.rows(select(*columns).order_by(t.code_table_version.c.version_id))))


async def in_force(work: UnitOfWork, on: date) -> dict[TableName, int]:
    """Return the version of each table that is in force on a day: the newest of those that apply by then."""
    applies = or_(t.code_table_version.c.applies_from.is_(None), t.code_table_version.c.applies_from <= on)
    return await _newest(work, _ids().where(applies))


async def newest(work: UnitOfWork) -> dict[TableName, int]:
    """Return the newest version of each table, also where it applies only later."""
    return await _newest(work, _ids())


async def before(work: UnitOfWork, version_id: int, table: TableName) -> int | None:
    """Return the version of a table that was made from before ``version_id``, or None."""
    query = _ids().where(t.code_table_version.c.version_id < version_id)
    return (await _newest(work, query)).get(table)


async def contents(work: UnitOfWork, version_ids: Iterable[int]) -> dict[int, str]:
    """Return the texts of versions."""
    query = select(t.code_table_version.c.version_id, t.code_table_version.c.content).where(
        t.code_table_version.c.version_id.in_(list(version_ids))
    )
    return {row["version_id"]: row["content"] for row in await work.rows(query)}


async def texts(work: UnitOfWork, chosen: Mapping[TableName, int]) -> dict[TableName, str]:
    """Return the text of each table in the version chosen."""
    found = await contents(work, chosen.values())
    return {table: found[version_id] for table, version_id in chosen.items()}


async def add(
    work: UnitOfWork, table: TableName, content: str, *, applies_from: date | None, source: str, at: datetime | None
) -> int:
    """Add a version and return its id. ``at`` None: the database's own time. Who imports is who signed in there."""
    values: dict[str, Any] = {
        "table_name": str(table),
        "applies_from": applies_from,
        "source": source,
        "sha256": sha256(content.encode()).hexdigest(),
        "imported_at": func.now() if at is None else at,
        "imported_by": literal_column("session_user"),
        "content": content,
    }
    statement = insert(t.code_table_version).values(values).returning(t.code_table_version.c.version_id)
    return int((await work.run(statement)).scalar_one())


async def add_first_versions(work: UnitOfWork) -> None:
    """Put in the package's tables where there is none yet; a later package changes nothing by itself."""
    await work.run(select(func.pg_advisory_xact_lock(IMPORT_LOCK)))
    held = await newest(work)
    for table in TableName:
        if table not in held:
            source = f"{SHAPES[table].file} of the package, state of {SHAPES[table].state}"
            await add(work, table, package_text(table), applies_from=None, source=source, at=None)


async def take_lock(work: UnitOfWork, lock: int) -> bool:
    """Be alone with what a lock stands for as long as this transaction lasts, however idle; False if another is."""
    await work.run(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return bool((await work.run(select(func.pg_try_advisory_xact_lock(lock)))).scalar_one())


def _ids() -> Select[tuple[str, int]]:
    newest_id = func.max(t.code_table_version.c.version_id).label("version_id")
    return select(t.code_table_version.c.table_name, newest_id).group_by(t.code_table_version.c.table_name)


async def _newest(work: UnitOfWork, query: Select[tuple[str, int]]) -> dict[TableName, int]:
    return {TableName(row["table_name"]): row["version_id"] for row in await work.rows(query)}


def _version(row: RowMapping) -> StoredVersion:
    return StoredVersion(
        version_id=row["version_id"],
        table=TableName(row["table_name"]),
        applies_from=row["applies_from"],
        source=row["source"],
        sha256=row["sha256"],
        imported_at=row["imported_at"],
        imported_by=row["imported_by"],
    )
