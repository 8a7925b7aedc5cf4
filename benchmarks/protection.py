"""`python -m benchmarks.protection`: whether time tells the protected from those whose residence was never reported.

Inquiries by number over one connection, about the one and the other by turns. The floor is the median of the others.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.__main__ import load_people
from benchmarks.load import closed_loop
from benchmarks.results import Figure, keep_run, show
from benchmarks.setting import Setting
from registry.domain.search_terms import TermKind
from registry.services import protection
from registry.services.resources import Resources
from registry.store import records
from registry.store.roles import EX_OFFICIO
from registry.vault.search_keys import SearchKey
from registry.wiring import resources

PEOPLE: Final = 200
INQUIRIES: Final = 4_000
"""Half of them about the protected."""
PORTION: Final = 400
"""Inquiries that are signed before they are sent: a signature lives for a minute."""


def main() -> None:
    """Measure, print the table, and add the results to var/bench."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        figures = asyncio.run(_measure(Setting(Path(folder), stack)))
    show(figures, f"{PEOPLE} 除票, every second one protected")
    keep_run(figures, {"people": PEOPLE})


async def _measure(setting: Setting) -> list[Figure]:
    await setting.prepare()
    setting.start()
    numbers = await load_people(setting, PEOPLE)
    async with resources(setting.settings, role=EX_OFFICIO, pool_size=1) as office:
        for number in numbers[::2]:
            person_id = await _holder(office, number)
            await protection.request(
                office, protection.Request(people=(person_id,), handled_by="bench", reason="measured")
            )
    seconds: list[float] = []
    for first in range(0, INQUIRIES, PORTION):
        asked = [setting.inquiry(numbers[index % len(numbers)]) for index in range(first, first + PORTION)]
        run = await closed_loop(setting.port, asked, 1)
        if set(run.statuses) != {200}:
            raise SystemExit(f"benchmarks: inquiries answered {run.statuses}; nothing is measured")
        seconds += run.latencies
    return [_figure(seconds[::2], seconds[1::2])]


async def _holder(office: Resources, number: str) -> str:
    key: SearchKey = office.search_keys.of(TermKind.INDIVIDUAL_NUMBER, number)
    async with office.work() as work:
        (person_id,) = await records.find(work, {key})
    return person_id


def _figure(protected: Sequence[float], others: Sequence[float]) -> Figure:
    mine, theirs = median(protected) * 1_000, median(others) * 1_000
    return Figure(
        name="inquiry about the protected, ms apart in the median",
        value=abs(mine - theirs),
        unit="ms",
        floor=theirs,
        ratio=mine / theirs,
        n=len(protected),
        p50_ms=mine,
        p99_ms=sorted(protected)[len(protected) * 99 // 100] * 1_000,
    )


if __name__ == "__main__":
    main()
