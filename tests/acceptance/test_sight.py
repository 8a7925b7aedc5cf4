"""Whose rows each role of the database sees: every one of them dumps every table of a registry that has been used.

The second wall. The first one, what a request may ask, is tested elsewhere; here whoever runs statements of their own
as a role of the registry gets no further than the policies of the database let them.
"""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text

from registry.contract.messages import InquiryOutcome
from registry.domain.proposal import LiftProtection
from registry.services import proposals, protection
from registry.services.disclosure_log import subject_of
from registry.services.protection import Request
from registry.store import holders, roles, sight
from registry.store.holders import Holder
from tests.acceptance.asking import told
from tests.acceptance.desks import KIMURA, WATANABE
from tests.acceptance.papers import BOSTON as BOSTON_HOME
from tests.acceptance.papers import KICHIRO, by_name, by_number, kichiro, line, number, person, removed_record, report
from tests.acceptance.seen import receipt
from tests.house import ELECTIONS, MISSION, NOW, PENSION, TOWN

pytestmark = pytest.mark.anyio

BOSTON = "JP-CG-BOSTON"
ANOTHER_TOWN = "472018"

BY_PERSON = {
    "person",
    "movement",
    "version",
    "search_key",
    "living_number",
    "link",
    "removed_record",
    "review_case",
    "event",
    "reconciliation",
    "question",
    "protected_person",
    "protection_lift",
    "proposal",
    "holder",
}
PROTECTED = BY_PERSON | {"protection", "approval", "submission", "idempotency", "data_key", "log_pending", "log_entry"}
ABOUT_NOBODY = {
    "alembic_version": "the revision of the schema",
    "area_change": "which changes of areas have been gone through",
    "caller_narrowing": "which bodies may ask only narrowly",
    "caller_tally": "how much bodies ask",
    "change_fact_cursor": "up to where change facts were taken over",
    "client_key": "public keys of bodies",
    "code_table_version": "tables of codes, which are public",
    "grant_row": "the law",
    "jpki_challenge": "random values for cards to sign",
    "jpki_seen_list": "numbers of lists of CAs",
    "key_act": "what was done with keys",
    "known_until": "up to where knowledge is stamped",
    "log_head": "the end of the tree, which is public",
    "log_tile": "hashes, which are public",
    "log_year": "wrapped secrets of years",
    "monthly_kek": "wrapped keys of months",
    "nonce": "random values of signatures",
    "ordinance_approval": "the law",
    "ordinance_proposal": "the law",
    "pending_stamp": "random ids of submissions",
    "sandbox_clock": "a time",
    "search_generation": "which generation is searched",
    "sign_in_session": "hashes of tokens and of accounts, which are nobody's record",
    "stamp": "random ids of submissions and times",
}
SERVICE_KEY = "00000000-0000-0000-0000-000000000000"


class Eyes:
    """A connection that signed in as whoever owns the database, and looks through a role, each time anew."""

    def __init__(self, connection) -> None:
        self.connection = connection

    async def dump(self, role, **context):
        """All rows that a role sees of every table that it may read, under a context."""
        async with self.connection.transaction():
            await self.take_on(role, **context)
            return {
                table: rows
                for table in sorted(PROTECTED | set(ABOUT_NOBODY))
                if (rows := await self._rows(table)) is not None
            }

    async def take_on(self, role, **context):
        await self.connection.execute(f"SET LOCAL ROLE {role}")
        for name, value in context.items():
            await self.connection.execute("SELECT set_config($1, $2, true)", f"registry.{name}", value)

    async def _rows(self, table):
        try:
            async with self.connection.transaction():
                return [dict(row) for row in await self.connection.fetch(f"TABLE {table}")]
        except asyncpg.InsufficientPrivilegeError:
            return None

    async def all_rows(self):
        """What there is, with the eyes of a superuser, whom no policy binds."""
        return {table: await self._rows(table) for table in PROTECTED}


