"""A paper as it is typed and the report as it travels: nothing of either is lost on the way."""

import json
from datetime import date

import msgspec
import pytest

from embassy_gateway.console import paper
from embassy_gateway.console.fields import Kind, placed
from registry.contract.problems import fault_entry
from registry.domain.errors import Fault, FaultCode
from registry.domain.residence_report import LARGEST_HOUSEHOLD, ReportedPerson, ResidenceReport
from tests.embassy_gateway.console.mission_office import GOOD

NOT_ON_THE_FORM = {
    "/mission",  # of this gateway
    "/reported_by",  # of a death or a loss of nationality
}


def leaves(kind, at=""):
    """The places of all items of a message, as far down as they are messages themselves."""
    for field in msgspec.structs.fields(kind):
        inner = [one for one in getattr(field.type, "__args__", (field.type,)) if hasattr(one, "__struct_fields__")]
        here = f"{at}/{field.name}"
        if here == "/people":
            continue
        yield from leaves(inner[0], here) if inner else [here]


def test_the_form_has_every_item_of_a_report_and_of_a_person():
    fields = {one.name for one in placed(1)}
    assert fields == (set(leaves(ResidenceReport)) - NOT_ON_THE_FORM) | set(leaves(ReportedPerson, "/people/0"))


def filled(one):
    """Something that fits into a field, another in each."""
    match one.field.kind:
        case Kind.LINES:
            return f"line of {one.name}\nand another"
        case Kind.TICK | Kind.YES_OR_NO:
            return "true"
        case Kind.DAY:
            return "2024-04-10"
        case Kind.CHOICE:
            return str(one.field.options[-1][0])
        case _:
            return f"髙 𠮷 葛\U000e0100 # {one.name}"


def test_what_was_typed_comes_back_from_the_report_as_it_was():
    typed = {paper.PEOPLE: "3"} | {one.name: filled(one) for one in placed(3)}
    assert paper.typed_of(paper.report_of(typed, "JP-CG-NEW-YORK")) == typed


def test_what_is_not_filled_in_is_not_said():
    said = json.loads(paper.report_of({"/kind": "residence", "/people/0/name/surname": " 　髙﨑　 "}, "JP-CG-NEW-YORK"))
    assert said == {"kind": "residence", "mission": "JP-CG-NEW-YORK", "people": [{"name": {"surname": "髙﨑"}}]}


DAYS = {
    "2024-04-10": "2024-04-10",
    "令和6年4月10日": "2024-04-10",
    "R6.4.10": "2024-04-10",
    "令和6年4月": "令和6年4月",
    "令和6年4月10日頃": "令和6年4月10日頃",
    "昨日": "昨日",
}


@pytest.mark.parametrize(("typed", "day"), DAYS.items(), ids=list(DAYS))
def test_a_day_is_taken_in_either_calendar_and_what_names_none_stays_to_be_found_wrong(typed, day):
    assert json.loads(paper.report_of(GOOD | {"/notified_on": typed}, "x"))["notified_on"] == day


def test_a_date_is_shown_as_it_was_read_and_sent_as_it_was_written():
    assert paper.as_read("令和6年4月日不詳") == (date(2024, 4, 1), date(2024, 4, 30))
    assert paper.as_read("昨日") is None
    assert json.loads(paper.report_of(GOOD, "x"))["effective"] == "令和6年4月日不詳"


FAULTS = {
    "at a field": ("/people/1/birth_date", "/people/1/birth_date"),
    "at what several fields say together": ("/people/0/name", "/people/0/name/surname"),
    "inside of one": ("/address_abroad/lines/1", "/address_abroad/lines"),
    "at a person": ("/people/1", "/people/1/name/surname"),
    "at somebody whom the form does not have": ("/people/7", None),
    "at a name that only begins alike": ("/people/10", None),
    "at the whole": ("", None),
}


@pytest.mark.parametrize(("pointer", "name"), FAULTS.values(), ids=FAULTS)
def test_a_fault_leads_to_its_field(pointer, name):
    fault = fault_entry(Fault(code=FaultCode.MISSING, pointer=pointer))
    (found,) = paper.misread([fault], {paper.PEOPLE: "2"})
    assert (None if found.at is None else found.at.name) == name


@pytest.mark.parametrize("count", ["", "0", "-1", "²", "1e3", "9999999999", "999"])
def test_no_form_has_nobody_or_more_people_than_a_household(count):
    assert 1 <= paper.people_in({paper.PEOPLE: count}) <= LARGEST_HOUSEHOLD


@pytest.mark.parametrize("gone", [2, 7])
def test_who_is_not_on_the_form_is_not_taken_out(gone):
    typed = {paper.PEOPLE: "2", "/people/1/name/given": "太郎"}
    assert paper.without_person(typed, gone) == typed


def test_of_what_a_browser_sends_only_fields_of_the_form_are_kept():
    form = {
        "people": "1",
        "/people/0/name/given": "花子",
        "/people/1/name/given": "太郎",
        "/mission": "x",
        "other": "y",
    }
    assert paper.kept(form) == {"people": "1", "/people/0/name/given": "花子"}
