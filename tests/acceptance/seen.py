"""What became of it, as an outsider sees it in the answers and the owner of the database in its tables."""

import asyncpg

from registry.contract.decoding import decode
from registry.contract.messages import DeliveryAnswer, InquiryAnswer, Receipt
from registry.contract.problems import Problem
from tests.acceptance.papers import by_name
from tests.house import MISSION, PENSION

WHOLE_TIME = {"valid_from": "1900-01-01", "valid_to": "2199-01-01"}
STORED = ("submission", "link", "movement", "version", "person", "search_key", "living_number", "removed_record")
STORED_BESIDE = ("review_case", "event", "reconciliation", "pending_stamp", "stamp")


async def rows(database, query, *arguments):
    connection = await asyncpg.connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def counts(database):
    """How many rows each table has."""
    tables = await rows(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    each = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in tables)  # noqa: S608 - own names
    return dict(await rows(database, each))


async def versions(database):
    """Every version of every record, without ids."""
    columns = "status, certain::text, possible::text, mission, municipality, disputed, last_confirmed"
    return await rows(database, f"SELECT {columns} FROM version ORDER BY lower(possible), {columns}")  # noqa: S608


def grown(before, after):
    """The tables that have other rows than before, with how many more."""
    return {table: count - before[table] for table, count in after.items() if count != before[table]}


def receipt(answer):
    assert answer.status in {200, 201}, decode(answer.body, Problem).faults
    return decode(answer.body, Receipt)


def outcomes(answer):
    assert answer.status == 200, decode(answer.body, Problem).faults
    return decode(answer.body, DeliveryAnswer).records


def faults(problem):
    """Where and what; of a problem document, or of anything that carries faults."""
    given = problem.faults if hasattr(problem, "faults") else decode(problem.body, Problem).faults
    return {(fault.pointer, str(fault.code)) for fault in given}


def told(answer):
    """All that a refusal says, but for what is another each time."""
    problem = decode(answer.body, Problem)
    return answer.status, {field: getattr(problem, field) for field in Problem.__struct_fields__} | {
        "correlation_id": ""
    }


async def state_of(registry, submission_id, body=MISSION):
    return str(receipt(await registry.get(body, f"/v1/submissions/{submission_id}")).state)


async def history(registry, search=None):
    """The whole life of one person as the pension office is told it: status, city, from, to."""
    answer = await registry.inquire(PENSION, search=search or by_name(), **WHOLE_TIME)
    return [_lived(version) for version in decode(answer.body, InquiryAnswer).versions]


async def statuses(registry, search=None):
    """How one person's life went."""
    return [status for status, *_ in await history(registry, search)]


async def person_ids(database):
    """The ids of all records, the oldest first."""
    return [str(one) for (one,) in await rows(database, "SELECT person_id FROM person ORDER BY opened_at")]


async def cases(database):
    """What people have to decide: kind and field of every open case."""
    return await rows(database, "SELECT kind, field FROM review_case WHERE closed_at IS NULL ORDER BY kind, field")


async def events_told(database, kind):
    """Who was told of each event of a kind."""
    return [bodies for (bodies,) in await rows(database, "SELECT recipients FROM event WHERE kind = $1", kind)]


def _lived(version):
    place = version.items.address_abroad
    certain = version.certain
    days = (None, None) if certain is None else (_day(certain.first), _day(certain.end))
    return str(version.items.status), "" if place is None else place.city, *days


def _day(day):
    return None if day is None else day.isoformat()
