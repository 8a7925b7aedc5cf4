"""``serve``: the gateway as a service for the mission's own systems, on this machine alone, with delivery beside it.

Who may reach the port may hand reports in, so it listens on the loopback. A page in a browser on this machine is
kept out twice: only ``application/json`` is taken, which a page cannot send elsewhere unasked, and only under the
names of this host, so that no other name can be turned to it.

The console for the mission's staff (``console``) stands beside it where their identity provider is set. It may be
reached under a name of its own, by a proxy on this machine; under that name the service for systems is not there.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import msgspec
import uvicorn
from anyio import to_thread
from litestar import Litestar, Request, Response, get, post
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from rich.console import Console

from embassy_gateway.console.clerks import HOME
from embassy_gateway.console.opening import console
from embassy_gateway.console.pages import (
    PAGES,
    StaffConsole,
    provider_away,
    refused,
    sign_in_needed,
    sign_in_refused,
    trouble_page,
)
from embassy_gateway.console.visit import Refused, SignInNeeded, Trouble
from embassy_gateway.delivery import Tally
from embassy_gateway.intake import MAX_FILE_BYTES
from embassy_gateway.overview import Overview, overview
from embassy_gateway.schema import State
from embassy_gateway.screens import trouble_words
from embassy_gateway.sealing import SetupRefused
from embassy_gateway.settings import Settings, read_settings
from embassy_gateway.spool import SpoolUnavailable
from embassy_gateway.wiring import Gateway, Taken, open_gateway
from registry.contract.openid.refusals import ProviderAway, SignInRefused
from registry.contract.problems import PROBLEM_MEDIA_TYPE, FaultEntry, ProblemCode, fault_entry, problem

ERASE_EVERY: Final = 3600.0  # seconds
_UNAVAILABLE: Final = 503
_NOT_FOUND: Final = 404
_RETRY_AFTER: Final = {"Retry-After": "5"}
_PROBLEM_OF_STATUS: Final = {
    _NOT_FOUND: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.BODY_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
}
_console = Console(highlight=False, soft_wrap=True)


class TakenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report that was handed in; ``duplicate``: it was taken in before and stands in ``state``."""

    id: int
    state: State
    duplicate: bool
    left_at_mission: int
    faults: tuple[FaultEntry, ...]
    warnings: tuple[FaultEntry, ...]


