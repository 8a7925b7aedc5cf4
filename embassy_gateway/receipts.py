"""What an answer of the registry means for the reports that were sent.

A receipt counts only when all of this holds: the answer is signed over this very request (``SignedClient`` saw to
that), the header ``Registry-Receipt`` is the registry's JWS over exactly the body, and the digest in it is that
of the report's bytes. Anything less is no receipt, and the report is not delivered.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from embassy_gateway.outbox import Dead, Delivered, Postponed, Proof, Settled, Waiting
from embassy_gateway.schema import State
from registry.contract.client import Answer
from registry.contract.decoding import decode
from registry.contract.evidence import EvidenceRefused, verify_receipt
from registry.contract.keys import VerifyingKey
from registry.contract.messages import RECEIPT_HEADER, BatchAnswer, Receipt
from registry.contract.problems import Problem, ProblemCode
from registry.domain.errors import InvalidInput

CLOCK_REFUSALS: Final = frozenset(
    {ProblemCode.SIGNATURE_EXPIRED, ProblemCode.CLOCK_SKEW, ProblemCode.SIGNATURE_REPLAYED}
)
"""The signature was too old, too young or seen before: set the clock, sign anew."""

CALLER_REFUSALS: Final = CLOCK_REFUSALS | {
    ProblemCode.SIGNATURE_MISSING,
    ProblemCode.SIGNATURE_INVALID,
    ProblemCode.KEY_UNKNOWN,
    ProblemCode.DIGEST_MISMATCH,
}
"""The registry does not know who is calling. That says nothing about the report, so it is no dead letter for it."""

SERVER_ERROR: Final = 500
"""The registry stumbled, over this report perhaps; the answer may come unsigned."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
"""Retry-After is not signed: nobody on the way shall silence a mission for longer."""

_LARGEST_ANSWER: Final = 8 << 20  # bytes; a hundred receipts of full households
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_T = TypeVar("_T", bound=msgspec.Struct)


class AnswerUnusable(Exception):  # noqa: N818 - a finding, which stops delivery until somebody has looked
    """A signed answer that is no valid receipt for what was sent; ``trouble`` says why in one word."""

    def __init__(self, trouble: str) -> None:
        super().__init__(trouble)
        self.trouble = trouble


def problem_in(answer: Answer) -> Problem | None:
    """Return the problem that the registry answered with, if it did; raises :class:`AnswerUnusable`."""
    return _read(answer, Problem) if answer.is_problem else None


def is_about_the_line(problem: Problem) -> bool:
    """Whether every other report would be answered the same at the moment."""
    return problem.code in CALLER_REFUSALS or problem.status in {_TOO_MANY, _UNAVAILABLE}


def settle_one(answer: Answer, row: Waiting, keys: Mapping[str, VerifyingKey]) -> tuple[Settled, Proof | None]:
    """Say what became of one report; raises :class:`AnswerUnusable`."""
    problem = problem_in(answer)
    if problem is not None:
        return _after_problem(row, problem), None
    return _delivered(row, _read(answer, Receipt)), _proof(answer, keys)


def settle_batch(
    answer: Answer, rows: Sequence[Waiting], keys: Mapping[str, VerifyingKey]
) -> tuple[tuple[Settled, ...], Proof]:
    """Say what became of each report of a batch; raises :class:`AnswerUnusable` when one is not spoken of."""
    items = _read(answer, BatchAnswer).items
    if [item.idempotency_key for item in items] != [row.idempotency_key for row in rows]:
        raise AnswerUnusable("receipt-of-other-reports")
    settled: list[Settled] = []
    for row, item in zip(rows, items, strict=True):
        if (item.receipt is None) == (item.problem is None):
            raise AnswerUnusable("answer-not-understood")
        if item.receipt is not None:
            settled.append(_delivered(row, item.receipt))
        elif item.problem is not None:
            settled.append(_after_problem(row, item.problem))
    return tuple(settled), _proof(answer, keys)


def retry_after(answer: Answer, now: datetime) -> timedelta:
    """Return how long the registry asks to wait (RFC 9110 § 10.2.3: seconds or a date), an hour at most."""
    text = answer.header("retry-after") or ""
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), LONGEST_RETRY_AFTER.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(text) - now
        except (ValueError, TypeError):  # TypeError: a date without its zone
            wait = timedelta()
    return max(timedelta(), min(wait, LONGEST_RETRY_AFTER))


def _after_problem(row: Waiting, problem: Problem) -> Settled:
    """Choose between dead letter, alarm and another try."""
    if problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
        return Dead(row=row, state=State.ALARM, problem=problem)
    if is_about_the_line(problem) or problem.status >= SERVER_ERROR:
        return Postponed(row=row)
    return Dead(row=row, state=State.REFUSED, problem=problem)


def _delivered(row: Waiting, receipt: Receipt) -> Delivered:
    if receipt.report_sha256 != sha256(row.body).hexdigest():
        raise AnswerUnusable("receipt-of-other-reports")
    return Delivered(row=row, submission_id=receipt.submission_id, outcome=receipt.state)


def _proof(answer: Answer, keys: Mapping[str, VerifyingKey]) -> Proof:
    """Return body and JWS, to be kept for ever, once they are known to belong together."""
    jws = answer.header(RECEIPT_HEADER) or ""
    try:
        verify_receipt(answer.body, jws, keys.get)
    except EvidenceRefused:
        raise AnswerUnusable("receipt-not-signed") from None
    return Proof(body=answer.body, jws=jws)


def _read(answer: Answer, type_: type[_T]) -> _T:
    try:
        return decode(answer.body, type_, max_bytes=_LARGEST_ANSWER)
    except InvalidInput:
        raise AnswerUnusable("answer-not-understood") from None
