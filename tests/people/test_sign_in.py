"""People sign in, over real HTTP, at a provider in a thread of its own; and nobody else does."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest
from structlog.testing import capture_logs

from registry.contract.openid.line import ProviderLine
from registry.domain.account import Role
from registry.domain.pace import Bucket
from registry.domain.sign_in import SIGN_IN_WITHIN
from registry.sandbox.personas import PERSONAS
from registry.services.sign_ins import PACE
from registry.wiring import new_id
from tests.people.town import SIGN_IN

pytestmark = pytest.mark.anyio

ADMITTED = [one for one in PERSONAS if one.name != "lost-clerk"]


def refused(browser, code):
    """That somebody was turned away, signed in no more than before, and told nothing but an id."""
    assert browser.answer.status_code == 403
    assert "sign-in-refused" in browser.answer.text
    assert code not in browser.answer.text
    assert browser.answer.headers["correlation-id"] in browser.answer.text
    assert browser.session_token is None


def said(logs):
    return [one.get("code") for one in logs if one["event"] == "refused at the door"]


# ------------------------------------------------------------------------------------------------ who comes in


def test_there_is_a_persona_for_every_role():
    assert {role for one in ADMITTED for role in one.roles} == set(Role)


async def test_each_persona_signs_in_and_sees_who_they_are(place):
    for persona in ADMITTED:
        browser = place.browser()
        answer = await browser.sign_in(persona.name)
        assert (answer.status_code, browser.path) == (200, "/me"), persona.name
        assert (persona.unit or "Signed in by") in browser.found.text, persona.name
        assert persona.subject not in answer.text
        assert persona.label not in answer.text


async def test_who_has_a_unit_that_does_not_parse_is_refused(place):
    browser = place.browser()
    with capture_logs() as logs:
        await browser.sign_in("lost-clerk")
    refused(browser, "sign-in-account-refused")
    assert said(logs) == ["sign-in-account-refused"]


async def test_a_role_that_is_not_believed_of_this_provider_is_refused(place):
    of_residents = msgspec.structs.replace(place.listed, roles=frozenset({Role.RESIDENT}))
    async with ProviderLine(of_residents, new_id=new_id) as line:
        place.sign_ins._lines = {line.provider.name: line}
        browser, other = place.browser(), place.browser()
        assert (await browser.sign_in("resident")).status_code == 200
        with capture_logs() as logs:
            await other.sign_in("operator")
        refused(other, "sign-in-account-refused")
        assert said(logs) == ["sign-in-account-refused"]


async def test_who_does_not_want_to_is_not_signed_in(place):
    browser = place.browser()
    await browser.begin()
    with capture_logs() as logs:
        await browser.post(browser.found.forms[-1]["action"], {"acr": ""})
    refused(browser, "sign-in-declined")
    assert said(logs) == ["sign-in-declined"]


async def test_nothing_in_the_database_opens_a_session_or_tells_who_it_is(place):
    browser = place.browser()
    await browser.sign_in("resident")
    async with place.house.resources.work() as work:
        (row,) = (await work.connection.exec_driver_sql("SELECT sign_in_session::text FROM sign_in_session")).all()
    assert browser.session_token not in row[0]
    assert "sandbox-resident" not in row[0]


# ------------------------------------------------------------------------------------------------ the way back

CHANGED_BACK = {
    "another state": ({"state": "A" * 43}, "sign-in-not-begun-here"),
    "no state": ({"state": None}, "sign-in-not-begun-here"),
    "another provider's word": ({"iss": "https://evil.example"}, "sign-in-other-provider"),
    "nobody's word": ({"iss": None}, "sign-in-other-provider"),
    "another code": ({"code": "guessed"}, "sign-in-code-refused"),
    "no code": ({"code": None}, "sign-in-declined"),
    "a code beyond all measure": ({"code": "c" * 3000}, "sign-in-declined"),
    "an error beside the code": ({"error": "access_denied"}, "sign-in-declined"),
}


@pytest.mark.parametrize(("change", "code"), CHANGED_BACK.values(), ids=CHANGED_BACK)
async def test_a_way_back_that_was_tampered_with_leads_nowhere(place, change, code):
    browser = place.browser()
    path, query = await browser.back("resident")
    query = {name: value for name, value in (query | change).items() if value is not None}
    with capture_logs() as logs:
        await browser.get(f"{place.url}{path}?{urlencode(query)}")
    refused(browser, code)
    assert said(logs) == [code]


async def test_a_parameter_that_comes_twice_is_none(place):
    browser = place.browser()
    path, query = await browser.back("resident")
    await browser.get(f"{place.url}{path}?{urlencode([*query.items(), ('code', query['code'])])}")
    refused(browser, "sign-in-declined")


async def test_a_way_back_is_gone_once_and_in_no_other_browser(place):
    browser, thief = place.browser(), place.browser()
    path, query = await browser.back("resident")
    address = f"{place.url}{path}?{urlencode(query)}"
    carried = browser.jar(urlsplit(place.url).netloc)[SIGN_IN]
    with capture_logs() as logs:
        await thief.get(address)
        refused(thief, "sign-in-not-begun-here")
        assert (await browser.get(address)).status_code == 200
        thief.cookies[urlsplit(place.url).netloc, SIGN_IN] = carried
        await thief.get(address)
        refused(thief, "sign-in-used-before")
    assert said(logs) == ["sign-in-not-begun-here", "sign-in-used-before"]


async def test_nobody_is_signed_in_as_somebody_who_began_elsewhere(place):
    """Login CSRF: a thief leads a victim to the end of the thief's own sign-in."""
    thief, victim = place.browser(), place.browser()
    path, query = await thief.back("resident")
    await victim.begin()
    await victim.get(f"{place.url}{path}?{urlencode(query)}")
    refused(victim, "sign-in-not-begun-here")


