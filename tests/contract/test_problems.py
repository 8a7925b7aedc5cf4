"""Every code has its words in both languages, and a problem document says nothing of what was sent."""

import json
from enum import StrEnum

import pytest

from registry.contract.decoding import decode, encode
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.problems import (
    PROBLEM_OF_REFUSAL,
    Problem,
    ProblemCode,
    WireRefusal,
    fault_entry,
    problem,
)
from registry.contract.wording import PROBLEM_WORDING, Wording
from registry.domain.errors import Fault, FaultCode, InvalidInput, Refusal, Severity

TABLES = {"faults": (FaultCode, FAULT_WORDING), "problems": (ProblemCode, PROBLEM_WORDING)}
WORDS = [*FAULT_WORDING.items(), *PROBLEM_WORDING.items()]


@pytest.mark.parametrize(("codes", "table"), TABLES.values(), ids=TABLES)
def test_every_code_has_words_and_no_words_lack_a_code(codes: type[StrEnum], table: dict[str, Wording]) -> None:
    assert set(table) == set(codes)


@pytest.mark.parametrize("words", [words for _, words in WORDS], ids=[str(code) for code, _ in WORDS])
def test_the_words_of_a_code_are_in_both_languages(words: Wording) -> None:
    assert words.title.isascii()
    assert words.advice.isascii()
    assert words.advice.endswith((".", "-"))
    assert words.title
    assert not words.title_ja.isascii()
    assert words.advice_ja.endswith("。")


def test_no_two_codes_are_told_in_the_same_words() -> None:
    for language in ("title", "title_ja"):
        titles = [getattr(words, language) for code, words in WORDS if code != "not-known-yet"]
        assert len(set(titles)) == len(titles)


def test_every_refusal_of_the_rules_has_its_problem() -> None:
    assert set(PROBLEM_OF_REFUSAL) == set(Refusal.__subclasses__())


def test_a_problem_document_tells_every_fault_in_order() -> None:
    refusal = InvalidInput(
        Fault(code=FaultCode.CHECK_DIGIT, pointer="/people/0/individual_number", expected="12 digits"),
        Fault(code=FaultCode.REPORTED_LATE, pointer="/arrived_on", severity=Severity.WARNING),
    )
    document = problem(ProblemCode.INVALID_INPUT, status=422, correlation_id="c-1", faults=refusal.faults)
    assert json.loads(encode(document)) == {
        "type": "urn:problem-type:overseas-resident-registry:invalid-input",
        "title": "What was sent has faults",
        "title_ja": "送られた内容に誤りがあります",
        "status": 422,
        "detail": "Mend every fault listed and send again under a new idempotency key.",
        "detail_ja": "列挙された誤りをすべて直し、新しい冪等キーで送り直してください。",
        "code": "invalid-input",
        "correlation_id": "c-1",
        "faults": [
            {
                "pointer": "/people/0/individual_number",
                "code": "check-digit",
                "expected": "12 digits",
                "severity": "error",
                "title_ja": "検査数字が合いません",
            },
            {
                "pointer": "/arrived_on",
                "code": "reported-late",
                "expected": "",
                "severity": "warning",
                "title_ja": "届出が遅れています",
            },
        ],
    }


@pytest.mark.parametrize("code", ProblemCode)
def test_a_problem_document_can_be_read_back(code: ProblemCode) -> None:
    written = problem(code, status=400, correlation_id="c-1", faults=[Fault(code=FaultCode.MISSING)])
    assert decode(encode(written), Problem) == written
    assert written.faults == (fault_entry(Fault(code=FaultCode.MISSING)),)


def test_a_refusal_on_the_wire_carries_its_code_alone() -> None:
    assert WireRefusal(ProblemCode.KEY_UNKNOWN).args == ("key-unknown",)
