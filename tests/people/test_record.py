"""A resident reads their own record and who saw it; nobody else's session shows anything of it."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from registry.contract.problems import RateLimited
from registry.domain.pace import OF_RESIDENTS
from registry.domain.sign_in import Level
from registry.services.access_record import OPERATION as HANDED_OUT
from registry.services.key_directory import KeyDirectory
from registry.transparency import receipt
from registry.transparency.entry import Disclosure
from registry.web.pages.who_saw import words_of
from tests.acceptance.asking import CHECKED
from tests.acceptance.papers import number, report
from tests.acceptance.seen import receipt as accepted
from tests.house import CHECKER, ELECTIONS, MISSION, PENSION, TOWN
from tests.people.test_applications import Somebody, Visitor, read_anew, taken_in, town_of_cards

pytestmark = pytest.mark.anyio

FILE = "/record/accesses/file"
PAGES = ("/record", "/record/accesses")
HERS = ("髙﨑", "花子", "1979", "Albany", "JP-CG-NEW-YORK", "ニューヨーク")
NUMBER = number(1818)


@pytest.fixture(scope="module")
async def opened(database_of_people, tmp_path_factory):
    """A town where one woman has her record: the mission reported her with her number, and she signed a change."""
    async with town_of_cards(database_of_people, tmp_path_factory.mktemp("town")) as made:
        who = Somebody(18)
        accepted(await made.house.submit(report(who.said | {"individual_number": NUMBER, "number_check": CHECKED})))
        hers = await Visitor.signed_in(made, "hers-18")
        taken_in(await hers.applies(who))
        await made.leave()
        yield made


async def signed_in(place, subject, path="/record"):
    """A browser with somebody's session, who wanted to see this page."""
    place.provider.change = {"sub": subject}
    browser = place.browser()
    await browser.sign_in("resident", Level.JPKI, path=path)
    return browser


async def test_who_signed_reads_their_record_but_never_the_number(place):
    browser = await signed_in(place, "hers-18")
    assert browser.path == "/record"
    text = browser.found.text
    assert all(
        one in text for one in ("髙﨑 花子", "1979-03-18", "Albany", "United States", "Lives abroad", "2024-12-30")
    )
    assert ("One is held" in text, NUMBER in browser.answer.text) == (True, False)


async def test_what_is_handed_out_can_be_checked_without_the_registry(place):
    await place.house.sequence()
    browser = await signed_in(place, "hers-18", "/record/accesses")
    assert {"在ニューヨーク日本国総領事館", "You"} <= set(browser.found.text.split("\n"))
    await browser.press(FILE)
    assert browser.answer.headers["content-disposition"] == 'attachment; filename="access-record.json"'
    checked = receipt.verify(browser.answer.content, (place.house.resources.log.key,), ())
    assert [one.operation for one in checked.disclosures][:2] == ["submission", "own-application"]
    assert NUMBER not in browser.answer.text


async def test_another_residents_session_sees_nothing_of_it(place):
    hers = await Visitor.signed_in(place, "hers-18")
    account, token = await hers.account(), (await hers.browser.get("/me")) and hers.browser.found.form("/sign-out")
    browser = await signed_in(place, "his")
    for page in PAGES:
        for query in ("", f"?account={account}", f"?person_id={account}", f"?sub=hers-18&holder={account}"):
            await browser.get(page + query)
            assert browser.answer.status_code == 200
            assert "No record is joined to your account" in browser.found.text
            assert not any(secret in browser.answer.text for secret in HERS)
        assert (await browser.get(f"{page}/{account}")).status_code == 404
    await browser.get("/record")
    own = browser.found.form("/sign-out")["fields"]
    await browser.post(FILE, own | {"account": account})
    assert "No record is joined to your account" in browser.found.text
    await browser.post(FILE, token["fields"])  # her form in his session
    assert (browser.answer.status_code, "form-refused" in browser.answer.text) == (403, True)


async def test_a_card_that_cannot_be_asked_about_shows_nothing(place):
    place.ca.down = True
    read_anew(place)
    browser = await signed_in(place, "hers-18")
    for page in PAGES:
        await browser.get(page)
        assert (browser.answer.status_code, "not-ready" in browser.answer.text) == (503, True)
        assert not any(secret in browser.answer.text for secret in HERS)
    place.ca.down = False
    read_anew(place)


async def test_a_password_is_not_enough_and_no_program_reads_so_fast(place):
    place.provider.change = {"sub": "hers-18"}
    browser = place.browser()
    await browser.sign_in("resident")
    await browser.get("/record")
    assert browser.path == "/sign-in"
    browser, turns = await signed_in(place, "hers-18"), place.app.state.entrance.turns
    account, now = await Visitor(place, browser).account(), place.house.wall_clock()
    with suppress(RateLimited):
        for _ in range(OF_RESIDENTS.at_once):
            turns.take(account, now)
    await browser.get("/record")
    assert (browser.answer.status_code, int(browser.answer.headers["retry-after"]) > 0) == (429, True)
    turns.__init__()


async def test_where_no_card_is_taken_it_is_said(place):
    browser, entrance = await signed_in(place, "hers-18"), place.app.state.entrance
    cards, entrance.cards = entrance.cards, None
    try:
        for page in PAGES:
            await browser.get(page)
            assert "does not take in reports signed with a card" in browser.found.text
        assert browser.found.form("/sign-out")
    finally:
        entrance.cards = cards


ME = "a" * 40
HOUSE = "902012"
WHO = {
    "myself": ({"body": ME, "operation": "own-record"}, "You"),
    "myself, handed out by the registry": ({"body": HOUSE, "operation": HANDED_OUT, "handled_by": ME}, "You"),
    "handed out by an official": ({"body": HOUSE, "operation": HANDED_OUT, "handled_by": "mado-1"}, "This registry"),
    "a body that names my account": ({"body": TOWN, "handled_by": ME}, "東京都千代田区"),
    "somebody as me": ({"body": "b" * 40, "operation": "own-record"}, "Another account that was joined to your record"),
    "an organ": ({"body": ELECTIONS}, "東京都千代田区 選挙管理委員会"),
    "a mission": ({"body": MISSION}, "在ニューヨーク日本国総領事館"),
    "an agency": ({"body": PENSION, "key_id": f"{PENSION}-key"}, f"Pension office {PENSION}"),
    "an agency by another's key": ({"body": PENSION, "key_id": f"{CHECKER}-key"}, PENSION),
    "J-LIS": ({"body": "j-lis"}, "J-LIS (地方公共団体情報システム機構)"),
}


@pytest.mark.parametrize(("fields", "text"), WHO.values(), ids=WHO)
async def test_who_it_was_is_said_by_name(place, fields, text):
    keys = KeyDirectory(place.house.resources)
    await keys.refresh()
    given = {"provider": HOUSE, "operation": "inquiry", "outcome": "refused", "correlation_id": "1", "key_id": "none"}
    entry = Disclosure(asked_at=datetime(2024, 12, 30, tzinfo=UTC), provided_at=None, **(given | fields))
    words = words_of(entry, ME, keys, place.house.resources, 1)
    assert (words["who"].text, words["who"].is_you) == (text, text == "You")
    assert words["outcome"] == "refused"
