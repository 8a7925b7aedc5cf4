"""A note is read as it is written and in no other way, and a key knows its own signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.note import MAX_NOTE_BYTES, MAX_SIGNATURES, KeyKind, Note, NoteKey, Signature
from registry.transparency.refusals import LogFault, LogRefused
from tests.transparency.signers import (
    ARCHE,
    ARCHE_KEY,
    ENOCH_KEY,
    ENOCH_LINE,
    PETER,
    PETER_KEY,
    PETER_LINE,
    PROBLEM,
    REMORA_KEY,
    WITNESS,
)

# The example of C2SP signed-note: the text has an empty line of its own.
SALVATORE = """\
Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501 - a signature line is as long as it is
BOTH = PROBLEM + "\n" + PETER_LINE + ENOCH_LINE


def refused(function, *arguments):
    with pytest.raises(LogRefused) as caught:
        function(*arguments)
    return caught.value


# ---------------------------------------------------------------- keys
@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        pytest.param(PETER_KEY, "PeterNeumann", KeyKind.LOG, id="Go's sumdb"),
        pytest.param(ARCHE_KEY, "arche2025h1.staging.ct.transparency.dev", KeyKind.LOG, id="a log of certificates"),
        pytest.param(REMORA_KEY, "remora.n621.de", KeyKind.WITNESS, id="a public witness"),
    ],
)
def test_a_published_key_has_the_key_id_that_stands_in_it(text, name, kind):
    key = NoteKey.from_text(text)
    assert (key.name, key.kind, key.key_id.hex(), key.text) == (name, kind, text.split("+")[1], text)


def test_no_part_of_a_published_key_is_a_key():
    ends = range(len(PETER_KEY) + 1)
    parts = {PETER_KEY[begin:end] for begin in ends for end in ends if begin < end} - {PETER_KEY}
    assert {refused(NoteKey.from_text, part).code for part in parts} == {LogFault.KEY_MALFORMED}


