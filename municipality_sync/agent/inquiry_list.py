"""The inquiry list over the line: fetching what the registry asks for, and answering, each question once.

An answer's key is made of the question, of what is answered and of the day: the same again has no second effect, and
what the registry could not take today, because people decide about the record first, it is told again tomorrow. A run
that broke off is followed by the next, to which the registry no longer lists what was answered.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from municipality_sync.agent.collect import Collectable
from municipality_sync.agent.findings import FaultKind, FaultList
from municipality_sync.agent.layout import Layout
from municipality_sync.agent.line import PushRefused, Waiting, decoded, get, patiently, post
from municipality_sync.agent.push import PATH, outcome_of
from municipality_sync.agent.search import Answer, Open
from registry.contract.client import Answer as LineAnswer
from registry.contract.client import AnswerNotTrusted, SignedClient
from registry.contract.decoding import encode
from registry.contract.inquiry_list import (
    ANSWERS_PATH,
    QUESTIONS_PATH,
    RemovedRecordAnswer,
    RemovedRecordQuestion,
    RemovedRecordQuestions,
    RemovedRecordReceipt,
)
from registry.contract.messages import Delivery, RecordState
from registry.contract.problems import Problem, ProblemCode
from registry.domain.question import Finding

MOST_PAGES: Final = 1_000
"""Pages of one list; a registry that goes on beyond them is broken."""

REFUSED: Final = "refused"
HANDED_OVER: Final = "handed-over"

_ABOUT_ONE_ANSWER: Final = frozenset({ProblemCode.INVALID_INPUT, ProblemCode.NOT_FOUND, ProblemCode.CONFLICT})
"""Refusals that leave hope for the next answer."""

_DIGEST_DIGITS: Final = 40


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the inquiry list: how many questions there were, and of them by answer and by why they stay open.

    ``answers`` are the registry's word on what was sent (in a preview, what would be); ``kinds`` are the faults that it
    found in 除票 handed over. ``is_preview``: nothing was sent.
    """

    questions: int = 0
    answers: dict[str, int] = {}
    left_open: dict[str, int] = {}
    kinds: tuple[FaultKind, ...] = ()
    is_preview: bool = False


async def fetch(client: SignedClient, waiting: Waiting) -> tuple[RemovedRecordQuestion, ...]:
    """Return everything that the registry asks of this municipality.

    Raises :class:`BrokenOff`, :class:`PushRefused` or AnswerNotTrusted as a push does.
    """
    await patiently(client.synchronise, waiting)
    questions: dict[str, RemovedRecordQuestion] = {}
    path = QUESTIONS_PATH
    for _ in range(MOST_PAGES):
        page = await _page(client, path, waiting)
        questions.update({one.question_id: one for one in page.questions})
        if page.after is None:
            return tuple(questions.values())
        path = f"{QUESTIONS_PATH}?after={page.after}"
    raise AnswerNotTrusted(ProblemCode.INVALID_INPUT)


async def _page(client: SignedClient, path: str, waiting: Waiting) -> RemovedRecordQuestions:
    answer = await patiently(lambda: get(client, path), waiting)
    if answer.is_problem:
        raise PushRefused(decoded(answer, Problem))
    return decoded(answer, RemovedRecordQuestions)


def preview(answers: Iterable[Answer]) -> Answered:
    """Return what :class:`Answering` would do, without a word to the registry."""
    said = Counter(one.says for one in answers)
    return Answered(
        questions=said.total(),
        answers={_said(says): count for says, count in sorted(said.items()) if isinstance(says, Finding)},
        left_open={str(says): count for says, count in sorted(said.items()) if isinstance(says, Open)},
        is_preview=True,
    )


class Answering:
    """Sends the answers that an extract gives, by one client."""

    def __init__(self, client: SignedClient, waiting: Waiting, layout: Layout, today: date) -> None:
        """``today`` is the day in Japan."""
        self._client = client
        self._waiting = waiting
        self._layout = layout
        self._today = today
        self._answers: Counter[str] = Counter()
        self._left_open: Counter[str] = Counter()
        self._found = FaultList()

    async def run(self, answers: tuple[Answer, ...], on_answer: Callable[[], None]) -> Answered:
        """Send every answer that can be given; call ``on_answer`` after each question. Raises as a push does."""
        for one in answers:
            if isinstance(one.says, Open):
                self._left_open[one.says] += 1
            else:
                self._answers[await self._said(one, one.says)] += 1
            on_answer()
        return Answered(
            questions=len(answers),
            answers=dict(sorted(self._answers.items())),
            left_open={str(why): count for why, count in sorted(self._left_open.items())},
            kinds=self._found.kinds,
        )

    async def _said(self, one: Answer, finding: Finding) -> str:
        """Send one answer; return what the registry made of it."""
        if one.found is not None:
            return await self._hand_over(one.question_id, one.found)
        body = encode(RemovedRecordAnswer(question_id=one.question_id, finding=finding))
        answer = await self._post(ANSWERS_PATH, body, f"{one.question_id}:{finding}:{self._today}")
        return REFUSED if answer is None else str(decoded(answer, RemovedRecordReceipt).finding)

    async def _hand_over(self, question_id: str, found: Collectable) -> str:
        digest = sha256(encode((question_id, found.record, self._today))).hexdigest()
        delivery = Delivery(
            extract_id=f"{self._layout.municipality}-{digest[:_DIGEST_DIGITS]}",
            part=1,
            records=(found.record,),
            question_id=question_id,
        )
        answer = await self._post(PATH, encode(delivery), f"{delivery.extract_id}:1")
        if answer is None:
            return REFUSED
        outcome = outcome_of(answer, delivery, (found,), self._layout)
        self._found.add_all(outcome.faults)
        return REFUSED if RecordState.REFUSED in outcome.counts else HANDED_OVER

    async def _post(self, path: str, body: bytes, key: str) -> LineAnswer | None:
        """Send a body; None where the registry refuses it and may well take the next."""
        answer = await patiently(lambda: post(self._client, path, body, key), self._waiting)
        if not answer.is_problem:
            return answer
        problem = decoded(answer, Problem)
        if problem.code not in _ABOUT_ONE_ANSWER:
            raise PushRefused(problem)
        return None


def _said(finding: Finding) -> str:
    return HANDED_OVER if finding is Finding.FOUND else str(finding)
