"""docs/routes.md is the table of what every route declares; what declares nothing does not start."""

from pathlib import Path

import pytest
from litestar import WebSocket, asgi, get, route, websocket
from litestar.static_files import create_static_files_router
from litestar.types import Receive, Scope, Send

from registry.domain.account import Role
from registry.domain.sign_in import Level
from registry.web.access import Access, Entry, UndeclaredRoute, people, public, routes_of, signed
from registry.web.app import ROUTES, make_app
from registry.web.desk import Desk

DOCUMENT = Path(__file__).parents[2] / "docs" / "routes.md"
NO_DESK = Desk(resources=None, keys=None, public_url="https://registry.test")
TABLE = "| method | path | who | level | roles | log |\n|---|---|---|---|---|---|\n"
OPEN_TO_ANYBODY = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/schema",
    "/pages.css",
    "/sign-in",
    "/sign-in/{provider}",
    "/sign-in/{provider}/back",
    "/signed-out",
    "/v1/log/checkpoint",
    "/v1/log/proof/consistency",
    "/v1/log/proof/inclusion",
    "/v1/log/tile/{place}",
    "/v1/time",
}
"""Every one of these was thought about; another one has to be."""


def routes():
    return routes_of(make_app(NO_DESK))


def written(route):
    access = route.access
    who = "signed request" if access.signed else "people" if access.roles else "anybody"
    if access.clerk:
        alone = f" but for {', '.join(sorted(access.gateway_alone))}" if access.gateway_alone else ""
        who += f"; of a mission for {', '.join(sorted(access.clerk))}{alone}"
    level = f"{access.level}{', shown anew' if access.fresh else ''}" if access.roles else "–"
    roles = "all" if access.roles == set(Role) else ", ".join(sorted(access.roles)) or "–"
    return f"| {route.method} | `{route.path}` | {who} | {level} | {roles} | {access.entry} |"


def test_the_document_is_the_table_of_routes():
    before, _, after = DOCUMENT.read_text(encoding="utf-8").partition(TABLE)
    rest = after.partition("\n\n")[2]
    now = f"{before}{TABLE}{chr(10).join(map(written, routes()))}\n\n{rest}"
    up_to_date = now == DOCUMENT.read_text(encoding="utf-8")
    if not up_to_date:
        DOCUMENT.write_text(now, encoding="utf-8")
    assert up_to_date, "docs/routes.md was not what the code declares; it is now: read it, then commit it"


def test_only_these_routes_are_open_to_anybody():
    open_to_anybody = {one.path for one in routes() if not one.access.signed and not one.access.roles}
    assert open_to_anybody == OPEN_TO_ANYBODY


def test_every_route_of_the_interface_leaves_an_entry_in_the_log_of_disclosures_unless_it_is_open_to_anybody():
    for one in routes():
        if one.path.startswith("/v1/") and one.path not in OPEN_TO_ANYBODY:
            assert (one.access.signed, one.access.entry) == (True, Entry.DISCLOSURE), one.path


@get("/forgotten")
async def forgotten() -> None:
    """Nobody said who may come in."""


@get("/forgotten", opt={"access": "everybody"})
async def misdeclared() -> None:
    """Somebody said it in other words."""


@websocket("/forgotten")
async def socket(socket: WebSocket) -> None:
    """Another kind of route."""


@route("/forgotten", http_method=["OPTIONS"])
async def options() -> None:
    """A method that the framework answers where nobody else does."""


@asgi("/forgotten", copy_scope=True)
async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    """Another application."""


FORGOTTEN = {
    "a page": forgotten,
    "other words": misdeclared,
    "a socket": socket,
    "another method": options,
    "another application": mounted,
    "files": create_static_files_router("/forgotten", [Path(__file__).parent]),
}


@pytest.mark.parametrize("handler", FORGOTTEN.values(), ids=FORGOTTEN)
def test_a_route_that_declares_nothing_stops_the_start_up(handler):
    with pytest.raises(UndeclaredRoute, match="/forgotten"):
        make_app(NO_DESK, routes=[*ROUTES, handler])


@pytest.mark.parametrize(
    "declared",
    [
        lambda: people(level=Level.PASSWORD, entry=Entry.NOTHING),
        lambda: people(Role.AUDITOR, level=Level.NONE, entry=Entry.NOTHING),
    ],
    ids=["no role", "no level"],
)
def test_a_page_for_people_names_their_roles_and_a_level(declared):
    with pytest.raises(ValueError, match="names their roles"):
        declared()


def test_what_is_declared_is_what_is_meant():
    assert signed(Entry.DISCLOSURE)["access"] == Access(signed=True, entry=Entry.DISCLOSURE)
    assert public()["access"] == Access(entry=Entry.NOTHING)
    assert people(Role.AUDITOR, level=Level.JPKI, entry=Entry.SECURITY, fresh=True)["access"] == Access(
        roles=frozenset({Role.AUDITOR}), level=Level.JPKI, fresh=True, page=True, entry=Entry.SECURITY
    )
