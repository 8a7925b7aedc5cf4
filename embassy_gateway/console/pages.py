"""The pages of the console: sign-in, what was sent, and a paper typed, tried and sent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from embassy_gateway.console import paper
from embassy_gateway.console.clerks import HOME, Clerks
from embassy_gateway.console.desk import Checked, Desk
from embassy_gateway.console.fields import KINDS
from embassy_gateway.console.frame import OK, STYLE, AnyRequest, leading, page
from embassy_gateway.console.keeping import Keeping, Typed
from embassy_gateway.console.visit import (
    LARGEST_FORM,
    SIGN_IN_COOKIE,
    WORDS,
    Refused,
    SignInNeeded,
    Trouble,
    Visit,
    form_of,
    no_session_cookie,
    no_sign_in_cookie,
    session_cookie,
    sign_in_cookie,
    token_of,
)
from registry.contract.fault_wording import FAULT_WORDING
from registry.contract.openid.refusals import ProviderAway, SignInRefused
from registry.contract.openid.steps import Back
from registry.domain.residence_report import REPORT_LABELS, ReportKind

PAPER: Final = f"{HOME}/paper"
_OWN_PLACES: Final = frozenset({HOME, PAPER})


class StaffConsole(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the pages need. ``url`` is where browsers reach the console; ``clock`` gives aware times."""

    url: str
    clerks: Clerks
    keeping: Keeping
    desk: Desk
    clock: Callable[[], datetime]

    async def visit(self, request: AnyRequest) -> Visit | None:
        """Return whose session a browser carries, be it over or not; None where it carries none of ours."""
        token, now = token_of(request), self.clock()
        kept = None if token is None else await to_thread.run_sync(self.keeping.session, token, now)
        return None if token is None or kept is None else Visit(kept=kept, token=token, now=now)

    async def clerk(self, request: AnyRequest, to: str = HOME) -> Visit:
        """Return the visit of a clerk who is signed in; raises SignInNeeded."""
        visit = await self.visit(request)
        if visit is None or visit.is_over:
            raise SignInNeeded(to)
        return visit


AnyConsole = NamedDependency[StaffConsole]


# ------------------------------------------------------------------------------------------------ sign-in


@get(f"{HOME}/sign-in")
async def choose(request: Request[Any, Any, Any], console: AnyConsole) -> Response[bytes]:
    """Show by whom one signs in; ``kept`` says that what was typed waits."""
    is_kept = request.query_params.get("kept") == "yes"
    address = f"{HOME}/sign-in/{console.clerks.name}?to={_place(request)}"
    return page(request, "sign_in.html", address=address, label=console.clerks.labels, is_kept=is_kept)


@get(f"{HOME}/sign-in/{{provider:str}}")
async def begin(request: Request[Any, Any, Any], console: AnyConsole, provider: FromPath[str]) -> Response[bytes]:
    """Lead to the provider. It takes a link of ours: another site that leads here is shown the page before."""
    _demand_known(console, provider)
    if request.headers.get("sec-fetch-site") not in {None, "none", "same-origin"}:
        return leading(f"{HOME}/sign-in")
    address, carried = await console.clerks.begin(_place(request))
    return leading(address, sign_in_cookie(carried))


@get(f"{HOME}/sign-in/{{provider:str}}/back")
async def come_back(request: Request[Any, Any, Any], console: AnyConsole, provider: FromPath[str]) -> Response[bytes]:
    """Take in who comes back from the provider, in a new session; the old one of this browser ends."""
    given = request.query_params
    fields = {name: given.getall(name, []) for name in Back.__struct_fields__}
    back = Back(**{name: values[0] for name, values in fields.items() if len(values) == 1})
    carried = request.cookies.get(SIGN_IN_COOKIE)
    token, to = await console.clerks.complete(provider, back, carried, token_of(request))
    return leading(to, session_cookie(token), no_sign_in_cookie())


