"""`python -m benchmarks`: every figure beside the floor's, in the same run and by the same generator of load."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from signal import SIGUSR1
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any, Final
from uuid import uuid4

import asyncpg
from cyclopts import App, Parameter

from benchmarks import jpki
from benchmarks.load import Run, closed_loop, open_loop
from benchmarks.profiled import Share, shares
from benchmarks.results import Figure, Profiles, keep, say, show, show_profiles
from benchmarks.setting import MISSION, TOWN, Setting
from benchmarks.signed_in import signed_in
from registry.contract.messages import LARGEST_BULK
from registry.domain.removed_record import RemovedRecord
from registry.sandbox.population.lives import people
from registry.sandbox.population.places import Where
from registry.sandbox.population.removed_records import removed_record_of
from registry.services import reconciliation
from registry.wiring import resources

PEOPLE: Final = 1_300_000
KEPT: Final = 5_000
"""除票 of the stock that are kept at hand, to make reports of."""
SEED: Final = 1
PART: Final = 100
AHEAD: Final = 50
"""Parts that are signed before they are sent: a signature lives for a minute."""
ROUNDS: Final = 3
"""Runs of each figure, the floor's and the registry's by turns; the median counts."""
NEW_YORK: Final = {"country": "US", "subdivision": "New York", "city": "New York", "lines": ["1 Example Avenue"]}
OPEN_RATE: Final = 80.0
PROFILED: Final = 400
"""Requests under the profiler, and as many before them to warm up."""
PARTS_PROFILED: Final = 20
BULKS: Final = 20
"""Bulk inquiries of one run."""

LOG_ENTRIES: Final = 50_000
LOG_INQUIRIES: Final = 200

app: Final = App(name="benchmarks", help="Measure the registry against the floor of this machine.")


@app.default
def main(
    *,
    people_count: Annotated[int, Parameter(name="--people", help="How many 除票 the stock has.")] = PEOPLE,
    requests: Annotated[int, Parameter(help="Requests of one run.")] = 1_000,
) -> None:
    """Fill a registry, measure, print the table, and add the results to var/bench.

    Example: python -m benchmarks --people 50000 --requests 500
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        setting = Setting(Path(folder), stack)
        figures, profiles = asyncio.run(_measure(setting, people_count, requests))
    show(figures, f"{people_count:,} 除票")
    show_profiles(profiles)
    keep(figures, profiles, people_count)


async def _measure(setting: Setting, people_count: int, requests: int) -> tuple[list[Figure], Profiles]:
    await setting.prepare()
    setting.start()
    stock = _stock(people_count + 2 * PARTS_PROFILED * PART)
    loading, numbers, kept = await _loading(setting, islice(stock, people_count), people_count)
    figures = [loading]
    await _until_stamped(setting)
    figures += await _inquiries(setting, numbers, requests)
    figures += await _log_of_disclosures(setting, numbers)
    reports = (_report(record) for record in kept)
    figures += await _submissions(setting, reports, requests)
    await _until_stamped(setting)
    figures += await signed_in(setting)
    figures += await _reconcile(setting)
    figures.append(await rotated(setting, numbers))
    figures += await jpki.figures()
    return figures, await _profiles(setting, numbers, reports, stock)


def _stock(size: int) -> Iterator[RemovedRecord]:
    written = (removed_record_of(person) for person in people(SEED, 0, 3 * size, where=Where((TOWN,), (MISSION,))))
    return islice((one for one in written if one is not None and str(one.municipality) == TOWN), size)


# ------------------------------------------------------------------------------------------------- figures


