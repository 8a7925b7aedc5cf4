"""/inquiry and /inquiry/{affair}: a municipal clerk asks about one person, within what the body's grants allow.

The inquiry is the same as a machine's: the same grants, the same watch, the same entry in the log, with the clerk's own
account. What identifies a person travels in the body of a form alone. A 個人番号 is searched by and never shown: no
statute grants a municipality one as an item, and where an ordinance does, it is not offered here.
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from registry.contract.decoding import decode, encode
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.grants import GRANT_WORDS
from registry.contract.messages import Inquiry, InquiryAnswer
from registry.contract.problems import FaultEntry, Problem, ProblemCode, WireRefusal
from registry.domain.account import OF_BODIES, Role
from registry.domain.disclosure import BodyKind, Grant, Item, Mode, SearchKey
from registry.domain.errors import FaultCode, Refusal
from registry.domain.sign_in import Level
from registry.services import inquiries
from registry.services.attendance import Act, Asked, Attending, Done, Official, refusing
from registry.services.resources import japan_date
from registry.store.callers import StoredAnswer
from registry.store.keyring import Shredded
from registry.store.unit_of_work import UnitOfWork
from registry.web.access import Entry, people
from registry.web.desk import Desk
from registry.web.pages.found import words_of
from registry.web.pages.frame import language_of, page
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import LARGEST_FORM, Visit
from registry.web.problems import OK, WirePresenter

ASKER: Final = Role.MUNICIPAL_CLERK
_KIND: Final = OF_BODIES[ASKER]

SEARCHES: Final[Mapping[SearchKey, tuple[str, ...]]] = {
    SearchKey.ADDRESSEE_NUMBER: ("addressee_number",),
    SearchKey.INDIVIDUAL_NUMBER: ("individual_number",),
    SearchKey.RESIDENT_RECORD_CODE: ("resident_record_code",),
    SearchKey.NAME_AND_BIRTH_DATE: ("name", "kana", "birth_date"),
}
"""The ways to search that a page offers, with what is typed for each; pseudonyms are for machines."""
NEVER_SHOWN: Final = frozenset({Item.INDIVIDUAL_NUMBER})
PLACES: Final[Mapping[str, str]] = {
    "/basis": "basis",
    "/fields": "fields",
    "/search": "by",
    "/search/addressee_number": "addressee_number",
    "/search/individual_number": "individual_number",
    "/search/resident_record_code": "resident_record_code",
    "/search/name": "name",
    "/search/birth_date": "birth_date",
}
"""Where on the page a place of the message is asked for; what is deeper belongs to what it is in."""
CHOOSE: Final[Mapping[str, tuple[str, str]]] = {
    "basis": ("根拠を選んでください。", "Choose a legal basis."),
    "fields": ("提供を受ける項目を一つ以上選んでください。", "Choose at least one item."),
    "by": ("検索の方法を選んでください。", "Choose how to search."),
}
"""What is said where nothing was chosen, or something that was not offered."""
_NOT_CHOSEN: Final = frozenset({FaultCode.EMPTY, FaultCode.MISSING, FaultCode.OUT_OF_RANGE, FaultCode.WRONG_TYPE})
_TO_MEND: Final = frozenset({ProblemCode.INVALID_INPUT, ProblemCode.NOT_PERMITTED})


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, as it was, to be shown again where something is to be mended."""

    basis: str = ""
    fields: tuple[str, ...] = ()
    by: str = ""
    typed: dict[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return "Form()"


@get("/inquiry", opt=people(ASKER, level=Level.PASSWORD, entry=Entry.NOTHING))
async def affairs(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """Show the affairs for which the clerk's body may ask today."""
    held = await _held(desk, visit)
    named = {one.affair: (one.label, one.label_en or one.label) for one in held}
    return page(request, "inquiry_affairs.html", visit=visit, affairs=named)


@get("/inquiry/{affair:str}", opt=people(ASKER, level=Level.PASSWORD, entry=Entry.NOTHING))
async def form(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    visit: NamedDependency[Visit],
    affair: FromPath[str],
) -> Response[bytes]:
    """Show what may be asked for one affair: on which basis, by what, which items."""
    rows = await _rows(desk, visit, affair)
    return _form_page(request, visit, rows, Form())


@post(
    "/inquiry/{affair:str}",
    status_code=OK,
    opt=people(ASKER, level=Level.PASSWORD, entry=Entry.DISCLOSURE),
    request_max_body_size=LARGEST_FORM,
)
async def ask(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    visit: NamedDependency[Visit],
    affair: FromPath[str],
) -> Response[bytes]:
    """Ask; show who was found, or what is to be mended. The log has it before anything is shown."""
    rows = await _rows(desk, visit, affair)
    typed = await _typed(request)
    answer = await _attended(desk, visit, affair, typed)
    if not answer.refused:
        told = words_of(decode(answer.body, InquiryAnswer), desk.resources, language_of(request))
        return page(request, "inquiry_answer.html", visit=visit, told=told, **_about(rows))
    problem = msgspec.json.decode(answer.body, type=Problem)
    if problem.code not in _TO_MEND:
        raise PageRefused(Trouble.TOO_MANY if problem.code is ProblemCode.RATE_LIMITED else Trouble.NOT_READY)
    return _form_page(request, visit, rows, typed, problem)


# ------------------------------------------------------------------------------------------- what may be asked


async def _held(desk: Desk, visit: Visit) -> Sequence[Grant]:
    """Return the rows under which the body may read today."""
    await desk.keys.refresh()
    official, today = _official(visit), japan_date(desk.resources.clock())
    held = desk.watch.grants_for(official.body, desk.keys.grants)
    return [
        one
        for one in held
        if one.mode is Mode.READ and one.speaks_to(official.body, official.body_kind) and one.in_force(today)
    ]


async def _rows(desk: Desk, visit: Visit, affair: str) -> Sequence[Grant]:
    rows = [one for one in await _held(desk, visit) if one.affair == affair]
    if not rows:
        raise PageRefused(Trouble.NOT_FOUND)
    return rows


def _official(visit: Visit) -> Official:
    """Return who asks: the body is the session's, whatever was sent."""
    unit = visit.account.unit
    if unit is None:  # who holds the role has a unit: ``account.admit``
        raise PageRefused(Trouble.NOT_PERMITTED)
    return Official(body=unit.body, body_kind=BodyKind(_KIND), key_id=visit.session.session_id)


# --------------------------------------------------------------------------------------------------- asking


async def _typed(request: Request[Any, Any, Any]) -> Form:
    given = await request.form()
    names = {name for names in SEARCHES.values() for name in names}

    def one(name: str) -> str:
        texts = given.getall(name, [])
        return str(texts[0]).strip() if len(texts) == 1 else ""

    fields = tuple(dict.fromkeys(str(text) for text in given.getall("fields", [])))
    return Form(basis=one("basis"), fields=fields, by=one("by"), typed={name: one(name) for name in sorted(names)})


def _inquiry(affair: str, typed: Form, account: str) -> Inquiry:
    """Return the message that a form stands for; raises InvalidInput with everything that is wrong."""
    search: dict[str, Any] = {"by": typed.by}
    if typed.by == SearchKey.NAME_AND_BIRTH_DATE:
        search |= {"birth_date": typed.typed["birth_date"]}
        search |= {"name": {"surname": typed.typed["name"], "surname_kana": typed.typed["kana"]}}
    elif typed.by in set(SEARCHES):
        search |= {name: typed.typed[name] for name in SEARCHES[SearchKey(typed.by)]}
    fields = [one for one in typed.fields if one not in NEVER_SHOWN]
    message = {"affair": affair, "basis": typed.basis, "handled_by": account, "fields": fields, "search": search}
    return decode(encode(message), Inquiry)


async def _attended(desk: Desk, visit: Visit, affair: str, typed: Form) -> StoredAnswer:
    """Attend to the inquiry as the desk does to a machine's: pace, log that is watched, watch, entry."""
    resources, official, correlation_id = desk.resources, _official(visit), desk.resources.new_id()
    handled_by = visit.account.account_id
    asked = Asked(operation=inquiries.OPERATION, correlation_id=correlation_id, handled_by=handled_by, affair=affair)
    too_fast = desk.watch.admit(official.body, official.body_kind, 0, asks=True)
    if too_fast is not None and not desk.watch.may_enter(official.body):
        raise PageRefused(Trouble.TOO_MANY, retry_after=too_fast.retry_after)
    try:
        inquiry = _inquiry(affair, typed, handled_by)
        act = _act(desk, official, inquiry, correlation_id)
        asked = inquiries.asked(inquiry, inquiries.OPERATION, correlation_id, inquiry.search)
    except Refusal as refusal:
        act = refusing(refusal)
    if too_fast is not None:
        act = refusing(too_fast)
    elif not desk.keys.log_is_watched:
        act = refusing(WireRefusal(ProblemCode.LOG_NOT_WATCHED))
    present = WirePresenter(status=OK, signing_key=resources.signing_key)
    attending = Attending(
        resources=resources, caller=official, asked=asked, present=present, now=resources.clock(), only_reads=True
    )
    try:
        return await attending.attend(act)
    except Shredded:  # shredded while we were at it: nobody next time
        raise PageRefused(Trouble.NOT_READY) from None


def _act(desk: Desk, official: Official, inquiry: Inquiry, correlation_id: str) -> Act:
    async def act(work: UnitOfWork) -> Done:
        def answer(held: Sequence[Grant]) -> Awaitable[Done]:
            return inquiries.answer(desk.resources, work, official, inquiry, correlation_id, held)

        return await desk.watch.over(work, official, [inquiry.search], desk.keys.grants, answer)

    return act


# ------------------------------------------------------------------------------------------------- the form


def _about(rows: Sequence[Grant]) -> dict[str, Any]:
    row = rows[0]
    return {"affair": row.affair, "label": (row.label, row.label_en or row.label)}


def _form_page(
    request: Request[Any, Any, Any], visit: Visit, rows: Sequence[Grant], typed: Form, problem: Problem | None = None
) -> Response[bytes]:
    index = 0 if language_of(request) == "ja" else 1
    items = set().union(*(row.items for row in rows)) - NEVER_SHOWN
    searches = set().union(*(row.searches for row in rows))
    errors = [] if problem is None else list(_errors(problem.faults, index))
    return page(
        request,
        "inquiry.html",
        status=OK if problem is None else problem.status,
        visit=visit,
        typed=typed,
        bases=list(dict.fromkeys(basis for row in rows for basis in row.bases)),
        items=[(str(one), GRANT_WORDS[one][index]) for one in Item if one in items],
        searches=[(str(one), GRANT_WORDS[one][index]) for one in SEARCHES if one in searches],
        errors=errors,
        error_of=dict(reversed(errors)),
        **_about(rows),
    )


def _errors(faults: Iterable[FaultEntry], index: int) -> Iterable[tuple[str, str]]:
    """Yield where on the page something is wrong, and what, each place once."""
    seen = set()
    for fault in faults:
        at = fault.pointer
        while at not in PLACES and at:
            at = at.rpartition("/")[0]
        where, words = PLACES.get(at, "main"), FAULT_WORDING[fault.code]
        if where not in seen:
            seen.add(where)
            if where in CHOOSE and fault.code in _NOT_CHOSEN:
                yield where, CHOOSE[where][index]
                continue
            yield where, f"{words.title_ja}。{words.advice_ja}" if index == 0 else f"{words.title}. {words.advice}"
