"""People at their browsers: registry and identity provider over real HTTP, and a browser that keeps to the rules."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import uvicorn

from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import read_providers
from registry.domain.sign_in import Level
from registry.sandbox.identity_provider import IdentityProvider
from registry.sandbox.identity_provider_cli import clients_of, issuer_at, make
from registry.sandbox.identity_provider_pages import make_app as make_provider_app
from registry.sandbox.personas import ACR
from registry.sandbox.programs import free_port
from registry.services import sessions
from registry.services.key_directory import KeyDirectory
from registry.services.sign_ins import SignIns
from registry.services.subjects import Subjects
from registry.serving import configuration
from registry.web.app import make_app
from registry.web.desk import Desk
from registry.wiring import new_id

HOST = "127.0.0.1"
_TLS = httpx.create_ssl_context(trust_env=False)  # once: to read the CAs of the world takes longer than most tests
SESSION, SIGN_IN = "__Host-session", "__Host-sign-in"


class Found(HTMLParser):
    """What a page offers: its links, its forms with their fields and buttons, and its text."""

    def __init__(self, text):
        super().__init__()
        self.links, self.forms, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append({"action": given["action"], "fields": {}, "buttons": []})
        elif tag == "input":
            self.forms[-1]["fields"][given["name"]] = given["value"]
        elif tag == "button" and self.forms:
            self.forms[-1]["buttons"].append((given.get("name"), given.get("value")))

    def handle_data(self, data):
        self.text += data

    def form(self, action):
        return next(one for one in self.forms if one["action"] == action)


class Browser:
    """Keeps cookies for each host and port, follows redirects, and fails on a cookie that breaks the rules."""

    def __init__(self, registry_url):
        self.registry_url = registry_url
        self.http = httpx.AsyncClient(trust_env=False, timeout=20, verify=_TLS)
        self.cookies = {}
        self.language = "en"
        self.answer = None

    @property
    def found(self):
        return Found(self.answer.text)

    @property
    def address(self):
        return str(self.answer.request.url)

    @property
    def path(self):
        return urlsplit(self.address).path

    @property
    def session_token(self):
        return self.cookies.get((urlsplit(self.registry_url).netloc, SESSION))

    def jar(self, host):
        return {name: value for (of, name), value in self.cookies.items() if of == host}

    async def send(self, method, address, *, form=None, headers=(), follow=True):
        address = urljoin(self.registry_url if self.answer is None else self.address, address)
        given = {"accept": "text/html", "accept-language": self.language, **self._whence(method, address)}
        given |= dict(headers)
        if jar := self.jar(urlsplit(address).netloc):
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items()).encode()
        self.answer = await self.http.request(method, address, data=form, headers=given)
        self._keep(urlsplit(address).netloc)
        if follow and self.answer.status_code == 303:
            return await self.send("GET", self.answer.headers["location"])
        return self.answer

    def _whence(self, method, address):
        """What a browser tells of the page it comes from (Fetch § 3.1: a form of a page without referrer has none)."""
        if self.answer is None:
            return {"sec-fetch-site": "none"}
        before, now = urlsplit(self.address), urlsplit(address)
        site = "same-origin" if before.netloc == now.netloc else "same-site"
        if method == "GET":
            return {"sec-fetch-site": site}
        is_hidden = self.answer.headers.get("referrer-policy") == "no-referrer"
        return {"sec-fetch-site": site, "origin": "null" if is_hidden else f"{before.scheme}://{before.netloc}"}

    async def get(self, address, **more):
        return await self.send("GET", address, **more)

    async def post(self, address, form, **more):
        return await self.send("POST", address, form=form, **more)

    def _keep(self, host):
        for line in self.answer.headers.get_list("set-cookie"):
            (name, _, value), *attributes = (part.strip().partition("=") for part in line.split(";"))
            said = {key.lower(): text for key, _, text in attributes}
            if name.startswith("__Host-"):
                assert {"secure", "httponly"} <= said.keys(), line
                assert (said["path"], said["samesite"].lower()) == ("/", "lax"), line
                assert "domain" not in said, line
            if said.get("max-age") == "0":
                self.cookies.pop((host, name), None)
            else:
                self.cookies[host, name] = value.strip('"')

    # ------------------------------------------------------------------------------------ what people do

    async def begin(self, path="/me"):
        """Ask for a page and go as far as the provider's, where one chooses who to be."""
        await self.get(path)
        assert self.path == "/sign-in"
        way = next(link for link in self.found.links if link.startswith("/sign-in/"))
        return await self.get(way)

    async def choose(self, persona, level=Level.PASSWORD, **more):
        """Choose who to be."""
        action = next(one["action"] for one in self.found.forms if one["fields"].get("persona") == persona)
        return await self.post(action, {"persona": persona, "acr": ACR[level]}, **more)

    async def sign_in(self, persona, level=Level.PASSWORD, path="/me"):
        """Sign in as somebody, and be where one wanted to go."""
        await self.begin(path)
        return await self.choose(persona, level)

    async def back(self, persona, level=Level.PASSWORD):
        """Go as far as the provider's word, and return the way back without going it: path and parameters."""
        await self.begin()
        await self.choose(persona, level, follow=False)
        parts = urlsplit(self.answer.headers["location"])
        return parts.path, dict(parse_qsl(parts.query))

    async def press(self, action, **fields):
        """Send a form that is on the page."""
        return await self.post(action, self.found.form(action)["fields"] | fields)


