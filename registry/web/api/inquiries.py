"""POST /v1/inquiries, also in bulk, and GET /v1/grants: who is asked about, and what may be asked.

POST only: no name in a URL.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from registry.contract.decoding import decode, decode_each
from registry.contract.messages import ArrivedBulkInquiry, Inquiry, PersonAsked
from registry.contract.signing import RequestParts
from registry.domain.account import Role
from registry.domain.disclosure import Grant
from registry.services import bulk_inquiries, inquiries
from registry.services import grants as explained
from registry.services.attendance import Asked, Caller, Done
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, signed
from registry.web.desk import Desk, Prepared
from registry.web.problems import OK


@post("/v1/inquiries", status_code=OK, opt=signed(Entry.DISCLOSURE, clerk=(Role.MISSION_STAFF,)))
async def inquire(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Answer one inquiry about one person."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        inquiry = decode(parts.body, Inquiry)

        async def act(work: UnitOfWork) -> Done:
            def answer(held: Sequence[Grant]) -> Awaitable[Done]:
                return inquiries.answer(desk.resources, work, caller, inquiry, correlation_id, held)

            return await desk.watch.over(work, caller, [inquiry.search], desk.keys.grants, answer)

        return inquiries.asked(inquiry, inquiries.OPERATION, correlation_id, inquiry.search), act

    return await desk.serve(request, inquiries.OPERATION, prepare, only_reads=True, discloses=True)


@post("/v1/inquiries/bulk", status_code=OK, opt=signed(Entry.DISCLOSURE, clerk=(Role.MISSION_STAFF,)))
async def inquire_in_bulk(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Answer one inquiry about up to a thousand people."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        inquiry, people = decode_each(parts.body, ArrivedBulkInquiry, "people", PersonAsked)
        asked = inquiries.asked(inquiry, inquiries.BULK_OPERATION, correlation_id)
        searches = [one.search if isinstance(one, PersonAsked) else None for one in people]

        async def act(work: UnitOfWork) -> Done:
            attendance = desk.attendance(caller, asked, OK, only_reads=True)

            def answer(held: Sequence[Grant]) -> Awaitable[Done]:
                return bulk_inquiries.answer(work, attendance, inquiry, people, held)

            return await desk.watch.over(work, caller, searches, desk.keys.grants, answer)

        return asked, act

    return await desk.serve(request, inquiries.BULK_OPERATION, prepare, only_reads=True, discloses=True)


@get("/v1/grants", opt=signed(Entry.DISCLOSURE))
async def grants(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Tell the caller what it may ask and submit, of whom, until when, and what will change."""

    def prepare(caller: Caller, _: RequestParts, correlation_id: str) -> Prepared:
        async def act(_: UnitOfWork) -> Done:
            held = desk.watch.grants_for(caller.body, desk.keys.grants)
            return explained.explain(desk.resources, caller, held)

        return Asked(operation="grants", correlation_id=correlation_id), act

    return await desk.serve(request, "grants", prepare, only_reads=True)
