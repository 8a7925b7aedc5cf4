"""The desk at which every signed request arrives: who is it, what do they want, and the signed answer.

The signature is checked over the bytes as they came, against the address under which the registry is known, before
anything of the request is read. Who cannot be identified is answered by code alone and touches no record.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response

from registry.contract.messages import CORRELATION_HEADER, IDEMPOTENCY_HEADER
from registry.contract.problems import ProblemCode, WireRefusal
from registry.contract.signing import AnswerParts, RequestParts, SignatureRefused, sign_answer, verify_request
from registry.domain.errors import Refusal
from registry.services.attendance import Act, Asked, Attendance, Caller, Once, refusing
from registry.services.key_directory import KeyDirectory
from registry.services.resources import Resources
from registry.store.callers import StoredAnswer
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.web.metrics import REFUSED_AT_THE_DOOR
from registry.web.problems import JSON, OK, WirePresenter, problem_answer, refusal_answer

log = structlog.get_logger("registry.desk")

LARGEST_BODY: Final = 8 << 20
"""Bytes; a batch of a hundred households has fewer."""

_JSON: Final = re.compile(r'application/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?', re.IGNORECASE)

Prepared = tuple[Asked, Act]
Prepare = Callable[[Caller, RequestParts, str], Prepared]


class Desk:
    """Serves signed requests. ``public_url`` is the address that callers use and sign, without a path."""

    def __init__(self, *, resources: Resources, keys: KeyDirectory, public_url: str) -> None:
        self.resources = resources
        self.keys = keys
        self.public_url = public_url

    async def serve(
        self,
        request: Request[Any, Any, Any],
        operation: str,
        prepare: Prepare,
        *,
        status: int = OK,
        once: bool = False,
        only_reads: bool = False,
        discloses: bool = False,
    ) -> Response[bytes]:
        """Identify the caller, do what ``prepare`` makes of the request, and sign the answer.

        ``once``: the request has effects and happens once per Idempotency-Key. ``only_reads``: it needs no transaction.
        ``discloses``: it tells the caller of people, so it is refused, and logged, while nobody watches the log.
        """
        correlation_id = self.resources.new_id()
        parts = await self.parts(request)
        try:
            caller = await self._caller(parts)
        except SignatureRefused as refusal:
            REFUSED_AT_THE_DOOR.labels(refusal.code).inc()
            log.info("refused at the door", code=str(refusal.code), correlation_id=correlation_id)
            return self.respond(parts, refusal_answer(refusal, correlation_id), correlation_id)
        asked, act = self._prepared(caller, parts, operation, prepare, correlation_id)
        if discloses and not self.keys.log_is_watched:
            act = refusing(WireRefusal(ProblemCode.LOG_NOT_WATCHED))
        try:
            attendance = self.attendance(caller, asked, status, only_reads=only_reads)
            answer = await attendance.attend(act, once=_once(parts) if once else None)
        except (StoreUnavailable, KeysRefused) as error:
            log.warning("store or keys unavailable", kind=type(error).__name__, correlation_id=correlation_id)
            answer = problem_answer(ProblemCode.NOT_READY, correlation_id)
        return self.respond(parts, answer, correlation_id)

    def attendance(self, caller: Caller, asked: Asked, status: int, *, only_reads: bool = False) -> Attendance:
        """Return the attendance of one request; ``status`` is that of success."""
        return Attendance(
            resources=self.resources,
            caller=caller,
            asked=asked,
            present=WirePresenter(status=status, signing_key=self.resources.signing_key),
            now=self.resources.clock(),
            only_reads=only_reads,
        )

    async def parts(self, request: Request[Any, Any, Any]) -> RequestParts:
        """Return the request as it is on the wire, with its body."""
        return msgspec.structs.replace(self.head(request), body=await request.body())

    def head(self, request: Request[Any, Any, Any]) -> RequestParts:
        """Return the request without its body, under the address by which the registry is known."""
        raw_path = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
        query = request.scope.get("query_string", b"").decode("ascii", "replace")
        return RequestParts(
            method=request.method,
            url=f"{self.public_url}{raw_path}{'?' if query else ''}{query}",
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]
            ),
        )

    async def _caller(self, parts: RequestParts) -> Caller:
        await self.keys.refresh()
        verified = verify_request(parts, self.keys.verifying, self.resources.clock())
        registered = self.keys.registered(verified.key_id)
        if registered is None:
            raise SignatureRefused(ProblemCode.KEY_UNKNOWN)
        return Caller(body=registered.body, body_kind=registered.body_kind, request=verified)

    @staticmethod
    def _prepared(
        caller: Caller, parts: RequestParts, operation: str, prepare: Prepare, correlation_id: str
    ) -> Prepared:
        """Read the request; what cannot be read is refused inside the attendance, so that the log has it too."""
        try:
            _demand_json(parts)
            return prepare(caller, parts, correlation_id)
        except (Refusal, WireRefusal) as refusal:
            return Asked(operation=operation, correlation_id=correlation_id), refusing(refusal)

    def respond(self, parts: RequestParts, answer: StoredAnswer, correlation_id: str) -> Response[bytes]:
        """Return the answer, signed over this very request; unsigned only to a request without a readable signature."""
        headers = tuple({CORRELATION_HEADER: correlation_id, **answer.headers}.items())
        unsigned = AnswerParts(status=answer.status, headers=headers, body=answer.body)
        try:
            signature = sign_answer(unsigned, parts, self.resources.signing_key, self.resources.clock())
        except SignatureRefused:
            signature = ()
        return Response(answer.body, status_code=answer.status, headers=dict((*headers, *signature)))


def _demand_json(parts: RequestParts) -> None:
    """Refuse a body that its sender does not call JSON; what it is said to be is signed, so it is taken at its word."""
    media_type = next((value for name, value in parts.headers if name.lower() == "content-type"), JSON)
    if parts.method == "POST" and not _JSON.fullmatch(media_type.strip()):
        raise WireRefusal(ProblemCode.UNSUPPORTED_MEDIA_TYPE)


def _once(parts: RequestParts) -> Once:
    return Once(idempotency_key=idempotency_key(parts), body=parts.body)


def idempotency_key(parts: RequestParts) -> str:
    """Return the sender's key; the profile of signatures has made sure that it is there and well formed."""
    return next(value for name, value in parts.headers if name.lower() == IDEMPOTENCY_HEADER)
