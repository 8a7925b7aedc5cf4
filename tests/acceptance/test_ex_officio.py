"""職権: what the registry's own office corrects, resolves between two records, and takes back."""

import pytest

from registry.domain.date_reading import read
from registry.domain.errors import InvalidInput, NotFound
from registry.domain.ex_officio import Decision
from registry.domain.movement import MovementKind, Statement
from registry.domain.numbers import IndividualNumber
from registry.services import ex_officio
from tests.acceptance.asking import CHECKED, told, with_number
from tests.acceptance.papers import (
    HANAKO,
    by_addressee,
    by_name,
    by_number,
    change,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import history, outcomes, person_ids, receipt, rows, statuses
from tests.house import PENSION, TOWN
from tests.logged import log
from tests.planted import NUMBER

pytestmark = pytest.mark.anyio

K = MovementKind
WHY = {"reason": "戸籍謄本により確認", "decided_by": "office-3"}
MARRIED = {"surname": "山田", "given": "花子", "surname_kana": "ヤマダ", "given_kana": "ハナコ"}


def decision(kind, effective="2024-08-15", **fields):
    return Decision(kind=kind, effective=read(effective), **(WHY | fields))


async def enter(registry, person_id, made):
    submission_id = await ex_officio.record(registry.ex_officio, person_id, made)
    await registry.stamp()
    return submission_id


# ------------------------------------------------------------------------------------------------- one record

ENTRIES = {
    "職権修正": (
        decision(K.CORRECTED_EX_OFFICIO, statement=Statement(birth_date=read("1979-11-24"))),
        "resident-abroad",
    ),
    "職権消除": (decision(K.REMOVED_EX_OFFICIO), "removed"),
    "死亡": (decision(K.DIED), "deceased"),
    "帰国": (decision(K.RETURNED), "returned"),
    "国籍喪失": (decision(K.NATIONALITY_LOST), "nationality-lost"),
}


@pytest.mark.parametrize(("made", "status"), ENTRIES.values(), ids=ENTRIES)
async def test_the_office_enters_a_fact_with_reason_and_name_and_may_take_it_back(registry, database, made, status):
    receipt(await registry.submit(report()))
    before = await history(registry)
    (person_id,) = await person_ids(database)
    entry = await enter(registry, person_id, made)
    assert await rows(database, "SELECT status FROM version WHERE upper_inf(possible)") == [(status,)]
    assert await log(registry, "handled_by", "basis", operation="ex-officio") == [("office-3", "住基法8条")]
    await ex_officio.take_back(registry.ex_officio, entry, **WHY)
    await registry.stamp()
    assert await history(registry) == before
    assert await rows(database, "SELECT state FROM submission WHERE submission_id = $1", entry) == [("annulled",)]


async def test_who_was_removed_ex_officio_can_die_and_leave_anew(registry, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    await enter(registry, person_id, decision(K.REMOVED_EX_OFFICIO))
    assert await statuses(registry) == ["resident-abroad", "removed"]
    death = report(
        kind="death", effective="2024-10-01", notified_on="2024-10-05", reported_by="spouse", address_abroad=None
    )
    receipt(await registry.submit(death))
    assert await statuses(registry) == ["resident-abroad", "removed", "deceased"]


WRONG = {
    "a number by the office's own word": (
        {
            "kind": K.CORRECTED_EX_OFFICIO,
            "statement": Statement(mission="x", individual_number=IndividualNumber.parse(NUMBER)),
        },
        {("/statement/individual_number", "not-allowed-here")},
    ),
    "a report of a residence": ({"kind": K.RESIDENCE_REPORTED}, {("/kind", "not-allowed-here")}),
    "no reason": ({"kind": K.DIED, "reason": "　"}, {("/reason", "missing")}),
    "a correction of nothing": ({"kind": K.CORRECTED_EX_OFFICIO}, {("/statement", "missing")}),
    "a death with a name": (
        {"kind": K.DIED, "statement": Statement(mission="x")},
        {("/statement/mission", "not-allowed-here")},
    ),
}


@pytest.mark.parametrize(("fields", "expected"), WRONG.values(), ids=WRONG)
async def test_what_may_not_be_entered_ex_officio_is_refused(registry, database, fields, expected):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    with pytest.raises(InvalidInput) as refused:
        await ex_officio.record(registry.ex_officio, person_id, decision(**fields))
    assert {(fault.pointer, str(fault.code)) for fault in refused.value.faults} == expected


async def test_there_is_nothing_to_enter_where_there_is_no_record(registry):
    for nobody in ("7", registry.resources.new_id()):
        with pytest.raises(NotFound):
            await ex_officio.record(registry.ex_officio, nobody, decision(K.DIED))
        with pytest.raises(NotFound):
            await ex_officio.take_back(registry.ex_officio, nobody, **WHY)


# ------------------------------------------------------------------------------------------------ two records


async def two_records(registry, database):
    """One person twice: by a 除票 with the number, and by the 在留届 of a married name that nothing joins to it."""
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report(person(name=MARRIED, honseki=None))))
    return await person_ids(database)


