"""An ordinance adds a row while the registry serves: two officials of two units, in time, and no way around them."""

from datetime import date
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from registry.contract.messages import InquiryOutcome
from registry.domain.disclosure import Item, SearchKey
from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.four_eyes import Hand
from registry.domain.ordinance import Area, OrdinanceGrant
from registry.services import ordinances
from registry.store.engine import connect
from tests.acceptance.asking import refused, said, settle
from tests.acceptance.papers import by_name
from tests.acceptance.test_grants import told
from tests.house import MISSION, SCHOOLS, TOWN

pytestmark = pytest.mark.anyio

SATO, SUZUKI = Hand(account="sato", unit="education"), Hand(account="suzuki", unit="audit")
NAME = "千代田区個人番号の利用に関する条例4条"
GRANT = OrdinanceGrant(
    body=SCHOOLS,
    ordinance=NAME,
    area=Area.SOCIAL_SECURITY,
    affair="ordinance-school-expenses",
    label="就学援助",
    label_en="School expenses",
    items=frozenset({Item.NAME, Item.ADDRESS_ABROAD}),
    searches=frozenset({SearchKey.NAME_AND_BIRTH_DATE}),
    valid_from=date(2024, 4, 1),
)


@pytest.fixture
async def owner(registry, database):
    """The resources of whoever runs `registry grants`."""
    engine = connect(database, pool_size=2)
    yield msgspec.structs.replace(registry.resources, engine=engine)
    await engine.dispose()


async def ask(registry, body=SCHOOLS, **fields):
    defaults = {"affair": GRANT.affair, "basis": NAME, "fields": ["name"], "search": by_name()}
    return await registry.inquire(body, **(defaults | fields))


async def grant(registry, owner, row=GRANT):
    """Let two officials grant a row; the registry reads the table again once a second."""
    proposal_id = await ordinances.propose(owner, row, SATO)
    await ordinances.approve(owner, proposal_id, SUZUKI)
    registry.clock.advance(seconds=1)
    return proposal_id


NO_GRANT = ("not-permitted", {("/affair", "no-grant")})


async def test_what_two_officials_granted_is_in_force_at_once_and_for_that_body_alone(registry, owner):
    await settle(registry)
    proposal_id = await ordinances.propose(owner, GRANT, SATO)
    registry.clock.advance(seconds=1)
    assert refused(await ask(registry)) == NO_GRANT
    await ordinances.approve(owner, proposal_id, SUZUKI)
    registry.clock.advance(seconds=1)
    for basis in (NAME, "番号法9条2項", "番号法19条11号"):
        assert said(await ask(registry, basis=basis)).outcome is InquiryOutcome.FOUND
    for body in (TOWN, MISSION):
        assert refused(await ask(registry, body)) == NO_GRANT


async def test_it_speaks_of_former_residents_only(registry, owner):
    await grant(registry, owner)
    await grant(registry, owner, msgspec.structs.replace(GRANT, body="472018"))
    await settle(registry)
    assert said(await ask(registry, "472018")).outcome is InquiryOutcome.NOT_FOUND
    assert said(await ask(registry)).outcome is InquiryOutcome.FOUND


async def test_what_it_does_not_name_is_refused(registry, owner):
    await grant(registry, owner)
    answer = await ask(registry, fields=["name", "honseki", "individual_number"])
    assert refused(answer) == ("not-permitted", {("/fields", "field-not-allowed")})
    withheld = await ask(registry, not_to_be_disclosed=True)
    assert refused(withheld) == ("not-permitted", {("/not_to_be_disclosed", "not-allowed-here")})


async def test_the_body_is_told_its_row_and_when_it_ends(registry, owner):
    grant_id = await grant(registry, owner)
    end = await ordinances.propose_end(owner, grant_id, date(2025, 4, 1), SATO)
    assert (await told(registry, SCHOOLS)).changes == ()
    await ordinances.approve(owner, end, SUZUKI)
    registry.clock.advance(seconds=1)
    answer = await told(registry, SCHOOLS)
    (row,) = answer.grants
    assert (row.ordinance, row.bases, str(row.valid_to)) == (
        NAME,
        ("番号法9条2項", "番号法19条11号", NAME),
        "2025-04-01",
    )
    assert [(str(one.on), one.what) for one in answer.changes] == [("2025-04-01", "ends")]


async def test_a_row_ended_today_grants_nothing_any_more(registry, owner):
    await settle(registry)
    grant_id = await grant(registry, owner)
    await ordinances.approve(owner, await ordinances.propose_end(owner, grant_id, None, SATO), SUZUKI)
    registry.clock.advance(seconds=1)
    assert refused(await ask(registry)) == NO_GRANT
    with pytest.raises(Conflict):
        await ordinances.propose_end(owner, grant_id, date(2025, 4, 1), SATO)


async def test_more_than_an_ordinance_may_grant_is_not_even_proposed(owner):
    wide = msgspec.structs.replace(GRANT, items=frozenset(Item), searches=frozenset(SearchKey), affair="x")
    with pytest.raises(InvalidInput) as raised:
        await ordinances.propose(owner, wide, Hand(account="Sato", unit=""))
    pointers = {fault.pointer for fault in raised.value.faults}
    assert pointers == {"/items", "/searches", "/affair", "/account", "/unit"}


