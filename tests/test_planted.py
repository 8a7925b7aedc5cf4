"""The search for planted data finds what it should, or none of the tests that rely on it means anything."""

from base64 import b64encode

import pytest

from tests.planted import _FULL_WIDTH, PLANTED, found_in

WAYS = {
    "plain": lambda value: value,
    "another case": str.swapcase,
    "full-width": lambda value: value.translate(_FULL_WIDTH),
    "json escapes": lambda value: "".join(f"\\u{ord(one):04x}" if one > "\x7f" else one for one in value),
    "hexadecimal": lambda value: f"before{value}after".encode().hex(),
    "base64": lambda value: b64encode(value.encode() + b"after").decode(),
    "base64 after one byte": lambda value: b64encode(b"1" + value.encode() + b"after").decode(),
    "base64 after two bytes": lambda value: b64encode(b"12" + value.encode() + b"after").decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_planted_value_is_found_however_it_is_written(way):
    written = [(value, f"x{WAYS[way](value)}y") for value in PLANTED if ord(max(value)) < 0x10000]
    assert [value for value, text in written if value not in found_in(text)] == []


def test_what_was_never_planted_is_not_found():
    assert found_in("nothing of the kind, 0001 ... 9999") == ()
