"""A person's record proves itself: nothing in it can be another and still pass, and no line of it can be missing."""

import json
from random import Random

import msgspec
import pytest

from registry.transparency import receipt
from registry.transparency.entry import read_content
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import MAX_SIZE
from tests.transparency.signers import LOG, NEXT_LOG, OTHER_WITNESS, WITNESS
from tests.transparency.small_log import AT, SmallLog, written
from tests.transparency.test_entry import ANOTHER, PERSON

WHOLE = SmallLog(written(300))
EARLIER = SmallLog(WHOLE.entries[:290])
OTHER = SmallLog(written(300, "as it was not"))
SOME = WHOLE.of(PERSON)[4:10]


def record_of(log, entries, note=None):
    return receipt.make(note or log.note(), log.size, entries, log.read)


def changed(record, at, **fields):
    """The record with other values in one of its entries."""
    entries = list(record.entries)
    entries[at] = msgspec.structs.replace(entries[at], **fields)
    return msgspec.structs.replace(record, entries=tuple(entries))


RECORD = record_of(WHOLE, SOME)
FILE = receipt.write(RECORD)


def verify(data, log_keys=(LOG.key,), witness_keys=(WITNESS.key,)):
    return receipt.verify(data, log_keys, witness_keys)


def refused(data, **keys):
    with pytest.raises(LogRefused) as caught:
        verify(data, **keys)
    return caught.value.code, caught.value.where


# ------------------------------------------------------------------------------------------ what holds


@pytest.mark.parametrize(
    "entries",
    [WHOLE.of(PERSON), SOME, SOME[:1], WHOLE.of(ANOTHER)[-1:], [(2, WHOLE.entries[2])]],
    ids=["all of a person", "some in a row", "a receipt", "the newest of another", "one about nobody"],
)
def test_a_record_says_what_the_log_says(entries):
    checked = verify(receipt.write(record_of(WHOLE, entries)))
    assert checked.disclosures == tuple(read_content(entry.content) for _, entry in entries)
    assert checked.links == tuple(entry.link for _, entry in entries)
    assert (checked.opened.checkpoint.head, checked.opened.cosigned_at) == (WHOLE.head, {WITNESS.key.name: AT})


def test_a_record_needs_no_witness_where_none_is_named():
    assert verify(receipt.write(record_of(WHOLE, SOME, WHOLE.note(witnesses=()))), witness_keys=())


def test_the_tiles_of_a_record_are_read_once_each_and_told_beforehand():
    read = []

    def reading(tile):
        read.append(tile)
        return WHOLE.read(tile)

    receipt.make(WHOLE.note(), WHOLE.size, SOME, reading)
    assert sorted(map(repr, read)) == sorted(map(repr, receipt.tiles_for([index for index, _ in SOME], WHOLE.size)))


def test_the_file_is_json_that_can_be_looked_into():
    assert json.loads(FILE)["format"] == "access-record/v1"
    assert FILE.count(b"\n") > 20


# ------------------------------------------------------------------------------------------ what does not

