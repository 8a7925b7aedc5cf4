"""The audit of the log of disclosures in its own database: all that the public audit checks, and every entry opened.

(1) The signed head, and what witnesses cosigned, are theirs. (2) Entries follow one another without a gap. (3) Each
opens and is what its leaf was made of. (4) Each continues the chain of its person. (5) Tiles and (6) head are those of
the entries. (7) Every head that somebody remembers was passed through.

What the keys of a year that is over had sealed cannot be opened any more (番号法施行令29条), and is counted. All is
read as it stood at one moment, while the registry serves.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from sqlalchemy import text

from registry.domain import log_keeping
from registry.services import disclosure_log
from registry.services.resources import Resources, japan_date
from registry.store import disclosure_log as stored
from registry.store.disclosure_log import LogHead, StoredEntry
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.audit import Audit, Chains
from registry.transparency.checkpoint import OpenedCheckpoint, open_checkpoint
from registry.transparency.entry import SALT_BYTES, OpenedEntry, commitment, link_bytes
from registry.transparency.note import Note
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import HASH_BYTES, Frontier, TreeHead
from registry.vault.sealing import SealBroken

BATCH: Final = 4_096
COSIGNED: Final = "cosigned head"
_AS_OF_ONE_MOMENT: Final = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

Progress = Callable[[int, int], None]
"""Is told how many entries of how many an audit has gone through."""


class NothingToAudit(Exception):  # noqa: N818 - it says what the operator meets
    """There is no log yet: the registry never ran on this database."""

    def __init__(self) -> None:
        super().__init__("there is no log yet: the registry never ran on this database")


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an audit: the newest head of the log, what was found, and how many entries nobody can open."""

    opened: OpenedCheckpoint
    found: Audit
    past_keeping: int


async def as_of_one_moment(work: UnitOfWork) -> None:
    """Let all that a fresh unit of work reads be as it stands now, and let it write nothing."""
    await work.run(_AS_OF_ONE_MOMENT)


async def audit(resources: Resources, work: UnitOfWork, remembered: Iterable[TreeHead], progress: Progress) -> Audited:
    """Audit all of the log, as the unit of work sees it; its role must see every table of the log.

    Raises :class:`NothingToAudit`, and LogRefused where the head is away or not the log's.
    """
    return await _DatabaseAudit(resources, work, Audit(remembered), progress).run()


