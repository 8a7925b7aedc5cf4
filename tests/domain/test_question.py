"""照会: who has a question, until when, and how long the registry waits before it asks again."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.question import (
    J_LIS,
    LONGEST_WAIT,
    Finding,
    Owner,
    Question,
    Wanted,
    time_to_answer,
    wait_after,
)

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=8)


def question(**fields):
    defaults = {
        "question_id": "q",
        "person_id": "p",
        "wanted": Wanted.SUPPLEMENTARY_RECORD,
        "asked_of": J_LIS,
        "about": b"",
        "opened_at": NOW,
        "next_at": NOW,
    }
    return Question(**(defaults | fields))


OWNERS = {
    "opened and not sent": (question(), Owner.REGISTRY),
    "with J-LIS": (question(asked_at=NOW), Owner.J_LIS),
    "with a municipality": (question(asked_of="131016", asked_at=NOW), Owner.HONSEKI_MUNICIPALITY),
    "asked for a 除票, not fetched": (question(asked_of="131016", wanted=Wanted.REMOVED_RECORD), Owner.REGISTRY),
    "asked for a 除票": (
        question(asked_of="131016", wanted=Wanted.REMOVED_RECORD, asked_at=NOW),
        Owner.LAST_MUNICIPALITY,
    ),
    "answered": (question(asked_at=NOW, finding=Finding.AMBIGUOUS), Owner.REGISTRY),
}


@pytest.mark.parametrize(("asked", "owner"), OWNERS.values(), ids=OWNERS)
def test_a_question_has_one_owner(asked, owner):
    assert asked.owner is owner


OVERDUE = {
    "not sent": (question(), False),
    "within its time": (question(asked_at=NOW, due=LATER + timedelta(days=1)), False),
    "beyond it": (question(asked_at=NOW, due=NOW + time_to_answer(J_LIS)), True),
    "answered late": (question(asked_at=NOW, due=NOW + time_to_answer(J_LIS), finding=Finding.FOUND), False),
}


@pytest.mark.parametrize(("asked", "late"), OVERDUE.values(), ids=OVERDUE)
def test_a_question_is_overdue_when_its_owner_had_it_too_long(asked, late):
    assert asked.is_overdue(LATER) is late


def test_a_municipality_may_take_longer_than_j_lis():
    assert time_to_answer("131016") > time_to_answer(J_LIS)


def test_each_wait_is_twice_the_one_before_up_to_a_limit():
    waits = [wait_after(attempts) for attempts in range(1, 40)]
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


def test_the_clock_starts_when_the_other_side_first_has_it():
    first = question(asked_of="131016").handed_over(NOW)
    assert (first.asked_at, first.due) == (NOW, NOW + time_to_answer("131016"))
    assert first.handed_over(LATER) == first