@pytest.fixture
async def eyes(database):
    connection = await asyncpg.connect(database)
    yield Eyes(connection)
    await connection.close()


@pytest.fixture
async def used(registry, eyes):
    """Two people, each known to another mission and another town, asked about, and entered in the log."""
    receipt(await registry.submit(report()))
    receipt(await registry.submit(report(kichiro(), mission=BOSTON, address_abroad=BOSTON_HOME), body=BOSTON))
    await registry.deliver(removed_record())
    his = {"name": KICHIRO, "birth_date": "1981-02-14", "sex": "male", "individual_number": number(22)}
    theirs = line(**his, address={"municipality": ANOTHER_TOWN, "text": "山下町"})
    await registry.deliver(removed_record(theirs, municipality=ANOTHER_TOWN), body=ANOTHER_TOWN)
    for search in (by_number(), by_name()):
        assert (await told(registry, PENSION, search=search)).outcome is InquiryOutcome.FOUND
    receipt(await registry.submit(report(person(birth_date="1990-01-01"))))
    there = await eyes.all_rows()
    async with registry.resources.work() as work:
        await sight.act_for(work, ACCOUNT)
        holders.add(work, holder_of(there["link"][0]))
        await work.commit()
    await protect(registry, str(there["link"][0]["person_id"]))
    receipt(await registry.submit(report(person(birth_date="1990-01-02"))))  # its entry waits for its place
    return await eyes.all_rows()


async def protect(registry, person_id):
    """Let somebody be protected, and let a body be told all the same after two people looked at it."""
    await protection.request(registry.ex_officio, Request(people=(person_id,), handled_by="ono", reason="相談"))
    ends_at = registry.clock.now + timedelta(days=30)
    act = LiftProtection(body=PENSION, affair="pension-benefit", ends_at=ends_at, reason="年金の送付")
    proposal_id = await proposals.propose(registry.ex_officio, person_id, act, WATANABE)
    await proposals.approve(registry.ex_officio, proposal_id, KIMURA)
    await registry.sequence()


ACCOUNT = "0" * 40


def holder_of(link):
    return Holder(
        account=ACCOUNT, person_id=str(link["person_id"]), submission_id=str(link["submission_id"]), signed_at=NOW
    )


def people_in(dump):
    """The records of which a dump has rows, whatever the table."""
    return {str(row["person_id"]) for table in BY_PERSON for row in dump.get(table, ())}


def people_of(used, sender):
    sent = {row["submission_id"] for row in used["submission"] if row["sender"] == sender}
    return {str(row["person_id"]) for row in used["link"] if row["submission_id"] in sent}


def ids(people):
    return f"{{{','.join(people)}}}"


async def test_every_table_is_protected_or_about_nobody(eyes, used):
    names = await eyes.connection.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class "
        "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert {name for name, is_protected in names if is_protected} == PROTECTED
    assert {name for name, is_protected in names if not is_protected} == set(ABOUT_NOBODY)
    assert all(used[table] for table in PROTECTED - {"review_case", "question"})  # there is something to see


@pytest.mark.usefixtures("used")
async def test_without_a_context_the_application_sees_nobody(eyes):
    seen = await eyes.dump(roles.APP)
    assert {table: rows for table, rows in seen.items() if rows and table in PROTECTED - {"data_key"}} == {}
    assert [str(row["owner"]) for row in seen["data_key"]] == [SERVICE_KEY]


