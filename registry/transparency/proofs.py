"""Proofs of RFC 9162, made from tiles: that a leaf is in a tree (§ 2.1.3.1), that a tree continues another (§ 2.1.4.1).

A proof is a row of roots over spans of leaves. Which spans follows from the sizes alone; so whoever keeps tiles behind
a slow line fetches all that :func:`tiles_under` names at once and then lets the proof be made from what lies at hand.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, TileReader, hashes_of, tile_at
from registry.transparency.tree import joined, perfect_root


class Span(NamedTuple):
    """The leaves from ``begin`` up to but not including ``end`` that lie under one node of the tree."""

    begin: int
    end: int


class _Subtree(NamedTuple):
    """2^n leaves under one node, and where the hashes over them lie: ``width`` hashes of a tile from ``first``."""

    tile: Tile
    first: int
    width: int


def inclusion_spans(index: int, size: int) -> tuple[Span, ...]:
    """Return the spans whose roots prove leaf ``index`` in a tree of ``size`` leaves: PATH of RFC 9162 § 2.1.3.1.

    Raises :class:`LogRefused` (SIZE_IMPOSSIBLE) when such a tree has no such leaf.
    """
    if not 0 <= index < size:
        raise LogRefused(LogFault.SIZE_IMPOSSIBLE)
    here, path = Span(0, size), list[Span]()
    while here.end - here.begin > 1:
        left, right = _halves(here)
        here, sibling = (left, right) if index < left.end else (right, left)
        path.append(sibling)
    return tuple(reversed(path))


def consistency_spans(old_size: int, new_size: int) -> tuple[Span, ...]:
    """Return the spans whose roots prove that one tree continues the other: PROOF of RFC 9162 § 2.1.4.1.

    None for equal sizes. Raises :class:`LogRefused` (SIZE_IMPOSSIBLE) for an empty old tree or a smaller new one.
    """
    if not 0 < old_size <= new_size:
        raise LogRefused(LogFault.SIZE_IMPOSSIBLE)
    here, path = Span(0, new_size), list[Span]()
    while old_size < here.end:
        left, right = _halves(here)
        here, sibling = (left, right) if old_size <= left.end else (right, left)
        path.append(sibling)
    if here.begin > 0:  # else it is the old root, which the verifier has
        path.append(here)
    return tuple(reversed(path))


def tiles_under(spans: Iterable[Span], size: int) -> frozenset[Tile]:
    """Return the tiles, as wide as in a tree of ``size`` leaves, from which the roots over ``spans`` are made."""
    return frozenset(subtree.tile for span in spans for subtree in _subtrees(span, size))


def roots_over(spans: Iterable[Span], size: int, read: TileReader) -> tuple[bytes, ...]:
    """Return the root over each span: the proof. ``read`` is asked for the tiles of :func:`tiles_under`, each once.

    Raises :class:`LogRefused` (TILE_MALFORMED) for a tile of another length.
    """
    at_hand: dict[Tile, tuple[bytes, ...]] = {}

    def root(subtree: _Subtree) -> bytes:
        tile, first, width = subtree
        if tile not in at_hand:
            at_hand[tile] = hashes_of(tile, read(tile))
        return perfect_root(at_hand[tile][first : first + width])

    return tuple(joined([root(subtree) for subtree in _subtrees(span, size)]) for span in spans)


def inclusion_proof(index: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """Prove leaf ``index`` in the tree of ``size`` leaves; raises as :func:`inclusion_spans` and :func:`roots_over`."""
    return roots_over(inclusion_spans(index, size), size, read)


def consistency_proof(old_size: int, new_size: int, read: TileReader) -> tuple[bytes, ...]:
    """Prove that the tree only grew; raises as :func:`consistency_spans` and :func:`roots_over`."""
    return roots_over(consistency_spans(old_size, new_size), new_size, read)


def _halves(span: Span) -> tuple[Span, Span]:
    """Split a node into its children: the left has the largest power of two that is less than the whole (§ 2.1.1)."""
    middle = span.begin + (1 << ((span.end - span.begin - 1).bit_length() - 1))
    return Span(span.begin, middle), Span(middle, span.end)


def _subtrees(span: Span, size: int) -> Iterator[_Subtree]:
    """Cut a span into perfect subtrees, the largest first, each found in the tile that is nearest above its leaves."""
    begin = span.begin
    while begin < span.end:
        height = (span.end - begin).bit_length() - 1
        level, within = divmod(height, TILE_HEIGHT)
        index, first = divmod(begin >> (TILE_HEIGHT * level), TILE_WIDTH)
        yield _Subtree(tile_at(level, index, size), first, 1 << within)
        begin += 1 << height
