"""Bytes become a message, or every fault in them at once; a message becomes bytes.

JSON leaves room for quarrels (RFC 8259 § 4, § 6, § 8): members that stand twice, numbers without limit, half
surrogates. Two readers that settle them differently read two different reports under one signature, so all of
them are refused here, before any rule sees the message. Then the message must have the shape that was declared;
where it has not, ``mismatches`` says so place by place.

A fault names a place, never a value. Names of members are the sender's words too: a pointer repeats one
only when it looks like the name of an item.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final, TypeVar

import msgspec

from registry.contract.mismatches import demand_closed, fitted, mismatches, step
from registry.contract.values import to_json
from registry.domain.errors import Fault, FaultCode, InvalidInput

T = TypeVar("T", bound=msgspec.Struct)
Item = TypeVar("Item", bound=msgspec.Struct)

MAX_BYTES: Final = 1 << 20  # a single message; who takes batches says how much
MAX_DEPTH: Final = 32  # far more than any message of the contract needs; keeps every recursion shallow
MAX_FAULTS: Final = 100  # nobody mends more at once, and an answer stays small whatever was sent
_SIGNED_64_BIT: Final = range(-(2**63), 2**63)  # what PostgreSQL's bigint holds; JSON itself sets no limit
_LONGEST_INTEGER: Final = len(str(-(2**63)))

# C0 but tab and line ends (PostgreSQL refuses NUL, terminals obey the rest), DEL and C1, half surrogates (no
# UTF-8 holds them), noncharacters (Unicode § 23.7: never text).
_FORBIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe-\U{plane:04x}ffff" for plane in range(0x11))
    + "]"
)
# A bracket, or a whole string to be passed over; possessive, so that no text makes it look twice.
_BRACKET_OR_STRING: Final = re.compile(r'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS: Final = re.compile(r"[^\[\]{}]+")
_SQUARE: Final = str.maketrans("{}", "[]")

_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=to_json)


def encode(message: object) -> bytes:
    """Write a message as JSON in UTF-8: equal messages give equal bytes (sets and maps, by text, are sorted)."""
    return _encoder.encode(message)


def decode(body: bytes, type_: type[T], *, max_bytes: int = MAX_BYTES) -> T:
    """Read one message of type ``type_``, a msgspec Struct that forbids unknown fields at every level.

    Raises :class:`InvalidInput` with every fault found, ``MAX_FAULTS`` at most: a single one when the body is
    longer than ``max_bytes`` or no JSON text at all, else one per wrong place.
    """
    tree, is_clean = _read(body, max_bytes)
    return _checked(tree, type_, is_clean=is_clean)


def decode_each(
    body: bytes, type_: type[T], field: str, item: type[Item], *, max_bytes: int = MAX_BYTES
) -> tuple[T, list[Item | InvalidInput]]:
    """Read a message in whose ``field`` items of type ``item`` stand or fall each by itself.

    ``type_`` declares that field as a tuple of None, for how many there may be. Returns the message, and in the place
    of each item the item or why it cannot be read. Raises as :func:`decode` for all that is not inside an item.
    """
    tree, is_clean = _read(body, max_bytes)
    given = tree.get(field) if isinstance(tree, dict) else None
    items = given if isinstance(given, list) else []
    if isinstance(given, list):
        tree[field] = [None] * len(items)
    message = _checked(tree, type_, is_clean=is_clean)
    return message, [_checked_or_refused(one, item, is_clean=is_clean) for one in items]


def _checked_or_refused(tree: Any, type_: type[Item], *, is_clean: bool) -> Item | InvalidInput:
    try:
        return _checked(tree, type_, is_clean=is_clean)
    except InvalidInput as refused:
        return refused


def _read(body: bytes, max_bytes: int) -> tuple[Any, bool]:
    """Return the tree of a body, and whether it is clean of all that `_flaws` looks for."""
    text = _text(body, max_bytes)
    reader = _Reader()
    tree = reader.read(text)
    # A character that may not stand comes in raw or behind \u: who has neither need not be walked through.
    return tree, not reader.found_flaws and "\\u" not in text and not _has_forbidden(text)


def _has_forbidden(text: str) -> bool:
    """Whether a character stands in a text that no message may hold; none of them can be printed."""
    return not text.replace("\u3000", " ").isprintable() and _FORBIDDEN.search(text) is not None


def _checked(tree: Any, type_: type[T], *, is_clean: bool) -> T:
    """Return the tree as a message, or raise with every fault in it."""
    demand_closed(type_)
    message = fitted(tree, type_)
    if message is not None and is_clean:
        return message
    flaws = {fault.pointer: fault for fault in islice(_flaws(tree, ""), MAX_FAULTS)}
    others = (fault for fault in mismatches(tree, type_) if fault.pointer not in flaws)
    faults = tuple(islice(chain(flaws.values(), others), MAX_FAULTS))
    if message is None or faults:
        raise InvalidInput(*faults)
    return message


class _Unusable:
    """Stands in the tree for a number that no message can hold."""


class _Doubled(dict[str, Any]):
    """An object in which members stand twice; ``names`` are theirs."""

    names: tuple[str, ...] = ()


class _Reader:
    """Reads one JSON text; ``found_flaws`` tells whether something in it must be looked for with `_flaws`."""

    def __init__(self) -> None:
        self.found_flaws = False

    def read(self, text: str) -> Any:
        """Return the tree of the text, or raise with the place (line, column) where it stops being JSON."""
        decoder = json.JSONDecoder(
            object_pairs_hook=self._members,
            parse_int=self._integer,
            parse_float=self._fraction,
            parse_constant=lambda _: self._unusable(),  # NaN and Infinity are no JSON (RFC 8259 § 6)
        )
        try:
            return decoder.decode(text)
        except json.JSONDecodeError as error:
            fault = _not_json(error)
        raise InvalidInput(fault)  # outside of the block above: the error of the library holds the whole text

    def _members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        self.found_flaws = True
        counts = Counter(name for name, _ in pairs)
        doubled = _Doubled(members)
        doubled.names = tuple(name for name, count in counts.items() if count > 1)
        return doubled

    def _integer(self, digits: str) -> int | _Unusable:
        if len(digits) > _LONGEST_INTEGER or int(digits) not in _SIGNED_64_BIT:
            return self._unusable()
        return int(digits)

    def _fraction(self, digits: str) -> float | _Unusable:
        number = float(digits)
        return number if math.isfinite(number) else self._unusable()

    def _unusable(self) -> _Unusable:
        self.found_flaws = True
        return _Unusable()


def _text(body: bytes, max_bytes: int) -> str:
    """Return the body as text that is safe to parse: short, UTF-8 without BOM, not nested too deeply."""
    if len(body) > max_bytes:
        raise InvalidInput(Fault(code=FaultCode.TOO_LONG, expected=f"at most {max_bytes} bytes"))
    if not body.strip(b" \t\r\n"):
        raise InvalidInput(Fault(code=FaultCode.EMPTY, expected="a JSON text"))
    if body.startswith(b"\xef\xbb\xbf"):  # RFC 8259 § 8.1: must not be added
        raise InvalidInput(Fault(code=FaultCode.FORBIDDEN_CHARACTER, expected="UTF-8 without a byte order mark"))
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        fault = Fault(code=FaultCode.FORBIDDEN_CHARACTER, expected=f"UTF-8; byte {error.start + 1} breaks it")
    else:
        _refuse_depth(text)
        return text
    raise InvalidInput(fault)  # outside of the block above: the error of the library holds the whole body


def _refuse_depth(text: str) -> None:
    """Refuse a text nested deeper than ``MAX_DEPTH`` before anything recursive reads it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH or _is_shallow(text):
        return
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(text):
        mark = found[0][0]
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, expected=f"at most {MAX_DEPTH} levels of nesting"))


