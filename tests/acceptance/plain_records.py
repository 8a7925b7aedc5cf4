"""What the plain registry remembers: records, submissions and what ties them; nothing is decided here."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from registry.contract.messages import (
    RecordState,
    Search,
    SubmissionState,
)
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import Condition
from registry.domain.errors import FaultCode
from registry.domain.movement import Movement
from registry.domain.reconciliation import Identity, Link
from registry.domain.timeline import Timeline, Version, fold


class Record:
    """One person: all movements ever made of them, and by which submissions they were joined."""

    def __init__(self) -> None:
        self.movements: list[Movement] = []
        self.ties: list[tuple[str, Tie]] = []

    @property
    def timeline(self) -> Timeline:
        return fold(self.movements)

    @property
    def identities(self) -> tuple[Identity, ...]:
        return identities(self.movements)


class Tie(msgspec.Struct, frozen=True):
    """Whom a person of a submission was found to be. ``robbed``: a number that it brought is another record's."""

    record: Record
    link: Link
    robbed: bool = False

    @property
    def is_confirmed(self) -> bool:
        return self.link.is_confirmed and not self.robbed


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What was acknowledged under an id. ``state``: how it stood then."""

    submission_id: str
    sender: str
    sender_key: str
    state: SubmissionState | RecordState
    ties: tuple[Tie, ...]
    replaces: str | None = None
    is_annulment: bool = False


class Held(msgspec.Struct, kw_only=True):
    """What a municipality said of one 宛名番号."""

    content: bytes
    submission: Submission


class Outlook(msgspec.Struct, kw_only=True):
    """What must come of a report or 除票: refused for some of these faults, or in this state, joined so."""

    faults: frozenset[FaultCode] = frozenset()
    state: SubmissionState | RecordState = SubmissionState.ACCEPTED
    ties: tuple[Tie, ...] = ()
    replaces: Submission | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An inquiry, as far as it decides who is found; ``known_at`` None asks for what is known by the last stamp."""

    body: str
    condition: Condition
    search: Search
    period: DayRange
    known_at: datetime | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A record that an inquiry finds."""

    record: Record
    versions: tuple[tuple[Version, Answer], ...]
    confirmed: bool


def identities(movements: Iterable[Movement]) -> tuple[Identity, ...]:
    """Return who the person is by each statement that stands, and by all that stood together, past names included."""
    given = tuple(movements)
    timeline = fold(given)
    said = [version.state for version in timeline.versions]
    said += [one.statement for one in given if one.movement_id not in timeline.superseded]
    now = [Identity.of(one) for one in said if one.stated]
    past = [msgspec.structs.replace(Identity.of(one), name=name) for one in said for name in one.past_names or ()]
    return (*now, *past)
