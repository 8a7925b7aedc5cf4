"""``submit``: files in whatever form the mission has them go through the one intake; staff hear what became of each.

A file is told by its name: ``.csv``, ``.tsv`` and ``.txt`` are tables, and so are workbooks, which are then refused
with the right words; everything else is JSON.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from embassy_gateway.batch.form import Form
from embassy_gateway.batch.screen import show_batch
from embassy_gateway.batch.taking_in import Batch, BatchOutcome
from embassy_gateway.intake import MAX_FILE_BYTES
from embassy_gateway.schema import DEAD_LETTERS, State
from embassy_gateway.screens import show_checked, show_taken
from embassy_gateway.spool import SpoolRefused
from embassy_gateway.wiring import Gateway
from registry.contract.problems import FaultEntry, fault_entry

_TABLES: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".ods"})


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How files are to be handed in: ``form`` reads tables, ``mends`` is the dead letter that is replaced."""

    form: Form
    mends: int | None = None
    check_only: bool = False
    as_json: bool = False


class ReportOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report of a JSON file; ``id`` and ``state`` None where it was only checked."""

    place: int
    id: int | None
    state: State | None
    duplicate: bool
    left_at_mission: int
    faults: tuple[FaultEntry, ...]
    warnings: tuple[FaultEntry, ...]

    @property
    def needs_staff(self) -> bool:
        """Whether it is to be mended."""
        return bool(self.faults) or self.state in DEAD_LETTERS


class FileOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one file: of its reports where it is JSON, of its households where it is a table."""

    file: str
    needs_staff: bool
    reports: tuple[ReportOutcome, ...] | None = None
    batch: BatchOutcome | None = None


def is_table(path: Path) -> bool:
    """Whether a file holds rows by its name."""
    return path.suffix.lower() in _TABLES


def hand_in(console: Console, gateway: Gateway, files: Sequence[Path], order: Order) -> bool:
    """Take files in, or only check them, and print what became of each; return whether one needs staff.

    Raises :class:`SpoolRefused` when a file cannot be opened.
    """
    outcomes = (
        _from_table(console, gateway, path, order) if is_table(path) else _from_json(console, gateway, path, order)
        for path in files
    )
    found = list(outcomes)
    if order.as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    return any(one.needs_staff for one in found)


def _from_table(console: Console, gateway: Gateway, path: Path, order: Order) -> FileOutcome:
    with _opened(path) as file, _progress() as progress:
        task = progress.add_task(path.name, total=None)
        batch = Batch(
            gateway,
            order.form,
            check_only=order.check_only,
            notice=lambda done, total: progress.update(task, completed=done, total=total),
        )
        outcome = batch.take_in(file, order.mends)
    if not order.as_json:
        show_batch(console, path.name, outcome)
    return FileOutcome(file=path.name, needs_staff=outcome.needs_staff, batch=outcome)


def _from_json(console: Console, gateway: Gateway, path: Path, order: Order) -> FileOutcome:
    text = read_whole(path)
    reports = tuple(
        _checked(console, gateway, path, text, order)
        if order.check_only
        else _taken(console, gateway, path, text, order)
    )
    return FileOutcome(file=path.name, needs_staff=any(one.needs_staff for one in reports), reports=reports)


def _taken(console: Console, gateway: Gateway, path: Path, text: bytes, order: Order) -> Iterator[ReportOutcome]:
    for taken in gateway.take_in(text, order.mends):
        if not order.as_json:
            show_taken(console, path.name, taken)
        yield ReportOutcome(
            place=taken.place,
            id=taken.id,
            state=taken.state,
            duplicate=not taken.is_new,
            left_at_mission=taken.left,
            faults=tuple(map(fault_entry, taken.faults)),
            warnings=tuple(map(fault_entry, taken.warnings)),
        )


def _checked(console: Console, gateway: Gateway, path: Path, text: bytes, order: Order) -> Iterator[ReportOutcome]:
    for place, (_, examined) in enumerate(gateway.examine(text)):
        if not order.as_json:
            show_checked(console, path.name, place, examined)
        yield ReportOutcome(
            place=place,
            id=None,
            state=None,
            duplicate=False,
            left_at_mission=examined.left,
            faults=tuple(map(fault_entry, examined.faults)),
            warnings=tuple(map(fault_entry, examined.warnings)),
        )


def read_whole(path: Path) -> bytes:
    """Read a file, or of one that is too long just enough to refuse it; raises :class:`SpoolRefused`."""
    with _opened(path) as file:
        return file.read(MAX_FILE_BYTES + 1)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SpoolRefused(f"{path}: {error.strerror or os.strerror(error.errno or 0)}") from None


def _progress() -> Progress:
    """Return a bar for people who watch; it leaves no trace in what is kept of the output."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    screen = Console(stderr=True, highlight=False)
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
