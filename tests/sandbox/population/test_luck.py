from collections import Counter

import pytest

from registry.sandbox.population.luck import Chances, Dice, Luck, Urn

MANY = 20_000


def test_the_same_key_and_purpose_give_the_same_numbers():
    one, same = Luck(7, b"x"), Luck(7, b"x")
    assert [one.share() for _ in range(30)] == [same.share() for _ in range(30)]


@pytest.mark.parametrize(("key", "purpose"), [(8, b"x"), (7, b"y")], ids=["another key", "another purpose"])
def test_another_key_or_purpose_gives_other_numbers(key, purpose):
    assert Luck(7, b"x").share() != Luck(key, purpose).share()


def test_shares_lie_from_zero_up_to_but_without_one_and_are_spread_evenly():
    luck = Luck(1, b"shares")
    shares = [luck.share() for _ in range(MANY)]
    assert min(shares) >= 0
    assert max(shares) < 1
    assert sum(shares) / MANY == pytest.approx(0.5, abs=0.01)


def test_what_has_a_rate_happens_that_often_and_independently_of_the_rest():
    chances = Chances([(0.1, "a"), (0.5, "b"), (0.02, "c")])
    drawn = [tuple(chances.drawn(Luck(key, b"test"))) for key in range(MANY)]
    seen = Counter(thing for things in drawn for thing in things)
    assert {thing: count / MANY for thing, count in seen.items()} == pytest.approx(
        {"a": 0.1, "b": 0.5, "c": 0.02}, abs=0.012
    )
    both = sum({"a", "b"} <= set(things) for things in drawn)
    assert both / MANY == pytest.approx(0.05, abs=0.008)


def test_rate_zero_never_happens_and_rate_one_always_does_in_the_order_given():
    chances = Chances([(1, "first"), (0, "never"), (0.5, "sometimes"), (1, "last")])
    drawn = {tuple(chances.drawn(Luck(key, b"test"))) for key in range(200)}
    assert drawn == {("first", "last"), ("first", "sometimes", "last")}


def test_nothing_rated_is_nothing_drawn():
    assert Chances([]).drawn(Luck(1, b"test")) == []


def test_an_urn_holds_things_by_their_weight_and_each_at_least_once():
    urn = Urn([("often", 99.0), ("seldom", 1.0), ("never", 0.0), ("hardly", 1e-9)], size=1000)
    counts = Counter(urn.slots)
    assert counts == {"often": 990, "seldom": 10, "hardly": 1}
    assert (urn.at(0.0), urn.at(0.999999)) == ("often", "hardly")


def test_an_urn_of_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing"):
        Urn([("never", 0.0)])


def test_dice_of_one_seed_fall_alike():
    assert [Dice("1/0").below(100) for _ in range(3)] == [Dice("1/0").below(100)] * 3
    assert Dice("1/0").key() != Dice("1/250").key()
