"""Signing in: out to an identity provider, back with a code, and a session of our own.

(1) A sign-in begins with a secret that only this browser carries. ``state``, ``nonce`` and the PKCE verifier follow
    from it, so all three are bound to the browser, and nothing is kept here of sign-ins that nobody finishes.
(2) Who comes back brings the ``state`` of that secret, in time, from the provider that was asked (RFC 9207; besides,
    each provider has an address of its own to come back to). It is used up before anything else is done with it.
(3) The code is exchanged and the ID token checked (``relying_party.id_token``).
(4) When and how the person was authenticated is judged here: an ``acr`` below what was asked, or an ``auth_time`` from
    before, is no sign-in, whatever the provider thought of ``acr_values`` and ``max_age``.
(5) Roles that are not believed of this provider, and units that do not parse, are no account.
(6) The session has a new token, always. The one that the browser had before ends in the same transaction.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from math import ceil
from typing import Final
from urllib.parse import urlencode

import msgspec

from registry.domain.account import CodesInForce, admit
from registry.domain.errors import NotPermitted
from registry.domain.pace import Bucket, Pace, take
from registry.domain.sign_in import AUTHENTICATED_WITHIN, SIGN_IN_WITHIN, Level, SignedIn
from registry.relying_party.id_token import SKEW, Claims, Expected, believed
from registry.relying_party.line import ProviderLine
from registry.relying_party.providers import Provider
from registry.relying_party.refusals import SignInFault, SignInRefused
from registry.services.resources import Resources, japan_date
from registry.services.sessions import TOKEN_BYTES, hash_of
from registry.store import callers, sessions
from registry.store.unit_of_work import Taken
from registry.vault.pseudonyms import account_id

PACE: Final = Pace(at_once=200, per_second=20)
"""How many ways back a process takes in all: 1,200 people a minute, more than sign in at nine in the morning. Each
costs a trip to the provider, and nobody is known yet who could be counted alone. Only those count that began here."""
LONGEST_COOKIE: Final = 2048
LONGEST_CODE: Final = 2048
_LABEL: Final = "sign-in"


class TooMany(Exception):  # noqa: N818 - what somebody meets
    """Too many people sign in at once; ``retry_after`` is after how many whole seconds the next one may."""

    def __init__(self, retry_after: int) -> None:
        """Carry how long to wait."""
        super().__init__(str(retry_after))
        self.retry_after = retry_after


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signs in for: at least this level, shown anew or not, and where to go afterwards."""

    level: Level = Level.PASSWORD
    fresh: bool = False
    to: str = "/me"


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in on its way, as the browser carries it."""

    secret: bytes
    provider: str
    wish: Wish
    at: datetime

    def __repr__(self) -> str:
        return "_Begun(hidden)"

    def derived(self, purpose: str) -> str:
        """Return one of the values that follow from the secret: 43 letters, as long as PKCE asks for."""
        return _text(hmac.digest(self.secret, purpose.encode(), "sha256"))


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser brings back from a provider."""

    state: str = ""
    code: str = ""
    iss: str | None = None
    error: str | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was just opened: the token for the browser, and where it wanted to go."""

    token: bytes
    session: SignedIn
    to: str

    def __repr__(self) -> str:
        return f"Opened({self.session.session_id})"


class SignIns:
    """Everybody's way in. ``public_url`` is the address of the registry, without a path."""

    def __init__(self, resources: Resources, lines: Iterable[ProviderLine], public_url: str) -> None:
        self.resources = resources
        self._lines: Mapping[str, ProviderLine] = {line.provider.name: line for line in lines}
        self._public_url = public_url
        self._bucket: Bucket | None = None

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers by which one can sign in, in the order of their file."""
        return tuple(line.provider for line in self._lines.values())

    def provider(self, name: str) -> Provider | None:
        """Return the provider of a name."""
        line = self._lines.get(name)
        return None if line is None else line.provider

    async def begin(self, name: str, wish: Wish) -> tuple[str, str]:
        """Begin a sign-in; return the address to go to, and what the browser is to carry meanwhile: (1).

        Raises ProviderAway.
        """
        line = self._lines[name]
        metadata = await line.metadata()
        begun = _Begun(
            secret=secrets.token_bytes(TOKEN_BYTES), provider=name, wish=wish, at=self.resources.wall_clock()
        )
        values = line.provider.acr_values(wish.level)
        query = {
            "response_type": "code",
            "scope": "openid",
            "client_id": line.provider.client_id,
            "redirect_uri": self._redirect_uri(name),
            "state": begun.derived("state"),
            "nonce": begun.derived("nonce"),
            "code_challenge": _text(sha256(begun.derived("verifier").encode()).digest()),
            "code_challenge_method": "S256",
            "max_age": "0" if wish.fresh else str(int(AUTHENTICATED_WITHIN.total_seconds())),
        } | ({"acr_values": " ".join(values)} if values else {})
        joined = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joined}{urlencode(query)}", self._carried(begun)

    async def complete(self, name: str, back: Back, cookie: str | None, *, replacing: bytes | None) -> Opened:
        """Finish a sign-in and open a session in the place of that of the token ``replacing``: (2) to (6).

        Raises SignInRefused; ProviderAway and TooMany where it may work later.
        """
        now = self.resources.wall_clock()
        begun = self._begun(name, back, cookie, now)
        self._bucket, wait = take(self._bucket, PACE, now)
        if wait:
            raise TooMany(ceil(wait.total_seconds()))
        await self._use_up(begun)
        line = self._lines[name]
        metadata = await line.metadata()
        if back.iss != line.provider.issuer and (
            back.iss is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise SignInRefused(SignInFault.OTHER_PROVIDER)
        if back.error is not None or not 0 < len(back.code) <= LONGEST_CODE:
            raise SignInRefused(SignInFault.DECLINED)
        claims = await self._claims(line, begun, back.code, now)  # (3)
        session = self._session(line.provider, begun, claims, now)
        return await self._open(session, begun.wish.to, replacing)

    async def leaving(self, name: str) -> str | None:
        """Return where somebody signs out at their provider (OpenID Connect RP-Initiated Logout), if that is offered.

        No ID token goes along, for none is kept: the provider asks the person, who may say no. Raises ProviderAway.
        """
        line = self._lines.get(name)
        end = None if line is None else (await line.metadata()).end_session_endpoint
        if line is None or end is None:
            return None
        query = {
            "client_id": line.provider.client_id,
            "post_logout_redirect_uri": f"{self._public_url}/signed-out",
        }
        return f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    # ------------------------------------------------------------------------------------------- the steps

    def _begun(self, name: str, back: Back, cookie: str | None, now: datetime) -> _Begun:
        """Return the sign-in that this browser began and that comes back now: (2)."""
        begun = self._opened(cookie)
        if begun is None or begun.provider != name or not _same(back.state, begun.derived("state")):
            raise SignInRefused(SignInFault.NOT_BEGUN_HERE)
        if not begun.at - SKEW <= now < begun.at + SIGN_IN_WITHIN:  # begun, it may be, by another of our machines
            raise SignInRefused(SignInFault.TOO_LATE)
        return begun

    async def _use_up(self, begun: _Begun) -> None:
        """Take a sign-in once and for all; its state stands among the nonces until it would be too late anyway."""
        try:
            async with self.resources.work(only_reads=True) as work:
                until = max(begun.at, self.resources.clock()) + 2 * SIGN_IN_WITHIN
                callers.use_nonce(work, f"{_LABEL}/{begun.provider}", begun.derived("used"), until)
                await work.commit()
        except Taken:
            raise SignInRefused(SignInFault.USED_BEFORE) from None

    async def _claims(self, line: ProviderLine, begun: _Begun, code: str, now: datetime) -> Claims:
        redirect_uri = self._redirect_uri(begun.provider)
        tokens = await line.exchange(code, begun.derived("verifier"), redirect_uri, now)
        expected = Expected(
            issuer=line.provider.issuer,
            client_id=line.provider.client_id,
            nonce=begun.derived("nonce"),
            begun_at=begun.at,
            now=self.resources.wall_clock(),
            access_token=tokens.access_token,
        )
        return believed(tokens.id_token, await line.keys_for(tokens.id_token), expected)

    def _session(self, provider: Provider, begun: _Begun, claims: Claims, now: datetime) -> SignedIn:
        level = provider.level_of(claims.acr)
        if level is Level.NONE or not level.reaches(begun.wish.level):  # (4)
            raise SignInRefused(SignInFault.LEVEL_TOO_LOW)
        earliest = begun.at if begun.wish.fresh else begun.at - AUTHENTICATED_WITHIN
        if claims.authenticated_at < earliest - SKEW:
            raise SignInRefused(SignInFault.NOT_FRESH)
        known = account_id(self.resources.provider, provider.issuer, claims.sub)
        codes = CodesInForce(
            missions=self.resources.missions, municipalities=self.resources.municipalities, on=japan_date(now)
        )
        try:
            account = admit(known, claims.registry_roles, claims.registry_unit, codes)  # (5)
        except NotPermitted:
            raise SignInRefused(SignInFault.ACCOUNT_REFUSED) from None
        if not account.roles <= provider.roles:
            raise SignInRefused(SignInFault.ACCOUNT_REFUSED)
        return SignedIn(
            session_id=self.resources.new_id(),
            account=account,
            provider=provider.name,
            level=level,
            authenticated_at=min(claims.authenticated_at, now),
            opened_at=now,
            seen_at=now,
        )

    async def _open(self, session: SignedIn, to: str, replacing: bytes | None) -> Opened:
        token = secrets.token_bytes(TOKEN_BYTES)  # (6)
        async with self.resources.work() as work:
            if replacing is not None:
                await sessions.end(work, hash_of(replacing))
            sessions.open_session(work, hash_of(token), session)
            await work.commit()
        return Opened(token=token, session=session, to=to)

    # ------------------------------------------------------------------------------------------- the cookie

    def _carried(self, begun: _Begun) -> str:
        """Write a sign-in for its browser, so that nobody else's is taken for ours."""
        content = msgspec.msgpack.encode(begun)
        return f"{_text(content)}.{_text(self.resources.provider.mac(_LABEL, content))}"

    def _opened(self, cookie: str | None) -> _Begun | None:
        if cookie is None or len(cookie) > LONGEST_COOKIE:
            return None
        try:
            content, mac = map(_bytes, cookie.split("."))
            if not hmac.compare_digest(mac, self.resources.provider.mac(_LABEL, content)):
                return None
            return msgspec.msgpack.decode(content, type=_Begun)
        except (ValueError, msgspec.DecodeError):
            return None

    def _redirect_uri(self, name: str) -> str:
        return f"{self._public_url}/sign-in/{name}/back"


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
