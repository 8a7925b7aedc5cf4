"""What makes an ID token believed: OpenID Connect Core 1.0 § 3.1.3.7, closed where it leaves a choice.

(1) It is a JWS in compact form, not too long, that names a key of its issuer and an algorithm of the list below.
    "none" and every algorithm with a shared secret are not on it, and the key decides which of the rest it may be:
    so a public key is never taken for a secret.
(2) The signature is by that key (checked by joserfc).
(3) ``iss`` is the issuer asked, to the letter.
(4) ``aud`` is this client and nobody besides; ``azp``, where there is one, too.
(5) It has not expired, was not made in the future, and was made after the sign-in began.
(6) ``nonce`` is that of this sign-in.
(7) ``at_hash``, where there is one, is that of the access token that came along.
(8) ``auth_time`` says when the person showed who they are: it must be there and is judged here, whatever the provider
    makes of ``max_age``. So is ``acr``.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from msgspec import Meta

from registry.relying_party.refusals import SignInFault, SignInRefused

LARGEST_TOKEN: Final = 16 << 10
"""Characters; those of real providers have two thousand."""
SKEW: Final = timedelta(seconds=30)
"""How far the provider's clock may be from ours."""
WEAKEST_RSA: Final = 2048
"""Bits of the modulus (CRYPTREC, NIST SP 800-57)."""

ALGORITHMS: Final = ("ES256", "PS256", "RS256")
"""What an ID token may be signed with. All of them go with SHA-256, so ``at_hash`` does too."""

Key = ECKey | RSAKey
Keys = Mapping[str, Key]
"""The keys of an issuer by their ``kid``."""
_Text = Annotated[str, Meta(min_length=1, max_length=255)]
_Seconds = Annotated[float, Meta(ge=0, le=2**40)]


class _Header(msgspec.Struct, frozen=True):
    """The protected header; what else stands in it is joserfc's to judge (it refuses an unknown ``crit``)."""

    alg: str
    kid: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What an ID token says, as far as the registry reads it."""

    iss: str
    sub: _Text
    aud: str | tuple[str, ...]
    exp: _Seconds
    iat: _Seconds
    nonce: str
    auth_time: _Seconds
    acr: str | None = None
    azp: str | None = None
    nbf: _Seconds | None = None
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
    header = header_of(token)  # (1)
    key = keys.get(header.kid)
    if key is None or header.alg not in _algorithms_of(key):
        raise SignInRefused(SignInFault.TOKEN_KEY)
    claims = _read(_verified(token, key))  # (2)
    if claims.iss != expected.issuer:  # (3)
        raise SignInRefused(SignInFault.TOKEN_ISSUER)
    if claims.aud not in (expected.client_id, (expected.client_id,)) or claims.azp not in (None, expected.client_id):
        raise SignInRefused(SignInFault.TOKEN_AUDIENCE)  # (4)
    _check_times(claims, expected)  # (5) (8)
    if not hmac.compare_digest(claims.nonce.encode(), expected.nonce.encode()):  # (6)
        raise SignInRefused(SignInFault.TOKEN_NONCE)
    if claims.at_hash is not None and claims.at_hash != half_hash(expected.access_token):  # (7)
        raise SignInRefused(SignInFault.TOKEN_HASH)
    return claims


def header_of(token: str) -> _Header:
    """Return which key and algorithm a token names; nothing of it is believed yet."""
    if len(token) > LARGEST_TOKEN:
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE)
    try:
        stated = jws.extract_compact(token.encode()).headers()
        header = msgspec.convert(stated, _Header)
    except (JoseError, ValueError, msgspec.ValidationError):
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE) from None
    return header


def readable_keys(document: Mapping[str, Any]) -> Keys:
    """Return the keys of a JWKS that may sign ID tokens; keys for other uses, of other kinds or too weak are left out.

    Raises ValueError for what is no JWKS. Two keys under one ``kid`` are none.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("a JWKS has keys")  # noqa: TRY004 - it is a value that came over the line
    found: dict[str, Key] = {}
    twice: set[str] = set()
    for one in listed:
        key = _key(one)
        if key is not None and key.kid:
            twice |= {key.kid} & found.keys()
            found[key.kid] = key
    return {kid: key for kid, key in found.items() if kid not in twice}


def _key(one: object) -> Key | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig":
        return None
    kind = _KINDS.get(str(one.get("kty")))
    try:
        key = None if kind is None else kind.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if key is not None and not key.is_private and _algorithms_of(key) else None


_KINDS: Final[Mapping[str, type[Key]]] = MappingProxyType({"EC": ECKey, "RSA": RSAKey})


def _algorithms_of(key: Key) -> frozenset[str]:
    """Return what a key may sign with: what its kind allows, and of that what it says of itself."""
    if isinstance(key, ECKey):
        allowed = frozenset({"ES256"} if key.curve_name == "P-256" else ())
    else:
        allowed = frozenset({"PS256", "RS256"} if key.public_key.key_size >= WEAKEST_RSA else ())
    return allowed if key.alg is None else allowed & {key.alg}


def _verified(token: str, key: Key) -> bytes:
    try:
        return jws.deserialize_compact(token.encode(), key, algorithms=ALGORITHMS).payload
    except (JoseError, ValueError):
        raise SignInRefused(SignInFault.TOKEN_SIGNATURE) from None


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
