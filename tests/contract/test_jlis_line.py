"""The line to J-LIS believes what is signed over its request, has the declared shape and answers what was asked."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from registry.contract.client import AnswerNotTrusted, LineDown, SignedClient
from registry.contract.decoding import encode
from registry.contract.jlis import NumberRequest, Refused, SupplementaryQuestion
from registry.contract.jlis_line import JLisLine
from registry.contract.keys import SigningKey
from registry.contract.problems import ProblemCode, problem
from registry.contract.signing import AnswerParts, RequestParts, sign_answer
from registry.domain.date_reading import read
from registry.domain.numbers import NumberReason
from registry.domain.question import Finding
from registry.domain.supplementary_record import Subject
from tests.builders import CODE, HANAKO, HONSEKI

pytestmark = pytest.mark.anyio

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
KEY, REGISTRY = SigningKey.generate("j-lis"), SigningKey.generate("registry")
QUESTION = SupplementaryQuestion(
    question_id="question-1", subject=Subject(name=HANAKO, birth_date=read("1985-03-07"), honseki=HONSEKI)
)
REQUEST = NumberRequest(request_id="request-1", resident_record_code=CODE, reason=NumberReason.INITIAL)
RECORD = {
    "name": {"surname": "髙﨑", "given": "花子"},
    "birth_date": "1985-03-07",
    "honseki": {"text": HONSEKI.text},
    "planned_departure": "2010-04-01",
}


def saying(body, status=200):
    """The line to a J-LIS that says this and signs it, whatever it is asked."""
    content = body if isinstance(body, bytes) else encode(body)

    async def answer(request):
        fields = tuple((name, value) for name, value in request.headers.multi_items())
        asked = RequestParts(method=request.method, url=str(request.url), headers=fields, body=await request.aread())
        headers = (("content-type", "application/json"),)
        parts = AnswerParts(status=status, headers=headers, body=content)
        signed = sign_answer(parts, asked, KEY, NOW)
        return httpx.Response(status, headers=[*headers, *signed], stream=httpx.ByteStream(content))

    return JLisLine(
        SignedClient(
            "http://jlis.test",
            signing_key=REGISTRY,
            registry_keys={"j-lis": KEY.verifying},
            clock=lambda: NOW,
            nonce=lambda: uuid4().hex,
            transport=httpx.MockTransport(answer),  # the far end: what it may say is the point here
        )
    )


def said(finding, **fields):
    return {"question_id": "question-1", "finding": finding} | fields


@pytest.mark.parametrize("finding", ["no-answer-yet", "not-in-supplementary-record", "not-moved-abroad", "ambiguous"])
async def test_each_finding_of_the_other_side_comes_through(finding):
    assert (await saying(said(finding)).ask(QUESTION)).finding is Finding(finding)


async def test_a_record_found_comes_through():
    answer = await saying(said("found", record=RECORD)).ask(QUESTION)
    assert answer.record.planned_departure == read("2010-04-01")


WRONG = {
    "not JSON": b"<html>",
    "another question": {"question_id": "question-2", "finding": "ambiguous"},
    "found, and nobody in it": said("found"),
    "nobody found, and somebody in it": said("ambiguous", record=RECORD),
    "a finding that is the registry's own": said("overtaken"),
    "an address abroad, which no 附票 has": said("found", record=RECORD | {"address_abroad": {"country": "US"}}),
    "a date that is none": said("found", record=RECORD | {"planned_departure": "soon"}),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_what_cannot_be_read_as_an_answer_is_not_trusted(body):
    for asked in (lambda port: port.ask(QUESTION), lambda port: port.answer_to("question-1")):
        with pytest.raises(AnswerNotTrusted):
            await asked(saying(body))


def refusing(code, status):
    return saying(problem(code, status=status, correlation_id="c"), status)


async def test_a_question_that_never_arrived_is_none():
    assert await refusing(ProblemCode.NOT_FOUND, 404).answer_to("question-1") is None


@pytest.mark.parametrize("status", [429, 503])
async def test_who_cannot_serve_now_is_a_line_that_is_down(status):
    with pytest.raises(LineDown):
        await refusing(ProblemCode.NOT_READY, status).ask(QUESTION)


async def test_a_refusal_is_told_by_its_code():
    with pytest.raises(Refused, match=r"^J-LIS refuses with conflict \(409\)$"):
        await refusing(ProblemCode.CONFLICT, 409).generate(REQUEST)


NUMBERS = {
    "a number with a wrong check digit": {"request_id": "request-1", "individual_number": "123456789019"},
    "the answer to another request": {"request_id": "request-2", "individual_number": "123456789018"},
}


@pytest.mark.parametrize("body", NUMBERS.values(), ids=NUMBERS)
async def test_a_number_is_believed_only_if_it_can_be_one_and_was_asked_for(body):
    with pytest.raises(AnswerNotTrusted):
        await saying(body | {"generated_on": "2024-12-31"}).generate(REQUEST)


def fact(sequence):
    return {
        "fact": "code-changed",
        "sequence": sequence,
        "effective": "2024-12-01",
        "notified_on": "2024-12-02",
        "former": "12345678938",
        "resident_record_code": "24727059608",
    }


@pytest.mark.parametrize("sequences", [(3, 2), (2, 2), (1,)], ids=["backwards", "twice", "asked from after it"])
async def test_changes_out_of_order_are_not_trusted(sequences):
    with pytest.raises(AnswerNotTrusted):
        await saying({"facts": [fact(one) for one in sequences]}).changes_after(1)


async def test_changes_may_have_gaps():
    changes = await saying({"facts": [fact(5), fact(9)]}).changes_after(1)
    assert [one.sequence for one in changes.facts] == [5, 9]
