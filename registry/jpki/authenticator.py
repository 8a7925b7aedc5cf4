"""認証器 — what signs for a person: a port, with the card, the phone and the IC passport as carriers."""

from enum import StrEnum
from typing import Protocol

from registry.jpki import detached
from registry.jpki.profile import Purpose


class Carrier(StrEnum):
    """What a resident's keys lie on. Verification does not ask which: the certificate says what the key may do."""

    CARD = "card"
    PHONE = "phone"
    IC_PASSPORT = "ic-passport"


class Authenticator(Protocol):
    """Holds a key and a certificate for each purpose; keys never leave it."""

    @property
    def carrier(self) -> Carrier:
        """What it is."""
        ...

    def certificate(self, purpose: Purpose) -> bytes:
        """Return the certificate (DER)."""
        ...

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Sign exactly ``message`` by RSASSA-PKCS1-v1_5 with SHA-256, once its holder has agreed."""
        ...


def sign_application(authenticator: Authenticator, application: bytes, *, origin: str, nonce: str) -> str:
    """Sign the exact bytes of an application, for one origin, under the nonce that it gave."""
    return _signed(authenticator, Purpose.SIGNING, application, origin=origin, nonce=nonce)


def sign_in(authenticator: Authenticator, *, origin: str, nonce: str) -> str:
    """Answer the challenge of one origin."""
    return _signed(authenticator, Purpose.USER_AUTHENTICATION, b"", origin=origin, nonce=nonce)


def _signed(authenticator: Authenticator, purpose: Purpose, content: bytes, *, origin: str, nonce: str) -> str:
    protected = detached.protected_header(purpose, authenticator.certificate(purpose), origin=origin, nonce=nonce)
    return detached.write(protected, authenticator.sign(purpose, protected + b"." + content))
