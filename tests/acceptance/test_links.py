"""What joins a submission to a record, seen from outside: who is taken for whom, and what may leave on it."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import (
    DeliveryAnswer,
    InquiryAnswer,
    InquiryOutcome,
    Receipt,
    RecordState,
    SubmissionState,
)
from registry.domain.reconciliation import LinkMethod
from tests.acceptance.papers import (
    KICHIRO,
    by_name,
    by_number,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import rows
from tests.house import PENSION, TOWN
from tests.planted import NUMBER

pytestmark = pytest.mark.anyio

CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}


def with_number(one):
    return one | {"individual_number": NUMBER, "number_check": CHECKED}


async def receipt_of(registry, *people, **fields):
    return decode((await registry.submit(report(*people, **fields))).body, Receipt)


async def record_of(registry, paper):
    (outcome,) = decode((await registry.deliver(paper)).body, DeliveryAnswer).records
    return outcome


async def number_versions(registry, search):
    answer = await registry.inquire(PENSION, search=search, fields=["name", "individual_number"])
    return answer, decode(answer.body, InquiryAnswer)


async def test_a_correction_of_a_report_joined_by_basic_four_is_as_unconfirmed_as_that(registry):
    await registry.deliver(removed_record())
    first = await receipt_of(registry)
    corrected = await receipt_of(registry, effective="2024-04-02", replaces=first.submission_id)
    said = [(one.people[0].link, one.people[0].confirmed) for one in (first, corrected)]
    assert said == [(LinkMethod.EXACT_BASIC_FOUR, False), (LinkMethod.SAME_SUBMITTER, False)]


async def test_a_correction_of_a_report_that_opened_the_record_is_confirmed(registry):
    first = await receipt_of(registry)
    corrected = await receipt_of(registry, effective="2024-04-02", replaces=first.submission_id)
    assert [one.people[0].confirmed for one in (first, corrected)] == [True, True]


async def test_a_number_that_is_somebody_elses_joins_nobody_and_waits_for_people_to_decide(registry):
    opened = await record_of(registry, removed_record())
    mistyped = await receipt_of(registry, with_number(kichiro()))
    assert mistyped.state is SubmissionState.IN_REVIEW
    assert (mistyped.people[0].link, mistyped.people[0].confirmed) == (LinkMethod.OPENED, False)
    assert mistyped.people[0].person != opened.person.person


async def test_no_number_leaves_on_a_record_that_claims_the_number_of_somebody_else(registry):
    await registry.deliver(removed_record())
    await registry.submit(report(with_number(kichiro())))
    answer, found = await number_versions(registry, by_name(KICHIRO, "1981-02-14"))
    assert found.outcome is InquiryOutcome.FOUND
    assert NUMBER.encode() not in answer.body
    _, asked_by_number = await number_versions(registry, by_number())
    assert asked_by_number.outcome is InquiryOutcome.AMBIGUOUS


async def test_a_municipality_may_not_give_one_addressee_number_to_somebody_else(registry):
    await registry.deliver(removed_record())
    other = removed_record(name=KICHIRO, birth_date="1981-02-14", sex="male", individual_number=None)
    outcome = await record_of(registry, other)
    assert outcome.state is RecordState.REFUSED
    assert [(fault.pointer, str(fault.code)) for fault in outcome.faults] == [("/addressee_number", "not-allowed-here")]


async def test_a_municipality_may_correct_a_name_or_a_date_of_birth_under_its_addressee_number(registry):
    await registry.deliver(removed_record())
    outcome = await record_of(registry, removed_record(birth_date="1979-11-24"))
    assert (outcome.state, outcome.person.link) == (RecordState.CORRECTED, LinkMethod.SAME_SUBMITTER)


async def test_namesakes_born_on_one_day_are_two_people_where_the_honseki_differs(registry):
    one = await record_of(registry, removed_record())
    other = await receipt_of(registry, person(honseki={"text": "那覇市泉崎一丁目1番"}))
    assert other.people[0].link is LinkMethod.OPENED
    assert one.person is not None
    _, found = await number_versions(registry, by_name())
    assert found.outcome is InquiryOutcome.AMBIGUOUS
    assert found.versions == ()


async def test_a_town_learns_of_a_person_by_its_own_pseudonym_and_no_other(registry):
    town = await record_of(registry, removed_record())
    mission = await receipt_of(registry)
    answer = await registry.inquire(TOWN, affair="former-residents", basis="住基法30条の41", search=by_name())
    assert decode(answer.body, InquiryAnswer).person == town.person.person
    assert town.person.person != mission.people[0].person


async def test_nobody_is_taken_for_a_person_whose_record_was_shredded(registry, database):
    await receipt_of(registry, person())
    await rows(database, "DELETE FROM data_key WHERE owner IN (SELECT person_id FROM person)")
    (again,) = (await receipt_of(registry, person())).people
    assert again.link is LinkMethod.OPENED
