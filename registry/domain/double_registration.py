"""二重登録の解消 — two records of one person: one falls away and points to the one that stays.

Two records arise where a report and a 除票 could not be joined, or a person reported under two names. People decide
that they are one person; the registry never does. The record that falls away ends on that day (住基法8条) and keeps its
own history. Whoever looks for its person finds the record that stays: it learns, 職権で, by what the other was found.

Two different 個人番号 are two people, however alike the rest (番号法2条5項). Moving whole histories between records,
with two people deciding, is linkage and not done here.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from registry.domain.basic_four import PersonName
from registry.domain.dates import IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.resident import Status
from registry.domain.timeline import fold

TAKEN_OVER: Final = ("birth_date", "sex", "last_address", "honseki", "individual_number", "resident_record_code")
"""What says who the person is, and goes over where the record that stays does not know it."""


class Side(NamedTuple):
    """One of the two records: its id and all its movements."""

    person_id: str
    movements: Sequence[Movement]

    @property
    def status(self) -> Status | None:
        """How it stands; None of an empty record."""
        last = fold(self.movements).last
        return None if last is None else last.status

    @property
    def known(self) -> Statement:
        """What it says of its person now."""
        last = fold(self.movements).last
        return Statement() if last is None else last.state

    @property
    def names(self) -> tuple[PersonName, ...]:
        """Every name under which its person was ever known, past names included."""
        timeline = fold(self.movements)
        living = (one.statement for one in self.movements if one.movement_id not in timeline.superseded)
        named = [(*(one.past_names or ()), *([one.name] if one.name else [])) for one in living]
        return tuple(dict.fromkeys(name for names in named for name in names))


def check(falls_away: Side, stays: Side) -> Faults:
    """Say what forbids that the one record falls away in favour of the other."""
    faults = Faults()
    if falls_away.person_id == stays.person_id:
        faults.add(FaultCode.DUPLICATE, "/falls_away", "another record than the one that stays")
    for name, side in (("falls_away", falls_away), ("stays", stays)):
        if side.status in {None, Status.MERGED}:
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/{name}", "a record that has not fallen away itself")
    for field in ("individual_number", "resident_record_code"):
        one, other = getattr(falls_away.known, field), getattr(stays.known, field)
        if None not in {one, other} and one != other:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/falls_away", f"not another {field}: that is another person")
    return faults


def movements(falls_away: Side, stays: Side, submission_id: str, today: date) -> tuple[Movement, ...]:
    """Return the movement of the record that falls away, and that of the one that stays if it learns anything."""
    ends = Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=MovementKind.DOUBLE_REGISTRATION_RESOLVED,
        effective=IncompleteDate.on(today),
        notified_on=today,
        source=Source(kind=SourceKind.EX_OFFICIO),
        same_person_as=stays.person_id,
    )
    learnt = _learnt(falls_away, stays)
    if not learnt.stated:
        return (ends,)
    learns = Movement(
        movement_id=f"{submission_id}/1.0",
        submission_id=submission_id,
        kind=MovementKind.CORRECTED_EX_OFFICIO,
        effective=IncompleteDate.on(today),
        notified_on=today,
        source=Source(kind=SourceKind.EX_OFFICIO),
        statement=learnt,
    )
    return (ends, learns)


def _learnt(falls_away: Side, stays: Side) -> Statement:
    """Return what only the record that falls away knew of who the person is; its names become past names."""
    known, other = stays.known, falls_away.known
    taken = {field: getattr(other, field) for field in TAKEN_OVER if getattr(known, field) is None}
    new_names = [name for name in falls_away.names if name not in stays.names]
    past_names = (*(known.past_names or ()), *new_names)
    return Statement(**taken, past_names=past_names if new_names else None)


def record_that_stays(movements: Iterable[Movement]) -> str | None:
    """Return the id of the record under which this person is kept now; None unless this one fell away."""
    given = tuple(movements)
    timeline = fold(given)
    if timeline.last is None or timeline.last.status is not Status.MERGED:
        return None
    living = (one for one in given if one.movement_id not in timeline.superseded)
    return next((one.same_person_as for one in living if one.same_person_as is not None), None)
