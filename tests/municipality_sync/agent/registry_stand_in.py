"""A registry of a few lines on this machine: verifies and signs as the real one, remembers, misbehaves when asked.

It keeps what the promise of a push rests on: every body received, every effect, one stored answer for each key.
"""

import json
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn

from registry.contract.client import SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.inquiry_list import (
    ANSWERS_PATH,
    QUESTIONS_PATH,
    RemovedRecordAnswer,
    RemovedRecordQuestions,
    RemovedRecordReceipt,
)
from registry.contract.keys import SigningKey
from registry.contract.messages import Delivery, DeliveryAnswer, RecordOutcome, RecordState, TimeAnswer
from registry.contract.problems import ProblemCode, fault_entry, problem
from registry.contract.signing import AnswerParts, RequestParts, sign_answer, verify_request
from registry.domain.errors import Fault, FaultCode

MUNICIPALITY = SigningKey.generate("chiyoda")
REGISTRY = SigningKey.generate("registry")
IMPOSTOR = SigningKey.generate("registry")


class StandIn:
    """What it was sent and what it did. ``troubles`` are what to do with the next parts instead of taking them in.

    ``before_answer`` is called with the number of a part when its effect is there and its answer not yet.
    ``questions`` are its inquiry list, in pages of ``page_size``; ``answered`` is what came of those answered.
    """

    def __init__(self):
        self.address = ""
        self.keys = []
        self.bodies = []
        self.effects = Counter()
        self.troubles = []
        self.refused_numbers = set()
        self.kept = {}
        self.before_answer = nothing_happens
        self.questions = []
        self.page_size = 100
        self.answered = {}
        self._answers = {}

    async def __call__(self, scope, receive, send):
        request = await received(scope, receive)
        status, body, fields, key = self.served(scope["path"], scope["query_string"].decode(), request)
        answer = AnswerParts(status=status, headers=(("content-type", "application/json"), *fields), body=body)
        signature = sign_answer(answer, request, key, datetime.now(UTC)) if key else ()
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers + signature]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def served(self, path, query, request):
        if path == "/v1/time":
            return 200, encode(TimeAnswer(now=datetime.now(UTC))), (), REGISTRY
        verify_request(request, {MUNICIPALITY.key_id: MUNICIPALITY.verifying}.get, datetime.now(UTC))
        if path == QUESTIONS_PATH:
            return 200, encode(self.page(query)), (), REGISTRY
        key = next(value for name, value in request.headers if name == "idempotency-key")
        self.keys.append(key)
        self.bodies.append(request.body)
        if self.troubles:
            return self.troubles.pop(0)
        return 200, self.taken_in(path, key, request.body), (), REGISTRY

    def page(self, query):
        open_ones = [one for one in self.questions if one.question_id not in self.answered]
        after = query.removeprefix("after=")
        places = [at for at, one in enumerate(open_ones, start=1) if one.question_id == after]
        page = open_ones[places[0] if after else 0 :][: self.page_size]
        is_full = len(page) == self.page_size
        return RemovedRecordQuestions(questions=tuple(page), after=page[-1].question_id if is_full else None)

    def taken_in(self, path, key, body):
        kept = self._answers.get(key)
        if kept is not None:
            assert kept[0] == body, "the same key with another body"
            return kept[1]
        if path == ANSWERS_PATH:
            said = decode(body, RemovedRecordAnswer)
            self.answered[said.question_id] = said.finding
            answer = encode(RemovedRecordReceipt(question_id=said.question_id, finding=said.finding))
            self._answers[key] = (body, answer)
            return answer
        delivery = decode(body, Delivery)
        assert key == f"{delivery.extract_id}:{delivery.part}"
        outcomes = tuple(self.outcome(index, record) for index, record in enumerate(delivery.records))
        answer = encode(
            DeliveryAnswer(
                extract_id=delivery.extract_id, part=delivery.part, received_at=datetime.now(UTC), records=outcomes
            )
        )
        self._answers[key] = (body, answer)
        if delivery.question_id is not None:
            self.answered[delivery.question_id] = delivery.records
        self.before_answer(delivery.part)
        return answer

    def outcome(self, index, record):
        if record.addressee_number in self.refused_numbers:
            fault = Fault(code=FaultCode.DATE_IMPOSSIBLE, pointer="/lines/1/birth_date", expected="another day")
            return RecordOutcome(index=index, state=RecordState.REFUSED, faults=(fault_entry(fault),))
        before = self.kept.get(record.addressee_number)
        if before == record:
            return RecordOutcome(index=index, state=RecordState.UNCHANGED)
        self.kept[record.addressee_number] = record
        self.effects[record.addressee_number] += 1
        state = RecordState.CORRECTED if before else RecordState.ACCEPTED
        return RecordOutcome(index=index, state=state, submission_id=f"s-{index}")

    def client(self):
        return SignedClient(
            self.address,
            signing_key=MUNICIPALITY,
            registry_keys={REGISTRY.key_id: REGISTRY.verifying},
            clock=lambda: datetime.now(UTC),
            nonce=lambda: secrets.token_urlsafe(24),
        )


def nothing_happens(_part):
    """Let a part be answered as it should be."""


def proxy_error(status=502):
    """What something on the way answers while the registry is away."""
    return status, b"<html>bad gateway</html>", (), None


def busy(seconds):
    return 503, refusal(ProblemCode.NOT_READY, 503), (("retry-after", seconds),), REGISTRY


def refused(code, *faults, status=422):
    return status, refusal(code, status, *faults), (), REGISTRY


def signed_by_another():
    return 200, b"{}", (), IMPOSTOR


def about_another_part(extract_id):
    answer = DeliveryAnswer(extract_id=extract_id, part=9, received_at=datetime.now(UTC), records=())
    return 200, encode(answer), (), REGISTRY


def refusal(code, status, *faults):
    return encode(problem(code, status=status, correlation_id="c-1", faults=faults))


async def received(scope, receive):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in scope["headers"])
    host = next(value for name, value in headers if name == "host")
    query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
    url = f"http://{host}{scope['raw_path'].decode().partition('?')[0]}{query}"
    return RequestParts(method=scope["method"], url=url, headers=headers, body=body)


class _Server(uvicorn.Server):
    """Says when it is up, so that nobody has to wait and see."""

    def __init__(self, config):
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.up.set()


@contextmanager
def serving() -> Iterator[StandIn]:
    """Serve a stand-in on a free port of this machine."""
    stand_in = StandIn()
    server = _Server(uvicorn.Config(stand_in, log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stand_in.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert server.up.wait(10)
        try:
            yield stand_in
        finally:
            server.should_exit = True
            thread.join()


def environment(stand_in, folder):
    """Write the keys that the command needs into ``folder``; return its environment."""
    key, keys = folder / "chiyoda.pem", folder / "registry-keys"
    if not key.exists():
        key.touch(0o600)
        key.write_bytes(MUNICIPALITY.to_pem())
        keys.mkdir()
        (keys / "registry.pem").write_bytes(REGISTRY.verifying.to_pem())
    return {
        "MUNICIPALITY_SYNC_REGISTRY_URL": stand_in.address,
        "MUNICIPALITY_SYNC_KEY": str(key),
        "MUNICIPALITY_SYNC_REGISTRY_KEYS": str(keys),
        "MUNICIPALITY_SYNC_STATE": str(folder / "state"),
        "MUNICIPALITY_SYNC_PATIENCE": "0",
    }


def as_text(body):
    """Return a body as text with every escape undone, for tests that look for what must not be in it."""
    return json.dumps(json.loads(body), ensure_ascii=False)
