"""Whatever stands in the table of grants: nothing leaves that no row in force grants, and nothing beside it."""

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.contract.decoding import decode, encode
from registry.contract.messages import Inquiry
from registry.domain.dates import Answer, DayRange
from registry.domain.disclosure import BodyKind, Condition, Grant, Item, Mode, SearchKey
from registry.domain.errors import NotPermitted
from registry.domain.matching import MATCHABLE
from registry.domain.movement import Statement
from registry.domain.resident import Status
from registry.domain.timeline import Version
from registry.services import inquiries
from registry.services.attendance import Caller
from registry.services.finding import Hit, Question
from registry.store.sequencer import Known
from registry.vault.pseudonyms import Pseudonyms
from tests.acceptance.papers import HANAKO, HONSEKI, NEW_YORK, by_name
from tests.planted import NUMBER

NOW = datetime(2024, 12, 31, 3, 0, tzinfo=UTC)
VALUES = {
    "name": HANAKO,
    "birth_date": "1979-11-23",
    "sex": "female",
    "address_abroad": NEW_YORK,
    "last_address": {"municipality": "131016", "text": "鍛冶町七丁目"},
    "honseki": HONSEKI,
    "individual_number": NUMBER,
}
STAYS = {"mission": "JP-CG-NEW-YORK", "contact": {"telephone": "555-0173"}, "planned_end": "2027-03-31"}
EVERYTHING = Version(
    made_by="m",
    status=Status.RESIDENT_ABROAD,
    state=decode(encode(VALUES | STAYS), Statement),
    certain=DayRange(date(2024, 4, 1)),
    possible=DayRange(date(2024, 3, 1)),
    disputed=frozenset({"honseki", "contact"}),
)


@st.composite
def rows(draw):
    """A row that could be in force for this body and affair, or not."""
    mode = draw(st.sampled_from([Mode.READ, Mode.MATCH, Mode.WRITE]))
    return Grant(
        body_kind=draw(st.sampled_from([BodyKind.PENSION_OFFICE, BodyKind.TAX_OFFICE])),
        body=draw(st.sampled_from([None, None, "pension-office-2"])),
        affair=draw(st.sampled_from(["a", "a", "b"])),
        label="",
        bases=("番号法19条8号",),
        items=draw(st.frozensets(st.sampled_from(sorted(MATCHABLE if mode is Mode.MATCH else Item)))),
        searches=frozenset({SearchKey.NAME_AND_BIRTH_DATE}),
        condition=Condition.ANYONE,
        mode=mode,
        valid_from=draw(st.sampled_from([date(2020, 1, 1), date(2025, 1, 1)])),
        valid_to=draw(st.sampled_from([None, date(2024, 12, 31), date(2025, 1, 1)])),
    )


@pytest.fixture(scope="module")
def resources(known_keys):
    """What an answer is made with, but for the database."""
    return SimpleNamespace(clock=lambda: NOW, pseudonyms=Pseudonyms(known_keys))


def inquiry(items, *, compares):
    values = {"values": {item: VALUES[item] for item in items}} if compares else {}
    asked = {"affair": "a", "basis": "番号法19条8号", "handled_by": "clerk-7", "search": by_name()}
    return decode(encode(asked | {"fields": sorted(items)} | values), Inquiry)


def answered(resources, asked, table, *, confirmed):
    """The answer about somebody of whom everything is known; None where it is refused."""
    caller = Caller(body="pension-office-1", body_kind=BodyKind.PENSION_OFFICE, request=None)
    mode = Mode.READ if asked.values is None else Mode.MATCH
    try:
        grant = inquiries.permit(resources, caller, asked, SearchKey.NAME_AND_BIRTH_DATE, table, mode=mode)
    except NotPermitted:
        return None
    question = Question(terms=asked, search=asked.search, grant=grant, caller=caller, period=DayRange(NOW.date()))
    holds = ((EVERYTHING, Answer.YES),)
    hit = Hit(person_id="00000000-0000-0000-0000-00000000000a", versions=holds, confirmed=confirmed)
    return json.loads(encode(inquiries.answered(resources, question, Known(1, NOW), [hit], "id")))


def granted(table, mode):
    """Everything that a row in force today grants this body for this affair."""
    today = date(2024, 12, 31)
    mine = [row for row in table if (row.body_kind, row.affair, row.body) == (BodyKind.PENSION_OFFICE, "a", None)]
    in_force = [row for row in mine if row.valid_from <= today and (row.valid_to is None or today < row.valid_to)]
    return [set(map(str, row.items)) for row in in_force if row.mode is mode]


many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(st.lists(rows(), max_size=6), st.frozensets(st.sampled_from(sorted(Item)), min_size=1), st.booleans())
def test_what_leaves_was_asked_for_and_stands_in_one_row_in_force(resources, table, items, confirmed):
    answer = answered(resources, inquiry(items, compares=False), table, confirmed=confirmed)
    covering = [row for row in granted(table, Mode.READ) if items <= row]
    assert (answer is None) == (not covering)
    if answer is not None:
        (version,) = answer["versions"]
        assert set(version["items"]) == items - (set() if confirmed else {"individual_number"})
        assert set(version["flags"].get("under_reconciliation", [])) <= items
        assert "matches" not in answer


@many
@given(st.lists(rows(), max_size=6), st.frozensets(st.sampled_from(sorted(MATCHABLE)), min_size=1), st.booleans())
def test_a_comparison_leaves_one_word_for_each_item_and_no_value(resources, table, items, confirmed):
    answer = answered(resources, inquiry(items, compares=True), table, confirmed=confirmed)
    covering = [row for row in granted(table, Mode.MATCH) if items <= row]
    assert (answer is None) == (not covering)
    if answer is not None:
        assert answer.keys() == {"inquiry_id", "outcome", "known_at", "matches"}
        assert answer["matches"].keys() == items
        assert set(answer["matches"].values()) <= {"yes", "no", "possibly", "not-known"}
