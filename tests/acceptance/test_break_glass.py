"""In an emergency one official is told of a protected person, for half an hour, and answers for it afterwards."""

import pytest
from structlog.testing import capture_logs

from registry.contract.decoding import decode, encode
from registry.contract.messages import Inquiry
from registry.domain.disclosure import BodyKind
from registry.domain.errors import Faults, InvalidInput, NotFound, NotPermitted
from registry.services import break_glass, inquiries, protection
from registry.services.attendance import Caller
from registry.services.break_glass import Emergency
from registry.services.finding import Question
from registry.services.grants import table
from registry.services.protection import Request
from tests.acceptance.asking import told
from tests.acceptance.desks import CONSUL, KIMURA, OPERATOR, WATANABE, official
from tests.acceptance.papers import by_name, removed_record, report
from tests.acceptance.seen import outcomes, person_ids, receipt, rows
from tests.house import MISSION

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("hanako")]

WHY = Emergency(reason="津波警報、避難の確認", ticket="2024-0042")


@pytest.fixture
async def hanako(registry, database):
    outcomes(await registry.deliver(removed_record()))
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    await protection.request(registry.ex_officio, Request(people=(person_id,), handled_by="ono", reason="相談"))


async def question(registry, body=MISSION, name=None):
    """What the console asks on behalf of the consul: as an inquiry, under the grant of consular protection."""

    asked = decode(
        encode(
            {
                "affair": "consular-protection",
                "basis": "旅券法16条",
                "handled_by": "suzuki",
                "fields": ["name", "address_abroad"],
                "search": by_name(*([name] if name else [])),
            }
        ),
        Inquiry,
    )
    async with registry.resources.work() as work:
        grants = await table(work)
    caller = Caller(body=body, body_kind=BodyKind.MISSION, request=None)
    grant = inquiries.permit(registry.resources, caller, asked, "name-and-birth-date", grants)
    period = inquiries.period(registry.resources, asked, Faults())
    return Question(terms=asked, search=asked.search, grant=grant, caller=caller, period=period)


async def test_it_lasts_half_an_hour_for_the_body_that_broke_it(registry):
    assert (await told(registry, MISSION)).outcome == "not-found"
    with capture_logs() as logs:
        ends = await break_glass.break_glass(registry.ex_officio, await question(registry), WHY, CONSUL)
    assert [(one["event"], one["caller"]) for one in logs] == [("glass broken", MISSION)]
    assert (ends - registry.clock.now).total_seconds() <= 30 * 60
    assert (await told(registry, MISSION)).outcome == "found"
    registry.clock.advance(minutes=30)
    assert (await told(registry, MISSION)).outcome == "not-found"


async def test_whoever_is_not_there_or_not_theirs_is_answered_alike(registry, database):
    for asked in (
        await question(registry, name={"surname": "誰", "given": "も"}),
        await question(registry, body="JP-CG-BOSTON"),
    ):
        consul = official("mori", next(iter(CONSUL.roles)), asked.caller.body, "consul")
        await break_glass.break_glass(registry.ex_officio, asked, WHY, consul)
    assert await rows(database, "SELECT count(*) FROM protection_lift") == [(0,)]
    assert (await told(registry, "JP-CG-BOSTON")).outcome == "not-found"


async def test_the_desk_reviews_each_with_its_reason_and_once(registry):
    await break_glass.break_glass(registry.ex_officio, await question(registry), WHY, CONSUL)
    (waiting,) = await break_glass.to_review(registry.ex_officio, WATANABE)
    assert waiting.why == f"{WHY.ticket}: {WHY.reason}"
    lift_id = waiting.opened.lift.lift_id
    for nobody in (CONSUL, OPERATOR):
        with pytest.raises(NotPermitted):
            await break_glass.review(registry.ex_officio, lift_id, nobody)
    await break_glass.review(registry.ex_officio, lift_id, KIMURA)
    assert await break_glass.to_review(registry.ex_officio, WATANABE) == ()
    with pytest.raises(NotFound):
        await break_glass.review(registry.ex_officio, lift_id, KIMURA)


async def test_without_a_reason_a_ticket_or_the_duty_the_glass_stays_whole(registry, database):
    asked = await question(registry)
    with pytest.raises(InvalidInput) as refused:
        await break_glass.break_glass(registry.ex_officio, asked, Emergency(reason=" ", ticket=""), CONSUL)
    assert {one.pointer for one in refused.value.faults} == {"/reason", "/ticket"}
    for nobody in (WATANABE, OPERATOR, official("mori", next(iter(CONSUL.roles)), "JP-CG-BOSTON", "consul")):
        with pytest.raises(NotPermitted):
            await break_glass.break_glass(registry.ex_officio, asked, WHY, nobody)
    assert await rows(database, "SELECT count(*) FROM protection_lift") == [(0,)]
