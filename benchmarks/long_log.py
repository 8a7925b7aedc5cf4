"""`python -m benchmarks.long_log N`: a log of disclosures of N entries, audited from end to end, proven one by one.

Every entry is written as a request writes it, sealed and committed to, and gets its place from `registry sequencer`: no
row is put where the log itself would not have put it.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Final
from uuid import UUID

import asyncpg
from cyclopts import App, Parameter

from benchmarks.load import HOST, Run, closed_loop, http
from benchmarks.results import Figure, keep_run, say, show
from benchmarks.setting import PENSIONS, Setting
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.services import disclosure_log
from registry.services.resources import Resources
from registry.store.disclosure_log import LOG_LOCK
from registry.transparency.entry import Disclosure
from registry.wiring import own_log, resources

PEOPLE: Final = 1_300_000
"""Of whom the entries are, in turn."""
A_REQUEST: Final = 1_000
"""Entries that one transaction leaves, as a bulk inquiry does."""
MOST_WAITING: Final = 100_000
"""Entries that may wait before those who write them do."""
DRAINED: Final = 50_000
PROOFS: Final = 2_000
PORTIONS: Final = 20

app: Final = App(name="long_log", help="Grow a long log of disclosures, audit all of it, prove single entries.")


@app.default
def main(entries: Annotated[int, Parameter(help="How many entries the log is to have.")] = 1_000_000, /) -> None:
    """Grow, measure, print the table, and add the results to var/bench.

    Example: python -m benchmarks.long_log 10000000
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        figures = asyncio.run(_measure(Setting(Path(folder), stack), entries))
    show(figures, f"a log of {entries:,} entries")
    keep_run(figures, {"entries": entries})


async def _measure(setting: Setting, entries: int) -> list[Figure]:
    await setting.prepare()
    setting.start()
    connection = await asyncpg.connect(setting.postgres.dsn())
    grown = await _grown(setting, connection, entries - DRAINED)
    drained = await _drained(setting, connection)
    say.print(f"then {drained.value:,.0f}/s")
    size = await connection.fetchval("SELECT size FROM log_head")
    await connection.execute("VACUUM ANALYZE log_entry, log_tile, log_pending")
    proofs = await _proofs(setting, size)
    await connection.close()
    return [grown, drained, *proofs, *_audits(setting, size)]


async def _grown(setting: Setting, connection: asyncpg.Connection, entries: int) -> Figure:
    """Write entries and let them get their place at the same time, on the same cores."""
    began = perf_counter()
    async with resources(setting.settings, pool_size=1) as given:
        for first in range(0, entries, A_REQUEST):
            await _write(given, first, min(A_REQUEST, entries - first))
            if first % MOST_WAITING == 0:
                say.print(f"{first:,} of {entries:,} entries: {first / (perf_counter() - began):,.0f}/s", end="\r")
                await _until_placed(connection, first - MOST_WAITING)
    await _until_placed(connection, entries)
    say.print()
    rate = entries / (perf_counter() - began)
    return Figure(name="entries written and sequenced together", value=rate, unit="entries/s", n=entries)


async def _write(given: Resources, first: int, count: int) -> None:
    """Leave the entries of one request about ``count`` people."""
    now = datetime.now(UTC)
    disclosure = Disclosure(
        asked_at=now,
        provided_at=now,
        body=PENSIONS[0],
        key_id=f"{PENSIONS[0]}-bench",
        provider=str(VIRTUAL_MUNICIPALITY.code),
        operation="inquiry",
        outcome="found",
        correlation_id=given.new_id(),
        handled_by="clerk-7",
        affair="pension-benefit",
        basis="番号法19条8号",
        search="individual-number",
        items=frozenset({"name", "birth_date", "address_abroad", "status"}),
        number_accessed=True,
    )
    people = tuple(str(UUID(int=number * 7919 % PEOPLE)) for number in range(first, first + count))
    async with given.work() as work:
        await disclosure_log.record(given, work, disclosure, people)
        await work.commit()


async def _until_placed(connection: asyncpg.Connection, entries: int) -> None:
    """Wait until the log is so long; to count what waits would take the processor from those that are measured."""
    while (await connection.fetchval("SELECT size FROM log_head, pg_sleep(0.02)") or 0) < entries:
        pass


async def _drained(setting: Setting, connection: asyncpg.Connection) -> Figure:
    """Let entries wait while nobody may give places, and measure how fast they then get them."""
    size = await connection.fetchval("SELECT size FROM log_head")
    await connection.execute("SELECT pg_advisory_lock($1)", LOG_LOCK)
    async with resources(setting.settings, pool_size=1) as given:
        for first in range(0, DRAINED, A_REQUEST):
            await _write(given, first, A_REQUEST)
    await connection.execute("SELECT pg_advisory_unlock($1)", LOG_LOCK)
    began = perf_counter()
    await _until_placed(connection, size + DRAINED)
    rate = DRAINED / (perf_counter() - began)
    return Figure(name="entries sequenced at this length", value=rate, unit="entries/s", n=DRAINED)


async def _proofs(setting: Setting, size: int) -> list[Figure]:
    """Ask for proofs one after the other, of entries from everywhere, and for the checkpoint beside them."""
    indexes = [int.from_bytes(os.urandom(8)) % size for _ in range(PROOFS)]
    asked = [_get(f"/v1/log/proof/inclusion?index={index}&size={size}") for index in indexes]
    await closed_loop(setting.port, asked[:100], 1)
    return [_figure("inclusion proof served", await closed_loop(setting.port, asked, 1))]


def _get(path: str) -> bytes:
    return http("GET", path, (), b"")


def _figure(name: str, run: Run) -> Figure:
    if set(run.statuses) != {200}:
        raise SystemExit(f"long_log: answers were {run.statuses}; nothing is measured")
    p50, p99 = run.percentile(0.5), run.percentile(0.99)
    return Figure(name=name, value=run.throughput, unit="proofs/s", n=len(run.latencies), p50_ms=p50, p99_ms=p99)


def _audits(setting: Setting, size: int) -> list[Figure]:
    """Audit all of it by the command that an auditor types: in the database, and as it is served to everybody."""
    public = own_log(setting.settings).key.text
    served = ("--url", f"http://{HOST}:{setting.port}/v1/log", "--log-key", public)
    return [
        _timed("full audit in the database", size, lambda: setting.verify_log(())),
        _timed("full audit of the served log", size, lambda: setting.verify_log(served)),
    ]


def _timed(name: str, size: int, audit: Callable[[], int]) -> Figure:
    began = perf_counter()
    if (audited := audit()) < size:
        raise SystemExit(f"long_log: {name} went through {audited:,} of {size:,} entries")
    seconds = perf_counter() - began
    say.print(f"{name}: {seconds:,.0f} s, {seconds / size * 1e6:.1f} µs an entry")
    return Figure(name=name, value=size / seconds, unit="entries/s", n=size)


if __name__ == "__main__":
    sys.exit(app())
