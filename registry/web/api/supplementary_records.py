"""GET /v1/supplementary-questions and POST /v1/supplementary-answers: the municipality of a 本籍 as a further source.

Municipalities accept no connections, so the questions wait here until their municipality fetches them.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.decoding import decode
from registry.contract.jlis import SupplementaryAnswer
from registry.contract.signing import RequestParts
from registry.services import honseki
from registry.services.attendance import Asked, Caller, Done
from registry.services.jlis import AFFAIR, BASIS
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, signed
from registry.web.desk import Desk, Prepared
from registry.web.problems import OK


@get("/v1/supplementary-questions", opt=signed(Entry.DISCLOSURE))
async def questions(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Return what the calling municipality is asked about people whose 本籍 it keeps."""

    def prepare(caller: Caller, _: RequestParts, correlation_id: str) -> Prepared:
        async def act(work: UnitOfWork) -> Done:
            return await honseki.questions(desk.resources, work, caller, desk.keys.grants)

        asked = Asked(
            operation="supplementary-question",
            correlation_id=correlation_id,
            affair=AFFAIR,
            basis=BASIS,
            items=honseki.TOLD,
        )
        return asked, act

    return await desk.serve(request, "supplementary-question", prepare, discloses=True)


@post("/v1/supplementary-answers", status_code=OK, opt=signed(Entry.DISCLOSURE))
async def answer(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Take in what the calling municipality says of one of them."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        given = decode(parts.body, SupplementaryAnswer)

        async def act(work: UnitOfWork) -> Done:
            return await honseki.take(desk.resources, work, caller, given, desk.keys.grants)

        return Asked(operation="supplementary-answer", correlation_id=correlation_id), act

    return await desk.serve(request, "supplementary-answer", prepare, once=True)
