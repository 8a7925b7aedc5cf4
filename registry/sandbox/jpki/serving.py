"""What the sandbox's CAs have revoked, over real HTTP: a list and a responder for each of them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from registry.sandbox.jpki.certificates import Issuer
from registry.sandbox.jpki.office import Office

LARGEST_REQUEST: Final = 64 << 10
LIST: Final = "application/pkix-crl"
ANSWER: Final = "application/ocsp-response"
BAD_REQUEST: Final = 400
OK: Final = 200


def make_app(office: Office, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Litestar:
    """Make the application that tells what an office has revoked."""
    by_path = {one.crl.rpartition("/")[2]: one for one in office.issuers}

    def issuer_of(name: str) -> Issuer:
        if name not in by_path:
            raise NotFoundException
        return by_path[name]

    @get("/crl/{name:str}", sync_to_thread=False)
    def crl(name: FromPath[str]) -> Response[bytes]:
        return Response(office.crl(issuer_of(name), clock()), headers={"content-type": LIST})

    @post("/ocsp/{name:str}", status_code=OK)
    async def ocsp(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        issuer = issuer_of(name)
        try:
            answer = office.ocsp(issuer, await request.body(), clock())
        except ValueError:
            return Response(b"", status_code=BAD_REQUEST)
        return Response(answer, headers={"content-type": ANSWER})

    @get("/health", sync_to_thread=False)
    def health() -> Response[bytes]:
        return Response(b"live\n")

    return Litestar(
        route_handlers=[crl, ocsp, health],
        request_max_body_size=LARGEST_REQUEST,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def server_of(office: Office) -> uvicorn.Server:
    """Return what serves an office at its address."""
    at = urlsplit(office.address)
    return uvicorn.Server(
        uvicorn.Config(make_app(office), host=at.hostname or "", port=at.port or 80, log_config=None, access_log=False)
    )


@contextmanager
def serving(office: Office) -> Iterator[None]:
    """Serve an office in a thread of its own for as long as the block lasts."""
    server = server_of(office)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)
