"""The commonest question in one round trip: whose numbers are these, and how do they stand on these days."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import text

from registry.domain.dates import DayRange
from registry.domain.timeline import Version
from registry.store import records
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
    or the key was corrected away. Then the movements have to be folded. ``protected_until`` is the first day on which
    the record is under no 支援措置 any more; None where it is under none.
    """

    person_id: str
    key: DataKey
    versions: tuple[Version, ...] | None
    confirmed: bool
    protected_until: date | None


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
        protected_until=first["protected_until"],
    )


_STATEMENT: Final = Prepared(
    text(
        """
        SELECT * FROM look_up(
            CAST(:generations AS smallint[]), CAST(:kinds AS text[]), CAST(:keys AS bytea[]), CAST(:people AS uuid[]),
            CAST(:period AS daterange)
        )
        """
    )
)
"""The database's own function: it alone sees search keys, and gives what they find and nothing else."""
