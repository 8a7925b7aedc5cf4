"""`python -m benchmarks.long_rotation N`: the KEK of N data keys is rotated while inquiries come.

The keys are those of people and submissions as the registry makes them; only their rows are brought in by COPY, since
nothing else of these people is asked for.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from uuid import uuid4

import asyncpg
from cyclopts import App, Parameter

from benchmarks.__main__ import load_people, rotated
from benchmarks.results import Figure, keep_run, say, show
from benchmarks.setting import Setting
from registry.vault.keys import DataKey, Kek
from registry.wiring import resources

ASKED_ABOUT: Final = 2_000
"""People who are really there, to be asked about meanwhile."""

app: Final = App(name="long_rotation", help="Rotate the KEK of many data keys while inquiries come.")


@app.default
def main(keys: Annotated[int, Parameter(help="How many data keys there are.")] = 1_300_000, /) -> None:
    """Make the keys, rotate, print the table, and add the results to var/bench.

    Example: python -m benchmarks.long_rotation 2600000
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        figure = asyncio.run(_measure(Setting(Path(folder), stack), keys))
    say.print(f"{figure.n / figure.value:,.0f} s in all")
    show([figure], f"{figure.n:,} data keys")
    keep_run([figure], {"data_keys": figure.n})


async def _measure(setting: Setting, keys: int) -> Figure:
    await setting.prepare()
    setting.start()
    numbers = await load_people(setting, ASKED_ABOUT)
    async with resources(setting.settings, role=None, pool_size=1) as owner, owner.work() as work:
        kek = (await owner.keyring.all_keks(work))[await owner.keyring.current(work, datetime.now(UTC))]
    connection = await asyncpg.connect(setting.postgres.dsn())
    await connection.copy_records_to_table("data_key", records=_rows(kek, keys))
    await connection.execute("VACUUM ANALYZE data_key")
    await connection.close()
    return await rotated(setting, numbers)


def _rows(kek: Kek, keys: int) -> Iterator[tuple[object, int, bytes, int]]:
    for _ in range(keys):
        owner = uuid4()
        _, wrapped = DataKey.generate(kek, person_id=str(owner))
        yield owner, kek.key_id, wrapped.wrapped, 0


if __name__ == "__main__":
    sys.exit(app())
