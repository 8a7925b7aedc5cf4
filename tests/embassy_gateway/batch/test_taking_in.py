"""A batch file through the one intake: the same reports as from JSON, each household by itself, none twice."""

import json
from datetime import date
from pathlib import Path

import anyio
import pytest

import registry.sandbox
from embassy_gateway.batch.findings import LINES_OF_EACH_KIND
from embassy_gateway.batch.form import OWN_FORM, template
from embassy_gateway.schema import State
from embassy_gateway.spool import SpoolRefused
from registry.contract.decoding import decode
from registry.domain.civil_status import Retention
from registry.domain.residence_report import ResidenceReport
from tests.embassy_gateway.batch.tables import child, form, found, head, kept, spouse, take_in
from tests.embassy_gateway.mission import FOREIGNER, NEW_YORK, SURNAME, person, report

# ---------------------------------------------------------------- the same reports as from JSON


def test_a_row_becomes_the_very_report_that_json_would_be(mission):
    take_in(
        mission,
        form(head(individual_number="123456789018", number_checked_by="通知カード", identity_checked_by="旅券")),
    )
    (again,) = mission.hand_in(report(1, people=[person()]))
    assert (again.id, again.is_new) == (1, False)


def test_rows_of_one_number_are_one_report_wherever_they_stand(mission):
    outcome = take_in(mission, form(head(1), head(2), child(1), child(2)))
    assert (outcome.households, outcome.rows, outcome.taken, outcome.first, outcome.last) == (2, 4, 2, 1, 2)
    assert [len(json.loads(body)["people"]) for body in kept(mission)] == [2, 2]


def test_full_width_numbers_of_households_are_the_same_numbers(mission):
    assert take_in(mission, form(head("12"), child("１２"))).households == 1


def test_everything_that_the_form_can_say_arrives(mission):
    row = head(
        kind="変更届",
        given_latin="HANAKO",
        surname_latin="TAKASAKI",
        former_surname="岡",
        honseki="東京都千代田区麹町九丁目3番地",
        honseki_head="髙﨑　太郎",
        last_municipality="131016",
        last_address="麹町九丁目3番2号",
        address_1="#5, 210 Example Street",
        address_3="Apt 5C",
        postcode="10001",
        address_kana="アメリカ合衆国ニューヨーク州",
        telephone="+1-212-555-0111",
        mobile="(+1) 917-555-0111",
        email="hanako@example.com",
        emergency="髙﨑太郎（父）",
        in_japan="03-0000-0111",
        planned_end="2028/3/31",
        came_from="JP-CG-BOSTON",
        new_surname="清水",
        new_honseki="大阪府大阪市中央区大手前九丁目1番地",
    )
    outcome = take_in(mission, form(row, child(born_abroad="はい", retention_needed="不要")))
    assert found(outcome) == []
    (body,) = kept(mission)
    taken = json.loads(body)
    first, second = taken["people"]
    assert taken["address_abroad"]["lines"] == ["#5, 210 Example Street", "Apt 5C"]
    assert taken["contact"]["telephone"] == "+1-212-555-0111"
    assert (taken["kind"], taken["mission"], taken["came_from"]) == ("change", NEW_YORK, "JP-CG-BOSTON")
    assert taken["planned_end"] == "2028/3/31"
    assert first["last_address"] == {"municipality": "131016", "text": "麹町九丁目3番2号"}
    assert (first["new_name"], first["name"]["former_surname"]) == ({"surname": "清水"}, "岡")
    assert second["born_abroad"] is True
    assert decode(body, ResidenceReport)


