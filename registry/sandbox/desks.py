"""支援措置 and 個人番号の訂正: what two desks decide, and what a pension office is told before and after.

A resident flees: the protection desk takes the request in, and from then on her address is nobody's to know. A clerk of
千代田区 finds a slip in a number, another desk approves, and the right number finds its holder.
"""

import asyncio
from typing import Any, Final

import anyio

from registry.contract.messages import InquiryAnswer
from registry.domain.account import HOUSE, Account, Role, Unit
from registry.domain.numbers import IndividualNumber
from registry.domain.proposal import CorrectNumber
from registry.sandbox.programs import ProgramFailed
from registry.sandbox.questions import PENSION, TOWN, by_number
from registry.sandbox.stage import Stage
from registry.services import proposals, protection
from registry.services.resources import Resources
from registry.settings import Settings
from registry.store.roles import EX_OFFICIO
from registry.wiring import resources

FLED: Final = "991310160233"
WRONG, RIGHT = "991310160357", "991310169907"
PATIENCE: Final = 10.0
"""Seconds for the sequencer to stamp what was decided; it needs about one."""
LOOK_EVERY: Final = 0.1


def decided(stage: Stage) -> dict[str, Any]:
    """Let somebody be protected and a number be corrected; return what was told before and afterwards."""
    return anyio.run(_decided, stage, Settings.read(stage.registry_settings))


async def _decided(stage: Stage, settings: Settings) -> dict[str, Any]:
    async with resources(settings, role=EX_OFFICIO, pool_size=2) as office:
        return {
            "protection": await _protected(stage, office),
            "number_correction": await _corrected(stage, office),
        }


async def _protected(stage: Stage, office: Resources) -> dict[str, Any]:
    """Protect the holder of a number, provisionally and then for a year."""
    before = await _asked(stage, FLED)
    person_id = _person(office, before)
    desk = _official("watanabe", Role.PROTECTION_DESK, HOUSE, "protection")
    request = protection.Request(
        people=(person_id,), handled_by=desk.account_id, reason="配偶者暴力相談支援センターの意見書"
    )
    measure = await protection.request(office, request)
    await protection.grant(office, measure.measure_id, desk)
    return {"told_before": _items(before), "told_since": _items(await _asked(stage, FLED))}


async def _corrected(stage: Stage, office: Resources) -> dict[str, str]:
    """Correct a number as two desks of the last municipality decide it."""
    person_id = _person(office, await _asked(stage, WRONG))
    act = CorrectNumber(wrong=IndividualNumber(WRONG), right=IndividualNumber(RIGHT), reason="転記の誤り")
    clerk = _official("takahashi", Role.MUNICIPAL_CLERK, TOWN, "residents")
    proposal_id = await proposals.propose(office, person_id, act, clerk)
    await proposals.approve(office, proposal_id, _official("tanaka", Role.MUNICIPAL_APPROVER, TOWN, "approvals"))
    try:
        async with asyncio.timeout(PATIENCE):
            while (await _asked(stage, RIGHT)).person is None:  # noqa: ASYNC110 - another process does it, and tells nobody
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        raise ProgramFailed(f"the corrected number finds nobody: see {stage.folder / 'sequencer.log'}") from None
    wrong, right = [await _asked(stage, number) for number in (WRONG, RIGHT)]
    return {"by_the_wrong_number": str(wrong.outcome), "by_the_right_number": str(right.outcome)}


async def _asked(stage: Stage, number: str) -> InquiryAnswer:
    """Return what the pension office is told of the holder of a number."""
    exchange = await stage.asker.ask(by_number(number))
    if exchange.answer is None:
        raise ProgramFailed(f"{PENSION} was refused: see {stage.folder / 'registry.log'}")
    return exchange.answer


def _items(answer: InquiryAnswer) -> list[str]:
    items = [one.items for one in answer.versions]
    return sorted({name for one in items for name in one.__struct_fields__ if getattr(one, name) is not None})


def _person(office: Resources, answer: InquiryAnswer) -> str:
    person_id = office.pseudonyms.person(PENSION, answer.person or "")
    if person_id is None:
        raise ProgramFailed("nobody of that number was found: the 除票 did not come")
    return person_id


def _official(account: str, role: Role, body: str, desk: str) -> Account:
    return Account(account_id=account, roles=frozenset({role}), unit=Unit(body=body, desk=desk))
