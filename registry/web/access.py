"""What each route declares: who may come in, how sure it must be who they are, and what is written down of it.

A declaration stands at its handler, ``opt=signed(…)``, ``opt=people(…)`` or ``opt=public()``. A route without one stops
the start-up. ``docs/routes.md`` is the table of all of them; ``guard`` enforces it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from registry.domain.account import Role
from registry.domain.sign_in import Level

_ACCESS: Final = "access"


class Entry(StrEnum):
    """What a request leaves behind, besides what it does."""

    DISCLOSURE = "disclosure"
    """An entry in the log of disclosures (情報提供等の記録, 番号法23条), for a refusal too."""
    SECURITY = "security"
    """A line in the log of the program: who signed in or out, what was refused at the door."""
    NOTHING = "nothing"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What one route declares.

    ``signed``: a registered machine signs the request, and the desk asks for that before anything else. Where that
    shows people to a ``clerk``, the gateway of a mission asks on behalf of one who holds one of these roles, but for
    the operations of ``gateway_alone``. Otherwise people come by a browser, or anybody. Where ``roles`` are named, only
    they come in, signed in at ``level`` or above, ``fresh`` if they have to have shown who they are just now. ``page``:
    what is answered is for people to read.
    """

    entry: Entry
    signed: bool = False
    clerk: frozenset[Role] = frozenset()
    gateway_alone: frozenset[str] = frozenset()
    level: Level = Level.NONE
    roles: frozenset[Role] = frozenset()
    fresh: bool = False
    page: bool = False

    def wants_clerk(self, operation: str) -> bool:
        """Whether the gateway of a mission does this on behalf of a clerk alone."""
        return bool(self.clerk) and operation not in self.gateway_alone


def signed(entry: Entry, *, clerk: Iterable[Role] = (), gateway_alone: Iterable[str] = ()) -> dict[str, Any]:
    """Declare a route for machines: every request is signed (RFC 9421).

    ``clerk``: roles of which somebody at a mission holds one on whose behalf its gateway asks; ``gateway_alone``: the
    operations that it may do without.
    """
    access = Access(signed=True, entry=entry, clerk=frozenset(clerk), gateway_alone=frozenset(gateway_alone))
    return {_ACCESS: access}


def public(*, page: bool = False, entry: Entry = Entry.NOTHING) -> dict[str, Any]:
    """Declare a route for anybody: it tells of nobody."""
    return {_ACCESS: Access(page=page, entry=entry)}


def people(*roles: Role, level: Level, entry: Entry, fresh: bool = False, page: bool = True) -> dict[str, Any]:
    """Declare a page for people of these roles, or with ``page`` False what their own software calls in their session.

    Raises ValueError where it would be one for anybody or nobody.
    """
    if not roles or level is Level.NONE:
        raise ValueError("a page for people names their roles, and a level at which they are known")
    return {_ACCESS: Access(roles=frozenset(roles), level=level, fresh=fresh, page=page, entry=entry)}


class UndeclaredRoute(Exception):  # noqa: N818 - it says what is there and should not be
    """A route says nothing of who may come in: the application does not start."""


def access_of(handler: BaseRouteHandler) -> Access | None:
    """Return what a handler declares, None where it declares nothing."""
    declared = handler.opt.get(_ACCESS)
    return declared if isinstance(declared, Access) else None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One route as the table of routes has it."""

    method: str
    path: str
    access: Access


def routes_of(app: Litestar) -> tuple[Route, ...]:
    """Return every route with what it declares, by path; raises :class:`UndeclaredRoute`."""
    return tuple(sorted(_routes(app), key=lambda one: (one.path, one.method)))


def _routes(app: Litestar) -> Iterator[Route]:
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]
        for handler in handlers:
            if isinstance(handler, HTTPRouteHandler) and is_of_the_framework(handler):
                continue
            access = access_of(handler) if isinstance(handler, HTTPRouteHandler) else None
            if access is None or not isinstance(handler, HTTPRouteHandler):
                raise UndeclaredRoute(f"{route.path} declares no access: see registry/web/access.py")
            yield from (Route(method=str(one), path=route.path_format, access=access) for one in handler.http_methods)


def is_of_the_framework(handler: HTTPRouteHandler) -> bool:
    """Whether Litestar made the handler: it answers OPTIONS by the methods that there are, and does nothing."""
    return handler.http_methods == {"OPTIONS"} and handler.fn.__module__ == "litestar.routes.http"
