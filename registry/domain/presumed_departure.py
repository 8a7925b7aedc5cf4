"""「転出」扱い — when a resident of whom nothing is heard is presumed to have left, and what lifts the presumption.

Practice of the 在留届 since 2014-04-01: (a) the planned end of the stay has passed and nothing was heard for one more
year; (b) the end is not reached, or none is planned, but nobody answered for a year (連絡不能, which a mission
reports). Silence alone presumes nothing: who settled for good need not write every year.

It is a status, never a deletion (``resident``), and gives way to every fact. A report from then on lifts it from its
day on. A report that shows that the year was not over, because it speaks of days before, takes it back altogether.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from registry.domain.dates import ONE_DAY, IncompleteDate, months_after
from registry.domain.movement import Movement, MovementKind, Source, SourceKind
from registry.domain.report_movements import ANNULMENT_MARK
from registry.domain.resident import Status
from registry.domain.timeline import Version, fold

PRACTICE_SINCE: Final = date(2014, 4, 1)
"""Nobody is presumed to have left before the practice began."""


class Ground(StrEnum):
    """On what a departure is presumed."""

    END_HAS_PASSED = "end-has-passed"
    UNREACHABLE = "unreachable"


MONTHS_OF_SILENCE: Final = {Ground.END_HAS_PASSED: 12, Ground.UNREACHABLE: 12}
"""How long nothing must have been heard, from the planned end or from the first letter that came back."""


def presumed_from(movements: Sequence[Movement]) -> date | None:
    """Return the day from which these movements let a departure be presumed; None where they never do.

    The day lies after the period: the day on which it begins is not counted (民法140条). A last word from the person
    begins it anew. An end that is only known to a month or year has passed when its last possible day has.
    """
    timeline = fold(movements)
    last = timeline.last
    if last is None or last.status is not Status.RESIDENT_ABROAD:
        return None
    living = (one for one in movements if one.movement_id not in timeline.superseded)
    days = [months_after(since, MONTHS_OF_SILENCE[ground]) + ONE_DAY for ground, since in _silences(living, last)]
    return max(min(days), PRACTICE_SINCE) if days else None


def _silences(living: Iterable[Movement], last: Version) -> Iterator[tuple[Ground, date]]:
    """Yield each ground with the day since which nothing has been heard."""
    heard = last.last_confirmed or date.min
    planned_end = last.state.planned_end
    if planned_end is not None:
        yield Ground.END_HAS_PASSED, max(planned_end.latest, heard)
    for one in living:
        if one.kind is MovementKind.UNREACHABLE and one.latest >= heard:
            yield Ground.UNREACHABLE, one.latest


def presumption(movements: Sequence[Movement], submission_id: str, today: date) -> Movement | None:
    """Return the movement by which a departure is presumed on ``today``, or None where nothing lets it be."""
    day = presumed_from(movements)
    if day is None or day > today:
        return None
    return Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=MovementKind.PRESUMED_DEPARTED,
        effective=IncompleteDate.on(day),
        notified_on=today,
        source=Source(kind=SourceKind.EX_OFFICIO),
    )


def taken_back(known: Sequence[Movement], added: Sequence[Movement]) -> tuple[Movement, ...]:
    """Return what takes back the presumptions among ``known`` that would not have been made had ``added`` been known.

    They belong to the submission that ``added`` comes from: whoever takes that back lets them stand again.
    """
    presumptions = [one for one in known if one.kind is MovementKind.PRESUMED_DEPARTED]
    if not presumptions or not added:
        return ()
    everything = (*known, *added)
    superseded = fold(everything).superseded
    living = [one for one in everything if one.movement_id not in superseded]
    wrong = [one for one in presumptions if one in living and not _stands(one, living)]
    last = added[-1]
    return tuple(
        Movement(
            movement_id=f"{last.movement_id}-{number}{ANNULMENT_MARK}",
            submission_id=last.submission_id,
            kind=MovementKind.ANNULLED,
            effective=one.effective,
            notified_on=last.notified_on,
            source=Source(kind=SourceKind.EX_OFFICIO),
            replaces=one.movement_id,
        )
        for number, one in enumerate(wrong)
    )


def _stands(presumption: Movement, living: Iterable[Movement]) -> bool:
    """Whether what is known of the days before a presumption still lets it be made from its day on."""
    before = [one for one in living if one.kind is not MovementKind.PRESUMED_DEPARTED and one.order < presumption.order]
    day = presumed_from(before)
    return day is not None and day <= presumption.earliest
