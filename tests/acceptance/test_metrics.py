"""What Prometheus is told of requests: each by its route and status, and never by what a caller wrote."""

import httpx
import pytest

from registry.web.metrics import METRICS
from tests.acceptance.seen import rows
from tests.house import MISSION, URL

pytestmark = pytest.mark.anyio


def counted(route, status):
    return METRICS.get_sample_value("registry_requests_total", {"route": route, "status": status}) or 0


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/v1/grants", "/v1/grants", 200),
        ("/v1/submissions/planted-7", "/v1/submissions/{submission_id}", 404),
        ("/health/live", "/health/live", 200),
    ],
    ids=["a route", "a route with something of the caller's", "a route for anybody"],
)
async def test_a_request_is_counted_and_timed_by_its_route(registry, path, route, status):
    before = counted(route, str(status))
    assert (await send(registry, path)).status_code == status
    assert counted(route, str(status)) == before + 1
    assert b"planted-7" not in (await send(registry, "/metrics")).content


async def test_how_far_the_sequencer_is_is_told_whichever_process_does_it(registry, database):
    await registry.caller(MISSION).get("/v1/grants")
    await registry.sequence()
    await registry.stamp()
    told = (await send(registry, "/metrics")).text
    ((size, at),) = await rows(database, "SELECT size, extract(epoch FROM at)::float FROM log_head, known_until")
    assert size > 0
    assert f"registry_log_sequenced {float(size)}\n" in told
    assert METRICS.get_sample_value("registry_known_until_seconds") == at


async def send(registry, path):
    """Ask as the mission does where that is asked for."""
    client = registry.caller(MISSION)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(registry.app)) as http:
        if not path.startswith("/v1/"):
            return await http.get(URL + path)
        async with client:
            answer = await client.get(path)
        return httpx.Response(answer.status, content=answer.body)
