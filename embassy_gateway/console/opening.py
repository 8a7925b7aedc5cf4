"""The console put together: where staff sign in, the line on which they ask, and what is kept of them."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from embassy_gateway.console.clerks import Clerks, Post
from embassy_gateway.console.desk import Desk
from embassy_gateway.console.keeping import Keeping
from embassy_gateway.console.pages import StaffConsole
from embassy_gateway.sealing import SetupRefused
from embassy_gateway.settings import Settings, read_provider
from embassy_gateway.wiring import Gateway
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import is_safe


@asynccontextmanager
async def console(gateway: Gateway, settings: Settings, own_address: str) -> AsyncIterator[StaffConsole | None]:
    """Give the console for as long as the block lasts; None where no provider is set, so nobody can sign in.

    ``own_address`` is where ``serve`` listens. Raises SetupRefused.
    """
    if settings.providers is None:
        yield None
        return
    provider = read_provider(Path(settings.providers))
    url = (settings.console_url or own_address).rstrip("/")
    if not is_safe(url, production=False):
        raise SetupRefused(f"{url}: browsers reach the console by https, or on this very machine")
    keeping = Keeping(gateway.spool)
    async with (
        ProviderLine(provider, new_id=lambda: secrets.token_hex(16)) as line,
        gateway.line() as client,
    ):
        post = Post(
            mission=gateway.rules.mission,
            missions=gateway.rules.missions,
            spool_key=gateway.spool.key,
            signing_key=gateway.signing_key,
        )
        clerks = Clerks(post, line, keeping, url, gateway.clock)
        yield StaffConsole(
            url=url,
            clerks=clerks,
            keeping=keeping,
            desk=Desk(gateway, clerks, keeping, client),
            clock=gateway.clock,
        )
