"""A report becomes movements of records: the ten steps of accepting (docs/architecture.md).

(1) signature, (2) idempotency and (9) the entry in the log stand in ``attendance``; here are (3) to (8) and (10). A
mission's report comes in by :func:`check`, a resident's own by ``applications``; from there the way is one.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from registry.contract.decoding import decode, encode
from registry.contract.evidence import EvidenceRefused, verify_evidence
from registry.contract.messages import DryRun, PersonOutcome, Receipt, SubmissionState, VersionChange
from registry.contract.problems import ProblemCode, fault_entry
from registry.domain import presumed_departure, report_movements, residence_report
from registry.domain.disclosure import Grant, Item
from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput, NotCompetent
from registry.domain.mission import two_clocks
from registry.domain.movement import Source, SourceKind
from registry.domain.reconciliation import Identity
from registry.domain.residence_report import ReportKind, ResidenceReport
from registry.domain.timeline import difference, fold
from registry.services import holders, protection, receipts, records
from registry.services.attendance import Caller, Done, Sender
from registry.services.holders import Signer
from registry.services.key_directory import KeyDirectory
from registry.services.permission import NUMBER_AND_CARD, RESIDENCE_REPORT, demand_write, stated
from registry.services.receipts import ANNULMENT, KIND, is_id
from registry.services.resources import Resources, japan_date
from registry.store import records as stored_records
from registry.store import submissions
from registry.store.at_hand import Found, Plan, StoredLink
from registry.store.submissions import Case, Content, Submission
from registry.store.unit_of_work import UnitOfWork

REVIEW_WARNINGS: Final = frozenset({FaultCode.COMPETENCE_UNCERTAIN})
"""Warnings that people have to look at before the submission counts as accepted."""

FARTHEST_AHEAD: Final = timedelta(hours=14)
"""How far the easternmost calendar runs ahead of UTC."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A report that passed the door: its exact bytes and evidence, what it says, what is odd about it.

    ``signer`` is there where its own person signed it, and not a mission.
    """

    body: bytes
    evidence: str
    sender_key: str
    report: ResidenceReport
    warnings: tuple[Fault, ...]
    now: datetime
    signer: Signer | None = None

    @property
    def source(self) -> Source:
        """Who stands behind what it says."""
        if self.signer is not None:
            return Source(kind=SourceKind.RESIDENT)
        return Source(kind=SourceKind.MISSION, code=self.report.mission)


def check(
    resources: Resources, keys: KeyDirectory, caller: Caller, body: bytes, evidence: str | None, sender_key: str
) -> Checked:
    """Take a report apart and hold it against form and law: steps (3) and (4), all faults at once.

    ``evidence`` is None for a dry run of what no mission has taken in yet.

    Raises NotPermitted if the caller may not report, or not all that it states, NotCompetent if it reports for another
    mission, EvidenceRefused if the evidence is not that mission's over these bytes, InvalidInput with every fault of
    the report.
    """
    demand_write(resources, caller, keys.grants, RESIDENCE_REPORT)
    if evidence is not None:
        _check_evidence(keys, caller, body, evidence)
    report = decode(body, ResidenceReport)
    if report.mission != caller.body:
        expected = "the code of the reporting mission"
        raise NotCompetent(Fault(code=FaultCode.MISSION_NOT_COMPETENT, pointer="/mission", expected=expected))
    _demand_items(resources, caller, keys.grants, report)
    now = resources.clock()
    faults = residence_report.check(report, resources.missions, today_at_mission(resources, caller.body, now))
    faults.refuse_if_any()
    return Checked(
        body=body, evidence=evidence or "", sender_key=sender_key, report=report, warnings=faults.warnings, now=now
    )


def _demand_items(resources: Resources, caller: Caller, grants: Sequence[Grant], report: ResidenceReport) -> None:
    """Demand a grant for each item that a report states; for a number, that of the affairs of number and card."""
    items = stated(report, *report.people)
    items |= {Item.HONSEKI for one in report.people if one.new_honseki is not None}
    demand_write(resources, caller, grants, RESIDENCE_REPORT, items - {Item.INDIVIDUAL_NUMBER})
    if Item.INDIVIDUAL_NUMBER in items:
        demand_write(resources, caller, grants, NUMBER_AND_CARD, frozenset({Item.INDIVIDUAL_NUMBER}))


def _check_evidence(keys: KeyDirectory, caller: Caller, body: bytes, evidence: str) -> None:
    """Demand evidence by a key of the caller's; whose else it is, or nobody's, is not for the caller to learn."""
    try:
        signed = keys.registered(verify_evidence(body, evidence, keys.verifying_evidence).key_id)
    except EvidenceRefused:
        signed = None
    if signed is None or signed.body != caller.body:
        raise EvidenceRefused(ProblemCode.EVIDENCE_INVALID)


def today_at_mission(resources: Resources, code: str, now: datetime) -> date:
    """Return the date on the mission's own calendar; where its zone is not on file, the latest date on earth."""
    mission = resources.missions.find(code)
    if mission is None or mission.time_zone is None:
        return (now + FARTHEST_AHEAD).date()
    return two_clocks(now, ZoneInfo(mission.time_zone)).local_date


