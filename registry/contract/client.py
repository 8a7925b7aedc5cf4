"""The signed line to the registry: what gateway, municipal agent and other callers speak through.

Every request is signed anew; every answer must be signed by the registry over this very request, or it is not
believed. Three things can come back: an :class:`Answer` (a problem document is an answer too: the registry has
spoken), :class:`LineDown` (nobody knows what happened: send the same again under the same idempotency key), or
:class:`AnswerNotTrusted` (somebody else has spoken: tell a person, and do not go on).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

import httpx
import msgspec

from registry.contract.decoding import decode
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.messages import TimeAnswer
from registry.contract.problems import ProblemCode, WireRefusal
from registry.contract.signing import (
    AnswerParts,
    Headers,
    RequestParts,
    SignatureRefused,
    VerifiedAnswer,
    sign_request,
    verify_answer,
)
from registry.domain.errors import InvalidInput

TIME_PATH: Final = "/v1/time"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)  # seconds; a batch may take long, a connection may not
_LARGEST_ANSWER: Final = 32 << 20  # bytes; more than any answer of the contract
_FIRST_ERROR_STATUS: Final = 400


class LineDown(Exception):  # noqa: N818 - a state of the line, which its user waits out
    """The registry was not reached, or something on the way answered in its place.

    Whether the request took effect is unknown. ``status`` is what an intermediary answered, None if nobody did.
    """

    def __init__(self, status: int | None = None) -> None:
        """Carry the status alone: the words of a proxy are nobody's business."""
        super().__init__("no answer" if status is None else f"status {status} from an intermediary")
        self.status = status


class AnswerNotTrusted(WireRefusal):
    """An answer that the registry has not signed over this request; nothing in it may be used."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry answered, with the proof; ``headers`` hold the signature, for whoever keeps it."""

    status: int
    body: bytes
    headers: Headers
    proof: VerifiedAnswer

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"

    @property
    def is_problem(self) -> bool:
        """Whether the body is a problem document."""
        return self.status >= _FIRST_ERROR_STATUS

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, or None; signed are only status, body and content type."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), None)


class SignedClient:
    """Speaks to one registry with one key. Use it in ``async with``.

    ``base_url`` is where the registry is called, without path; ``registry_keys`` are its public keys by key id;
    ``clock`` gives aware times and may be wrong (see :meth:`synchronise`); ``nonce`` gives a fresh random text
    of 22 to 64 base64url characters at each call; ``transport`` brings TLS settings and proxies.
    """

    def __init__(
        self,
        base_url: str,
        *,
        signing_key: SigningKey,
        registry_keys: Mapping[str, VerifyingKey],
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._signing_key = signing_key
        self._registry_keys = registry_keys
        self._clock = clock
        self._nonce = nonce
        self._offset = timedelta(0)
        # trust_env=False: proxies and certificates come in through wiring, not through the environment.
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, transport=transport, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    @property
    def now(self) -> datetime:
        """The clock, corrected by what the registry said last."""
        return self._clock() + self._offset

    async def get(self, path: str) -> Answer:
        """Ask for ``path`` (with its query; never with personal data in it).

        Raises :class:`LineDown` or :class:`AnswerNotTrusted`; a refusal by the registry is returned.
        """
        return await self._exchange("GET", path, ())

    async def post(self, path: str, body: bytes, idempotency_key: str, headers: Headers = ()) -> Answer:
        """Send a JSON ``body`` to ``path``; the same key and body again have no second effect.

        ``headers`` go along unsigned (evidence proves itself). Raises as :meth:`get`.
        """
        fields = (("Content-Type", "application/json"), ("Idempotency-Key", idempotency_key), *headers)
        return await self._exchange("POST", path, fields, body)

    async def synchronise(self) -> timedelta:
        """Ask the registry for the time and correct the clock by it from now on; return the correction.

        The answer is taken as given half-way between sending and receiving. Raises as :meth:`get`, and
        :class:`LineDown` when the registry answers with a problem.
        """
        sent = self._clock()
        answer = await self.get(TIME_PATH)
        received = self._clock()
        if answer.is_problem:
            raise LineDown(answer.status)
        self._offset = _time_in(answer) - (sent + (received - sent) / 2)
        return self._offset

    async def _exchange(self, method: str, path: str, fields: Headers, body: bytes = b"") -> Answer:
        """Sign, send, read, verify."""
        url = httpx.URL(self._base_url + path)
        parts = RequestParts(method=method, url=str(url), headers=fields, body=body)
        signature = sign_request(parts, self._signing_key, self.now, self._nonce())
        signed = msgspec.structs.replace(parts, headers=fields + signature)
        answer = await self._send(signed)
        try:
            proof = verify_answer(answer, signed, self._registry_keys.get)
        except SignatureRefused as refused:
            # An intermediary cannot sign. That it reports an error is believed; anything else is not.
            if refused.code is ProblemCode.SIGNATURE_MISSING and answer.status >= _FIRST_ERROR_STATUS:
                raise LineDown(answer.status) from None
            raise AnswerNotTrusted(refused.code) from None
        return Answer(status=answer.status, body=answer.body, headers=answer.headers, proof=proof)

    async def _send(self, signed: RequestParts) -> AnswerParts:
        """Send a request and read the whole answer as it is on the wire, within limits."""
        # Content codings are not asked for: the digest is over the bytes on the wire (RFC 9530 § 2).
        headers = (*signed.headers, ("Accept-Encoding", "identity"))
        try:
            async with self._http.stream(
                signed.method, signed.url, headers=list(headers), content=signed.body or None
            ) as response:
                body = await _read(response)
        except (httpx.TransportError, httpx.DecodingError):
            raise LineDown from None
        fields = tuple((name, value) for name, value in response.headers.multi_items())
        return AnswerParts(status=response.status_code, headers=fields, body=body)


async def _read(response: httpx.Response) -> bytes:
    """Read a body without undoing any coding; an answer beyond all measure does not come from the registry."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise AnswerNotTrusted(ProblemCode.BODY_TOO_LARGE)
    return bytes(body)


def _time_in(answer: Answer) -> datetime:
    """Read the registry's time; a signed answer of another shape is no answer to rely on."""
    try:
        now = decode(answer.body, TimeAnswer).now
    except InvalidInput:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT) from None
    if now.tzinfo is None:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT)
    return now.astimezone(UTC)
