"""Signing in: out to an identity provider, back with a code, and a session of our own.

Steps (1) to (4) are those of whoever signs people in (``registry.contract.openid.steps``); here are two more:

(5) Roles that are not believed of this provider, and units that do not parse, are no account.
(6) The session has a new token, always. The one that the browser had before ends in the same transaction.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import ceil
from typing import Final

import msgspec

from registry.contract.openid import steps
from registry.contract.openid.id_token import Claims
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import Provider
from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.steps import Back, Begun, Wish
from registry.contract.openid.subject_token import SubjectClaims
from registry.domain.account import Account, CodesInForce, admit
from registry.domain.errors import NotPermitted
from registry.domain.pace import Bucket, Pace, take
from registry.domain.sign_in import SIGN_IN_WITHIN, SignedIn
from registry.services.resources import Resources, japan_date
from registry.services.sessions import TOKEN_BYTES, hash_of
from registry.store import callers, sessions
from registry.store.unit_of_work import Taken
from registry.vault.pseudonyms import account_id

PACE: Final = Pace(at_once=200, per_second=20)
"""How many ways back a process takes in all: 1,200 people a minute, more than sign in at nine in the morning. Each
costs a trip to the provider, and nobody is known yet who could be counted alone. Only those count that began here."""
_LABEL: Final = "sign-in"


class TooMany(Exception):  # noqa: N818 - what somebody meets
    """Too many people sign in at once; ``retry_after`` is after how many whole seconds the next one may."""

    def __init__(self, retry_after: int) -> None:
        """Carry how long to wait."""
        super().__init__(str(retry_after))
        self.retry_after = retry_after


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
        address, begun = await steps.begin(line, wish, self._redirect_uri(name), self.resources.wall_clock())
        return address, steps.carried(begun, self._mac)

    async def complete(self, name: str, back: Back, cookie: str | None, *, replacing: bytes | None) -> Opened:
        """Finish a sign-in and open a session in the place of that of the token ``replacing``: (2) to (6).

        Raises SignInRefused; ProviderAway and TooMany where it may work later.
        """
        now = self.resources.wall_clock()
        begun = steps.came_back(steps.opened(cookie, self._mac), name, back, now)
        self._bucket, wait = take(self._bucket, PACE, now)
        if wait:
            raise TooMany(ceil(wait.total_seconds()))
        await self._use_up(begun)
        line = self._lines[name]
        _, claims = await steps.tokens_of(line, begun, back, self._redirect_uri(name), self.resources.wall_clock)  # (3)
        session = self._session(line.provider, begun, claims, now)
        return await self._open(session, begun.wish.to, replacing)

    async def leaving(self, name: str) -> str | None:
        """Return where somebody signs out at their provider, if that is offered; raises ProviderAway."""
        line = self._lines.get(name)
        return None if line is None else await steps.leaving(line, f"{self._public_url}/signed-out")

    # ------------------------------------------------------------------------------------------- the steps

    async def _use_up(self, begun: Begun) -> None:
        """Take a sign-in once and for all; its state stands among the nonces until it would be too late anyway."""
        try:
            async with self.resources.work(only_reads=True) as work:
                until = max(begun.at, self.resources.clock()) + 2 * SIGN_IN_WITHIN
                callers.use_nonce(work, f"{_LABEL}/{begun.provider}", begun.derived("used"), until)
                await work.commit()
        except Taken:
            raise SignInRefused(SignInFault.USED_BEFORE) from None

    def _session(self, provider: Provider, begun: Begun, claims: Claims, now: datetime) -> SignedIn:
        level = steps.judged(provider, begun, claims)  # (4)
        account = account_of(self.resources, provider, claims, now)  # (5)
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

    def _mac(self, content: bytes) -> bytes:
        return self.resources.provider.mac(_LABEL, content)

    def _redirect_uri(self, name: str) -> str:
        return f"{self._public_url}/sign-in/{name}/back"


def account_of(resources: Resources, provider: Provider, claims: Claims | SubjectClaims, now: datetime) -> Account:
    """Return the account that a provider's word makes: (5); raises SignInRefused where it makes none."""
    known = account_id(resources.provider, provider.issuer, claims.sub)
    codes = CodesInForce(missions=resources.missions, municipalities=resources.municipalities, on=japan_date(now))
    try:
        account = admit(known, claims.registry_roles, claims.registry_unit, codes)
    except NotPermitted:
        raise SignInRefused(SignInFault.ACCOUNT_REFUSED) from None
    if not account.roles <= provider.roles:
        raise SignInRefused(SignInFault.ACCOUNT_REFUSED)
    return account