async def _loading(
    setting: Setting, stock: Iterator[RemovedRecord], most: int
) -> tuple[Figure, list[str], list[RemovedRecord]]:
    """Deliver the stock part by part, as agents do, and hold it against COPY of rows of the same width.

    Returns the figure, the numbers of the people, and some of their 除票.
    """
    seconds, parts, loaded = 0.0, 0, 0
    numbers: list[str] = []
    kept: list[RemovedRecord] = []
    while records := list(islice(stock, AHEAD * PART)):
        deliveries = []
        for at in range(0, len(records), PART):
            parts += 1
            deliveries.append(setting.delivery(parts, records[at : at + PART]))
        run = await closed_loop(setting.port, deliveries, 4)
        _demand(run, 200)
        seconds += run.seconds
        loaded += len(records)
        numbers += [one.last.individual_number.reveal() for one in records if one.last.individual_number is not None]
        kept += records[: KEPT - len(kept)]
        say.print(f"loaded {loaded:,} of {most:,} 除票: {loaded / seconds:,.0f}/s", end="\r")
    say.print()
    rate, floor = loaded / seconds, await _copy(setting, loaded)
    figure = Figure(name="load 除票", value=rate, unit="除票/s", floor=floor, ratio=rate / floor, n=loaded)
    return figure, numbers, kept


async def _copy(setting: Setting, rows: int) -> float:
    """Return how many rows a second COPY brings into a table as wide as all that a 除票 becomes, with five indexes."""
    connection = await asyncpg.connect(setting.postgres.dsn())
    width = await connection.fetchval("SELECT pg_database_size(current_database())") // max(rows, 1)
    await connection.execute(
        "CREATE TABLE copied (a uuid PRIMARY KEY, b bytea, c bytea, d date, e text, sealed bytea);"
        "CREATE INDEX ON copied (b); CREATE INDEX ON copied (c); CREATE INDEX ON copied (d); CREATE INDEX ON copied (e)"
    )
    day = datetime.now(UTC).date()
    width = min(width, 8_000)  # what lies in the page; wider rows would go to a table of their own
    made = ((uuid4(), os.urandom(32), os.urandom(32), day, "131016", os.urandom(width)) for _ in range(rows))
    began = perf_counter()
    await connection.copy_records_to_table("copied", records=made)
    seconds = perf_counter() - began
    await connection.execute("DROP TABLE copied")
    await connection.close()
    return rows / seconds


async def _inquiries(setting: Setting, numbers: Sequence[str], requests: int) -> list[Figure]:
    def ours() -> list[bytes]:
        return [setting.inquiry(numbers[index * 7919 % len(numbers)]) for index in range(requests)]

    figure = await _against_floor(setting, "inquiry by number", ours, 200, requests)
    open_requests = [setting.inquiry(numbers[index * 104_729 % len(numbers)]) for index in range(800)]
    run = await open_loop(setting.port, open_requests, OPEN_RATE)
    _demand(run, 200)
    at_rate = Figure(
        name=f"inquiry at {OPEN_RATE:.0f}/s",
        value=run.throughput,
        unit="requests/s",
        n=len(open_requests),
        p50_ms=run.percentile(0.5),
        p99_ms=run.percentile(0.99),
    )
    return [figure, at_rate, await _bulk_inquiries(setting, numbers)]


async def _bulk_inquiries(setting: Setting, numbers: Sequence[str]) -> Figure:
    """Ask about as many people at once as a request may hold, each decided and logged by itself."""
    asked = [
        [numbers[(at + index) * 7919 % len(numbers)] for index in range(LARGEST_BULK)]
        for at in range(0, BULKS * LARGEST_BULK, LARGEST_BULK)
    ]
    run = await closed_loop(setting.port, [setting.bulk_inquiry(some) for some in asked], 2)
    _demand(run, 200)
    return Figure(
        name=f"people asked about, {LARGEST_BULK:,} a request",
        value=run.throughput * LARGEST_BULK,
        unit="people/s",
        n=BULKS * LARGEST_BULK,
        p50_ms=run.percentile(0.5),
        p99_ms=run.percentile(0.99),
    )


