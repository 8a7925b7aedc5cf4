"""Who signs in: roles and units as a provider words them, and what is refused as a whole."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.account import (
    DUTIES,
    OF_BODIES,
    OF_THE_HOUSE,
    OF_THEMSELVES,
    Account,
    CodesInForce,
    Duty,
    Role,
    Unit,
    admit,
)
from registry.domain.errors import FaultCode, NotPermitted
from registry.domain.mission import Mission, MissionKind, MissionName, MissionTable
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable

TODAY = date(2026, 11, 23)


def mission(code, closed=None):
    return Mission(
        code=code,
        kind=MissionKind.EMBASSY,
        names=(MissionName(name="大使館"),),
        country="US",
        place="Washington",
        closed=closed,
    )


def municipality(code, valid_to=None):
    return Municipality(code=MunicipalityCode(code), prefecture="東京都", name="千代田区", valid_to=valid_to)


CODES = CodesInForce(
    missions=MissionTable([mission("JP-EMB-USA"), mission("JP-EMB-OLD", date(2020, 1, 1))], []),
    municipalities=MunicipalityTable([municipality("131016"), municipality("012131", date(2010, 1, 1))]),
    on=TODAY,
)


def admitted(roles, unit):
    return admit("account-1", roles, unit, CODES)


GOOD = {
    "mission staff": (["mission-staff"], "JP-EMB-USA/consular"),
    "mission staff who approve": (["mission-staff", "mission-approver"], "JP-EMB-USA/consular"),
    "a municipal clerk": (["municipal-clerk"], "131016/residents"),
    "a municipal approver": (["municipal-approver"], "131016/residents"),
    "an election clerk": (["election-clerk"], "131016-election-commission/rolls"),
    "the protection desk": (["protection-desk"], "902012/protection"),
    "an operator": (["operator"], "902012/operations"),
    "an auditor": (["auditor"], "902012/audit"),
    "a resident": (["resident"], None),
    "an agent": (["agent"], None),
    "a resident who is an agent": (["agent", "resident"], None),
}


@pytest.mark.parametrize(("roles", "unit"), GOOD.values(), ids=GOOD)
def test_roles_and_a_unit_that_go_together_are_an_account(roles, unit):
    account = admitted(roles, unit)
    assert account.roles == set(roles)
    assert (None if account.unit is None else str(account.unit)) == unit


BAD = {
    "no role": ([], None, {("/roles", FaultCode.MISSING)}),
    "a role that there is not": (["king"], None, {("/roles", FaultCode.CODE_UNKNOWN)}),
    "a role in capitals": (["Auditor"], "902012/audit", {("/roles", FaultCode.CODE_UNKNOWN)}),
    "one that there is and one that there is not": (
        ["auditor", "king"],
        "902012/audit",
        {("/roles", FaultCode.CODE_UNKNOWN)},
    ),
    "who operates and audits": (["operator", "auditor"], "902012/audit", {("/roles", FaultCode.NOT_ALLOWED_HERE)}),
    "a clerk who is a resident": (
        ["municipal-clerk", "resident"],
        "131016/residents",
        {("/roles", FaultCode.NOT_ALLOWED_HERE)},
    ),
    "staff of a mission and of a municipality": (
        ["mission-staff", "municipal-clerk"],
        "131016/residents",
        {("/roles", FaultCode.NOT_ALLOWED_HERE)},
    ),
    "staff without a unit": (["mission-staff"], None, {("/unit", FaultCode.MISSING)}),
    "a unit without a desk": (["municipal-clerk"], "131016", {("/unit", FaultCode.OUT_OF_RANGE)}),
    "a desk in capitals": (["municipal-clerk"], "131016/Residents", {("/unit", FaultCode.OUT_OF_RANGE)}),
    "a desk below a desk": (["municipal-clerk"], "131016/a1/b2", {("/unit", FaultCode.OUT_OF_RANGE)}),
    "a unit with a line end": (["municipal-clerk"], "131016/residents\n", {("/unit", FaultCode.OUT_OF_RANGE)}),
    "an empty unit": (["municipal-clerk"], "", {("/unit", FaultCode.OUT_OF_RANGE)}),
    "a unit with digits of full width": (
        ["municipal-clerk"],
        "１３１０１６/residents",
        {("/unit", FaultCode.OUT_OF_RANGE)},
    ),
    "a municipality whose digits do not fit": (
        ["municipal-clerk"],
        "131017/residents",
        {("/unit", FaultCode.CHECK_DIGIT)},
    ),
    "a municipality that is not there any more": (
        ["municipal-clerk"],
        "012131/residents",
        {("/unit", FaultCode.CODE_NOT_VALID_ON_DATE)},
    ),
    "a municipality that nobody knows": (
        ["municipal-clerk"],
        "472018/residents",
        {("/unit", FaultCode.CODE_NOT_VALID_ON_DATE)},
    ),
    "a clerk of the registry's own house": (
        ["municipal-clerk"],
        "902012/residents",
        {("/unit", FaultCode.CODE_NOT_VALID_ON_DATE)},
    ),
    "a clerk of another organ": (
        ["municipal-clerk"],
        "131016-election-commission/rolls",
        {("/unit", FaultCode.NOT_ALLOWED_HERE)},
    ),
    "an election clerk of the mayor": (["election-clerk"], "131016/rolls", {("/unit", FaultCode.NOT_ALLOWED_HERE)}),
    "an auditor of a municipality": (["auditor"], "131016/audit", {("/unit", FaultCode.NOT_ALLOWED_HERE)}),
    "a mission that nobody knows": (["mission-staff"], "JP-EMB-XXX/consular", {("/unit", FaultCode.MISSION_UNKNOWN)}),
    "a mission that is closed": (["mission-staff"], "JP-EMB-OLD/consular", {("/unit", FaultCode.MISSION_CLOSED)}),
    "mission staff of a municipality": (["mission-staff"], "131016/consular", {("/unit", FaultCode.MISSION_UNKNOWN)}),
    "a resident with a unit": (["resident"], "131016/residents", {("/unit", FaultCode.NOT_ALLOWED_HERE)}),
    "everything at once": ([], "nowhere", {("/roles", FaultCode.MISSING), ("/unit", FaultCode.OUT_OF_RANGE)}),
}


@pytest.mark.parametrize(("roles", "unit", "faults"), BAD.values(), ids=BAD)
def test_what_is_not_understood_is_no_account_at_all(roles, unit, faults):
    with pytest.raises(NotPermitted) as refused:
        admitted(roles, unit)
    assert {(one.pointer, one.code) for one in refused.value.faults} == faults


@given(st.text(max_size=30))
def test_a_unit_is_written_back_as_it_was_read_or_is_none(text):
    unit = Unit.parse(text)
    assert unit is None or str(unit) == text


def test_every_role_works_for_somebody_and_has_something_to_do():
    kinds = [set(OF_BODIES), set(OF_THE_HOUSE), set(OF_THEMSELVES)]
    assert set().union(*kinds) == set(Role)
    assert sum(map(len, kinds)) == len(Role)
    assert all(DUTIES[role] for role in Role)
    assert set().union(*DUTIES.values()) == set(Duty)


def test_nobody_is_one_of_no_roles():
    account = Account(account_id="a", roles=frozenset(Role))
    assert not account.is_one_of(())
    assert account.is_one_of({Role.AUDITOR})
