"""A clerk of a mission without a browser: signs in at the sandbox's provider, for the demo to ask on their behalf."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from registry.contract.keys import SigningKey
from registry.contract.openid import steps
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import Provider
from registry.contract.openid.steps import Back, Wish
from registry.domain.sign_in import Level
from registry.sandbox.personas import ACR

_CHOICE: Final = re.compile(r'action="(/authorize/[A-Za-z0-9_-]+)"')


async def token_of(
    persona: str,
    *,
    provider: Provider,
    gateway_url: str,
    key: SigningKey,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
) -> str:
    """Sign in as ``persona`` at a gateway, and return the token with which that may ask, under ``key``."""
    redirect_uri = f"{gateway_url}/console/sign-in/{provider.name}/back"
    async with ProviderLine(provider, new_id=new_id) as line, httpx.AsyncClient(trust_env=False) as http:
        address, begun = await steps.begin(line, Wish(), redirect_uri, clock())
        choice = _CHOICE.search((await http.get(address)).text)
        if choice is None:
            raise RuntimeError("the sandbox's provider offers nobody to be")
        chosen = {"persona": persona, "acr": ACR[Level.PASSWORD]}
        sent = await http.post(f"{provider.issuer}{choice[1]}", data=chosen)
        query = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
        back = Back(state=query["state"], code=query["code"], iss=query["iss"])
        tokens, _ = await steps.tokens_of(line, begun, back, redirect_uri, clock)
        return await line.exchange_for(provider.audience or "", tokens.access_token, key, clock())
