"""Finding, opening and changing a record: shared by every way in.

A change is planned first and written afterwards, so that a dry run is the same code without the last step.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from registry.domain import movement as movement_rules
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput
from registry.domain.movement import Movement
from registry.domain.reconciliation import (
    Candidate,
    Identity,
    Link,
    LinkMethod,
    is_somebody_else,
    link,
    reconcile,
)
from registry.domain.search_terms import STRONG, Term, name_terms, strong_terms, terms
from registry.domain.timeline import Timeline, difference, fold
from registry.services.resources import Resources, japan_date
from registry.store import reconciliations, records, submissions
from registry.store.reconciliations import Standing
from registry.store.submissions import Case, Event, StoredLink
from registry.store.unit_of_work import UnitOfWork
from registry.vault.keys import DataKey
from registry.vault.search_keys import SearchKey

MOST_PEOPLE: Final = 10_000
"""Records that one request may be about, those included whose names are merely alike."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is open for change: locked, its key at hand, its movements read."""

    person_id: str
    key: DataKey
    movements: tuple[Movement, ...]
    link: Link


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


async def lock_identities(
    resources: Resources, work: UnitOfWork, identities: Iterable[Identity], *, also: Iterable[str] = ()
) -> None:
    """Let no other transaction open, join or change a record of these people until this one ends.

    All keys and then all records, each in one order for everybody: called once for all that a transaction is about,
    it never ends in a deadlock. ``also`` names records that are known without a search.
    """
    keys = keys_of(resources, (term for one in identities for term in _asked(one)))
    await records.lock_keys(work, keys)
    await records.lock_people(work, {*await records.find(work, keys, at_most=MOST_PEOPLE), *also})


async def join(resources: Resources, work: UnitOfWork, identity: Identity, now: datetime) -> Found:
    """Find the record that an identity belongs to, or open a new one; it is locked until the transaction ends.

    The caller has locked the identity's keys (:func:`lock_identities`).
    """
    decision = await decide(resources, work, identity)
    if decision.person_id is None:
        return await open_record(resources, work, decision, now)
    return await reopen(resources, work, decision.person_id, decision)


async def decide(resources: Resources, work: UnitOfWork, identity: Identity, *, besides: str = "") -> Link:
    """Say to which record, ``besides`` one, an identity belongs, and open none; the caller has locked its keys."""
    found = await records.find(work, keys_of(resources, _asked(identity)))
    candidates = [
        Candidate(person_id=one, identities=identities_of(await _movements(resources, work, one)))
        for one, is_current in found.items()
        if is_current and one != besides
    ]
    return link(identity, candidates)


async def open_record(resources: Resources, work: UnitOfWork, decision: Link, now: datetime) -> Found:
    """Open a new, empty record with a data key of its own."""
    person_id = resources.new_id()
    await records.open_person(work, person_id, now)
    key = await resources.keyring.make(work, person_id, now)
    return Found(person_id=person_id, key=key, movements=(), link=decision)


async def follow(
    resources: Resources,
    work: UnitOfWork,
    earlier: StoredLink,
    identity: Identity,
    wrong: Sequence[str],
    *,
    pointer: str,
    claims: bool = True,
) -> Found:
    """Reopen the record to which its sender's own earlier submission was joined; the link is as good as that one was.

    ``wrong`` are the movements that the earlier one made for this person. A record whose number, code or 4情報 these
    are as well is a rival, unless nothing is claimed (``claims``). Raises InvalidInput at ``pointer`` if somebody else
    stands there now, be it by one step or by two: name and date of birth are held against what the record says and
    against what was said at first.
    """
    found = await reopen(resources, work, earlier.person_id, Link(method=LinkMethod.SAME_SUBMITTER))
    at_first = [Identity.of(one.statement) for one in _first_of(found.movements, wrong)]
    if any(is_somebody_else(identity, known) for known in (identities_of(found.movements), at_first)):
        expected = "the person for whom this stood before: name and date of birth are both another's"
        raise InvalidInput(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer=pointer, expected=expected))
    other = Link(method=LinkMethod.OPENED)
    if claims:
        other = await decide(resources, work, identity, besides=earlier.person_id)
    rivals = {*other.rivals, *([other.person_id] if other.person_id else [])}
    followed = Link(
        method=LinkMethod.SAME_SUBMITTER,
        person_id=earlier.person_id,
        rivals=tuple(sorted(rivals)),
        on_unconfirmed=not earlier.confirmed,
    )
    return msgspec.structs.replace(found, link=followed)


def _first_of(movements: Iterable[Movement], wrong: Iterable[str]) -> Iterator[Movement]:
    """Yield the movements that stood first in the places where ``wrong`` stand now."""
    by_id = {one.movement_id: one for one in movements}
    for movement_id in wrong:
        first = by_id[movement_id]
        while first.replaces in by_id:
            first = by_id[first.replaces]
        yield first


async def reopen(resources: Resources, work: UnitOfWork, person_id: str, decision: Link) -> Found:
    """Lock a record that is already there and read its movements."""
    await records.lock_people(work, [person_id])
    key = await resources.keyring.find(work, person_id)
    movements = await records.movements_of(work, key, person_id)
    return Found(person_id=person_id, key=key, movements=movements, link=decision)


async def _movements(resources: Resources, work: UnitOfWork, person_id: str) -> tuple[Movement, ...]:
    key = await resources.keyring.find(work, person_id)
    return await records.movements_of(work, key, person_id)


