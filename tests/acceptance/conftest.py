"""A registry for each test, and an ear at its door: nothing planted may be logged, or stand in a problem."""

import pytest
from structlog.testing import capture_logs

from tests.house import house
from tests.planted import found_in


class Overheard:
    """Stands before an application and keeps the problem documents that pass."""

    def __init__(self, app) -> None:
        self.app = app
        self.problems: list[bytes] = []

    async def __call__(self, scope, receive, send) -> None:
        is_problem = False

        async def listen(message) -> None:
            nonlocal is_problem
            if message["type"] == "http.response.start":
                is_problem = dict(message["headers"]).get(b"content-type", b"").startswith(b"application/problem+json")
            elif is_problem:
                self.problems.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, listen)


@pytest.fixture
async def registry(database, tmp_path, caplog):
    with capture_logs() as logs:
        async with house(database, tmp_path) as opened:
            opened.app = overheard = Overheard(opened.app)
            yield opened
    assert [entry["event"] for entry in logs if found_in(repr(entry))] == []
    assert found_in(caplog.text) == ()
    assert [found_in(problem) for problem in overheard.problems if found_in(problem)] == []