async def test_a_municipality_that_exists_no_more_can_be_granted_nothing(owner):
    with pytest.raises(InvalidInput) as raised:
        await ordinances.propose(owner, msgspec.structs.replace(GRANT, body="013056"), SATO)
    assert [fault.pointer for fault in raised.value.faults] == ["/body"]


async def test_nobody_approves_alone_twice_or_what_is_not_there(owner):
    proposal_id = await ordinances.propose(owner, GRANT, SATO)
    for hand in (SATO, Hand(account="tanaka", unit="education"), Hand(account="sato", unit="audit")):
        with pytest.raises(NotPermitted):
            await ordinances.approve(owner, proposal_id, hand)
    await ordinances.approve(owner, proposal_id, SUZUKI)
    with pytest.raises(Conflict):
        await ordinances.approve(owner, proposal_id, SUZUKI)
    for unknown in (str(uuid4()), "x"):
        with pytest.raises(NotFound):
            await ordinances.approve(owner, unknown, SUZUKI)
        with pytest.raises(NotFound):
            await ordinances.propose_end(owner, unknown, None, SATO)


async def test_an_end_cannot_be_ended_nor_what_waits(registry, owner):
    grant_id = await grant(registry, owner)
    end = await ordinances.propose_end(owner, grant_id, date(2030, 1, 1), SATO)
    await ordinances.approve(owner, end, SUZUKI)
    for one in (end, await ordinances.propose(owner, GRANT, SATO)):
        with pytest.raises(NotFound):
            await ordinances.propose_end(owner, one, None, SATO)


# --------------------------------------------------------------------------------------------- by SQL, as the owner

PROPOSED = dict.fromkeys(["ends", "valid_to"]) | {
    "body": SCHOOLS,
    "body_kind": "board-of-education",
    "ordinance": NAME,
    "area": "social-security",
    "affair": "ordinance-x",
    "label": "x",
    "label_en": "x",
    "items": ["name"],
    "searches": ["name-and-birth-date"],
    "mode": "read",
    "valid_from": date(2024, 4, 1),
    "proposed_by": "sato",
    "proposed_unit": "education",
}


@pytest.fixture
async def sql(database):
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def insert(sql, table, **row):
    """Insert a row; the time is the database's."""
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - the test's own names
    await sql.execute(statement, *row.values())


async def proposed(sql, **fields):
    proposal_id = uuid4()
    moment = await sql.fetchval("SELECT now() - interval '1 year'")
    await insert(sql, "ordinance_proposal", proposal_id=proposal_id, **(PROPOSED | {"proposed_at": moment} | fields))
    return proposal_id


BEYOND = {
    "another body": {"body": "pension-office", "body_kind": "pension-office"},
    "a kind that the code does not have": {"body_kind": "municipality"},
    "elections": {"body": "131016-election-commission", "body_kind": "election-commission"},
    "an affair by statute": {"affair": "residents-tax"},
    "an area of no law": {"area": "elections"},
    "to write": {"mode": "write"},
    "the 本籍": {"items": ["name", "honseki"]},
    "an item without a name": {"items": ["name", None]},
    "no item": {"items": []},
    "to compare the status": {"mode": "match", "items": ["status"]},
    "住民票コード": {"searches": ["resident-record-code"]},
    "the mayor's 宛名番号": {"searches": ["addressee-number"]},
    "before there was a number": {"valid_from": date(2015, 12, 31)},
    "an end before the beginning": {"valid_to": date(2024, 4, 1)},
    "a row that is no whole": {"label": None},
    "a proposer in capitals": {"proposed_by": "Sato"},
    "a proposer with a space": {"proposed_by": "sato "},
    "no unit": {"proposed_unit": ""},
}


@pytest.mark.parametrize("fields", BEYOND.values(), ids=BEYOND)
async def test_the_database_refuses_a_row_beyond_the_law(sql, fields):
    with pytest.raises(asyncpg.CheckViolationError):
        await proposed(sql, **fields)


async def approved(sql, waiting, **fields):
    row = await sql.fetchrow("SELECT * FROM ordinance_proposal WHERE proposal_id = $1", waiting)
    copied = {name: row[name] for name in ("proposal_id", "proposed_by", "proposed_unit", "proposed_at")}
    defaults = {"approved_by": "suzuki", "approved_unit": "audit", "approved_at": row["proposed_at"]}
    await insert(sql, "ordinance_approval", **(copied | defaults | fields))


