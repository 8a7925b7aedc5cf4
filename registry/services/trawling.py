"""The watch over who asks: it counts in memory, tells all processes once a second, and narrows until people lift it.

A request waits for none of it. What a process counts in the second in which it is killed is lost; what it found
suspicious is found again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final

import msgspec

from registry.contract.messages import (
    BulkAnswer,
    BulkOutcome,
    ByIndividualNumber,
    ByResidentRecordCode,
    InquiryOutcome,
    Search,
    search_key,
)
from registry.contract.problems import ProblemCode, RateLimited
from registry.domain.disclosure import BodyKind, Grant, SearchKey
from registry.domain.errors import NotPermitted
from registry.domain.pace import Bucket, pace_of, take, weight
from registry.domain.trawling import (
    FEW,
    PACE_OF_INQUIRIES,
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
from registry.services.attendance import REFUSED, Done, Inquirer
from registry.services.resources import Resources, japan_date
from registry.store import trawling
from registry.store.trawling import BodyDay, Narrowing
from registry.store.unit_of_work import UnitOfWork

ENTERED_EVERY: Final = timedelta(minutes=1)
"""So often at most the log of disclosures says that a caller was turned away for its pace: a flood does not fill it."""

NOTHING: Final = Tally()

Outcomes = Counter[tuple[SearchKey, str]]
"""How many people were searched for in a way and with an outcome."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something for people to look at: which body, what its inquiries look like, and how it may ask from now on."""

    body: str
    verdict: Verdict
    suspicions: tuple[Suspicion, ...]


class _Account:
    """What this process knows of a caller: its pace, and its day.

    ``shared`` is what all processes counted, when they last told each other; ``handed`` is on its way to them.
    """

    def __init__(self, key: bytes, day: date) -> None:
        self.requests: Bucket | None = None
        self.inquiries: Bucket | None = None
        self.entered_at: datetime | None = None
        self.nearness = Nearness(key)
        self.begin(day)

    def begin(self, day: date) -> None:
        """Begin a day."""
        self.day = day
        self.shared = self.handed = self.fresh = NOTHING
        self.suspicions: frozenset[Suspicion] = frozenset()


