"""A person is shown who was told what of them, in a file that proves itself; that it was shown is in the next one."""

import asyncpg
import msgspec
import pytest

from registry.domain.errors import NotFound
from registry.domain.mission import JAPAN
from registry.domain.municipality import VIRTUAL_MUNICIPALITY
from registry.services import disclosure_log
from registry.services.access_record import Request, access_record
from registry.transparency import receipt
from registry.transparency.entry import Disclosure
from tests.acceptance.asking import ask, settle
from tests.acceptance.papers import kichiro, report
from tests.acceptance.seen import person_ids
from tests.acceptance.test_cosigning import Watched
from tests.house import NOW, PENSION, TAX, TOWN
from tests.logged import log
from tests.transparency.signers import WITNESS

pytestmark = pytest.mark.anyio
PROVIDER = str(VIRTUAL_MUNICIPALITY.code)
NOBODY = "00000000-0000-4000-8000-000000000000"


async def shown(registry, person_id, *, witnesses=()):
    """The record of a person, checked as the person would."""
    record = await access_record(registry.resources, Request(person_id=person_id, handled_by="desk-7"))
    return receipt.verify(receipt.write(record), (registry.resources.log.key,), witnesses)


async def somebody(registry, database):
    """Somebody of whom others ask; the id of the record."""
    await settle(registry)
    (person_id,) = await person_ids(database)
    await ask(registry, PENSION)
    await ask(registry, TOWN)
    await registry.sequence()
    return person_id


async def test_each_entry_of_a_person_is_shown_and_proven(registry, database):
    person_id = await somebody(registry, database)
    checked = await shown(registry, person_id)
    assert [(one.body, one.operation) for one in checked.disclosures][-2:] == [(PENSION, "inquiry"), (TOWN, "inquiry")]
    assert [link.number for link in checked.links] == list(range(1, len(checked.links) + 1))
    assert "name" in checked.disclosures[-2].items


async def test_nothing_of_anybody_else_is_shown(registry, database):
    person_id = await somebody(registry, database)
    before = await shown(registry, person_id)
    await registry.submit(report(kichiro()))
    await ask(registry, TAX)
    await registry.sequence()
    after = await shown(registry, person_id)
    assert after.disclosures[: len(before.disclosures)] == before.disclosures
    assert {one.operation for one in after.disclosures[len(before.disclosures) :]} <= {"access-record", "inquiry"}
    assert len({link.subject for link in after.links}) == 1


async def test_that_it_was_shown_stands_in_the_next_one(registry, database):
    person_id = await somebody(registry, database)
    before = await shown(registry, person_id)
    await registry.sequence()
    last = (await shown(registry, person_id)).disclosures[len(before.disclosures)]
    assert (last.body, last.operation, last.handled_by, last.outcome) == (PROVIDER, "access-record", "desk-7", "found")
    assert last.provided_at == last.asked_at


async def test_who_hands_out_the_record_of_nobody_is_in_the_log_as_well(registry):
    with pytest.raises(NotFound):
        await shown(registry, NOBODY)
    assert await log(registry, "about", "outcome", "handled_by", operation="access-record") == [
        (None, "not-found", "desk-7")
    ]


async def test_what_is_not_to_be_disclosed_is_not_shown_and_leaves_no_gap(registry, database):
    person_id = await somebody(registry, database)
    secret = Disclosure(
        asked_at=NOW,
        provided_at=NOW,
        body="prosecutor-1",
        key_id="k",
        provider=PROVIDER,
        operation="inquiry",
        outcome="found",
        correlation_id="c",
        not_to_be_disclosed=True,
    )
    async with registry.ex_officio.work() as work:
        await disclosure_log.record(registry.resources, work, secret, (person_id,))
        opened = msgspec.structs.replace(secret, body=PENSION, not_to_be_disclosed=False)
        await disclosure_log.record(registry.resources, work, opened, (person_id,))
        await work.commit()
    await registry.sequence()
    checked = await shown(registry, person_id)
    assert "prosecutor-1" not in {one.body for one in checked.disclosures}
    assert checked.disclosures[-1].body == PENSION
    assert ("prosecutor-1",) in await log(registry, "body")


async def test_a_record_goes_up_to_what_a_witness_cosigned(registry, database, tmp_path):
    watched = Watched(registry, tmp_path, [WITNESS])
    person_id = await somebody(registry, database)
    await watched.cosigning.round()
    before = await shown(registry, person_id, witnesses=(WITNESS.key,))
    await ask(registry, PENSION)
    await registry.sequence()
    assert await shown(registry, person_id, witnesses=(WITNESS.key,)) == before
    await watched.cosigning.round()
    after = await shown(registry, person_id, witnesses=(WITNESS.key,))
    assert len(after.disclosures) == len(before.disclosures) + 2  # the inquiry, and that the record was handed out
    watched.close()


async def test_what_is_past_its_years_of_keeping_cannot_be_shown_by_anybody(registry, database):
    person_id = await somebody(registry, database)
    registry.clock.advance(days=366)
    await ask(registry, PENSION)
    await registry.sequence()
    whole = await shown(registry, person_id)
    connection = await asyncpg.connect(database)
    await connection.execute("SET session_replication_role = replica")  # the guard asks for seven more years
    await connection.execute("DELETE FROM log_year WHERE year = $1", NOW.astimezone(JAPAN).year)
    await connection.close()
    left = await shown(registry, person_id)
    assert left.disclosures == whole.disclosures[-1:]
    assert left.links == whole.links[-1:]
