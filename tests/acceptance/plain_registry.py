"""The registry as a few lists: everything acknowledged so far, and the pure rules folded over it.

No database, no keys, no search: every record is held against every question. What a real registry answers is to be
what these lists say.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from registry.contract.decoding import encode
from registry.contract.messages import (
    ByAddresseeNumber,
    ByIndividualNumber,
    ByNameAndBirthDate,
    RecordState,
    SubmissionState,
)
from registry.domain import movement as movement_rules
from registry.domain import removal_movements, removed_record, report_movements, residence_report
from registry.domain.basic_four import Difference, compare_birth_dates
from registry.domain.disclosure import Condition
from registry.domain.errors import Fault, FaultCode, Faults
from registry.domain.mission import MissionTable
from registry.domain.movement import Movement
from registry.domain.municipality import MunicipalityTable
from registry.domain.reconciliation import Candidate, Identity, Link, LinkMethod, is_somebody_else, link
from registry.domain.removed_record import HistoryLine, RemovedRecord
from registry.domain.residence_report import ReportedPerson, ReportKind, ResidenceReport
from registry.domain.search_terms import Term, spellings, strong_terms
from registry.domain.timeline import Version, fold
from tests.acceptance.plain_records import Held, Hit, Outlook, Question, Record, Submission, Tie, identities


class PlainRegistry:
    """Everything that was acknowledged, in the order in which it was; ``today`` is any day after all papers."""

    def __init__(self, missions: MissionTable, municipalities: MunicipalityTable, today: date) -> None:
        self.missions = missions
        self.municipalities = municipalities
        self.today = today
        self.records: list[Record] = []
        self.submissions: dict[str, Submission] = {}
        self.held: dict[tuple[str, str], list[Held]] = {}
        self.holders: dict[Term, Record] = {}
        self.stamps: dict[str, datetime] = {}
        self.known: datetime | None = None
        self.log: Counter[tuple[str, str, str, int]] = Counter()

    def logged(self, body: str, operation: str, outcome: str, people: int = 0) -> None:
        """Expect a request in the log, with an entry for each of the people concerned."""
        self.log[body, operation, outcome, people] += 1

    @property
    def waiting(self) -> set[str]:
        """The submissions that are not stamped yet."""
        return self.submissions.keys() - self.stamps.keys()

    def stamped(self, at: datetime) -> None:
        """Note that all that is acknowledged became known at this moment, unless it was before."""
        self.known = at
        for submission_id in self.waiting:
            self.stamps[submission_id] = at

    # ------------------------------------------------------------------------------------------- reports

    def expects(self, report: ResidenceReport) -> Outlook:
        """Say what must come of a report."""
        found = residence_report.check(report, self.missions, self.today)
        if found.errors:
            return Outlook(faults=_codes(found.errors))
        earlier = self._named(report)
        if report.replaces is not None and earlier is None:
            return Outlook(faults=frozenset({FaultCode.REPLACES_UNKNOWN_MOVEMENT}))
        followed = () if earlier is None else earlier.ties
        if len(followed) > len(report.people):
            return Outlook(faults=frozenset({FaultCode.MISSING}))
        if report.kind is ReportKind.ANNULMENT and len(followed) < len(report.people):
            return Outlook(faults=frozenset({FaultCode.NOT_ALLOWED_HERE}))
        claims = report.kind is not ReportKind.ANNULMENT or (earlier is not None and earlier.is_annulment)
        ties = tuple(
            self._follow(followed[index], _identity(one), claims=claims)
            if index < len(followed)
            else self._join(_identity(one))
            for index, one in enumerate(report.people)
        )
        state = _state(ties, _codes(found.warnings) | _out_of_area(report, ties))
        outlook = Outlook(state=state, ties=ties, replaces=earlier)
        faults = {code for index in range(len(ties)) for code in _against(report, outlook, index)}
        return Outlook(faults=frozenset(faults)) if faults else outlook

    def takes(self, report: ResidenceReport, key: str, submission_id: str, outlook: Outlook) -> None:
        """Take in a report that was acknowledged under an id."""
        movements = [_movements(report, outlook, index, submission_id) for index in range(len(outlook.ties))]
        earlier = outlook.replaces
        submission = Submission(
            submission_id=submission_id,
            sender=report.mission,
            sender_key=key,
            state=outlook.state,
            ties=outlook.ties,
            replaces=None if earlier is None else earlier.submission_id,
            is_annulment=report.kind is ReportKind.ANNULMENT,
        )
        self._add(submission, movements)

    def stands(self, submission: Submission) -> str:
        """Say how a submission stands now: annulled, mended by a correction, or as it did when it was taken in."""
        after = [one for one in self.submissions.values() if one.replaces == submission.submission_id]
        standing = [one for one in after if self.stands(one) != SubmissionState.ANNULLED]
        if any(one.is_annulment for one in standing):
            return SubmissionState.ANNULLED
        is_mended = submission.state is SubmissionState.IN_REVIEW and bool(standing)
        return SubmissionState.ACCEPTED_WITH_WARNINGS if is_mended else submission.state

    def _named(self, report: ResidenceReport) -> Submission | None:
        mine = (one for one in self.submissions.values() if one.sender == report.mission)
        return next((one for one in mine if report.replaces in {one.submission_id, one.sender_key}), None)

    def _join(self, identity: Identity) -> Tie:
        """Hold an identity against every record there is."""
        decision = self._decide(identity)
        record = Record() if decision.person_id is None else self.records[int(decision.person_id)]
        return Tie(record, decision)

    def _follow(self, earlier: Tie, identity: Identity, *, claims: bool = True) -> Tie:
        """Stay with the record of an earlier submission; whoever else the identity fits is a rival, if it claims."""
        other = self._decide(identity, besides=earlier.record) if claims else Link(method=LinkMethod.OPENED)
        rivals = {*other.rivals, other.person_id} - {None}
        same = Link(method=LinkMethod.SAME_SUBMITTER, rivals=tuple(rivals), on_unconfirmed=not earlier.is_confirmed)
        return Tie(earlier.record, same)

    def _decide(self, identity: Identity, besides: Record | None = None) -> Link:
        return link(
            identity,
            [
                Candidate(person_id=str(number), identities=record.identities)
                for number, record in enumerate(self.records)
                if record is not besides
            ],
        )

    # ------------------------------------------------------------------------------------ removed records

    def expects_removed(self, record: RemovedRecord, sender: str) -> Outlook:
        """Say what must come of a 除票; no tie where it says nothing new."""
        if str(record.municipality) != sender:
            return Outlook(faults=frozenset({FaultCode.NOT_ALLOWED_HERE}), state=RecordState.REFUSED)
        found = removed_record.check(record, self.municipalities, self.today)
        if found.errors:
            return Outlook(faults=_codes(found.errors), state=RecordState.REFUSED)
        said = self.held.get((sender, record.addressee_number))
        earlier = said[-1].submission if said else None
        movements = self._movements_of_removed(record, "new")
        unchanged = Outlook(state=RecordState.UNCHANGED, replaces=earlier)
        if said[-1].content == encode(record) if said else not movements:
            return unchanged
        identity = _identity(record.last)
        tie = self._join(identity) if earlier is None else self._follow(earlier.ties[0], identity)
        faults = _impossible(tie.record, movements)
        if earlier is not None and _is_another(identity, earlier, tie.record):
            faults |= {FaultCode.NOT_ALLOWED_HERE}
        if faults:
            return Outlook(faults=faults, state=RecordState.REFUSED)
        if not movements:
            return unchanged
        state = RecordState.ACCEPTED if earlier is None else RecordState.CORRECTED
        return Outlook(state=RecordState.IN_REVIEW if tie.link.rivals else state, ties=(tie,), replaces=earlier)

    def takes_removed(self, record: RemovedRecord, submission_id: str, outlook: Outlook) -> None:
        """Take in a 除票 that was acknowledged under an id, if it said anything new."""
        if not outlook.ties:
            return
        movements = self._movements_of_removed(record, submission_id)
        submission = Submission(
            submission_id=submission_id,
            sender=str(record.municipality),
            sender_key=submission_id,
            state=outlook.state,
            ties=outlook.ties,
            replaces=None if outlook.replaces is None else outlook.replaces.submission_id,
        )
        self._add(submission, [movements])
        said = self.held.setdefault((submission.sender, record.addressee_number), [])
        said.append(Held(content=encode(record), submission=submission))

    def _movements_of_removed(self, record: RemovedRecord, submission_id: str) -> tuple[Movement, ...]:
        """Return what a 除票 makes of the record that earlier ones of the same 宛名番号 were joined to."""
        said = self.held.get((str(record.municipality), record.addressee_number), [])
        of_record = said[-1].submission.ties[0].record.movements if said else []
        made_by = {one.submission.submission_id for one in said}
        return removal_movements.movements(record, submission_id, of_record, made_by)

    def _add(self, submission: Submission, movements: list[tuple[Movement, ...]]) -> None:
        for tie, added in zip(submission.ties, movements, strict=True):
            if tie.record not in self.records:
                self.records.append(tie.record)
            tie.record.movements += added
        ties = tuple(Tie(tie.record, tie.link, self._is_robbed(tie.record)) for tie in submission.ties)
        for tie in ties:
            tie.record.ties.append((submission.submission_id, tie))
        self.submissions[submission.submission_id] = msgspec.structs.replace(submission, ties=ties)

    def _is_robbed(self, record: Record) -> bool:
        """Let a record hold the numbers that it has now and nobody else holds; whether another one holds any."""
        self.holders = {term: holder for term, holder in self.holders.items() if holder is not record}
        last = record.timeline.last
        wanted = frozenset() if last is None else strong_terms([Identity.of(last.state)])
        for term in wanted:
            self.holders.setdefault(term, record)
        return any(self.holders[term] is not record for term in wanted)

    # ------------------------------------------------------------------------------------------ inquiries

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every 個人番号 that was ever said of anybody."""
        said = (one.statement.individual_number for record in self.records for one in record.movements)
        return tuple(sorted({number.reveal() for number in said if number is not None}))

    def finds(self, question: Question) -> list[Hit]:
        """Return everybody whom an inquiry finds, as known at the moment it asks about, in the versions it may see."""
        hits = [self._hit(question, record) for record in self.records]
        return [hit for hit in hits if hit is not None]

    def _hit(self, question: Question, record: Record) -> Hit | None:
        movements = [one for one in record.movements if self._is_known(one.submission_id, question)]
        if not self._fits(question, record, movements):
            return None
        versions = tuple(one for one in fold(movements).during(question.period) if _is_concerned(question, one[0]))
        confirmed = all(tie.is_confirmed for by, tie in record.ties if self._is_known(by, question))
        return Hit(record=record, versions=versions, confirmed=confirmed) if versions else None

    def _is_known(self, submission_id: str, question: Question) -> bool:
        at, by = self.stamps.get(submission_id), question.known_at or self.known
        return at is not None and by is not None and at <= by

    def _fits(self, question: Question, record: Record, movements: list[Movement]) -> bool:
        match question.search:
            case ByAddresseeNumber(addressee_number=addressee):
                said = self.held.get((question.body, addressee), [])
                known = [one for one in said if self._is_known(one.submission.submission_id, question)]
                return bool(known) and known[-1].submission.ties[0].record is record
            case ByIndividualNumber(individual_number=number):
                return any(one.individual_number == number for one in identities(movements))
            case ByNameAndBirthDate() as search:
                return any(_is_called(search, one) for one in identities(movements))
            case _:
                raise NotImplementedError


