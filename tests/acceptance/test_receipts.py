"""What a mission has in its hands after a report: the signed receipt, and how the submission stands later."""

from hashlib import sha256

import pytest

from registry.contract.decoding import encode
from registry.contract.evidence import EvidenceRefused, verify_receipt
from tests.acceptance.papers import (
    BOSTON,
    annulment,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import outcomes, receipt, state_of, told
from tests.house import MISSION, TOWN
from tests.logged import log

pytestmark = pytest.mark.anyio

OTHER_MISSION = "JP-CG-BOSTON"


def keys(registry):
    return {"registry": registry.resources.signing_key.verifying}.get


async def look_up(registry, submission_id, body=MISSION):
    return await registry.get(body, f"/v1/submissions/{submission_id}")


async def test_a_receipt_is_signed_apart_from_the_answer_and_proves_the_very_bytes(registry):
    content = encode(report())
    answer = await registry.submit(content)
    verify_receipt(answer.body, answer.header("registry-receipt"), keys(registry))
    assert receipt(answer).report_sha256 == sha256(content).hexdigest()
    with pytest.raises(EvidenceRefused):
        verify_receipt(answer.body.replace(b"accepted", b"annulled"), answer.header("registry-receipt"), keys(registry))


async def test_a_receipt_bears_the_date_in_japan(registry):
    given = receipt(await registry.submit(report()))
    registry.clock.advance(hours=13)
    in_the_new_year = receipt(await registry.submit(report(kichiro(), notified_on="2024-12-31")))
    days = [(one.received_at.date().isoformat(), one.received_on.isoformat()) for one in (given, in_the_new_year)]
    assert days == [("2024-12-31", "2024-12-31"), ("2024-12-31", "2025-01-01")]


async def test_a_mission_looks_up_its_own_receipt(registry):
    given = receipt(await registry.submit(report(person(), kichiro(), effective="2024-01-01")))
    answer = await look_up(registry, given.submission_id)
    assert receipt(answer) == given
    verify_receipt(answer.body, answer.header("registry-receipt"), keys(registry))


FOLLOWED_BY = {
    "taken back": ({"kind": "annulment"}, "annulled"),
    "corrected": ({"effective": "2024-04-03"}, "accepted-with-warnings"),
}


@pytest.mark.parametrize(("fields", "state"), FOLLOWED_BY.values(), ids=FOLLOWED_BY)
async def test_a_receipt_says_how_the_submission_stands_now_and_else_what_it_always_said(registry, fields, state):
    given = receipt(await registry.submit(report(effective="2024-01-01"), key="report-1"))
    follower = receipt(await registry.submit(report(**fields, replaces=given.submission_id)))
    now = receipt(await look_up(registry, given.submission_id))
    assert str(now.state) == state
    assert (now.received_at, now.report_sha256, now.people) == (given.received_at, given.report_sha256, given.people)
    assert receipt(await registry.submit(report(effective="2024-01-01"), key="report-1")) == given
    assert await state_of(registry, follower.submission_id) == "accepted"


async def test_another_missions_submission_is_unreadable_as_if_it_never_was(registry):
    given = receipt(await registry.submit(report()))
    theirs, never, unreadable = [
        await look_up(registry, one, OTHER_MISSION)
        for one in (given.submission_id, "11111111-1111-4111-8111-111111111111", "report-1")
    ]
    assert theirs.status == 404
    assert told(theirs) == told(never) == told(unreadable)
    assert len(theirs.body) == len(never.body)


async def test_what_a_municipality_delivered_is_no_submission_to_a_mission(registry):
    (one,) = outcomes(await registry.deliver(removed_record()))
    assert (await look_up(registry, one.submission_id)).status == 404


async def test_a_municipality_is_not_blamed_for_looking_up_what_it_delivered(registry):
    (one,) = outcomes(await registry.deliver(removed_record()))
    assert (await look_up(registry, one.submission_id, TOWN)).status in {200, 404}


async def test_a_refused_report_has_no_receipt_to_look_up(registry):
    answer = await registry.submit(report(address_abroad=BOSTON), key="report-1")
    assert answer.header("registry-receipt") is None
    assert (await look_up(registry, "report-1")).status == 404


async def test_a_person_has_one_pseudonym_with_a_mission_and_another_with_each_body(registry):
    ours = [
        receipt(await registry.submit(report())),
        receipt(await registry.submit(change(contact={"telephone": "555-0173"}))),
    ]
    moved = report(mission=OTHER_MISSION, address_abroad=BOSTON, kind="change", came_from=MISSION)
    theirs = receipt(await registry.submit(moved | {"effective": "2024-04-05"}, body=OTHER_MISSION))
    (towns,) = outcomes(await registry.deliver(removed_record()))
    people = [one.people[0].person for one in (*ours, theirs)] + [towns.person.person]
    assert people[0] == people[1]
    assert len(set(people)) == 3


async def test_looking_up_is_logged_and_changes_nothing(registry):
    given = receipt(await registry.submit(report()))
    await look_up(registry, given.submission_id)
    await look_up(registry, given.submission_id, OTHER_MISSION)
    entries = await log(registry, "body", "outcome", operation="submission-status")
    assert entries == [(MISSION, "found"), (OTHER_MISSION, "refused")]


async def test_a_submission_annulled_stays_annulled_when_its_answer_is_asked_for_again(registry):
    given = receipt(await registry.submit(report()))
    await registry.submit(annulment(given.submission_id))
    assert [await state_of(registry, given.submission_id) for _ in range(2)] == ["annulled", "annulled"]
