"""Processes that die at the worst moment while a mission delivers: nothing is lost and nothing is doubled."""

import asyncio
import json
import os
import signal
import time
from contextlib import ExitStack

import asyncpg
import pytest
from rich.console import Console

from registry.sandbox.programs import wait_until_ready
from registry.sandbox.stage import Stage

REPORTS = 24
IN_THE_MIDDLE = """
    SELECT FROM pg_stat_activity
    WHERE application_name = 'registry' AND clock_timestamp() - xact_start > interval '60 milliseconds'
"""
DELIVER = ["embassy-gateway", "deliver", "--until-empty"]


def a_report(number):
    return {
        "kind": "residence",
        "mission": "JP-CG-NEW-YORK",
        "effective": "2024-04-01",
        "notified_on": "2024-04-10",
        "people": [
            {
                "nationality": "JP",
                "name": {"surname": "試験", "given": f"{number}郎"},
                "birth_date": f"19{60 + number}-03-07",
                "sex": "male",
            }
        ],
        "address_abroad": {"country": "US", "subdivision": "New York", "city": "New York"},
    }


@pytest.fixture
def stage(tmp_path):
    with ExitStack() as stack:
        yield Stage(tmp_path / "stage", stack, Console(quiet=True))


async def rows(stage, query):
    connection = await asyncpg.connect(stage.postgres.dsn())
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


def submissions(stage):
    return len(asyncio.run(rows(stage, "SELECT FROM submission")))


async def until_in_the_middle(stage):
    """Wait until the registry is well inside the transaction that takes the batch in."""
    connection = await asyncpg.connect(stage.postgres.dsn())
    deadline = time.monotonic() + 60
    while not await connection.fetch(IN_THE_MIDDLE) and time.monotonic() < deadline:
        pass  # asking the database is what takes the time
    await connection.close()


def kill_registry(stage):
    os.kill(stage.registry.pid, signal.SIGKILL)
    stage.registry.wait()


def kill_postgres(stage):
    stage.postgres.kill()
    stage.postgres.start()


def kill_both(stage):
    kill_registry(stage)
    kill_postgres(stage)


@pytest.mark.parametrize("kill", [kill_registry, kill_postgres, kill_both], ids=lambda kill: kill.__name__)
def test_no_report_is_lost_or_doubled_when_processes_die_while_a_mission_delivers(stage, tmp_path, kill):
    file = tmp_path / "reports.json"
    stage.gateway.terminate()  # the deliverer of this test alone
    stage.gateway.wait()
    file.write_text(json.dumps([a_report(number) for number in range(REPORTS)]), encoding="utf-8")
    stage.programs.run("gateway-cli", ["embassy-gateway", "submit", str(file)], stage.gateway_settings)
    stage.programs.start("deliverer", DELIVER, stage.gateway_settings)
    asyncio.run(until_in_the_middle(stage))
    kill(stage)
    assert submissions(stage) < REPORTS, "the kill came too late to prove anything"
    if stage.registry.poll() is not None:
        stage.registry = stage.start_registry()
    wait_until_ready(f"{stage.address}/health/ready", stage.registry, stage.folder / "registry.log")
    stage.programs.run("gateway-cli", DELIVER, stage.gateway_settings, good=(0, 1))
    status = stage.programs.run("gateway-cli", ["embassy-gateway", "status", "--json"], stage.gateway_settings)
    assert json.loads(status)["counts"] == {
        "waiting": 0,
        "delivered": REPORTS,
        "refused": 0,
        "alarm": 0,
        "faulty": 0,
        "mended": 0,
    }
    assert submissions(stage) == REPORTS
    effects = asyncio.run(rows(stage, "SELECT submission_id, count(*) AS n FROM movement GROUP BY 1"))
    assert [row["n"] for row in effects] == [1] * REPORTS
    logged = asyncio.run(
        rows(stage, "SELECT FROM disclosure_entry WHERE operation = 'submission' AND outcome LIKE 'accepted%'")
    )
    assert len(logged) == REPORTS
