"""The frame of every page: its language, its headers, its template; and a problem as people read it.

Texts stand in both languages where they are used, ``say("日本語", "English")``: neither can be forgotten. Templates
escape by themselves and refuse a name that is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie

from registry.contract.messages import CORRELATION_HEADER
from registry.domain.mission import JAPAN
from registry.web.pages.trouble import WORDS, PageRefused, Trouble
from registry.web.problems import OK, SEE_OTHER, STATUS_OF_TROUBLE

AnyRequest = Request[Any, Any, Any]

HTML: Final = "text/html"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline, no form that leads away."""
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",  # under no-referrer a form of ours would say that it comes from nowhere
    "cache-control": "no-store",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

LANGUAGES: Final = ("ja", "en")
LANGUAGE_COOKIE: Final = "__Host-language"
LANGUAGE_KEPT_FOR: Final = 365 * 24 * 3600
_CHOSEN: Final = "lang"

_FOLDER: Final = Path(__file__).parent
_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: AnyRequest) -> str:
    """Return the language of a page: chosen by a link, chosen before, asked for by the browser, else Japanese."""
    chosen = (request.query_params.get(_CHOSEN), request.cookies.get(LANGUAGE_COOKIE))
    if found := next((one for one in chosen if one in LANGUAGES), None):
        return found
    return _preferred(request.headers.get("accept-language", "")[:_LONGEST_PREFERENCE])


_LONGEST_PREFERENCE: Final = 500


def _preferred(accepted: str) -> str:
    """Return which of the languages a browser ranks highest (RFC 9110 § 12.5.4)."""
    ranked: dict[str, float] = {}
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.strip().partition("-")[0].lower()
        if language in LANGUAGES:
            ranked[language] = max(ranked.get(language, 0.0), _weight(weight))
    best = max(ranked.values(), default=0.0)
    return next((one for one in LANGUAGES if best > 0 and ranked.get(one) == best), LANGUAGES[0])


def _weight(text: str) -> float:
    try:
        return min(float(text), 1.0) if text else 1.0
    except ValueError:
        return 0.0


def page(request: AnyRequest, template: str, *, status: int = OK, **values: object) -> Response[bytes]:
    """Return a page: ``template`` with ``values``, in the language of who asks, under headers of its own."""
    language = language_of(request)

    def say(japanese: str, english: str) -> str:
        return japanese if language == "ja" else english

    text = _templates.get_template(template).render(
        say=say, language=language, other_language=_link(request, language), **values
    )
    cookies = [_kept(language)] if request.query_params.get(_CHOSEN) == language else []
    return Response(text.encode(), status_code=status, media_type=HTML, headers=dict(HEADERS), cookies=cookies)


def _link(request: AnyRequest, language: str) -> str | None:
    """Return the address of the same page in the other language; none for a page that answers a form."""
    if request.method != "GET":
        return None
    other = next(one for one in LANGUAGES if one != language)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != _CHOSEN]
    return f"?{urlencode([*kept, (_CHOSEN, other)])}"


def _kept(language: str) -> Cookie:
    return host_cookie(LANGUAGE_COOKIE, language, LANGUAGE_KEPT_FOR)


def host_cookie(name: str, value: str, max_age: int | None = None) -> Cookie:
    """Return a cookie for this host alone, over TLS alone, for no script; with ``max_age`` 0 it is taken away."""
    return Cookie(
        key=name, value=value, path="/", max_age=max_age, secure=True, httponly=True, samesite="lax", domain=None
    )


def told_time(moment: datetime) -> str:
    """Return a moment as pages tell it: by the clock in Japan."""
    return moment.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M (JST)")


def trouble_page(request: AnyRequest, refused: PageRefused, correlation_id: str) -> Response[bytes]:
    """Return what went wrong, for people: what to do next, and an id that is safe to post anywhere."""
    answer = page(
        request,
        "trouble.html",
        status=STATUS_OF_TROUBLE[refused.trouble],
        code=refused.trouble,
        words=WORDS[refused.trouble],
        correlation_id=correlation_id,
        again=refused.again,
    )
    answer.headers[CORRELATION_HEADER] = correlation_id
    if refused.trouble in WAIT:
        answer.headers["retry-after"] = str(refused.retry_after or WAIT[refused.trouble])
    return answer


WAIT: Final[Mapping[Trouble, int]] = {Trouble.NOT_READY: 2, Trouble.TOO_MANY: 2}
"""After how many seconds it may work, where nobody knows better."""


def leading(address: str, *cookies: Cookie) -> Response[bytes]:
    """Return an answer that leads to another page by GET."""
    headers = {"location": address, "cache-control": "no-store"}
    return Response(b"", status_code=SEE_OTHER, headers=headers, cookies=cookies)
