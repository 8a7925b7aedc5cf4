"""From a newer file to the next version of a table: what is gone ends, what is new begins, what is wrong is refused."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.code_tables.difference import ChangeKind
from registry.code_tables.files import missions_of, municipalities_of
from registry.code_tables.revision import revise
from registry.code_tables.shapes import TableName
from registry.domain.errors import InvalidInput
from registry.domain.municipality import CodeStatus, MunicipalityCode
from tests.code_tables.tables import (
    CITY,
    ENDED,
    OLD,
    STANDING,
    TABLES,
    TEXTS,
    TOWN,
    VILLAGE,
    WARD,
    WARDS,
    code,
    file_of,
    municipality,
    official,
    row,
    rows_of,
)

DAY = date(2025, 4, 1)
LATER = date(2026, 4, 1)
T = TableName
CITY_ROW, TOWN_ROW, VILLAGE_ROW = STANDING
HEADER = "date,from_code,to_code\n"


def told(revision):
    return [(str(one.kind), one.what, one.day) for one in revision.changes]


def after(revision, texts=TEXTS):
    return {**texts, revision.table: revision.content}


def refusals(table, data, changes=None, texts=TEXTS):
    with pytest.raises(InvalidInput) as caught:
        revise(table, data, DAY, texts, changes)
    return {(fault.pointer, str(fault.code)) for fault in caught.value.faults}


def warnings(revision):
    return {(fault.pointer, str(fault.code)) for fault in revision.warnings}


@pytest.mark.parametrize("table", TableName)
def test_the_same_table_again_changes_nothing(table):
    assert revise(table, file_of(table, TABLES[table]), DAY, TEXTS).changes == ()


# ---------------------------------------------------------------- municipalities, by the ministry's list

SEASIDE = municipality("01303", "臨海町", name_kana="リンカイチョウ")


def test_what_the_list_no_longer_has_ends_on_the_day_and_what_is_new_begins_on_it():
    revision = revise(T.MUNICIPALITIES, official(CITY_ROW, TOWN_ROW, SEASIDE), DAY, TEXTS)
    assert told(revision) == [("ended", VILLAGE, "2025-04-01"), ("added", SEASIDE["code"], "2025-04-01")]
    table = municipalities_of(revision.content)
    assert table.find(MunicipalityCode(SEASIDE["code"]), DAY).name_kana == "リンカイチョウ"
    assert table.status(MunicipalityCode(SEASIDE["code"]), date(2025, 3, 31)) is CodeStatus.NOT_YET
    assert table.status(MunicipalityCode(VILLAGE), date(2025, 3, 31)) is CodeStatus.VALID
    assert table.status(MunicipalityCode(VILLAGE), DAY) is CodeStatus.ABOLISHED
    assert warnings(revision) == {("/0/successors", "missing")}


def test_the_file_of_changes_says_who_took_over_and_when():
    changes = f"{HEADER}2024-12-01,{VILLAGE},{SEASIDE['code']}\n2024-12-01,{VILLAGE},{TOWN}\n".encode()
    revision = revise(T.MUNICIPALITIES, official(CITY_ROW, TOWN_ROW, SEASIDE), DAY, TEXTS, changes)
    table = municipalities_of(revision.content)
    heirs = table.successors(MunicipalityCode(VILLAGE), since=date(2020, 1, 1), on=DAY)
    assert sorted(map(str, heirs)) == sorted([SEASIDE["code"], TOWN])
    assert table.status(MunicipalityCode(VILLAGE), date(2024, 12, 1)) is CodeStatus.ABOLISHED
    assert table.status(MunicipalityCode(SEASIDE["code"]), date(2024, 12, 1)) is CodeStatus.VALID
    assert revision.warnings == ()


def test_a_new_name_under_the_same_code_ends_the_old_one_and_succeeds_it():
    renamed = municipality("01302", "海町", name_kana="ウミチョウ")
    revision = revise(T.MUNICIPALITIES, official(CITY_ROW, TOWN_ROW, renamed), DAY, TEXTS)
    (change,) = [one for one in revision.changes if one.kind is ChangeKind.RENAMED]
    assert (change.what, change.before, change.after, change.day) == (VILLAGE, "海村", "海町", "2025-04-01")
    table = municipalities_of(revision.content)
    assert table.find(MunicipalityCode(VILLAGE), date(2025, 3, 31)).name == "海村"
    assert table.successors(MunicipalityCode(VILLAGE), since=date(2020, 1, 1), on=DAY) == (MunicipalityCode(VILLAGE),)


def test_another_reading_mends_the_row_and_begins_no_other():
    mended = TOWN_ROW.but(name_kana="ヤマチョウ")
    revision = revise(T.MUNICIPALITIES, official(CITY_ROW, mended, VILLAGE_ROW), DAY, TEXTS)
    assert told(revision) == [("mended", TOWN, "")]


def test_a_list_without_wards_says_nothing_about_wards():
    revision = revise(T.MUNICIPALITIES, official(*STANDING), DAY, TEXTS)
    assert told(revision) == []


def test_a_list_with_wards_ends_those_that_are_gone_and_knows_the_city_of_the_new():
    ward = municipality("01102", "大市北区", name_kana="オオシキタク")
    revision = revise(T.MUNICIPALITIES, official(*STANDING, ward), DAY, TEXTS)
    assert told(revision) == [("ended", WARD, "2025-04-01"), ("added", ward["code"], "2025-04-01")]
    found = municipalities_of(revision.content).find(MunicipalityCode(ward["code"]), DAY)
    assert str(found.city) == CITY


def test_an_abolished_code_that_is_given_out_again_is_a_new_row():
    again = municipality("01399", "再村", name_kana="サイソン")
    revision = revise(T.MUNICIPALITIES, official(*STANDING, again), DAY, TEXTS)
    names = [one.name for one in municipalities_of(revision.content).history(MunicipalityCode(OLD))]
    assert names == ["旧村", "再村"]


def test_a_list_that_was_cut_off_is_refused():
    whole = official(*STANDING).decode("cp932").split("\r\n")
    assert ("", "missing") in refusals(T.MUNICIPALITIES, "\r\n".join(whole[:30]).encode())


@pytest.mark.parametrize("table", [T.MISSIONS, T.MISSION_NAMES, T.AREAS])
def test_a_file_that_would_end_more_than_half_of_a_table_is_refused(table):
    assert refusals(table, file_of(table, TABLES[table][-1:])) == {("", "missing")}


def test_what_an_earlier_import_of_the_same_day_began_by_mistake_is_gone_without_a_trace():
    mistaken = revise(T.MUNICIPALITIES, official(*STANDING, SEASIDE), DAY, TEXTS)
    mended = revise(T.MUNICIPALITIES, official(*STANDING), DAY, after(mistaken))
    assert told(mended) == [("ended", SEASIDE["code"], "2025-04-01")]
    assert mended.content == TEXTS[T.MUNICIPALITIES]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*STANDING, SEASIDE, *WARDS]), min_size=1, max_size=6), st.sampled_from([DAY, LATER]))
def test_an_import_deletes_nothing_and_a_second_one_of_the_same_file_changes_nothing(kept, day):
    data = official(*kept)
    first = revise(T.MUNICIPALITIES, data, DAY, TEXTS)
    assert {(one.code, one.valid_from) for one in municipalities_of(TEXTS[T.MUNICIPALITIES])} <= {
        (one.code, one.valid_from) for one in municipalities_of(first.content)
    }
    assert revise(T.MUNICIPALITIES, data, day, after(first)).changes == ()


# ---------------------------------------------------------------- areas and missions


def areas(*rows):
    return file_of(T.AREAS, [row(T.AREAS, mission=f"JP-CG-{one}", country="US", subdivisions=two) for one, two in rows])


MOVED = areas(("NORTH", "Maine;Utah"), ("SOUTH", "Ohio"), ("SOUTH", "Texas"))


def test_a_place_that_another_mission_now_has_is_told_as_moved():
    revision = revise(T.AREAS, MOVED, DAY, TEXTS)
    assert told(revision) == [
        ("moved", "US Ohio", "2025-04-01"),
        ("ended", "JP-CG-SOUTH FR", "2025-04-01"),
        ("ended", "JP-CG-WEST US Texas/El Paso", "2025-04-01"),
        ("mended", "JP-CG-SOUTH US Texas", "2025-04-01"),  # it has no hole any more
    ]
    (moved,) = [one for one in revision.changes if one.kind is ChangeKind.MOVED]
    assert (moved.before, moved.after) == ("JP-CG-NORTH", "JP-CG-SOUTH")


def test_a_moved_place_is_the_old_consul_s_until_the_day():
    content = revise(T.AREAS, MOVED, DAY, TEXTS).content
    missions = missions_of(TEXTS[T.MISSIONS], TEXTS[T.MISSION_NAMES], content)
    days = {date(2025, 3, 31): "JP-CG-NORTH", DAY: "JP-CG-SOUTH"}
    for day, consul in days.items():
        assert missions.candidates("US", "Ohio", day) == (consul,)
    assert missions.candidates("US", "Texas/El Paso", date(2025, 3, 31)) == ("JP-CG-WEST",)
    assert missions.candidates("US", "Texas/El Paso", DAY) == ("JP-CG-SOUTH",)


def test_a_mission_that_is_not_in_the_file_closes_and_a_new_one_opens_on_the_day():
    left = [one for one in TABLES[T.MISSIONS] if one["code"] != "JP-CG-WEST"]
    new = row(T.MISSIONS, code="JP-CG-EAST", kind="consulate-general", country="US")
    revision = revise(T.MISSIONS, file_of(T.MISSIONS, [*left, new]), DAY, TEXTS)
    assert told(revision) == [("ended", "JP-CG-WEST", "2025-04-01"), ("added", "JP-CG-EAST", "2025-04-01")]
    assert [code for _, code in warnings(revision)] == ["name-missing"]
    missions = missions_of(revision.content, TEXTS[T.MISSION_NAMES], TEXTS[T.AREAS])
    assert missions.open_on("JP-CG-WEST", date(2025, 3, 31))
    assert not missions.open_on("JP-CG-WEST", DAY)
    assert missions.find("JP-CG-EAST").name_on(DAY) == "JP-CG-EAST"


def test_a_mission_s_new_name_is_told_as_one():
    names = [
        one.but(name="在新北総領事館") if one["mission"].endswith("NORTH") else one for one in TABLES[T.MISSION_NAMES]
    ]
    (change,) = revise(T.MISSION_NAMES, file_of(T.MISSION_NAMES, names), DAY, TEXTS).changes
    assert (change.kind, change.what, change.after) == (ChangeKind.RENAMED, "JP-CG-NORTH", "在新北総領事館")


def test_a_country_that_is_no_more_keeps_its_row():
    revision = revise(T.COUNTRIES, file_of(T.COUNTRIES, TABLES[T.COUNTRIES][1:]), DAY, TEXTS)
    assert told(revision) == [("ended", "FR", "2025-04-01")]
    assert len(rows_of(revision)) == len(TABLES[T.COUNTRIES])


# ---------------------------------------------------------------- what is wrong, all of it at once


def lines(table, *changed):
    """A file of our own shape with the table's rows after some lines of the test, which begin on line 2."""
    header, *rest = TEXTS[table].splitlines()
    return "\n".join([header, *changed, *rest]).encode()


