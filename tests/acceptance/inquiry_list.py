"""The inquiry list as both sides use it: the nightly run that asks, and the municipality that answers."""

from registry.contract.decoding import decode
from registry.contract.inquiry_list import RemovedRecordQuestions, RemovedRecordReceipt
from registry.contract.problems import Problem
from registry.domain.inquiry_list import TIME_TO_COME_BY_ITSELF
from registry.services import inquiry_list, reconciliation
from tests.acceptance.jlis import questions
from tests.acceptance.papers import line, person, report
from tests.acceptance.seen import receipt
from tests.house import TOWN

LAST = {"municipality": TOWN, "text": "鍛冶町七丁目"}
STRUCK_OFF = line(reason="職権消除", effective="2024-06-30", notified_on="2024-06-30", honseki=None)
"""A 転出届 filed late, handled ex officio: no 国外転出, so the municipality's push leaves it in the town hall."""


def hanako(**fields):
    """Without 本籍, so that only asking finds her 除票."""
    return person(**({"honseki": None, "last_address": LAST} | fields))


async def night(registry):
    """The nightly run: how many questions it opened, and how many it withdrew."""
    async for _ in reconciliation.run(registry.ex_officio):
        pass
    withdrawn = await inquiry_list.withdraw(registry.ex_officio)
    return len([one async for one in inquiry_list.open_questions(registry.ex_officio)]), withdrawn


async def in_time(registry):
    registry.clock.advance(seconds=TIME_TO_COME_BY_ITSELF.total_seconds())


async def asked_for(registry, *people):
    """Report people, and let the registry ask 千代田区 for their 除票; return its questions."""
    receipt(await registry.submit(report(*people)))
    await in_time(registry)
    await night(registry)
    return (await fetch(registry)).questions


async def fetch(registry, body=TOWN, query=""):
    answer = await registry.get(body, f"/v1/removed-record-questions{query}")
    assert answer.status == 200, decode(answer.body, Problem).faults
    return decode(answer.body, RemovedRecordQuestions)


async def reply(registry, question_id, finding="not-held", body=TOWN, **more):
    message = {"question_id": question_id, "finding": finding} | more
    return await registry.post(body, "/v1/removed-record-answers", message)


def taken(answer):
    assert answer.status == 200, decode(answer.body, Problem).faults
    return decode(answer.body, RemovedRecordReceipt).finding


async def hand_over(registry, question_id, *records, body=TOWN, extract="answer-1"):
    """Send 除票 in answer to a question."""
    message = {"extract_id": extract, "part": 1, "records": records, "question_id": question_id}
    answer = await registry.post(body, "/v1/removed-records", message)
    await registry.stamp()
    return answer


async def findings(database):
    return [finding for _, finding in await questions(database)]
