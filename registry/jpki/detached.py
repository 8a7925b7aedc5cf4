"""署名 — the one form of a signature: a detached JWS (RFC 7515 appendix F, RFC 7797) that carries the certificate.

Signed is the header, a point, and what is signed as it is, byte by byte. The header names the purpose, the origin and
the nonce, so that nothing made for one place, one moment or one use serves another. RS256 is all that a card makes.
Sign-in has the same form over no bytes at all: what it says stands in the header (decision 0027).
"""

import re
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from registry.contract.decoding import decode, encode
from registry.domain.errors import InvalidInput
from registry.jpki.profile import Purpose
from registry.jpki.refusals import JpkiFault, JpkiRefused

ALGORITHM: Final = "RS256"
TYPES: Final[Mapping[Purpose, str]] = {
    Purpose.SIGNING: "registry-application+jws",
    Purpose.USER_AUTHENTICATION: "registry-sign-in+jws",
}
LONGEST: Final = 24 << 10
"""Characters; a certificate of JPKI has some two thousand bytes, and 4情報 cannot make four of it."""

_FORM: Final = re.compile(r"(?P<header>[A-Za-z0-9_-]+)\.\.(?P<signature>[A-Za-z0-9_-]+)", re.ASCII)


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The protected header; there is no other. ``aud`` is the origin, as https://registry.example."""

    alg: Annotated[str, msgspec.Meta(max_length=20)]
    typ: Annotated[str, msgspec.Meta(max_length=60)]
    x5c: tuple[Annotated[str, msgspec.Meta(max_length=LONGEST)]]
    aud: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,64}(?!\s)$")]
    b64: Literal[False]
    crit: tuple[Literal["b64"]]


class Detached(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was read and not yet verified; ``protected`` is the header as it was signed."""

    certificate: bytes
    origin: str
    nonce: str
    protected: bytes
    signature: bytes

    def __repr__(self) -> str:
        return "Detached(…)"

    def signed_bytes(self, content: bytes) -> bytes:
        """Return what the signature is over (RFC 7797 § 5.1)."""
        return self.protected + b"." + content


def protected_header(purpose: Purpose, certificate: bytes, *, origin: str, nonce: str) -> bytes:
    """Write the header of a signature to be made; ``certificate`` is DER."""
    header = _Header(
        alg=ALGORITHM,
        typ=TYPES[purpose],
        x5c=(b64encode(certificate).decode(),),
        aud=origin,
        nonce=nonce,
        b64=False,
        crit=("b64",),
    )
    return urlsafe_b64encode(encode(header)).rstrip(b"=")


def write(protected: bytes, signature: bytes) -> str:
    """Put header and signature together."""
    return f"{protected.decode()}..{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def read(text: str, purpose: Purpose) -> Detached:
    """(1) Read a signature made for ``purpose``: our one form, our one algorithm, one certificate.

    Raises :class:`JpkiRefused`. Whoever attaches the content, adds a header or names another algorithm is refused here.
    """
    found = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    header = _header(found["header"]) if found else None
    signature = _from_base64url(found["signature"]) if found else None
    if found is None or header is None or signature is None:
        raise JpkiRefused(JpkiFault.FORM_MALFORMED)
    if header.alg != ALGORITHM:
        raise JpkiRefused(JpkiFault.ALGORITHM_NOT_ALLOWED)
    if header.typ != TYPES[purpose]:
        raise JpkiRefused(JpkiFault.OTHER_PURPOSE)
    return Detached(
        certificate=_certificate(header.x5c[0]),
        origin=header.aud,
        nonce=header.nonce,
        protected=found["header"].encode(),
        signature=signature,
    )


def _header(text: str) -> _Header | None:
    raw = _from_base64url(text)
    try:
        return None if raw is None else decode(raw, _Header)
    except InvalidInput:
        return None


def _from_base64url(text: str) -> bytes | None:
    """Return the bytes of unpadded base64url in its one spelling; spare bits that are set would be another text."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Error:
        return None
    return raw if urlsafe_b64encode(raw).rstrip(b"=").decode() == text else None


def _certificate(text: str) -> bytes:
    """Return the certificate of ``x5c``, which is base64 with padding (RFC 7515 § 4.1.6)."""
    try:
        return a2b_base64(text.encode(), strict_mode=True)
    except (Error, UnicodeEncodeError):
        raise JpkiRefused(JpkiFault.CERTIFICATE_MALFORMED) from None
