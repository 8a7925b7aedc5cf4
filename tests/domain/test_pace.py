"""How many requests may come at once and how many a second, and that the wait told is the wait needed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.disclosure import BodyKind
from registry.domain.pace import AN_ORDINARY_BODY, OF_OTHERS, PACES, Bucket, Pace, pace_of, take, weight

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
THREE_THEN_TWO = Pace(at_once=3, per_second=2)
NONE = timedelta()


def waits(pace, *seconds, weighing=1):
    """How long, in seconds, each of some requests must wait that come so many seconds after the first moment."""
    bucket, told = None, []
    for after in seconds:
        bucket, wait = take(bucket, pace, NOW + timedelta(seconds=after), weighing)
        told.append(wait.total_seconds())
    return told


ARRIVALS = {
    "as many at once as may be": ((0, 0, 0), [0, 0, 0]),
    "one more at once": ((0, 0, 0, 0), [0, 0, 0, 0.5]),
    "the next as soon as it may": ((0, 0, 0, 0.5), [0, 0, 0, 0]),
    "one after another in step": ((0, 0, 0, 0.5, 1, 1.5, 2), [0] * 7),
    "after a long rest no more at once than ever": ((0, 3600, 3600, 3600, 3600), [0, 0, 0, 0, 0.5]),
    "who waits in vain has taken nothing": ((0, 0, 0, 0.25, 0.25, 0.5), [0, 0, 0, 0.25, 0.25, 0]),
    "a clock put back fills nothing": ((3600, 3600, 3600, 0), [0, 0, 0, 0.5]),
}


@pytest.mark.parametrize(("seconds", "told"), ARRIVALS.values(), ids=ARRIVALS)
def test_a_caller_waits_just_so_long(seconds, told):
    assert waits(THREE_THEN_TWO, *seconds) == told


def test_a_request_heavier_than_all_that_may_come_at_once_passes_alone():
    assert waits(THREE_THEN_TWO, 0, 0, weighing=99) == [0, 1.5]


@given(
    pace=st.builds(Pace, at_once=st.integers(1, 50), per_second=st.floats(0.1, 100)),
    gaps=st.lists(st.floats(0, 10), max_size=100),
)
def test_in_no_stretch_of_time_more_pass_than_the_pace_allows(pace, gaps):
    bucket, now, passed = None, NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        bucket, wait = take(bucket, pace, now)
        passed += [now] * (wait == NONE)
    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            allowed = pace.at_once + (end - begin).total_seconds() * pace.per_second
            assert last - first + 1 <= allowed + 1e-3


@given(left=st.floats(0, 5), weighing=st.integers(1, 9))
def test_who_waits_as_long_as_told_passes(left, weighing):
    bucket, wait = take(Bucket(left=left, at=NOW), THREE_THEN_TWO, NOW, weighing)
    again = NOW + wait + timedelta(microseconds=1)
    assert wait == NONE or take(bucket, THREE_THEN_TWO, again, weighing)[1] == NONE


@given(kind=st.sampled_from(BodyKind), per_second=st.floats(0.01, 1), seconds=st.integers(1, 300))
def test_who_keeps_step_never_waits(kind, per_second, seconds):
    pace = pace_of(kind)
    gap = 1 / (per_second * pace.per_second)
    assert set(waits(pace, *(number * gap for number in range(seconds)))) == {0}


@pytest.mark.parametrize(
    ("length", "weighs"),
    [(0, 1), (1, 1), (AN_ORDINARY_BODY, 1), (AN_ORDINARY_BODY + 1, 2), (8 << 20, 128)],
    ids=["none", "one byte", "an ordinary one", "a byte more", "the largest"],
)
def test_a_body_weighs_what_it_holds(length, weighs):
    assert weight(length) == weighs


def test_the_largest_body_passes_at_every_pace():
    assert all(pace.at_once >= weight(8 << 20) for pace in (OF_OTHERS, *PACES.values()))
