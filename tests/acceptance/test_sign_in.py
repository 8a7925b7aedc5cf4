"""People sign in, over real HTTP, at a provider in a thread of its own; and nobody else does."""

import pytest

from registry.domain.account import Role
from registry.sandbox.personas import PERSONAS
from tests.acceptance.people import town

pytestmark = pytest.mark.anyio

ADMITTED = [one for one in PERSONAS if one.name != "lost-clerk"]


@pytest.fixture
async def place(registry, tmp_path):
    async with town(registry, tmp_path) as opened:
        yield opened


def test_there_is_a_persona_for_every_role():
    assert {role for one in ADMITTED for role in one.roles} == set(Role)


@pytest.mark.parametrize("persona", ADMITTED, ids=lambda one: one.name)
async def test_each_persona_signs_in_and_sees_who_they_are(place, persona):
    browser = place.browser()
    answer = await browser.sign_in(persona.name)
    assert (answer.status_code, browser.path) == (200, "/me")
    assert (persona.unit or "Signed in by") in browser.found.text
    assert persona.subject not in answer.text
    assert persona.label not in answer.text
