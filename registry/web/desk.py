"""The desk at which every signed request arrives: who is it, what do they want, and the signed answer.

(1) The head alone says who signed (its signature covers the digest of the body), under the address by which the
    registry is known. Who cannot be identified is answered by code alone and touches no record.
(2) A known caller that sends too fast is told when to come again, before its body is taken in.
(3) The body is taken in and must be the one that was signed. Only then is anything of it read.
(4) Where the route shows people to a clerk, the gateway of a mission asks on behalf of one: who that is, the log says.
"""

import re
from asyncio import timeout
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response

from registry.contract.messages import CORRELATION_HEADER, IDEMPOTENCY_HEADER
from registry.contract.problems import ProblemCode, RateLimited, WireRefusal
from registry.contract.signing import (
    AnswerParts,
    RequestParts,
    SignatureRefused,
    VerifiedHead,
    sign_answer,
    verify_body,
    verify_head,
)
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Refusal
from registry.services.attendance import Act, Asked, Attendance, Caller, Once, refusing
from registry.services.key_directory import KeyDirectory
from registry.services.resources import Resources
from registry.services.subjects import Subjects
from registry.services.trawling import Watch
from registry.store.callers import RegisteredKey, StoredAnswer
from registry.store.keyring import Shredded
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.web.access import access_of
from registry.web.answers import SignedAnswer
from registry.web.door import LARGEST_BODY, SecurityLog, sound
from registry.web.metrics import RATE_LIMITED, REFUSED_AT_THE_DOOR
from registry.web.problems import JSON, OK, WirePresenter, problem_answer, refusal_answer

log = structlog.get_logger("registry.desk")

BODY_WITHIN: Final = 60.0
"""Seconds in which the body of a known caller must have come: as long as its signature lives."""

_JSON: Final = re.compile(r'application/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?', re.IGNORECASE)

