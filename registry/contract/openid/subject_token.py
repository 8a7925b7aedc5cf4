"""On whose behalf a gateway asks: the token of a clerk, made for one request after another within five minutes.

A provider makes it out of the clerk's sign-in at the gateway (token exchange, RFC 8693), as a JWT access token (RFC
9068). It travels as header ``Registry-Subject``, which the signature of the request covers, so nobody moves it to
another request. It is believed if

(1) a key of its issuer signed it (``signed_token``), and it is an access token: no ID token passes for one;
(2) ``iss`` is the issuer asked, to the letter, and ``aud`` the registry and nobody besides;
(3) it lives now, and for five minutes at most;
(4) ``cnf.jkt`` is the key that signed the request: in another gateway's hands it is worth nothing;
(5) the clerk showed who they are within the limits of a session of staff.

Roles and unit are the registry's to judge (``registry.services.subjects``).
"""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.signed_token import LARGEST_TOKEN, SKEW, Keys, Seconds, Text, header_of, payload_of
from registry.domain.sign_in import OF_STAFF

SUBJECT_LIVES: Final = timedelta(minutes=5)
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
"""RFC 9068 § 2.1; the second is the same in full (RFC 7515 § 4.1.9)."""


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """``cnf`` (RFC 7800): the thumbprint of the one key that may use the token."""

    jkt: Text


class SubjectClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a clerk's token says, as far as the registry reads it."""

    iss: str
    sub: Text
    aud: str | tuple[str, ...]
    exp: Seconds
    iat: Seconds
    auth_time: Seconds
    cnf: Confirmation
    nbf: Seconds | None = None
    acr: str | None = None
    registry_roles: tuple[str, ...] = ()
    registry_unit: str | None = None

    def __repr__(self) -> str:
        return "SubjectClaims(hidden)"


class ExpectedSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What the token must fit: whom we believe, who we are there, the thumbprint of who signed, the moment."""

    issuer: str
    audience: str
    signer: str
    now: datetime


class _Issuer(msgspec.Struct, frozen=True):
    iss: str


def issuer_of(token: str) -> str:
    """Return whom a token names as its issuer: whose keys to ask for. Nothing of it is believed yet."""
    if len(token) > LARGEST_TOKEN:
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE)
    try:
        return msgspec.json.decode(jws.extract_compact(token.encode()).payload or b"", type=_Issuer).iss
    except (JoseError, ValueError, msgspec.DecodeError):
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE) from None


def believed_subject(token: str, keys: Keys, expected: ExpectedSubject) -> SubjectClaims:
    """Return what a clerk's token says once everything about it was checked; raises :class:`SignInRefused`."""
    claims = _read(payload_of(token, keys))  # (1)
    if header_of(token).typ not in _TYPES:
        raise SignInRefused(SignInFault.TOKEN_TYPE)
    if claims.iss != expected.issuer:  # (2)
        raise SignInRefused(SignInFault.TOKEN_ISSUER)
    if claims.aud not in (expected.audience, (expected.audience,)):
        raise SignInRefused(SignInFault.TOKEN_AUDIENCE)
    _check_times(claims, expected.now)  # (3)
    if not hmac.compare_digest(claims.cnf.jkt.encode(), expected.signer.encode()):  # (4)
        raise SignInRefused(SignInFault.TOKEN_POSSESSION)
    if datetime.fromtimestamp(claims.auth_time, UTC) + OF_STAFF.whole <= expected.now:  # (5)
        raise SignInRefused(SignInFault.NOT_FRESH)
    return claims


def _read(payload: bytes) -> SubjectClaims:
    try:
        return msgspec.json.decode(payload, type=SubjectClaims)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE) from None


def _check_times(claims: SubjectClaims, moment: datetime) -> None:
    now, skew = moment.timestamp(), SKEW.total_seconds()
    is_short = claims.exp - claims.iat <= SUBJECT_LIVES.total_seconds()
    has_begun = max(claims.iat, claims.nbf or 0.0, claims.auth_time) <= now + skew
    if not (is_short and has_begun and now < claims.exp + skew):
        raise SignInRefused(SignInFault.TOKEN_TIME)
