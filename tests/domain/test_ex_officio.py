"""職権: what the office may enter of itself, and with what words."""

from datetime import date

import pytest

from registry.domain.date_reading import read
from registry.domain.errors import FaultCode
from registry.domain.ex_officio import KINDS, Decision, check, movement
from registry.domain.movement import MovementKind, SourceKind, Statement
from tests.builders import CODE, HANAKO, NUMBER

K, F = MovementKind, FaultCode
NAMED = Statement(name=HANAKO)


def decision(kind=K.CORRECTED_EX_OFFICIO, **fields):
    defaults = {"reason": "戸籍謄本により確認", "decided_by": "office-3", "effective": read("2024-08-15")}
    statement = NAMED if kind in {K.CORRECTED_EX_OFFICIO, K.ENTERED_EX_OFFICIO} else Statement()
    return Decision(kind=kind, **({"statement": statement} | defaults | fields))


DECISIONS = {
    "職権修正": (decision(), []),
    "職権修正 of nothing": (decision(statement=Statement()), [(F.MISSING, "/statement")]),
    "職権修正 of number and code": (
        decision(statement=Statement(individual_number=NUMBER, resident_record_code=CODE)),
        [
            (F.NOT_ALLOWED_HERE, "/statement/individual_number"),
            (F.NOT_ALLOWED_HERE, "/statement/resident_record_code"),
        ],
    ),
    "a death": (decision(K.DIED), []),
    "a death that also corrects the name": (
        decision(K.DIED, statement=NAMED),
        [(F.NOT_ALLOWED_HERE, "/statement/name")],
    ),
    "a presumption": (decision(K.PRESUMED_DEPARTED), [(F.NOT_ALLOWED_HERE, "/kind")]),
    "a double registration, which concerns two": (
        decision(K.DOUBLE_REGISTRATION_RESOLVED),
        [(F.NOT_ALLOWED_HERE, "/kind")],
    ),
    "without reason and name": (
        decision(reason=" ", decided_by="　"),
        [(F.MISSING, "/reason"), (F.MISSING, "/decided_by")],
    ),
}


@pytest.mark.parametrize(("made", "faults"), DECISIONS.values(), ids=DECISIONS)
def test_the_office_says_what_why_and_who(made, faults):
    assert [(fault.code, fault.pointer) for fault in check(made).errors] == faults


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_entry_stands_in_the_name_of_the_office(kind):
    made = movement(decision(kind, replaces="m1"), "s1", date(2024, 12, 31))
    assert (made.kind, made.source.kind, made.replaces) == (kind, SourceKind.EX_OFFICIO, "m1")
    assert (made.effective, made.notified_on) == (read("2024-08-15"), date(2024, 12, 31))
