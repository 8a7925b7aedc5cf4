"""Officials who decide: two desks of the registry's own house, two of 千代田区, two of the mission in New York."""

from registry.domain.account import HOUSE, Account, Role, Unit
from tests.house import MISSION, TOWN


def official(account_id, role, body, desk):
    return Account(account_id=account_id, roles=frozenset({role}), unit=Unit(body=body, desk=desk))


WATANABE = official("watanabe", Role.PROTECTION_DESK, HOUSE, "protection")
KIMURA = official("kimura", Role.PROTECTION_DESK, HOUSE, "protection-review")
HER_COLLEAGUE = official("ono", Role.PROTECTION_DESK, HOUSE, "protection")
CLERK = official("takahashi", Role.MUNICIPAL_CLERK, TOWN, "residents")
APPROVER = official("tanaka", Role.MUNICIPAL_APPROVER, TOWN, "approvals")
OTHER_TOWNS_APPROVER = official("higa", Role.MUNICIPAL_APPROVER, "472018", "approvals")
CONSUL = official("suzuki", Role.MISSION_APPROVER, MISSION, "consul")
OPERATOR = official("yamamoto", Role.OPERATOR, HOUSE, "operations")
