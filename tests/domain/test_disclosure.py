"""Who may ask what: nothing that no row grants, each refused thing named, no row beyond its days."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.disclosure import (
    Ask,
    BodyKind,
    Condition,
    Grant,
    Item,
    SearchKey,
    concerns,
    decide,
)
from registry.domain.errors import FaultCode, NotPermitted

S, F = SearchKey, FaultCode
FROM, TO = date(2024, 5, 27), date(2026, 4, 1)
PENSION = Grant(
    body_kind=BodyKind.PENSION_OFFICE,
    affair="pension-claim",
    label="年金の裁定請求",
    bases=("番号法19条8号", "住基法30条の9"),
    items=frozenset({Item.NAME, Item.BIRTH_DATE, Item.ADDRESS_ABROAD, Item.INDIVIDUAL_NUMBER}),
    searches=frozenset({S.INDIVIDUAL_NUMBER}),
    condition=Condition.ANYONE,
    valid_from=FROM,
    valid_to=TO,
)
OPEN_ENDED = msgspec.structs.replace(PENSION, affair="pension-continued", valid_to=None)
BY_NAME = msgspec.structs.replace(PENSION, items=frozenset({Item.NAME}), searches=frozenset({S.NAME_AND_BIRTH_DATE}))
GRANTS = (PENSION, OPEN_ENDED, BY_NAME)
DAY = date(2025, 1, 1)


def ask(**fields):
    defaults = {
        "body_kind": BodyKind.PENSION_OFFICE,
        "affair": "pension-claim",
        "basis": "番号法19条8号",
        "items": frozenset({Item.NAME, Item.ADDRESS_ABROAD}),
        "search": S.INDIVIDUAL_NUMBER,
    }
    return Ask(**(defaults | fields))


def refused(asked, grants=GRANTS, on=DAY):
    with pytest.raises(NotPermitted) as refusal:
        decide(asked, grants, on)
    return [(fault.code, fault.pointer) for fault in refusal.value.faults]


ALLOWED = {
    "some of the items": (ask(), PENSION),
    "all of them": (ask(items=PENSION.items), PENSION),
    "on the other basis": (ask(basis="住基法30条の9"), PENSION),
    "another affair": (ask(affair="pension-continued"), OPEN_ENDED),
    "another row of the affair": (ask(items=frozenset({Item.NAME}), search=S.NAME_AND_BIRTH_DATE), BY_NAME),
}


@pytest.mark.parametrize(("asked", "grant"), ALLOWED.values(), ids=ALLOWED)
def test_what_one_row_covers_is_granted_by_that_row(asked, grant):
    assert decide(asked, GRANTS, DAY) == grant


REFUSED = {
    "another body": (ask(body_kind=BodyKind.TAX_OFFICE), [(F.NO_GRANT, "/affair")]),
    "an affair not granted": (ask(affair="overseas-voting"), [(F.NO_GRANT, "/affair")]),
    "no affair": (ask(affair=""), [(F.NO_GRANT, "/affair")]),
    "another basis": (ask(basis="番号法19条9号"), [(F.LEGAL_BASIS_MISSING, "/basis")]),
    "no basis": (ask(basis=""), [(F.LEGAL_BASIS_MISSING, "/basis")]),
    "part of a basis": (ask(basis="番号法19条"), [(F.LEGAL_BASIS_MISSING, "/basis")]),
    "another way to search": (ask(search=S.ADDRESSEE_NUMBER), [(F.SEARCH_NOT_ALLOWED, "/search")]),
    "one item too many": (ask(items=frozenset({Item.NAME, Item.HONSEKI})), [(F.FIELD_NOT_ALLOWED, "/fields")]),
    "no item at all": (ask(items=frozenset()), [(F.MISSING, "/fields")]),
    "all at once": (
        ask(basis="", search=S.RESIDENT_RECORD_CODE, items=frozenset({Item.SEX})),
        [(F.LEGAL_BASIS_MISSING, "/basis"), (F.SEARCH_NOT_ALLOWED, "/search"), (F.FIELD_NOT_ALLOWED, "/fields")],
    ),
    "what two rows cover only together": (
        ask(search=S.NAME_AND_BIRTH_DATE, items=frozenset({Item.NAME, Item.INDIVIDUAL_NUMBER})),
        [(F.SEARCH_NOT_ALLOWED, "/search")],
    ),
}


@pytest.mark.parametrize(("asked", "faults"), REFUSED.values(), ids=REFUSED)
def test_what_no_row_covers_is_refused_with_each_thing_named(asked, faults):
    assert refused(asked) == faults


def test_without_a_row_everything_is_refused():
    assert refused(ask(), grants=()) == [(F.NO_GRANT, "/affair")]


def test_each_refused_item_is_named_and_each_allowed_one():
    with pytest.raises(NotPermitted) as refusal:
        decide(ask(items=frozenset({Item.NAME, Item.SEX, Item.CONTACT})), [PENSION], DAY)
    (fault,) = refusal.value.faults
    assert fault.expected == ("without contact, sex; allowed are address_abroad, birth_date, individual_number, name")


DAYS = {
    "the day before it comes into force": ("pension-claim", date(2024, 5, 26), False),
    "the day it comes into force": ("pension-claim", FROM, True),
    "its last day": ("pension-claim", date(2026, 3, 31), True),
    "the day it ends": ("pension-claim", TO, False),
    "an open end": ("pension-continued", date.max, True),
    "before an open end": ("pension-continued", date.min, False),
}


@pytest.mark.parametrize(("affair", "day", "is_granted"), DAYS.values(), ids=DAYS)
def test_a_row_grants_from_its_first_day_until_the_day_before_its_end(affair, day, is_granted):
    if is_granted:
        assert decide(ask(affair=affair), GRANTS, day).affair == affair
    else:
        assert refused(ask(affair=affair), on=day) == [(F.NO_GRANT, "/affair")]


@st.composite
def grants(draw):
    return Grant(
        body_kind=draw(st.sampled_from(BodyKind)),
        affair=draw(st.sampled_from(["a", "b"])),
        label="",
        bases=tuple(draw(st.lists(st.sampled_from(["x", "y"]), unique=True))),
        items=draw(st.frozensets(st.sampled_from(Item))),
        searches=draw(st.frozensets(st.sampled_from(SearchKey))),
        condition=draw(st.sampled_from(Condition)),
        valid_from=draw(st.dates(date(2024, 1, 1), date(2024, 1, 3))),
        valid_to=draw(st.none() | st.dates(date(2024, 1, 2), date(2024, 1, 4))),
    )


ASKS = st.builds(
    Ask,
    body_kind=st.sampled_from(BodyKind),
    affair=st.sampled_from(["a", "b"]),
    basis=st.sampled_from(["x", "y", ""]),
    items=st.frozensets(st.sampled_from(Item), max_size=3),
    search=st.sampled_from(SearchKey),
)


@settings(max_examples=50)
@given(ASKS, st.lists(grants(), max_size=4), st.dates(date(2024, 1, 1), date(2024, 1, 4)))
def test_a_grant_is_never_given_that_lacks_anything_asked_for(asked, table, day):
    try:
        grant = decide(asked, table, day)
    except NotPermitted as refusal:
        assert refusal.faults  # noqa: PT017 - either answer is right here; what must not be is a grant too wide
        return
    assert grant in table
    assert (grant.body_kind, grant.affair) == (asked.body_kind, asked.affair)
    assert grant.in_force(day)
    assert asked.items
    assert asked.items <= grant.items
    assert asked.search in grant.searches
    assert asked.basis in grant.bases


@settings(max_examples=50)
@given(ASKS, st.lists(grants(), max_size=4), st.dates(date(2024, 1, 1), date(2024, 1, 4)))
def test_what_a_row_covers_is_never_refused(asked, table, day):
    covering = [
        row
        for row in table
        if (row.body_kind, row.affair) == (asked.body_kind, asked.affair)
        and row.in_force(day)
        and asked.basis in row.bases
        and asked.search in row.searches
        and asked.items <= row.items
    ]
    if covering and asked.items:
        assert decide(asked, table, day) == covering[0]


# ------------------------------------------------------------------------------------------- of whom it speaks

CONCERNED = {
    "anyone": (Condition.ANYONE, "131016", [], [], True),
    "a former resident": (Condition.FORMER_RESIDENT, "131016", ["271004", "131016"], [], True),
    "no resident ever": (Condition.FORMER_RESIDENT, "131016", ["271004"], [], False),
    "last municipality not known": (Condition.FORMER_RESIDENT, "131016", [], [], False),
    "a former resident by the mission's code": (Condition.FORMER_RESIDENT, "m", [], ["m"], False),
    "of the mission's own area": (Condition.OWN_AREA, "m", [], ["m"], True),
    "of another mission's area": (Condition.OWN_AREA, "m", [], ["n"], False),
    "of no mission's area": (Condition.OWN_AREA, "m", [], [], False),
    "of the area by the municipality's code": (Condition.OWN_AREA, "131016", ["131016"], [], False),
}


@pytest.mark.parametrize(
    ("condition", "asker", "municipalities", "missions", "expected"), CONCERNED.values(), ids=CONCERNED
)
def test_a_grant_speaks_of_anyone_of_former_residents_or_of_its_own_area(
    condition, asker, municipalities, missions, expected
):
    grant = msgspec.structs.replace(PENSION, condition=condition)
    assert concerns(grant, asker=asker, last_municipalities=municipalities, missions=missions) is expected


@pytest.mark.parametrize("item", sorted({"resident_record_code", "passport_number"}))
def test_some_things_leave_the_registry_to_nobody(item):
    assert item not in set(Item)
