"""`submit` and `template` with tables: what staff see, what programs read, how the commands end."""

import json
from pathlib import Path

import pytest

import registry.sandbox
from embassy_gateway.batch.form import template
from embassy_gateway.exits import Exit
from tests.embassy_gateway.batch.tables import MAP, child, export, form, head, spouse
from tests.embassy_gateway.mission import FOREIGNER, GIVEN, NUMBER, SURNAME, person, report, text

SAMPLES = Path(registry.sandbox.__file__).parent / "samples" / "reports-csv"

# The commands run by the clock of the machine: days long past are right on any day.
DAYS = {"effective": "2024-04-01", "notified_on": "2024-04-10"}


@pytest.fixture
def put(desk):
    """Write a file on the desk; return its path."""

    def write(name, data):
        (desk.folder / name).write_bytes(data)
        return desk.folder / name

    return write


def test_the_form_filled_in_is_checked_handed_in_delivered_and_known_again(desk, put):
    file = put("reports.csv", form(head(1, **DAYS), child(1), spouse(1), head(2, **DAYS)))
    code, out = desk("submit", "--check", file)
    assert code == Exit.DONE
    assert "2 without fault; only checked" in out
    code, out = desk("submit", file)
    assert code == Exit.DONE
    for said in ("2 households in 4 rows", "2 taken in (受付), reports 1 to 2", "外国籍の同居家族): 1"):
        assert said in out
    assert desk("deliver", "--until-empty")[0] == Exit.DONE
    assert desk.registry.chain() == [1, 2]
    code, out = desk("submit", file)
    assert (code, "2 taken in before (重複)" in out) == (Exit.DONE, True)


def test_a_fault_is_shown_with_line_column_both_languages_and_what_to_do(desk, put):
    code, out = desk("submit", put("r.csv", form(head(1, **DAYS), head(2, **DAYS | {"effective": "2024-02-30"}))))
    assert code == Exit.NEEDS_STAFF
    for said in (
        "1 taken in",
        "1 faulty, not taken in",
        "line 行 3: 異動日 date-impossible: There is no such day 存在しない日付です",
        "hand it in again as a whole",
        "受付済みの届が重複することはありません",
    ):
        assert said in out
    assert desk("status")[0] == Exit.DONE  # nothing of it lies in the spool to be mended there


def test_ten_thousand_faults_are_a_summary(desk, put):
    rows = [child(number, kind="x", effective="y", notified_on="z") for number in range(3_000)]
    code, out = desk("submit", "--check", put("r.csv", form(*rows)))
    assert code == Exit.NEEDS_STAFF
    assert "and 2980 more (他 2980 件)" in out
    assert len(out.splitlines()) < 20


def test_an_export_is_read_by_its_map(desk, put):
    row = {"arrival": "01/04/2024", "filed": "10/04/2024"}
    arguments = (put("export.txt", export(row)), "--map", put("service.toml", MAP.encode()))
    assert desk("submit", *arguments)[0] == Exit.DONE
    code, out = desk("submit", "--check", "--json", *arguments)
    assert code == Exit.DONE
    ((outcome),) = json.loads(out)
    assert (outcome["file"], outcome["batch"]["good"], outcome["batch"]["faults"]) == ("export.txt", 1, [])


def test_a_map_that_does_not_fit_is_refused_with_all_its_faults(desk, put):
    toml = MAP.replace("sex =", "gender =").replace('"residence"', '"holiday"').encode()
    code, out = desk("submit", put("export.csv", export({})), "--map", put("service.toml", toml))
    assert code == Exit.REFUSED
    assert "対応表を使用できません" in out
    assert "/kinds/A" in out


def test_a_file_that_is_no_table_at_all_says_how_to_save_it(desk, put):
    code, out = desk("submit", put("reports.xlsx", b"PK\x03\x04 and so on"))
    assert code == Exit.NEEDS_STAFF
    for said in ("nothing of it was read", "not-text", "CSV UTF-8", "a workbook or a zip archive"):
        assert said in out


