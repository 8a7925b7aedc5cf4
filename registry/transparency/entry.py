"""情報提供等の記録 — one disclosure as a leaf of the log (番号法23条; RFC 9162 § 2.1.1).

A leaf is public, so it tells an outsider nothing, not even whether two are of one person:

    0x01 (version) ‖ SHA-256(link salt ‖ link) ‖ SHA-256(content salt ‖ content)

*Content* is what 番号法23条 wants kept: made, salted and sealed within the request. *Link* is the place in the person's
own chain: pseudonym, number, hash of the person's entry before. The sequencer adds it, without a look at the content.
Both are JSON with sorted sets: equal values give equal bytes, and what gives other bytes again is refused.

Who is shown content, link and salts (the person, an auditor) can compute the leaf. Where the salts were destroyed, at
the end of the years of keeping, the leaf stays in the tree and nobody can say any more what it stood for.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Annotated, Final, Self

import msgspec

from registry.contract.decoding import decode, encode
from registry.domain.errors import InvalidInput
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import HASH_BYTES, leaf_hash

SALT_BYTES: Final = 32
"""As many as the hash: nobody tries all salts, even for a content of which all but one word is known."""
LEAF_BYTES: Final = 1 + 2 * HASH_BYTES
_VERSION: Final = b"\x01"
_NOBODY: Final = b"null"

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_PSEUDONYM: Final = re.compile(r"[A-Z2-7]{32}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Disclosure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """記録事項: what was asked and provided about one person, or refused (番号法23条1項・2項). No name, no number.

    Times are UTC. ``body`` asks (情報照会者), through ``handled_by`` and ``contractor`` (委託先) where there are any;
    ``provider`` answers (情報提供者). ``provided_at`` is None when nothing was provided. ``not_to_be_disclosed`` says
    that the person is not shown this entry (不開示情報, 23条2項). Of many people in one request, each has an entry.
    """

    asked_at: _Moment
    provided_at: _Moment | None
    body: str
    key_id: str
    provider: str
    operation: str
    outcome: str
    correlation_id: str
    handled_by: str = ""
    contractor: str = ""
    affair: str = ""
    basis: str = ""
    search: str = ""
    items: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    number_accessed: bool = False
    not_to_be_disclosed: bool = False

    def __post_init__(self) -> None:
        if any(moment and moment.utcoffset() != timedelta(0) for moment in (self.asked_at, self.provided_at)):
            raise ValueError("the log tells time in UTC, so that one moment has one spelling")


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place of an entry in the chain of one person.

    ``subject`` is the person's pseudonym for the log (32 letters and digits); ``number`` counts the entries of that
    person from 1 without gaps; ``previous`` is the leaf hash, in hexadecimal, of the one numbered one less. Raises
    ``ValueError`` for anything else, a name or number in place of the pseudonym above all.
    """

    subject: str
    number: int
    previous: str | None

    def __post_init__(self) -> None:
        if not _PSEUDONYM.fullmatch(self.subject):
            raise ValueError("the log knows a person by a pseudonym and by nothing else")
        if self.number < 1 or (self.previous is not None and not _HASH.fullmatch(self.previous)):
            raise ValueError("entries are numbered from 1, and the one before is named by its hash")
        if (self.previous is None) != (self.number == 1):
            raise ValueError("the first entry of a person, and no other, has none before it")

    def next(self, this_leaf: bytes) -> Self:
        """Return the link of the same person's next entry, given the leaf of the entry at this one."""
        return type(self)(subject=self.subject, number=self.number + 1, previous=leaf_hash(this_leaf).hex())


def content_of(disclosure: Disclosure) -> bytes:
    """Write a disclosure as the bytes that are salted, hashed and sealed."""
    return encode(disclosure)


def read_content(content: bytes) -> Disclosure:
    """Read back what :func:`content_of` wrote; raises :class:`LogRefused` (ENTRY_MALFORMED) for any other bytes."""
    try:
        disclosure = decode(content, Disclosure)
    except InvalidInput:
        raise LogRefused(LogFault.ENTRY_MALFORMED) from None
    if encode(disclosure) != content:
        raise LogRefused(LogFault.ENTRY_MALFORMED)
    return disclosure


def link_bytes(link: Link | None) -> bytes:
    """Write a link as the bytes that are salted and hashed; None for an entry about nobody (no one was found)."""
    return encode(link) if link else _NOBODY


def commitment(salt: bytes, data: bytes) -> bytes:
    """Bind to ``data`` without telling it: SHA-256(salt ‖ data). The salt is random, used once and kept like the data.

    Raises ``ValueError`` for a salt of another length than 32, which could shift the border between the two.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return sha256(salt + data).digest()


def leaf(link: bytes, content: bytes) -> bytes:
    """Return the leaf of two commitments; raises ``ValueError`` for what is none."""
    if len(link) != HASH_BYTES or len(content) != HASH_BYTES:
        raise ValueError("a commitment has 32 bytes")
    return _VERSION + link + content


class OpenedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """All that a leaf was made of: what the person concerned, and nobody else, can ask for. It shows none of it."""

    content: bytes
    content_salt: bytes
    link: Link | None
    link_salt: bytes

    def __repr__(self) -> str:
        return "OpenedEntry(hidden)"

    @property
    def leaf(self) -> bytes:
        """The leaf that this was committed to with; whether it stands in the log, an inclusion proof says."""
        return leaf(commitment(self.link_salt, link_bytes(self.link)), commitment(self.content_salt, self.content))


def check_chain(entries: Sequence[OpenedEntry]) -> None:
    """Check that these are entries of one person, one after the other with none left out between them.

    The first need not be number 1: what is older than the years of keeping is gone. That the last is the newest, the
    chain cannot show. Raises :class:`LogRefused` (CHAIN_BROKEN) with the number at which one is missing, altered,
    doubled, out of order or about somebody else.
    """
    if any(entry.link is None for entry in entries):
        raise LogRefused(LogFault.CHAIN_BROKEN)
    for before, after in pairwise(entries):
        if before.link and after.link != (expected := before.link.next(before.leaf)):
            raise LogRefused(LogFault.CHAIN_BROKEN, f"entry {expected.number}")
