"""Reports from a mission: how each is answered and why, and what is stored of it."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer
from tests.acceptance.papers import (
    BOSTON,
    KICHIRO,
    NEW_YORK,
    by_name,
    change,
    coming_home,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import (
    STORED,
    STORED_BESIDE,
    counts,
    faults,
    grown,
    history,
    receipt,
    rows,
    state_of,
)
from tests.house import MISSION, PENSION, TOWN
from tests.planted import OTHER_NUMBER

pytestmark = pytest.mark.anyio

OTHER_MISSION = "JP-CG-BOSTON"
SOMEWHERE = {"country": "US", "city": "New York"}
DOUBTFUL_CODE = "12345678920"
"""Its check digit is one that the published rule leaves open."""

STATES = {
    "in time and in its own area": (report(), "accepted", set()),
    "90 days after arrival": (report(notified_on="2024-06-30"), "accepted", set()),
    "91 days after arrival": (
        report(notified_on="2024-07-01"),
        "accepted-with-warnings",
        {("/effective", "reported-late")},
    ),
    "with a doubtful resident record code": (
        report(person(resident_record_code=DOUBTFUL_CODE)),
        "accepted-with-warnings",
        {("/people/0/resident_record_code", "check-digit-uncertain")},
    ),
    "with no word of the subdivision": (
        report(address_abroad=SOMEWHERE),
        "in-review",
        {("/address_abroad/subdivision", "competence-uncertain")},
    ),
    "late, with no word of the subdivision": (
        report(address_abroad=SOMEWHERE, notified_on="2024-07-01"),
        "in-review",
        {("/address_abroad/subdivision", "competence-uncertain"), ("/effective", "reported-late")},
    ),
}


@pytest.mark.parametrize(("message", "state", "reasons"), STATES.values(), ids=STATES)
async def test_the_receipt_says_how_a_report_stands_and_why(registry, database, message, state, reasons):
    given = receipt(await registry.submit(message))
    assert (str(given.state), {(one.pointer, str(one.code)) for one in given.warnings}) == (state, reasons)
    assert await state_of(registry, given.submission_id) == state
    assert await rows(database, "SELECT state FROM submission") == [(state,)]


REFUSED = {
    "a place in the area of another mission": (
        report(address_abroad=BOSTON),
        422,
        {("/address_abroad", "mission-not-competent")},
    ),
    "in the name of another mission": (
        report(mission=OTHER_MISSION, address_abroad=BOSTON),
        403,
        {("/mission", "mission-not-competent")},
    ),
    "an arrival 91 days ahead": (
        report(effective="2024-07-10"),
        422,
        {("/effective", "date-after-notification")},
    ),
    "a change that has not happened yet": (
        change(effective="2024-06-06", address_abroad=NEW_YORK),
        422,
        {("/effective", "date-after-notification")},
    ),
    "notified on a day that is today in Japan and tomorrow at the mission": (
        report(effective="2024-12-01", notified_on="2024-12-31"),
        422,
        {("/notified_on", "date-in-the-future")},
    ),
    "a correction of what never was": (
        report(replaces="11111111-1111-4111-8111-111111111111"),
        422,
        {("/replaces", "replaces-unknown-movement")},
    ),
    "everything at once": (
        report(person(name={}), address_abroad=BOSTON, planned_end="2024-05-31", notified_on="2025-01-05"),
        422,
        {
            ("/address_abroad", "mission-not-competent"),
            ("/notified_on", "date-in-the-future"),
            ("/people/0/name", "name-missing"),
            ("/planned_end", "stay-too-short"),
        },
    ),
}


@pytest.mark.parametrize(("message", "status", "reasons"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_report_is_told_all_its_faults_and_leaves_only_its_entry_in_the_log(
    registry, database, message, status, reasons
):
    before = await counts(database)
    answer = await registry.submit(message)
    assert (answer.status, faults(answer)) == (status, reasons)
    more = grown(before, await counts(database))
    assert more["log_pending"] == 1
    assert not more.keys() & {*STORED, *STORED_BESIDE}


@pytest.mark.parametrize("body", [TOWN, PENSION])
async def test_only_missions_report(registry, database, body):
    answer = await registry.submit(report(), body=body)
    assert (answer.status, faults(answer)) == (403, {("", "no-grant")})
    assert await rows(database, "SELECT 1 FROM submission") == []


async def test_an_arrival_within_90_days_is_known_before_it_happens(registry):
    assert receipt(await registry.submit(report(effective="2025-03-15", notified_on="2024-12-15"))).state == "accepted"
    assert await history(registry) == [("resident-abroad", "New York", "2025-03-15", None)]
    today = decode((await registry.inquire(PENSION, search=by_name())).body, InquiryAnswer)
    assert today.versions == ()


async def test_who_reports_a_return_ahead_is_abroad_until_then(registry):
    await registry.submit(report())
    await registry.submit(coming_home(effective="2025-02-01", notified_on="2024-12-15"))
    assert [(status, *days) for status, _, *days in await history(registry)] == [
        ("resident-abroad", "2024-04-01", "2025-02-01"),
        ("returned", "2025-02-01", None),
    ]


# --------------------------------------------------------------------------------------------- households


async def test_each_of_a_household_has_a_record_and_an_outcome_in_the_order_of_the_report(registry, database):
    await registry.deliver(removed_record(name=KICHIRO, sex="male", birth_date="1981-02-14"))
    given = receipt(await registry.submit(report(person(), kichiro())))
    assert [(one.index, str(one.link), str(one.status)) for one in given.people] == [
        (0, "opened", "resident-abroad"),
        (1, "exact-basic-four", "resident-abroad"),
    ]
    assert len(await rows(database, "SELECT person_id FROM person")) == 2
    assert [len(await history(registry, search)) for search in (by_name(), by_name(KICHIRO, "1981-02-14"))] == [1, 2]


async def test_who_stands_twice_in_a_report_is_refused(registry, database):
    await registry.submit(report())
    before = await counts(database)
    answer = await registry.submit(report(person(), kichiro(), person(), effective="2024-05-01"))
    assert (answer.status, faults(answer)) == (422, {("/people/2", "duplicate")})
    assert not grown(before, await counts(database)).keys() & {*STORED, *STORED_BESIDE}


async def test_somebody_new_who_stands_twice_in_a_report_is_refused(registry, database):
    answer = await registry.submit(report(person(), kichiro(), person()))
    assert await rows(database, "SELECT person_id FROM person") == []
    assert (answer.status, faults(answer)) == (422, {("/people/2", "duplicate")})


async def test_a_child_born_abroad_joins_the_household_by_a_change(registry, database):
    await registry.submit(report())
    child = {"name": KICHIRO, "birth_date": "2024-06-01", "born_abroad": True}
    given = receipt(await registry.submit(change(person(), child, address_abroad=NEW_YORK)))
    assert [(str(one.link), str(one.status)) for one in given.people] == [
        ("exact-basic-four", "resident-abroad"),
        ("opened", "resident-abroad"),
    ]
    assert await history(registry, by_name(KICHIRO, "2024-06-01")) == [
        ("resident-abroad", "New York", "2024-06-01", None)
    ]
    events = await rows(database, "SELECT kind, recipients FROM event ORDER BY event_id")
    assert events == [(kind, [MISSION]) for kind in ("residence-reported", "address-changed", "born-abroad")]


async def test_two_records_that_fit_alike_put_the_report_in_review_and_join_nothing(registry, database):
    await registry.deliver(removed_record(), removed_record(addressee_number="2", individual_number=OTHER_NUMBER))
    given = receipt(await registry.submit(report()))
    assert (str(given.state), str(given.people[0].link)) == ("in-review", "opened")
    ((kind, rivals, closed),) = await rows(database, "SELECT kind, rivals, closed_at FROM review_case")
    assert (kind, len(rivals), closed) == ("rivals", 2, None)
    found = decode((await registry.inquire(PENSION, search=by_name())).body, InquiryAnswer)
    assert (found.outcome, found.versions) == ("ambiguous", ())


async def test_a_place_that_may_be_anothers_opens_a_case_and_is_recorded_all_the_same(registry, database):
    await registry.submit(report(address_abroad=SOMEWHERE))
    assert await rows(database, "SELECT kind, closed_at FROM review_case") == [("competence-uncertain", None)]
    assert await rows(database, "SELECT outcome FROM reconciliation") == [("under-review",)]
    assert await history(registry) == [("resident-abroad", "New York", "2024-04-01", None)]
