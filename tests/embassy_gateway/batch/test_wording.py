"""Every fault of a batch file has words in both languages, and every field of the form a heading of its own."""

import json
import re

import pytest

from embassy_gateway.batch.fields import FIELDS
from embassy_gateway.batch.findings import FileFault
from embassy_gateway.batch.wording import WORDING
from registry.contract.decoding import decode
from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.residence_report import ResidenceReport


@pytest.mark.parametrize("code", [*FaultCode, *FileFault])
def test_every_code_has_words_that_say_what_to_do(code):
    words = WORDING[code]
    assert all((words.title, words.advice))
    assert all(re.search("[ぁ-んァ-ヶ一-龠]", text) for text in (words.title_ja, words.advice_ja))


def test_headings_are_unique():
    headings = [field.heading for field in FIELDS.values() if field.heading]
    assert len(headings) == len(set(headings))


PLACES = [
    field for field in FIELDS.values() if field.pointer and field.name != "nationality"
]  # the intake takes it off


@pytest.mark.parametrize("field", PLACES, ids=lambda field: field.name)
def test_every_field_leads_to_a_place_of_the_report(field):
    """A number fits nowhere: it is a fault of the place itself, an unknown one only where there is no such place."""
    place = field.pointer.replace("*", "0")
    tree = 5
    for step in reversed(place.strip("/").split("/")):
        tree = [*["x"] * int(step), tree] if step.isdigit() else {step: tree}
    with pytest.raises(InvalidInput) as refused:
        decode(json.dumps(tree).encode(), ResidenceReport)
    found = {fault.pointer: fault.code for fault in refused.value.faults}
    assert found[place] is not FaultCode.UNKNOWN_FIELD
