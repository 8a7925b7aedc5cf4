"""One town and one Chromium for all tests of a module; each person has a browser of their own, with nothing in it."""

import pytest
from playwright.async_api import async_playwright

from tests.browser.screen import CHROMIUM, DESK, Screen
from tests.house import house
from tests.people.town import town


@pytest.fixture(scope="module")
async def chromium():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium fonts-ipaexfont")
    async with async_playwright() as driver:
        # As root, and in most containers, Chromium has no sandbox of its own; it sees only what we serve.
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def judge(chromium):
    """A tab that runs scripts, in which axe looks at what others are shown."""
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


@pytest.fixture(scope="module")
async def place(chromium, database_of_people, tmp_path_factory):
    del chromium  # where there is none, no town is built
    folder = tmp_path_factory.mktemp("town")
    async with house(database_of_people, folder) as built, town(built, folder) as made:
        yield made


@pytest.fixture
async def somebody(chromium, place, judge):
    """Makes screens: ``await somebody()``, ``await somebody("resident", path="/me", language="en")``."""
    contexts = []

    async def screen(persona=None, *, language="ja", **more):
        context = await chromium.new_context(java_script_enabled=False, locale=language, viewport=DESK)
        context.set_default_timeout(10_000)
        contexts.append(context)
        made = Screen(await context.new_page(), place.url, judge)
        if persona is not None:
            await made.sign_in(persona, **more)
        return made

    yield screen
    for context in contexts:
        await context.close()
    await place.leave()
