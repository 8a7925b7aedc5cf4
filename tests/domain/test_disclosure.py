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
    Mode,
    SearchKey,
    check_body,
    concerns,
    decide,
    decide_write,
    municipality_of,
    organ_code,
)
from registry.domain.errors import FaultCode, Faults, NotPermitted

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
ONLY_COMPARES = msgspec.structs.replace(PENSION, affair="pension-check", mode=Mode.MATCH, bases=("住基法30条の9",))
FOR_ONE = msgspec.structs.replace(PENSION, affair="pension-pilot", body="pension-office-2")
SECRET = msgspec.structs.replace(PENSION, affair="pension-fraud", may_withhold=True)
SUBMITS = msgspec.structs.replace(PENSION, affair="pension-report", mode=Mode.WRITE, items=frozenset({Item.NAME}))
GRANTS = (PENSION, OPEN_ENDED, BY_NAME, ONLY_COMPARES, FOR_ONE, SECRET, SUBMITS)
DAY = date(2025, 1, 1)


def ask(**fields):
    defaults = {
        "body": "pension-office-1",
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
    "on the other basis, without the number": (
        ask(basis="住基法30条の9", items=frozenset({Item.NAME}), search=S.NAME_AND_BIRTH_DATE),
        BY_NAME,
    ),
    "another affair": (ask(affair="pension-continued"), OPEN_ENDED),
    "another row of the affair": (ask(items=frozenset({Item.NAME}), search=S.NAME_AND_BIRTH_DATE), BY_NAME),
    "a row for this body alone": (ask(affair="pension-pilot", body="pension-office-2"), FOR_ONE),
    "an entry withheld where that may be": (ask(affair="pension-fraud", withhold=True), SECRET),
    "an entry shown where it might be withheld": (ask(affair="pension-fraud"), SECRET),
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
    "the number on the basis of the other law": (ask(basis="住基法30条の9"), [(F.LEGAL_BASIS_MISSING, "/basis")]),
    "the number where no basis of its law is granted": (
        ask(affair="pension-check", basis="住基法30条の9", mode=Mode.MATCH),
        [(F.LEGAL_BASIS_MISSING, "/basis")],
    ),
    "values where they are only compared": (ask(affair="pension-check"), [(F.NO_GRANT, "/affair")]),
    "comparing where values are given": (ask(mode=Mode.MATCH), [(F.NO_GRANT, "/affair")]),
    "reading what is only submitted": (ask(affair="pension-report"), [(F.NO_GRANT, "/affair")]),
    "a row for another body alone": (ask(affair="pension-pilot"), [(F.NO_GRANT, "/affair")]),
    "an entry withheld from the person": (ask(withhold=True), [(F.NOT_ALLOWED_HERE, "/not_to_be_disclosed")]),
    "part of a basis": (ask(basis="番号法19条"), [(F.LEGAL_BASIS_MISSING, "/basis")]),
    "another way to search": (ask(search=S.ADDRESSEE_NUMBER), [(F.SEARCH_NOT_ALLOWED, "/search")]),
    "one item too many": (ask(items=frozenset({Item.NAME, Item.HONSEKI})), [(F.FIELD_NOT_ALLOWED, "/fields")]),
    "no item at all": (ask(items=frozenset()), [(F.MISSING, "/fields")]),
    "all at once": (
        ask(basis="", search=S.RESIDENT_RECORD_CODE, items=frozenset({Item.SEX}), withhold=True),
        [
            (F.LEGAL_BASIS_MISSING, "/basis"),
            (F.SEARCH_NOT_ALLOWED, "/search"),
            (F.FIELD_NOT_ALLOWED, "/fields"),
            (F.NOT_ALLOWED_HERE, "/not_to_be_disclosed"),
        ],
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


OVER = {
    "before it begins": (date(2020, 1, 1), TO, False),
    "on its last day": (date(2026, 3, 31), TO, False),
    "when it ends": (TO, TO, True),
    "open": (date.max, None, False),
    "ended before it began": (date(2020, 1, 1), FROM, True),
}


@pytest.mark.parametrize(("day", "end", "expected"), OVER.values(), ids=OVER)
def test_a_row_is_over_when_it_grants_nothing_then_or_later(day, end, expected):
    assert msgspec.structs.replace(PENSION, valid_to=end).is_over(day) is expected


KINDS = [BodyKind.PENSION_OFFICE, BodyKind.MISSION]


@st.composite
def grants(draw):
    return Grant(
        body_kind=draw(st.sampled_from(KINDS)),
        body=draw(st.sampled_from([None, None, "b1"])),
        affair=draw(st.sampled_from(["a", "b"])),
        label="",
        bases=tuple(draw(st.lists(st.sampled_from(["番号法x", "y"]), unique=True))),
        items=draw(st.frozensets(st.sampled_from(Item))),
        searches=draw(st.frozensets(st.sampled_from(SearchKey))),
        condition=draw(st.sampled_from(Condition)),
        mode=draw(st.sampled_from(Mode)),
        may_withhold=draw(st.booleans()),
        valid_from=draw(st.dates(date(2024, 1, 1), date(2024, 1, 3))),
        valid_to=draw(st.none() | st.dates(date(2024, 1, 2), date(2024, 1, 4))),
    )


ASKS = st.builds(
    Ask,
    body=st.sampled_from(["b1", "b2"]),
    body_kind=st.sampled_from(KINDS),
    affair=st.sampled_from(["a", "b"]),
    basis=st.sampled_from(["番号法x", "y", ""]),
    items=st.frozensets(st.sampled_from(Item), max_size=3),
    search=st.sampled_from(SearchKey),
    mode=st.sampled_from([Mode.READ, Mode.MATCH]),
    withhold=st.booleans(),
)
DAYS_OF_ROWS = st.dates(date(2024, 1, 1), date(2024, 1, 4))


def covers(row, asked, day):
    """Whether a row grants all that is asked for, said once more in other words."""
    has_number = Item.INDIVIDUAL_NUMBER in asked.items or asked.search is SearchKey.INDIVIDUAL_NUMBER
    return (
        row.valid_from <= day < (row.valid_to or date.max)
        and (row.body_kind, row.affair, row.mode) == (asked.body_kind, asked.affair, asked.mode)
        and (row.body is None or row.body == asked.body)
        and asked.basis in row.bases
        and (not has_number or asked.basis.startswith("番号法"))
        and asked.search in row.searches
        and asked.items <= row.items
        and (row.may_withhold or not asked.withhold)
    )


@settings(max_examples=200)
@given(ASKS, st.lists(grants(), max_size=6), DAYS_OF_ROWS)
def test_a_grant_is_given_exactly_where_one_row_in_force_covers_all_that_is_asked_for(asked, table, day):
    covering = [row for row in table if asked.items and covers(row, asked, day)]
    if covering:
        assert decide(asked, table, day) == covering[0]
    else:
        with pytest.raises(NotPermitted) as refusal:
            decide(asked, table, day)
        assert refusal.value.faults


@settings(max_examples=100)
@given(
    st.sampled_from(["b1", "b2"]), st.frozensets(st.sampled_from(Item)), st.lists(grants(), max_size=6), DAYS_OF_ROWS
)
def test_what_is_submitted_is_covered_by_one_row_that_lets_it_be_written(body, items, table, day):
    def covers_writing(row):
        is_theirs = row.body_kind is BodyKind.MISSION and row.affair == "a" and row.body in {None, body}
        return row.mode is Mode.WRITE and is_theirs and row.in_force(day) and items <= row.items

    if any(map(covers_writing, table)):
        assert covers_writing(decide_write(body, BodyKind.MISSION, "a", items, table, day))
    else:
        with pytest.raises(NotPermitted):
            decide_write(body, BodyKind.MISSION, "a", items, table, day)


def test_items_that_a_body_may_not_submit_are_named():
    with pytest.raises(NotPermitted) as refusal:
        decide_write("p", BodyKind.PENSION_OFFICE, "pension-report", frozenset({Item.NAME, Item.SEX}), GRANTS, DAY)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.pointer, fault.expected) == (
        F.FIELD_NOT_ALLOWED,
        "",
        "without sex; allowed are name",
    )


# ------------------------------------------------------------------------------------------------ bodies and organs

ORGANS = {
    "a mayor": ("131016", BodyKind.MUNICIPALITY),
    "a board of education": ("131016-board-of-education", BodyKind.BOARD_OF_EDUCATION),
    "an election commission": ("131016-election-commission", BodyKind.ELECTION_COMMISSION),
}


@pytest.mark.parametrize(("code", "kind"), ORGANS.values(), ids=ORGANS)
def test_an_organ_is_named_by_its_municipality_and_its_kind(code, kind):
    assert organ_code("131016", kind) == code
    assert municipality_of(code) == "131016"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "13101",
        "1310160",
        "131016-",
        "131016-mission",
        "131016-Board-of-Education",
        "131016-municipality",
        "１３１０１６",
        "JP-CG-NEW-YORK",
        "board-of-education",
    ],
)
def test_no_other_code_is_that_of_an_organ(code):
    assert municipality_of(code) is None


