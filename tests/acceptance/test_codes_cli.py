"""``registry codes`` as an operator types it, with a real database, and a running registry that follows.

What ends, asks or runs along is a process of its own; other commands run here, where each saves two seconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.cli import app
from registry.code_tables.files import package_text
from registry.code_tables.shapes import TableName, read_rows
from registry.contract.keys import SigningKey
from registry.sandbox.programs import free_port
from registry.vault.keys import FileKeyProvider
from tests.acceptance.test_codes_import import STATE_MOVES
from tests.house import a_log_key

REGISTRY = Path(sys.executable).with_name("registry")
DAY = "2024-12-01"
AREAS = ("--table", "areas", "--from", DAY)


class Desk:
    """Where an operator sits: commands by name, with what they print and how they end."""

    def __init__(self, database, folder, monkeypatch, capfd):
        self.folder = folder
        self.capfd = capfd
        FileKeyProvider.create(folder / "keys.json")
        (folder / "registry.pem").write_bytes(SigningKey.generate("registry").to_pem())
        settings = {
            "REGISTRY_DSN": database,
            "REGISTRY_KEYS": str(folder / "keys.json"),
            "REGISTRY_SIGNING_KEY": str(folder / "registry.pem"),
            "REGISTRY_LOG_KEY": str(a_log_key(folder)),
            "REGISTRY_PORT": str(free_port()),
            "COLUMNS": "200",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    def __call__(self, *command, typed="", code=0):
        ended = subprocess.run(  # noqa: S603 - our own program with arguments of these tests
            [REGISTRY, "codes", *command],
            env=os.environ,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == code, ended.stderr
        return ended

    def here(self, *command, code=0):
        """Run a command in this process; return what it printed on either side."""
        self.capfd.readouterr()
        try:
            app(["codes", *map(str, command)], exit_on_error=False, result_action="return_value")
            ended = 0
        except SystemExit as exit_:
            ended = exit_.code
        printed = self.capfd.readouterr()
        assert ended == code, printed.err
        return printed

    def json(self, *command, code=0):
        return json.loads(self.here(*command, "--json", code=code).out)

    def file(self, content, name="areas.csv"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@pytest.fixture
def desk(database, tmp_path, monkeypatch, capfd):
    return Desk(database, tmp_path, monkeypatch, capfd)


def test_an_import_shows_what_is_different_asks_and_puts_it_in_once(desk):
    file = desk.file(STATE_MOVES)
    looked_at = desk("import", file, *AREAS, typed="n\n", code=1).stderr
    assert "US New York" in looked_at
    assert "JP-CG-NEW-YORK" in looked_at
    assert "管轄替え moved 1" in looked_at
    assert "nothing was changed" in looked_at
    assert f"applies from {DAY}" in desk("import", file, *AREAS, typed="y\n").stderr
    assert "nothing to do" in desk.here("import", file, *AREAS).err
    assert len(desk.json("list")) == len(TableName) + 1


def test_for_machines_everything_is_one_object_and_nothing_is_put_in_without_a_yes(desk):
    file = desk.file(STATE_MOVES)
    looked_at = desk.json("import", file, *AREAS)
    assert (looked_at["version"], looked_at["people"]) == (None, None)
    assert looked_at["counts"] == {"moved": 1, "renamed": 0, "ended": 0, "added": 0, "mended": 0}
    assert looked_at["changes"] == [
        {"kind": "moved", "what": "US New York", "before": "JP-CG-NEW-YORK", "after": "JP-CG-BOSTON", "day": DAY}
    ]
    put_in = desk.json("import", file, *AREAS, "--yes")
    assert put_in["people"] == {"moved": 0, "uncertain": 0, "stays": 0}
    (newest,) = [one for one in desk.json("list") if one["version_id"] == put_in["version"]]
    assert (newest["table"], newest["applies_from"]) == ("areas", DAY)
    assert newest["source"].startswith("areas.csv, SHA-256 ")


def test_a_faulty_file_is_refused_with_every_line_in_both_languages(desk):
    areas = package_text(TableName.AREAS)
    last = areas.count("\n")
    file = desk.file(f"{areas}JP-CG-NOWHERE,US,Atlantis,,,\nJP-CG-BOSTON,US,Atlantis,,2025/4/1,\n")
    said = desk.here("import", file, *AREAS, "--yes", code=1).err
    for part in (
        f"line {last + 1} column mission",
        f"line {last + 2} column valid_from",
        "Expected: ",
        "2 faults",
        "日付",
    ):
        assert part in said
    faults = desk.json("import", file, *AREAS, "--yes", code=1)["faults"]
    assert [(one["line"], one["column"], one["code"]) for one in faults] == [
        (last + 1, "mission", "mission-unknown"),
        (last + 2, "valid_from", "date-unreadable"),
    ]


def test_a_name_in_a_file_is_shown_as_it_is_and_never_as_a_command_to_the_screen(desk):
    names = package_text(TableName.MISSION_NAMES).replace("在フランス日本国大使館", "[/red][link=x]在仏")
    command = ("import", desk.file(names, "names.csv"), "--table", "mission-names", "--from", DAY)
    assert "[/red][link=x]在仏" in desk.here(*command, "--json").out
    assert "[/red][link=x]在仏" in desk(*command, code=1).stderr


COMMANDS = {
    "a table that is none": ("import", "x.csv", "--table", "planets", "--from", DAY),
    "a file that is not there": ("import", "x.csv", *AREAS),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_makes_no_sense_ends_with_2(desk, command):
    desk(*command, code=2)


def test_show_prints_the_rows_of_a_day_as_a_file_that_can_be_imported(desk):
    assert f"applies from {DAY}" in desk.here("import", desk.file(STATE_MOVES), *AREAS, "--yes").err
    shown = desk.here("show", "--table", "areas", "--on", DAY).out
    assert "JP-CG-BOSTON,US,New York,,2024-12-01," in shown
    assert "JP-CG-NEW-YORK,US,New York," not in shown
    assert "JP-CG-NEW-YORK,US,New York," in desk.here("show", "--table", "areas", "--on", "2024-11-30").out
    assert "nothing to do" in desk.here("import", desk.file(shown), *AREAS).err


def test_show_says_which_tables_are_in_force_with_their_state_and_rows(desk):
    tables = {one["table"]: one for one in desk.json("show", "--on", "2024-04-01")}
    assert tables.keys() == set(TableName)
    assert tables["municipalities"]["count"] == 47 + 1741 + 171
    assert "December 2013" in tables["missions"]["source"]
    (countries,) = desk.json("show", "--table", "countries")
    assert countries["count"] == len(countries["rows"]) == len(read_rows(package_text(TableName.COUNTRIES)))


def test_reassign_has_nothing_to_do_where_no_area_moved(desk):
    assert desk.json("reassign") == {"people": {"moved": 0, "uncertain": 0, "stays": 0}}


def test_a_running_registry_takes_the_new_table_over_without_being_started_again(desk):
    with subprocess.Popen(  # noqa: S603 - our own program
        [REGISTRY, "serve"], env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as serving:
        try:
            heard = iter(serving.stdout)
            assert "serving" in next(line for line in heard if '"serving"' in line)
            desk.here("import", desk.file(STATE_MOVES), *AREAS, "--yes")
            assert next(line for line in heard if "taken over" in line)
        finally:
            serving.terminate()