@pytest.mark.parametrize("body", [MISSION, BOSTON, TOWN, ANOTHER_TOWN])
async def test_a_mission_s_people_are_those_of_its_area_and_a_town_s_those_of_its_removed_records(eyes, used, body):
    seen = await eyes.dump(roles.APP, body=body)
    mine = people_of(used, body)
    assert people_in(seen) == {str(row["person_id"]) for row in seen["person"]} == mine
    assert mine < people_in(used)
    assert {row["sender"] for row in seen["submission"]} == {row["body"] for row in seen["idempotency"]} == {body}
    keys = {str(row["owner"]) for row in seen["data_key"]} - {SERVICE_KEY}
    assert keys == mine | {str(row["submission_id"]) for row in seen["submission"]}
    assert seen["search_key"] == seen["living_number"] == seen["log_entry"] == []


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("body", [PENSION, ELECTIONS, "131", "%", "{}"])
async def test_an_agency_and_another_organ_of_a_town_see_nobody_by_themselves(eyes, body):
    seen = await eyes.dump(roles.APP, body=body)
    assert people_in(seen) == set()
    assert {table for table, rows in seen.items() if rows} & PROTECTED <= {"data_key"}


async def test_of_records_that_were_opened_exactly_these_are_seen(eyes, used):
    for opened in sorted(people_in(used)):
        seen = await eyes.dump(roles.APP, opened=ids([opened]))
        assert people_in(seen) == {opened}
        assert {str(row["owner"]) for row in seen["data_key"]} == {opened, SERVICE_KEY}
        assert seen["submission"] == seen["idempotency"] == seen["log_entry"] == []
    everybody = await eyes.dump(roles.APP, opened=ids(people_in(used)))
    assert people_in(everybody) == people_in(used)


async def test_an_account_sees_whose_record_is_its_own_and_no_other_account_does(eyes, used):
    (mine,) = used["holder"]
    seen = await eyes.dump(roles.APP, body=ACCOUNT)
    assert seen["holder"] == [mine]
    assert people_in(seen) == {str(mine["person_id"])}
    assert seen["person"] == seen["movement"] == seen["version"] == seen["link"] == []
    assert (await eyes.dump(roles.APP, body="1" * 40))["holder"] == []


async def test_of_the_log_a_person_s_own_entries_are_seen_and_nobody_else_s(registry, eyes, used):
    subjects = {subject_of(registry.resources, one) for one in people_in(used)}
    in_place = {row["entry_id"]: row["subject"] for row in used["log_entry"]}
    assert len(subjects & set(in_place.values())) > 1
    for subject in subjects:
        seen = await eyes.dump(roles.APP, subjects=ids([subject]))
        mine = {entry_id for entry_id, of in in_place.items() if of == subject}
        assert {row["entry_id"] for row in seen["log_entry"]} == mine
        assert people_in(seen) == set()
    assert "log_pending" not in seen


async def test_the_context_of_one_transaction_is_not_that_of_the_next(registry, used):
    async with registry.resources.work() as work:
        before = await work.rows(text("TABLE person"))
        await sight.act_for(work, MISSION)
        await sight.see(work, people_in(used))
        during = await work.rows(text("TABLE person"))
        await work.commit()
        after = await work.rows(text("TABLE person"))
    assert (len(before), len(during), len(after)) == (0, len(people_in(used)), 0)


WHOLE = {
    roles.EX_OFFICIO: PROTECTED - {"log_pending", "log_entry", "holder"},
    roles.KEEPER: PROTECTED - {"log_pending", "log_entry", "proposal", "approval"},
    roles.RECONCILER: {"data_key", "person", "movement", "link", "review_case", "reconciliation"},
    roles.SEQUENCER: {"log_pending"},
    roles.AUDITOR: {"log_entry"},
    roles.RESOLVER: BY_PERSON
    - {"review_case", "event", "reconciliation", "question", "holder", "protection_lift", "proposal"}
    | {"submission", "data_key", "protection"},
}


@pytest.mark.parametrize("role", WHOLE)
async def test_who_works_through_everything_sees_what_its_task_needs_and_nothing_else(eyes, used, role):
    seen = await eyes.dump(role)
    assert {table for table, rows in seen.items() if rows and table in PROTECTED} == {
        table for table in WHOLE[role] if used[table]
    }
    assert all(len(seen[table]) == len(used[table]) for table in WHOLE[role])