BODIES = {
    "a mayor": ("131016", BodyKind.MUNICIPALITY, []),
    "a board": ("131016-board-of-education", BodyKind.BOARD_OF_EDUCATION, []),
    "a pension office": ("pension-office", BodyKind.PENSION_OFFICE, []),
    "a mission": ("JP-CG-NEW-YORK", BodyKind.MISSION, []),
    "a wrong check digit": ("131017", BodyKind.MUNICIPALITY, [F.CHECK_DIGIT]),
    "letters": ("abc", BodyKind.MUNICIPALITY, [F.NUMBER_MALFORMED]),
    "a board under the mayor's code": ("131016", BodyKind.BOARD_OF_EDUCATION, [F.NOT_ALLOWED_HERE]),
    "a board as a commission": ("131016-board-of-education", BodyKind.ELECTION_COMMISSION, [F.NOT_ALLOWED_HERE]),
    "a mayor with a suffix": ("131016-municipality", BodyKind.MUNICIPALITY, [F.NOT_ALLOWED_HERE]),
    "a pension office as a mayor": ("131016", BodyKind.PENSION_OFFICE, [F.NOT_ALLOWED_HERE]),
    "a mission as a board": ("131016-board-of-education", BodyKind.MISSION, [F.NOT_ALLOWED_HERE]),
}


@pytest.mark.parametrize(("code", "kind", "expected"), BODIES.values(), ids=BODIES)
def test_organs_and_nobody_else_bear_the_code_of_a_municipality(code, kind, expected):
    faults = Faults()
    check_body(code, kind, faults)
    assert [fault.code for fault in faults.errors] == expected


# ------------------------------------------------------------------------------------------- of whom it speaks

CONCERNED = {
    "anyone": (Condition.ANYONE, "131016", [], [], True),
    "a former resident": (Condition.FORMER_RESIDENT, "131016", ["271004", "131016"], [], True),
    "no resident ever": (Condition.FORMER_RESIDENT, "131016", ["271004"], [], False),
    "last municipality not known": (Condition.FORMER_RESIDENT, "131016", [], [], False),
    "a former resident, asked of by another organ": (
        Condition.FORMER_RESIDENT,
        "131016-election-commission",
        ["131016"],
        [],
        True,
    ),
    "a resident of elsewhere, asked of by another organ": (
        Condition.FORMER_RESIDENT,
        "131016-election-commission",
        ["271004"],
        [],
        False,
    ),
    "a former resident by a code that only begins like it": (
        Condition.FORMER_RESIDENT,
        "131016-x",
        ["131016"],
        [],
        False,
    ),
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
