"""A registry for the tests of the gateway: checks every signature, keeps what it took, answers signed receipts.

It knows one client and holds to the contract: one effect per idempotency key, the stored answer for the same body,
409 for another. ``script`` says how the next requests fare; once it is empty they fare well.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from socket import create_server

import msgspec
import uvicorn

from registry.contract.decoding import decode, encode
from registry.contract.evidence import EvidenceRefused, evidence_hash, sign_receipt, verify_evidence
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.messages import (
    EVIDENCE_HEADER,
    IDEMPOTENCY_HEADER,
    RECEIPT_HEADER,
    Batch,
    BatchAnswer,
    BatchOutcome,
    Receipt,
    SubmissionState,
    TimeAnswer,
)
from registry.contract.problems import PROBLEM_MEDIA_TYPE, Problem, ProblemCode, WireRefusal, problem
from registry.contract.signing import AnswerParts, RequestParts, sign_answer, verify_request
from registry.domain.errors import Fault, FaultCode
from registry.domain.residence_report import ResidenceReport


class Fare(StrEnum):
    """What becomes of a request."""

    WELL = "well"
    CUT_BEFORE = "cut before the effect"
    CUT_AFTER = "answer lost after the effect"
    STALLED = "effect, then never an answer"
    BUSY = "503 with Retry-After"
    RATE_LIMITED = "429 with Retry-After"
    STUMBLES = "500"
    CRASHES = "500 without a signature"
    PROXY = "502 by an intermediary"
    PORTAL = "200 by an intermediary"
    UNKNOWN_KEY = "401 key-unknown"
    FORGED = "signed by a stranger"
    NO_RECEIPT = "no receipt"
    OTHER_RECEIPT = "a receipt over another body"
    STRANGE_RECEIPT = "a receipt by a stranger"
    WRONG_DIGEST = "a receipt for another report"
    GIBBERISH = "signed, but no receipt"
    BATCH_TOO_LARGE = "413 for a batch"


_PROBLEMS = {
    Fare.BUSY: (503, ProblemCode.NOT_READY),
    Fare.RATE_LIMITED: (429, ProblemCode.RATE_LIMITED),
    Fare.STUMBLES: (500, ProblemCode.INTERNAL),
    Fare.UNKNOWN_KEY: (401, ProblemCode.KEY_UNKNOWN),
    Fare.BATCH_TOO_LARGE: (413, ProblemCode.BODY_TOO_LARGE),
}
_UNSIGNED = {Fare.PROXY: 502, Fare.PORTAL: 200, Fare.CRASHES: 500}
RETRY_AFTER = 120  # seconds


class StandIn:
    """The registry's side of the contract, as one ASGI application."""

    def __init__(self, client: VerifyingKey, clock: Callable[[], datetime]) -> None:
        self.clients = {client.key_id: client}
        self.key = SigningKey.generate("registry-test")
        self.stranger = SigningKey.generate("registry-test")
        self.clock = clock
        self.script: deque[Fare] = deque()
        self.refuses: Callable[[ResidenceReport], bool] = lambda _: False
        self.stumbles_over: set[bytes] = set()  # once over each
        self.effects: list[bytes] = []  # the reports, in the order in which they took effect
        self.evidence: list[str] = []
        self.requests: list[str] = []
        self.stalled = threading.Event()
        self._answers: dict[str, tuple[bytes, int, Receipt | Problem]] = {}
        self._nonces: set[str] = set()

    def chain(self) -> list[int]:
        """Verify every evidence and its tie to the one before; return the sequence numbers."""
        previous, numbers = None, []
        for report, evidence in zip(self.effects, self.evidence, strict=True):
            header = verify_evidence(report, evidence, self.clients.get)
            assert header.previous == previous
            previous = evidence_hash(evidence)
            numbers.append(header.sequence)
        return numbers

    async def __call__(self, scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = tuple((name.decode(), value.decode()) for name, value in scope["headers"])
        host = next(value for name, value in headers if name == "host")
        parts = RequestParts(method=scope["method"], url=f"http://{host}{scope['path']}", headers=headers, body=body)
        self.requests.append(scope["path"])
        if scope["path"] == "/v1/time":
            await self._answer(send, parts, 200, TimeAnswer(now=self.clock()), self.key)
        else:
            await self._submission(parts, receive, send)

    async def _submission(self, parts, receive, send):
        fare = self.script.popleft() if self.script else Fare.WELL
        if fare is Fare.CUT_BEFORE:
            await _cut(send)
        if fare in _UNSIGNED:
            await _send(send, _UNSIGNED[fare], [("content-type", "text/html")], b"<h1>Hello</h1>")
            return
        refusal = self._caller(parts)
        if refusal is not None:
            await self._answer(send, parts, 401, _problem(401, refusal), self.key)
            return
        if fare in _PROBLEMS and (fare is not Fare.BATCH_TOO_LARGE or parts.url.endswith("/batch")):
            status, code = _PROBLEMS[fare]
            extra = (("Retry-After", str(RETRY_AFTER)),) if status in {429, 503} else ()
            await self._answer(send, parts, status, _problem(status, code), self.key, extra)
            return
        status, message = self._effect(parts)
        if fare is Fare.CUT_AFTER:
            await _cut(send)
        if fare is Fare.STALLED:
            self.stalled.set()
            await receive()  # until the other side is gone
            return
        await self._answer_as(fare, send, parts, status, message)

    async def _answer_as(self, fare, send, parts, status, message):
        if fare is Fare.WRONG_DIGEST and isinstance(message, Receipt):
            message = msgspec.structs.replace(message, report_sha256="0" * 64)
        elif fare is Fare.WRONG_DIGEST:
            message = BatchAnswer(items=message.items[::-1])
        body = b'{"thanks":"a lot"}' if fare is Fare.GIBBERISH else encode(message)
        receipt = {
            Fare.NO_RECEIPT: None,
            Fare.OTHER_RECEIPT: sign_receipt(b"{}", self.key),
            Fare.STRANGE_RECEIPT: sign_receipt(body, self.stranger),
        }.get(fare, sign_receipt(body, self.key))
        extra = ((RECEIPT_HEADER, receipt),) if receipt and status < 400 else ()
        await self._answer(send, parts, status, body, self.stranger if fare is Fare.FORGED else self.key, extra)

    def _caller(self, parts):
        """Verify signature and nonce; return the code of the refusal, if any."""
        try:
            verified = verify_request(parts, self.clients.get, self.clock())
        except WireRefusal as refused:
            return refused.code
        if verified.nonce in self._nonces:
            return ProblemCode.SIGNATURE_REPLAYED
        self._nonces.add(verified.nonce)
        return None

    def _effect(self, parts):
        """Take a report or a batch; return status and message."""
        if not parts.url.endswith("/batch"):
            sent = {name.lower(): value for name, value in parts.headers}
            return self._take(sent[IDEMPOTENCY_HEADER], parts.body, sent[EVIDENCE_HEADER])
        outcomes = []
        for item in decode(parts.body, Batch, max_bytes=1 << 26).items:
            _, message = self._take(item.idempotency_key, item.report.encode(), item.evidence)
            place = "receipt" if isinstance(message, Receipt) else "problem"
            outcomes.append(BatchOutcome(idempotency_key=item.idempotency_key, **{place: message}))
        return 200, BatchAnswer(items=tuple(outcomes))

    def _take(self, key, body, evidence):
        """One effect per key."""
        if key in self._answers:
            known, status, answer = self._answers[key]
            return (status, answer) if known == body else (409, _problem(409, ProblemCode.IDEMPOTENCY_KEY_REUSED))
        if body in self.stumbles_over:
            self.stumbles_over.remove(body)
            return 500, _problem(500, ProblemCode.INTERNAL)
        status, answer = self._judge(body, evidence)
        self._answers[key] = (body, status, answer)
        self.effects.append(body)
        self.evidence.append(evidence)
        return status, answer

    def _judge(self, body, evidence):
        try:
            verify_evidence(body, evidence, self.clients.get)
        except EvidenceRefused as refused:
            return 400, _problem(400, refused.code)
        if self.refuses(decode(body, ResidenceReport)):
            fault = Fault(code=FaultCode.DATE_BEFORE_BIRTH, pointer="/effective", expected="a later day")
            return 422, _problem(422, ProblemCode.INVALID_INPUT, fault)
        now = self.clock()
        return 201, Receipt(
            submission_id=f"submission-{len(self.effects) + 1}",
            state=SubmissionState.ACCEPTED,
            received_at=now,
            received_on=now.date(),
            report_sha256=sha256(body).hexdigest(),
        )

    async def _answer(self, send, parts, status, message, key, extra=()):
        body = message if isinstance(message, bytes) else encode(message)
        media_type = PROBLEM_MEDIA_TYPE if status >= 400 else "application/json"
        headers = (("Content-Type", media_type), *extra)
        signature = sign_answer(AnswerParts(status=status, headers=headers, body=body), parts, key, datetime.now(UTC))
        await _send(send, status, [*headers, *signature], body)


def _problem(status, code, *faults):
    return problem(code, status=status, correlation_id="correlation-1", faults=faults)


async def _send(send, status, headers, body):
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _cut(send):
    """Begin an answer and break the connection in the middle of it."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionAbortedError


class Line:
    """The way to a stand-in over real HTTP: one address, up or down."""

    def __init__(self, app: StandIn) -> None:
        self._app = app
        with create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        listener = create_server(("127.0.0.1", self.port))  # bound before anyone calls: no wait for readiness
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],))
        self._thread.start()

    def down(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None


@contextmanager
def line_to(app: StandIn, *, up: bool = True) -> Iterator[Line]:
    line = Line(app)
    if up:
        line.up()
    try:
        yield line
    finally:
        line.down()
