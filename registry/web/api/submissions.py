"""POST /v1/submissions (also as dry run and as batch) and GET /v1/submissions/{id}: reports from missions."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from registry.contract.decoding import decode
from registry.contract.messages import EVIDENCE_HEADER, Batch
from registry.contract.signing import RequestParts
from registry.domain.account import Role
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.services import batches, receipts, submissions
from registry.services.attendance import Asked, Caller, Done
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, signed
from registry.web.desk import Desk, Prepared, idempotency_key
from registry.web.door import LARGEST_BODY
from registry.web.problems import CREATED, OK

OPERATION: Final = "submission"
DRY_RUN: Final = "dry-run"
FILES: Final = signed(Entry.DISCLOSURE, clerk=(Role.MISSION_STAFF,), gateway_alone=(OPERATION,))
"""A gateway delivers by itself what was taken in; what a report would do to a record, it shows to a clerk alone."""


@post("/v1/submissions", status_code=CREATED, opt=FILES)
async def submit(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Take in one report; with ``?dry_run=true`` only say what it would do."""
    match list(request.query_params.multi_items()):
        case [("dry_run", "true")]:
            return await desk.serve(request, DRY_RUN, _prepare(desk, DRY_RUN, submissions.dry_run))
        case [] | [("dry_run", "false")]:
            take_in = _prepare(desk, OPERATION, submissions.accept)
            return await desk.serve(request, OPERATION, take_in, status=CREATED, once=True)
        case _:
            return await desk.serve(request, DRY_RUN, _refuse_query)


def _refuse_query(_: Caller, __: RequestParts, ___: str) -> Prepared:
    """Refuse what might be a dry run misspelled: to take it in for good is what its sender wants least."""
    fault = Fault(code=FaultCode.OUT_OF_RANGE, expected="no query, or one of dry_run=true and dry_run=false")
    raise InvalidInput(fault)


def _prepare(desk: Desk, operation: str, take: Callable[..., Awaitable[Done]]) -> Callable[..., Prepared]:
    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        evidence: str | None = evidence_of(parts)
        if operation == DRY_RUN and not evidence:
            evidence = None  # it is made at intake, and nothing was taken in
        checked = submissions.check(desk.resources, desk.keys, caller, parts.body, evidence, idempotency_key(parts))

        async def act(work: UnitOfWork) -> Done:
            return await take(desk.resources, work, caller, checked)

        return Asked(operation=operation, correlation_id=correlation_id), act

    return prepare


def evidence_of(parts: RequestParts) -> str:
    """Return the evidence that goes with a report, "" where there is none."""
    return next((value for name, value in parts.headers if name.lower() == EVIDENCE_HEADER), "")


@post("/v1/submissions/batch", status_code=OK, opt=signed(Entry.DISCLOSURE))
async def submit_batch(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Take in up to a hundred reports in one transaction; each stands or falls by itself."""

    def prepare(caller: Caller, parts: RequestParts, correlation_id: str) -> Prepared:
        batch = decode(parts.body, Batch, max_bytes=LARGEST_BODY)

        async def act(work: UnitOfWork) -> Done:
            alone = desk.attendance(caller, Asked(operation=OPERATION, correlation_id=correlation_id), CREATED)
            return await batches.accept(work, desk.keys, alone, batch)

        return Asked(operation="batch", correlation_id=correlation_id), act

    return await desk.serve(request, "batch", prepare, once=True)


@get("/v1/submissions/{submission_id:str}", opt=signed(Entry.DISCLOSURE))
async def get_submission(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], submission_id: FromPath[str]
) -> Response[bytes]:
    """Return the receipt of one of the caller's own submissions, in the state in which it stands now."""

    def prepare(caller: Caller, _: RequestParts, correlation_id: str) -> Prepared:
        async def act(work: UnitOfWork) -> Done:
            return await receipts.receipt_of(desk.resources, work, caller, submission_id)

        return Asked(operation="submission-status", correlation_id=correlation_id), act

    return await desk.serve(request, "submission-status", prepare, only_reads=True)
