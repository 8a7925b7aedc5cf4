"""The messages of the inquiry list: what a municipality is asked about 除票, and what it answers instead of one.

Municipalities call the registry, since they accept no connections:

- ``GET /v1/removed-record-questions?after={question_id}`` → :class:`RemovedRecordQuestions`
- ``POST /v1/removed-records`` with the ``question_id`` of a :class:`~registry.contract.messages.Delivery`: the 除票
- ``POST /v1/removed-record-answers`` :class:`RemovedRecordAnswer` → :class:`RemovedRecordReceipt`: why there is none
"""

from typing import Annotated, Final

from msgspec import Meta

from registry.contract.messages import IdempotencyKey
from registry.domain.basic_four import Confidential
from registry.domain.errors import Fault, FaultCode, InvalidInput
from registry.domain.inquiry_list import SAID_BY_THE_MUNICIPALITY, Sought
from registry.domain.question import Finding

QUESTIONS_PATH: Final = "/v1/removed-record-questions"
ANSWERS_PATH: Final = "/v1/removed-record-answers"

MOST_QUESTIONS: Final = 100
"""Questions on one page."""


class RemovedRecordQuestion(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """除票の照会: whether the municipality holds the 除票 of this person."""

    question_id: IdempotencyKey
    sought: Sought


class RemovedRecordQuestions(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One page of what a municipality is asked, the oldest first; ``after`` asks for the next, None: this was all."""

    questions: Annotated[tuple[RemovedRecordQuestion, ...], Meta(max_length=MOST_QUESTIONS)]
    after: IdempotencyKey | None = None


class RemovedRecordAnswer(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why no 除票 comes: it is not held, there is no departure, several people fit, or it may not be handed over."""

    question_id: IdempotencyKey
    finding: Finding

    def refuse_if_not_theirs(self) -> None:
        """Raise InvalidInput where the finding is not the municipality's to make: FOUND is said by the 除票 itself."""
        if self.finding not in SAID_BY_THE_MUNICIPALITY:
            expected = f"one of: {', '.join(sorted(SAID_BY_THE_MUNICIPALITY))}"
            raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, pointer="/finding", expected=expected))


class RemovedRecordReceipt(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the registry makes of an answer: the same; OVERTAKEN: not needed any more; NO_ANSWER_YET: not now."""

    question_id: IdempotencyKey
    finding: Finding
