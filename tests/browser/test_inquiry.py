"""A municipal clerk asks about somebody, in a real browser, within what the municipality's grants allow."""

import pytest

from tests.acceptance.asking import settle
from tests.acceptance.papers import KICHIRO, removed_record
from tests.house import TOWN
from tests.logged import log

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("settled")]

AFFAIR = "/inquiry/residents-tax"


@pytest.fixture(scope="module")
async def settled(place):
    await settle(place.house)
    for addressee, honseki in (("901", "那覇市泉崎一丁目1番"), ("902", "札幌市中央区北一条西二丁目")):
        namesake = {"name": KICHIRO, "birth_date": "1981-02-14", "sex": "male", "honseki": {"text": honseki}}
        answer = await place.house.deliver(
            removed_record(addressee_number=addressee, individual_number=None, **namesake),
            extract=f"extract-{addressee}",
        )
        assert answer.status == 200, answer.body
    return place


async def fill(screen, **typed):
    """Fill in the form: the first basis, name and address, and what is typed."""
    await screen.tab.locator("#basis-1").check()
    for item in ("name", "address_abroad"):
        await screen.tab.locator(f"#field-{item}").check()
    await screen.tab.locator("#by-name-and-birth-date").check()
    for name, value in typed.items():
        await screen.tab.locator(f"#{name}").fill(value)


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_clerk_finds_a_former_resident_and_the_log_names_the_clerk(settled, somebody, language):
    screen = await somebody("municipal-clerk", path="/inquiry", language=language)
    await screen.look(f"affairs-{language}")
    await screen.go(AFFAIR)
    await screen.look(f"inquiry-{language}")
    await fill(screen, name="髙﨑花子", birth_date="昭和54年11月23日")
    await screen.press("照会する" if language == "ja" else "Ask")
    assert "髙﨑 花子" in await screen.text()
    assert screen.path == AFFAIR
    await screen.look(f"answer-{language}")
    columns = ("body", "affair", "search", "number_accessed")
    entries = await log(settled.house, "handled_by", *columns, operation="inquiry", outcome="found")
    assert entries[-1][1:] == (TOWN, "residents-tax", "name-and-birth-date", False)
    assert len(entries[-1][0]) == 40  # the clerk's own account


async def test_what_is_wrong_is_said_at_once_where_the_focus_is_and_at_its_place(settled, somebody):
    screen = await somebody("municipal-clerk", path=AFFAIR)
    await screen.tab.locator("#individual_number").fill("123")
    await screen.tab.locator("#by-individual-number").check()
    await screen.press("照会する")
    assert (await screen.title()).startswith("エラー:")
    assert 'role="alert"' in await screen.focused()
    assert "根拠を選んでください" in await screen.text()
    assert await screen.tab.locator("#individual_number-error").count() == 1
    assert await screen.tab.locator("#individual_number").input_value() == "123"
    await screen.look("inquiry-errors")
    (entry, *_) = await log(settled.house, "body", "affair", operation="inquiry", outcome="refused")
    assert entry == (TOWN, "residents-tax")


async def test_only_what_the_grant_allows_is_offered_and_another_affair_is_no_page(somebody):
    screen = await somebody("municipal-clerk", path=AFFAIR)
    assert await screen.tab.locator("#field-honseki").count() == 0
    assert await screen.tab.locator("#field-individual_number").count() == 0
    assert (await screen.go("/inquiry/pension-benefit")).status == 404


async def test_a_name_is_asked_for_by_keyboard_alone_and_more_than_one_hit_names_nobody(somebody):
    screen = await somebody("municipal-clerk", path=AFFAIR)
    keyboard = screen.tab.keyboard
    await screen.tab_to("basis-1")
    await keyboard.press("Space")
    await screen.tab_to("field-name")
    await keyboard.press("Space")
    await screen.tab_to("by-addressee-number")
    for _ in range(2):
        await keyboard.press("ArrowDown")
    await screen.tab_to("name")
    await keyboard.type("邊見𠮷郎")
    await screen.tab_to("birth_date")
    await keyboard.type("1981-02-14")
    await keyboard.press("Enter")
    text = await screen.text()
    assert ("二人以上" in text, "邊見" in text) == (True, False)
    await screen.look("ambiguous")
