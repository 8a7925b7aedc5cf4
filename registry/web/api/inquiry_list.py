"""GET /v1/removed-record-questions and POST /v1/removed-record-answers: the inquiry list of a municipality.

Municipalities accept no connections, so the questions wait here until their municipality fetches them. The 除票 itself
comes by POST /v1/removed-records.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.decoding import decode
from registry.contract.inquiry_list import RemovedRecordAnswer
from registry.contract.signing import RequestParts
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.services import last_municipality
from registry.services.attendance import Asked, Caller, Done
from registry.services.last_municipality import AFFAIR, BASIS, TOLD
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, signed
from registry.web.desk import Desk, Prepared
from registry.web.problems import OK


@get("/v1/removed-record-questions", opt=signed(Entry.DISCLOSURE))
async def questions(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Return a page of the 除票 that the calling municipality is asked for; ``?after=`` the last of the page before."""

    def prepare(caller: Caller, _: RequestParts, correlation_id: str) -> Prepared:
        after = _after(list(request.query_params.multi_items()))

        async def act(work: UnitOfWork) -> Done:
            return await last_municipality.questions(desk.resources, work, caller, after, desk.keys.grants)

        asked = Asked(
            operation="removed-record-question",
            correlation_id=correlation_id,
            affair=AFFAIR,
            basis=BASIS,
            items=TOLD,
        )
        return asked, act

    return await desk.serve(request, "removed-record-question", prepare, discloses=True)


def _after(query: list[tuple[str, str]]) -> str | None:
    """Return after which question the page begins; None for the first page."""
    match query:
        case []:
            return None
        case [("after", after)]:
            return after
        case _:
            raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, expected="no query, or after=<question id> alone"))


@post("/v1/removed-record-answers", status_code=OK, opt=signed(Entry.DISCLOSURE))
async def answer(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Take in why the calling municipality has no 除票 for one of them."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        given = decode(parts.body, RemovedRecordAnswer)

        async def act(work: UnitOfWork) -> Done:
            return await last_municipality.take(desk.resources, work, caller, given, desk.keys.grants)

        return Asked(operation="removed-record-answer", correlation_id=correlation_id), act

    return await desk.serve(request, "removed-record-answer", prepare, once=True)