async def accept(resources: Resources, work: UnitOfWork, caller: Sender, checked: Checked) -> Done:
    """Take a checked report in: steps (5) to (8) and (10); the answer is its receipt."""
    submission_id = resources.new_id()
    earlier = await _replaced(resources, work, caller, checked.report)
    plans = await _plans(resources, work, checked, submission_id, earlier)
    told = _told(resources, checked, plans)
    checked = _with_competence(checked, told)
    state = _state(checked, plans)
    receipt = Receipt(
        submission_id=submission_id,
        state=state,
        received_at=checked.now,
        received_on=japan_date(checked.now),
        report_sha256=sha256(checked.body).hexdigest(),
        people=_outcomes(resources, caller, told),
        warnings=tuple(map(fault_entry, checked.warnings)),
    )
    submission = _submission(caller, checked, receipt, earlier)
    await _write(resources, work, checked, plans, receipt, submission, earlier)
    return Done(message=receipt, outcome=str(state), people=tuple(one.person_id for one in plans))


async def dry_run(resources: Resources, work: UnitOfWork, caller: Sender, checked: Checked) -> Done:
    """Say what :func:`accept` would do: the same plans, and nothing is written."""
    earlier = await _replaced(resources, work, caller, checked.report)
    found = await _plans(resources, work, checked, resources.new_id(), earlier)
    plans = _told(resources, checked, found)
    checked = _with_competence(checked, plans)
    events = [one for plan in plans for one in records.events(plan, "")]
    message = DryRun(
        state=_state(checked, plans),
        people=_outcomes(resources, caller, plans),
        changes=tuple(change for index, plan in enumerate(plans) for change in _changes(index, plan)),
        events=tuple(one.kind for one in events),
        recipients=tuple(sorted({body for one in events for body in one.recipients})),
        warnings=tuple(map(fault_entry, checked.warnings)),
    )
    told_of = (one.found.link.person_id for one in plans)
    return Done(message=message, outcome="dry-run", people=tuple(one for one in told_of if one is not None))


def _told(resources: Resources, checked: Checked, plans: Sequence[Plan]) -> Sequence[Plan]:
    """Return the plans as the sender may hear of them: from whoever signed for themselves nothing is withheld."""
    return plans if checked.signer is not None else protection.told(resources, plans)


async def _plans(
    resources: Resources, work: UnitOfWork, checked: Checked, submission_id: str, earlier: Submission | None
) -> tuple[Plan, ...]:
    """Find everybody's record and work out what it becomes: steps (5) and (6)."""
    report = checked.report
    replaced = {} if earlier is None else await _people_of(work, earlier)
    _refuse_other_people(report, replaced)
    identities = identities_of(checked)
    claims = report.kind is not ReportKind.ANNULMENT or (earlier is not None and earlier.kind == ANNULMENT)
    known = [link.person_id for link in replaced.values()]
    if checked.signer is not None and checked.signer.person_id is not None:
        known.append(checked.signer.person_id)
    await records.lock_identities(resources, work, identities, also=known)
    plans: list[Plan] = []
    for index, identity in enumerate(identities):
        if earlier is not None and index in replaced:
            wrong = await stored_records.movement_ids(work, earlier.submission_id, index)
            found = await records.follow(
                resources, work, replaced[index], identity, wrong, pointer=f"/people/{index}", claims=claims
            )
        elif checked.signer is not None:
            found, wrong = await holders.find(resources, work, identity, checked.signer, report), ()
        else:
            found, wrong = await records.join(resources, work, identity), ()
        _refuse_twice(plans, found.person_id, index)
        _refuse_superseded(found, wrong)
        made = report_movements.movements(report, index, submission_id, wrong, source=checked.source)
        plans.append(records.plan(found, (*made, *presumed_departure.taken_back(found.movements, made))))
    return tuple(plans)


