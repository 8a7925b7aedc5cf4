"""A witness cosigns one history and forgets nothing; without its fresh word nothing is disclosed."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.transparency.checkpoint import Checkpoint, cosign_checkpoint, open_checkpoint, sign_checkpoint
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import EMPTY_ROOT, TreeHead
from registry.transparency.witness import MOST_AHEAD, Memory, Offer, judge, may_disclose
from tests.transparency.reference import LONG, Reference
from tests.transparency.signers import LOG, NEXT_LOG, ORIGIN, WITNESS

NOW = 1_795_000_000
SIZES = st.integers(0, 40)
FORKED_AT = (0, 7, 16)
HISTORIES = (
    LONG,
    *(Reference((*LONG.entries[:at], *(f"other {at} {n}".encode() for n in range(40)))) for at in FORKED_AT),
)
"""The log's history, and others that leave it after 0, 7 and 16 entries."""


def head(size, history=LONG):
    return TreeHead(size=size, root=history.root(size))


def offer(old_size, new_size, history=LONG, signer=LOG):
    """What a log brings that follows ``history``, honestly proven."""
    note = sign_checkpoint(Checkpoint(origin=signer.key.name, head=head(new_size, history)), signer.key, signer.sign)
    proof = history.proof(old_size, new_size) if 0 < old_size <= new_size else ()
    return Offer(old_size=old_size, proof=proof, note=note.encode())


def refused(given_offer, memory, now=NOW):
    with pytest.raises(LogRefused) as caught:
        judge(given_offer, (LOG.key,), memory, now)
    return caught.value.code


def memory_of(size, history=LONG, at=NOW):
    return Memory(head=head(size, history), at=at)


@given(st.lists(SIZES, min_size=1))
def test_what_only_grows_is_cosigned_and_remembered_each_time(sizes):
    memory = None
    for step, size in enumerate(sorted(sizes)):
        judged = judge(offer(memory.head.size if memory else 0, size), (LOG.key,), memory, NOW + step)
        memory = judged.remember
        assert (judged.checkpoint.head, memory) == (head(size), memory_of(size, at=NOW + step))


def test_what_was_judged_can_be_cosigned_and_opens_with_the_time_of_the_judgement():
    judged = judge(offer(3, 5), (LOG.key,), memory_of(3), NOW)
    line = cosign_checkpoint(judged.checkpoint, WITNESS.key, WITNESS.sign, judged.remember.at)
    note = sign_checkpoint(judged.checkpoint, LOG.key, LOG.sign).signed(line)
    assert open_checkpoint(note.encode(), (LOG.key,), (WITNESS.key,)).cosigned_at == {WITNESS.key.name: NOW}


REFUSALS = {
    "fewer leaves than were cosigned": (offer(5, 5), memory_of(9), LogFault.ROLLBACK),
    "a proof from beyond its own end": (offer(9, 5), memory_of(9), LogFault.SIZE_IMPOSSIBLE),
    "nothing after something": (offer(0, 0), memory_of(9), LogFault.ROLLBACK),
    "another root of the same size": (offer(9, 9, HISTORIES[2]), memory_of(9), LogFault.FORK),
    "another history, proven by its own past": (offer(9, 12, HISTORIES[2]), memory_of(9), LogFault.PROOF_MISMATCH),
    "another history, as if to a newcomer": (offer(0, 12, HISTORIES[1]), memory_of(9), LogFault.STALE),
    "a proof from before the last head": (offer(5, 12), memory_of(9), LogFault.STALE),
    "a proof from after the last head": (offer(10, 12), memory_of(9), LogFault.STALE),
    "a proof from a head that a newcomer has not seen": (offer(5, 12), None, LogFault.STALE),
    "no proof": (msgspec.structs.replace(offer(9, 12), proof=()), memory_of(9), LogFault.PROOF_MISMATCH),
    "the same head with a proof": (
        msgspec.structs.replace(offer(9, 9), proof=(EMPTY_ROOT,)),
        memory_of(9),
        LogFault.PROOF_MISMATCH,
    ),
    "a proof where there is nothing to prove": (
        msgspec.structs.replace(offer(0, 9), proof=(EMPTY_ROOT,)),
        None,
        LogFault.PROOF_MISMATCH,
    ),
    "a proof from the empty tree": (
        msgspec.structs.replace(offer(0, 9), proof=(EMPTY_ROOT,)),
        memory_of(0),
        LogFault.PROOF_MISMATCH,
    ),
    "a time before the last cosignature": (offer(9, 12), memory_of(9, at=NOW + 1), LogFault.CLOCK_REVERSED),
    "another key": (offer(9, 12, signer=NEXT_LOG), memory_of(9), LogFault.SIGNATURE_MISSING),
    "another log": (
        Offer(old_size=9, proof=(), note=offer(9, 12).note.replace(ORIGIN.encode(), b"another.example")),
        memory_of(9),
        LogFault.OTHER_ORIGIN,
    ),
    "no note": (Offer(old_size=9, proof=(), note=b""), memory_of(9), LogFault.NOTE_MALFORMED),
}


@pytest.mark.parametrize(("brought", "memory", "code"), REFUSALS.values(), ids=REFUSALS)
def test_a_witness_refuses(brought, memory, code):
    assert refused(brought, memory) == code


def test_the_same_head_is_cosigned_again_with_a_later_time():
    assert judge(offer(9, 9), (LOG.key,), memory_of(9), NOW + 60).remember == memory_of(9, at=NOW + 60)


def test_every_tree_continues_the_empty_one():
    assert judge(offer(0, 9), (LOG.key,), memory_of(0), NOW).remember == memory_of(9)


OFFERS = st.lists(st.tuples(st.sampled_from(HISTORIES), SIZES, st.none() | SIZES), max_size=12)


@given(OFFERS)
@example([(HISTORIES[0], 10, None), (HISTORIES[3], 20, None), (HISTORIES[2], 21, None)])
def test_whatever_is_brought_all_heads_cosigned_are_beginnings_of_one_another(brought):
    """The log tells several histories, and lies about where it begins (None: where the witness stands)."""
    memory, cosigned = None, []
    for history, size, old_size in brought:
        stands_at = memory.head.size if memory else 0
        try:
            judged = judge(offer(stands_at if old_size is None else old_size, size, history), (LOG.key,), memory, NOW)
        except LogRefused:
            continue
        memory = judged.remember
        cosigned.append((history, size))
    assert [size for _, size in cosigned] == sorted(size for _, size in cosigned)
    assert all(history.root(size) == cosigned[-1][0].root(size) for history, size in cosigned)


# ---------------------------------------------------------------- the stop rule
@pytest.mark.parametrize(
    ("cosigned_at", "expected"),
    [
        pytest.param(None, False, id="never cosigned"),
        pytest.param(NOW, True, id="just now"),
        pytest.param(NOW - 3600, True, id="an hour ago"),
        pytest.param(NOW - 3601, False, id="longer ago"),
        pytest.param(NOW + MOST_AHEAD, True, id="a minute ahead"),
        pytest.param(NOW + MOST_AHEAD + 1, False, id="further ahead"),
    ],
)
def test_nothing_is_disclosed_unless_a_witness_watches(cosigned_at, expected):
    assert may_disclose(cosigned_at, NOW, 3600) is expected
