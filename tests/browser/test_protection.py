"""The protection desk in a real browser: its list, an end proposed and approved, and what is wrong with a form."""

import pytest

from registry.services import break_glass, protection
from registry.services.break_glass import Emergency
from registry.services.protection import Request
from tests.acceptance.desks import CONSUL
from tests.acceptance.papers import removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt
from tests.acceptance.test_break_glass import question

pytestmark = pytest.mark.anyio


async def test_two_people_end_a_measure_and_the_list_is_whole_for_everybody(place, somebody, database_of_people):
    office = place.house.ex_officio
    outcomes(await place.house.deliver(removed_record()))
    receipt(await place.house.submit(report()))
    request = Request(people=tuple(await person_ids(database_of_people)), handled_by="ono", reason="相談")
    for _ in range(2):
        await protection.request(office, request)
    emergency = Emergency(reason="津波警報、避難の確認", ticket="2024-0042")
    await break_glass.break_glass(office, await question(place.house), emergency, CONSUL)
    desk = await somebody("protection-desk", path="/protection")
    await desk.tab.locator("summary").first.click()
    await desk.press("提案する")
    assert (await desk.title()).startswith("エラー:")
    assert 'role="alert"' in await desk.focused()
    assert await desk.tab.locator("textarea[aria-invalid]").count() == 1
    await desk.look("protection-errors")
    await desk.tab.locator("textarea[aria-invalid]").fill("本人の申出による終了")
    await desk.press("提案する")
    assert 'role="status"' in await desk.focused()
    reviewer = await somebody("protection-reviewer", path="/protection", language="en")
    await reviewer.look("protection-en")
    await reviewer.tab_to("Approve it, and do it")
    await reviewer.tab.keyboard.press("Enter")
    await reviewer.tab.wait_for_url("**/protection?done=approved")