SPOILT = {
    "its mark": lambda text: text[:-4] + "AAAA",
    "its content": lambda text: "A" + text[1:],
    "nothing in it": lambda _: "..",
    "beyond all measure": lambda _: "A" * 3000,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_a_sign_in_that_a_browser_made_up_is_none(place, spoil):
    browser = place.browser()
    path, query = await browser.back("resident")
    key = urlsplit(place.url).netloc, SIGN_IN
    browser.cookies[key] = spoil(browser.cookies[key])
    await browser.get(f"{place.url}{path}?{urlencode(query)}")
    refused(browser, "sign-in-not-begun-here")


async def test_a_sign_in_that_takes_too_long_is_refused(place):
    browser = place.browser()
    path, query = await browser.back("resident")
    place.house.wall_clock.ahead += SIGN_IN_WITHIN
    with capture_logs() as logs:
        await browser.get(f"{place.url}{path}?{urlencode(query)}")
    refused(browser, "sign-in-too-late")
    assert said(logs) == ["sign-in-too-late"]


async def test_a_code_is_bound_to_the_browser_that_asked_for_it(place):
    """A stolen code, brought to the thief's own sign-in, lacks the thief's verifier."""
    victim, thief = place.browser(), place.browser()
    _, stolen = await victim.back("resident")
    path, own = await thief.back("operator")
    with capture_logs() as logs:
        await thief.get(f"{place.url}{path}?{urlencode(own | {'code': stolen['code']})}")
    refused(thief, "sign-in-code-refused")
    assert said(logs) == ["sign-in-code-refused"]


# ------------------------------------------------------------------------------------------------ the ID token

CROOKED = {
    "for another client": ({"aud": "another"}, "token-audience"),
    "of another issuer": ({"iss": "https://evil.example"}, "token-issuer"),
    "for another sign-in": ({"nonce": "another"}, "token-nonce"),
    "that has expired": ({"exp": 1_700_000_000}, "token-time"),
    "without a level": ({"acr": "urn:unheard-of"}, "sign-in-level-too-low"),
    "that says nothing of how": ({"acr": None}, "sign-in-level-too-low"),
    "of yesterday's authentication": ({"auth_time": 1_700_000_000}, "sign-in-not-fresh"),
    "with a role that there is not": ({"registry_roles": ["king"]}, "sign-in-account-refused"),
    "with another's unit": ({"registry_unit": "131016/residents"}, "sign-in-account-refused"),
}


@pytest.mark.parametrize(("change", "code"), CROOKED.values(), ids=CROOKED)
async def test_a_token_that_is_not_for_this_sign_in_opens_nothing(place, change, code):
    browser = place.browser()
    place.provider.change = change
    with capture_logs() as logs:
        await browser.sign_in("resident")
    refused(browser, code)
    assert said(logs) == [code]


async def test_a_token_is_good_for_one_sign_in(place):
    await place.browser().sign_in("resident")
    place.provider.instead = place.provider.signed[-1]
    other = place.browser()
    with capture_logs() as logs:
        await other.sign_in("resident")
    refused(other, "token-nonce")
    assert said(logs) == ["token-nonce"]


async def test_keys_change_under_way_and_nobody_notices(place):
    await place.browser().sign_in("resident")
    place.provider.rotate()
    line = ProviderLine(place.listed, new_id=new_id)
    place.sign_ins._lines = {line.provider.name: line}
    async with line:
        await line.metadata()
        assert (await place.browser().sign_in("resident")).status_code == 200


async def test_while_the_provider_is_away_people_are_told_to_wait(place):
    browser = place.browser()
    path, query = await browser.back("resident")
    gone = msgspec.structs.replace(place.listed, issuer="http://127.0.0.1:9")
    async with ProviderLine(gone, new_id=new_id) as line:
        place.sign_ins._lines = {line.provider.name: line}
        for who, address in ((place.browser(), "/sign-in/sandbox"), (browser, f"{path}?{urlencode(query)}")):
            answer = await who.get(place.url + address)
            assert (answer.status_code, "not-ready" in answer.text) == (503, True)
            assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_begins_no_sign_in_for_anybody(place, site):
    browser = place.browser()
    await browser.sign_in("resident")  # the provider knows the person now and would ask nothing
    before = browser.session_token
    await browser.get(f"{place.url}/sign-in/sandbox?to=/me", headers={"sec-fetch-site": site})
    assert (browser.path, browser.session_token) == ("/sign-in", before)


async def test_too_many_at_once_are_told_to_wait_and_those_who_began_nothing_here_do_not_count(place):
    path, query = await place.browser().back("resident")
    stranger = place.browser()
    for _ in range(PACE.at_once + 1):
        assert (await stranger.get(f"{place.url}{path}?{urlencode(query)}")).status_code == 403
    browser = place.browser()
    path, query = await browser.back("resident")  # now: a provider's word is good for a minute
    address = f"{place.url}{path}?{urlencode(query)}"
    now = place.house.wall_clock()
    place.sign_ins._bucket = Bucket(left=0.0, at=now + timedelta(minutes=1))
    answer = await browser.get(address)
    place.sign_ins._bucket = None
    assert (answer.status_code, "too-many" in answer.text, answer.headers["retry-after"]) == (429, True, "1")
    assert (await browser.get(address)).status_code == 200  # it was not used up
