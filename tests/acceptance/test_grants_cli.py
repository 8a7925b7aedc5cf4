"""``registry grants`` as two officials type it."""

import json

import pytest

from registry.cli import app
from registry.contract.keys import SigningKey
from registry.vault.keys import FileKeyProvider
from tests.house import SCHOOLS, a_log_key

SATO, SUZUKI = ("--by", "sato", "--unit", "education"), ("--by", "suzuki", "--unit", "audit")
ROW = {
    "body": SCHOOLS,
    "affair": "ordinance-school-expenses",
    "ordinance": "千代田区個人番号の利用に関する条例4条",
    "area": "social-security",
    "label": "就学援助",
    "label_en": "School expenses",
    "items": ["name", "birth_date"],
    "searches": ["name-and-birth-date"],
    "valid_from": "2024-04-01",
}


@pytest.fixture
def typed(database, tmp_path, monkeypatch, capfd):
    """Types a command; returns what it printed on either side."""
    FileKeyProvider.create(tmp_path / "keys.json")
    (tmp_path / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
    settings = {"DSN": database, "KEYS": tmp_path / "keys.json", "SIGNING_KEY": tmp_path / "registry.pem"}
    settings["LOG_KEY"] = a_log_key(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(f"REGISTRY_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*command, code=None):
        capfd.readouterr()
        ended = None
        try:
            app([*command], exit_on_error=False, result_action="return_value")
        except SystemExit as exit_:
            ended = exit_.code
        printed = capfd.readouterr()
        assert ended == code, printed.err
        return printed

    return run


@pytest.fixture
def told(typed):
    """Types a command of `registry grants` with --json and returns what it says."""
    return lambda *command, code=None: json.loads(typed("grants", *command, "--json", code=code).out)


@pytest.fixture
def proposed(told, tmp_path):
    """Proposes a row as 佐藤 does and returns what is said."""

    def propose(*, code=None, **changes):
        file = tmp_path / "row.json"
        file.write_text(json.dumps(ROW | changes), encoding="utf-8")
        return told("propose", str(file), *SATO, code=code)

    return propose


def test_a_row_is_proposed_approved_listed_and_ended(told, proposed):
    proposal = proposed()["proposal"]
    (waiting,) = told("list", "--body", SCHOOLS)["proposals"]
    assert (waiting["proposal_id"], waiting["proposer"]) == (proposal, {"account": "sato", "unit": "education"})
    assert told("approve", proposal, *SUZUKI) == {"approved": proposal, "grant": proposal}
    (row,) = told("list", "--body", SCHOOLS)["grants"]
    assert (row["affair"], sorted(row["items"]), row["condition"]) == (
        "ordinance-school-expenses",
        ["birth_date", "name"],
        "former-resident",
    )
    end = told("end", proposal, *SATO)["proposal"]
    (waiting,) = told("list")["proposals"]
    assert (waiting["ends"], waiting["grant"]) == (proposal, None)
    assert told("approve", end, *SUZUKI) == {"approved": end, "grant": proposal}
    assert told("list", "--body", SCHOOLS) == {"grants": [], "proposals": []}


def test_everything_beyond_the_law_is_told_at_once(proposed):
    said = proposed(body="pension-office", affair="residents-tax", mode="write", code=1)
    assert {fault["pointer"] for fault in said["faults"]} == {"/body", "/affair", "/mode"}


def test_everything_that_is_no_row_is_told_at_once(proposed):
    said = proposed(area="elections", items=["everything"], condition="anyone", code=1)
    assert {fault["pointer"] for fault in said["faults"]} == {"/area", "/items/0", "/condition"}


def test_who_proposed_cannot_approve_and_is_told_so_in_both_languages(typed, told, proposed):
    proposal = proposed()["proposal"]
    said = typed("grants", "approve", proposal, "--by", "sato", "--unit", "audit", code=1).err
    assert "account: " in said
    assert "この組合せは認められません" in said
    assert told("list", "--body", SCHOOLS)["grants"] == []


def test_the_table_is_shown_with_what_waits(typed, proposed):
    proposal = proposed()["proposal"]
    shown = typed("grants", "list")
    assert "pension-benefit" in shown.out
    everything = (proposal, SCHOOLS, ROW["affair"], ROW["ordinance"], "read birth_date, name", *ROW["searches"])
    assert all(word in shown.err for word in (*everything, "from 2024-04-01", "proposed by sato (education)"))


def test_a_key_is_registered_only_under_a_code_of_its_kind(typed, tmp_path):
    pem = tmp_path / "key.pub.pem"
    pem.write_bytes(SigningKey.generate("k").verifying.to_pem())
    command = ("callers", "register", "k", str(pem), "--body", "131016", "--kind")
    assert "a code of the form 131016-board-of-education" in typed(*command, "board-of-education", code=1).err
    assert "k now speaks for 131016." in typed(*command, "municipality").err
