"""How the application is put on a socket: uvicorn, quiet about addresses and bodies, ended by SIGTERM or Ctrl-C."""

import gc
import logging

import structlog
import uvicorn
import uvloop

from registry.settings import Settings
from registry.wiring import application

ALLOWED_FIELDS = frozenset(
    {"event", "level", "timestamp", "logger", "code", "kind", "sqlstate", "at", "correlation_id", "address"}
)
"""What a log line may hold. Everything else is dropped, so that nobody's name gets there by mistake."""


def serve(settings: Settings) -> None:
    """Serve until told to stop; every request under way is finished first."""
    configure_log()
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with application(settings) as app:
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=10,
        )
        # The tables of codes stay as they are: to go through them again and again would hold up whoever asks just then.
        gc.collect()
        gc.freeze()
        structlog.get_logger("registry").info("serving", address=settings.address)
        await uvicorn.Server(config).serve()


def configure_log() -> None:
    """Write log lines as JSON with allowed fields only."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _only_allowed(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: value for name, value in event.items() if name in ALLOWED_FIELDS}