CHEATS = {
    "the same person": ({"approved_by": "sato"}, asyncpg.CheckViolationError),
    "the same unit": ({"approved_unit": "education"}, asyncpg.CheckViolationError),
    "the same in capitals": ({"approved_by": "SATO"}, asyncpg.CheckViolationError),
    "the same with a space": ({"approved_by": "sato "}, asyncpg.CheckViolationError),
    "the same in full width": ({"approved_by": "ｓａｔｏ"}, asyncpg.CheckViolationError),
    "the same with a mark of no width": ({"approved_by": "sato\u200b"}, asyncpg.CheckViolationError),
    "nobody": ({"approved_by": None}, asyncpg.NotNullViolationError),
    "a lie about who proposed": ({"proposed_by": "tanaka"}, asyncpg.ForeignKeyViolationError),
    "a lie about their unit": ({"proposed_unit": "other"}, asyncpg.ForeignKeyViolationError),
    "what nobody proposed": ({"proposal_id": uuid4()}, asyncpg.ForeignKeyViolationError),
}


@pytest.mark.parametrize(("fields", "error"), CHEATS.values(), ids=CHEATS)
async def test_the_database_refuses_an_approval_that_is_none(sql, fields, error):
    proposal_id = await proposed(sql)
    with pytest.raises(error):
        await approved(sql, proposal_id, **fields)


async def test_the_database_gives_the_times_itself(sql):
    await approved(sql, await proposed(sql), approved_at=await sql.fetchval("SELECT now() - interval '1 year'"))
    ages = await sql.fetchrow(
        "SELECT now() - proposed_at < '1 hour', now() - approved_at < '1 hour', approved_at >= proposed_at "
        "FROM ordinance_approval"
    )
    assert tuple(ages) == (True, True, True)


async def lapsed(sql, hours):
    """A proposal made so many hours ago, which only who switches the triggers off can make."""
    await sql.execute("SET session_replication_role = replica")
    moment = await sql.fetchval("SELECT now() - make_interval(hours => $1)", hours)
    proposal_id = await proposed(sql, proposed_at=moment)
    await sql.execute("SET session_replication_role = origin")
    return proposal_id


async def test_after_72_hours_nobody_can_approve_neither_by_command_nor_by_sql(owner, sql):
    proposal_id = await lapsed(sql, 73)
    with pytest.raises(Conflict):
        await ordinances.approve(owner, str(proposal_id), SUZUKI)
    with pytest.raises(asyncpg.CheckViolationError):
        await approved(sql, proposal_id)
    await ordinances.approve(owner, str(await lapsed(sql, 71)), SUZUKI)


CHANGES = ["UPDATE {} SET proposed_by = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", ["ordinance_proposal", "ordinance_approval"])
async def test_nothing_of_it_is_ever_changed_or_deleted(sql, table, change):
    await approved(sql, await proposed(sql))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="are never changed"):
        await sql.execute(change.format(table))


async def test_only_what_was_approved_can_be_ended_and_an_end_is_no_row(sql):
    waiting = await proposed(sql)
    nothing = dict.fromkeys(PROPOSED) | {"proposed_by": "sato", "proposed_unit": "education"}
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await proposed(sql, **(nothing | {"ends": waiting, "valid_to": date(2025, 1, 1)}))
    await approved(sql, waiting)
    await proposed(sql, **(nothing | {"ends": waiting, "valid_to": date(2025, 1, 1)}))
    for wrong in ({"valid_to": None}, {"valid_to": date(2025, 1, 1), "items": ["honseki"]}):
        with pytest.raises(asyncpg.CheckViolationError):
            await proposed(sql, **(nothing | {"ends": waiting} | wrong))


@pytest.mark.parametrize("role", ["registry_app", "registry_sequencer", "registry_reconciler"])
@pytest.mark.parametrize("table", ["ordinance_proposal", "ordinance_approval", "grant_row"])
async def test_no_role_that_serves_can_grant_itself_anything(sql, role, table):
    await sql.execute(f"SET ROLE {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sql.execute(f"INSERT INTO {table} DEFAULT VALUES")


STATUTES = {
    "the number to an election commission": ("election-commission", "{individual_number}", "{番号法19条8号}", "read"),
    "the number without its law": ("tax-office", "{individual_number}", "{住基法30条の9}", "read"),
    "to compare what cannot be": ("tax-office", "{contact}", "{番号法19条8号}", "match"),
    "a mode that is none": ("tax-office", "{name}", "{番号法19条8号}", "all"),
}


@pytest.mark.parametrize(("kind", "items", "bases", "mode"), STATUTES.values(), ids=STATUTES)
async def test_not_even_a_migration_grants(sql, kind, items, bases, mode):
    with pytest.raises(asyncpg.CheckViolationError):
        await sql.execute(
            "INSERT INTO grant_row SELECT 'x', $1, 'x', 'x', 'x', $2::text::text[], $3::text::text[], '{}', 'anyone', "
            "$4, false, '2024-01-01', NULL",
            kind,
            bases,
            items,
            mode,
        )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("131016", "pension-office"),
        ("131016", "board-of-education"),
        ("131016-election-commission", "board-of-education"),
        ("131016-board-of-education", "mission"),
        ("131016-municipality", "municipality"),
    ],
)
async def test_nobody_is_registered_under_the_code_of_another_organ(sql, body, kind):
    with pytest.raises(asyncpg.CheckViolationError):
        await insert(
            sql,
            "client_key",
            key_id="k",
            body=body,
            body_kind=kind,
            public_key=b"",
            valid_from=await sql.fetchval("SELECT now()"),
        )
