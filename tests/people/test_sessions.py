"""What a session is good for, in whose hands and how long: rotation, limits, forms, doors that are not one's own."""

import re
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from registry.domain.account import Role
from registry.domain.sign_in import FRESH_FOR, OF_RESIDENTS, OF_STAFF, Level
from registry.sandbox.personas import ACR
from registry.services import clockwork
from registry.web.access import Entry, people, routes_of
from registry.web.pages.visit import FORM_FIELD
from tests.house import URL
from tests.people.town import SESSION

pytestmark = pytest.mark.anyio

END, OUT = "/me/sessions/end", "/sign-out"
SECOND = timedelta(seconds=1)


async def signed_in(place, persona="resident", level=Level.PASSWORD):
    browser = place.browser()
    await browser.sign_in(persona, level)
    assert browser.path == "/me"
    return browser


async def is_in(browser):
    await browser.get(f"{browser.registry_url}/me", follow=False)
    return browser.answer.status_code == 200


def turned_away(logs, answer):
    """What the log says of who got this answer: a code, whose session it was, and the answer's own id."""
    lines = [one for one in logs if one["event"] == "refused at the door"]
    assert {one["correlation_id"] for one in lines} <= {answer.headers["correlation-id"]}
    return [(one["code"], one["account"]) for one in lines]


def account_on(browser):
    """The account that its owner's page shows."""
    return re.search("[0-9a-f]{40}", browser.found.text).group()


def put_session(browser, token):
    browser.cookies[urlsplit(browser.registry_url).netloc, SESSION] = token


def form_of(browser, action=END):
    return browser.found.form(action)["fields"]


async def sessions_in(place):
    async with place.house.resources.work() as work:
        return (await work.connection.exec_driver_sql("SELECT count(*) FROM sign_in_session")).scalar_one()


# ------------------------------------------------------------------------------------------------ tokens


async def test_a_token_that_was_there_before_the_sign_in_opens_nothing_afterwards(place):
    browser = place.browser()
    put_session(browser, "A" * 43)  # fixation: a thief has planted it
    await browser.sign_in("resident")
    assert browser.session_token != "A" * 43
    thief = place.browser()
    put_session(thief, "A" * 43)
    assert not await is_in(thief)


async def test_each_sign_in_gives_a_new_token_and_ends_the_old_one(place):
    browser = await signed_in(place)
    before = browser.session_token
    await browser.get(f"{place.url}/sign-in/sandbox")
    assert browser.path == "/me"  # the provider knows the person still
    assert browser.session_token != before
    assert await sessions_in(place) == 1
    thief = place.browser()
    put_session(thief, before)
    assert not await is_in(thief)


@pytest.mark.parametrize("token", ["", "A", "A" * 42, "A" * 44, "=" * 43, "髙" * 43, "A" * 5000], ids=range(7))
async def test_what_is_no_token_opens_nothing(place, token):
    browser = place.browser()
    put_session(browser, token)
    assert not await is_in(browser)
    assert browser.answer.status_code == 303


# ------------------------------------------------------------------------------------------------ limits

LIMITS = {
    "staff, idle": ("operator", OF_STAFF.idle),
    "a resident, idle": ("resident", OF_RESIDENTS.idle),
}


@pytest.mark.parametrize(("persona", "idle"), LIMITS.values(), ids=LIMITS)
async def test_a_session_that_is_not_used_is_over(place, persona, idle):
    browser = await signed_in(place, persona)
    place.ahead(seconds=(idle - 30 * SECOND).total_seconds())
    assert await is_in(browser)
    place.ahead(seconds=(idle - 30 * SECOND).total_seconds())
    assert await is_in(browser)  # it was used meanwhile
    place.ahead(seconds=(idle + SECOND).total_seconds())
    assert not await is_in(browser)


@pytest.mark.parametrize(("persona", "idle"), LIMITS.values(), ids=LIMITS)
async def test_whose_session_was_not_used_for_too_long_shows_anew_who_they_are(place, persona, idle):
    browser = await signed_in(place, persona)
    place.ahead(seconds=idle.total_seconds())
    await browser.begin()
    assert urlsplit(browser.address).port != urlsplit(place.url).port  # the provider does not wave them through


async def test_a_session_that_is_used_all_the_time_is_over_at_last(place):
    browser = await signed_in(place, "operator")
    steps = int(OF_STAFF.whole / timedelta(minutes=10))
    for _ in range(steps - 1):
        place.ahead(minutes=10)
        assert await is_in(browser)
    place.ahead(minutes=10)
    assert not await is_in(browser)


async def test_a_session_that_is_over_is_forgotten(place):
    await signed_in(place)
    place.ahead(hours=2)
    await clockwork.forget(place.house.resources)
    assert await sessions_in(place) == 0