async def test_whatever_finds_a_record_that_fell_away_finds_the_one_that_stays(registry, database):
    falls_away, stays = await two_records(registry, database)
    before = registry.clock.now
    await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    await registry.stamp()
    assert {status for status, *_ in await history(registry, by_name(MARRIED))} == {"resident-abroad"}
    people = {str(answer.person) for answer in [await told(registry, PENSION, search=search) for search in FINDERS]}
    assert len(people) == 1
    number = await told(registry, PENSION, search=by_number())
    assert [one.items.individual_number.reveal() for one in number.versions] == [NUMBER]
    town = await told(registry, TOWN, search=by_addressee())
    assert [(str(one.items.status), one.items.address_abroad.city) for one in town.versions] == [
        ("resident-abroad", "New York")
    ]
    then = await told(registry, PENSION, search=by_number(), known_at=before)
    assert [str(one.items.status) for one in then.versions] == ["provisional"]


FINDERS = (by_number(), by_name(HANAKO), by_name(MARRIED))


async def test_new_papers_join_the_record_that_stays(registry, database):
    falls_away, stays = await two_records(registry, database)
    await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    paper = change(with_number(), contact={"telephone": "1"}, effective="2024-12-01", notified_on="2024-12-02")
    given = receipt(await registry.submit(paper))
    assert [str(one.status) for one in given.people] == ["resident-abroad"]
    linked = await rows(database, "SELECT person_id::text FROM link WHERE submission_id = $1", given.submission_id)
    assert linked == [(stays,)]
    assert await person_ids(database) == [falls_away, stays]


async def test_a_double_registration_that_was_none_is_taken_back_whole(registry, database):
    falls_away, stays = await two_records(registry, database)
    before = await registry_as_told(registry)
    resolved = await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    await registry.stamp()
    assert await registry_as_told(registry) != before
    await ex_officio.take_back(registry.ex_officio, resolved, **WHY)
    await registry.stamp()
    assert await registry_as_told(registry) == before


async def registry_as_told(registry):
    return [await history(registry, search) for search in (by_number(), by_name(HANAKO), by_name(MARRIED))]


async def test_the_question_whether_two_are_one_is_closed_with_the_answer_and_open_again_without(registry, database):
    for one in (with_number(), kichiro(individual_number=NUMBER, number_check=CHECKED)):
        receipt(await registry.submit(report(one)))
    stays, claims = await person_ids(database)
    assert await open_rivals(database) == [(claims, [stays])]
    resolved = await ex_officio.resolve_double(registry.ex_officio, claims, stays, **WHY)
    assert await open_rivals(database) == []
    await ex_officio.take_back(registry.ex_officio, resolved, **WHY)
    assert await open_rivals(database) == [(claims, [stays])]


async def open_rivals(database):
    query = "SELECT person_id, rivals FROM review_case WHERE kind = 'rivals' AND closed_at IS NULL"
    return [(str(one), [str(rival) for rival in rivals]) for one, rivals in await rows(database, query)]


async def test_a_record_that_fell_away_is_counted_in_no_reconciliation(registry, database):
    falls_away, stays = await two_records(registry, database)
    await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    assert await rows(database, "SELECT person_id::text FROM reconciliation") == [(stays,)]


async def test_two_numbers_are_two_people_and_nothing_falls_away_twice(registry, database):
    falls_away, stays = await two_records(registry, database)
    other = with_number(name=kichiro()["name"], birth_date="1981-02-14", individual_number="621498320257")
    receipt(await registry.submit(report(other)))
    somebody_else = (await person_ids(database))[-1]
    assert await refused(registry, falls_away, somebody_else) == {("/falls_away", "not-allowed-here")}
    assert await refused(registry, stays, stays) == {("/falls_away", "duplicate")}
    await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    assert await refused(registry, falls_away, stays) == {("/falls_away", "not-allowed-here")}
    assert await refused(registry, stays, falls_away) == {("/stays", "not-allowed-here")}


async def refused(registry, falls_away, stays):
    with pytest.raises(InvalidInput) as refusal:
        await ex_officio.resolve_double(registry.ex_officio, falls_away, stays, **WHY)
    return {(fault.pointer, str(fault.code)) for fault in refusal.value.faults}
