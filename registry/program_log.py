"""The log of the program: lines of JSON with fields of a closed list, whatever a call says (docs/audit-events.md)."""

import logging
import sys
from typing import Final, TextIO

import structlog

ALLOWED_FIELDS: Final = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "code",
        "kind",
        "sqlstate",
        "at",
        "correlation_id",
        "address",
        "account",
        "caller",
        "verdict",
        "suspicions",
        "left_out",
        "sequence",
    }
)
"""What a log line may hold. Everything else is dropped, so that nobody's name gets there by mistake."""


def configure_log(to: TextIO = sys.stdout) -> None:
    """Write log lines as JSON with allowed fields only, to standard output where nothing else is said."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(to),
        cache_logger_on_first_use=True,
    )


def place_of(error: BaseException) -> str:
    """Return module and line of an error's innermost frame; its message could hold personal data and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _only_allowed(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: value for name, value in event.items() if name in ALLOWED_FIELDS}
