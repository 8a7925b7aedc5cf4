"""The frame of every page of the console: its language, its headers, its template.

Texts stand in both languages where they are used, ``say("日本語", "English")``. Templates escape by themselves and
refuse a name that is not there. The rules are those of the registry's own pages, which a gateway may not know.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie

from embassy_gateway.console.fields import Said

AnyRequest = Request[Any, Any, Any]
OK: Final = 200
SEE_OTHER: Final = 303
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline, no form that leads away."""
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # under no-referrer a form of ours would say that it comes from nowhere
    "cache-control": "no-store",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-content-type-options": "nosniff",
}
LANGUAGES: Final = ("ja", "en")
LANGUAGE_COOKIE: Final = "__Host-gateway-language"
"""Cookies know no ports: on one machine the registry's pages and these keep theirs apart by name."""
_LANGUAGE_KEPT_FOR: Final = 365 * 24 * 3600
_FOLDER: Final = Path(__file__).parent
STYLE: Final = (_FOLDER / "console.css").read_bytes()

_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: AnyRequest) -> str:
    """Return the language of a page: chosen by a link, chosen before, the browser's first, else Japanese."""
    first = request.headers.get("accept-language", "")[:2].lower()
    wanted = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE), first)
    return next((one for one in wanted if one in LANGUAGES), LANGUAGES[0])


def page(request: AnyRequest, template: str, *, status: int = OK, **values: object) -> Response[bytes]:
    """Return a page: ``template`` with ``values``, in the language of who asks."""
    language = language_of(request)

    def say(japanese: str, english: str) -> str:
        return japanese if language == "ja" else english

    def said(words: Said) -> str:
        return say(*words)

    text = _templates.get_template(template).render(
        say=say, said=said, language=language, other_language=_link(request, language), **values
    )
    chosen = request.query_params.get("lang") == language
    cookies = [host_cookie(LANGUAGE_COOKIE, language, _LANGUAGE_KEPT_FOR)] if chosen else []
    return Response(text.encode(), status_code=status, media_type="text/html", headers=dict(HEADERS), cookies=cookies)


def _link(request: AnyRequest, language: str) -> str | None:
    """Return the address of the same page in the other language; none for a page that answers a form."""
    if request.method != "GET":
        return None
    other = next(one for one in LANGUAGES if one != language)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"?{urlencode([*kept, ('lang', other)])}"


def host_cookie(name: str, value: str, max_age: int | None = None) -> Cookie:
    """Return a cookie for this host alone, over TLS alone, for no script; with ``max_age`` 0 it is taken away."""
    return Cookie(
        key=name, value=value, path="/", max_age=max_age, secure=True, httponly=True, samesite="lax", domain=None
    )


def leading(address: str, *cookies: Cookie) -> Response[bytes]:
    """Return an answer that leads to another page by GET."""
    headers = {"location": address, "cache-control": "no-store"}
    return Response(b"", status_code=SEE_OTHER, headers=headers, cookies=cookies)
