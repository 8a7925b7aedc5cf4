"""The door: what a request may cost before anybody knows who sent it, and what is said of those turned away.

The desk judges a request by its head (``contract.signing.verify_head``). Until then, and whenever it is answered by the
head alone, nothing of its body is kept. What the sender is still sending is then let pass by, for otherwise an honest
one with a wrong clock would see a broken line in the place of the answer; but only up to the size of the largest body,
for so long, and for so many at once. Beyond that the answer comes at once and the connection ends with it.
"""

from asyncio import timeout
from datetime import datetime
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from registry.domain.pace import Bucket, Pace, take
from registry.services.trawling import Alarm
from registry.web.metrics import ALARMS, UNREAD

log = structlog.get_logger("registry.door")

LARGEST_BODY: Final = 8 << 20
"""Bytes; a batch of a hundred households has fewer."""
PASSING_WITHIN: Final = 10.0
"""Seconds in which what nobody wants must have been sent."""
PASSING_AT_ONCE: Final = 64
"""Requests whose unwanted bodies are let pass at the same time; each holds some 64 KB."""

LINES: Final = Pace(at_once=100, per_second=5)
"""How many lines the security log takes of requests from nobody: enough to see what goes on, whatever they send."""


class SecurityLog:
    """One line for each request whose sender could not be identified, unless there are too many."""

    def __init__(self) -> None:
        self._bucket: Bucket | None = None
        self._left_out = 0

    def note(self, code: str, correlation_id: str, now: datetime) -> None:
        """Write a line, or count one that is left out: the next one written says how many were."""
        self._bucket, wait = take(self._bucket, LINES, now)
        if wait:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        log.info("refused at the door", code=code, correlation_id=correlation_id, left_out=left_out)


def sound(alarm: Alarm) -> None:
    """Tell people how a caller asks: by a line of the log and by the metrics. A body is named, never a person."""
    for suspicion in alarm.suspicions:
        ALARMS.labels(suspicion).inc()
    suspicions = [str(one) for one in alarm.suspicions]
    log.warning("caller asks suspiciously", caller=alarm.body, verdict=str(alarm.verdict), suspicions=suspicions)


def closed_in_time(app: ASGIApp) -> ASGIApp:
    """Let no answer leave while its request is still being sent, nor wait for it longer than a request is worth."""
    passing = 0

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _announces_body(scope):
            await app(scope, receive, send)
            return
        sending = _Sending(receive)

        async def answer(message: Message) -> None:
            nonlocal passing
            if message["type"] == "http.response.start" and sending.goes_on:
                passing += 1
                try:
                    is_over = passing <= PASSING_AT_ONCE and await sending.let_pass()
                finally:
                    passing -= 1
                if not is_over:
                    UNREAD.inc()
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await app(scope, sending.receive, answer)

    return serve


class _Sending:
    """A request that is still being sent."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._length = 0
        self.goes_on = True

    async def receive(self) -> ReceiveMessage:
        message = await self._receive()
        self.goes_on = False
        if message["type"] == "http.request":
            self.goes_on = message.get("more_body", False)
            self._length += len(message.get("body", b""))
        return message

    async def let_pass(self) -> bool:
        """Take the rest and keep nothing of it; return whether it came to its end."""
        try:
            async with timeout(PASSING_WITHIN):
                while self.goes_on and self._length <= LARGEST_BODY:
                    await self.receive()
        except TimeoutError:
            return False
        return not self.goes_on


def _announces_body(scope: Scope) -> bool:
    """Whether the head says that a body follows (RFC 9112 § 6.3)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
