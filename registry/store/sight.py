"""What a transaction may see: the records that it opened, and those of the body for which it acts.

The policies of ``migrations/versions/0010_row_security.py`` read this context; it ends with the transaction, and
without it the application sees nobody. Whoever reads a record by its id alone opens it here first; who locks it
(:func:`registry.store.records.open_people`) has opened it thereby.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import text

from registry.store.unit_of_work import UnitOfWork
from registry.store.writing import Prepared


async def act_for(work: UnitOfWork, body: str) -> None:
    """Let the transaction see what belongs to a body: what it sent, its questions, the people of its area."""
    await _set(work, "registry.body", body)


async def see(work: UnitOfWork, ids: Iterable[str]) -> None:
    """Let the transaction see records, and submissions, by their ids; what it saw before it still sees."""
    for one in ids:
        work.will_see(one)
    await work.begin()
    await work.look()


async def see_subjects(work: UnitOfWork, subjects: Iterable[str]) -> None:
    """Let the transaction see the entries of the log about some subjects, and no others."""
    quoted = ",".join(subjects)  # of letters and digits alone (a constraint says so), so they need no quotes
    await _set(work, "registry.subjects", f"{{{quoted}}}")


async def _set(work: UnitOfWork, name: str, value: str) -> None:
    await work.begin()
    await work.run_prepared(_SET, {"name": name, "value": value}, ahead=True)


_SET: Final = Prepared(text("SELECT set_config(:name, :value, true)"))
