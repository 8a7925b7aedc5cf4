"""The port to J-LIS over signed HTTP: messages out, messages in, and nothing believed that is not signed over it."""

from typing import Final, TypeVar

import msgspec

from registry.contract.client import Answer, AnswerNotTrusted, LineDown, SignedClient
from registry.contract.decoding import decode, encode
from registry.contract.jlis import (
    CHANGE_FACTS_PATH,
    NUMBERS_PATH,
    QUESTIONS_PATH,
    ChangeFacts,
    NumberAnswer,
    NumberRequest,
    Refused,
    SupplementaryAnswer,
    SupplementaryQuestion,
)
from registry.contract.problems import Problem, ProblemCode
from registry.domain.errors import InvalidInput

T = TypeVar("T", bound=msgspec.Struct)

COME_AGAIN: Final = frozenset({429, 503})
"""Statuses by which the other side says that it cannot serve now."""
NOT_THERE: Final = 404


class JLisLine:
    """Speaks to J-LIS through a client that signs; see :class:`~registry.contract.jlis.JLis`."""

    def __init__(self, client: SignedClient) -> None:
        self._client = client

    async def ask(self, question: SupplementaryQuestion) -> SupplementaryAnswer:
        """Hand in a question; the same again is the same question."""
        given = await self._client.post(QUESTIONS_PATH, encode(question), question.question_id)
        return _read_answer(given, question.question_id)

    async def answer_to(self, question_id: str) -> SupplementaryAnswer | None:
        """Return what became of a question that was handed in; None where it never arrived."""
        given = await self._client.get(f"{QUESTIONS_PATH}/{question_id}")
        if given.status == NOT_THERE:
            return None
        return _read_answer(given, question_id)

    async def generate(self, request: NumberRequest) -> NumberAnswer:
        """Have a number generated; the same request again gives the same number."""
        answer = _read(await self._client.post(NUMBERS_PATH, encode(request), request.request_id), NumberAnswer)
        _demand_same(answer.request_id, request.request_id)
        return answer

    async def changes_after(self, sequence: int) -> ChangeFacts:
        """Return the changes after that one, each later than the one before it."""
        changes = _read(await self._client.get(f"{CHANGE_FACTS_PATH}?after={sequence}"), ChangeFacts)
        numbers = [sequence, *(one.sequence for one in changes.facts)]
        if numbers != sorted(set(numbers)):
            raise AnswerNotTrusted(ProblemCode.INVALID_INPUT)
        return changes


def _read(answer: Answer, type_: type[T]) -> T:
    """Return the message of an answer; a signed one of another shape is no answer to rely on."""
    if answer.status in COME_AGAIN:
        raise LineDown(answer.status)
    try:
        if answer.is_problem:
            raise Refused(decode(answer.body, Problem).code, answer.status)
        return decode(answer.body, type_)
    except InvalidInput:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT) from None


def _read_answer(given: Answer, question_id: str) -> SupplementaryAnswer:
    answer = _read(given, SupplementaryAnswer)
    _demand_same(answer.question_id, question_id)
    try:
        answer.refuse_contradiction()
    except InvalidInput:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT) from None
    return answer


def _demand_same(answered: str, asked: str) -> None:
    if answered != asked:
        raise AnswerNotTrusted(ProblemCode.INVALID_INPUT)
