"""How the tree lies in store: C2SP tlog-tiles, rows of up to 256 hashes, and the entries in bundles of as many.

A hash in a tile of level L is the root over 256^L leaves; level 0 holds the leaf hashes. A full tile never changes. The
last of a level is partial and only gets longer: whoever has a tile has every narrower one of its place as a prefix.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Self

import msgspec

from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import HASH_BYTES, MAX_SIZE, perfect_root

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
MAX_ENTRY_BYTES: Final = 0xFFFF
"""The longest entry: its length stands in two bytes before it (C2SP tlog-tiles § Log entries)."""
_MAX_LEVEL: Final = MAX_SIZE.bit_length() // TILE_HEIGHT  # above it no tree of ours has a tile
_PLACE: Final = r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"  # 7 groups of digits: more than MAX_SIZE
_TILE_PATH: Final = re.compile(rf"tile/([0-9])/{_PLACE}")
_BUNDLE_PATH: Final = re.compile(rf"tile/entries/{_PLACE}")


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the tree: ``width`` hashes (1 to 256) of ``level``, beginning with the hash ``index`` × 256.

    Raises :class:`LogRefused` (TILE_UNKNOWN) for a place that no tree has.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        last_hash = self.index * TILE_WIDTH + self.width
        if not (0 <= self.level <= _MAX_LEVEL and self.index >= 0 and 1 <= self.width <= TILE_WIDTH):
            raise LogRefused(LogFault.TILE_UNKNOWN)
        if last_hash << (TILE_HEIGHT * self.level) > MAX_SIZE:
            raise LogRefused(LogFault.TILE_UNKNOWN)

    @property
    def path(self) -> str:
        """Where the tile is served, below the prefix of the log: ``tile/<L>/<N>[.p/<W>]``."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"

    @property
    def bundle_path(self) -> str:
        """Where the entries of a tile of level 0 are served: ``tile/entries/<N>[.p/<W>]``."""
        return f"tile/entries/{_place(self.index, self.width)}"

    @classmethod
    def from_path(cls, path: str) -> Self:
        """Read the one spelling that :attr:`path` gives; raises :class:`LogRefused` (TILE_UNKNOWN) for any other."""
        found = _TILE_PATH.fullmatch(path)
        tile = cls._read(int(found[1]), found[2], found[3]) if found else None
        if tile is None or tile.path != path:
            raise LogRefused(LogFault.TILE_UNKNOWN)
        return tile

    @classmethod
    def from_bundle_path(cls, path: str) -> Self:
        """Read what :attr:`bundle_path` gives, as the tile of level 0; raises as :meth:`from_path`."""
        found = _BUNDLE_PATH.fullmatch(path)
        tile = cls._read(0, found[1], found[2]) if found else None
        if tile is None or tile.bundle_path != path:
            raise LogRefused(LogFault.TILE_UNKNOWN)
        return tile

    @classmethod
    def _read(cls, level: int, groups: str, width: str | None) -> Self:
        return cls(level=level, index=int(re.sub("[x/]", "", groups)), width=int(width or TILE_WIDTH))


TileReader = Callable[[Tile], bytes]
"""Gets the bytes of a tile, 32 for each hash of its width, out of this tile or a wider one of the same place."""


def tile_at(level: int, index: int, size: int) -> Tile:
    """Return the tile of that level and index as wide as it stands in a tree of ``size`` leaves.

    Raises :class:`LogRefused` (TILE_UNKNOWN) where that tree has none.
    """
    return Tile(level=level, index=index, width=min(TILE_WIDTH, _hashes(level, size) - index * TILE_WIDTH))


def changed_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """Name each tile that a tree of ``new_size`` leaves has and one of ``old_size`` has not, the lowest level first.

    From 0 these are all tiles of a tree. Partial ones are those that a head of ``new_size`` must be served with.
    """
    for level in range(_MAX_LEVEL + 1):
        before, after = _hashes(level, old_size), _hashes(level, new_size)
        if after <= before:
            return
        for index in range(before // TILE_WIDTH, -(-after // TILE_WIDTH)):
            yield tile_at(level, index, new_size)


def partial_tiles(size: int) -> tuple[Tile, ...]:
    """Return the partial tiles at the ends of the levels of a tree of ``size`` leaves: what an appender has to read."""
    levels = (level for level in range(_MAX_LEVEL + 1) if _hashes(level, size) % TILE_WIDTH)
    return tuple(tile_at(level, _hashes(level, size) // TILE_WIDTH, size) for level in levels)


def grown_tiles(old_size: int, leaves: Sequence[bytes], read: TileReader) -> dict[Tile, bytes]:
    """Return the tiles of :func:`changed_tiles` with their bytes, after ``leaves`` (leaf hashes) were appended.

    ``read`` is asked for the last partial tile of a level of the old tree and for nothing else.
    """
    tiles: dict[Tile, bytes] = {}
    level, fresh = 0, leaves
    while fresh:
        index = _hashes(level, old_size) // TILE_WIDTH
        rows = _rows((*_kept(level, index, old_size, read), *fresh))
        for at, row in enumerate(rows, start=index):
            tiles[Tile(level=level, index=at, width=len(row))] = b"".join(row)
        level, fresh = level + 1, [perfect_root(row) for row in rows if len(row) == TILE_WIDTH]
    return tiles


def hashes_of(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a tile; raises :class:`LogRefused` (TILE_MALFORMED) when ``data`` has another length."""
    if len(data) != tile.width * HASH_BYTES:
        raise LogRefused(LogFault.TILE_MALFORMED, tile.path)
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def bundled(entries: Iterable[bytes]) -> bytes:
    """Write entries one after the other, each behind its length (2 bytes, big-endian; C2SP tlog-tiles § Log entries).

    Raises :class:`LogRefused` (ENTRY_MALFORMED) for an entry too long to be written.
    """
    return b"".join(_with_length(entry) for entry in entries)


def entries_of(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Read the bundle that belongs to a tile of level 0.

    Raises :class:`LogRefused` (TILE_MALFORMED) when ``data`` does not hold exactly as many entries as the tile is wide.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < tile.width:
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "big")
        entries.append(data[begin:at])
    if at != len(data) or len(entries) != tile.width:
        raise LogRefused(LogFault.TILE_MALFORMED, tile.bundle_path)
    return tuple(entries)


def _hashes(level: int, size: int) -> int:
    """How many hashes the level has in a tree of ``size`` leaves."""
    return size >> (TILE_HEIGHT * level)


def _kept(level: int, index: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """Return the hashes of the partial tile at the end of a level, none where its last tile is full."""
    if _hashes(level, size) % TILE_WIDTH == 0:
        return ()
    tile = tile_at(level, index, size)
    return hashes_of(tile, read(tile))


def _rows(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [hashes[at : at + TILE_WIDTH] for at in range(0, len(hashes), TILE_WIDTH)]


def _with_length(entry: bytes) -> bytes:
    if len(entry) > MAX_ENTRY_BYTES:
        raise LogRefused(LogFault.ENTRY_MALFORMED)
    return len(entry).to_bytes(2, "big") + entry


def _place(index: int, width: int) -> str:
    """Write ``<N>[.p/<W>]``: groups of three digits, all but the last behind an x; the width only when partial."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *outer, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return "".join(f"x{group}/" for group in outer) + last + partial
