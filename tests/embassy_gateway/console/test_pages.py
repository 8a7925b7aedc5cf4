"""A clerk of a mission types a paper 在留届, tries it at the registry and sends it; nobody else does."""

import re
from base64 import urlsafe_b64decode
from urllib.parse import urlsplit

import msgspec
import pytest
from joserfc import jws
from sqlalchemy import text

from registry.contract.decoding import decode
from registry.contract.evidence import evidence_hash, verify_evidence
from registry.domain.residence_report import ResidenceReport
from registry.vault.pseudonyms import account_id
from tests.embassy_gateway.console.mission_office import GOOD, HOME, PAPER
from tests.house import MISSION
from tests.logged import log

pytestmark = pytest.mark.anyio

ANOTHER = GOOD | {"/people/0/name/given": "花子", "/people/0/birth_date": "1985-04-02"}


def shown(clerk):
    """What stands in the fields of the page, by their names."""
    page = clerk.answer.text
    values = dict(re.findall(r'<input type="text" id="[^"]*" name="([^"]*)" value="([^"]*)"', page))
    lines = re.findall(r'<textarea id="[^"]*" name="([^"]*)".*?>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: value for name, value in (*values.items(), *lines) if value}


def as_shown(typed):
    return {name: value for name, value in typed.items() if name not in {"/kind", "/people/0/sex"}}


async def submissions(mission):
    async with mission.place.house.resources.work() as work:
        return (await work.connection.execute(text("SELECT count(*) FROM submission"))).scalar_one()


def spooled(mission):
    with mission.gateway.spool.reading() as db:
        return [tuple(row) for row in db.execute("SELECT id, state FROM report ORDER BY id")]


async def at_work(mission, persona="mission-staff", kind="residence"):
    clerk = mission.clerk()
    await clerk.sign_in(persona)
    await clerk.get(f"{PAPER}?kind={kind}")
    return clerk


# ------------------------------------------------------------------------------------------------ the whole way


async def test_a_paper_is_tried_at_the_registry_which_stores_nothing_and_knows_who_asked(mission):
    clerk, before = await at_work(mission), await submissions(mission)
    await clerk.press("check", GOOD)
    page = clerk.found.text
    assert ("新しい記録を作る" in page, "この届書で加わるもの" in page, "国外在留" in page) == (True, True, True)
    assert "2024-04-01 〜 2024-04-30" in page  # how 令和6年4月日不詳 was read
    assert (await submissions(mission), spooled(mission)) == (before, [])
    house = mission.place.house
    known = account_id(house.resources.provider, mission.place.listed.issuer, "sandbox-mission-staff")
    assert (await log(house, "operation", "outcome", body=MISSION, handled_by=known))[-1] == ("dry-run", "dry-run")


async def test_a_paper_is_sent_once_however_often_the_button_is_pressed_and_its_evidence_says_who_typed_it(mission):
    clerk = await at_work(mission)
    await clerk.press("send", GOOD)
    address, page = clerk.path, clerk.found.text
    assert "送信待ち" in page
    await clerk.press("send", GOOD)
    assert clerk.path == address
    assert [state for _, state in spooled(mission)] == ["waiting"]
    assert (await mission.deliver()).delivered == 1
    assert (await mission.deliver()).delivered == 0
    await clerk.get(address)
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", clerk.found.text)
    assert "送達済み" in clerk.found.text
    with mission.gateway.spool.reading() as db:
        row, evidence = db.execute("SELECT id, evidence FROM report").fetchone()
    body = mission.gateway.spool.payload(row)
    report = decode(body, ResidenceReport)
    assert (report.people[0].name.surname, report.address_abroad.lines) == (
        "髙﨑",
        ("1742 Larkspur Crescent", "Apt #5"),
    )
    signer = mission.gateway.signing_key.verifying
    named = verify_evidence(body, evidence, {signer.key_id: signer}.get).clerk
    kept = mission.pages.keeping.token(named)
    assert evidence_hash(kept) == named
    assert msgspec.json.decode(jws.extract_compact(kept.encode()).payload)["sub"] == "sandbox-mission-staff"


async def test_a_change_of_a_household_is_typed_person_by_person(mission):
    clerk = await at_work(mission, kind="change")
    changed = GOOD | {"/kind": "change", "/people/0/new_name/surname": "山田", "/people/0/name_change": "marriage"}
    await clerk.press("add", changed)
    assert clerk.found.form(PAPER)["fields"]["people"] == "2"
    second = {name.replace("/0/", "/1/"): value for name, value in ANOTHER.items() if name.startswith("/people/0/")}
    await clerk.press("remove:0", changed | second, people="2")
    assert shown(clerk)["/people/0/name/given"] == "花子"
    assert "/people/0/new_name/surname" not in shown(clerk)
    await clerk.press("check", changed)
    assert "点検の結果" in clerk.found.text


async def test_while_the_line_is_away_work_goes_on_and_says_so(mission):
    clerk = await at_work(mission)
    client = mission.pages.desk._client
    there, client._base_url = client._base_url, "http://127.0.0.1:9"
    try:
        await clerk.press("check", ANOTHER)
        assert "このゲートウェイの規則だけで点検しました" in clerk.found.text
        assert shown(clerk) == as_shown(ANOTHER)
        await clerk.press("check", ANOTHER | {"/effective": "令和6年4月31日"})
        assert clerk.found.text.lstrip().startswith("エラー:")
        await clerk.press("send", ANOTHER)
        assert clerk.path.startswith("/console/reports/")
    finally:
        client._base_url = there
    assert (await mission.deliver()).delivered == 1


async def test_where_the_provider_wants_the_clerk_again_the_report_can_be_sent_all_the_same(mission):
    clerk = await at_work(mission)
    mission.place.provider._granted.clear()
    await clerk.press("check", ANOTHER)
    assert "もう一度のサインインが必要です" in clerk.found.text
    assert shown(clerk) == as_shown(ANOTHER)


# ------------------------------------------------------------------------------------------------ faults

FAULTY = GOOD | {
    "/notified_on": "昨日",
    "/effective": "令和6年13月1日",
    "/address_abroad/country": "アメリカ",
    "/people/0/birth_date": "1985-02-30",
    "/people/0/individual_number": "123456789012",
}


async def test_all_faults_come_at_once_each_leads_to_its_field_and_nothing_typed_is_lost(mission):
    clerk = await at_work(mission)
    await clerk.press("send", FAULTY)
    page = clerk.answer.text
    wrong = [
        "/notified_on",
        "/effective",
        "/address_abroad/country",
        "/people/0/birth_date",
        "/people/0/individual_number",
    ]
    assert [link for link in clerk.found.links if link.startswith("#/")] == [f"#{name}" for name in wrong]
    assert all(f'id="{name}"' in page and f'id="{name}-wrong"' in page for name in wrong)
    assert page.count('aria-invalid="true"') == len(wrong)
    assert clerk.found.text.lstrip().startswith("エラー:")
    assert shown(clerk) == as_shown(FAULTY)
    assert spooled(mission) == []


async def test_what_the_registry_alone_finds_wrong_is_shown_like_any_fault(mission):
    clerk = await at_work(mission)
    await clerk.press("check", GOOD | {"/replaces": "unheard-of-1234"})
    assert ("エラー:" in clerk.found.text, "#/replaces" in clerk.found.links) == (True, True)


async def test_a_report_that_the_registry_refused_is_mended_and_sent_again(mission):
    clerk = await at_work(mission)
    await clerk.press("send", GOOD | {"/replaces": "unheard-of-1234"})
    address = clerk.path
    assert (await mission.deliver()).refused == 1
    await clerk.get(address)
    await clerk.get(next(link for link in clerk.found.links if "mends=" in link))
    number = clerk.found.form(PAPER)["fields"]["mends"]
    assert shown(clerk)["/replaces"] == "unheard-of-1234"
    for _ in range(2):
        await clerk.press("send", GOOD, mends=number)
    assert [state for _, state in spooled(mission)] == ["mended", "waiting"]
    assert (await clerk.get(f"{PAPER}?mends={number}")).status_code == 404


# ------------------------------------------------------------------------------------------------ drafts


async def test_what_was_typed_outlives_the_session_and_is_there_for_the_same_clerk_alone(mission):
    clerk = await at_work(mission)
    mission.place.ahead(minutes=16)
    await clerk.press("send", ANOTHER)
    assert (clerk.path, "保管しています" in clerk.found.text) == ("/console/sign-in", True)
    assert spooled(mission) == []
    mission.place.provider.change = {"sub": "another-clerk"}
    other = await at_work(mission)
    await other.get(PAPER)
    assert "/people/0/name/given" not in shown(other)
    mission.place.provider.become_honest()
    await clerk.sign_in(path=PAPER)
    assert shown(clerk) == as_shown(ANOTHER)
    await clerk.press("drop", ANOTHER)
    await clerk.get(PAPER)
    assert "/people/0/name/given" not in shown(clerk)


async def test_nothing_that_is_kept_of_clerks_or_papers_can_be_read_in_the_file(mission):
    clerk = await at_work(mission)
    await clerk.press("check", GOOD)
    await clerk.press("send", ANOTHER)
    kept = mission.pages.keeping.session(token_in(clerk), mission.gateway.clock())
    files = b"".join(path.read_bytes() for path in (mission.folder).glob("spool.sqlite*"))
    secrets = ["髙﨑", "Larkspur", "sandbox-mission-staff", kept.id_token, kept.access_token, clerk.session_token]
    assert [one for one in secrets if one.encode() in files] == []
    assert "access" not in repr(kept)


def token_in(clerk):
    return urlsafe_b64decode(clerk.session_token + "=")


# ------------------------------------------------------------------------------------------------ who comes in

STRANGERS = ["mission-approver", "municipal-clerk", "operator", "resident", "protection-desk", "lost-clerk"]


async def test_nobody_but_staff_of_this_mission_signs_in(mission):
    for persona in STRANGERS:
        clerk = mission.clerk()
        await clerk.sign_in(persona)
        assert (clerk.answer.status_code, clerk.session_token) == (403, None), persona
    mission.place.provider.change = {"registry_unit": "JP-CG-BOSTON/consular"}
    clerk = mission.clerk()
    await clerk.sign_in()
    assert (clerk.answer.status_code, clerk.session_token) == (403, None)


async def test_without_a_session_every_page_leads_to_sign_in(mission):
    clerk = mission.clerk()
    for path in (HOME, PAPER, "/console/reports/1"):
        await clerk.get(f"{mission.url}{path}")
        assert clerk.path == "/console/sign-in"
    await clerk.post(f"{mission.url}{PAPER}", GOOD)
    assert clerk.path == "/console/sign-in"


async def test_a_sign_in_is_good_once_and_in_its_own_browser(mission):
    clerk, thief = mission.clerk(), mission.clerk()
    await clerk.get(f"{mission.url}{HOME}")
    await clerk.get(next(link for link in clerk.found.links if link.startswith("/console/sign-in/")))
    await clerk.choose("mission-staff", follow=False)
    back = clerk.answer.headers["location"]
    carried = dict(clerk.jar(urlsplit(mission.url).netloc))
    assert (await thief.get(back)).status_code == 403
    assert (await clerk.get(back)).status_code == 200
    thief.cookies |= {(urlsplit(mission.url).netloc, name): value for name, value in carried.items()}
    assert (await thief.get(back)).status_code == 403


async def test_who_signs_out_is_out_and_a_new_sign_in_ends_the_old_session(mission):
    clerk = await at_work(mission)
    first = clerk.session_token
    await clerk.get(HOME)
    form = clerk.found.form("/console/sign-out")["fields"]
    await clerk.post("/console/sign-out", form)
    assert (clerk.session_token, "sign-out" in clerk.answer.headers["refresh"]) == (None, True)
    clerk.cookies[urlsplit(mission.url).netloc, "__Host-gateway-session"] = first
    await clerk.get(f"{mission.url}{HOME}")
    assert clerk.path == "/console/sign-in"


FOREIGN = {
    "without the token": ({"form_token": None}, {}),
    "with another token": ({"form_token": "A" * 43}, {}),
    "from another site": ({}, {"sec-fetch-site": "cross-site"}),
    "from another origin": ({}, {"origin": "https://evil.example"}),
    "in another form": ({}, {"content-type": "text/plain"}),
}


@pytest.mark.parametrize(("change", "headers"), FOREIGN.values(), ids=FOREIGN)
async def test_a_form_that_was_not_ours_does_nothing(mission, change, headers):
    clerk = await at_work(mission)
    token = clerk.found.form(PAPER)["fields"]["form_token"]
    form = {"form_token": token, "people": "1", **ANOTHER, "do": "send"} | change
    await clerk.post(PAPER, {name: value for name, value in form.items() if value is not None}, headers=headers)
    assert clerk.answer.status_code in {400, 403}
    assert (spooled(mission), mission.pages.keeping.draft(account_of(mission, clerk))) == ([], None)


def account_of(mission, clerk):
    return mission.pages.keeping.session(token_in(clerk), mission.gateway.clock()).session.account.account_id


async def test_pages_are_strict_in_both_languages_and_systems_have_theirs_only_on_this_machine(mission):
    clerk = await at_work(mission)
    for language, word in (("en", "Type Japanese nationals alone"), ("ja", "日本国籍の人だけ")):
        await clerk.get(f"{PAPER}?kind=residence&lang={language}")
        assert word in clerk.found.text
        headers = clerk.answer.headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "<script" not in clerk.answer.text
        assert " style=" not in clerk.answer.text
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert (await clerk.get("/console/nowhere")).status_code == 404
    assert "ページが見つかりません" in clerk.found.text
    assert (await clerk.get("/console/reports/77")).status_code == 404
