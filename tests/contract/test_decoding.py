"""Bytes become a message or all their faults at once, whatever the bytes; no fault repeats what was sent."""

import json
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from registry.contract.decoding import MAX_DEPTH, MAX_FAULTS, decode, encode
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.numbers import IndividualNumber


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Message(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class Place(Message):
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    lines: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=8)], ...], Meta(min_length=1, max_length=3)]


class ByShip(Message, tag_field="by", tag="ship"):
    port: str


class ByPlane(Message, tag_field="by", tag="plane"):
    seats: Annotated[int, Meta(ge=1, le=9)]
    window: bool = False


class Pair(Message):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low lies above high")


class Agreed(Message):
    word: str

    def __post_init__(self) -> None:
        if self.word != "yes":
            raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/word", expected="the word yes"))


class Letter(Message):
    sender: str
    sent_on: date | None = None
    sent_at: Annotated[datetime, Meta(tz=True)] | None = None
    colour: Colour = Colour.RED
    copies: Literal[1, 2] = 1
    place: Place | None = None
    travel: ByShip | ByPlane | None = None
    pair: Pair | None = None
    agreed: Agreed | None = None
    counts: dict[Annotated[str, Meta(pattern="^[0-9]$")], Annotated[float, Meta(ge=0)]] = {}
    corner: tuple[int, bool] | None = None
    reference: UUID | None = None
    number: IndividualNumber | None = None
    note: str | msgspec.UnsetType = msgspec.UNSET
    anything: Any = None
    flags: frozenset[Colour] = frozenset()


def faults_of(body: bytes, **limits: int) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInput) as refusal:
        decode(body, Letter, **limits)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    return refusal.value.faults


def places(faults: tuple[Fault, ...]) -> list[tuple[str, FaultCode]]:
    return sorted((fault.pointer, fault.code) for fault in faults)


def letter(**members: Any) -> bytes:
    return json.dumps({"sender": "A"} | members).encode()


# ---------------------------------------------------------------- what is read
def test_a_message_comes_back_as_it_was_written() -> None:
    sent = Letter(
        sender="髙﨑邊𠮷\n二行目",
        sent_on=date(2026, 3, 31),
        place=Place(country="BR", lines=("Rua 1", "São")),
        travel=ByPlane(seats=2),
        counts={"3": 1.5, "1": 0.0},
        number=IndividualNumber.parse("123456789018"),
        flags=frozenset(Colour),
    )
    assert decode(encode(sent), Letter) == sent


def test_text_may_be_escaped_like_a_careful_sender_does() -> None:
    assert decode(b'{"sender": "\\u9ad9\\ud842\\udfb7"}', Letter).sender == "髙𠮷"


def test_equal_messages_give_equal_bytes() -> None:
    one = Letter(sender="A", counts={"1": 1.0, "2": 2.0}, flags=frozenset({Colour.RED, Colour.BLUE}))
    other = Letter(sender="A", counts={"2": 2.0, "1": 1.0}, flags=frozenset({Colour.BLUE, Colour.RED}))
    assert encode(one) == encode(other)


# ---------------------------------------------------------------- what is no JSON, or quarrelsome JSON
NO_TEXT = {
    "nothing": (b"", FaultCode.EMPTY, "a JSON text"),
    "only spaces": (b" \r\n\t", FaultCode.EMPTY, "a JSON text"),
    "a byte order mark": (b'\xef\xbb\xbf{"sender":"A"}', FaultCode.FORBIDDEN_CHARACTER, "byte order mark"),
    "UTF-16": ('{"sender":"A"}'.encode("utf-16"), FaultCode.FORBIDDEN_CHARACTER, "byte 1"),
    "Shift_JIS": ('{"sender":"髙"}'.encode("cp932"), FaultCode.FORBIDDEN_CHARACTER, "byte 12"),
    "half a surrogate in UTF-8": (b'{"sender":"\xed\xa0\x80"}', FaultCode.FORBIDDEN_CHARACTER, "byte 12"),
    "cut off": (b'{"sender":\n"A"', FaultCode.WRONG_TYPE, "line 2, column 4"),
    "two texts": (b'{"sender":"A"} {}', FaultCode.WRONG_TYPE, "line 1, column 16"),
    "a trailing comma": (b'{"sender":"A",}', FaultCode.WRONG_TYPE, "line 1, column 1"),
    "a comment": (b'{"sender":"A"} // x', FaultCode.WRONG_TYPE, "line 1, column 16"),
    "single quotes": (b"{'sender':'A'}", FaultCode.WRONG_TYPE, "line 1, column 2"),
    "a raw NUL in a string": (b'{"sender":"A\x00"}', FaultCode.FORBIDDEN_CHARACTER, "line 1, column 13"),
    "a raw line end in a string": (b'{"sender":"A\n"}', FaultCode.FORBIDDEN_CHARACTER, "line 1, column 13"),
    "too deep": (b"[" * 33 + b"]" * 33, FaultCode.OUT_OF_RANGE, "32 levels"),
    "far too deep": (b'{"a":' * 100_000, FaultCode.OUT_OF_RANGE, "32 levels"),
}


