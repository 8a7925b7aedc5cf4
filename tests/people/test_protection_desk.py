"""The protection desk at its pages: a request comes by the service, the rest by forms, in two people's hands."""

import re
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from registry.domain.account import HOUSE
from registry.domain.proposal import ReleaseProtection
from registry.services import break_glass, proposals, protection, shredding
from registry.services.break_glass import Emergency
from registry.services.protection import Request
from registry.store.engine import connect
from registry.store.roles import KEEPER
from tests.acceptance.desks import CONSUL, HER_COLLEAGUE
from tests.acceptance.papers import number, person, removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt, rows
from tests.acceptance.test_break_glass import question
from tests.acceptance.test_shredding import UNLAWFUL
from tests.house import NOW
from tests.logged import log

pytestmark = pytest.mark.anyio

DESK, REVIEWER = "protection-desk", "protection-reviewer"
HOME = "/protection"
WHY = Emergency(reason="津波警報、避難の確認", ticket="2024-0042")
GONE = str(uuid4())


@pytest.fixture(scope="module")
async def hanako(opened, database_of_people):
    outcomes(await opened.house.deliver(removed_record()))
    receipt(await opened.house.submit(report()))
    (person_id,) = await person_ids(database_of_people)
    return person_id


@pytest.fixture
async def measure(place, hanako):
    """A request just made, on the day on which all tests begin."""
    place.house.clock.now = NOW
    given = Request(people=(hanako,), handled_by="ono", reason="相談")
    return (await protection.request(place.house.ex_officio, given)).measure_id


@pytest.fixture
async def watanabe(place):
    return await at_the_desk(place, DESK)


@pytest.fixture
async def kimura(place):
    return await at_the_desk(place, REVIEWER)


async def at_the_desk(place, persona):
    browser = place.browser()
    await browser.sign_in(persona, path=HOME)
    assert browser.path == HOME
    return browser


async def send(browser, step, which, **fields):
    """Send a form of the list, be it shown for this one or not, with the token of this session."""
    await browser.get(HOME)
    token = browser.found.form("/sign-out")["fields"]["form_token"]
    await browser.post(f"{HOME}/{step}", {"form_token": token, "which": which, **fields})
    return browser.answer


async def confirmed(browser, step, which, **fields):
    answer = await send(browser, step, which, **fields)
    assert (answer.status_code, browser.path) == (200, HOME)
    return 'role="status"' in answer.text and "done=" in browser.address


def buttons(browser, step):
    """The ids for which the list offers a step."""
    return [one["fields"]["which"] for one in browser.found.forms if one["action"] == f"{HOME}/{step}"]


def said(answer):
    """The status of a refusal that is shown as one: by the title, and where the focus is."""
    assert re.search(r"<title>Error: ", answer.text)
    alert = re.search(r'<div class="errors" role="alert" tabindex="-1" autofocus>(.*?)</div>', answer.text, re.DOTALL)
    return answer.status_code, " ".join(re.findall(r"<li>(?:<a [^>]*>)?([^<]*)", alert[1]))


async def test_a_request_is_granted_renewed_and_ended_by_two_people(place, measure, watanabe, kimura):
    await watanabe.get(HOME)
    assert measure in buttons(watanabe, "grant")
    assert await confirmed(watanabe, "grant", measure)
    assert measure not in buttons(watanabe, "grant") + buttons(watanabe, "renew")
    place.house.clock.advance(days=340)
    await watanabe.get(HOME)
    assert measure in buttons(watanabe, "renew")
    assert await confirmed(watanabe, "renew", measure)
    assert await confirmed(watanabe, "release", measure, reason="本人の申出による終了")
    assert measure not in buttons(watanabe, "release")
    assert "waits for another desk" in watanabe.found.text
    await kimura.get(HOME)
    assert "本人の申出による終了" in kimura.found.text
    (proposal,) = buttons(kimura, "approve")
    assert await confirmed(kimura, "approve", proposal)
    assert measure[:8] not in kimura.found.text
    entries = await log(place.house, "outcome", "handled_by", operation="protection")
    assert [one for one, _ in entries[-4:]] == ["requested", "granted", "renewed", "ended"]
    assert entries[-1][1].startswith(f"{entries[-2][1]}, ")


async def test_the_list_names_nobody(measure, hanako, watanabe):
    text = (await watanabe.get(HOME)).text
    assert measure[:8] in text
    assert not any(one in text for one in ("髙﨑", "花子", hanako))
    assert re.search(r"\d{11}", re.sub(r"[0-9a-f-]{36}", "", text)) is None


async def test_neither_the_proposer_nor_their_desk_approves(place, measure, hanako, watanabe):
    assert await confirmed(watanabe, "release", measure, reason="本人の申出")
    assert buttons(watanabe, "approve") == []
    (mine,) = [one for one in await waiting(place) if one.act.measure_id == measure]
    with capture_logs() as logs:
        status, words = said(await send(watanabe, "approve", mine.proposal_id))
    assert (status, "Who proposed it cannot" in words, "The desk that proposed it cannot" in words) == (403, True, True)
    assert [one["code"] for one in logs if "code" in one] == ["not-permitted"]
    act = ReleaseProtection(measure_id=measure, reason="同じ係の人の提案")
    by_colleague = await proposals.propose(place.house.ex_officio, hanako, act, HER_COLLEAGUE)
    assert said(await send(watanabe, "approve", by_colleague)) == (
        403,
        "The desk that proposed it cannot approve it. Another one does.",
    )
    assert measure[:8] in watanabe.found.text


