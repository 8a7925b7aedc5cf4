"""At the registry's door: requests as they are on the wire, signed and then spoilt, and what is answered."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

import httpx
import msgspec

from registry.contract.decoding import decode, encode
from registry.contract.messages import EVIDENCE_HEADER
from registry.contract.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE_PREFIX, Problem
from registry.contract.signing import AnswerParts, RequestParts, SignatureRefused, sign_request, verify_answer
from tests.acceptance.papers import kichiro, report
from tests.acceptance.seen import counts, faults, grown
from tests.house import MISSION, URL
from tests.planted import found_in

SUBMISSIONS = "/v1/submissions"
NOTHING: dict[str, int] = {}
ONLY_THE_LOG = {"log_pending": 1, "nonce": 1}
"""What a request leaves that was refused by the rules, if it has no effects that could happen twice."""
LOG_AND_ANSWER = ONLY_THE_LOG | {"idempotency": 1}
"""The same of a request that must be answered alike when it comes again."""


class Refused(NamedTuple):
    """A refusal: the code of the whole, where and what is wrong, and which tables have more rows than before."""

    status: int
    code: str
    faults: set[tuple[str, str]]
    stored: dict[str, int]


def unsigned(registry, message, *, body=MISSION, path=SUBMISSIONS, method="POST", **fields):
    """A good request before it is signed; a field given as None is left out."""
    content = message if isinstance(message, bytes) else encode(message)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": uuid4().hex,
        EVIDENCE_HEADER: registry.evidence(body, content),
        **dict(registry.on_behalf(body, path)),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    kept = tuple((name, value) for name, value in headers.items() if value is not None)
    return RequestParts(method=method, url=URL + path, headers=kept, body=content)


def signed(registry, message, *, body=MISSION, key=None, at=None, **fields):
    """A good request, signed by ``body`` or with ``key``, now or at another moment."""
    parts = unsigned(registry, message, body=body, **fields)
    signature = sign_request(parts, key or registry.keys[body], at or registry.clock(), uuid4().hex)
    return msgspec.structs.replace(parts, headers=parts.headers + signature)


def with_header(parts, name, value):
    """The request with another value in one field; None takes the field out."""
    kept = tuple((field, old) for field, old in parts.headers if field.lower() != name.lower())
    return msgspec.structs.replace(parts, headers=kept if value is None else (*kept, (name, value)))


def header(parts, name):
    return next(value for field, value in parts.headers if field.lower() == name.lower())


async def send(registry, parts, *, stream: AsyncIterator[bytes] | None = None):
    """Send a request exactly as it is; ``stream`` takes the place of its body."""
    transport = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    headers = [(name, value.encode("latin-1")) for name, value in parts.headers]
    async with httpx.AsyncClient(transport=transport) as http:
        response = await http.request(parts.method, parts.url, headers=headers, content=stream or parts.body or None)
    return AnswerParts(
        status=response.status_code, headers=tuple(response.headers.multi_items()), body=response.content
    )


def is_signed(registry, request, answer):
    """Whether the registry signed this answer to this request."""
    try:
        verify_answer(answer, request, {"registry": registry.resources.signing_key.verifying}.get)
    except SignatureRefused:
        return False
    return True


def read(answer):
    """The problem document of an answer, once it is all that the contract says of one."""
    assert header(answer, "content-type") == PROBLEM_MEDIA_TYPE
    problem = decode(answer.body, Problem)
    assert problem.status == answer.status
    assert problem.type == PROBLEM_TYPE_PREFIX + problem.code
    assert problem.correlation_id == header(answer, "correlation-id")
    assert all((problem.title, problem.title_ja, problem.detail, problem.detail_ja))
    assert all(fault.expected and fault.title_ja for fault in problem.faults)
    assert found_in(answer.body) == ()
    assert answer.status < 500
    return problem


async def refusals(registry, database, requests, *, by_hand=False):
    """Send each request and return, name by name, how it is refused and what that left in the tables.

    What the very first answer of a registry makes for all that follow is made before. ``by_hand``: no answer can be
    signed, because there is no signature that it could be an answer to.
    """
    await registry.submit(report(kichiro()))
    return {name: await _refusal(registry, database, parts, by_hand=by_hand) for name, parts in requests.items()}


async def _refusal(registry, database, parts, *, by_hand):
    before = await counts(database)
    answer = await send(registry, parts)
    problem = read(answer)
    assert is_signed(registry, parts, answer) is not by_hand
    return Refused(problem.status, str(problem.code), faults(problem), grown(before, await counts(database)))
