"""探索的照会 — who asks like somebody that searches, rather than like somebody that knows whom it asks about.

A body may be granted to ask and still misuse it: by a stolen key, a clerk for hire, a program gone wrong. What tells is
the pattern, never the single inquiry:

- many numbers or names that nobody here has (:attr:`Suspicion.MISSES`): a number guessed is that of a resident abroad
  once in 77,000 tries (1.3 million among 10^11), while a body asks by numbers out of its own files;
- numbers that lie close together (:attr:`Suspicion.SEQUENCE`): 個人番号 and 住民票コード are strewn at random over
  their whole range (番号法8条, 住基法施行規則1条), so no file of real people holds ten out of ten thousand neighbours;
- many answers AMBIGUOUS: two people of one name and one day of birth are rare, unless common names are tried out;
- many inquiries that no grant covers, or more in a day than the work of such a body ever needs.

The first three yield persons and **narrow** the caller until people lift it: one person a request, the strongest search
keys only, at the pace of a clerk. The last two yield nobody new and only **limit** it, for that day: one person a
request, one request a second. Who sends reports is not held up by either: a mission's filings go on.

Counted are inquiries, never people or numbers. How near numbers lie is seen by :class:`Nearness` on keyed digests, in
memory alone.
"""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, Self

import msgspec

from registry.domain.disclosure import BodyKind, Grant, SearchKey
from registry.domain.errors import Fault, FaultCode, NotPermitted
from registry.domain.pace import Pace

BY_NUMBER: Final = frozenset({SearchKey.INDIVIDUAL_NUMBER, SearchKey.RESIDENT_RECORD_CODE})
"""Keys that can be guessed by counting. Not among them is 宛名番号: an asking municipality counts its own up, finds
nobody by them whom it did not bring itself, and hears of most that no record is there."""
BY_NAME: Final = frozenset({SearchKey.NAME_AND_BIRTH_DATE})
"""Keys that are weak: whoever knows many names can try them out."""

FEW: Final = 10
"""So many numbers do not lie in one neighbourhood by chance: of a thousand real ones two do now and then, ten never
(less than once in 10^30). Who counts up is found within 19 inquiries, in whatever order."""
NEIGHBOURHOOD_DIGITS: Final = 4
"""Numbers whose digits before the last four and the check digit are alike are neighbours: ten thousand."""
REMEMBERED: Final = 1_000
"""Different numbers of a caller that are remembered, the last ones: 16 KB."""

SHARE_MISSED: Final = 0.9
"""A body that asks out of its own files meets many who never filed a 在留届; nine in ten it does not miss."""
AMBIGUOUS_AT_LEAST: Final = 50
SHARE_AMBIGUOUS: Final = 0.1
"""Of honest searches by name fewer than one in a hundred is ambiguous."""
REFUSED_AT_LEAST: Final = 1_000
SHARE_REFUSED: Final = 0.9
"""A batch whose affair or items are set wrong is refused from the first to the last, and learns nothing by it."""


class Suspicion(StrEnum):
    """What a pattern of inquiries looks like. Part of the alarm: a code is never renamed."""

    MISSES = "misses"
    SEQUENCE = "sequence"
    AMBIGUOUS = "ambiguous"
    REFUSALS = "refusals"
    VOLUME = "volume"


NARROWING: Final = frozenset({Suspicion.MISSES, Suspicion.SEQUENCE, Suspicion.AMBIGUOUS})


