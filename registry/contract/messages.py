"""The messages of version 1: what is asked, what is answered. Reports and 除票 are the domain's own values.

A report travels as the very bytes that the mission signed at intake; the evidence goes beside it in a header. So
nobody has to take a message apart to check a signature made weeks ago. Every answer that closes a submission is a
receipt, and the receipt is signed too.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from registry.contract.problems import FaultEntry, Problem
from registry.contract.signing import IDEMPOTENCY_KEY_FORM
from registry.domain.basic_four import AddressAbroad, AddressInJapan, Confidential, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate
from registry.domain.disclosure import Item, SearchKey
from registry.domain.matching import Claims, MatchAnswer
from registry.domain.movement import Contact
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.reconciliation import LinkMethod
from registry.domain.removed_record import RemovedRecord
from registry.domain.resident import Status

EVIDENCE_HEADER: Final = "registry-evidence"
"""Carries the detached JWS that the mission made over the report at intake."""

RECEIPT_HEADER: Final = "registry-receipt"
"""Carries the detached JWS of the registry over the answer's body; the sender keeps both."""

IDEMPOTENCY_HEADER: Final = "idempotency-key"
CORRELATION_HEADER: Final = "correlation-id"

LARGEST_BATCH: Final = 100
"""Reports in one batch, and 除票 in one part of an extract."""

LARGEST_BULK: Final = 1_000
"""People in one bulk inquiry."""

IdempotencyKey = Annotated[str, Meta(pattern=rf"^{IDEMPOTENCY_KEY_FORM}(?!\s)$")]


class _Message(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all messages share: nothing unknown, nothing changed afterwards, nothing personal in a log line."""


# ------------------------------------------------------------------------------------------- submissions


class SubmissionState(StrEnum):
    """How a submission stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted-with-warnings"
    IN_REVIEW = "in-review"
    REFUSED = "refused"
    ANNULLED = "annulled"


class PersonOutcome(_Message, frozen=True):
    """What became of one person of a submission.

    ``person`` is the receiver's own pseudonym of them. ``confirmed`` False: no number leaves on this link yet.
    """

    index: int
    person: str
    link: LinkMethod
    confirmed: bool
    status: Status | None = None


class Receipt(_Message, frozen=True):
    """The registry's word on a submission: when it came, what was in it (by digest) and what became of it.

    ``received_on`` is the legal date in Japan. ``report_sha256`` is the hexadecimal digest of the report's bytes.
    """

    submission_id: str
    state: SubmissionState
    received_at: datetime
    received_on: date
    report_sha256: str
    people: tuple[PersonOutcome, ...] = ()
    warnings: tuple[FaultEntry, ...] = ()


class VersionChange(_Message, frozen=True):
    """One line of a dry run's difference: a version that would come, go or change; no values, only their names."""

    person_index: int
    change: str
    status: Status
    certain_from: date | None = None
    certain_to: date | None = None
    fields: tuple[str, ...] = ()


class DryRun(_Message, frozen=True):
    """What a submission would do. Nothing was stored but the entry in the log."""

    state: SubmissionState
    people: tuple[PersonOutcome, ...] = ()
    changes: tuple[VersionChange, ...] = ()
    events: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    warnings: tuple[FaultEntry, ...] = ()


class BatchItem(_Message, frozen=True):
    """One report of a batch: its own key, the exact text that was signed at intake, and that signature."""

    idempotency_key: IdempotencyKey
    report: str
    evidence: str


class Batch(_Message, frozen=True):
    """Up to a hundred reports of one mission; each stands or falls by itself."""

    items: Annotated[tuple[BatchItem, ...], Meta(min_length=1, max_length=LARGEST_BATCH)]


class BatchOutcome(_Message, frozen=True):
    """What became of one item: a receipt, or the problem that refused it."""

    idempotency_key: str
    receipt: Receipt | None = None
    problem: Problem | None = None


class BatchAnswer(_Message, frozen=True):
    """The outcomes of a batch, in the order of its items."""

    items: tuple[BatchOutcome, ...]


# --------------------------------------------------------------------------------------- removed records


class Delivery(_Message, frozen=True):
    """One part of an extract: 除票 that may be collected, and no word of anybody else.

    ``question_id`` names the question of the inquiry list that its one 除票 answers.
    """

    extract_id: IdempotencyKey
    part: Annotated[int, Meta(ge=1)]
    records: Annotated[tuple[RemovedRecord, ...], Meta(min_length=1, max_length=LARGEST_BATCH)]
    question_id: IdempotencyKey | None = None


class ArrivedDelivery(_Message, frozen=True):
    """A :class:`Delivery` on arrival: its records are read one by one, so that none stops the others."""

    extract_id: IdempotencyKey
    part: Annotated[int, Meta(ge=1)]
    records: Annotated[tuple[None, ...], Meta(min_length=1, max_length=LARGEST_BATCH)]
    question_id: IdempotencyKey | None = None


class RecordState(StrEnum):
    """What became of one 除票 of a part."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    CORRECTED = "corrected"
    IN_REVIEW = "in-review"
    REFUSED = "refused"


class RecordOutcome(_Message, frozen=True):
    """The outcome for the record at ``index``; a refused one never stops the others."""

    index: int
    state: RecordState
    submission_id: str = ""
    person: PersonOutcome | None = None
    faults: tuple[FaultEntry, ...] = ()


class DeliveryAnswer(_Message, frozen=True):
    """The outcomes of a part, in the order of its records."""

    extract_id: str
    part: int
    received_at: datetime
    records: tuple[RecordOutcome, ...]


# --------------------------------------------------------------------------------------------- inquiries


class ByIndividualNumber(_Message, frozen=True, tag_field="by", tag="individual-number"):
    """Search by 個人番号."""

    individual_number: IndividualNumber


class ByResidentRecordCode(_Message, frozen=True, tag_field="by", tag="resident-record-code"):
    """Search by 住民票コード."""

    resident_record_code: ResidentRecordCode


class ByAddresseeNumber(_Message, frozen=True, tag_field="by", tag="addressee-number"):
    """Search by the asking municipality's own 宛名番号."""

    addressee_number: Annotated[str, Meta(pattern=r"^[0-9]{1,15}(?!\s)$")]


class ByNameAndBirthDate(_Message, frozen=True, tag_field="by", tag="name-and-birth-date"):
    """Search by name (kanji or kana; variants are folded) and complete date of birth."""

    name: PersonName
    birth_date: IncompleteDate


class ByPseudonym(_Message, frozen=True, tag_field="by", tag="pseudonym"):
    """Search by a pseudonym that an answer gave before: the asking body's own, or one that ``given_to`` passed on."""

    pseudonym: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\s)$")]
    given_to: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