# ------------------------------------------------------------------------------------------------ forms


FORMS = {
    "no token": (lambda _: {}, {}),
    "an empty token": (lambda _: {FORM_FIELD: ""}, {}),
    "a wrong token": (lambda own: {FORM_FIELD: ("B" if own[0] == "A" else "A") + own[1:]}, {}),
    "a token twice": (lambda own: {FORM_FIELD: [own, own]}, {}),
    "sent from another site": (lambda own: {FORM_FIELD: own}, {"sec-fetch-site": "cross-site"}),
    "sent from a neighbour": (lambda own: {FORM_FIELD: own}, {"sec-fetch-site": "same-site"}),
    "sent from another origin": (lambda own: {FORM_FIELD: own}, {"origin": "https://evil.example"}),
    "sent from nowhere": (lambda own: {FORM_FIELD: own}, {"origin": "null"}),
}


@pytest.mark.parametrize(("form", "headers"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("action", [END, OUT])
async def test_a_form_that_was_not_ours_does_nothing(place, action, form, headers):
    browser = await signed_in(place)
    given, account = form(form_of(browser, action)[FORM_FIELD]) | {"session": "all"}, account_on(browser)
    with capture_logs() as logs:
        answer = await browser.post(place.url + action, given, headers=headers)
    assert turned_away(logs, answer) == [("form-refused", account)]
    assert (answer.status_code, "form-refused" in answer.text) == (403, True)
    assert await is_in(browser)


async def test_a_form_of_another_session_does_nothing_be_it_of_the_same_person(place):
    browser, other = await signed_in(place), await signed_in(place)
    stolen = form_of(other)[FORM_FIELD]
    answer = await browser.post(place.url + END, {FORM_FIELD: stolen, "session": "all"})
    assert (answer.status_code, "form-refused" in answer.text) == (403, True)
    assert await sessions_in(place) == 2


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""], ids=str
)
async def test_a_form_in_another_dress_does_nothing(place, media_type):
    browser = await signed_in(place)
    content = {"content-type": media_type}
    answer = await browser.post(place.url + OUT, form_of(browser, OUT), headers=content)
    assert (answer.status_code, "not-understood" in answer.text) == (400, True)
    assert await is_in(browser)


async def test_a_form_beyond_all_measure_is_turned_away(place):
    browser = await signed_in(place)
    answer = await browser.post(place.url + OUT, {FORM_FIELD: "A" * 100_000})
    assert (answer.status_code, "not-understood" in answer.text) == (400, True)


async def test_a_form_without_a_session_says_to_sign_in(place):
    answer = await place.browser().post(place.url + OUT, {FORM_FIELD: "A"})
    assert (answer.status_code, "sign-in-again" in answer.text) == (403, True)


async def test_pages_do_nothing_by_get(place):
    browser = await signed_in(place)
    for path in (END, OUT):
        assert (await browser.get(f"{place.url}{path}")).status_code == 400
    assert await is_in(browser)


# ------------------------------------------------------------------------------------------------ my sessions


async def test_people_see_their_sessions_and_end_one_or_all(place):
    first, second, third = [await signed_in(place) for _ in range(3)]
    stranger = await signed_in(place, "agent")
    await third.get(f"{place.url}/me")
    forms = [one for one in third.found.forms if one["action"] == END]
    ids = [value for one in forms for _, value in one["buttons"]]
    assert (len(ids), ids[-1]) == (4, "all")
    others = [one for one in ids[:-1] if one != own_id(third)]
    await third.press(END, session=others[0])
    assert third.path == "/me"
    assert [await is_in(one) for one in (first, second, third)].count(True) == 2
    await third.get(f"{place.url}/me")
    await third.press(END, session="all")
    assert third.path == "/signed-out"
    assert [await is_in(one) for one in (first, second, third, stranger)] == [False, False, False, True]


def own_id(browser):
    """The session that the page marks as this one: it stands before the mark's button."""
    before = browser.answer.text.partition("this one")[2]
    return before.partition('name="session" value="')[2].partition('"')[0]


async def test_ending_the_session_one_is_in_signs_out(place):
    browser = await signed_in(place)
    await browser.press(END, session=own_id(browser))
    assert (browser.path, browser.session_token) == ("/signed-out", None)


async def test_another_persons_session_is_answered_like_one_that_is_not_there(place):
    browser, stranger = await signed_in(place), await signed_in(place, "agent")
    theirs = own_id(stranger)
    answers = []
    for session in (theirs, str(uuid4()), "' OR true --", ""):
        await browser.get(f"{place.url}/me")
        answer = await browser.press(END, session=session)
        answers.append((answer.status_code, answer.text.replace(answer.headers["correlation-id"], "")))
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 404
    assert await is_in(stranger)


