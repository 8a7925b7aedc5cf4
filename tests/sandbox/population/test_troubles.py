"""Every rate of a trouble: at 0 nothing changes, at 1 it always happens, in between as often as it says."""

from functools import cache

import pytest

from registry.contract.decoding import encode
from registry.sandbox.population.bystanders import in_extracts
from registry.sandbox.population.rates import TROUBLES
from registry.sandbox.population.removed_records import recordings_of
from registry.sandbox.population.residence_reports import filings_of
from tests.sandbox.population.eventful import eventful, troubled

SEEN_OTHERWISE = {"register_lost", "register_doubled", "register_nationality_blank"}
"""Tested by what they do: they befall a person's records as a whole."""

NEVER_SENT = {"report_never_sent", "report_return_never_sent"}
OF_A_REPORT = {"report_doubled", "report_split", "report_member_missing"}
"""They change how many papers or people there are."""

BY_PAPER = sorted({*TROUBLES} - SEEN_OTHERWISE - NEVER_SENT)
RATE = 0.3
HOUSEHOLDS = eventful()[:350]


@cache
def papers(kind, **rates):
    """What the offices of a kind have of everybody, each paper with its troubles."""
    troubles = troubled(**rates)
    if kind == "register":
        people = (person for household in HOUSEHOLDS for person in household.people)
        return [(one.record, one.troubles) for person in people for one in recordings_of(person, troubles)]
    return [(one.report, one.troubles) for household in HOUSEHOLDS for one in filings_of(household, troubles)]


@pytest.mark.parametrize("trouble", BY_PAPER)
def test_a_trouble_of_rate_zero_is_absent_and_of_rate_one_on_every_paper(trouble):
    kind, _, name = trouble.partition("_")
    before, after = papers(kind), papers(kind, **{trouble: 1.0})
    assert {troubles for _, troubles in before} == {()}
    assert all(name in troubles for _, troubles in after)
    assert [encode(paper) for paper, _ in after] != [encode(paper) for paper, _ in before]


@pytest.mark.parametrize("trouble", sorted({*BY_PAPER} - OF_A_REPORT))
def test_a_trouble_happens_as_often_as_its_rate_says(trouble):
    kind, _, name = trouble.partition("_")
    found = papers(kind, **{trouble: RATE})
    of_one = [troubles for paper, troubles in found if kind == "register" or len(paper.people) == 1]
    observed = sum(name in troubles for troubles in of_one) / len(of_one)
    assert observed == pytest.approx(RATE, abs=0.08)


@pytest.mark.parametrize("trouble", sorted(NEVER_SENT | OF_A_REPORT))
def test_what_changes_the_number_of_papers_or_people_does_so_as_often_as_its_rate_says(trouble):
    def many(rate):
        reports = [report for report, _ in papers("report", **{trouble: rate})]
        return len(reports) if trouble != "report_member_missing" else sum(len(report.people) for report in reports)

    never, always, some = many(0.0), many(1.0), many(RATE)
    assert (never - some) / (never - always) == pytest.approx(RATE, abs=0.1)


@pytest.mark.parametrize("trouble", sorted(SEEN_OTHERWISE))
def test_a_trouble_of_a_whole_record_happens_as_often_as_its_rate_says(trouble):
    def seen(rate):
        return [
            (len(tuple(recordings_of(person, troubled(**{trouble: rate})))), person.index)
            for household in HOUSEHOLDS
            for person in household.people
        ], [one.nationality for household in HOUSEHOLDS for one in in_extracts(household, troubled(**{trouble: rate}))]

    never, always, some = seen(0.0), seen(1.0), seen(RATE)
    at = trouble == "register_nationality_blank"
    hits = [sum(one != other for one, other in zip(never[at], found[at], strict=False)) for found in (some, always)]
    assert hits[1] > 100
    assert hits[0] / hits[1] == pytest.approx(RATE, abs=0.08)
