"""How a signed answer leaves: as the very bytes and fields that were signed, past all that renders or adds to it."""

from collections.abc import Iterable
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send


class SignedAnswer(Response[bytes]):
    """An answer whose fields and body nobody changes any more; ``headers`` has its media type among them."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        super().__init__(body, status_code=status, headers=dict(headers))

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """Return what sends it."""
        return _AsItIs(self)


class _AsItIs(ASGIResponse):
    def __init__(self, answer: SignedAnswer) -> None:
        length = str(len(answer.content))
        fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        self._start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": answer.status_code or 200,
            "headers": [*fields, (b"content-length", length.encode())],
        }
        self._body: HTTPResponseBodyEvent = {
            "type": "http.response.body",
            "body": answer.content,
            "more_body": False,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send(self._start)
        await send(self._body)
