"""Exports of other services: what a map can say, and everything that can be wrong with one."""

import json

import pytest

from embassy_gateway.batch.map_file import read_map
from registry.contract.toml_text import MAX_BYTES
from registry.domain.errors import InvalidInput
from tests.embassy_gateway.batch.tables import EXPORTED, MAP, export, found, kept, take_export
from tests.embassy_gateway.mission import FOREIGNER, GIVEN, NEW_YORK, SURNAME


def test_an_export_becomes_the_report_that_its_map_says(mission):
    outcome = take_export(mission, export({}))
    assert (found(outcome), outcome.taken) == ([], 1)
    assert json.loads(kept(mission)[0]) == {
        "kind": "residence",
        "mission": NEW_YORK,
        "effective": "2026-10-01",
        "notified_on": "2026-11-20",
        "people": [
            {
                "name": {"surname": SURNAME, "given": GIVEN, "surname_latin": "TAKASAKI", "given_latin": "HANAKO"},
                "birth_date": "1985-03-07",
                "sex": "female",
            }
        ],
        "address_abroad": {"country": "US", "subdivision": "New York", "city": "New York"},
        "contact": {"mobile": "+1 212 555 0100"},
    }


def test_the_head_comes_first_wherever_the_row_stands_and_items_of_the_head_are_the_households(mission):
    wife = {"relation": "妻", "name": "髙﨑　夏", "passport name": "", "mobile": "+1 212 555 0999"}
    outcome = take_export(mission, export(wife, {}))
    (body,) = map(json.loads, kept(mission))
    assert found(outcome) == []
    assert [one["name"]["given"] for one in body["people"]] == [GIVEN, "夏"]
    assert body["contact"]["mobile"] == "+1 212 555 0100"


def test_a_foreign_member_of_an_export_stays_at_the_mission(mission):
    foreign = {"relation": "夫", "name": "", "passport name": FOREIGNER, "nationality": "GBR", "born": "?"}
    outcome = take_export(mission, export({}, foreign))
    assert (found(outcome), outcome.left) == ([], 1)
    assert FOREIGNER.encode() not in kept(mission)[0]


def test_a_blank_nationality_of_an_export_is_undecided_and_keeps_the_household_out(mission):
    assert found(take_export(mission, export({"nationality": ""}))) == [("code-unknown", "nationality", [2])]


def test_a_blank_nationality_is_what_the_map_says_it_is(mission):
    outcome = take_export(mission, export({"nationality": ""}), MAP.replace("392 =", '"" ='))
    assert (found(outcome), outcome.taken) == ([], 1)


def test_what_no_column_says_a_fixed_value_says(mission):
    toml = MAP.replace('type"', 'kind"').replace('kind = "kind"\n', "") + '\n[fixed]\nkind = "A"\n'
    outcome = take_export(mission, export({}, without=("type",)), toml)
    assert (found(outcome), outcome.taken) == ([], 1)


def test_each_row_is_a_household_where_the_map_names_no_column_for_it(mission):
    toml = MAP.replace('household = "id"\n', "")
    outcome = take_export(mission, export({}, {"name": "山田　光"}), toml)
    assert (found(outcome), outcome.households, outcome.taken) == ([], 2, 2)


NAMES = {
    "a wide gap": ("髙﨑　花子", "髙﨑", "花子"),
    "a narrow gap": ("髙﨑 花子", "髙﨑", "花子"),
    "two parts after it": ("髙﨑　花 子", "髙﨑", "花 子"),
    "a narrow gap before a wide one": ("髙 﨑　花子", "髙 﨑", "花子"),
    "no gap": ("髙﨑花子", "髙﨑花子", None),
}


@pytest.mark.parametrize(("text", "surname", "given"), NAMES.values(), ids=NAMES)
def test_a_whole_name_is_split_at_its_gap(mission, text, surname, given):
    take_export(mission, export({"name": text}))
    name = json.loads(kept(mission)[0])["people"][0]["name"]
    assert (name["surname"], name.get("given")) == (surname, given)


