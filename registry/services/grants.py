"""The whole table of grants, by statute and by ordinance; and what a caller is told of its own rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from registry.contract.grants import GrantChange, GrantEntry, GrantsAnswer, Label, word
from registry.domain import ordinance
from registry.domain.disclosure import Grant
from registry.services.attendance import Caller, Done
from registry.services.resources import Resources, japan_date
from registry.store import callers, ordinances
from registry.store.unit_of_work import UnitOfWork


async def table(work: UnitOfWork) -> tuple[Grant, ...]:
    """Return every row of the table, those no longer in force included."""
    return (*await callers.grants(work), *ordinance.table(await ordinances.proposals(work)))


def explain(resources: Resources, caller: Caller, grants: Sequence[Grant]) -> Done:
    """Tell a caller what it may ask and submit, of whom, until when, on which bases, and what will change."""
    today = japan_date(resources.clock())
    rows = [row for row in grants if row.speaks_to(caller.body, caller.body_kind) and not row.is_over(today)]
    message = GrantsAnswer(
        body=caller.body,
        on=today,
        grants=tuple(_entry(row, today) for row in rows),
        changes=tuple(sorted(_changes(rows, today), key=lambda one: (one.on, one.affair, one.mode))),
        words=tuple(map(word, sorted(_codes(rows)))),
    )
    return Done(message=message, outcome="answered")


def _entry(row: Grant, today: date) -> GrantEntry:
    return GrantEntry(
        affair=row.affair,
        label=Label(ja=row.label, en=row.label_en),
        bases=row.bases,
        ordinance=row.ordinance,
        mode=row.mode,
        items=tuple(sorted(row.items)),
        searches=tuple(sorted(row.searches)),
        condition=row.condition,
        may_withhold=row.may_withhold,
        in_force=row.in_force(today),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _changes(rows: Iterable[Grant], today: date) -> Iterator[GrantChange]:
    """Yield what begins and what ends after today, each on the first day on which it shows."""
    for row in rows:
        label = Label(ja=row.label, en=row.label_en)
        if row.valid_from > today:
            yield GrantChange(on=row.valid_from, what="begins", affair=row.affair, mode=row.mode, label=label)
        if row.valid_to is not None:
            yield GrantChange(on=row.valid_to, what="ends", affair=row.affair, mode=row.mode, label=label)


def _codes(rows: Iterable[Grant]) -> set[str]:
    """Return every code that the rows name, for the words that explain them."""
    return {str(code) for row in rows for code in (*row.items, *row.searches, row.condition, row.mode)}
