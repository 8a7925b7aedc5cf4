"""The registry on a real socket: a head that is too long or too slow ends its connection, any other is served."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import uvicorn
from litestar import Litestar, post
from litestar.params import RawBody

from registry import serving
from registry.serving import LARGEST_HEAD, configuration

pytestmark = pytest.mark.anyio

REQUEST = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\nhi"


@post("/", status_code=200)
async def echo(body: RawBody) -> bytes:
    return body


@asynccontextmanager
async def connected():
    """A connection to an application that is served as the registry is."""
    server = uvicorn.Server(configuration(Litestar([echo], logging_config=None), "127.0.0.1", 0))
    server.install_signal_handlers = lambda: None
    serving_ = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    (address,) = (one.getsockname() for one in server.servers[0].sockets)
    reader, writer = await asyncio.open_connection(*address)
    yield reader, writer
    writer.close()
    server.should_exit = True
    await serving_


async def exchanged(reader, writer):
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b" ", 2)[1], await reader.readexactly(2)


async def test_requests_one_after_another_are_served_on_one_connection():
    async with connected() as (reader, writer):
        assert [await exchanged(reader, writer) for _ in range(3)] == [(b"200", b"hi")] * 3


async def test_a_head_that_is_too_long_is_refused_before_it_is_whole():
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\n" + b"filler: " + b"x" * 2 * LARGEST_HEAD)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


SLOW = {
    "nothing at all": b"",
    "half a head": REQUEST[:20],
    "half of the next head": REQUEST + REQUEST[:20],
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
async def test_a_connection_ends_on_which_no_whole_head_comes_in_time(sent, monkeypatch):
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.2)
    async with connected() as (reader, writer):
        writer.write(sent)
        answered = await reader.read()
    assert answered.count(b"HTTP/1.1 200 ") == sent.count(b"hi")


async def test_a_body_may_take_longer_than_a_head(monkeypatch):
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.05)
    async with connected() as (reader, writer):
        writer.write(REQUEST[:-1])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        writer.write(REQUEST[-1:])
        assert (await reader.read(12)) == b"HTTP/1.1 200"
