"""二重登録の解消: what forbids it, what the record that stays learns, and who is found afterwards."""

from datetime import date

import pytest

from registry.domain.basic_four import PersonName
from registry.domain.double_registration import Side, check, movements, record_that_stays
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind, Statement
from registry.domain.movement import check as check_movement
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.builders import CHIYODA, CODE, HANAKO, HONSEKI, MUNICIPALITY, NUMBER, OTHER_NUMBER, movement, statement

K, F = MovementKind, FaultCode
TODAY = date(2024, 12, 31)
MARRIED = PersonName(surname="山田", given="花子")


def left(**fields):
    """What a 除票 knows."""
    known = statement(address_abroad=None, mission=None, honseki=HONSEKI, **fields)
    return movement(K.MOVED_ABROAD, "2020-03-31", source=MUNICIPALITY, statement=known)


def arrived(**fields):
    """What a 在留届 knows."""
    return movement(statement=statement(name=MARRIED, last_address=None, **fields))


REMOVED, REPORTED = Side("p1", [left(individual_number=NUMBER)]), Side("p2", [arrived()])
FALLEN = Side("p3", [left(), *movements(Side("p3", [left()]), REPORTED, "s9", TODAY)[:1]])
AGAIN, AWAY = "/stays", "/falls_away"
SIDES = {
    "a 除票 and a 在留届": (REMOVED, REPORTED, []),
    "the other way round": (REPORTED, REMOVED, []),
    "one record": (REMOVED, REMOVED, [(F.DUPLICATE, AWAY)]),
    "an empty record": (Side("p4", []), REPORTED, [(F.NOT_ALLOWED_HERE, AWAY)]),
    "one that has fallen away": (FALLEN, REPORTED, [(F.NOT_ALLOWED_HERE, AWAY)]),
    "in favour of one that has fallen away": (REPORTED, FALLEN, [(F.NOT_ALLOWED_HERE, AGAIN)]),
    "the same number": (REMOVED, Side("p2", [arrived(individual_number=NUMBER)]), []),
    "two numbers are two people": (
        REMOVED,
        Side("p2", [arrived(individual_number=OTHER_NUMBER)]),
        [(F.NOT_ALLOWED_HERE, AWAY)],
    ),
}


@pytest.mark.parametrize(("falls_away", "stays", "faults"), SIDES.values(), ids=SIDES)
def test_a_record_falls_away_only_in_favour_of_another_that_can_be_the_same_person(falls_away, stays, faults):
    assert [(fault.code, fault.pointer) for fault in check(falls_away, stays).errors] == faults


def test_the_record_that_stays_learns_what_only_the_other_knew():
    ends, learns = movements(REMOVED, REPORTED, "s9", TODAY)
    assert learns.statement.stated == {"last_address", "honseki", "individual_number", "past_names"}
    assert (learns.statement.individual_number, learns.statement.last_address) == (NUMBER, CHIYODA)
    assert learns.statement.past_names == (HANAKO,)
    assert ends.same_person_as == "p2"
    after = fold([*REPORTED.movements, learns])
    assert (after.last.state.name, after.last.status) == (MARRIED, Status.RESIDENT_ABROAD)
    assert after.contradictions == ()


def test_past_names_that_the_record_had_stay():
    maiden = PersonName(surname="岡", given="花子")
    stays = Side("p2", [arrived(past_names=(maiden,))])
    _, learns = movements(REMOVED, stays, "s9", TODAY)
    assert learns.statement.past_names == (maiden, HANAKO)


def test_who_has_nothing_to_learn_gets_no_movement():
    same = [left(individual_number=NUMBER)]
    assert len(movements(Side("p1", same), Side("p2", same), "s9", TODAY)) == 1


def test_a_record_that_fell_away_says_nothing_from_that_day_on_and_all_about_before():
    made = [*REMOVED.movements, movements(REMOVED, REPORTED, "s9", TODAY)[0]]
    before, after = fold(made).versions
    assert before.state.individual_number == NUMBER
    assert (after.status, after.state) == (Status.MERGED, Statement())
    assert record_that_stays(made) == "p2"
    assert record_that_stays(REMOVED.movements) is None


def test_taken_back_it_leads_nowhere_any_more():
    (ends, _) = movements(REMOVED, REPORTED, "s9", TODAY)
    annulled = movement(K.ANNULLED, "2024-12-31", replaces=ends.movement_id, movement_id="s10/0.0")
    assert record_that_stays([*REMOVED.movements, ends, annulled]) is None


POINTERS = {
    "of a record that falls away": (K.DOUBLE_REGISTRATION_RESOLVED, "p2", []),
    "missing there": (K.DOUBLE_REGISTRATION_RESOLVED, None, [F.MISSING]),
    "of any other movement": (K.DIED, "p2", [F.MISSING]),
}


@pytest.mark.parametrize(("kind", "points_to", "codes"), POINTERS.values(), ids=POINTERS)
def test_only_who_falls_away_points_to_the_record_that_stays(kind, points_to, codes):
    faults = Faults()
    check_movement(movement(kind, "2024-12-31", same_person_as=points_to), frozenset(), faults)
    assert [fault.code for fault in faults.errors] == codes


def test_the_numbers_of_both_go_over_where_the_record_has_none():
    _, learns = movements(Side("p1", [left(resident_record_code=CODE)]), REPORTED, "s9", TODAY)
    assert learns.statement.resident_record_code == CODE
