"""``registry sessions end`` as an operator types it, while people are signed in."""

import asyncio
import json
from functools import partial

import pytest

from registry.cli import app
from tests.people.town import Browser

pytestmark = pytest.mark.anyio


@pytest.fixture
def typed(place, database_of_people, monkeypatch, capfd):
    """Types a command beside the serving registry; returns its exit code and what it printed."""
    folder = place.folder
    monkeypatch.setenv("REGISTRY_DSN", database_of_people)
    monkeypatch.setenv("REGISTRY_KEYS", str(folder / "keys.json"))
    monkeypatch.setenv("REGISTRY_SIGNING_KEY", str(folder / "registry.pem"))
    monkeypatch.setenv("REGISTRY_LOG_KEY", str(folder / "log.pem"))

    def run(command):
        try:
            app(["sessions", "end", *command], exit_on_error=False, result_action="return_value")
        except SystemExit as ended:
            return ended.code
        return 0

    async def in_a_thread(*command):
        capfd.readouterr()
        code = await asyncio.to_thread(partial(run, command))
        return code, capfd.readouterr()

    return in_a_thread


async def is_in(browser: Browser):
    return (await browser.get(f"{browser.registry_url}/me", follow=False)).status_code == 200


async def test_an_operator_ends_the_sessions_of_one_account_or_of_everybody(place, typed):
    first, second, other = [place.browser() for _ in range(3)]
    for browser, persona in ((first, "resident"), (second, "resident"), (other, "agent")):
        await browser.sign_in(persona)
    code, printed = await typed(account_on(first), "--json")
    assert (code, json.loads(printed.out)) == (0, {"ended": 2})
    assert [await is_in(one) for one in (first, second, other)] == [False, False, True]
    code, printed = await typed("--everybody")
    assert (code, "1 sessions ended" in printed.err) == (0, True)
    assert not await is_in(other)


def account_on(browser):
    """The account as its owner's page shows it: the last of the codes there."""
    return browser.answer.text.rpartition("</code>")[0].rpartition("<code>")[2]


@pytest.mark.parametrize("command", [[], ["somebody", "--everybody"]], ids=["nobody", "one and all"])
async def test_one_says_whose_sessions_end(place, typed, command):
    browser = place.browser()
    await browser.sign_in("resident")
    code, _ = await typed(*command)
    assert code == 2
    assert await is_in(browser)