class Verdict(StrEnum):
    """How a caller may ask: as its grants say, slowly for the day, or narrowly until people lift it."""

    FREE = "free"
    LIMITED = "limited"
    NARROWED = "narrowed"


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of body may do in one day (Japan's) before it stands out.

    ``missed_by_number`` and ``missed_by_name`` are misses; ``a_day`` are inquiries of any kind.
    """

    a_day: int
    missed_by_number: int
    missed_by_name: int


ALLOWANCES: Final[Mapping[BodyKind, Allowance]] = MappingProxyType(
    {
        # 現況の確認 of everybody who draws a pension abroad, once a year, falls into one batch window.
        BodyKind.PENSION_OFFICE: Allowance(a_day=200_000, missed_by_number=5_000, missed_by_name=1_000),
        # 国民健康保険 and 後期高齢者医療 ask of those who pay from abroad, by number; 被扶養者 once a year.
        BodyKind.HEALTH_INSURER: Allowance(a_day=100_000, missed_by_number=5_000, missed_by_name=300),
        # 確定申告 come within a month; an office asks of those who name an address abroad. By number alone.
        BodyKind.TAX_OFFICE: Allowance(a_day=100_000, missed_by_number=5_000, missed_by_name=300),
        # The leavers of a large city, by its own numbers as a rule, which do not count as misses.
        BodyKind.MUNICIPALITY: Allowance(a_day=100_000, missed_by_number=2_000, missed_by_name=1_000),
        # The roll of voters abroad of a large city, after the day of an election is set; never by number.
        BodyKind.ELECTION_COMMISSION: Allowance(a_day=50_000, missed_by_number=300, missed_by_name=1_000),
        # After a disaster a mission asks for whole lists of travellers, of whom hardly one filed; it sees its own area.
        BodyKind.MISSION: Allowance(a_day=20_000, missed_by_number=300, missed_by_name=3_000),
    }
)
LEAST: Final = Allowance(a_day=20_000, missed_by_number=1_000, missed_by_name=300)
"""Of a kind of body that nobody has thought of here."""

PACE_OF_INQUIRIES: Final[Mapping[Verdict, Pace]] = MappingProxyType(
    {
        Verdict.LIMITED: Pace(at_once=60, per_second=1),
        # A clerk who types; a program that goes on guessing numbers meets a resident once in five days.
        Verdict.NARROWED: Pace(at_once=10, per_second=1 / 6),
    }
)
"""How fast who is not free may ask, beside the pace of all its requests."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of a caller's inquiries in a day: how many, and how they came out."""

    asked: int = 0
    by_number: int = 0
    missed_by_number: int = 0
    by_name: int = 0
    missed_by_name: int = 0
    ambiguous: int = 0
    refused: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


def allowance_of(kind: BodyKind) -> Allowance:
    """Return what a kind of body may do in one day."""
    return ALLOWANCES.get(kind, LEAST)


def counted(
    search: SearchKey, people: int = 1, *, missed: bool = False, ambiguous: bool = False, refused: bool = False
) -> Tally:
    """Return the tally of inquiries about some ``people`` that came out alike; who is refused is told of nobody."""
    by_number, by_name = search in BY_NUMBER, search in BY_NAME
    return Tally(
        asked=people,
        by_number=people * by_number,
        missed_by_number=people * (by_number and missed),
        by_name=people * by_name,
        missed_by_name=people * (by_name and missed),
        ambiguous=people * ambiguous,
        refused=people * refused,
    )


def suspicions(tally: Tally, nearest: int, allowance: Allowance) -> frozenset[Suspicion]:
    """Return what a day of a caller looks like.

    ``nearest`` is how many different numbers it asked about lie in one neighbourhood (:class:`Nearness`).
    """
    found = {
        Suspicion.MISSES: _mostly(tally.missed_by_number, tally.by_number, allowance.missed_by_number, SHARE_MISSED)
        or _mostly(tally.missed_by_name, tally.by_name, allowance.missed_by_name, SHARE_MISSED),
        Suspicion.SEQUENCE: nearest >= FEW,
        Suspicion.AMBIGUOUS: _mostly(tally.ambiguous, tally.by_name, AMBIGUOUS_AT_LEAST, SHARE_AMBIGUOUS),
        Suspicion.REFUSALS: _mostly(tally.refused, tally.asked, REFUSED_AT_LEAST, SHARE_REFUSED),
        Suspicion.VOLUME: tally.asked >= allowance.a_day,
    }
    return frozenset(suspicion for suspicion, is_there in found.items() if is_there)


def _mostly(count: int, of: int, at_least: int, share: float) -> bool:
    return count >= at_least and count >= share * of


def judge(found: frozenset[Suspicion]) -> Verdict:
    """Return how a caller under these suspicions may ask."""
    if found & NARROWING:
        return Verdict.NARROWED
    return Verdict.LIMITED if found else Verdict.FREE


def check_how_many(verdict: Verdict, people: int) -> None:
    """Raise NotPermitted for an inquiry about many people from a caller that is not free."""
    if people > 1 and verdict is not Verdict.FREE:
        expected = "one person at a time: what this body asked lately looks like a search"
        raise NotPermitted(Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/people", expected=expected))


def narrowed(grant: Grant) -> Grant:
    """Return what is left of a grant to a narrowed caller: no search by name where one by a number is granted.

    A body that is granted no number, as a mission is, goes on by names at the pace of :data:`PACE_OF_INQUIRIES`.
    """
    has_strong = grant.searches & (BY_NUMBER | {SearchKey.ADDRESSEE_NUMBER})
    return msgspec.structs.replace(grant, searches=grant.searches - BY_NAME) if has_strong else grant


class Nearness:
    """The last :data:`REMEMBERED` different numbers of a caller, in digests under a ``key`` that nobody else has.

    In memory only: it holds no number, and without the key, which dies with the process, says of none that it was asked
    about. The same number again is no neighbour of itself.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sorted = array("Q")  # of each number: the digest of its neighbourhood, then of itself
        self._in_order = array("Q")

    def add(self, number: str) -> int:
        """Remember a 個人番号 or 住民票コード (its digits); return how many lie in its neighbourhood, with itself."""
        neighbourhood = self._digest(number[: -NEIGHBOURHOOD_DIGITS - 1], 6) << 16
        mark = neighbourhood | self._digest(number, 2)
        at = bisect_left(self._sorted, mark)
        if at == len(self._sorted) or self._sorted[at] != mark:
            self._sorted.insert(at, mark)
            self._in_order.append(mark)
            if len(self._in_order) > REMEMBERED:
                del self._sorted[bisect_left(self._sorted, self._in_order.pop(0))]
        return bisect_left(self._sorted, neighbourhood + (1 << 16)) - bisect_left(self._sorted, neighbourhood)

    def _digest(self, digits: str, size: int) -> int:
        return int.from_bytes(blake2b(digits.encode(), key=self._key, digest_size=size).digest())