async def _log_of_disclosures(setting: Setting, numbers: Sequence[str]) -> list[Figure]:
    """Measure how fast entries get their place, and how long after its answer that of one inquiry has it."""
    connection = await asyncpg.connect(setting.postgres.dsn())
    await _until_placed(connection)
    size = await connection.fetchval("SELECT size FROM log_head")
    await connection.execute(_MANY_ENTRIES, LOG_ENTRIES)
    began = perf_counter()
    while await connection.fetchval(_LOG_SIZE) < size + LOG_ENTRIES:
        pass
    rate = LOG_ENTRIES / (perf_counter() - began)
    waits = []
    for index in range(LOG_INQUIRIES):
        size = await connection.fetchval(_LOG_SIZE)
        _demand(await closed_loop(setting.port, [setting.inquiry(numbers[index * 31 % len(numbers)])], 1), 200)
        began = perf_counter()
        while await connection.fetchval(_LOG_SIZE) == size:
            pass
        waits.append((perf_counter() - began) * 1_000)
    await connection.close()
    waits.sort()
    p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    return [
        Figure(name="log entries sequenced", value=rate, unit="entries/s", n=LOG_ENTRIES),
        Figure(name="receipt available", value=p99, unit="ms p99", n=len(waits), p50_ms=p50, p99_ms=p99),
    ]


_LOG_SIZE: Final = "SELECT size FROM log_head, pg_sleep(0.002)"
_MANY_ENTRIES: Final = """
    INSERT INTO log_pending (entry_id, subject, year, content_commitment, sealed)
    SELECT gen_random_uuid(), upper(translate(md5((n % 5000)::text), '0189', 'abcd')), 2025,
        sha256(n::text::bytea), decode(repeat(md5(n::text), 40), 'hex')
    FROM generate_series(1, $1::integer) AS n
"""
"""Entries of 5,000 people, as wide as those of an inquiry."""


async def _until_placed(connection: asyncpg.Connection) -> None:
    while await connection.fetchval("SELECT EXISTS (SELECT FROM log_pending) FROM pg_sleep(0.01)"):
        pass