class _DatabaseAudit:
    """One audit on its way through the entries."""

    def __init__(self, resources: Resources, work: UnitOfWork, found: Audit, progress: Progress) -> None:
        self._resources = resources
        self._work = work
        self._progress = progress
        self._chains = Chains()
        self._past_keeping = 0
        self._found = found
        today = japan_date(resources.clock())
        self._kept_years = range(log_keeping.last_year_over(today) + 1, today.year + 2)

    async def run(self) -> Audited:
        head = await stored.head(self._work)
        if head is None and await stored.every_entry(self._work, -1, 1):
            raise LogRefused(LogFault.HEAD_MISMATCH, "no head")
        if head is None:
            raise NothingToAudit
        opened = open_checkpoint(head.note, (self._resources.log.key,), ())  # (1)
        self._found.remember(self._cosigned(head))
        await self._take_entries(head.size)
        await self._compare_tiles()
        self._close(head, opened.checkpoint.head)
        return Audited(opened=opened, found=self._found, past_keeping=self._past_keeping)

    def _cosigned(self, head: LogHead) -> list[TreeHead]:
        """Return the head that witnesses cosigned last; one that is not what its row says is a finding."""
        own = self._resources.log
        witnesses = [one.key for one in own.witnesses]
        if head.cosigned is None and witnesses:
            self._found.finds(LogFault.COSIGNATURE_MISSING, COSIGNED)
        if head.cosigned is None:
            return []
        try:
            opened = open_checkpoint(head.cosigned, (own.key,), witnesses)
        except LogRefused as refused:
            self._found.finds(refused.code, COSIGNED)
            return []
        lines = Note.parse(head.cosigned).signatures
        if witnesses and not all(any(line.is_of(key) for key in (own.key, *witnesses)) for line in lines):
            self._found.finds(LogFault.COSIGNATURE_MISSING, COSIGNED)  # only what verifies is ever kept there
        times = opened.cosigned_at.values()
        if opened.checkpoint.head.size != head.cosigned_size or (times and max(times) != head.cosigned_at):
            self._found.finds(LogFault.HEAD_MISMATCH, COSIGNED)
        return [opened.checkpoint.head]

    async def _take_entries(self, size: int) -> None:
        """Go through all entries, those that no head counts as well; stop where one is missing."""
        after = -1
        while entries := await self._next(after):
            for expected, entry in enumerate(entries, start=after + 1):
                if entry.index != expected:  # (2)
                    self._found.finds(LogFault.ENTRY_MISSING, f"entry {expected}")
                    return
                await self._check(entry)
            full = self._found.take([entry.leaf for entry in entries])
            self._found.compare(full, await stored.tiles(self._work, full))  # (5)
            after = entries[-1].index
            self._progress(after + 1, size)

    async def _next(self, after: int) -> tuple[StoredEntry, ...]:
        try:
            return await stored.every_entry(self._work, after, BATCH)
        except LogRefused as refused:  # a place in a chain that is none: behind it nothing can be read
            self._found.finds(refused.code, refused.where)
            return ()

    async def _check(self, entry: StoredEntry) -> None:
        """Check one entry by itself (3) and in its chain (4)."""
        where = f"entry {entry.index}"
        try:
            opened = await disclosure_log.opened(self._resources, self._work, entry)
        except SealBroken:
            self._found.finds(LogFault.SEAL_BROKEN, where)
        except Shredded:
            await self._check_past_keeping(entry)
        else:
            if not _is_made_of(entry.leaf, opened):
                self._found.finds(LogFault.LEAF_MISMATCH, where)
        if entry.link is not None and not self._chains.continues(entry.link, entry.leaf):
            self._found.finds(LogFault.CHAIN_BROKEN, where)

    async def _check_past_keeping(self, entry: StoredEntry) -> None:
        """Check what can still be checked of an entry whose year's keys are destroyed.

        A year that is still kept must not have lost its keys, nor may an entry of one be passed off as older.
        """
        where = f"entry {entry.index}"
        if entry.year in self._kept_years or await self._opens_as_kept(entry):
            self._found.finds(LogFault.SEAL_BROKEN, where)
        elif len(entry.link_salt) != SALT_BYTES or entry.leaf[1 : 1 + HASH_BYTES] != commitment(
            entry.link_salt, link_bytes(entry.link)
        ):
            self._found.finds(LogFault.LEAF_MISMATCH, where)
        else:
            self._past_keeping += 1

    async def _opens_as_kept(self, entry: StoredEntry) -> bool:
        for year in self._kept_years:
            try:
                await disclosure_log.opened(self._resources, self._work, msgspec.structs.replace(entry, year=year))
            except (Shredded, SealBroken):
                continue
            return True
        return False

    async def _compare_tiles(self) -> None:
        """Hold the right edge of the tree against the tiles (5)."""
        partial = self._found.partial_tiles
        self._found.compare(partial, await stored.tiles(self._work, partial))

    def _close(self, head: LogHead, signed: TreeHead) -> None:
        """Hold the tree against the head that is signed, and that against the row in which it stands (6, 7)."""
        self._found.close(signed)
        try:
            stands = Frontier(size=head.size, roots=head.roots).head
        except LogRefused:
            stands = None
        if stands != signed:
            self._found.finds(LogFault.HEAD_MISMATCH, f"frontier of {signed.size}")


def _is_made_of(leaf: bytes, entry: OpenedEntry) -> bool:
    try:
        return entry.leaf == leaf
    except ValueError:  # a salt of another length
        return False
