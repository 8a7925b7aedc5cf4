"""What the documents promise: every test they name exists, every safeguard has its proof or says what it lacks."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (*ROOT.glob("README*.md"), *sorted((ROOT / "docs").rglob("*.md")))
SAFEGUARDS = (ROOT / "docs" / "anzen-kanri.md").read_text(encoding="utf-8")
STATES = {"met", "partly", "not met", "deployment"}
PLACE = re.compile(r"(?:registry|embassy_gateway|municipality_sync|migrations|docs)/[\w./-]+")
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(test_\w+))?")


def backticked(text):
    return re.findall(r"`([^`\n]+)`", text)


@cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_document_names_exists(path):
    named = [found for code in backticked(path.read_text(encoding="utf-8")) if (found := TEST.fullmatch(code))]
    gone = [one[0] for one in named if not (ROOT / one[1]).exists() or (one[2] and one[2] not in functions_of(one[1]))]
    assert gone == []


# ---------------------------------------------------------------------------------- the safeguards, one by one


def safeguards():
    """The rows of anzen-kanri.md: what is asked, how it stands, where and by what, what proves it, what is lacking."""
    for line in SAFEGUARDS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(("asked", "state", "where", "proof", "lacking")) and cells[1].strip("*") in STATES:
            yield cells


ROWS = list(safeguards())


def test_every_row_says_how_it_stands():
    """A row whose state is none of the four would be passed over by everything below."""
    tables = [line for line in SAFEGUARDS.splitlines() if line.startswith("| ") and not line.startswith("| asked for")]
    assert len(ROWS) == len(tables)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_met_names_its_place_and_its_test_and_what_is_not_says_so(row):
    _, state, where, proof, lacking = row
    named = [one for one in backticked(where) if PLACE.fullmatch(one)]
    proven = [one for one in backticked(proof) if TEST.fullmatch(one)]
    assert all((ROOT / one).exists() for one in named)
    if state in {"met", "partly"}:
        assert named
        assert proven
    assert (lacking == "–") == (state == "met")
