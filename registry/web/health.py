"""GET /health/live, /health/ready and /metrics: for whoever keeps the service running."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from registry.contract.decoding import encode
from registry.contract.problems import ProblemCode
from registry.store import disclosure_log, sequencer
from registry.store.unit_of_work import StoreUnavailable
from registry.web.access import public
from registry.web.desk import Desk
from registry.web.metrics import COSIGNED_AT, KNOWN_UNTIL, METRICS, SEQUENCED, STAMPED
from registry.web.problems import JSON, problem_answer

STALE_AFTER: Final = timedelta(minutes=1)
"""Without a stamp for so long the sequencer is not at work, and nothing newly known can be asked for."""


class Health(msgspec.Struct, frozen=True):
    """How the service is."""

    status: str


@get("/health/live", opt=public())
async def live() -> Response[bytes]:
    """Say that the process answers."""
    return Response(encode(Health("live")), media_type=JSON)


@get("/health/ready", opt=public())
async def ready(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Say whether requests can be served: the database answers and some sequencer stamps; 503 if not."""
    try:
        async with desk.resources.work() as work:
            known = await sequencer.known_until(work)
    except (StoreUnavailable, SQLAlchemyError, OSError):
        known = None
    if known is None or desk.resources.clock() - known.at > STALE_AFTER:
        answer = problem_answer(ProblemCode.NOT_READY, desk.resources.new_id())
        return Response(answer.body, status_code=answer.status, headers=answer.headers)
    return Response(encode(Health("ready")), media_type=JSON)


@get("/metrics", opt=public())
async def metrics(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Return the metrics in the text format of Prometheus; without the database, how far it was when last asked."""
    with suppress(StoreUnavailable, SQLAlchemyError, OSError):
        async with desk.resources.work() as work:
            known, head = await sequencer.known_until(work), await disclosure_log.head(work)
        if known is not None:
            STAMPED.set(known.seq)
            KNOWN_UNTIL.set(known.at.timestamp())
        if head is not None:
            SEQUENCED.set(head.size)
            COSIGNED_AT.set(head.cosigned_at or 0)
    return Response(generate_latest(METRICS), headers={"content-type": CONTENT_TYPE_LATEST})
