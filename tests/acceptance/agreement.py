"""What must hold after every step of a story: the registry and the lists say the same.

Everything stored is compared, everything asked is held against :mod:`tests.acceptance.plain_registry`, and what was
once known is asked for again.
"""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

from hypothesis.stateful import RuleBasedStateMachine, invariant
from msgspec.structs import replace

from registry.contract.decoding import decode, encode
from registry.contract.messages import AnsweredVersion, Days, Flags, InquiryAnswer, InquiryOutcome, Items
from registry.domain.mission import JAPAN
from registry.domain.resident import Status
from registry.services import clockwork
from tests.acceptance import papers
from tests.acceptance.cast import ASKED, ASKERS, NO_LATER, WHOLE_LIFE, inquiry, question
from tests.acceptance.plain_registry import PlainRegistry
from tests.house import PENSION
from tests.logged import log

KEPT_IN_MIND = 2
"""How many answers about the past are asked for again after each step: the earliest, which most could still change."""


class Agreement(RuleBasedStateMachine):
    """A registry and the lists beside it; stories are told by those who inherit."""

    def __init__(self, world) -> None:
        super().__init__()
        self.world = world
        self.house = world.house
        self.world.begin_again()
        codes = world.house.resources
        self.model = PlainRegistry(codes.missions, codes.municipalities, NO_LATER)
        self.person_ids = {}
        self.moments = []
        self.remembered = []
        self.sequencer_runs = True

    def learn_people(self, submission_id):
        """Learn which person of the tables each new record is; those known before stay who they are."""
        query = f"SELECT person_id FROM link WHERE submission_id = '{submission_id}' ORDER BY person_index"  # noqa: S608 - an id made by the registry
        for tie, row in zip(self.model.submissions[submission_id].ties, self.world.rows(query), strict=True):
            person_id = str(row["person_id"])
            assert tie.record in self.person_ids or person_id not in self.person_ids.values()
            assert self.person_ids.setdefault(tie.record, person_id) == person_id

    def outcomes(self, body, outlook):
        """What the sender must be told of each person of a submission; the status is that of today in Japan."""
        return [
            (self._pseudonym(body, tie.record), tie.link.method, tie.link.is_confirmed, self._status(tie.record))
            for tie in outlook.ties
        ]

    def _status(self, record):
        timeline = record.timeline
        today = timeline.on(self.house.clock.now.astimezone(JAPAN).date())
        version = today[-1][0] if today else timeline.last
        return None if version is None else version.status

    def _pseudonym(self, body, record):
        return self.house.resources.pseudonyms.of(body, self.person_ids[record])

    def stamp(self):
        """Stamp, unless the sequencer is down; keep in mind what is known now."""
        if not self.sequencer_runs:
            return
        _, known = self.world.run(clockwork.stamp(self.house.sequencer))
        assert self.model.known is None or self.model.known < known.at
        self.model.stamped(known.at)
        self.moments.append(known.at)
        for number in self.model.numbers:
            self._keep_in_mind((PENSION, papers.by_number(number)), WHOLE_LIFE | {"known_at": known.at})

    def _keep_in_mind(self, asked, said):
        if len(self.remembered) < KEPT_IN_MIND:
            self.remembered.append((asked, said, self.ask(*asked, said)))

    def promising(self, nth):
        """Return the nth question, or the first after it that finds somebody."""
        questions = (*ASKED[nth:], *ASKED[:nth])
        return next((asked for asked in questions if self.model.finds(question(*asked, WHOLE_LIFE))), ASKED[nth])

    def inquire(self, body, search, said):
        return self.world.run(self.house.post(body, "/v1/inquiries", inquiry(body, search, said)))

    def ask(self, body, search, said):
        """Ask, hold the answer against the lists, and return it."""
        expected = self._expected(question(body, search, said))
        answer = self.inquire(body, search, said)
        found = decode(answer.body, InquiryAnswer)
        self.model.logged(body, "inquiry", str(found.outcome), found.outcome is InquiryOutcome.FOUND)
        assert (answer.status, found.outcome) == (200, expected.outcome), (body, search["by"], said)
        assert comparable(found) == expected, (body, search["by"], said)
        assert not any(version.flags.unconfirmed and version.items.individual_number for version in found.versions)
        return expected

    def _expected(self, asked):
        """What the lists say to a question."""
        hits = self.model.finds(asked)
        known_at = asked.known_at or self.model.known
        if len(hits) != 1:
            outcome = InquiryOutcome.AMBIGUOUS if hits else InquiryOutcome.NOT_FOUND
            stronger = ASKERS[asked.body].stronger if hits else ()
            return InquiryAnswer(inquiry_id="", outcome=outcome, known_at=known_at, deciding_keys=stronger)
        (hit,) = hits
        fields = ASKERS[asked.body].fields
        return InquiryAnswer(
            inquiry_id="",
            outcome=InquiryOutcome.FOUND,
            known_at=known_at,
            person=self._pseudonym(asked.body, hit.record),
            versions=_in_order(_answered(version, holds, fields, hit.confirmed) for version, holds in hit.versions),
        )

    # ---------------------------------------------------------------------------------------- what must hold

    @invariant()
    def what_is_stored_is_what_was_acknowledged(self):
        self._compare_submissions()
        self._compare_movements()
        self._compare_versions()
        self._compare_known_time()
        self._compare_log()

    def _compare_submissions(self):
        rows = self.world.rows("SELECT submission_id::text, sender, sender_key, state, replaces::text FROM submission")
        assert {row["submission_id"] for row in rows} == self.model.submissions.keys()
        for row in rows:
            one = self.model.submissions[row["submission_id"]]
            assert (row["sender"], row["sender_key"], row["replaces"]) == (one.sender, one.sender_key, one.replaces)
            assert row["state"] == self.model.stands(one)

    def _compare_movements(self):
        people = {row["person_id"] for row in self.world.rows("SELECT person_id::text FROM person")}
        assert people == {self.person_ids[record] for record in self.model.records}
        rows = self.world.rows("SELECT person_id::text, movement_id FROM movement")
        assert people == {row["person_id"] for row in rows}
        assert Counter(tuple(row) for row in rows) == Counter(
            (self.person_ids[record], one.movement_id) for record in self.model.records for one in record.movements
        )
        links = self.world.rows("SELECT person_id::text, submission_id::text, method, confirmed FROM link")
        assert Counter(tuple(row) for row in links) == Counter(
            (self.person_ids[record], by, str(tie.link.method), tie.is_confirmed)
            for record in self.model.records
            for by, tie in record.ties
        )
        (events,) = self.world.rows("SELECT count(*) FROM event")
        assert events["count"] == len(rows)

    def _compare_versions(self):
        rows = self.world.rows("SELECT *, person_id::text AS person FROM version ORDER BY lower(certain)")
        assert Counter(map(_stored_version, rows)) == Counter(
            _version(self.person_ids[record], version)
            for record in self.model.records
            for version in record.timeline.versions
        )
        for person_id in self.person_ids.values():
            ranges = [row["certain"] for row in rows if row["person"] == person_id and not row["certain"].isempty]
            assert all(one.upper and one.upper <= other.lower for one, other in pairwise(ranges))

    def _compare_known_time(self):
        stamps = self.world.rows("SELECT seq, submission_id::text AS id, at FROM stamp ORDER BY seq")
        assert [row["seq"] for row in stamps] == list(range(1, len(stamps) + 1))
        assert {row["id"]: row["at"] for row in stamps} == self.model.stamps
        waiting = self.world.rows("SELECT submission_id::text AS id FROM pending_stamp")
        assert {row["id"] for row in waiting} == self.model.waiting

    def _compare_log(self):
        """One request is one entry, or one for each person concerned."""
        columns = ("body", "operation", "outcome", "correlation_id", "about")
        requests = defaultdict(list)
        for *request, about in self.world.run(log(self.house, *columns)):
            requests[tuple(request)].append(about)
        people = {request: len(set(all_about) - {None}) for request, all_about in requests.items()}
        assert all(len(requests[request]) == max(number, 1) for request, number in people.items())
        assert Counter((*request[:3], number) for request, number in people.items()) == self.model.log

    @invariant()
    def everybody_is_answered_for(self):
        """One after the other: by number, and by every other way in which somebody is found."""
        turn, numbers = self.model.log.total(), self.model.numbers
        for number in numbers[turn % (len(numbers) or 1) :][:2]:
            self.ask(PENSION, papers.by_number(number), WHOLE_LIFE)
        self.ask(*self.promising(turn % len(ASKED)), WHOLE_LIFE)

    @invariant()
    def what_was_once_known_never_changes(self):
        for asked, said, answer in self.remembered:
            assert self.ask(*asked, said) == answer


