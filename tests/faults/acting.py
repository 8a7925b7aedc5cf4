"""What is done to the stage: reports are handed in and delivered, processes die and come back."""

import json
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta

import anyio
import httpx
from rich.console import Console

from embassy_gateway.settings import read_settings
from embassy_gateway.wiring import open_gateway
from registry.sandbox.programs import wait_until_ready
from registry.sandbox.stage import Stage

PATIENCE = 60.0
"""Seconds that anything may take; a slow machine needs some of them."""


@contextmanager
def staged(folder, postgres=None):
    """Open the stage of the demo: the real programs and a PostgreSQL of its own, with ``postgres`` as its settings."""
    with ExitStack() as stack:
        yield Stage(folder / "stage", stack, Console(quiet=True), postgres=postgres)


def reports(first, number):
    """Return a file of ``number`` reports, each about a person of its own; ``first`` numbers the first of them."""
    return json.dumps([_report(one) for one in range(first, first + number)]).encode()


def _report(number):
    return {
        "kind": "residence",
        "mission": "JP-CG-NEW-YORK",
        "effective": "2024-04-01",
        "notified_on": "2024-04-10",
        "people": [
            {
                "nationality": "JP",
                "name": {"surname": "試験", "given": f"{number}郎"},
                "birth_date": (date(1950, 1, 1) + timedelta(days=37 * number)).isoformat(),
                "sex": "male",
            }
        ],
        "address_abroad": {"country": "US", "subdivision": "New York", "city": "New York"},
    }


def hand_in(stage, file):
    """Hand reports to the mission's gateway, as the mission's own systems do; return what it says of each."""
    answer = httpx.post(
        f"{stage.gateway_address}/reports",
        content=file,
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
        trust_env=False,
    )
    assert answer.status_code == httpx.codes.CREATED
    return answer.json()


@contextmanager
def another_gateway(stage, *, later=timedelta()):
    """Open the mission's gateway in this process too, on the same spool; its clock may be ahead."""
    with open_gateway(read_settings(stage.gateway_settings), clock=lambda: datetime.now(UTC) + later) as gateway:
        yield gateway


def deliver(gateway):
    """Deliver until nothing waits."""

    async def until_empty():
        async with gateway.delivering(lambda _: None) as deliverer:
            await deliverer.until_empty()

    anyio.run(until_empty)


def kill(process):
    process.kill()
    process.wait()


def kill_postgres(stage):
    """Kill the postmaster and every process of its own, the walwriter too; start it again."""
    stage.postgres.kill()
    stage.postgres.start()


def bring_back(stage):
    """Start what is dead, mend what is cut, and wait until registry, sequencer and gateway are at work."""
    stage.line.mend()
    if stage.sequencer.poll() is not None:
        stage.sequencer = stage.start_sequencer()
    if stage.registry.poll() is not None:
        stage.registry = stage.start_registry()
    if stage.gateway.poll() is not None:
        stage.gateway = stage.programs.start("gateway", ["embassy-gateway", "serve"], stage.gateway_settings)
    until_ready(stage)
    wait_until_ready(f"{stage.gateway_address}/health", stage.gateway, stage.folder / "gateway.log")


def until_ready(stage):
    """Wait until the registry takes requests."""
    wait_until_ready(f"{stage.address}/health/ready", stage.registry, stage.folder / "registry.log")


def until(condition, seconds=PATIENCE):
    """Wait until ``condition()`` holds; ask again every few milliseconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.005)