def test_births_deaths_and_changes_of_name_are_taken_in_with_what_the_law_asks(mission):
    dead = head(
        1, kind="死亡届", effective="2026年9月頃", reported_by="同居の親族", country="", subdivision="", city=""
    )
    born = child(2, born_abroad="はい", birth_date="2026-10-05", retention_declared_on="令和8年11月10日")
    bride = head(3, kind="変更届", new_surname="清水", name_change="婚姻")
    native = child(3, given="花", born_abroad="はい", birth_date="2026-10-05", retention_needed="不要")
    outcome = take_in(mission, form(dead | {"address_1": ""}, head(2), born, bride, native))
    assert found(outcome) == []
    reports = [decode(body, ResidenceReport) for body in kept(mission)]
    assert [(str(one.kind), one.reported_by) for one in reports] == [
        ("death", "relative-in-household"),
        ("residence", None),
        ("change", None),
    ]
    assert [person.retention for person in reports[1].people] == [None, Retention(declared_on=date(2026, 11, 10))]
    assert [(person.name_change, person.retention) for person in reports[2].people] == [
        ("marriage", None),
        (None, Retention(is_needed=False)),
    ]


def test_the_sample_of_other_events_is_right(mission):
    sample = Path(registry.sandbox.__file__).parent / "samples" / "reports-csv" / "events.csv"
    outcome = take_in(mission, sample.read_bytes())
    assert (found(outcome), outcome.taken, outcome.rows) == ([], 6, 7)
    kinds = [str(decode(body, ResidenceReport).kind) for body in kept(mission)]
    assert kinds == ["death", "nationality-lost", "change", "change", "nationality-regained", "unreachable"]


def test_the_name_is_kept_character_by_character(mission):
    name = "𠮷\U000e0100髙﨑"
    take_in(mission, form(head(surname=name)))
    assert json.loads(kept(mission)[0])["people"][0]["name"]["surname"] == name


def test_foreign_members_are_left_at_the_mission_and_counted_whatever_their_rows_say(mission):
    odd = spouse(birth_date="never", sex="=A1", individual_number="5", surname="?", country="Atlantis")
    outcome = take_in(mission, form(head(), spouse(), odd, child()))
    assert (found(outcome), outcome.left, outcome.taken) == ([], 2, 1)
    assert FOREIGNER.encode() not in kept(mission)[0]
    assert len(json.loads(kept(mission)[0])["people"]) == 2


def test_a_foreign_head_is_refused_at_its_line(mission):
    outcome = take_in(
        mission, form(spouse() | {k: v for k, v in head().items() if k in {"kind", "effective"}}, child())
    )
    assert ("head-must-be-japanese", "", [2]) in found(outcome)
    assert kept(mission) == []


def test_a_nationality_that_says_nothing_keeps_the_household_out(mission):
    outcome = take_in(mission, form(head(), child(nationality="Atlantis")))
    assert found(outcome) == [("code-unknown", "国籍", [3])]
    assert kept(mission) == []


# ---------------------------------------------------------------- twice, mended, only checked


def test_the_same_file_twice_changes_nothing(mission):
    file = form(head(1), child(1), head(2))
    take_in(mission, file)
    outcome = take_in(mission, file)
    assert (outcome.taken, outcome.known, outcome.needs_staff) == (0, 2, False)
    assert len(kept(mission)) == 2


def test_the_same_reports_in_another_order_encoding_and_numbering_are_the_same(mission):
    take_in(mission, form(head(1, surname="山田"), head(2, surname="川田")))
    other = form(
        head(7, surname="川田", address_1="2 Example Ave"),
        head(9, surname="山田", address_1="1 Example Ave"),
        encoding="cp932",
        delimiter="\t",
    )
    outcome = take_in(mission, other)
    assert (found(outcome), outcome.taken, outcome.known) == ([], 0, 2)


def test_a_faulty_household_never_stops_the_others_and_can_be_mended_in_the_file(mission):
    outcome = take_in(mission, form(head(1), head(2, birth_date="2015-02-31"), head(3)))
    assert (outcome.taken, outcome.faulty, found(outcome)) == (2, 1, [("date-impossible", "生年月日", [3])])
    outcome = take_in(mission, form(head(1), head(2), head(3)))
    assert (outcome.taken, outcome.known, outcome.faulty, outcome.needs_staff) == (1, 2, 0, False)
    with mission.gateway.spool.reading() as db:
        assert {row[0] for row in db.execute("SELECT state FROM report")} == {State.WAITING}


def test_households_are_delivered_in_one_sequence_with_their_evidence(mission):
    take_in(mission, form(head(1), head(2, effective="x"), head(3)))
    assert anyio.run(mission.deliver).delivered == 2
    assert mission.registry.chain() == [1, 2]