Search = ByIndividualNumber | ByResidentRecordCode | ByAddresseeNumber | ByNameAndBirthDate | ByPseudonym

_SEARCH_KEYS: Final[dict[type, SearchKey]] = {
    ByIndividualNumber: SearchKey.INDIVIDUAL_NUMBER,
    ByResidentRecordCode: SearchKey.RESIDENT_RECORD_CODE,
    ByAddresseeNumber: SearchKey.ADDRESSEE_NUMBER,
    ByNameAndBirthDate: SearchKey.NAME_AND_BIRTH_DATE,
    ByPseudonym: SearchKey.PSEUDONYM,
}


def search_key(search: Search) -> SearchKey:
    """Return the way of searching, as grants name it."""
    if isinstance(search, ByPseudonym) and search.given_to is not None:
        return SearchKey.PSEUDONYM_OF_ANOTHER_BODY
    return _SEARCH_KEYS[type(search)]


class Terms(_Message, frozen=True):
    """What an inquiry asks of everybody it names: for one affair, on one legal basis, which items, as of when.

    ``basis`` is the article under which the body asks; where the number is used, one of 番号法. ``handled_by`` is the
    official's own account at the body, ``contractor`` the 委託先 that acts for it, if any. Either ``valid_on`` or a
    period ``valid_from`` / ``valid_to`` (end exclusive), else today in Japan. ``known_at`` asks what the registry knew
    at that moment. ``not_to_be_disclosed``: the entry in the log is not shown to the person (不開示情報); few grants
    allow it.
    """

    affair: Annotated[str, Meta(min_length=1, max_length=60)]
    basis: Annotated[str, Meta(min_length=1, max_length=100)]
    handled_by: Annotated[str, Meta(min_length=1, max_length=100)]
    fields: Annotated[frozenset[Item], Meta(min_length=1)]
    valid_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    known_at: Annotated[datetime, Meta(tz=True)] | None = None
    contractor: Annotated[str, Meta(max_length=100)] = ""
    not_to_be_disclosed: bool = False


