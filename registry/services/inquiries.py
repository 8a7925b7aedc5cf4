"""情報照会: a body asks about one person and is answered item by item, or refused item by item.

(1) the signature and (5) the entry in the log stand in ``attendance``, (3) the search in ``finding``. Here: (2) is what
is asked allowed together? More than one hit names nobody; a number only on exactly one hit; (4) filter.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from registry.contract.messages import (
    SEARCH_KEYS,
    AnsweredVersion,
    ByIndividualNumber,
    ByNameAndBirthDate,
    Days,
    Flags,
    GrantEntry,
    GrantsAnswer,
    Inquiry,
    InquiryAnswer,
    InquiryOutcome,
    Items,
)
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Ask, Grant, Item, SearchKey, decide
from registry.domain.errors import FaultCode, Faults
from registry.domain.resident import Status
from registry.domain.timeline import Version
from registry.services import finding
from registry.services.attendance import Asked, Caller, Done
from registry.services.finding import Hit, Question
from registry.services.resources import Resources, japan_date
from registry.store.sequencer import Known
from registry.store.unit_of_work import UnitOfWork

STRONGER_KEYS: Final = (SearchKey.INDIVIDUAL_NUMBER, SearchKey.RESIDENT_RECORD_CODE, SearchKey.ADDRESSEE_NUMBER)
"""Keys that decide between people whom a name and a date of birth cannot tell apart."""

ONE_DAY: Final = timedelta(days=1)


def asked(inquiry: Inquiry, correlation_id: str) -> Asked:
    """Return what the log says of an inquiry: never a name or number."""
    return Asked(
        operation="inquiry",
        correlation_id=correlation_id,
        handled_by=inquiry.handled_by,
        affair=inquiry.affair,
        basis=inquiry.basis,
        search=str(SEARCH_KEYS[type(inquiry.search)]),
        items=tuple(sorted(map(str, inquiry.fields))),
    )


async def answer(
    resources: Resources,
    work: UnitOfWork,
    caller: Caller,
    inquiry: Inquiry,
    inquiry_id: str,
    grants: Sequence[Grant],
) -> Done:
    """Answer one inquiry under the table of ``grants``.

    Raises NotPermitted naming each thing not granted, InvalidInput for a period or search that makes no sense,
    NotYetKnown for a moment that the registry has not stamped yet.
    """
    question = _question(resources, caller, inquiry, grants)
    known, hits = await finding.find(resources, work, question)
    if len(hits) == 1:
        message = _found(resources, question, known, hits[0], inquiry_id)
    else:
        message = _not_one(question, known, inquiry_id, ambiguous=len(hits) > 1)
    asked_by_number = isinstance(inquiry.search, ByIndividualNumber)
    given = any(version.items.individual_number is not None for version in message.versions)
    return Done(
        message=message,
        outcome=str(message.outcome),
        people=(hits[0].person_id,) if len(hits) == 1 else (),
        number_accessed=asked_by_number or given,
    )


# --------------------------------------------------------------------------- may this be asked, and of when


def _question(resources: Resources, caller: Caller, inquiry: Inquiry, grants: Sequence[Grant]) -> Question:
    now = resources.clock()
    ask = Ask(
        body_kind=caller.body_kind,
        affair=inquiry.affair,
        basis=inquiry.basis,
        items=inquiry.fields,
        search=SEARCH_KEYS[type(inquiry.search)],
    )
    grant = decide(ask, grants, japan_date(now))
    return Question(
        inquiry=inquiry,
        grant=grant,
        caller=caller,
        period=_period(inquiry, japan_date(now)),
    )


def _period(inquiry: Inquiry, today: date) -> DayRange:
    """Return the days asked about; raises InvalidInput where they contradict each other or make no period."""
    faults = Faults()
    by_period = inquiry.valid_from is not None or inquiry.valid_to is not None
    if by_period and inquiry.valid_on is not None:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/valid_on", "either valid_on or valid_from and valid_to")
    if by_period and DayRange(inquiry.valid_from, inquiry.valid_to).is_empty:
        faults.add(FaultCode.PERIOD_REVERSED, "/valid_to", "a day after valid_from (the end is exclusive)")
    if isinstance(inquiry.search, ByNameAndBirthDate):
        _check_name_search(inquiry.search, faults)
    faults.refuse_if_any()
    if by_period:
        return DayRange(inquiry.valid_from, inquiry.valid_to)
    day = inquiry.valid_on or today
    return DayRange(day, None if day == date.max else day + ONE_DAY)


def _check_name_search(search: ByNameAndBirthDate, faults: Faults) -> None:
    if search.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, "/search/name", "a name in at least one script")
    if not search.birth_date.is_complete:
        faults.add(FaultCode.DATE_REQUIRED_COMPLETE, "/search/birth_date", "a complete date of birth")


# --------------------------------------------------------------------------------------------- what is said


def _found(resources: Resources, question: Question, known: Known, hit: Hit, inquiry_id: str) -> InquiryAnswer:
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.FOUND,
        known_at=known.at,
        person=resources.pseudonym(question.caller.body, hit.person_id),
        versions=tuple(_answered(question, hit, version, holds) for version, holds in hit.versions),
    )


def _not_one(question: Question, known: Known, inquiry_id: str, *, ambiguous: bool) -> InquiryAnswer:
    deciding = tuple(key for key in STRONGER_KEYS if key in question.grant.searches)
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.AMBIGUOUS if ambiguous else InquiryOutcome.NOT_FOUND,
        known_at=known.at,
        deciding_keys=deciding if ambiguous else (),
    )


def _answered(question: Question, hit: Hit, version: Version, holds: Answer) -> AnsweredVersion:
    """Build one version of the answer from the grant: item by item, and nothing that was not asked for."""
    wanted = question.inquiry.fields & question.grant.items
    values: dict[str, Any] = {str(item): _value(version, item) for item in wanted if _may_leave(item, hit)}
    return AnsweredVersion(
        holds=holds,
        certain=None if version.certain.is_empty else Days(first=version.certain.first, end=version.certain.end),
        possible=Days(first=version.possible.first, end=version.possible.end),
        items=Items(**values),
        flags=Flags(
            under_reconciliation=tuple(sorted(version.disputed & set(map(str, wanted)))),
            unconfirmed=not hit.confirmed,
            presumed_departed=version.status is Status.PRESUMED_DEPARTED,
            last_confirmed=version.last_confirmed,
        ),
    )


def _may_leave(item: Item, hit: Hit) -> bool:
    """No number leaves on an unconfirmed link, to anyone."""
    return hit.confirmed or item is not Item.INDIVIDUAL_NUMBER


def _value(version: Version, item: Item) -> object:
    return version.status if item is Item.STATUS else getattr(version.state, str(item))


def grants_of(resources: Resources, caller: Caller, grants: Sequence[Grant]) -> Done:
    """Return everything of the table of ``grants`` that the caller may ask today or will be allowed to."""
    today = japan_date(resources.clock())
    rows = [
        GrantEntry(
            affair=row.affair,
            label=row.label,
            bases=row.bases,
            mode=str(row.mode),
            items=tuple(sorted(row.items)),
            searches=tuple(sorted(row.searches)),
            condition=str(row.condition),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in grants
        if row.body_kind is caller.body_kind and (row.valid_to is None or today < row.valid_to)
    ]
    return Done(message=GrantsAnswer(body=caller.body, grants=tuple(rows)), outcome="answered")
