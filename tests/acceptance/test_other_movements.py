"""Births, deaths, nationality, names and returns: from where each comes to what a pension office is told."""

import pytest

from registry.services import presumed_departures
from tests.acceptance.asking import CHECKED, told, with_number
from tests.acceptance.jlis import book, changes
from tests.acceptance.papers import (
    EVENT_DAYS,
    HANAKO,
    KICHIRO,
    NEW_YORK,
    annulment,
    by_name,
    by_number,
    change,
    coming_home,
    event,
    kichiro,
    line,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import (
    cases,
    events_told,
    faults,
    history,
    outcomes,
    person_ids,
    receipt,
    rows,
    statuses,
)
from tests.house import MISSION, PENSION, TOWN
from tests.planted import CODE, NUMBER

pytestmark = pytest.mark.anyio

ABROAD = ("resident-abroad", "New York", "2024-04-01", "2024-08-15")


RETAINED = {"declared_on": "2024-06-20"}


def child(**fields):
    """Born on 2024-05-20, so that the nationality is retained by 2024-08-19."""
    return {"name": KICHIRO, "birth_date": "2024-05-20", "born_abroad": True} | fields


# ------------------------------------------------------------------------------------------------------ births

BIRTHS = {
    "retained in time": ({"retention": RETAINED}, "accepted"),
    "no other nationality by birth": ({"retention": {"is_needed": False}}, "accepted"),
    "nothing said of 国籍留保": ({}, "accepted-with-warnings"),
    "retained late after a 天災": (
        {"retention": {"declared_on": "2024-08-20", "possible_from": "2024-08-10"}},
        "accepted",
    ),
}


@pytest.mark.parametrize(("said", "state"), BIRTHS.values(), ids=BIRTHS)
async def test_a_child_born_abroad_is_in_the_register_with_its_household(registry, said, state):
    receipt(await registry.submit(report()))
    days = {"effective": "2024-05-25", "notified_on": "2024-08-20"}
    paper = change(person(), child(**said), address_abroad=NEW_YORK, **days)
    assert str(receipt(await registry.submit(paper)).state) == state
    lived = await history(registry, by_name(KICHIRO, "2024-05-20"))
    assert lived == [("resident-abroad", "New York", "2024-05-25", None)]


async def test_a_child_whose_nationality_was_retained_too_late_is_not_collected(registry, database):
    late = child(retention={"declared_on": "2024-08-20"})
    answer = await registry.submit(report(person(), late, notified_on="2024-09-10"))
    assert (answer.status, faults(answer)) == (422, {("/people/1/retention/declared_on", "retention-too-late")})
    assert await person_ids(database) == []


# ---------------------------------------------------------------------------------------------- ends of a life abroad

ENDS = {
    "死亡届": (event("death"), "died", "deceased"),
    "国籍喪失届": (event("nationality-lost"), "nationality-lost", "nationality-lost"),
    "帰国届": (coming_home(**EVENT_DAYS), "returned", "returned"),
}


@pytest.mark.parametrize(("paper", "kind", "status"), ENDS.values(), ids=ENDS)
async def test_an_end_reported_to_the_mission_is_told_to_both_sides_and_to_who_asks(
    registry, database, paper, kind, status
):
    await registry.deliver(removed_record())
    receipt(await registry.submit(report(with_number())))
    given = receipt(await registry.submit(paper))
    assert [(str(one.status), one.confirmed) for one in given.people] == [(status, False)]
    assert await history(registry) == [
        ("provisional", "", "2024-03-31", "2024-04-01"),
        ABROAD,
        (status, "New York", "2024-08-15", None),
    ]
    assert await events_told(database, kind) == [[TOWN, MISSION]]
    assert await cases(database) == []


@pytest.mark.parametrize(("paper", "status"), [(paper, status) for paper, _, status in ENDS.values()], ids=ENDS)
async def test_an_end_is_corrected_and_taken_back_like_any_report(registry, paper, status):
    receipt(await registry.submit(report()))
    first = receipt(await registry.submit(paper))
    corrected = paper | {"effective": "2024-08-20", "replaces": first.submission_id}
    second = receipt(await registry.submit(corrected))
    assert (await history(registry))[-1] == (status, "New York", "2024-08-20", None)
    receipt(await registry.submit(annulment(second.submission_id, effective="2024-08-20", notified_on="2024-09-02")))
    receipt(await registry.submit(annulment(first.submission_id, effective="2024-08-15", notified_on="2024-09-02")))
    assert await history(registry) == [("resident-abroad", "New York", "2024-04-01", None)]


async def test_a_death_reported_by_mistake_becomes_a_return_by_correction(registry):
    receipt(await registry.submit(report()))
    first = receipt(await registry.submit(event("death")))
    receipt(await registry.submit(coming_home(replaces=first.submission_id)))
    assert await statuses(registry) == ["resident-abroad", "returned"]


async def test_all_that_is_wrong_with_a_death_is_said_at_once(registry):
    wrong = event(
        "death", contact={"telephone": "1"}, address_abroad=NEW_YORK, reported_by="self", effective="2024-09-02"
    )
    assert faults(await registry.submit(wrong)) == {
        ("/effective", "date-after-notification"),
        ("/address_abroad", "not-allowed-here"),
        ("/contact", "not-allowed-here"),
        ("/reported_by", "reporter-not-entitled"),
    }


async def test_a_day_of_death_that_nobody_knows_stays_open(registry):
    receipt(await registry.submit(report()))
    receipt(await registry.submit(event("death", effective="令和6年8月日不詳", reported_by="public-office")))
    answer = await told(registry, PENSION, search=by_name(), valid_on="2024-08-15")
    holds = [(str(one.items.status), str(one.holds)) for one in answer.versions]
    assert holds == [("resident-abroad", "possibly"), ("deceased", "possibly")]


async def test_a_household_dies_in_one_report(registry):
    receipt(await registry.submit(report(person(), kichiro())))
    given = receipt(await registry.submit(event("death", person(), kichiro(), reported_by="public-office")))
    assert [str(one.status) for one in given.people] == ["deceased", "deceased"]


async def test_the_number_of_the_dead_finds_them_and_nobody_else_gets_it(registry, database):
    receipt(await registry.submit(report(with_number())))
    receipt(await registry.submit(event("death")))
    given = receipt(await registry.submit(report(kichiro(individual_number=NUMBER, number_check=CHECKED))))
    assert (str(given.state), [one.confirmed for one in given.people]) == ("in-review", [False])
    assert (await statuses(registry))[-1] == "deceased"
    assert (await told(registry, PENSION, search=by_number())).outcome == "ambiguous"
    assert {kind for kind, _ in await cases(database)} == {"rivals", "number-held-by-another"}


async def test_a_report_of_the_dead_is_kept_and_asks_for_people(registry, database):
    receipt(await registry.submit(report(with_number())))
    receipt(await registry.submit(event("death")))
    receipt(
        await registry.submit(
            change(with_number(), address_abroad=NEW_YORK, effective="2024-10-01", notified_on="2024-10-02")
        )
    )
    assert (await statuses(registry))[-1] == "deceased"
    assert await cases(database) == [("not-allowed-in-status", "")]


# ---------------------------------------------------------------------------------- what two sources say of an end

TWO_SIDES = {
    "both know the day": ("2024-08-15", "死亡", []),
    "the mission knows it about": ("2024年8月頃", "死亡", []),
    "two days of death": ("2024-08-10", "死亡", [("days-differ", "")]),
    "the town hall says that the dead came home later": (
        "2024-08-10",
        "国外転入等",
        [("not-allowed-in-status", "")],
    ),
}


@pytest.mark.parametrize(("day", "reason", "open_cases"), TWO_SIDES.values(), ids=TWO_SIDES)
async def test_sources_that_contradict_each_other_ask_for_people(registry, database, day, reason, open_cases):
    await registry.deliver(removed_record())
    receipt(await registry.submit(report(with_number())))
    receipt(await registry.submit(event("death", with_number(), effective=day)))
    again = removed_record(line(), line(2, reason, effective="2024-08-15", notified_on="2024-08-20"))
    outcomes(await registry.deliver(again, extract="extract-2"))
    assert (await statuses(registry))[-1] == "deceased"
    assert await cases(database) == open_cases


async def test_who_has_died_is_looked_for_in_no_other_source(registry, database):
    receipt(await registry.submit(report(effective="2010-04-01", notified_on="2010-04-05")))
    assert await rows(database, "SELECT outcome, holding FROM reconciliation") == [
        ("no-removed-record", "not-held-expired")
    ]
    receipt(await registry.submit(event("death")))
    assert await rows(database, "SELECT outcome FROM reconciliation") == []


async def test_who_came_home_and_left_again_does_not_live_where_they_lived_before(registry):
    home = line(2, "国外転入等", effective="2024-08-15", notified_on="2024-08-20")
    receipt(await registry.submit(report(with_number(), contact={"telephone": "+1 212 555-0173"})))
    outcomes(await registry.deliver(removed_record()))
    outcomes(await registry.deliver(removed_record(line(), home), extract="extract-2"))
    again = removed_record(line(), home, line(3, effective="2024-12-01", notified_on="2024-11-20"))
    outcomes(await registry.deliver(again, extract="extract-3"))
    assert (await history(registry))[-2:] == [
        ("returned", "New York", "2024-08-15", "2024-12-01"),
        ("provisional", "", "2024-12-01", None),
    ]


# ------------------------------------------------------------------------------------------------ nationality


async def test_who_regains_the_nationality_is_a_resident_again(registry, database):
    receipt(await registry.submit(report()))
    receipt(await registry.submit(event("nationality-lost")))
    again = {"reported_by": "self", "address_abroad": NEW_YORK | {"city": "Albany"}}
    days = {"effective": "2024-11-01", "notified_on": "2024-11-05"}
    receipt(await registry.submit(event("nationality-regained", **days, **again)))
    assert await history(registry) == [
        ABROAD,
        ("nationality-lost", "New York", "2024-08-15", "2024-11-01"),
        ("resident-abroad", "Albany", "2024-11-01", None),
    ]
    assert await cases(database) == []


async def test_a_zairyu_of_who_is_no_japanese_any_more_asks_for_people(registry, database):
    receipt(await registry.submit(report()))
    receipt(await registry.submit(event("nationality-lost")))
    receipt(await registry.submit(report(effective="2024-11-01", notified_on="2024-11-05")))
    assert await statuses(registry) == ["resident-abroad", "nationality-lost"]
    assert await cases(database) == [("not-allowed-in-status", "")]


# ------------------------------------------------------------------------------------------------------ names

MARRIED = {"surname": "山田", "given": "花子", "surname_kana": "ヤマダ", "given_kana": "ハナコ"}


async def test_one_report_tells_of_a_marriage_a_birth_and_that_the_others_live_there(registry):
    receipt(await registry.submit(report(person(), kichiro())))
    baby = {"name": HANAKO | {"given": "咲", "given_kana": "サキ"}, "birth_date": "2024-06-01", "born_abroad": True}
    bride = person(new_name=MARRIED, name_change="marriage")
    paper = change(bride, kichiro(), baby | {"retention": RETAINED}, notified_on="2024-08-01")
    given = receipt(await registry.submit(paper))
    assert [str(one.status) for one in given.people] == ["resident-abroad"] * 3
    for name in (HANAKO, MARRIED):
        answer = await told(registry, PENSION, search=by_name(name))
        assert [one.items.name.surname for one in answer.versions] == ["山田"]


async def test_a_former_surname_is_entered_and_deleted(registry):
    receipt(await registry.submit(report()))
    for former in ("岡", ""):
        named = person(new_name=HANAKO | {"former_surname": former}, name_change="former-surname")
        receipt(
            await registry.submit(
                change(named, effective="2024-06-01" if former else "2024-07-01") | {"notified_on": "2024-08-01"}
            )
        )
        answer = await told(registry, PENSION, search=by_name())
        assert [one.items.name.former_surname for one in answer.versions] == [former]


async def test_a_marriage_does_not_change_the_given_name(registry):
    bride = person(new_name=MARRIED | {"given": "華子"}, name_change="marriage")
    answer = await registry.submit(change(bride))
    assert faults(answer) == {("/people/0/new_name/given", "not-allowed-here")}


# --------------------------------------------------------------------------------------------- what J-LIS tells

FACTS = {
    "死亡": ({"event": "died", "effective": "2024-08-15"}, ["resident-abroad", "deceased"]),
    "死亡, day unknown": ({"event": "died", "effective": "2024年8月日不詳"}, ["resident-abroad", "deceased"]),
    "転入": ({"event": "moved-in", "effective": "2024-08-15"}, ["resident-abroad", "returned"]),
    "国籍喪失": (
        {"event": "nationality-lost", "effective": "2024-08-15"},
        ["resident-abroad", "nationality-lost"],
    ),
}


def fact(**fields):
    return {"sequence": 1, "notified_on": "2024-09-01", "resident_record_code": CODE} | fields


@pytest.mark.parametrize(("said", "expected"), FACTS.values(), ids=FACTS)
async def test_a_change_in_the_supplementary_record_ends_a_life_abroad_too(registry, said, expected):
    receipt(await registry.submit(report(person(resident_record_code=CODE))))
    assert await changes(registry, book(change_facts=[fact(fact="life-changed", **said)])) == {"recorded": 1}
    assert await statuses(registry) == expected


async def test_a_name_changed_in_the_family_register_finds_the_person_and_lifts_no_presumption(registry):
    receipt(await registry.submit(report(person(resident_record_code=CODE), planned_end="2024-09-30")))
    registry.clock.advance(days=365)
    assert len([one async for one in presumed_departures.run(registry.ex_officio)]) == 1
    renamed = fact(fact="name-changed", effective="2025-11-01", notified_on="2025-11-05", name=MARRIED)
    assert await changes(registry, book(change_facts=[renamed])) == {"recorded": 1}
    answer = await told(registry, PENSION, search=by_name(MARRIED), fields=["status", "name"])
    assert [(str(one.items.status), one.items.name.surname) for one in answer.versions] == [
        ("presumed-departed", "山田")
    ]
