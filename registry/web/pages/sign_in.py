"""GET /sign-in and on to a provider, the way back, and out again: how people come and go."""

import re
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from registry.browser_files.style import page_style
from registry.contract.openid.refusals import ProviderAway, SignInRefused
from registry.contract.openid.steps import Back, Wish
from registry.domain.account import Role
from registry.domain.sign_in import SIGN_IN_WITHIN, Level
from registry.services import sessions
from registry.services.sign_ins import SignIns, TooMany
from registry.web.access import Entry, people, public
from registry.web.pages.entrance import Entrance
from registry.web.pages.frame import host_cookie, leading, page, trouble_page
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.pages.visit import (
    LARGEST_FORM,
    Visit,
    no_session_cookie,
    session_cookie,
    sign_in_address,
    token_of,
)
from registry.web.problems import OK

log = structlog.get_logger("registry.sign-in")

SIGN_IN_COOKIE: Final = "__Host-sign-in"
COOKIE_LIVES: Final = int(SIGN_IN_WITHIN.total_seconds())

_OWN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_-]{1,60}){1,6}")
"""A path of ours: never two slashes, a backslash, a dot, a scheme or a query, so it leads nowhere else."""


@get("/sign-in", opt=public(page=True))
async def choose(request: Request[Any, Any, Any], entrance: NamedDependency[Entrance]) -> Response[bytes]:
    """Show by whom one can sign in. What is not understood in the address is left out, not shown."""
    wish = wish_of(request)
    query = urlencode({name: value for name, value in _shown(wish).items() if value})
    ways = [
        {"name": one.name, "label": one.label, "label_en": one.label_en, "address": f"/sign-in/{one.name}?{query}"}
        for one in _sign_ins(entrance).providers
        if one.acr_values(wish.level)
    ]
    return page(request, "sign_in.html", ways=ways, jpki=wish.level is Level.JPKI, fresh=wish.fresh)


@get("/sign-in/{provider:str}", opt=public(page=True))
async def begin(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], provider: FromPath[str]
) -> Response[bytes]:
    """Lead to a provider; the browser carries the sign-in meanwhile.

    A provider that knows the person asks nothing, so it takes a link of ours to begin: another site that leads here is
    shown the choice first (OWASP ASVS 7.6.2).
    """
    sign_ins, wish = _known(entrance, provider), wish_of(request)
    if request.headers.get("sec-fetch-site") not in {None, "none", "same-origin"}:
        return leading(sign_in_address(wish))
    try:
        address, carried = await sign_ins.begin(provider, wish)
    except ProviderAway:
        raise _away(entrance) from None
    return leading(address, host_cookie(SIGN_IN_COOKIE, carried, COOKIE_LIVES))


@get("/sign-in/{provider:str}/back", opt=public(page=True, entry=Entry.SECURITY))
async def come_back(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], provider: FromPath[str]
) -> Response[bytes]:
    """Take in who comes back from a provider, in a new session; the old one of this browser ends."""
    sign_ins = _known(entrance, provider)
    correlation_id = entrance.resources.new_id()
    try:
        back = _back(request)
        opened = await sign_ins.complete(
            provider, back, request.cookies.get(SIGN_IN_COOKIE), replacing=token_of(request)
        )
    except ProviderAway:
        raise _away(entrance) from None
    except TooMany as many:
        raise PageRefused(Trouble.TOO_MANY, again="/sign-in", retry_after=many.retry_after) from None
    except SignInRefused as refused:
        entrance.turned_away(str(refused.fault), correlation_id)
        said = PageRefused(Trouble.SIGN_IN_REFUSED, again="/sign-in")
        answer = trouble_page(request, said, correlation_id)
        answer.cookies.append(host_cookie(SIGN_IN_COOKIE, "", 0))
        return answer
    log.info("signed in", account=opened.session.account.account_id, correlation_id=correlation_id)
    return leading(opened.to, session_cookie(opened.token), host_cookie(SIGN_IN_COOKIE, "", 0))


@post(
    "/sign-out",
    status_code=OK,
    opt=people(*Role, level=Level.PASSWORD, entry=Entry.SECURITY),
    request_max_body_size=LARGEST_FORM,
)
async def sign_out(
    request: Request[Any, Any, Any], entrance: NamedDependency[Entrance], visit: NamedDependency[Visit]
) -> Response[bytes]:
    """End the session here, and lead on to where it ends at the provider.

    The page leads there by itself: a redirect would be a form that leads away, which our own policy forbids.
    """
    await sessions.end(entrance.resources, visit.token)
    log.info("signed out", account=visit.account.account_id, correlation_id=entrance.resources.new_id())
    try:
        leaving = await _sign_ins(entrance).leaving(visit.session.provider)
    except ProviderAway:
        leaving = None
    answer = page(request, "signed_out.html", leaving=leaving)
    answer.cookies.append(no_session_cookie())
    answer.headers["clear-site-data"] = '"cache", "storage"'
    if leaving is not None:
        answer.headers["refresh"] = f"0; url={leaving}"
    return answer


@get("/signed-out", opt=public(page=True))
async def signed_out(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say that nobody is signed in any more; a provider sends people here."""
    return page(request, "signed_out.html", leaving=None)


@get("/pages.css", opt=public(page=True))
async def style() -> Response[bytes]:
    """Return how pages look."""
    return Response(page_style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})


# ------------------------------------------------------------------------------------------------ reading


def wish_of(request: Request[Any, Any, Any]) -> Wish:
    """Return what an address says somebody signs in for; what it says otherwise counts for nothing."""
    to = request.query_params.get("to", "")
    return Wish(
        to=to if _OWN_PATH.fullmatch(to) else Wish().to,
        level=Level.JPKI if request.query_params.get("level") == Level.JPKI else Level.PASSWORD,
        fresh=request.query_params.get("fresh") == "yes",
    )


def _shown(wish: Wish) -> dict[str, str]:
    return {"to": wish.to, "level": str(wish.level), "fresh": "yes" if wish.fresh else ""}


def _back(request: Request[Any, Any, Any]) -> Back:
    """Return what the provider sent along; a parameter that comes twice is none (RFC 6749 § 3.1)."""
    given = request.query_params
    fields = {name: given.getall(name, []) for name in Back.__struct_fields__}
    return Back(**{name: values[0] for name, values in fields.items() if len(values) == 1})


def _sign_ins(entrance: Entrance) -> SignIns:
    """Return the way in; the guard has made sure that there is one."""
    if entrance.sign_ins is None:
        raise PageRefused(Trouble.NOT_FOUND)
    return entrance.sign_ins


def _known(entrance: Entrance, provider: str) -> SignIns:
    sign_ins = _sign_ins(entrance)
    if sign_ins.provider(provider) is None:
        raise PageRefused(Trouble.NOT_FOUND)
    return sign_ins


def _away(entrance: Entrance) -> PageRefused:
    log.warning("the identity provider is away", correlation_id=entrance.resources.new_id())
    return PageRefused(Trouble.NOT_READY, again="/sign-in")
