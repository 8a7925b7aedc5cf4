"""The line to the registry: asking until there is an answer, and telling one that nobody can go on from.

While the line is down, or the registry is busy, the same is asked again after longer and longer pauses, until patience
ends. Whoever sends the same again under the same key gets the stored answer.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from registry.contract.client import Answer, AnswerNotTrusted, LineDown, SignedClient
from registry.contract.decoding import decode
from registry.contract.problems import Problem, ProblemCode
from registry.domain.errors import InvalidInput

T = TypeVar("T")
M = TypeVar("M", bound=msgspec.Struct)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts; doubled from one to the next."""

_LARGEST_ANSWER: Final = 8 << 20
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500


class BrokenOff(Exception):  # noqa: N818 - a state of the line, which the next run mends
    """The line stayed down for longer than patience; what was acknowledged is kept."""


class PushRefused(Exception):  # noqa: N818 - the registry's answer, not an accident of the program
    """The registry will take nothing from this caller as things stand; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        """Carry the registry's own words."""
        super().__init__(problem.code)
        self.problem = problem


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How to wait: ``sleep`` for seconds, ``jitter`` from 0 to 1, ``patience`` in seconds for one request in all."""

    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    patience: float


class _Busy(Exception):  # noqa: N818 - caught in this module
    """The registry asks to come back later; ``after`` in seconds."""

    def __init__(self, after: float) -> None:
        super().__init__()
        self.after = after


async def post(client: SignedClient, path: str, body: bytes, key: str) -> Answer:
    """Send a body under its key, within :func:`patiently`."""
    return _unless_busy(await client.post(path, body, key))


async def get(client: SignedClient, path: str) -> Answer:
    """Ask for what waits at a path, within :func:`patiently`."""
    return _unless_busy(await client.get(path))


def _unless_busy(answer: Answer) -> Answer:
    if answer.status == _TOO_MANY_REQUESTS or answer.status >= _SERVER_ERROR:
        raise _Busy(_retry_after(answer))
    return answer


def _retry_after(answer: Answer) -> float:
    """Return the pause that an answer asks for; the field is not signed, so it may ask for no more than the longest."""
    text = answer.header("retry-after") or ""
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() else 0.0


async def patiently(ask: Callable[[], Awaitable[T]], waiting: Waiting) -> T:
    """Ask until there is an answer; raises :class:`BrokenOff` when that takes longer than patience."""
    pause, waited = FIRST_PAUSE, 0.0
    while True:
        try:
            return await ask()
        except LineDown:
            at_least = 0.0
        except _Busy as busy:
            at_least = busy.after
        wait = max(at_least, pause * (1 + waiting.jitter()) / 2)
        if waited + wait > waiting.patience:
            raise BrokenOff
        await waiting.sleep(wait)
        waited += wait
        pause = min(2 * pause, LONGEST_PAUSE)


def decoded(answer: Answer, type_: type[M]) -> M:
    """Read a signed answer; raises AnswerNotTrusted where it is no such message."""
    try:
        return decode(answer.body, type_, max_bytes=_LARGEST_ANSWER)
    except InvalidInput:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT) from None
