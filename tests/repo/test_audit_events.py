"""docs/audit-events.md against the code, both ways: all that the program's log and the log of disclosures can say."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from registry.contract.messages import InquiryOutcome, SubmissionState
from registry.doctor.finding import Code
from registry.domain.proposal import ActKind
from registry.domain.question import Finding
from registry.domain.shredding import Ground
from registry.program_log import ALLOWED_FIELDS
from registry.services.holders import Parting
from registry.transparency.entry import Disclosure
from registry.web.metrics import METRICS
from registry.web.pages.who_saw import OPERATIONS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "audit-events.md").read_text(encoding="utf-8")
PROGRAMS = ("registry", "embassy_gateway", "municipality_sync")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
OF_EVERY_LINE = {"event", "level", "timestamp"}
"""Fields that structlog writes, whatever the call says."""


# ------------------------------------------------------------------------------------------- the document


def section(title):
    """The text under a heading, up to the next."""
    return re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL).group(1)


def rows(title):
    """The cells of each row of the table under a heading whose first cell is in backticks."""
    for line in section(title).splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def backticked(cell):
    return tuple(cell.split("`")[1::2])


# ------------------------------------------------------------------------------------------- the code


@cache
def tree_of(file):
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def files(*folders):
    return sorted(str(path.relative_to(ROOT)) for one in folders for path in (ROOT / one).rglob("*.py"))


def dotted(node):
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


# --------------------------------------------------------------------------------- the log of the program


class Event(NamedTuple):
    text: str
    level: str
    fields: tuple[str, ...]
    file: str


def is_logger_made(node):
    return isinstance(node, ast.Call) and dotted(node.func) == "structlog.get_logger"


def loggers(tree):
    """The names under which a module has its logger."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and is_logger_made(node.value)]
    return {target.id for node in made for target in node.targets if isinstance(target, ast.Name)}


def said(file):
    """Every event that a module logs; fails for a text that is put together and for fields that are not named."""
    tree = tree_of(file)
    names = loggers(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        logger = node.func.value
        if dotted(logger) in names or is_logger_made(logger):
            place = f"{file}:{node.lineno}"
            assert node.func.attr in LEVELS, f"{place}: a logger only says events"
            assert [type(one) for one in node.args] == [ast.Constant], f"{place}: the event is one literal text"
            assert all(one.arg for one in node.keywords), f"{place}: fields are named one by one"
            fields = tuple(sorted(one.arg for one in node.keywords))
            yield Event(node.args[0].value, node.func.attr, fields, file)


@cache
def events():
    return sorted({event for file in files(*PROGRAMS) for event in said(file)})


def test_every_event_of_the_programs_log_stands_in_the_catalogue_once_and_nothing_else_does():
    stated = [
        Event(backticked(text)[0], level, tuple(sorted(backticked(fields))), *backticked(file))
        for text, level, fields, file, _meaning, _duty in rows("Events")
    ]
    assert sorted(stated) == events()


def test_one_text_is_one_event():
    texts = [event.text for event in events()]
    assert sorted(set(texts)) == texts


def test_every_field_of_an_event_is_one_that_the_log_lets_through():
    assert {field for event in events() for field in event.fields} <= ALLOWED_FIELDS - OF_EVERY_LINE


def test_the_catalogue_lists_the_fields_that_the_log_lets_through():
    assert sorted(backticked(name)[0] for name, _ in rows("Fields of a line")) == sorted(ALLOWED_FIELDS)


def test_every_field_that_the_log_lets_through_is_used():
    assert {field for event in events() for field in event.fields} == ALLOWED_FIELDS - OF_EVERY_LINE


def test_a_logger_is_used_for_nothing_but_events():
    for file in files(*PROGRAMS):
        names = loggers(tree_of(file))
        used = [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.Name) and node.id in names]
        read = [node for node in used if isinstance(node.ctx, ast.Load)]
        called = [one for one in ast.walk(tree_of(file)) if isinstance(one, ast.Attribute) and one.value in read]
        assert len(called) == len(read), file


def test_nothing_is_logged_past_structlog():
    imported = {
        file
        for file in files(*PROGRAMS)
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "logging" in [getattr(node, "module", None), *(one.name for one in node.names)]
    }
    assert imported == {"registry/program_log.py"}  # it quiets uvicorn


# --------------------------------------------------------------------------------- the log of disclosures

