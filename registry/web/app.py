"""The application: routes, the one translation of errors, the tasks that run beside the requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from registry.contract.problems import ProblemCode
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.web import health
from registry.web.api import inquiries, inquiry_list, removed_records, submissions, supplementary_records, time
from registry.web.api import log as disclosure_log
from registry.web.desk import Desk
from registry.web.door import LARGEST_BODY, Passing
from registry.web.metrics import REQUESTS, SECONDS
from registry.web.openapi import schema
from registry.web.problems import problem_answer

log = structlog.get_logger("registry.web")

ROUTES: Final = (
    submissions.submit,
    submissions.submit_batch,
    submissions.get_submission,
    removed_records.deliver,
    inquiries.inquire,
    inquiries.inquire_in_bulk,
    inquiries.grants,
    supplementary_records.questions,
    supplementary_records.answer,
    inquiry_list.questions,
    inquiry_list.answer,
    time.time,
    disclosure_log.checkpoint,
    disclosure_log.tile,
    disclosure_log.inclusion,
    disclosure_log.consistency,
    health.live,
    health.ready,
    health.metrics,
    schema,
)


def make_app(desk: Desk, *, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()) -> Litestar:
    """Make the application; each of ``beside`` runs as a task for as long as the application does."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in beside]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = Litestar(
        route_handlers=ROUTES,
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False, use_cache=True)},
        exception_handlers={HTTPException: _http_problem(desk), Exception: _internal_problem(desk)},
        middleware=[_measured],
        lifespan=[lifespan],
        openapi_config=None,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )

    def clock() -> datetime:
        return desk.resources.clock()

    # Litestar's own middleware is left out where there is no route, and junk goes there as well.
    app.asgi_handler = Passing(app.asgi_handler, clock)
    return app


# ------------------------------------------------------------------------------------------------- errors

_CODE_OF_STATUS: Final = {
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.BODY_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
}


def _http_problem(desk: Desk) -> Callable[[Request[Any, Any, Any], HTTPException], Response[bytes]]:
    """Translate what Litestar refuses before the desk is reached: no such route, a body beyond all measure."""

    def handle(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        code = _CODE_OF_STATUS.get(error.status_code, ProblemCode.INVALID_INPUT)
        return _problem(desk, request, code, desk.resources.new_id())

    return handle


def _internal_problem(desk: Desk) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Translate what nobody expected: the log learns the kind of error and where, never what was in the request."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        correlation_id = desk.resources.new_id()
        if isinstance(error, StoreUnavailable | KeysRefused):
            return _problem(desk, request, ProblemCode.NOT_READY, correlation_id)
        log.error(
            "internal error",
            kind=type(error).__name__,
            sqlstate=getattr(getattr(error, "orig", None), "sqlstate", None),
            at=_place(error),
            correlation_id=correlation_id,
        )
        return _problem(desk, request, ProblemCode.INTERNAL, correlation_id)

    return handle


def _place(error: Exception) -> str:
    """Return file and line of an error's innermost frame; its message could hold personal data and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _problem(desk: Desk, request: Request[Any, Any, Any], code: ProblemCode, correlation_id: str) -> Response[bytes]:
    """Return a problem, signed like every answer: a client takes an unsigned one for a line that is down."""
    return desk.respond(desk.head(request), problem_answer(code, correlation_id), correlation_id)


# ------------------------------------------------------------------------------------------------ metrics


def _measured(app: ASGIApp) -> ASGIApp:
    """Count and time each request by its route, never by its path: a path could hold what a caller wrote."""

    async def measure(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, noting)
        finally:
            route = str(scope.get("path_template") or "none")
            REQUESTS.labels(route, status).inc()
            SECONDS.labels(route).observe(perf_counter() - began)

    return measure
