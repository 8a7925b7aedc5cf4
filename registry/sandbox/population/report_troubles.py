"""届出の誤り — what goes wrong with a report as a whole. The rate of each function is ``report_`` and its name."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from registry.domain.basic_four import AddressAbroad
from registry.domain.residence_report import ReportKind, ResidenceReport
from registry.sandbox.population.days import read
from registry.sandbox.population.events import Event
from registry.sandbox.population.luck import Chances, Luck
from registry.sandbox.population.misspelling import mistyped_latin
from registry.sandbox.population.places import Place, others_near
from registry.sandbox.population.rates import Rates
from registry.sandbox.population.truth import PRESENT_DAY

LATE: Final = 91
"""Days after which a report counts as late (``residence_report.WITHOUT_DELAY`` and one)."""


class Draft(msgspec.Struct, kw_only=True):
    """A report while it is written, of an event at a place; ``next_notified`` is when the household files its next one.

    ``is_split``: it becomes one paper for each person; ``is_doubled``: each paper is handed in twice.
    """

    report: ResidenceReport
    event: Event
    place: Place
    luck: Luck
    next_notified: date | None = None
    is_split: bool = False
    is_doubled: bool = False

    def change(self, **changes: Any) -> None:
        """Change items of the report."""
        self.report = replace(self.report, **changes)

    def change_address(self, change: Callable[[AddressAbroad], AddressAbroad]) -> None:
        """Change the address abroad, if the report tells one."""
        if self.report.address_abroad is not None:
            self.change(address_abroad=change(self.report.address_abroad))

    def notified(self, day: date) -> None:
        """Set the day of notification: never after the present day."""
        self.change(notified_on=min(day, PRESENT_DAY))


def late(draft: Draft) -> None:
    """File months after the event."""
    draft.notified(draft.event.day + timedelta(days=LATE + int(700 * draft.luck.share() ** 2)))


def ahead(draft: Draft) -> None:
    """File before the event, where that is allowed; nobody is reported before birth."""
    is_planned = draft.report.kind in {ReportKind.RESIDENCE, ReportKind.RETURN} or draft.report.came_from
    if is_planned:
        youngest = max(person.birth for person in draft.event.people)
        draft.notified(max(draft.event.day - timedelta(days=1 + draft.luck.below(85)), youngest))


def out_of_order(draft: Draft) -> None:
    """File after the report of a later event."""
    if draft.next_notified is not None:
        draft.notified(draft.next_notified + timedelta(days=1 + draft.luck.below(20)))


def day_incomplete(draft: Draft) -> None:
    """Tell only the month."""
    draft.change(effective=read(f"{draft.event.day:%Y-%m}-00"))


def subdivision_missing(draft: Draft) -> None:
    """Leave out the state or province."""
    draft.change_address(lambda address: replace(address, subdivision=""))


def subdivision_misspelt(draft: Draft) -> None:
    """Misspell the state or province."""
    draft.change_address(lambda address: replace(address, subdivision=mistyped_latin(address.subdivision, draft.luck)))


def mission_not_competent(draft: Draft) -> None:
    """Hand the report in at a mission that does not look after the place."""
    if draft.report.address_abroad is not None:
        draft.change(mission=draft.luck.pick(others_near(draft.place)))


def address_in_capitals(draft: Draft) -> None:
    """Write the address in capitals."""
    draft.change_address(
        lambda address: replace(address, city=address.city.upper(), lines=tuple(line.upper() for line in address.lines))
    )


def address_reordered(draft: Draft) -> None:
    """Write city and postcode in the line of the street."""

    def reordered(address: AddressAbroad) -> AddressAbroad:
        line = ", ".join(part for part in (*address.lines, address.city, address.postcode) if part)
        return replace(address, lines=(line,), city="", postcode="")

    draft.change_address(reordered)


def address_kana_missing(draft: Draft) -> None:
    """Leave out the address in katakana."""
    draft.change_address(lambda address: replace(address, kana=""))


def contact_missing(draft: Draft) -> None:
    """Leave out telephone and mail."""
    draft.change(contact=None)


def member_missing(draft: Draft) -> None:
    """Leave out one of the household, not the head."""
    people = draft.report.people
    if len(people) > 1:
        place = 1 + draft.luck.below(len(people) - 1)
        draft.change(people=people[:place] + people[place + 1 :])
        left = draft.event.people
        draft.event = replace(draft.event, people=left[:place] + left[place + 1 :])


def split(draft: Draft) -> None:
    """File one by one instead of as a household."""
    draft.is_split = True


def doubled(draft: Draft) -> None:
    """Hand the same paper in twice."""
    draft.is_doubled = True


TROUBLES: Final = (
    *(late, ahead, out_of_order, day_incomplete, subdivision_missing, subdivision_misspelt, mission_not_competent),
    *(address_in_capitals, address_reordered, address_kana_missing, contact_missing, member_missing),
    *(split, doubled),
)


@lru_cache(maxsize=32)
def troubles(rates: Rates) -> Chances[Callable[[Draft], None]]:
    """Return what may go wrong with one report."""
    return Chances((getattr(rates, f"report_{trouble.__name__}"), trouble) for trouble in TROUBLES)