REFUSED = {
    "no file": (b"", LogFault.RECEIPT_MALFORMED),
    "another spelling of the same": (json.dumps(json.loads(FILE)).encode(), LogFault.RECEIPT_MALFORMED),
    "a member more": (FILE.replace(b"{", b'{"seen": true,', 1), LogFault.RECEIPT_MALFORMED),
    "a member twice": (FILE.replace(b"{", b'{"format": "access-record/v1",', 1), LogFault.RECEIPT_MALFORMED),
    "another format": (FILE.replace(b"record/v1", b"record/v2"), LogFault.RECEIPT_MALFORMED),
    "no entry": (receipt.write(record_of(WHOLE, [])), LogFault.RECEIPT_MALFORMED),
    "an entry before the first": (receipt.write(changed(RECORD, 0, index=-1)), LogFault.SIZE_IMPOSSIBLE),
    "an entry behind the last": (receipt.write(changed(RECORD, 0, index=300)), LogFault.SIZE_IMPOSSIBLE),
    "an entry beyond all trees": (receipt.write(changed(RECORD, 0, index=MAX_SIZE)), LogFault.SIZE_IMPOSSIBLE),
    "a salt with a blank": (receipt.write(changed(RECORD, 0, link_salt=" " * 64)), LogFault.RECEIPT_MALFORMED),
    "a salt that is longer": (
        receipt.write(changed(RECORD, 0, link_salt=RECORD.entries[0].link_salt + "00")),
        LogFault.RECEIPT_MALFORMED,
    ),
    "a salt with an end of line": (
        receipt.write(changed(RECORD, 0, link_salt=RECORD.entries[0].link_salt + "\n")),
        LogFault.RECEIPT_MALFORMED,
    ),
    "no proof": (receipt.write(changed(RECORD, 0, proof=())), LogFault.PROOF_MISMATCH),
    "an earlier tree": (receipt.write(record_of(WHOLE, SOME, EARLIER.note())), LogFault.PROOF_MISMATCH),
    "a tree with another past": (receipt.write(record_of(OTHER, SOME)), LogFault.PROOF_MISMATCH),
    "an entry left out": (receipt.write(record_of(WHOLE, [SOME[0], *SOME[2:]])), LogFault.CHAIN_BROKEN),
    "an entry twice": (receipt.write(record_of(WHOLE, [SOME[0], *SOME])), LogFault.CHAIN_BROKEN),
    "another order": (receipt.write(record_of(WHOLE, SOME[::-1])), LogFault.CHAIN_BROKEN),
    "an entry of somebody else": (
        receipt.write(record_of(WHOLE, [*SOME, WHOLE.of(ANOTHER)[-1]])),
        LogFault.CHAIN_BROKEN,
    ),
    "an entry about nobody among others": (
        receipt.write(record_of(WHOLE, [*SOME, (2, WHOLE.entries[2])])),
        LogFault.CHAIN_BROKEN,
    ),
    "another key of the log": (receipt.write(record_of(WHOLE, SOME, WHOLE.note(NEXT_LOG))), LogFault.SIGNATURE_MISSING),
    "another witness": (
        receipt.write(record_of(WHOLE, SOME, WHOLE.note(witnesses=[OTHER_WITNESS]))),
        LogFault.COSIGNATURE_MISSING,
    ),
    "no witness": (receipt.write(record_of(WHOLE, SOME, WHOLE.note(witnesses=()))), LogFault.COSIGNATURE_MISSING),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_a_record_is_refused(data, code):
    assert refused(data)[0] == code


def test_each_witness_that_is_named_must_have_cosigned():
    assert refused(FILE, witness_keys=(WITNESS.key, OTHER_WITNESS.key)) == (
        LogFault.COSIGNATURE_MISSING,
        OTHER_WITNESS.key.name,
    )


def test_the_refusal_says_at_which_entry_and_nothing_of_what_stands_there():
    at = SOME[3][0]
    tampered = changed(RECORD, 3, content=RECORD.entries[3].content.replace("pension-office", "pension-0ffice"))
    assert refused(receipt.write(tampered)) == (LogFault.PROOF_MISMATCH, f"entry {at}")


def test_content_that_was_logged_and_cannot_be_read_is_refused():
    entry = msgspec.structs.replace(WHOLE.entries[0], content=b"{}")
    log = SmallLog([entry, *WHOLE.entries[1:]])
    assert refused(receipt.write(record_of(log, [(0, entry)]))) == (LogFault.ENTRY_MALFORMED, "entry 0")


def test_a_record_shows_nothing_of_itself_by_accident():
    assert "pension" not in repr(RECORD.entries[0])


# ------------------------------------------------------------------------------------------ a thousand tamperings


def flip(luck, data):
    """One bit of the file."""
    at = luck.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << luck.randrange(8)]) + data[at + 1 :]


def cut(luck, data):
    """A byte of the file taken out."""
    at = luck.randrange(len(data))
    return data[:at] + data[at + 1 :]


def put_in(luck, data):
    """A byte of the file written twice."""
    at = luck.randrange(len(data))
    return data[:at] + data[at : at + 1] + data[at:]


def of_another(luck, _):
    """A value of one entry in another."""
    to, source = luck.sample(range(len(RECORD.entries)), 2)
    field = luck.choice(["index", "content", "content_salt", "link", "link_salt", "proof"])
    return receipt.write(changed(RECORD, to, **{field: getattr(RECORD.entries[source], field)}))


def left_out(luck, _):
    """An entry from between the others."""
    at = luck.randrange(1, len(SOME) - 1)
    return receipt.write(record_of(WHOLE, SOME[:at] + SOME[at + 1 :]))


def other_order(luck, _):
    """The entries in another order."""
    order = list(RECORD.entries)
    while tuple(order) == RECORD.entries:
        luck.shuffle(order)
    return receipt.write(msgspec.structs.replace(RECORD, entries=tuple(order)))


def other_words(luck, _):
    """Another content, written well."""
    at = luck.randrange(len(RECORD.entries))
    said = json.loads(RECORD.entries[at].content)
    field = luck.choice(sorted(name for name, value in said.items() if isinstance(value, str) and value))
    content = RECORD.entries[at].content.replace(json.dumps(said[field], ensure_ascii=False), '"2026-01-01T00:00:00Z"')
    return receipt.write(changed(RECORD, at, content=content))


def forked(luck, _):
    """Another history, written by the log itself, with its own key; the witness never saw it."""
    at = luck.choice(SOME)[0]
    entries = list(WHOLE.entries)
    entries[at] = msgspec.structs.replace(entries[at], content_salt=luck.randbytes(32))
    log = SmallLog(entries)
    return receipt.write(record_of(log, log.of(PERSON)[4:10], log.note(witnesses=())))


TAMPERINGS = (flip, flip, flip, cut, put_in, of_another, left_out, other_order, other_words, forked)


def test_a_thousand_of_a_thousand_tamperings_are_found():
    passed = []
    for number in range(1_000):
        luck = Random(number)  # noqa: S311 - the same tamperings in every run
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        data = tampering(luck, FILE)
        assert data != FILE
        try:
            verify(data)
        except LogRefused:
            continue
        passed.append((number, tampering.__name__))
    assert passed == []