def _asked(identity: Identity) -> Iterator[Term]:
    """Yield the terms under which the same person may already be there."""
    yield from strong_terms([identity])
    if identity.name is not None and identity.birth_date is not None:
        yield from name_terms(identity.name, identity.birth_date)


def identities_of(movements: Iterable[Movement]) -> tuple[Identity, ...]:
    """Return who a record's person is by each living statement and by all together, under past names as well."""
    given = tuple(movements)
    timeline = fold(given)
    statements = [version.state for version in timeline.versions]
    statements += [one.statement for one in given if one.movement_id not in timeline.superseded]
    known = [Identity.of(one) for one in statements if one.stated]
    past = [msgspec.structs.replace(Identity.of(one), name=name) for one in statements for name in one.past_names or ()]
    return tuple(dict.fromkeys([*known, *past]))


def keys_of(resources: Resources, wanted: Iterable[Term]) -> frozenset[SearchKey]:
    """Return the search keys of terms."""
    return frozenset(resources.search_keys.of(term.kind, *term.parts) for term in wanted)


def plan(found: Found, added: Sequence[Movement]) -> Plan:
    """Work out what the record becomes with further movements; raises InvalidInput if one of them cannot be."""
    faults = Faults()
    known = frozenset(one.movement_id for one in found.movements)
    for one in added:
        movement_rules.check(one, known, faults)
    faults.refuse_if_any()
    before, after = fold(found.movements), fold((*found.movements, *added))
    return Plan(found=found, added=tuple(added), before=before, after=after)


async def write(resources: Resources, work: UnitOfWork, change: Plan, link: StoredLink, now: datetime) -> None:
    """Write a planned change: link, movements, versions, search keys, cases and events.

    Who claims a number that another record holds does not get it, and the link that brought it is unconfirmed.
    """
    held_elsewhere = await _make_findable(resources, work, change)
    confirmed = link.confirmed and not held_elsewhere
    await submissions.add_link(work, msgspec.structs.replace(link, confirmed=confirmed))
    await records.add_movements(work, change.found.key, change.person_id, change.added)
    gone, come = difference(change.before, change.after)
    await records.replace_versions(
        work, change.found.key, change.person_id, gone=gone, come=come, revision=len(change.movements)
    )
    await submissions.settle_cases(work, change.person_id, link.submission_id, _disputes(change, held_elsewhere), now)
    await submissions.open_cases(work, _rivals(change, link.submission_id), now)
    await submissions.add_events(work, events(change, link.submission_id), now)
    await reconcile_record(resources, work, change.person_id, change.movements)


async def reconcile_record(
    resources: Resources, work: UnitOfWork, person_id: str, movements: tuple[Movement, ...]
) -> Standing | None:
    """Hold the two sources of a record against each other and write how it stands; None where nothing is left of it."""
    now = resources.clock()
    result = reconcile(
        movements,
        fold(movements),
        confirmed=await submissions.is_confirmed(work, person_id),
        in_review=await submissions.is_in_review(work, person_id),
        today=japan_date(now),
    )
    if result is None:
        await reconciliations.forget(work, person_id)
        return None
    standing = Standing(person_id=person_id, result=result)
    await reconciliations.save(work, standing, now)
    return standing


async def _make_findable(resources: Resources, work: UnitOfWork, change: Plan) -> frozenset[SearchKey]:
    """Write the search keys; return the living numbers that another record holds, which this one does not get."""
    before, findable = (
        keys_of(resources, terms(identities_of(movements))) for movements in (change.found.movements, change.movements)
    )
    await records.write_search_keys(work, change.person_id, findable=findable, lost=before - findable)
    last = change.after.last
    current = () if last is None else (Identity.of(last.state),)
    living = keys_of(resources, (term for term in strong_terms(current) if term.kind in STRONG))
    return await records.hold_numbers(work, change.person_id, living)


def _disputes(change: Plan, held_elsewhere: frozenset[SearchKey]) -> Iterator[tuple[str, str]]:
    """Yield kind and field of each thing that people have to decide about the record as it is now."""
    for one in change.after.contradictions:
        yield str(one.conflict), one.field
    for key in held_elsewhere:
        yield submissions.HELD_BY_ANOTHER, str(key.kind)


def _rivals(change: Plan, submission_id: str) -> Iterator[Case]:
    """Yield the case of a link to which other records have a claim."""
    if change.found.link.rivals:
        yield Case(
            person_id=change.person_id,
            submission_id=submission_id,
            kind=submissions.RIVALS,
            rivals=change.found.link.rivals,
        )


def events(change: Plan, submission_id: str) -> tuple[Event, ...]:
    """Return what is to be told of this change, and to whom: missions and municipalities of the record, old and new."""
    recipients: set[str] = set()
    for last in (change.before.last, change.after.last):
        if last is not None:
            recipients |= {last.state.mission} if last.state.mission else set()
            recipients |= {str(last.state.last_address.municipality)} if last.state.last_address else set()
    return tuple(
        Event(
            person_id=change.person_id,
            submission_id=submission_id,
            kind=str(one.kind),
            recipients=tuple(sorted(recipients)),
        )
        for one in change.added
    )


def stored_link(change: Plan, submission_id: str, person_index: int) -> StoredLink:
    """Return the link of one person of a submission, as it is kept."""
    method: LinkMethod = change.found.link.method
    return StoredLink(
        submission_id=submission_id,
        person_index=person_index,
        person_id=change.person_id,
        method=method,
        confirmed=change.found.link.is_confirmed,
    )
