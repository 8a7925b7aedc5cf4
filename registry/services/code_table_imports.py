"""A newer official file becomes the next version of a table: looked at first, put in afterwards, one at a time."""

from datetime import date
from hashlib import sha256

import msgspec

from registry.code_tables.revision import Revision, revise
from registry.code_tables.shapes import TableName
from registry.services.resources import Resources
from registry.store import code_tables


class ImportUnderWay(Exception):  # noqa: N818 - it says what the operator meets
    """Another import is at work, or has put in a version since this one was looked at."""

    def __init__(self) -> None:
        super().__init__("another import is at work or was first; look at the table and import the file again")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A revision that nobody has agreed to yet: from which day, made from which version and which files."""

    revision: Revision
    day: date
    based_on: int
    source: str


async def propose(
    resources: Resources, table: TableName, name: str, data: bytes, day: date, changes: bytes | None = None
) -> Proposal:
    """Return what a file would make of a table from ``day`` on; ``name`` is what the file is called.

    Raises InvalidInput with every fault of the file.
    """
    async with resources.work() as work:
        newest = await code_tables.newest(work)
        chosen = await code_tables.in_force(work, day) | {table: newest[table]}
        tables = await code_tables.texts(work, chosen)
    source = f"{name}, SHA-256 {sha256(data).hexdigest()}"
    revision = revise(table, data, day, tables, changes)
    return Proposal(revision=revision, day=day, based_on=newest[table], source=source)


async def put_in(resources: Resources, proposal: Proposal) -> int:
    """Put a proposal in as the next version and return its id; raises ImportUnderWay if another one was first."""
    table = proposal.revision.table
    async with resources.work() as work:
        is_alone = await code_tables.take_lock(work, code_tables.IMPORT_LOCK)
        if not is_alone or (await code_tables.newest(work))[table] != proposal.based_on:
            raise ImportUnderWay
        version_id = await code_tables.add(
            work,
            table,
            proposal.revision.content,
            applies_from=proposal.day,
            source=proposal.source,
            at=resources.clock(),
        )
        await work.commit()
    return version_id
