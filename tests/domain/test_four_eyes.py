"""What one person proposes, another of another unit approves in time: and nobody passes for two."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.errors import Conflict, Faults, InvalidInput, NotPermitted
from registry.domain.four_eyes import Hand, check_hand, demand_other, lapses_at

AT = datetime(2025, 4, 1, tzinfo=UTC)
SATO = Hand(account="sato", unit="residents")
MOMENT = timedelta(microseconds=1)

REFUSED = {
    "the same person": (Hand(account="sato", unit="audit"), NotPermitted, {"/account"}),
    "the same unit": (Hand(account="suzuki", unit="residents"), NotPermitted, {"/unit"}),
    "the same in both": (SATO, NotPermitted, {"/account", "/unit"}),
    "the same in capitals": (Hand(account="Sato", unit="audit"), InvalidInput, {"/account"}),
    "the same with a space": (Hand(account="sato ", unit="audit"), InvalidInput, {"/account"}),
    "the same in full width": (Hand(account="ｓａｔｏ", unit="audit"), InvalidInput, {"/account"}),
    "the same with a mark of no width": (Hand(account="sato\u200b", unit="audit"), InvalidInput, {"/account"}),
    "the same with a line end": (Hand(account="sato\n", unit="residents\n"), InvalidInput, {"/account", "/unit"}),
    "nobody": (Hand(account="", unit=""), InvalidInput, {"/account", "/unit"}),
}


@pytest.mark.parametrize(("approver", "refusal", "pointers"), REFUSED.values(), ids=REFUSED)
def test_nobody_approves_what_they_or_their_unit_proposed(approver, refusal, pointers):
    with pytest.raises(refusal) as raised:
        demand_other(SATO, approver, AT, AT)
    assert {fault.pointer for fault in raised.value.faults} == pointers


@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=72) - MOMENT], ids=["at once", "in the last moment"])
def test_somebody_of_another_unit_approves_within_72_hours(after):
    demand_other(SATO, Hand(account="suzuki", unit="audit"), AT, AT + after)


@pytest.mark.parametrize("after", [timedelta(hours=72), timedelta(days=365)], ids=["72 hours", "a year"])
def test_a_proposal_lapses_after_72_hours(after):
    with pytest.raises(Conflict):
        demand_other(SATO, Hand(account="suzuki", unit="audit"), AT, AT + after)
    assert lapses_at(AT) == AT + timedelta(hours=72)


def test_accounts_and_units_have_one_spelling():
    faults = Faults()
    check_hand(Hand(account="sato.k@example.go.jp", unit="a-1_b"), faults)
    assert faults.errors == ()
