"""電子証明書 — whether the certificate of a card may do what it was shown for, at one moment. Steps 2 to 9.

``cryptography.x509.verification`` is not asked: it takes weak keys and missing EKU for good and refuses the critical
policies that every certificate of JPKI has. A chain of JPKI is two certificates long, so there is no path to build;
a test holds steps 2 to 4 against it all the same.
"""

import warnings
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning

from registry.jpki.authorities import Authorities, Authority
from registry.jpki.profile import KEY_USAGES, LEAST_KEY_BITS, PROFILES, PUBLIC_EXPONENT, UNDERSTOOD, Purpose
from registry.jpki.refusals import UNREADABLE, JpkiFault, JpkiRefused

E = TypeVar("E", bound=x509.ExtensionType)


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of a card that passed steps 2 to 9, with its CA; comes from :func:`check_certificate` alone."""

    certificate: x509.Certificate
    authority: Authority
    key: RSAPublicKey

    def __repr__(self) -> str:
        return f"Leaf({self.authority.purpose})"

    @property
    def serial(self) -> int:
        """The number of the certificate with its CA (発行番号)."""
        return self.certificate.serial_number


def read_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate of a card; raises :class:`JpkiRefused` with CERTIFICATE_MALFORMED."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.issuer, certificate.extensions  # read only when asked for, and only then found malformed
    except UNREADABLE:
        raise JpkiRefused(JpkiFault.CERTIFICATE_MALFORMED) from None
    if certificate.version is not x509.Version.v3:
        raise JpkiRefused(JpkiFault.CERTIFICATE_MALFORMED)
    return certificate


def check_certificate(der: bytes, purpose: Purpose, authorities: Authorities, at: datetime) -> Leaf:
    """Check that a certificate may serve ``purpose`` at the moment ``at`` (aware); revocation is step 11.

    Raises :class:`JpkiRefused` with the first step that fails.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # of serials, which step 9 refuses
        return _checked(read_certificate(der), purpose, authorities, at)


def _checked(certificate: x509.Certificate, purpose: Purpose, authorities: Authorities, at: datetime) -> Leaf:
    authority = _authority(certificate, purpose, authorities)
    _check_issued(certificate, authority)
    _check_dates(certificate, authority, at)
    _check_key_usage(certificate, purpose)
    _check_policy(certificate, purpose)
    _check_other_extensions(certificate, purpose)
    key = _strong_key(certificate)
    if certificate.serial_number <= 0:  # (9) RFC 5280 § 4.1.2.2; revocation is told by it
        raise JpkiRefused(JpkiFault.SERIAL_NOT_POSITIVE)
    return Leaf(certificate=certificate, authority=authority, key=key)


def _authority(certificate: x509.Certificate, purpose: Purpose, authorities: Authorities) -> Authority:
    """(2) Choose the pinned CA by the key identifier: all generations share their name."""
    found = _extension(certificate, x509.AuthorityKeyIdentifier)
    key_id = found.value.key_identifier if found else None
    authority = authorities.by_key_id(key_id) if key_id else None
    if authority is None:
        raise JpkiRefused(JpkiFault.AUTHORITY_UNKNOWN)
    if authority.purpose is not purpose:  # a login certificate never signs, and the other way round
        raise JpkiRefused(JpkiFault.OTHER_PURPOSE)
    return authority


def _check_issued(certificate: x509.Certificate, authority: Authority) -> None:
    """(3) The signature of that CA over the certificate, and its name as issuer."""
    issued = authority.has_signed(
        certificate.signature_algorithm_oid, certificate.signature, certificate.tbs_certificate_bytes
    )
    if not issued or certificate.issuer != authority.certificate.subject:
        raise JpkiRefused(JpkiFault.ISSUER_WRONG)


def _check_dates(certificate: x509.Certificate, authority: Authority, at: datetime) -> None:
    """(4) The dates of both, at the moment of signing; both ends belong to the period (RFC 5280 § 4.1.2.5)."""
    if at < certificate.not_valid_before_utc:
        raise JpkiRefused(JpkiFault.NOT_YET_VALID)
    if at > certificate.not_valid_after_utc or not authority.holds_at(at):
        raise JpkiRefused(JpkiFault.EXPIRED)


def _check_key_usage(certificate: x509.Certificate, purpose: Purpose) -> None:
    """(5) Key usage: there, critical, and exactly that of the purpose."""
    found = _extension(certificate, x509.KeyUsage)
    if found is None or not found.critical:
        raise JpkiRefused(JpkiFault.KEY_USAGE_WRONG)
    if {bit for bit in KEY_USAGES if getattr(found.value, bit)} != PROFILES[purpose].key_usage:
        raise JpkiRefused(JpkiFault.KEY_USAGE_WRONG)


def _check_policy(certificate: x509.Certificate, purpose: Purpose) -> None:
    """(6) The one policy of the purpose, and no other beside it."""
    found = _extension(certificate, x509.CertificatePolicies)
    policies = [one.policy_identifier for one in found.value] if found else []
    if policies != [PROFILES[purpose].policy]:
        raise JpkiRefused(JpkiFault.POLICY_WRONG)


def _check_other_extensions(certificate: x509.Certificate, purpose: Purpose) -> None:
    """(7) EKU none or what the purpose allows; no CA; nothing critical that nobody here understands."""
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    if usages is not None and set(usages.value) != PROFILES[purpose].extended_key_usage:
        raise JpkiRefused(JpkiFault.EXTENDED_KEY_USAGE_WRONG)
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        raise JpkiRefused(JpkiFault.KEY_USAGE_WRONG)
    if any(one.critical and one.oid not in UNDERSTOOD for one in certificate.extensions):
        raise JpkiRefused(JpkiFault.EXTENSION_NOT_UNDERSTOOD)


def _strong_key(certificate: x509.Certificate) -> RSAPublicKey:
    """(8) RSA of 2048 bits or more, with the exponent that cards have."""
    try:
        key = certificate.public_key()
    except UNREADABLE:
        raise JpkiRefused(JpkiFault.KEY_WEAK) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise JpkiRefused(JpkiFault.KEY_WEAK)
    if key.public_numbers().e != PUBLIC_EXPONENT:
        raise JpkiRefused(JpkiFault.KEY_WEAK)
    return key


def _extension(certificate: x509.Certificate, kind: type[E]) -> x509.Extension[E] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
