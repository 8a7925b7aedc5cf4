import json

import pytest
from cyclopts import App

from registry.sandbox.population.commands import FAILED, NOT_UNDERSTOOD, populate

app = App(name="sandbox")
app.command(populate)
TOWN_AND_MISSION = ("--municipality", "131016", "--mission", "JP-CG-NEW-YORK", "JP-EMB-GBR")


def run(*words):
    """Run the command; its exit code."""
    try:
        app(("populate", *words), exit_on_error=False, result_action="return_value")
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    monkeypatch.delenv("REGISTRY_ENV", raising=False)


def test_a_population_is_written_and_counted(tmp_path, capsys):
    out = tmp_path / "people"
    assert run("300", "--out", str(out), "--processes", "1", "--concentrate", *TOWN_AND_MISSION) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "300 people" in said.err
    assert (out / "removed-131016.csv").stat().st_size > 10_000
    assert {path.name for path in out.glob("reports-*")} == {"reports-JP-CG-NEW-YORK.jsonl", "reports-JP-EMB-GBR.jsonl"}


def test_with_json_the_count_goes_to_standard_output(tmp_path, capsys):
    assert run("50", "--out", str(tmp_path), "--processes", "1", "--json", *TOWN_AND_MISSION) == 0
    assert json.loads(capsys.readouterr().out)["people"] == 50


def test_rates_are_taken_from_the_command_line(tmp_path):
    words = ("--rate", "alone=1", "report_doubled=0.5", "--rate", "twins=0")
    assert run("50", "--out", str(tmp_path), "--processes", "1", *words, *TOWN_AND_MISSION) == 0
    rates = json.loads((tmp_path / "population.json").read_bytes())["rates"]
    assert (rates["alone"], rates["report_doubled"], rates["twins"]) == (1.0, 0.5, 0.0)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--rate", "luck=1"), "luck"),
        (("--rate", "twins=often"), "name=value"),
        (("--rate", "twins=1.5"), "twins"),
        (("--rate", "twins"), "name=value"),
        (("--municipality", "999999"), "999999"),
        (("--mission", "JP-CG-ATLANTIS"), "ATLANTIS"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else None,
)
def test_a_command_line_that_makes_no_sense_ends_with_2_and_says_why(tmp_path, capsys, words, hint):
    assert run("50", "--out", str(tmp_path / "never"), *words) == NOT_UNDERSTOOD
    assert hint in capsys.readouterr().err
    assert not (tmp_path / "never").exists()


def test_production_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("REGISTRY_ENV", "production")
    assert run("50", "--out", str(tmp_path / "never")) == FAILED
    assert "production" in capsys.readouterr().err
    assert not (tmp_path / "never").exists()


def test_a_folder_in_use_ends_with_1_and_says_what_to_do(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert run("50", "--out", str(tmp_path)) == FAILED
    assert "not empty" in capsys.readouterr().err
