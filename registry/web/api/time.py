"""GET /v1/time: the registry's clock, signed, for gateways whose own clock cannot be trusted."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from registry.contract.decoding import encode
from registry.contract.messages import TimeAnswer
from registry.store.callers import StoredAnswer
from registry.web.access import public
from registry.web.desk import Desk
from registry.web.problems import JSON, OK


@get("/v1/time", opt=public())
async def time(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """Tell the time in UTC to anyone; the answer is signed over the request's signature, if it has one.

    The request's own signature is not judged: who asks for the time cannot be expected to know it.
    """
    body = encode(TimeAnswer(now=desk.resources.clock()))
    answer = StoredAnswer(status=OK, headers={"content-type": JSON}, body=body)
    return desk.respond(desk.head(request), answer, desk.resources.new_id())
