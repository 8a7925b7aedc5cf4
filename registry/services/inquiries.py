"""情報照会: a body asks about one person and is answered item by item, or refused item by item.

(1) the signature and (5) the entry in the log stand in ``attendance``. Here: (2) is what is asked allowed together?
(3) one of a closed list of searches; more than one hit names nobody; a number only on exactly one hit; (4) find,
unseal, filter. Whom the grant does not cover is answered like somebody who is not there.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from registry.contract.messages import (
    SEARCH_KEYS,
    AnsweredVersion,
    ByAddresseeNumber,
    ByIndividualNumber,
    ByNameAndBirthDate,
    ByResidentRecordCode,
    Days,
    Flags,
    GrantEntry,
    GrantsAnswer,
    Inquiry,
    InquiryAnswer,
    InquiryOutcome,
    Items,
    Search,
)
from registry.domain.basic_four import Difference, compare_birth_dates
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Ask, Condition, Grant, Item, SearchKey, concerns, decide
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput, NotYetKnown
from registry.domain.movement import Movement
from registry.domain.municipality import MunicipalityTable
from registry.domain.reconciliation import Identity
from registry.domain.resident import Status
from registry.domain.search_terms import Term, TermKind, asked_terms, spellings
from registry.domain.timeline import Version, fold
from registry.services import records
from registry.services.attendance import Asked, Caller, Done
from registry.services.resources import Resources, japan_date
from registry.store import callers, sequencer, submissions
from registry.store import records as stored_records
from registry.store.unit_of_work import UnitOfWork
from registry.vault.keys import DataKey

STRONGER_KEYS: Final = (SearchKey.INDIVIDUAL_NUMBER, SearchKey.RESIDENT_RECORD_CODE, SearchKey.ADDRESSEE_NUMBER)
"""Keys that decide between people whom a name and a date of birth cannot tell apart."""

ONE_DAY: Final = timedelta(days=1)


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """An inquiry that may be asked: of which days, as known when, under which grant."""

    inquiry: Inquiry
    grant: Grant
    caller: Caller
    period: DayRange
    known: sequencer.Known
    of_the_past: bool


class _Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A person who fits the search and of whom the grant speaks: the versions of the days asked about."""

    person_id: str
    versions: tuple[tuple[Version, Answer], ...]
    confirmed: bool


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


async def answer(resources: Resources, work: UnitOfWork, caller: Caller, inquiry: Inquiry, inquiry_id: str) -> Done:
    """Answer one inquiry.

    Raises NotPermitted naming each thing not granted, InvalidInput for a period or search that makes no sense,
    NotYetKnown for a moment that the registry has not stamped yet.
    """
    question = await _question(resources, work, caller, inquiry)
    hits = await _hits(resources, work, question)
    if len(hits) == 1:
        message = _found(resources, question, hits[0], inquiry_id)
    else:
        message = _not_one(question, inquiry_id, ambiguous=len(hits) > 1)
    asked_by_number = isinstance(inquiry.search, ByIndividualNumber)
    given = any(version.items.individual_number is not None for version in message.versions)
    return Done(
        message=message,
        outcome=str(message.outcome),
        people=(hits[0].person_id,) if len(hits) == 1 else (),
        number_accessed=asked_by_number or given,
    )


# --------------------------------------------------------------------------- may this be asked, and of when


async def _question(resources: Resources, work: UnitOfWork, caller: Caller, inquiry: Inquiry) -> _Question:
    now = resources.clock()
    ask = Ask(
        body_kind=caller.body_kind,
        affair=inquiry.affair,
        basis=inquiry.basis,
        items=inquiry.fields,
        search=SEARCH_KEYS[type(inquiry.search)],
    )
    grant = decide(ask, await callers.grants(work), japan_date(now))
    return _Question(
        inquiry=inquiry,
        grant=grant,
        caller=caller,
        period=_period(inquiry, japan_date(now)),
        known=await _known(work, inquiry.known_at),
        of_the_past=inquiry.known_at is not None,
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


async def _known(work: UnitOfWork, known_at: datetime | None) -> sequencer.Known:
    """Return up to what the answer may draw on; a moment not stamped yet is refused, so that no answer ever changes."""
    known = await sequencer.known_until(work)
    if known is None:
        raise NotYetKnown(Fault(code=FaultCode.NOT_KNOWN_YET, expected="the sequencer to run; try again shortly"))
    if known_at is None:
        return known
    known_at = _in_utc(known_at)
    if known_at > known.at:
        raise NotYetKnown(
            Fault(code=FaultCode.NOT_KNOWN_YET, pointer="/known_at", expected=f"up to {known.at.isoformat()}")
        )
    return sequencer.Known(await sequencer.last_seq(work, known_at), known_at)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        expected = "a moment of the years 1 to 9999 in UTC"
        raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, pointer="/known_at", expected=expected)) from None


# ------------------------------------------------------------------------------------------------- who it is


async def _hits(resources: Resources, work: UnitOfWork, question: _Question) -> list[_Hit]:
    """Return the people who fit, read as of the days and the moment asked about."""
    candidates = await _candidates(resources, work, question)
    found = [
        await _hit(resources, work, question, one, is_current=is_current) for one, is_current in candidates.items()
    ]
    return [hit for hit in found if hit is not None]


async def _candidates(resources: Resources, work: UnitOfWork, question: _Question) -> dict[str, bool]:
    """Return the records that the search finds, and of each whether it does so now or only for who asks of before."""
    search = question.inquiry.search
    if isinstance(search, ByAddresseeNumber):
        municipality = question.caller.body
        key = resources.search_keys.of(TermKind.ADDRESSEE_NUMBER, municipality, search.addressee_number)
        person_id = await submissions.person_of_addressee(work, municipality, key.key, up_to=question.known.seq)
        return {} if person_id is None else {person_id: True}
    return await stored_records.find(work, records.keys_of(resources, _terms(search)))