@pytest.mark.parametrize(("body", "code", "expected"), NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_json_text_is_refused_with_the_place(body: bytes, code: FaultCode, expected: str) -> None:
    (fault,) = faults_of(body)
    assert (fault.pointer, fault.code) == ("", code)
    assert expected in fault.expected


FLAWS = {
    "a doubled member": (b'{"sender":"A","sender":"B"}', "/sender", FaultCode.DUPLICATE),
    "a doubled member inside": (
        b'{"sender":"A","place":{"country":"BR","country":"BR","lines":["x"]}}',
        "/place/country",
        FaultCode.DUPLICATE,
    ),
    "an escaped NUL": (rb'{"sender":"A\u0000"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "an escaped escape": (rb'{"sender":"\u001b[2J"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "a raw C1 control": (b'{"sender":"\xc2\x9b"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "half a surrogate pair": (rb'{"sender":"\ud800"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "a noncharacter": (b'{"sender":"\xef\xbf\xbf"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "a noncharacter beyond the plane": (rb'{"sender":"\udbff\udfff"}', "/sender", FaultCode.FORBIDDEN_CHARACTER),
    "a NUL in a list": (
        rb'{"sender":"A","place":{"country":"BR","lines":["x","\u0000"]}}',
        "/place/lines/1",
        FaultCode.FORBIDDEN_CHARACTER,
    ),
    "a NUL in a name": (rb'{"sender":"A","anything":{"\u0000":1}}', "/anything/?", FaultCode.FORBIDDEN_CHARACTER),
    "NaN": (b'{"sender":"A","anything":NaN}', "/anything", FaultCode.OUT_OF_RANGE),
    "infinity": (b'{"sender":"A","anything":[-Infinity]}', "/anything/0", FaultCode.OUT_OF_RANGE),
    "a float beyond all": (b'{"sender":"A","anything":1e999}', "/anything", FaultCode.OUT_OF_RANGE),
    "2 to the 63": (b'{"sender":"A","anything":9223372036854775808}', "/anything", FaultCode.OUT_OF_RANGE),
    "5,000 digits": (b'{"sender":"A","anything":' + b"9" * 5000 + b"}", "/anything", FaultCode.OUT_OF_RANGE),
}


@pytest.mark.parametrize(("body", "pointer", "code"), FLAWS.values(), ids=FLAWS)
def test_what_two_readers_could_read_differently_is_refused_at_its_place(
    body: bytes, pointer: str, code: FaultCode
) -> None:
    assert places(faults_of(body)) == [(pointer, code)]


@pytest.mark.parametrize(
    "value", [-(2**63), 2**63 - 1, 1.5, "\t\r\n", "[" * 100, '\\"{', "\ufffd"], ids=lambda value: repr(value)[:12]
)
def test_what_stands_at_the_edge_of_the_allowed_is_taken(value: Any) -> None:
    assert decode(letter(anything=value), Letter).anything == value


def test_nesting_is_allowed_up_to_the_limit() -> None:
    inside = MAX_DEPTH - 1
    body = b'{"sender":"A","anything":' + b"[" * inside + b"]" * inside + b"}"
    assert decode(body, Letter).sender == "A"


def test_a_string_that_never_ends_is_passed_over_once() -> None:
    assert [fault.code for fault in faults_of(b'["' + b'\\"' * 400_000 + b"[" * 40)] == [FaultCode.WRONG_TYPE]


@pytest.mark.parametrize("limit", [14, 100])
def test_a_body_may_be_as_long_as_the_limit(limit: int) -> None:
    body = b'{"sender":"A"}'.ljust(limit)
    assert decode(body, Letter, max_bytes=limit).sender == "A"
    assert places(faults_of(body + b" ", max_bytes=limit)) == [("", FaultCode.TOO_LONG)]


# ---------------------------------------------------------------- what has another shape
WRONG = {
    "no object": (b"[]", [("", FaultCode.WRONG_TYPE)]),
    "null": (b"null", [("", FaultCode.WRONG_TYPE)]),
    "a missing item": (b"{}", [("/sender", FaultCode.MISSING)]),
    "an unknown item": (letter(size=1), [("/size", FaultCode.UNKNOWN_FIELD)]),
    "an unknown item with a strange name": (letter(**{"a/b": 1}), [("/?", FaultCode.UNKNOWN_FIELD)]),
    "null where a value must stand": (letter(sender=None), [("/sender", FaultCode.WRONG_TYPE)]),
    "a number for a text": (letter(sender=1), [("/sender", FaultCode.WRONG_TYPE)]),
    "true for a number": (letter(copies=True), [("/copies", FaultCode.WRONG_TYPE)]),
    "a number not among the choices": (letter(copies=3), [("/copies", FaultCode.OUT_OF_RANGE)]),
    "a word not among the choices": (letter(colour="green"), [("/colour", FaultCode.OUT_OF_RANGE)]),
    "a number for a word": (letter(colour=1), [("/colour", FaultCode.WRONG_TYPE)]),
    "no such day": (letter(sent_on="2026-02-30"), [("/sent_on", FaultCode.DATE_UNREADABLE)]),
    "a time without offset": (letter(sent_at="2026-02-01T00:00:00"), [("/sent_at", FaultCode.DATE_UNREADABLE)]),
    "no UUID": (letter(reference="x"), [("/reference", FaultCode.WRONG_TYPE)]),
    "no form": (letter(place={"country": "br", "lines": ["x"]}), [("/place/country", FaultCode.OUT_OF_RANGE)]),
    "an empty list": (letter(place={"country": "BR", "lines": []}), [("/place/lines", FaultCode.EMPTY)]),
    "a long list": (letter(place={"country": "BR", "lines": ["x"] * 4}), [("/place/lines", FaultCode.TOO_LONG)]),
    "items of a list": (
        letter(place={"country": "BR", "lines": ["", "123456789", 3]}),
        [
            ("/place/lines/0", FaultCode.EMPTY),
            ("/place/lines/1", FaultCode.TOO_LONG),
            ("/place/lines/2", FaultCode.WRONG_TYPE),
        ],
    ),
    "a fixed list": (letter(corner=["1", True]), [("/corner/0", FaultCode.WRONG_TYPE)]),
    "a fixed list cut short": (letter(corner=[1]), [("/corner", FaultCode.OUT_OF_RANGE)]),
    "an item of a set": (letter(flags=["red", "pink"]), [("/flags/1", FaultCode.OUT_OF_RANGE)]),
    "a map": (
        letter(counts={"one": 1, "2": -1}),
        [("/counts/?", FaultCode.OUT_OF_RANGE), ("/counts/one", FaultCode.OUT_OF_RANGE)],
    ),
    "no tag": (letter(travel={"port": "x"}), [("/travel/by", FaultCode.MISSING)]),
    "another tag": (letter(travel={"by": "foot"}), [("/travel/by", FaultCode.OUT_OF_RANGE)]),
    "a tag of another kind": (letter(travel={"by": ["ship"]}), [("/travel/by", FaultCode.OUT_OF_RANGE)]),
    "the item of another tag": (
        letter(travel={"by": "plane", "port": "x", "seats": 10}),
        [("/travel/port", FaultCode.UNKNOWN_FIELD), ("/travel/seats", FaultCode.OUT_OF_RANGE)],
    ),
    "no object for a union": (letter(travel="ship"), [("/travel", FaultCode.WRONG_TYPE)]),
    "items that do not go together": (letter(pair={"low": 2, "high": 1}), [("/pair", FaultCode.NOT_ALLOWED_HERE)]),
    "a rule of the domain": (letter(agreed={"word": "no"}), [("/agreed/word", FaultCode.NOT_ALLOWED_HERE)]),
    "a wrong check digit": (letter(number="123456789012"), [("/number", FaultCode.CHECK_DIGIT)]),
    "an optional item of the wrong kind": (letter(note=1), [("/note", FaultCode.WRONG_TYPE)]),
    "a flaw and a wrong shape": (
        rb'{"sender":"\u0000","colour":"green","copies":NaN,"x":1,"x":2}',
        [
            ("/colour", FaultCode.OUT_OF_RANGE),
            ("/copies", FaultCode.OUT_OF_RANGE),
            ("/sender", FaultCode.FORBIDDEN_CHARACTER),
            ("/x", FaultCode.DUPLICATE),
        ],
    ),
    "many things at once": (
        b'{"colour":"green","copies":9,"place":{"lines":[1]},"size":1}',
        [
            ("/colour", FaultCode.OUT_OF_RANGE),
            ("/copies", FaultCode.OUT_OF_RANGE),
            ("/place/country", FaultCode.MISSING),
            ("/place/lines/0", FaultCode.WRONG_TYPE),
            ("/sender", FaultCode.MISSING),
            ("/size", FaultCode.UNKNOWN_FIELD),
        ],
    ),
}


@pytest.mark.parametrize(("body", "expected"), WRONG.values(), ids=WRONG)
def test_every_wrong_place_has_its_fault(body: bytes, expected: list[tuple[str, FaultCode]]) -> None:
    assert places(faults_of(body)) == expected


EXPECTED_WORDS = {
    "choices": (letter(colour="green"), "one of: blue, red"),
    "numbers": (letter(copies=3), "one of: 1, 2"),
    "tags": (letter(travel={"by": "foot"}), "one of: plane, ship"),
    "a form": (letter(place={"country": "br", "lines": ["x"]}), "text of the form ^[A-Z]{2}$"),
    "lengths": (letter(place={"country": "BR", "lines": [""]}), "text of 1 to 8 characters"),
    "a range": (letter(travel={"by": "plane", "seats": 0}), "a whole number of 1 to 9"),
    "a lower end": (letter(counts={"1": -1}), "a number of at least 0"),
    "a list": (letter(place={"country": "BR", "lines": []}), "a list of 1 to 3 items"),
    "a day or nothing": (letter(sent_on=1), "a date as 2026-03-31 or null"),
    "the items there are": (letter(pair={"low": 1, "high": 2, "x": 1}), "one of: high, low"),
    "a value of the domain": (letter(number="1"), "12 digits"),
}


@pytest.mark.parametrize(("body", "words"), EXPECTED_WORDS.values(), ids=EXPECTED_WORDS)
def test_a_fault_says_what_would_be_right(body: bytes, words: str) -> None:
    (fault,) = faults_of(body)
    assert fault.expected.startswith(words)


def test_there_is_an_end_to_the_faults_that_are_told() -> None:
    assert len(faults_of(letter(**{f"x{n}": n for n in range(5000)}))) == MAX_FAULTS
    assert len(faults_of(letter(anything=["\x00"] * 5000))) == MAX_FAULTS


def test_a_message_that_would_let_unknown_items_pass_is_a_slip_of_programming() -> None:
    class Open(msgspec.Struct):
        word: str

    class Closed(Message):
        parts: tuple[Open | None, ...] = ()

    with pytest.raises(TypeError, match="Open stands in a message"):
        decode(b"{}", Closed)


# ---------------------------------------------------------------- whatever is sent
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [field.encode_name for field in msgspec.structs.fields(Letter)]
LETTERS = st.fixed_dictionaries({"sender": JSON}, optional=dict.fromkeys(FIELDS[1:], JSON))


def read_or_refused(body: bytes) -> Letter | None:
    """Let nothing through but a message and a refusal, which always names something."""
    try:
        return decode(body, Letter)
    except InvalidInput:
        return None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff")
@example(b"9" * 5000)
def test_no_bytes_bring_anything_but_a_message_or_a_refusal(body: bytes) -> None:
    message = read_or_refused(body)
    assert message is None or decode(encode(message), Letter) == message


@settings(max_examples=250, deadline=None)
@given(JSON | LETTERS)
def test_no_json_brings_anything_but_a_message_or_a_refusal(value: Any) -> None:
    message = read_or_refused(json.dumps(value).encode())
    assert message is None or decode(encode(message), Letter) == message


PLANTED = "山田太郎123456789018"


def plant(value: Any) -> Any:
    """Put the secret wherever a text or a name can stand."""
    if isinstance(value, dict):
        return {name: plant(item) for name, item in value.items()} | {PLANTED: PLANTED}
    if isinstance(value, list):
        return [plant(item) for item in value]
    return PLANTED if isinstance(value, str) else value


@settings(max_examples=150, deadline=None)
@given(LETTERS | st.fixed_dictionaries({"place": LETTERS, "counts": LETTERS, "travel": LETTERS}))
def test_nothing_that_was_sent_is_repeated_in_a_fault(value: Any) -> None:
    faults = faults_of(json.dumps(plant(value)).encode())
    told = repr(faults) + "".join(str(InvalidInput(fault)) for fault in faults)
    assert "山田" not in told
    assert "123456789018" not in told


def test_a_number_used_as_a_name_is_not_repeated_either() -> None:
    assert places(faults_of(letter(**{"123456789018": 1, "n123456789018": 1}))) == [
        ("/?", FaultCode.UNKNOWN_FIELD),
        ("/?", FaultCode.UNKNOWN_FIELD),
    ]
