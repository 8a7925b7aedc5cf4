"""The signed line, against a real server on this machine: what is believed, and what is not."""

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from registry.contract.client import Answer, AnswerNotTrusted, LineDown, SignedClient
from registry.contract.keys import SigningKey
from registry.contract.problems import ProblemCode
from registry.contract.signing import (
    AnswerParts,
    RequestParts,
    SignatureRefused,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)

NOW = datetime(2026, 3, 31, 9, 0, 0, tzinfo=UTC)
GATEWAY = SigningKey.generate("gateway")
REGISTRY = SigningKey.generate("registry")
IMPOSTOR = SigningKey.generate("registry")
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Registry:
    """A registry of a few lines: verifies every request, signs every answer, and misbehaves on request."""

    def __init__(self) -> None:
        self.address = ""
        self.seen: list[RequestParts] = []
        self.time = AnswerParts(status=200, body=json.dumps({"now": NOW.isoformat()}).encode())

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        request = await self.received(scope, receive)
        self.seen.append(request)
        path = scope["path"]
        if path.startswith("/unsigned/"):
            answer = AnswerParts(status=int(path[-3:]), body=b"<html>nobody has signed this</html>")
        else:
            answer = self.signed(path, self.served(path, request), request)
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def received(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]) -> RequestParts:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = tuple((name.decode(), value.decode("latin-1")) for name, value in scope["headers"])
        host = next(value for name, value in headers if name == "host")
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        url = f"http://{host}{(scope['raw_path'] + query).decode()}"
        return RequestParts(method=scope["method"], url=url, headers=headers, body=body)

    def served(self, path: str, request: RequestParts) -> AnswerParts:
        if path == "/v1/time":  # also for those whose clock is wrong
            return self.time
        try:
            proof = verify_request(request, {"gateway": GATEWAY.verifying}.get, NOW)
        except SignatureRefused as refused:
            return AnswerParts(status=401, body=json.dumps({"code": refused.code}).encode())
        if path == "/conflict":
            return AnswerParts(status=409, body=b'{"code": "conflict"}')
        echo = {"caller": proof.key_id, "body": request.body.decode(), "url": request.url}
        return AnswerParts(status=201, body=json.dumps(echo).encode())

    def signed(self, path: str, answer: AnswerParts, request: RequestParts) -> AnswerParts:
        answer = msgspec.structs.replace(answer, headers=(("content-type", "application/json"),))
        key = IMPOSTOR if path == "/impostor" else REGISTRY
        answered = self.seen[0] if path == "/answer-to-another" else request
        return AnswerParts(
            status=200 if path == "/altered-status" else answer.status,
            headers=answer.headers + sign_answer(answer, answered, key, NOW),
            body=answer.body + (b" " if path == "/altered" else b""),
        )


class Server(uvicorn.Server):
    """Says when it is up, so that nobody has to wait and see."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    registry = Registry()
    server = Server(uvicorn.Config(registry, log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        registry.address = address_of(listening)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert server.up.wait(10)
        yield registry
        server.should_exit = True
        thread.join()


def address_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def nonce() -> str:
    return secrets.token_urlsafe(16)


def client(address: str, *, clock: datetime = NOW, transport: httpx.AsyncBaseTransport | None = None) -> SignedClient:
    return SignedClient(
        address,
        signing_key=GATEWAY,
        registry_keys={"registry": REGISTRY.verifying},
        clock=lambda: clock,
        nonce=nonce,
        transport=transport,
    )


def exchange(address: str, path: str, **options: Any) -> Answer:
    async def post() -> Answer:
        async with client(address, **options) as line:
            return await line.post(path, b'{"a": 1}', "intake-0001", headers=(("Registry-Evidence", "x..y"),))

    return asyncio.run(post())


def asked(address: str, path: str) -> Answer:
    async def get() -> Answer:
        async with client(address) as line:
            return await line.get(path)

    return asyncio.run(get())


# ---------------------------------------------------------------- what is believed
def test_a_report_goes_out_signed_and_its_answer_comes_back_proven(registry: Registry) -> None:
    answer = exchange(registry.address, "/v1/submissions?dry_run=true")
    assert (answer.status, answer.is_problem, answer.proof.key_id) == (201, False, "registry")
    assert json.loads(answer.body) == {
        "caller": "gateway",
        "body": '{"a": 1}',
        "url": f"{registry.address}/v1/submissions?dry_run=true",
    }
    assert answer.header("CONTENT-TYPE") == "application/json"
    assert answer.header("retry-after") is None
    assert ("registry-evidence", "x..y") in registry.seen[-1].headers


def test_a_question_goes_out_signed_too(registry: Registry) -> None:
    answer = asked(registry.address, "/v1/grants")
    assert json.loads(answer.body)["caller"] == "gateway"


def test_the_proof_can_be_checked_again_by_whoever_keeps_request_and_answer(registry: Registry) -> None:
    answer = exchange(registry.address, "/v1/submissions")
    kept = AnswerParts(status=answer.status, headers=answer.headers, body=answer.body)
    assert verify_answer(kept, registry.seen[-1], {"registry": REGISTRY.verifying}.get) == answer.proof


def test_a_refusal_by_the_registry_is_an_answer(registry: Registry) -> None:
    answer = exchange(registry.address, "/conflict")
    assert (answer.status, answer.is_problem, json.loads(answer.body)) == (409, True, {"code": "conflict"})


def test_each_attempt_has_a_signature_of_its_own(registry: Registry) -> None:
    for _ in range(2):
        exchange(registry.address, "/v1/submissions")
    first, second = (dict(parts.headers) for parts in registry.seen[-2:])
    assert first["signature"] != second["signature"]
    assert first["idempotency-key"] == second["idempotency-key"]


def test_an_answer_is_not_printed(registry: Registry) -> None:
    assert repr(exchange(registry.address, "/v1/submissions")) == "Answer(status=201)"


# ---------------------------------------------------------------- what is not
NOT_TRUSTED = {
    "an answer without signature": ("/unsigned/200", ProblemCode.SIGNATURE_MISSING),
    "a redirection without signature": ("/unsigned/302", ProblemCode.SIGNATURE_MISSING),
    "an answer by another key": ("/impostor", ProblemCode.SIGNATURE_INVALID),
    "an answer to another request": ("/answer-to-another", ProblemCode.SIGNATURE_INVALID),
    "an answer altered on the way": ("/altered", ProblemCode.DIGEST_MISMATCH),
    "a status altered on the way": ("/altered-status", ProblemCode.SIGNATURE_INVALID),
}


@pytest.mark.parametrize(("path", "code"), NOT_TRUSTED.values(), ids=NOT_TRUSTED)
def test_what_the_registry_has_not_said_is_not_believed(registry: Registry, path: str, code: ProblemCode) -> None:
    exchange(registry.address, "/v1/submissions")  # so that there is another request
    with pytest.raises(AnswerNotTrusted) as refused:
        exchange(registry.address, path)
    assert refused.value.code == code


@pytest.mark.parametrize("status", [403, 407, 502, 503, 504])
def test_an_error_of_an_intermediary_means_that_the_line_is_down(registry: Registry, status: int) -> None:
    with pytest.raises(LineDown) as down:
        exchange(registry.address, f"/unsigned/{status}")
    assert down.value.status == status


def test_a_closed_door_means_that_the_line_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = address_of(listening)
    with pytest.raises(LineDown) as down:
        exchange(address, "/v1/submissions")
    assert down.value.status is None
    assert down.value.__cause__ is None


def spoken_to(reply: bytes) -> LineDown | AnswerNotTrusted:
    """Call a server that says ``reply`` to whatever it is asked, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        speaker = threading.Thread(target=speak)
        speaker.start()
        with pytest.raises((LineDown, AnswerNotTrusted)) as stopped:
            asked(address_of(listening), "/v1/grants")
        speaker.join()
    assert isinstance(stopped.value, LineDown | AnswerNotTrusted)
    return stopped.value


