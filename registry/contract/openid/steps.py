"""The steps of a sign-in: out to a provider and back with a code. Where the person is remembered is others' business.

(1) A sign-in begins with a secret that only this browser carries. ``state``, ``nonce`` and the PKCE verifier follow
    from it, so all three are bound to the browser, and nothing is kept here of sign-ins that nobody finishes.
(2) Who comes back brings the ``state`` of that secret, in time, from the provider that was asked (RFC 9207; besides,
    each provider has an address of its own to come back to). It is used up before anything else is done with it.
(3) The code is exchanged and the ID token checked (``id_token``).
(4) When and how the person was authenticated is judged here: an ``acr`` below what was asked, or an ``auth_time`` from
    before, is no sign-in, whatever the provider thought of ``acr_values`` and ``max_age``.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import msgspec

from registry.contract.openid.id_token import Claims, Expected, believed
from registry.contract.openid.line import ProviderLine, Tokens
from registry.contract.openid.providers import Provider
from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.signed_token import SKEW
from registry.domain.sign_in import AUTHENTICATED_WITHIN, SIGN_IN_WITHIN, Level

SECRET_BYTES: Final = 32
LONGEST_COOKIE: Final = 2048
LONGEST_CODE: Final = 2048

Mac = Callable[[bytes], bytes]
"""Returns the MAC of a content under a key of ours that serves sign-ins alone."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signs in for: at least this level, shown anew or not, and where to go afterwards."""

    level: Level = Level.PASSWORD
    fresh: bool = False
    to: str = "/me"


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in on its way, as the browser carries it."""

    secret: bytes
    provider: str
    wish: Wish
    at: datetime

    def __repr__(self) -> str:
        return "Begun(hidden)"

    def derived(self, purpose: str) -> str:
        """Return one of the values that follow from the secret: 43 letters, as long as PKCE asks for."""
        return _text(hmac.digest(self.secret, purpose.encode(), "sha256"))


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser brings back from a provider."""

    state: str = ""
    code: str = ""
    iss: str | None = None
    error: str | None = None


async def begin(line: ProviderLine, wish: Wish, redirect_uri: str, now: datetime) -> tuple[str, Begun]:
    """Return the address to go to, and the sign-in that begins with it: (1). Raises ProviderAway."""
    metadata, provider = await line.metadata(), line.provider
    begun = Begun(secret=secrets.token_bytes(SECRET_BYTES), provider=provider.name, wish=wish, at=now)
    values = provider.acr_values(wish.level)
    query = {
        "response_type": "code",
        "scope": "openid",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "state": begun.derived("state"),
        "nonce": begun.derived("nonce"),
        "code_challenge": _text(sha256(begun.derived("verifier").encode()).digest()),
        "code_challenge_method": "S256",
        "max_age": "0" if wish.fresh else str(int(AUTHENTICATED_WITHIN.total_seconds())),
    } | ({"acr_values": " ".join(values)} if values else {})
    return _joined(metadata.authorization_endpoint, query), begun


def came_back(begun: Begun | None, name: str, back: Back, now: datetime) -> Begun:
    """Return the sign-in that this browser began and that comes back now: (2). The caller uses it up, once."""
    if begun is None or begun.provider != name or not _same(back.state, begun.derived("state")):
        raise SignInRefused(SignInFault.NOT_BEGUN_HERE)
    if not begun.at - SKEW <= now < begun.at + SIGN_IN_WITHIN:  # begun, it may be, by another of our machines
        raise SignInRefused(SignInFault.TOO_LATE)
    return begun


async def tokens_of(
    line: ProviderLine, begun: Begun, back: Back, redirect_uri: str, clock: Callable[[], datetime]
) -> tuple[Tokens, Claims]:
    """Exchange the code and check what comes for it: (2) and (3). Raises SignInRefused; ProviderAway."""
    metadata = await line.metadata()
    if back.iss != line.provider.issuer and (
        back.iss is not None or metadata.authorization_response_iss_parameter_supported
    ):
        raise SignInRefused(SignInFault.OTHER_PROVIDER)
    if back.error is not None or not 0 < len(back.code) <= LONGEST_CODE:
        raise SignInRefused(SignInFault.DECLINED)
    tokens = await line.exchange(back.code, begun.derived("verifier"), redirect_uri, clock())
    expected = Expected(
        issuer=line.provider.issuer,
        client_id=line.provider.client_id,
        nonce=begun.derived("nonce"),
        begun_at=begun.at,
        now=clock(),
        access_token=tokens.access_token,
    )
    return tokens, believed(tokens.id_token, await line.keys_for(tokens.id_token), expected)


def judged(provider: Provider, begun: Begun, claims: Claims) -> Level:
    """Return the level at which the person was authenticated: (4)."""
    level = provider.level_of(claims.acr)
    if level is Level.NONE or not level.reaches(begun.wish.level):
        raise SignInRefused(SignInFault.LEVEL_TOO_LOW)
    earliest = begun.at if begun.wish.fresh else begun.at - AUTHENTICATED_WITHIN
    if claims.authenticated_at < earliest - SKEW:
        raise SignInRefused(SignInFault.NOT_FRESH)
    return level


async def leaving(line: ProviderLine, signed_out_uri: str) -> str | None:
    """Return where somebody signs out at their provider (OpenID Connect RP-Initiated Logout), if that is offered.

    No ID token goes along: the provider asks the person, who may say no. Raises ProviderAway.
    """
    end = (await line.metadata()).end_session_endpoint
    query = {"client_id": line.provider.client_id, "post_logout_redirect_uri": signed_out_uri}
    return None if end is None else _joined(end, query)


# ------------------------------------------------------------------------------------------------ the cookie


def carried(begun: Begun, mac: Mac) -> str:
    """Write a sign-in for its browser, so that nobody else's is taken for ours."""
    content = msgspec.msgpack.encode(begun)
    return f"{_text(content)}.{_text(mac(content))}"


def opened(cookie: str | None, mac: Mac) -> Begun | None:
    """Return the sign-in that a browser carries; None where it carries none of ours."""
    if cookie is None or len(cookie) > LONGEST_COOKIE:
        return None
    try:
        content, given = map(_bytes, cookie.split("."))
        if not hmac.compare_digest(given, mac(content)):
            return None
        return msgspec.msgpack.decode(content, type=Begun)
    except (ValueError, msgspec.DecodeError):
        return None


def _joined(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