NEW_CODE = code("01304")
WRONG = {
    "check digit": (T.MUNICIPALITIES, "013049,県1,新町,,,,,", ("/2/code", "check-digit")),
    "a code that a spreadsheet cut": (
        T.MUNICIPALITIES,
        f"{NEW_CODE[1:]},県1,新町,,,,,",
        ("/2/code", "number-malformed"),
    ),
    "a code in full width": (
        T.MUNICIPALITIES,
        f"{''.join(chr(ord(one) + 0xFEE0) for one in NEW_CODE)},県1,新町,,,,,",
        ("/2/code", "number-malformed"),
    ),
    "no prefecture": (T.MUNICIPALITIES, f"{NEW_CODE},,新町,,,,,", ("/2/prefecture", "empty")),
    "no name": (T.MUNICIPALITIES, f"{NEW_CODE},県1,,,,,,", ("/2/name", "name-missing")),
    "no date": (T.MUNICIPALITIES, f"{NEW_CODE},県1,新町,,2025/4/1,,,", ("/2/valid_from", "date-unreadable")),
    "no such day": (T.MUNICIPALITIES, f"{NEW_CODE},県1,新町,,2025-02-30,,,", ("/2/valid_from", "date-impossible")),
    "period reversed": (
        T.MUNICIPALITIES,
        f"{NEW_CODE},県1,新町,,2025-04-01,2024-04-01,,",
        ("/2/valid_to", "period-reversed"),
    ),
    "successors of what stands": (
        T.MUNICIPALITIES,
        f"{NEW_CODE},県1,新町,,,,{TOWN},",
        ("/2/successors", "not-allowed-here"),
    ),
    "an unknown successor": (
        T.MUNICIPALITIES,
        f"{NEW_CODE},県1,新町,,2001-04-01,2005-04-01,{code('01999')},",
        ("/2/successors", "code-unknown"),
    ),
    "a successor that ended before": (
        T.MUNICIPALITIES,
        f"{NEW_CODE},県1,新町,,2001-04-01,2005-04-01,{OLD},",
        ("/2/successors", "code-not-valid-on-date"),
    ),
    "an unknown city": (T.MUNICIPALITIES, f"{NEW_CODE},県1,新区,,,,,{code('01999')}", ("/2/city", "code-unknown")),
    "overlapping periods": (T.MUNICIPALITIES, f"{OLD},県1,旧村,,1990-04-01,1995-04-01,{TOWN},", ("/2/", "duplicate")),
    "a mission of no kind": (T.MISSIONS, "JP-CG-EAST,office,US,,,,,", ("/2/kind", "out-of-range")),
    "no time zone": (T.MISSIONS, "JP-CG-EAST,consulate-general,US,,Mars/Olympus,,,", ("/2/time_zone", "out-of-range")),
    "a mission in no country": (T.MISSIONS, "JP-CG-EAST,consulate-general,ZZ,,,,,", ("/2/country", "code-unknown")),
    "a municipality as a mission": (T.MISSIONS, f"{TOWN},consulate-general,US,,,,,", ("/2/code", "number-malformed")),
    "a mission twice": (T.MISSIONS, "JP-CG-WEST,consulate-general,US,,,,1999-01-01,", ("/2/", "duplicate")),
    "a name of an unknown mission": (T.MISSION_NAMES, "JP-CG-EAST,在東総領事館,,", ("/2/mission", "mission-unknown")),
    "two names at a time": (T.MISSION_NAMES, "JP-CG-WEST,在西総領事館,2020-01-01,2021-01-01", ("/2/", "duplicate")),
    "an area of an unknown mission": (T.AREAS, "JP-CG-EAST,US,Idaho,,,", ("/2/mission", "mission-unknown")),
    "an area of an unknown country": (T.AREAS, "JP-CG-WEST,ZZ,,,,", ("/2/country", "code-unknown")),
    "a place of two consuls": (T.AREAS, "JP-CG-WEST,US,Idaho;Ohio,,,", ("/2/", "duplicate")),
    "a country by its name": (T.COUNTRIES, "Japan,JPN,Japan,日本,,", ("/2/alpha_2", "number-malformed")),
    "a value without end": (T.COUNTRIES, f"JP,JPN,{'x' * 201},日本,,", ("/2/name_en", "too-long")),
}


