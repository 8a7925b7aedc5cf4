"""First light: a report from a mission and a 除票 from a municipality become one record, and an inquiry is answered."""

import pytest

from registry.contract.decoding import decode
from registry.contract.messages import DeliveryAnswer, InquiryAnswer, InquiryOutcome, Receipt, SubmissionState
from registry.contract.problems import Problem
from registry.domain.reconciliation import LinkMethod
from registry.domain.resident import Status
from tests.house import MISSION, PENSION, house

pytestmark = pytest.mark.anyio

NUMBER = "123456789018"
NAME = {"surname": "髙﨑", "given": "花子", "surname_kana": "タカサキ", "given_kana": "ハナコ"}


def a_removed_record(**line):
    defaults = {
        "history_number": 1,
        "reason": "国外転出",
        "effective": "2024-03-31",
        "notified_on": "2024-03-20",
        "name": NAME,
        "birth_date": "昭和60年3月7日",
        "sex": "female",
        "address": {"municipality": "131016", "text": "千代田一丁目"},
        "honseki": {"text": "東京都千代田区千代田1番"},
        "individual_number": NUMBER,
        "destination": "アメリカ合衆国",
    }
    return {"municipality": "131016", "addressee_number": "12345", "lines": [defaults | line]}


def a_report(*people, **fields):
    person = {
        "name": NAME,
        "birth_date": "1985-03-07",
        "sex": "female",
        "honseki": {"text": "東京都千代田区千代田１番"},
    }
    defaults = {
        "kind": "residence",
        "mission": MISSION,
        "effective": "2024-04-01",
        "notified_on": "2024-04-10",
        "people": people or [person],
        "address_abroad": {
            "country": "US",
            "subdivision": "New York",
            "city": "New York",
            "lines": ["1 Example Avenue"],
        },
    }
    return defaults | fields


@pytest.fixture
async def registry(database, tmp_path):
    async with house(database, tmp_path) as opened:
        yield opened


async def test_a_removed_record_opens_a_provisional_record(registry):
    answer = await registry.deliver(a_removed_record())
    assert answer.status == 200
    outcome = decode(answer.body, DeliveryAnswer).records[0]
    assert (outcome.state, outcome.person.link, outcome.person.status) == (
        "accepted",
        LinkMethod.OPENED,
        Status.PROVISIONAL,
    )


async def test_a_report_joins_it_and_an_inquiry_by_number_is_answered(registry):
    await registry.deliver(a_removed_record())
    answer = await registry.submit(a_report())
    assert answer.status == 201, answer.body
    receipt = decode(answer.body, Receipt)
    assert receipt.state is SubmissionState.ACCEPTED_WITH_WARNINGS or receipt.state is SubmissionState.ACCEPTED
    assert receipt.people[0].link is LinkMethod.EXACT_BASIC_FOUR
    found = await registry.inquire(PENSION, search={"by": "individual-number", "individual_number": NUMBER})
    inquiry = decode(found.body, InquiryAnswer)
    assert inquiry.outcome is InquiryOutcome.FOUND
    assert inquiry.versions[0].items.address_abroad.city == "New York"
    assert inquiry.versions[0].flags.unconfirmed


async def test_an_inquiry_without_a_legal_basis_is_refused(registry):
    answer = await registry.inquire(
        PENSION, basis="none", search={"by": "individual-number", "individual_number": NUMBER}
    )
    assert answer.status == 403
    assert [fault.pointer for fault in decode(answer.body, Problem).faults] == ["/basis"]
