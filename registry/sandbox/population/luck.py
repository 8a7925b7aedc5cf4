"""Chance that depends on nothing but its key: the same numbers in whatever order, slice or process they are asked for.

A person's troubles are drawn from the person's own key, so a 除票 can be made without the people before it. Seeding a
generator for every person would cost more than all that is then drawn, so the numbers are those of a hash (blake2b,
eight at a time), and things that seldom happen are drawn together: one number says which of them is the first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import blake2b
from itertools import accumulate
from math import log1p
from random import Random
from struct import Struct
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_EIGHT: Final = Struct("<8Q")
_KEY: Final = Struct("<QQ")
_UNIT: Final = 2.0**-53
_SPARE_BITS: Final = 11
"""Of 64 bits a share takes 53: what fits a float exactly, so that none is ever rounded up to 1."""


class Luck:
    """The chances of one person for one purpose. ``key`` has 64 bits; each ``purpose`` gives other numbers."""

    __slots__ = ("_key", "_left", "_purpose", "_round")

    def __init__(self, key: int, purpose: bytes) -> None:
        self._key = key
        self._purpose = purpose
        self._round = 0
        self._left: list[int] = []

    def share(self) -> float:
        """Return a number from 0 up to, but without, 1."""
        left = self._left
        if not left:
            digest = blake2b(_KEY.pack(self._key, self._round), key=self._purpose).digest()
            left.extend(_EIGHT.unpack(digest))
            self._round += 1
        return (left.pop() >> _SPARE_BITS) * _UNIT

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to, but without, ``limit``."""
        return int(self.share() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of several things, all equally likely."""
        return choices[int(self.share() * len(choices))]

    def falls(self, rate: float) -> bool:
        """Say whether something of that rate happens: never at 0, always at 1."""
        return self.share() < rate


class Dice:
    """The chances of a whole block of people, from one seeded generator: fast, but only in the order of the block."""

    __slots__ = ("key", "share")

    def __init__(self, seed: str) -> None:
        generator = Random(seed)  # noqa: S311 - invented people; nothing secret depends on it
        self.share = generator.random
        self.key = partial(generator.getrandbits, 64)

    def falls(self, rate: float) -> bool:
        """Say whether something of that rate happens: never at 0, always at 1."""
        return self.share() < rate

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to, but without, ``limit``."""
        return int(self.share() * limit)

    def between(self, first: int, last: int) -> int:
        """Return a whole number from ``first`` to ``last``, both included."""
        return first + int(self.share() * (last - first + 1))


class Chances(Generic[T]):
    """Several things, each of which happens or not with a rate of its own, independent of the others.

    Things of rate 0 never come, things of rate 1 always do. ``drawn`` keeps the order in which they were given.
    """

    __slots__ = ("_always", "_hazards", "_last", "_places", "_things")

    def __init__(self, rated: Iterable[tuple[float, T]]) -> None:
        given = tuple(rated)
        self._things = tuple(thing for _, thing in given)
        self._always = [place for place, (rate, _) in enumerate(given) if rate >= 1]
        self._places = [place for place, (rate, _) in enumerate(given) if 0 < rate < 1]
        # Over the hazards −log(1 − rate), laid end to end, what happens is a Poisson process: the next thing is the
        # one under the point that lies an exponential step further, and each thing is asked once.
        self._hazards = list(accumulate(-log1p(-given[place][0]) for place in self._places))
        self._last = self._hazards[-1] if self._hazards else 0.0

    def drawn(self, luck: Luck) -> list[T]:
        """Return what happens this time."""
        hazards, found, reached = self._hazards, [*self._always], 0.0
        while (reached := reached - log1p(-luck.share())) < self._last:
            place = bisect_right(hazards, reached)
            found.append(self._places[place])
            reached = hazards[place]
        if self._always:
            found.sort()
        return [self._things[place] for place in found]


class Urn(Generic[T]):
    """Things of different weight, drawn at once: many slots, each thing in as many as its weight asks for.

    Weights are met to one slot in ``size``; everything with a weight above 0 has one slot at least.
    """

    __slots__ = ("slots",)

    def __init__(self, weighted: Iterable[tuple[T, float]], size: int = 1 << 14) -> None:
        given = tuple((thing, weight) for thing, weight in weighted if weight > 0)
        if not given:
            raise ValueError("an urn with nothing in it")
        total = sum(weight for _, weight in given)
        self.slots = tuple(thing for thing, weight in given for _ in range(max(1, round(size * weight / total))))

    def at(self, share: float) -> T:
        """Return the thing at a share (0 up to, but without, 1) of the way through the urn."""
        return self.slots[int(share * len(self.slots))]
