"""消去: on which ground, when, and by whom a record may be made unreadable."""

from datetime import date, timedelta

import pytest

from registry.domain.movement import MovementKind, Statement
from registry.domain.shredding import BASES, Ground, Shredding, check, ended_by, is_over, kept_until
from tests.builders import movement, statement

K = MovementKind
TODAY = date(2024, 12, 31)
AFTER_150_YEARS = date(2174, 8, 1)


def decision(ground=Ground.RETENTION_OVER, **fields):
    given = {"ground": ground, "reason": "保存期間の満了", "decided_by": "office-3", "approved_by": "legal-1"}
    return Shredding(**(given | fields))


def life(*facts):
    told = [(K.RESIDENCE_REPORTED, "2020-04-01"), *facts]
    said = {K.RESIDENCE_REPORTED: statement()}
    return [movement(kind, day, statement=said.get(kind, Statement())) for kind, day in told]


ENDS = {
    "帰国": (life((K.RETURNED, "2024-08-01")), AFTER_150_YEARS),
    "死亡": (life((K.DIED, "2024-08-01")), AFTER_150_YEARS),
    "国籍喪失": (life((K.NATIONALITY_LOST, "2024-08-01")), AFTER_150_YEARS),
    "職権消除": (life((K.REMOVED_EX_OFFICIO, "2024-08-01")), AFTER_150_YEARS),
    "a month alone counts from its last day": (life((K.DIED, "2024-07")), date(2174, 7, 31)),
    "on 29 February": (life((K.DIED, "2024-02-29")), date(2174, 2, 28)),
    "who lives abroad": (life(), None),
    "転出扱い": (life((K.PRESUMED_DEPARTED, "2024-08-01")), None),
    "who came back abroad": (life((K.RETURNED, "2022-08-01"), (K.RESIDENCE_REPORTED, "2024-08-01")), None),
    "who died twice waits for people": (life((K.DIED, "2024-07-01"), (K.DIED, "2024-08-01")), None),
    "of whom nothing is known": ([], None),
}


@pytest.mark.parametrize(("movements", "until"), ENDS.values(), ids=ENDS)
def test_a_record_is_kept_for_150_years_after_its_end(movements, until):
    assert kept_until(movements) == until


@pytest.mark.parametrize(
    ("today", "allowed"), [(date(2174, 7, 31), False), (AFTER_150_YEARS, True)], ids=["the eve", "the day"]
)
def test_its_time_is_over_on_the_day_and_not_before(today, allowed):
    faults = check(decision(), life((K.RETURNED, "2024-08-01")), today).errors
    assert ([fault.pointer for fault in faults] == []) is allowed


@pytest.mark.parametrize("ended", [date(2024, 8, 1), date(2024, 2, 29), date(2023, 2, 28)], ids=str)
def test_no_end_is_too_late_for_whose_time_is_over_today(ended):
    movements = life((K.RETURNED, ended.isoformat()))
    until = kept_until(movements)
    assert (is_over(movements, until), is_over(movements, until - timedelta(days=1))) == (True, False)
    assert ended <= ended_by(until)


@pytest.mark.parametrize("ground", [Ground.UNLAWFULLY_HELD, Ground.ERASURE_GRANTED])
def test_what_should_not_be_held_goes_at_once(ground):
    assert check(decision(ground), life(), TODAY).errors == ()


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"approved_by": "office-3"}, {"/approved_by"}),
        ({"approved_by": " office-3 "}, {"/approved_by"}),
        ({"decided_by": " ", "reason": " "}, {"/decided_by", "/reason"}),
    ],
    ids=["by one person alone", "by one person with spaces", "by nobody, without a reason"],
)
def test_two_people_decide_and_say_why(fields, pointers):
    faults = check(decision(Ground.UNLAWFULLY_HELD, **fields), life(), TODAY).errors
    assert {fault.pointer for fault in faults} == pointers


@pytest.mark.parametrize("ground", Ground)
def test_every_ground_has_its_article(ground):
    assert BASES[ground]
