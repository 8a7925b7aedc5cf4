"""除票から異動へ — which movements the history of a 除票 makes, when it comes first and whenever it comes again.

Of a stay abroad the registry records the departure and, where the same history tells of it, the end: 帰国 by a new
転入, death, loss of nationality. Of the lines before and after it records nothing: they are life in Japan, and their
names only serve to find the person. A departure that was taken back before the registry heard of it says nothing.

When other content comes under the same 宛名番号 it is held against what was made of it before, event by event: what is
told otherwise is corrected, what stands no longer is taken back, what is new is added, all else is left alone. The last
event is said anew in any case, so that the record rests on what the municipality holds now.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from registry.domain.basic_four import PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.dates import IncompleteDate
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.removed_record import (
    CORRECTS_REMOVED_RECORD,
    ENTRIES,
    KIND_OF_END,
    HistoryLine,
    Reason,
    RemovedRecord,
    Stay,
)
from registry.domain.timeline import fold


class _Event(NamedTuple):
    """One thing that the history says and the registry records."""

    line: HistoryLine
    kind: MovementKind
    effective: IncompleteDate
    statement: Statement


def movements(
    record: RemovedRecord,
    submission_id: str,
    of_record: Sequence[Movement] = (),
    made_by: Collection[str] = (),
    *,
    asked_for: bool = False,
) -> tuple[Movement, ...]:
    """Return the movements that a checked 除票 makes; none where it says nothing new.

    ``of_record`` are all movements of the person's record, ``made_by`` the submissions that spoke of this 宛名番号
    before. ``asked_for`` as in :meth:`RemovedRecord.departure`; what proved a departure when it was asked for still
    does when it comes by itself. Of somebody never heard of, only the last stay abroad counts.
    """
    by_number = {_number(one): one for one in _standing(of_record, made_by)}
    struck_off = (one.history_number for one in record.lines if one.reason is Reason.REMOVED_EX_OFFICIO)
    stays = record.stays(asked_for=asked_for or not by_number.keys().isdisjoint(struck_off))
    heard_from = min(by_number, default=stays[-1].departure.history_number if stays else 0)
    told = [event for stay in stays for event in _events(record, stay)]
    wanted = [one for one in told if one.line.history_number >= heard_from]
    made = []
    for event in wanted:
        earlier = by_number.pop(event.line.history_number, None) or _same_departure(event, wanted, by_number)
        if earlier is None or event is wanted[-1] or not _says(earlier, event):
            made.append(_movement(record, event, submission_id, None if earlier is None else earlier.movement_id))
    over = [one for last in by_number.values() for one in _with_corrected(last, of_record)]
    return (*made, *_taken_back(record, submission_id, over))


def _standing(movements: Sequence[Movement], made_by: Collection[str]) -> Iterator[Movement]:
    """Yield what still stands of the movements that these submissions made of a record."""
    superseded = fold(movements).superseded
    for one in movements:
        is_theirs = one.submission_id in made_by and one.kind is not MovementKind.ANNULLED
        if is_theirs and one.movement_id not in superseded:
            yield one


def _events(record: RemovedRecord, stay: Stay) -> Iterator[_Event]:
    proof = _proof(record, stay)
    yield _Event(stay.departure, MovementKind.MOVED_ABROAD, stay.departure.effective, _statement(record, proof))
    if stay.end is not None:
        yield _Event(stay.end, KIND_OF_END[stay.end.reason], _day_of_end(stay, stay.end), Statement())


def _day_of_end(stay: Stay, end: HistoryLine) -> IncompleteDate:
    """Return when a stay ended; who moved in from elsewhere in Japan came home some day before that."""
    left = stay.departure.effective.earliest
    came_home_elsewhere = end.reason in ENTRIES and end.reason is not Reason.MOVED_IN_FROM_ABROAD
    if not came_home_elsewhere or left >= end.effective.latest:
        return end.effective
    return read(f"{left.isoformat()}/{end.effective.latest.isoformat()}")


def _proof(record: RemovedRecord, stay: Stay) -> HistoryLine:
    """Return the line that proves who left: the departure, or its last correction before the stay ended."""
    first, end = stay.departure.history_number, stay.end
    lines = [one for one in record.lines if end is None or one.history_number < end.history_number]
    after = [one for one in lines if one.history_number > first and one.reason in CORRECTS_REMOVED_RECORD]
    return after[-1] if after else stay.departure


def _statement(record: RemovedRecord, line: HistoryLine) -> Statement:
    """Return what the 除票 proves: the items of one line, and the other names of the history to find the person by."""
    return Statement(
        name=line.name,
        birth_date=line.birth_date,
        sex=None if line.sex is Sex.UNKNOWN else line.sex,
        last_address=line.address,
        honseki=line.honseki,
        individual_number=line.individual_number,
        resident_record_code=line.resident_record_code,
        past_names=other_names(record, line.name) or None,
    )


def other_names(record: RemovedRecord, name: PersonName) -> tuple[PersonName, ...]:
    """Return every name in the history but this one, the oldest first."""
    return tuple(dict.fromkeys(line.name for line in record.lines if line.name != name))


def _same_departure(event: _Event, told: Iterable[_Event], by_number: dict[int, Movement]) -> Movement | None:
    """Take out of ``by_number`` the departure that this one enters anew: nobody came home in between."""
    if event.kind is not MovementKind.MOVED_ABROAD:
        return None
    here = event.line.history_number
    ends = {one.line.history_number for one in told if one.kind is not MovementKind.MOVED_ABROAD}
    for number, one in sorted(by_number.items()):
        if one.kind is MovementKind.MOVED_ABROAD and not any(number < end < here for end in ends):
            return by_number.pop(number)
    return None


def _says(earlier: Movement, event: _Event) -> bool:
    told = (event.kind, event.effective, event.line.notified_on, event.statement)
    return (earlier.kind, earlier.effective, earlier.notified_on, earlier.statement) == told


def _movement(record: RemovedRecord, event: _Event, submission_id: str, replaces: str | None) -> Movement:
    return Movement(
        movement_id=f"{submission_id}/0.{event.line.history_number}",
        submission_id=submission_id,
        kind=event.kind,
        effective=event.effective,
        notified_on=event.line.notified_on,
        source=Source(kind=SourceKind.MUNICIPALITY, code=str(record.municipality)),
        statement=event.statement,
        replaces=replaces,
    )


def _with_corrected(last: Movement, movements: Iterable[Movement]) -> Iterator[Movement]:
    """Yield a movement and those whose place it took: taken back alone, it would let them stand again."""
    by_id = {one.movement_id: one for one in movements}
    at: Movement | None = last
    while at is not None:
        yield at
        at = by_id.get(at.replaces or "")


def _taken_back(record: RemovedRecord, submission_id: str, over: Iterable[Movement]) -> Iterator[Movement]:
    """Yield what takes back the movements of which the history speaks no more."""
    for number, one in enumerate(over):
        yield Movement(
            movement_id=f"{submission_id}/0.{record.last.history_number}-annuls{number}",
            submission_id=submission_id,
            kind=MovementKind.ANNULLED,
            effective=one.effective,
            notified_on=record.last.notified_on,
            source=Source(kind=SourceKind.MUNICIPALITY, code=str(record.municipality)),
            replaces=one.movement_id,
        )


def _number(movement: Movement) -> int:
    """Return the 履歴番号 of the line that a movement was made of: the end of its id."""
    return int(movement.movement_id.rpartition(".")[2])
