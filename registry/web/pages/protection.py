"""/protection: what waits for the protection desk (支援措置), and what it decides.

The list names nobody: a measure is a short form of its id, its people are a number. Ids travel in forms, never in
addresses. What is refused is said on the list itself, with what was typed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from msgspec import Meta

from registry.contract.decoding import decode, encode
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.openid.steps import Wish
from registry.contract.problems import PROBLEM_OF_REFUSAL
from registry.domain import four_eyes
from registry.domain.account import Account, Role
from registry.domain.errors import Fault, FaultCode, NotPermitted, Refusal
from registry.domain.proposal import LiftProtection, Proposal, ReleaseProtection, hand_of
from registry.domain.protection import Measure, State
from registry.domain.sign_in import Level
from registry.services import break_glass, proposals, protection
from registry.services.break_glass import Broken
from registry.services.resources import Resources, japan_date
from registry.web.access import Entry, people
from registry.web.pages.entrance import Entrance
from registry.web.pages.frame import language_of, leading, page, told_time
from registry.web.pages.me import Said
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import LARGEST_FORM, Visit, sign_in_address
from registry.web.problems import OK, SEE_OTHER, STATUS

DESK: Final = Role.PROTECTION_DESK
HOME: Final = "/protection"
_SHORT: Final = 8
"""Letters of an id that are shown: enough to tell a desk's few dozen apart, and to say on the telephone."""


class Done(StrEnum):
    """What the desk just did, as the list confirms it."""

    GRANTED = "granted"
    RENEWED = "renewed"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REVIEWED = "reviewed"


CONFIRMED: Final[Mapping[Done, Said]] = {
    Done.GRANTED: ("支援措置を決定しました。今日から1年間です。", "The measure is granted, for a year from today."),
    Done.RENEWED: ("支援措置を1年延長しました。", "The measure holds for another year."),
    Done.PROPOSED: (
        "終了を提案しました。別の係の承認があるまで、支援措置は続きます。",
        "The end is proposed. The measure holds until another desk approves it.",
    ),
    Done.APPROVED: ("提案を承認し、実施しました。", "The proposal is approved, and done."),
    Done.REVIEWED: ("緊急の閲覧を確認済みにしました。", "The emergency access is marked as reviewed."),
}
STATES: Final[Mapping[State, Said]] = {
    State.PROVISIONAL: ("仮の支援措置", "provisional"),
    State.IN_FORCE: ("実施中", "in force"),
}
"""Those that hold; others are not on the list."""
REFUSED: Final[Mapping[tuple[str, FaultCode], Said]] = {
    ("/measure", FaultCode.CODE_UNKNOWN): (
        "その支援措置は、いまありません。一覧を確かめてください。",
        "There is no such measure now. Look at the list.",
    ),
    ("/measure", FaultCode.NOT_ALLOWED_HERE): (
        "その支援措置は、もうその状態ではありません。一覧を確かめてください。",
        "The measure is not in that state any more. Look at the list.",
    ),
    ("/proposal", FaultCode.CODE_UNKNOWN): (
        "その提案は、いまありません。一覧を確かめてください。",
        "There is no such proposal now. Look at the list.",
    ),
    ("/proposal", FaultCode.NOT_ALLOWED_HERE): (
        "その提案は、すでに承認されています。",
        "The proposal was approved before.",
    ),
    ("/account", FaultCode.NOT_ALLOWED_HERE): (
        "提案した本人は承認できません。別の係の人が承認します。",
        "Who proposed it cannot approve it. Somebody of another desk does.",
    ),
    ("/unit", FaultCode.NOT_ALLOWED_HERE): (
        "提案した係では承認できません。別の係の人が承認します。",
        "The desk that proposed it cannot approve it. Another one does.",
    ),
    ("/ends_at", FaultCode.OUT_OF_RANGE): (
        "提供の期限が過ぎています。必要であれば、新しく提案してください。",
        "The time for which it was to be told is over. Propose it anew where it is needed.",
    ),
    ("/lift", FaultCode.CODE_UNKNOWN): (
        "確認を待つ緊急の閲覧は、いまありません。一覧を確かめてください。",
        "No such emergency access waits for review now. Look at the list.",
    ),
    ("", FaultCode.OUT_OF_RANGE): (
        "いまはその時期ではありません。延長は期限の1か月前から、承認は提案から72時間以内です。",
        "It is not the time: a renewal begins a month before the end, an approval ends 72 hours after the proposal.",
    ),
    ("/reason", FaultCode.EMPTY): ("理由を書いてください。", "Write the reason."),
    ("/reason", FaultCode.TOO_LONG): ("理由は1000字までです。", "The reason may have 1,000 letters."),
}


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What a form said: the id of the measure, proposal or lift, and a reason where one is asked for."""

    which: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        return "Typed()"


class _Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


Acting = Callable[[Resources, Typed], Awaitable[object]]


@get(HOME, opt=people(DESK, level=Level.PASSWORD, entry=Entry.NOTHING))
async def work_list(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Show what waits for the desk, and every measure that holds."""
    said = request.query_params.get("done", "")
    done = CONFIRMED[Done(said)] if said in set(Done) else None
    return await _list(request, entrance, visit, done=done)


