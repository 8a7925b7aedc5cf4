"""Municipality codes, their periods, and who keeps the records of a municipality that is no more."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import FaultCode, InvalidInput
from registry.domain.municipality import (
    VIRTUAL_MUNICIPALITY,
    CodeStatus,
    Municipality,
    MunicipalityCode,
    MunicipalityTable,
    municipality_check_digit,
)

TODAY = date(2024, 4, 1)
LONG_AGO = date(1980, 1, 1)


def code(base: str) -> MunicipalityCode:
    return MunicipalityCode(f"{base}{municipality_check_digit(base)}")


def row(
    base: str, name: str, first: date | None = None, end: date | None = None, *, to: tuple[str, ...] = ()
) -> Municipality:
    heirs = tuple(code(heir) for heir in to)
    return Municipality(code=code(base), prefecture="東県", name=name, valid_from=first, valid_to=end, successors=heirs)


MERGER, SPLIT, CITY, RENAMING = date(2001, 5, 1), date(2006, 3, 1), date(2003, 4, 1), date(2019, 5, 1)
GIVEN_OUT_AGAIN = date(2010, 1, 1)
OLD_TOWN, OLD_VILLAGE, NEW_CITY, GREAT_CITY, SPLIT_VILLAGE, LAKE_TOWN, MOUNTAIN_CITY, LOST = (
    "99301", "99302", "99201", "99100", "99303", "99304", "99202", "99305"
)  # fmt: skip
TABLE = MunicipalityTable(
    [
        row(OLD_TOWN, "旧町", end=MERGER, to=(NEW_CITY,)),
        row(OLD_VILLAGE, "旧村", end=MERGER, to=(NEW_CITY,)),
        row(NEW_CITY, "新市", MERGER, CITY, to=(GREAT_CITY,)),
        row(GREAT_CITY, "新市", CITY),
        row(SPLIT_VILLAGE, "分村", end=SPLIT, to=(MOUNTAIN_CITY, LAKE_TOWN)),
        row(MOUNTAIN_CITY, "丹波山市", RENAMING),
        row(MOUNTAIN_CITY, "山市", end=RENAMING, to=(MOUNTAIN_CITY,)),
        row(LAKE_TOWN, "湖町"),
        row(LOST, "行方町", end=MERGER),
        row(OLD_TOWN, "再町", GIVEN_OUT_AGAIN),
    ]
)


# ---------------------------------------------------------------- codes

KNOWN_CODES = {
    "010006": "北海道",
    "011002": "札幌市",
    "012131": "苫小牧市, r = 0",
    "012050": "室蘭市, r = 1",
    "131016": "千代田区",
    "271004": "大阪市",
    "472018": "那覇市",
}


@pytest.mark.parametrize("text", KNOWN_CODES, ids=KNOWN_CODES.values())
def test_a_code_with_its_check_digit_is_accepted_and_shows_itself(text):
    parsed = MunicipalityCode.parse(text)
    assert str(parsed) == text
    assert repr(parsed) == f"MunicipalityCode('{text}')"


@pytest.mark.parametrize("text", ["１３１０１６", "131 016", "13101-6"], ids=["full-width", "space", "hyphen"])
def test_a_code_is_read_as_people_write_it(text):
    assert MunicipalityCode.parse(text) == MunicipalityCode.parse("131016")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("012130", FaultCode.CHECK_DIGIT),
        ("012051", FaultCode.CHECK_DIGIT),
        ("131015", FaultCode.CHECK_DIGIT),
        ("13101", FaultCode.NUMBER_MALFORMED),
        ("1310161", FaultCode.NUMBER_MALFORMED),
        ("", FaultCode.NUMBER_MALFORMED),
        ("13101X", FaultCode.NUMBER_MALFORMED),
        ("①31016", FaultCode.NUMBER_MALFORMED),
    ],
    ids=[
        "r = 0 by the rule of 個人番号",
        "r = 1 with 1",
        "wrong",
        "five digits",
        "seven",
        "empty",
        "letter",
        "circled",
    ],
)
def test_any_other_code_is_refused(text, fault):
    with pytest.raises(InvalidInput) as refusal:
        MunicipalityCode.parse(text)
    assert [(found.code, found.pointer) for found in refusal.value.faults] == [(fault, "")]
    assert "6-digit" in refusal.value.faults[0].expected


@pytest.mark.parametrize("base", ["1310", "131016", "１３１０１", "abcde"])
def test_a_check_digit_of_something_else_than_five_digits_is_an_error_of_the_program(base):
    with pytest.raises(ValueError, match="5 ASCII digits"):
        municipality_check_digit(base)


@given(st.text("0123456789", min_size=5, max_size=5), st.integers(0, 5), st.integers(1, 9))
def test_every_single_wrong_digit_of_a_code_is_found_but_between_remainders_10_and_0(base, place, distance):
    right = str(code(base))
    wrong = right[:place] + str((int(right[place]) + distance) % 10) + right[place + 1 :]
    if place < 5 and municipality_check_digit(wrong[:-1]) == municipality_check_digit(base):
        # r = 10 and r = 0 both give 1: the one pair that JIS X 0402 cannot tell apart.
        assert wrong.endswith("1")
    else:
        with pytest.raises(InvalidInput):
            MunicipalityCode.parse(wrong)


def test_codes_are_values():
    first, second = MunicipalityCode("011002"), MunicipalityCode("131016")
    assert sorted([second, first]) == [first, second]
    assert {first, MunicipalityCode("01100-2")} == {first}
    assert first != "011002"
    with pytest.raises(TypeError):
        first < "131016"  # noqa: B015 - the comparison itself is the test
    with pytest.raises(AttributeError):
        first._digits = "131016"


def test_a_code_travels_as_a_custom_type_of_msgspec():
    sent = msgspec.json.encode({"code": MunicipalityCode("011002")}, enc_hook=str)
    assert sent == b'{"code":"011002"}'
    received = msgspec.json.decode(sent, type=dict[str, MunicipalityCode], dec_hook=lambda kind, text: kind.parse(text))
    assert received == {"code": MunicipalityCode("011002")}


def test_a_prefecture_is_told_from_a_municipality():
    assert MunicipalityCode("010006").is_prefecture
    assert not MunicipalityCode("011002").is_prefecture


def test_the_virtual_municipality_has_a_code_of_no_prefecture_that_fits_its_check_digit():
    virtual = str(VIRTUAL_MUNICIPALITY.code)
    assert MunicipalityCode.parse(virtual) == VIRTUAL_MUNICIPALITY.code
    assert not 1 <= int(virtual[:2]) <= 47


# ---------------------------------------------------------------- periods

STATUSES = {
    "stands since before the table": (LAKE_TOWN, LONG_AGO, CodeStatus.VALID),
    "stands today": (LAKE_TOWN, TODAY, CodeStatus.VALID),
    "the day before the merger": (OLD_VILLAGE, MERGER - timedelta(days=1), CodeStatus.VALID),
    "the day of the merger, old": (OLD_VILLAGE, MERGER, CodeStatus.ABOLISHED),
    "the day of the merger, new": (NEW_CITY, MERGER, CodeStatus.VALID),
    "the new city before the merger": (NEW_CITY, MERGER - timedelta(days=1), CodeStatus.NOT_YET),
    "long abolished": (NEW_CITY, TODAY, CodeStatus.ABOLISHED),
    "renamed, before": (MOUNTAIN_CITY, RENAMING - timedelta(days=1), CodeStatus.VALID),
    "renamed, after": (MOUNTAIN_CITY, RENAMING, CodeStatus.VALID),
    "given out again, in the gap": (OLD_TOWN, date(2005, 1, 1), CodeStatus.ABOLISHED),
    "given out again": (OLD_TOWN, GIVEN_OUT_AGAIN, CodeStatus.VALID),
    "never known": ("99999", TODAY, CodeStatus.UNKNOWN),
}


@pytest.mark.parametrize(("base", "on", "status"), STATUSES.values(), ids=STATUSES)
def test_a_code_is_valid_in_its_periods_only_and_one_never_known_is_no_error(base, on, status):
    assert TABLE.status(code(base), on) is status
    assert (TABLE.find(code(base), on) is not None) == (status is CodeStatus.VALID)


@pytest.mark.parametrize(
    ("base", "on", "name"),
    [
        (MOUNTAIN_CITY, RENAMING - timedelta(days=1), "山市"),
        (MOUNTAIN_CITY, RENAMING, "丹波山市"),
        (OLD_TOWN, LONG_AGO, "旧町"),
        (OLD_TOWN, TODAY, "再町"),
    ],
    ids=["before a renaming", "from the day of it", "before the code was given out again", "after"],
)
def test_a_municipality_is_called_as_it_was_called_on_the_day(base, on, name):
    assert TABLE.find(code(base), on).name == name


def test_the_history_of_a_code_is_told_from_the_oldest_name():
    assert [row.name for row in TABLE.history(code(MOUNTAIN_CITY))] == ["山市", "丹波山市"]
    assert TABLE.history(code("99999")) == ()


# ---------------------------------------------------------------- successors

KEEPERS = {
    "stands": (LAKE_TOWN, LONG_AGO, TODAY, [LAKE_TOWN]),
    "asked about a day before its end": (OLD_VILLAGE, LONG_AGO, MERGER - timedelta(days=1), [OLD_VILLAGE]),
    "merged": (OLD_VILLAGE, LONG_AGO, MERGER, [NEW_CITY]),
    "merged, and merged again": (OLD_VILLAGE, LONG_AGO, TODAY, [GREAT_CITY]),
    "split between two": (SPLIT_VILLAGE, LONG_AGO, SPLIT, [LAKE_TOWN, MOUNTAIN_CITY]),
    "split, and one renamed since": (SPLIT_VILLAGE, LONG_AGO, TODAY, [LAKE_TOWN, MOUNTAIN_CITY]),
    "renamed": (MOUNTAIN_CITY, LONG_AGO, TODAY, [MOUNTAIN_CITY]),
    "the first holder of a code": (OLD_TOWN, LONG_AGO, TODAY, [GREAT_CITY]),
    "the second holder of a code": (OLD_TOWN, TODAY, TODAY, [OLD_TOWN]),
    "left after the end": (OLD_TOWN, date(2005, 1, 1), TODAY, [GREAT_CITY]),
    "left before it was founded": (NEW_CITY, LONG_AGO, TODAY, []),
    "nobody knows who took over": (LOST, LONG_AGO, TODAY, []),
    "never known": ("99999", LONG_AGO, TODAY, []),
}


@pytest.mark.parametrize(("base", "since", "on", "keepers"), KEEPERS.values(), ids=KEEPERS)
def test_the_records_of_a_municipality_are_with_its_successors_of_the_day(base, since, on, keepers):
    assert TABLE.successors(code(base), since=since, on=on) == tuple(code(keeper) for keeper in sorted(keepers))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=8, unique=True), st.integers(0, 500))
def test_a_chain_of_mergers_leads_to_the_one_that_stands_on_the_day(days, asked):
    ends = [date(2000, 1, 1) + timedelta(days=day) for day in sorted(days)]
    bases = [f"99{400 + place}" for place in range(len(ends) + 1)]
    begins = [None, *ends]
    rows = [row(bases[i], "村", begins[i], ends[i], to=(bases[i + 1],)) for i in range(len(ends))]
    table = MunicipalityTable([*rows, row(bases[-1], "市", ends[-1])])
    on = date(2000, 1, 1) + timedelta(days=asked)
    (keeper,) = table.successors(code(bases[0]), since=LONG_AGO, on=on)
    assert table.status(keeper, on) is CodeStatus.VALID


def test_the_records_of_a_ward_are_with_the_ward_and_with_its_city():
    # 住基法38条 makes the ward's office keep the 住民基本台帳; the city is the body that answers for it.
    ward = Municipality(code=code("99101"), prefecture="東県", name="新市中央区", city=code(GREAT_CITY))
    town = row(LAKE_TOWN, "湖町", end=SPLIT, to=("99101",))
    table = MunicipalityTable([row(GREAT_CITY, "新市"), ward, town])
    both = (code(GREAT_CITY), ward.code)
    assert table.successors(ward.code, since=LONG_AGO, on=TODAY) == both
    assert table.successors(town.code, since=LONG_AGO, on=TODAY) == both
    assert table.successors(code(GREAT_CITY), since=LONG_AGO, on=TODAY) == (code(GREAT_CITY),)


# ---------------------------------------------------------------- tables that contradict themselves


@pytest.mark.parametrize(
    "rows",
    [
        [row(LAKE_TOWN, "一"), row(LAKE_TOWN, "二")],
        [row(LAKE_TOWN, "一", None, CITY), row(LAKE_TOWN, "二", MERGER)],
        [row(LAKE_TOWN, "一", CITY, MERGER)],
        [row(LAKE_TOWN, "一", CITY, CITY)],
    ],
    ids=["both without limits", "one day too many", "ends before it begins", "ends on the day it begins"],
)
def test_a_table_that_contradicts_itself_is_not_built(rows):
    with pytest.raises(ValueError, match=f"{code(LAKE_TOWN)}: .*(overlap|before it begins)"):
        MunicipalityTable(rows)
