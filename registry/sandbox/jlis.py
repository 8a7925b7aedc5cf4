"""``registry sandbox jlis serve``: a process that plays 機構 (J-LIS) over signed HTTP, for demonstrations and tests."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import uvicorn
from cyclopts import Parameter
from cyclopts.types import ExistingFile
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from registry.command_line import FAILED, told
from registry.contract.decoding import decode, encode
from registry.contract.jlis import NumberRequest, SupplementaryAnswer, SupplementaryQuestion
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.problems import ProblemCode, WireRefusal
from registry.contract.signing import AnswerParts, RequestParts, SignatureRefused, sign_answer, verify_request
from registry.domain.errors import Fault, FaultCode, InvalidInput, NotFound, Refusal
from registry.domain.question import J_LIS
from registry.running import say, stop
from registry.sandbox.jlis_book import Book
from registry.sandbox.line import HOST
from registry.services.resources import japan_date
from registry.store.callers import StoredAnswer
from registry.web.problems import JSON, OK, refusal_answer
from registry.wiring import SIGNING_KEY_ID, new_id

LARGEST_BODY: Final = 1 << 20
_LATEST: Final = 2**63

BookFile = Annotated[
    ExistingFile,
    Parameter(
        help=told(
            "The seed: entries, change_facts, answers_after (JSON).",
            "元となる entries、change_facts、answers_after(JSON)。",
        )
    ),
]
Key = Annotated[
    ExistingFile, Parameter(help=told("The private key (PEM) that signs answers.", "回答に署名する秘密鍵(PEM)。"))
]
RegistryKey = Annotated[
    ExistingFile, Parameter(help=told("The registry's public key (PEM).", "登録システムの公開鍵(PEM)。"))
]
Port = Annotated[
    int, Parameter(help=told("Where to listen, on this machine only.", "待ち受けるポート(この機械のみ)。"))
]


def serve(book: BookFile, *, key: Key, registry_key: RegistryKey, port: Port = 8410) -> None:
    """Serve until Ctrl-C. What was asked and given out is forgotten at the end."""
    if os.environ.get("REGISTRY_ENV") == "production":
        stop("J-LIS is not played in production", FAILED)
    try:
        app = make_app(
            Book.read(book),
            signing_key=SigningKey.from_pem(J_LIS, key.read_bytes()),
            registry_key=VerifyingKey.from_pem(SIGNING_KEY_ID, registry_key.read_bytes()),
            public_url=f"http://{HOST}:{port}",
        )
    except InvalidInput as refused:
        stop(f"{book} is no book: {refused}", FAILED)
    except ValueError as refused:
        stop(str(refused), FAILED)
    say.print(f"Playing J-LIS at http://{HOST}:{port} until Ctrl-C.")
    config = uvicorn.Config(app, host=HOST, port=port, log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


def make_app(
    book: Book,
    *,
    signing_key: SigningKey,
    registry_key: VerifyingKey,
    public_url: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Litestar:
    """Make the application that plays J-LIS for the one registry that has ``registry_key``."""
    desk = _Desk(signing_key, registry_key, public_url, clock)

    @post("/v1/supplementary-questions", status_code=OK)
    async def ask(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await desk.serve(request, lambda parts: book.ask(decode(parts.body, SupplementaryQuestion)))

    @get("/v1/supplementary-questions/{question_id:str}")
    async def answer_to(request: Request[Any, Any, Any], question_id: FromPath[str]) -> Response[bytes]:
        return await desk.serve(request, lambda _: _found(book.answer_to(question_id)))

    @post("/v1/individual-numbers", status_code=OK)
    async def generate(request: Request[Any, Any, Any]) -> Response[bytes]:
        today = japan_date(clock())
        return await desk.serve(request, lambda parts: book.generate(decode(parts.body, NumberRequest), today))

    @get("/v1/change-facts")
    async def changes_after(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await desk.serve(request, lambda _: book.changes_after(_after(request)))

    @get("/health")
    async def health() -> Response[bytes]:
        return Response(b"{}", media_type=JSON)

    return Litestar(
        route_handlers=[ask, answer_to, generate, changes_after, health],
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _found(answer: SupplementaryAnswer | None) -> SupplementaryAnswer:
    if answer is None:
        raise NotFound(Fault(code=FaultCode.CODE_UNKNOWN, expected="the id of a question that was handed in"))
    return answer


def _after(request: Request[Any, Any, Any]) -> int:
    match list(request.query_params.multi_items()):
        case [("after", text)] if text.isascii() and text.isdigit() and int(text) < _LATEST:
            return int(text)
    raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, expected="after=, the number of the last change known"))


class _Desk:
    """Verifies requests and signs answers; a nonce is good once."""

    def __init__(
        self, signing_key: SigningKey, registry_key: VerifyingKey, public_url: str, clock: Callable[[], datetime]
    ) -> None:
        self._signing_key = signing_key
        self._keys = {registry_key.key_id: registry_key}
        self._public_url = public_url
        self._clock = clock
        self._nonces: set[str] = set()

    async def serve(
        self, request: Request[Any, Any, Any], act: Callable[[RequestParts], msgspec.Struct]
    ) -> Response[bytes]:
        """Answer one request with what ``act`` makes of it."""
        parts = await self._parts(request)
        try:
            self._admit(parts)
            message = act(parts)
            answer = StoredAnswer(status=OK, headers={"content-type": JSON}, body=encode(message))
        except (Refusal, WireRefusal) as refusal:
            answer = refusal_answer(refusal, new_id())
        return self._signed(parts, answer)

    def _admit(self, parts: RequestParts) -> None:
        """Let in what the registry signed, once; raises WireRefusal."""
        nonce = verify_request(parts, self._keys.get, self._clock()).nonce
        if nonce in self._nonces:
            raise WireRefusal(ProblemCode.SIGNATURE_REPLAYED)
        self._nonces.add(nonce)

    async def _parts(self, request: Request[Any, Any, Any]) -> RequestParts:
        query = request.scope.get("query_string", b"").decode("ascii", "replace")
        fields = request.scope["headers"]
        return RequestParts(
            method=request.method,
            url=f"{self._public_url}{request.scope['path']}{'?' if query else ''}{query}",
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields),
            body=await request.body(),
        )

    def _signed(self, parts: RequestParts, answer: StoredAnswer) -> Response[bytes]:
        headers = tuple(answer.headers.items())
        unsigned = AnswerParts(status=answer.status, headers=headers, body=answer.body)
        try:
            signature = sign_answer(unsigned, parts, self._signing_key, self._clock())
        except SignatureRefused:
            signature = ()
        return Response(answer.body, status_code=answer.status, headers=dict((*headers, *signature)))
