"""人口を書き出す — a population becomes files: extracts with their layouts, reports, and the truth apart from both.

The people are made in pieces, by several processes where there are, and written down in their order by one; so the
files of a seed are the same however many processes there are, and memory does not grow with the population.
"""

import csv
import gc
import io
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec

from registry.domain.municipality import MunicipalityCode
from registry.sandbox.population.extract_files import heading
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.lives import BLOCK
from registry.sandbox.population.numbering import MOST_PEOPLE
from registry.sandbox.population.pieces import ExtractPart, Piece, Plan, RecordRow, ReportRow, piece
from registry.sandbox.population.places import EVERYWHERE, atlas
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.truth import PRESENT_DAY

PEOPLE_OF_A_PIECE: Final = 10 * BLOCK
MOST_LINES_OF_A_FILE: Final = 400_000
"""An extract beyond this goes on in a further file: agents take no larger ones (a file is split by person)."""

MARGIN: Final = 1.15
"""How much more room than estimated is asked for."""

_SAMPLES: Final = 4
_GIGABYTE: Final = 1e9
_MANIFEST: Final = "population.json"
_RECORDS_TRUTH, _REPORTS_TRUTH = "truth-removed-records.csv", "truth-reports.csv"


class PopulationRefused(Exception):  # noqa: N818 - a refusal: its message says what to do
    """The population cannot be written as asked; nothing was written, or the message says how far it came."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: people made, lines of the extracts and reports by file, bytes in all."""

    people: int
    extracts: dict[str, int]
    reports: dict[str, int]
    bytes: int


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the files were made from, so that they can be made again."""

    people: int
    seed: int
    present_day: str
    municipalities: list[str]
    missions: list[str]
    concentrated: bool
    rates: Rates
    extracts: dict[str, int]
    reports: dict[str, int]


def write(plan: Plan, out: Path, *, processes: int = 1, told: Callable[[int], None] = lambda _: None) -> Summary:
    """Write the files of a population into the empty folder ``out``; ``told`` hears how many people are done.

    Raises :class:`PopulationRefused` when the folder holds something, the disk has no room, a process is ended from
    outside, or there are too many people; UnknownPlace for a place that is not there.
    """
    if not 1 <= plan.people <= MOST_PEOPLE:
        raise PopulationRefused(f"a population has 1 to {MOST_PEOPLE:,} people")
    atlas(plan.where)
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise PopulationRefused(f"{out} is not empty: name a new folder, or empty this one")
    demand_room(estimated_size(plan), shutil.disk_usage(out).free, plan)
    files = _Files(out)
    try:
        for made in _pieces(plan, processes):
            files.add(made)
            told(files.people)
        return files.close(plan)
    except OSError as error:
        raise PopulationRefused(
            f"writing stopped after {files.people:,} people: {error.strerror}. Empty {out} and begin again with fewer "
            "people, or in a folder with more room"
        ) from error
    except BrokenProcessPool as error:
        raise PopulationRefused(
            f"writing stopped after {files.people:,} people: a process was ended from outside, most likely for want of "
            f"memory. Empty {out} and begin again with fewer --processes"
        ) from error


def estimated_size(plan: Plan) -> int:
    """Return how many bytes a population will take, judged by a few pieces from here and there in it."""
    count = min(plan.people, 4 * BLOCK)
    starts = {share * max(0, plan.people - count) // _SAMPLES // BLOCK * BLOCK for share in range(_SAMPLES)}
    samples = [piece(plan, start, count) for start in sorted(starts)]
    people = sum(sample.people for sample in samples)
    return round(sum(sample.size for sample in samples) / max(1, people) * plan.people)


def demand_room(needed: int, free: int, plan: Plan) -> None:
    """Raise :class:`PopulationRefused` when ``needed`` bytes do not fit into ``free`` ones; say what would."""
    if needed * MARGIN <= free:
        return
    fitting = int(plan.people * free / (needed * MARGIN)) // BLOCK * BLOCK
    raise PopulationRefused(
        f"{plan.people:,} people need about {_in_units(needed * MARGIN)}, and {_in_units(free)} are free. "
        f"About {fitting:,} people would fit; or name fewer municipalities and missions, or another folder with --out"
    )


def _in_units(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= _GIGABYTE else f"{size / 1e6:,.1f} MB"


# ---------------------------------------------------------------- making
def _pieces(plan: Plan, processes: int) -> Iterator[Piece]:
    """Yield every piece in its order."""
    slices = [
        (start, min(PEOPLE_OF_A_PIECE, plan.people - start)) for start in range(0, plan.people, PEOPLE_OF_A_PIECE)
    ]
    if processes == 1 or len(slices) == 1:
        with _sparing_the_collector():
            yield from (piece(plan, *one) for one in slices)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=gc.disable) as pool:
        waiting: deque[Future[Piece]] = deque()
        for one in slices:
            waiting.append(pool.submit(piece, plan, *one))
            if len(waiting) > 2 * processes:  # so that no more than a few pieces lie in memory
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _sparing_the_collector() -> Iterator[None]:
    """Spare the collector of cycles its searches, a seventh of the time: lives and papers hold none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# ---------------------------------------------------------------- writing down
