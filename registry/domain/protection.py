"""DV等支援措置 — withholding where a person lives from everybody who is not to learn it.

住民基本台帳事務処理要領第5の10, 標準仕様書 1.1.16: on request the address, and whatever reveals it, is withheld,
for the person and for those of the household who are named with them. It holds provisionally from the request on, for a
year from the decision, and is renewed from a month before its end. It is released, or a request declined, by two people
only (``four_eyes``). Here the residence abroad is withheld: address, mission, contact, planned end, and every movement
that tells of a move. The last address in Japan is the former municipality's, whose own 支援措置 covers its 除票.

**Exactly as when never reported.** To whom it is withheld, a protected record is what it would be if no residence
abroad had ever been reported (:func:`as_never_reported`). Nothing says that there is a measure; the measure itself
never leaves the registry.

**For a named duty** (protected: deliver) a body may be told all the same, for one affair and a time, after two people
looked at the case; in an emergency one official breaks the glass for half an hour and answers for it (:class:`Lift`).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.dates import months_after
from registry.domain.errors import Conflict, Fault, FaultCode
from registry.domain.movement import IDENTITY, RESIDENCE, Movement, MovementKind, Statement
from registry.domain.timeline import fold

MONTHS: Final = 12
"""How long a measure lasts from the decision, and each renewal."""
RENEWABLE_MONTHS_BEFORE: Final = 1
LONGEST_BREAK_GLASS: Final = timedelta(minutes=30)
LONGEST_LIFT: Final = timedelta(days=366)
"""A duty that lasts longer is looked at anew: no lift outlives the year for which a measure is decided."""
BASIS: Final = "住民基本台帳事務処理要領第5の10"

OF_RESIDENCE: Final = frozenset(
    {
        MovementKind.BORN_ABROAD,
        MovementKind.RESIDENCE_REPORTED,
        MovementKind.ADDRESS_CHANGED,
        MovementKind.MOVED_BETWEEN_AREAS,
        MovementKind.CONTACT_CHANGED,
        MovementKind.RESIDENCE_CONFIRMED,
        MovementKind.UNREACHABLE,
        MovementKind.PRESUMED_DEPARTED,
    }
)
"""Movements that there are only because a residence was reported, or could not be confirmed."""


class State(StrEnum):
    """How a measure stands on a day."""

    PROVISIONAL = "provisional"
    """仮の支援措置: requested, and not decided yet."""
    IN_FORCE = "in-force"
    OVER = "over"
    """Its year ended without a renewal."""
    ENDED = "ended"
    """Released, or declined, by two people."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """支援措置 for one person and the members of the household named with them. Days are those of Japan.

    ``people`` are the ids of the records, the applicant's first. ``until`` is the first day on which it holds no more;
    None until it is granted.
    """

    measure_id: str
    people: tuple[str, ...]
    requested_on: date
    granted_on: date | None = None
    until: date | None = None
    ended_on: date | None = None

    def state(self, day: date) -> State:
        """Return how it stands on ``day``."""
        if self.ended_on is not None:
            return State.ENDED
        if self.until is None:
            return State.PROVISIONAL
        return State.IN_FORCE if day < self.until else State.OVER

    def renewable_from(self) -> date | None:
        """Return the day from which it can be renewed, on which the desk and the person are reminded; None if never."""
        if self.until is None or self.ended_on is not None:
            return None
        return months_after(self.until, -RENEWABLE_MONTHS_BEFORE)

    def is_due(self, day: date) -> bool:
        """Whether it waits for the desk on ``day``: for a decision, or for a renewal before it ends."""
        begins = self.renewable_from()
        is_ending = begins is not None and begins <= day and self.state(day) is State.IN_FORCE
        return is_ending or self.state(day) is State.PROVISIONAL


def granted(measure: Measure, today: date) -> Measure:
    """Return a provisional measure as decided today, for a year; raises Conflict for one that is not provisional."""
    _demand(measure, State.PROVISIONAL, today)
    return msgspec.structs.replace(measure, granted_on=today, until=months_after(today, MONTHS))


def renewed(measure: Measure, today: date) -> Measure:
    """Return a measure with one more year after its end.

    Raises Conflict where it is not in force, or its last month has not begun.
    """
    _demand(measure, State.IN_FORCE, today)
    begins = measure.renewable_from()
    if measure.until is None or begins is None or today < begins:
        raise Conflict(Fault(code=FaultCode.OUT_OF_RANGE, expected=f"a day from {begins} on"))
    return msgspec.structs.replace(measure, until=months_after(measure.until, MONTHS))


def ended(measure: Measure, today: date) -> Measure:
    """Return a measure as released or declined today; raises Conflict where it holds no more."""
    if measure.state(today) in {State.ENDED, State.OVER}:
        raise _not_in("a measure that holds")
    return msgspec.structs.replace(measure, ended_on=today)


def _demand(measure: Measure, state: State, today: date) -> None:
    if measure.state(today) is not state:
        raise _not_in(f"a measure that is {state}")


def _not_in(expected: str) -> Conflict:
    return Conflict(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/measure", expected=expected))


# ---------------------------------------------------------------------------------------- what is told instead


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a record when its residence is withheld, and of which submissions that is made."""

    movements: tuple[Movement, ...] = ()
    submissions: frozenset[str] = frozenset()


