"""What stands in the log of disclosures, opened: entries that have their place, then those that wait for it."""

from types import SimpleNamespace
from typing import NamedTuple

from sqlalchemy import select

from registry.services import disclosure_log
from registry.store import disclosure_log as stored
from registry.store import log_tables as t
from registry.store.disclosure_log import StoredEntry
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure, commitment, read_content

NO_SALT = bytes(32)


class Logged(NamedTuple):
    """An entry and whom it is about, as the log calls that person: None is nobody."""

    about: str | None
    entry: Disclosure


async def read_log(dsn, provider):
    """Every entry, as the owner of the database with the keys in hand reads it; the oldest first."""
    engine = connect(dsn, pool_size=1)
    hands = SimpleNamespace(keyring=Keyring(provider))
    try:
        async with UnitOfWork(engine) as work:
            placed = await stored.every_entry(work, -1, 1_000_000)
            waiting = await work.rows(select(t.log_pending).order_by(t.log_pending.c.pending_id))
            return [await opened(hands, work, one) for one in (*placed, *map(as_if_placed, waiting))]
    finally:
        await engine.dispose()


def as_if_placed(row):
    """An entry that waits, its leaf without a link as long as it has no place."""
    return StoredEntry(
        index=-1,
        entry_id=row["entry_id"],
        subject=row["subject"],
        link=None,
        link_salt=NO_SALT,
        leaf=row["content_commitment"],
        year=row["year"],
        sealed=row["sealed"],
    )


async def opened(hands, work, one):
    given = await disclosure_log.opened(hands, work, one)
    assert one.leaf.endswith(commitment(given.content_salt, given.content))
    assert one.index < 0 or given.leaf == one.leaf
    return Logged(one.subject, read_content(given.content))


def dsn_of(registry):
    return registry.resources.engine.url.render_as_string(hide_password=False)


async def log(registry, *columns, **having):
    """The entries of a registry, the oldest first, that have such values: of each the columns; sets come as lists."""
    entries = await read_log(dsn_of(registry), registry.resources.provider)
    wanted = [one for one in entries if all(value(one, name) == given for name, given in having.items())]
    return [tuple(value(one, column) for column in columns) for one in wanted]


def value(logged, column):
    found = logged.about if column == "about" else getattr(logged.entry, column)
    return sorted(found) if isinstance(found, frozenset) else found


def about(registry, person_id):
    """What the log calls a person."""
    return disclosure_log.subject_of(registry.resources, person_id)
