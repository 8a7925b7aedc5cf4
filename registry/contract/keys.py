"""The keys that gateways, municipal agents, agencies and the registry sign with: one key, one algorithm.

The algorithm follows from the kind of key and from nothing that a message says; that is the whole defence
against algorithm confusion. Both kinds give signatures of 64 bytes: Ed25519 as it is, ECDSA P-256 as r‖s
(RFC 9421 § 3.3.4, RFC 7518 § 3.4), so the same key serves RFC 9421 and JWS.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Self

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

SIGNATURE_BYTES = 64
_COORDINATE_BYTES = 32
_ECDSA_SHA256 = ECDSA(hashes.SHA256())

# Key ids stand in headers, logs and file names: a closed alphabet without quoting, traversal or line ends.
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


class Algorithm(StrEnum):
    """The two algorithms of the registry, by their names in the IANA registry of RFC 9421 § 6.2."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256-sha256"


class VerifyingKey(msgspec.Struct, frozen=True, kw_only=True):
    """A registered public key: Ed25519 or ECDSA P-256; any other kind raises ``ValueError``."""

    key_id: str
    public: Ed25519PublicKey | EllipticCurvePublicKey

    def __post_init__(self) -> None:
        _check_key_id(self.key_id)
        on_p256 = isinstance(self.public, EllipticCurvePublicKey) and isinstance(self.public.curve, SECP256R1)
        if not on_p256 and not isinstance(self.public, Ed25519PublicKey):
            raise ValueError("a key must be Ed25519 or ECDSA P-256")

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm that this key verifies."""
        return Algorithm.ED25519 if isinstance(self.public, Ed25519PublicKey) else Algorithm.ECDSA_P256

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Tell whether ``signature`` (64 bytes) was made over exactly ``message`` by the owner of this key."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            if isinstance(self.public, Ed25519PublicKey):
                self.public.verify(signature, message)
            else:
                self.public.verify(_der(signature), message, _ECDSA_SHA256)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def from_pem(cls, key_id: str, pem: bytes) -> Self:
        """Read a public key (SubjectPublicKeyInfo); raises ``ValueError`` when it is no key of the two kinds."""
        return cls(key_id=key_id, public=_loaded(lambda: load_pem_public_key(pem)))

    def to_pem(self) -> bytes:
        """Write the public key as SubjectPublicKeyInfo."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A private key of one of the two kinds; everything that is signed passes :meth:`sign`."""

    key_id: str
    private: Ed25519PrivateKey | EllipticCurvePrivateKey

    def __post_init__(self) -> None:
        VerifyingKey(key_id=self.key_id, public=self.private.public_key())  # its checks hold for the pair

    def __repr__(self) -> str:
        return f"SigningKey(key_id={self.key_id!r})"

    @property
    def verifying(self) -> VerifyingKey:
        """The public half, to be registered with the other side."""
        return VerifyingKey(key_id=self.key_id, public=self.private.public_key())

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm that this key signs with."""
        return Algorithm.ED25519 if isinstance(self.private, Ed25519PrivateKey) else Algorithm.ECDSA_P256

    def sign(self, message: bytes) -> bytes:
        """Sign exactly ``message``; 64 bytes."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        r, s = decode_dss_signature(self.private.sign(message, _ECDSA_SHA256))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")

    @classmethod
    def generate(cls, key_id: str, algorithm: Algorithm = Algorithm.ED25519) -> Self:
        """Make a new key pair."""
        if algorithm is Algorithm.ED25519:
            return cls(key_id=key_id, private=Ed25519PrivateKey.generate())
        return cls(key_id=key_id, private=generate_private_key(SECP256R1()))

    @classmethod
    def from_pem(cls, key_id: str, pem: bytes) -> Self:
        """Read an unencrypted private key; raises ``ValueError`` when it is no key of the two kinds."""
        return cls(key_id=key_id, private=_loaded(lambda: load_pem_private_key(pem, password=None)))

    def to_pem(self) -> bytes:
        """Write the private key as PKCS #8 without encryption: the file that takes it must be 0600."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


KeyLookup = Callable[[str], VerifyingKey | None]
"""Finds the registered key of a key id; None means that the key is unknown, withdrawn or not yet valid."""


def _check_key_id(key_id: str) -> None:
    """Refuse, as a slip of configuration, a key id outside the closed alphabet."""
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError("a key id has 1 to 64 characters of A-Z a-z 0-9 . _ : - and begins with a letter or digit")


def _loaded(load: Callable[[], Any]) -> Any:
    """Load a PEM file; one kind of error for the several of the library (encrypted, cut off, unknown kind)."""
    try:
        return load()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("this is no unencrypted PEM file of an Ed25519 or ECDSA P-256 key") from None


def _der(signature: bytes) -> bytes:
    """Turn r‖s into the DER form that the library verifies."""
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