@post(
    f"{HOME}/grant",
    status_code=SEE_OTHER,
    opt=people(DESK, level=Level.PASSWORD, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def grant(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Decide a provisional measure in favour of who applied."""

    async def act(office: Resources, typed: Typed) -> None:
        await protection.grant(office, typed.which, visit.account)

    return await _acted(request, entrance, visit, act, Done.GRANTED)


@post(
    f"{HOME}/renew",
    status_code=SEE_OTHER,
    opt=people(DESK, level=Level.PASSWORD, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def renew(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Let a measure hold for another year."""

    async def act(office: Resources, typed: Typed) -> None:
        await protection.renew(office, typed.which, visit.account)

    return await _acted(request, entrance, visit, act, Done.RENEWED)


@post(
    f"{HOME}/release",
    status_code=SEE_OTHER,
    opt=people(DESK, level=Level.PASSWORD, fresh=True, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def propose_release(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Propose that a measure end, or a request be declined; nothing follows from it yet."""

    async def act(office: Resources, typed: Typed) -> None:
        reason = decode(encode({"reason": typed.reason}), _Reason).reason
        standing = await protection.standing(office, visit.account)
        measure = next((one for one in standing if one.measure_id == typed.which), None)
        if measure is None:
            raise protection.not_found("/measure", "the id of a measure that holds")
        release = ReleaseProtection(measure_id=measure.measure_id, reason=reason)
        await proposals.propose(office, measure.people[0], release, visit.account)

    return await _acted(request, entrance, visit, act, Done.PROPOSED)


@post(
    f"{HOME}/approve",
    status_code=SEE_OTHER,
    opt=people(DESK, level=Level.PASSWORD, fresh=True, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def approve(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Approve what another desk proposed; it is done at once."""

    async def act(office: Resources, typed: Typed) -> None:
        await proposals.approve(office, typed.which, visit.account)

    return await _acted(request, entrance, visit, act, Done.APPROVED)


@post(
    f"{HOME}/review",
    status_code=SEE_OTHER,
    opt=people(DESK, level=Level.PASSWORD, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def review(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Write that somebody of the desk looked at a broken glass."""

    async def act(office: Resources, typed: Typed) -> None:
        await break_glass.review(office, typed.which, visit.account)

    return await _acted(request, entrance, visit, act, Done.REVIEWED)


# ------------------------------------------------------------------------------------------------- what is done


async def _acted(
    request: Request[Any, Any, Any], entrance: Entrance, visit: Visit, act: Acting, done: Done
) -> Response[bytes]:
    """Do it and lead back to the list; or show the list with why not."""
    given = await request.form()

    def one(name: str) -> str:
        texts = given.getall(name, [])
        return str(texts[0]).strip() if len(texts) == 1 else ""

    typed = Typed(which=one("which"), reason=one("reason"))
    try:
        await act(_office(entrance), typed)
    except Refusal as refusal:
        if isinstance(refusal, NotPermitted):
            entrance.turned_away(Trouble.NOT_PERMITTED, entrance.resources.new_id(), visit.account.account_id)
        return await _list(request, entrance, visit, refusal=refusal, typed=typed)
    return leading(f"{HOME}?done={done}")


def _office(entrance: Entrance) -> Resources:
    if entrance.ex_officio is None:
        raise PageRefused(Trouble.NOT_FOUND)
    return entrance.ex_officio


# --------------------------------------------------------------------------------------------------- the list


async def _list(
    request: Request[Any, Any, Any],
    entrance: Entrance,
    visit: Visit,
    *,
    done: Said | None = None,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
) -> Response[bytes]:
    office, account = _office(entrance), visit.account
    index, today = 0 if language_of(request) == "ja" else 1, japan_date(office.clock())
    proposed = [one for one in await proposals.waiting(office, account) if not _is_of_a_town(one)]
    releases = {one.act.measure_id for one in proposed if isinstance(one.act, ReleaseProtection)}
    standing = await protection.standing(office, account)
    measures = [_measure(one, today, index, releases) for one in standing]
    return page(
        request,
        "protection.html",
        status=OK if refusal is None else STATUS[PROBLEM_OF_REFUSAL[type(refusal)]],
        visit=visit,
        done=None if done is None else done[index],
        errors=[] if refusal is None else _errors(refusal.faults, index),
        typed=typed or Typed(),
        proposals=[_proposal(one, standing) for one in proposed if _waits_for(account, one)],
        glasses=[_glass(one) for one in await break_glass.to_review(office, account)],
        due=[one for one in measures if one["is_due"]],
        others=[one for one in measures if not one["is_due"]],
        may_decide=visit.session.is_fresh(visit.now),
        again=sign_in_address(Wish(level=Level.PASSWORD, fresh=True, to=HOME)),
    )


def _is_of_a_town(proposal: Proposal) -> bool:
    return not isinstance(proposal.act, ReleaseProtection | LiftProtection)


def _waits_for(account: Account, proposal: Proposal) -> bool:
    """Whether it is for this account to approve: neither theirs nor their desk's (``four_eyes.demand_other``)."""
    mine, proposer = hand_of(account), proposal.proposer
    return mine.account != proposer.account and mine.unit != proposer.unit


def _measure(measure: Measure, today: date, index: int, releases: set[str]) -> dict[str, Any]:
    state = measure.state(today)
    is_due = measure.is_due(today)
    return {
        "id": measure.measure_id,
        "short": _short(measure.measure_id),
        "state": STATES[state][index],
        "is_provisional": state is State.PROVISIONAL,
        "is_due": is_due,
        "people": len(measure.people),
        "requested_on": measure.requested_on,
        "granted_on": measure.granted_on,
        "until": measure.until,
        "renewable_from": measure.renewable_from(),
        "is_to_end": measure.measure_id in releases,
    }


def _proposal(proposal: Proposal, standing: Sequence[Measure]) -> dict[str, Any]:
    act = proposal.act
    shown = {
        "id": proposal.proposal_id,
        "short": _short(proposal.proposal_id),
        "unit": proposal.proposer.unit,
        "proposed_at": told_time(proposal.proposed_at),
        "lapses_at": told_time(four_eyes.lapses_at(proposal.proposed_at)),
        "reason": act.reason,
        "measure": None,
    }
    if isinstance(act, ReleaseProtection):
        people = next((len(one.people) for one in standing if one.measure_id == act.measure_id), 0)
        return shown | {"measure": _short(act.measure_id), "people": people}
    if isinstance(act, LiftProtection):
        return shown | {"body": act.body, "affair": act.affair, "ends_at": told_time(act.ends_at)}
    return shown


def _glass(broken: Broken) -> dict[str, Any]:
    opened = broken.opened
    return {
        "id": opened.lift.lift_id,
        "short": _short(opened.lift.lift_id),
        "unit": opened.opened_by.unit,
        "affair": opened.lift.affair,
        "opened_at": told_time(opened.lift.begins_at),
        "ends_at": told_time(opened.lift.ends_at),
        "why": broken.why,
    }


def _short(identifier: str) -> str:
    return identifier[:_SHORT]


def _errors(faults: Sequence[Fault], index: int) -> list[tuple[bool, str]]:
    """Return what is wrong in words, each with whether it is wrong with the reason that was typed."""
    return [(fault.pointer == "/reason", _words(fault, index)) for fault in faults]


def _words(fault: Fault, index: int) -> str:
    if said := REFUSED.get((fault.pointer, fault.code)):
        return said[index]
    words = FAULT_WORDING[fault.code]
    return f"{words.title_ja}。{words.advice_ja}" if index == 0 else f"{words.title}. {words.advice}"
