"""Finding, opening and changing records: shared by every way in.

A change is planned first and written afterwards, so that a dry run is the same code without the last step. A request
about many people locks and reads them all at once, plans one after the other on what it holds, and writes everything
together at its end (:func:`gathered`).
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
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
from registry.domain.resident import Status
from registry.domain.search_terms import Term, name_terms, strong_terms, terms
from registry.domain.timeline import Timeline, difference, fold
from registry.services import generations
from registry.services.resources import Resources, japan_date
from registry.store import reconciliations, records, submissions
from registry.store.at_hand import Change, Found, Opened, Plan, StoredLink
from registry.store.keyring import Shredded
from registry.store.reconciliations import Standing
from registry.store.submissions import NEVER_HEARD_OF, Case, Event, Known
from registry.store.unit_of_work import UnitOfWork
from registry.vault.search_keys import SearchKey

MOST_CANDIDATES: Final = 50
"""Records that one person may turn out to be, those included whose names are merely alike."""

# ------------------------------------------------------------------------------------- finding and opening


async def lock_identities(
    resources: Resources, work: UnitOfWork, identities: Iterable[Identity], *, also: Iterable[str] = ()
) -> None:
    """Let no other transaction open, join or change a record of these people until this one ends, and open them.

    All keys and then all records, each in one order for everybody: called once for all that a transaction is about,
    it never ends in a deadlock. ``also`` names records that are known without a search.
    """
    await generations.agree(resources, work)
    asked = [_keys_asked(resources, work, one) for one in identities]
    if free := work.at_hand.not_locked(frozenset[SearchKey]().union(*asked)):
        work.at_hand.note_found(await records.lock_and_find(work, free, at_most=MOST_CANDIDATES))
    await _open(resources, work, {*also, *(one for keys in asked for one in _candidates(work, keys))})


def _candidates(work: UnitOfWork, keys: Iterable[SearchKey]) -> list[str]:
    return work.at_hand.found(keys)[:MOST_CANDIDATES]


async def _open(resources: Resources, work: UnitOfWork, people: Iterable[str]) -> None:
    """Lock records and read them under the lock, those that are not at hand already."""
    if wanted := sorted(one for one in people if work.at_hand.opened(one) is None):
        await generations.agree(resources, work)
        work.at_hand.note_opened(await records.open_people(work, resources.keyring, wanted))


async def join(resources: Resources, work: UnitOfWork, identity: Identity) -> Found:
    """Find the record that an identity belongs to, or begin a new one; it is locked until the transaction ends.

    A new one is in the database only once a change is written to it. The caller has locked the identity's keys
    (:func:`lock_identities`).
    """
    decision = await decide(resources, work, identity)
    if decision.person_id is None:
        return Found(person_id=resources.new_id(), key=None, movements=(), link=decision)
    return await reopen(resources, work, decision.person_id, decision)


async def decide(resources: Resources, work: UnitOfWork, identity: Identity, *, besides: str = "") -> Link:
    """Say to which record, ``besides`` one, an identity belongs, and open none; the caller has locked its keys."""
    others = [one for one in _candidates(work, _keys_asked(resources, work, identity)) if one != besides]
    await _open(resources, work, others)
    opened = ((one, work.at_hand.opened(one)) for one in others)
    candidates = [
        Candidate(person_id=person_id, identities=identities_of(found.movements))
        for person_id, found in opened
        if found is not None  # of a shredded record nothing is left that could be alike
    ]
    decision = link(identity, candidates)
    await _write_first(resources, work, {*decision.rivals, *([decision.person_id] if decision.person_id else [])})
    return decision


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
    """Lock a record that is already there and read its movements; raises Shredded where its key was destroyed."""
    await _write_first(resources, work, {person_id})
    opened = await _opened(resources, work, person_id)
    return Found(person_id=person_id, link=decision, **msgspec.structs.asdict(opened))


async def _opened(resources: Resources, work: UnitOfWork, person_id: str) -> Opened:
    if work.at_hand.opened(person_id) is None:
        await _open(resources, work, [person_id])
    opened = work.at_hand.opened(person_id)
    if opened is None:
        raise Shredded
    return opened


def _keys_asked(resources: Resources, work: UnitOfWork, identity: Identity) -> frozenset[SearchKey]:
    """Return the keys under which the same person may already be there; made once in a transaction."""
    keys = work.at_hand.asked.get(identity)
    if keys is None:
        keys = work.at_hand.asked[identity] = keys_of(resources, _asked(identity))
    return keys


def _asked(identity: Identity) -> Iterator[Term]:
    """Yield the terms under which the same person may already be there."""
    yield from strong_terms([identity])
    if identity.name is not None and identity.birth_date is not None:
        yield from name_terms(identity.name, identity.birth_date)


def identities_of(movements: Iterable[Movement], timeline: Timeline | None = None) -> tuple[Identity, ...]:
    """Return who a record's person is by each living statement and by all together, under past names as well.

    Of a record that fell away nobody is found: its person is kept under another (二重登録の解消). ``timeline`` is that
    of the movements, where it is at hand.
    """
    given = tuple(movements)
    timeline = timeline or fold(given)
    if timeline.last is not None and timeline.last.status is Status.MERGED:
        return ()
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


# -------------------------------------------------------------------------------------------------- writing


@asynccontextmanager
async def gathered(resources: Resources, work: UnitOfWork) -> AsyncIterator[None]:
    """Write what is changed within the block at its end, together; a block within a block waits for the outer one."""
    if work.at_hand.gathers:
        yield
        return
    work.at_hand.gathers = True
    yield  # an exception ends the transaction, and all that waits with it
    work.at_hand.gathers = False
    await write_gathered(resources, work)


async def write(resources: Resources, work: UnitOfWork, plan: Plan, link: StoredLink, now: datetime) -> None:
    """Write a planned change: link, movements, versions, search keys, cases and events; at once, unless it is gathered.

    Who claims a number that another record holds does not get it, and the link that brought it is unconfirmed.
    """
    await generations.agree(resources, work)
    found = plan.found
    before = generations.written(resources, terms(identities_of(found.movements, plan.before)))
    findable = generations.written(resources, terms(identities_of(plan.movements, plan.after)))
    key = found.key
    if key is None:
        work.will_see(plan.person_id)
        work.later(records.PERSON, records.person_row(plan.person_id, now))
        key = await resources.keyring.make(work, plan.person_id, now)
    gone, come = difference(plan.before, plan.after)
    work.written += 1  # decided here, whenever it goes to the database
    work.at_hand.note_change(
        Change(
            plan=plan,
            key=key,
            link=link,
            gone=gone,
            come=come,
            findable=findable - before,
            lost=before - findable,
            now=now,
        )
    )
    if not work.at_hand.gathers:
        await write_gathered(resources, work)


async def _write_first(resources: Resources, work: UnitOfWork, people: Iterable[str]) -> None:
    """Write what is gathered if one of these records was changed: what comes next finds it as if it came alone."""
    if any(one in work.at_hand.changes for one in people):
        await write_gathered(resources, work)


async def write_gathered(resources: Resources, work: UnitOfWork) -> None:
    """Write the changes that were gathered, each table once; of records never heard of before nothing is read."""
    written = work.written  # counted when they were decided: who has others written first has written nothing itself
    changes = work.at_hand.take_changes()
    there = [one.person_id for one in changes if not one.opens]
    known = await submissions.how_known(work, there)
    for person_id in there:  # what this transaction opened before is among the known, unless it is closed again
        work.at_hand.cases.pop(person_id, None)
    await records.remove_versions(work, {one.person_id: one.gone for one in changes})
    living, twins = generations.living(resources, [one.plan for one in changes])
    held_elsewhere = await records.hold_numbers(work, living, twins, known=there)
    await records.write_search_keys(
        work, {one.person_id: one.findable for one in changes}, {one.person_id: one.lost for one in changes}
    )
    for one in changes:
        before = known.get(one.person_id, NEVER_HEARD_OF)
        await _write_one(resources, work, one, before, held_elsewhere.get(one.person_id, frozenset()))
    work.written = written


async def _write_one(
    resources: Resources, work: UnitOfWork, change: Change, before: Known, held_elsewhere: frozenset[SearchKey]
) -> None:
    """Write one record's share, and how its sources stand now."""
    plan, person_id, submission_id = change.plan, change.person_id, change.link.submission_id
    link = msgspec.structs.replace(change.link, confirmed=change.link.confirmed and not held_elsewhere)
    submissions.add_link(work, link)
    records.add_movements(work, change.key, person_id, plan.added)
    records.add_versions(work, change.key, person_id, change.come, revision=len(plan.movements))
    over, new = submissions.settled(before, _disputes(plan, held_elsewhere))
    await submissions.close(work, over, change.now)
    cases = [Case(person_id=person_id, submission_id=submission_id, kind=kind, field=field) for kind, field in new]
    submissions.open_cases(work, [*_rivals(plan, submission_id), *cases], change.now)
    submissions.add_events(work, events(plan, submission_id), change.now)
    waiting = {one.kind for one in before.open_cases if one not in over} | work.at_hand.cases.get(person_id, set())
    confirmed, in_review = before.confirmed and link.confirmed, not waiting.isdisjoint(submissions.ABOUT_IDENTITY)
    await _reconcile(resources, work, person_id, plan.movements, plan.after, confirmed=confirmed, in_review=in_review)


