"""利用者 — who signs in: what somebody's account may do, and for which body and unit.

Accounts are per individual, never shared (標準仕様書 10.2): an account is what one identity provider calls one person.
Roles and unit come from that provider with each sign-in and are kept no longer than the session, so who changes desks
has other rights from the next sign-in on.

A unit is a body, as organs are named in ``disclosure``, and one of its desks: ``131016/residents``. What a provider
says of either that is not understood is refused as a whole: nobody gets half of their rights, or another's.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

import msgspec

from registry.domain.disclosure import BodyKind, check_body, municipality_of
from registry.domain.errors import Fault, FaultCode, Faults, NotPermitted
from registry.domain.four_eyes import ACCOUNT_FORM
from registry.domain.mission import MissionTable
from registry.domain.municipality import VIRTUAL_MUNICIPALITY, CodeStatus, MunicipalityCode, MunicipalityTable


class Role(StrEnum):
    """What somebody is here; the closed list."""

    MISSION_STAFF = "mission-staff"
    """在外公館の担当者."""
    MISSION_APPROVER = "mission-approver"
    """在外公館の決裁者."""
    MUNICIPAL_CLERK = "municipal-clerk"
    """市区町村の担当者."""
    MUNICIPAL_APPROVER = "municipal-approver"
    """市区町村の決裁者."""
    ELECTION_CLERK = "election-clerk"
    """選挙管理委員会の担当者."""
    PROTECTION_DESK = "protection-desk"
    """支援措置の担当者: of the registry's own house."""
    OPERATOR = "operator"
    """運用者: keeps the registry running, and reads nobody's record."""
    AUDITOR = "auditor"
    """監査者: reads what others did."""
    RESIDENT = "resident"
    """在外邦人本人."""
    AGENT = "agent"
    """代理人 of a resident (番号法施行令12条2項)."""


class Duty(StrEnum):
    """What there is to do."""

    FILE_REPORTS = "file-reports"
    APPROVE_AT_MISSION = "approve-at-mission"
    INQUIRE = "inquire"
    APPROVE_AT_MUNICIPALITY = "approve-at-municipality"
    KEEP_ROLL = "keep-roll"
    PROTECT = "protect"
    OPERATE = "operate"
    AUDIT = "audit"
    SEE_OWN_RECORD = "see-own-record"
    ACT_FOR_RESIDENT = "act-for-resident"


DUTIES: Final[Mapping[Role, frozenset[Duty]]] = MappingProxyType(
    {
        Role.MISSION_STAFF: frozenset({Duty.FILE_REPORTS}),
        Role.MISSION_APPROVER: frozenset({Duty.APPROVE_AT_MISSION}),
        Role.MUNICIPAL_CLERK: frozenset({Duty.INQUIRE}),
        Role.MUNICIPAL_APPROVER: frozenset({Duty.APPROVE_AT_MUNICIPALITY}),
        Role.ELECTION_CLERK: frozenset({Duty.KEEP_ROLL}),
        Role.PROTECTION_DESK: frozenset({Duty.PROTECT}),
        Role.OPERATOR: frozenset({Duty.OPERATE}),
        Role.AUDITOR: frozenset({Duty.AUDIT}),
        Role.RESIDENT: frozenset({Duty.SEE_OWN_RECORD}),
        Role.AGENT: frozenset({Duty.ACT_FOR_RESIDENT}),
    }
)
"""What each role may do. The rights of a body over records are another matter: the table of grants."""

OF_BODIES: Final[Mapping[Role, BodyKind]] = MappingProxyType(
    {
        Role.MISSION_STAFF: BodyKind.MISSION,
        Role.MISSION_APPROVER: BodyKind.MISSION,
        Role.MUNICIPAL_CLERK: BodyKind.MUNICIPALITY,
        Role.MUNICIPAL_APPROVER: BodyKind.MUNICIPALITY,
        Role.ELECTION_CLERK: BodyKind.ELECTION_COMMISSION,
    }
)
"""Roles of those who work for another body, and the kind that it must be."""
OF_THE_HOUSE: Final = frozenset({Role.PROTECTION_DESK, Role.OPERATOR, Role.AUDITOR})
"""Roles of those who work for the registry itself."""
OF_THEMSELVES: Final = frozenset({Role.RESIDENT, Role.AGENT})
"""Roles of those who work for nobody: they have no unit."""
STAFF: Final = frozenset(OF_BODIES) | OF_THE_HOUSE

TOGETHER: Final = (
    frozenset({Role.MISSION_STAFF, Role.MISSION_APPROVER}),
    frozenset({Role.MUNICIPAL_CLERK, Role.MUNICIPAL_APPROVER}),
    frozenset({Role.RESIDENT, Role.AGENT}),
)
"""Which roles one account may hold at once. Nobody approves what they did themselves: ``four_eyes`` looks at accounts.
Who operates or audits does nothing else (職務の分離), and who is a resident as well signs in as one."""