class Inquiry(Terms, frozen=True, kw_only=True):
    """情報照会: one body asks about one person.

    With ``values``, one for each of ``fields``, nothing is read: each is compared with what is on record.
    """

    search: Search
    values: Claims | None = None


class PersonAsked(_Message, frozen=True):
    """One person of a bulk inquiry."""

    search: Search


class BulkInquiry(Terms, frozen=True, kw_only=True):
    """一括照会: one body asks the same of many people; each is decided, answered and logged as if asked alone."""

    people: Annotated[tuple[PersonAsked, ...], Meta(min_length=1, max_length=LARGEST_BULK)]


class ArrivedBulkInquiry(Terms, frozen=True, kw_only=True):
    """A :class:`BulkInquiry` on arrival: its people are read one by one, so that none stops the others."""

    people: Annotated[tuple[None, ...], Meta(min_length=1, max_length=LARGEST_BULK)]


class Days(_Message, frozen=True):
    """A range of days: from ``first`` up to but without ``end``; a side left out is open."""

    first: date | None = None
    end: date | None = None


class Items(_Message, frozen=True):
    """The items of one version that were asked for and granted; what is not there is not known or withheld."""

    name: PersonName | None = None
    birth_date: IncompleteDate | None = None
    sex: Sex | None = None
    address_abroad: AddressAbroad | None = None
    last_address: AddressInJapan | None = None
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None
    mission: str | None = None
    contact: Contact | None = None
    planned_end: IncompleteDate | None = None
    status: Status | None = None


class Flags(_Message, frozen=True):
    """What every answer says about itself.

    ``under_reconciliation`` names items on which sources contradict each other; ``unconfirmed``: a link of this
    record waits for confirmation, so it yields no number; ``last_confirmed``: when the residence was last confirmed.
    """

    under_reconciliation: tuple[str, ...] = ()
    unconfirmed: bool = False
    presumed_departed: bool = False
    last_confirmed: date | None = None


class AnsweredVersion(_Message, frozen=True):
    """One version of the record: whether it holds on the day asked (yes or possibly) and its interval of doubt."""

    holds: Answer
    certain: Days | None
    possible: Days
    items: Items
    flags: Flags


class Matches(_Message, frozen=True):
    """What is said of each item that was compared: never a value, and nothing of items not asked about."""

    name: MatchAnswer | None = None
    birth_date: MatchAnswer | None = None
    sex: MatchAnswer | None = None
    address_abroad: MatchAnswer | None = None
    last_address: MatchAnswer | None = None
    honseki: MatchAnswer | None = None
    individual_number: MatchAnswer | None = None


class InquiryOutcome(StrEnum):
    """The closed list of answers."""

    FOUND = "found"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"


class InquiryAnswer(_Message, frozen=True):
    """The answer. AMBIGUOUS says only which further key would decide; NOT_FOUND is also said of the withheld.

    ``person`` is the asking body's own pseudonym. ``known_at`` is the moment as of which the answer was true.
    Where values were brought, ``matches`` is all that is said: no version, no pseudonym.
    """

    inquiry_id: str
    outcome: InquiryOutcome
    known_at: datetime
    person: str | None = None
    versions: tuple[AnsweredVersion, ...] = ()
    deciding_keys: tuple[SearchKey, ...] = ()
    matches: Matches | None = None


class BulkOutcome(_Message, frozen=True):
    """What came of the person at ``index`` of a bulk inquiry: an answer, or the problem that refused it."""

    index: int
    answer: InquiryAnswer | None = None
    problem: Problem | None = None


class BulkAnswer(_Message, frozen=True):
    """The outcomes of a bulk inquiry, in the order of its people."""

    people: tuple[BulkOutcome, ...]


# ------------------------------------------------------------------------------------------ small answers


class TimeAnswer(_Message, frozen=True):
    """The registry's clock, in UTC; gateways correct their own skew by it."""

    now: Annotated[datetime, Meta(tz=True)]
