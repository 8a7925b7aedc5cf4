"""What the sandbox's J-LIS answers, and the numbers that it makes."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.jlis import NumberRequest, SupplementaryQuestion
from registry.domain.basic_four import Honseki, PersonName
from registry.domain.date_reading import read
from registry.domain.errors import Conflict
from registry.domain.numbers import NumberReason, ResidentRecordCode, individual_number_check_digit
from registry.domain.question import Finding
from registry.domain.supplementary_record import Subject, SupplementaryRecord
from registry.sandbox.jlis_book import Book, BookFile, Entry
from tests.builders import CODE, HANAKO, HONSEKI, NUMBER, OTHER_CODE, OTHER_NUMBER

BIRTH = read("1985-03-07")
NAHA = Honseki(text="那覇市泉崎一丁目1番")
TODAY = date(2024, 12, 31)


def entry(**fields):
    lives_in_japan = fields.pop("lives_in_japan", False)
    defaults = {"name": HANAKO, "birth_date": BIRTH, "honseki": HONSEKI, "planned_departure": read("2018-05-01")}
    return Entry(record=SupplementaryRecord(**(defaults | fields)), lives_in_japan=lives_in_japan)


def subject(**fields):
    return Subject(**({"name": HANAKO, "birth_date": BIRTH, "honseki": HONSEKI} | fields))


def book(*entries, **fields):
    return Book(BookFile(entries=entries, **fields))


def answer(known, asked, question_id="question-1"):
    return known.ask(SupplementaryQuestion(question_id=question_id, subject=asked))


SEARCHES = {
    "by name, birth and 本籍": ([entry()], subject(), Finding.FOUND),
    "in another spelling": ([entry(name=PersonName(surname="高崎", given="花子"))], subject(), Finding.FOUND),
    "by number, whatever the name": (
        [entry(name=PersonName(surname="山田", given="花子"), individual_number=NUMBER)],
        subject(individual_number=NUMBER),
        Finding.FOUND,
    ),
    "by code": (
        [entry(birth_date=read("1985-03-08"), resident_record_code=CODE)],
        subject(resident_record_code=CODE),
        Finding.FOUND,
    ),
    "one of two namesakes": ([entry(), entry(honseki=NAHA)], subject(), Finding.FOUND),
    "two alike": ([entry(), entry()], subject(), Finding.AMBIGUOUS),
    "namesakes, neither of that 本籍": ([entry(honseki=NAHA), entry(honseki=NAHA)], subject(), Finding.AMBIGUOUS),
    "nobody": ([entry(birth_date=read("1985-03-08"))], subject(), Finding.NOT_IN_SUPPLEMENTARY_RECORD),
    "somebody at home": ([entry(lives_in_japan=True)], subject(), Finding.NOT_MOVED_ABROAD),
}


@pytest.mark.parametrize(("entries", "asked", "finding"), SEARCHES.values(), ids=SEARCHES)
def test_the_book_finds(entries, asked, finding):
    said = answer(book(*entries), asked)
    assert said.finding is finding
    assert (said.record is not None) is (finding is Finding.FOUND)


def test_an_answer_can_take_its_time():
    slow = book(entry(), answers_after=2)
    answer(slow, subject())
    findings = [slow.answer_to("question-1").finding for _ in range(2)]
    assert findings == [Finding.NO_ANSWER_YET, Finding.FOUND]


def test_another_question_under_the_same_id_is_refused():
    asked = book(entry())
    answer(asked, subject())
    with pytest.raises(Conflict):
        answer(asked, subject(honseki=NAHA))


def test_a_question_that_never_came_in_has_no_answer():
    assert book(entry()).answer_to("question-1") is None


def request(request_id="request-1", code=OTHER_CODE, reason=NumberReason.INITIAL):
    return NumberRequest(request_id=request_id, resident_record_code=code, reason=reason)


@settings(max_examples=30)
@given(st.integers(min_value=0, max_value=10**6))
def test_every_number_made_is_well_formed_and_new(seed):
    made = book(entry(individual_number=NUMBER), entry(individual_number=OTHER_NUMBER), seed=seed)
    requests = [request(f"request-{index}", reason=NumberReason.EX_OFFICIO) for index in range(20)]
    numbers = [made.generate(one, TODAY).individual_number for one in requests]
    assert len({NUMBER, OTHER_NUMBER, *numbers}) == 22
    assert all(int(one.reveal()[-1]) == individual_number_check_digit(one.reveal()[:-1]) for one in numbers)


def test_a_code_gets_one_first_number():
    made = book()
    made.generate(request(), TODAY)
    with pytest.raises(Conflict):
        made.generate(request("request-2"), TODAY)
    assert made.generate(request("request-3", reason=NumberReason.CHANGE_REQUEST), TODAY)


def test_a_code_can_be_written_in_groups():
    assert request(code=ResidentRecordCode.parse("247 2705 9608")) == request()
