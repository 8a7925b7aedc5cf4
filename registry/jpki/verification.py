"""署名検証 — whether a card of JPKI signed these bytes, or answered this challenge.

(1) our one form, for this purpose and this origin (2) the pinned CA, by key identifier (3) its signature over the
certificate (4) dates at the moment of signing (5) critical key usage (6) policy (7) EKU none or the purpose's, nothing
critical that is not understood (8) an RSA key of 2048 bits or more (9) a serial above zero (10) the signature over
exactly these bytes (11) not revoked at that moment, by word of that CA, fresh and not older than what it said before
(12) who the holder is (13) the nonce, once. The first that fails refuses. Most of (1) is in ``detached``, (2) to (9)
are in ``certificate``.

The moment of signing is the registry's own: a signature comes in under a nonce that the registry gave out minutes
before, and when that was is kept with it. What a signer's clock says is not asked.
"""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from registry.domain.basic_four import Confidential
from registry.domain.certified_identity import CertifiedIdentity
from registry.domain.municipality import MunicipalityTable
from registry.jpki import detached
from registry.jpki.authorities import RS256, Authorities, is_signed
from registry.jpki.certificate import Leaf, check_certificate
from registry.jpki.challenge import Challenges
from registry.jpki.detached import Detached
from registry.jpki.holder import read_holder
from registry.jpki.profile import Purpose
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.revocation import Revocation, Standing


class CertificateId(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which certificate it was: the key of its CA and its serial (発行番号), both in hexadecimal.

    It stays with one person as long as the certificate does, so it is personal data.
    """

    authority: str
    serial: str

    @classmethod
    def of(cls, leaf: Leaf) -> "CertificateId":
        """Return the id of a certificate."""
        return cls(authority=leaf.authority.key_id.hex(), serial=f"{leaf.serial:x}")


class VerifiedApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's card signed these bytes at this moment; comes from :class:`Verifier` alone."""

    certificate: CertificateId
    holder: CertifiedIdentity
    signed_at: datetime
    standing: Standing


class VerifiedSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's card answered the challenge. A login certificate says no name: whose it is the registry must know."""

    certificate: CertificateId
    signed_at: datetime
    standing: Standing


V = TypeVar("V", bound=VerifiedApplication | VerifiedSignIn)


class Verifier:
    """Verifies for one origin, as https://registry.example, against the pinned CAs."""

    def __init__(
        self,
        authorities: Authorities,
        revocation: Revocation,
        municipalities: MunicipalityTable,
        origin: str,
    ) -> None:
        self._authorities = authorities
        self._revocation = revocation
        self._municipalities = municipalities
        self._origin = origin

    async def accept_application(
        self, application: bytes, signature: str, *, now: datetime
    ) -> "Unspent[VerifiedApplication]":
        """Verify the signature under which an application comes in ``now``: steps 1 to 12; 13 is the answer's to do.

        ``application`` is what came, byte by byte. Raises :class:`JpkiRefused` with the first step that fails.
        """
        token = self._read(signature, Purpose.SIGNING)
        verified = await self._verified(token, application, signed_at=now, now=now)
        return Unspent(verified, token.nonce, Purpose.SIGNING, now)

    async def verify_application(
        self, application: bytes, signature: str, *, signed_at: datetime, now: datetime
    ) -> VerifiedApplication:
        """Verify once more what came in at ``signed_at`` (steps 1 to 12), as whoever audits or receives it does."""
        return await self._verified(self._read(signature, Purpose.SIGNING), application, signed_at=signed_at, now=now)

    async def confirm_standing(self, signature: str, *, signed_at: datetime, now: datetime) -> None:
        """Ask whether the certificate under which something came in at ``signed_at`` is not revoked even ``now``.

        For what lasts longer than the moment of signing. That it has expired since takes nothing back. Raises
        :class:`JpkiRefused`.
        """
        token = detached.read(signature, Purpose.SIGNING)
        leaf = check_certificate(token.certificate, Purpose.SIGNING, self._authorities, signed_at)
        standing = await self._revocation.standing(leaf, now)
        standing.refuse_if_revoked(now)

    async def accept_sign_in(self, signature: str, *, now: datetime) -> "Unspent[VerifiedSignIn]":
        """Verify the answer to a challenge: steps 1 to 11; raises likewise."""
        token = self._read(signature, Purpose.USER_AUTHENTICATION)
        leaf, standing = await self._check(token, b"", Purpose.USER_AUTHENTICATION, now, now)
        verified = VerifiedSignIn(certificate=CertificateId.of(leaf), signed_at=now, standing=standing)
        return Unspent(verified, token.nonce, Purpose.USER_AUTHENTICATION, now)

    def _read(self, signature: str, purpose: Purpose) -> Detached:
        """(1) The form and the origin: what was signed for another place, a forged page say, is worth nothing here."""
        token = detached.read(signature, purpose)
        if token.origin != self._origin:
            raise JpkiRefused(JpkiFault.ORIGIN_WRONG)
        return token

    async def _verified(
        self, token: Detached, application: bytes, *, signed_at: datetime, now: datetime
    ) -> VerifiedApplication:
        leaf, standing = await self._check(token, application, Purpose.SIGNING, signed_at, now)
        return VerifiedApplication(
            certificate=CertificateId.of(leaf),
            holder=read_holder(leaf.certificate, self._municipalities),  # (12)
            signed_at=signed_at,
            standing=standing,
        )

    async def _check(
        self, token: Detached, content: bytes, purpose: Purpose, signed_at: datetime, now: datetime
    ) -> tuple[Leaf, Standing]:
        leaf = check_certificate(token.certificate, purpose, self._authorities, signed_at)  # (2)-(9)
        if not is_signed(leaf.key, RS256, token.signature, token.signed_bytes(content)):  # (10)
            raise JpkiRefused(JpkiFault.SIGNATURE_WRONG)
        standing = await self._revocation.standing(leaf, now)  # (11)
        standing.refuse_if_revoked(signed_at)
        return leaf, standing


class Unspent(Generic[V]):
    """What was verified up to its nonce; only who spends that sees it.

    So that the lines to a CA are used while no transaction is open, and the nonce is spent in the one that takes in
    what was signed.
    """

    def __init__(self, verified: V, nonce: str, purpose: Purpose, at: datetime) -> None:
        self._verified = verified
        self._nonce = nonce
        self._purpose = purpose
        self._at = at

    async def spend(self, challenges: Challenges, session: str) -> V:
        """(13) Use the nonce up, last of all: nothing but a good signature does.

        ``session`` is the id of the one that asked for the nonce. Raises :class:`JpkiRefused` where it was not given to
        that session, for this purpose, in time, or was used before.
        """
        if not await challenges.take(self._nonce, self._purpose, session, self._at):
            raise JpkiRefused(JpkiFault.CHALLENGE_UNKNOWN)
        return self._verified