def identities_of(checked: Checked) -> list[Identity]:
    """Return who the report says its people are; a new name in a 変更届 is not yet by what they are found."""
    return [
        Identity(
            name=person.name,
            birth_date=person.birth_date,
            sex=person.sex,
            honseki=person.honseki,
            individual_number=person.individual_number,
            resident_record_code=person.resident_record_code,
        )
        for person in checked.report.people
    ]


async def _replaced(
    resources: Resources, work: UnitOfWork, caller: Sender, report: ResidenceReport
) -> Submission | None:
    """Return the submission that a report corrects or takes back.

    A mission names it by the registry's id or, as long as its line is down and it has none, by its own key.
    """
    named = report.replaces
    if named is None:
        return None
    await records.write_gathered(resources, work)  # it may have come in the same batch
    earlier = await submissions.get(work, named) if is_id(named) else None
    earlier = earlier or await submissions.get_by_sender_key(work, caller.body, named)
    if earlier is None or earlier.sender != caller.body:
        expected = "the id of an earlier submission of this mission, or the key under which it was sent"
        raise InvalidInput(Fault(code=FaultCode.REPLACES_UNKNOWN_MOVEMENT, pointer="/replaces", expected=expected))
    return earlier


async def people_replaced(resources: Resources, work: UnitOfWork, caller: Sender, checked: Checked) -> frozenset[str]:
    """Return the records of the people of the report that a checked one corrects or takes back, if there is one."""
    try:
        earlier = await _replaced(resources, work, caller, checked.report)
    except InvalidInput:
        return frozenset()  # refused when its turn comes
    links = {} if earlier is None else await _people_of(work, earlier)
    return frozenset(link.person_id for link in links.values())


async def _people_of(work: UnitOfWork, submission: Submission) -> dict[int, StoredLink]:
    """Return the links to a submission's people by their place in the report."""
    links = await submissions.links_of(work, submission.submission_id)
    return {link.person_index: link for link in links}


def _refuse_twice(plans: list[Plan], person_id: str, index: int) -> None:
    if any(plan.person_id == person_id for plan in plans):
        expected = "each person once in a report"
        raise InvalidInput(Fault(code=FaultCode.DUPLICATE, pointer=f"/people/{index}", expected=expected))


def _refuse_other_people(report: ResidenceReport, replaced: dict[int, StoredLink]) -> None:
    """Refuse a correction that is silent about somebody of the report it corrects; to take one back, to name more."""
    faults = Faults()
    if any(index >= len(report.people) for index in replaced):
        faults.add(FaultCode.MISSING, "/people", "everybody of the report corrected, in the same order")
    if report.kind is ReportKind.ANNULMENT:
        for index in range(len(report.people)):
            if index not in replaced:
                faults.add(FaultCode.NOT_ALLOWED_HERE, f"/people/{index}", "somebody of the report taken back")
    faults.refuse_if_any()


def _refuse_superseded(found: Found, wrong: tuple[str, ...]) -> None:
    """Refuse to correct what was corrected already; the latest correction is the one to correct."""
    if fold(found.movements).superseded & set(wrong):
        expected = "the submission that last corrected this one"
        raise InvalidInput(Fault(code=FaultCode.REPLACES_UNKNOWN_MOVEMENT, pointer="/replaces", expected=expected))