@pytest.mark.parametrize("at", range(len(PETER_KEY)))
def test_a_published_key_with_one_sign_changed_is_refused(at):
    bent = PETER_KEY[:at] + chr(ord(PETER_KEY[at]) + 1) + PETER_KEY[at + 1 :]
    assert refused(NoteKey.from_text, bent).code == LogFault.KEY_MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", id="another length"),
        pytest.param("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", id="another algorithm"),
        pytest.param(PETER_KEY.upper(), id="key id in capitals"),
        pytest.param(PETER_KEY + "\n", id="a line end"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_published_key_is_refused(text):
    assert refused(NoteKey.from_text, text).code == LogFault.KEY_MALFORMED


@pytest.mark.parametrize("name", ["", "two words", "a+b", "ideographic\u3000space", "line\nend", "bell\x07"])
def test_a_name_that_would_break_a_line_is_refused(name):
    assert refused(lambda: NoteKey(name=name, public=bytes(32), kind=KeyKind.LOG)).code == LogFault.KEY_MALFORMED


def test_the_same_key_has_another_id_for_another_purpose():
    as_log = NoteKey(name=WITNESS.key.name, public=WITNESS.key.public, kind=KeyKind.LOG)
    assert as_log.key_id != WITNESS.key.key_id


# ---------------------------------------------------------------- notes
def test_a_note_is_signed_exactly_as_go_signs_it():
    value = PETER.sign(PROBLEM.encode())
    signature = Signature(name=PETER.key.name, key_id=PETER.key.key_id, value=value)
    assert Note(text=PROBLEM, signatures=(signature,)).encode().decode() == PROBLEM + "\n" + PETER_LINE


def test_the_signatures_of_the_outer_world_verify():
    note = Note.parse(BOTH.encode())
    for text, signature in zip((PETER_KEY, ENOCH_KEY), note.signatures, strict=True):
        key = NoteKey.from_text(text)
        assert signature.is_of(key)
        assert key.verifies(signature.value, note.text.encode())
        assert not key.verifies(signature.value, note.text.encode() + b"\n")
        assert not key.verifies(signature.value[:-1], note.text.encode())
    assert not note.signatures[0].is_of(NoteKey.from_text(ENOCH_KEY))


@pytest.mark.parametrize(
    ("note", "lines", "signatures"),
    [
        pytest.param(SALVATORE, 4, 1, id="an empty line in the text"),
        pytest.param(BOTH, 2, 2, id="two signatures"),
        pytest.param(ARCHE, 3, 6, id="a cosigned checkpoint"),
        pytest.param("\n\n" + PETER_LINE, 1, 1, id="a text that is one empty line"),
        pytest.param("a\n\n\n" + PETER_LINE, 2, 1, id="a text that ends with an empty line"),
    ],
)
def test_a_note_comes_back_as_it_was(note, lines, signatures):
    read = Note.parse(note.encode())
    assert (read.text.count("\n"), len(read.signatures)) == (lines, signatures)
    assert read.encode() == note.encode()


def test_one_more_signature_stands_below_the_others():
    note = Note.parse((PROBLEM + "\n" + PETER_LINE).encode())
    assert note.signed(Note.parse(BOTH.encode()).signatures[1]).encode() == BOTH.encode()


@pytest.mark.parametrize(
    ("note", "where"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param(PROBLEM, "", id="no empty line"),
        pytest.param(PROBLEM + "\n", "", id="no signature"),
        pytest.param(PROBLEM + "\n" + PETER_LINE[:-1], "", id="no line end"),
        pytest.param("\x01" + PROBLEM + "\n" + PETER_LINE, "", id="a control character"),
        pytest.param(PROBLEM.replace("\n", "\r\n") + "\n" + PETER_LINE, "", id="line ends of another system"),
        pytest.param("\t" + PROBLEM + "\n" + PETER_LINE, "", id="a tabulator"),
        pytest.param(PROBLEM + "\n" + PETER_LINE.replace("Peter", "Peter "), "line 4", id="a space in a name"),
        pytest.param(
            PROBLEM + "\n" + PETER_LINE.replace("Peter", "Peter\u2003"), "line 4", id="a wide space in a name"
        ),
        pytest.param(PROBLEM + "\n" + PETER_LINE.replace("Peter", "Peter+"), "line 4", id="a plus in a name"),
        pytest.param(PROBLEM + "\n" + PETER_LINE.replace("—", "-"), "line 4", id="a hyphen for the dash"),
        pytest.param(BOTH + "Unexpected line.\n", "line 6", id="a line that is no signature"),
        pytest.param(PROBLEM + "\n" + PETER_LINE + ENOCH_LINE.replace("=", ""), "line 5", id="base64 without its end"),
        pytest.param(PROBLEM + "\n" + PETER_LINE.replace("nAM=", "nAN="), "line 4", id="base64 of another spelling"),
        pytest.param(PROBLEM + "\n— PeterNeumann x08gow==\n", "line 4", id="a key id and no signature"),
        pytest.param(PROBLEM + "\n" + PETER_LINE * (MAX_SIGNATURES + 1), "", id="too many signatures"),
        pytest.param("a" * MAX_NOTE_BYTES + "\n\n" + PETER_LINE, "", id="too long"),
    ],
)
def test_what_is_no_note_is_refused_with_the_line(note, where):
    refusal = refused(Note.parse, note.encode())
    assert (refusal.code, refusal.where) == (LogFault.NOTE_MALFORMED, where)


def test_a_note_that_is_no_utf_8_is_refused():
    assert refused(Note.parse, b"\xff" + BOTH.encode()).code == LogFault.NOTE_MALFORMED


def test_as_many_signatures_as_allowed_are_read():
    assert len(Note.parse((PROBLEM + "\n" + PETER_LINE * MAX_SIGNATURES).encode()).signatures) == MAX_SIGNATURES


@given(st.lists(st.sampled_from(["— ", "a", "\n", "\n\n", " ", "x08gowAA", "=", "é", "\t", PETER_LINE])))
def test_whatever_is_read_is_written_the_same(parts):
    data = "".join(parts).encode()
    try:
        note = Note.parse(data)
    except LogRefused as refusal:
        assert refusal.code == LogFault.NOTE_MALFORMED  # noqa: PT017 - most texts are no notes
    else:
        assert note.encode() == data
