"""Every page is whole in both languages, says what it is, and can be used by keyboard and by ear."""

from html.parser import HTMLParser

import httpx
import msgspec
import pytest

from registry.store.engine import connect
from registry.web.app import make_app
from registry.web.desk import Desk
from tests.people.town import SESSION

pytestmark = pytest.mark.anyio

ALONE = {"meta", "link", "input", "br"}
"""Elements of HTML that have no end."""


class Outline(HTMLParser):
    """Fails where elements do not nest; keeps headings, titles, and what has a name for those who do not see."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.texts, self.language = [], [], {}, None
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.seen.append((tag, given))
        if tag == "html":
            self.language = given["lang"]
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in self.open[-1:]:
            self.texts.setdefault(tag, []).append(data.strip())

    def all(self, tag):
        return [given for name, given in self.seen if name == tag]


PAGES = {
    "/sign-in": ("サインイン", "Sign in"),
    "/sign-in?level=jpki&fresh=yes": ("サインイン", "Sign in"),
    "/signed-out": ("サインアウトしました", "You are signed out"),
    "/me": ("利用者情報", "Your account"),
    "/nowhere": ("エラー: ページが見つかりません", "Error: There is no such page"),
    "/sign-in/nobody": ("エラー: ページが見つかりません", "Error: There is no such page"),
    "/sign-in/sandbox/back": ("エラー: サインインできませんでした", "Error: Signing in did not work"),
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_page_is_whole_in_each_language(place, path, language):
    browser = place.browser()
    await browser.sign_in("mission-staff")
    browser.language = language
    outline = Outline((await browser.get(place.url + path)).text)
    title = PAGES[path][0 if language == "ja" else 1]
    assert outline.language == language
    assert outline.texts["title"][0].startswith(title)
    assert len(outline.all("h1")) == len(outline.all("main")) == 1
    assert {given["type"] for given in outline.all("input")} <= {"hidden"}
    assert all(outline.texts.get("button", ["said"]))
    assert all(outline.texts["a"])
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in outline.all("meta")
    assert [given["href"] for given in outline.all("link")] == ["/pages.css", "data:,"]


async def test_the_style_is_served_as_one(place):
    answer = await place.browser().get(f"{place.url}/pages.css")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")


async def test_over_tls_browsers_are_told_to_come_by_tls_only(place):
    desk = Desk(resources=place.house.resources, keys=None, public_url="https://registry.test")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(desk)), base_url="https://registry.test"
    ) as http:
        for path in ("/health/live", "/nowhere"):
            headers = (await http.get(path)).headers
            assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert "strict-transport-security" not in (await place.browser().get(f"{place.url}/health/live")).headers


async def test_while_the_database_is_away_people_are_told_to_wait(place):
    engine = connect("postgresql://nobody@/nothing?host=/nowhere", pool_size=1)
    resources = msgspec.structs.replace(place.house.resources, engine=engine)
    desk = Desk(resources=resources, keys=None, public_url=place.url)
    browser = place.browser()
    await browser.sign_in("resident")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(desk, sign_ins=place.sign_ins)), base_url=place.url
    ) as http:
        answer = await http.get("/me", headers={"cookie": f"{SESSION}={browser.session_token}"})
    await engine.dispose()
    assert (answer.status_code, "not-ready" in answer.text, answer.headers["retry-after"]) == (503, True, "2")
