"""Signed notes (C2SP signed-note): a text, an empty line, and one line for each who signed it.

A note says who signed but never how: name and key id pick a key that the reader already has, and the key says what
is signed and by which algorithm. Lines of unknown keys are left alone; one wrong line of a known key refuses the whole.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.contract.keys import Algorithm, SigningKey
from registry.transparency.refusals import LogFault, LogRefused

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
"""Limits against hostile input, those of Go's sumdb; a reader must take at least 16 signatures."""

_KEY_ID_BYTES: Final = 4
_PUBLIC_KEY_BYTES: Final = 32
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")  # all below U+0020 but the newline
_SIGNATURE_LINE: Final = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/=]+)")
_VERIFIER_KEY: Final = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")

Sign = Callable[[bytes], bytes]
"""Makes the Ed25519 signature (64 bytes) of exactly these bytes; the private key stays where it is."""


class KeyKind(IntEnum):
    """What a key signs: the type byte of its key id (C2SP signed-note § Signature types)."""

    LOG = 0x01
    """Ed25519 over the text."""
    WITNESS = 0x04
    """Ed25519 over time and text (C2SP tlog-cosignature)."""


class NoteKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key under the name of its owner; ``public`` is 32 bytes (RFC 8032).

    Raises :class:`LogRefused` (KEY_MALFORMED) for a name that is empty or holds a space or plus, or another length.
    """

    name: str
    public: bytes
    kind: KeyKind

    def __post_init__(self) -> None:
        if not _is_name(self.name) or len(self.public) != _PUBLIC_KEY_BYTES:
            raise LogRefused(LogFault.KEY_MALFORMED)

    @property
    def key_id(self) -> bytes:
        """The id in signature lines: SHA-256(name ‖ 0x0A ‖ kind ‖ public key), its first 4 bytes."""
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The form in which the key is published, a *vkey*: ``<name>+<key id>+<base64(kind ‖ public key)>``."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self._typed).decode()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a published key; raises :class:`LogRefused` (KEY_MALFORMED) for another kind, form or key id."""
        found = _VERIFIER_KEY.fullmatch(text)
        typed = exact_base64(found[3]) if found else None
        if found is None or typed is None or typed[0] not in set(KeyKind):
            raise LogRefused(LogFault.KEY_MALFORMED)
        key = cls(name=found[1], public=typed[1:], kind=KeyKind(typed[0]))
        if key.text != text:
            raise LogRefused(LogFault.KEY_MALFORMED)
        return key

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Tell whether ``signature`` (64 bytes) was made over exactly ``message`` by the owner of this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @property
    def _typed(self) -> bytes:
        return bytes([self.kind]) + self.public


def of_signing_key(key: SigningKey, name: str, kind: KeyKind) -> NoteKey:
    """Return the published key of a private one under a name.

    Raises ``ValueError`` for any but Ed25519, and :class:`LogRefused` (KEY_MALFORMED) for a name that is none.
    """
    public = key.private.public_key()
    if key.algorithm is not Algorithm.ED25519:
        raise ValueError("notes are signed with Ed25519 (C2SP signed-note)")
    return NoteKey(name=name, public=public.public_bytes(Encoding.Raw, PublicFormat.Raw), kind=kind)


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One line under a note: who signs, with which key (its id, 4 bytes), and what that kind of key leaves there."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line without its end."""
        return f"— {self.name} {b64encode(self.key_id + self.value).decode()}"

    def is_of(self, key: NoteKey) -> bool:
        """Tell whether name and key id name ``key``; whether it signed is another question."""
        return (self.name, self.key_id) == (key.name, key.key_id)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A text, which ends with a newline, and the signatures under it, of which nothing is known yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note as strictly as it is written.

        Raises :class:`LogRefused` (NOTE_MALFORMED), with the line of the note, for anything but the one form: other
        bytes than UTF-8, control characters, no signature, base64 that is not canonical, more than the limits.
        """
        text, signed, lines = _decoded(data).rpartition("\n\n")
        if not signed or not lines.endswith("\n") or lines.count("\n") > MAX_SIGNATURES:
            raise LogRefused(LogFault.NOTE_MALFORMED)
        first = text.count("\n") + 3  # the text's last line has no end left, and the empty line comes after it
        signatures = tuple(_signature(line, at) for at, line in enumerate(lines[:-1].split("\n"), start=first))
        return cls(text=text + "\n", signatures=signatures)

    def encode(self) -> bytes:
        """Write the note; :meth:`parse` reads it back."""
        return "\n".join([self.text, *(signature.line for signature in self.signatures), ""]).encode()

    def signed(self, signature: Signature) -> Self:
        """Return the note with one more signature below the others."""
        return msgspec.structs.replace(self, signatures=(*self.signatures, signature))


def exact_base64(text: str) -> bytes | None:
    """Read standard base64 (RFC 4648 § 4) in its one canonical spelling; None for any other text."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    # Python takes bits behind the last byte that are not zero: two texts for one value.
    return data if b64encode(data).decode() == text else None


def _decoded(data: bytes) -> str:
    if len(data) > MAX_NOTE_BYTES:
        raise LogRefused(LogFault.NOTE_MALFORMED)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise LogRefused(LogFault.NOTE_MALFORMED) from None
    if _CONTROL.search(text):
        raise LogRefused(LogFault.NOTE_MALFORMED)
    return text


def _signature(line: str, number: int) -> Signature:
    found = _SIGNATURE_LINE.fullmatch(line)
    data = exact_base64(found[2]) if found else None
    if found is None or data is None or len(data) <= _KEY_ID_BYTES or not _is_name(found[1]):
        raise LogRefused(LogFault.NOTE_MALFORMED, f"line {number}")
    return Signature(name=found[1], key_id=data[:_KEY_ID_BYTES], value=data[_KEY_ID_BYTES:])


def _is_name(name: str) -> bool:
    """Tell whether this may name a key: not empty, no Unicode space, no plus, and nothing that ends a line."""
    return bool(name) and not any(sign.isspace() or sign == "+" or sign < " " for sign in name)
