"""The commonest question in one round trip: whose number is this, and how do they stand on these days."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

import msgspec
from sqlalchemy import Text, and_, bindparam, cast, exists, func, select, true
from sqlalchemy.dialects.postgresql import DATERANGE

from registry.domain.dates import DayRange
from registry.domain.timeline import Version
from registry.store import records
from registry.store import tables as t
from registry.store.keyring import Keyring
from registry.store.sequencer import Known
from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared, Row
from registry.vault.keys import DataKey
from registry.vault.search_keys import SearchKey

MOST: Final = 50
"""People whom one key may find; more than one is no answer anyway."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A record that the key finds, as the projection has it.

    ``versions`` is None where the projection cannot say: it has none for these days, or holds what is not stamped yet,
    or the key was corrected away. Then the movements have to be folded.
    """

    person_id: str
    key: DataKey
    versions: tuple[Version, ...] | None
    confirmed: bool


async def by_key(
    work: UnitOfWork, keyring: Keyring, wanted: SearchKey, period: DayRange
) -> tuple[Known | None, tuple[Found, ...]]:
    """Return up to where knowledge is stamped, and the records that a search key finds with their versions.

    Known is None before the sequencer ever ran. Raises Shredded if the key of one of them was destroyed.
    """
    parameters = {
        "generation": wanted.generation,
        "kind": str(wanted.kind),
        "key": wanted.key,
        "period": records.to_range(period),
    }
    rows = await work.run_prepared(_STATEMENT, parameters)
    if not rows:
        return None, ()
    known = Known(rows[0]["known_seq"], rows[0]["known_at"])
    people = groupby((row for row in rows if row["found_id"] is not None), key=lambda row: row["found_id"])
    return known, tuple(_found(keyring, person_id, tuple(of_person)) for person_id, of_person in people)


def _found(keyring: Keyring, person_id: str, rows: tuple[Row, ...]) -> Found:
    first = rows[0]
    key = keyring.unwrapped(person_id, first["kek_id"], first["key_wrapped"], first["kek_wrapped"])
    is_sure = first["is_current"] and not first["is_ahead"] and first["made_by"] is not None
    return Found(
        person_id=person_id,
        key=key,
        versions=tuple(records.version_of(key, row) for row in rows) if is_sure else None,
        confirmed=not first["is_unconfirmed"],
    )


def _statement() -> Any:
    known = select(t.known_until.c.seq, t.known_until.c.at).cte("known")
    mine = and_(
        t.search_key.c.generation == bindparam("generation"),
        t.search_key.c.kind == bindparam("kind", type_=Text),
        t.search_key.c.key == bindparam("key"),
    )
    current = func.bool_or(t.search_key.c.current).label("current")
    hit = (
        select(t.search_key.c.person_id, current).where(mine).group_by(t.search_key.c.person_id).limit(MOST).cte("hit")
    )
    is_ahead = exists().where(t.movement.c.person_id == hit.c.person_id, ~_stamped(t.movement, known))
    is_unconfirmed = exists().where(t.link.c.person_id == hit.c.person_id, ~t.link.c.confirmed, _stamped(t.link, known))
    meets = t.version.c.possible.op("&&")(bindparam("period", type_=DATERANGE))
    everything = (
        known.outerjoin(hit, true())
        .outerjoin(t.data_key, t.data_key.c.owner == hit.c.person_id)
        .outerjoin(t.monthly_kek, t.monthly_kek.c.kek_id == t.data_key.c.kek_id)
        .outerjoin(t.version, and_(t.version.c.person_id == hit.c.person_id, meets))
    )
    return (
        select(
            known.c.seq.label("known_seq"),
            known.c.at.label("known_at"),
            cast(hit.c.person_id, Text).label("found_id"),
            hit.c.current.label("is_current"),
            t.data_key.c.kek_id,
            t.data_key.c.wrapped.label("key_wrapped"),
            t.monthly_kek.c.wrapped.label("kek_wrapped"),
            is_ahead.label("is_ahead"),
            is_unconfirmed.label("is_unconfirmed"),
            *_version_columns(),
        )
        .select_from(everything)
        .order_by(hit.c.person_id, func.lower(t.version.c.possible), func.upper(t.version.c.possible))
    )


def _stamped(table: Any, known: Any) -> Any:
    """Return the condition that a row's submission was stamped by what is known."""
    return exists().where(t.stamp.c.submission_id == table.c.submission_id, t.stamp.c.seq <= known.c.seq)


def _version_columns() -> Iterable[Any]:
    return (column for column in t.version.c if column.name != "person_id")


_STATEMENT: Final = Prepared(_statement())
