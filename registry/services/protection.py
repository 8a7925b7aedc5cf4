"""支援措置: measures from request to end, who is told all the same, and what everybody else is told instead.

What is decided about somebody runs with the eyes of the registry's own office (``EX_OFFICIO``), each act in one
transaction with its entry in the log of everybody whom the measure covers. The rest asks, within any request, whether
something is withheld (:func:`is_withheld`, :func:`told`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from registry.domain import protection as rules
from registry.domain.account import Account, Duty
from registry.domain.disclosure import Grant
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput, NotFound, NotPermitted
from registry.domain.four_eyes import Hand
from registry.domain.movement import MovementKind
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.proposal import LiftProtection, ReleaseProtection, hand_of
from registry.domain.protection import BASIS, Ground, Lift, Measure, as_never_reported
from registry.domain.timeline import fold
from registry.services import disclosure_log
from registry.services.receipts import is_id
from registry.services.resources import Resources, japan_date
from registry.store import protection as stored
from registry.store import records as stored_records
from registry.store.at_hand import Plan
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.entry import Disclosure
from registry.vault.keys import DataKey

OPERATION: Final = "protection"
"""Under which the log has what becomes of a measure."""

# ------------------------------------------------------------------------------------------- what is withheld


async def is_withheld(resources: Resources, work: UnitOfWork, person_id: str, body: str, grant: Grant) -> bool:
    """Whether the residence of a person, whom the transaction sees, is withheld from a body that asks by a grant."""
    found = await stored.withholding(work, person_id, body, grant.affair)
    now = resources.clock()
    return rules.is_withheld(found.until, japan_date(now), found.lifts, now, delivers=grant.delivers_protected)


def is_kept_from_lists(resources: Resources, work: UnitOfWork, person_id: str) -> bool:
    """Whether nobody is asked about a record that the transaction has opened: the question would tell of a report."""
    opened = work.at_hand.opened(person_id)
    until = None if opened is None else opened.protected_until
    return until is not None and japan_date(resources.clock()) < until


def told(resources: Resources, plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """Return what a sender is told of the changes that it makes: of the protected, as if nobody had reported before."""
    today = japan_date(resources.clock())
    return tuple(_told(one, today) for one in plans)


def _told(plan: Plan, today: date) -> Plan:
    until = plan.found.protected_until
    if until is None or until <= today:
        return plan
    silent = as_never_reported(plan.found.movements).movements
    presumed = {one.movement_id for one in plan.found.movements if one.kind is MovementKind.PRESUMED_DEPARTED}
    added = tuple(one for one in plan.added if one.replaces not in presumed)
    return Plan(
        found=msgspec.structs.replace(plan.found, movements=silent),
        added=added,
        before=fold(silent),
        after=fold((*silent, *added)),
    )


# --------------------------------------------------------------------------------------------------- measures


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request for protection: whose records, the applicant's first, who takes it in, and why."""

    people: tuple[str, ...]
    handled_by: str
    reason: str


async def request(resources: Resources, given: Request) -> Measure:
    """Begin a measure: it holds provisionally as soon as this returns (仮の支援措置).

    Raises InvalidInput for nobody, somebody twice or no reason, NotFound for what is no record.
    """
    faults = Faults()
    if not given.reason.strip():
        faults.add(FaultCode.MISSING, "/reason", "why, and which office was consulted")
    if not given.people or len(set(given.people)) < len(given.people):
        faults.add(FaultCode.DUPLICATE if given.people else FaultCode.MISSING, "/people", "each person once")
    faults.refuse_if_any()
    now = resources.clock()
    measure = Measure(measure_id=resources.new_id(), people=given.people, requested_on=japan_date(now))
    async with resources.work() as work:
        await stored_records.lock_people(work, filter(is_id, given.people))  # all at once, in one order
        keys = [await key_of(resources, work, one, f"/people/{place}") for place, one in enumerate(given.people)]
        await stored.add(work, keys[0], measure, given.reason)
        await enter(
            resources,
            work,
            measure.people,
            Entry(operation=OPERATION, outcome="requested", handled_by=given.handled_by),
        )
        await work.commit()
    return measure


async def grant(resources: Resources, measure_id: str, account: Account) -> Measure:
    """Decide a provisional measure in favour of who applied: it holds for a year from today.

    Raises NotPermitted for whose duty it is not, NotFound for what is no measure, Conflict for one not provisional.
    """
    return await _change(resources, measure_id, account, rules.granted, "granted")


async def renew(resources: Resources, measure_id: str, account: Account) -> Measure:
    """Let a measure hold for another year; raises as :func:`grant`, and Conflict before its last month."""
    return await _change(resources, measure_id, account, rules.renewed, "renewed")


async def _change(
    resources: Resources, measure_id: str, account: Account, rule: Callable[[Measure, date], Measure], outcome: str
) -> Measure:
    hand = demand_desk(account)
    async with resources.work() as work:
        measure = rule(await _measure(work, measure_id), japan_date(resources.clock()))
        await stored.save(work, measure)
        await enter(
            resources, work, measure.people, Entry(operation=OPERATION, outcome=outcome, handled_by=hand.account)
        )
        await work.commit()
    return measure