def _codes(faults: Iterable[Fault]) -> frozenset[FaultCode]:
    return frozenset(fault.code for fault in faults)


def _identity(person: ReportedPerson | HistoryLine) -> Identity:
    return Identity(**{field: getattr(person, field) for field in Identity.__struct_fields__})


def _is_another(identity: Identity, earlier: Submission | None, record: Record) -> bool:
    """Whether a submission that follows speaks of somebody else than the record, or than the first of its chain."""
    first = [Identity.of(one.statement) for one in _first_of(earlier, record)]
    return is_somebody_else(identity, record.identities) or is_somebody_else(identity, first)


def _first_of(submission: Submission | None, record: Record) -> Iterable[Movement]:
    """Yield the movements that stood first in the places where those of a submission stand now."""
    by_id = {one.movement_id: one for one in record.movements}
    for movement_id in _made_by(submission, record):
        first = by_id[movement_id]
        while first.replaces is not None:
            first = by_id[first.replaces]
        yield first


def _against(report: ResidenceReport, outlook: Outlook, index: int) -> Iterable[FaultCode]:
    """Yield what stands against one person of a report that is in order by itself."""
    tie = outlook.ties[index]
    if any(tie.record is other.record for other in outlook.ties[:index]):
        yield FaultCode.DUPLICATE
    if tie.link.method is LinkMethod.SAME_SUBMITTER:
        if tie.record.timeline.superseded & {*_made_by(outlook.replaces, tie.record)}:
            yield FaultCode.REPLACES_UNKNOWN_MOVEMENT
        if _is_another(_identity(report.people[index]), outlook.replaces, tie.record):
            yield FaultCode.NOT_ALLOWED_HERE
    yield from _impossible(tie.record, _movements(report, outlook, index, "new"))


