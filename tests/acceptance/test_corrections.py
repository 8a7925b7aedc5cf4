"""訂正・取消し: a mission mends or takes back what it reported, and nobody else's."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer
from tests.acceptance.papers import (
    BOSTON,
    KICHIRO,
    NEW_YORK,
    annulment,
    by_name,
    by_number,
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
    told,
    versions,
)
from tests.house import PENSION
from tests.planted import NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

OTHER_MISSION = "JP-CG-BOSTON"
ALBANY, BUFFALO, UTICA = (NEW_YORK | {"city": city} for city in ("Albany", "Buffalo", "Utica"))
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
UNKNOWN = {("/replaces", "replaces-unknown-movement")}


def with_number(number):
    return person(individual_number=number, number_check=CHECKED)


async def cities(registry):
    return [(city, first, end) for _, city, first, end in await history(registry)]


async def sent(registry, *messages):
    """Submit reports one after the other, under the keys report-1, report-2 …; return their ids."""
    answers = [await registry.submit(one, key=f"report-{number}") for number, one in enumerate(messages, 1)]
    return [receipt(answer).submission_id for answer in answers]


# ------------------------------------------------------------------------------------------------- 訂正

CORRECTIONS = {
    "the day": (report(effective="2024-04-03"), [("New York", "2024-04-03", None)]),
    "the address": (report(address_abroad=ALBANY), [("Albany", "2024-04-01", None)]),
    "the name, for a variant of it": (
        report(person(name={"surname": "高崎", "given": "花子"})),
        [("New York", "2024-04-01", None)],
    ),
    "the name, for another one": (
        report(person(name={"surname": "山田", "given": "花子"})),
        [("New York", "2024-04-01", None)],
    ),
    "an incomplete day": (report(effective="2024年4月日不詳"), [("New York", "2024-04-10", None)]),
}


@pytest.mark.parametrize("by", ["id", "key"])
@pytest.mark.parametrize(("corrected", "lived"), CORRECTIONS.values(), ids=CORRECTIONS)
async def test_a_correction_takes_the_place_of_what_it_corrects(registry, database, by, corrected, lived):
    (first,) = await sent(registry, report())
    given = receipt(await registry.submit(corrected | {"replaces": first if by == "id" else "report-1"}))
    assert [(str(one.link), one.confirmed, str(one.status)) for one in given.people] == [
        ("same-submitter", True, "resident-abroad")
    ]
    name = corrected["people"][0]["name"]
    assert [(city, *days) for _, city, *days in await history(registry, by_name(name))] == lived
    assert await rows(database, "SELECT kind FROM movement") == [("residence-reported",)] * 2
    assert await rows(database, "SELECT replaces::text FROM submission ORDER BY received_at") == [(None,), (first,)]
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]


async def test_a_correction_that_brings_more_people_takes_them_in(registry):
    (first,) = await sent(registry, report())
    given = receipt(await registry.submit(report(person(), kichiro(), replaces=first)))
    assert [str(one.link) for one in given.people] == ["same-submitter", "opened"]
    assert await history(registry, by_name(KICHIRO, "1981-02-14")) == [
        ("resident-abroad", "New York", "2024-04-01", None)
    ]


async def test_a_correction_that_says_less_takes_back_the_rest(registry, database):
    two = change(person(new_name={"surname": "山田", "given": "花子"}), address_abroad=ALBANY)
    _, second = await sent(registry, report(), two)
    await registry.submit(change(address_abroad=ALBANY, replaces=second))
    kinds = await rows(database, "SELECT kind FROM movement WHERE replaces IS NOT NULL ORDER BY kind")
    assert kinds == [("address-changed",), ("annulled",)]
    assert await cities(registry) == [("New York", "2024-04-01", "2024-06-01"), ("Albany", "2024-06-01", None)]
    assert await history(registry, by_name({"surname": "山田", "given": "花子"})) == []


async def test_what_follows_a_corrected_report_is_derived_again(registry):
    first, _ = await sent(registry, report(), change(address_abroad=ALBANY))
    await registry.submit(report(effective="2024-07-01", notified_on="2024-07-02", replaces=first))
    assert await cities(registry) == [("Albany", "2024-06-01", "2024-07-01"), ("New York", "2024-07-01", None)]


async def test_a_chain_of_corrections_shows_the_last_of_them(registry):
    first, second = await sent(registry, report(), report(address_abroad=ALBANY, replaces="report-1"))
    third = receipt(await registry.submit(report(address_abroad=BUFFALO, replaces=second)))
    await registry.submit(report(address_abroad=UTICA, replaces=third.submission_id))
    assert await cities(registry) == [("Utica", "2024-04-01", None)]
    assert await state_of(registry, first) == "accepted"


@pytest.mark.parametrize(
    "follower", [report(address_abroad=BUFFALO), report(kind="annulment")], ids=["corrected", "taken back"]
)
async def test_what_was_corrected_already_is_not_corrected_again_but_its_latest_correction(
    registry, database, follower
):
    first, _ = await sent(registry, report(), report(address_abroad=ALBANY, replaces="report-1"))
    shown = await versions(database)
    answer = await registry.submit(follower | {"replaces": first})
    assert (answer.status, faults(answer)) == (422, UNKNOWN)
    assert b"the submission that last corrected this one" in answer.body
    assert await versions(database) == shown
    assert (await registry.submit(follower | {"replaces": "report-2"})).status == 201


async def test_a_correction_that_is_itself_refused_leaves_the_report_as_it_was(registry, database):
    (first,) = await sent(registry, report())
    shown = await versions(database)
    answer = await registry.submit(report(address_abroad=BOSTON, replaces=first))
    assert answer.status == 422
    assert await versions(database) == shown
    assert (await registry.submit(report(address_abroad=ALBANY, replaces=first))).status == 201


async def test_a_report_that_was_refused_cannot_be_corrected(registry):
    await registry.submit(report(address_abroad=BOSTON), key="report-1")
    answer = await registry.submit(report(replaces="report-1"))
    assert (answer.status, faults(answer)) == (422, UNKNOWN)


@pytest.mark.parametrize(
    "follower",
    [report(with_number(OTHER_NUMBER)), annulment("", with_number(NUMBER))],
    ids=["corrected", "taken back"],
)
async def test_a_number_that_was_reported_by_mistake_finds_nobody_any_more(registry, follower):
    (first,) = await sent(registry, report(with_number(NUMBER)))
    await registry.submit(follower | {"replaces": first})
    answer = await registry.inquire(PENSION, search=by_number(NUMBER))
    assert decode(answer.body, InquiryAnswer).outcome == "not-found"


# ------------------------------------------------------------------------------------------------- 取消し


async def test_an_annulled_residence_leaves_no_version_abroad(registry, database):
    (first,) = await sent(registry, report(with_number(NUMBER)))
    assert await rows(database, "SELECT kind FROM living_number") == [("individual-number",)]
    given = receipt(await registry.submit(annulment(first)))
    assert [(str(one.link), one.status) for one in given.people] == [("same-submitter", None)]
    assert await versions(database) == []
    assert await rows(database, "SELECT 1 FROM living_number") == []
    assert await history(registry) == []
    assert await state_of(registry, first) == "annulled"


TAKEN_BACK = {
    "the residence of somebody whose departure is proven": (
        [report()],
        [("provisional", "", "2024-03-31", None)],
    ),
    "a change": (
        [report(), change(address_abroad=ALBANY)],
        [("provisional", "", "2024-03-31", "2024-04-01"), ("resident-abroad", "New York", "2024-04-01", None)],
    ),
    "a return": (
        [report(), coming_home()],
        [("provisional", "", "2024-03-31", "2024-04-01"), ("resident-abroad", "New York", "2024-04-01", None)],
    ),
    "a correction: what it corrected holds again": (
        [report(), report(address_abroad=ALBANY, replaces="report-1")],
        [("provisional", "", "2024-03-31", "2024-04-01"), ("resident-abroad", "New York", "2024-04-01", None)],
    ),
    "an annulment: what it took back holds again": (
        [report(), annulment("report-1")],
        [("provisional", "", "2024-03-31", "2024-04-01"), ("resident-abroad", "New York", "2024-04-01", None)],
    ),
}


@pytest.mark.parametrize("by", ["id", "key"])
@pytest.mark.parametrize(("messages", "lived"), TAKEN_BACK.values(), ids=TAKEN_BACK)
async def test_taking_back_the_last_report_leaves_what_the_others_say(registry, by, messages, lived):
    await registry.deliver(removed_record())
    ids = await sent(registry, *messages)
    answer = await registry.submit(annulment(ids[-1] if by == "id" else f"report-{len(ids)}"))
    assert answer.status == 201
    assert await history(registry) == lived
    assert await state_of(registry, ids[-1]) == "annulled"


async def test_a_report_whose_annulment_is_taken_back_is_accepted_again(registry):
    first, _ = await sent(registry, report(), annulment("report-1"))
    await registry.submit(annulment("report-2"))
    assert await state_of(registry, first) == "accepted"


async def test_what_was_taken_back_is_not_taken_back_again(registry, database):
    first, _ = await sent(registry, report(), annulment("report-1"))
    before = await counts(database)
    answer = await registry.submit(annulment(first))
    assert (answer.status, faults(answer)) == (422, UNKNOWN)
    assert not grown(before, await counts(database)).keys() & {*STORED, *STORED_BESIDE}


async def test_who_was_annulled_may_be_reported_anew_and_is_the_same_record(registry, database):
    await registry.deliver(removed_record())
    await sent(registry, report(), annulment("report-1"), report(effective="2024-05-01", notified_on="2024-05-02"))
    assert await cities(registry) == [("", "2024-03-31", "2024-05-01"), ("New York", "2024-05-01", None)]
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]


async def test_a_household_is_taken_back_as_a_whole(registry, database):
    (first,) = await sent(registry, report(person(), kichiro()))
    left_out = await registry.submit(annulment(first))
    assert (left_out.status, faults(left_out)) == (422, {("/people", "missing")})
    assert (await registry.submit(annulment(first, person(), kichiro()))).status == 201
    assert await versions(database) == []


async def test_an_annulment_that_names_somebody_more_opens_no_record(registry, database):
    (first,) = await sent(registry, report())
    await registry.submit(annulment(first, person(), kichiro()))
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]


# ------------------------------------------------------------------------------------- what is somebody else's

STRANGERS = {
    "a correction": report(kichiro(), replaces="report-1"),
    "an annulment": annulment("report-1", kichiro()),
}


@pytest.mark.parametrize("message", STRANGERS.values(), ids=STRANGERS)
async def test_a_stranger_in_someones_place_is_refused_and_told_nothing(registry, database, message):
    await sent(registry, report())
    before, shown = await counts(database), await versions(database)
    answer = await registry.submit(message)
    assert (answer.status, faults(answer)) == (422, {("/people/0", "not-allowed-here")})
    assert not grown(before, await counts(database)).keys() & {*STORED, *STORED_BESIDE}
    assert await versions(database) == shown


@pytest.mark.parametrize("kind", ["residence", "annulment"])
@pytest.mark.parametrize("by", ["id", "key"])
async def test_another_missions_submission_is_not_replaced_and_looks_as_if_it_never_was(registry, database, kind, by):
    (first,) = await sent(registry, report())
    before, shown = await counts(database), await versions(database)
    names = {"id": (first, "11111111-1111-4111-8111-111111111111"), "key": ("report-1", "report-9")}[by]
    theirs, never = [
        await registry.submit(
            report(kind=kind, mission=OTHER_MISSION, address_abroad=BOSTON, replaces=name), body=OTHER_MISSION
        )
        for name in names
    ]
    assert (theirs.status, faults(theirs)) == (422, UNKNOWN)
    assert told(theirs) == told(never)
    assert not grown(before, await counts(database)).keys() & {*STORED, *STORED_BESIDE}
    assert await versions(database) == shown


async def test_two_missions_each_correct_their_own_report_of_one_key(registry):
    await sent(registry, report())
    moved = change(kichiro(), address_abroad=BOSTON, mission=OTHER_MISSION)
    await registry.submit(moved, body=OTHER_MISSION, key="report-1")
    await registry.submit(report(address_abroad=ALBANY, replaces="report-1"))
    assert await cities(registry) == [("Albany", "2024-04-01", None)]


async def test_a_removed_record_is_no_report_to_be_taken_back(registry, database):
    await registry.deliver(removed_record())
    ((submission_id,),) = await rows(database, "SELECT submission_id::text FROM submission")
    answer = await registry.submit(annulment(submission_id))
    assert (answer.status, faults(answer)) == (422, UNKNOWN)
