"""docs/asvs.csv: every requirement of OWASP ASVS 5.0.0 has a row that says truly how it stands."""

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.repo.test_documents import functions_of

ROOT = Path(__file__).parents[2]
COLUMNS = ["id", "level", "status", "where", "test"]
STATUSES = {"met", "not-applicable", "deployment", "open", "not-asked"}

PER_CHAPTER = dict(
    zip(
        [f"V{number}" for number in range(1, 18)],
        [30, 13, 31, 16, 13, 47, 19, 13, 7, 36, 24, 12, 21, 13, 21, 17, 12],
        strict=True,
    )
)
"""How many requirements OWASP ASVS 5.0.0 has: 345 in all."""

# fmt: off
OF_LEVEL_3 = {
    "V1.2.10", "V1.5.3",
    "V2.3.5",
    "V4.1.4", "V4.1.5",
    "V6.3.8", "V6.7.2",
    "V7.5.3",
    "V8.3.2", "V8.3.3", "V8.4.2",
    "V10.3.5", "V10.4.14", "V10.4.16",
    "V11.3.4",
    "V12.1.4", "V12.3.5",
    "V13.2.6", "V13.3.3", "V13.3.4",
    "V14.2.6", "V14.2.7",
    "V15.4.2",
    "V16.5.4",
}
# fmt: on
"""What is asked for of level 3; of levels 1 and 2 everything is."""

# fmt: off
OPEN = {
    "V2.3.5",
    "V3.4.1", "V3.4.4", "V3.4.6",
    "V5.1.1",
    "V7.4.2", "V7.4.5", "V7.5.2", "V7.5.3",
    "V8.3.2", "V8.4.2",
    "V11.1.1", "V11.1.2", "V11.2.2", "V11.2.3", "V11.5.1",
    "V13.2.1", "V13.3.3", "V13.3.4", "V13.4.2",
    "V14.1.1", "V14.1.2", "V14.2.2", "V14.2.4", "V14.2.7", "V14.3.1",
    "V15.1.2",
    "V16.3.1",
}
# fmt: on
"""What is lacking, each with its reason in the file. Whoever mends one takes it away here, and none comes unnoticed."""

PLACE = re.compile(r"(?:registry|embassy_gateway|municipality_sync|migrations|docs)/[\w./-]+\.\w+")
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(test_\w+))?")
DUTY = re.compile(r"docs/operations\.md § (\d+)")


def rows():
    with (ROOT / "docs" / "asvs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


ROWS = rows()


def having(status):
    return [pytest.param(row, id=row["id"]) for row in ROWS if row["status"] == status]


def parts(cell):
    return cell.split("; ")


def place_of(identifier):
    return [int(number) for number in identifier.removeprefix("V").split(".")]


@cache
def paragraphs():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]


def test_every_requirement_has_one_row_in_the_order_of_the_standard():
    ids = [row["id"] for row in ROWS]
    assert all(list(row) == COLUMNS for row in ROWS)
    assert ids == sorted(set(ids), key=place_of)
    assert Counter(one.partition(".")[0] for one in ids) == PER_CHAPTER


def test_every_row_has_a_level_and_a_status_of_the_lists_and_says_where():
    assert {row["level"] for row in ROWS} == {"1", "2", "3"}
    assert {row["status"] for row in ROWS} <= STATUSES
    assert [row["id"] for row in ROWS if not row["where"]] == []


def test_only_what_is_not_asked_for_of_level_3_is_left_out():
    left_out = {row["id"] for row in ROWS if row["status"] == "not-asked"}
    assert left_out == {row["id"] for row in ROWS if row["level"] == "3"} - OF_LEVEL_3


def test_what_is_open_is_exactly_what_is_known_to_be_open():
    assert {row["id"] for row in ROWS if row["status"] == "open"} == OPEN


@pytest.mark.parametrize("row", having("met"))
def test_what_is_met_names_files_and_tests_that_exist(row):
    places, proofs = parts(row["where"]), [TEST.fullmatch(one) for one in parts(row["test"])]
    assert [one for one in places if not (PLACE.fullmatch(one) and (ROOT / one).exists())] == []
    assert all(proofs), row["test"]
    gone = [one[0] for one in proofs if not (ROOT / one[1]).exists() or (one[2] and one[2] not in functions_of(one[1]))]
    assert gone == []


@pytest.mark.parametrize("row", having("deployment"))
def test_a_duty_of_the_deployment_is_a_paragraph_that_exists(row):
    named = DUTY.fullmatch(row["where"])
    assert named is not None
    assert int(named[1]) in paragraphs()


def test_the_paragraphs_of_duties_are_numbered_and_every_one_that_a_row_names_exists():
    named = {int(number) for row in ROWS for number in DUTY.findall(row["where"])}
    assert paragraphs() == list(range(1, len(paragraphs()) + 1))
    assert named <= set(paragraphs())


def test_no_other_status_claims_a_test():
    assert [row["id"] for row in ROWS if row["status"] != "met" and row["test"]] == []
