"""Whom a search finds: by one of a closed list of keys, as of the days and the moment asked about.

Whom the grant does not cover is like somebody who is not there. Nothing here decides what is told of them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from registry.contract.messages import (
    ByAddresseeNumber,
    ByIndividualNumber,
    ByNameAndBirthDate,
    ByPseudonym,
    ByResidentRecordCode,
    Search,
    Terms,
)
from registry.domain.basic_four import Difference, compare_birth_dates
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Condition, Grant, concerns
from registry.domain.double_registration import record_that_stays
from registry.domain.errors import Fault, FaultCode, InvalidInput, NotYetKnown
from registry.domain.movement import Movement
from registry.domain.municipality import MunicipalityTable
from registry.domain.protection import as_never_reported
from registry.domain.reconciliation import Identity
from registry.domain.search_terms import TermKind, asked_terms, spellings
from registry.domain.timeline import Version, fold
from registry.services import protection, records
from registry.services.attendance import Inquirer
from registry.services.resources import Resources, japan_date
from registry.store import look_up, sequencer, sight, submissions
from registry.store import records as stored_records
from registry.store.keyring import Shredded
from registry.store.look_up import Found
from registry.store.sequencer import Known
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import SearchKey

_BY_RECORD: Final = (ByAddresseeNumber, ByPseudonym)
"""Searches that name a record; one that was joined to another leads on to the one that stays."""

VersionThen = tuple[Version, Answer]
"""A version, and whether it holds on the days asked about for certain or possibly."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one person that may be asked: of which days, under which grant."""

    terms: Terms
    search: Search
    grant: Grant
    caller: Inquirer
    period: DayRange


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A person who fits the search and of whom the grant speaks: the versions of the days asked about."""

    person_id: str
    versions: tuple[VersionThen, ...]
    confirmed: bool


async def find_each(
    resources: Resources, work: UnitOfWork, questions: Sequence[Question]
) -> tuple[Known, tuple[list[Hit], ...]]:
    """Return up to where knowledge goes that the answers draw on, and for each question the people who fit.

    The questions have their terms in common. Raises NotYetKnown for a moment that the registry has not stamped yet,
    InvalidInput for one that is none.
    """
    known_at = questions[0].terms.known_at
    if known_at is not None:
        known = await _known(work, known_at)
        return known, tuple([await _find_then(resources, work, one, known) for one in questions])
    sought = [_sought(resources, one) for one in questions]
    at_once = [one for one in sought if one is not None]
    known_now, found = await look_up.find_each(work, resources.keyring, at_once, questions[0].period)
    if known_now is None:
        raise _nothing_known()
    answers = iter(found)
    return known_now, tuple(
        [
            await _find_then(resources, work, question, known_now)
            if one is None
            else await _find_today(resources, work, question, known_now, next(answers))
            for question, one in zip(questions, sought, strict=True)
        ]
    )


def _sought(resources: Resources, question: Question) -> look_up.Sought | None:
    """Return what the projection is asked for; None where only the movements tell whether somebody fits."""
    match question.search:
        case ByIndividualNumber() | ByResidentRecordCode() as search:
            return _key_of_number(resources, search)
        case ByPseudonym() as search:
            return _by_pseudonym(resources, question.caller, search)
        case _:
            return None


def _key_of_number(resources: Resources, search: ByIndividualNumber | ByResidentRecordCode) -> SearchKey:
    if isinstance(search, ByIndividualNumber):
        return resources.search_keys.of(TermKind.INDIVIDUAL_NUMBER, search.individual_number.reveal())
    return resources.search_keys.of(TermKind.RESIDENT_RECORD_CODE, search.resident_record_code.reveal())


def _by_pseudonym(resources: Resources, caller: Inquirer, search: ByPseudonym) -> str | None:
    return resources.pseudonyms.person(search.given_to or caller.body, search.pseudonym)


async def _find_today(
    resources: Resources, work: UnitOfWork, question: Question, known: Known, found: Sequence[Found]
) -> list[Hit]:
    """Answer as things stand: from the projection; the search key proves the number.

    Where the projection is ahead of what is stamped, it is folded: an answer holds nothing that was not known at the
    moment it names. So it is where 支援措置 may withhold something of it.
    """
    hits = []
    today = japan_date(resources.clock())
    for one in found:
        may_be_withheld = one.protected_until is not None and today < one.protected_until
        if one.versions is None or may_be_withheld:
            hits.append(await _folded(resources, work, question, known, one.person_id))
        else:
            versions = tuple(
                (version, Answer.of(certain=version.certain.meets(question.period), possible=True))
                for version in one.versions
            )
            hit = Hit(person_id=one.person_id, versions=versions, confirmed=one.confirmed)
            hits.append(_concerned(resources, question, known, hit))
    return [hit for hit in hits if hit is not None]


async def _find_then(resources: Resources, work: UnitOfWork, question: Question, known: Known) -> list[Hit]:
    """Answer as was then known: from the movements of each record that the search may find."""
    hits = [
        await _folded(resources, work, question, known, person_id)
        for person_id in await _candidates(resources, work, question, known)
    ]
    return [hit for hit in hits if hit is not None]


async def _known(work: UnitOfWork, known_at: datetime) -> Known:
    """Return up to what the answer may draw on; a moment not stamped yet is refused, so that no answer ever changes."""
    known = await sequencer.known_until(work)
    if known is None:
        raise _nothing_known()
    known_at = _in_utc(known_at)
    if known_at > known.at:
        raise NotYetKnown(
            Fault(code=FaultCode.NOT_KNOWN_YET, pointer="/known_at", expected=f"up to {known.at.isoformat()}")
        )
    return Known(await sequencer.last_seq(work, known_at), known_at)


def _nothing_known() -> NotYetKnown:
    return NotYetKnown(Fault(code=FaultCode.NOT_KNOWN_YET, expected="the sequencer to run; try again shortly"))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        expected = "a moment of the years 1 to 9999 in UTC"
        raise InvalidInput(Fault(code=FaultCode.OUT_OF_RANGE, pointer="/known_at", expected=expected)) from None


async def _candidates(resources: Resources, work: UnitOfWork, question: Question, known: Known) -> tuple[str, ...]:
    """Return the records that the search may find; whether one fits is seen when it is open."""
    search = question.search
    if isinstance(search, ByAddresseeNumber):
        municipality = question.caller.body
        await sight.act_for(work, municipality)
        key = resources.search_keys.of(TermKind.ADDRESSEE_NUMBER, municipality, search.addressee_number)
        person_id = await submissions.person_of_addressee(work, municipality, key.key, up_to=known.seq)
        return () if person_id is None else (person_id,)
    if isinstance(search, ByPseudonym):
        called = _by_pseudonym(resources, question.caller, search)
        return () if called is None else (called,)
    if isinstance(search, ByNameAndBirthDate):
        keys = records.keys_of(resources, asked_terms(search.name, search.birth_date.earliest))
    else:
        keys = frozenset({_key_of_number(resources, search)})
    return tuple(await stored_records.find(work, keys))


async def people_behind(resources: Resources, work: UnitOfWork, question: Question) -> tuple[str, ...]:
    """Return the records that fit a question and of which its grant speaks, with nothing withheld.

    For who breaks the glass (``break_glass``): nothing of them is told here. Raises NotYetKnown before the sequencer
    ever ran.
    """
    known = await sequencer.known_until(work)
    if known is None:
        raise _nothing_known()
    candidates = await _candidates(resources, work, question, known)
    hits = [await _folded(resources, work, question, known, one, withholds=False) for one in candidates]
    return tuple(one.person_id for one in hits if one is not None)


async def _folded(
    resources: Resources,
    work: UnitOfWork,
    question: Question,
    known: Known,
    person_id: str,
    *,
    withholds: bool = True,
) -> Hit | None:
    """Read one candidate as then known; None if it does not fit, or has no version of which the grant speaks.

    A record that was shredded is nobody's. What 支援措置 withhold from the asking body is as if nobody had reported it.
    """
    await sight.see(work, [person_id])
    try:
        movements = await stored_records.movements_of(work, resources.keyring, person_id, up_to=known.seq)
    except Shredded:
        return None
    kept_under = record_that_stays(movements)
    if kept_under is not None and isinstance(question.search, _BY_RECORD):
        return await _folded(resources, work, question, known, kept_under, withholds=withholds)
    if not movements or not _fits(question, movements):
        return None
    drawn_on = None
    body = question.caller.body
    if withholds and await protection.is_withheld(resources, work, person_id, body, question.grant):
        silence = as_never_reported(movements)
        movements, drawn_on = silence.movements, silence.submissions
    confirmed = await submissions.is_confirmed(work, person_id, up_to=known.seq, among=drawn_on)
    versions = fold(movements).during(question.period)
    return _concerned(resources, question, known, Hit(person_id=person_id, versions=versions, confirmed=confirmed))


def _fits(question: Question, movements: tuple[Movement, ...]) -> bool:
    """Whether a record as then known fits the search: by its past names and numbers as well as the present ones."""
    known = records.identities_of(movements)
    search = question.search
    match search:
        case ByIndividualNumber():
            return any(one.individual_number == search.individual_number for one in known)
        case ByResidentRecordCode():
            return any(one.resident_record_code == search.resident_record_code for one in known)
        case ByNameAndBirthDate():
            return any(_same_name_and_birth(search, one) for one in known)
        case ByAddresseeNumber() | ByPseudonym():
            return True


def _same_name_and_birth(search: ByNameAndBirthDate, known: Identity) -> bool:
    if known.name is None or known.birth_date is None:
        return False
    same_day = compare_birth_dates(search.birth_date, known.birth_date) is not Difference.DIFFERENT
    return same_day and bool(spellings(search.name) & spellings(known.name))


def _concerned(resources: Resources, question: Question, known: Known, hit: Hit) -> Hit | None:
    """Return the hit with only those versions of which the grant speaks; of other days nothing is said."""
    on = japan_date(known.at)
    told = tuple(one for one in hit.versions if _is_concerned(resources.municipalities, question, one[0], on))
    return msgspec.structs.replace(hit, versions=told) if told else None


def _is_concerned(municipalities: MunicipalityTable, question: Question, version: Version, on: date) -> bool:
    address = version.state.last_address
    last_municipalities: set[str] = set()
    if question.grant.condition is Condition.FORMER_RESIDENT and address is not None:
        left = version.possible.first or date.min
        heirs = municipalities.successors(address.municipality, since=left, on=on)
        last_municipalities = {str(address.municipality), *map(str, heirs)}
    return concerns(
        question.grant,
        asker=question.caller.body,
        last_municipalities=last_municipalities,
        missions=[version.state.mission or ""],
    )
