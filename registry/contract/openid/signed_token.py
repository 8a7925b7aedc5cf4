"""What makes a token of an issuer believed, whatever it is for: one of its keys signed it, as that key may.

It is a JWS in compact form, not too long, that names a key of its issuer and an algorithm of the list below. "none"
and every algorithm with a shared secret are not on it, and the key decides which of the rest it may be: so a public key
is never taken for a secret. joserfc checks the signature.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from msgspec import Meta

from registry.contract.openid.refusals import SignInFault, SignInRefused

LARGEST_TOKEN: Final = 16 << 10
"""Characters; those of real providers have two thousand."""
SKEW: Final = timedelta(seconds=30)
"""How far the provider's clock may be from ours."""
WEAKEST_RSA: Final = 2048
"""Bits of the modulus (CRYPTREC, NIST SP 800-57)."""

ALGORITHMS: Final = ("ES256", "PS256", "RS256")
"""What a token may be signed with. All of them go with SHA-256, so ``at_hash`` does too."""

Key = ECKey | RSAKey
Keys = Mapping[str, Key]
"""The keys of an issuer by their ``kid``."""
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Seconds = Annotated[float, Meta(ge=0, le=2**40)]
"""A moment, in seconds since 1970 (NumericDate, RFC 7519 § 2)."""


class Header(msgspec.Struct, frozen=True):
    """The protected header; what else stands in it is joserfc's to judge (it refuses an unknown ``crit``)."""

    alg: str
    kid: str
    typ: str | None = None


def payload_of(token: str, keys: Keys) -> bytes:
    """Return what a token holds once its signature was checked; raises :class:`SignInRefused`."""
    header = header_of(token)
    key = keys.get(header.kid)
    if key is None or header.alg not in _algorithms_of(key):
        raise SignInRefused(SignInFault.TOKEN_KEY)
    try:
        return jws.deserialize_compact(token.encode(), key, algorithms=ALGORITHMS).payload
    except (JoseError, ValueError):
        raise SignInRefused(SignInFault.TOKEN_SIGNATURE) from None


def header_of(token: str) -> Header:
    """Return which key and algorithm a token names; nothing of it is believed yet."""
    if len(token) > LARGEST_TOKEN:
        raise SignInRefused(SignInFault.TOKEN_UNREADABLE)
    try:
        stated = jws.extract_compact(token.encode()).headers()
        header = msgspec.convert(stated, Header)
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
