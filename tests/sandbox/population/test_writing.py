import csv
import hashlib
import json
import multiprocessing
from collections import Counter

import msgspec
import pytest

from municipality_sync.agent.layout import read_layout
from registry.code_tables.files import load_municipalities
from registry.contract.decoding import decode
from registry.domain.residence_report import ResidenceReport
from registry.sandbox.population import writing
from registry.sandbox.population.pieces import Plan
from registry.sandbox.population.places import UnknownPlace, Where
from registry.sandbox.population.rates import DEFAULT_RATES
from registry.sandbox.population.writing import PopulationRefused, demand_room, estimated_size, write

TOWNS, MISSIONS = ("131016", "131024", "131032"), ("JP-CG-NEW-YORK", "JP-EMB-GBR")
PLAN = Plan(
    people=600, seed=4, where=Where(TOWNS, MISSIONS), municipalities=frozenset(TOWNS), missions=frozenset(MISSIONS)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("population") / "new"
    summary = write(PLAN, out)
    return out, summary


def content(out):
    return {path.name: path.read_bytes() for path in out.iterdir()}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_is_a_file_for_each_municipality_and_mission_and_the_truth_apart(folder):
    out, summary = folder
    expected = {f"removed-{code}.csv" for code in TOWNS} | {f"layout-{code}.toml" for code in TOWNS}
    expected |= {f"reports-{mission}.jsonl" for mission in MISSIONS}
    expected |= {"truth-removed-records.csv", "truth-reports.csv", "population.json"}
    assert set(content(out)) == expected
    assert summary.bytes == sum(map(len, content(out).values()))
    assert summary.people == PLAN.people


def test_layouts_are_layouts_and_reports_are_reports(folder):
    out, summary = folder
    for code in TOWNS:
        assert str(read_layout((out / f"layout-{code}.toml").read_bytes(), load_municipalities()).municipality) == code
    for mission in MISSIONS:
        lines = (out / f"reports-{mission}.jsonl").read_bytes().splitlines()
        assert {decode(line, ResidenceReport).mission for line in lines} == {mission}
        assert summary.reports[f"reports-{mission}.jsonl"] == len(lines)


def test_the_truth_names_the_person_behind_each_line(folder):
    out, _ = folder
    reports = {mission: (out / f"reports-{mission}.jsonl").read_bytes().splitlines() for mission in MISSIONS}
    truth = rows(out / "truth-reports.csv")
    assert truth
    told = Counter()
    for row in truth:
        report = decode(reports[row["mission"]][int(row["line"]) - 1], ResidenceReport)
        passport = report.people[int(row["place"])].passport_number
        told[row["person"], passport] += 1
        assert bool(row["addressee_number"]) != bool(row["why_no_record"])
    passports = {passport: person for person, passport in told if passport is not None}
    assert all(passports.get(passport, person) == person for person, passport in told)
    assert len(truth) == sum(len(json.loads(line)["people"]) for lines in reports.values() for line in lines)


def test_the_truth_of_reports_and_of_records_fit_together(folder):
    out, _ = folder
    records = {
        (row["municipality"], row["addressee_number"]): row["person"] for row in rows(out / "truth-removed-records.csv")
    }
    linked = [row for row in rows(out / "truth-reports.csv") if row["addressee_number"]]
    assert linked
    assert all(records[row["municipality"], row["addressee_number"]] == row["person"] for row in linked)


def test_the_manifest_says_from_what_the_files_were_made(folder):
    out, summary = folder
    manifest = json.loads((out / "population.json").read_bytes())
    assert (manifest["people"], manifest["seed"], manifest["concentrated"]) == (600, 4, True)
    assert msgspec.convert(manifest["rates"], type(DEFAULT_RATES)) == DEFAULT_RATES
    assert manifest["reports"] == summary.reports


def test_the_same_plan_gives_the_same_files_however_many_processes_make_them(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PEOPLE_OF_A_PIECE", 250)
    write(PLAN, tmp_path / "alone")
    write(PLAN, tmp_path / "together", processes=2)
    assert content(tmp_path / "alone") == content(tmp_path / "together") == content(folder[0])


def test_a_seed_gives_the_same_bytes_as_ever(folder):
    digest = hashlib.sha256()
    for name, data in sorted(content(folder[0]).items()):
        digest.update(name.encode() + b"\0" + data)
    # Other lives, papers or rates mean other populations: that is for the changelog. Faster ones must not.
    assert digest.hexdigest() == "21247867498b2fa67a499f7e6282c8cd2ec5cc8a29b80558e0eabdf4dc3c1ad5"


def test_a_population_written_for_some_is_the_part_of_the_whole_that_concerns_them(tmp_path):
    whole, part = (
        Plan(people=1500, seed=2),
        msgspec.structs.replace(
            Plan(people=1500, seed=2), municipalities=frozenset({"141003"}), missions=frozenset({"JP-EMB-THA"})
        ),
    )
    write(whole, tmp_path / "whole")
    write(part, tmp_path / "part")
    for name in ("removed-141003.csv", "layout-141003.toml", "reports-JP-EMB-THA.jsonl"):
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert len(content(tmp_path / "part")) == 6


def test_exactly_as_many_people_are_made_as_were_asked_for(tmp_path):
    people = []
    summary = write(msgspec.structs.replace(PLAN, people=77), tmp_path / "few", told=people.append)
    assert summary.people == 77
    assert people[-1] == 77
    assert all(int(row["person"]) < 77 for row in rows(tmp_path / "few" / "truth-reports.csv"))


def test_an_extract_too_long_for_an_agent_goes_on_in_a_further_file(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MOST_LINES_OF_A_FILE", 600)
    monkeypatch.setattr(writing, "PEOPLE_OF_A_PIECE", 250)
    plan = msgspec.structs.replace(PLAN, where=Where(("131016",), MISSIONS), people=1000)
    summary = write(plan, tmp_path / "long")
    parts = sorted(name for name in summary.extracts if name.startswith("removed-131016"))
    assert len(parts) > 2
    headings = {(tmp_path / "long" / name).read_bytes().splitlines()[0] for name in parts}
    assert len(headings) == 1


# ---------------------------------------------------------------- what is refused
def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(PopulationRefused, match="not empty"):
        write(PLAN, tmp_path)
    assert content(tmp_path) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("people", [0, 10_000_001], ids=["nobody", "too many"])
def test_a_population_has_one_to_ten_million_people(tmp_path, people):
    with pytest.raises(PopulationRefused, match="1 to 10,000,000"):
        write(msgspec.structs.replace(PLAN, people=people), tmp_path)


def test_a_place_that_is_not_there_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UnknownPlace):
        write(msgspec.structs.replace(PLAN, where=Where(("999999",))), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_population_larger_than_the_disk_is_refused_with_what_would_fit(tmp_path, monkeypatch):
    def nearly_full(_):
        return writing.shutil._ntuple_diskusage(10**12, 10**12, 500_000)

    monkeypatch.setattr(writing.shutil, "disk_usage", nearly_full)
    with pytest.raises(
        PopulationRefused, match=r"600 people need about .* MB, and 0\.5 MB are free\. About 250 people"
    ):
        write(PLAN, tmp_path)
    assert content(tmp_path) == {}


def test_room_is_asked_for_with_a_margin():
    demand_room(100, 115, PLAN)
    with pytest.raises(PopulationRefused, match="--out"):
        demand_room(100, 114, PLAN)


def test_the_size_is_estimated_well_enough(folder):
    _, summary = folder
    assert estimated_size(PLAN) == pytest.approx(summary.bytes, rel=0.15)


def test_a_disk_that_fills_up_on_the_way_ends_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PEOPLE_OF_A_PIECE", 250)

    def fill_up(_):
        (tmp_path / "truth-reports.csv").unlink()
        (tmp_path / "truth-reports.csv").symlink_to("/dev/full")

    with pytest.raises(PopulationRefused, match=r"stopped after 250 people: No space left on device\. Empty"):
        write(PLAN, tmp_path, told=fill_up)


def test_a_process_that_is_killed_ends_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PEOPLE_OF_A_PIECE", 250)

    def kill(_):
        for process in multiprocessing.active_children():
            process.kill()

    plan = msgspec.structs.replace(PLAN, people=5000)
    with pytest.raises(PopulationRefused, match=r"stopped after [0-9,]+ people: a process .* fewer --processes"):
        write(plan, tmp_path, processes=2, told=kill)
