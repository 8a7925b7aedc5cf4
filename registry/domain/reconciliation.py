"""突合 — whether a report and a 除票 speak of the same person, and whether they agree.

Two pure decisions. **Linking** says whether what arrived belongs to a record that is already there: by 個人番号, by
住民票コード, or by name, date of birth, sex and 本籍 all alike. Only the first two make a CONFIRMED link, and not for
whom both the name and the date of birth contradict; so does a card of JPKI (``own_report``). An exact
agreement of 4情報 is still UNCONFIRMED: twins without a distinguishing item and namesakes exist, and **no number leaves
on an unconfirmed link, to anyone**, until the municipality or the resident's JPKI confirms it.

**The outcome** says how the two sources of one record stand: agreed, discrepant (in which fields), one of them
missing, or under review. It never changes the record; it tells people where to look.
"""

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from typing import Any, Final

import msgspec

from registry.domain.basic_four import (
    Confidential,
    Difference,
    Honseki,
    PersonName,
    Sex,
    compare_birth_dates,
    compare_honseki,
    compare_names,
    compare_sexes,
)
from registry.domain.dates import IncompleteDate
from registry.domain.movement import Movement, MovementKind, SourceKind, Statement
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import Holding, held_on
from registry.domain.resident import Status
from registry.domain.timeline import Timeline


class Identity(Confidential, frozen=True, kw_only=True):
    """What says who someone is: one statement of a source, or what a record knows. None where nothing is said."""

    name: PersonName | None = None
    birth_date: IncompleteDate | None = None
    sex: Sex | None = None
    honseki: Honseki | None = None
    individual_number: IndividualNumber | None = None
    resident_record_code: ResidentRecordCode | None = None

    @classmethod
    def of(cls, statement: Statement) -> "Identity":
        """Return the identifying part of a statement."""
        return cls(**{field: getattr(statement, field) for field in cls.__struct_fields__})


class LinkMethod(StrEnum):
    """By what a submission was joined to a record."""

    OPENED = "opened"
    """Nothing was joined: the submission opened the record."""
    INDIVIDUAL_NUMBER = "individual-number"
    RESIDENT_RECORD_CODE = "resident-record-code"
    JPKI = "jpki"
    """The person's own card signed: name, date of birth and sex certified, 本籍 stated, and only one such record."""
    SAME_SUBMITTER = "same-submitter"
    """The municipality's own 宛名番号, or a correction that names the submission it replaces."""
    EXACT_BASIC_FOUR = "exact-basic-four"
    """Name, date of birth, sex and 本籍 alike, and only one such record."""
    ASKED_FOR = "asked-for"
    """The registry asked the municipality of the last residence for the 除票, and it found one such person."""


