"""The sandbox's identity provider over HTTP: one plain page on which one chooses who to be, and what clients ask."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from jinja2 import Environment
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from registry.contract.openid.possession import PROOF_HEADER
from registry.sandbox.identity_provider import IdentityProvider, NotServed
from registry.sandbox.personas import ACR, PERSONAS
from registry.web.problems import JSON, OK, SEE_OTHER

COOKIE: Final = "sandbox-identity-provider"
LARGEST_BODY: Final = 64 << 10
_PAGE: Final = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>試験環境の本人確認 / Sandbox sign-in</title>
</head>
<body>
<main>
<h1>試験環境の本人確認 / Sandbox sign-in</h1>
<p>実在しない人です。誰としてサインインしますか。 / None of them exists. Who will you be?</p>
<ul>
{% for persona in personas %}
<li>
<form method="post" action="/authorize/{{ asked }}">
<input type="hidden" name="persona" value="{{ persona.name }}">
{{ persona.label }}
{% for level in persona.levels %}
<button name="acr" value="{{ acr[level] }}">{{ level }}</button>
{% endfor %}
</form>
</li>
{% endfor %}
</ul>
<form method="post" action="/authorize/{{ asked }}"><button name="acr" value="">やめる / Cancel</button></form>
</main>
</body>
</html>
"""
)


def make_app(provider: IdentityProvider) -> Litestar:
    """Make the application."""
    return Litestar(
        route_handlers=[*_for_people(provider), *_for_the_client(provider)],
        exception_handlers={NotServed: _not_served},
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _for_people(provider: IdentityProvider) -> list[HTTPRouteHandler]:
    @get("/authorize")
    async def authorize(request: Request[Any, Any, Any]) -> Response[bytes]:
        asked = provider.asked(_once(request.query_params.multi_items()))
        login = provider.known(request.cookies.get(COOKIE), asked)
        if login is not None:
            return _to(provider.back(asked, login))
        text = _PAGE.render(personas=PERSONAS, acr=ACR, asked=provider.wait_for(asked))
        return Response(text.encode(), media_type="text/html", headers=_UNKEPT)

    @post("/authorize/{asked:str}", status_code=SEE_OTHER)
    async def choose(request: Request[Any, Any, Any], asked: FromPath[str]) -> Response[bytes]:
        form = _once((await request.form()).multi_items())
        if not form.get("acr"):
            return _to(provider.decline(asked))
        address, cookie = provider.choose(asked, form.get("persona", ""), form["acr"])
        return _to(address, Cookie(key=COOKIE, value=cookie, path="/", httponly=True, samesite="lax"))

    @get("/sign-out")
    async def sign_out(request: Request[Any, Any, Any]) -> Response[bytes]:
        to = provider.sign_out(request.cookies.get(COOKIE), _once(request.query_params.multi_items()))
        return _json({"signed_out": True}) if to is None else _to(to)

    return [authorize, choose, sign_out]


def _for_the_client(provider: IdentityProvider) -> list[HTTPRouteHandler]:
    @get("/.well-known/openid-configuration")
    async def metadata() -> Response[bytes]:
        return _json(provider.metadata())

    @get("/jwks")
    async def jwks() -> Response[bytes]:
        return _json(provider.jwks())

    @post("/rotate", status_code=OK)
    async def rotate() -> Response[bytes]:
        provider.rotate()
        return _json(provider.jwks())

    @post("/token", status_code=OK)
    async def token(request: Request[Any, Any, Any]) -> Response[bytes]:
        proof = request.headers.get(PROOF_HEADER, "")
        return _json(provider.tokens(_once((await request.form()).multi_items()), proof))

    @get("/health")
    async def health() -> Response[bytes]:
        return _json({})

    return [metadata, jwks, rotate, token, health]


_UNKEPT: Final = {"cache-control": "no-store"}
_BAD_REQUEST: Final = 400


def _not_served(_: Request[Any, Any, Any], refused: NotServed) -> Response[bytes]:
    return _json({"error": str(refused)}, status=_BAD_REQUEST)


def _json(document: Mapping[str, Any], *, status: int = OK) -> Response[bytes]:
    return Response(msgspec.json.encode(document), status_code=status, media_type=JSON, headers=_UNKEPT)


def _to(address: str, *cookies: Cookie) -> Response[bytes]:
    headers = {"location": address, **_UNKEPT}
    return Response(b"", status_code=SEE_OTHER, headers=headers, cookies=cookies)


def _once(items: Any) -> dict[str, str]:
    """Return the parameters that were given; one that comes twice is refused (RFC 6749 § 3.1)."""
    given = [(str(name), str(value)) for name, value in items]
    if len(dict(given)) < len(given):
        raise NotServed("invalid_request")
    return dict(given)
