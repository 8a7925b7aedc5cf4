"""What a municipality remembers of its pushes: parts acknowledged, the last month delivered, and that a run is on.

The folder holds ids, counts and places in files; never a name, never a number. SQLite keeps it, because it survives
kill -9 and works alike on every system; its lock ends with the process that holds it, so a dead run blocks nobody.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from municipality_sync.agent.findings import LineFault

_ONLY_OWNER: Final = 0o700
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS acknowledged (
    extract_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (extract_id, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivered (
    municipality TEXT PRIMARY KEY,
    month TEXT NOT NULL
) WITHOUT ROWID;
"""


class AnotherRun(Exception):  # noqa: N818 - a state of the house, which the caller waits out
    """A push is on in this folder already."""


class PartOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one part: how many 除票 in which state, and where the file was faulty in the registry's eyes."""

    counts: dict[str, int]
    faults: tuple[LineFault, ...] = ()


class PushState:
    """The acknowledged parts of every extract pushed from this folder; made by :func:`open_state`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def outcome(self, extract_id: str, part: int) -> PartOutcome | None:
        """Return what became of a part, or None when no answer to it was ever kept."""
        found = self._database.execute(
            "SELECT outcome FROM acknowledged WHERE extract_id = ? AND part = ?", (extract_id, part)
        ).fetchone()
        return None if found is None else msgspec.json.decode(found[0], type=PartOutcome)

    def acknowledge(self, extract_id: str, part: int, outcome: PartOutcome) -> None:
        """Keep the answer to a part; it is on the disk when this returns."""
        self._database.execute(
            "INSERT OR REPLACE INTO acknowledged VALUES (?, ?, ?)", (extract_id, part, msgspec.json.encode(outcome))
        )

    def last_month(self, municipality: str) -> str | None:
        """Return the latest month (2025-03) of which an extract was delivered whole; None when none said its month."""
        found = self._database.execute("SELECT month FROM delivered WHERE municipality = ?", (municipality,)).fetchone()
        return None if found is None else str(found[0])

    def delivered(self, municipality: str, month: str) -> None:
        """Keep that an extract of this month was delivered whole."""
        self._database.execute(
            "INSERT INTO delivered VALUES (?, ?) ON CONFLICT DO UPDATE SET month = max(month, excluded.month)",
            (municipality, month),
        )


@contextmanager
def open_state(folder: Path) -> Iterator[PushState]:
    """Open the folder for one run, and make it if need be; raises :class:`AnotherRun` while another run has it."""
    folder.mkdir(mode=_ONLY_OWNER, parents=True, exist_ok=True)
    with _connected(folder / "run.lock") as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise AnotherRun from None
        with _connected(folder / "pushes.sqlite") as database:
            database.execute("PRAGMA synchronous = FULL")
            database.executescript(_SCHEMA)
            yield PushState(database)


def _connected(file: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(file, timeout=0, isolation_level=None))
