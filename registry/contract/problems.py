"""How a refusal reads on the wire: problem documents after RFC 9457, with one entry per fault.

Two closed families of codes meet here. :class:`~registry.domain.errors.FaultCode` says what is wrong at one place
of what was sent; :class:`ProblemCode` says why the message as a whole was not served. Both are part of the
contract: a code is never renamed. The words for them stand in ``fault_wording`` and ``wording``; the HTTP status
of a problem is chosen by the web layer alone.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.wording import PROBLEM_WORDING
from registry.domain.errors import (
    Conflict,
    Fault,
    FaultCode,
    InvalidInput,
    NotCompetent,
    NotFound,
    NotPermitted,
    NotYetKnown,
    Refusal,
    Severity,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"

# RFC 9457 § 3.1.1: an absolute URI, so that it means the same wherever the document is read. Nobody looks it up.
PROBLEM_TYPE_PREFIX = "urn:problem-type:overseas-resident-registry:"


class ProblemCode(StrEnum):
    """Why a message was not served: transport, authorisation, state. Part of the contract: never renamed."""

    # who is calling (RFC 9421, RFC 9530, RFC 7515)
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNATURE_EXPIRED = "signature-expired"
    SIGNATURE_REPLAYED = "signature-replayed"
    KEY_UNKNOWN = "key-unknown"
    DIGEST_MISMATCH = "digest-mismatch"
    CLOCK_SKEW = "clock-skew"
    EVIDENCE_INVALID = "evidence-invalid"
    # who is here (OpenID Connect; a card of JPKI)
    SIGN_IN_NEEDED = "sign-in-needed"
    CROSS_SITE = "cross-site"
    CARD_REFUSED = "card-refused"
    CARD_CHALLENGE_UNKNOWN = "card-challenge-unknown"
    CARD_STANDING_UNKNOWN = "card-standing-unknown"
    # on whose behalf a gateway asks (RFC 9068, RFC 7800)
    SUBJECT_MISSING = "subject-missing"
    SUBJECT_INVALID = "subject-invalid"
    SUBJECT_EXPIRED = "subject-expired"
    SUBJECT_OF_ANOTHER_KEY = "subject-of-another-key"
    SUBJECT_OF_ANOTHER_BODY = "subject-of-another-body"
    SUBJECT_NOT_PERMITTED = "subject-not-permitted"
    # sending once
    IDEMPOTENCY_KEY_MISSING = "idempotency-key-missing"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    # the line
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    RATE_LIMITED = "rate-limited"
    NOT_READY = "not-ready"
    LOG_NOT_WATCHED = "log-not-watched"
    INTERNAL = "internal"
    # what the rules said
    INVALID_INPUT = "invalid-input"
    NOT_PERMITTED = "not-permitted"
    NOT_COMPETENT = "not-competent"
    CONFLICT = "conflict"
    NOT_FOUND = "not-found"
    NOT_KNOWN_YET = "not-known-yet"


PROBLEM_OF_REFUSAL: dict[type[Refusal], ProblemCode] = {
    InvalidInput: ProblemCode.INVALID_INPUT,
    NotPermitted: ProblemCode.NOT_PERMITTED,
    NotCompetent: ProblemCode.NOT_COMPETENT,
    Conflict: ProblemCode.CONFLICT,
    NotFound: ProblemCode.NOT_FOUND,
    NotYetKnown: ProblemCode.NOT_KNOWN_YET,
}


class WireRefusal(Exception):  # noqa: N818 - a refusal is an answer to the sender, not an accident of the program
    """A message is refused before any rule has seen it; ``code`` says why, and nothing of the message is kept."""

    def __init__(self, code: ProblemCode) -> None:
        """Carry the code alone: the words of a library could repeat what the sender wrote."""
        super().__init__(code.value)
        self.code = code


class RateLimited(WireRefusal):
    """A known caller asks too fast; ``retry_after`` is after how many whole seconds the same would be served."""

    def __init__(self, retry_after: int) -> None:
        """Carry how long to wait."""
        super().__init__(ProblemCode.RATE_LIMITED)
        self.retry_after = retry_after


class FaultEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault as it stands in a problem document; ``pointer`` is RFC 6901 into the request body."""

    pointer: str
    code: FaultCode
    expected: str
    severity: Severity
    title_ja: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A problem document (RFC 9457) with the registry's own members beside the standard ones.

    ``detail`` says what to do next. ``correlation_id`` is what a caller quotes when asking for help: the
    registry's logs carry the same. ``reason`` is a stable code as well: which step of a card's signature failed, for
    the three codes of a card (``registry.jpki.refusals``), whose words are then those of the step.
    """

    type: str
    title: str
    title_ja: str
    status: int
    detail: str
    detail_ja: str
    code: ProblemCode
    correlation_id: str
    instance: str | None = None
    reason: str = ""
    faults: tuple[FaultEntry, ...] = ()


def problem(code: ProblemCode, *, status: int, correlation_id: str, faults: Iterable[Fault] = ()) -> Problem:
    """Write the problem document for ``code``.

    ``status`` is the HTTP status of the answer (400 to 599), chosen by the web layer; ``faults`` come from the
    refusal and keep their order. Nothing of what the caller sent goes in.
    """
    wording = PROBLEM_WORDING[code]
    return Problem(
        type=PROBLEM_TYPE_PREFIX + code,
        title=wording.title,
        title_ja=wording.title_ja,
        status=status,
        detail=wording.advice,
        detail_ja=wording.advice_ja,
        code=code,
        correlation_id=correlation_id,
        faults=tuple(map(fault_entry, faults)),
    )


def fault_entry(fault: Fault) -> FaultEntry:
    """Write one fault for the wire, with its Japanese title."""
    return FaultEntry(
        pointer=fault.pointer,
        code=fault.code,
        expected=fault.expected,
        severity=fault.severity,
        title_ja=FAULT_WORDING[fault.code].title_ja,
    )
