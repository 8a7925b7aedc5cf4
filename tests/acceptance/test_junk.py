"""What nobody signed costs next to nothing, however much of it there is, and those who sign go on being served."""

import asyncio
import tracemalloc
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from registry.contract.signing import RequestParts, SignatureRefused, verify_answer
from registry.web import desk, door
from registry.web.door import LARGEST_BODY, LINES, PASSING, PASSING_AT_MOST, PASSING_AT_ONCE
from tests.acceptance.asking import ask, said
from tests.acceptance.door import SUBMISSIONS, header, read, signed, unsigned, with_header
from tests.acceptance.papers import by_number, report
from tests.house import PENSION, TAX, URL

pytestmark = pytest.mark.anyio

CHUNK = bytes(64 << 10)
MEGABYTE = 1 << 20
NEVER = 1 << 40


class Heard(NamedTuple):
    """What a sender hears, and how much of its body was taken from it before."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    taken: int

    @property
    def is_last(self):
        """Whether the connection ends with this answer."""
        return ("connection", "close") in self.headers


class Sender:
    """Sends a request as a socket does, in chunks, no more than is taken; ``stalls`` after so many bytes."""

    def __init__(self, parts, *, length=LARGEST_BODY, stalls=NEVER, announces=True):
        self.parts = parts
        self.length = length
        self.announced = (b"content-length", b"%d" % length) if announces else (b"transfer-encoding", b"chunked")
        self.stalls = stalls
        self.taken = 0
        self.messages = []

    async def __call__(self):
        if self.taken >= self.stalls:
            await asyncio.get_running_loop().create_future()
        chunk = CHUNK[: self.length - self.taken]
        self.taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": self.taken < self.length}

    async def hear(self, message):
        self.messages.append(message)

    async def send(self, registry):
        path = self.parts.url.removeprefix(URL)
        headers = ((name.lower().encode(), value.encode()) for name, value in self.parts.headers)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.parts.method,
            "headers": [*headers, self.announced],
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "server": ("registry.test", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        await registry.app(scope, self, self.hear)
        start, *rest = self.messages
        given = tuple((name.decode(), value.decode()) for name, value in start["headers"])
        return Heard(start["status"], given, b"".join(one.get("body", b"") for one in rest), self.taken)


def nobody(path=SUBMISSIONS, method="POST"):
    return RequestParts(method=method, url=URL + path, headers=(("Content-Type", "application/json"),))


@pytest.mark.parametrize("announces", [True, False], ids=["announced", "in chunks"])
async def test_a_thousand_unsigned_bodies_of_8_megabytes_take_no_memory_while_others_are_served(registry, announces):
    said(await registry.inquire(PENSION, search=by_number()))
    junk = [Sender(nobody(), announces=announces) for _ in range(1_000)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        heard = asyncio.gather(*(one.send(registry) for one in junk))
        served = [await registry.inquire(PENSION, search=by_number()) for _ in range(20)]
        answers = await heard
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {one.status for one in answers} == {401}
    assert all(said(one) for one in served)
    assert peak - before < 2 * LARGEST_BODY  # 8,000 MB were to be sent
    assert sum(one.taken for one in answers) < 8 * LARGEST_BODY


async def test_an_honest_sender_with_a_wrong_clock_is_told_so_on_a_line_that_stays(registry):
    late = signed(registry, report(), at=registry.clock.now.replace(year=2020))
    heard = await Sender(late, length=MEGABYTE).send(registry)
    assert (heard.status, heard.taken, heard.is_last) == (401, MEGABYTE, False)
    assert is_signed(registry, late, heard)


def is_signed(registry, request, heard):
    try:
        verify_answer(heard, request, {"registry": registry.resources.signing_key.verifying}.get)
    except SignatureRefused:
        return False
    return True


BODIES_NOBODY_WANTS = {
    "to no route": (nobody("/nowhere"), 404),
    "by a method that is none": (nobody(method="DELETE"), 405),
    "to the clock": (nobody("/v1/time", "GET"), 200),
    "to the metrics": (nobody("/metrics", "GET"), 200),
}


@pytest.mark.parametrize(("parts", "status"), BODIES_NOBODY_WANTS.values(), ids=BODIES_NOBODY_WANTS)
async def test_of_a_body_without_end_that_nobody_wants_little_is_let_pass(registry, parts, status):
    heard = await Sender(parts, length=NEVER).send(registry)
    assert (heard.status, heard.taken, heard.is_last) == (status, 0, True)
    heard = await Sender(parts, length=NEVER, announces=False).send(registry)
    assert (heard.status, heard.is_last) == (status, True)
    assert PASSING_AT_MOST < heard.taken <= PASSING_AT_MOST + len(CHUNK)


@pytest.mark.parametrize(("announces", "most"), [(True, 0), (False, LARGEST_BODY + len(CHUNK))], ids=["said", "found"])
async def test_a_signed_body_beyond_all_measure_is_not_taken_in(registry, announces, most):
    heard = await Sender(signed(registry, report()), length=NEVER, announces=announces).send(registry)
    assert (heard.status, heard.taken, heard.is_last) == (413, most, True)


async def test_nobody_is_waited_for_who_sends_slowly_and_unsigned(registry, monkeypatch):
    monkeypatch.setattr(door, "PASSING_WITHIN", 0.05)
    heard = await Sender(nobody(), length=MEGABYTE, stalls=len(CHUNK)).send(registry)
    assert (heard.status, heard.taken, heard.is_last) == (401, len(CHUNK), True)


async def test_all_unwanted_bodies_together_are_let_pass_only_so_far(registry):
    heard = [await Sender(nobody(), length=MEGABYTE).send(registry) for _ in range(20)]
    passed = PASSING.at_once * len(CHUNK) // MEGABYTE
    assert [one.is_last for one in heard] == [False] * passed + [True] * (20 - passed)
    registry.clock.advance(seconds=60)
    assert not (await Sender(nobody(), length=MEGABYTE).send(registry)).is_last


async def test_a_known_caller_whose_body_is_late_is_to_send_it_again(registry, monkeypatch):
    monkeypatch.setattr(desk, "BODY_WITHIN", 0.05)
    monkeypatch.setattr(door, "PASSING_WITHIN", 0.05)
    request = signed(registry, report())
    heard = await Sender(request, stalls=0).send(registry)
    assert (heard.status, heard.is_last) == (503, True)
    assert dict(heard.headers)["retry-after"] == "2"
    assert is_signed(registry, request, heard)


async def test_only_so_many_unwanted_bodies_are_let_pass_at_once(registry, monkeypatch):
    monkeypatch.setattr(door, "PASSING_WITHIN", 5.0)
    stalled = [Sender(nobody(), length=1, stalls=0) for _ in range(PASSING_AT_ONCE)]
    waiting = [asyncio.create_task(one.send(registry)) for one in stalled]
    while not all(one.done() for one in waiting):
        heard = await Sender(nobody(), length=1).send(registry)
        if heard.is_last:
            break
    assert (heard.status, heard.taken, heard.is_last) == (401, 0, True)
    said(await registry.inquire(PENSION, search=by_number()))
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not (await Sender(nobody(), length=1).send(registry)).is_last


async def test_a_flood_writes_few_lines_and_the_next_one_says_how_many_were_left_out(registry):
    with capture_logs() as lines:
        for _ in range(3 * LINES.at_once):
            await Sender(nobody(), length=1).send(registry)
        registry.clock.advance(seconds=60)
        await Sender(nobody(), length=1).send(registry)
    kept = [line for line in lines if line["event"] == "refused at the door"]
    assert LINES.at_once < len(kept) < 2 * LINES.at_once
    assert len(kept) + sum(line["left_out"] for line in kept) == 3 * LINES.at_once + 1
    assert kept[-1]["left_out"] > 0
    assert {line["code"] for line in kept} == {"signature-missing"}


async def test_what_is_forged_in_the_name_of_a_caller_does_not_use_up_its_pace(registry):
    forged = with_header(signed(registry, report(), body=TAX), "signature", f"sig=:{'A' * 86}==:")
    for _ in range(20):
        assert (await Sender(forged).send(registry)).status == 401
    said(await ask(registry, TAX))


async def test_a_refusal_by_the_head_alone_says_what_one_of_the_whole_said(registry):
    answer = await Sender(unsigned(registry, report()), length=10).send(registry)
    assert str(read(answer).code) == "signature-missing"
    assert header(answer, "content-type") == "application/problem+json"
