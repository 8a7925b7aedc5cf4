"""POST /v1/removed-records: one part of an extract from a municipality."""

from typing import Any, Final

from litestar import Request, Response, post
from litestar.di import NamedDependency

from registry.contract.decoding import decode_each
from registry.contract.messages import ArrivedDelivery
from registry.contract.signing import RequestParts
from registry.domain.removed_record import RemovedRecord
from registry.services import removed_records
from registry.services.attendance import Asked, Caller, Done
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, signed
from registry.web.desk import Desk, Prepared
from registry.web.problems import OK

LARGEST_PART: Final = 2 << 20
"""Bytes; the agent sends a quarter of it."""


@post("/v1/removed-records", status_code=OK, opt=signed(Entry.DISCLOSURE))
async def deliver(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Take in up to a hundred 除票; a faulty one never stops the others."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        delivery, arrived = decode_each(parts.body, ArrivedDelivery, "records", RemovedRecord, max_bytes=LARGEST_PART)

        async def act(work: UnitOfWork) -> Done:
            return await removed_records.take_in(desk.resources, work, caller, delivery, arrived, desk.keys.grants)

        return Asked(operation="removed-records", correlation_id=correlation_id), act

    return await desk.serve(request, "removed-records", prepare, once=True)
