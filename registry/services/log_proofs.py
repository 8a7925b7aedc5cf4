"""Proofs about the log of disclosures, made from the tiles in the database: each with one query."""

from registry.store import disclosure_log as stored
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.proofs import Span, consistency_spans, inclusion_spans, roots_over, tiles_under
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import Tile, TileReader


async def inclusion(work: UnitOfWork, index: int, size: int) -> tuple[bytes, ...]:
    """Prove that entry ``index`` is in the tree of ``size`` leaves; the log must have as many.

    Raises LogRefused: SIZE_IMPOSSIBLE when such a tree has no such entry, TILE_UNKNOWN when the log is shorter.
    """
    return await _roots(work, inclusion_spans(index, size), size)


async def consistency(work: UnitOfWork, old_size: int, size: int) -> tuple[bytes, ...]:
    """Prove that the tree of ``size`` leaves continues that of ``old_size``; raises as :func:`inclusion`."""
    return await _roots(work, consistency_spans(old_size, size), size)


async def tile_reader(work: UnitOfWork, wanted: frozenset[Tile]) -> TileReader:
    """Return what reads these tiles, fetched together; it raises LogRefused (TILE_UNKNOWN) for one that is away."""
    at_hand = await stored.tiles(work, wanted)

    def read(tile: Tile) -> bytes:
        if tile not in at_hand:
            raise LogRefused(LogFault.TILE_UNKNOWN, tile.path)
        return at_hand[tile]

    return read


async def _roots(work: UnitOfWork, spans: tuple[Span, ...], size: int) -> tuple[bytes, ...]:
    return roots_over(spans, size, await tile_reader(work, tiles_under(spans, size)))
