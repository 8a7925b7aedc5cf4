"""消去 — when what is held of a person may be made unreadable for good, on which ground, and by whose decision.

To shred is to destroy the keys under which a person's record lies sealed. Nothing brings it back, so it needs a ground
of law, a reason, and two people. No status deletes anything (転出扱い, 帰国, 死亡): the record stays until its time is
over.

**How long.** No law knows this registry's record yet. It is kept as long as the 除票 that it continues: 150 years
(住基法施行令34条, by analogy, unverified), from the latest possible day of the last that is known of who has returned,
died, lost the nationality, or whose record was removed or fell away. While people have to decide what holds, no time
runs.

**Earlier** goes what should never have been held (番号法20条: nobody collects or keeps it outside 19条), at once, and
what was decided to be erased on the person's request (個人情報保護法98条・100条; how far 番号法30条 changes them is
unverified).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import Confidential
from registry.domain.dates import months_after
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement
from registry.domain.removed_record import LONG_RETENTION_MONTHS
from registry.domain.resident import Status
from registry.domain.timeline import fold

ENDED: Final = frozenset(
    {Status.RETURNED, Status.DECEASED, Status.NATIONALITY_LOST, Status.MERGED, Status.REMOVED},
)
"""The statuses after which the time of retention runs. Who is presumed to have left may come back any day."""


class Ground(StrEnum):
    """消去の事由."""

    RETENTION_OVER = "retention-over"
    UNLAWFULLY_HELD = "unlawfully-held"
    ERASURE_GRANTED = "erasure-granted"


BASES: Final = {
    Ground.RETENTION_OVER: "住基法施行令34条",
    Ground.UNLAWFULLY_HELD: "番号法20条",
    Ground.ERASURE_GRANTED: "個人情報保護法100条",
}


class Shredding(Confidential, frozen=True, kw_only=True):
    """The decision to shred one record: ground, reason, and the two accounts that decided it."""

    ground: Ground
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    decided_by: Annotated[str, Meta(min_length=1, max_length=100)]
    approved_by: Annotated[str, Meta(min_length=1, max_length=100)]


def kept_until(movements: Sequence[Movement]) -> date | None:
    """Return the day from which a record with these movements need not be kept; None while no time runs."""
    timeline = fold(movements)
    last = timeline.last
    if last is None or last.status not in ENDED or timeline.contradictions:
        return None
    return None if last.certain.first is None else months_after(last.certain.first, LONG_RETENTION_MONTHS)


def is_over(movements: Sequence[Movement], today: date) -> bool:
    """Whether a record with these movements need not be kept any more."""
    until = kept_until(movements)
    return until is not None and until <= today


def ended_by(today: date) -> date:
    """Return the latest day on which a stay can have ended whose time is over: the 29 February makes it a day later."""
    return months_after(today, -LONG_RETENTION_MONTHS) + timedelta(days=1)


def check(shredding: Shredding, movements: Sequence[Movement], today: date) -> Faults:
    """Say what forbids to shred a record that consists of these movements."""
    faults = Faults()
    for name in ("reason", "decided_by", "approved_by"):
        if not getattr(shredding, name).strip():
            faults.add(FaultCode.MISSING, f"/{name}", "why, and by whose decision")
    if shredding.decided_by.strip() == shredding.approved_by.strip():
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/approved_by", "another account than the one that decided")
    if shredding.ground is Ground.RETENTION_OVER and not is_over(movements, today):
        expected = "a record whose time is over: 150 years after the end, and nothing left to decide"
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/ground", expected)
    return faults