async def _submissions(setting: Setting, reports: Iterator[dict[str, Any]], requests: int) -> list[Figure]:
    def ours() -> list[bytes]:
        return [setting.report(one) for one in islice(reports, requests // 4)]

    one_by_one = await _against_floor(setting, "submission", ours, 201, requests // 4)
    batches = [setting.batch(list(islice(reports, PART))) for _ in range(4)]
    run = await closed_loop(setting.port, batches, 2)
    _demand(run, 200)
    in_batches = Figure(
        name="submissions in batches of 100",
        value=run.throughput * PART,
        unit="reports/s",
        floor=one_by_one.value,
        ratio=run.throughput * PART / one_by_one.value,
        n=len(batches) * PART,
    )
    return [one_by_one, in_batches]


def _report(record: RemovedRecord) -> dict[str, Any]:
    """Return the 在留届 of the person of a 除票, written as the person would: without a number."""
    last = record.last
    return {
        "kind": "residence",
        "mission": MISSION,
        "effective": "2025-04-02",
        "notified_on": "2025-04-10",
        "people": [{"name": last.name, "birth_date": last.birth_date, "sex": last.sex, "honseki": last.honseki}],
        "address_abroad": NEW_YORK,
    }


async def _against_floor(
    setting: Setting, name: str, ours: Callable[[], list[bytes]], status: int, requests: int
) -> Figure:
    """Run the floor and the registry by turns; the ratio is that of the medians."""
    floors: list[Run] = []
    runs: list[Run] = []
    for _ in range(ROUNDS):
        floors.append(await closed_loop(setting.floor_port, [setting.floor(os.urandom(32), 900)] * requests))
        runs.append(await closed_loop(setting.port, ours()))
        _demand(runs[-1], status)
    value, floor = (median(run.throughput for run in some) for some in (runs, floors))
    say.print(
        f"{name}: p99 {median(r.percentile(0.99) for r in runs):.0f} ms, the floor's "
        f"{median(r.percentile(0.99) for r in floors):.0f} ms"
    )
    return Figure(
        name=name,
        value=value,
        unit="requests/s",
        floor=floor,
        ratio=value / floor,
        n=ROUNDS * requests,
        p50_ms=median(run.percentile(0.5) for run in runs),
        p99_ms=median(run.percentile(0.99) for run in runs),
    )


async def _reconcile(setting: Setting) -> list[Figure]:
    """Reconcile every record anew, and as a night does: those alone whose day may have come."""
    figures = []
    async with resources(setting.settings, role="registry_reconciler", pool_size=2) as given:
        for name, everybody in (("reconcile everybody", True), ("reconcile at night", False)):
            began, done = perf_counter(), 0
            async for some in reconciliation.run(given, everybody=everybody):
                done += some
            seconds = perf_counter() - began
            figures.append(Figure(name=name, value=done / seconds, unit="records/s", n=done))
    return figures


async def load_people(setting: Setting, people_count: int) -> list[str]:
    """Let the registry know so many people, and return their numbers."""
    _, numbers, _ = await _loading(setting, _stock(people_count), people_count)
    await _until_stamped(setting)
    return numbers


async def rotated(setting: Setting, numbers: Sequence[str]) -> Figure:
    """Wrap every key anew while inquiries come at a steady rate, and none may fail."""
    began = perf_counter()
    rotation = asyncio.create_task(asyncio.to_thread(setting.rotate))
    runs = []
    while not rotation.done():
        asked = [setting.inquiry(one) for one in islice(cycle(numbers), int(OPEN_RATE))]
        runs.append(await open_loop(setting.port, asked, OPEN_RATE))
        _demand(runs[-1], 200)
    keys, seconds = await rotation, perf_counter() - began
    return Figure(
        name="KEKs rotated while inquiries come",
        value=keys / seconds,
        unit="data keys/s",
        n=keys,
        p50_ms=median(run.percentile(0.5) for run in runs),
        p99_ms=max(run.percentile(0.99) for run in runs),
    )


async def _profiles(
    setting: Setting, numbers: Sequence[str], reports: Iterator[dict[str, Any]], stock: Iterator[RemovedRecord]
) -> Profiles:
    """Serve each hot path once more under the profiler, a process for each."""
    some, parts = cycle(numbers), count(1_000_000)
    ways: dict[str, tuple[int, int, Callable[[], bytes]]] = {
        "inquiry by number": (PROFILED, 200, lambda: setting.inquiry(next(some))),
        "bulk inquiry": (4, 200, lambda: setting.bulk_inquiry(list(islice(some, LARGEST_BULK)))),
        "submission": (PROFILED, 201, lambda: setting.report(next(reports))),
        "submissions in batches": (4, 200, lambda: setting.batch(list(islice(reports, PART)))),
        "load 除票": (PARTS_PROFILED, 200, lambda: setting.delivery(next(parts), list(islice(stock, PART)))),
    }
    setting.end_registry()
    return {name: await _profile(setting, *given) for name, given in ways.items()}


async def _profile(setting: Setting, requests: int, status: int, way: Callable[[], bytes]) -> list[Share]:
    """Return the shares of one hot path; what a process does but once comes before."""
    path = setting.start_profiled()
    warming_up = await closed_loop(setting.port, [way() for _ in range(requests)], 4)
    setting.registry.send_signal(SIGUSR1)
    run = await closed_loop(setting.port, [way() for _ in range(requests)], 4)
    setting.end_registry()
    _demand(warming_up, status)
    _demand(run, status)
    return shares(path)


async def _until_stamped(setting: Setting) -> None:
    connection = await asyncpg.connect(setting.postgres.dsn())
    while await connection.fetchval("SELECT count(*) FROM pending_stamp, pg_sleep(0.2)"):
        pass
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _demand(run: Run, status: int) -> None:
    if set(run.statuses) != {status}:
        raise SystemExit(f"benchmarks: answers were {run.statuses}, expected {status} alone; nothing is measured")


if __name__ == "__main__":
    sys.exit(app())