CONFIRMED: Final = frozenset(
    {
        LinkMethod.OPENED,
        LinkMethod.INDIVIDUAL_NUMBER,
        LinkMethod.RESIDENT_RECORD_CODE,
        LinkMethod.JPKI,
        LinkMethod.SAME_SUBMITTER,
    }
)
"""Methods on which a number may leave; every other link waits for the municipality or the resident's JPKI."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A record that might be the person: its id and each identity that it ever had."""

    person_id: str
    identities: tuple[Identity, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to join; ``person_id`` is None when a new record is to be opened.

    ``rivals`` are records that fit as well, or whose number or code this is although the person is another: then
    nothing is joined and people decide. ``on_unconfirmed``: the submission that this one follows has itself a link
    that waits for confirmation.
    """

    method: LinkMethod
    person_id: str | None = None
    rivals: tuple[str, ...] = ()
    on_unconfirmed: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Whether a number may leave on this link."""
        return self.method in CONFIRMED and not self.rivals and not self.on_unconfirmed


def link(identity: Identity, candidates: Iterable[Candidate]) -> Link:
    """Decide to which candidate, if any, an identity belongs.

    Number before code before 4情報; of each at most one record may fit. A number or code that fits one record is
    not overruled by 4情報 that fit another: the difference will show as a discrepancy of the joined record. But where
    it is somebody else's by name and by date of birth, one of the two was mistyped or stolen, and nothing is joined.
    """
    known = tuple(candidates)
    for method, same in _TESTS:
        fitting = {one.person_id: one for one in known if same(identity, one)}
        if len(fitting) == 1 and not any(is_somebody_else(identity, one.identities) for one in fitting.values()):
            return Link(method=method, person_id=next(iter(fitting)))
        if fitting:
            return Link(method=LinkMethod.OPENED, rivals=tuple(sorted(fitting)))
    return Link(method=LinkMethod.OPENED)


def is_somebody_else(identity: Identity, known: Iterable[Identity]) -> bool:
    """Whether name and date of birth both contradict everything that is known of a person under both."""
    telling = [one for one in known if one.name is not None and one.birth_date is not None]
    return bool(telling) and all({"name", "birth_date"} <= {*differences(identity, one)} for one in telling)


def _same_number(identity: Identity, candidate: Candidate) -> bool:
    return identity.individual_number is not None and identity.individual_number in _numbers(candidate)


def _same_code(identity: Identity, candidate: Candidate) -> bool:
    code = identity.resident_record_code
    return code is not None and any(code == past.resident_record_code for past in candidate.identities)


def _same_basic_four(identity: Identity, candidate: Candidate) -> bool:
    """4情報 and 本籍 are those of one identity that the candidate ever had.

    Two different numbers are two people, however alike the rest (番号法2条5項), also where the likeness is older than
    the number of the record.
    """
    numbers = _numbers(candidate)
    if identity.individual_number is not None and numbers and identity.individual_number not in numbers:
        return False
    return any(_alike(identity, past) for past in candidate.identities)


def _numbers(candidate: Candidate) -> frozenset[IndividualNumber]:
    numbers = (past.individual_number for past in candidate.identities)
    return frozenset(number for number in numbers if number is not None)


def _alike(one: Identity, other: Identity) -> bool:
    """Name (spelling folded), complete date of birth, sex and 本籍 are stated on both sides and alike."""
    if one.birth_date is None or not one.birth_date.is_complete or one.birth_date != other.birth_date:
        return False
    if one.sex in {None, Sex.UNKNOWN} or one.sex is not other.sex:
        return False
    if one.honseki is None or other.honseki is None or not _same_honseki(one.honseki, other.honseki):
        return False
    return one.name is not None and other.name is not None and _same_name(one.name, other.name)


def _same_honseki(one: Honseki, other: Honseki) -> bool:
    """Known and alike; the same words in two municipalities are two places."""
    here, there = one.municipality, other.municipality
    return bool(one.key) and one.key == other.key and (here is None or there is None or here == there)


def _same_name(one: PersonName, other: PersonName) -> bool:
    """Both in kanji and folding to the same; a reading or Latin letters alone are too little."""
    return bool(one.kanji_key) and one.kanji_key == other.kanji_key


_TESTS: Final = (
    (LinkMethod.INDIVIDUAL_NUMBER, _same_number),
    (LinkMethod.RESIDENT_RECORD_CODE, _same_code),
    (LinkMethod.EXACT_BASIC_FOUR, _same_basic_four),
)


class Outcome(StrEnum):
    """突合結果."""

    AGREED = "agreed"
    DISCREPANT = "discrepant"
    NO_REMOVED_RECORD = "no-removed-record"
    NO_REPORT = "no-report"
    UNDER_REVIEW = "under-review"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one record. ``fields`` differ when DISCREPANT; ``holding`` explains NO_REMOVED_RECORD.

    ``confirmed`` is False while any link of the record waits for confirmation.
    """

    outcome: Outcome
    fields: tuple[str, ...] = ()
    holding: Holding | None = None
    confirmed: bool = True


def reconcile(
    movements: Iterable[Movement], timeline: Timeline, *, confirmed: bool, in_review: bool, today: date
) -> Result | None:
    """Say how the two sources of one record stand; None where neither has anything left to say, or to be asked.

    ``confirmed``: every link of the record is. ``in_review``: people still have to decide something about it.
    ``today`` decides whether a missing 除票 can still exist.
    """
    living = [one for one in movements if one.movement_id not in timeline.superseded]
    removed = [one for one in living if one.kind is MovementKind.MOVED_ABROAD]
    reported = [one for one in living if one.source.kind in _REPORTERS and one.kind is not MovementKind.ANNULLED]
    status = None if timeline.last is None else timeline.last.status
    if status is Status.MERGED:
        return None
    if in_review:
        return Result(outcome=Outcome.UNDER_REVIEW, confirmed=confirmed)
    is_empty = all(one.kind is MovementKind.ANNULLED for one in living)
    if is_empty or (status in _IS_OVER and not (removed and reported)):
        return None
    if not removed:
        return Result(outcome=Outcome.NO_REMOVED_RECORD, holding=_holding(reported, today), confirmed=confirmed)
    if not reported:
        return Result(outcome=Outcome.NO_REPORT, confirmed=confirmed)
    fields = _differing(removed, living)
    outcome = Outcome.DISCREPANT if fields else Outcome.AGREED
    return Result(outcome=outcome, fields=fields, confirmed=confirmed)


_IS_OVER: Final = frozenset({Status.DECEASED, Status.NATIONALITY_LOST, Status.REMOVED})
"""Whose record is over: a source that is missing is not looked for any more, and nobody is asked about the person."""

_REPORTERS: Final = frozenset({SourceKind.MISSION, SourceKind.RESIDENT})
"""Who reports a residence; a return that only a municipality tells of leaves the radar on."""


def _holding(reported: list[Movement], today: date) -> Holding | None:
    """Say whether the missing 除票 can still be held; None where there never was one or nothing tells its day."""
    if not reported or any(one.kind is MovementKind.BORN_ABROAD for one in reported):
        return None
    return held_on(min((one.effective for one in reported), key=lambda day: day.latest), today)


def _differing(removed: list[Movement], living: list[Movement]) -> tuple[str, ...]:
    """Return the fields in which the latest 除票 and the reports of the same stay say different things.

    What changed between the two, or was corrected ex officio since, is explained; beyond a return it is another stay.
    """
    proof = max(removed, key=lambda one: one.order)
    corrections = [one for one in living if one.kind is MovementKind.CORRECTED_EX_OFFICIO]
    differing: set[str] = set()
    for report in living:
        if report.kind not in {MovementKind.RESIDENCE_REPORTED, MovementKind.BORN_ABROAD}:
            continue
        first, last = sorted((proof.order, report.order))
        between = [one for one in living if first < one.order < last]
        if any(one.kind is MovementKind.RETURNED for one in between):
            continue
        explained = {field for one in (*between, *corrections) for field in one.rule.changes & one.statement.stated}
        differing |= {*differences(Identity.of(proof.statement), Identity.of(report.statement))} - explained
    return tuple(field for field in Identity.__struct_fields__ if field in differing)


def differences(one: Identity, other: Identity) -> tuple[str, ...]:
    """Return the names of the fields in which two identities cannot both be right; what is not said never differs."""
    found = []
    for field in Identity.__struct_fields__:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine is None or theirs is None:
            continue
        compare = _COMPARE.get(field)
        if (mine != theirs) if compare is None else compare(mine, theirs) is Difference.DIFFERENT:
            found.append(field)
    return tuple(found)


_COMPARE: Final[dict[str, Callable[[Any, Any], Difference]]] = {
    "name": compare_names,
    "birth_date": compare_birth_dates,
    "sex": compare_sexes,
    "honseki": compare_honseki,
}
