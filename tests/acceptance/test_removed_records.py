"""除票 from a municipality: what becomes of each, again and again, and how it joins what a mission reported."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer
from tests.acceptance.papers import (
    HANAKO,
    KICHIRO,
    by_addressee,
    by_name,
    by_number,
    line,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import (
    counts,
    grown,
    history,
    outcomes,
    receipt,
    rows,
    versions,
)
from tests.house import TOWN
from tests.planted import ADDRESSEE, CODE, NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

OTHER_TOWN = "472018"
NAHA = {"municipality": OTHER_TOWN, "text": "泉崎一丁目"}
HANAKO_ON_PAPER = removed_record()


async def delivered(registry, *records, **fields):
    """What became of each 除票: its state, and the status of the record."""
    return [
        (str(one.state), None if one.person is None or one.person.status is None else str(one.person.status))
        for one in outcomes(await registry.deliver(*records, **fields))
    ]


# ------------------------------------------------------------------------------------- what becomes of one


async def test_a_removed_record_makes_a_provisional_record_that_each_key_finds(registry, database):
    (one,) = outcomes(await registry.deliver(removed_record(resident_record_code=CODE)))
    assert (str(one.state), str(one.person.link), one.person.confirmed) == ("accepted", "opened", True)
    assert await versions(database) == [("provisional", "[2024-03-31,)", "[2024-03-31,)", None, TOWN, [], None)]
    assert await rows(database, "SELECT kind FROM living_number ORDER BY 1") == [
        ("individual-number",),
        ("resident-record-code",),
    ]
    assert await rows(database, "SELECT outcome FROM reconciliation") == [("no-report",)]
    found = [await history(registry, search) for search in (by_name(), by_number())]
    assert found == [[("provisional", "", "2024-03-31", None)]] * 2


async def test_a_removed_record_without_a_number_is_nothing_unusual(registry):
    old = removed_record(individual_number=None, effective="2015-09-30", notified_on="2015-09-20")
    assert await delivered(registry, old) == [("accepted", "provisional")]
    assert await history(registry) == [("provisional", "", "2015-09-30", None)]


async def test_the_same_removed_record_in_a_later_extract_is_unchanged_and_writes_no_row(registry, database):
    (first,) = outcomes(await registry.deliver(HANAKO_ON_PAPER))
    before = await counts(database)
    (again,) = outcomes(await registry.deliver(HANAKO_ON_PAPER, extract="extract-2"))
    assert (str(again.state), again.submission_id, again.person) == ("unchanged", first.submission_id, None)
    assert grown(before, await counts(database)) == {"log_pending": 1, "nonce": 1, "idempotency": 1}


HISTORIES = {
    "the day is corrected": (
        [line(), line(effective="2024-04-02")],
        [("corrected", "provisional")],
        [("provisional", "2024-04-02", None)],
    ),
    "a name is corrected after the removal": (
        [line(), [line(), line(2, "誤記修正", name=HANAKO | {"given_kana": "ハナヨ"})]],
        [("corrected", "provisional")],
        [("provisional", "2024-03-31", None)],
    ),
    "the removal is taken back": (
        [line(), [line(), line(2, "異動の取消し(増)", effective="2024-04-05")]],
        [("corrected", None)],
        [],
    ),
    "taken back, then away after all": (
        [
            line(),
            [line(), line(2, "異動の取消し(増)", effective="2024-04-05")],
            [line(), line(2, "異動の取消し(増)", effective="2024-04-05"), line(3, effective="2024-05-31")],
        ],
        [("corrected", None), ("corrected", "provisional")],
        [("provisional", "2024-05-31", None)],
    ),
    "home again": (
        [line(), [line(), line(2, "国外転入等", effective="2024-10-01", notified_on="2024-10-02")]],
        [("corrected", "returned")],
        [("provisional", "2024-03-31", "2024-10-01"), ("returned", "2024-10-01", None)],
    ),
    "home again and away again": (
        [
            line(),
            [line(), line(2, "国外転入等", effective="2024-10-01", notified_on="2024-10-02")],
            [
                line(),
                line(2, "国外転入等", effective="2024-10-01", notified_on="2024-10-02"),
                line(3, effective="2024-12-01", notified_on="2024-11-20"),
            ],
        ],
        [("corrected", "returned"), ("corrected", "provisional")],
        [
            ("provisional", "2024-03-31", "2024-10-01"),
            ("returned", "2024-10-01", "2024-12-01"),
            ("provisional", "2024-12-01", None),
        ],
    ),
    "died abroad": (
        [line(), [line(), line(2, "死亡", effective="2024-08-15", notified_on="2024-08-20")]],
        [("corrected", "deceased")],
        [("provisional", "2024-03-31", "2024-08-15"), ("deceased", "2024-08-15", None)],
    ),
    "the number is entered later": (
        [line(individual_number=None), [line(individual_number=None), line(2, "個人番号の職権記載")]],
        [("corrected", "provisional")],
        [("provisional", "2024-03-31", None)],
    ),
}


@pytest.mark.parametrize(("histories", "states", "lived"), HISTORIES.values(), ids=HISTORIES)
async def test_a_history_sent_again_corrects_takes_back_or_goes_on(registry, database, histories, states, lived):
    papers = [removed_record(*(lines if isinstance(lines, list) else [lines])) for lines in histories]
    said = [await delivered(registry, paper, extract=f"extract-{index}") for index, paper in enumerate(papers)]
    assert said == [[("accepted", "provisional")], *[[one] for one in states]]
    assert [(status, *days) for status, _, *days in await history(registry)] == lived
    assert await rows(database, "SELECT 1 FROM person") == [(1,)]


async def test_a_corrected_history_row_takes_the_place_of_the_first(registry, database):
    await registry.deliver(removed_record(line(individual_number=None)))
    corrected = removed_record(line(name=KICHIRO, individual_number=NUMBER))
    (one,) = outcomes(await registry.deliver(corrected, extract="extract-2"))
    assert (str(one.state), str(one.person.link), one.person.confirmed) == ("corrected", "same-submitter", True)
    ((earlier, first), (later, second)) = await rows(
        database, "SELECT movement_id, replaces FROM movement ORDER BY replaces NULLS FIRST"
    )
    assert (first, second, later.endswith("/0.1")) == (None, earlier, True)
    assert [len(await history(registry, search)) for search in (by_name(KICHIRO), by_number())] == [1, 1]
    assert await history(registry, by_name(HANAKO)) == []


async def test_a_past_name_finds_the_record_too(registry):
    married = removed_record(
        line(
            name=HANAKO | {"surname": "邊見", "surname_kana": "ヘンミ"},
            effective="2010-05-01",
            notified_on="2010-05-01",
            reason="国内転入",
        ),
        line(2),
    )
    assert await delivered(registry, married) == [("accepted", "provisional")]
    assert len(await history(registry, by_name({"surname": "辺見", "given": "花子"}))) == 1


async def test_who_came_home_before_the_registry_heard_of_them_is_recorded_with_the_return(registry):
    home = removed_record(line(), line(2, "国外転入等", effective="2024-10-01", notified_on="2024-10-02"))
    assert await delivered(registry, home) == [("accepted", "returned")]
    assert [status for status, *_ in await history(registry)] == ["provisional", "returned"]


async def test_who_never_left_is_not_recorded(registry, database):
    stayed = removed_record(line(), line(2, "異動の取消し(減)", effective="2024-04-02", notified_on="2024-04-02"))
    assert await delivered(registry, stayed) == [("unchanged", None)]
    assert await rows(database, "SELECT 1 FROM person") == []


# ------------------------------------------------------------------------------------ joining what is known

MARRIED = {"surname": "山田", "given": "花子"}
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
NUMBERED = person(name=MARRIED, honseki=None, individual_number=NUMBER, number_check=CHECKED)
CODED = person(name=MARRIED, honseki=None, resident_record_code=CODE)
JOINS = {
    "by the number": (NUMBERED, removed_record(), ("individual-number", True, "discrepant")),
    "by the resident record code": (
        CODED,
        removed_record(resident_record_code=CODE),
        ("resident-record-code", True, "discrepant"),
    ),
    "by the basic four and honseki": (person(), removed_record(), ("exact-basic-four", False, "agreed")),
    "by the basic four in another spelling": (
        person(name={"surname": "高崎", "given": "花子"}, honseki={"text": "東京都千代田区鍛冶町七丁目2番"}),
        removed_record(),
        ("exact-basic-four", False, "agreed"),
    ),
}


@pytest.mark.parametrize("removed_first", [True, False], ids=["removed record first", "report first"])
@pytest.mark.parametrize(("reported", "paper", "expected"), JOINS.values(), ids=JOINS)
async def test_a_removed_record_and_a_report_of_one_person_become_one_record(
    registry, database, removed_first, reported, paper, expected
):
    if removed_first:
        await registry.deliver(paper)
        (joined,) = receipt(await registry.submit(report(reported))).people
    else:
        await registry.submit(report(reported))
        joined = outcomes(await registry.deliver(paper))[0].person
    ((standing,),) = await rows(database, "SELECT outcome FROM reconciliation")
    assert (str(joined.link), joined.confirmed, standing) == expected
    assert [(status, city) for status, city, *_ in await history(registry, by_name(reported["name"]))] == [
        ("provisional", ""),
        ("resident-abroad", "New York"),
    ]


APART = {
    "another honseki": person(honseki={"text": "那覇市泉崎一丁目1番"}),
    "no honseki": person(honseki=None),
    "another sex": person(sex="male"),
    "another day of birth": person(birth_date="1979-11-24"),
    "another number": person(individual_number=OTHER_NUMBER, number_check=CHECKED),
}


@pytest.mark.parametrize("reported", APART.values(), ids=APART)
async def test_who_is_not_alike_in_everything_is_not_joined(registry, database, reported):
    await registry.submit(report(reported))
    (one,) = outcomes(await registry.deliver(removed_record()))
    assert (str(one.state), str(one.person.link)) == ("accepted", "opened")
    assert await rows(database, "SELECT outcome FROM reconciliation ORDER BY 1") == [
        ("no-removed-record",),
        ("no-report",),
    ]


async def test_removed_records_of_two_municipalities_join_by_the_number(registry, database):
    earlier = removed_record(
        line(effective="2016-05-01", notified_on="2016-04-20", address=NAHA),
        municipality=OTHER_TOWN,
        addressee_number="5",
    )
    await registry.deliver(removed_record())
    (one,) = outcomes(await registry.deliver(earlier, body=OTHER_TOWN))
    assert (str(one.state), str(one.person.link)) == ("accepted", "individual-number")
    shown = await rows(database, "SELECT municipality, lower(certain)::text FROM version ORDER BY lower(certain)")
    assert shown == [(OTHER_TOWN, "2016-05-01"), (TOWN, "2024-03-31")]


async def test_an_addressee_number_means_something_to_its_own_municipality_only(registry):
    await registry.deliver(removed_record())
    other = line(name=KICHIRO, birth_date="1981-02-14", address=NAHA, individual_number=None)
    theirs = removed_record(other, municipality=OTHER_TOWN)
    (one,) = outcomes(await registry.deliver(theirs, body=OTHER_TOWN))
    assert (str(one.state), str(one.person.link)) == ("accepted", "opened")
    asked = {"affair": "former-residents", "basis": "住基法30条の41", "search": by_addressee(ADDRESSEE)}
    people = [decode((await registry.inquire(body, **asked)).body, InquiryAnswer).person for body in (TOWN, OTHER_TOWN)]
    assert None not in people
    assert people[0] != people[1]


async def test_two_records_that_fit_alike_put_a_removed_record_in_review(registry, database):
    for number in (NUMBER, OTHER_NUMBER):
        await registry.submit(report(person(individual_number=number, number_check=CHECKED)))
    (one,) = outcomes(await registry.deliver(removed_record(individual_number=None)))
    assert (str(one.state), str(one.person.link), one.person.confirmed) == ("in-review", "opened", False)
    assert await rows(database, "SELECT kind, cardinality(rivals) FROM review_case") == [("rivals", 2)]
