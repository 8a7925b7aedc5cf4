"""The door: what a request may cost before anybody knows who sent it, and what is said of those turned away.

The desk judges a request by its head (``contract.signing.verify_head``). Until then, and whenever it is answered by the
head alone, nothing of its body is kept. What an honest sender with a wrong clock is still sending is let pass by, or it
would see a broken line in the place of the answer; but only so much of it, for so long, of so many at once. Beyond that
the answer comes at once and the connection ends with it. (A gateway that finds the line broken sends less next time,
and so hears the answer then.)
"""

from asyncio import timeout
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from registry.domain.pace import Bucket, Pace, take, weight
from registry.services.trawling import Alarm
from registry.web.metrics import ALARMS, UNREAD

log = structlog.get_logger("registry.door")

LARGEST_BODY: Final = 8 << 20
"""Bytes; a batch of a hundred households has fewer."""
PASSING_AT_MOST: Final = 1 << 20
"""Bytes of a body that nobody wants which are taken, only to be dropped."""
PASSING: Final = Pace(at_once=256, per_second=64)
"""How much of all such bodies is taken, in ordinary bodies of 64 KB: to take and drop is work as well."""
PASSING_WITHIN: Final = 10.0
"""Seconds in which such a body must have been sent."""
PASSING_AT_ONCE: Final = 64
"""Requests whose unwanted bodies are let pass at the same time; each holds some 64 KB."""

LINES: Final = Pace(at_once=100, per_second=5)
"""How many lines the security log takes of requests from nobody: enough to see what goes on, whatever they send."""


class SecurityLog:
    """One line for each request that is turned away at the door, unless there are too many."""

    def __init__(self) -> None:
        self._bucket: Bucket | None = None
        self._left_out = 0

    def note(self, code: str, correlation_id: str, now: datetime, account: str | None = None) -> None:
        """Write a line, or count one that is left out: the next one written says how many were.

        ``account`` is whose session it came in; None where nobody was identified.
        """
        self._bucket, wait = take(self._bucket, LINES, now)
        if wait:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        log.info("refused at the door", code=code, correlation_id=correlation_id, account=account, left_out=left_out)


def sound(alarm: Alarm) -> None:
    """Tell people how a caller asks: by a line of the log and by the metrics. A body is named, never a person."""
    for suspicion in alarm.suspicions:
        ALARMS.labels(suspicion).inc()
    suspicions = [str(one) for one in alarm.suspicions]
    log.warning("caller asks suspiciously", caller=alarm.body, verdict=str(alarm.verdict), suspicions=suspicions)


class Passing:
    """Lets no answer leave while its request is still being sent, nor waits for it longer than a request is worth."""

    def __init__(self, app: ASGIApp, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock
        self._bucket: Bucket | None = None
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; where its body is not wanted any more, see that its sender hears so."""
        length = 0 if scope["type"] != ScopeType.HTTP else _announced(scope)
        if not length:
            await self._app(scope, receive, send)
            return
        sending = _Sending(receive, length)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and sending.goes_on and not await self._let_pass(sending):
                UNREAD.inc()
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, sending.receive, answer)

    async def _let_pass(self, sending: "_Sending") -> bool:
        """Take the rest of a request and keep nothing of it; return whether it came to its end."""
        if self._at_once >= PASSING_AT_ONCE or sending.length > PASSING_AT_MOST:
            return False
        self._bucket, wait = take(self._bucket, PASSING, self._clock(), weight(sending.length))
        if wait:
            return False
        self._at_once += 1
        try:
            async with timeout(PASSING_WITHIN):
                return await sending.to_its_end(PASSING_AT_MOST)
        except TimeoutError:
            return False
        finally:
            self._at_once -= 1


class _Sending:
    """A request that is being sent, of a ``length`` that its head announced."""

    def __init__(self, receive: Receive, length: int) -> None:
        self._receive = receive
        self._taken = 0
        self.length = length
        self.goes_on = True

    async def receive(self) -> ReceiveMessage:
        message = await self._receive()
        self.goes_on = False
        if message["type"] == "http.request":
            self.goes_on = message.get("more_body", False)
            self._taken += len(message.get("body", b""))
        return message

    async def to_its_end(self, at_most: int) -> bool:
        """Take what comes, up to ``at_most`` bytes in all; return whether that was everything."""
        while self.goes_on and self._taken <= at_most:
            await self.receive()
        return not self.goes_on


def _announced(scope: Scope) -> int:
    """Return how long a body the head announces; one in chunks, of unknown length, is let pass like the longest."""
    fields = dict(scope["headers"])
    if b"transfer-encoding" in fields:
        return PASSING_AT_MOST
    said = fields.get(b"content-length", b"0")
    return int(said[:18]) if said.isdigit() else PASSING_AT_MOST
