"""Rotation of data keys under a registry that serves: nobody notices, and of the old keys nothing is left."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from registry.contract.messages import InquiryOutcome
from registry.domain.proposal import LiftProtection
from registry.services import data_key_rotation, key_rotation, proposals, protection
from registry.services.protection import Request
from registry.store import protection as stored_protection
from registry.store import records
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import KEEPER
from registry.store.unit_of_work import UnitOfWork
from registry.vault.sealing import Place, open_sealed
from tests.acceptance.asking import settle, told
from tests.acceptance.desks import KIMURA, WATANABE
from tests.acceptance.papers import KICHIRO, by_name, by_number, kichiro, person, report
from tests.acceptance.seen import person_ids, receipt, rows
from tests.house import MISSION, NOW, PENSION

pytestmark = pytest.mark.anyio

SEALED = "SELECT sealed FROM movement UNION SELECT sealed FROM version UNION SELECT sealed FROM submission"
KEYS = "SELECT wrapped FROM data_key WHERE owner > '00000000-0000-0000-0000-000000000000'"
FOUND = InquiryOutcome.FOUND


@pytest.fixture
async def owner(registry, database):
    """The registry's resources as the keeper of the keys has them, in a process of its own."""
    engine = connect(database, role=KEEPER, pool_size=1 + key_rotation.AT_ONCE)
    yield msgspec.structs.replace(registry.resources, engine=engine, keyring=Keyring(registry.resources.provider))
    await engine.dispose()


async def rotate(owner):
    rotation = await data_key_rotation.begin(owner)
    return rotation.number, sum([step async for step in data_key_rotation.run(owner, rotation)])


async def test_nothing_is_left_of_the_old_keys_and_everybody_is_as_before(registry, owner, database):
    filed = await settle(registry)
    before = [set(await rows(database, query)) for query in (SEALED, KEYS)]
    assert [len(one) for one in before] == [6, 3]
    assert await rotate(owner) == (1, 3)
    after = [set(await rows(database, query)) for query in (SEALED, KEYS)]
    assert [len(one) for one in after] == [6, 3]
    assert [one & other for one, other in zip(before, after, strict=True)] == [set(), set()]
    assert (await told(registry, PENSION)).outcome is FOUND
    assert receipt(await registry.get(MISSION, f"/v1/submissions/{filed.submission_id}")) == filed
    receipt(await registry.submit(report(person(name=KICHIRO), replaces=filed.submission_id)))


async def test_a_rotation_that_is_complete_is_written_down(registry, owner, database):
    receipt(await registry.submit(report()))
    assert [await rotate(owner) for _ in range(2)] == [(1, 2), (2, 2)]
    acts = await rows(database, "SELECT act, key_id, how_many, done_by = session_user FROM key_act ORDER BY act_id")
    assert acts == [("data-keys-replaced", 1, 2, True), ("data-keys-replaced", 2, 2, True)]


async def test_a_registry_that_serves_notices_nothing_of_it(registry, owner):
    for number in range(3):
        receipt(await registry.submit(report(kichiro(honseki={"text": f"旧{number}番"}))))
    receipt(await registry.submit(report()))
    new = asyncio.gather(*(registry.submit(report(kichiro(honseki={"text": f"{n}番"}))) for n in range(4)))
    again = asyncio.gather(*(registry.submit(report()) for _ in range(4)))
    answers = asyncio.gather(*(told(registry, PENSION, search=by_name()) for _ in range(8)))
    filed, repeated, found, _ = await asyncio.gather(new, again, answers, rotate(owner))
    assert [one.status for one in (*filed, *repeated)] == [201] * 8
    assert {one.outcome for one in found} == {FOUND}
    assert (await told(registry, PENSION, search=by_name())).outcome is FOUND


@pytest.fixture
def between(owner, monkeypatch):
    """Lets a rotation of all data keys run after each statement of the registry's; counts them."""
    counted = []

    def then_rotated(run):
        async def ran(work, *arguments, **named):
            result = await run(work, *arguments, **named)
            if work._engine is not owner.engine:
                counted.append(await rotate(owner))
            return result

        return ran

    @asynccontextmanager
    async def open_():
        with monkeypatch.context() as patched:
            for name in ("run", "run_prepared"):
                patched.setattr(UnitOfWork, name, then_rotated(getattr(UnitOfWork, name)))
            yield counted

    return open_


QUESTIONS = {
    "by number": {"search": by_number()},
    "by name": {"search": by_name()},
    "as known then": {"search": by_name(), "known_at": NOW + timedelta(hours=1)},
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_rotation_after_each_statement_of_an_inquiry_is_not_noticed(registry, between, question):
    await settle(registry)
    registry.clock.advance(hours=1)
    await registry.stamp()
    async with between() as rotations:
        assert (await told(registry, PENSION, **question)).outcome is FOUND
    assert rotations
    assert {keys for _, keys in rotations} == {3}


async def test_a_rotation_after_each_statement_of_who_asks_for_a_receipt_is_not_noticed(registry, between):
    filed = await settle(registry)
    async with between() as rotations:
        assert receipt(await registry.get(MISSION, f"/v1/submissions/{filed.submission_id}")) == filed
    assert len(rotations) > 3


async def test_why_somebody_is_protected_and_what_is_proposed_about_it_outlive_the_key(
    registry, owner, database, between
):
    for letter in (report(), report(kichiro())):
        receipt(await registry.submit(letter))
    people = tuple(reversed(await person_ids(database)))
    given = Request(people=people, handled_by="ono", reason="相談")
    measure = await protection.request(registry.ex_officio, given)
    act = LiftProtection(body=PENSION, affair="pension-benefit", ends_at=NOW + timedelta(days=30), reason="年金")
    await rotate(owner)
    proposal_id = await proposals.propose(registry.ex_officio, people[0], act, WATANABE)
    await rotate(owner)
    async with between() as rotations:
        assert [one.act for one in await proposals.waiting(registry.ex_officio, KIMURA)] == [act]
    assert rotations
    await proposals.approve(registry.ex_officio, proposal_id, KIMURA)
    await rotate(owner)
    ((lift_id,),) = await rows(database, "SELECT lift_id FROM protection_lift")
    ((sealed,),) = await rows(database, "SELECT sealed FROM protection")
    place = Place(table="protection", row_id=measure.measure_id, column="sealed", version=0)
    async with owner.work() as work:
        assert await stored_protection.reason_of_lift(work, owner.keyring, str(lift_id)) == "年金"
        assert open_sealed(await owner.keyring.find(work, people[0]), place, sealed).decode() == "相談"


async def test_a_rotation_waits_for_who_seals_by_the_key(registry, owner, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    async with registry.ex_officio.work() as writer:
        await protection.key_of(registry.ex_officio, writer, person_id, "/person")
        waiting = asyncio.create_task(rotate(owner))
        while not await rows(database, "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not waiting.done()
            await asyncio.sleep(0)
    assert await waiting == (1, 2)


async def test_who_is_being_changed_is_waited_for(registry, owner, database):
    receipt(await registry.submit(report()))
    (person_id,) = await person_ids(database)
    async with registry.resources.work() as writer:
        await records.lock_people(writer, [person_id])
        waiting = asyncio.create_task(rotate(owner))
        while not await rows(database, "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not waiting.done()
            await asyncio.sleep(0)
        await writer.commit()
    assert await waiting == (1, 2)