HOUSE: Final = str(VIRTUAL_MUNICIPALITY.code)
"""The code by which the registry's own units are named."""
_EXPECTED_UNIT: Final = "a body and its desk, as 131016/residents"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A body, by its code, and a desk of it; four eyes look at both."""

    body: str
    desk: str

    def __str__(self) -> str:
        return f"{self.body}/{self.desk}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the unit that is written as body and desk with a slash between them; None for anything else."""
        body, slash, desk = text.partition("/")
        if not (slash and re.fullmatch(_BODY, body) and re.fullmatch(ACCOUNT_FORM, desk)):
            return None
        return cls(body=body, desk=desk)


_BODY: Final = r"[A-Za-z0-9-]{1,60}"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person as one provider knows them.

    ``account_id`` tells nobody else who that is; ``unit`` is None for those who work for nobody.
    """

    account_id: str
    roles: frozenset[Role]
    unit: Unit | None = None

    def is_one_of(self, roles: Iterable[Role]) -> bool:
        """Whether the account holds at least one of ``roles``; of none, nobody does."""
        return not self.roles.isdisjoint(roles)

    @property
    def duties(self) -> tuple[Duty, ...]:
        """What the account may do, in the order of the list."""
        return tuple(duty for duty in Duty if any(duty in DUTIES[role] for role in self.roles))


class CodesInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The tables against which a unit's body is held, and the day."""

    missions: MissionTable
    municipalities: MunicipalityTable
    on: date


def admit(account_id: str, roles: Iterable[str], unit: str | None, codes: CodesInForce) -> Account:
    """Return the account that a provider's words make; ``unit`` is as :meth:`Unit.parse` reads it.

    Raises NotPermitted with everything that is wrong: no role or one that there is not, roles that nobody holds
    together, no unit where one is needed or one where none may be, a body that is not of the role's kind or not in
    being on the day.
    """
    faults = Faults()
    held = _roles(tuple(roles), faults)
    desk = None if unit is None else Unit.parse(unit)
    if unit is not None and desk is None:
        faults.add(FaultCode.OUT_OF_RANGE, "/unit", _EXPECTED_UNIT)
    elif held:
        _check_unit(held, desk, codes, faults)
    if faults.errors:
        raise NotPermitted(*faults.errors)
    return Account(account_id=account_id, roles=held, unit=desk)


def _roles(texts: tuple[str, ...], faults: Faults) -> frozenset[Role]:
    known = {str(role) for role in Role}
    if not texts:
        faults.add(FaultCode.MISSING, "/roles", f"at least one of {', '.join(Role)}")
    if set(texts) - known:
        faults.add(FaultCode.CODE_UNKNOWN, "/roles", f"of {', '.join(Role)}")
        return frozenset()
    held = frozenset(map(Role, texts))
    if len(held) > 1 and not any(held <= allowed for allowed in TOGETHER):
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/roles", "roles that one person may hold together")
        return frozenset()
    return held


def _check_unit(roles: frozenset[Role], unit: Unit | None, codes: CodesInForce, faults: Faults) -> None:
    """Note a unit that does not go with the roles, all of which want the same kind of one."""
    role = min(roles)
    if role in OF_THEMSELVES:
        if unit is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/unit", "none: who acts for themselves has no unit")
    elif unit is None:
        faults.add(FaultCode.MISSING, "/unit", _EXPECTED_UNIT)
    elif role in OF_THE_HOUSE:
        if unit.body != HOUSE:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/unit", f"a desk of the registry itself, as {HOUSE}/protection")
    elif OF_BODIES[role] is BodyKind.MISSION:
        _check_mission(unit.body, codes, faults)
    else:
        _check_organ(unit.body, OF_BODIES[role], codes, faults)


def _check_mission(body: str, codes: CodesInForce, faults: Faults) -> None:
    if codes.missions.find(body) is None:
        faults.add(FaultCode.MISSION_UNKNOWN, "/unit", "the code of a mission")
    elif not codes.missions.open_on(body, codes.on):
        faults.add(FaultCode.MISSION_CLOSED, "/unit", "a mission that is open")


def _check_organ(body: str, kind: BodyKind, codes: CodesInForce, faults: Faults) -> None:
    found = Faults()
    check_body(body, kind, found)
    if found.errors:
        faults.take(Fault(code=one.code, pointer="/unit", expected=one.expected) for one in found.errors)
        return
    municipality = municipality_of(body) or ""
    if municipality == HOUSE or codes.municipalities.status(MunicipalityCode(municipality), codes.on) in _GONE:
        faults.add(FaultCode.CODE_NOT_VALID_ON_DATE, "/unit", "a municipality that is there today")


_GONE: Final = frozenset({CodeStatus.ABOLISHED, CodeStatus.NOT_YET, CodeStatus.UNKNOWN})
