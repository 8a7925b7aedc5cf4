"""Rotation of the search keys under a registry that serves: everybody is found all the while, and one number is one."""

import asyncio

import msgspec
import pytest

from registry.contract.messages import InquiryOutcome, RecordState
from registry.domain.reconciliation import LinkMethod
from registry.services import clockwork, index_rotation
from registry.services.index_rotation import AlreadyRunning, NotComplete
from registry.store.engine import connect
from registry.store.keyring import Keyring
from registry.store.roles import KEEPER
from registry.vault.keys import KeysRefused
from registry.vault.search_keys import Generations, SearchKeys
from tests.acceptance.asking import SEARCHES, settle, told, with_number
from tests.acceptance.papers import KICHIRO, by_name, by_number, kichiro, number, person, removed_record, report
from tests.acceptance.seen import outcomes, receipt, rows
from tests.house import PENSION, TOWN

pytestmark = pytest.mark.anyio

OTHER_NUMBER = number(22)
CHECKED = {"number_checked_by": "個人番号カード", "identity_checked_by": "旅券"}
FOUND = InquiryOutcome.FOUND


@pytest.fixture
async def owner(registry, database):
    """The registry's resources as another process has them, which signed in as the owner of the database."""
    engine, given = connect(database, role=KEEPER, pool_size=3), registry.resources
    keys = SearchKeys(given.provider, 1)
    yield msgspec.structs.replace(given, engine=engine, keyring=Keyring(given.provider), search_keys=keys)
    await engine.dispose()


async def hear(registry):
    """What a running registry does every second."""
    registry.resources.search_keys.hears(await clockwork.search_generations(registry.resources))


async def rotate(owner, registry, *, meanwhile=()):
    """Rotate; ``meanwhile`` are done one after the other between two steps."""
    waiting = list(meanwhile)
    async with index_rotation.alone(owner):
        async for _ in index_rotation.run(owner, heard_after=0):
            if waiting:
                await waiting.pop(0)()
            await hear(registry)


async def generations_in(database):
    tables = ("search_key", "living_number", "removed_record")
    each = " UNION ".join(f"SELECT '{table}', generation FROM {table}" for table in tables)  # noqa: S608 - own names
    return sorted(await rows(database, each))


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
async def test_whatever_found_somebody_finds_them_afterwards(registry, owner, database, search):
    await settle(registry)
    before = await rows(database, "SELECT kind, current, count(*) FROM search_key GROUP BY 1, 2 ORDER BY 1, 2")
    await rotate(owner, registry)
    body = PENSION if search["by"] in {"individual-number", "name-and-birth-date"} else TOWN
    assert (await told(registry, body, search=search)).outcome is FOUND
    assert await rows(database, "SELECT kind, current, count(*) FROM search_key GROUP BY 1, 2 ORDER BY 1, 2") == before
    assert await generations_in(database) == ALL_OF_THE_SECOND


async def test_what_was_corrected_away_is_found_by_who_asks_of_before(registry, owner):
    first = receipt(await registry.submit(report()))
    before = await told(registry, PENSION, search=by_name())
    receipt(await registry.submit(report(person(name=KICHIRO), replaces=first.submission_id)))
    await rotate(owner, registry)
    then = await told(registry, PENSION, search=by_name(), known_at=before.known_at.isoformat())
    assert (before.outcome, then.outcome) == (FOUND, FOUND)


async def test_a_process_that_has_not_heard_of_it_writes_both(registry, owner, database):
    """The registry of the house hears of nothing by itself: it agrees when it writes."""

    async def arrives():
        receipt(await registry.submit(report(kichiro())))

    receipt(await registry.submit(report()))
    await rotate(owner, registry, meanwhile=[arrives])
    assert (await told(registry, PENSION, search=by_name(KICHIRO, "1981-02-14"))).outcome is FOUND
    assert await generations_in(database) == [("search_key", 2)]


