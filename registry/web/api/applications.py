"""POST /me/applications and what goes with it: what a resident reports of themselves, in their session, by their card.

No page: a resident's own software calls this, with the cookie of the session. JSON in and out, refusals as RFC 9457.
"""

import re
from asyncio import timeout
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from registry.contract.applications import SignedApplication
from registry.contract.decoding import decode, encode
from registry.contract.messages import CORRELATION_HEADER, IDEMPOTENCY_HEADER
from registry.contract.problems import ProblemCode, WireRefusal
from registry.contract.signing import IDEMPOTENCY_KEY_FORM
from registry.domain.account import Role
from registry.domain.errors import Fault, FaultCode, InvalidInput, Refusal
from registry.domain.sign_in import Level
from registry.services import applications
from registry.services.applications import Resident
from registry.services.attendance import Asked, Attending, Once, refusing
from registry.services.jpki import Cards
from registry.services.permission import RESIDENCE_REPORT
from registry.store.callers import StoredAnswer
from registry.web.access import Entry, people
from registry.web.answers import SignedAnswer
from registry.web.desk import BODY_WITHIN
from registry.web.pages.entrance import Entrance
from registry.web.pages.visit import Visit
from registry.web.problems import CREATED, JSON, OK, WirePresenter

LARGEST: Final = 256 << 10
"""Bytes: an application and its signature, where every letter of them is escaped."""
OPERATION: Final = "own-application"
DRY_RUN: Final = "own-application-dry-run"
BASIS: Final = "旅券法16条"
_KEY: Final = re.compile(IDEMPOTENCY_KEY_FORM)
_OF_RESIDENTS: Final = people(Role.RESIDENT, level=Level.JPKI, entry=Entry.DISCLOSURE, page=False)


@post(
    "/me/application-challenges",
    status_code=CREATED,
    opt=people(Role.RESIDENT, level=Level.JPKI, entry=Entry.NOTHING, page=False),
    request_max_body_size=LARGEST,
)
async def challenge(entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]) -> Response[bytes]:
    """Give the nonce under which one application is signed."""
    cards = _cards(entrance, visit)
    given = await applications.challenge(cards, visit.session)
    answer = StoredAnswer(status=CREATED, headers={"content-type": JSON}, body=encode(given))
    return _answered(answer, entrance.resources.new_id())


@post("/me/applications", status_code=CREATED, opt=_OF_RESIDENTS, request_max_body_size=LARGEST)
async def apply(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Take in what a resident signed; with ``?dry_run=true`` only say what it would do."""
    cards, body = _cards(entrance, visit), await _body(request)
    is_dry_run = list(request.query_params.multi_items()) == [("dry_run", "true")]
    attending = _attending(entrance, visit, DRY_RUN if is_dry_run else OPERATION, OK if is_dry_run else CREATED)
    try:
        sent, once = _sent(request, body, is_dry_run=is_dry_run), Once(idempotency_key=_key(request), body=body)
    except (Refusal, WireRefusal) as refusal:
        return _answered(await attending.attend(refusing(refusal)), attending.asked.correlation_id)
    take = applications.dry_run if is_dry_run else applications.submit
    return _answered(await take(cards, attending, visit.session, sent, once), attending.asked.correlation_id)


@get("/me/applications/{submission_id:str}", opt=_OF_RESIDENTS)
async def application(
    entrance: NamedDependency[Entrance], visit: NamedDependency[Visit], submission_id: FromPath[str]
) -> Response[bytes]:
    """Return the receipt of one of the resident's own applications, in the state in which it stands now."""
    _cards(entrance, visit)
    attending = _attending(entrance, visit, "own-application-status", OK)
    answer = await applications.status(entrance.resources, attending, submission_id)
    return _answered(answer, attending.asked.correlation_id)


def _cards(entrance: Entrance, visit: Visit) -> Cards:
    """Return how cards are verified; raises NotFoundException where no CA is pinned, RateLimited for one too fast."""
    if entrance.cards is None:
        raise NotFoundException
    entrance.turns.take(visit.account.account_id, visit.now)
    return entrance.cards


def _attending(entrance: Entrance, visit: Visit, operation: str, status: int) -> Attending:
    resources = entrance.resources
    asked = Asked(operation=operation, correlation_id=resources.new_id(), affair=RESIDENCE_REPORT, basis=BASIS)
    return Attending(
        resources=resources,
        caller=Resident.of(visit.session),
        asked=asked,
        present=WirePresenter(status=status, signing_key=resources.signing_key),
        now=resources.clock(),
    )


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        async with timeout(BODY_WITHIN):
            return await request.body()
    except TimeoutError:
        raise WireRefusal(ProblemCode.NOT_READY) from None


def _sent(request: Request[Any, Any, Any], body: bytes, *, is_dry_run: bool) -> SignedApplication:
    if list(request.query_params.multi_items()) not in ([], [("dry_run", "true")]):
        raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, expected="no query, or dry_run=true"))
    sent = decode(body, SignedApplication, max_bytes=LARGEST)
    if not (sent.signature or is_dry_run):
        raise InvalidInput(Fault(code=FaultCode.MISSING, pointer="/signature", expected="the card's signature"))
    return sent


def _key(request: Request[Any, Any, Any]) -> str:
    key = request.headers.get(IDEMPOTENCY_HEADER, "")
    if not _KEY.fullmatch(key):
        raise WireRefusal(ProblemCode.IDEMPOTENCY_KEY_MISSING)
    return key


def _answered(answer: StoredAnswer, correlation_id: str) -> Response[bytes]:
    headers = {CORRELATION_HEADER: correlation_id, "cache-control": "no-store", **answer.headers}
    return SignedAnswer(answer.status, headers.items(), answer.body)
