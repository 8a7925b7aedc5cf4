"""How the application runs: on a socket by uvicorn, quiet about addresses and bodies, until SIGTERM or Ctrl-C."""

import gc
from asyncio import TimerHandle, Transport
from typing import Final

import structlog
import uvicorn
import uvloop
from litestar import Litestar
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from registry.application import application
from registry.program_log import configure_log
from registry.settings import Settings

LARGEST_HEAD: Final = 16 << 10
"""Bytes of the request line and all fields together; a signed submission with its evidence has three thousand."""
YOUNG: Final = 20_000
"""Objects made before the collector looks through them; with Python's 700 it looks four times in each inquiry."""
HEAD_WITHIN: Final = 10.0
"""Seconds in which the head of a request must have come whole, and the next one after a connection was opened."""


class Hurried(H11Protocol):
    """HTTP/1.1 for which nobody waits: a head that does not come in time ends its connection."""

    _patience: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn itself narrows it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_WITHIN, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take some bytes in; where they end amid a head, the rest of it has only so long."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._be_patient()
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._be_patient()
        super().connection_lost(exc)

    def _be_patient(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def serve(settings: Settings, *, sequences: bool = True) -> None:
    """Serve until told to stop; every request under way is finished first."""
    configure_log()
    uvloop.run(_serve(settings, sequences=sequences))


async def _serve(settings: Settings, *, sequences: bool) -> None:
    async with application(settings, sequences=sequences) as app:
        config = configuration(app, settings.host, settings.port)
        # The tables of codes stay as they are: to go through them again and again would hold up whoever asks just then.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, 10, 10)
        structlog.get_logger("registry").info("serving", address=settings.address)
        await uvicorn.Server(config).serve()


def configuration(app: Litestar, host: str, port: int) -> uvicorn.Config:
    """Return how the application is put on a socket."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Hurried,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        proxy_headers=False,  # nobody is believed who says for whom a request is
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=10,
    )
