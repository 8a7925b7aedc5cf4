"""情報照会: a body asks about one person and is answered item by item, or refused item by item.

(1) the signature and (5) the entry in the log stand in ``attendance``, (3) the search in ``finding``. Here: (2) is what
is asked allowed together? More than one hit names nobody; a number only on exactly one hit; (4) filter.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from registry.contract.messages import (
    AnsweredVersion,
    ByIndividualNumber,
    ByNameAndBirthDate,
    Days,
    Flags,
    Inquiry,
    InquiryAnswer,
    InquiryOutcome,
    Items,
    Search,
    Terms,
    search_key,
)
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Ask, Grant, Item, Mode, SearchKey, decide
from registry.domain.errors import FaultCode, Faults
from registry.domain.resident import Status
from registry.domain.timeline import Version
from registry.services import comparing, finding
from registry.services.attendance import Asked, Done, Inquirer, Noted
from registry.services.finding import Hit, Question
from registry.services.resources import Resources, japan_date
from registry.store.sequencer import Known
from registry.store.unit_of_work import UnitOfWork

OPERATION: Final = "inquiry"
"""What the log calls it: to a person it is the same whether others were asked about in the same request."""
BULK_OPERATION: Final = "bulk-inquiry"
"""What the log calls a bulk inquiry that was refused as a whole."""

STRONGER_KEYS: Final = (SearchKey.INDIVIDUAL_NUMBER, SearchKey.RESIDENT_RECORD_CODE, SearchKey.ADDRESSEE_NUMBER)
"""Keys that decide between people whom a name and a date of birth cannot tell apart."""

ONE_DAY: Final = timedelta(days=1)


def asked(
    terms: Terms, operation: str, correlation_id: str, search: Search | None = None, grant: Grant | None = None
) -> Asked:
    """Return what the log says of an inquiry: never a name or number.

    Under a ``grant`` it keeps every article of the row, and withholds the entry where that is asked for; an inquiry
    that is refused is never withheld.
    """
    return Asked(
        operation=operation,
        correlation_id=correlation_id,
        handled_by=terms.handled_by,
        affair=terms.affair,
        basis=terms.basis if grant is None else "; ".join(grant.bases),
        search="" if search is None else str(search_key(search)),
        items=tuple(sorted(map(str, terms.fields))),
        contractor=terms.contractor,
        not_to_be_disclosed=grant is not None and grant.may_withhold and terms.not_to_be_disclosed,
    )


async def answer(
    resources: Resources,
    work: UnitOfWork,
    caller: Inquirer,
    inquiry: Inquiry,
    inquiry_id: str,
    grants: Sequence[Grant],
) -> Done:
    """Answer one inquiry under the table of ``grants``.

    Raises NotPermitted naming each thing not granted, InvalidInput for a period or search that makes no sense,
    NotYetKnown for a moment that the registry has not stamped yet.
    """
    faults = Faults()
    check_search(inquiry.search, faults)
    comparing.check(inquiry, faults)
    mode = Mode.READ if inquiry.values is None else Mode.MATCH
    grant = permit(resources, caller, inquiry, search_key(inquiry.search), grants, mode=mode)
    asked_of = period(resources, inquiry, faults)
    question = Question(terms=inquiry, search=inquiry.search, grant=grant, caller=caller, period=asked_of)
    known, (hits,) = await finding.find_each(resources, work, [question])
    message = answered(resources, question, known, hits, inquiry_id)
    noted = Noted(
        asked=asked(inquiry, OPERATION, inquiry_id, inquiry.search, grant),
        outcome=str(message.outcome),
        people=people_told_of(hits),
        number_accessed=number_accessed(inquiry.search, message),
    )
    return Done(message=message, outcome=noted.outcome, noted=(noted,))


def number_accessed(search: Search, message: InquiryAnswer) -> bool:
    """Whether a 個人番号 was used to ask, was given or was compared (番号法23条)."""
    given = any(version.items.individual_number is not None for version in message.versions)
    compared = message.matches is not None and message.matches.individual_number is not None
    return given or compared or isinstance(search, ByIndividualNumber)


def people_told_of(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the one person whom an answer tells of; none where nobody, or more than one, was found."""
    return (hits[0].person_id,) if len(hits) == 1 else ()


# --------------------------------------------------------------------------- may this be asked, and of when


def permit(
    resources: Resources,
    caller: Inquirer,
    terms: Terms,
    search: SearchKey,
    grants: Sequence[Grant],
    *,
    mode: Mode = Mode.READ,
) -> Grant:
    """Return the grant under which this may be asked in this way; raises NotPermitted naming all that is not."""
    ask = Ask(
        body=caller.body,
        body_kind=caller.body_kind,
        affair=terms.affair,
        basis=terms.basis,
        items=terms.fields,
        search=search,
        mode=mode,
        withhold=terms.not_to_be_disclosed,
    )
    return decide(ask, grants, japan_date(resources.clock()))


def period(resources: Resources, terms: Terms, faults: Faults) -> DayRange:
    """Return the days asked about; raises InvalidInput with ``faults`` and what makes no period."""
    by_period = terms.valid_from is not None or terms.valid_to is not None
    if by_period and terms.valid_on is not None:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/valid_on", "either valid_on or valid_from and valid_to")
    if by_period and DayRange(terms.valid_from, terms.valid_to).is_empty:
        faults.add(FaultCode.PERIOD_REVERSED, "/valid_to", "a day after valid_from (the end is exclusive)")
    faults.refuse_if_any()
    if by_period:
        return DayRange(terms.valid_from, terms.valid_to)
    day = terms.valid_on or japan_date(resources.clock())
    return DayRange(day, None if day == date.max else day + ONE_DAY)


def check_search(search: Search, faults: Faults) -> None:
    """Note what a search lacks; only a name may be searched with too little."""
    if not isinstance(search, ByNameAndBirthDate):
        return
    if search.name.is_blank:
        faults.add(FaultCode.NAME_MISSING, "/search/name", "a name in at least one script")
    if not search.birth_date.is_complete:
        faults.add(FaultCode.DATE_REQUIRED_COMPLETE, "/search/birth_date", "a complete date of birth")


# --------------------------------------------------------------------------------------------- what is said


def answered(
    resources: Resources, question: Question, known: Known, hits: Sequence[Hit], inquiry_id: str
) -> InquiryAnswer:
    """Return what is told: of one person found, item by item; else that nobody or more than one fits, and no more."""
    if len(hits) == 1:
        return _found(resources, question, known, hits[0], inquiry_id)
    return _not_one(question, known, inquiry_id, ambiguous=len(hits) > 1)


def _found(resources: Resources, question: Question, known: Known, hit: Hit, inquiry_id: str) -> InquiryAnswer:
    if isinstance(question.terms, Inquiry) and question.terms.values is not None:
        return comparing.compared(question.terms.values, known, hit, inquiry_id)
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.FOUND,
        known_at=known.at,
        person=resources.pseudonyms.of(question.caller.body, hit.person_id),
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
    wanted = question.terms.fields & question.grant.items
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
