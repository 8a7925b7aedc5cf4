"""The line to one provider: its metadata, its keys, and the exchange of a code for an ID token.

Metadata is believed only from the issuer's own address and about that issuer (OpenID Connect Discovery § 4.3). Keys
are fetched anew where a token names one that is not known (rotation), and after an hour, so that one withdrawn is
forgotten. The registry shows who it is by a signature (``private_key_jwt``, OpenID Connect Core § 9), so no secret is
shared. The access token that comes along opens nothing by itself: a gateway exchanges it, under its own key, for one
that names the clerk to the registry; the registry does not keep it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Annotated, Final, Self, TypeVar

import httpx
import msgspec
from joserfc import jwt
from msgspec import Meta

from registry.contract.keys import SigningKey
from registry.contract.openid.possession import PROOF_HEADER, proof
from registry.contract.openid.providers import Provider, is_safe
from registry.contract.openid.refusals import ProviderAway, SignInFault, SignInRefused
from registry.contract.openid.signed_token import Keys, header_of, readable_keys

LARGEST_ANSWER: Final = 256 << 10
PATIENCE: Final = 5.0
"""Seconds for the whole of an answer: somebody is waiting before the screen."""
KEPT_FOR: Final = 3600.0
"""Seconds after which metadata and keys are fetched anew."""
NOT_AGAIN_WITHIN: Final = 10.0
"""Seconds in which keys are fetched once, however many tokens name one that nobody knows."""
ASSERTION_LIVES: Final = timedelta(seconds=60)
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a kind of token

_T = TypeVar("_T", bound=msgspec.Struct)
_Text = Annotated[str, Meta(min_length=1, max_length=4096)]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry reads of a provider's metadata."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    code_challenge_methods_supported: tuple[str, ...] = ()
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a code was exchanged for."""

    id_token: str
    access_token: _Text

    def __repr__(self) -> str:
        return "Tokens(hidden)"


class _Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange of tokens brings (RFC 8693 § 2.2.1)."""

    access_token: _Text
    issued_token_type: str
    token_type: str

    def __repr__(self) -> str:
        return "_Exchanged(hidden)"


class ProviderLine:
    """Speaks to one provider. Use it in ``async with``. ``new_id`` gives ids that are never used twice."""

    def __init__(
        self,
        provider: Provider,
        *,
        new_id: Callable[[], str],
        production: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.provider = provider
        self._new_id = new_id
        self._production = production
        # trust_env=False: proxies and certificates come in through wiring, not through the environment.
        self._http = httpx.AsyncClient(timeout=PATIENCE, transport=transport, trust_env=False, follow_redirects=False)
        self._metadata: tuple[float, Metadata] | None = None
        self._on_its_way: asyncio.Task[Metadata] | None = None
        self._keys: tuple[float, Keys] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def metadata(self) -> Metadata:
        """Return the provider's metadata; raises :class:`ProviderAway` for none that can be believed.

        Anybody may begin a sign-in, so it is fetched once for all who wait: nobody sends us to the provider in a crowd.
        """
        if self._metadata is not None and monotonic() <= self._metadata[0] + KEPT_FOR:
            return self._metadata[1]
        if self._on_its_way is None:
            self._on_its_way = asyncio.create_task(self._fetched())
            self._on_its_way.add_done_callback(self._arrived)
        return await asyncio.shield(self._on_its_way)

    async def _fetched(self) -> Metadata:
        address = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _read(await self._answer("GET", address), Metadata)
        self._demand_sound(found)
        self._metadata = (monotonic(), found)
        return found

    def _arrived(self, task: asyncio.Task[Metadata]) -> None:
        self._on_its_way = None
        if not task.cancelled():
            task.exception()  # whoever waited is told; where all have left, nobody has to be

    async def keys_for(self, token: str) -> Keys:
        """Return the provider's keys; fetched anew where the token names one that is not among them."""
        wanted = header_of(token).kid
        since = monotonic() - self._keys[0] if self._keys else KEPT_FOR
        if self._keys is None or since >= KEPT_FOR or (wanted not in self._keys[1] and since >= NOT_AGAIN_WITHIN):
            body = await self._answer("GET", (await self.metadata()).jwks_uri)
            try:
                self._keys = (monotonic(), readable_keys(msgspec.json.decode(body, type=dict)))
            except (ValueError, msgspec.DecodeError):
                raise ProviderAway from None
        return self._keys[1]

    async def exchange(self, code: str, verifier: str, redirect_uri: str, now: datetime) -> Tokens:
        """Exchange a code, with the proof that it was asked for here (PKCE, RFC 7636)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            **self._who_asks(now),
        }
        return _read(await self._answer("POST", (await self.metadata()).token_endpoint, form), Tokens)

    async def exchange_for(self, audience: str, access_token: str, key: SigningKey, now: datetime) -> str:
        """Exchange what somebody's sign-in brought for a token that ``key`` may use at ``audience`` (RFC 8693).

        Raises :class:`SignInRefused` where the provider does not give one any more, so the person signs in again.
        """
        address = (await self.metadata()).token_endpoint
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": access_token,
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN,
            "audience": audience,
            **self._who_asks(now),
        }
        headers = {PROOF_HEADER: proof(key, "POST", address, now, self._new_id())}
        found = _read(await self._answer("POST", address, form, headers), _Exchanged)
        if found.issued_token_type != ACCESS_TOKEN or found.token_type.lower() != "dpop":
            raise ProviderAway  # it did not understand to whom the token is to be bound
        return found.access_token

    def _who_asks(self, now: datetime) -> dict[str, str]:
        """Return what shows the provider that it is we who ask (RFC 7521 § 4.2)."""
        return {
            "client_id": self.provider.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(now),
        }

    def _assertion(self, now: datetime) -> str:
        """Say who we are: to this issuer, for a minute, once."""
        client, key = self.provider.client_id, self.provider.key
        issued = int(now.timestamp())
        claims = {
            "iss": client,
            "sub": client,
            "aud": self.provider.issuer,
            "jti": self._new_id(),
            "iat": issued,
            "exp": issued + int(ASSERTION_LIVES.total_seconds()),
        }
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])

    def _demand_sound(self, found: Metadata) -> None:
        """Refuse metadata of another issuer, without PKCE, or with an address that may not be spoken to."""
        addresses = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
        addresses += [] if found.end_session_endpoint is None else [found.end_session_endpoint]
        safe = all(is_safe(one, production=self._production) for one in addresses)
        if found.issuer != self.provider.issuer or "S256" not in found.code_challenge_methods_supported or not safe:
            raise ProviderAway

    async def _answer(
        self, method: str, address: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """Send a request and read the whole answer, within limits of size and time.

        Raises :class:`SignInRefused` where the provider refuses a code or token; whatever else is wrong:
        :class:`ProviderAway`.
        """
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._http.stream(method, address, data=form, headers=headers) as response,
            ):
                answer = bytearray()
                async for chunk in response.aiter_bytes():
                    answer += chunk
                    if len(answer) > LARGEST_ANSWER:
                        raise ProviderAway
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            raise ProviderAway from None
        if form is not None and response.status_code == httpx.codes.BAD_REQUEST:
            raise SignInRefused(SignInFault.CODE_REFUSED)
        if response.status_code != httpx.codes.OK:
            raise ProviderAway
        return bytes(answer)


def _read(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderAway from None