def as_never_reported(movements: Iterable[Movement]) -> Silence:
    """Return what a record is if nobody had ever reported a residence abroad.

    It says who the person is, as fully as the record does, and nothing of where they live or of when they moved. A
    record that rests on reports of residence alone becomes one entered ex officio.
    """
    given = tuple(movements)
    timeline = fold(given)
    living = [one for one in given if _stands(one, timeline.superseded)]
    living.sort(key=lambda one: one.order)
    kept = [_without_residence(one) for one in living if one.kind not in OF_RESIDENCE]
    if not kept:
        kept = [_entered(one) for one in living[:1]]
    if not kept or timeline.last is None:
        return Silence()
    known, shown = timeline.last.state, fold(kept).last
    first, *rest = kept
    lacking = {one for one in IDENTITY if shown is None or getattr(shown.state, one) is None}
    added = {one: getattr(known, one) for one in lacking if getattr(known, one) is not None}
    statement = msgspec.structs.replace(first.statement, **added)
    return Silence(
        movements=(msgspec.structs.replace(first, statement=statement), *rest),
        submissions=frozenset(one.submission_id for one in (given if added else kept)),
    )


def _stands(movement: Movement, superseded: frozenset[str]) -> bool:
    return movement.kind is not MovementKind.ANNULLED and movement.movement_id not in superseded


def _without_residence(movement: Movement) -> Movement:
    silent = msgspec.structs.replace(movement.statement, **dict.fromkeys(RESIDENCE))
    return msgspec.structs.replace(movement, statement=silent, replaces=None)


def _entered(first: Movement) -> Movement:
    return msgspec.structs.replace(first, kind=MovementKind.ENTERED_EX_OFFICIO, statement=Statement(), replaces=None)


# --------------------------------------------------------------------------------------- who is told all the same


class Ground(StrEnum):
    """Why a body is told of a protected person all the same."""

    DUTY = "duty"
    """A named duty for which its grant may deliver; two people looked at the case."""
    BREAK_GLASS = "break-glass"
    """An emergency: one official, half an hour, a reason, a review afterwards."""


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """A body may be told, for one affair and a time, of one protected person. Moments are UTC, the end exclusive."""

    lift_id: str
    person_id: str
    body: str
    affair: str
    ground: Ground
    begins_at: datetime
    ends_at: datetime

    def holds(self, now: datetime, *, delivers: bool) -> bool:
        """Whether it holds; a duty only while the grant still ``delivers``."""
        return self.begins_at <= now < self.ends_at and (self.ground is Ground.BREAK_GLASS or delivers)


def is_withheld(
    protected_until: date | None, today: date, lifts: Sequence[Lift], now: datetime, *, delivers: bool
) -> bool:
    """Whether a residence is withheld from a body; ``lifts`` are those of the person for its affair."""
    is_protected = protected_until is not None and today < protected_until
    return is_protected and not any(one.holds(now, delivers=delivers) for one in lifts)