def test_a_report_that_needs_staff_is_said_to_when_it_comes_again(mission):
    take_in(mission, form(head()))
    with mission.gateway.spool.writing() as db:
        db.execute("UPDATE report SET state = 'alarm'")
    outcome = take_in(mission, form(head()))
    assert (outcome.known, outcome.known_dead, outcome.needs_staff) == (1, 1, True)


def test_a_dead_letter_is_mended_by_a_file_with_that_one_household(mission):
    (dead,) = mission.hand_in(report(9, effective="2026-02-30"))
    with pytest.raises(SpoolRefused, match="one household"):
        take_in(mission, form(head(1), head(2)), mends=dead.id)
    outcome = take_in(mission, form(head(1)), mends=dead.id)
    assert (outcome.taken, outcome.first) == (1, 2)
    with mission.gateway.spool.reading() as db:
        assert db.execute("SELECT state, mended_by FROM report WHERE id = 1").fetchone()[:] == ("mended", 2)


def test_checking_takes_nothing_in(mission):
    outcome = take_in(mission, form(head(1), head(2, sex="?")), check_only=True)
    assert (outcome.good, outcome.taken, outcome.faulty) == (1, 0, 1)
    assert kept(mission) == []


def test_progress_is_told_household_by_household(mission):
    heard = []
    take_in(mission, form(head(1), head(2), head(3)), notice=lambda done, total: heard.append((done, total)))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_the_empty_form_is_read_and_holds_nothing(mission):
    outcome = take_in(mission, template())
    assert (outcome.households, outcome.rows, outcome.notes, found(outcome)) == (0, 0, 4, [])


def test_the_example_of_the_form_is_right_once_its_marks_are_taken_off(mission):
    text = template().decode("utf-8-sig").replace("# 1,", "1,")
    outcome = take_in(mission, text.encode())
    assert (found(outcome), outcome.taken, outcome.left) == ([], 1, 1)


# ---------------------------------------------------------------- faults


CELLS = {
    "a day that is none": ({"effective": "2026-02-30"}, "date-impossible", "異動日"),
    "a day nobody can read": ({"birth_date": "春ごろ"}, "date-unreadable", "生年月日"),
    "a notification without its day": ({"notified_on": "2026年11月"}, "date-required-complete", "届出年月日"),
    "a notification of tomorrow": ({"notified_on": "2026-11-23"}, "date-in-the-future", "届出年月日"),
    "an unknown kind": ({"kind": "旅行届"}, "code-unknown", "届出の種類"),
    "no kind": ({"kind": ""}, "missing", "届出の種類"),
    "an unknown sex": ({"sex": "3"}, "code-unknown", "性別"),
    "an unknown country": ({"country": "Atlantis"}, "code-unknown", "国"),
    "a place outside the area": ({"subdivision": "California"}, "mission-not-competent", "国"),
    "another mission": ({"mission": "JP-CG-ATLANTIS"}, "mission-unknown", "在外公館"),
    "no name": ({"surname": "", "given": "", "surname_kana": "", "given_kana": ""}, "missing", "姓"),
    "a lost character": ({"surname": "?田"}, "character-lost", "姓"),
    "a geta": ({"honseki": "東京都〓区"}, "character-lost", "本籍"),
    "a character of the machine's own": ({"surname": "\ue000田"}, "character-lost", "姓"),
    "a formula": ({"address_1": "=HYPERLINK(A1)"}, "formula", "住所1"),
    "a wide formula": ({"given": "＝Ａ１"}, "formula", "名"),
    "a command": ({"email": "@SUM(1)"}, "formula", "メール"),
    "a sum in place of a telephone": ({"telephone": "+1+cmd|' /C calc'!A0"}, "formula", "電話"),
    "a failed formula": ({"city": "#REF!"}, "formula", "都市"),
    "a column too narrow": ({"passport_number": "########"}, "formula", "旅券番号"),
    "a check digit": ({"individual_number": "123456789019"}, "check-digit", "個人番号"),
    "a number in exponents": ({"individual_number": "1.23457E+11"}, "number-malformed", "個人番号"),
    "a number without its check": ({"individual_number": "123456789018"}, "number-without-purpose", "番号確認"),
    "a passport": ({"passport_number": "T"}, "out-of-range", "旅券番号"),
    "a municipality": ({"last_municipality": "131017", "last_address": "x"}, "check-digit", "最終住所地コード"),
    "a last address without it": ({"last_address": "x"}, "missing", "最終住所地コード"),
    "a correction of nothing": ({"replaces": "#77"}, "replaces-unknown-movement", "訂正する届"),
    "a control character": ({"city": "New\x0bYork"}, "forbidden-character", "都市"),
    "an address too long": ({"address_2": "x" * 301}, "too-long", "住所2"),
    "an unknown word for yes": ({"born_abroad": "たぶん"}, "code-unknown", "国外出生"),
    "a death that nobody reports": ({"kind": "死亡届"}, "missing", "届出人の資格"),
    "a death that the dead reports": (
        {"kind": "死亡届", "reported_by": "本人"},
        "reporter-not-entitled",
        "届出人の資格",
    ),
    "an unknown capacity": ({"reported_by": "友人"}, "code-unknown", "届出人の資格"),
    "an unknown reason": ({"name_change": "気分"}, "code-unknown", "氏名変更の事由"),
    "国籍留保 too late": (
        {"born_abroad": "はい", "birth_date": "2026-01-05", "retention_declared_on": "2026-11-01"},
        "retention-too-late",
        "国籍留保の届出日",
    ),
    "国籍留保 in some month": ({"retention_declared_on": "2026年11月"}, "date-required-complete", "国籍留保の届出日"),
}


