"""How an offer travels to a witness and its cosignatures back (C2SP tlog-witness § add-checkpoint).

    old <number of leaves that the proof begins at>
    <hash of the consistency proof, base64>         none to 63 of them
                                                    an empty line
    <checkpoint>                                    a signed note, to its last byte

The answer is one signature line of a note for each key of the witness.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from registry.transparency.note import Note, Signature, exact_base64
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.witness import Offer

PATH: Final = "/add-checkpoint"
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"
"""The media type of an answer 409, which tells how many leaves the witness has cosigned."""
MAX_OFFER_BYTES: Final = 64 << 10
"""A proof has 63 lines of 45 bytes at most, and few logs have a hundred signatures."""

_HEADING: Final = re.compile(rb"old (0|[1-9][0-9]{0,18})((?:\n[A-Za-z0-9+/]{43}=){0,63})")
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


def write_offer(offer: Offer) -> bytes:
    """Write the body of the request."""
    lines = [f"old {offer.old_size}", *(b64encode(value).decode() for value in offer.proof), "", ""]
    return "\n".join(lines).encode() + offer.note


def read_offer(body: bytes) -> Offer:
    """Read the body of a request; the note in it is not looked at. Raises :class:`LogRefused` (OFFER_MALFORMED)."""
    heading, separator, note = body.partition(b"\n\n")
    found = _HEADING.fullmatch(heading)
    if found is None or not separator or len(body) > MAX_OFFER_BYTES:
        raise LogRefused(LogFault.OFFER_MALFORMED)
    proof = tuple(exact_base64(line) for line in found[2].decode().split("\n")[1:])
    if any(value is None for value in proof):
        raise LogRefused(LogFault.OFFER_MALFORMED)
    return Offer(old_size=int(found[1]), proof=tuple(value for value in proof if value), note=note)


def write_cosignatures(signatures: Iterable[Signature]) -> bytes:
    """Write the body of an answer 200."""
    return "".join(f"{signature.line}\n" for signature in signatures).encode()


def read_cosignatures(body: bytes) -> tuple[Signature, ...]:
    """Read the body of an answer 200, whoever signed; raises :class:`LogRefused` (NOTE_MALFORMED)."""
    note = Note.parse(b"\n\n" + body)  # lines as they stand under a note
    if note.text != "\n":
        raise LogRefused(LogFault.NOTE_MALFORMED)
    return note.signatures


def write_size(size: int) -> bytes:
    """Write the body of an answer 409."""
    return f"{size}\n".encode()


def read_size(body: bytes) -> int:
    """Read the body of an answer 409; raises :class:`LogRefused` (OFFER_MALFORMED) for anything but a size."""
    found = _SIZE.fullmatch(body)
    if found is None:
        raise LogRefused(LogFault.OFFER_MALFORMED)
    return int(found[1])
