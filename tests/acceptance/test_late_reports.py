"""Papers that come late or out of order take their place in time: the record is as if they had come in order."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer
from tests.acceptance.papers import NEW_YORK, by_name, change, coming_home, removed_record, report
from tests.acceptance.seen import history, receipt, rows, versions
from tests.house import PENSION

pytestmark = pytest.mark.anyio

LEFT = removed_record()
ARRIVED = report()
MOVED = change(address_abroad=NEW_YORK | {"city": "Albany"})
NEW_TELEPHONE = change(contact={"telephone": "555-0173"}, effective="2024-07-01", notified_on="2024-07-15")
RETURNED = coming_home()
ABROAD_AGAIN = report(effective="2024-11-01", notified_on="2024-11-05")
IN_ORDER = (LEFT, ARRIVED, MOVED, NEW_TELEPHONE, RETURNED, ABROAD_AGAIN)
LIFE = [
    ("provisional", "", "2024-03-31", "2024-04-01"),
    ("resident-abroad", "New York", "2024-04-01", "2024-06-01"),
    ("resident-abroad", "Albany", "2024-06-01", "2024-07-01"),
    ("resident-abroad", "Albany", "2024-07-01", "2024-09-01"),
    ("returned", "Albany", "2024-09-01", "2024-11-01"),
    ("resident-abroad", "New York", "2024-11-01", None),
]


async def arrive(registry, papers):
    for paper in papers:
        answer = await (registry.deliver(paper) if paper is LEFT else registry.submit(paper))
        assert answer.status in {200, 201}


ORDERS = {
    "in order": IN_ORDER,
    "the removed record last": (ARRIVED, MOVED, NEW_TELEPHONE, RETURNED, ABROAD_AGAIN, LEFT),
    "the removed record first, then backwards": (LEFT, ABROAD_AGAIN, RETURNED, NEW_TELEPHONE, MOVED, ARRIVED),
    "the changes before the arrival": (LEFT, NEW_TELEPHONE, MOVED, ARRIVED, RETURNED, ABROAD_AGAIN),
    "the second stay before the first": (ABROAD_AGAIN, LEFT, RETURNED, ARRIVED, NEW_TELEPHONE, MOVED),
    "the return between": (ARRIVED, RETURNED, MOVED, LEFT, ABROAD_AGAIN, NEW_TELEPHONE),
}


@pytest.mark.parametrize("papers", ORDERS.values(), ids=ORDERS)
async def test_the_order_of_arrival_makes_no_difference(registry, database, papers):
    await arrive(registry, papers)
    assert await history(registry) == LIFE
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]
    assert await rows(database, "SELECT outcome, confirmed FROM reconciliation") == [("agreed", False)]
    confirmed = [str(day) for *_, day in await versions(database) if day is not None]
    assert confirmed == ["2024-04-10", "2024-06-05", "2024-07-15", "2024-07-15", "2024-11-05"]


BEFORE_ANYBODY_KNOWS = {"a change": (MOVED, ARRIVED), "a return": (RETURNED, ARRIVED)}


@pytest.mark.parametrize("papers", BEFORE_ANYBODY_KNOWS.values(), ids=BEFORE_ANYBODY_KNOWS)
async def test_a_report_that_comes_before_the_first_one_finds_its_record_later(registry, database, papers):
    await arrive(registry, papers)
    assert len(await history(registry)) == 2
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]


async def test_a_late_report_is_marked_as_late_and_takes_its_place(registry):
    await arrive(registry, (ARRIVED, RETURNED))
    late = receipt(await registry.submit(MOVED | {"notified_on": "2024-12-15"}))
    assert str(late.state) == "accepted-with-warnings"
    assert [(city, first) for _, city, first, _ in await history(registry)] == [
        ("New York", "2024-04-01"),
        ("Albany", "2024-06-01"),
        ("Albany", "2024-09-01"),
    ]


CONTRADICTING = coming_home(effective="2024-05-01", notified_on="2024-05-01")


@pytest.mark.parametrize(
    "papers", [(ARRIVED, CONTRADICTING, MOVED), (ARRIVED, MOVED, CONTRADICTING)], ids=["in order", "late"]
)
async def test_a_change_after_the_return_opens_the_same_case_whenever_the_return_is_heard_of(
    registry, database, papers
):
    await arrive(registry, papers)
    assert [(status, *days) for status, _, *days in await history(registry)] == [
        ("resident-abroad", "2024-04-01", "2024-05-01"),
        ("returned", "2024-05-01", None),
    ]
    assert await rows(database, "SELECT kind, field FROM review_case") == [("not-allowed-in-status", "")]


async def test_an_incomplete_day_leaves_doubt_and_no_gap(registry, database):
    await arrive(registry, (LEFT, ARRIVED, MOVED | {"effective": "2024年5月日不詳"}))
    ranges = await rows(database, "SELECT certain::text, possible::text FROM version ORDER BY lower(possible)")
    assert ranges == [
        ("[2024-03-31,2024-04-01)", "[2024-03-31,2024-04-01)"),
        ("[2024-04-01,2024-05-01)", "[2024-04-01,2024-05-31)"),
        ("[2024-05-31,)", "[2024-05-01,)"),
    ]
    answer = await registry.inquire(PENSION, search=by_name(), valid_on="2024-05-15")
    held = decode(answer.body, InquiryAnswer).versions
    assert [(str(one.holds), one.items.address_abroad.city) for one in held] == [
        ("possibly", "New York"),
        ("possibly", "Albany"),
    ]
