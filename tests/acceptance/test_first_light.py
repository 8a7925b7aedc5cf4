"""First light: a report from a mission and a 除票 from a municipality become one record, and an inquiry is answered."""

from datetime import timedelta

import pytest

from registry.contract.decoding import decode, encode
from registry.contract.messages import DeliveryAnswer, InquiryAnswer, InquiryOutcome, Receipt, SubmissionState
from registry.contract.problems import Problem
from registry.domain.reconciliation import LinkMethod
from registry.domain.resident import Status
from tests.house import MISSION, PENSION, house
from tests.logged import log

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


async def test_a_number_never_leaves_on_an_unconfirmed_link(registry):
    await registry.deliver(a_removed_record())
    await registry.submit(a_report())
    searches = (
        {"by": "individual-number", "individual_number": NUMBER},
        {"by": "name-and-birth-date", "name": {"surname": "高崎", "given": "花子"}, "birth_date": "1985-03-07"},
    )
    for search in searches:
        answer = await registry.inquire(PENSION, search=search, fields=["name", "individual_number"])
        inquiry = decode(answer.body, InquiryAnswer)
        assert inquiry.outcome is InquiryOutcome.FOUND
        assert all(version.items.individual_number is None for version in inquiry.versions)
        assert all(version.flags.unconfirmed for version in inquiry.versions)
        assert NUMBER.encode() not in answer.body


async def test_a_number_leaves_once_the_link_is_made_by_that_number(registry):
    await registry.deliver(a_removed_record())
    check = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
    person = {"name": NAME, "birth_date": "1985-03-07", "individual_number": NUMBER, "number_check": check}
    await registry.submit(a_report(person))
    search = {"by": "individual-number", "individual_number": NUMBER}
    answer = await registry.inquire(PENSION, search=search, fields=["individual_number"])
    (version,) = decode(answer.body, InquiryAnswer).versions
    assert version.items.individual_number.reveal() == NUMBER
    assert not version.flags.unconfirmed


async def test_what_was_known_before_a_late_report_never_changes(registry):
    await registry.deliver(a_removed_record())
    await registry.submit(a_report())
    before = registry.clock.now
    registry.clock.advance(days=1)
    late = {
        "kind": "change",
        "effective": "2024-05-01",
        "address_abroad": {"country": "US", "subdivision": "New York", "city": "Albany"},
    }
    assert (await registry.submit(a_report(notified_on="2024-12-30", **late))).status == 201
    asked = {"search": {"by": "individual-number", "individual_number": NUMBER}, "valid_on": "2024-06-01"}
    then = await registry.inquire(PENSION, known_at=before.isoformat(), **asked)
    now = await registry.inquire(PENSION, **asked)
    cities = [decode(answer.body, InquiryAnswer).versions[0].items.address_abroad.city for answer in (then, now)]
    assert cities == ["New York", "Albany"]


async def test_a_moment_that_is_not_stamped_yet_is_refused(registry):
    tomorrow = (registry.clock.now + timedelta(days=1)).isoformat()
    search = {"by": "individual-number", "individual_number": NUMBER}
    answer = await registry.inquire(PENSION, search=search, known_at=tomorrow)
    assert answer.status == 409
    assert decode(answer.body, Problem).code == "not-known-yet"


async def test_the_same_report_under_the_same_key_has_one_effect_and_one_answer(registry):
    content = encode(a_report())
    first = await registry.submit(content, key="the-same-key")
    again = await registry.submit(content, key="the-same-key")
    other = await registry.submit(a_report(effective="2024-04-02"), key="the-same-key")
    assert (first.status, again.status, other.status) == (201, 201, 409)
    assert first.body == again.body
    assert decode(other.body, Problem).code == "idempotency-key-reused"


async def test_every_fault_of_a_report_comes_out_at_once_and_nothing_is_repeated(registry):
    person = {"name": {"surname": "山田\u0000"}, "birth_date": "1985-13-07", "individual_number": "123456789019"}
    answer = await registry.submit(a_report(person, mission="JP-CG-NEW-YORK", visa="planted"))
    assert answer.status == 422
    codes = {(fault.pointer, str(fault.code)) for fault in decode(answer.body, Problem).faults}
    assert codes == {
        ("/people/0/name/surname", "forbidden-character"),
        ("/people/0/birth_date", "date-impossible"),
        ("/people/0/individual_number", "check-digit"),
        ("/visa", "unknown-field"),
    }
    assert b"planted" not in answer.body
    assert b"123456789019" not in answer.body


TARO = {"name": {"surname": "髙﨑", "given": "太郎"}, "birth_date": "2015-06-01", "sex": "male"}
HANAKO = {"name": NAME, "birth_date": "1985-03-07", "sex": "female"}
WRONG_CORRECTIONS = {
    "two people in each other's place": ([TARO, HANAKO], {("/people/0", "not-allowed-here")}),
    "somebody left out": ([HANAKO], {("/people", "missing")}),
}


@pytest.mark.parametrize(("people", "faults"), WRONG_CORRECTIONS.values(), ids=WRONG_CORRECTIONS)
async def test_a_correction_speaks_of_the_same_people_in_the_same_order(registry, people, faults):
    first = decode((await registry.submit(a_report(HANAKO, TARO))).body, Receipt)
    answer = await registry.submit(a_report(*people, replaces=first.submission_id))
    assert {(fault.pointer, str(fault.code)) for fault in decode(answer.body, Problem).faults} == faults


async def test_a_correction_may_name_the_report_by_the_senders_own_key(registry):
    await registry.submit(a_report(HANAKO), key="our-report-14")
    corrected = await registry.submit(a_report(HANAKO, effective="2024-04-03", replaces="our-report-14"))
    assert decode(corrected.body, Receipt).people[0].link is LinkMethod.SAME_SUBMITTER


async def test_every_person_of_a_household_has_an_entry_in_the_log(registry):
    await registry.submit(a_report(HANAKO, TARO))
    entries = await log(registry, "about", operation="submission")
    assert len({about for (about,) in entries} - {None}) == 2
