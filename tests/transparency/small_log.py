"""A log in memory that says whatever it is made to say, signed by keys of a log and of a witness."""

from functools import cached_property
from hashlib import sha256

import msgspec

from registry.transparency.checkpoint import Checkpoint, cosign_checkpoint, sign_checkpoint
from registry.transparency.entry import Link, OpenedEntry, content_of
from registry.transparency.tiles import bundled, grown_tiles
from registry.transparency.tree import Frontier, leaf_hash
from tests.transparency.signers import LOG, ORIGIN, WITNESS
from tests.transparency.test_entry import ANOTHER, DISCLOSURE, PERSON

AT = 1_795_000_000


def salt(*told):
    return sha256(repr(told).encode()).digest()


def disclosed(number, **fields):
    """One disclosure, told from the others by its id."""
    return content_of(msgspec.structs.replace(DISCLOSURE, correlation_id=f"request-{number}", **fields))


def written(size, history="as it was"):
    """The entries of a log: every third of one person, every third of another, and the rest about nobody."""
    entries, links = [], {}
    for index in range(size):
        subject = (PERSON, ANOTHER, None)[index % 3]
        link = links.get(subject) or (Link(subject=subject, number=1, previous=None) if subject else None)
        entry = OpenedEntry(
            content=disclosed(f"{history} {index}"),
            content_salt=salt(history, "content", index),
            link=link,
            link_salt=salt(history, "link", index),
        )
        entries.append(entry)
        if link:
            links[subject] = link.next(entry.leaf)
    return tuple(entries)


class SmallLog:
    """A log with these entries, and all that it serves."""

    def __init__(self, entries):
        self.entries = tuple(entries)
        self.size = len(self.entries)

    @cached_property
    def leaves(self):
        return tuple(entry.leaf for entry in self.entries)

    @cached_property
    def tiles(self):
        return grown_tiles(0, [leaf_hash(leaf) for leaf in self.leaves], lambda _: b"")

    @cached_property
    def head(self):
        return Frontier().grown(leaf_hash(leaf) for leaf in self.leaves).head

    def read(self, tile):
        return self.tiles[tile]

    def note(self, signer=LOG, witnesses=(WITNESS,)):
        """The checkpoint, signed and cosigned."""
        checkpoint = Checkpoint(origin=ORIGIN, head=self.head)
        note = sign_checkpoint(checkpoint, signer.key, signer.sign)
        for witness in witnesses:
            note = note.signed(cosign_checkpoint(checkpoint, witness.key, witness.sign, AT))
        return note.encode()

    def of(self, subject):
        """The entries of a person, each with its index."""
        return [
            (index, entry) for index, entry in enumerate(self.entries) if entry.link and entry.link.subject == subject
        ]

    def served(self):
        """What stands under each path."""
        files = {"checkpoint": self.note()} | {tile.path: data for tile, data in self.tiles.items()}
        for tile in self.tiles:
            if tile.level == 0:
                first = tile.index * 256
                files[tile.bundle_path] = bundled(self.leaves[first : first + tile.width])
        return files
