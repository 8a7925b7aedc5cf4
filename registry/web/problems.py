"""The one place that knows HTTP status codes: messages and refusals become answers.

Every 4xx and 5xx is a problem document (RFC 9457) with a stable code, all faults, and a correlation id that is safe
to post anywhere. It never holds personal data.
"""

from typing import Final

import msgspec

from registry.contract.decoding import encode
from registry.contract.evidence import sign_receipt
from registry.contract.keys import SigningKey
from registry.contract.messages import CORRELATION_HEADER, RECEIPT_HEADER, BatchAnswer, DeliveryAnswer, Receipt
from registry.contract.problems import PROBLEM_OF_REFUSAL, Problem, ProblemCode, RateLimited, problem
from registry.domain.errors import Refusal
from registry.jpki.refusals import JpkiFault, JpkiRefused
from registry.jpki.wording import WORDING
from registry.services.attendance import Refused
from registry.store.callers import StoredAnswer
from registry.web.pages.trouble import Trouble

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"

OK: Final = 200
CREATED: Final = 201
SEE_OTHER: Final = 303

STATUS: Final[dict[ProblemCode, int]] = {
    ProblemCode.SIGNATURE_MISSING: 401,
    ProblemCode.SIGNATURE_INVALID: 401,
    ProblemCode.SIGNATURE_EXPIRED: 401,
    ProblemCode.SIGNATURE_REPLAYED: 401,
    ProblemCode.KEY_UNKNOWN: 401,
    ProblemCode.CLOCK_SKEW: 401,
    ProblemCode.DIGEST_MISMATCH: 400,
    ProblemCode.EVIDENCE_INVALID: 422,
    ProblemCode.SIGN_IN_NEEDED: 401,
    ProblemCode.CROSS_SITE: 403,
    ProblemCode.CARD_REFUSED: 422,
    ProblemCode.CARD_CHALLENGE_UNKNOWN: 409,
    ProblemCode.CARD_STANDING_UNKNOWN: 503,
    ProblemCode.SUBJECT_MISSING: 403,
    ProblemCode.SUBJECT_INVALID: 403,
    ProblemCode.SUBJECT_EXPIRED: 403,
    ProblemCode.SUBJECT_OF_ANOTHER_KEY: 403,
    ProblemCode.SUBJECT_OF_ANOTHER_BODY: 403,
    ProblemCode.SUBJECT_NOT_PERMITTED: 403,
    ProblemCode.IDEMPOTENCY_KEY_MISSING: 400,
    ProblemCode.IDEMPOTENCY_KEY_REUSED: 409,
    ProblemCode.BODY_TOO_LARGE: 413,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ProblemCode.METHOD_NOT_ALLOWED: 405,
    ProblemCode.RATE_LIMITED: 429,
    ProblemCode.NOT_READY: 503,
    ProblemCode.LOG_NOT_WATCHED: 503,
    ProblemCode.INTERNAL: 500,
    ProblemCode.INVALID_INPUT: 422,
    ProblemCode.NOT_PERMITTED: 403,
    ProblemCode.NOT_COMPETENT: 403,
    ProblemCode.CONFLICT: 409,
    ProblemCode.NOT_FOUND: 404,
    ProblemCode.NOT_KNOWN_YET: 409,
}

STATUS_OF_TROUBLE: Final[dict[Trouble, int]] = {
    Trouble.SIGN_IN_REFUSED: 403,
    Trouble.SIGN_IN_AGAIN: 403,
    Trouble.FORM_REFUSED: 403,
    Trouble.NOT_PERMITTED: 403,
    Trouble.NOT_FOUND: 404,
    Trouble.NOT_UNDERSTOOD: 400,
    Trouble.TOO_MANY: 429,
    Trouble.NOT_READY: 503,
    Trouble.INTERNAL: 500,
}
"""What a page of trouble is answered with."""

RETRY_AFTER_SECONDS: Final = {
    ProblemCode.NOT_READY: "2",
    ProblemCode.LOG_NOT_WATCHED: "30",
    ProblemCode.CARD_STANDING_UNKNOWN: "60",
}

STANDING_UNKNOWN: Final = frozenset(
    {
        JpkiFault.REVOCATION_UNAVAILABLE,
        JpkiFault.REVOCATION_TOO_LARGE,
        JpkiFault.REVOCATION_MALFORMED,
        JpkiFault.REVOCATION_OF_ANOTHER,
        JpkiFault.REVOCATION_STALE,
        JpkiFault.REVOCATION_ROLLED_BACK,
        JpkiFault.REVOCATION_PARTIAL,
    }
)
"""What is wrong with the word of a CA, and not with a card: the same signature may be good in a minute."""


def code_of_card(fault: JpkiFault) -> ProblemCode:
    """Return which problem it is that a card's signature is not accepted."""
    if fault in STANDING_UNKNOWN:
        return ProblemCode.CARD_STANDING_UNKNOWN
    return ProblemCode.CARD_CHALLENGE_UNKNOWN if fault is JpkiFault.CHALLENGE_UNKNOWN else ProblemCode.CARD_REFUSED


def refusal_answer(refusal: Refused, correlation_id: str) -> StoredAnswer:
    """Return the problem document of a refusal; of the rules with all faults, else with its code."""
    if isinstance(refusal, JpkiRefused):
        return _card_answer(refusal.code, correlation_id)
    if isinstance(refusal, Refusal):
        return problem_answer(PROBLEM_OF_REFUSAL[type(refusal)], correlation_id, refusal)
    answer = problem_answer(refusal.code, correlation_id)
    if isinstance(refusal, RateLimited):
        answer.headers["retry-after"] = str(refusal.retry_after)
    return answer


def problem_answer(code: ProblemCode, correlation_id: str, refusal: Refusal | None = None) -> StoredAnswer:
    """Return the problem document for a code, with the status that belongs to it."""
    faults = () if refusal is None else refusal.faults
    document = problem(code, status=STATUS[code], correlation_id=correlation_id, faults=faults)
    return _document_answer(document)


def _card_answer(fault: JpkiFault, correlation_id: str) -> StoredAnswer:
    """Return the problem of a card, in the words of the step that failed."""
    code, words = code_of_card(fault), WORDING[fault]
    document = problem(code, status=STATUS[code], correlation_id=correlation_id)
    said = {"title": words.title, "title_ja": words.title_ja, "detail": words.advice, "detail_ja": words.advice_ja}
    return _document_answer(msgspec.structs.replace(document, reason=str(fault), **said))


def _document_answer(document: Problem) -> StoredAnswer:
    headers = {"content-type": PROBLEM_JSON, CORRELATION_HEADER: document.correlation_id}
    if document.code in RETRY_AFTER_SECONDS:
        headers["retry-after"] = RETRY_AFTER_SECONDS[document.code]
    return StoredAnswer(refused=True, status=document.status, headers=headers, body=encode(document))


class WirePresenter(msgspec.Struct, frozen=True, kw_only=True):
    """Writes what the services answer: ``status`` is that of success; a receipt of a submission is signed."""

    status: int
    signing_key: SigningKey

    def success(self, message: msgspec.Struct) -> StoredAnswer:
        """Return the answer that carries a message."""
        body = encode(message)
        headers = {"content-type": JSON}
        if isinstance(message, Receipt | BatchAnswer | DeliveryAnswer):
            headers[RECEIPT_HEADER] = sign_receipt(body, self.signing_key)
        return StoredAnswer(status=self.status, headers=headers, body=body)

    def refusal(self, refusal: Refused, correlation_id: str) -> StoredAnswer:
        """Return the problem document for a refusal."""
        return refusal_answer(refusal, correlation_id)
