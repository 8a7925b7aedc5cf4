"""The fuzzer's targets hold for what it begins with, and what breaks one of them is heard of."""

import pytest

from tests.fuzzing import targets
from tests.fuzzing.__main__ import NAMES, within_limits
from tests.fuzzing.seeds import dictionary, seeds

SEEDS = seeds()


def test_every_target_has_seeds_and_words():
    assert set(NAMES) == set(targets.TARGETS) == set(SEEDS)
    assert all(dictionary(name).count("\n") > 3 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_for_its_seeds_and_for_what_is_left_of_them(name):
    target = within_limits(targets.TARGETS[name])
    for seed in SEEDS[name]:
        for data in (seed, seed[: len(seed) // 2], seed[1:], seed + b"\x00", b""):
            target(data)


@pytest.mark.parametrize("name", ["extract", "messages"])
def test_seeds_reach_what_lies_behind_the_refusals(name, monkeypatch):
    accepted = []
    monkeypatch.setattr(targets, "check_same_again", accepted.append)
    for seed in SEEDS[name]:
        targets.TARGETS[name](seed)
    assert len(accepted) > len(SEEDS[name]) / 2


def test_a_target_that_takes_too_long_is_heard_of(monkeypatch):
    monkeypatch.setattr("tests.fuzzing.__main__.MOST_CPU_SECONDS", 0.0)
    with pytest.raises(TimeoutError, match="3 bytes"):
        within_limits(targets.values)(b"S60")


def test_a_reader_that_raises_what_it_does_not_document_is_heard_of(monkeypatch):
    monkeypatch.setattr(targets, "read_any_date", int)
    with pytest.raises(ValueError, match="invalid literal"):
        targets.values(b"S60")
