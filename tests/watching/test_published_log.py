"""Whoever audits what the log serves finds every change of it, a history signed anew by the log itself as well."""

from random import Random

import anyio
import pytest

from registry.transparency.checkpoint import Checkpoint, sign_checkpoint
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import Frontier, TreeHead
from registry.watching.published_log import LogAway, audit
from tests.transparency.signers import LOG, NEXT_LOG, OTHER_WITNESS, WITNESS
from tests.transparency.small_log import SmallLog, written

LOG_OF_300 = SmallLog(written(300))
HONEST = LOG_OF_300.served()
REMEMBERED = SmallLog(LOG_OF_300.entries[:260]).head


def audited(files, *, remembered=(REMEMBERED,), witnesses=(WITNESS.key,)):
    """What an audit finds in a log that serves these files."""

    async def fetch(path):
        return files.get(path)

    async def run():
        _, found = await audit(fetch, (LOG.key,), witnesses, remembered, lambda *_: None)
        return [(str(one.code), one.where) for one in found.findings]

    return anyio.run(run)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_an_honest_log_holds(size):
    log = SmallLog(written(size))
    assert audited(log.served(), remembered=[log.head, TreeHead(size=0, root=Frontier().head.root)]) == []


def without(path):
    return {name: data for name, data in HONEST.items() if name != path}


def changed(path, at):
    data = HONEST[path]
    return HONEST | {path: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}


def signed_anew(log, **keys):
    """Everything of a log, written and signed by the log itself; the witness was not asked."""
    return log.served() | {"checkpoint": log.note(witnesses=(), **keys)}


FOUND = {
    "a bit of an entry": (changed("tile/entries/000", 40), "tile-mismatch", "tile/0/000"),
    "a bit of a leaf hash": (changed("tile/0/000", 40), "tile-mismatch", "tile/0/000"),
    "a bit of a node": (changed("tile/1/000.p/1", 0), "tile-mismatch", "tile/1/000.p/1"),
    "a bundle away": (without("tile/entries/001.p/44"), "entry-missing", "tile/entries/001.p/44"),
    "a bundle of another length": (changed("tile/entries/000", 1), "entry-missing", "tile/entries/000"),
    "a tile away": (without("tile/0/001.p/44"), "tile-mismatch", "tile/0/001.p/44"),
    "the tail cut off, signed anew": (
        signed_anew(SmallLog(LOG_OF_300.entries[:250])),
        "rollback",
        "entry 250 of 260",
    ),
    "a fork, signed anew": (
        signed_anew(SmallLog((*LOG_OF_300.entries[:200], *written(300, "another")[200:]))),
        "fork",
        "head of 260",
    ),
}


@pytest.mark.parametrize(("files", "code", "where"), FOUND.values(), ids=FOUND)
def test_an_audit_says_what_and_where(files, code, where):
    assert (code, where) in audited(files, witnesses=())


REFUSED = {
    "a bit of the checkpoint": (changed("checkpoint", 60), LogFault.SIGNATURE_WRONG),
    "another key": (HONEST | {"checkpoint": LOG_OF_300.note(NEXT_LOG)}, LogFault.SIGNATURE_MISSING),
    "another witness": (
        HONEST | {"checkpoint": LOG_OF_300.note(witnesses=[OTHER_WITNESS])},
        LogFault.COSIGNATURE_MISSING,
    ),
}


@pytest.mark.parametrize(("files", "code"), REFUSED.values(), ids=REFUSED)
def test_a_checkpoint_that_is_not_the_logs_is_refused(files, code):
    with pytest.raises(LogRefused) as caught:
        audited(files)
    assert caught.value.code == code


def test_a_log_without_a_checkpoint_was_not_audited():
    with pytest.raises(LogAway):
        audited(without("checkpoint"))


def test_a_fork_that_nobody_remembers_cannot_be_found():
    assert audited(signed_anew(SmallLog(written(300, "another"))), remembered=(), witnesses=()) == []


# ------------------------------------------------------------------------------------------ a thousand tamperings


def bit(luck):
    """One bit of one file."""
    path = luck.choice(sorted(HONEST))
    data = bytearray(HONEST[path])
    data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
    return HONEST | {path: bytes(data)}


def row(luck):
    """One entry taken out; everything but the signed head is grown anew."""
    at = luck.randrange(300)
    log = SmallLog((*LOG_OF_300.entries[:at], *LOG_OF_300.entries[at + 1 :]))
    return log.served() | {"checkpoint": HONEST["checkpoint"]}


def order(luck):
    """Two entries exchanged; everything but the signed head is grown anew."""
    one, other = luck.sample(range(300), 2)
    entries = list(LOG_OF_300.entries)
    entries[one], entries[other] = entries[other], entries[one]
    return SmallLog(entries).served() | {"checkpoint": HONEST["checkpoint"]}


def tail(luck):
    """The newest entries cut off, and the rest signed anew with the log's own key."""
    return signed_anew(SmallLog(LOG_OF_300.entries[: luck.randrange(260)]))


def fork(luck):
    """Another history from some entry on, signed anew with the log's own key."""
    at = luck.randrange(260)
    other = written(300, f"history {luck.random()}")
    return signed_anew(SmallLog((*LOG_OF_300.entries[:at], *other[at : luck.randrange(261, 300)])))


def other_root(luck):
    """Another root, signed with the log's own key."""
    checkpoint = Checkpoint(origin=LOG.key.name, head=TreeHead(size=300, root=luck.randbytes(32)))
    return HONEST | {"checkpoint": sign_checkpoint(checkpoint, LOG.key, LOG.sign).encode()}


TAMPERINGS = (bit, bit, row, order, tail, fork, other_root)


def test_a_thousand_of_a_thousand_tamperings_are_found():
    passed = []
    for number in range(1_000):
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        files = tampering(Random(number))  # noqa: S311 - the same tamperings in every run
        witnesses = (WITNESS.key,) if tampering is bit else ()
        try:
            found = audited(files, witnesses=witnesses)
        except LogRefused:
            continue
        if not found:
            passed.append((number, tampering.__name__))
    assert passed == []