class Clock:
    """The real time, which can be put ahead."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config, ready):
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.ready.set()


class Crooked(IdentityProvider):
    """Says in its tokens what a test wants it to say, and may hand out another's token."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.become_honest()

    def become_honest(self):
        self.change, self.signed, self.instead = {}, [], None

    def claims_of(self, login, audience):
        return super().claims_of(login, audience) | self.change

    def claims(self, asked, login):
        return super().claims(asked, login) | self.change

    def sign(self, claims, typ="JWT"):
        self.signed.append(super().sign(claims, typ))
        return self.instead or self.signed[-1]


@contextmanager
def provided(folder, registry_url, port, gateway_urls=()):
    """An identity provider that listens in a thread of its own."""
    provider = Crooked(issuer_at(port), clients_of(folder, registry_url, gateway_urls), Clock())
    config = uvicorn.Config(make_provider_app(provider), host=HOST, port=port, log_config=None, access_log=False)
    server = Server(config, threading.Event())
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(20)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(timeout=20)


class Town:
    """Where people are: the registry at an address, its identity provider, and any number of browsers."""

    def __init__(self, **given):
        self.__dict__ |= given
        self.browsers = []

    def ahead(self, **by):
        """Let time pass, for everybody."""
        for clock in (self.house.wall_clock, self.provider.clock):
            clock.ahead += timedelta(**by)

    async def leave(self):
        """Let everybody go, and time be what it is."""
        self.provider.become_honest()
        for clock in (self.house.wall_clock, self.provider.clock):
            clock.ahead = timedelta()
        await sessions.end_all(self.house.resources, None)
        while self.browsers:
            await self.browsers.pop().http.aclose()

    def browser(self):
        self.browsers.append(Browser(self.url))
        return self.browsers[-1]


@asynccontextmanager
async def town(house, folder, cards=None):
    """A registry that people can reach, and the address at which the gateway of a mission may stand.

    ``cards`` makes of the registry's address how it verifies cards.
    """
    port, provider_port = free_port(), free_port()
    url, gateway_url = f"http://{HOST}:{port}", f"http://{HOST}:{free_port()}"
    providers = make(folder / "identity-provider", provider_port)
    (listed,) = read_providers(providers, production=False)
    with provided(folder / "identity-provider", url, provider_port, [gateway_url]) as provider:
        async with ProviderLine(listed, new_id=new_id) as line:
            sign_ins = SignIns(house.resources, [line], url)
            subjects = Subjects(house.resources, [line])
            keys = KeyDirectory(house.resources)
            desk = Desk(resources=house.resources, keys=keys, public_url=url, subjects=subjects)
            app = make_app(desk, sign_ins=sign_ins, cards=cards and cards(url), ex_officio=house.ex_officio)
            server = Server(configuration(app, HOST, port), asyncio.Event())
            serving = asyncio.create_task(server.serve())
            await server.ready.wait()
            opened = Town(
                house=house,
                provider=provider,
                sign_ins=sign_ins,
                subjects=subjects,
                url=url,
                gateway_url=gateway_url,
                listed=listed,
                app=app,
                folder=folder,
            )
            yield opened
            await opened.leave()
            server.should_exit = True
            await serving