def test_programs_get_lines_columns_and_codes_of_tables_and_reports_alike(desk, put):
    table = put("r.csv", form(head(1, **DAYS), head(2, **DAYS | {"sex": "9"})))
    reports = put("r.json", text(report(5) | DAYS, report(6) | DAYS | {"effective": "2024-02-30"}))
    code, out = desk("submit", "--json", table, reports)
    assert code == Exit.NEEDS_STAFF
    first, second = json.loads(out)
    assert first["needs_staff"] is True
    (fault,) = first["batch"]["faults"]
    assert (fault["code"], fault["column"], fault["lines"], fault["count"]) == ("code-unknown", "性別", [3], 1)
    assert [one["state"] for one in second["reports"]] == ["waiting", "faulty"]
    assert second["reports"][1]["faults"][0]["pointer"] == "/effective"


def test_checking_json_takes_nothing_in(desk, put):
    code, out = desk("submit", "--check", put("r.json", text(report(5) | DAYS, report(6, kind="x"))))
    assert code == Exit.NEEDS_STAFF
    assert "#1: without fault; only checked" in out
    assert "#2: faulty; only checked" in out
    assert json.loads(desk("status", "--json")[1])["counts"]["waiting"] == 0


def test_a_dead_letter_is_mended_by_a_table(desk, put):
    desk("submit", put("r.json", text(report(6) | DAYS | {"effective": "2024-02-30"})))
    assert desk("submit", "--mend", "1", put("r.csv", form(head(6, **DAYS))))[0] == Exit.DONE
    assert desk("status")[0] == Exit.DONE


def test_nothing_printed_of_a_table_names_a_person_or_a_household(desk, put):
    key = "TAKASAKI-HANAKO"
    rows = [head(key, **DAYS, individual_number=NUMBER), head(2, sex=NUMBER), spouse(key), child(key, kind=SURNAME)]
    file = put("r.csv", form(*rows) + f"{key},{SURNAME}\r\n".encode())
    printed = "".join(
        desk(*arguments, file)[1] for arguments in (["submit"], ["submit", "--json"], ["submit", "--check"])
    )
    assert "column-count" in printed
    for planted in (SURNAME, GIVEN, NUMBER, FOREIGNER, key):
        assert planted not in printed


NOT_ALLOWED = {
    "a map without a table": (["submit", "r.json", "--map", "m.toml"], "--map goes with a table"),
    "a map that is not there": (["submit", "r.csv", "--map", "m.toml"], "No such file"),
    "a table that is not there": (["submit", "missing.csv"], "No such file"),
    "a folder": (["submit", "folder.csv"], "Is a directory"),
    "two households to mend one": (["submit", "r.csv", "--mend", "1"], "one household"),
    "a form over another file": (["template", "--out", "r.csv"], "File exists"),
}


@pytest.mark.parametrize(("arguments", "said"), NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_what_is_not_allowed_ends_in_one_line_that_says_so(desk, put, monkeypatch, arguments, said):
    put("r.json", text(report() | DAYS))
    put("r.csv", form(head(1, **DAYS), head(2, **DAYS)))
    (desk.folder / "folder.csv").mkdir()
    monkeypatch.chdir(desk.folder)
    code, out = desk(*arguments)
    assert code == Exit.REFUSED
    assert said in out
    assert "Traceback" not in out


def test_the_form_is_written_once_and_taken_back_empty(desk):
    code, out = desk("template", "--out", desk.folder / "new.csv")
    assert (code, "submit --check" in out) == (Exit.DONE, True)
    assert (desk.folder / "new.csv").read_bytes() == template()
    code, out = desk("submit", desk.folder / "new.csv")
    assert (code, "0 households in 0 rows" in out) == (Exit.DONE, True)


def test_the_samples_say_what_their_readme_says(desk):
    code, out = desk("submit", SAMPLES / "batch.csv")
    assert code == Exit.NEEDS_STAFF
    assert "4 households in 6 rows" in out
    assert "3 taken in" in out
    assert "line 行 7: 住所1 formula" in out
    assert "line 行 7: 異動日 date-impossible" in out
    code, out = desk("submit", SAMPLES / "orrnet-export.csv", "--map", SAMPLES / "orrnet.toml")
    assert code == Exit.DONE
    assert "2 taken in" in out
    assert "外国籍の同居家族): 1" in out


def test_a_report_from_a_table_and_the_same_from_json_are_one(desk, put):
    desk("submit", put("r.csv", form(head(1, **DAYS))))
    plain = person(individual_number=None, number_check=None)
    code, out = desk("submit", put("r.json", text(report(1, people=[plain]) | DAYS)))
    assert (code, "taken in before as report 1" in out) == (Exit.DONE, True)