@pytest.mark.parametrize(("table", "line", "fault"), WRONG.values(), ids=WRONG)
def test_a_faulty_row_is_refused_at_its_line_and_column(table, line, fault):
    pointer, found = fault
    refused = refusals(table, lines(table, line))
    assert (pointer.rstrip("/"), found) in refused
    assert len(refused) == 1


def test_all_faults_come_at_once_whether_of_a_cell_or_of_the_whole():
    data = lines(
        T.MUNICIPALITIES,
        "013049,県1,新町,,,,,",
        f"{NEW_CODE},県1,新町,,2001-04-01,2005-04-01,{code('01999')},",
        f"{OLD},県1,旧村,,1990-04-01,1995-04-01,{TOWN},",
    )
    changes = f"{HEADER}2025-04-31,{TOWN},{CITY}\n2025-04-01,{TOWN[:-1]}x,{CITY}\n".encode()
    assert refusals(T.MUNICIPALITIES, data, changes) == {
        ("/2/code", "check-digit"),
        ("/3/successors", "code-unknown"),
        ("/4", "duplicate"),
        ("/changes/2/date", "date-impossible"),
        ("/changes/3/from_code", "number-malformed"),
    }


def test_a_successor_whose_own_row_is_faulty_is_not_called_unknown_as_well():
    data = lines(
        T.MUNICIPALITIES,
        f"{NEW_CODE},県1,新町,,2025/4/1,,,",
        f"{code('01305')},県1,元町,,2001-04-01,2005-04-01,{NEW_CODE},",
    )
    assert refusals(T.MUNICIPALITIES, data) == {("/2/valid_from", "date-unreadable")}


def test_a_row_of_the_history_that_the_file_has_not_stays():
    standing = [one for one in TABLES[T.MUNICIPALITIES] if one not in ENDED]
    assert revise(T.MUNICIPALITIES, file_of(T.MUNICIPALITIES, standing), DAY, TEXTS).changes == ()
