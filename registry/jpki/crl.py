"""失効リスト — a CRL (RFC 5280 § 5), read once into a map: looking a certificate up takes the same time in any list."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

import msgspec
from cryptography import x509

from registry.jpki.authorities import Authority
from registry.jpki.refusals import UNREADABLE, JpkiFault, JpkiRefused
from registry.jpki.revocation import RevocationSource, Standing, check_fresh

LARGEST_LIST: Final = 64 << 20
"""Bytes; 100,000 certificates take two and a half million."""

_ENTRY_EXTENSIONS: Final = frozenset({x509.CRLReason.oid, x509.InvalidityDate.oid})


class RevocationList(msgspec.Struct, frozen=True, kw_only=True):
    """A list that its CA signed; ``since`` says of each serial from when on it is revoked."""

    number: int
    this_update: datetime
    next_update: datetime | None
    digest: bytes
    since: Mapping[int, datetime]

    def __repr__(self) -> str:
        return f"RevocationList(number={self.number}, {len(self.since)} certificates)"

    def standing(self, serial: int, now: datetime) -> Standing:
        """Return how a certificate stands by this list; raises :class:`JpkiRefused` when the list is stale."""
        until = check_fresh(self.this_update, self.next_update, now)
        return Standing(
            source=RevocationSource.CRL, as_of=self.this_update, until=until, revoked_since=self.since.get(serial)
        )


class SeenLists(Protocol):
    """Remembers the newest list of each CA, beyond a restart: an older one lacks who was revoked since."""

    async def advance(self, authority: bytes, number: int, digest: bytes) -> bool:
        """Remember this as the newest list of the CA with that key; False where it is not.

        It is not where a higher number was seen, or this number on another list. Of two at once one goes first.
        """
        ...


class SeenInMemory:
    """Remembers for as long as the process lives: for tools and tests. The registry's own lie in its database."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[int, bytes]] = {}

    async def advance(self, authority: bytes, number: int, digest: bytes) -> bool:
        """Remember the newest list; False where it is not."""
        seen = self._seen.get(authority)
        if seen is not None and (number < seen[0] or (number == seen[0] and digest != seen[1])):
            return False
        self._seen[authority] = (number, digest)
        return True


def read_list(der: bytes, authority: Authority) -> RevocationList:
    """Read a list of this CA; raises :class:`JpkiRefused` for one that is another's, partial or malformed.

    Whether it is fresh, and no older than one seen before, is asked when it is used and when it comes in.
    """
    try:
        found = x509.load_der_x509_crl(der)
        signature = found.signature_algorithm_oid, found.signature, found.tbs_certlist_bytes
        if not authority.has_signed(*signature) or found.issuer != authority.certificate.subject:
            raise JpkiRefused(JpkiFault.REVOCATION_OF_ANOTHER)
        number = _number(found)
        return RevocationList(
            number=number,
            this_update=found.last_update_utc,
            next_update=found.next_update_utc,
            digest=sha256(der).digest(),
            since=_revoked(found),
        )
    except UNREADABLE:
        raise JpkiRefused(JpkiFault.REVOCATION_MALFORMED) from None


def _revoked(found: x509.CertificateRevocationList) -> dict[int, datetime]:
    """Return from when on each certificate is revoked; of one that stands there twice the earlier moment counts."""
    revoked: dict[int, datetime] = {}
    for entry in found:
        serial, since = entry.serial_number, _since(entry)
        revoked[serial] = min(since, revoked.get(serial, since))
    return revoked


def _number(found: x509.CertificateRevocationList) -> int:
    """Return the CRL number; refuse a list that tells of a part only: of delta, reasons, kinds or other CAs."""
    extensions = {one.oid: one for one in found.extensions}
    number = extensions.pop(x509.CRLNumber.oid, None)
    extensions.pop(x509.AuthorityKeyIdentifier.oid, None)
    partial = x509.DeltaCRLIndicator.oid in extensions or x509.IssuingDistributionPoint.oid in extensions
    if partial or any(one.critical for one in extensions.values()):
        raise JpkiRefused(JpkiFault.REVOCATION_PARTIAL)
    if number is None or not isinstance(number.value, x509.CRLNumber):
        raise JpkiRefused(JpkiFault.REVOCATION_MALFORMED)
    return number.value.crl_number


def _since(entry: x509.RevokedCertificate) -> datetime:
    """Return from when on a certificate is revoked: the day its key was lost, where the CA knows it (§ 5.3.2)."""
    since = entry.revocation_date_utc
    for one in entry.extensions:
        if one.critical and one.oid not in _ENTRY_EXTENSIONS:
            raise JpkiRefused(JpkiFault.REVOCATION_PARTIAL)
        if isinstance(one.value, x509.InvalidityDate):
            since = min(since, one.value.invalidity_date_utc)
    return since
