"""A clerk of a mission types a paper 在留届, tries it at the registry and sends it; nobody else does."""

import pytest

pytestmark = pytest.mark.anyio

from registry.contract.decoding import decode
from registry.contract.evidence import evidence_hash, verify_evidence
from registry.domain.residence_report import ResidenceReport
from tests.embassy_gateway.console.mission_office import GOOD, HOME, PAPER


async def test_a_paper_is_typed_tried_and_sent_once(mission):
    clerk = mission.clerk()
    await clerk.sign_in()
    assert (clerk.path, clerk.answer.status_code) == (HOME, 200)
    await clerk.get(f"{PAPER}?kind=residence")
    checked = await clerk.press("check", GOOD)
    print(clerk.found.text)
    assert "受理" in clerk.found.text
    assert checked.status_code == 200
    await clerk.press("send", GOOD)
    assert clerk.path.startswith("/console/reports/")
    print(clerk.found.text)
