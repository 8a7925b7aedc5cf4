"""Who can sign in at the sandbox's identity provider: one made-up person for each role, and one whose unit is wrong.

The protection desk has two, of two units: what one proposes the other approves.
"""

from typing import Final

import msgspec

from registry.domain.account import HOUSE, Role
from registry.domain.sign_in import Level

ACR: Final = {Level.JPKI: "urn:sandbox:jpki", Level.PASSWORD: "urn:sandbox:password"}
"""What the sandbox calls the levels."""


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be chosen. ``subject`` is all that names them to the registry, besides role and unit."""

    name: str
    label: str
    roles: tuple[str, ...]
    unit: str | None = None
    levels: tuple[Level, ...] = (Level.PASSWORD,)

    @property
    def subject(self) -> str:
        """The opaque name that the provider gives them, for ever."""
        return f"sandbox-{self.name}"


BOTH: Final = (Level.PASSWORD, Level.JPKI)
PERSONAS: Final = (
    Persona(
        name="mission-staff",
        label="在ニューヨーク総領事館 担当 佐藤",
        roles=(Role.MISSION_STAFF,),
        unit="JP-CG-NEW-YORK/consular",
    ),
    Persona(
        name="mission-approver",
        label="在ニューヨーク総領事館 領事 鈴木",
        roles=(Role.MISSION_APPROVER,),
        unit="JP-CG-NEW-YORK/consul",
    ),
    Persona(
        name="municipal-clerk", label="千代田区 戸籍住民課 高橋", roles=(Role.MUNICIPAL_CLERK,), unit="131016/residents"
    ),
    Persona(
        name="municipal-approver",
        label="千代田区 係長 田中",
        roles=(Role.MUNICIPAL_CLERK, Role.MUNICIPAL_APPROVER),
        unit="131016/approvals",
    ),
    Persona(
        name="election-clerk",
        label="千代田区 選挙管理委員会 伊藤",
        roles=(Role.ELECTION_CLERK,),
        unit="131016-election-commission/rolls",
    ),
    Persona(
        name="protection-desk", label="支援措置 担当 渡辺", roles=(Role.PROTECTION_DESK,), unit=f"{HOUSE}/protection"
    ),
    Persona(
        name="protection-reviewer",
        label="支援措置 決裁 木村",
        roles=(Role.PROTECTION_DESK,),
        unit=f"{HOUSE}/protection-review",
    ),
    Persona(name="operator", label="運用 山本", roles=(Role.OPERATOR,), unit=f"{HOUSE}/operations"),
    Persona(name="auditor", label="監査 中村", roles=(Role.AUDITOR,), unit=f"{HOUSE}/audit"),
    Persona(name="resident", label="ニューヨーク在住 小林", roles=(Role.RESIDENT,), levels=BOTH),
    Persona(name="agent", label="小林さんの代理人 加藤", roles=(Role.AGENT,), levels=BOTH),
    Persona(name="lost-clerk", label="所属の誤った職員 吉田", roles=(Role.MUNICIPAL_CLERK,), unit="131016"),
)
"""The last one has a unit that does not parse: the registry is to refuse such a person."""
