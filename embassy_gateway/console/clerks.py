"""Signing in at the console: out to the mission's identity provider, back with a code, and a session of our own.

The steps are those of whoever signs people in (``registry.contract.openid.steps``). Two are the console's: who signs
in works for this very mission and files reports there, else there is no session; and the token of the browser is new
at each sign-in. For what is asked of the registry the session is exchanged for a token of five minutes, bound to the
key by which the registry knows this gateway.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
from anyio import to_thread

from embassy_gateway.console.keeping import Keeping, Kept
from embassy_gateway.sealing import SpoolKey
from registry.contract.keys import SigningKey
from registry.contract.openid import steps
from registry.contract.openid.id_token import Claims
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.refusals import SignInFault, SignInRefused
from registry.contract.openid.steps import Back, Wish
from registry.domain.account import Account, CodesInForce, Role, admit
from registry.domain.errors import NotPermitted
from registry.domain.mission import JAPAN, MissionTable
from registry.domain.municipality import MunicipalityTable
from registry.domain.sign_in import SignedIn

TOKEN_BYTES: Final = 32
HOME: Final = "/console"
NAME_OF: Final = "console"


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """Whose console it is: the mission, the missions there are, the key of its spool and that of its gateway."""

    mission: str
    missions: MissionTable
    spool_key: SpoolKey
    signing_key: SigningKey


class Clerks:
    """The way in for the staff of one mission. ``url`` is where browsers reach the console, without a path."""

    def __init__(
        self, post: Post, line: ProviderLine, keeping: Keeping, url: str, clock: Callable[[], datetime]
    ) -> None:
        self._post = post
        self._line = line
        self._keeping = keeping
        self._url = url
        self._clock = clock

    async def begin(self, to: str) -> tuple[str, str]:
        """Begin a sign-in; return the address to go to, and what the browser carries meanwhile. Raises ProviderAway."""
        address, begun = await steps.begin(self._line, Wish(to=to), self._redirect_uri, self._clock())
        return address, steps.carried(begun, self._mac)

    async def complete(self, name: str, back: Back, cookie: str | None, replacing: bytes | None) -> tuple[bytes, str]:
        """Open a session; return the token for the browser, and where it wanted to go.

        Raises SignInRefused, and ProviderAway where it may work later.
        """
        now = self._clock()
        begun = steps.came_back(steps.opened(cookie, self._mac), name, back, now)
        if not await to_thread.run_sync(self._keeping.use_up, begun.derived("used"), now):
            raise SignInRefused(SignInFault.USED_BEFORE)
        tokens, claims = await steps.tokens_of(self._line, begun, back, self._redirect_uri, self._clock)
        level = steps.judged(self._line.provider, begun, claims)
        session = SignedIn(
            session_id=secrets.token_hex(8),
            account=self._account(claims, now),
            provider=self._line.provider.name,
            level=level,
            authenticated_at=min(claims.authenticated_at, now),
            opened_at=now,
            seen_at=now,
        )
        kept = Kept(session=session, id_token=tokens.id_token, access_token=tokens.access_token)
        token = secrets.token_bytes(TOKEN_BYTES)
        await to_thread.run_sync(self._keeping.open, token, kept, replacing)
        return token, begun.wish.to

    async def subject_token(self, kept: Kept) -> str:
        """Return what says to the registry on whose behalf we ask.

        Raises SignInRefused where the provider wants the clerk to sign in again, ProviderAway where it is not reached.
        """
        audience = self._line.provider.audience or ""
        return await self._line.exchange_for(audience, kept.access_token, self._post.signing_key, self._clock())

    async def leaving(self) -> str | None:
        """Return where somebody signs out at the provider, if that is offered; raises ProviderAway."""
        return await steps.leaving(self._line, f"{self._url}{HOME}/signed-out")

    @property
    def name(self) -> str:
        """What the provider is called in addresses."""
        return self._line.provider.name

    @property
    def labels(self) -> tuple[str, str]:
        """What people read of the provider, in Japanese and in English."""
        return self._line.provider.label, self._line.provider.label_en

    def _account(self, claims: Claims, now: datetime) -> Account:
        """Return the account of a clerk of this mission; nobody else has one here."""
        provider, missions = self._line.provider, self._post.missions
        if not set(claims.registry_roles) <= set(map(str, provider.roles)):
            raise SignInRefused(SignInFault.ACCOUNT_REFUSED)
        codes = CodesInForce(missions=missions, municipalities=MunicipalityTable(()), on=now.astimezone(JAPAN).date())
        known = self._post.spool_key.digest(msgspec.json.encode([NAME_OF, provider.issuer, claims.sub])).hex()
        try:
            account = admit(known, claims.registry_roles, claims.registry_unit, codes)
        except NotPermitted:
            raise SignInRefused(SignInFault.ACCOUNT_REFUSED) from None
        is_ours = account.unit is not None and account.unit.body == self._post.mission
        if not is_ours or Role.MISSION_STAFF not in account.roles:
            raise SignInRefused(SignInFault.ACCOUNT_REFUSED)
        return account

    def _mac(self, content: bytes) -> bytes:
        return self._post.spool_key.digest(b"console sign-in\0" + content)

    @property
    def _redirect_uri(self) -> str:
        return f"{self._url}{HOME}/sign-in/{self.name}/back"