class Watch:
    """Who asks how, and who may ask how. ``alarm`` hears of every new suspicion, once.

    ``narrowed`` are the bodies that may ask only narrowly, whichever process found them.
    """

    def __init__(self, resources: Resources, alarm: Callable[[Alarm], None]) -> None:
        self._resources = resources
        self._alarm = alarm
        self._accounts: dict[str, _Account] = {}
        self._unsaved: list[Narrowing] = []
        self.narrowed: Mapping[str, Narrowing] = {}

    # --------------------------------------------------------------------------------------- before it is served

    def admit(self, body: str, kind: BodyKind, length: int, *, asks: bool) -> RateLimited | None:
        """Count a request of ``length`` bytes in; return why it must wait, or None if it may pass.

        ``asks``: it is an inquiry, so that a caller that is not free goes at its own slow pace.
        """
        now = self._resources.clock()
        account = self._account(body, now)
        pace = PACE_OF_INQUIRIES.get(self.verdict(body)) if asks else None
        if pace is not None:
            account.inquiries, wait = take(account.inquiries, pace, now)
            if wait:
                return RateLimited(ceil(wait.total_seconds()))
        account.requests, wait = take(account.requests, pace_of(kind), now, weight(length))
        return RateLimited(ceil(wait.total_seconds())) if wait else None

    def verdict(self, body: str) -> Verdict:
        """Return how a body may ask at the moment."""
        if body in self.narrowed:
            return Verdict.NARROWED
        account = self._accounts.get(body)
        return Verdict.FREE if account is None else judge(account.suspicions)

    def may_enter(self, body: str) -> bool:
        """Say whether the log is to have it that this body was turned away; once a minute it is."""
        now = self._resources.clock()
        account = self._account(body, now)
        if account.entered_at is not None and timedelta(0) <= now - account.entered_at < ENTERED_EVERY:
            return False
        account.entered_at = now
        return True

    def grants_for(self, body: str, grants: Sequence[Grant]) -> Sequence[Grant]:
        """Return the grants that hold for a body at the moment."""
        return tuple(map(narrowed, grants)) if body in self.narrowed else grants

    # ---------------------------------------------------------------------------------------- when it is answered

    async def over(
        self,
        work: UnitOfWork,
        caller: Inquirer,
        searches: Sequence[Search | None],
        grants: Sequence[Grant],
        answer: Callable[[Sequence[Grant]], Awaitable[Done]],
    ) -> Done:
        """Return what ``answer`` says to an inquiry, under the grants that are left to the caller, and count it.

        ``searches`` has one for each person asked about, None where it cannot be read. Numbers in sequence are seen
        before anything is answered. How it came out is counted once it is committed: a replay, which undoes everything,
        counts for nothing, so nobody is narrowed for what others sent again. Raises NotPermitted for many people at
        once from a caller that is not free.
        """
        nearest = self._nearest(caller, searches)
        if nearest >= FEW:
            self._judge(caller, nearest)
        check_how_many(self.verdict(caller.body), len(searches))
        try:
            done = await answer(self.grants_for(caller.body, grants))
        except NotPermitted:
            refused = Counter((search_key(one), REFUSED) for one in searches[:1] if one is not None)
            work.once_committed(lambda: self._count(caller, refused))
            raise
        outcomes = _outcomes(searches, done)
        work.once_committed(lambda: self._count(caller, outcomes))
        return done

    def _nearest(self, caller: Inquirer, searches: Sequence[Search | None]) -> int:
        """Remember the numbers asked about; return how many lie together where they lie closest."""
        nearness = self._account(caller.body, self._resources.clock()).nearness
        return max((nearness.add(number) for number in map(_number, searches) if number), default=0)

    def _count(self, caller: Inquirer, outcomes: Outcomes) -> None:
        account = self._account(caller.body, self._resources.clock())
        for (search, outcome), people in outcomes.items():
            account.fresh += counted(
                search,
                people,
                missed=outcome == InquiryOutcome.NOT_FOUND,
                ambiguous=outcome == InquiryOutcome.AMBIGUOUS,
                refused=outcome == REFUSED,
            )
        self._judge(caller)

    def _judge(self, caller: Inquirer, nearest: int = 0) -> None:
        account = self._account(caller.body, self._resources.clock())
        whole_day = account.shared + account.handed + account.fresh
        new = suspicions(whole_day, nearest, allowance_of(caller.body_kind)) - account.suspicions
        if not new or caller.body in self.narrowed:
            return
        account.suspicions |= new
        verdict = judge(account.suspicions)
        why = tuple(sorted(account.suspicions))
        if verdict is Verdict.NARROWED:
            narrowing = Narrowing(body=caller.body, suspicions=why, narrowed_at=self._resources.clock())
            self._unsaved.append(narrowing)
            self.narrowed = {**self.narrowed, caller.body: narrowing}
        self._alarm(Alarm(body=caller.body, verdict=verdict, suspicions=why))

    def _account(self, body: str, now: datetime) -> _Account:
        day = japan_date(now)
        account = self._accounts.get(body)
        if account is None:
            account = self._accounts[body] = _Account(self._resources.new_id().encode(), day)
        elif account.day != day:
            account.begin(day)
        return account

    # ---------------------------------------------------------------------------------------- among the processes

    async def exchange(self) -> None:
        """Tell the other processes what was counted here, and hear what all of them know; once a second will do."""
        handed = self._hand_over()
        unsaved, self._unsaved = self._unsaved, []
        try:
            async with self._resources.work(only_reads=not handed and not unsaved) as work:
                totals = await trawling.add_tallies(work, handed) if handed else {}
                await trawling.narrow(work, unsaved)
                known = await trawling.narrowings(work)
                await work.commit()
        except BaseException:
            self._unsaved = unsaved + self._unsaved
            self._take_back()
            raise
        self._settle(totals)
        self._take_over(known)

    def _hand_over(self) -> dict[BodyDay, Tally]:
        for account in self._accounts.values():
            account.handed, account.fresh = account.fresh, NOTHING
        return {(body, one.day): one.handed for body, one in self._accounts.items() if one.handed != NOTHING}

    def _settle(self, totals: Mapping[BodyDay, Tally]) -> None:
        """Put the totals of all processes in the place of what was handed over."""
        for (body, day), total in totals.items():
            account = self._accounts[body]
            if account.day == day:
                account.shared, account.handed = total, NOTHING

    def _take_back(self) -> None:
        """Keep what did not arrive, for the next time."""
        for account in self._accounts.values():
            account.fresh, account.handed = account.fresh + account.handed, NOTHING

    def _take_over(self, known: Sequence[Narrowing]) -> None:
        """Follow who is narrowed; of whom people have just lifted it, everything counted before is forgotten."""
        now = {one.body: one for one in (*known, *self._unsaved)}
        for body in self.narrowed.keys() - now.keys():
            self._accounts.pop(body, None)
        self.narrowed = now


def _number(search: Search | None) -> str:
    """Return the digits of a number that can be guessed by counting, or "" where the search has none."""
    match search:
        case ByIndividualNumber():
            return search.individual_number.reveal()
        case ByResidentRecordCode():
            return search.resident_record_code.reveal()
        case _:
            return ""


def _outcomes(searches: Sequence[Search | None], done: Done) -> Outcomes:
    """Return how often each way of searching came out how, of those people whose search could be read."""
    told = [_outcome(one) for one in done.message.people] if isinstance(done.message, BulkAnswer) else [done.outcome]
    pairs = zip(searches, told, strict=True)
    return Counter((search_key(search), outcome) for search, outcome in pairs if search is not None and outcome)


def _outcome(person: BulkOutcome) -> str:
    """Return what one person of many came to, "" where what was asked made no sense."""
    if person.answer is not None:
        return str(person.answer.outcome)
    is_refused = person.problem is not None and person.problem.code is ProblemCode.NOT_PERMITTED
    return REFUSED if is_refused else ""
