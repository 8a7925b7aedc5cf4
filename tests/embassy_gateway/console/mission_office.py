"""A mission whose staff come by browser: registry, identity provider and gateway, each over real HTTP."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvicorn

from embassy_gateway.console.opening import console
from embassy_gateway.delivery import Tally
from embassy_gateway.settings import Settings
from embassy_gateway.web import create_app
from embassy_gateway.wiring import open_gateway
from registry.sandbox.identity_provider_cli import GATEWAY_PROVIDERS
from tests.house import MISSION
from tests.people.town import HOST, Browser, Server

SESSION = "__Host-gateway-session"
PAPER, HOME = "/console/paper", "/console"
GOOD = {
    "/kind": "residence",
    "/notified_on": "令和6年4月10日",
    "/effective": "令和6年4月日不詳",
    "/address_abroad/country": "US",
    "/address_abroad/subdivision": "New York",
    "/address_abroad/city": "New York",
    "/address_abroad/lines": "1742 Larkspur Crescent\r\nApt #5",
    "/people/0/name/surname": "髙﨑",
    "/people/0/name/given": "𠮷子",
    "/people/0/birth_date": "昭和60年3月7日",
    "/people/0/sex": "female",
    "/people/0/honseki/text": "東京都千代田区鍛冶町七丁目２番",
}


class Clerk(Browser):
    """A clerk at a browser."""

    def __init__(self, url):
        super().__init__(url)
        self.language = "ja"

    @property
    def session_token(self):
        return self.cookies.get((urlsplit(self.registry_url).netloc, SESSION))

    async def sign_in(self, persona="mission-staff", path=HOME):
        await self.get(f"{self.registry_url}{path}")
        assert self.path == "/console/sign-in"
        await self.get(next(link for link in self.found.links if link.startswith("/console/sign-in/")))
        return await self.choose(persona) if "/authorize" in self.address else self.answer

    async def press(self, button, typed, **more):
        """Fill the form in and press one of its buttons."""
        if self.path != PAPER:
            await self.get(f"{self.registry_url}{PAPER}")
        token = self.found.form(PAPER)["fields"]["form_token"]
        form = {"form_token": token, "people": "1", **typed, "do": button} | more
        return await self.post(f"{self.registry_url}{PAPER}", {k: v for k, v in form.items() if v is not None})


class Office:
    """The mission: its gateway, its town, and the clerks that came in."""

    def __init__(self, **given):
        self.__dict__ |= given
        self.browsers = []

    def clerk(self):
        self.browsers.append(Clerk(self.url))
        return self.browsers[-1]

    async def deliver(self) -> Tally:
        async with self.gateway.delivering(lambda _: None) as deliverer:
            return await deliverer.once()

    async def leave(self):
        while self.browsers:
            await self.browsers.pop().http.aclose()
        with self.gateway.spool.writing() as db:
            for table in ("console_session", "console_draft", "report", "clerk_token"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            db.execute("UPDATE line SET failures = 0, not_before = 0, trouble = NULL")


def settings_of(place, folder) -> Settings:
    """The gateway of the mission of New York, with the keys that the house has for it."""
    (folder / "registry").mkdir(exist_ok=True)
    key = place.house.keys[MISSION]
    private = folder / f"{key.key_id}.pem"
    private.touch(mode=0o600)
    private.write_bytes(key.to_pem())
    public = place.house.resources.signing_key.verifying
    (folder / "registry" / f"{public.key_id}.pem").write_bytes(public.to_pem())
    return Settings(
        mission=MISSION,
        registry_url=place.url,
        key=str(private),
        registry_keys=str(folder / "registry"),
        spool=str(folder / "spool.sqlite"),
        spool_key=str(folder / "spool.key"),
        providers=str(place.folder / "identity-provider" / GATEWAY_PROVIDERS),
    )


@asynccontextmanager
async def office(place, folder):
    """The gateway of a mission whose console people can reach."""
    settings, parts = settings_of(place, folder), urlsplit(place.gateway_url)
    with open_gateway(settings, clock=place.house.wall_clock) as gateway:
        async with console(gateway, settings, place.gateway_url) as pages:
            app = create_app(gateway, [parts.netloc], pages)
            config = uvicorn.Config(app, host=HOST, port=parts.port, log_config=None, access_log=False, lifespan="off")
            server = Server(config, asyncio.Event())
            serving = asyncio.create_task(server.serve())
            await server.ready.wait()
            opened = Office(place=place, gateway=gateway, pages=pages, url=place.gateway_url, folder=folder)
            yield opened
            await opened.leave()
            server.should_exit = True
            await serving
