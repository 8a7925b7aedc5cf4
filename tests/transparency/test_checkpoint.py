"""A checkpoint opens with the keys of its own log, whole, and shows who cosigned it when."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.checkpoint import Checkpoint, cosign_checkpoint, open_checkpoint, sign_checkpoint
from registry.transparency.note import KeyKind, Note, NoteKey
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import EMPTY_ROOT, TreeHead
from tests.transparency.reference import CT_ROOTS
from tests.transparency.signers import (
    ARCHE,
    ARCHE_KEY,
    LOG,
    NEXT_LOG,
    ORIGIN,
    OTHER_WITNESS,
    REMORA_KEY,
    REMORA_TIME,
    WITNESS,
    Signer,
)

NOW = 1_795_000_000
CHECKPOINT = Checkpoint(origin=ORIGIN, head=TreeHead(size=8, root=CT_ROOTS[8]))
SIGNED = sign_checkpoint(CHECKPOINT, LOG.key, LOG.sign)
COSIGNED = SIGNED.signed(cosign_checkpoint(CHECKPOINT, WITNESS.key, WITNESS.sign, NOW))
SPECIFIED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""


def refused(function, *arguments):
    with pytest.raises(LogRefused) as caught:
        function(*arguments)
    return caught.value


def opened(note, log_keys=(LOG.key,), witness_keys=(WITNESS.key,)):
    return open_checkpoint(note.encode(), log_keys, witness_keys)


# ---------------------------------------------------------------- text
def test_the_example_of_c2sp_is_read_and_written():
    checkpoint = Checkpoint.parse(SPECIFIED)
    assert (checkpoint.origin, checkpoint.head.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.text == SPECIFIED


def test_the_empty_log_has_a_checkpoint():
    empty = Checkpoint(origin=ORIGIN, head=TreeHead(size=0, root=EMPTY_ROOT))
    assert Checkpoint.parse(empty.text) == empty


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(SPECIFIED[:-1], id="no line end"),
        pytest.param(SPECIFIED + "extension\n", id="an extension line"),
        pytest.param(SPECIFIED + "\n", id="an empty line"),
        pytest.param(SPECIFIED.partition("\n")[2], id="no origin"),
        pytest.param("\n" + SPECIFIED.partition("\n")[2], id="an empty origin"),
        pytest.param(SPECIFIED.replace("\n2", "\n02"), id="a leading zero"),
        pytest.param(SPECIFIED.replace("\n2", "\n-2"), id="a negative size"),
        pytest.param(SPECIFIED.replace("\n2", "\n+2"), id="a sign"),
        pytest.param(SPECIFIED.replace("\n2", "\n 2"), id="a space"),
        pytest.param(SPECIFIED.replace("20852163", "２０"), id="full-width digits"),
        pytest.param(SPECIFIED.replace("20852163", str(2**63)), id="more leaves than can be counted"),
        pytest.param(SPECIFIED.replace("20852163", "9" * 5000), id="a number without end"),
        pytest.param(SPECIFIED.replace("20852163", "0"), id="no leaves and yet a root"),
        pytest.param(SPECIFIED.replace("q2I=", "q2J="), id="base64 of another spelling"),
        pytest.param(SPECIFIED.replace("q2I=", "q2I"), id="base64 without its end"),
        pytest.param(SPECIFIED.replace("CsUY", ""), id="a short root"),
        pytest.param(SPECIFIED.replace("CsUY", "CsUYCsUY"), id="a long root"),
        pytest.param(SPECIFIED.replace("/X", "_X"), id="base64 of URLs"),
    ],
)
def test_any_other_text_is_refused(text):
    assert refused(Checkpoint.parse, text).code == LogFault.CHECKPOINT_MALFORMED


# ---------------------------------------------------------------- signatures
def test_a_checkpoint_of_the_outer_world_opens_with_the_keys_of_its_log_and_witness():
    read = open_checkpoint(ARCHE.encode(), [NoteKey.from_text(ARCHE_KEY)], [NoteKey.from_text(REMORA_KEY)])
    assert read.checkpoint.head.size == 1_432_088_532
    assert read.cosigned_at == {"remora.n621.de": REMORA_TIME}


def test_a_checkpoint_of_the_outer_world_with_another_size_does_not_open():
    bent = ARCHE.replace("1432088532", "1432088533")
    refusal = refused(open_checkpoint, bent.encode(), [NoteKey.from_text(ARCHE_KEY)], [])
    assert refusal.code == LogFault.SIGNATURE_WRONG


def test_what_was_signed_and_cosigned_opens():
    read = opened(COSIGNED)
    assert (read.checkpoint, read.cosigned_at) == (CHECKPOINT, {WITNESS.key.name: NOW})


def test_without_a_known_witness_the_checkpoint_opens_and_nobody_has_cosigned_it():
    assert opened(COSIGNED, witness_keys=(OTHER_WITNESS.key,)).cosigned_at == {}


def test_of_several_cosignatures_of_one_witness_the_latest_counts():
    both = COSIGNED.signed(cosign_checkpoint(CHECKPOINT, WITNESS.key, WITNESS.sign, NOW - 5))
    assert opened(both).cosigned_at == {WITNESS.key.name: NOW}


def test_while_the_log_changes_its_key_either_opens_and_one_must_have_signed():
    assert opened(sign_checkpoint(CHECKPOINT, NEXT_LOG.key, NEXT_LOG.sign), (LOG.key, NEXT_LOG.key))
    assert refused(opened, SIGNED, (NEXT_LOG.key,)).code == LogFault.SIGNATURE_MISSING


def test_a_note_of_another_log_is_refused_even_if_our_key_signed_it():
    other = msgspec.structs.replace(CHECKPOINT, origin="registry.example/other")
    value = LOG.sign(other.text.encode())
    note = Note(text=other.text, signatures=(msgspec.structs.replace(SIGNED.signatures[0], value=value),))
    assert refused(opened, note).code == LogFault.OTHER_ORIGIN


def test_a_witness_does_not_stand_in_for_the_log():
    line = COSIGNED.signatures[1]
    assert refused(opened, Note(text=CHECKPOINT.text, signatures=(line,))).code == LogFault.SIGNATURE_MISSING
    assert refused(opened, COSIGNED, (WITNESS.key,)).code == LogFault.OTHER_ORIGIN
    namesake = Signer(ORIGIN, bytes(range(4, 36)), KeyKind.WITNESS)
    line = cosign_checkpoint(CHECKPOINT, namesake.key, namesake.sign, NOW)
    note = Note(text=CHECKPOINT.text, signatures=(line,))
    assert refused(opened, note, (namesake.key,)).code == LogFault.OTHER_ORIGIN


def test_the_log_does_not_stand_in_for_a_witness():
    assert opened(SIGNED, witness_keys=(LOG.key,)).cosigned_at == {}


def test_one_wrong_line_of_a_known_key_refuses_the_whole_note():
    for line in COSIGNED.signatures:
        wrong = msgspec.structs.replace(line, value=line.value[::-1])
        refusal = refused(opened, COSIGNED.signed(wrong))
        assert (refusal.code, refusal.where) == (LogFault.SIGNATURE_WRONG, line.name)
        assert opened(COSIGNED.signed(msgspec.structs.replace(wrong, name="somebody.else"))) == opened(COSIGNED)


@pytest.mark.parametrize("length", [1, 8, 64, 71, 73])
def test_a_cosignature_of_another_length_is_refused(length):
    line = msgspec.structs.replace(COSIGNED.signatures[1], value=bytes(length))
    assert refused(opened, SIGNED.signed(line)).code == LogFault.SIGNATURE_WRONG


def test_the_time_of_a_cosignature_is_signed():
    line = COSIGNED.signatures[1]
    later = msgspec.structs.replace(line, value=(NOW + 1).to_bytes(8, "big") + line.value[8:])
    assert refused(opened, SIGNED.signed(later)).code == LogFault.SIGNATURE_WRONG


def test_a_time_beyond_63_bits_is_refused_even_if_the_witness_signed_it():
    at = 2**63
    value = at.to_bytes(8, "big") + WITNESS.sign(f"cosignature/v1\ntime {at}\n{CHECKPOINT.text}".encode())
    line = msgspec.structs.replace(COSIGNED.signatures[1], value=value)
    assert refused(opened, SIGNED.signed(line)).code == LogFault.SIGNATURE_WRONG


@given(st.integers(0, 8 * len(COSIGNED.encode()) - 1))
def test_a_note_with_one_bit_changed_is_refused_or_loses_its_witness(bit):
    data = bytearray(COSIGNED.encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        read = open_checkpoint(bytes(data), (LOG.key,), (WITNESS.key,))
    except LogRefused:
        return
    assert (read.checkpoint, read.cosigned_at) == (CHECKPOINT, {})  # the line now bears an unknown name or key


@pytest.mark.parametrize(
    "signer", [pytest.param(WITNESS, id="a witness's key"), pytest.param(OTHER_WITNESS, id="another name")]
)
def test_a_log_signs_with_no_key_but_its_own(signer):
    with pytest.raises(ValueError, match="own log"):
        sign_checkpoint(CHECKPOINT, signer.key, signer.sign)


@pytest.mark.parametrize(
    ("signer", "at"),
    [(LOG, NOW), (WITNESS, -1), (WITNESS, 2**63)],
    ids=["a log's key", "before 1970", "beyond 63 bits"],
)
def test_a_witness_signs_with_no_other_key_and_at_no_impossible_time(signer, at):
    with pytest.raises(ValueError, match="witness's key"):
        cosign_checkpoint(CHECKPOINT, signer.key, signer.sign, at)