DATES = {
    "day first": ("dmy", "07/03/1985", "1985-03-07"),
    "month first": ("mdy", "07/03/1985", "1985-07-03"),
    "year first, whatever the order": ("dmy", "1985/03/07", "1985/03/07"),
    "in the Japanese calendar": ("dmy", "S60.3.7", "S60.3.7"),
    "unknown": ("dmy", "99/99/9999", "年月日不詳"),
}


@pytest.mark.parametrize(("order", "text", "expected"), DATES.values(), ids=DATES)
def test_dates_are_read_in_the_form_that_the_map_names(mission, order, text, expected):
    toml = MAP.replace("dmy", order)
    effective = "10/01/2026" if order == "mdy" else EXPORTED["arrival"]
    take_export(mission, export({"born": text, "arrival": effective, "filed": "2026-11-20"}), toml)
    assert json.loads(kept(mission)[0])["people"][0]["birth_date"] == expected


@pytest.mark.parametrize("relations", [("妻", "子"), ("本人", "本人")], ids=["none", "two"])
def test_a_household_without_one_clear_head_is_a_fault(mission, relations):
    rows = [{"relation": one, "name": f"髙﨑　{one}{number}"} for number, one in enumerate(relations)]
    assert ("head-unclear", "relation") in [kind[:2] for kind in found(take_export(mission, export(*rows)))]


def test_all_columns_that_the_map_names_must_be_there_and_all_missing_ones_are_named(mission):
    outcome = take_export(mission, export({}, without=("born", "until", "mobile")))
    assert [(code, column) for code, column, _ in found(outcome)] == [
        ("column-missing", "born"),
        ("column-missing", "mobile"),
        ("column-missing", "until"),
    ]


def test_columns_that_the_map_does_not_name_are_never_looked_at(mission):
    data = export({}) + b""
    assert b"=1+1" in data
    assert found(take_export(mission, data)) == []


BAD = {
    "no TOML": ("columns = ", [("", "wrong-type")]),
    "not UTF-8": (MAP.encode("cp932"), [("", "wrong-type")]),
    "too long": ("#" * (MAX_BYTES + 1), [("", "too-long")]),
    "nothing": ("", [("/columns", "missing")]),
    "an unknown table": (MAP + "\n[hobbies]\n1 = 'golf'\n", [("/hobbies", "unknown-field")]),
    "an unknown field": (MAP.replace("sex =", "gender ="), [("/columns/gender", "unknown-field")]),
    "an unknown encoding": ('encoding = "euc_jp"\n' + MAP, [("/encoding", "out-of-range")]),
    "an unknown kind": (MAP.replace('A = "residence"', 'A = "holiday"'), [("/kinds/A", "out-of-range")]),
    "a country that is none": (MAP.replace('392 = "JP"', '392 = "jp"'), [("/nationalities/?", "out-of-range")]),
    "a heading for two items": (
        MAP.replace('sex = "sex"', 'sex = "born"'),
        [("/columns/birth_date", "duplicate"), ("/columns/sex", "duplicate")],
    ),
    "a column and a fixed value": (MAP + '\n[fixed]\nsex = "1"\n', [("/fixed/sex", "duplicate")]),
    "a fixed household": (
        MAP.replace('household = "id"', "") + '\n[fixed]\nhousehold = "1"\n',
        [("/fixed/household", "not-allowed-here")],
    ),
    "a relationship that nobody explains": (MAP.replace('heads = ["本人"]', ""), [("/heads", "missing")]),
    "a person's item of the head": (
        MAP.replace('of_head = ["mobile"]', 'of_head = ["sex"]'),
        [("/of_head", "not-allowed-here")],
    ),
    "most of it missing": (
        '[columns]\nhousehold = "id"\n',
        [
            ("/columns/kind", "missing"),
            ("/columns/effective", "missing"),
            ("/columns/notified_on", "missing"),
            ("/columns/birth_date", "missing"),
            ("/columns/nationality", "missing"),
            ("/columns/surname", "missing"),
        ],
    ),
}


@pytest.mark.parametrize(("toml", "expected"), BAD.values(), ids=BAD)
def test_a_map_that_cannot_be_right_is_refused_with_every_fault(toml, expected):
    with pytest.raises(InvalidInput) as refused:
        read_map(toml if isinstance(toml, bytes) else toml.encode())
    assert [(fault.pointer, str(fault.code)) for fault in refused.value.faults] == expected