@pytest.mark.usefixtures("used")
async def test_whoever_owns_the_tables_is_bound_as_well(eyes):
    await eyes.connection.execute("CREATE ROLE bare_owner NOLOGIN")
    try:
        for table in PROTECTED:
            await eyes.connection.execute(f"ALTER TABLE {table} OWNER TO bare_owner")
        seen = await eyes.dump("bare_owner")
        assert {table: len(rows) for table, rows in seen.items()} == dict.fromkeys(PROTECTED, 0)
    finally:
        for table in PROTECTED:
            await eyes.connection.execute(f"ALTER TABLE {table} OWNER TO CURRENT_USER")
        await eyes.connection.execute("DROP ROLE bare_owner")


async def test_no_role_stands_above_the_policies_or_becomes_the_resolver(eyes):
    rows = await eyes.connection.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcanlogin, pg_has_role(oid, $1, 'MEMBER') FROM pg_roles "
        "WHERE rolname = ANY ($2)",
        roles.RESOLVER,
        [*roles.ALL, roles.RESOLVER],
    )
    assert len(rows) == len(roles.ALL) + 1
    assert {name for name, is_above, _ in rows if is_above} == set()
    assert {name for name, _, may_resolve in rows if may_resolve} == {roles.RESOLVER}


OTHERS_ROWS = {
    "a record": "INSERT INTO person VALUES (gen_random_uuid(), now())",
    "a link": "INSERT INTO link VALUES ('{submission}', 7, '{person}', 'number', true)",
    "whose a record is": "INSERT INTO holder VALUES ('" + "1" * 40 + "', '{person}', '{submission}', now())",
    "a search key": "INSERT INTO search_key (person_id, kind, generation, key, current) "
    "VALUES ('{person}', 'name', 1, '', true)",
    "a paper of another body": "INSERT INTO submission VALUES "
    "(gen_random_uuid(), 'report', '131016', 'mine', 'accepted', now(), now(), NULL, '')",
}


OTHERS_CHANGES = (
    "UPDATE version SET revision = revision WHERE person_id = '{person}'",
    "UPDATE link SET confirmed = true WHERE person_id = '{person}'",
    "DELETE FROM holder",
    "UPDATE submission SET state = 'annulled' WHERE submission_id = '{submission}'",
)


@pytest.mark.parametrize("statement", OTHERS_ROWS.values(), ids=OTHERS_ROWS)
async def test_what_is_not_in_sight_is_not_written(eyes, used, statement):
    (person_id,) = people_of(used, BOSTON)
    submission_id = next(row["submission_id"] for row in used["submission"] if row["sender"] == BOSTON)
    async with eyes.connection.transaction():
        await eyes.take_on(roles.APP, body=MISSION)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with eyes.connection.transaction():
                await eyes.connection.execute(statement.format(person=person_id, submission=submission_id))
        for change in OTHERS_CHANGES:
            done = await eyes.connection.execute(change.format(person=person_id, submission=submission_id))
            assert done.endswith(" 0")


async def test_the_finding_functions_tell_only_who_has_the_search_key(eyes, used):
    held = [row for row in used["search_key"] if row["current"]]
    async with eyes.connection.transaction():
        await eyes.take_on(roles.APP)
        for row in held:
            found = await eyes.connection.fetch(FIND, [row["generation"]], [row["kind"]], [row["key"]])
            alike = {other["person_id"] for other in held if other["key"] == row["key"]}
            assert {one["person_id"] for one in found} == set(map(str, alike))
            for altered in (b"", row["key"][:-1], bytes(len(row["key"]))):
                assert await eyes.connection.fetch(FIND, [row["generation"]], [row["kind"]], [altered]) == []


FIND = "SELECT * FROM find_people('{}', $1, $2, $3, true, 50)"


@pytest.mark.parametrize("role", [roles.SEQUENCER, roles.AUDITOR, roles.RECONCILER])
async def test_nobody_finds_people_whose_task_it_is_not(eyes, role):
    async with eyes.connection.transaction():
        await eyes.take_on(role)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await eyes.connection.fetch(FIND, [], [], [])
