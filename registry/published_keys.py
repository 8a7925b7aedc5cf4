"""Published keys (C2SP vkeys) as somebody types them behind --log-key and --witness-key."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from registry.command_line import NOT_UNDERSTOOD, told
from registry.telling import stop
from registry.transparency.note import KeyKind, NoteKey
from registry.transparency.refusals import LogRefused

WitnessKeys = Annotated[
    list[str] | None,
    Parameter(
        name="--witness-key",
        negative="",
        help=told(
            "The published key of a witness that must have cosigned; may be repeated.",
            "連署しているべき立会者の公開鍵(複数可)。",
        ),
    ),
]


def read(texts: Sequence[str], kind: KeyKind) -> tuple[NoteKey, ...]:
    """Return the keys, or end the command with what is wrong with one of them."""
    try:
        keys = tuple(NoteKey.from_text(text) for text in texts)
    except LogRefused:
        stop("a published key has the form <name>+<key id>+<base64> (C2SP signed-note)", NOT_UNDERSTOOD)
    if any(key.kind is not kind for key in keys):
        stop(f"this is the key of something else: wanted are keys of the kind 0x{kind:02x} (C2SP)", NOT_UNDERSTOOD)
    return keys
