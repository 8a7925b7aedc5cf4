"""The floor: a bare handler on the same server, one indexed SELECT and one durable INSERT by raw asyncpg.

Nothing that serves this interface with these promises can be faster; every figure of the registry is a share of it.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvicorn
from litestar import Litestar, Request, Response, get, post

CREATE = (
    "CREATE TABLE IF NOT EXISTS floor (entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL)"
)
LOOK_UP = "SELECT person_id FROM search_key WHERE generation = 1 AND kind = $1 AND key = $2"
WRITE = "INSERT INTO floor (body) VALUES ($1)"


def make_app(dsn: str, connections: int) -> Litestar:
    """Make the application over a pool of ``connections``."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=connections, max_size=connections) as pool:
            await pool.execute(CREATE)
            app.state.pool = pool
            yield

    @post("/floor", status_code=200)
    async def floor(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        async with request.app.state.pool.acquire() as connection:
            found = await connection.fetchval(LOOK_UP, "individual-number", body[:32])
            await connection.execute(WRITE, body)
        return Response(b'{"person": "%s"}' % str(found).encode(), headers={"content-type": "application/json"})

    @get("/health/ready")
    async def ready() -> Response[bytes]:
        return Response(b"{}")

    return Litestar([floor, ready], lifespan=[lifespan], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    app = make_app(os.environ["FLOOR_DSN"], 16)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
