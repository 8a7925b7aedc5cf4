"""認証局 — the CAs that are pinned, each chosen by its key and never by its name.

Every generation of a CA of JPKI has the same name, so a name says nothing. A CA comes in by a file of the deployment,
and so does the address of what it has revoked: an address in a certificate is the sender's, and is never called.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import SignatureAlgorithmOID

from registry.contract.toml_text import read_toml
from registry.domain.errors import InvalidInput
from registry.jpki.profile import LEAST_KEY_BITS, SANDBOX, Purpose

RS256: Final = SignatureAlgorithmOID.RSA_WITH_SHA256
"""The one algorithm of JPKI: RSASSA-PKCS1-v1_5 with SHA-256."""


def is_signed(key: RSAPublicKey, algorithm: x509.ObjectIdentifier, signature: bytes, signed: bytes) -> bool:
    """Whether a key made a signature over exactly these bytes, by that algorithm and no other."""
    if algorithm != RS256:
        return False
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of a CA. ``crl`` and ``ocsp`` are where it publishes what it has revoked."""

    purpose: Purpose
    certificate: x509.Certificate
    crl: str
    ocsp: str

    def __post_init__(self) -> None:
        key = self.certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS or not _is_ca(self.certificate):
            raise ValueError("a pinned CA has an RSA key of 2048 bits or more, a key identifier, and may issue")
        if not self.crl.startswith(("http://", "https://")) or not self.ocsp.startswith(("http://", "https://")):
            raise ValueError("crl and ocsp of a pinned CA are addresses that begin with http:// or https://")

    @property
    def key(self) -> RSAPublicKey:
        """The key that everything of this CA is signed with."""
        key = self.certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise TypeError("an Authority was made without its checks")
        return key

    @property
    def key_id(self) -> bytes:
        """By what certificates name it (RFC 5280 § 4.2.1.2)."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    def has_signed(self, algorithm: x509.ObjectIdentifier, signature: bytes, signed: bytes) -> bool:
        """Whether this CA made a signature over exactly these bytes."""
        return is_signed(self.key, algorithm, signature, signed)

    @property
    def is_of_sandbox(self) -> bool:
        """Whether its cards belong to people who do not exist."""
        return any(one.oid == SANDBOX for one in self.certificate.extensions)

    def holds_at(self, moment: datetime) -> bool:
        """Whether the CA's own certificate was valid."""
        return self.certificate.not_valid_before_utc <= moment <= self.certificate.not_valid_after_utc


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        extensions = certificate.extensions
        return (
            extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            and extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
            and bool(extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest)
        )
    except (ValueError, x509.ExtensionNotFound):
        return False


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: Purpose
    certificate: str
    crl: str
    ocsp: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    authority: tuple[_Entry, ...]


def _authority(folder: Path, entry: _Entry) -> Authority:
    certificate = x509.load_pem_x509_certificate((folder / entry.certificate).read_bytes())
    return Authority(purpose=entry.purpose, certificate=certificate, crl=entry.crl, ocsp=entry.ocsp)


class Authorities:
    """The pinned CAs."""

    def __init__(self, authorities: Iterable[Authority]) -> None:
        """Take them in; raises ValueError when two have one key: for which purpose it issues would be open."""
        self._by_key: dict[bytes, Authority] = {}
        for one in authorities:
            if self._by_key.setdefault(one.key_id, one) is not one:
                raise ValueError("two pinned CAs have the same key identifier")

    @classmethod
    def read(cls, path: Path, *, production: bool = False) -> Self:
        """Read a TOML file with a table ``[[authority]]`` of purpose, certificate (a PEM beside it), crl and ocsp each.

        Raises ValueError, saying what is wrong, also where no CA issues for signing, and in ``production`` for a CA of
        the sandbox; OSError.
        """
        try:
            file = msgspec.convert(read_toml(path.read_bytes()), _File)
        except (InvalidInput, msgspec.ValidationError) as error:
            raise ValueError(f"{path.name}: {error}") from None
        found = [_authority(path.parent, entry) for entry in file.authority]
        if not any(one.purpose is Purpose.SIGNING for one in found):
            raise ValueError(f"{path.name} names no CA of signing certificates")
        if production and any(one.is_of_sandbox for one in found):
            raise ValueError(f"{path.name} names a CA of the sandbox")
        return cls(found)

    def __iter__(self) -> Iterator[Authority]:
        return iter(self._by_key.values())

    def by_key_id(self, key_id: bytes) -> Authority | None:
        """Return the CA with that key, whatever it issues for; None where none is pinned."""
        return self._by_key.get(key_id)
