"""Checkpoints (C2SP tlog-checkpoint) and their cosignatures (C2SP tlog-cosignature): the head of the log, signed.

    <origin>                       the name of the log, and of the key that signs for it
    <number of leaves>
    <root, base64>

The log signs these three lines. A witness signs them behind ``cosignature/v1`` and ``time <seconds>``: as of that time,
this is the largest tree of that log that it has seen, and every tree that it saw before is a beginning of it.

Of what the formats leave open, one way is taken: the log's key bears the name of the origin, and extension lines, which
nobody could audit, are refused.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

import msgspec

from registry.transparency.note import KeyKind, Note, NoteKey, Sign, Signature, exact_base64
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.tree import TreeHead

_LINES: Final = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")
_TIME_BYTES: Final = 8
_LAST_TIME: Final = 2**63 - 1  # C2SP tlog-cosignature § Format


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The head of the log that is called ``origin``."""

    origin: str
    head: TreeHead

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.head.size}\n{b64encode(self.head.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note; raises :class:`LogRefused` (CHECKPOINT_MALFORMED) for any but these three lines."""
        found = _LINES.fullmatch(text)
        root = exact_base64(found[3]) if found else None
        if found is None or root is None:
            raise LogRefused(LogFault.CHECKPOINT_MALFORMED)
        try:
            head = TreeHead(size=int(found[2]), root=root)
        except LogRefused:
            raise LogRefused(LogFault.CHECKPOINT_MALFORMED) from None
        return cls(origin=found[1], head=head)


class OpenedCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that the log has signed, and when which known witness cosigned it.

    ``cosigned_at`` holds by name of the witness the latest time, in seconds since 1970-01-01T00:00Z.
    """

    checkpoint: Checkpoint
    cosigned_at: Mapping[str, int]


def sign_checkpoint(checkpoint: Checkpoint, key: NoteKey, sign: Sign) -> Note:
    """Sign as the log: a note with one signature. Raises ``ValueError`` for a key of another kind or name."""
    if (key.kind, key.name) != (KeyKind.LOG, checkpoint.origin):
        raise ValueError("a checkpoint is signed with the key of its own log")
    value = sign(checkpoint.text.encode())
    return Note(text=checkpoint.text, signatures=(Signature(name=key.name, key_id=key.key_id, value=value),))


def cosign_checkpoint(checkpoint: Checkpoint, key: NoteKey, sign: Sign, at: int) -> Signature:
    """Sign as a witness that has seen this head at ``at`` (seconds since 1970), and sign only what was judged.

    Raises ``ValueError`` for a key of another kind and a time before 1970 or beyond 63 bits.
    """
    if key.kind is not KeyKind.WITNESS or not 0 <= at <= _LAST_TIME:
        raise ValueError("a cosignature takes a witness's key and a time since 1970")
    value = at.to_bytes(_TIME_BYTES, "big") + sign(_cosigned(checkpoint.text, at))
    return Signature(name=key.name, key_id=key.key_id, value=value)


def open_checkpoint(data: bytes, log_keys: Sequence[NoteKey], witness_keys: Sequence[NoteKey]) -> OpenedCheckpoint:
    """Read a note, check it with the keys of one log, and note which known witnesses cosigned it.

    ``log_keys`` may be several while the log changes its key; one must have signed. How many witnesses are enough is
    for the caller to say. Raises :class:`LogRefused`: NOTE_MALFORMED or CHECKPOINT_MALFORMED; OTHER_ORIGIN when the
    log is none of the keys'; SIGNATURE_WRONG when a line of a known key does not verify, SIGNATURE_MISSING when no
    key of the log has one.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    own = [key for key in log_keys if key.kind is KeyKind.LOG and key.name == checkpoint.origin]
    if not own:
        raise LogRefused(LogFault.OTHER_ORIGIN)
    if not [_check(note.text, key, signature) for key, signature in _of_known(note, own)]:
        raise LogRefused(LogFault.SIGNATURE_MISSING)
    witnesses = [key for key in witness_keys if key.kind is KeyKind.WITNESS]
    times = sorted((_check(note.text, key, signature), key.name) for key, signature in _of_known(note, witnesses))
    return OpenedCheckpoint(checkpoint=checkpoint, cosigned_at={name: at for at, name in times})


def _of_known(note: Note, keys: Iterable[NoteKey]) -> list[tuple[NoteKey, Signature]]:
    """Pair each key with the signatures that name it; all others are left alone (C2SP signed-note § Signatures)."""
    return [(key, signature) for key in keys for signature in note.signatures if signature.is_of(key)]


def _check(text: str, key: NoteKey, signature: Signature) -> int:
    """Verify one line of a known key and return the time in it, 0 for the log's own, which has none."""
    made, message, at = signature.value, text.encode(), 0
    if key.kind is KeyKind.WITNESS:
        at, made = int.from_bytes(made[:_TIME_BYTES], "big"), made[_TIME_BYTES:]
        message = _cosigned(text, at)
    if at > _LAST_TIME or not key.verifies(made, message):
        raise LogRefused(LogFault.SIGNATURE_WRONG, key.name)
    return at


def _cosigned(text: str, at: int) -> bytes:
    """Return what a witness signs (C2SP tlog-cosignature § Ed25519 signed message)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()