def _is_shallow(text: str) -> bool:
    """Whether the brackets of a text pair off within ``MAX_DEPTH`` rounds, each of which takes the innermost away."""
    brackets = _NO_BRACKETS.sub("", _STRING.sub("", text)).translate(_SQUARE)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace("[]", "")
    return not brackets


def _not_json(error: json.JSONDecodeError) -> Fault:
    """Say where a text stops being JSON; a control character inside a string has a code of its own."""
    place = f"line {error.lineno}, column {error.colno}"
    if error.msg.startswith("Invalid control character"):
        return Fault(code=FaultCode.FORBIDDEN_CHARACTER, expected=f"no control character in a string; see {place}")
    return Fault(code=FaultCode.WRONG_TYPE, expected=f"JSON (RFC 8259); reading stopped at {place}")


def _flaws(node: Any, pointer: str) -> Iterator[Fault]:
    """Walk through a tree and name what JSON lets pass but no message may hold; at most ``MAX_DEPTH`` deep."""
    match node:
        case str() if _FORBIDDEN.search(node):
            yield Fault(code=FaultCode.FORBIDDEN_CHARACTER, pointer=pointer, expected="no control or broken character")
        case dict():
            yield from _flaws_of_object(node, pointer)
        case list():
            for index, item in enumerate(node):
                yield from _flaws(item, f"{pointer}/{index}")
        case _Unusable():
            yield Fault(
                code=FaultCode.OUT_OF_RANGE, pointer=pointer, expected="a finite number; an integer within 64 bits"
            )


def _flaws_of_object(node: dict[str, Any], pointer: str) -> Iterator[Fault]:
    """Name doubled members and the flaws of names and values."""
    if isinstance(node, _Doubled):
        for name in node.names:
            yield Fault(code=FaultCode.DUPLICATE, pointer=pointer + step(name), expected="each name once")
    for name, value in node.items():
        if _FORBIDDEN.search(name):
            yield Fault(
                code=FaultCode.FORBIDDEN_CHARACTER, pointer=pointer + step(name), expected="no such character in names"
            )
        yield from _flaws(value, pointer + step(name))
