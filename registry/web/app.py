"""The application: routes, the one translation of errors, the tasks that run beside the requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from registry.contract.problems import ProblemCode, WireRefusal
from registry.domain.errors import NotFound, Refusal
from registry.jpki.refusals import JpkiRefused
from registry.program_log import place_of
from registry.services.attendance import Refused
from registry.services.jpki import Cards
from registry.services.resources import Resources
from registry.services.sign_ins import SignIns
from registry.store.unit_of_work import StoreUnavailable
from registry.vault.keys import KeysRefused
from registry.web import health
from registry.web.access import access_of, routes_of
from registry.web.api import (
    applications,
    inquiries,
    inquiry_list,
    removed_records,
    submissions,
    supplementary_records,
    time,
)
from registry.web.api import log as disclosure_log
from registry.web.desk import Desk
from registry.web.door import LARGEST_BODY, Passing
from registry.web.headers import Headed
from registry.web.metrics import REQUESTS, SECONDS
from registry.web.openapi import schema
from registry.web.pages import inquiry, me, protection, record, sign_in
from registry.web.pages.entrance import Entrance
from registry.web.pages.frame import trouble_page
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import SignInNeeded, account_of, enforce, sign_in_needed, visit_of
from registry.web.problems import problem_answer, refusal_answer

log = structlog.get_logger("registry.web")

PAGES: Final = (
    sign_in.choose,
    sign_in.begin,
    sign_in.come_back,
    sign_in.sign_out,
    sign_in.signed_out,
    sign_in.style,
    me.me,
    me.end_session,
    inquiry.affairs,
    inquiry.form,
    inquiry.ask,
    protection.work_list,
    protection.grant,
    protection.renew,
    protection.propose_release,
    protection.approve,
    protection.review,
    record.record,
    record.accesses,
    record.access_file,
)

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
    applications.challenge,
    applications.apply,
    applications.application,
    health.live,
    health.ready,
    health.metrics,
    schema,
    *PAGES,
)


def make_app(
    desk: Desk,
    *,
    sign_ins: SignIns | None = None,
    cards: Cards | None = None,
    ex_officio: Resources | None = None,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    routes: Sequence[HTTPRouteHandler] = ROUTES,
) -> Litestar:
    """Make the application; each of ``beside`` runs as a task for as long as the application does.

    Without ``sign_ins`` there are no pages; without ``cards`` nobody signs; without ``ex_officio`` the registry's own
    desks decide nothing. Raises UndeclaredRoute where a route says nothing of who may come in.
    """
    entrance = Entrance(desk.resources, sign_ins, desk.public_url, cards, ex_officio)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in beside]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = Litestar(
        route_handlers=routes,
        guards=[enforce],
        state=State({"entrance": entrance}),
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False, use_cache=True),
            "entrance": Provide(lambda: entrance, sync_to_thread=False, use_cache=True),
            "visit": Provide(visit_of),
        },
        exception_handlers={
            SignInNeeded: sign_in_needed,
            PageRefused: _page_refused(desk, entrance),
            Refusal: _refused(desk, entrance),
            WireRefusal: _refused(desk, entrance),
            JpkiRefused: _refused(desk, entrance),
            HTTPException: _http_problem(desk),
            Exception: _internal_problem(desk),
        },
        middleware=[_measured],
        lifespan=[lifespan],
        openapi_config=None,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )

    routes_of(app)

    def clock() -> datetime:
        return desk.resources.clock()

    # Litestar's own middleware is left out where there is no route, and junk goes there as well.
    app.asgi_handler = Headed(Passing(app.asgi_handler, clock), over_tls=desk.public_url.startswith("https://"))
    return app


# ------------------------------------------------------------------------------------------------- errors

_NOT_FOUND: Final = 404
_CODE_OF_STATUS: Final = {
    _NOT_FOUND: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.BODY_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
}


def _http_problem(desk: Desk) -> Callable[[Request[Any, Any, Any], HTTPException], Response[bytes]]:
    """Translate what Litestar refuses before the desk is reached: no such route, a body beyond all measure."""

    def handle(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        if _is_for_people(request):
            trouble = Trouble.NOT_FOUND if error.status_code == _NOT_FOUND else Trouble.NOT_UNDERSTOOD
            return trouble_page(request, PageRefused(trouble), desk.resources.new_id())
        code = _CODE_OF_STATUS.get(error.status_code, ProblemCode.INVALID_INPUT)
        return _problem(desk, request, code, desk.resources.new_id())

    return handle


def _internal_problem(desk: Desk) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Translate what nobody expected: the log learns the kind of error and where, never what was in the request."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        correlation_id = desk.resources.new_id()
        is_page = _is_for_people(request)
        if isinstance(error, StoreUnavailable | KeysRefused):
            if is_page:
                return trouble_page(request, PageRefused(Trouble.NOT_READY), correlation_id)
            return _problem(desk, request, ProblemCode.NOT_READY, correlation_id)
        log.error(
            "internal error",
            kind=type(error).__name__,
            sqlstate=getattr(getattr(error, "orig", None), "sqlstate", None),
            at=place_of(error),
            correlation_id=correlation_id,
        )
        if is_page:
            return trouble_page(request, PageRefused(Trouble.INTERNAL), correlation_id)
        return _problem(desk, request, ProblemCode.INTERNAL, correlation_id)

    return handle


def _page_refused(desk: Desk, entrance: Entrance) -> Callable[[Request[Any, Any, Any], PageRefused], Response[bytes]]:
    """Translate what a page refuses; of who came to another's door, or with another's form, the log is told."""

    def handle(request: Request[Any, Any, Any], refused: PageRefused) -> Response[bytes]:
        correlation_id = desk.resources.new_id()
        if refused.trouble in _TOLD_TO_THE_LOG:
            entrance.turned_away(refused.trouble, correlation_id, account_of(request))
        return trouble_page(request, refused, correlation_id)

    return handle


_TOLD_TO_THE_LOG: Final = frozenset({Trouble.NOT_PERMITTED, Trouble.FORM_REFUSED})
_CODES_TOLD_TO_THE_LOG: Final = frozenset({ProblemCode.NOT_PERMITTED, ProblemCode.CROSS_SITE})
"""OWASP ASVS 5.0.0 § 16.3.2, 16.3.3."""


def _refused(desk: Desk, entrance: Entrance) -> Callable[[Request[Any, Any, Any], Refused], Response[bytes]]:
    """Translate what is refused in the session of somebody, outside of any attendance; the log is told as of pages."""

    def handle(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
        correlation_id = desk.resources.new_id()
        if isinstance(refused, WireRefusal) and refused.code in _CODES_TOLD_TO_THE_LOG:
            entrance.turned_away(refused.code, correlation_id, account_of(request))
        if _is_for_people(request):
            return trouble_page(request, PageRefused(_trouble_of(refused)), correlation_id)
        return desk.respond(desk.head(request), refusal_answer(refused, correlation_id), correlation_id)

    return handle


def _trouble_of(refused: Refused) -> Trouble:
    if isinstance(
        refused, JpkiRefused
    ):  # no page takes a signature in: a card that signed before cannot be asked about
        return Trouble.NOT_READY
    return Trouble.NOT_FOUND if isinstance(refused, NotFound) else Trouble.NOT_UNDERSTOOD


def _is_for_people(request: Request[Any, Any, Any]) -> bool:
    """Whether people read the answer: by what the route declares, and where there is none, by what is asked for."""
    handler: BaseRouteHandler | None = request.scope.get("route_handler")  # none where there is no such route
    if handler is not None and (access := access_of(handler)) is not None:
        return access.page
    return "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/v1/")


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
