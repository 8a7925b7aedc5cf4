"""The generator of load: requests that were made beforehand, sent over kept connections, each answer timed.

It speaks just enough HTTP/1.1 to be no hurdle of its own: on two cores it takes its share from the server that it
measures, the same from every server.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Final, Self

import msgspec

HOST: Final = "127.0.0.1"
CONNECTIONS: Final = 32


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run: seconds in all, seconds of each answer, answers by status."""

    seconds: float
    latencies: tuple[float, ...]
    statuses: dict[int, int]

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency, in milliseconds, that ``share`` of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1_000


def http(method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Write one request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {HOST}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def closed_loop(port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Run:
    """Send all requests, each connection the next one as soon as it has its answer."""
    waiting = iter(requests)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()

    async def work() -> None:
        async with _Connection(port) as connection:
            for request in waiting:
                began = perf_counter()
                statuses[await connection.exchange(request)] += 1
                latencies.append(perf_counter() - began)

    began = perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return Run(seconds=perf_counter() - began, latencies=tuple(latencies), statuses=dict(statuses))


async def open_loop(port: int, requests: Sequence[bytes], rate: float, connections: int = CONNECTIONS) -> Run:
    """Send ``rate`` requests a second whatever becomes of them; latency counts from when each was due."""
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    latencies: list[float] = []
    statuses: Counter[int] = Counter()

    async def work() -> None:
        async with _Connection(port) as connection:
            while (given := await due.get()) is not None:
                moment, request = given
                statuses[await connection.exchange(request)] += 1
                latencies.append(perf_counter() - moment)

    workers = [asyncio.create_task(work()) for _ in range(connections)]
    began = perf_counter()
    for number, request in enumerate(requests):
        moment = began + number / rate
        await asyncio.sleep(max(0.0, moment - perf_counter()))
        due.put_nowait((moment, request))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return Run(seconds=perf_counter() - began, latencies=tuple(latencies), statuses=dict(statuses))


class _Connection:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def exchange(self, request: bytes) -> int:
        """Send a request, read the whole answer, return its status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        begin = lowered.index(b"content-length:") + len(b"content-length:")
        await self._reader.readexactly(int(lowered[begin : lowered.index(b"\r\n", begin)]))
        return int(head[9:12])
