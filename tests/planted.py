"""Personal data planted on purpose, and the search for them where they have no business: logs, problems, tables."""

import json
from base64 import b64encode
from collections.abc import Iterator

NUMBER = "123456789018"
OTHER_NUMBER = "621498320257"
CODE = "12345678938"
BIRTH = "1979-11-23"
ADDRESSEE = "9081726354"
PLANTED = (
    NUMBER,
    OTHER_NUMBER,
    CODE,
    ADDRESSEE,
    BIRTH,
    "昭和54年11月23日",
    "髙﨑",
    "高崎",
    "花子",
    "邊見",
    "𠮷郎",
    "タカサキ",
    "ハナコ",
    "TAKASAKI",
    "鍛冶町七丁目",
    "Larkspur Crescent",
    "555-0173",
    "hanako@mail.example",
    "TK7654321",
)
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def found_in(where: bytes | str) -> tuple[str, ...]:
    """Return which planted values stand in ``where``: plain, full-width, escaped, in hexadecimal or in base64."""
    text = where if isinstance(where, str) else where.decode("utf-8", "replace")
    folded = text.casefold()
    return tuple(
        value
        for value in PLANTED
        if any(form.casefold() in folded for form in _spelled(value)) or any(form in text for form in _coded(value))
    )


def _spelled(value: str) -> Iterator[str]:
    yield from (value, value.translate(_FULL_WIDTH), json.dumps(value)[1:-1])
    yield from (written.hex() for written in _written(value))


def _written(value: str) -> Iterator[bytes]:
    for encoding in ("utf-8", "cp932", "utf-16-le"):
        written = value.encode(encoding, "replace")
        if written.decode(encoding) == value and len(written) > 3:  # three bytes of chance are found anywhere
            yield written


def _coded(value: str) -> Iterator[str]:
    """Yield the middle of each of the three ways in which a value can stand in a longer base64 text."""
    for written in _written(value):
        for before, spoilt in ((0, 0), (1, 2), (2, 3)):
            middle = b64encode(b"\0" * before + written).decode().rstrip("=")[spoilt:-1]
            if len(middle) > 4:
                yield from {middle, middle.replace("+", "-").replace("/", "_")}
