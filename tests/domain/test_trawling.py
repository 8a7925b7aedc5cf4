"""Who searches is found, whoever knows is not: tables at the limits, honest days at random, sequences in any order."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.disclosure import BodyKind, Condition, Grant, SearchKey
from registry.domain.errors import NotPermitted
from registry.domain.numbers import individual_number_check_digit
from registry.domain.trawling import (
    ALLOWANCES,
    AMBIGUOUS_AT_LEAST,
    FEW,
    LEAST,
    NARROWING,
    REFUSED_AT_LEAST,
    REMEMBERED,
    SHARE_AMBIGUOUS,
    SHARE_MISSED,
    Allowance,
    Nearness,
    Suspicion,
    Tally,
    Verdict,
    allowance_of,
    check_how_many,
    counted,
    judge,
    narrowed,
    suspicions,
)

NUMBER, CODE, OWN, NAME = (
    SearchKey.INDIVIDUAL_NUMBER,
    SearchKey.RESIDENT_RECORD_CODE,
    SearchKey.ADDRESSEE_NUMBER,
    SearchKey.NAME_AND_BIRTH_DATE,
)
ALLOWED = Allowance(a_day=10_000, missed_by_number=2_000, missed_by_name=300)
WITHIN = 2 * FEW - 1
"""Inquiries within which who counts up is found."""


def number(base):
    digits = f"{base:011}"
    return f"{digits}{individual_number_check_digit(digits)}"


def by_number(asked, missed, **fields):
    return Tally(asked=asked, by_number=asked, missed_by_number=missed, **fields)


def by_name(asked, missed=0, **fields):
    return Tally(asked=asked, by_name=asked, missed_by_name=missed, **fields)


DAYS = {
    "nobody asked": (Tally(), 0, set()),
    "all found": (by_number(9_999, 0), 1, set()),
    "half of a long list is not abroad": (by_number(9_999, 5_000), 2, set()),
    "all of a short list is not abroad": (by_number(1_999, 1_999), 1, set()),
    "nine in ten of a long list are nobody": (by_number(2_222, 2_000), 1, {"misses"}),
    "not quite nine in ten": (by_number(2_223, 2_000), 1, set()),
    "names that nobody has": (by_name(300, 300), 0, {"misses"}),
    "one name fewer": (by_name(299, 299), 0, set()),
    "own numbers that nobody has": (Tally(asked=9_999), 0, set()),
    "names that many share": (by_name(500, ambiguous=50), 0, {"ambiguous"}),
    "one that many share fewer": (by_name(500, ambiguous=49), 0, set()),
    "as many, among more names": (by_name(501, ambiguous=50), 0, set()),
    "numbers as near as can be": (by_number(9, 0), 9, set()),
    "one nearer": (by_number(10, 0), 10, {"sequence"}),
    "a batch set up wrong": (Tally(asked=1_111, refused=1_000), 0, {"refusals"}),
    "refused now and then": (Tally(asked=1_112, refused=1_000), 0, set()),
    "a day's work": (by_number(10_000, 0), 0, {"volume"}),
    "everything at once": (
        by_name(10_000, 10_000, ambiguous=1_000, refused=9_000),
        10,
        {"misses", "ambiguous", "sequence", "refusals", "volume"},
    ),
}


@pytest.mark.parametrize(("tally", "nearest", "found"), DAYS.values(), ids=DAYS)
def test_a_day_of_inquiries_looks_like(tally, nearest, found):
    assert suspicions(tally, nearest, ALLOWED) == found


VERDICTS = {
    (): Verdict.FREE,
    ("refusals",): Verdict.LIMITED,
    ("volume",): Verdict.LIMITED,
    ("misses",): Verdict.NARROWED,
    ("sequence",): Verdict.NARROWED,
    ("ambiguous",): Verdict.NARROWED,
    ("misses", "volume"): Verdict.NARROWED,
}


@pytest.mark.parametrize(("found", "verdict"), VERDICTS.items(), ids=[" and ".join(one) or "none" for one in VERDICTS])
def test_a_suspicion_that_could_yield_people_narrows_and_any_other_limits(found, verdict):
    assert judge(frozenset(map(Suspicion, found))) is verdict


def test_a_kind_of_body_without_figures_of_its_own_is_allowed_least():
    assert allowance_of("pawnshop") is LEAST
    assert all(LEAST.a_day <= one.a_day for one in ALLOWANCES.values())


# ---------------------------------------------------------------------------------------------- what is counted

COUNTED = {
    "found by number": ((NUMBER, {}), Tally(asked=1, by_number=1)),
    "missed by number": ((NUMBER, {"missed": True}), Tally(asked=1, by_number=1, missed_by_number=1)),
    "missed by code": ((CODE, {"missed": True}), Tally(asked=1, by_number=1, missed_by_number=1)),
    "missed by its own number": ((OWN, {"missed": True}), Tally(asked=1)),
    "missed by name": ((NAME, {"missed": True}), Tally(asked=1, by_name=1, missed_by_name=1)),
    "several of a name": ((NAME, {"ambiguous": True}), Tally(asked=1, by_name=1, ambiguous=1)),
    "refused": ((NAME, {"refused": True}), Tally(asked=1, by_name=1, refused=1)),
}


@pytest.mark.parametrize(("given_", "tally"), COUNTED.values(), ids=COUNTED)
def test_an_inquiry_counts_as(given_, tally):
    search, fields = given_
    assert counted(search, **fields) == tally
    assert counted(search, **fields) + tally == counted(search, 2, **fields)


@given(
    kind=st.sampled_from(BodyKind),
    seed=st.integers(0, 2**32),
    asked=st.integers(0, 1_000),
    share_missed=st.floats(0, SHARE_MISSED - 0.05),
    share_ambiguous=st.floats(0, SHARE_AMBIGUOUS / 3),
    share_by_name=st.floats(0, 1),
)
def test_no_honest_day_narrows_anybody(kind, seed, asked, share_missed, share_ambiguous, share_by_name):
    """Real people's numbers, as many unknown as a young registry may have, and namesakes more than there are."""
    chance, nearness, day, found = Random(seed), Nearness(b"key"), Tally(), frozenset()  # noqa: S311 - no secret
    for _ in range(asked):
        search = NAME if chance.random() < share_by_name else NUMBER
        missed = chance.random() < share_missed
        ambiguous = search is NAME and not missed and chance.random() < share_ambiguous
        day += counted(search, missed=missed, ambiguous=ambiguous)
        nearest = nearness.add(number(chance.randrange(10**11))) if search is NUMBER else 0
        found |= suspicions(day, nearest, allowance_of(kind))
    assert judge(found) is Verdict.FREE