def _with_competence(checked: Checked, plans: Sequence[Plan]) -> Checked:
    """Warn where a report without an address, which would settle it, is about people of another mission's area."""
    if checked.report.address_abroad is not None or checked.report.kind is ReportKind.ANNULMENT:
        return checked
    last = (plan.before.last for plan in plans)
    missions = [None if version is None else version.state.mission for version in last]
    elsewhere = tuple(
        Fault(
            code=FaultCode.COMPETENCE_UNCERTAIN,
            pointer=f"/people/{index}",
            expected="a report by the mission in whose area the person lives",
        )
        for index, mission in enumerate(missions)
        if mission not in {None, checked.report.mission}
    )
    return msgspec.structs.replace(checked, warnings=(*checked.warnings, *elsewhere))


def _state(checked: Checked, plans: Sequence[Plan]) -> SubmissionState:
    contested = any(plan.found.link.rivals for plan in plans)
    if contested or any(fault.code in REVIEW_WARNINGS for fault in checked.warnings):
        return SubmissionState.IN_REVIEW
    return SubmissionState.ACCEPTED_WITH_WARNINGS if checked.warnings else SubmissionState.ACCEPTED


def _outcomes(resources: Resources, caller: Sender, plans: Sequence[Plan]) -> tuple[PersonOutcome, ...]:
    return tuple(outcome(resources, caller, plan, index) for index, plan in enumerate(plans))


def outcome(resources: Resources, caller: Sender, plan: Plan, index: int) -> PersonOutcome:
    """Return what became of one person, in the caller's own pseudonym; the status is that of today."""
    today = plan.after.on(japan_date(resources.clock()))
    last = today[-1][0] if today else plan.after.last
    return PersonOutcome(
        index=index,
        person=resources.pseudonyms.of(caller.body, plan.person_id),
        link=plan.found.link.method,
        confirmed=plan.found.link.is_confirmed,
        status=None if last is None else last.status,
    )


def _changes(index: int, plan: Plan) -> Iterator[VersionChange]:
    """Yield the difference that a plan makes to the record's versions, without values."""
    gone, come = difference(plan.before, plan.after)
    for change, versions in (("goes", gone), ("comes", come)):
        for version in versions:
            yield VersionChange(
                person_index=index,
                change=change,
                status=version.status,
                certain_from=version.certain.first,
                certain_to=version.certain.end,
                fields=tuple(sorted(version.state.stated)),
            )


def _submission(caller: Sender, checked: Checked, receipt: Receipt, earlier: Submission | None) -> Submission:
    return Submission(
        submission_id=receipt.submission_id,
        kind=ANNULMENT if checked.report.kind is ReportKind.ANNULMENT else KIND,
        sender=caller.body,
        sender_key=checked.sender_key,
        state=str(receipt.state),
        received_at=receipt.received_at,
        received_on=receipt.received_on,
        replaces=None if earlier is None else earlier.submission_id,
    )


async def _write(
    resources: Resources,
    work: UnitOfWork,
    checked: Checked,
    plans: Sequence[Plan],
    receipt: Receipt,
    submission: Submission,
    earlier: Submission | None,
) -> None:
    """Write submission, links, records, cases and events: steps (6) to (8)."""
    key = await resources.keyring.make(work, receipt.submission_id, checked.now)
    content = Content(body=checked.body, evidence=checked.evidence, receipt=encode(receipt))
    submissions.add(work, key, submission, content)
    if earlier is not None:
        await receipts.settle(resources, work, earlier, checked.now)
    async with records.gathered(resources, work):
        for index, plan in enumerate(plans):
            link = records.stored_link(plan, receipt.submission_id, index)
            await records.write(resources, work, plan, link, checked.now)
        submissions.open_cases(work, _cases(checked, plans, receipt.submission_id), checked.now)


def _cases(checked: Checked, plans: Sequence[Plan], submission_id: str) -> Iterator[Case]:
    """Yield what people have to decide about a report: of the person warned of, or of the whole household."""
    warned = [fault for fault in checked.warnings if fault.code in REVIEW_WARNINGS]
    for index, plan in enumerate(plans):
        for fault in warned:
            if fault.pointer == f"/people/{index}" or not fault.pointer.startswith("/people/"):
                yield Case(person_id=plan.person_id, submission_id=submission_id, kind=str(fault.code))
