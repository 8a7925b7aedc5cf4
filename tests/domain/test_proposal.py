"""What nobody does alone: whose duty it is to propose it, and whose to approve."""

from datetime import UTC, datetime

import pytest

from registry.domain.account import HOUSE, Account, Role, Unit
from registry.domain.errors import NotPermitted
from registry.domain.four_eyes import Hand, demand_other
from registry.domain.numbers import IndividualNumber
from registry.domain.proposal import (
    CorrectNumber,
    LiftProtection,
    Proposal,
    ReleaseProtection,
    demand_approver,
    demand_proposer,
)
from tests.planted import NUMBER

AT = datetime(2025, 4, 1, tzinfo=UTC)
NUMBERS = IndividualNumber(NUMBER)
ACTS = {
    "release": ReleaseProtection(measure_id="m", reason="本人の申出"),
    "lift": LiftProtection(body="pension-office-1", affair="pension-benefit", ends_at=AT, reason="年金の送付"),
    "number": CorrectNumber(wrong=NUMBERS, right=NUMBERS, reason="転記の誤り"),
}
PROPOSES = {"release": Role.PROTECTION_DESK, "lift": Role.PROTECTION_DESK, "number": Role.MUNICIPAL_CLERK}
APPROVES = {"release": Role.PROTECTION_DESK, "lift": Role.PROTECTION_DESK, "number": Role.MUNICIPAL_APPROVER}


def account(role, desk, body=None):
    of_house = role in {Role.PROTECTION_DESK, Role.OPERATOR, Role.AUDITOR}
    unit = (
        None if role in {Role.RESIDENT, Role.AGENT} else Unit(body=body or (HOUSE if of_house else "131016"), desk=desk)
    )
    return Account(account_id=f"{role}-{desk}", roles=frozenset({role}), unit=unit)


def proposed(act):
    hand = demand_proposer(account(PROPOSES[act], "one"), ACTS[act])
    return Proposal(proposal_id="x", person_id="p", act=ACTS[act], proposer=hand, proposed_at=AT)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ACTS)
def test_only_whose_duty_it_is_proposes(act, role):
    if role is PROPOSES[act] or (act == "number" and role is Role.MUNICIPAL_CLERK):
        assert demand_proposer(account(role, "one"), ACTS[act]).unit.endswith("/one")
    else:
        with pytest.raises(NotPermitted):
            demand_proposer(account(role, "one"), ACTS[act])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ACTS)
def test_only_whose_duty_it_is_approves(act, role):
    if role is APPROVES[act]:
        hand = demand_approver(account(role, "two"), proposed(act))
        demand_other(proposed(act).proposer, hand, AT, AT)
    else:
        with pytest.raises(NotPermitted):
            demand_approver(account(role, "two"), proposed(act))


def test_another_body_approves_nothing():
    with pytest.raises(NotPermitted):
        demand_approver(account(Role.MUNICIPAL_APPROVER, "two", body="472018"), proposed("number"))


def test_a_unit_with_its_body_is_one_that_four_eyes_can_read():
    demand_other(
        Hand(account="sato", unit="JP-CG-NEW-YORK/consular"), Hand(account="ono", unit="JP-CG-NEW-YORK/consul"), AT, AT
    )
    with pytest.raises(NotPermitted):
        demand_other(
            Hand(account="sato", unit="131016/residents"), Hand(account="ono", unit="131016/residents"), AT, AT
        )


def test_no_act_shows_what_it_holds():
    assert NUMBER not in repr(ACTS["number"])
