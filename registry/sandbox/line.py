"""The line between a mission and the registry, for demonstrations: it can be cut, mended, and lose an answer.

A plain TCP relay on its own thread. Nothing is read or changed; a cut drops what is under way and refuses what comes.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

HOST: Final = "127.0.0.1"
_CHUNK: Final = 1 << 16


class Line:
    """Relays ``HOST:port`` to another port of this machine while it is not cut. Use it in ``with``."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._answers_to_lose = 0
        self._server: asyncio.Server | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def cut(self) -> None:
        """Cut the line: what is under way is lost, what comes is turned away."""
        self._call(self._set_cut(cut=True))

    def mend(self) -> None:
        """Let everything pass again."""
        self._call(self._set_cut(cut=False))

    def lose_answers(self, number: int) -> None:
        """Deliver the next requests but lose their answers, as when a line breaks at the worst moment."""
        self._answers_to_lose = number

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._relay, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        """Stop listening and end every relay still under way."""
        if self._server is not None:
            self._server.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    async def _set_cut(self, *, cut: bool) -> None:
        self._cut = cut
        if cut:
            for writer in list(self._open):
                writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_end = None if self._cut else await self._far_end()
        if far_end is None:
            writer.transport.abort()
            return
        far_reader, far_writer = far_end
        self._open |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, answers=True))
        finally:
            self._open -= {writer, far_writer}
            far_writer.close()
            writer.close()

    async def _far_end(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return a connection to the other end, or None while nobody listens there."""
        try:
            return await asyncio.open_connection(HOST, self._to_port)
        except ConnectionError:
            return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                if answers and self._answers_to_lose:
                    self._answers_to_lose -= 1
                    writer.transport.abort()
                    return
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
