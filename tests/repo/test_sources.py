"""What holds for every file of the repository: sizes, names, captions, and that the documents point at what exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("registry", "embassy_gateway", "municipality_sync", "migrations")
LONGEST_MODULE = 400
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
"""Names that say nothing of what lies inside."""


MADE = {"__pycache__", "node_modules"}


def files():
    """Every file that is or may be committed: hidden folders, caches and what the demo makes are not."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in {".ci", ".gitignore"} for part in parts)
        made = parts[0] in {"var", "dist"} or any(part in MADE or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden and not made:
            yield path


def name(path):
    return str(path.relative_to(ROOT))


FILES = tuple(files())
MODULES = tuple(path for path in FILES if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES)
READMES = tuple(ROOT.glob("README*.md"))
DOCUMENTS = (*READMES, *sorted((ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_enough_to_read_at_once(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_or_folder_is_a_drawer_for_odds_and_ends(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    assert DRAWERS.isdisjoint(parts)


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name)
def test_a_package_opens_with_a_caption_and_no_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


def test_every_folder_of_modules_is_a_package_with_a_caption():
    folders = {path.parent for path in MODULES}
    without = {name(folder) for folder in folders if not (folder / "__init__.py").exists()}
    assert without == {"migrations/versions"}  # alembic loads revisions by path


# ---------------------------------------------------------------- nothing of the place where it was written

# Put together from parts, so that this file does not hold what it looks for.
FOREIGN = {
    "a home folder": "/" + r"(?:home|Users)/[a-z]",
    "the home of root": "/" + "root/",
    "a working folder": "/" + r"(?:work|workspace|builds)/",
    "a virtual environment elsewhere": "/" + r"[^\s\"'`]*/site-packages/",
    "an index of packages": r"https?://[^\s\"'`)]*/" + "simple" + r"\b",
    "the index of PyPI": "pypi" + r"\.(?:org|python\.org)",
    "the files of PyPI": "python" + "hosted",
    "a mirror of Debian": r"(?:deb|security|ftp)[a-z.]*\." + "debian" + r"\.org",
    "the registry of npm": "registry" + r"\." + "npmjs",
    "an address inside a network": r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}\b",
}


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("pattern", FOREIGN.values(), ids=FOREIGN)
def test_no_text_names_a_place_on_a_machine_or_a_source_of_packages(pattern):
    found = [name(path) for path in FILES if re.search(pattern, text_of(path))]
    assert found == []


# ---------------------------------------------------------------- the documents point at what exists


def targets_of_the_makefile():
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_make_command_in_a_document_is_a_target(path):
    commands = set(re.findall(r"\bmake ([a-z][a-z-]+)", "\n".join(code_in(path))))
    assert commands - targets_of_the_makefile() == set()


@pytest.mark.parametrize("path", READMES, ids=name)
def test_a_readme_gives_the_two_commands(path):
    commands = set(re.findall(r"\bmake ([a-z][a-z-]+)", "\n".join(code_in(path))))
    assert {"demo", "test"} <= commands


def code_in(path):
    """The code of a document: fenced blocks and what stands in backticks."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", rest)]


LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_of_a_document_leads_to_a_file(path):
    links = [first or second for first, second in LINK.findall(path.read_text(encoding="utf-8"))]
    own = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in own if link and not (path.parent / link).exists()] == []


PATH_IN_CODE = re.compile(rf"(?:{'|'.join((*PACKAGES, 'tests', 'docs'))})/[\w./-]+")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_path_that_a_document_names_exists(path):
    named = {code for code in code_in(path) if PATH_IN_CODE.fullmatch(code)}
    assert sorted(one for one in named if not (ROOT / one).exists()) == []
