"""The witness: one that remembers the last head it cosigned, and cosigns nothing that does not continue it.

The log could show each reader another history, every one of them consistent in itself. A witness that never forgets
makes that impossible: all heads with its cosignature are beginnings of one another (C2SP tlog-witness). It keeps two
values, so it never needs to see an entry.

The registry in turn stops disclosing when no fresh cosignature comes: what nobody watches is not given out.
"""

from typing import Final

import msgspec

from registry.transparency.checkpoint import Checkpoint, open_checkpoint
from registry.transparency.note import KeyKind, NoteKey
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import TreeHead, verify_consistency

MOST_AHEAD: Final = 60
"""Seconds by which a cosignature may be ahead of the clock that judges it; beyond, one of the two clocks is wrong."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches a log: the key by which its cosignatures are known, and the address where checkpoints are brought."""

    key: NoteKey
    url: str


def read_witnesses(text: str) -> tuple[Witness, ...]:
    """Read a list of witnesses: a line ``<vkey> <url>`` for each; empty lines and those that begin with # say nothing.

    Raises :class:`LogRefused` (KEY_MALFORMED), with the line, for anything else, a log's key and a name that stands
    twice above all: cosignatures are told apart by the name.
    """
    witnesses: dict[str, Witness] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        witness = _read_witness(words)
        if witness is None or witness.key.name in witnesses:
            raise LogRefused(LogFault.KEY_MALFORMED, f"line {number}")
        witnesses[witness.key.name] = witness
    return tuple(witnesses.values())


def _read_witness(words: list[str]) -> Witness | None:
    """Read the words of one line; None where they name no key of a witness with the address of one."""
    try:
        text, url = words
        key = NoteKey.from_text(text)
    except (ValueError, LogRefused):
        return None
    is_witness = key.kind is KeyKind.WITNESS and url.startswith(("https://", "http://"))
    return Witness(key=key, url=url.rstrip("/")) if is_witness else None


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What a witness keeps of a log for ever: the last head that it cosigned, and when (seconds since 1970)."""

    head: TreeHead
    at: int


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a log brings to be cosigned: a signed checkpoint, and the proof that it continues ``old_size`` leaves.

    ``old_size`` is 0, and the proof empty, where the log believes that the witness knows nothing of it yet.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What may be cosigned at ``remember.at``, once ``remember`` is in the place of the memory that was judged by."""

    checkpoint: Checkpoint
    remember: Memory


def judge(offer: Offer, log_keys: tuple[NoteKey, ...], memory: Memory | None, now: int) -> Judgement:
    """Say whether a witness of the log with these keys may cosign an offer; ``now`` is in seconds since 1970.

    The caller keeps ``remember`` durably **before** it signs, and lets no other judgement of this log pass between
    reading ``memory`` and that: two offers judged by one memory could be two histories (C2SP tlog-witness).

    Raises :class:`LogRefused`: what :func:`open_checkpoint` says of the note; SIZE_IMPOSSIBLE when the proof begins
    beyond the checkpoint; ROLLBACK for fewer leaves than were cosigned; FORK for another root of the same number;
    STALE when the proof begins at another size than the one remembered (the log asks anew from there); PROOF_MISMATCH
    for leaves that do not continue it; CLOCK_REVERSED when ``now`` is before the last cosignature, which would tell of
    two largest trees at one time.
    """
    checkpoint = open_checkpoint(offer.note, log_keys, ()).checkpoint
    if offer.old_size > checkpoint.head.size:
        raise LogRefused(LogFault.SIZE_IMPOSSIBLE)
    if memory is not None:
        _demand_newer(checkpoint.head, memory, now)
    if offer.old_size != (memory.head.size if memory else 0):
        raise LogRefused(LogFault.STALE)
    if memory is not None and memory.head.size > 0:
        verify_consistency(memory.head, checkpoint.head, offer.proof)
    elif offer.proof:  # every tree continues the empty one: there is nothing to prove
        raise LogRefused(LogFault.PROOF_MISMATCH)
    return Judgement(checkpoint=checkpoint, remember=Memory(head=checkpoint.head, at=now))


def may_disclose(cosigned_at: int | None, now: int, limit: int) -> bool:
    """Tell whether the log is watched closely enough to disclose: the stop rule. All three in seconds.

    ``cosigned_at`` is when a witness last cosigned a head of the log, None when none ever did; ``limit`` how old
    that may be. A time ahead of ``now`` by more than a minute counts as none: a wrong clock keeps no door open.
    """
    return cosigned_at is not None and -MOST_AHEAD <= now - cosigned_at <= limit


def _demand_newer(head: TreeHead, memory: Memory, now: int) -> None:
    """Refuse what goes back behind the memory, in leaves or in time; the same head again is a sign of life."""
    if head.size < memory.head.size:
        raise LogRefused(LogFault.ROLLBACK)
    if head.size == memory.head.size and head.root != memory.head.root:
        raise LogRefused(LogFault.FORK)
    if now < memory.at:
        raise LogRefused(LogFault.CLOCK_REVERSED)