def as_told(outcome):
    return outcome.person, outcome.link, outcome.confirmed, outcome.status


def _answered(version, holds, fields, confirmed):
    """One version as an answer has it: every item granted, but no number on a link that waits for confirmation."""
    values = {field: version.status if field == "status" else getattr(version.state, field) for field in fields}
    if not confirmed:
        values.pop("individual_number", None)
    return AnsweredVersion(
        holds=holds,
        certain=None if version.certain.is_empty else Days(first=version.certain.first, end=version.certain.end),
        possible=Days(first=version.possible.first, end=version.possible.end),
        items=Items(**values),
        flags=Flags(
            under_reconciliation=tuple(sorted(version.disputed & {*fields})),
            unconfirmed=not confirmed,
            presumed_departed=version.status is Status.PRESUMED_DEPARTED,
            last_confirmed=version.last_confirmed,
        ),
    )


def comparable(answer):
    return replace(answer, inquiry_id="", versions=_in_order(answer.versions))


def _in_order(versions):
    """Versions that possibly hold on the same days come in any order."""
    return tuple(sorted(versions, key=lambda one: (one.possible.first or date.min, encode(one))))


def _stored_version(row):
    ranges = [None if days.isempty else (days.lower, days.upper) for days in (row["certain"], row["possible"])]
    said = row["person"], row["made_by"], row["status"], row["mission"], row["municipality"]
    return *said, *ranges, tuple(row["disputed"]), row["last_confirmed"]


def _version(person_id, version):
    address = version.state.last_address
    municipality = None if address is None else str(address.municipality)
    ranges = [None if days.is_empty else (days.first, days.end) for days in (version.certain, version.possible)]
    said = person_id, version.made_by, str(version.status), version.state.mission, municipality
    return *said, *ranges, tuple(sorted(version.disputed)), version.last_confirmed
