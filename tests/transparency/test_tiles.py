"""Tiles hold what C2SP tlog-tiles says, under the one path that it says, however the tree came to its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tiles import (
    MAX_ENTRY_BYTES,
    Tile,
    bundled,
    changed_tiles,
    entries_of,
    grown_tiles,
    hashes_of,
    tile_at,
)
from registry.transparency.tree import leaf_hash
from tests.transparency.reference import LONG

HASHES = tuple(map(leaf_hash, LONG.entries))


def nothing_to_read(tile):
    raise AssertionError(f"{tile.path} is not there yet")


def refused(function, *arguments):
    with pytest.raises(LogRefused) as caught:
        function(*arguments)
    return caught.value


def as_specified(tile):
    """MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) for each i (C2SP tlog-tiles § Merkle Tree)."""
    first, leaves = tile.index * 256, 256**tile.level
    return b"".join(LONG.mth(at * leaves, (at + 1) * leaves) for at in range(first, first + tile.width))


# ---------------------------------------------------------------- paths
PATHS = [
    pytest.param(Tile(level=0, index=0), "0/000", id="the first tile"),
    pytest.param(Tile(level=0, index=999), "0/999", id="one group of digits"),
    pytest.param(Tile(level=1, index=1000), "1/x001/000", id="two groups"),
    pytest.param(Tile(level=0, index=1234067), "0/x001/x234/067", id="the example of C2SP"),
    pytest.param(Tile(level=0, index=273, width=112), "0/273.p/112", id="a partial tile"),
    pytest.param(Tile(level=7, index=0, width=1), "7/000.p/1", id="the highest level"),
    pytest.param(
        Tile(level=0, index=2**55 - 1, width=255), "0/x036/x028/x797/x018/x963/967.p/255", id="the last leaf of all"
    ),
]


@pytest.mark.parametrize(("tile", "path"), PATHS)
def test_a_tile_has_one_path(tile, path):
    assert tile.path == f"tile/{path}"
    assert Tile.from_path(f"tile/{path}") == tile


def test_a_bundle_has_the_path_of_its_tile_of_hashes():
    tile = Tile(level=0, index=1234067, width=8)
    assert tile.bundle_path == "tile/entries/x001/x234/067.p/8"
    assert Tile.from_bundle_path(tile.bundle_path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/X001/000",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/-01",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "tile/7/x001/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_any_other_spelling_and_any_place_beyond_all_trees_is_refused(path):
    assert refused(Tile.from_path, path).code == LogFault.TILE_UNKNOWN
    assert refused(Tile.from_bundle_path, path.replace("tile/0/", "tile/entries/")).code == LogFault.TILE_UNKNOWN


def test_a_bundle_is_no_tile_and_a_tile_no_bundle():
    assert refused(Tile.from_path, "tile/entries/000").code == LogFault.TILE_UNKNOWN
    assert refused(Tile.from_bundle_path, "tile/0/000").code == LogFault.TILE_UNKNOWN


@given(st.text("tile/entrisx.p0123456789", max_size=24))
def test_what_is_read_as_a_path_is_written_the_same(path):
    for read, written in ((Tile.from_path, "path"), (Tile.from_bundle_path, "bundle_path")):
        try:
            tile = read(path)
        except LogRefused:
            continue
        assert getattr(tile, written) == path


# ---------------------------------------------------------------- which tiles a tree has
def test_a_tree_of_70_000_has_the_tiles_of_the_example_of_c2sp():
    tiles = list(changed_tiles(0, 70_000))
    full = [tile.level for tile in tiles if tile.width == 256]
    assert (full.count(0), full.count(1), len(full)) == (273, 1, 274)
    assert [tile for tile in tiles if tile.width < 256] == [
        Tile(level=0, index=273, width=112),
        Tile(level=1, index=1, width=17),
        Tile(level=2, index=0, width=1),
    ]


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above_it():
    assert list(changed_tiles(0, 256)) == [Tile(level=0, index=0), Tile(level=1, index=0, width=1)]


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        pytest.param(0, 0, [], id="nothing came"),
        pytest.param(5, 5, [], id="nothing came to something"),
        pytest.param(7, 5, [], id="a tree does not shrink"),
        pytest.param(0, 1, ["tile/0/000.p/1"], id="the first leaf"),
        pytest.param(5, 9, ["tile/0/000.p/9"], id="a partial tile got longer"),
        pytest.param(255, 256, ["tile/0/000", "tile/1/000.p/1"], id="a tile was filled"),
        pytest.param(256, 257, ["tile/0/001.p/1"], id="the next began"),
        pytest.param(300, 800, ["tile/0/001", "tile/0/002", "tile/0/003.p/32", "tile/1/000.p/3"], id="two were filled"),
    ],
)
def test_growth_changes_the_tiles_at_its_end_and_no_other(old, new, paths):
    assert [tile.path for tile in changed_tiles(old, new)] == paths


@pytest.mark.parametrize(("level", "index", "size"), [(0, 0, 0), (0, 1, 256), (1, 0, 255), (0, -1, 300), (8, 0, 2**63)])
def test_a_tile_that_the_tree_has_not_is_unknown(level, index, size):
    assert refused(tile_at, level, index, size).code == LogFault.TILE_UNKNOWN


# ---------------------------------------------------------------- what stands in them
@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 1_200])
def test_tiles_hold_the_hashes_that_c2sp_names(size):
    tiles = grown_tiles(0, HASHES[:size], nothing_to_read)
    assert tiles == {tile: as_specified(tile) for tile in changed_tiles(0, size)}


@given(st.lists(st.integers(0, 400), max_size=6))
def test_however_a_tree_grew_its_tiles_are_the_same(steps):
    kept, size = {}, 0
    for step in steps:
        leaves = HASHES[size : size + step]
        fresh = grown_tiles(size, leaves, kept.__getitem__)
        assert list(fresh) == list(changed_tiles(size, size + len(leaves)))
        kept |= fresh
        size += len(leaves)
    at_once = grown_tiles(0, HASHES[:size], nothing_to_read)
    assert {tile: kept[tile] for tile in at_once} == at_once
    assert all(data == as_specified(tile) for tile, data in kept.items())


def test_a_tile_of_another_length_is_refused_with_its_path():
    tile = Tile(level=0, index=0, width=2)
    for data in (b"", bytes(63), bytes(65), bytes(96)):
        refusal = refused(hashes_of, tile, data)
        assert (refusal.code, refusal.where) == (LogFault.TILE_MALFORMED, "tile/0/000.p/2")


# ---------------------------------------------------------------- bundles of entries
def test_entries_stand_behind_their_length():
    assert bundled([b"", b"ab"]) == bytes.fromhex("0000 0002 6162")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(entries):
    tile = Tile(level=0, index=3, width=len(entries))
    assert entries_of(tile, bundled(entries)) == tuple(entries)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="no entries"),
        pytest.param("0001 61", id="an entry too few"),
        pytest.param("0001 61 0001 62 0001 63", id="an entry too many"),
        pytest.param("0001 61 0002 62", id="the last is cut off"),
        pytest.param("0001 61 00", id="a length is cut off"),
        pytest.param("0001 61 0001 62 00", id="a byte follows"),
    ],
)
def test_a_bundle_that_does_not_fill_its_tile_is_refused_with_its_path(data):
    refusal = refused(entries_of, Tile(level=0, index=0, width=2), bytes.fromhex(data))
    assert (refusal.code, refusal.where) == (LogFault.TILE_MALFORMED, "tile/entries/000.p/2")


def test_an_entry_too_long_for_its_length_is_refused():
    assert bundled([bytes(MAX_ENTRY_BYTES)])[:2] == b"\xff\xff"
    assert refused(bundled, [bytes(MAX_ENTRY_BYTES + 1)]).code == LogFault.ENTRY_MALFORMED
