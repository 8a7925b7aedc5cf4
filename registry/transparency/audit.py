"""The audit of a whole log: the tree is grown again from its entries and held against all that the log says.

Who holds the log could write all of it anew, with its own key, and every part would fit the others. So an audit is
given heads that somebody remembers, the auditor from the last time or a witness: the tree must have had each of them.

Entries come in their order, as many at a time as the caller likes; of the tree only the last tile of each level is
kept. What is wrong is written down and the audit goes on: one change shows in several places, the nearest first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from registry.transparency.entry import Link
from registry.transparency.proofs import Span, roots_over
from registry.transparency.refusals import LogFault
from registry.transparency.tiles import TILE_WIDTH, Tile, grown_tiles
from registry.transparency.tree import EMPTY_ROOT, TreeHead, leaf_hash

MOST_FINDINGS: Final = 100
"""Nobody reads more, and a log that was written anew would have as many as it has entries."""


class AuditFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a log: what, and at which entry, tile or head."""

    code: LogFault
    where: str


class Audit:
    """Takes all entries of a log from the first on; ``remembered`` are heads that it must have had, from anybody."""

    def __init__(self, remembered: Iterable[TreeHead] = ()) -> None:
        self.findings: list[AuditFinding] = []
        self.size = 0
        self._ends: dict[int, tuple[Tile, bytes]] = {}  # the last tile of each level
        self._ahead: list[TreeHead] = []
        self.remember(remembered)

    def remember(self, heads: Iterable[TreeHead]) -> None:
        """Let the tree have to pass through these heads too; it has not grown yet."""
        # Every log begins empty, so of the empty tree there is nothing to remember.
        ahead = [*self._ahead, *(head for head in heads if head.size)]
        self._ahead = sorted(ahead, key=lambda head: head.size, reverse=True)

    def finds(self, code: LogFault, where: str) -> None:
        """Write down that something is wrong."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(AuditFinding(code=code, where=where))

    def take(self, entries: Sequence[bytes]) -> dict[Tile, bytes]:
        """Append entries to the tree; return the tiles that are full now and were not before."""
        full: dict[Tile, bytes] = {}
        for part in self._parts(entries):
            grown = grown_tiles(self.size, [leaf_hash(entry) for entry in part], self._read)
            self.size += len(part)
            self._ends |= {tile.level: (tile, data) for tile, data in grown.items()}
            full |= {tile: data for tile, data in grown.items() if tile.width == TILE_WIDTH}
            self._demand_remembered()
        return full

    @property
    def partial_tiles(self) -> dict[Tile, bytes]:
        """The tiles at the right edge of the tree that are not full."""
        return {tile: data for tile, data in self._ends.values() if tile.width < TILE_WIDTH}

    def compare(self, grown: Mapping[Tile, bytes], served: Mapping[Tile, bytes]) -> None:
        """Hold tiles as they were grown against those of the log; one that it has not is as wrong as another one."""
        for tile, data in grown.items():
            if served.get(tile) != data:
                self.finds(LogFault.TILE_MISMATCH, tile.path)

    def close(self, claimed: TreeHead) -> None:
        """Hold the tree against the head that the log has signed, and against what somebody remembers beyond it."""
        self._demand_remembered()
        for head in reversed(self._ahead):
            self.finds(LogFault.ROLLBACK, f"entry {self.size} of {head.size}")
        if claimed.size != self.size:
            self.finds(LogFault.HEAD_MISMATCH, f"entry {min(claimed.size, self.size)}")
        elif claimed != self.head:
            self.finds(LogFault.HEAD_MISMATCH, f"head of {self.size}")

    @property
    def head(self) -> TreeHead:
        """The head of the tree as far as it has grown."""
        if not self.size:
            return TreeHead(size=0, root=EMPTY_ROOT)
        (root,) = roots_over([Span(0, self.size)], self.size, self._read)
        return TreeHead(size=self.size, root=root)

    def _parts(self, entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
        """Cut the entries where a remembered head ends, so that the tree passes through it."""
        first, begin = self.size, 0
        ends = sorted({head.size - first for head in self._ahead} & set(range(1, len(entries))))
        for end in (*ends, len(entries)):
            yield entries[begin:end]
            begin = end

    def _demand_remembered(self) -> None:
        while self._ahead and self._ahead[-1].size <= self.size:
            remembered = self._ahead.pop()
            if remembered != self.head:
                self.finds(LogFault.FORK, f"head of {remembered.size}")

    def _read(self, tile: Tile) -> bytes:
        return self._ends[tile.level][1]


class Chains:
    """The chains of all people at once: each entry has to name the one before it of the same person."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[int, bytes]] = {}  # of each chain the newest entry: its number and leaf hash

    def continues(self, link: Link, leaf: bytes) -> bool:
        """Tell whether the entry with this link comes next in its chain, and go on behind it in either case."""
        end = self._ends.get(link.subject)
        self._ends[link.subject] = link.number, leaf_hash(leaf)
        if end is None:
            return link.number == 1
        number, before = end
        return (link.number, link.previous) == (number + 1, before.hex())