@pytest.mark.parametrize(("changes", "code", "column"), CELLS.values(), ids=CELLS)
def test_a_fault_is_told_by_its_line_and_column(mission, changes, code, column):
    outcome = take_in(mission, form(head(1), head(2, **changes)))
    assert (code, column, [3]) in found(outcome)
    assert (outcome.taken, outcome.faulty) == (1, 1)


def test_all_faults_of_all_households_come_at_once(mission):
    rows = (head(1, effective="x", sex="9"), child(1, birth_date="2015-02-31"), head(2, country="?"), head(3))
    outcome = take_in(mission, form(*rows))
    assert found(outcome) == [
        ("code-unknown", "性別", [2]),
        ("date-unreadable", "異動日", [2]),
        ("date-impossible", "生年月日", [3]),
        ("code-unknown", "国", [4]),
    ]


def test_rows_of_a_household_that_contradict_each_other_are_named(mission):
    outcome = take_in(mission, form(head(1), child(1, city="Boston"), child(1, given="次郎", city="New York")))
    assert found(outcome) == [("household-differs", "都市", [3])]


def test_a_person_who_stands_twice_is_named_at_the_second_line(mission):
    assert found(take_in(mission, form(head(), child(), child()))) == [("duplicate", "", [4])]


def test_a_warning_goes_along_with_its_line(mission):
    outcome = take_in(mission, form(head(1), head(2, effective="2020-01-01")))
    assert (found(outcome), outcome.taken, outcome.needs_staff) == ([("reported-late", "異動日", [3])], 2, False)


def test_ten_thousand_faults_are_one_kind_with_its_first_lines(mission):
    outcome = take_in(
        mission, form(*(child(number, kind="x", effective="y", notified_on="z") for number in range(3_400)))
    )
    assert outcome.faulty == 3_400
    assert sum(kind.count for kind in outcome.faults) > 10_000
    assert all(len(kind.lines) == LINES_OF_EACH_KIND for kind in outcome.faults)
    assert len(outcome.faults) < 10


def test_what_is_found_never_repeats_what_stands_in_the_file(mission):
    secret = "Featherstonehaugh-991310160110"
    rows = [head(secret, **{name: secret}) for name in OWN_FORM.map.columns if name != "household"]
    outcome = take_in(mission, form(*rows, spouse(secret)))
    assert outcome.faults
    said = f"{outcome!r} {outcome.faults!r}"
    assert secret not in said
    assert SURNAME not in said
