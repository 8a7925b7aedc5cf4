"""What J-LIS tells of changed numbers and codes, and the numbers that it generates: over the line, once, in order."""

import httpx
import pytest

from registry.contract.client import AnswerNotTrusted, LineDown
from registry.contract.jlis import MOST_FACTS, NumberRequest, Refused
from registry.contract.keys import SigningKey
from registry.domain.numbers import IndividualNumber, NumberReason, ResidentRecordCode, individual_number_check_digit
from registry.domain.question import J_LIS
from registry.sandbox.programs import free_port
from registry.services import jlis
from tests.acceptance.asking import told, with_number
from tests.acceptance.jlis import book, changes, entry, line
from tests.acceptance.papers import by_name, by_number, number, removed_record, report
from tests.acceptance.seen import counts, grown, outcomes, receipt, rows
from tests.house import PENSION
from tests.planted import CODE, NUMBER, OTHER_NUMBER

pytestmark = pytest.mark.anyio

OTHER_CODE = "24727059608"
DAYS = {"effective": "2024-11-01", "notified_on": "2024-11-05"}
ITEMS = {"fields": ["name", "individual_number"]}


def number_changed(sequence=1, **fields):
    defaults = {
        "fact": "number-changed",
        "sequence": sequence,
        "former": NUMBER,
        "individual_number": OTHER_NUMBER,
        "reason": "change-request",
    }
    return defaults | DAYS | fields


def code_changed(sequence=1):
    return {"fact": "code-changed", "sequence": sequence, "former": CODE, "resident_record_code": OTHER_CODE} | DAYS


def telling(*facts):
    return book(change_facts=facts)


async def numbers_now(registry, search):
    answer = await told(registry, PENSION, search=search, **ITEMS)
    return [version.items.individual_number.reveal() for version in answer.versions]


async def test_a_changed_number_is_the_number_from_that_day_on(registry):
    receipt(await registry.submit(report(with_number())))
    assert await changes(registry, telling(number_changed())) == {"recorded": 1}
    assert await numbers_now(registry, by_number(OTHER_NUMBER)) == [OTHER_NUMBER]
    before = await told(registry, PENSION, search=by_name(), valid_on="2024-10-31", **ITEMS)
    assert [version.items.individual_number.reveal() for version in before.versions] == [NUMBER]


async def test_a_changed_code_is_recorded_and_told_to_who_is_concerned(registry, database):
    outcomes(await registry.deliver(removed_record(resident_record_code=CODE)))
    assert await changes(registry, telling(code_changed())) == {"recorded": 1}
    assert await rows(database, "SELECT kind, recipients FROM event ORDER BY event_id DESC LIMIT 1") == [
        ("resident-record-code-recorded", ["131016"])
    ]


async def test_each_change_is_taken_over_once(registry, database):
    receipt(await registry.submit(report(with_number())))
    given = telling(number_changed())
    await changes(registry, given)
    before = await counts(database)
    assert await changes(registry, given) == {}
    assert grown(before, await counts(database)) == {}


async def test_a_change_after_a_change_finds_the_same_person(registry):
    receipt(await registry.submit(report(with_number())))
    third = number(98765432101)
    second = number_changed(2, former=OTHER_NUMBER, individual_number=third, effective="2024-12-01") | {
        "notified_on": "2024-12-02"
    }
    assert await changes(registry, telling(number_changed(), second)) == {"recorded": 2}
    assert await numbers_now(registry, by_number(third)) == [third]


async def test_a_change_of_somebody_whom_nobody_here_knows_leaves_no_trace(registry, database):
    before = await counts(database)
    assert await changes(registry, telling(number_changed(), code_changed(2))) == {"not-held": 2}
    assert grown(before, await counts(database)) == {}


async def test_a_change_that_breaks_a_rule_stops_none_that_follow(registry):
    outcomes(await registry.deliver(removed_record(resident_record_code=CODE)))
    planned = number_changed(effective="2024-12-01")
    assert await changes(registry, telling(planned, code_changed(2))) == {"refused": 1, "recorded": 1}


async def test_more_changes_than_go_into_one_answer_come_in_several(registry, database):
    facts = [number_changed(sequence) for sequence in range(1, MOST_FACTS + 4)]
    assert await changes(registry, telling(*facts)) == {"not-held": MOST_FACTS + 3}
    assert await rows(database, "SELECT sequence FROM change_fact_cursor") == [(MOST_FACTS + 3,)]


async def test_a_line_that_is_down_loses_no_change(registry):
    receipt(await registry.submit(report(with_number())))
    nowhere = {"transport": httpx.AsyncHTTPTransport(), "url": f"http://127.0.0.1:{free_port()}"}
    async with line(registry, None, **nowhere) as port:
        with pytest.raises(LineDown):
            await jlis.collect_changes(registry.ex_officio, port)
    assert await changes(registry, telling(number_changed())) == {"recorded": 1}


async def test_changes_by_a_stranger_are_refused(registry, database):
    receipt(await registry.submit(report(with_number())))
    before = await counts(database)
    async with line(registry, telling(number_changed()), key=SigningKey.generate(J_LIS)) as port:
        with pytest.raises(AnswerNotTrusted):
            await jlis.collect_changes(registry.ex_officio, port)
    assert grown(before, await counts(database)) == {}


# ------------------------------------------------------------------------------------------ generation


def wanted(request_id="request-1", code=CODE, reason=NumberReason.INITIAL):
    return NumberRequest(request_id=request_id, resident_record_code=ResidentRecordCode.parse(code), reason=reason)


async def test_a_number_is_generated_by_j_lis_and_has_its_check_digit(registry):
    async with line(registry, book()) as port:
        answer = await port.generate(wanted())
    digits = answer.individual_number.reveal()
    assert int(digits[-1]) == individual_number_check_digit(digits[:-1])
    assert (answer.request_id, answer.generated_on.isoformat()) == ("request-1", "2024-12-31")


async def test_the_same_request_again_gives_the_same_number(registry):
    async with line(registry, book()) as port:
        first, again = [await port.generate(wanted()) for _ in range(2)]
    assert first == again


async def test_no_number_is_given_out_twice(registry):
    changed = wanted("request-2", reason=NumberReason.CHANGE_REQUEST)
    async with line(registry, book()) as port:
        answers = [await port.generate(one) for one in (wanted(), changed, wanted("request-3", OTHER_CODE))]
    numbers: set[IndividualNumber] = {one.individual_number for one in answers}
    assert len(numbers) == 3


SECOND_FIRSTS = {
    "a code that has one": (book(entry(individual_number=NUMBER, resident_record_code=CODE)), wanted()),
    "another request under the id": (book(), wanted(code=OTHER_CODE)),
}


@pytest.mark.parametrize(("given", "second"), SECOND_FIRSTS.values(), ids=SECOND_FIRSTS)
async def test_j_lis_refuses_a_second_first_number(registry, given, second):
    async with line(registry, given) as port:
        if not given._file.entries:
            await port.generate(wanted())
        with pytest.raises(Refused) as refused:
            await port.generate(second)
    assert (refused.value.code, refused.value.status) == ("conflict", 409)
