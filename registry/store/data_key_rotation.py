"""Data keys replaced by new ones: what the old one sealed is read, and put back as the new one sealed it.

A person's key seals movements, versions, and why the record is protected or something is to be done with it; a
submission's key that submission. Answers kept under a sender's key are sealed by the key of the service, which is no
person's and is not replaced here; the log has keys of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    CTE,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
    update,
)

from registry.store import tables as t
from registry.store.keyring import KEY_COLUMNS, SERVICE, WITH_KEK, Keyring
from registry.store.protection_tables import proposal, protection, protection_lift
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared
from registry.vault.keys import DataKey, WrappedDataKey
from registry.vault.sealing import Place, reseal

ACT: Final = "data-keys-replaced"
"""What ``key_act`` says of a rotation that is complete; its ``key_id`` is the number of the rotation."""


class _SealedBy(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose column ``sealed`` is sealed by the key of ``owner``, each row at its ``row_id``.

    ``version``: the column that counts how often a row was replaced, if there is one (:class:`Place`).
    """

    table: Table
    owner: str
    row_id: str
    version: str | None = None

    def rows_of_owner(self, number: int) -> Select[Any]:
        """Return what the key of ``:owner`` sealed here; ``number`` says which table it is."""
        columns = self.table.c
        version = literal(0) if self.version is None else columns[self.version]
        chosen = (literal(number, SmallInteger).label("number"), cast(columns[self.row_id], Text).label("row_id"))
        return select(*chosen, version.label("version"), columns.sealed).where(
            columns[self.owner] == bindparam("owner")
        )

    def resealing(self) -> CTE:
        """Return what puts other seals on rows of ``:owner``; its rows are as many as had one put on."""
        columns, name = self.table.c, self.table.name
        row_id = columns[self.row_id]
        given = (
            func.unnest(
                cast(bindparam(f"{name}_ids"), ARRAY(row_id.type)), cast(bindparam(f"{name}_seals"), ARRAY(LargeBinary))
            )
            .table_valued("row_id", "sealed", name=f"given_{name}")
            .render_derived()
        )
        here = (columns[self.owner] == cast(bindparam("owner"), Uuid), row_id == given.c.row_id)
        return update(self.table).where(*here).values(sealed=given.c.sealed).returning(literal(1)).cte(f"of_{name}")


SEALED_BY_OWNERS: Final = (
    _SealedBy(table=t.movement, owner="person_id", row_id="movement_id"),
    _SealedBy(table=t.version, owner="person_id", row_id="made_by", version="revision"),
    _SealedBy(table=t.submission, owner="submission_id", row_id="submission_id"),
    _SealedBy(table=protection, owner="person_id", row_id="measure_id"),
    _SealedBy(table=protection_lift, owner="person_id", row_id="lift_id"),
    _SealedBy(table=proposal, owner="person_id", row_id="proposal_id"),
)
"""Everything that the keys of owners seal, by whoever has locked the record. What is missing here is lost with the old
key."""


async def next_rotation(work: UnitOfWork) -> int:
    """Return the number of the rotation that is under way, or that would be the next: one more than are complete."""
    complete = select(func.coalesce(func.max(t.key_act.c.key_id), 0)).where(t.key_act.c.act == ACT)
    return int((await work.run(complete)).scalar_one()) + 1


def _waiting(rotation: int) -> tuple[Any, Any]:
    return t.data_key.c.rotation < rotation, t.data_key.c.owner != SERVICE


async def count_waiting(work: UnitOfWork, rotation: int) -> int:
    """Return how many keys are older than a rotation."""
    return int((await work.run(select(func.count()).select_from(t.data_key).where(*_waiting(rotation)))).scalar_one())


