"""The sandbox's J-LIS at the other end of a line: the real application; no socket unless one is wanted."""

import asyncio
import socket
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import uvicorn

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.jlis_line import JLisLine
from registry.contract.keys import SigningKey
from registry.domain.question import J_LIS
from registry.sandbox.jlis import make_app
from registry.sandbox.jlis_book import Book, BookFile
from registry.services import jlis
from tests.acceptance.papers import HANAKO, HONSEKI, person, report
from tests.acceptance.seen import receipt, rows
from tests.planted import BIRTH

URL = "http://jlis.test"
KEY = SigningKey.generate(J_LIS)
LONG_AGO = {"effective": "2010-04-01", "notified_on": "2010-04-10"}
"""A report of somebody whose 除票 can be held no longer."""


def entry(*, lives_in_japan=False, **fields):
    """A 附票 of the very person of the papers, who left on 2010-03-31."""
    defaults = {
        "name": HANAKO,
        "birth_date": BIRTH,
        "sex": "female",
        "honseki": HONSEKI,
        "planned_departure": "2010-03-31",
    }
    return {"record": defaults | fields, "lives_in_japan": lives_in_japan}


def book(*entries, **fields):
    return Book(decode(encode({"entries": entries} | fields), BookFile))


async def long_ago(registry, *people, **fields):
    """Report somebody who came to New York before the 除票 were kept for long."""
    return receipt(await registry.submit(report(*(people or [person()]), **(LONG_AGO | fields))))


def other_side(registry, given, *, key=KEY, url=URL):
    return make_app(
        given,
        signing_key=key,
        registry_key=registry.resources.signing_key.verifying,
        public_url=url,
        clock=registry.clock,
    )


@asynccontextmanager
async def line(registry, given, *, key=KEY, transport=None, url=URL):
    """The registry's line to a J-LIS that has ``given`` for its book and signs with ``key``."""
    client = SignedClient(
        url,
        signing_key=registry.resources.signing_key,
        registry_keys={J_LIS: KEY.verifying},
        clock=registry.clock,
        nonce=lambda: uuid4().hex,
        transport=transport or httpx.ASGITransport(other_side(registry, given, key=key, url=url)),
    )
    async with client:
        yield JLisLine(client)


async def asked(registry, given, **how):
    """One run of the registry's questions: opened, and what came of those whose turn it was."""
    async with line(registry, given, **how) as port:
        run = await jlis.ask(registry.ex_officio, port)
    await registry.stamp()
    return run


async def changes(registry, given):
    async with line(registry, given) as port:
        tally = await jlis.collect_changes(registry.ex_officio, port)
    await registry.stamp()
    return {str(change): number for change, number in tally.items()}


class Loses(httpx.AsyncBaseTransport):
    """A line on which requests arrive, and the first answers are lost."""

    def __init__(self, app, answers=1):
        self._inner = httpx.ASGITransport(app)
        self._answers = answers

    async def handle_async_request(self, request):
        response = await self._inner.handle_async_request(request)
        if self._answers:
            self._answers -= 1
            raise httpx.ReadError("the line went down")
        return response


@asynccontextmanager
async def served(make):
    """The application that ``make`` makes for its address, on a real socket of this machine; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:  # who comes before it is served waits in line
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make(url), log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield url
        server.should_exit = True
        await task


async def standings(database):
    """How the records stand."""
    return await rows(database, "SELECT outcome, confirmed FROM reconciliation ORDER BY outcome")


async def questions(database):
    """Every question: of whom, what came of it."""
    return await rows(database, "SELECT asked_of, finding FROM question ORDER BY opened_at, asked_of")