BROKEN = {
    "hangs up": b"",
    "speaks another protocol": b"SSH-2.0-OpenSSH\r\n",
    "breaks off": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_a_line_that_breaks_off_is_down(reply: bytes) -> None:
    assert isinstance(spoken_to(reply), LineDown)


def test_an_answer_beyond_all_measure_is_not_read_to_its_end() -> None:
    class Endless(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            async def zeros() -> Any:
                while True:
                    yield bytes(1 << 20)

            return httpx.Response(200, content=zeros(), request=request)

    with pytest.raises(AnswerNotTrusted, match="body-too-large"):
        exchange("http://registry.example", "/v1/submissions", transport=Endless())


# ---------------------------------------------------------------- time
async def synchronise(address: str, **options: Any) -> timedelta:
    async with client(address, **options) as line:
        return await line.synchronise()


@pytest.mark.parametrize("wrong", [timedelta(minutes=10), timedelta(minutes=-10)], ids=["ahead", "behind"])
def test_a_gateway_with_a_wrong_clock_puts_it_right_by_the_signed_time(registry: Registry, wrong: timedelta) -> None:
    async def synchronised() -> tuple[int, int, timedelta, datetime]:
        async with client(registry.address, clock=NOW + wrong) as line:
            before = await line.get("/v1/grants")
            offset = await line.synchronise()
            after = await line.get("/v1/grants")
            return before.status, after.status, offset, line.now

    assert asyncio.run(synchronised()) == (401, 201, -wrong, NOW)


def test_half_of_the_way_is_taken_off_the_time(registry: Registry) -> None:
    ticks = iter([NOW, NOW, NOW + timedelta(seconds=4)])

    async def offset() -> timedelta:
        line = SignedClient(
            registry.address,
            signing_key=GATEWAY,
            registry_keys={"registry": REGISTRY.verifying},
            clock=lambda: next(ticks),
            nonce=nonce,
        )
        async with line:
            return await line.synchronise()

    assert asyncio.run(offset()) == timedelta(seconds=-2)


def test_a_time_that_was_said_before_is_not_taken(registry: Registry) -> None:
    """Whoever recorded a signed time cannot hand it to a later question."""
    asked_then = RequestParts(method="GET", url=f"{registry.address}/v1/time")
    asked_then = msgspec.structs.replace(asked_then, headers=sign_request(asked_then, GATEWAY, NOW, nonce()))
    old = AnswerParts(status=200, headers=(("content-type", "application/json"),), body=b'{"now": "2020-01-01T00:00Z"}')
    headers = list(old.headers + sign_answer(old, asked_then, REGISTRY, NOW))
    recorded = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(old.body)))

    with pytest.raises(AnswerNotTrusted, match="signature-invalid"):
        asyncio.run(synchronise(registry.address, transport=recorded))


NO_TIMES = {
    "no time": (200, b'{"now": "soon"}', AnswerNotTrusted),
    "a time without offset": (200, b'{"now": "2026-03-31T09:00:00"}', AnswerNotTrusted),
    "no answer in words": (200, b"", AnswerNotTrusted),
    "a problem": (503, b'{"code": "not-ready"}', LineDown),
}


@pytest.mark.parametrize(("status", "body", "error"), NO_TIMES.values(), ids=NO_TIMES)
def test_a_signed_answer_that_tells_no_time_changes_no_clock(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, error: type[Exception]
) -> None:
    monkeypatch.setattr(registry, "time", AnswerParts(status=status, body=body))
    with pytest.raises(error):
        asyncio.run(synchronise(registry.address))
