"""変更情報: a change of number or code as 機構 tells it, and the movement that it makes."""

from datetime import date

import pytest

from registry.domain.change_fact import (
    CodeChanged,
    LifeChanged,
    LifeEvent,
    NameChanged,
    NumberChanged,
    identity_of,
    movement,
)
from registry.domain.date_reading import read
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind, SourceKind, check
from registry.domain.numbers import NumberReason
from registry.domain.reconciliation import Identity
from registry.domain.timeline import fold
from tests.builders import CODE, HANAKO, NUMBER, OTHER_CODE, OTHER_NUMBER, statement
from tests.builders import movement as a_movement

DAYS = {"sequence": 1, "effective": date(2024, 6, 1), "notified_on": date(2024, 6, 3)}
LIFE = DAYS | {"effective": read("2024年6月日不詳")}
NUMBER_CHANGED = NumberChanged(
    former=NUMBER, individual_number=OTHER_NUMBER, reason=NumberReason.CHANGE_REQUEST, **DAYS
)
CODE_CHANGED = CodeChanged(former=CODE, resident_record_code=OTHER_CODE, **DAYS)
FACTS = {
    "a number": (
        NUMBER_CHANGED,
        Identity(individual_number=NUMBER),
        MovementKind.INDIVIDUAL_NUMBER_RECORDED,
        {"individual_number", "number_reason"},
    ),
    "a code": (
        CODE_CHANGED,
        Identity(resident_record_code=CODE),
        MovementKind.RESIDENT_RECORD_CODE_RECORDED,
        {"resident_record_code"},
    ),
    "a name": (
        NameChanged(resident_record_code=CODE, name=HANAKO, **DAYS),
        Identity(resident_record_code=CODE),
        MovementKind.NAME_CHANGED,
        {"name"},
    ),
    "a 転入": (
        LifeChanged(event=LifeEvent.MOVED_IN, resident_record_code=CODE, **LIFE),
        Identity(resident_record_code=CODE),
        MovementKind.RETURNED,
        set(),
    ),
    "a death": (
        LifeChanged(event=LifeEvent.DIED, resident_record_code=CODE, **LIFE),
        Identity(resident_record_code=CODE),
        MovementKind.DIED,
        set(),
    ),
    "a loss of nationality": (
        LifeChanged(event=LifeEvent.NATIONALITY_LOST, resident_record_code=CODE, **LIFE),
        Identity(resident_record_code=CODE),
        MovementKind.NATIONALITY_LOST,
        set(),
    ),
}


@pytest.mark.parametrize(("fact", "former", "kind", "stated"), FACTS.values(), ids=FACTS)
def test_number_or_code_finds_the_person_and_what_is_new_is_stated(fact, former, kind, stated):
    made = movement(fact, "s")
    assert identity_of(fact) == former
    assert (made.earliest, made.latest) == (date(2024, 6, 1), min(made.effective.latest, date(2024, 6, 3)))
    assert (made.kind, made.statement.stated, made.source.kind) == (kind, stated, SourceKind.J_LIS)


def test_a_changed_number_takes_the_place_of_the_former_and_disputes_nothing():
    before = a_movement(effective="2020-04-01", statement=statement(individual_number=NUMBER))
    last = fold([before, movement(NUMBER_CHANGED, "s")]).last
    assert (last.state.individual_number, last.disputed) == (OTHER_NUMBER, frozenset())


def test_a_change_told_before_its_day_is_refused():
    faults = Faults()
    early = NumberChanged(
        sequence=1,
        effective=date(2024, 6, 1),
        notified_on=date(2024, 5, 1),
        former=NUMBER,
        individual_number=OTHER_NUMBER,
        reason=NumberReason.EX_OFFICIO,
    )
    check(movement(early, "s"), frozenset(), faults)
    assert [fault.code for fault in faults.errors] == [FaultCode.DATE_AFTER_NOTIFICATION]
