"""What came out: figures and profiles, as a table for people and as files for machines."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.profiled import Share

RESULTS: Final = Path("var/bench/results.json")
LEAST_SHOWN: Final = 0.03
say: Final = Console(stderr=True, highlight=False)

Profiles = dict[str, list[Share]]
"""What each part of the program takes, by hot path."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results; ``ratio`` is the share of the floor, None where there is no floor to hold it against."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    n: int
    p50_ms: float | None = None
    p99_ms: float | None = None


def show_profiles(profiles: Profiles) -> None:
    """Print what each part takes of each hot path."""
    for name, found in profiles.items():
        parts = ", ".join(f"{one.part} {one.share:.0%}" for one in found if one.share >= LEAST_SHOWN)
        say.print(f"[bold]{name}[/]: {parts}")


def show(figures: Sequence[Figure], of_what: str) -> None:
    """Print the table."""
    table = Table("figure", "value", "floor", "ratio", "p50 ms", "p99 ms", "n", title=f"{of_what}, {_machine()}")
    for one in figures:
        table.add_row(
            one.name,
            f"{one.value:,.0f} {one.unit}",
            *("" if value is None else f"{value:,.2f}" for value in (one.floor, one.ratio, one.p50_ms, one.p99_ms)),
            f"{one.n:,}",
        )
    say.print(table)


def keep(figures: Sequence[Figure], profiles: Profiles, people_count: int) -> None:
    """Write the results, the profiles, and a line of the history of all runs."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.with_name("profiles.json").write_bytes(msgspec.json.format(msgspec.json.encode(profiles), indent=2))
    RESULTS.write_text(json.dumps(msgspec.to_builtins(figures), indent=2, ensure_ascii=False), encoding="utf-8")
    say.print(f"Results: {RESULTS}")
    keep_run(figures, {"people": people_count})


def keep_run(figures: Sequence[Figure], of_what: Mapping[str, int]) -> None:
    """Write a line of the history of all runs; a busy machine says so by its load."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    entry = {
        "at": datetime.now(UTC).isoformat(),
        **of_what,
        "machine": _machine(),
        "load": os.getloadavg(),
        "figures": msgspec.to_builtins(figures),
    }
    with RESULTS.with_name("history.jsonl").open("a", encoding="utf-8") as history:
        history.write(json.dumps(entry, ensure_ascii=False) + "\n")
    say.print(f"All runs: {RESULTS.with_name('history.jsonl')}")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
