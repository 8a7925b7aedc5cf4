"""A resident reads their own record and who saw it, in a real browser, in both languages."""

import json

import pytest

from registry.domain.sign_in import Level
from tests.acceptance.asking import CHECKED, ask, said
from tests.acceptance.papers import by_number, number, report
from tests.acceptance.seen import receipt
from tests.house import PENSION
from tests.people.test_applications import Somebody, Visitor, taken_in, town_of_cards

pytestmark = pytest.mark.anyio

HERS = "hers-19"
RECORD, ACCESSES = "/record", "/record/accesses"


@pytest.fixture(scope="module")
async def place(chromium, database_of_people, tmp_path_factory):
    """A town where somebody was reported, signed a change, and was asked about by a pension office."""
    del chromium  # where there is none, no town is built
    async with town_of_cards(database_of_people, tmp_path_factory.mktemp("town")) as made:
        who = Somebody(19)
        numbered = who.said | {"individual_number": number(1919), "number_check": CHECKED}
        receipt(await made.house.submit(report(numbered)))
        taken_in(await (await Visitor.signed_in(made, HERS)).applies(who))
        await made.leave()
        await made.house.sequence()
        said(await ask(made.house, PENSION, search=by_number(number(1919))))
        await made.house.sequence()
        yield made


@pytest.fixture
def her(place, somebody):
    """Signs in as the one who has a record, or as somebody who has none."""

    async def sign_in(path, language="ja", account=HERS):
        place.provider.change = {"sub": account}
        return await somebody("resident", level=Level.JPKI, path=path, language=language)

    return sign_in


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_somebody_reads_their_record_and_who_saw_it(her, language):
    screen = await her(RECORD, language)
    is_japanese = language == "ja"
    text = await screen.text()
    assert all(one in text for one in ("髙﨑 花子", "Albany", "在ニューヨーク日本国総領事館", "2024-12-30"))
    assert ("記録されています" if is_japanese else "One is held") in text
    await screen.look(f"record-{language}")
    await screen.tab_to("この記録を誰が見たか" if is_japanese else "Who saw this record")
    await screen.tab.keyboard.press("Enter")
    await screen.tab.wait_for_url(f"**{ACCESSES}")
    text = await screen.text()
    told = ("年金事務所", "あなた", "個人番号を利用") if is_japanese else ("Pension office", "You", "Number was used")
    assert all(one in text for one in told)
    await screen.look(f"accesses-{language}")


async def test_somebody_saves_the_file_that_can_be_checked(her):
    screen = await her(ACCESSES)
    async with screen.tab.expect_download() as saving:
        await screen.press("ファイルを保存する")
    saved = await saving.value
    assert saved.suggested_filename == "access-record.json"
    assert json.loads((await saved.path()).read_text(encoding="utf-8"))["format"] == "access-record/v1"
    assert screen.path == ACCESSES


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_whose_account_has_no_record_is_told_what_to_do_next(her, language):
    screen = await her(RECORD, language, account="nobody-yet")
    assert ("次にすること" if language == "ja" else "What to do next") in await screen.text()
    await screen.look(f"no-record-{language}")