@post(f"{HOME}/sign-out", status_code=OK, request_max_body_size=LARGEST_FORM)
async def sign_out(request: Request[Any, Any, Any], console: AnyConsole) -> Response[bytes]:
    """End the session here, and lead on to where it ends at the provider.

    The page leads there by itself: a redirect would be a form that leads away, which our own policy forbids.
    """
    visit = await console.visit(request)
    if visit is not None:
        await form_of(request, visit, console.url)
        await to_thread.run_sync(console.keeping.end, visit.token)
    try:
        elsewhere = await console.clerks.leaving()
    except ProviderAway:
        elsewhere = None
    answer = page(request, "signed_out.html", leaving=elsewhere)
    answer.cookies.append(no_session_cookie())
    if elsewhere is not None:
        answer.headers["refresh"] = f"0; url={elsewhere}"
    return answer


@get(f"{HOME}/signed-out")
async def signed_out(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say that nobody is signed in any more; the provider sends people here."""
    return page(request, "signed_out.html", leaving=None)


# ------------------------------------------------------------------------------------------------ reports


@get(HOME)
async def home(request: Request[Any, Any, Any], console: AnyConsole) -> Response[bytes]:
    """Show what there is to do, and how the newest reports stand: by number, never by name."""
    visit = await console.clerk(request)
    draft = await to_thread.run_sync(console.keeping.draft, visit.account)
    standing = await to_thread.run_sync(console.desk.standing)
    newest = await to_thread.run_sync(console.desk.newest)
    return page(
        request, "home.html", visit=visit, has_draft=draft is not None, standing=standing, newest=newest, kinds=_kinds()
    )


@get(f"{HOME}/reports/{{number:int}}")
async def report(request: Request[Any, Any, Any], console: AnyConsole, number: FromPath[int]) -> Response[bytes]:
    """Show how one report stands: our number, and the registry's once it was delivered."""
    visit = await console.clerk(request)
    found = await to_thread.run_sync(console.desk.receipt, number)
    if found is None:
        raise Refused(Trouble.NOT_FOUND)
    can_mend = await to_thread.run_sync(console.desk.to_mend, number) is not None
    return page(request, "report.html", visit=visit, one=found, can_mend=can_mend)


@get(PAPER)
async def begin_paper(request: Request[Any, Any, Any], console: AnyConsole) -> Response[bytes]:
    """Show the form: what was being typed, or a new one (``?kind=``), or one that is to be mended (``?mends=``)."""
    visit = await console.clerk(request, PAPER)
    wrong = request.query_params.get(paper.MENDS)
    if wrong is not None:
        number = paper.mends({paper.MENDS: wrong})
        found = None if number is None else await to_thread.run_sync(console.desk.to_mend, number)
        if found is None:
            raise Refused(Trouble.NOT_FOUND)
        return _form(request, visit, console, found)
    draft = await to_thread.run_sync(console.keeping.draft, visit.account)
    asked = request.query_params.get("kind")
    kind = next((one for one in KINDS if one == asked), ReportKind.RESIDENCE)
    typed = draft if draft is not None and asked is None else console.desk.blank(kind)
    return _form(request, visit, console, typed)


@post(PAPER, status_code=OK, request_max_body_size=LARGEST_FORM)
async def work_on_paper(request: Request[Any, Any, Any], console: AnyConsole) -> Response[bytes]:
    """Do what the pressed button says with what was typed, which is kept before anything else is done.

    Also where the session is over, so that a paper which took long to type is there after the next sign-in.
    """
    visit = await console.visit(request)
    if visit is None:
        raise SignInNeeded(PAPER)
    form = await form_of(request, visit, console.url)
    button = form.pop("do", "")
    typed = paper.kept(form)
    await to_thread.run_sync(console.keeping.keep_draft, visit.account, typed, visit.now)
    if visit.is_over:
        raise SignInNeeded(PAPER, is_kept=True)
    match button.partition(":"):
        case ("send", _, _):
            return await _send(request, visit, console, typed)
        case ("drop", _, _):
            await to_thread.run_sync(console.keeping.drop_draft, visit.account)
            return leading(HOME)
        case ("keep", _, _):
            return leading(HOME)
        case ("add", _, _):
            return await _changed(request, visit, console, paper.with_person(typed))
        case ("remove", _, which) if which.isascii() and which.isdigit():
            return await _changed(request, visit, console, paper.without_person(typed, int(which[:3])))
    checked = await console.desk.check(visit.kept, typed)
    return _form(request, visit, console, typed, checked=checked)


async def _changed(request: AnyRequest, visit: Visit, console: StaffConsole, typed: Typed) -> Response[bytes]:
    await to_thread.run_sync(console.keeping.keep_draft, visit.account, typed, visit.now)
    return _form(request, visit, console, typed)


async def _send(request: AnyRequest, visit: Visit, console: StaffConsole, typed: Typed) -> Response[bytes]:
    """Take the report in, once however often the button is pressed; one with faults comes back as it was typed."""
    sent = await to_thread.run_sync(console.desk.send, visit.kept, typed)
    if sent.number is None:
        return _form(request, visit, console, typed, checked=sent.checked)
    await to_thread.run_sync(console.keeping.drop_draft, visit.account)
    return leading(f"{HOME}/reports/{sent.number}")


def _form(
    request: AnyRequest, visit: Visit, console: StaffConsole, typed: Typed, checked: Checked | None = None
) -> Response[bytes]:
    return page(
        request,
        "paper.html",
        visit=visit,
        typed=typed,
        mission=console.desk.mission_name(visit.now),
        kinds=_kinds(),
        wording=FAULT_WORDING,
        read=paper.as_read,
        checked=checked,
        **console.desk.parts(typed),
    )


def _kinds() -> list[tuple[str, str, str]]:
    english = {ReportKind.RESIDENCE: "Residence report", ReportKind.CHANGE: "Change report"}
    return [(str(one), REPORT_LABELS[one], english[one]) for one in KINDS]


@get(f"{HOME}/console.css")
async def style() -> Response[bytes]:
    """Return how pages look."""
    return Response(STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


PAGES: Final[tuple[HTTPRouteHandler, ...]] = (
    choose,
    begin,
    come_back,
    sign_out,
    signed_out,
    home,
    report,
    begin_paper,
    work_on_paper,
    style,
)


# ------------------------------------------------------------------------------------------------ troubles


def sign_in_needed(_: AnyRequest, needed: SignInNeeded) -> Response[bytes]:
    """Lead to sign-in and back."""
    return leading(f"{HOME}/sign-in?to={needed.to}{'&kept=yes' if needed.is_kept else ''}")


def refused(request: AnyRequest, refusal: Refused) -> Response[bytes]:
    """Say what went wrong, and what to do next."""
    return trouble_page(request, refusal.trouble)


def sign_in_refused(request: AnyRequest, _: SignInRefused) -> Response[bytes]:
    """Say that signing in did not work; which check failed is nobody's business."""
    answer = trouble_page(request, Trouble.SIGN_IN_REFUSED)
    answer.cookies.append(no_sign_in_cookie())
    return answer


def provider_away(request: AnyRequest, _: ProviderAway) -> Response[bytes]:
    """Say that one has to wait for the provider."""
    return trouble_page(request, Trouble.NOT_READY)


def trouble_page(request: AnyRequest, trouble: Trouble) -> Response[bytes]:
    """Return the page of a trouble."""
    words = WORDS[trouble]
    answer = page(request, "trouble.html", status=words.status, words=words, code=trouble)
    if trouble is Trouble.NOT_READY:
        answer.headers["retry-after"] = "5"
    return answer


def _place(request: AnyRequest) -> str:
    """Return where to go after sign-in: a page of ours, whatever the address says."""
    to = request.query_params.get("to", HOME)
    return to if to in _OWN_PLACES else HOME


def _demand_known(console: StaffConsole, provider: str) -> None:
    if provider != console.clerks.name:
        raise Refused(Trouble.NOT_FOUND)