REPORT_STATES = (SubmissionState.ACCEPTED, SubmissionState.ACCEPTED_WITH_WARNINGS, SubmissionState.IN_REVIEW)
COMPUTED = {
    "str(decision.ground)": tuple(Ground),
    "str(why)": tuple(Parting),
    "str(kind)": tuple(ActKind),
    "str(state)": REPORT_STATES,
    "str(finding)": tuple(Finding),
    "str(message.outcome)": tuple(InquiryOutcome),
}
"""What an outcome that is worked out can be; anything else that is worked out fails until it stands here."""


class Said(NamedTuple):
    value: str
    file: str


def takers(parameter):
    """Functions (with the place of the argument) and structs (by keyword alone) that take a text under this name.

    What begins with an underscore is called in its own file alone, so it is named with that.
    """
    for file in files("registry/services", "registry/web", "registry/store", "registry/transparency"):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in node.args.args if one.arg not in {"self", "cls"}]
                for index, one in enumerate(one for one in node.args.args if one.arg in names):
                    if one.arg == parameter and one.annotation and ast.unparse(one.annotation) == "str":
                        yield known_as(file, node.name), index
            if isinstance(node, ast.ClassDef):
                fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
                if any((dotted(one.target), ast.unparse(one.annotation)) == (parameter, "str") for one in fields):
                    yield known_as(file, node.name), None


def known_as(file, name):
    return (file, name) if name.startswith("_") else name


def handed_over(parameter):
    """Everything that is handed over as a ``parameter`` in services and web: file and expression."""
    taking = dict(takers(parameter))
    for file in files("registry/services", "registry/web"):
        for node in ast.walk(tree_of(file)):
            if not isinstance(node, ast.Call):
                continue
            name = known_as(file, dotted(node.func).rpartition(".")[2])
            place = taking.get(name)
            if place is not None and len(node.args) > place:
                yield file, node.args[place]
            if name in taking:
                yield from ((file, one.value) for one in node.keywords if one.arg == parameter)


def texts(parameter, file, node):
    """The texts that an expression can be; none where it only hands on what came in under the same name."""
    if isinstance(node, ast.IfExp):
        yield from texts(parameter, file, node.body)
        yield from texts(parameter, file, node.orelse)
    elif isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from map(str, COMPUTED[ast.unparse(node)])
    elif dotted(node).rpartition(".")[2] != parameter:
        thing = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        for part in dotted(node).split("."):
            thing = getattr(thing, part)
        yield str(thing)


@cache
def found(parameter):
    return frozenset(Said(text, file) for file, node in handed_over(parameter) for text in texts(parameter, file, node))


def test_every_operation_of_the_log_of_disclosures_stands_in_the_catalogue_once_with_the_files_that_log_it():
    stated = [(backticked(name)[0], file) for name, _, _, where, *_ in rows("Operations") for file in backticked(where)]
    assert sorted(stated) == sorted(found("operation"))


def test_every_outcome_of_the_log_of_disclosures_stands_in_the_catalogue_once():
    stated = [backticked(name)[0] for name, _ in rows("Outcomes")]
    assert sorted(stated) == sorted({one.value for one in found("outcome")})


def test_every_outcome_is_that_of_an_operation():
    of_operations = {one for row in rows("Operations") for one in backticked(row[4])}
    of_any = {backticked(name)[0] for name, meaning in rows("Outcomes") if "any operation" in meaning}
    assert of_any == {"refused", "repeated"}
    assert of_operations | of_any == {one.value for one in found("outcome")}


def test_the_states_of_a_report_in_the_log_are_those_that_are_given_when_it_comes():
    (state,) = [
        node
        for node in ast.walk(tree_of("registry/services/submissions.py"))
        if isinstance(node, ast.FunctionDef) and node.name == "_state"
    ]
    named = {
        one.attr for one in ast.walk(state) if isinstance(one, ast.Attribute) and dotted(one.value) == "SubmissionState"
    }
    assert named == {one.name for one in REPORT_STATES}


def test_the_catalogue_lists_what_an_entry_holds():
    assert [backticked(name)[0] for name, *_ in rows("What an entry holds")] == list(Disclosure.__struct_fields__)


def test_each_operation_has_words_for_the_person_who_reads_who_saw_their_record():
    assert [backticked(name)[0] for name, *_ in rows("Operations")] == list(OPERATIONS)


# --------------------------------------------------------------------------------- alarms


@pytest.mark.parametrize("row", list(rows("Alarms")), ids=lambda row: backticked(row[0])[0])
def test_every_alarm_names_a_metric_or_a_finding_that_there_is(row):
    metrics = {one.name for one in METRICS.collect()}
    assert set(backticked(row[0])) <= metrics | {str(code) for code in Code}
