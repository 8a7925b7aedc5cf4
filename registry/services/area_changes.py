"""管轄区域の変更: when areas are redrawn or a mission closes, the records of who lives there get their new mission.

Each record is one transaction: the movement, its submission, and the events that tell both missions; or the case, where
nobody can say whose the person now is. The run can be broken off and begun again at any time: who has the right mission
is left alone, and one state of a record is asked about once. A report that arrives late with an old address is found by
going through the records again (``again``).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec

from registry.code_tables.files import missions_of
from registry.code_tables.shapes import TableName
from registry.contract.messages import SubmissionState
from registry.domain.area_change import AreaChange, Reassignment
from registry.domain.mission import MissionTable
from registry.domain.movement import MovementKind
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.domain.reconciliation import Link, LinkMethod
from registry.services import records
from registry.services.going_through import each_record
from registry.services.resources import Resources, japan_date
from registry.store import area_changes, code_tables, submissions
from registry.store.at_hand import Found
from registry.store.keyring import Shredded
from registry.store.submissions import Case, Content, Event, Submission
from registry.store.unit_of_work import UnitOfWork

SUBMISSION_KIND: Final = "codes-import"
CASE_KIND: Final = "competence-uncertain"
_TABLES: Final = (TableName.MISSIONS, TableName.MISSION_NAMES, TableName.AREAS)


class AlreadyRunning(Exception):  # noqa: N818 - it says what the operator meets
    """Another run goes through the records; it does the same, so there is nothing to do but wait for it."""

    def __init__(self) -> None:
        super().__init__("another run goes through the records; it does the same, so wait for it")


class Outcome(StrEnum):
    """What became of one record."""

    MOVED = "moved"
    UNCERTAIN = "uncertain"
    STAYS = "stays"


class DueChange(msgspec.Struct, frozen=True, kw_only=True):
    """Versions that came into force on one day, and what they change."""

    versions: tuple[int, ...]
    change: AreaChange


@asynccontextmanager
async def alone(resources: Resources) -> AsyncIterator[None]:
    """Be the only run within the block; raises :class:`AlreadyRunning` if there is one."""
    async with resources.work() as guard:
        if not await code_tables.take_lock(guard, code_tables.AREA_CHANGE_LOCK):
            raise AlreadyRunning
        yield


async def due(resources: Resources, *, again: bool = False) -> tuple[DueChange, ...]:
    """Return the changes in force that the records have not been gone through for, in the order of their days.

    ``again``: also those for which they have.
    """
    async with resources.work() as work:
        found = await area_changes.due(work, japan_date(resources.clock()), again=again)
        return tuple([await _change(work, day, versions) for day, versions in found.items()])


async def _change(work: UnitOfWork, day: date, versions: tuple[int, ...]) -> DueChange:
    """Return what the versions of one day change: each table before the first of them, and as of that day."""
    after = await code_tables.in_force(work, day)
    before = {table: await code_tables.before(work, versions[0], table) or after[table] for table in _TABLES}
    return DueChange(
        versions=versions, change=AreaChange(await _missions(work, before), await _missions(work, after), day)
    )


async def _missions(work: UnitOfWork, versions: Mapping[TableName, int]) -> MissionTable:
    texts = await code_tables.texts(work, {table: versions[table] for table in _TABLES})
    return missions_of(*(texts[table] for table in _TABLES))


async def count(resources: Resources, one: DueChange) -> int:
    """Return how many records there are to go through."""
    async with resources.work() as work:
        return await area_changes.count_people(work, one.change.missions, one.change.day)


async def run(resources: Resources, one: DueChange) -> AsyncIterator[Outcome]:
    """Go through the records that a change may concern, yielding what became of each; note the end."""
    tally: Counter[Outcome] = Counter()
    concerned = partial(area_changes.people, missions=one.change.missions, since=one.change.day)
    async for person_id in each_record(resources, concerned):
        outcome = await _go_through(resources, one, person_id)
        tally[outcome] += 1
        yield outcome
    async with resources.work() as work:
        moved, uncertain = tally[Outcome.MOVED], tally[Outcome.UNCERTAIN]
        await area_changes.done(work, one.versions, resources.clock(), moved=moved, uncertain=uncertain)
        await work.commit()


async def catch_up(resources: Resources) -> int:
    """Go through the records for every change that is due, and return how many got another mission."""
    moved = 0
    for one in await due(resources):
        async for outcome in run(resources, one):
            moved += outcome is Outcome.MOVED
    return moved


async def _go_through(resources: Resources, one: DueChange, person_id: str) -> Outcome:
    """Give one record the mission that it needs, or ask people; STAYS where that is right or was asked before."""
    async with resources.work() as work:
        try:
            known = Link(method=LinkMethod.SAME_SUBMITTER, person_id=person_id)
            found = await records.reopen(resources, work, person_id, known)
        except Shredded:
            return Outcome.STAYS
        now = resources.clock()
        submission = Submission(
            submission_id=resources.new_id(),
            kind=SUBMISSION_KIND,
            sender=str(VIRTUAL_MUNICIPALITY.code),
            sender_key=f"{one.versions[-1]}/{person_id}/{len(found.movements)}",
            state=SubmissionState.ACCEPTED,
            received_at=now,
            received_on=japan_date(now),
        )
        result = one.change.reassign(found.movements, submission.submission_id, submission.received_on)
        has_news = result.movements or result.is_uncertain
        if not has_news or await submissions.get_by_sender_key(work, submission.sender, submission.sender_key):
            return Outcome.STAYS
        await _write(resources, work, one, found, result, submission)
        await work.commit()
    return Outcome.MOVED if result.movements else Outcome.UNCERTAIN


async def _write(
    resources: Resources,
    work: UnitOfWork,
    one: DueChange,
    found: Found,
    result: Reassignment,
    submission: Submission,
) -> None:
    """Write the submission, the case where nobody can say, the movements, and the events for both missions."""
    now, submission_id = submission.received_at, submission.submission_id
    if result.is_uncertain:
        submission = msgspec.structs.replace(submission, state=SubmissionState.IN_REVIEW)
    key = await resources.keyring.make(work, submission_id, now)
    body = msgspec.json.encode({"versions": one.versions, "day": one.change.day})
    submissions.add(work, key, submission, Content(body=body, evidence="", receipt=b""))
    if result.is_uncertain:
        case = Case(person_id=found.person_id, submission_id=submission_id, kind=CASE_KIND, field="mission")
        submissions.open_cases(work, [case], now)
    # The registry asks nobody who this is: the link is to its own record, and as good as that one.
    plan = records.plan(found, result.movements)
    await records.write(resources, work, plan, records.stored_link(plan, submission_id, 0), now)
    told = {body for event in records.events(plan, submission_id) for body in event.recipients}
    missions = {mission for movement in result.movements if (mission := movement.statement.mission)} | {*result.left}
    if missions - told:  # who was in charge for a while between then and now
        kind = str(MovementKind.CORRECTED_EX_OFFICIO)
        recipients = tuple(sorted(missions - told))
        event = Event(person_id=found.person_id, submission_id=submission_id, kind=kind, recipients=recipients)
        submissions.add_events(work, [event], now)
