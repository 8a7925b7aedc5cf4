"""Keys that KEKs wrap, wrapped anew by a later KEK, and the destruction of KEKs that wrap nothing any more.

A table of wrapped keys is gone through block by block, as it lies on disk, in short transactions. A key is replaced
only if it is still the one that was read, so whatever else happens to it meanwhile wins, and is met again by the next
pass.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.types import UserDefinedType

from registry.store import tables as t
from registry.store.log_tables import log_year
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared
from registry.vault.keys import Kek, data_key_place, rewrap
from registry.vault.log_keys import owner_of
from registry.vault.sealing import Place

RUN_LOCK: Final = 0x4E147A7E
"""The advisory lock that a rotation holds, so that there is one at a time."""

BLOCKS_A_STEP: Final = 48
"""Some 1,600 keys: few enough to hold nobody up, many enough to be quick."""

_c: Final = t.monthly_kek.c


class _Tid(UserDefinedType[Any]):
    """Where a row lies: (block, place in the block)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid"


class WrappedKeys:
    """A table whose rows hold keys wrapped by KEKs, in the columns ``kek_id`` and ``wrapped``.

    ``row_id`` names a row; ``place`` says for which place the key of that row is wrapped.
    """

    def __init__(self, table: Table, row_id: Column[Any], place: Callable[[str], Place]) -> None:
        self.table = table
        self.place = place
        self.step = Prepared(self._step(row_id))
        self.replacing = Prepared(self._replacing(row_id))

    def _step(self, row_id: Column[Any]) -> Select[Any]:
        columns = self.table.c
        lies: ColumnElement[Any] = literal_column(f"{self.table.name}.ctid")
        here = and_(lies >= cast(bindparam("first"), _Tid), lies < cast(bindparam("end"), _Tid))
        is_old = columns.kek_id < bindparam("target")
        return select(row_id.label("row_id"), columns.kek_id, columns.wrapped).where(here, is_old)

    def _replacing(self, row_id: Column[Any]) -> Update:
        given = (
            func.unnest(
                cast(bindparam("ids"), ARRAY(row_id.type)),
                cast(bindparam("before"), ARRAY(LargeBinary)),
                cast(bindparam("after"), ARRAY(LargeBinary)),
            )
            .table_valued("row_id", "before", "after", name="given")
            .render_derived()
        )
        same = (row_id == given.c.row_id, self.table.c.wrapped == given.c.before)
        values = {"kek_id": bindparam("target"), "wrapped": given.c.after}
        return update(self.table).where(*same).values(values).returning(literal_column("1"))


WRAPPED_KEYS: Final = (
    WrappedKeys(t.data_key, t.data_key.c.owner, data_key_place),
    WrappedKeys(log_year, log_year.c.year, lambda year: data_key_place(owner_of(int(year)))),
)
"""Everything that KEKs wrap; a rotation goes through all of it, and no KEK is destroyed that wraps any of it."""


async def blocks(work: UnitOfWork, keys: WrappedKeys) -> int:
    """Return how many blocks a table has now; what is rewrapped lies beside where it lay, or behind."""
    size = func.pg_relation_size(cast(keys.table.name, REGCLASS))
    block_size = cast(func.current_setting("block_size"), BigInteger)
    return int((await work.run(select(size / block_size))).scalar_one())


async def rewrap_step(work: UnitOfWork, keys: WrappedKeys, first: int, keks: Mapping[int, Kek], target: int) -> int:
    """Let ``target`` wrap what older KEKs wrap in the blocks from ``first`` on; return how many keys that were.

    Raises KeyError for a KEK made since ``keks`` were read, SealBroken where a row holds no key of its KEK.
    """
    here = {"first": (first, 0), "end": (first + BLOCKS_A_STEP, 0), "target": target}
    rows = await work.run_prepared(keys.step, here)
    if not rows:
        return 0
    new = keks[target]
    after = [rewrap(keys.place(str(row["row_id"])), row["wrapped"], old=keks[row["kek_id"]], new=new) for row in rows]
    olds = {row["kek_id"] for row in rows}
    in_use_after_all = (_c.kek_id.in_(olds), _c.emptied_at.is_not(None))
    await work.run(update(t.monthly_kek).where(*in_use_after_all).values(emptied_at=None))
    replaced = {
        "ids": [row["row_id"] for row in rows],
        "before": [row["wrapped"] for row in rows],
        "after": after,
        "target": target,
    }
    return len(await work.run_prepared(keys.replacing, replaced))


async def count_older(work: UnitOfWork, target: int) -> int:
    """Return how many keys are wrapped by KEKs older than ``target``."""
    counts = [
        select(func.count().label("older")).select_from(one.table).where(one.table.c.kek_id < target)
        for one in WRAPPED_KEYS
    ]
    return sum([(await work.run(query)).scalar_one() for query in counts])


async def note_empty(work: UnitOfWork, target: int, now: datetime) -> bool:
    """Note since when the KEKs older than ``target`` wrap nothing; False where one of them still does.

    Waits for whoever is just wrapping by one of them: nobody else begins to until this transaction ends.
    """
    older = _c.kek_id < target
    await work.run(select(_c.kek_id).where(older).order_by(_c.kek_id).with_for_update())
    if await count_older(work, target):
        return False
    await work.run(update(t.monthly_kek).where(older, _c.emptied_at.is_(None)).values(emptied_at=now))
    return True


async def destroy(work: UnitOfWork, emptied_before: datetime) -> tuple[int, ...]:
    """Delete the KEKs that wrapped nothing since before a moment, and return their ids.

    One that wraps something after all (a process that was not told made a key with it) stays, and its time begins anew.
    """
    due = select(_c.kek_id).where(_c.emptied_at <= emptied_before).order_by(_c.kek_id)
    found = (await work.run(due.with_for_update())).scalars().all()
    wraps = or_(*(exists().where(one.table.c.kek_id == _c.kek_id) for one in WRAPPED_KEYS))
    await work.run(update(t.monthly_kek).where(_c.kek_id.in_(found), wraps).values(emptied_at=None))
    gone = delete(t.monthly_kek).where(_c.kek_id.in_(found), _c.emptied_at.is_not(None)).returning(_c.kek_id)
    return tuple(sorted((await work.run(gone)).scalars()))


async def overwrite_destroyed(work: UnitOfWork) -> None:
    """Write the table of KEKs anew: what is deleted stays in the old file until then. No transaction may be open."""
    await work.run(text("VACUUM FULL monthly_kek"))


async def waiting(work: UnitOfWork) -> dict[int, datetime]:
    """Return the KEKs that wrap nothing any more, and since when."""
    rows = await work.rows(select(_c.kek_id, _c.emptied_at).where(_c.emptied_at.is_not(None)).order_by(_c.kek_id))
    return {row["kek_id"]: row["emptied_at"] for row in rows}


async def record(work: UnitOfWork, act: str, key_ids: Iterable[int], how_many: int, now: datetime) -> None:
    """Write down what was done with KEKs, and by which account of the database."""
    done_by: ColumnElement[str] = literal_column("session_user")
    for key_id in key_ids:
        values = {"at": now, "act": act, "key_id": key_id, "how_many": how_many, "done_by": done_by}
        await work.run(insert(t.key_act).values(values))
