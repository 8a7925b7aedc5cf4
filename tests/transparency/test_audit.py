"""An audit grows the tree again, passes through every remembered head, and says where it came out wrong."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.audit import MOST_FINDINGS, Audit, Chains
from registry.transparency.refusals import LogFault
from registry.transparency.tiles import TILE_WIDTH
from registry.transparency.tree import TreeHead
from tests.transparency.reference import LONG
from tests.transparency.small_log import SmallLog, written
from tests.transparency.test_entry import ANOTHER, chain

SIZES = st.integers(0, len(LONG.entries))


def head(size):
    return TreeHead(size=size, root=LONG.root(size))


def pieces(entries, cuts):
    """The entries, cut at some places."""
    begin = 0
    for end in (*sorted(cuts), len(entries)):
        yield entries[begin:end]
        begin = end


@given(SIZES, st.lists(SIZES, max_size=4), st.lists(SIZES, max_size=4))
def test_the_tree_of_an_honest_log_passes_through_every_head_that_it_had(size, cuts, remembered):
    audit = Audit(head(min(one, size)) for one in remembered)
    full = {}
    for piece in pieces(LONG.entries[:size], [cut for cut in cuts if cut < size]):
        full |= audit.take(piece)
    audit.close(head(size))
    assert (audit.findings, audit.head) == ([], head(size))
    tiles = full | audit.partial_tiles
    assert {tile.width for tile in full} <= {TILE_WIDTH}
    assert sum(tile.width for tile in tiles if tile.level == 0) == size


def found(remembered=(), claimed=None, entries=LONG.entries[:700]):
    audit = Audit(remembered)
    audit.take(entries)
    audit.close(claimed or head(len(entries)))
    return [(one.code, one.where) for one in audit.findings]


WRONG = {
    "a head that the log never had": (
        [TreeHead(size=300, root=LONG.root(301))],
        None,
        [(LogFault.FORK, "head of 300")],
    ),
    "the same head remembered wrongly and rightly": (
        [head(300), TreeHead(size=300, root=LONG.root(301))],
        None,
        [(LogFault.FORK, "head of 300")],
    ),
    "a head behind its end": (
        [head(800), head(900)],
        None,
        [
            (LogFault.ROLLBACK, "entry 700 of 800"),
            (LogFault.ROLLBACK, "entry 700 of 900"),
        ],
    ),
    "another root signed": ([], TreeHead(size=700, root=LONG.root(699)), [(LogFault.HEAD_MISMATCH, "head of 700")]),
    "more entries signed than there are": ([], head(701), [(LogFault.HEAD_MISMATCH, "entry 700")]),
    "fewer entries signed than there are": ([], head(699), [(LogFault.HEAD_MISMATCH, "entry 699")]),
}


@pytest.mark.parametrize(("remembered", "claimed", "findings"), WRONG.values(), ids=WRONG)
def test_an_audit_finds(remembered, claimed, findings):
    assert found(remembered, claimed) == findings


def test_an_empty_log_was_always_the_beginning_of_another():
    assert found([head(0)], entries=()) == found([head(0)]) == []


def test_a_tile_that_is_another_or_away_is_named():
    log = SmallLog(written(300))
    audit = Audit()
    grown = audit.take(log.leaves) | audit.partial_tiles
    assert set(grown) == set(log.tiles)
    audit.compare(grown, log.tiles)
    assert audit.findings == []
    one, another, *rest = sorted(log.tiles, key=lambda tile: tile.path)
    audit.compare(grown, {tile: log.tiles[tile] for tile in rest} | {another: bytes(len(log.tiles[another]))})
    assert [(finding.code, finding.where) for finding in audit.findings] == [
        (LogFault.TILE_MISMATCH, path) for path in sorted([one.path, another.path])
    ]


def test_nobody_is_told_more_than_can_be_read():
    audit = Audit()
    for number in range(MOST_FINDINGS + 1):
        audit.finds(LogFault.LEAF_MISMATCH, f"entry {number}")
    assert [one.where for one in audit.findings] == [f"entry {number}" for number in range(MOST_FINDINGS)]


def test_the_chains_of_two_people_do_not_disturb_each_other():
    chains = Chains()
    both = [one for pair in zip(chain(5), chain(5, ANOTHER), strict=True) for one in pair]
    assert all(chains.continues(one.link, one.leaf) for one in both)


BREAKS = {
    "one is missing": lambda entries: [*entries[:2], *entries[3:]],
    "one stands twice": lambda entries: [*entries[:3], *entries[2:]],
    "the first is missing": lambda entries: entries[1:],
    "the one before is another": lambda entries: [
        *entries[:2],
        msgspec.structs.replace(entries[2], content=b"other"),
        *entries[3:],
    ],
}


@pytest.mark.parametrize("spoil", BREAKS.values(), ids=BREAKS)
def test_a_chain_that_breaks_is_found_once_and_goes_on_behind(spoil):
    chains = Chains()
    continued = [chains.continues(one.link, one.leaf) for one in spoil(chain(5))]
    assert continued.count(False) == 1