async def test_who_showed_who_they_are_too_long_ago_shows_it_again_before_ending_sessions(place):
    browser = await signed_in(place)
    sent = form_of(browser)
    place.ahead(seconds=FRESH_FOR.total_seconds())
    answer = await browser.post(place.url + END, sent | {"session": "all"})
    assert (answer.status_code, "sign-in-again" in answer.text) == (403, True)
    again = next(link for link in browser.found.links if link.startswith("/sign-in?"))
    await browser.get(again)
    await browser.get(browser.found.links[-1])
    assert urlsplit(browser.address).port != urlsplit(place.url).port  # the provider does not wave them through
    await browser.choose("resident")
    await browser.press(END, session="all")
    assert browser.path == "/signed-out"
    assert await sessions_in(place) == 0


# ------------------------------------------------------------------------------------------------ out


async def test_signing_out_ends_the_session_here_and_leads_to_the_providers_end(place):
    browser = await signed_in(place)
    token = browser.session_token
    answer = await browser.press(OUT)
    assert (answer.status_code, browser.session_token, await sessions_in(place)) == (200, None, 0)
    leaving = answer.headers["refresh"].removeprefix("0; url=")
    assert leaving in browser.found.links
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    await browser.get(leaving)
    assert browser.path == "/signed-out"
    thief = place.browser()
    put_session(thief, token)
    assert not await is_in(thief)
    await browser.begin()
    assert urlsplit(browser.address).port != urlsplit(place.url).port  # the provider asks again, too


# ------------------------------------------------------------------------------------------------ where to

ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2Fevil.example",
    "/me//evil.example",
    "/me/../sign-out",
    "/me?to=//evil.example",
    "/me#x",
    "javascript:alert(1)",
    "/\tevil.example",
    "/me\r\nset-cookie: a=b",
    "me",
    "",
    "/",
    "/" + "a" * 500,
    "/髙",
    "/me@evil.example",
]


@pytest.mark.parametrize("to", ELSEWHERE, ids=range(len(ELSEWHERE)))
async def test_nobody_is_led_elsewhere_after_signing_in(place, to):
    browser = place.browser()
    await browser.get(f"{place.url}/sign-in?{urlencode({'to': to})}")
    (way,) = (link for link in browser.found.links if link.startswith("/sign-in/"))
    assert way == "/sign-in/sandbox?to=%2Fme&level=password"
    await browser.get(f"{place.url}/sign-in/sandbox?{urlencode({'to': to})}")
    await browser.choose("resident", follow=False)
    await browser.get(browser.answer.headers["location"], follow=False)
    assert browser.answer.headers["location"] == "/me"


@pytest.mark.parametrize("host", ["x:99999", "x:abc", "[", "evil.example"])
async def test_what_a_browser_calls_the_host_changes_nothing(place, host):
    for path, status in (("/me", 303), ("/nowhere", 404)):
        answer = await place.browser().get(place.url + path, headers={"host": host}, follow=False)
        assert (answer.status_code, answer.headers.get("location", "/")[0]) == (status, "/")
        assert host not in answer.text


@pytest.mark.parametrize("name", ["nobody", "sandbox%2F..", "..", "%00", "髙"])
async def test_a_provider_that_there_is_not_is_not_found(place, name):
    for path in (f"/sign-in/{name}", f"/sign-in/{name}/back"):
        assert (await place.browser().get(place.url + path, follow=False)).status_code == 404


# ------------------------------------------------------------------------------------------------ levels and roles


@pytest.fixture
def declared(place):
    """Let /me declare something else for the time of a test."""
    handler = next(
        one for route in place.app.routes if route.path == "/me" for one in route.route_handlers if "access" in one.opt
    )
    before = handler.opt["access"]

    def declare(**changed):
        roles = changed.pop("roles", tuple(Role))
        handler.opt.update(people(*roles, **({"level": Level.PASSWORD, "entry": Entry.NOTHING} | changed)))

    yield declare
    handler.opt["access"] = before


async def test_a_door_for_other_roles_stays_shut(place, declared):
    browser = await signed_in(place, "municipal-clerk")
    account = account_on(browser)
    declared(roles=(Role.AUDITOR, Role.RESIDENT))
    with capture_logs() as logs:
        answer = await browser.get(f"{place.url}/me")
    assert (answer.status_code, "not-permitted" in answer.text) == (403, True)
    assert turned_away(logs, answer) == [("not-permitted", account)]