async def test_a_number_taken_under_the_old_generation_cannot_be_claimed_under_the_new(registry, owner, database):
    claimed = []

    async def somebody_claims_it():
        paper = report(kichiro(individual_number=NUMBER_OF_HANAKO, number_check=CHECKED, honseki={"text": "那覇市"}))
        claimed.append(receipt(await registry.submit(paper)).people[0].confirmed)

    await settle(registry)
    claims = [somebody_claims_it] * 2
    await somebody_claims_it()
    await rotate(owner, registry, meanwhile=claims)
    await somebody_claims_it()
    assert claimed == [False] * 4
    assert await rows(database, "SELECT count(DISTINCT person_id) FROM living_number") == [(1,)]


NUMBER_OF_HANAKO = by_number()["individual_number"]


async def test_a_number_that_is_free_is_held_in_both_by_who_comes_meanwhile(registry, owner, database):
    held = []

    async def comes():
        paper = report(kichiro(individual_number=OTHER_NUMBER, number_check=CHECKED))
        receipt(await registry.submit(paper))
        held.extend(await rows(database, "SELECT generation FROM living_number ORDER BY 1"))

    receipt(await registry.submit(report()))
    await rotate(owner, registry, meanwhile=[comes])
    assert held == [(1,), (2,)]
    assert await rows(database, "SELECT generation FROM living_number") == [(2,)]


async def test_a_removed_record_that_comes_again_changes_nothing_also_in_the_middle(registry, owner):
    said = []

    async def comes_again():
        (one,) = outcomes(await registry.deliver(removed_record(), part=len(said) + 2))
        said.append(one.state)

    outcomes(await registry.deliver(removed_record()))
    await rotate(owner, registry, meanwhile=[comes_again] * 2)
    await comes_again()
    assert said == [RecordState.UNCHANGED] * 3


ALL_OF_THE_SECOND = [("living_number", 2), ("removed_record", 2), ("search_key", 2)]


async def break_off(owner, after):
    """Rotate up to so many steps, or to the end."""
    done = 0
    async for _ in index_rotation.run(owner, heard_after=0):
        done += 1
        if done == after:
            return


async def test_a_rotation_that_was_broken_off_goes_on(registry, owner, database):
    await settle(registry)
    runs = 0
    while await generations_in(database) != ALL_OF_THE_SECOND:
        runs += 1
        await break_off(owner, runs)
        await hear(registry)
        assert (await told(registry, PENSION, search=by_number())).outcome is FOUND
    assert runs > 1
    assert await clockwork.search_generations(owner) == Generations(change=4, searched=2)


async def test_two_at_once_are_one_too_many(owner):
    async with index_rotation.alone(owner):
        with pytest.raises(AlreadyRunning):
            async with index_rotation.alone(owner):
                pass


async def test_a_number_that_its_holder_does_not_say_stops_it_before_anything_is_searched(registry, owner, database):
    await settle(registry)
    await rows(database, "UPDATE living_number SET key = '\\x00'")
    with pytest.raises(NotComplete):
        await rotate(owner, registry)
    assert (await clockwork.search_generations(owner)).searched == 1


async def test_who_hears_nothing_of_generations_makes_no_search_keys(registry, monkeypatch):
    keys = SearchKeys(registry.resources.provider, 1)
    keys.hears(Generations(change=1, searched=1))
    keys.of("individual-number", "1")
    monkeypatch.setattr("registry.vault.search_keys.monotonic", lambda: 1e12)
    with pytest.raises(KeysRefused):
        keys.of("individual-number", "1")


async def test_reports_of_one_person_during_the_change_open_one_record(registry, owner, database):
    async def five_at_once():
        answers = await asyncio.gather(*(registry.submit(report(with_number())) for _ in range(5)))
        assert {receipt(one).people[0].link for one in answers} <= {LinkMethod.OPENED, LinkMethod.INDIVIDUAL_NUMBER}

    receipt(await registry.submit(report(kichiro())))
    await rotate(owner, registry, meanwhile=[five_at_once, five_at_once])
    assert await rows(database, "SELECT count(*) FROM person") == [(2,)]