async def reconcile_record(
    resources: Resources, work: UnitOfWork, person_id: str, movements: tuple[Movement, ...]
) -> Standing | None:
    """Hold the two sources of a record against each other and write how it stands; None where nothing is left of it."""
    known = (await submissions.how_known(work, [person_id]))[person_id]
    confirmed, in_review = known.confirmed, known.in_review
    return await _reconcile(
        resources, work, person_id, movements, fold(movements), confirmed=confirmed, in_review=in_review
    )


async def reconcile_all(resources: Resources, work: UnitOfWork, people: Sequence[str]) -> None:
    """Hold the sources of these records against each other, each read once; of a shredded one nothing is left."""
    await _open(resources, work, people)
    known = await submissions.how_known(work, people)
    for person_id in people:
        opened = work.at_hand.opened(person_id)
        if opened is not None:
            stands, movements = known[person_id], opened.movements
            await _reconcile(
                resources,
                work,
                person_id,
                movements,
                fold(movements),
                confirmed=stands.confirmed,
                in_review=stands.in_review,
            )


async def _reconcile(
    resources: Resources,
    work: UnitOfWork,
    person_id: str,
    movements: tuple[Movement, ...],
    timeline: Timeline,
    *,
    confirmed: bool,
    in_review: bool,
) -> Standing | None:
    now = resources.clock()
    result = reconcile(movements, timeline, confirmed=confirmed, in_review=in_review, today=japan_date(now))
    if result is None:
        await reconciliations.forget(work, person_id)
        return None
    standing = Standing(person_id=person_id, result=result)
    reconciliations.save(work, standing, now)
    return standing


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
