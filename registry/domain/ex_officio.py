"""職権による記載・修正・消除 — what the registry's own office enters of itself, with the reason and who decided.

Where no report and no 除票 will come any more, or where people have decided what two sources leave open, the record is
mended ex officio (住基法8条; 標準仕様書1.2.2 職権修正・職権消除). Nothing is changed behind a source's back: it is one
more movement, which says why it stands there and can be taken back like any other.
"""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta

from registry.domain.basic_four import Confidential
from registry.domain.dates import IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement

KINDS: Final = frozenset(
    {
        MovementKind.CORRECTED_EX_OFFICIO,
        MovementKind.REMOVED_EX_OFFICIO,
        MovementKind.ENTERED_EX_OFFICIO,
        # What a source will not tell any more: 戸籍 or 官報 say it to the office.
        MovementKind.RETURNED,
        MovementKind.DIED,
        MovementKind.NATIONALITY_LOST,
        MovementKind.NATIONALITY_REGAINED,
        MovementKind.ANNULLED,
    }
)
"""What may be entered ex officio. The number and the 住民票コード may not: 機構 alone makes them (番号法8条)."""

_NEVER_STATED: Final = frozenset({"individual_number", "number_reason", "resident_record_code"})


class Decision(Confidential, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry ex officio: what, from when, why, and who decided (the account at the office).

    ``replaces`` is the movement that it corrects or, for an ANNULLED one, takes back.
    """

    kind: MovementKind
    effective: IncompleteDate
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    decided_by: Annotated[str, Meta(min_length=1, max_length=100)]
    statement: Statement = Statement()
    replaces: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


def check(decision: Decision) -> Faults:
    """Check what only holds of entries ex officio; the rules of every movement are held as well when it is planned."""
    faults = Faults()
    if decision.kind not in KINDS:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/kind", f"one of: {', '.join(sorted(KINDS))}")
    for name in ("reason", "decided_by"):
        if not getattr(decision, name).strip():
            faults.add(FaultCode.MISSING, f"/{name}", "why, and by whose decision")
    for field in sorted(decision.statement.stated & _NEVER_STATED):
        faults.add(FaultCode.NOT_ALLOWED_HERE, f"/statement/{field}", "not by the office's own word")
    if decision.kind is MovementKind.CORRECTED_EX_OFFICIO and not decision.statement.stated:
        faults.add(FaultCode.MISSING, "/statement", "at least one thing that is corrected")
    if decision.kind not in {MovementKind.CORRECTED_EX_OFFICIO, MovementKind.ENTERED_EX_OFFICIO}:
        for field in sorted(decision.statement.stated):
            faults.add(FaultCode.NOT_ALLOWED_HERE, f"/statement/{field}", "only in a 職権修正 or 職権記載")
    return faults


def movement(decision: Decision, submission_id: str, today: date) -> Movement:
    """Return the movement that a checked decision makes; it is notified on the day on which it is entered."""
    return Movement(
        movement_id=f"{submission_id}/0.0",
        submission_id=submission_id,
        kind=decision.kind,
        effective=decision.effective,
        notified_on=today,
        source=Source(kind=SourceKind.EX_OFFICIO),
        statement=decision.statement,
        replaces=decision.replaces,
    )
