"""How often a request goes to the database: as often for a hundred people as for one."""

from contextlib import contextmanager
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import event

from registry.contract.decoding import encode
from tests.acceptance.papers import by_number, number, person, removed_record, report
from tests.house import MISSION, PENSION

pytestmark = pytest.mark.anyio

MOST_TRIPS = 10
"""Statements of a request about people of whom nobody heard before, the beginning and the end not counted."""


@contextmanager
def trips(registry):
    """Collect the statements that the registry sends."""
    engine, seen = registry.resources.engine.sync_engine, []

    def note(_, __, statement, *___):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def one_of_many(index):
    return {"birth_date": f"{1950 + index % 40}-0{1 + index % 9}-{10 + index % 11}", "individual_number": number(index)}


async def keys_at_hand(registry):
    """Let the keys of the month and of the service be known, as they are to a registry that runs."""
    await registry.submit(report())
    async with registry.ex_officio.work() as work:
        await registry.resources.keyring.prepare(work, registry.clock())


async def a_part(registry, size):
    records = [removed_record(addressee_number=f"{index}", **one_of_many(index)) for index in range(size, 2 * size)]
    return await registry.deliver(*records, extract=f"extract-{size}")


async def a_batch(registry, size):
    items = []
    for index in range(size, 2 * size):
        content = encode(report(person(birth_date=one_of_many(index)["birth_date"])))
        evidence = registry.evidence(MISSION, content)
        items.append({"idempotency_key": uuid4().hex, "report": content.decode(), "evidence": evidence})
    return await registry.post(MISSION, "/v1/submissions/batch", {"items": items})


@pytest.mark.parametrize("send", [a_part, a_batch], ids=["a part of an extract", "a batch of reports"])
async def test_a_hundred_people_take_no_more_trips_to_the_database_than_ten(registry, send):
    await keys_at_hand(registry)
    counts = []
    for size in (10, 100):
        with trips(registry) as seen:
            assert (await send(registry, size)).status == 200
        counts.append(len(seen))
    assert counts[1] == counts[0] <= MOST_TRIPS


async def test_a_report_about_a_stranger_takes_few_trips(registry):
    await keys_at_hand(registry)
    with trips(registry) as seen:
        assert (await registry.submit(report(person(birth_date="1990-01-01")))).status == 201
    assert len(seen) <= MOST_TRIPS


async def test_an_inquiry_by_number_takes_two_trips(registry, monkeypatch):
    """One that asks, one that writes the entry of the log and the nonce."""
    await registry.deliver(removed_record())
    await keys_at_hand(registry)
    assert (await registry.inquire(PENSION, search=by_number())).status == 200
    sent = []

    def fetch(driver, query, *arguments):
        sent.append(query)
        return plain(driver, query, *arguments)

    plain = asyncpg.Connection.fetch
    monkeypatch.setattr(asyncpg.Connection, "fetch", fetch)
    with trips(registry) as seen:
        assert (await registry.inquire(PENSION, search=by_number())).status == 200
    assert (len(seen), len(sent)) == (0, 2)
