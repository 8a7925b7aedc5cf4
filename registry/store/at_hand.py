"""What a transaction has locked, and so has to read only once; and what it is going to change of that.

Nobody else changes what is locked until the transaction ends, so what was read under the lock stays true, and what
this transaction changes is noted here before it is written.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec

from registry.domain.movement import Movement
from registry.domain.reconciliation import Identity, Link, LinkMethod
from registry.domain.timeline import Timeline, Version
from registry.vault.keys import DataKey
from registry.vault.log_keys import LogYear
from registry.vault.search_keys import SearchKey


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is locked and read: its data key, its movements in no particular order.

    ``protected_until`` is the first day on which it is under no 支援措置 any more; None where it is under none.
    """

    key: DataKey
    movements: tuple[Movement, ...]
    protected_until: date | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is open for change, and how it was found; one without a key is new and has still to be written."""

    person_id: str
    key: DataKey | None
    movements: tuple[Movement, ...]
    link: Link
    protected_until: date | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a submission would make of one record: its timeline before and after."""

    found: Found
    added: tuple[Movement, ...]
    before: Timeline
    after: Timeline

    @property
    def person_id(self) -> str:
        """The record concerned."""
        return self.found.person_id

    @property
    def movements(self) -> tuple[Movement, ...]:
        """All movements of the record with the new ones."""
        return (*self.found.movements, *self.added)


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """Why one person of a submission is this record."""

    submission_id: str
    person_index: int
    person_id: str
    method: LinkMethod
    confirmed: bool


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is decided: the link that brought it, and what it does to the projection and the search keys."""

    plan: Plan
    key: DataKey
    link: StoredLink
    gone: tuple[Version, ...]
    come: tuple[Version, ...]
    findable: frozenset[SearchKey]
    lost: frozenset[SearchKey]
    now: datetime

    @property
    def person_id(self) -> str:
        """The record concerned."""
        return self.plan.person_id

    @property
    def opens(self) -> bool:
        """Whether the record is new with this change."""
        return self.plan.found.key is None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a sender's key: the hash of the first request, and the answer once it was given.

    Where the answer was deleted (its time is over) and a report is kept under the key, ``owner`` is that report and
    the hash is empty.
    """

    request_hash: bytes
    owner: str | None = None
    status: int | None = None
    sealed: bytes | None = None

    @property
    def report(self) -> str | None:
        """The report that stands under the key without its answer."""
        return None if self.request_hash else self.owner


class AtHand:
    """Search keys that are locked with the records that they find now; records locked and open; senders' keys.

    ``asked`` are the search keys made for who was asked for. ``claims`` are those of the senders' keys locked, by body
    and key: what is not there is free. ``cases`` are the kinds of those that this transaction opened, by record.
    ``log_years`` are the years of the log that it has read. ``changes`` wait to be written, while ``gathers``.
    ``agreed``: the generations of search keys stay as they are.
    """

    def __init__(self) -> None:
        self.asked: dict[Identity, frozenset[SearchKey]] = {}
        self.claims: dict[tuple[str, str], Claim] = {}
        self.cases: dict[str, set[str]] = {}
        self.log_years: dict[int, LogYear] = {}
        self.changes: dict[str, Change] = {}
        self.gathers = False
        self.agreed = False
        self._found: dict[SearchKey, frozenset[str]] = {}
        self._opened: dict[str, Opened] = {}

    def not_locked(self, keys: frozenset[SearchKey]) -> frozenset[SearchKey]:
        """Return those of the keys that have still to be locked."""
        return keys - self._found.keys()

    def note_found(self, found: Mapping[SearchKey, Iterable[str]]) -> None:
        """Note which records the keys find now."""
        self._found.update({key: frozenset(people) for key, people in found.items()})

    def found(self, keys: Iterable[SearchKey]) -> list[str]:
        """Return the records that any of the keys finds now, in the order of ids; KeyError for one not locked."""
        return sorted(frozenset[str]().union(*(self._found[key] for key in keys)))

    def opened(self, person_id: str) -> Opened | None:
        """Return a record if it is locked and open."""
        return self._opened.get(person_id)

    def note_opened(self, opened: Mapping[str, Opened]) -> None:
        """Note records that were locked and read."""
        self._opened.update(opened)

    def note_change(self, change: Change) -> None:
        """Note what a record becomes: its movements, by which keys it will be found, and by which not any more."""
        plan = change.plan
        self.changes[plan.person_id] = change
        until = plan.found.protected_until
        self._opened[plan.person_id] = Opened(key=change.key, movements=plan.movements, protected_until=until)
        for key in change.findable & self._found.keys():
            self._found[key] |= {plan.person_id}
        for key in change.lost & self._found.keys():
            self._found[key] -= {plan.person_id}

    def take_changes(self) -> tuple[Change, ...]:
        """Return what waits to be written; nothing waits afterwards."""
        waiting, self.changes = tuple(self.changes.values()), {}
        return waiting

    def forget(self) -> None:
        """Forget everything: the locks are gone, and what waited is undone."""
        self.claims.clear()
        self.cases.clear()
        self.log_years.clear()
        self.changes.clear()
        self.agreed = False
        self._found.clear()
        self._opened.clear()
