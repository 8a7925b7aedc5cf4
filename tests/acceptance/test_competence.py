"""Which mission may report what: its own area by the address, its own residents where there is none."""

import asyncpg
import pytest

from registry.contract.decoding import decode
from registry.contract.messages import DryRun, Receipt, SubmissionState
from tests.acceptance.papers import BOSTON, change, coming_home, kichiro, person, report
from tests.house import MISSION

pytestmark = pytest.mark.anyio

OTHER = "JP-CG-BOSTON"
CONTACT = {"telephone": "+1 212 555 0173"}
UNCERTAIN = SubmissionState.IN_REVIEW
CERTAIN = SubmissionState.ACCEPTED
REPORTS = {
    "a return at the mission of the area": (MISSION, coming_home(), CERTAIN),
    "a return at another mission": (OTHER, coming_home(mission=OTHER), UNCERTAIN),
    "a new telephone at the mission of the area": (MISSION, change(contact=CONTACT), CERTAIN),
    "a new telephone at another mission": (OTHER, change(mission=OTHER, contact=CONTACT), UNCERTAIN),
    "a move into the area of another mission": (
        OTHER,
        change(mission=OTHER, address_abroad=BOSTON, came_from=MISSION),
        CERTAIN,
    ),
}


@pytest.mark.parametrize(("mission", "paper", "state"), REPORTS.values(), ids=REPORTS)
async def test_a_report_without_an_address_by_another_mission_waits_for_people_to_decide(
    registry, mission, paper, state
):
    await registry.submit(report())
    foreseen = decode((await registry.submit(paper, body=mission, dry_run=True)).body, DryRun)
    receipt = decode((await registry.submit(paper, body=mission)).body, Receipt)
    assert receipt.state is state
    assert foreseen.state is state
    pointers = [(warning.pointer, str(warning.code)) for warning in receipt.warnings]
    assert pointers == ([("/people/0", "competence-uncertain")] if state is UNCERTAIN else [])


async def test_the_whole_household_waits_where_its_address_leaves_the_mission_open(registry, database):
    vague = {"country": "US", "city": "New York"}
    receipt = decode((await registry.submit(report(person(), kichiro(), address_abroad=vague))).body, Receipt)
    assert receipt.state is UNCERTAIN
    assert await people_under_review(database) == 2


async def test_only_whom_another_mission_looks_after_waits(registry, database):
    await registry.submit(report(person()))
    await registry.submit(report(kichiro(), mission=OTHER, address_abroad=BOSTON), body=OTHER)
    home = decode((await registry.submit(coming_home(person(), kichiro()))).body, Receipt)
    assert [warning.pointer for warning in home.warnings] == ["/people/1"]
    assert await people_under_review(database) == 1


async def people_under_review(database):
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetchval(
            "SELECT count(DISTINCT person_id) FROM review_case WHERE kind = 'competence-uncertain'"
        )
    finally:
        await connection.close()
