"""How the log grows: entries that wait get their place in the tree, and in the chain of the person they are about.

The sequencer gives what is stored and chance in, and writes what comes out; here nothing can go wrong half way.
"""

from collections.abc import Mapping, Sequence

import msgspec

from registry.transparency.entry import Link, commitment, leaf, link_bytes
from registry.transparency.tiles import Tile, TileReader, grown_tiles
from registry.transparency.tree import Frontier, leaf_hash


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry without a place: whom it is about (None: nobody), and the commitment to its content (32 bytes)."""

    subject: str | None
    content: bytes


class ChainEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entry of one chain: which number it has, and the hash of its leaf."""

    number: int
    leaf_hash: bytes


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in its place: number ``index`` of the tree, from 0, with what its leaf was made of."""

    index: int
    link: Link | None
    link_salt: bytes
    leaf: bytes


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch makes of the log: its entries, the tiles that changed, the frontier."""

    placed: tuple[Placed, ...]
    tiles: Mapping[Tile, bytes]
    frontier: Frontier


def grown(
    frontier: Frontier,
    ends: Mapping[str, ChainEnd],
    waiting: Sequence[Waiting],
    link_salts: Sequence[bytes],
    read: TileReader,
) -> Grown:
    """Append the entries that wait, in their order; ``ends`` are those of their chains, as far as there are any.

    ``link_salts`` are as many, 32 random bytes each, used for nothing else. ``read`` is asked for partial tiles of the
    tree as it was (``tiles.partial_tiles``). Raises ``ValueError`` for another number of salts.
    """
    new_ends: dict[str, ChainEnd] = {}
    placed: list[Placed] = []
    hashes: list[bytes] = []
    for index, (entry, salt) in enumerate(zip(waiting, link_salts, strict=True), start=frontier.size):
        end = None if entry.subject is None else new_ends.get(entry.subject) or ends.get(entry.subject)
        link = None if entry.subject is None else _link(entry.subject, end)
        made = leaf(commitment(salt, link_bytes(link)), entry.content)
        hashes.append(leaf_hash(made))
        placed.append(Placed(index=index, link=link, link_salt=salt, leaf=made))
        if link is not None:
            new_ends[link.subject] = ChainEnd(number=link.number, leaf_hash=hashes[-1])
    return Grown(
        placed=tuple(placed),
        tiles=grown_tiles(frontier.size, hashes, read),
        frontier=frontier.grown(hashes),
    )


def _link(subject: str, end: ChainEnd | None) -> Link:
    """Return the link of the entry after the end of a chain, the first where there is none."""
    if end is None:
        return Link(subject=subject, number=1, previous=None)
    return Link(subject=subject, number=end.number + 1, previous=end.leaf_hash.hex())
