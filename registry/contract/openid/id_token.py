"""What makes an ID token believed: OpenID Connect Core 1.0 § 3.1.3.7, closed where it leaves a choice.

(1) A key of the issuer signed it (``signed_token``).
(2) ``iss`` is the issuer asked, to the letter.
(3) ``aud`` is this client and nobody besides; ``azp``, where there is one, too.
(4) It has not expired, was not made in the future, and was made after the sign-in began.
(5) ``nonce`` is that of this sign-in.
(6) ``at_hash``, where there is one, is that of the access token that came along.
(7) ``auth_time`` says when the person showed who they are: it must be there and is judged here, whatever the provider
    makes of ``max_age``. So is ``acr``.
"""

import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.signed_token import SKEW, Keys, Seconds, Text, payload_of


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What an ID token says, as far as the registry reads it."""

    iss: str
    sub: Text
    aud: str | tuple[str, ...]
    exp: Seconds
    iat: Seconds
    nonce: str
    auth_time: Seconds
    acr: str | None = None
    azp: str | None = None
    nbf: Seconds | None = None
    at_hash: str | None = None
    registry_roles: tuple[str, ...] = ()
    registry_unit: str | None = None

    def __repr__(self) -> str:
        return "Claims(hidden)"

    @property
    def authenticated_at(self) -> datetime:
        """When the person showed the provider who they are."""
        return datetime.fromtimestamp(self.auth_time, UTC)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the token must fit: whom we asked, who we are there, the nonce, and when the sign-in began and ends."""

    issuer: str
    client_id: str
    nonce: str
    begun_at: datetime
    now: datetime
    access_token: str


def believed(token: str, keys: Keys, expected: Expected) -> Claims:
    """Return what a token says once everything about it was checked; raises :class:`SignInRefused`."""
    claims = _read(payload_of(token, keys))  # (1)
    if claims.iss != expected.issuer:  # (2)
        raise SignInRefused(SignInFault.TOKEN_ISSUER)
    if claims.aud not in (expected.client_id, (expected.client_id,)) or claims.azp not in (None, expected.client_id):
        raise SignInRefused(SignInFault.TOKEN_AUDIENCE)  # (3)
    _check_times(claims, expected)  # (4) (7)
    if not hmac.compare_digest(claims.nonce.encode(), expected.nonce.encode()):  # (5)
        raise SignInRefused(SignInFault.TOKEN_NONCE)
    if claims.at_hash is not None and claims.at_hash != half_hash(expected.access_token):  # (6)
        raise SignInRefused(SignInFault.TOKEN_HASH)
    return claims


def _read(payload: bytes) -> Claims:
    try:
        return msgspec.json.decode(payload, type=Claims)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE) from None


def _check_times(claims: Claims, expected: Expected) -> None:
    """Demand that the token lives now, was made for this sign-in, and tells of no future."""
    now, skew = expected.now.timestamp(), SKEW.total_seconds()
    begun = expected.begun_at.timestamp()
    lives = now < claims.exp + skew and begun - skew <= claims.iat <= now + skew
    if not lives or (claims.nbf or 0.0) > now + skew or claims.auth_time > now + skew:
        raise SignInRefused(SignInFault.TOKEN_TIME)


def half_hash(text: str) -> str:
    """Return the left half of a SHA-256 as ``at_hash`` has it (OpenID Connect Core § 3.1.3.6)."""
    return urlsafe_b64encode(sha256(text.encode()).digest()[:16]).decode().rstrip("=")