Prepared = tuple[Asked, Act]
Prepare = Callable[[Caller, RequestParts, str], Prepared]


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed the head of a request."""

    head: VerifiedHead
    registered: RegisteredKey


class Desk:
    """Serves signed requests. ``public_url`` is the address that callers use and sign, without a path.

    ``subjects`` says who asks through the gateway of a mission; without, nobody does.
    """

    def __init__(
        self, *, resources: Resources, keys: KeyDirectory, public_url: str, subjects: Subjects | None = None
    ) -> None:
        self.resources = resources
        self.keys = keys
        self.subjects = subjects or Subjects(resources, ())
        self.public_url = public_url
        self.watch = Watch(resources, sound)
        self._security_log = SecurityLog()

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
        ``discloses``: it tells the caller of people, so who asks too much goes slower; while nobody watches the log, it
        is refused, which is logged.
        """
        correlation_id = self.resources.new_id()
        parts = self.head(request)
        try:
            known = await self._known(parts)  # (1)
            too_fast = self._too_fast(known, parts, asks=discloses)  # (2)
            if too_fast is not None and not self.watch.may_enter(known.registered.body):
                return self.respond(parts, refusal_answer(too_fast, correlation_id), correlation_id)
            parts = await _whole(request, parts)  # (3)
            caller = _caller(known, parts)
        except SignatureRefused as refused:
            return self._turned_away(parts, refused, correlation_id)
        except WireRefusal as refused:
            return self.respond(parts, refusal_answer(refused, correlation_id), correlation_id)
        if too_fast is None:
            caller, refused_alone = await self._on_behalf(request, operation, known, caller)  # (4)
            asked, act = self._prepared(caller, parts, operation, prepare, correlation_id)
            act = act if refused_alone is None else refusing(refused_alone)
        else:
            asked, act, once = Asked(operation=operation, correlation_id=correlation_id), refusing(too_fast), False
        if discloses and not self.keys.log_is_watched:
            act = refusing(WireRefusal(ProblemCode.LOG_NOT_WATCHED))
        try:
            attendance = self.attendance(caller, asked, status, only_reads=only_reads)
            answer = await attendance.attend(act, once=_once(parts) if once else None)
        except (StoreUnavailable, KeysRefused, Shredded) as error:  # shredded while we were at it: nobody next time
            log.warning("store or keys unavailable", kind=type(error).__name__, correlation_id=correlation_id)
            answer = problem_answer(ProblemCode.NOT_READY, correlation_id)
        return self.respond(parts, answer, correlation_id)

    def _turned_away(self, parts: RequestParts, refused: SignatureRefused, correlation_id: str) -> Response[bytes]:
        """Answer who could not be identified; of the request only the code of what is wrong with it is kept."""
        REFUSED_AT_THE_DOOR.labels(refused.code).inc()
        self._security_log.note(str(refused.code), correlation_id, self.resources.clock())
        return self.respond(parts, refusal_answer(refused, correlation_id), correlation_id)

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

    async def _known(self, parts: RequestParts) -> _Known:
        await self.keys.refresh()
        head = verify_head(parts, self.keys.verifying, self.resources.clock())
        registered = self.keys.registered(head.key_id)
        if registered is None:
            raise SignatureRefused(ProblemCode.KEY_UNKNOWN)
        return _Known(head=head, registered=registered)

    def _too_fast(self, known: _Known, parts: RequestParts, *, asks: bool) -> RateLimited | None:
        body, kind = known.registered.body, known.registered.body_kind
        refusal = self.watch.admit(body, kind, _length(parts), asks=asks)
        if refusal is not None:
            RATE_LIMITED.labels(kind).inc()
        return refusal

    async def _on_behalf(
        self, request: Request[Any, Any, Any], operation: str, known: _Known, caller: Caller
    ) -> tuple[Caller, WireRefusal | None]:
        """Say for which clerk a mission asks, where the route wants to know, and what refuses it without one."""
        access = access_of(request.route_handler)
        if caller.body_kind is not BodyKind.MISSION or (access is not None and not access.wants_clerk(operation)):
            return caller, None
        signer = self.keys.verifying(known.head.key_id)
        if access is None or signer is None:  # withdrawn just now
            return caller, WireRefusal(ProblemCode.KEY_UNKNOWN)
        try:
            account = await self.subjects.of(known.head.subject, signer, caller.body, access.clerk)
        except WireRefusal as refusal:
            return caller, refusal
        return msgspec.structs.replace(caller, clerk=account.account_id), None

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
        return SignedAnswer(answer.status, (*headers, *signature), answer.body)


def _demand_json(parts: RequestParts) -> None:
    """Refuse a body that its sender does not call JSON; what it is said to be is signed, so it is taken at its word."""
    media_type = next((value for name, value in parts.headers if name.lower() == "content-type"), JSON)
    if parts.method == "POST" and not _JSON.fullmatch(media_type.strip()):
        raise WireRefusal(ProblemCode.UNSUPPORTED_MEDIA_TYPE)


async def _whole(request: Request[Any, Any, Any], head: RequestParts) -> RequestParts:
    """Take in the body of a known caller; where it is late, the caller is to send it again, with the same key."""
    try:
        async with timeout(BODY_WITHIN):
            return msgspec.structs.replace(head, body=await request.body())
    except TimeoutError:
        raise WireRefusal(ProblemCode.NOT_READY) from None


def _caller(known: _Known, parts: RequestParts) -> Caller:
    verified = verify_body(known.head, parts.body)
    return Caller(body=known.registered.body, body_kind=known.registered.body_kind, request=verified)


def _length(parts: RequestParts) -> int:
    """Return how long a body is said to be; one that does not say may be the longest."""
    said = next((value for name, value in parts.headers if name.lower() == "content-length"), "")
    if said.isascii() and said.isdigit():
        return int(said[:9])
    return 0 if parts.method == "GET" else LARGEST_BODY


def _once(parts: RequestParts) -> Once:
    return Once(idempotency_key=idempotency_key(parts), body=parts.body)


def idempotency_key(parts: RequestParts) -> str:
    """Return the sender's key; the profile of signatures has made sure that it is there and well formed."""
    return next(value for name, value in parts.headers if name.lower() == IDEMPOTENCY_HEADER)
