"""Every command of all three programs, in both languages, against docs/command-line.md; and how bash completes them."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from registry.command_line import told
from registry.doctor.finding import Code

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
PROGRAMS = {
    "registry": "registry.cli",
    "embassy-gateway": "embassy_gateway.cli",
    "municipality-sync": "municipality_sync.cli",
}
LANGUAGES = {"en": "C.UTF-8", "ja": "ja_JP.UTF-8"}
HEAVY = {"litestar", "sqlalchemy", "asyncpg", "httpx", "uvicorn", "cryptography"}

WALK = """
import json, sys
from importlib import import_module
from io import StringIO
from rich.console import Console

def commands(app, path):
    for name in app:
        if not name.startswith("-"):
            yield (*path, name), app[name]
            yield from commands(app[name], (*path, name))

def told(root, path, app):
    paper = StringIO()
    root.help_print(path, console=Console(file=paper, width=200))
    is_command = app.default_command is not None
    arguments = app.assemble_argument_collection() if is_command else ()
    return {
        "help": paper.getvalue(),
        "is_command": is_command,
        "unexplained": [one.name for one in arguments if not one.parameter.help],
        "json": any("--json" in one.names for one in arguments),
    }

def walked(root):
    return {" ".join(path): told(root, path, app) for path, app in [((), root), *commands(root, ())]}

print(json.dumps({program: walked(import_module(program).app) for program in sys.argv[1:]}))
"""


def speaking(language):
    return os.environ | {"LC_ALL": LANGUAGES[language], "PYTHONUTF8": "1", "COLUMNS": "200"}


def run(*command, language="en"):
    """Run a command in a language and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own programs, and bash on what they print
        command, env=speaking(language), capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout


@pytest.fixture(
    scope="module", params=[(program, language) for program in PROGRAMS for language in LANGUAGES], ids="-".join
)
def walked(request):
    """A program, a language, and what every command of it says there."""
    program, language = request.param
    return program, language, said_in(language)[PROGRAMS[program]]


@cache
def said_in(language):
    return json.loads(run(sys.executable, "-c", WALK, *PROGRAMS.values(), language=language))


@cache
def completion(program, shell):
    return run(Path(sys.executable).with_name(program), "completion", shell)


def test_every_command_has_an_example_and_its_exit_codes_in_the_language_asked_for(walked):
    program, language, commands = walked
    example, exits = {"en": ("Example:", "Exit codes:"), "ja": ("例:", "終了コード:")}[language]
    for path, command in commands.items():
        _, colon, epilogue = command["help"].rpartition(exits)
        assert colon, path
        assert re.fullmatch(r"\n(  \d+  \S.*\n)+", epilogue), path
        if command["is_command"]:
            shown = command["help"].partition(f"\n{example}\n")[2].partition("\n\n")[0]
            assert f"{program} {path}" in shown, path


def test_the_help_is_in_the_language_asked_for(walked):
    _, language, commands = walked
    for path, command in commands.items():
        about = command["help"].split("\n\n")[1]
        assert (about[-1], "。" in about) == (("。", True) if language == "ja" else (".", False)), path


def test_every_argument_is_explained(walked):
    _, _, commands = walked
    assert {path: command["unexplained"] for path, command in commands.items() if command["unexplained"]} == {}


def documented():
    """The rows of the document: of each command whether it knows --json, and its exit codes."""
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\| (yes|–) \| ([\d, ]+) \|$", DOCUMENT, re.MULTILINE)
    return {command: (as_json == "yes", exits.split(", ")) for command, as_json, exits in rows}


def test_the_document_lists_every_command_with_its_exit_codes(walked):
    program, _, commands = walked
    said = {
        f"{program} {path}": (command["json"], re.findall(r"^  (\d+)  ", command["help"], re.MULTILINE))
        for path, command in commands.items()
        if command["is_command"]
    }
    assert {command: row for command, row in documented().items() if command.startswith(f"{program} ")} == said


def test_the_document_lists_every_finding_of_the_doctor():
    assert re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE) == [str(code) for code in Code]


@pytest.mark.parametrize("arguments", [[], ["doctor"], ["codes"]], ids=["registry", "doctor", "codes"])
def test_help_loads_no_framework_and_no_driver(arguments):
    loaded = (
        "import sys\nfrom registry.cli import app\napp(sys.argv[1:], result_action='return_value')\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", loaded, *arguments, "--help"], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(done.stderr.split()) == set()


# ------------------------------------------------------------------------------------------------- language

ENVIRONMENTS = {
    "nothing set": ({}, "yes"),
    "Japanese": ({"LANG": "ja_JP.UTF-8"}, "はい"),
    "another language": ({"LANG": "de_DE.UTF-8"}, "yes"),
    "messages before all else": ({"LANG": "C", "LC_MESSAGES": "ja_JP"}, "はい"),
    "LC_ALL before everything": ({"LC_ALL": "C", "LC_MESSAGES": "ja_JP", "LANG": "ja_JP"}, "yes"),
    "an empty one is not set": ({"LC_ALL": "", "LANG": "ja"}, "はい"),
}


@pytest.mark.parametrize(("environment", "answer"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_language_is_that_of_the_environment(environment, answer, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert told("yes", "はい") == answer


# ----------------------------------------------------------------------------------------------- completion

TYPED = {
    "a command": ("registry", "registry", "do", "doctor"),
    "a command of a group": ("registry", "registry codes", "im", "import"),
    "an option": ("registry", "registry codes show", "--ta", "--table"),
    "the value of an option": ("registry", "registry codes show --table", "miss", "missions"),
    "a command of the gateway": ("embassy-gateway", "embassy-gateway", "su", "submit"),
    "a command of the agent": ("municipality-sync", "municipality-sync", "che", "check"),
}


@pytest.mark.parametrize(("program", "before", "word", "completed"), TYPED.values(), ids=TYPED)
def test_bash_completes(program, before, word, completed, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(completion(program, "bash"), encoding="utf-8")
    run("bash", "-n", script)
    words = [*before.split(), word]
    function = re.search(r"complete -F (\S+)", script.read_text(encoding="utf-8")).group(1)
    typed = f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; {function}; "
    assert completed in run("bash", "-c", typed + 'printf "%s\\n" "${COMPREPLY[@]}"').split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_zsh_gets_a_script_too(program):
    assert f"#compdef {program}" in completion(program, "zsh")
