"""What the console does with a paper: check it, try it at the registry, take it in; and how what was sent stands."""

from datetime import datetime
from typing import Any, Final

import msgspec

from embassy_gateway.console import paper
from embassy_gateway.console.clerks import Clerks
from embassy_gateway.console.fields import KINDS, PERSON_PARTS, REPORT_PARTS, Part
from embassy_gateway.console.keeping import Keeping, Kept, Typed
from embassy_gateway.console.paper import Misread
from embassy_gateway.console.trial import Trial, tried
from embassy_gateway.intake import Examined
from embassy_gateway.overview import Overview, overview
from embassy_gateway.schema import DEAD_LETTERS, State
from embassy_gateway.spool import SpoolRefused
from embassy_gateway.wiring import Gateway
from registry.contract.client import SignedClient
from registry.contract.decoding import encode
from registry.contract.problems import Problem, fault_entry
from registry.domain.residence_report import ReportKind

NEWEST: Final = 20


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: faults and warnings with their fields; without faults, what the registry would do.

    ``trial`` is None where the rules of the gateway found faults, and the registry was not asked.
    """

    faults: tuple[Misread, ...] = ()
    warnings: tuple[Misread, ...] = ()
    trial: Trial | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a paper: our number of it, or why it was not taken in."""

    checked: Checked
    number: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one report stands, without anything of what it says."""

    number: int
    state: State
    taken_at: str
    submission_id: str | None
    outcome: str | None
    problem: Problem | None = None


class Desk:
    """Works with papers at one mission; ``client`` is the line to the registry on which clerks' questions go."""

    def __init__(self, gateway: Gateway, clerks: Clerks, keeping: Keeping, client: SignedClient) -> None:
        self._gateway = gateway
        self._clerks = clerks
        self._keeping = keeping
        self._client = client

    def blank(self, kind: ReportKind) -> Typed:
        """Return a new form: of this day, for one person."""
        today = self._gateway.clock().astimezone(self._gateway.zone).date()
        return {paper.PEOPLE: "1", "/kind": str(kind), "/notified_on": today.isoformat()}

    def mission_name(self, now: datetime) -> str:
        """Return what the mission is called."""
        mission = self._gateway.rules.missions.find(self._gateway.rules.mission)
        return self._gateway.rules.mission if mission is None else mission.name_on(now.date())

    def parts(self, typed: Typed) -> dict[str, Any]:
        """Return what the form has, for its template: headings and fields, for the report and for each person."""
        of_change = typed.get("/kind") == ReportKind.CHANGE
        people = range(paper.people_in(typed))
        return {
            "report_parts": REPORT_PARTS,
            "person_parts": [one for one in PERSON_PARTS if of_change or not one.of_change or _holds(typed, one)],
            "people": people,
        }

    async def check(self, kept: Kept, typed: Typed) -> Checked:
        """Hold a paper against our rules; if it passes, have the registry say what it would do."""
        _, examined = self._examined(typed)
        found = _found(examined, typed)
        if found.faults or examined.body is None:
            return found
        trial = await tried(self._clerks, self._client, kept, examined.body, self._gateway.token())
        problem = trial.problem
        faults = paper.misread(() if problem is None else problem.faults, typed)
        return msgspec.structs.replace(found, faults=faults, trial=trial)

    def send(self, kept: Kept, typed: Typed) -> Sent:
        """Take a paper in, with who typed it in its evidence; nothing with faults is taken in.

        Raises SpoolUnavailable: then it was not taken in, and is still there as it was typed.
        """
        report, examined = self._examined(typed)
        found = _found(examined, typed)
        if found.faults or examined.body is None:
            return Sent(checked=found)
        clerk = self._keeping.keep_token(kept.id_token)
        try:
            entry = self._gateway.keep(report, examined, paper.mends(typed), clerk=clerk)
        except SpoolRefused:  # what it mends is mended: by this very paper, if the button was pressed twice
            entry = self._gateway.keep(report, examined, clerk=clerk)
        return Sent(checked=found, number=entry.id)

    def to_mend(self, number: int) -> Typed | None:
        """Return a report that is not sent until it is mended, as it would be typed.

        None where there is no such report, or it says what this form does not have.
        """
        found = self.receipt(number)
        body = None if found is None or found.state not in DEAD_LETTERS else self._gateway.spool.payload(number)
        if body is None:
            return None
        typed = paper.typed_of(body)
        is_whole = paper.report_of(typed, self._gateway.rules.mission) == encode(msgspec.json.decode(body))
        return typed | {paper.MENDS: str(number)} if is_whole and typed.get("/kind") in KINDS else None

    def standing(self) -> Overview:
        """Tell how the spool stands."""
        return overview(self._gateway.spool)

    def newest(self) -> tuple[Standing, ...]:
        """Return the reports that were taken in last."""
        with self._gateway.spool.reading() as db:
            rows = db.execute(f"{_STANDING} ORDER BY id DESC LIMIT ?", (NEWEST,)).fetchall()
        return tuple(map(_standing, rows))

    def receipt(self, number: int) -> Standing | None:
        """Return how one report stands; None where there is none of that number."""
        with self._gateway.spool.reading() as db:
            row = db.execute(f"{_STANDING} WHERE id = ?", (number,)).fetchone()
        return None if row is None else _standing(row)

    def _examined(self, typed: Typed) -> tuple[bytes, Examined]:
        (found,) = self._gateway.examine(paper.report_of(typed, self._gateway.rules.mission))
        return found


_STANDING: Final = "SELECT id, state, taken_at, submission_id, outcome, problem FROM report"


def _standing(row: Any) -> Standing:
    problem = None if row["problem"] is None else msgspec.json.decode(row["problem"], type=Problem)
    return Standing(
        number=row["id"],
        state=State(row["state"]),
        taken_at=row["taken_at"],
        submission_id=row["submission_id"],
        outcome=row["outcome"],
        problem=problem,
    )


def _found(examined: Examined, typed: Typed) -> Checked:
    return Checked(
        faults=paper.misread(map(fault_entry, examined.faults), typed),
        warnings=paper.misread(map(fault_entry, examined.warnings), typed),
    )


def _holds(typed: Typed, part: Part) -> bool:
    """Whether something stands in a field of a part, so that nothing is sent that the form does not show."""
    people = range(paper.people_in(typed))
    return any(typed.get(f"/people/{person}/{field.place}") for person in people for field in part.fields)