async def waiting(place):
    return await proposals.waiting(place.house.ex_officio, HER_COLLEAGUE)


REFUSED = {
    "a grant of what is none": ("grant", GONE, {}, 404, "There is no such measure"),
    "a grant of no id": ("grant", "../me", {}, 404, "There is no such measure"),
    "a renewal of one provisional": ("renew", None, {}, 409, "not in that state"),
    "an end without a reason": ("release", None, {"reason": "  "}, 422, "Write the reason."),
    "an end with a long reason": ("release", None, {"reason": "あ" * 1001}, 422, "1,000 letters"),
    "an end of what is none": ("release", GONE, {"reason": "終了"}, 404, "There is no such measure"),
    "an approval of what is none": ("approve", GONE, {}, 404, "There is no such proposal"),
    "a review of what is none": ("review", GONE, {}, 404, "No such emergency access"),
}


@pytest.mark.parametrize(("step", "which", "fields", "status", "words"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused_is_said_on_the_list(measure, watanabe, step, which, fields, status, words):
    answer = await send(watanabe, step, which or measure, **fields)
    was, told = said(answer)
    assert (was, words in told) == (status, True)
    assert measure in buttons(watanabe, "grant")


async def test_an_early_renewal_is_refused_with_the_time_for_it(measure, watanabe):
    assert await confirmed(watanabe, "grant", measure)
    status, words = said(await send(watanabe, "renew", measure))
    assert (status, "a month before the end" in words) == (409, True)


async def test_a_broken_glass_is_reviewed_once_with_its_ticket_and_reason(place, measure, watanabe, database_of_people):
    del measure
    await break_glass.break_glass(place.house.ex_officio, await question(place.house), WHY, CONSUL)
    text = (await watanabe.get(HOME)).text
    assert f"{WHY.ticket}: {WHY.reason}" in text
    (lift,) = buttons(watanabe, "review")
    assert await confirmed(watanabe, "review", lift)
    assert buttons(watanabe, "review") == []
    assert said(await send(watanabe, "review", lift))[0] == 404
    reviewed_by = "SELECT reviewed_unit FROM protection_lift WHERE lift_id = $1"
    assert await rows(database_of_people, reviewed_by, lift) == [(f"{HOUSE}/protection",)]


async def test_a_shredded_record_hides_no_other_case(place, measure, watanabe, kimura, database_of_people):
    office, name = place.house.ex_officio, {"surname": "低一", "given": "花子"}
    record = removed_record(name=name, individual_number=number(71_000_000_000), addressee_number="7700001")
    outcomes(await place.house.deliver(record, extract="extract-2"))
    receipt(await place.house.submit(report(person(name=name))))
    shredded = (await person_ids(database_of_people))[-1]
    given = Request(people=(shredded,), handled_by="ono", reason="相談")
    release = ReleaseProtection(
        measure_id=(await protection.request(office, given)).measure_id, reason="消去された理由"
    )
    proposal = await proposals.propose(office, shredded, release, HER_COLLEAGUE)
    await break_glass.break_glass(office, await question(place.house, name=name), WHY, CONSUL)
    engine = connect(database_of_people, role=KEEPER, pool_size=1)
    await shredding.shred(msgspec.structs.replace(office, engine=engine), shredded, UNLAWFUL)
    await engine.dispose()
    await kimura.get(HOME)
    assert measure in buttons(kimura, "grant")
    assert proposal not in buttons(kimura, "approve")
    assert "Erased together with the record." in kimura.found.text
    lift = buttons(kimura, "review")[-1]
    assert await confirmed(watanabe, "review", lift)


async def test_what_two_people_decide_is_shown_anew_and_nothing_else(place, measure, watanabe):
    place.ahead(minutes=11)
    await watanabe.get(HOME)
    assert buttons(watanabe, "release") == buttons(watanabe, "approve") == []
    assert "show once more that it is you" in watanabe.found.text
    for step in ("release", "approve"):
        answer = await send(watanabe, step, measure, reason="終了")
        assert (answer.status_code, "sign-in-again" in answer.text) == (403, True)
    assert await confirmed(watanabe, "grant", measure)


@pytest.mark.parametrize("persona", ["operator", "auditor", "municipal-approver", "resident"])
async def test_the_pages_are_for_nobody_else(place, measure, persona):
    browser = place.browser()
    await browser.sign_in(persona)
    assert HOME not in browser.found.links
    token = browser.found.form("/sign-out")["fields"]["form_token"]
    assert (await browser.get(HOME)).status_code == 403
    for step in ("grant", "renew", "release", "approve", "review"):
        answer = await browser.post(f"{HOME}/{step}", {"form_token": token, "which": measure, "reason": "終了"})
        assert (answer.status_code, "not-permitted" in answer.text) == (403, True)
