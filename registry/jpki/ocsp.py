"""OCSP (RFC 6960) — one certificate asked about at a time: what is asked, and what of an answer is believed."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.jpki.authorities import Authority, is_signed
from registry.jpki.certificate import Leaf
from registry.jpki.profile import LEAST_KEY_BITS
from registry.jpki.refusals import UNREADABLE, JpkiFault, JpkiRefused
from registry.jpki.revocation import RevocationSource, Standing, check_fresh

LARGEST_ANSWER: Final = 64 << 10
NONCE_BYTES: Final = 32
"""RFC 9654 § 2.1."""


def ask(leaf: Leaf, nonce: bytes) -> ocsp.OCSPRequest:
    """Ask about one certificate; the answer must repeat the nonce."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf.certificate, leaf.authority.certificate, SHA256())
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()


def read_answer(der: bytes, asked: ocsp.OCSPRequest, authority: Authority, now: datetime) -> Standing:
    """Read an answer of this CA; raises :class:`JpkiRefused` where it is another's, about another, or not fresh."""
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise JpkiRefused(JpkiFault.REVOCATION_UNAVAILABLE)
        _check_signed(answer, authority, now)
        if _nonce(answer.extensions) != _nonce(asked.extensions):  # without ours it may be an old answer
            raise JpkiRefused(JpkiFault.REVOCATION_STALE)
        return _standing(_about(answer, asked), now)
    except UNREADABLE:
        raise JpkiRefused(JpkiFault.REVOCATION_MALFORMED) from None


def _check_signed(answer: ocsp.OCSPResponse, authority: Authority, now: datetime) -> None:
    """Refuse what neither the CA signed nor a responder that this CA has named for it (§ 4.2.2.2)."""
    signature = answer.signature_algorithm_oid, answer.signature, answer.tbs_response_bytes
    if authority.has_signed(*signature):
        return
    if not any(_is_responder(one, authority, now) and is_signed(_key(one), *signature) for one in answer.certificates):
        raise JpkiRefused(JpkiFault.REVOCATION_OF_ANOTHER)


def _is_responder(certificate: x509.Certificate, authority: Authority, now: datetime) -> bool:
    """Whether this CA issued it for signing answers, and to be believed unasked for as long as it is valid."""
    signature = certificate.signature_algorithm_oid, certificate.signature, certificate.tbs_certificate_bytes
    if not authority.has_signed(*signature) or not isinstance(certificate.public_key(), RSAPublicKey):
        return False
    extensions = certificate.extensions
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    in_time = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return in_time and ExtendedKeyUsageOID.OCSP_SIGNING in usages and _key(certificate).key_size >= LEAST_KEY_BITS


def _key(certificate: x509.Certificate) -> RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the responder's key is no RSA key")  # noqa: TRY004 - what came is wrong, not a type of ours
    return key


def _nonce(extensions: x509.Extensions) -> bytes:
    try:
        return extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return b""


def _about(answer: ocsp.OCSPResponse, asked: ocsp.OCSPRequest) -> ocsp.OCSPSingleResponse:
    """Return what is said of the certificate asked about: the serial alone is another's with another CA."""
    for one in answer.responses:
        if _names(one) == _names(asked):
            return one
    raise JpkiRefused(JpkiFault.REVOCATION_OF_ANOTHER)


def _names(one: ocsp.OCSPRequest | ocsp.OCSPSingleResponse) -> tuple[str, bytes, bytes, int]:
    return one.hash_algorithm.name, one.issuer_name_hash, one.issuer_key_hash, one.serial_number


def _standing(one: ocsp.OCSPSingleResponse, now: datetime) -> Standing:
    until = check_fresh(one.this_update_utc, one.next_update_utc, now)
    if one.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise JpkiRefused(JpkiFault.REVOCATION_UNKNOWN)
    since = one.revocation_time_utc if one.certificate_status is ocsp.OCSPCertStatus.REVOKED else None
    return Standing(source=RevocationSource.OCSP, as_of=one.this_update_utc, until=until, revoked_since=since)
