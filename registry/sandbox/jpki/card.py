"""A card as a file: two keys, each behind its PIN, which locks after some wrong tries as the real one does."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from registry.jpki.authenticator import Carrier
from registry.jpki.profile import Purpose
from registry.sandbox.jpki.certificates import HolderTexts, new_key
from registry.sandbox.jpki.office import Office

TRIES: Final[Mapping[Purpose, int]] = {Purpose.SIGNING: 5, Purpose.USER_AUTHENTICATION: 3}
"""Wrong tries after which a PIN is locked, as at a real card; a new card has new ones."""

FIRST_PINS: Final[Mapping[Purpose, str]] = {Purpose.SIGNING: "SANDBOX1", Purpose.USER_AUTHENTICATION: "1234"}
"""What every card of the sandbox is issued with. It keeps nobody out; it is there to be asked for."""


class CardRefused(Exception):  # noqa: N818 - a refusal
    """The card does not sign; the message says why, never which PIN was tried."""


class _Slot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key, sealed by its PIN, its certificate (both PEM), and how often the PIN may still be wrong."""

    certificate: str
    key: str
    tries_left: Annotated[int, msgspec.Meta(ge=0)]


class Card:
    """A card in a file; ``ask_pin`` is asked for the PIN whenever a key is needed."""

    carrier: Carrier = Carrier.CARD

    def __init__(self, path: Path, ask_pin: Callable[[Purpose], str]) -> None:
        """Take up a card; raises :class:`CardRefused` where there is none."""
        try:
            self._slots = msgspec.json.decode(path.read_bytes(), type=dict[Purpose, _Slot])
        except (OSError, msgspec.DecodeError):
            raise CardRefused(f"{path} is no card: `registry sandbox card issue` makes one") from None
        self._path = path
        self._ask_pin = ask_pin

    def certificate(self, purpose: Purpose) -> bytes:
        """Return the certificate (DER)."""
        pem = self._slots[purpose].certificate.encode()
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Sign exactly ``message``; raises :class:`CardRefused` for a wrong or a locked PIN."""
        slot = self._slots[purpose]
        if not slot.tries_left:
            raise CardRefused("this PIN is locked: have a new card issued")
        pin = self._ask_pin(purpose).encode()
        self._keep(purpose, slot, slot.tries_left - 1)  # before the try, so that nobody tries without it being counted
        try:
            key = load_pem_private_key(slot.key.encode(), pin)
        except (ValueError, TypeError):  # TypeError: an empty one
            left = slot.tries_left - 1
            raise CardRefused(f"wrong PIN; {left} tries left" if left else "wrong PIN; it is locked now") from None
        self._keep(purpose, slot, TRIES[purpose])
        if not isinstance(key, RSAPrivateKey):
            raise CardRefused("the card holds no RSA key")
        return key.sign(message, PKCS1v15(), SHA256())

    def _keep(self, purpose: Purpose, slot: _Slot, tries_left: int) -> None:
        self._slots[purpose] = msgspec.structs.replace(slot, tries_left=tries_left)
        _write(self._path, self._slots)


def issue(office: Office, path: Path, who: str, holder: HolderTexts, generation: int, now: datetime) -> None:
    """Issue a card to one of the cast, by one generation of the CAs; the certificates of an earlier one are revoked."""
    office.revoke(who, now)
    slots = {}
    for purpose in Purpose:
        key = new_key()
        certificate = office.issue(who, holder, key, office.issuer(purpose, generation), now)
        sealed = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(FIRST_PINS[purpose].encode())
        )
        slots[purpose] = _Slot(certificate=certificate.decode(), key=sealed.decode(), tries_left=TRIES[purpose])
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, slots)


def _write(path: Path, slots: dict[Purpose, _Slot]) -> None:
    beside = path.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_bytes(msgspec.json.encode(slots))
    beside.replace(path)