def create_app(gateway: Gateway, names: list[str], console: StaffConsole | None = None) -> Litestar:
    """Make the local interface, and the console beside it; ``names`` are the values of Host that it answers to."""
    allowed = names if console is None else [*names, urlsplit(console.url).netloc]
    return Litestar(
        [*_for_systems(gateway, names), *(() if console is None else PAGES)],
        dependencies={"console": Provide(lambda: console, sync_to_thread=False, use_cache=True)},
        allowed_hosts=AllowedHostsConfig(allowed_hosts=allowed, www_redirect=False),
        exception_handlers={
            HTTPException: _http_problem,
            SpoolUnavailable: _spool_unavailable,
            SignInNeeded: sign_in_needed,
            SignInRefused: sign_in_refused,
            ProviderAway: provider_away,
            Refused: refused,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_FILE_BYTES,
    )


def _for_systems(gateway: Gateway, names: list[str]) -> list[HTTPRouteHandler]:
    """Return what the mission's own systems use; it is there under the names of this machine alone."""

    def of_this_machine(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if connection.headers.get("host") not in names:
            raise HTTPException(status_code=404)

    @post("/reports", guards=[of_this_machine])
    async def hand_in(request: Request[Any, Any, Any]) -> Response[list[TakenEntry]]:
        """Take a report or a list of them in; 201, or 422 when one is faulty (it is kept, see its faults)."""
        if request.content_type[0] != "application/json":
            raise HTTPException(status_code=415)
        text = await request.body()
        taken = await to_thread.run_sync(lambda: list(gateway.take_in(text)))
        faulty = any(one.state is State.FAULTY for one in taken)
        return Response([_entry(one) for one in taken], status_code=422 if faulty else 201)

    @get("/status", guards=[of_this_machine])
    async def status() -> Overview:
        """Tell how the spool stands."""
        return await to_thread.run_sync(overview, gateway.spool)

    @get("/health", guards=[of_this_machine])
    async def health() -> dict[str, str]:
        """Tell whether the spool can be written; 503 if not."""
        await to_thread.run_sync(gateway.spool.probe)
        return {"status": "ok"}

    return [hand_in, status, health]


def _http_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Translate what Litestar refuses: a page for people, a problem document for systems."""
    if not _is_for_people(request):
        return _problem(error.status_code)
    return trouble_page(request, Trouble.NOT_FOUND if error.status_code == _NOT_FOUND else Trouble.NOT_UNDERSTOOD)


def _spool_unavailable(request: Request[Any, Any, Any], _: SpoolUnavailable) -> Response[bytes]:
    if _is_for_people(request):
        return trouble_page(request, Trouble.NOT_READY)
    return _problem(_UNAVAILABLE, ProblemCode.NOT_READY)


def _is_for_people(request: Request[Any, Any, Any]) -> bool:
    return request.url.path.startswith(HOME)


def serve() -> int:
    """Take reports in over HTTP on this machine (POST /reports, GET /status, /health) and deliver them 常駐.

    Ends with SIGINT or SIGTERM.
    """
    settings = read_settings(os.environ)
    with open_gateway(settings) as gateway, _listening(settings.host, int(settings.port)) as listener:
        anyio.run(_serve, gateway, settings, listener)
    return 0


async def _serve(gateway: Gateway, settings: Settings, listener: socket.socket) -> None:
    """Run server, delivery and erasure side by side; if one of them breaks, all end."""
    host, port = listener.getsockname()[:2]
    async with (
        console(gateway, settings, f"http://{host}:{port}") as pages,
        gateway.delivering(_herald()) as deliverer,
        anyio.create_task_group() as group,
    ):
        app = create_app(gateway, [f"{name}:{port}" for name in (host, "127.0.0.1", "localhost")], pages)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", ws="none", server_header=False
        )
        server = _Server(config)
        group.start_soon(deliverer.for_ever)
        group.start_soon(_erase, gateway)
        group.start_soon(_stop_on_signal, server)
        _console.print(f"embassy gateway {gateway.rules.mission} at http://{host}:{port} (POST /reports, GET /status)")
        if pages is not None:
            _console.print(f"console for staff (担当者の画面): {pages.url}{HOME}")
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals, which would end the process before the spool is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_on_signal(server: uvicorn.Server) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            server.should_exit = True


async def _erase(gateway: Gateway) -> None:
    """Erase what is due, now and then; a spool that is busy or full is asked again later."""
    while True:
        with suppress(SpoolUnavailable):
            await to_thread.run_sync(gateway.spool.erase_due, gateway.clock())
        await gateway.pause(ERASE_EVERY)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise SetupRefused(f"{host}:{port}: {error.strerror}") from None
    with listener:
        yield listener


def _herald() -> Any:
    """Return an ear that prints what is new since it last heard."""
    last = Tally()

    def hear(tally: Tally) -> None:
        nonlocal last
        if tally.trouble is not None and tally.trouble != last.trouble:
            _console.print(f"line (回線): {trouble_words(tally.trouble)}")
        new = tally.delivered - last.delivered, tally.refused - last.refused, tally.alarms - last.alarms
        if any(new):
            _console.print("delivered (送達) {}, refused (受理されず) {}, alarms (要照会) {}".format(*new))
        last = msgspec.structs.replace(tally)

    return hear


def _entry(taken: Taken) -> TakenEntry:
    return TakenEntry(
        id=taken.id,
        state=taken.state,
        duplicate=not taken.is_new,
        left_at_mission=taken.left,
        faults=tuple(map(fault_entry, taken.faults)),
        warnings=tuple(map(fault_entry, taken.warnings)),
    )


def _problem(status: int, code: ProblemCode | None = None) -> Response[bytes]:
    """Write a problem document (RFC 9457)."""
    code = code or _PROBLEM_OF_STATUS.get(status, ProblemCode.INVALID_INPUT)
    body = msgspec.json.encode(problem(code, status=status, correlation_id=""))
    headers = _RETRY_AFTER if status == _UNAVAILABLE else None
    return Response(body, status_code=status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)
