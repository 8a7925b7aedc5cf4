"""The commonest question in one round trip: whose numbers are these, and how do they stand on these days."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    func,
    join,
    literal_column,
    select,
    true,
)
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

Sought = SearchKey | str
"""Who is looked for: whoever has a search key, or the record with an id."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A record that the key finds, as the projection has it.

    ``versions`` is None where the projection cannot say: it has none for these days, or holds what is not stamped yet,
    or the key was corrected away. Then the movements have to be folded.
    """

    person_id: str
    key: DataKey
    versions: tuple[Version, ...] | None
    confirmed: bool


async def find_each(
    work: UnitOfWork, keyring: Keyring, sought: Sequence[Sought], period: DayRange
) -> tuple[Known | None, tuple[tuple[Found, ...], ...]]:
    """Return up to where knowledge is stamped, and for each sought the records found, with their versions.

    Known is None before the sequencer ever ran. A record that was shredded is found by nobody.
    """
    parameters = {
        "generations": [one.generation if isinstance(one, SearchKey) else None for one in sought],
        "kinds": [str(one.kind) if isinstance(one, SearchKey) else None for one in sought],
        "keys": [one.key if isinstance(one, SearchKey) else None for one in sought],
        "people": [one if isinstance(one, str) else None for one in sought],
        "period": records.to_range(period),
    }
    rows = await work.run_prepared(_STATEMENT, parameters)
    if not rows:
        return None, ()
    known = Known(rows[0]["known_seq"], rows[0]["known_at"])
    found: list[list[Found]] = [[] for _ in sought]
    hits = groupby((row for row in rows if row["position"] is not None), key=itemgetter("position", "found_id"))
    for (position, person_id), of_person in hits:
        found[position - 1].append(_found(keyring, person_id, tuple(of_person)))
    return known, tuple(map(tuple, found))


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
    hit = _hits().cte("hit")
    is_ahead = exists().where(t.movement.c.person_id == hit.c.person_id, ~_stamped(t.movement, known))
    is_unconfirmed = exists().where(t.link.c.person_id == hit.c.person_id, ~t.link.c.confirmed, _stamped(t.link, known))
    meets = t.version.c.possible.op("&&")(bindparam("period", type_=DATERANGE))
    readable = join(hit, t.data_key, t.data_key.c.owner == hit.c.person_id).join(t.monthly_kek)
    everything = known.outerjoin(readable, true()).outerjoin(
        t.version, and_(t.version.c.person_id == hit.c.person_id, meets)
    )
    return (
        select(
            known.c.seq.label("known_seq"),
            known.c.at.label("known_at"),
            hit.c.position,
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
        .order_by(hit.c.position, hit.c.person_id, func.lower(t.version.c.possible), func.upper(t.version.c.possible))
    )


def _hits() -> Any:
    """Whom each of those sought finds, and whether a key finds them now; an id finds its record without a key."""
    arrays = func.unnest(
        cast(bindparam("generations"), ARRAY(SmallInteger)),
        cast(bindparam("kinds"), ARRAY(Text)),
        cast(bindparam("keys"), ARRAY(LargeBinary)),
        cast(bindparam("people"), ARRAY(Uuid(as_uuid=False))),
    )
    columns = ("generation", "kind", "key", "person_id")
    sought = arrays.table_valued(*columns, with_ordinality="position", name="sought").render_derived()
    mine = and_(
        t.search_key.c.generation == sought.c.generation,
        t.search_key.c.kind == sought.c.kind,
        t.search_key.c.key == sought.c.key,
    )
    current = func.bool_or(t.search_key.c.current).label("current")
    by_key = select(sought.c.position, t.search_key.c.person_id, current).join_from(sought, t.search_key, mine)
    by_id = select(sought.c.position, t.person.c.person_id, literal_column("true").label("current")).join_from(
        sought, t.person, t.person.c.person_id == sought.c.person_id
    )
    return by_key.group_by(sought.c.position, t.search_key.c.person_id).union_all(by_id)


def _stamped(table: Any, known: Any) -> Any:
    """Return the condition that a row's submission was stamped by what is known."""
    return exists().where(t.stamp.c.submission_id == table.c.submission_id, t.stamp.c.seq <= known.c.seq)


def _version_columns() -> Iterable[Any]:
    return (column for column in t.version.c if column.name != "person_id")


_STATEMENT: Final = Prepared(_statement())
