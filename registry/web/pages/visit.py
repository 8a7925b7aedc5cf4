"""A visit of somebody who is signed in: the cookie, the guard before every page, the token in every form.

The cookie holds a random token and nothing else; it goes to this host alone, over TLS, out of reach of scripts, and not
along with forms of other sites. A form carries a token that follows from it, so it is good in this session only.
"""

import hmac
from asyncio import timeout
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.connection import ASGIConnection, Request
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from registry.contract.openid.steps import Wish
from registry.contract.problems import ProblemCode, WireRefusal
from registry.domain.account import Account
from registry.domain.sign_in import SignedIn
from registry.services import sessions
from registry.services.sessions import TOKEN_BYTES
from registry.web.access import Access, access_of, is_of_the_framework
from registry.web.desk import BODY_WITHIN
from registry.web.pages.entrance import Entrance
from registry.web.pages.frame import AnyRequest, host_cookie, leading
from registry.web.pages.trouble import PageRefused, Trouble
from registry.web.problems import JSON

SESSION_COOKIE: Final = "__Host-session"
FORM_FIELD: Final = "form_token"
LARGEST_FORM: Final = 64 << 10
"""Bytes."""
_FORM: Final = "application/x-www-form-urlencoded"


class SignInNeeded(Exception):  # noqa: N818 - what the visitor has to do next
    """A page needs somebody who is signed in, or has shown again who they are; ``wish`` says how."""

    def __init__(self, wish: Wish) -> None:
        """Carry what to sign in for."""
        super().__init__("sign in")
        self.wish = wish


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Who is here: their session, the token in their cookie, and the moment of the request."""

    session: SignedIn
    token: bytes
    now: datetime

    def __repr__(self) -> str:
        return f"Visit({self.session.session_id})"

    @property
    def account(self) -> Account:
        """Whose visit it is."""
        return self.session.account

    @property
    def form_token(self) -> str:
        """What every form of this session carries, and none of another."""
        return _text(hmac.digest(self.token, b"form", sha256))


async def enforce(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let in whom the route declares and nobody else; it stands before every handler.

    Signed requests are the desk's to verify. Raises :class:`SignInNeeded`, PageRefused for another role or a form that
    is not of this session, and NotFoundException where nobody can sign in. What is no page is refused by WireRefusal.
    """
    access = access_of(handler)
    if access is None:
        if isinstance(handler, HTTPRouteHandler) and is_of_the_framework(handler):
            return
        raise NotFoundException
    entrance: Entrance = connection.app.state.entrance
    if (access.page or access.roles) and entrance.sign_ins is None:
        raise NotFoundException
    if access.roles and isinstance(connection, Request):
        await _let_in(connection, access, entrance)


async def _let_in(request: AnyRequest, access: Access, entrance: Entrance) -> None:
    now = entrance.resources.wall_clock()
    token = token_of(request)
    session = None if token is None else await sessions.of_token(entrance.resources, token, now)
    if token is None or session is None:
        raise _needed(request, access)
    visit = request.state.visit = Visit(session=session, token=token, now=now)
    if request.method != "GET":
        await _demand_own(request, access, visit, entrance)
    if not visit.account.is_one_of(access.roles):
        raise PageRefused(Trouble.NOT_PERMITTED) if access.page else WireRefusal(ProblemCode.NOT_PERMITTED)
    if not session.level.reaches(access.level) or (access.fresh and not session.is_fresh(now)):
        raise _needed(request, access)


def _needed(request: AnyRequest, access: Access) -> Exception:
    """Return what leads to sign-in and back; where a form was sent it is said instead, for it has to be sent again."""
    if not access.page:
        return WireRefusal(ProblemCode.SIGN_IN_NEEDED)
    if request.method == "GET":
        return SignInNeeded(Wish(level=access.level, fresh=access.fresh, to=request.scope["path"]))
    again = sign_in_address(Wish(level=access.level, fresh=access.fresh))
    return PageRefused(Trouble.SIGN_IN_AGAIN, again=again)


async def _demand_own(request: AnyRequest, access: Access, visit: Visit, entrance: Entrance) -> None:
    """Demand that what has effects was sent from a page of ours.

    A browser asks first before a page of another site sends JSON (Fetch § 4.8), and we never say yes: so what is no
    page needs no token in its body (OWASP ASVS 3.5.2).
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in {None, "same-origin"} and origin in {None, entrance.public_url}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if access.page:
        if not is_ours:
            raise PageRefused(Trouble.FORM_REFUSED)
        await _demand_own_form(request, media_type, visit)
    elif not is_ours:
        raise WireRefusal(ProblemCode.CROSS_SITE)
    elif media_type != JSON:
        raise WireRefusal(ProblemCode.UNSUPPORTED_MEDIA_TYPE)


async def _demand_own_form(request: AnyRequest, media_type: str, visit: Visit) -> None:
    """Demand that a form was shown by us, in this session."""
    if media_type != _FORM:
        raise PageRefused(Trouble.NOT_UNDERSTOOD)
    try:
        async with timeout(BODY_WITHIN):
            given = (await request.form()).getall(FORM_FIELD, [])
    except TimeoutError:
        raise PageRefused(Trouble.NOT_READY) from None
    if len(given) != 1 or not hmac.compare_digest(str(given[0]).encode(), visit.form_token.encode()):
        raise PageRefused(Trouble.FORM_REFUSED)


def sign_in_needed(request: AnyRequest, needed: SignInNeeded) -> Response[bytes]:
    """Lead to sign-in."""
    del request
    return leading(sign_in_address(needed.wish))


async def visit_of(request: AnyRequest) -> Visit:
    """Return the visit that the guard let in."""
    visit: Visit = request.state.visit
    return visit


def account_of(request: AnyRequest) -> str | None:
    """Return whose session a request came in, be it let in or not; None where nobody is signed in."""
    visit: Visit | None = request.state.get("visit")
    return None if visit is None else visit.account.account_id


# ------------------------------------------------------------------------------------------------ the cookie


def token_of(request: AnyRequest) -> bytes | None:
    """Return the token of the session cookie; None where there is none, or what is no token."""
    try:
        token = urlsafe_b64decode(request.cookies.get(SESSION_COOKIE, "") + "=")
    except ValueError:
        return None
    return token if len(token) == TOKEN_BYTES else None


def session_cookie(token: bytes) -> Cookie:
    """Return the cookie of a session; the browser forgets it when it ends, and we when the session does."""
    return host_cookie(SESSION_COOKIE, _text(token))


def no_session_cookie() -> Cookie:
    """Return what takes the cookie of a session away."""
    return host_cookie(SESSION_COOKIE, "", 0)


def sign_in_address(wish: Wish) -> str:
    """Return where somebody signs in for something."""
    query = {"to": wish.to, "level": str(wish.level)} | ({"fresh": "yes"} if wish.fresh else {})
    return f"/sign-in?{urlencode(query)}"


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
