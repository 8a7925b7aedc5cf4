"""Every proof made from tiles is the one that RFC 9162 defines, and needs no tile but those named beforehand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.proofs import (
    consistency_proof,
    consistency_spans,
    inclusion_proof,
    inclusion_spans,
    roots_over,
    tiles_under,
)
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import grown_tiles, tile_at
from registry.transparency.tree import TreeHead, leaf_hash, verify_consistency, verify_inclusion
from tests.transparency.reference import LONG

SIZE = len(LONG.entries)
SIZES = st.integers(1, SIZE)
TILES = grown_tiles(0, tuple(map(leaf_hash, LONG.entries)), {}.__getitem__)


def from_the_largest_tree(tile):
    """Read a narrower tile out of the one that a store keeps: what C2SP allows, once the wider one is there."""
    return TILES[tile_at(tile.level, tile.index, SIZE)][: 32 * tile.width]


def head(size):
    return TreeHead(size=size, root=LONG.root(size))


class Counting:
    """A reader that gives out some tiles, each once."""

    def __init__(self, tiles):
        self.tiles = set(tiles)

    def __call__(self, tile):
        self.tiles.remove(tile)
        return from_the_largest_tree(tile)


@given(SIZES, st.data())
def test_an_inclusion_proof_is_the_path_of_the_rfc_and_holds(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, from_the_largest_tree)
    assert proof == LONG.path(index, 0, size)
    verify_inclusion(leaf_hash(LONG.entries[index]), index, proof, head(size))


@given(SIZES, SIZES)
def test_a_consistency_proof_is_the_proof_of_the_rfc_and_holds(one, two):
    old, new = sorted((one, two))
    proof = consistency_proof(old, new, from_the_largest_tree)
    assert proof == LONG.proof(old, new)
    verify_consistency(head(old), head(new), proof)


@given(SIZES, st.data())
def test_a_proof_reads_each_tile_that_was_named_once_and_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    for spans in (inclusion_spans(index, size), consistency_spans(index + 1, size)):
        reader = Counting(tiles_under(spans, size))
        roots_over(spans, size, reader)
        assert not reader.tiles


@pytest.mark.parametrize("index", [0, 4_999_999, 9_999_999])
def test_in_ten_million_leaves_a_proof_needs_a_handful_of_tiles(index):
    spans = inclusion_spans(index, 10_000_000)
    assert len(spans) <= 24
    assert len(tiles_under(spans, 10_000_000)) <= 6
    assert len(tiles_under(consistency_spans(index + 1, 10_000_000), 10_000_000)) <= 6


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (9, 3), (-1, 3)])
def test_a_leaf_that_the_tree_has_not_has_no_proof(index, size):
    with pytest.raises(LogRefused) as refused:
        inclusion_spans(index, size)
    assert refused.value.code == LogFault.SIZE_IMPOSSIBLE


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 3), (4, 3), (-1, 3)])
def test_an_empty_or_a_larger_old_tree_has_no_proof(old, new):
    with pytest.raises(LogRefused) as refused:
        consistency_spans(old, new)
    assert refused.value.code == LogFault.SIZE_IMPOSSIBLE


def test_a_tile_of_another_length_is_refused_with_its_path():
    with pytest.raises(LogRefused) as refused:
        inclusion_proof(0, 3, lambda _: bytes(64))
    assert (refused.value.code, refused.value.where) == (LogFault.TILE_MALFORMED, "tile/0/000.p/3")
