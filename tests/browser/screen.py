"""What a person sees and does: a tab of Chromium without JavaScript, judged by axe, used by mouse or by keyboard."""

import json
import os
import shutil
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from registry.browser_files.style import TOKENS
from registry.domain.sign_in import Level
from registry.sandbox.personas import ACR, PERSONAS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = TOKENS.parents[3] / "axe-core"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
TELEPHONE = {"width": 375, "height": 700}
DESK = {"width": 1280, "height": 900}
LABELS = {one.name: one.label for one in PERSONAS}
PICTURES = os.environ.get("PICTURES")
"""A folder for pictures of what was seen, for those who want to look; none are taken otherwise."""


@cache
def judging():
    """axe-core as a script that speaks Japanese and says what it found."""
    locale = (AXE / "locales" / "ja.json").read_text(encoding="utf-8")
    script = (AXE / "axe.min.js").read_text(encoding="utf-8")
    only = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations", "incomplete"]})
    return f"async () => {{ {script}; axe.configure({{locale: {locale}}}); return await axe.run(document, {only}); }}"


class Screen:
    """A tab of somebody's browser. What a browser says against a page (its console) is a fault of the page."""

    def __init__(self, tab, home, judge):
        self.tab = tab
        self.judge = judge
        self.home = home
        self.complaints = []
        tab.on("console", self._hear)

    def _hear(self, said):
        """Keep what the browser says against a page of ours; that a page was refused it says as well."""
        at = said.location["url"]
        if said.type in {"error", "warning"} and at.startswith(self.home) and at != self.tab.url:
            self.complaints.append((at, said.text))

    @property
    def path(self):
        return urlsplit(self.tab.url).path

    async def go(self, path):
        return await self.tab.goto(self.home + path)

    async def sign_in(self, persona, *, level=Level.PASSWORD, path="/me"):
        """Ask for a page, sign in at the provider as somebody, and be where one wanted to go."""
        await self.go(path)
        await self.tab.locator("main a.button").first.click()
        await self.tab.locator(f"form:has(input[value='{persona}']) button[value='{ACR[level]}']").click()

    async def text(self):
        return await self.tab.locator("main").inner_text()

    async def title(self):
        return await self.tab.title()

    async def press(self, name):
        """Press a button of this name, as shown."""
        await self.tab.get_by_role("button", name=name, exact=True).click()

    async def focused(self):
        return await self.tab.evaluate("document.activeElement.outerHTML")

    async def tab_to(self, name, *, most=80):
        """Go by the Tab key to what has this name: a label, the text of a link or button, or an id."""
        reached = """name => { const at = document.activeElement, label = at.labels && at.labels[0];
            return [at.id, at.innerText, label && label.innerText].some(one => one && one.trim() === name); }"""
        for _ in range(most):
            await self.tab.keyboard.press("Tab")
            if await self.tab.evaluate(reached, name):
                return
        raise AssertionError(f"not reached by keyboard: {name}")

    async def look(self, picture=""):
        """Judge what is shown, on a desk and on a telephone.

        The judge needs scripts, so it is shown the same page in a browser that runs them.
        """
        shown = await self.tab.content()
        assert "<script" not in shown, self.path
        for name, size in (("desk", DESK), ("telephone", TELEPHONE)):
            await self.tab.set_viewport_size(size)
            if PICTURES and picture:
                await self.tab.screenshot(path=Path(PICTURES) / f"{picture}-{name}.png", full_page=True)
            width = await self.tab.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], f"{self.path} is {width} wide on a {name}"
            assert await self._faults(shown, size) == [], (self.path, name)
        await self.tab.set_viewport_size(DESK)
        assert self.complaints == [], self.path

    async def _faults(self, shown, size):
        await self.judge.set_viewport_size(size)
        await self.judge.route(self.tab.url, lambda route: route.fulfill(body=shown, content_type="text/html"))
        await self.judge.goto(self.tab.url)
        with anyio.fail_after(30):
            found = await self.judge.evaluate(judging())
        await self.judge.unroute(self.tab.url)
        return [f"{one['id']}: {one['help']} {[at['html'] for at in one['nodes']]}" for one in found["violations"]]
