"""A piece of a population as it goes into the files: what some thousand people add to each of them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from registry.contract.decoding import encode
from registry.domain.municipality import MunicipalityCode
from registry.sandbox.population.bystanders import InExtract, in_extracts
from registry.sandbox.population.extract_files import lines_of
from registry.sandbox.population.extract_forms import form_of
from registry.sandbox.population.lives import households
from registry.sandbox.population.numbering import addressee_number
from registry.sandbox.population.places import EVERYWHERE, Where, others_near
from registry.sandbox.population.rates import DEFAULT_RATES, Rates
from registry.sandbox.population.removed_records import why_no_record
from registry.sandbox.population.residence_reports import Filing, filings_of
from registry.sandbox.population.truth import Household, Person


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made: how many people, from which seed, and whose files are written.

    ``where`` restricts the places that people come from and go to; ``municipalities`` and ``missions`` only say whose
    files are wanted of all the people, none named is everyone's.
    """

    people: int
    seed: int
    rates: Rates = DEFAULT_RATES
    where: Where = EVERYWHERE
    municipalities: frozenset[str] = frozenset()
    missions: frozenset[str] = frozenset()


class ExtractPart(msgspec.Struct):
    """Lines of one municipality's extract, all of a person together."""

    data: bytes = b""
    lines: int = 0


class ReportRow(NamedTuple):
    """One person in one report: mission, line of its file, place in the report, and who that is in truth.

    ``line`` is counted from the beginning of the piece (1 is its first).
    """

    mission: str
    line: int
    place: int
    person: int
    household: int
    municipality: str
    addressee_number: str
    why_no_record: str
    troubles: str


class RecordRow(NamedTuple):
    """One 除票 of an extract and who that is in truth."""

    municipality: str
    addressee_number: str
    person: int
    household: int
    troubles: str


class Piece(msgspec.Struct):
    """What a piece adds: lines of extracts by municipality, reports by mission, and rows of the truth."""

    people: int = 0
    extracts: dict[str, ExtractPart] = {}
    reports: dict[str, list[bytes]] = {}
    record_rows: list[RecordRow] = []
    report_rows: list[ReportRow] = []

    @property
    def size(self) -> int:
        """Bytes that the piece takes in the files, nearly."""
        extracts = sum(len(part.data) for part in self.extracts.values())
        reports = sum(len(line) for lines in self.reports.values() for line in lines)
        return extracts + reports + _BYTES_OF_A_ROW * (len(self.record_rows) + len(self.report_rows))


_BYTES_OF_A_ROW: Final = 80


def piece(plan: Plan, first: int, count: int) -> Piece:
    """Make the piece of the households whose heads have an index from ``first`` on, in ``count`` places."""
    made = Piece()
    listed: dict[str, list[InExtract]] = {}
    for household in households(plan.seed, first, count, plan.rates, plan.where):
        whole = _up_to(household, plan.people)
        made.people += len(whole.people)
        _list(listed, made, whole, plan)
        _add_reports(made, whole, plan)
    made.extracts = {code: _part(code, people) for code, people in listed.items()}
    return made


def _part(code: str, people: list[InExtract]) -> ExtractPart:
    lines = sum(len(someone.record.lines) for someone in people)
    return ExtractPart(data=lines_of(people, form_of(MunicipalityCode(code))), lines=lines)


def _up_to(household: Household, people: int) -> Household:
    """Return a household without those beyond the end of the population."""
    if household.people[-1].index < people:
        return household
    return replace(household, people=tuple(one for one in household.people if one.index < people))


def _list(listed: dict[str, list[InExtract]], made: Piece, household: Household, plan: Plan) -> None:
    """Add whom a household brings into the extracts to those listed by municipality, and to the truth."""
    home = household.people[0].home  # a head has one, and all who left with it have the same
    if home is None or (plan.municipalities and str(home.town.code) not in plan.municipalities):
        return
    for someone in in_extracts(household, plan.rates):
        record = someone.record
        code = str(record.municipality)
        listed.setdefault(code, []).append(someone)
        if someone.person is not None:
            troubles = " ".join(someone.troubles)
            made.record_rows.append(RecordRow(code, record.addressee_number, someone.person, household.index, troubles))


def _add_reports(made: Piece, household: Household, plan: Plan) -> None:
    if not household.ever_reports or not _concerns(household, plan):
        return
    people = {person.index: person for person in household.people}
    for filing in filings_of(household, plan.rates):
        mission = filing.report.mission
        if plan.missions and mission not in plan.missions:
            continue
        lines = made.reports.setdefault(mission, [])
        lines.append(encode(filing.report) + b"\n")
        made.report_rows += _rows_of(filing, len(lines), people, plan.rates)


def _concerns(household: Household, plan: Plan) -> bool:
    """Whether a household may have reported to a mission whose files are wanted, be it the wrong one."""
    places = (stay.place for stay in household.stays)
    return not plan.missions or any(
        place.mission in plan.missions or not plan.missions.isdisjoint(others_near(place)) for place in places
    )


def _rows_of(filing: Filing, line: int, people: dict[int, Person], rates: Rates) -> Iterator[ReportRow]:
    for place, index in enumerate(filing.people):
        person = people[index]
        why_none = why_no_record(person, rates)
        yield ReportRow(
            mission=filing.report.mission,
            line=line,
            place=place,
            person=index,
            household=person.household,
            municipality="" if why_none or person.home is None else str(person.home.town.code),
            addressee_number="" if why_none else addressee_number(index),
            why_no_record=why_none.value if why_none else "",
            troubles=" ".join(filing.troubles),
        )
