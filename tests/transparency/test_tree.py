"""A tree has the roots that its entries give it, and a proof holds for one leaf, one place and one history."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    TreeHead,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.transparency.reference import CT, CT_CONSISTENCY, CT_ENTRIES, CT_INCLUSION, CT_ROOTS, LONG

SIZES = st.integers(1, 600)
HASHES = tuple(map(leaf_hash, LONG.entries))


def head(size, reference=LONG):
    return TreeHead(size=size, root=reference.root(size))


def hexed(proof):
    return tuple(map(bytes.fromhex, proof))


def flipped(value, bit):
    """The same bytes but for one bit; ``bit`` counts round and round."""
    byte, shift = divmod(bit % (8 * len(value)), 8)
    return value[:byte] + bytes([value[byte] ^ 1 << shift]) + value[byte + 1 :]


def refused(function, *arguments):
    with pytest.raises(LogRefused) as caught:
        function(*arguments)
    return caught.value.code


# ---------------------------------------------------------------- roots
@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_certificate_transparency(size):
    assert Frontier().grown(map(leaf_hash, CT_ENTRIES[:size])).head == TreeHead(size=size, root=CT_ROOTS[size])
    assert CT.root(size) == CT_ROOTS[size]


def test_a_leaf_never_passes_for_a_node():
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.integers(0, 600), st.integers(0, 600))
def test_however_a_tree_grew_its_head_is_the_same(first, more):
    frontier = Frontier().grown(HASHES[:first]).grown(HASHES[first : first + more])
    assert frontier == Frontier().grown(HASHES[: first + more])
    assert frontier.head == head(first + more)


@given(st.integers(0, 600))
def test_a_frontier_comes_back_from_its_json(size):
    frontier = Frontier().grown(HASHES[:size])
    assert msgspec.json.decode(msgspec.json.encode(frontier), type=Frontier) == frontier


@pytest.mark.parametrize(
    ("size", "roots"),
    [
        pytest.param(3, (HASHES[0],), id="a root is missing"),
        pytest.param(2, (HASHES[0], HASHES[1]), id="a root too many"),
        pytest.param(1, (HASHES[0][1:],), id="a root is short"),
        pytest.param(-1, (HASHES[0],), id="less than nothing"),
        pytest.param(MAX_SIZE + 1, (HASHES[0],), id="more than can be counted"),
    ],
)
def test_a_frontier_that_no_tree_has_is_refused(size, roots):
    assert refused(lambda: Frontier(size=size, roots=roots)) == LogFault.HEAD_MALFORMED


@pytest.mark.parametrize(
    ("size", "root"),
    [
        pytest.param(0, HASHES[0], id="the empty tree has one root only"),
        pytest.param(1, EMPTY_ROOT[1:], id="a short root"),
        pytest.param(-1, HASHES[0], id="less than nothing"),
        pytest.param(MAX_SIZE + 1, HASHES[0], id="more than can be counted"),
    ],
)
def test_a_head_that_no_tree_has_is_refused(size, root):
    assert refused(lambda: TreeHead(size=size, root=root)) == LogFault.HEAD_MALFORMED


# ---------------------------------------------------------------- inclusion
@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_the_inclusion_proofs_of_certificate_transparency_hold(index, size):
    proof = hexed(CT_INCLUSION[index, size])
    assert CT.path(index, 0, size) == proof
    verify_inclusion(leaf_hash(CT_ENTRIES[index]), index, proof, head(size, CT))


@given(SIZES, st.data())
def test_an_inclusion_proof_holds_for_no_other_place_leaf_or_tree(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    other_size = data.draw(SIZES)
    proof = LONG.path(index, 0, size)
    verify_inclusion(HASHES[index], index, proof, head(size))
    if other != index:
        assert refused(verify_inclusion, HASHES[index], other, proof, head(size)) == LogFault.PROOF_MISMATCH
        assert refused(verify_inclusion, HASHES[other], index, proof, head(size)) == LogFault.PROOF_MISMATCH
    if other_size != size:
        assert refused(verify_inclusion, HASHES[index], index, proof, head(other_size)) in {
            LogFault.PROOF_MISMATCH,
            LogFault.SIZE_IMPOSSIBLE,
        }


@given(SIZES, st.data(), st.integers(0, 255))
def test_an_inclusion_proof_with_one_bit_changed_does_not_hold(size, data, bit):
    index = data.draw(st.integers(0, size - 1))
    proof, whole = LONG.path(index, 0, size), head(size)
    assert refused(verify_inclusion, flipped(HASHES[index], bit), index, proof, whole) == LogFault.PROOF_MISMATCH
    elsewhere = msgspec.structs.replace(whole, root=flipped(whole.root, bit))
    assert refused(verify_inclusion, HASHES[index], index, proof, elsewhere) == LogFault.PROOF_MISMATCH
    for at in range(len(proof)):
        bent = (*proof[:at], flipped(proof[at], bit), *proof[at + 1 :])
        assert refused(verify_inclusion, HASHES[index], index, bent, whole) == LogFault.PROOF_MISMATCH


@given(SIZES, st.data())
def test_an_inclusion_proof_with_a_hash_more_less_or_elsewhere_does_not_hold(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, whole = LONG.path(index, 0, size), head(size)
    extra = data.draw(st.sampled_from((whole.root, EMPTY_ROOT, HASHES[index], *proof)))
    for bent in {(*proof, extra), (extra, *proof), proof[1:], proof[:-1], proof[::-1]} - {proof}:
        assert refused(verify_inclusion, HASHES[index], index, bent, whole) == LogFault.PROOF_MISMATCH


def test_a_proof_that_ends_below_or_above_the_root_does_not_hold_whatever_hash_it_reaches():
    one, two = HASHES[0], node_hash(HASHES[0], HASHES[1])
    below, above = TreeHead(size=2, root=one), TreeHead(size=1, root=node_hash(HASHES[1], one))
    assert refused(verify_inclusion, one, 0, (), below) == LogFault.PROOF_MISMATCH
    assert refused(verify_inclusion, one, 0, (HASHES[1],), above) == LogFault.PROOF_MISMATCH
    old, below = TreeHead(size=1, root=one), TreeHead(size=8, root=two)
    assert refused(verify_consistency, old, below, (HASHES[1],)) == LogFault.PROOF_MISMATCH
    third, fourth, left, beyond = HASHES[2], HASHES[3], two, HASHES[4]
    old = TreeHead(size=3, root=node_hash(beyond, node_hash(left, third)))
    above = TreeHead(size=4, root=node_hash(beyond, node_hash(left, node_hash(third, fourth))))
    assert refused(verify_consistency, old, above, (third, fourth, left, beyond)) == LogFault.PROOF_MISMATCH


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (8, 5), (-1, 5)])
def test_a_place_that_the_tree_has_not_is_refused(index, size):
    assert refused(verify_inclusion, HASHES[0], index, (), head(size)) == LogFault.SIZE_IMPOSSIBLE


def test_what_is_no_hash_is_refused_before_it_is_hashed():
    assert refused(verify_inclusion, HASHES[0], 0, (HASHES[1] + HASHES[2],), head(2)) == LogFault.HASH_MALFORMED
    assert refused(verify_inclusion, HASHES[0][1:], 0, (HASHES[1],), head(2)) == LogFault.HASH_MALFORMED
    assert refused(verify_consistency, head(1), head(2), (b"",)) == LogFault.HASH_MALFORMED


# ---------------------------------------------------------------- consistency
@pytest.mark.parametrize(("old", "new"), CT_CONSISTENCY)
def test_the_consistency_proofs_of_certificate_transparency_hold(old, new):
    proof = hexed(CT_CONSISTENCY[old, new])
    assert CT.proof(old, new) == proof
    verify_consistency(head(old, CT), head(new, CT), proof)


@given(SIZES, SIZES, SIZES)
def test_a_consistency_proof_holds_for_no_other_tree(one, two, other):
    old, new = sorted((one, two))
    proof = LONG.proof(old, new)
    verify_consistency(head(old), head(new), proof)
    for first, second in {(other, new), (old, other)} - {(old, new)}:
        if first == second and not proof:
            continue  # a tree continues itself, without proof
        assert refused(verify_consistency, head(first), head(second), proof) in {
            LogFault.PROOF_MISMATCH,
            LogFault.SIZE_IMPOSSIBLE,
        }


@given(SIZES, SIZES, st.integers(0, 255))
def test_a_consistency_proof_with_one_bit_changed_does_not_hold(one, two, bit):
    old, new = sorted((one, two))
    proof = LONG.proof(old, new)
    expected = {LogFault.FORK} if old == new else {LogFault.PROOF_MISMATCH}
    for which in ("old", "new"):
        heads = {"old": head(old), "new": head(new)}
        heads[which] = msgspec.structs.replace(heads[which], root=flipped(heads[which].root, bit))
        assert refused(verify_consistency, heads["old"], heads["new"], proof) in expected
    for at in range(len(proof)):
        bent = (*proof[:at], flipped(proof[at], bit), *proof[at + 1 :])
        assert refused(verify_consistency, head(old), head(new), bent) == LogFault.PROOF_MISMATCH


@given(SIZES, SIZES, st.data())
def test_a_consistency_proof_with_a_hash_more_less_or_elsewhere_does_not_hold(one, two, data):
    old, new = sorted((one, two))
    proof = LONG.proof(old, new)
    extra = data.draw(st.sampled_from((head(old).root, head(new).root, EMPTY_ROOT, *proof)))
    for bent in {(*proof, extra), (extra, *proof), proof[1:], proof[:-1], proof[::-1], ()} - {proof}:
        assert refused(verify_consistency, head(old), head(new), bent) == LogFault.PROOF_MISMATCH


@given(SIZES, st.integers(0, 600), st.data())
def test_no_proof_joins_a_tree_to_one_in_which_an_old_entry_was_changed(size, more, data):
    changed = data.draw(st.integers(0, size - 1))
    fork = Frontier().grown((*HASHES[:changed], leaf_hash(b"another"), *HASHES[changed + 1 : size + more])).head
    expected = LogFault.PROOF_MISMATCH if more else LogFault.FORK
    assert refused(verify_consistency, head(size), fork, LONG.proof(size, size + more)) == expected


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (2, 1)])
def test_of_an_empty_or_a_larger_old_tree_nothing_is_proven(old, new):
    assert refused(verify_consistency, head(old), head(new), ()) == LogFault.SIZE_IMPOSSIBLE
