"""`python -m benchmarks.jpki`: a signed application verified, all thirteen steps, by a CRL of 100,000 certificates.

The floor is what nobody can save: the two RSA verifications, of the certificate and of the application.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.results import Figure, show
from registry.code_tables.files import load_municipalities
from registry.jpki import crl
from registry.jpki.authenticator import Carrier, sign_application
from registry.jpki.authorities import RS256, Authorities, Authority, is_signed
from registry.jpki.challenge import ChallengesInMemory
from registry.jpki.profile import Purpose
from registry.jpki.revocation_lines import CrlLine
from registry.jpki.verification import Verifier
from registry.sandbox.jpki.cast import cast
from registry.sandbox.jpki.certificates import Issuer, make_ca, make_leaf, new_key

REVOKED: Final = 100_000
APPLICATIONS: Final = 1_000
ORIGIN: Final = "https://registry.example"
SESSION: Final = "session"
ADDRESS: Final = "http://ca.example"


class _InHand:
    """A card without a PIN."""

    carrier = Carrier.CARD

    def __init__(self, certificate: x509.Certificate, key: RSAPrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    def certificate(self, _purpose: Purpose) -> bytes:
        return self._certificate.public_bytes(Encoding.DER)

    def sign(self, _purpose: Purpose, message: bytes) -> bytes:
        return self._key.sign(message, PKCS1v15(), SHA256())


def long_list(issuer: Issuer, now: datetime) -> bytes:
    """Return a CRL of many certificates, a quarter of them with a reason."""
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, now, now + timedelta(days=1), [], [_entry(number, now) for number in range(REVOKED)]
    )
    return (
        builder.add_extension(x509.CRLNumber(1), critical=False).sign(issuer.key, SHA256()).public_bytes(Encoding.DER)
    )


def _entry(number: int, now: datetime) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(1_000_000 + 7 * number).revocation_date(now)
    if number % 4 == 0:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags.cessation_of_operation), critical=False)
    return builder.build()


async def figures() -> list[Figure]:
    """Measure how long the list takes to be read, and one verification once it is."""
    now = datetime.now(UTC).replace(microsecond=0)
    key, card_key = new_key(), new_key()
    ca = make_ca(Purpose.SIGNING, key, now - timedelta(days=1))
    issuer = Issuer(purpose=Purpose.SIGNING, certificate=ca, key=key, crl=ADDRESS, ocsp=ADDRESS)
    pinned = Authority(purpose=Purpose.SIGNING, certificate=ca, crl=ADDRESS, ocsp=ADDRESS)
    card = _InHand(make_leaf(issuer, card_key.public_key(), next(iter(cast().values())), now), card_key)
    der = long_list(issuer, now)
    reading = _seconds(lambda: crl.read_list(der, pinned))

    async def published(_scope: Any, _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": der})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(published)) as http:
        challenges = ChallengesInMemory(secrets.token_urlsafe)
        line = CrlLine(http, crl.SeenInMemory())
        verifier = Verifier(Authorities([pinned]), line, load_municipalities(), ORIGIN)
        seconds = await _verifications(verifier, challenges, card, now)
    bare = _floor(key, card_key)
    seconds.sort()
    rate = len(seconds) / sum(seconds)
    return [
        Figure(name=f"CRL of {REVOKED:,} read", value=reading * 1_000, unit="ms", n=1),
        Figure(
            name=f"JPKI verification, CRL of {REVOKED:,}",
            value=rate,
            unit="/s",
            floor=bare,
            ratio=rate / bare,
            n=len(seconds),
            p50_ms=seconds[len(seconds) // 2] * 1_000,
            p99_ms=seconds[len(seconds) * 99 // 100] * 1_000,
        ),
    ]


async def _verifications(
    verifier: Verifier, challenges: ChallengesInMemory, card: _InHand, now: datetime
) -> list[float]:
    """Return the seconds of each verification; the first one, which fetches the list, is left out."""
    seconds = []
    for number in range(APPLICATIONS + 1):
        application = b'{"number":%d}' % number
        nonce = await challenges.give(Purpose.SIGNING, SESSION, now)
        signature = sign_application(card, application, origin=ORIGIN, nonce=nonce)
        began = perf_counter()
        await (await verifier.accept_application(application, signature, now=now)).spend(challenges, SESSION)
        seconds.append(perf_counter() - began)
    return seconds[1:]


def _floor(*keys: RSAPrivateKey) -> float:
    """Return how many times a second these keys' signatures are verified, and nothing else."""
    message = bytes(1_000)
    pairs = [(one.public_key(), one.sign(message, PKCS1v15(), SHA256())) for one in keys]
    began = perf_counter()
    for _ in range(APPLICATIONS):
        for public, signature in pairs:
            is_signed(public, RS256, signature, message)
    return APPLICATIONS / (perf_counter() - began)


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


if __name__ == "__main__":
    show(asyncio.run(figures()), 0)