async def owners_waiting(work: UnitOfWork, rotation: int, *, after: str, at_most: int) -> tuple[str, ...]:
    """Return whose keys are older than a rotation: the next after ``after`` ("" for the first), in the order of ids."""
    query = select(t.data_key.c.owner).where(*_waiting(rotation)).order_by(t.data_key.c.owner).limit(at_most)
    if after:
        query = query.where(t.data_key.c.owner > after)
    return tuple((await work.run(query)).scalars())


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A data key, and everything that it seals: by the number of its table, the id of each row, place and envelope."""

    key: DataKey
    wrapped: bytes
    rows: tuple[tuple[int, Place, bytes], ...]


async def sealed_by(work: UnitOfWork, keyring: Keyring, owner: str, rotation: int) -> Sealed | None:
    """Return an owner's key with all that it seals; None where it is no older than a rotation, or gone.

    Where the owner is a person, the caller has locked the record.
    """
    found = await work.run_prepared(_SEALED, {"owner": owner, "rotation": rotation})
    if not found:
        return None
    rows = tuple(
        (row["number"], _place(SEALED_BY_OWNERS[row["number"]], row), row["sealed"])
        for row in found
        if row["number"] is not None
    )
    return Sealed(key=keyring.key_in(found[0]), wrapped=found[0]["key_wrapped"], rows=rows)


def _place(of: _SealedBy, row: Mapping[str, Any]) -> Place:
    return Place(table=of.table.name, row_id=row["row_id"], column="sealed", version=row["version"])


async def replace(work: UnitOfWork, old: Sealed, new: DataKey, wrapped: WrappedDataKey, rotation: int) -> bool:
    """Seal by ``new`` what ``old`` sealed, and put the one in the other's place; False where that was shredded.

    Raises SealBroken where something does not open, RuntimeError where not every row that was read was written.
    """
    key = {
        "owner": wrapped.person_id,
        "before": old.wrapped,
        "kek_id": wrapped.kek_id,
        "after": wrapped.wrapped,
        "made_by": rotation,
    }
    (done,) = await work.run_prepared(_REPLACING, key | dict(_seals(old, new)))
    if not done["keys"]:
        return False
    if done["rows"] != len(old.rows):
        raise RuntimeError("a row that was read under the lock could not be sealed anew: nothing may be committed")
    return True


def _seals(old: Sealed, new: DataKey) -> Iterator[tuple[str, Sequence[Any]]]:
    for number, of in enumerate(SEALED_BY_OWNERS):
        here = [(place, envelope) for at, place, envelope in old.rows if at == number]
        yield f"{of.table.name}_ids", [place.row_id for place, _ in here]
        yield f"{of.table.name}_seals", [reseal(place, envelope, old=old.key, new=new) for place, envelope in here]


def _reading() -> Select[Any]:
    owner = cast(bindparam("owner"), Uuid)
    sealed = union_all(*(one.rows_of_owner(number) for number, one in enumerate(SEALED_BY_OWNERS))).subquery("sealed")
    is_older = t.data_key.c.rotation < bindparam("rotation")
    query = select(*KEY_COLUMNS, sealed.c.number, sealed.c.row_id, sealed.c.version, sealed.c.sealed)
    return query.select_from(WITH_KEK.outerjoin(sealed, true())).where(t.data_key.c.owner == owner, is_older)


def _replacing() -> Select[Any]:
    is_the_one = (t.data_key.c.owner == cast(bindparam("owner"), Uuid), t.data_key.c.wrapped == bindparam("before"))
    values: dict[str, Any] = {
        "kek_id": bindparam("kek_id"),
        "wrapped": bindparam("after"),
        "rotation": bindparam("made_by"),
    }
    keys = update(t.data_key).where(*is_the_one).values(values).returning(literal(1)).cte("of_data_key")
    counts = [select(func.count()).select_from(one.resealing()).scalar_subquery() for one in SEALED_BY_OWNERS]
    return select(
        select(func.count()).select_from(keys).scalar_subquery().label("keys"), sum(counts[1:], counts[0]).label("rows")
    )


_SEALED: Final = Prepared(_reading())
_REPLACING: Final = Prepared(_replacing())
