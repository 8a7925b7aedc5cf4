"""What a request writes, as one statement: the rows of every table together, in one trip to the database.

A request writes to a dozen tables. One by one that is a dozen trips, each dearer than the row it carries; here the rows
of a table are one parameter, an array of the table's own row type, and the tables are parts of one statement.
PostgreSQL checks foreign keys at its end, so the order of the tables within it does not matter.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Executable, Table, bindparam, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import Insert, asyncpg
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import UserDefinedType

Row = Mapping[str, Any]
"""The values of a row by column."""


class Prepared:
    """A statement compiled once, with the order in which it takes its parameters.

    For what every request does: here the time to compile, or to find what was compiled, would count. Its rows come as
    the driver gives them, so ids have to be asked for as text.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # every statement we make has it
        self.text = str(compiled)
        self._order: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def ordered(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the parameters as the statement counts them."""
        return tuple(parameters[name] if name in parameters else self._fixed[name] for name in self._order)


_DIALECT: Final = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped


class Insertion:
    """A way of inserting rows into a table: ``by`` names the columns in which no two rows given may be alike.

    Of rows alike the last one counts. ``replacing`` are the columns that a row already there takes over from the new
    one; where it is empty there can be none.
    """

    def __init__(self, table: Table, *, by: Sequence[str] = (), replacing: Sequence[str] = ()) -> None:
        self.table = table
        self.by = tuple(by)
        self.replacing = tuple(replacing)

    def statement(self) -> Insert:
        """Return the statement; its parameter bears the table's name and takes a sequence of rows."""
        columns = [column.name for column in self.table.c if column.identity is None]
        rows = cast(bindparam(self.table.name), _Rows(self.table.name))
        given = func.unnest(rows).table_valued(*columns, name="given")
        statement = upsert(self.table).from_select(columns, select(*(given.c[name] for name in columns)))
        if not self.by:
            return statement
        new = {name: statement.excluded[name] for name in self.replacing}
        is_other = or_(*(self.table.c[name].is_distinct_from(value) for name, value in new.items()))
        return statement.on_conflict_do_update(index_elements=self.by, set_=new, where=is_other)


class _Rows(UserDefinedType[Any]):
    """An array of the row type that every table has."""

    cache_ok = True

    def __init__(self, table: str) -> None:
        self.table = table

    def get_col_spec(self, **_: Any) -> str:
        return f"{self.table}[]"


class Writing:
    """Rows that wait to be written; rows are taken in any order and written together."""

    def __init__(self) -> None:
        self._rows: dict[Insertion, dict[Any, Row]] = {}

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._rows)

    def add(self, insertion: Insertion, row: Row) -> None:
        """Let a row wait."""
        rows = self._rows.setdefault(insertion, {})
        rows[tuple(row[name] for name in insertion.by) or len(rows)] = row

    def take(self) -> tuple[Prepared, dict[str, Any]]:
        """Return the statement that writes what waits, with its parameters; nothing waits afterwards."""
        rows, self._rows = self._rows, {}
        together = _together(frozenset(rows))
        return together, {one.table.name: list(given.values()) for one, given in rows.items()}

    def forget(self) -> None:
        """Write nothing of it."""
        self._rows = {}


@cache
def _together(insertions: frozenset[Insertion]) -> Prepared:
    """Return one statement for some ways of inserting; a registry has a few dozen such sets."""
    parts = sorted(insertions, key=lambda one: one.table.name)
    return Prepared(
        select(literal_column("1")).add_cte(*(one.statement().cte(f"of_{one.table.name}") for one in parts))
    )
