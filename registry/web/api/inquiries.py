"""POST /v1/inquiries, also in bulk, and GET /v1/grants: who is asked about, and what may be asked.

POST only: no name in a URL.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.decoding import decode, decode_each
from registry.contract.messages import ArrivedBulkInquiry, Inquiry, PersonAsked
from registry.contract.signing import RequestParts
from registry.services import bulk_inquiries, inquiries
from registry.services.attendance import Asked, Caller, Done
from registry.store.unit_of_work import UnitOfWork
from registry.web.desk import Desk, Prepared
from registry.web.problems import OK


@post("/v1/inquiries", status_code=OK)
async def inquire(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Answer one inquiry about one person."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        inquiry = decode(parts.body, Inquiry)

        async def act(work: UnitOfWork) -> Done:
            return await inquiries.answer(desk.resources, work, caller, inquiry, correlation_id, desk.keys.grants)

        return inquiries.asked(inquiry, inquiries.OPERATION, correlation_id, inquiry.search), act

    return await desk.serve(request, inquiries.OPERATION, prepare, only_reads=True, discloses=True)


@post("/v1/inquiries/bulk", status_code=OK)
async def inquire_in_bulk(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Answer one inquiry about up to a thousand people."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        inquiry, people = decode_each(parts.body, ArrivedBulkInquiry, "people", PersonAsked)
        asked = inquiries.asked(inquiry, inquiries.BULK_OPERATION, correlation_id)

        async def act(work: UnitOfWork) -> Done:
            attendance = desk.attendance(caller, asked, OK, only_reads=True)
            return await bulk_inquiries.answer(work, attendance, inquiry, people, desk.keys.grants)

        return asked, act

    return await desk.serve(request, inquiries.BULK_OPERATION, prepare, only_reads=True, discloses=True)


@get("/v1/grants")
async def grants(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Tell the caller what it may ask, of whom and until when."""

    def prepare(caller: Caller, _: RequestParts, correlation_id: str) -> Prepared:
        async def act(_: UnitOfWork) -> Done:
            return inquiries.grants_of(desk.resources, caller, desk.keys.grants)

        return Asked(operation="grants", correlation_id=correlation_id), act

    return await desk.serve(request, "grants", prepare, only_reads=True)
