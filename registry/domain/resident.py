"""在留者の状態 — the statuses of a record and the one table that says which fact leads from which to which.

Entry and exit follow the example of Italy's register of citizens abroad (AIRE): entry by 国外転出, 国外出生,
在留届のみ or 職権; exit by 帰国, 死亡, 国籍喪失, 二重登録の解消 or 職権. 転出扱い (presumed departure) is a status,
never a deletion.

**Back again.** Who lost the nationality is in the register again only by regaining it (国籍法17条) or because the
loss is taken back; a 国外転出 or 在留届 after the loss says nothing of it and is a contradiction. 職権消除 is undone
by a new 国外転出, by 職権記載 or by taking it back. The dead and the merged stay so until that very fact is taken
back.

What the table does not list is a contradiction: the fact is kept, a case is opened, the status stays. Nothing is
refused here, because a late report of an earlier life is the normal case and finds its place in the timeline.
"""

from enum import StrEnum
from typing import Final

from registry.domain.movement import MovementKind as K


class Status(StrEnum):
    """在留者の状態."""

    PROVISIONAL = "provisional"
    """国外転出 is known from a 除票; no mission has reported the person yet."""
    RESIDENT_ABROAD = "resident-abroad"
    """A mission has reported the residence."""
    PRESUMED_DEPARTED = "presumed-departed"
    RETURNED = "returned"
    DECEASED = "deceased"
    NATIONALITY_LOST = "nationality-lost"
    MERGED = "merged"
    """Kept under another record (二重登録の解消)."""
    REMOVED = "removed"
    """職権消除."""


S = Status
_ABROAD: Final = (S.PROVISIONAL, S.RESIDENT_ABROAD, S.PRESUMED_DEPARTED)
_AWAY: Final = (*_ABROAD, S.RETURNED)
_ENTRY: Final = None
"""The status before anything is known."""


def _each(sources: tuple[Status | None, ...], target: Status) -> dict[Status | None, Status]:
    return dict.fromkeys(sources, target)


_STAYS_ABROAD: Final[dict[Status | None, Status]] = _each((_ENTRY, *_ABROAD), S.RESIDENT_ABROAD)
"""A report from a mission shows a resident, also when it is the first that is heard of the person."""

_SAME: Final[dict[Status | None, Status]] = {status: status for status in Status}
_UNCHANGED: Final = _SAME | {_ENTRY: S.PROVISIONAL}

_PRESUMED: Final = _SAME | {S.RESIDENT_ABROAD: S.PRESUMED_DEPARTED}
"""A presumption gives way to every fact, also to one that is heard of later: it never contradicts."""

TRANSITIONS: Final[dict[K, dict[Status | None, Status]]] = {
    K.BORN_ABROAD: _each((_ENTRY, S.PROVISIONAL, S.RESIDENT_ABROAD), S.RESIDENT_ABROAD),
    K.ENTERED_EX_OFFICIO: _each((_ENTRY, S.PROVISIONAL, S.RETURNED, S.REMOVED), S.PROVISIONAL),
    # A 除票 often bears a later (planned) day than the arrival that the mission knows: who is known stays known.
    K.MOVED_ABROAD: _each((_ENTRY, S.PROVISIONAL, S.PRESUMED_DEPARTED, S.RETURNED, S.REMOVED), S.PROVISIONAL)
    | {S.RESIDENT_ABROAD: S.RESIDENT_ABROAD},
    # Regained while nothing was known of the loss: that may still be reported, and then comes before.
    K.NATIONALITY_REGAINED: _each((_ENTRY, S.PROVISIONAL, S.NATIONALITY_LOST), S.PROVISIONAL)
    | _each((S.RESIDENT_ABROAD, S.PRESUMED_DEPARTED), S.RESIDENT_ABROAD)
    | {S.RETURNED: S.RETURNED},
    K.RESIDENCE_REPORTED: _STAYS_ABROAD | {S.RETURNED: S.RESIDENT_ABROAD},
    K.ADDRESS_CHANGED: _STAYS_ABROAD,
    K.MOVED_BETWEEN_AREAS: _STAYS_ABROAD,
    K.CONTACT_CHANGED: _STAYS_ABROAD,
    K.RESIDENCE_CONFIRMED: _STAYS_ABROAD,
    # Who cannot be reached is a resident until the year is over (``presumed_departure``).
    K.UNREACHABLE: _SAME | {_ENTRY: S.RESIDENT_ABROAD},
    K.NAME_CHANGED: _UNCHANGED,
    K.HONSEKI_CHANGED: _UNCHANGED,
    K.INDIVIDUAL_NUMBER_RECORDED: _UNCHANGED,
    K.RESIDENT_RECORD_CODE_RECORDED: _UNCHANGED,
    K.CORRECTED_EX_OFFICIO: _UNCHANGED,
    K.PRESUMED_DEPARTED: _PRESUMED,
    # 職権消除 ends the record, not the life: what happens afterwards is a fact all the same.
    K.RETURNED: _each((_ENTRY, *_AWAY, S.REMOVED), S.RETURNED),
    K.NATIONALITY_LOST: _each((_ENTRY, *_AWAY, S.REMOVED, S.NATIONALITY_LOST), S.NATIONALITY_LOST),
    K.DIED: _each((_ENTRY, *_AWAY, S.REMOVED, S.NATIONALITY_LOST, S.DECEASED), S.DECEASED),
    K.DOUBLE_REGISTRATION_RESOLVED: _each(tuple(Status), S.MERGED),
    K.REMOVED_EX_OFFICIO: _each((*_AWAY, S.REMOVED), S.REMOVED),
    K.ANNULLED: {},
}


def after(kind: K, status: Status | None) -> Status | None:
    """Return the status that a fact of this kind leads to; None where the table knows no such way."""
    return TRANSITIONS[kind].get(status)
