"""在留届・変更届・帰国届 — what the missions' reports say of a household, and what may be wrong in them.

The reports of a household come in the order in which they were handed in, which need not be that of the events. A paper
handed in twice comes twice. Which person of the truth a person in a report is, stands beside it and never in it.
"""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from registry.domain.residence_report import ReportedPerson, ResidenceReport
from registry.sandbox.population import person_troubles, report_troubles
from registry.sandbox.population.events import Event, What, events_of, notified_on, report_on
from registry.sandbox.population.luck import Luck
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.truth import Household, Person


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A report as handed in; ``people`` are the indexes of its people in the truth, ``troubles`` what is wrong in it.

    Troubles are named as their rates are, without ``report_``; some make no difference to whom they befall.
    """

    report: ResidenceReport
    people: tuple[int, ...]
    troubles: tuple[str, ...] = ()


def reports_of(household: Household, rates: Rates = DEFAULT_RATES) -> list[ResidenceReport]:
    """Return the reports of a household in the order in which they were handed in; none for who never reports."""
    return [filing.report for filing in filings_of(household, rates)]


def filings_of(household: Household, rates: Rates = DEFAULT_RATES) -> list[Filing]:
    """Return the reports of a household with the truth behind each."""
    if not household.ever_reports:
        return []
    events = events_of(household)
    filings: list[Filing] = []
    for place, event in enumerate(events):
        luck = Luck(household.luck, b"report %d" % place)
        if _is_sent(event, rates, luck):
            draft = report_troubles.Draft(
                report=report_on(event, household),
                event=event,
                place=household.stay_on(event.day).place,
                luck=luck,
                next_notified=notified_on(events[place + 1], household) if place + 1 < len(events) else None,
            )
            filings.extend(_handed_in(draft, household, rates))
    if len(filings) > 1:
        filings.sort(key=lambda filing: filing.report.notified_on)
    return filings


def _is_sent(event: Event, rates: Rates, luck: Luck) -> bool:
    if event.what is What.ARRIVED:
        return True
    return not luck.falls(rates.report_return_never_sent if event.what is What.RETURNED else rates.report_never_sent)


def _handed_in(draft: report_troubles.Draft, household: Household, rates: Rates) -> Iterator[Filing]:
    """Yield one report of an event, or several where a household files one by one or a paper twice."""
    happened = report_troubles.troubles(rates).drawn(draft.luck)
    for trouble in happened:
        trouble(draft)
    noted = [trouble.__name__ for trouble in happened]
    told = [
        _told(value, person, draft, household, rates)
        for value, person in zip(draft.report.people, draft.event.people, strict=True)
    ]
    indexes = [person.index for person in draft.event.people]
    if draft.is_split and len(told) > 1:
        parts = [([one], [index]) for one, index in zip(told, indexes, strict=True)]
    else:
        parts = [(told, indexes)]
    for people, those in parts:
        filing = _filing(draft.report, people, those, noted)
        yield filing
        if draft.is_doubled:
            yield filing


def _filing(
    report: ResidenceReport, told: list[tuple[ReportedPerson, list[str]]], indexes: list[int], noted: list[str]
) -> Filing:
    wrong = [trouble for _, troubles in told for trouble in troubles]
    return Filing(
        report=replace(report, people=tuple([value for value, _ in told])),
        people=tuple(indexes),
        troubles=tuple(dict.fromkeys(noted + wrong)) if noted or wrong else (),
    )


def _told(
    value: ReportedPerson,
    person: Person,
    draft: report_troubles.Draft,
    household: Household,
    rates: Rates,
) -> tuple[ReportedPerson, list[str]]:
    """Do to a person of a report what goes wrong with it; return the outcome and the names of what happened."""
    happened = person_troubles.drawn(person, draft.luck, rates)
    if not happened:
        return value, []
    report = draft.report
    told = person_troubles.Draft(
        value=value,
        person=person,
        household=household,
        day=draft.event.day,
        latest=report.notified_on if value.born_abroad else min(report.notified_on, draft.event.day),
    )
    for trouble, luck in happened:
        trouble(told, luck)
    return told.value, [trouble.__name__ for trouble, _ in happened]