@pytest.mark.parametrize("kind", BodyKind)
@given(
    share_hit=st.floats(0, 1 - SHARE_MISSED - 0.01),
    search=st.sampled_from([NUMBER, NAME]),
    chance=st.randoms(use_true_random=True),
)
def test_who_guesses_is_narrowed_within_the_misses_allowed(kind, share_hit, search, chance):
    allowed = allowance_of(kind)
    most = allowed.missed_by_number if search is NUMBER else allowed.missed_by_name
    hits = int(most * share_hit / (1 - share_hit))
    day = Tally()
    for missed in chance.sample([True] * most + [False] * hits, most + hits):
        day += counted(search, missed=missed)
    assert judge(suspicions(day, 0, allowed)) is Verdict.NARROWED


@given(share=st.floats(SHARE_AMBIGUOUS, 1))
def test_who_tries_common_names_is_narrowed_within_the_first_hundreds(share):
    asked = int(AMBIGUOUS_AT_LEAST / share)
    assert suspicions(by_name(asked, ambiguous=AMBIGUOUS_AT_LEAST), 0, LEAST) & NARROWING


def test_refusals_alone_never_narrow():
    assert judge(suspicions(Tally(asked=10**6, refused=10**6), 0, LEAST)) is Verdict.LIMITED
    assert judge(suspicions(Tally(asked=REFUSED_AT_LEAST - 1, refused=REFUSED_AT_LEAST - 1), 0, LEAST)) is Verdict.FREE


# -------------------------------------------------------------------------------------------- how near numbers lie


@given(
    start=st.integers(0, 10**11 - 10**5),
    step=st.integers(1, 500),
    between=st.integers(0, REMEMBERED // WITHIN - 2),
    chance=st.randoms(use_true_random=True),
)
def test_who_counts_up_is_found_within_19_numbers_in_whatever_order_and_among_others(start, step, between, chance):
    sequence = [start + step * place for place in range(WITHIN)]
    chance.shuffle(sequence)
    nearness, nearest = Nearness(b"key"), 0
    for base in sequence:
        for _ in range(between):
            nearness.add(number(chance.randrange(10**11)))
        nearest = max(nearest, nearness.add(number(base)))
    assert nearest >= FEW


def test_the_same_number_again_and_again_is_no_sequence():
    nearness = Nearness(b"key")
    assert {nearness.add(number(12_345)) for _ in range(100)} == {1}


def test_a_code_has_neighbours_as_well():
    nearness = Nearness(b"key")
    assert [nearness.add(f"247270{place:04}8") for place in range(0, 10_000, 1_000)] == list(range(1, 11))


def test_numbers_long_ago_are_forgotten():
    nearness, chance = Nearness(b"key"), Random(1)  # noqa: S311 - no secret
    for base in range(FEW - 1):
        nearness.add(number(base))
    for _ in range(REMEMBERED):
        nearness.add(number(chance.randrange(10**9, 10**11)))
    assert nearness.add(number(FEW)) == 1


def test_no_number_is_in_memory_and_another_key_remembers_otherwise():
    asked = [number(base) for base in range(10**10, 10**10 + 5)]
    one, other = Nearness(b"one"), Nearness(b"other")
    for digits in asked:
        assert one.add(digits) == other.add(digits)
    held, held_by_other = (set(vars(nearness)["_sorted"]) for nearness in (one, other))
    assert held & held_by_other == set()
    assert not any(digits[:7] in str(mark) for digits in asked for mark in held)


# --------------------------------------------------------------------------------------------- what is left to ask


def granted(*searches):
    return Grant(
        body_kind=BodyKind.PENSION_OFFICE,
        affair="pension-benefit",
        label="",
        bases=("番号法19条8号",),
        items=frozenset(),
        searches=frozenset(searches),
        condition=Condition.ANYONE,
        valid_from=date(2016, 1, 1),
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_only_who_is_free_asks_about_many_at_once(verdict):
    check_how_many(verdict, 1)
    if verdict is Verdict.FREE:
        check_how_many(verdict, 1_000)
    else:
        with pytest.raises(NotPermitted, match="not-allowed-here at /people"):
            check_how_many(verdict, 2)


@pytest.mark.parametrize(
    ("searches", "left"),
    [
        ((NUMBER, NAME), {NUMBER}),
        ((OWN, NAME, SearchKey.PSEUDONYM), {OWN, SearchKey.PSEUDONYM}),
        ((NUMBER, CODE, OWN), {NUMBER, CODE, OWN}),
        ((NAME, SearchKey.PSEUDONYM), {NAME, SearchKey.PSEUDONYM}),
    ],
    ids=["not by name", "by whom it knows already", "all the strong ones", "by name where no number is granted"],
)
def test_a_narrowed_caller_searches_by_its_strongest_keys(searches, left):
    assert narrowed(granted(*searches)).searches == left
