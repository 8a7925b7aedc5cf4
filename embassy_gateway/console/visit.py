"""A visit of a clerk: the cookie, who is there, the token in every form; and why somebody sees another page.

The cookie holds a random token and nothing else. A form carries a token that follows from it, so it is good in this
session only, and comes from a page of ours or is not taken.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec
from litestar.datastructures import Cookie

from embassy_gateway.console.clerks import TOKEN_BYTES
from embassy_gateway.console.fields import Said
from embassy_gateway.console.frame import AnyRequest, host_cookie
from embassy_gateway.console.keeping import Kept
from registry.domain.sign_in import SIGN_IN_WITHIN

SESSION_COOKIE: Final = "__Host-gateway-session"
SIGN_IN_COOKIE: Final = "__Host-gateway-sign-in"
FORM_FIELD: Final = "form_token"
LARGEST_FORM: Final = 512 << 10
"""Bytes; a household of thirty, every field of it filled, has fewer."""
_SIGN_IN_LIVES: Final = int(SIGN_IN_WITHIN.total_seconds())
_FORM: Final = "application/x-www-form-urlencoded"


class Trouble(StrEnum):
    """Why somebody sees another page than they wanted. A code is never renamed: people quote it."""

    SIGN_IN_REFUSED = "sign-in-refused"
    FORM_REFUSED = "form-refused"
    NOT_FOUND = "not-found"
    NOT_UNDERSTOOD = "not-understood"
    NOT_READY = "not-ready"


class Words(msgspec.Struct, frozen=True):
    """What is wrong, and what to do next; with the status of the answer."""

    status: int
    title: Said
    advice: Said


WORDS: Final = {
    Trouble.SIGN_IN_REFUSED: Words(
        403,
        ("サインインできませんでした", "Signing in did not work"),
        (
            "この画面は当公館の担当者だけが使えます。所属と役割を確かめて、もう一度サインインしてください。",
            "This console is for the staff of this mission. Check your office and role, then sign in once more.",
        ),
    ),
    Trouble.FORM_REFUSED: Words(
        403,
        ("この画面からの送信を受け付けられません", "This form cannot be taken in"),
        (
            "何も変更されていません。画面を開き直して、もう一度送ってください。",
            "Nothing was changed. Open the page again and send it once more.",
        ),
    ),
    Trouble.NOT_FOUND: Words(
        404, ("ページが見つかりません", "There is no such page"), ("URL を確かめてください。", "Check the address.")
    ),
    Trouble.NOT_UNDERSTOOD: Words(
        400,
        ("送られた内容を読み取れません", "What was sent cannot be read"),
        (
            "何も変更されていません。画面を開き直して、もう一度送ってください。",
            "Nothing was changed. Open the page again and send it once more.",
        ),
    ),
    Trouble.NOT_READY: Words(
        503,
        ("ただいま処理できません", "This cannot be done at the moment"),
        ("少し待ってから、もう一度お試しください。", "Wait a moment, then try again."),
    ),
}


class Refused(Exception):  # noqa: N818 - an answer, not an accident of the program
    """Somebody gets another page than they wanted."""

    def __init__(self, trouble: Trouble) -> None:
        """Carry the code."""
        super().__init__(trouble.value)
        self.trouble = trouble


class SignInNeeded(Exception):  # noqa: N818 - what the visitor has to do next
    """A page needs somebody who is signed in; ``to`` is where they go afterwards, ``is_kept``: their work waits."""

    def __init__(self, to: str, *, is_kept: bool = False) -> None:
        """Carry where to go."""
        super().__init__("sign in")
        self.to = to
        self.is_kept = is_kept


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Who is here: their session, the token in their cookie, and the moment of the request."""

    kept: Kept
    token: bytes
    now: datetime

    def __repr__(self) -> str:
        return f"Visit({self.kept.session.session_id})"

    @property
    def account(self) -> str:
        """What the clerk is called here; it names them to nobody else."""
        return self.kept.session.account.account_id

    @property
    def unit(self) -> str:
        """Where the clerk works."""
        return str(self.kept.session.account.unit)

    @property
    def is_over(self) -> bool:
        """Whether the session is over: then what was typed is kept, and nothing else is done."""
        return self.kept.session.is_over(self.now)

    @property
    def form_token(self) -> str:
        """What every form of this session carries, and none of another."""
        return _text(hmac.digest(self.token, b"form", sha256))


def token_of(request: AnyRequest) -> bytes | None:
    """Return the token of the session cookie; None where there is none, or what is no token."""
    try:
        token = urlsafe_b64decode(request.cookies.get(SESSION_COOKIE, "") + "=")
    except ValueError:
        return None
    return token if len(token) == TOKEN_BYTES else None


async def form_of(request: AnyRequest, visit: Visit, own_address: str) -> dict[str, str]:
    """Return a form that was shown by us, in this session, and sent from our page; raises Refused for any other."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in {None, "same-origin"} or origin not in {None, own_address}:
        raise Refused(Trouble.FORM_REFUSED)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refused(Trouble.NOT_UNDERSTOOD)
    items = [(str(name), str(value)) for name, value in (await request.form()).multi_items()]
    form = dict(items)
    if len(form) < len(items):
        raise Refused(Trouble.NOT_UNDERSTOOD)
    if not hmac.compare_digest(form.pop(FORM_FIELD, "").encode(), visit.form_token.encode()):
        raise Refused(Trouble.FORM_REFUSED)
    return form


def session_cookie(token: bytes) -> Cookie:
    """Return the cookie of a session; the browser forgets it when it ends, and we when the session does."""
    return host_cookie(SESSION_COOKIE, _text(token))


def no_session_cookie() -> Cookie:
    """Return what takes the cookie of a session away."""
    return host_cookie(SESSION_COOKIE, "", 0)


def sign_in_cookie(carried: str) -> Cookie:
    """Return the cookie of a sign-in on its way."""
    return host_cookie(SIGN_IN_COOKIE, carried, _SIGN_IN_LIVES)


def no_sign_in_cookie() -> Cookie:
    """Return what takes it away."""
    return host_cookie(SIGN_IN_COOKIE, "", 0)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
