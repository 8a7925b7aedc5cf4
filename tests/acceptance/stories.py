"""Stories for a registry: what missions, town halls and bodies that ask do, in any order that Hypothesis likes."""

from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule

from registry.contract.decoding import decode, encode
from registry.contract.messages import EVIDENCE_HEADER, DeliveryAnswer, DryRun, Receipt
from registry.contract.problems import Problem
from registry.domain.removed_record import RemovedRecord
from registry.domain.residence_report import ResidenceReport
from tests.acceptance import papers
from tests.acceptance.agreement import Agreement, as_told
from tests.acceptance.cast import (
    AS_NEWSPAPERS_WRITE,
    ASKED,
    CAST,
    DAYS,
    FURTHER_LINES,
    HOUSEHOLDS,
    LAGS,
    MARRIED,
    NO_LATER,
    OTHER_MISSION,
    OTHER_TOWN,
    PERIODS,
    PLACES,
    dated,
    member,
    number_of,
    removed,
    without,
)
from tests.house import MISSION, TOWN


class Sent(NamedTuple):
    """A report that was acknowledged, and how."""

    told: dict
    content: bytes
    body: str
    key: str
    answer: bytes
    submission_id: str


class Story(Agreement):
    """What bodies do, in any order; and what must hold after each step."""

    sent = Bundle("sent")
    delivered = Bundle("delivered")

    @initialize(target=sent, left=HOUSEHOLDS, arrived=HOUSEHOLDS, day=DAYS)
    def some_leave_and_some_arrive(self, left, arrived, day):
        self.stamp()
        self._deliver(TOWN, [removed(who, TOWN, numbered=numbered) for who, numbered in left])
        people = [member(who, numbered=numbered) for who, numbered in arrived]
        return self._submit(papers.report(*people, **dated(day, 9)), rehearsed=False)

    # ---------------------------------------------------------------------------------------- missions

    @rule(
        target=sent,
        household=HOUSEHOLDS,
        day=DAYS,
        lag=LAGS,
        place=st.sampled_from(list(PLACES)),
        rehearsed=st.booleans(),
    )
    def a_household_reports_its_residence(self, household, day, lag, place, rehearsed):
        people = [member(who, numbered=numbered) for who, numbered in household]
        return self._submit(papers.report(*people, address_abroad=PLACES[place], **dated(day, lag)), rehearsed)

    @rule(
        target=sent,
        household=HOUSEHOLDS,
        changed=st.sampled_from(["address", "area", "contact", "name", "honseki", "much"]),
        day=DAYS,
        lag=LAGS,
        rehearsed=st.booleans(),
    )
    def a_household_reports_a_change(self, household, changed, day, lag, rehearsed):
        of_all = {
            "address": {"address_abroad": PLACES["Albany"]},
            "area": {"address_abroad": papers.BOSTON, "mission": OTHER_MISSION, "came_from": MISSION},
            "contact": {"contact": {"telephone": f"555-01{lag % 100:02}"}},
            "much": {"address_abroad": PLACES["Albany"]},
        }
        of_one = {"name": {"new_name": MARRIED}, "honseki": {"new_honseki": {"text": "那覇市首里"}}}
        of_one["much"] = of_one["name"] | of_one["honseki"]
        first, *others = (member(who) for who, _ in household)
        people = [first | of_one.get(changed, {}), *others]
        return self._submit(papers.change(*people, **of_all.get(changed, {}), **dated(day, lag)), rehearsed)

    @rule(target=sent, earlier=sent, day=DAYS, rehearsed=st.booleans())
    def a_household_goes_home(self, earlier, day, rehearsed):
        people = [without(one, "new_") for one in earlier.told["people"]]
        return self._submit(papers.coming_home(*people, **dated(day, 0)), rehearsed)

    @rule(
        target=sent,
        earlier=sent,
        what=st.sampled_from(["death", "nationality-lost", "nationality-regained", "unreachable"]),
        day=DAYS,
        lag=LAGS,
        rehearsed=st.booleans(),
    )
    def something_befalls_the_last_of_a_household(self, earlier, what, day, lag, rehearsed):
        last = without(earlier.told["people"][-1], "new_")
        said = {
            "nationality-regained": {"address_abroad": PLACES["Albany"], "reported_by": "self"},
            "unreachable": {"address_abroad": None},
        }.get(what, {"address_abroad": None, "reported_by": "relative"})
        return self._submit(papers.report(last, kind=what, **said, **dated(day, lag)), rehearsed)

    @rule(
        target=sent,
        earlier=sent,
        mended=st.sampled_from(["day", "name", "birth date", "number", "no number", "more", "less", "swapped", "kind"]),
        day=DAYS,
        who=st.sampled_from(list(CAST)),
        rehearsed=st.booleans(),
    )
    def a_report_is_corrected(self, earlier, mended, day, who, rehearsed):
        told = earlier.told | {"replaces": earlier.key} | dated(day, 9)
        first, *others = told["people"]
        told["people"] = {
            "name": [first | {"name": AS_NEWSPAPERS_WRITE}, *others],
            "birth date": [first | {"birth_date": "1979-11-24"}, *others],
            "number": [first | number_of(who), *others],
            "no number": [without(first, "number"), *others],
            "more": [first, *others, member(who)],
            "less": others or [first],
            "swapped": [*others, first],
        }.get(mended, told["people"])
        if mended == "kind" or told["kind"] == "annulment":
            people = [without(one, "new_") for one in told["people"]]
            told |= {"kind": "residence", "address_abroad": PLACES["Albany"], "mission": MISSION, "people": people}
            told.pop("reported_by", None)
        return self._submit(told, rehearsed)

    @rule(target=sent, earlier=sent, besides=st.none() | st.sampled_from(list(CAST)), rehearsed=st.booleans())
    def a_report_is_taken_back(self, earlier, besides, rehearsed):
        told = {field: earlier.told[field] for field in ("mission", "effective", "notified_on")}
        people = [without(one, "new_") for one in earlier.told["people"]]
        people += [] if besides is None else [member(besides)]
        told |= {"kind": "annulment", "replaces": earlier.key, "people": people}
        return self._submit(told, rehearsed)

    @rule(earlier=sent, altered=st.booleans())
    def a_report_is_sent_again(self, earlier, altered):
        other = encode(earlier.told | {"notified_on": NO_LATER.replace(day=1).isoformat()})
        answer = self._post_report(earlier.body, other if altered else earlier.content, earlier.key)
        self.model.logged(earlier.body, "submission", "refused" if altered else "repeated")
        if altered:
            assert (answer.status, decode(answer.body, Problem).code) == (409, "idempotency-key-reused")
        else:
            assert (answer.status, answer.body) == (201, earlier.answer)

    def _submit(self, told, rehearsed):
        content, key = encode(told), uuid4().hex
        report = decode(content, ResidenceReport)
        outlook = self.model.expects(report)
        if rehearsed:
            self._rehearse(report, content, outlook)
        answer = self._post_report(report.mission, content, key)
        if outlook.faults:
            self._is_refused(answer, report.mission, "submission", outlook)
            return multiple()
        receipt = decode(answer.body, Receipt)
        self.model.takes(report, key, receipt.submission_id, outlook)
        self.model.logged(report.mission, "submission", str(outlook.state), len(outlook.ties))
        self.learn_people(receipt.submission_id)
        assert (answer.status, receipt.state) == (201, outlook.state)
        assert [as_told(one) for one in receipt.people] == self.outcomes(report.mission, outlook)
        self.stamp()
        return Sent(told, content, report.mission, key, answer.body, receipt.submission_id)

    def _rehearse(self, report, content, outlook):
        """A dry run says what will be and changes nothing but the log."""
        answer = self._post_report(report.mission, content, uuid4().hex, "?dry_run=true")
        if outlook.faults:
            self._is_refused(answer, report.mission, "dry-run", outlook)
        else:
            there = [tie for tie in outlook.ties if tie.record in self.model.records]
            self.model.logged(report.mission, "dry-run", "dry-run", len(there))
            would = decode(answer.body, DryRun)
            links = [(tie.link.method, tie.link.is_confirmed) for tie in outlook.ties]
            assert (answer.status, would.state) == (200, outlook.state)
            assert [(one.link, one.confirmed) for one in would.people] == links
        self.what_is_stored_is_what_was_acknowledged()

    def _post_report(self, body, content, key, query=""):
        headers = ((EVIDENCE_HEADER, self.house.evidence(body, content)),)
        return self.world.run(self.house.post(body, f"/v1/submissions{query}", content, key=key, headers=headers))

    def _is_refused(self, answer, body, operation, outlook):
        self.model.logged(body, operation, "refused")
        codes = {str(fault.code) for fault in decode(answer.body, Problem).faults}
        assert answer.status == 422
        assert codes
        assert codes <= {str(code) for code in outlook.faults}

    # ---------------------------------------------------------------------------------------- town halls

    @rule(
        target=delivered,
        people=HOUSEHOLDS,
        town=st.sampled_from([TOWN, TOWN, OTHER_TOWN]),
        further=FURTHER_LINES,
        astray=st.booleans(),
    )
    def a_town_hall_delivers(self, people, town, further, astray):
        records = [removed(who, town, numbered=numbered, further=further) for who, numbered in people]
        if astray:
            records.append(removed("Kichiro", OTHER_TOWN if town == TOWN else TOWN))
        return self._deliver(town, records)

    @rule(target=delivered, earlier=delivered)
    def a_town_hall_delivers_the_same_again(self, earlier):
        return self._deliver(*earlier)

    def _deliver(self, town, told):
        message = {"extract_id": uuid4().hex, "part": 1, "records": told}
        answer = self.world.run(self.house.post(town, "/v1/removed-records", message))
        assert answer.status == 200
        concerned = []
        for one, outcome in zip(told, decode(answer.body, DeliveryAnswer).records, strict=True):
            record = decode(encode(one), RemovedRecord)
            outlook = self.model.expects_removed(record, town)
            assert outcome.state == outlook.state
            if outlook.faults:
                assert {str(fault.code) for fault in outcome.faults} <= {str(code) for code in outlook.faults}
            self.model.takes_removed(record, outcome.submission_id, outlook)
            concerned += self._concerned(town, outcome, outlook)
        self.model.logged(town, "removed-records", "taken-in", len({*concerned}))
        self.stamp()
        return town, told

    def _concerned(self, town, outcome, outlook):
        """Hold what was said of one 除票 against the lists; return the records concerned."""
        if outlook.ties:
            self.learn_people(outcome.submission_id)
            assert [as_told(outcome.person)] == self.outcomes(town, outlook)
            return [tie.record for tie in outlook.ties]
        known = outlook.replaces
        assert outcome.submission_id == ("" if known is None else known.submission_id)
        return [] if known is None else [tie.record for tie in known.ties]

    # ---------------------------------------------------------------------------------------- time

    @rule(days=st.sampled_from([0, 1, 40]), sequencer_runs=st.booleans())
    def time_goes_on(self, days, sequencer_runs):
        self.house.clock.advance(days=days)
        self.sequencer_runs = sequencer_runs
        self.stamp()

    # ---------------------------------------------------------------------------------------- those who ask

    @rule(
        nths=st.lists(st.integers(0, len(ASKED) - 1), min_size=1, max_size=4),
        period=PERIODS,
        ago=st.none() | st.integers(0, 5),
    )
    def bodies_ask(self, nths, period, ago):
        said = period if ago is None else period | {"known_at": self.moments[-1 - ago % len(self.moments)]}
        for nth in nths:
            self.ask(*self.promising(nth), said)

    @rule(asked=st.sampled_from(ASKED), lawful=st.booleans())
    def somebody_asks_too_early_or_too_much(self, asked, lawful):
        body, search = asked
        too_early = {"known_at": self.house.clock() + timedelta(minutes=1)}
        answer = self.inquire(body, search, too_early if lawful else {"basis": "none"})
        self.model.logged(body, "inquiry", "refused")
        expected = (409, "not-known-yet") if lawful else (403, "not-permitted")
        assert (answer.status, decode(answer.body, Problem).code) == expected
