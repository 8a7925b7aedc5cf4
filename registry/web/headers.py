"""What every answer tells a browser, whoever asked and however it came out (OWASP ASVS 5.0.0 § 3.4).

An answer that is no page needs nothing and may be shown nowhere; a page says more of itself (``pages.frame``).
"""

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
OVER_TLS: Final = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)


class Headed:
    """Adds to each answer the headers that it does not have itself; ``over_tls`` if that is how it is reached."""

    def __init__(self, app: ASGIApp, *, over_tls: bool) -> None:
        self._app = app
        self._headers = (*ALWAYS, *(OVER_TLS if over_tls else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                added = [one for one in self._headers if one[0] not in there]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, answer)
