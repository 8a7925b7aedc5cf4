"""However entries come in batches, the log becomes the one that all of them at once make: tree, tiles and chains."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.entry import OpenedEntry, check_chain, commitment, leaf, link_bytes
from registry.transparency.growth import ChainEnd, Waiting, grown
from registry.transparency.tiles import changed_tiles, partial_tiles
from registry.transparency.tree import Frontier, leaf_hash
from tests.transparency.reference import Reference

PEOPLE = (None, "A" * 32, "B" * 32, "C" * 32)
SALT = bytes(32)
whom = st.sampled_from(PEOPLE)


class Grower:
    """A log in memory that grows batch by batch, as the sequencer makes it grow in the database."""

    def __init__(self):
        self.frontier, self.ends, self.tiles, self.placed = Frontier(), {}, {}, []
        self.salts = (number.to_bytes(32, "big") for number in count())

    def read(self, tile):
        """The tile as wide as wanted; asked for is only what the frontier lacks."""
        assert tile in partial_tiles(self.frontier.size)
        return self.tiles[tile.level, tile.index]

    def grow(self, people):
        waiting = [Waiting(subject=one, content=commitment(SALT, b"what")) for one in people]
        ends = {one: end for one, end in self.ends.items() if one in people}
        made = grown(self.frontier, ends, waiting, [next(self.salts) for _ in people], self.read)
        self.frontier = made.frontier
        self.ends |= {one.link.subject: _end(one) for one in made.placed if one.link is not None}
        self.tiles |= {(tile.level, tile.index): data for tile, data in made.tiles.items()}
        self.placed += made.placed


@given(st.lists(st.lists(whom, max_size=300), max_size=6))
def test_batches_make_the_tree_that_all_entries_at_once_make(batches):
    log = Grower()
    for batch in batches:
        log.grow(batch)
    leaves = [one.leaf for one in log.placed]
    assert [one.index for one in log.placed] == list(range(len(leaves)))
    assert log.frontier.head.root == Reference(leaves).root(len(leaves))
    widths = {(tile.level, tile.index): tile.width for tile in changed_tiles(0, len(leaves))}
    assert {place: len(data) // 32 for place, data in log.tiles.items()} == widths


@given(st.lists(st.lists(whom, max_size=9), max_size=9))
def test_each_person_has_one_chain_without_gaps_whatever_the_batches_are(batches):
    log = Grower()
    for batch in batches:
        log.grow(batch)
    everybody = [one for batch in batches for one in batch]
    for person in PEOPLE[1:]:
        mine = [one for one in log.placed if one.link is not None and one.link.subject == person]
        check_chain([_opened(one) for one in mine])
        assert [one.link.number for one in mine] == list(range(1, everybody.count(person) + 1))
    assert [one.link for one in log.placed].count(None) == everybody.count(None)


def _opened(placed):
    return OpenedEntry(content=b"what", content_salt=SALT, link=placed.link, link_salt=placed.link_salt)


def _end(placed):
    return ChainEnd(number=placed.link.number, leaf_hash=leaf_hash(placed.leaf))


def test_a_leaf_is_made_of_the_link_with_its_salt_and_the_content_that_waited():
    log = Grower()
    log.grow(["A" * 32])
    (one,) = log.placed
    assert one.leaf == leaf(commitment(one.link_salt, link_bytes(one.link)), commitment(SALT, b"what"))


def test_a_salt_too_few_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="shorter"):
        grown(Frontier(), {}, [Waiting(subject=None, content=SALT)], [], {}.__getitem__)
