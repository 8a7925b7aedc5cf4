"""docs/glossary.md against the code, both ways: nothing in the domain without a word, no word without its thing."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import NamedTuple

import pytest

import registry.domain
from registry.domain.movement import RULES, MovementKind
from registry.domain.resident import Status

ROOT = Path(__file__).parents[2]
COLUMNS = 4


class Row(NamedTuple):
    japanese: str
    names: tuple[str, ...]
    file: str
    article: str


def backticked(cell):
    return tuple(cell.split("`")[1::2])


def rows():
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and "`" in line:
            assert len(cells) == COLUMNS, line
            yield Row(cells[0], backticked(cells[1]), *backticked(cells[2]), cells[3])


ROWS = tuple(rows())
DOMAIN = tuple(
    importlib.import_module(f"registry.domain.{found.name}") for found in pkgutil.iter_modules(registry.domain.__path__)
)


def file_of(module):
    return module.__name__.replace(".", "/") + ".py"


def public_classes(module):
    """The classes that a module defines under their own names; an alias is no second class."""
    return {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and value.__name__ == name
        and not name.startswith("_")
    }


def words_of(file):
    return {name for row in ROWS if row.file == file for name in row.names}


@pytest.mark.parametrize("module", DOMAIN, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_module_of_the_domain_and_each_of_its_public_classes_has_a_word(module):
    words = words_of(file_of(module))
    assert words, "no row names this module"
    assert sorted(public_classes(module) - words) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ", ".join(row.names))
def test_every_word_names_what_exists(row):
    assert row.japanese
    assert row.names
    assert row.article
    module = importlib.import_module(row.file.removesuffix(".py").replace("/", "."))
    for name in row.names:
        thing = module
        for part in name.split("."):
            thing = getattr(thing, part)


@pytest.mark.parametrize("kind", MovementKind)
def test_every_kind_of_movement_stands_with_the_label_and_article_of_its_rule(kind):
    stated = [(row.japanese, row.article) for row in ROWS if f"MovementKind.{kind.name}" in row.names]
    assert stated == [(RULES[kind].label, RULES[kind].article)]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_word(status):
    assert [row for row in ROWS if f"Status.{status.name}" in row.names]