class _Files:
    """The files of a population, each added to piece by piece."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.people = 0
        self._bytes = 0
        self._extracts: dict[str, int] = {}
        self._parts: dict[str, list[str]] = {}
        self._reports: dict[str, int] = {}
        self._append(_RECORDS_TRUTH, _rows([RecordRow._fields]))
        self._append(_REPORTS_TRUTH, _rows([ReportRow._fields]))

    def add(self, made: Piece) -> None:
        """Add a piece to every file it touches."""
        before = dict(self._reports)
        for code, part in made.extracts.items():
            self._add_extract(code, part)
        for mission, lines in made.reports.items():
            self._append(_reports_file(mission), b"".join(lines))
            self._reports[mission] = before.get(mission, 0) + len(lines)
        placed = (row._replace(line=row.line + before.get(row.mission, 0)) for row in made.report_rows)
        self._append(_RECORDS_TRUTH, _rows(made.record_rows))
        self._append(_REPORTS_TRUTH, _rows(placed))
        self.people += made.people

    def close(self, plan: Plan) -> Summary:
        """Write what the files were made from; return what was written."""
        reports = {_reports_file(mission): lines for mission, lines in sorted(self._reports.items())}
        extracts = dict(sorted(self._extracts.items()))
        manifest = _Manifest(
            people=plan.people,
            seed=plan.seed,
            present_day=PRESENT_DAY.isoformat(),
            municipalities=sorted(plan.municipalities),
            missions=sorted(plan.missions),
            concentrated=plan.where != EVERYWHERE,
            rates=plan.rates,
            extracts=extracts,
            reports=reports,
        )
        self._append(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        return Summary(people=self.people, extracts=extracts, reports=reports, bytes=self._bytes)

    def _add_extract(self, code: str, part: ExtractPart) -> None:
        """Add lines to a municipality's extract, or begin a further file where they would make it too long."""
        parts = self._parts.setdefault(code, [])
        if not parts:
            form = form_of(MunicipalityCode(code))
            self._append(f"layout-{code}.toml", form.layout(MunicipalityCode(code)).encode())
        if not parts or self._extracts[parts[-1]] + part.lines > MOST_LINES_OF_A_FILE:
            parts.append(_extract_file(code, len(parts) + 1))
            self._append(parts[-1], heading(form_of(MunicipalityCode(code))))
        self._append(parts[-1], part.data)
        self._extracts[parts[-1]] = self._extracts.get(parts[-1], 0) + part.lines

    def _append(self, name: str, data: bytes) -> None:
        with (self._out / name).open("ab") as file:
            file.write(data)
        self._bytes += len(data)


def _extract_file(code: str, number: int) -> str:
    return f"removed-{code}.csv" if number == 1 else f"removed-{code}-{number}.csv"


def _reports_file(mission: str) -> str:
    return f"reports-{mission}.jsonl"


def _rows(rows: Iterable[Iterable[Any]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