def _terms(search: Search) -> frozenset[Term]:
    match search:
        case ByIndividualNumber():
            return frozenset({Term(TermKind.INDIVIDUAL_NUMBER, (search.individual_number.reveal(),))})
        case ByResidentRecordCode():
            return frozenset({Term(TermKind.RESIDENT_RECORD_CODE, (search.resident_record_code.reveal(),))})
        case ByNameAndBirthDate():
            return asked_terms(search.name, search.birth_date.earliest)
        case _:
            return frozenset()


async def _hit(
    resources: Resources, work: UnitOfWork, question: _Question, person_id: str, *, is_current: bool
) -> _Hit | None:
    """Read one candidate; None if it does not fit after unsealing, or has no version of which the grant speaks."""
    key = await resources.keyring.find(work, person_id)
    versions = await _versions(work, key, question, person_id, is_current=is_current)
    told = tuple(one for one in versions if _is_concerned(resources.municipalities, question, one[0]))
    if not told:
        return None
    confirmed = await submissions.is_confirmed(work, person_id, up_to=question.known.seq)
    return _Hit(person_id=person_id, versions=told, confirmed=confirmed)


async def _versions(
    work: UnitOfWork, key: DataKey, question: _Question, person_id: str, *, is_current: bool
) -> tuple[tuple[Version, Answer], ...]:
    """Return the versions asked about; none if the record does not fit the search or did not exist.

    The search key of a number is its proof; that of a name is cut short and is compared again here. Today's answer
    by number comes from the projection, without folding, unless that is ahead of what is stamped: an answer holds
    nothing that was not known at the moment it names.
    """
    up_to = question.known.seq
    if is_current and not question.of_the_past and not isinstance(question.inquiry.search, ByNameAndBirthDate):
        held = await stored_records.versions_during(work, key, person_id, question.period, up_to=up_to)
        if held is not None:
            return tuple((one, Answer.of(certain=one.certain.meets(question.period), possible=True)) for one in held)
    movements = await stored_records.movements_of(work, key, person_id, up_to=up_to)
    if not movements or not _fits(question.inquiry.search, movements):
        return ()
    return fold(movements).during(question.period)


def _fits(search: Search, movements: tuple[Movement, ...]) -> bool:
    """Whether a record as then known fits the search: by its past names and numbers as well as the present ones."""
    known = records.identities_of(movements)
    match search:
        case ByIndividualNumber():
            return any(one.individual_number == search.individual_number for one in known)
        case ByResidentRecordCode():
            return any(one.resident_record_code == search.resident_record_code for one in known)
        case ByNameAndBirthDate():
            return any(_same_name_and_birth(search, one) for one in known)
        case _:
            return True


def _same_name_and_birth(search: ByNameAndBirthDate, known: Identity) -> bool:
    if known.name is None or known.birth_date is None:
        return False
    same_day = compare_birth_dates(search.birth_date, known.birth_date) is not Difference.DIFFERENT
    return same_day and bool(spellings(search.name) & spellings(known.name))


def _is_concerned(municipalities: MunicipalityTable, question: _Question, version: Version) -> bool:
    """Whether the grant speaks of the person as they were in one version; of other days nothing is said."""
    address = version.state.last_address
    last_municipalities: set[str] = set()
    if question.grant.condition is Condition.FORMER_RESIDENT and address is not None:
        left = version.possible.first or date.min
        heirs = municipalities.successors(address.municipality, since=left, on=question.known.at.date())
        last_municipalities = {str(address.municipality), *map(str, heirs)}
    return concerns(
        question.grant,
        asker=question.caller.body,
        last_municipalities=last_municipalities,
        missions=[version.state.mission or ""],
    )


# --------------------------------------------------------------------------------------------- what is said


def _found(resources: Resources, question: _Question, hit: _Hit, inquiry_id: str) -> InquiryAnswer:
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.FOUND,
        known_at=question.known.at,
        person=resources.pseudonym(question.caller.body, hit.person_id),
        versions=tuple(_answered(question, hit, version, holds) for version, holds in hit.versions),
    )


def _not_one(question: _Question, inquiry_id: str, *, ambiguous: bool) -> InquiryAnswer:
    deciding = tuple(key for key in STRONGER_KEYS if key in question.grant.searches)
    return InquiryAnswer(
        inquiry_id=inquiry_id,
        outcome=InquiryOutcome.AMBIGUOUS if ambiguous else InquiryOutcome.NOT_FOUND,
        known_at=question.known.at,
        deciding_keys=deciding if ambiguous else (),
    )


def _answered(question: _Question, hit: _Hit, version: Version, holds: Answer) -> AnsweredVersion:
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


def _may_leave(item: Item, hit: _Hit) -> bool:
    """No number leaves on an unconfirmed link, to anyone."""
    return hit.confirmed or item is not Item.INDIVIDUAL_NUMBER


def _value(version: Version, item: Item) -> object:
    return version.status if item is Item.STATUS else getattr(version.state, str(item))


async def grants_of(resources: Resources, work: UnitOfWork, caller: Caller) -> Done:
    """Return everything that the caller may ask today or will be allowed to."""
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
        for row in await callers.grants(work)
        if row.body_kind is caller.body_kind and (row.valid_to is None or today < row.valid_to)
    ]
    return Done(message=GrantsAnswer(body=caller.body, grants=tuple(rows)), outcome="answered")
