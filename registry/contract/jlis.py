"""The messages between the registry and 機構 (J-LIS), and those by which a 本籍 municipality answers in its place.

The registry calls J-LIS; municipalities call the registry, since they accept no connections. Both ways are the signed
HTTP of :mod:`registry.contract.signing`. A question has an id that names nobody: once it is handed in, what became of
it is asked by that id alone, and answered NO_ANSWER_YET until there is an answer.

At J-LIS:

- ``POST /v1/supplementary-questions`` :class:`SupplementaryQuestion` → :class:`SupplementaryAnswer`
- ``GET /v1/supplementary-questions/{question_id}`` → :class:`SupplementaryAnswer`, 404 where it was never handed in
- ``POST /v1/individual-numbers`` :class:`NumberRequest` → :class:`NumberAnswer`
- ``GET /v1/change-facts?after={sequence}`` → :class:`ChangeFacts`

At the registry, for the municipality of a 本籍:

- ``GET /v1/supplementary-questions`` → :class:`SupplementaryQuestions`
- ``POST /v1/supplementary-answers`` :class:`SupplementaryAnswer` → :class:`SupplementaryReceipt`
"""

from datetime import date
from typing import Annotated, Final, Protocol

from msgspec import Meta

from registry.contract.messages import IdempotencyKey
from registry.domain.basic_four import Confidential
from registry.domain.change_fact import ChangeFact
from registry.domain.errors import FaultCode, Faults
from registry.domain.numbers import IndividualNumber, NumberReason, ResidentRecordCode
from registry.domain.question import Finding
from registry.domain.supplementary_record import SAID_BY_THE_OTHER_SIDE, Subject, SupplementaryRecord

QUESTIONS_PATH: Final = "/v1/supplementary-questions"
NUMBERS_PATH: Final = "/v1/individual-numbers"
CHANGE_FACTS_PATH: Final = "/v1/change-facts"

MOST_FACTS: Final = 100
"""Change facts in one answer; whoever has more is asked again."""

MOST_QUESTIONS: Final = 100
"""Questions in one list for a municipality; those answered make room for the next."""


class SupplementaryQuestion(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """附票の照会: what the 附票 says of this person."""

    question_id: IdempotencyKey
    subject: Subject


class SupplementaryAnswer(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The answer to a question; the record stands in it if and only if exactly one person was found.

    ``expected_on`` may say by when an answer that is not there yet will be.
    """

    question_id: IdempotencyKey
    finding: Finding
    record: SupplementaryRecord | None = None
    expected_on: date | None = None

    def refuse_contradiction(self) -> None:
        """Raise InvalidInput where it contradicts itself, or the finding is not the other side's to make."""
        faults = Faults()
        if self.finding not in SAID_BY_THE_OTHER_SIDE:
            faults.add(FaultCode.OUT_OF_RANGE, "/finding", f"one of: {', '.join(sorted(SAID_BY_THE_OTHER_SIDE))}")
        if (self.record is None) is (self.finding is Finding.FOUND):
            code = FaultCode.MISSING if self.record is None else FaultCode.NOT_ALLOWED_HERE
            faults.add(code, "/record", "the record of one person found")
        faults.refuse_if_any()


class SupplementaryQuestions(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The questions that a municipality has not answered yet, the oldest first."""

    questions: tuple[SupplementaryQuestion, ...]


class SupplementaryReceipt(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the registry makes of a municipality's answer; NO_ANSWER_YET: not now, the question stays on the list."""

    question_id: IdempotencyKey
    finding: Finding


class NumberRequest(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """個人番号とすべき番号の生成の求め (番号法8条1項): the 住民票コード of the person, and why."""

    request_id: IdempotencyKey
    resident_record_code: ResidentRecordCode
    reason: NumberReason


class NumberAnswer(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number generated: unlike every number that anybody has or had (番号法8条2項)."""

    request_id: IdempotencyKey
    individual_number: IndividualNumber
    generated_on: date


class ChangeFacts(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The changes after the one asked from, in their order; fewer than :data:`MOST_FACTS` means that these are all."""

    facts: Annotated[tuple[ChangeFact, ...], Meta(max_length=MOST_FACTS)]


class JLis(Protocol):
    """The port to 機構. The real line and the sandbox stand behind it alike.

    Each method raises :class:`~registry.contract.client.LineDown` where nobody knows what happened: the same again is
    right and has no second effect; :class:`~registry.contract.client.AnswerNotTrusted` where the answer is not J-LIS's
    or cannot be read; :class:`Refused` where J-LIS says no.
    """

    async def ask(self, question: SupplementaryQuestion) -> SupplementaryAnswer:
        """Hand in a question; the same again is the same question."""

    async def answer_to(self, question_id: str) -> SupplementaryAnswer | None:
        """Return what became of a question that was handed in; None where it never arrived."""

    async def generate(self, request: NumberRequest) -> NumberAnswer:
        """Have a number generated; the same request again gives the same number."""

    async def changes_after(self, sequence: int) -> ChangeFacts:
        """Return the changes after that one (0: from the first on)."""


class Refused(Exception):  # noqa: N818 - it says what the other side did
    """J-LIS answered with a problem document; ``code`` is its code, and nothing else of it is kept."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"J-LIS refuses with {code} ({status})")
        self.code = code
        self.status = status
