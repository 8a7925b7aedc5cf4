"""「転出」扱い: when silence is long enough, what begins it anew, and what takes the presumption back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.date_reading import read
from registry.domain.movement import MovementKind, SourceKind
from registry.domain.presumed_departure import PRACTICE_SINCE, presumed_from, presumption, taken_back
from registry.domain.report_movements import movements
from registry.domain.residence_report import ReportKind
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.builders import EX_OFFICIO, MUNICIPALITY, NEW_YORK, movement, person, report, statement

K = MovementKind
TODAY = date(2024, 12, 31)


def arrived(planned_end=None, notified_on=date(2020, 4, 10), **fields):
    known = statement(planned_end=None if planned_end is None else read(planned_end))
    return movement(notified_on=notified_on, statement=known, **fields)


def later(kind, day, notified_on=None, **fields):
    return movement(kind, day, notified_on=notified_on or date.fromisoformat(day), **fields)


LIVES = {
    "the planned end and a year have passed": ([arrived("2022-03-31")], date(2023, 4, 1)),
    "the planned end is known to the month": ([arrived("2022-03-00")], date(2023, 4, 1)),
    "the planned end is known to the year": ([arrived("2022-00-00")], date(2024, 1, 1)),
    "the planned end was 29 February": ([arrived("2024-02-29")], date(2025, 3, 1)),
    "settled for good": ([arrived()], None),
    "heard of after the planned end": (
        [arrived("2022-03-31"), later(K.RESIDENCE_CONFIRMED, "2022-09-15")],
        date(2023, 9, 16),
    ),
    "heard of before the planned end": (
        [arrived("2022-03-31"), later(K.RESIDENCE_CONFIRMED, "2021-09-15")],
        date(2023, 4, 1),
    ),
    "the end put off": (
        [arrived("2022-03-31"), later(K.CONTACT_CHANGED, "2022-03-01", statement=statement(planned_end=read("2030")))],
        date(2032, 1, 1),
    ),
    "nobody answers": ([arrived(), later(K.UNREACHABLE, "2023-06-01")], date(2024, 6, 2)),
    "nobody answers, of whom an end was planned": (
        [arrived("2023-12-31"), later(K.UNREACHABLE, "2023-06-01")],
        date(2024, 6, 2),
    ),
    "nobody answers twice": (
        [arrived(), later(K.UNREACHABLE, "2023-06-01"), later(K.UNREACHABLE, "2023-12-01")],
        date(2024, 6, 2),
    ),
    "answered after all": (
        [arrived(), later(K.UNREACHABLE, "2023-06-01"), later(K.CONTACT_CHANGED, "2023-08-01")],
        None,
    ),
    "and does not answer again": (
        [
            arrived(),
            later(K.UNREACHABLE, "2023-06-01"),
            later(K.CONTACT_CHANGED, "2023-08-01"),
            later(K.UNREACHABLE, "2024-01-10"),
        ],
        date(2025, 1, 11),
    ),
    "known only from a 除票": ([later(K.MOVED_ABROAD, "2015-03-31", source=MUNICIPALITY)], None),
    "came home": ([arrived("2022-03-31"), later(K.RETURNED, "2022-03-31")], None),
    "died": ([arrived("2022-03-31"), later(K.DIED, "2022-03-31")], None),
    "long before the practice began": (
        [arrived("2005-03-31", effective="2003-04-01", notified_on=date(2003, 4, 10))],
        PRACTICE_SINCE,
    ),
    "a word of a ledger is none from the person": (
        [arrived("2022-03-31"), later(K.HONSEKI_CHANGED, "2023-01-01", source=EX_OFFICIO)],
        date(2023, 4, 1),
    ),
}


@pytest.mark.parametrize(("life", "expected"), LIVES.values(), ids=LIVES)
def test_a_departure_is_presumed_after_a_year_of_silence_that_says_something(life, expected):
    assert presumed_from(life) == expected


@pytest.mark.parametrize(
    ("today", "is_made"),
    [(date(2023, 3, 31), False), (date(2023, 4, 1), True), (date(2026, 1, 1), True)],
    ids=["the last day of the year", "the day after", "years later"],
)
def test_a_presumption_takes_effect_when_the_year_is_over_whenever_it_is_made(today, is_made):
    life = [arrived("2022-03-31")]
    made = presumption(life, "p1", today)
    assert (made is not None) is is_made
    if made is not None:
        assert (made.earliest, made.notified_on, made.source.kind) == (date(2023, 4, 1), today, SourceKind.EX_OFFICIO)
        versions = fold([*life, made]).versions
        assert [one.status for one in versions] == [Status.RESIDENT_ABROAD, Status.PRESUMED_DEPARTED]
        assert presumed_from([*life, made]) is None


def reported(kind=ReportKind.CHANGE, effective="2024-08-01", submission="r1", **fields):
    told = report(kind, effective, **({"address_abroad": NEW_YORK} | fields))
    return movements(told, 0, submission)


PRESUMED = [arrived("2022-03-31"), presumption([arrived("2022-03-31")], "p1", date(2023, 4, 2))]
NEWS = {
    "a 変更届 of a later day lifts it from then on": (
        reported(effective="2024-08-01"),
        [Status.RESIDENT_ABROAD, Status.PRESUMED_DEPARTED, Status.RESIDENT_ABROAD],
    ),
    "a 変更届 of a day before shows that it was wrong": (
        reported(effective="2023-01-15", notified_on=date(2024, 8, 1)),
        [Status.RESIDENT_ABROAD, Status.RESIDENT_ABROAD],
    ),
    "a 変更届 that lay somewhere until now": (
        reported(effective="2022-12-01", notified_on=date(2022, 12, 5)),
        [Status.RESIDENT_ABROAD, Status.RESIDENT_ABROAD],
    ),
    "a word from before the year began": (
        reported(effective="2021-12-01", notified_on=date(2021, 12, 5)),
        [Status.RESIDENT_ABROAD, Status.RESIDENT_ABROAD, Status.PRESUMED_DEPARTED],
    ),
    "a return of a day before": (
        reported(ReportKind.RETURN, "2022-03-31", address_abroad=None, notified_on=date(2024, 8, 1)),
        [Status.RESIDENT_ABROAD, Status.RETURNED],
    ),
    "a return of a later day": (
        reported(ReportKind.RETURN, "2024-03-31", address_abroad=None),
        [Status.RESIDENT_ABROAD, Status.PRESUMED_DEPARTED, Status.RETURNED],
    ),
    "nothing but a new name is a word from the resident too": (
        reported(effective="2023-03-01", address_abroad=None, people=(person(new_name=person().name),)),
        [Status.RESIDENT_ABROAD, Status.RESIDENT_ABROAD, Status.RESIDENT_ABROAD],
    ),
}


@pytest.mark.parametrize(("added", "statuses"), NEWS.values(), ids=NEWS)
def test_a_report_lifts_a_presumption_or_takes_it_back(added, statuses):
    everything = [*PRESUMED, *added, *taken_back(PRESUMED, added)]
    timeline = fold(everything)
    assert [version.status for version in timeline.versions] == statuses
    assert timeline.contradictions == ()


def test_who_takes_the_report_back_lets_the_presumption_stand_again():
    added = reported(effective="2022-12-01", notified_on=date(2022, 12, 5))
    known = [*PRESUMED, *added, *taken_back(PRESUMED, added)]
    ids = [one.movement_id for one in known if one.submission_id == "r1"]
    assert len(ids) == len(set(ids)) == 2
    annulling = movements(report(ReportKind.ANNULMENT, "2022-12-01", replaces="r1"), 0, "r2", tuple(ids))
    assert fold([*known, *annulling]).last.status is Status.PRESUMED_DEPARTED


def test_without_a_presumption_nothing_is_taken_back():
    assert taken_back([arrived()], reported()) == ()


days = st.dates(date(2019, 1, 1), date(2025, 12, 31))
reports = st.builds(
    lambda kind, day: later(kind, day.isoformat(), movement_id=f"m-{kind}-{day}"),
    st.sampled_from([K.RESIDENCE_CONFIRMED, K.UNREACHABLE, K.RETURNED, K.MOVED_ABROAD, K.DIED]),
    days,
)


@given(st.lists(reports, max_size=5, unique_by=lambda one: one.movement_id), days)
def test_a_presumption_is_never_made_twice_and_never_contradicts(others, today):
    life = [arrived("2021-03-31"), *others]
    made = presumption(life, "p1", today)
    if made is None:
        return
    with_it = fold([*life, made])
    assert presumption([*life, made], "p2", today) is None
    assert made.movement_id not in {one.other for one in with_it.contradictions}


@given(st.lists(reports, max_size=4, unique_by=lambda one: one.movement_id), reports)
def test_what_is_taken_back_would_not_be_presumed_of_the_whole_either(others, news):
    life = [arrived("2021-03-31"), *others]
    made = presumption(life, "p1", date(2025, 12, 31))
    if made is None or news.movement_id in {one.movement_id for one in life}:
        return
    back = taken_back([*life, made], [news])
    folded = fold([*life, made, news, *back])
    statuses = [one.status for one in folded.versions if one.made_by == made.movement_id]
    assert (statuses == []) is bool(back)
