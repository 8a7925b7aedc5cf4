"""異動から履歴へ — the bitemporal fold: all movements of a person become the versions of the record.

**Order.** Movements are put into one total order that does not know when they arrived: latest possible day, earliest
possible day, rank of kind, 届出年月日, submission. A late report simply takes its place; nothing is undone first.

**Possible worlds.** An incomplete date may be any day of its range, while the movements keep their order. For the
i-th movement the days left are therefore

    from  E(i) = the greatest of the earliest days of movements 1 … i
    to    L(i) = its own latest day (the order sorts by it, so no later movement cuts it).

Version i holds from movement i until movement i+1. In every world that is the case from L(i) up to E(i+1): its
**certain** range. In some world it is from E(i) up to L(i+1): its **possible** range. Because L(i) ≥ E(i), the certain
ranges of one record never overlap; the database holds a constraint that says the same.

**Replacement.** A movement is dead while its place is held by another: by a living movement that replaces it, or by a
correction of that one, and so on. So annulling an annulment revives, and correcting a correction does not.

**A new stay** begins with no address, mission or contact of the one before: who leaves again after a return has not
gone back to where they lived. A record that fell away (二重登録の解消) says nothing more from that day on.

**Contradiction.** Two sources that assert different things, two days of one death, or a fact that the table of statuses
does not allow, are never resolved silently: the source that ranks higher for the field is shown, the field is marked as
disputed, and a :class:`Contradiction` says what stands against what. It becomes a case for people.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final

import msgspec

from registry.domain import basic_four, resident
from registry.domain.basic_four import Confidential, Difference
from registry.domain.dates import Answer, DayRange, agree
from registry.domain.movement import (
    FIELDS,
    IDENTITY,
    RESIDENCE,
    RULES,
    Movement,
    MovementKind,
    SourceKind,
    Statement,
)
from registry.domain.resident import Status

SOURCE_RANK: Final = {
    "identity": (
        SourceKind.EX_OFFICIO,
        SourceKind.J_LIS,
        SourceKind.MUNICIPALITY,
        SourceKind.MISSION,
        SourceKind.RESIDENT,
    ),
    "residence": (
        SourceKind.EX_OFFICIO,
        SourceKind.MISSION,
        SourceKind.RESIDENT,
        SourceKind.MUNICIPALITY,
        SourceKind.J_LIS,
    ),
}
"""Whom to show while two sources contradict each other, the first before the last. Ledgers know who a person is
(住基法7条); missions know where the person lives (旅券法16条)."""

NEVER_CHANGES: Final = frozenset({"birth_date", "sex", "individual_number", "resident_record_code"})
"""Fields that life does not change, or only by a movement of their own (番号法7条2項, 住基法30条の4): two values from
one source contradict each other as well."""

_STAY_IS_OVER: Final = frozenset({Status.RETURNED, Status.REMOVED, Status.NATIONALITY_LOST})
_STAYS: Final = frozenset({Status.PROVISIONAL, Status.RESIDENT_ABROAD})
_HEARD_FROM: Final = frozenset({SourceKind.MISSION, SourceKind.RESIDENT})

_COMPARE: Final[dict[str, Callable[[Any, Any], Difference]]] = {
    "name": basic_four.compare_names,
    "birth_date": basic_four.compare_birth_dates,
    "sex": basic_four.compare_sexes,
    "honseki": basic_four.compare_honseki,
    "last_address": basic_four.compare_addresses_in_japan,
}


class Held(Confidential, frozen=True, kw_only=True):
    """A value in a record, with the movement it came from and the kind of source that said it."""

    value: Any
    movement_id: str
    source: SourceKind


class Conflict(StrEnum):
    """What kind of contradiction the fold met."""

    VALUES_DIFFER = "values-differ"
    DAYS_DIFFER = "days-differ"
    """Nobody dies twice: two days of death that cannot be the same."""
    NOT_ALLOWED_IN_STATUS = "not-allowed-in-status"


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """Two facts that cannot both be right, or one that the record's status does not allow.

    ``field`` is "" for a status. ``shown`` and ``other`` are movement ids; ``shown`` is None where none is at issue.
    """

    conflict: Conflict
    field: str
    shown: str | None
    other: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a record between two movements, and the days on which it holds.

    ``made_by`` is the movement that begins it. ``disputed`` names the fields under contradiction.
    ``last_confirmed`` is the latest 届出年月日 on which anyone confirmed the residence.
    """

    made_by: str
    status: Status
    state: Statement
    certain: DayRange
    possible: DayRange
    disputed: frozenset[str] = frozenset()
    last_confirmed: date | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """All versions of a record in their order, and every contradiction met on the way.

    ``superseded`` are the ids of movements whose place another one holds.
    """

    versions: tuple[Version, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    superseded: frozenset[str] = frozenset()

    def on(self, day: date) -> tuple[tuple[Version, Answer], ...]:
        """Return each version that holds on ``day``, with YES (in every world; then it is the only one) or POSSIBLY."""
        return tuple(
            (version, Answer.of(certain=version.certain.holds(day), possible=True))
            for version in self.versions
            if version.possible.holds(day)
        )

    def during(self, period: DayRange) -> tuple[tuple[Version, Answer], ...]:
        """Return each version that holds on some day of ``period``: YES if on one of them for certain."""
        return tuple(
            (version, Answer.of(certain=version.certain.meets(period), possible=True))
            for version in self.versions
            if version.possible.meets(period)
        )

    @property
    def last(self) -> Version | None:
        """The version that the last movement began, or None of an empty record."""
        return self.versions[-1] if self.versions else None


def fold(movements: Iterable[Movement]) -> Timeline:
    """Derive the versions of one record from all its movements, in whatever order they are given."""
    given = tuple(movements)
    superseded = _superseded(given)
    living = [
        movement
        for movement in given
        if movement.movement_id not in superseded and movement.kind is not MovementKind.ANNULLED
    ]
    living.sort(key=lambda movement: movement.order)
    record = _Record()
    applied = [movement for movement in living if record.apply(movement)]
    return Timeline(
        versions=tuple(_with_ranges(applied, record.states)),
        contradictions=tuple(record.contradictions),
        superseded=superseded,
    )


def difference(before: Timeline, after: Timeline) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    """Return (gone, come): the versions that end with ``before`` and those that are new in ``after``."""
    gone = tuple(version for version in before.versions if version not in after.versions)
    come = tuple(version for version in after.versions if version not in before.versions)
    return gone, come


def _superseded(movements: Sequence[Movement]) -> frozenset[str]:
    """Return the ids of the dead: those whose place another movement holds. Nobody replaces the last of a chain."""
    waiting = {movement.movement_id: 0 for movement in movements}
    for movement in movements:
        if movement.replaces in waiting:
            waiting[movement.replaces] += 1
    by_id = {movement.movement_id: movement for movement in movements}
    decided = [movement for movement in movements if waiting[movement.movement_id] == 0]
    dead: set[str] = set()
    corrected: set[str] = set()
    while decided:
        movement = decided.pop()
        target = by_id.get(movement.replaces or "")
        if target is None:
            continue
        if movement.movement_id not in dead or movement.movement_id in corrected:
            dead.add(target.movement_id)
            if movement.kind is not MovementKind.ANNULLED:
                corrected.add(target.movement_id)
        waiting[target.movement_id] -= 1
        if waiting[target.movement_id] == 0:
            decided.append(target)
    return frozenset(dead)


def _with_ranges(movements: Sequence[Movement], states: Sequence["_State"]) -> Iterable[Version]:
    """Give each state its certain and possible range; E and L as in the module docstring."""
    earliest: list[date] = []
    for movement in movements:
        earliest.append(max(movement.earliest, earliest[-1]) if earliest else movement.earliest)
    for index, (movement, state) in enumerate(zip(movements, states, strict=True)):
        is_last = index + 1 == len(movements)
        yield Version(
            made_by=movement.movement_id,
            status=state.status,
            state=state.statement,
            disputed=state.disputed,
            last_confirmed=state.last_confirmed,
            certain=DayRange(movement.latest, None if is_last else earliest[index + 1]),
            possible=DayRange(earliest[index], None if is_last else movements[index + 1].latest),
        )


class _State(msgspec.Struct, frozen=True):
    """What a version needs of the record at one point of the fold."""

    status: Status
    statement: Statement
    disputed: frozenset[str]
    last_confirmed: date | None


class _Record:
    """The record while it is being folded: what each field holds, and who said so."""

    def __init__(self) -> None:
        self.status: Status | None = None
        self.held: dict[str, Held] = {}
        self.disputed: dict[str, set[SourceKind]] = {}
        self.last_confirmed: date | None = None
        self.death: Movement | None = None
        self.states: list[_State] = []
        self.contradictions: list[Contradiction] = []

    def apply(self, movement: Movement) -> bool:
        """Take one movement in; False when the status does not allow it (then it is a contradiction)."""
        status = resident.after(movement.kind, self.status)
        if status is None:
            self._contradict(Conflict.NOT_ALLOWED_IN_STATUS, "", None, movement.movement_id)
            return False
        self._begin_or_end(movement, status)
        self.status = status
        for field in FIELDS:
            value = getattr(movement.statement, field)
            if value is not None:
                self._take(field, value, movement)
        is_heard_from = movement.source.kind in _HEARD_FROM and movement.kind is not MovementKind.UNREACHABLE
        if status is Status.RESIDENT_ABROAD and is_heard_from:
            self.last_confirmed = max(self.last_confirmed or movement.notified_on, movement.notified_on)
        self.states.append(self._state(status))
        return True

    def _begin_or_end(self, movement: Movement, status: Status) -> None:
        """Leave behind what a new stay, a death or a double registration makes an end of."""
        if self.status in _STAY_IS_OVER and status in _STAYS:
            self._forget(RESIDENCE)
            self.last_confirmed = None
        elif status is Status.MERGED:
            self._forget(FIELDS)
        elif movement.kind is MovementKind.DIED:
            first, self.death = self.death or movement, self.death or movement
            if not agree(first.effective, movement.effective):
                self._contradict(Conflict.DAYS_DIFFER, "", first.movement_id, movement.movement_id)

    def _forget(self, fields: Iterable[str]) -> None:
        for field in fields:
            self.held.pop(field, None)
            self.disputed.pop(field, None)

    def _contradict(self, conflict: Conflict, field: str, shown: str | None, other: str) -> None:
        self.contradictions.append(Contradiction(conflict=conflict, field=field, shown=shown, other=other))

    def _take(self, field: str, value: Any, movement: Movement) -> None:
        """Let one stated value in: it changes the field, agrees with it, outranks it or stands against it."""
        held = self.held.get(field)
        new = Held(value=value, movement_id=movement.movement_id, source=movement.source.kind)
        if held is None or field in RULES[movement.kind].changes or field not in IDENTITY:
            self.disputed.pop(field, None)
            self.held[field] = _kept_complete(field, new, held, is_change=field in RULES[movement.kind].changes)
        elif not _contradicts(field, held, new):
            self._settle(field, new.source)
            self.held[field] = _kept_complete(field, *_ranked(field, held, new))
        else:
            self._dispute(field, held, new)

    def _dispute(self, field: str, held: Held, new: Held) -> None:
        shown, other = _ranked(field, held, new)
        self.held[field] = shown
        self.disputed.setdefault(field, set()).add(other.source)
        self._contradict(Conflict.VALUES_DIFFER, field, shown.movement_id, other.movement_id)

    def _settle(self, field: str, source: SourceKind) -> None:
        """Let a source that now agrees with what is shown contradict it no longer; others may still do."""
        against = self.disputed.get(field, set())
        against.discard(source)
        if not against:
            self.disputed.pop(field, None)

    def _state(self, status: Status) -> _State:
        values = {field: held.value for field, held in self.held.items()}
        return _State(status, Statement(**values), frozenset(self.disputed), self.last_confirmed)


def _contradicts(field: str, held: Held, new: Held) -> bool:
    """Whether two asserted values cannot both be right; one source may change its mind about what life changes."""
    if held.source is new.source and field not in NEVER_CHANGES:
        return False
    compare = _COMPARE.get(field)
    if compare is None:
        return bool(held.value != new.value)
    return compare(held.value, new.value) is Difference.DIFFERENT


def _ranked(field: str, held: Held, new: Held) -> tuple[Held, Held]:
    """Return (shown, other): the source that ranks higher for the field; of equals, the later in the order."""
    ranks = SOURCE_RANK["identity" if field in IDENTITY else "residence"]
    return (held, new) if ranks.index(held.source) < ranks.index(new.source) else (new, held)


def _kept_complete(field: str, shown: Held, other: Held | None, *, is_change: bool = False) -> Held:
    """Let a name keep the scripts that only the other statement of the same name had.

    What changes a name states 旧氏 with it: a blank one was deleted (住基法施行令30条の14).
    """
    if field != "name" or other is None:
        return shown
    if basic_four.compare_names(shown.value, other.value) is Difference.DIFFERENT:
        return shown
    name = basic_four.completed(shown.value, other.value)
    if is_change:
        name = msgspec.structs.replace(name, former_surname=shown.value.former_surname)
    return msgspec.structs.replace(shown, value=name)
