"""流量制限 — how many requests a caller may send: some at once, and from then on so many a second.

No law sets these figures: they keep one caller, whether a program gone wrong or a stolen key, from taking the registry
away from all others. Each process of the registry counts for itself, for what is guarded here is the process; what a
caller finds out in a day is counted for all of them together (``trawling``).

A bucket holds as many tokens as may be taken at once and is filled again at an even pace.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from registry.domain.disclosure import BodyKind

AN_ORDINARY_BODY: Final = 64 << 10
"""Bytes of a request that weighs 1: an inquiry has under one KB, a household under 20. A batch weighs what it holds,
so that nobody fills the memory with a thousand of the largest at once."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests may come at once, and how many a second in the long run."""

    at_once: int
    per_second: float


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What was left at a moment of what may be taken at once."""

    left: float
    at: datetime


OF_AGENCIES: Final = Pace(at_once=1_000, per_second=100)
"""Pension offices, insurers, tax offices and 選管 send tens of inquiries a second while their batch window is open, and
a few million a year all together: at this pace one office alone sends a million in three hours."""
OF_MUNICIPALITIES: Final = Pace(at_once=2_000, per_second=200)
"""A part of a hundred 除票 weighs about 4, so this is 5,000 除票 a second: more than a process takes in, and a large
city's 100,000 leavers in half a minute."""
OF_MISSIONS: Final = Pace(at_once=2_000, per_second=200)
"""A gateway that was off line for three days drains 200 reports a second, one by one if a batch does not pass."""
OF_OTHERS: Final = Pace(at_once=500, per_second=50)
"""A kind of body that nobody has thought of here gets the least."""

OF_RESIDENTS: Final = Pace(at_once=30, per_second=0.1)
"""One person with one card: an application takes four requests, and nobody signs six a minute for long."""

PACES: Final[Mapping[BodyKind, Pace]] = MappingProxyType(
    {
        BodyKind.PENSION_OFFICE: OF_AGENCIES,
        BodyKind.HEALTH_INSURER: OF_AGENCIES,
        BodyKind.TAX_OFFICE: OF_AGENCIES,
        BodyKind.MUNICIPALITY: OF_MUNICIPALITIES,
        BodyKind.ELECTION_COMMISSION: OF_AGENCIES,
        BodyKind.MISSION: OF_MISSIONS,
    }
)


def pace_of(kind: BodyKind) -> Pace:
    """Return the pace of all requests of a body of a kind, whatever they want."""
    return PACES.get(kind, OF_OTHERS)


def weight(length: int) -> int:
    """Return how many ordinary requests one with a body of ``length`` bytes stands for; at least 1."""
    return 1 + max(0, length - 1) // AN_ORDINARY_BODY


def take(bucket: Bucket | None, pace: Pace, now: datetime, weighing: int = 1) -> tuple[Bucket, timedelta]:
    """Take what a request weighs, and return the bucket afterwards with how long the caller must wait: zero if it may.

    None is a full bucket. Who must wait has taken nothing. A request heavier than a full bucket passes when it is full.
    A clock that was put back fills nothing.
    """
    left = float(pace.at_once)
    if bucket is not None:
        passed = max(0.0, (now - bucket.at).total_seconds())
        left = min(left, bucket.left + passed * pace.per_second)
    needed = min(weighing, pace.at_once)
    if left >= needed:
        return Bucket(left=left - needed, at=now), timedelta()
    return Bucket(left=left, at=now), timedelta(seconds=(needed - left) / pace.per_second)
