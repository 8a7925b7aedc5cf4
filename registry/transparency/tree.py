"""The Merkle tree of RFC 9162 § 2.1 over SHA-256: hashes, heads, growth, and the verification of proofs.

Nothing here knows where a tree is stored: whoever holds a head and a proof can check them with this module alone.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Self

import msgspec

from registry.transparency.refusals import LogFault, LogRefused

HASH_BYTES: Final = 32
MAX_SIZE: Final = 2**63 - 1
"""The most leaves of a tree: what PostgreSQL's bigint counts."""
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of the tree without leaves (RFC 9162 § 2.1.1)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry: SHA-256(0x00 ‖ entry). The prefix keeps a leaf from passing for a node (RFC 9162 § 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees side by side: SHA-256(0x01 ‖ left ‖ right) (RFC 9162 § 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def joined(roots: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees that stand side by side, the largest first; at least one."""
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over 1, 2, 4, 8, … hashes of one level."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


class TreeHead(msgspec.Struct, frozen=True, kw_only=True):
    """A tree in two values: how many leaves, and the root over them (32 bytes). It names one history and no other.

    Raises :class:`LogRefused` (HEAD_MALFORMED) for what no tree has: another length, size or root of the empty tree.
    """

    size: int
    root: bytes

    def __post_init__(self) -> None:
        possible = 0 <= self.size <= MAX_SIZE and len(self.root) == HASH_BYTES
        if not possible or (self.size == 0 and self.root != EMPTY_ROOT):
            raise LogRefused(LogFault.HEAD_MALFORMED)


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """All that an appender must keep of a tree: the roots of its perfect subtrees, the largest first.

    A tree of ``size`` leaves has one for each bit set in ``size``. Appending costs one hash in the mean and
    log₂(size) at most. Raises :class:`LogRefused` (HEAD_MALFORMED) when roots and size do not fit.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        fits = 0 <= self.size <= MAX_SIZE and self.size.bit_count() == len(self.roots)
        if not fits or any(len(root) != HASH_BYTES for root in self.roots):
            raise LogRefused(LogFault.HEAD_MALFORMED)

    def grown(self, leaves: Iterable[bytes]) -> Self:
        """Return the frontier after ``leaves`` (leaf hashes) were appended in this order."""
        size, roots = self.size, list(self.roots)
        for leaf in leaves:
            root, carry = leaf, size
            while carry & 1:  # as in binary addition: two subtrees of one size become one of twice the size
                root, carry = node_hash(roots.pop(), root), carry >> 1
            roots.append(root)
            size += 1
        return type(self)(size=size, roots=tuple(roots))

    @property
    def head(self) -> TreeHead:
        """The head of the tree (RFC 9162 § 2.1.2)."""
        return TreeHead(size=self.size, root=joined(self.roots) if self.roots else EMPTY_ROOT)


def verify_inclusion(leaf: bytes, index: int, proof: Sequence[bytes], head: TreeHead) -> None:
    """Check that ``leaf`` (its hash) is number ``index``, from 0, of the tree ``head`` (RFC 9162 § 2.1.3.2).

    Raises :class:`LogRefused`: SIZE_IMPOSSIBLE when such a tree has no such leaf, PROOF_MISMATCH when the proof is
    for another leaf, place or root. The size is the signer's word: some proofs hold for one root under two sizes.
    """
    _demand_hashes((leaf, *proof))
    if not 0 <= index < head.size:  # step 1
        raise LogRefused(LogFault.SIZE_IMPOSSIBLE)
    fn, sn, r = index, head.size - 1, leaf  # steps 2 and 3, with the RFC's names
    for p in proof:  # step 4
        if sn == 0:
            raise LogRefused(LogFault.PROOF_MISMATCH)
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            fn, sn = _to_right_child(fn, sn)
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != head.root:  # step 5
        raise LogRefused(LogFault.PROOF_MISMATCH)


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check that ``new`` begins with exactly the leaves of ``old`` (RFC 9162 § 2.1.4.2).

    Of equal sizes the roots must be equal and the proof empty. Raises :class:`LogRefused`: SIZE_IMPOSSIBLE for an
    empty old tree, of which nothing can be proven, or a new one that is smaller; FORK for two roots of one size;
    PROOF_MISMATCH when the proof is for other trees.
    """
    _demand_hashes(proof)
    if not 0 < old.size <= new.size:
        raise LogRefused(LogFault.SIZE_IMPOSSIBLE)
    if old.size == new.size and old.root != new.root:
        raise LogRefused(LogFault.FORK)
    if (old.size == new.size) != (not proof):  # step 1
        raise LogRefused(LogFault.PROOF_MISMATCH)
    if old.size < new.size:
        _walk_consistency(old, new, proof)


def _walk_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Take steps 2 to 7 of RFC 9162 § 2.1.4.2, with its names; ``old`` is smaller and not empty, nor is the proof."""
    path = [old.root, *proof] if old.size.bit_count() == 1 else list(proof)  # step 2
    fn, sn = old.size - 1, new.size - 1  # step 3
    while fn & 1:  # step 4
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]  # step 5
    for c in path[1:]:  # step 6
        if sn == 0:
            raise LogRefused(LogFault.PROOF_MISMATCH)
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            fn, sn = _to_right_child(fn, sn)
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if (fr, sr, sn) != (old.root, new.root, 0):  # step 7
        raise LogRefused(LogFault.PROOF_MISMATCH)


def _to_right_child(fn: int, sn: int) -> tuple[int, int]:
    """Go up while the node is a left child without sibling: shift both until the lowest bit of fn is set or fn is 0."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _demand_hashes(hashes: Iterable[bytes]) -> None:
    """Refuse what is no SHA-256: a value of another length could shift the border between two hashes in a node."""
    if any(len(value) != HASH_BYTES for value in hashes):
        raise LogRefused(LogFault.HASH_MALFORMED)
