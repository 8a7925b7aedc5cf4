"""Records to which others have a claim, and what people have to decide about them: opened in time, closed in time."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import InquiryAnswer, InquiryOutcome
from tests.acceptance.papers import (
    KICHIRO,
    NEW_YORK,
    annulment,
    by_name,
    change,
    coming_home,
    kichiro,
    person,
    removed_record,
    report,
)
from tests.acceptance.seen import faults, outcomes, receipt, rows, state_of, versions
from tests.house import PENSION
from tests.planted import NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

BOSTON = "JP-CG-BOSTON"
KICHIROS = {"name": KICHIRO, "birth_date": "1981-02-14", "sex": "male", "addressee_number": "7777000012"}
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
ALBANY = NEW_YORK | {"city": "Albany"}


def with_number(one, number=NUMBER):
    return one | {"individual_number": number, "number_check": CHECKED}


async def open_cases(database):
    found = await rows(database, "SELECT kind, field FROM review_case WHERE closed_at IS NULL ORDER BY 1, 2")
    return [f"{kind} {field}".strip() for kind, field in found]


async def standings(database):
    return sorted(outcome for (outcome,) in await rows(database, "SELECT outcome FROM reconciliation"))


async def number_of_kichiro(registry):
    search = by_name(KICHIRO, "1981-02-14")
    answer = await registry.inquire(PENSION, search=search, fields=["name", "individual_number"])
    found = decode(answer.body, InquiryAnswer)
    assert found.outcome is InquiryOutcome.FOUND
    return [version.items.individual_number for version in found.versions]


async def test_a_correction_that_brings_the_number_of_somebody_else_waits_for_people(registry, database):
    await registry.deliver(removed_record())
    await registry.submit(report(kichiro()), key="report-1")
    corrected = receipt(await registry.submit(report(with_number(kichiro()), replaces="report-1")))
    assert (str(corrected.state), corrected.people[0].confirmed) == ("in-review", False)
    assert await number_of_kichiro(registry) == [None]
    assert await open_cases(database) == ["number-held-by-another individual-number", "rivals"]


async def test_a_removed_record_corrected_to_the_number_of_somebody_else_waits_until_it_is_mended(registry, database):
    await registry.deliver(removed_record())
    await registry.deliver(removed_record(**KICHIROS, individual_number=OTHER_NUMBER), extract="extract-2")
    (wrong,) = outcomes(await registry.deliver(removed_record(**KICHIROS), extract="extract-3"))
    assert (str(wrong.state), await number_of_kichiro(registry)) == ("in-review", [None])
    assert "under-review" in await standings(database)
    (mended,) = outcomes(
        await registry.deliver(removed_record(**KICHIROS, individual_number=OTHER_NUMBER), extract="extract-4")
    )
    assert str(mended.state) == "corrected"
    assert await open_cases(database) == []
    assert await standings(database) == ["no-report", "no-report"]


async def test_nobody_becomes_somebody_else_in_two_steps(registry):
    await registry.submit(report(with_number(person())), key="report-1")
    renamed = with_number(person(name=KICHIRO))
    receipt(await registry.submit(report(renamed, replaces="report-1"), key="report-2"))
    answer = await registry.submit(report(renamed | {"birth_date": "1981-02-14"}, replaces="report-2"))
    assert faults(answer) == {("/people/0", "not-allowed-here")}


async def test_a_case_lasts_as_long_as_its_contradiction(registry, database):
    await registry.submit(report())
    await registry.submit(change(address_abroad=ALBANY))
    await registry.submit(coming_home(effective="2024-05-01"), key="home-1-1")
    await registry.submit(coming_home(effective="2024-05-02", replaces="home-1-1"), key="home-1-2")
    assert await open_cases(database) == ["not-allowed-in-status"]
    await registry.submit(coming_home(effective="2024-09-02", replaces="home-1-2"))
    assert await open_cases(database) == []


async def test_one_claim_is_one_case_however_often_the_record_changes(registry, database):
    await registry.deliver(removed_record())
    await registry.submit(report(with_number(kichiro())))
    for month in (6, 7, 8):
        contact = {"email": f"k{month}@mail.example"}
        receipt(
            await registry.submit(
                change(kichiro(), effective=f"2024-0{month}-01", notified_on="2024-09-05", contact=contact)
            )
        )
    assert await open_cases(database) == ["number-held-by-another individual-number", "rivals"]


async def test_what_was_left_open_is_open_again_when_its_annulment_is_taken_back(registry, database):
    await registry.deliver(removed_record())
    await registry.submit(report())
    by_boston = change(mission=BOSTON, contact={"email": "h@mail.example"})
    first = receipt(await registry.submit(by_boston, body=BOSTON, key="boston-1")).submission_id
    seen = []
    for number in (1, 2):
        taken_back = annulment(f"boston-{number}", mission=BOSTON, address_abroad=None)
        receipt(await registry.submit(taken_back, body=BOSTON, key=f"boston-{number + 1}"))
        state = await state_of(registry, first, BOSTON)
        seen.append((state, await open_cases(database), await standings(database)))
    assert seen == [("annulled", [], ["agreed"]), ("in-review", ["competence-uncertain"], ["under-review"])]


async def test_annulments_of_annulments_take_turns(registry, database):
    first = receipt(await registry.submit(report(), key="report-1")).submission_id
    seen = []
    for number in range(1, 5):
        receipt(await registry.submit(annulment(f"report-{number}"), key=f"report-{number + 1}"))
        seen.append((await state_of(registry, first), len(await versions(database))))
    assert seen == [("annulled", 0), ("accepted", 1)] * 2


async def test_a_report_that_holds_again_beside_its_successor_waits_for_people(registry, database):
    await registry.submit(report(), key="report-1")
    await registry.submit(annulment("report-1"), key="report-2")
    await registry.submit(report(address_abroad=ALBANY), key="report-3")
    revived = receipt(await registry.submit(annulment("report-2"), key="report-4"))
    assert str(revived.state) == "in-review"
    assert await open_cases(database) == ["rivals"]


async def test_what_is_mended_waits_no_longer(registry, database):
    vague = {"country": "US", "city": "New York"}
    first = receipt(await registry.submit(report(address_abroad=vague), key="report-1"))
    assert str(first.state) == "in-review"
    receipt(await registry.submit(report(replaces="report-1")))
    assert await state_of(registry, first.submission_id) == "accepted-with-warnings"
    assert await open_cases(database) == []
    assert await standings(database) == ["no-removed-record"]