async def test_a_door_that_needs_a_card_leads_to_the_card_and_believes_nothing_less(place, declared):
    browser = await signed_in(place)
    declared(level=Level.JPKI)
    await browser.get(f"{place.url}/me")
    assert browser.path == "/sign-in"
    assert "My Number Card" in browser.found.text
    way = next(link for link in browser.found.links if link.startswith("/sign-in/"))
    await browser.get(way)
    assert dict(browser.answer.request.url.params)["acr_values"] == ACR[Level.JPKI]
    await browser.choose("resident", Level.PASSWORD)  # the provider does not mind
    assert (browser.answer.status_code, "sign-in-refused" in browser.answer.text) == (403, True)
    await browser.get(f"{place.url}{way}")
    await browser.choose("resident", Level.JPKI)
    assert (browser.path, browser.answer.status_code) == ("/me", 200)
    assert "① JPKI" in browser.found.text


# ------------------------------------------------------------------------------------------------ frame and headers

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/me", "/sign-in", "/signed-out", "/nowhere", "/sign-out", "/sign-in/nobody"])
async def test_every_page_says_what_a_browser_may_do_with_it(place, path):
    browser = await signed_in(place)
    answer = await browser.get(place.url + path)
    assert HEADERS.items() <= answer.headers.items()
    policy = dict(one.strip().partition(" ")[::2] for one in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    for forbidden in ("<script", " style=", " onclick", "javascript:"):
        assert forbidden not in answer.text


@pytest.mark.parametrize("path", ["/health/live", "/v1/time", "/v1/grants", "/pages.css", "/v1/nowhere", "/nowhere"])
async def test_every_answer_that_is_no_page_may_be_shown_nowhere(place, path):
    answer = await place.browser().get(place.url + path, headers={"accept": "*/*"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    assert "access-control-allow-origin" not in answer.headers


SPOKEN = {
    "nothing said": ("", "ja"),
    "Japanese": ("ja", "ja"),
    "English before Japanese": ("en-GB,en;q=0.9,ja;q=0.8", "en"),
    "Japanese before English": ("ja;q=0.9,en;q=0.1", "ja"),
    "neither": ("de-DE,fr;q=0.5", "ja"),
    "English refused": ("en;q=0", "ja"),
    "nonsense": (",;q=,en;q=x,;;" + "a" * 900, "ja"),
}


@pytest.mark.parametrize(("accepted", "language"), SPOKEN.values(), ids=SPOKEN)
async def test_a_page_is_in_the_language_that_is_asked_for(place, accepted, language):
    answer = await place.browser().get(f"{place.url}/signed-out", headers={"accept-language": accepted})
    assert f'<html lang="{language}">' in answer.text


async def test_a_language_is_chosen_by_a_link_and_kept(place):
    browser = place.browser()
    await browser.get(f"{place.url}/sign-in?to=/me&fresh=yes")
    link = next(link for link in browser.found.links if "lang=ja" in link)
    await browser.get(f"{place.url}/sign-in{link}")
    assert '<html lang="ja">' in browser.answer.text
    assert "もう一度本人であることを確かめます" in browser.answer.text  # and what the page is about
    await browser.get(f"{place.url}/signed-out")
    assert '<html lang="ja">' in browser.answer.text


async def test_an_unknown_page_is_a_page_for_people_and_a_problem_for_machines(place):
    browser = place.browser()
    page = await browser.get(f"{place.url}/nowhere")
    machine = await browser.get(f"{place.url}/nowhere", headers={"accept": "*/*"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.headers["correlation-id"] in page.text
    assert machine.headers["content-type"] == "application/problem+json"


async def test_what_stands_in_an_address_is_never_shown(place):
    planted = "<b>planted</b>"
    for path in ("/sign-in", "/me", "/nowhere", "/signed-out"):
        answer = await place.browser().get(f"{place.url}{path}?{urlencode({'to': planted, 'x': planted})}")
        assert planted not in answer.text


async def test_where_no_provider_is_set_there_are_no_pages_and_machines_go_on(place):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(place.house.app), base_url=URL) as http:
        for path in ("/me", "/sign-in", "/sign-in/sandbox", "/sign-in/sandbox/back", "/signed-out", "/pages.css"):
            assert (await http.get(path)).status_code == 404, path
        assert (await http.post("/sign-out")).status_code == 404
        assert (await http.get("/v1/time")).status_code == 200


async def test_every_signed_route_refuses_who_does_not_sign(place):
    browser = await signed_in(place, "operator")
    for one in routes_of(place.app):
        if one.access.signed:
            path = one.path.replace("{submission_id}", str(uuid4()))
            answer = await browser.send(one.method, place.url + path, headers={"accept": "*/*"})
            assert (answer.status_code, answer.json()["code"]) == (401, "signature-missing"), one.path
