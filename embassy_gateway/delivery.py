"""配達 — each report reaches the registry once, however often the line drops.

A report is sent under one Idempotency-Key until the registry has answered; every attempt is signed anew. What an
answer means is told by ``receipts``; what nobody answered is sent again, for ever, with a back-off of up to 15
minutes. The registry holds the reports of one key for one, so an answer that got lost costs nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NoReturn

import anyio
import msgspec

from embassy_gateway.outbox import Dead, Delivered, Outbox, Postponed, Proof, Settled, Waiting
from embassy_gateway.receipts import (
    CALLER_REFUSALS,
    CLOCK_REFUSALS,
    SERVER_ERROR,
    AnswerUnusable,
    is_about_the_line,
    problem_in,
    retry_after,
    settle_batch,
    settle_one,
)
from embassy_gateway.schema import State
from embassy_gateway.spool import SpoolUnavailable
from registry.contract.client import Answer, AnswerNotTrusted, LineDown, SignedClient
from registry.contract.decoding import encode
from registry.contract.keys import VerifyingKey
from registry.contract.messages import EVIDENCE_HEADER, LARGEST_BATCH, Batch, BatchItem
from registry.contract.problems import ProblemCode

SINGLE_PATH: Final = "/v1/submissions"
BATCH_PATH: Final = "/v1/submissions/batch"

STUMBLES: Final = 3
"""After so many reports in a row that the registry stumbled over, it is not the reports."""

FIRST_BACK_OFF: Final = timedelta(seconds=1)
LONGEST_BACK_OFF: Final = timedelta(minutes=15)
EXCHANGE_WITHIN: Final = 60.0  # seconds; less than a lease
POLL: Final = timedelta(seconds=1)
"""How soon a report is noticed that another process put into the spool."""

LINE_DOWN: Final = "line-down"
SPOOL_UNAVAILABLE: Final = "spool-unavailable"
_NOT_TRUSTED: Final = "answer-not-trusted"
_UNUSABLE: Final = ("answer-not-understood", "receipt-not-signed", "receipt-of-other-reports")
ALARMING: Final = frozenset({_NOT_TRUSTED, *_UNUSABLE, *CALLER_REFUSALS} - CLOCK_REFUSALS)
"""Trouble with the line that waiting does not mend: a person must look."""


class Tally(msgspec.Struct, kw_only=True):
    """What a run has done so far; ``trouble`` is what ended it before everything due was sent."""

    delivered: int = 0
    refused: int = 0
    alarms: int = 0
    postponed: int = 0
    trouble: str | None = None

    def add(self, settled: Sequence[Settled]) -> None:
        """Count what became of some reports."""
        for one in settled:
            self.delivered += isinstance(one, Delivered)
            self.refused += isinstance(one, Dead) and one.state is State.REFUSED
            self.alarms += isinstance(one, Dead) and one.state is State.ALARM
            self.postponed += not isinstance(one, Delivered | Dead)


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """What delivering needs of the world: the time, chance in [0, 1), a way to wait, an ear for its progress."""

    clock: Callable[[], datetime]
    chance: Callable[[], float]
    pause: Callable[[float], Awaitable[None]] = anyio.sleep
    notice: Callable[[Tally], None] = lambda _: None


class _LineTrouble(Exception):  # noqa: N818 - ends a run, as foreseen
    """Nothing can be delivered at the moment; ``wait`` is how long at least."""

    def __init__(self, trouble: str, wait: timedelta = timedelta()) -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.wait = wait


def back_off(failures: int, chance: float) -> timedelta:
    """Return how long to wait after so many failures in a row (1 or more).

    Doubles from a second to 15 minutes; half of it is left to ``chance``, in [0, 1), so that the missions do not
    all come back at one moment.
    """
    ceiling = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * (1 << min(failures - 1, 20)))
    return ceiling * (1 + chance) / 2


class Deliverer:
    """Carries the reports of one outbox to the registry."""

    def __init__(
        self, outbox: Outbox, client: SignedClient, registry_keys: Mapping[str, VerifyingKey], ports: Ports
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._keys = registry_keys
        self._ports = ports
        self._clock_is_set = False
        self._one_by_one = 0  # so many of the oldest are sent singly, after their batch was refused as a whole
        self._stumbles = 0  # in a row
        self.tally = Tally()

    async def once(self, *, patient: bool = False) -> Tally:
        """Send everything that is due, oldest first, until nothing is or the line fails.

        ``patient`` heeds the line's back-off; without it the line is tried now, because somebody asks for it.
        """
        self.tally.trouble = None
        due = self._outbox.next_try(self._now)
        if patient and due is not None and due > self._now:
            self.tally.trouble = self._outbox.line().trouble
            return self.tally
        while rows := self._outbox.lease(self._now, self._most()):
            try:
                await self._send(rows)
            except _LineTrouble as trouble:
                self._line_failed(rows, trouble)
                break
            except BaseException:  # cancelled or broken: the next deliverer need not wait for the lease to end
                self._outbox.release(rows)
                raise
            finally:
                self._ports.notice(self.tally)
        return self.tally

    async def until_empty(self) -> Tally:
        """Go on, waiting out every back-off but the first, until nothing waits or a person must look."""
        await self.once()
        while self.tally.trouble not in ALARMING:
            due = self._outbox.next_try(self._now)
            if due is None:
                break
            await self._ports.pause(max((due - self._now).total_seconds(), 0.0))
            await self.once(patient=True)
        return self.tally

    async def for_ever(self) -> NoReturn:
        """Go on until cancelled; a spool that cannot be written is waited out like a line that is down."""
        patient = False
        while True:
            try:
                await self.once(patient=patient)
            except SpoolUnavailable:
                self.tally.trouble = SPOOL_UNAVAILABLE
                self._ports.notice(self.tally)
            patient = True
            await self._ports.pause(POLL.total_seconds())

    @property
    def _now(self) -> datetime:
        return self._ports.clock()

    def _most(self) -> int:
        """Return how many may travel together: fewer after each failure, in case it was their weight that failed."""
        return 1 if self._one_by_one else max(1, LARGEST_BATCH >> min(self._outbox.line().failures, 8))

    async def _send(self, rows: Sequence[Waiting]) -> None:
        """Send leased reports and write down what the registry says; raises :class:`_LineTrouble`."""
        try:
            settled, proof = self._judge(await self._exchange(rows), rows)
        except AnswerUnusable as unusable:
            raise _LineTrouble(unusable.trouble, LONGEST_BACK_OFF) from None
        if not settled:
            self._one_by_one = len(rows)
            self._outbox.release(rows)
            return
        self._outbox.settle(settled, proof, self._now, self._later)
        self.tally.add(settled)
        self._one_by_one = max(0, self._one_by_one - 1)
        self._stumbles = self._stumbles + 1 if all(isinstance(one, Postponed) for one in settled) else 0
        if self._stumbles >= STUMBLES:
            raise _LineTrouble(ProblemCode.INTERNAL)

    def _judge(self, answer: Answer | None, rows: Sequence[Waiting]) -> tuple[Sequence[Settled], Proof | None]:
        """Say what became of the reports; nothing of a batch refused as a whole, which judges none of them."""
        problem = None if answer is None else problem_in(answer)
        if answer is not None and problem is not None and is_about_the_line(problem):
            raise _LineTrouble(problem.code, retry_after(answer, self._now))
        if len(rows) > 1:
            return ((), None) if answer is None or problem is not None else settle_batch(answer, rows, self._keys)
        if answer is None:
            return (Postponed(row=rows[0]),), None
        settled, proof = settle_one(answer, rows[0], self._keys)
        return (settled,), proof

    async def _exchange(self, rows: Sequence[Waiting]) -> Answer | None:
        """Send; when the registry finds the clock wrong, set it and send once more. All within a minute.

        None when the registry stumbled: it does not sign what it never meant to say.
        """
        try:
            with anyio.fail_after(EXCHANGE_WITHIN):
                if not self._clock_is_set:
                    await self._set_clock()
                answer = await self._attempt(rows)
                problem = problem_in(answer)
                if problem is not None and problem.code in CLOCK_REFUSALS:
                    await self._set_clock()
                    answer = await self._attempt(rows)
                return answer
        except AnswerNotTrusted:
            raise _LineTrouble(_NOT_TRUSTED, LONGEST_BACK_OFF) from None
        except LineDown as down:
            if down.status == SERVER_ERROR:
                return None
            raise _LineTrouble(LINE_DOWN if down.status is None else f"line-answers-{down.status}") from None
        except TimeoutError:
            raise _LineTrouble(LINE_DOWN) from None

    async def _set_clock(self) -> None:
        await self._client.synchronise()
        self._clock_is_set = True

    async def _attempt(self, rows: Sequence[Waiting]) -> Answer:
        """Send one report as the bytes that were signed at intake, or several in a batch."""
        if len(rows) == 1:
            row = rows[0]
            return await self._client.post(
                SINGLE_PATH, row.body, row.idempotency_key, ((EVIDENCE_HEADER, row.evidence),)
            )
        items = (
            BatchItem(idempotency_key=row.idempotency_key, report=row.body.decode(), evidence=row.evidence)
            for row in rows
        )
        body = encode(Batch(items=tuple(items)))
        # The key follows from the body: each report has its own, the batch needs one only to be sent at all.
        return await self._client.post(BATCH_PATH, body, f"batch-{sha256(body).hexdigest()}")

    def _line_failed(self, rows: Sequence[Waiting], trouble: _LineTrouble) -> None:
        """Let the whole line wait: the longer of back-off and what the registry asked for."""
        wait = back_off(self._outbox.line().failures + 1, self._ports.chance())
        self._outbox.line_failed(rows, self._now + max(wait, trouble.wait), trouble.trouble)
        self.tally.trouble = trouble.trouble

    def _later(self, row: Waiting) -> datetime:
        return self._now + back_off(row.attempts + 1, self._ports.chance())
