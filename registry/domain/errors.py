"""誤り・拒否 — how a rule says no: faults (one per place) and refusals (a closed family).

A rule never answers with a half-done value. It either returns what it was asked for or raises one
:class:`Refusal` that carries *all* faults found, so that a clerk mends a report once and not six times.
A fault names the place (RFC 6901 pointer), a stable code and what would be right. It never repeats the value
received: faults travel into problem documents, logs and screens, where numbers and names have no business.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

import msgspec


class FaultCode(StrEnum):
    """Stable codes of what can be wrong with input. Part of the contract: a code is never renamed."""

    # the shape of what was sent
    MISSING = "missing"
    UNKNOWN_FIELD = "unknown-field"
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"
    FORBIDDEN_CHARACTER = "forbidden-character"
    TOO_LONG = "too-long"
    EMPTY = "empty"
    NOT_ALLOWED_HERE = "not-allowed-here"
    DUPLICATE = "duplicate"
    # dates
    DATE_UNREADABLE = "date-unreadable"
    DATE_IMPOSSIBLE = "date-impossible"
    DATE_OUTSIDE_ERA = "date-outside-era"
    DATE_AFTER_NOTIFICATION = "date-after-notification"
    DATE_BEFORE_BIRTH = "date-before-birth"
    DATE_IN_THE_FUTURE = "date-in-the-future"
    DATE_REQUIRED_COMPLETE = "date-required-complete"
    PERIOD_REVERSED = "period-reversed"
    STAY_TOO_SHORT = "stay-too-short"
    # numbers and codes
    NUMBER_MALFORMED = "number-malformed"
    CHECK_DIGIT = "check-digit"
    CHECK_DIGIT_UNCERTAIN = "check-digit-uncertain"
    CODE_UNKNOWN = "code-unknown"
    CODE_NOT_VALID_ON_DATE = "code-not-valid-on-date"
    # missions and competence
    MISSION_UNKNOWN = "mission-unknown"
    MISSION_CLOSED = "mission-closed"
    MISSION_NOT_COMPETENT = "mission-not-competent"
    COMPETENCE_UNCERTAIN = "competence-uncertain"
    # reports, removed records and movements
    NAME_MISSING = "name-missing"
    HEAD_MUST_BE_JAPANESE = "head-must-be-japanese"
    NUMBER_WITHOUT_PURPOSE = "number-without-purpose"
    REPLACES_UNKNOWN_MOVEMENT = "replaces-unknown-movement"
    REPLACES_ITSELF = "replaces-itself"
    REPORTED_LATE = "reported-late"
    REPORTER_NOT_ENTITLED = "reporter-not-entitled"
    SIGNER_NOT_SUBJECT = "signer-not-subject"
    OWN_RECORD_UNCLEAR = "own-record-unclear"
    RETENTION_TOO_LATE = "retention-too-late"
    RETENTION_UNCERTAIN = "retention-uncertain"
    NOT_COLLECTABLE = "not-collectable"
    # inquiries
    SEARCH_NOT_ALLOWED = "search-not-allowed"
    FIELD_NOT_ALLOWED = "field-not-allowed"
    LEGAL_BASIS_MISSING = "legal-basis-missing"
    NO_GRANT = "no-grant"
    NOT_KNOWN_YET = "not-known-yet"


class Severity(StrEnum):
    """Whether a fault stops the input or only goes along with it."""

    ERROR = "error"
    WARNING = "warning"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong at one place.

    ``pointer`` is an RFC 6901 JSON pointer into what was sent ("" is the whole). ``expected`` says in plain
    English what would be right there: a form, a range, the values valid on that
    date. Never the value received.
    """

    code: FaultCode
    pointer: str = ""
    expected: str = ""
    severity: Severity = Severity.ERROR

    def under(self, parent: str) -> Self:
        """Return the same fault seen from one level further out: ``parent`` is put before the pointer."""
        return msgspec.structs.replace(self, pointer=parent + self.pointer)


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the rules, not an accident of the program
    """The rules say no. Closed family: only the classes of this module derive from it."""

    def __init__(self, *faults: Fault) -> None:
        """Carry every fault found; at least one."""
        if not faults:
            raise ValueError("a refusal names at least one fault")
        super().__init__(", ".join(f"{fault.code} at {fault.pointer or '(whole)'}" for fault in faults))
        self.faults = faults


class InvalidInput(Refusal):
    """What was sent breaks a rule of form or law; the sender can mend it."""


class NotPermitted(Refusal):
    """The sender may not do or know this; asking again in the same way will not help."""


class NotCompetent(Refusal):
    """The sender is a mission or municipality, but not the one in charge on that day."""


class Conflict(Refusal):
    """What was sent contradicts something already accepted under the same key."""


class NotFound(Refusal):
    """There is nothing under that identifier, or nothing the sender may know of."""


class NotYetKnown(Refusal):
    """The moment asked about lies after the last one that the registry has stamped; ask again a little later."""


class Faults:
    """Collects faults while a rule goes on looking, so that all come out at once."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, code: FaultCode, pointer: str = "", expected: str = "") -> None:
        """Note an error at ``pointer``; ``expected`` says what would be right."""
        self._found.append(Fault(code=code, pointer=pointer, expected=expected))

    def warn(self, code: FaultCode, pointer: str = "", expected: str = "") -> None:
        """Note something that does not stop the input but that its sender should know."""
        self._found.append(Fault(code=code, pointer=pointer, expected=expected, severity=Severity.WARNING))

    def take(self, faults: Iterable[Fault], parent: str = "") -> None:
        """Take over the faults of a part that stands at ``parent``."""
        self._found.extend(fault.under(parent) for fault in faults)

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that stop the input, in the order found."""
        return tuple(fault for fault in self._found if fault.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The faults that go along with the input, in the order found."""
        return tuple(fault for fault in self._found if fault.severity is Severity.WARNING)

    def refuse_if_any(self) -> None:
        """Raise :class:`InvalidInput` with every error found, or return if there was none."""
        if self.errors:
            raise InvalidInput(*self.errors)