async def end(
    resources: Resources, work: UnitOfWork, person_id: str, act: ReleaseProtection, hands: tuple[Hand, Hand]
) -> None:
    """Release a measure, or decline a request: what two people decided (``proposals``).

    ``person_id`` is the applicant's record. Raises NotFound where there is no such measure, Conflict for one that holds
    no more.
    """
    measure = await can_end(resources, work, person_id, act)
    await stored.save(work, measure)
    await enter(resources, work, measure.people, Entry(operation=OPERATION, outcome="ended", handled_by=_both(hands)))


async def can_end(resources: Resources, work: UnitOfWork, person_id: str, act: ReleaseProtection) -> Measure:
    """Return the measure of an applicant as it is once it is ended; raises as :func:`end`."""
    measure = await _measure(work, act.measure_id)
    if measure.people[0] != person_id:
        raise not_found("/measure", "a measure for which this person applied")
    return rules.ended(measure, japan_date(resources.clock()))


def _both(hands: tuple[Hand, Hand]) -> str:
    return ", ".join(one.account for one in hands)


async def standing(resources: Resources, account: Account) -> tuple[Measure, ...]:
    """Return the measures that hold today, the oldest request first; raises NotPermitted for whose duty it is not."""
    demand_desk(account)
    async with resources.work() as work:
        return await stored.standing(work, japan_date(resources.clock()))


async def _measure(work: UnitOfWork, measure_id: str) -> Measure:
    found = await stored.lock(work, measure_id) if is_id(measure_id) else None
    if found is None:
        raise not_found("/measure", "the id of a measure")
    return found


# ------------------------------------------------------------------------------------------------------ lifts


async def lift(
    resources: Resources, work: UnitOfWork, person_id: str, act: LiftProtection, hands: tuple[Hand, Hand]
) -> None:
    """Let a body be told for one affair: what two people decided (``proposals``); raises as :func:`check_lift`."""
    now = resources.clock()
    check_lift(act, now)
    made = Lift(
        lift_id=resources.new_id(),
        person_id=person_id,
        body=act.body,
        affair=act.affair,
        ground=Ground.DUTY,
        begins_at=now,
        ends_at=act.ends_at,
    )
    key = await key_of(resources, work, person_id, "/person")
    await stored.lift(work, key, made, hands[0], act.reason)
    entry = Entry(operation=OPERATION, outcome="lifted", handled_by=_both(hands), affair=act.affair)
    await enter(resources, work, (person_id,), entry)


def check_lift(act: LiftProtection, now: datetime) -> None:
    """Raise InvalidInput for the end of a lift that is past, or more than a year away."""
    if not now < act.ends_at <= now + rules.LONGEST_LIFT:
        raise InvalidInput(
            Fault(code=FaultCode.OUT_OF_RANGE, pointer="/ends_at", expected="a moment within a year from now")
        )


# ------------------------------------------------------------------------------------------------------- both


def demand_desk(account: Account) -> Hand:
    """Return the hand of somebody of the protection desk; raises NotPermitted for anybody else."""
    if Duty.PROTECT not in account.duties:
        raise not_permitted("an account of the protection desk")
    return hand_of(account)


def not_permitted(expected: str) -> NotPermitted:
    """Return the refusal for whose duty something is not."""
    return NotPermitted(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/account", expected=expected))


async def key_of(resources: Resources, work: UnitOfWork, person_id: str, pointer: str) -> DataKey:
    """Lock a record and return its data key; raises NotFound at ``pointer`` for what is none any more.

    Under the lock nobody puts another key in its place while something is sealed by it.
    """
    if not is_id(person_id):
        raise not_found(pointer, "the id of a record")
    await stored_records.lock_people(work, [person_id])
    try:
        return await resources.keyring.find(work, person_id)
    except Shredded:
        raise not_found(pointer, "the id of a record") from None


def not_found(pointer: str, expected: str) -> NotFound:
    """Return the refusal for an id under which there is nothing."""
    return NotFound(Fault(code=FaultCode.CODE_UNKNOWN, pointer=pointer, expected=expected))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the log is to say: what was done, by which account, for whom it acted; "" is a fresh id."""

    operation: str
    outcome: str
    handled_by: str
    affair: str = ""
    body: str = str(VIRTUAL_MUNICIPALITY.code)
    correlation_id: str = ""


async def enter(resources: Resources, work: UnitOfWork, people: Sequence[str], entry: Entry) -> None:
    """Enter in the log of each person what was done about their protection; once about nobody, where there is none."""
    disclosure = Disclosure(
        asked_at=resources.clock(),
        provided_at=None,
        body=entry.body,
        key_id=resources.signing_key.key_id,
        provider=str(VIRTUAL_MUNICIPALITY.code),
        handled_by=entry.handled_by,
        operation=entry.operation,
        affair=entry.affair,
        basis=BASIS,
        outcome=entry.outcome,
        correlation_id=entry.correlation_id or resources.new_id(),
    )
    await disclosure_log.record(resources, work, disclosure, tuple(people))
