"""Everybody signs in, in a real browser, and is refused at every door that is not theirs."""

import re

import pytest

from registry.sandbox.personas import PERSONAS
from registry.web.access import routes_of
from registry.web.pages.visit import FORM_FIELD

pytestmark = pytest.mark.anyio

SEND = """([action, field, token]) => {
    const form = document.createElement("form"), hidden = document.createElement("input");
    Object.assign(form, {method: "post", action}); Object.assign(hidden, {name: field, value: token});
    form.append(hidden); document.body.append(form); form.submit(); }"""


def filled(path):
    """An address of this path, with something in each place."""
    return re.sub(r"{[^}]*}", "residents-tax", path)


def doors(place):
    """Every door for people, as declared, with what is asked of those who come in."""
    return [one for one in routes_of(place.app) if one.access.roles and one.access.page]


async def knock(screen, route):
    """Come to a door as a browser does: by an address, or by a form of this session."""
    path = filled(route.path)
    if route.method == "GET":
        return await screen.go(path)
    await screen.go("/me")
    token = await screen.tab.locator(f"input[name={FORM_FIELD}]").first.get_attribute("value")
    async with screen.tab.expect_navigation() as going:
        await screen.tab.evaluate(SEND, [path, FORM_FIELD, token])
    return await going.value


@pytest.mark.parametrize("persona", [one for one in PERSONAS if one.name != "lost-clerk"], ids=lambda one: one.name)
async def test_who_is_signed_in_is_refused_at_every_door_that_is_not_theirs(place, somebody, persona):
    screen = await somebody(persona.name)
    assert screen.path == "/me"
    for route in doors(place):
        if not route.access.roles.isdisjoint(persona.roles):
            continue
        answer = await knock(screen, route)
        assert answer.status == 403, route.path
        assert "not-permitted" in await screen.text()
    for route in ("/v1/grants", "/v1/removed-record-questions"):  # machines sign; a session opens nothing there
        assert (await screen.go(route)).status == 401


async def test_who_is_not_signed_in_is_led_to_sign_in_from_every_page(place, somebody):
    screen = await somebody()
    for route in doors(place):
        if route.method == "GET":
            await screen.go(filled(route.path))
            assert screen.path == "/sign-in", route.path


async def test_a_clerk_whose_unit_is_wrong_comes_in_nowhere(somebody):
    screen = await somebody("lost-clerk")
    assert "エラー: サインインできませんでした" in await screen.title()
    await screen.look("refused")
    await screen.go("/me")
    assert screen.path == "/sign-in"
    await screen.look("sign-in")


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_ones_own_page_is_for_everybody(somebody, language):
    screen = await somebody("resident", language=language)
    assert (await screen.title()).startswith("利用者情報" if language == "ja" else "Your account")
    await screen.look(f"me-{language}")
    await screen.tab_to("サインアウト" if language == "ja" else "Sign out")
    await screen.tab.keyboard.press("Enter")
    await screen.tab.wait_for_url("**/signed-out")