def _impossible(record: Record, added: Iterable[Movement]) -> frozenset[FaultCode]:
    """Return what the rules have against further movements of a record."""
    faults, known = Faults(), frozenset(one.movement_id for one in record.movements)
    for one in added:
        movement_rules.check(one, known, faults)
    return _codes(faults.errors)


def _out_of_area(report: ResidenceReport, ties: Iterable[Tie]) -> frozenset[FaultCode]:
    """Return a warning where a report without an address, which would settle it, is about people of another area."""
    settled = report.address_abroad is not None or report.kind is ReportKind.ANNULMENT
    lasts = (tie.record.timeline.last for tie in ties)
    missions = {None if last is None else last.state.mission for last in lasts}
    return frozenset() if settled or missions <= {None, report.mission} else frozenset({FaultCode.COMPETENCE_UNCERTAIN})


def _state(ties: Iterable[Tie], warnings: frozenset[FaultCode]) -> SubmissionState:
    if any(tie.link.rivals for tie in ties) or FaultCode.COMPETENCE_UNCERTAIN in warnings:
        return SubmissionState.IN_REVIEW
    return SubmissionState.ACCEPTED_WITH_WARNINGS if warnings else SubmissionState.ACCEPTED


def _made_by(submission: Submission | None, record: Record) -> tuple[str, ...]:
    """Return the ids of the movements that a submission made of a record, in their order."""
    by = None if submission is None else submission.submission_id
    return tuple(one.movement_id for one in record.movements if one.submission_id == by)


def _movements(report: ResidenceReport, outlook: Outlook, index: int, submission_id: str) -> tuple[Movement, ...]:
    is_followed = outlook.replaces is not None and index < len(outlook.replaces.ties)
    wrong = _made_by(outlook.replaces, outlook.ties[index].record) if is_followed else ()
    return report_movements.movements(report, index, submission_id, wrong)


def _is_called(search: ByNameAndBirthDate, known: Identity) -> bool:
    if known.name is None or known.birth_date is None:
        return False
    same_day = compare_birth_dates(search.birth_date, known.birth_date) is not Difference.DIFFERENT
    return same_day and bool(spellings(search.name) & spellings(known.name))


def _is_concerned(question: Question, version: Version) -> bool:
    if question.condition is Condition.OWN_AREA:
        return version.state.mission == question.body
    address = version.state.last_address
    is_former_resident = address is not None and str(address.municipality) == question.body
    return question.condition is Condition.ANYONE or is_former_resident
