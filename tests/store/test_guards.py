"""What the database itself refuses, whoever asks: changes of what is only added to, and looks beyond one's role."""

import asyncpg
import pytest

from registry.store import jpki_tables, protection_tables, session_tables, trawling_tables  # noqa: F401 - put theirs into the same metadata
from registry.store.log_tables import metadata  # those of tables.py as well

pytestmark = pytest.mark.anyio

ONLY_ADDED_TO = {"movement": "kind", "stamp": "at", "log_entry": "leaf", "key_act": "act", "proposal": "kind"}
CHANGES = {
    "update": "UPDATE {} SET {} = {}",
    "delete": "DELETE FROM {}",
    "truncate": "TRUNCATE {} CASCADE",
}
PERSON, OTHER = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
SEQUENCER_READS = {
    "pending_stamp",
    "stamp",
    "known_until",
    "sandbox_clock",
    "log_pending",
    "log_tile",
    "log_head",
}
SEQUENCER_ONLY_WRITES = {"log_entry", "log_year"}
SECRET_COLUMNS = {"sealed", "wrapped", "key", "addressee_key", "content_key"}
VERSION = """
INSERT INTO version (person_id, made_by, status, certain, possible, disputed, revision, sealed)
VALUES ($1, $2, 'resident-abroad', $3::text::daterange, '[2020-01-01,)', '{}', 1, '')
"""


@pytest.fixture
async def owner(shared_database):
    """A connection of the owner, in a transaction that is undone."""
    connection = await asyncpg.connect(shared_database)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def _as(connection, role, statement):
    """Try a statement as a role; return the SQLSTATE that refuses it, or None."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(f"SET LOCAL ROLE {role}")
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return error.sqlstate
    else:
        return None
    finally:
        await attempt.rollback()


async def _rights(connection, role):
    """Return {table: rights} of a role, as the database sees them."""
    rows = await connection.fetch(
        """
        SELECT table_name, array_agg(privilege_type) FROM information_schema.role_table_grants
        WHERE grantee = $1 AND table_schema = 'public' GROUP BY table_name
        """,
        role,
    )
    return {row[0]: set(row[1]) for row in rows}


@pytest.mark.parametrize("table", ONLY_ADDED_TO)
@pytest.mark.parametrize("change", CHANGES)
async def test_even_the_owner_cannot_change_what_is_only_added_to(owner, table, change):
    column = ONLY_ADDED_TO[table]
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f"rows of {table} are never changed"):
        await owner.execute(CHANGES[change].format(table, column, column))


OTHER_COLUMNS = {
    "movement_id": "'other'",
    "person_id": f"'{OTHER}'",
    "submission_id": "gen_random_uuid()",
    "kind": "'died'",
    "earliest": "'1900-01-01'",
    "latest": "'2100-01-01'",
    "notified_on": "'1900-01-01'",
    "replaces": "'0'",
}
KEEPER = "registry_keeper"


def test_every_column_of_a_movement_but_its_seal_is_tried():
    assert set(OTHER_COLUMNS) | {"sealed"} == set(metadata.tables["movement"].columns.keys())


async def test_who_renews_seals_cannot_change_what_was_proposed(owner):
    await owner.execute("INSERT INTO person VALUES ($1, now())", PERSON)
    proposed = "INSERT INTO proposal VALUES ($1, 'release-protection', $2, '', 'watanabe', '902012/protection', now())"
    await owner.execute(proposed, OTHER, PERSON)
    await owner.execute(f"GRANT UPDATE ON proposal TO {KEEPER}")
    await owner.execute(f"SET LOCAL ROLE {KEEPER}")
    assert await owner.execute("UPDATE proposal SET sealed = 'anew'") == "UPDATE 1"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="but for their seal"):
        await owner.execute("UPDATE proposal SET proposed_by = 'kimura'")


@pytest.mark.parametrize("column", OTHER_COLUMNS)
async def test_who_renews_seals_cannot_change_what_a_movement_says(owner, column):
    await _versions(owner, "[2020-01-01,)", people=(PERSON,))
    change = f"UPDATE movement SET {column} = {OTHER_COLUMNS[column]}, sealed = 'anew'"  # noqa: S608 - our own values
    assert await _as(owner, KEEPER, change) == "42501"
    await owner.execute(f"GRANT UPDATE ON movement TO {KEEPER}")
    await owner.execute(f"SET LOCAL ROLE {KEEPER}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="but for their seal"):
        await owner.execute(change)


async def test_the_seal_of_a_movement_is_renewed_by_the_keeper_alone(owner):
    await _versions(owner, "[2020-01-01,)", people=(PERSON,))
    anew = "UPDATE movement SET sealed = 'anew'"
    await owner.execute("GRANT UPDATE ON movement TO registry_app, registry_ex_officio")
    for role in ("registry_app", "registry_ex_officio", "NONE"):
        assert await _as(owner, role, anew) == "42501"
    await owner.execute(f"SET LOCAL ROLE {KEEPER}")
    assert await owner.execute(anew) == "UPDATE 1"


async def test_no_answer_is_deleted_before_ninety_days_are_over(owner):
    for days in (89, 91):
        await owner.execute(
            "INSERT INTO idempotency VALUES ('town', $1, '', now() - $2 * interval '1 day', 200, NULL, '')",
            f"answered {days} days ago",
            days,
        )
    await owner.execute("SET LOCAL ROLE registry_ex_officio")
    assert await owner.execute("DELETE FROM idempotency") == "DELETE 1"
    await owner.execute("SET LOCAL ROLE NONE; INSERT INTO sandbox_clock VALUES (true, 2 * 86400)")
    await owner.execute("SET LOCAL ROLE registry_ex_officio")
    assert await owner.execute("DELETE FROM idempotency") == "DELETE 1"


@pytest.mark.parametrize("table", ["person", "submission"])
async def test_emptying_another_table_does_not_take_movements_with_it(owner, table):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="are never changed"):
        await owner.execute(f"TRUNCATE {table} CASCADE")


async def test_the_application_adds_what_waits_for_the_log_and_nothing_else(owner):
    rights = await _rights(owner, "registry_app")
    assert rights["log_pending"] == {"INSERT"}
    assert [rights[table] for table in ("log_entry", "log_tile", "log_head")] == [{"SELECT"}] * 3
    assert rights["log_year"] == {"SELECT", "INSERT"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stamp (seq, submission_id, at) VALUES (1, gen_random_uuid(), now())",
        "INSERT INTO known_until VALUES (true, 1, now())",
        "UPDATE known_until SET seq = 1",
        "DELETE FROM pending_stamp",
        "UPDATE grant_row SET items = items || 'individual_number'::text",
        "INSERT INTO sandbox_clock VALUES (true, 1)",
        "DELETE FROM data_key",
        "UPDATE data_key SET wrapped = ''",
        "UPDATE monthly_kek SET emptied_at = now()",
        "DELETE FROM monthly_kek",
        "TABLE key_act",
        "DELETE FROM search_key",
        "DELETE FROM idempotency",
        "UPDATE caller_narrowing SET lifted_at = now(), lifted_by = 'me', reason = 'mine'",
        "DELETE FROM caller_narrowing",
        "DELETE FROM person",
        "UPDATE client_key SET public_key = ''",
        "INSERT INTO client_key VALUES ('mine', 'JP-CG-NEW-YORK', 'mission', '', now(), NULL)",
        "UPDATE movement SET kind = 'died'",
        "DROP TABLE person",
        "ALTER TABLE movement DISABLE TRIGGER only_added_to",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_the_application_cannot(owner, statement):
    assert await _as(owner, "registry_app", statement) == "42501"


async def test_the_sequencer_sees_nobody_s_record_and_moves_what_is_sealed_without_the_keys(owner):
    rights = await _rights(owner, "registry_sequencer")
    assert {table for table, granted in rights.items() if "SELECT" in granted} == SEQUENCER_READS
    assert rights.keys() == SEQUENCER_READS | SEQUENCER_ONLY_WRITES
    for secret in ("SELECT wrapped FROM log_year", "SELECT sealed FROM log_entry", "SELECT entry_id FROM log_entry"):
        assert await _as(owner, "registry_sequencer", secret) == "42501"
    tables = SEQUENCER_READS - {"log_pending"}
    columns = {column.name for table in tables for column in metadata.tables[table].columns}
    assert columns & SECRET_COLUMNS == set()
    assert "person_id" not in columns


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - SEQUENCER_READS))
async def test_the_sequencer_cannot_read(owner, table):
    assert await _as(owner, "registry_sequencer", f"TABLE {table}") == "42501"


async def test_the_reconciler_changes_nothing_but_what_it_found(owner):
    rights = await _rights(owner, "registry_reconciler")
    assert {table for table, granted in rights.items() if granted != {"SELECT"}} == {"reconciliation"}
    assert rights.keys() & {"submission", "idempotency", "log_entry", "version", "search_key"} == set()


@pytest.mark.parametrize(
    "values",
    ["'髙﨑花子', 2024, sha256(''), ''", "'SHORT', 2024, sha256(''), ''", "NULL, 2024, '', ''"],
    ids=["a name", "no subject", "no commitment"],
)
async def test_nothing_waits_for_the_log_that_could_not_get_a_place(owner, values):
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            f"INSERT INTO log_pending (entry_id, subject, year, content_commitment, sealed) "  # noqa: S608 - our values
            f"VALUES (gen_random_uuid(), {values})"
        )


TILE = "INSERT INTO log_tile VALUES (0, 0, decode(repeat('aa', 64), 'hex'))"
HEAD = "INSERT INTO log_head VALUES (true, 2, '{}', '', now(), '', 2, 1)"
YEAR = "INSERT INTO monthly_kek VALUES (1, '0001-01-01', ''); INSERT INTO log_year VALUES (2018, 1, ''), (3000, 1, '')"
LOG_GUARDS = {
    "a tile cut short": (TILE, "UPDATE log_tile SET hashes = substring(hashes FOR 32)"),
    "a tile altered": (TILE, "UPDATE log_tile SET hashes = decode(repeat('ab', 96), 'hex')"),
    "a tile moved": (TILE, "UPDATE log_tile SET tile_index = 1"),
    "a tile removed": (TILE, "DELETE FROM log_tile"),
    "a head that goes back": (HEAD, "UPDATE log_head SET size = 1"),
    "a cosigned head that goes back": (HEAD, "UPDATE log_head SET cosigned_size = 1"),
    "a cosigned head forgotten": (HEAD, "UPDATE log_head SET cosigned_size = NULL"),
    "a head removed": (HEAD, "DELETE FROM log_head"),
    "a year that is still to be kept": (YEAR, "DELETE FROM log_year WHERE year = 3000"),
    "every year": (YEAR, "TRUNCATE log_year"),
}


@pytest.mark.parametrize(("written", "change"), LOG_GUARDS.values(), ids=LOG_GUARDS)
async def test_even_the_owner_cannot_take_back_what_the_log_has(owner, written, change):
    await owner.execute(written)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(change)


async def test_a_tile_and_a_head_grow_and_a_year_ends_after_its_time(owner):
    await owner.execute(f"{TILE}; {HEAD}; {YEAR}")
    await owner.execute("UPDATE log_tile SET hashes = hashes || decode(repeat('bb', 32), 'hex')")
    await owner.execute("UPDATE log_head SET size = 3, cosigned_size = 3")
    assert await owner.execute("DELETE FROM log_year WHERE year = 2018") == "DELETE 1"


async def test_the_clock_of_the_sandbox_ends_years_too(owner):
    await owner.execute(YEAR)
    await owner.execute("INSERT INTO sandbox_clock VALUES (true, 1200::bigint * 366 * 86400)")
    assert await owner.execute("DELETE FROM log_year") == "DELETE 2"


async def test_a_table_of_the_sequencer_s_own_is_not_taken_for_the_clock(owner):
    """A temporary table goes before all others, unless a function says where it looks."""
    await owner.execute(YEAR)
    assert await _as(owner, "registry_sequencer", SHADOW) == "42501"


SHADOW = """
CREATE TEMP TABLE sandbox_clock AS SELECT 1200::bigint * 366 * 86400 AS offset_seconds;
DELETE FROM log_year WHERE year = 3000
"""


async def test_every_guard_looks_only_where_its_owner_put_it(owner):
    rows = await owner.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND (prosecdef OR prorettype = 'trigger'::regtype) "
        "AND proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, public, pg_temp']"
    )
    assert rows == []


async def test_no_role_of_the_house_can_pass_the_walls(owner):
    rows = await owner.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'registry%' AND (rolsuper OR rolbypassrls OR rolcreaterole)"
    )
    assert rows == []


async def _versions(owner, *certain, people=(PERSON, PERSON)):
    await owner.execute(
        "INSERT INTO submission VALUES ($1, 'report', 's', 'k', 'accepted', now(), now(), NULL, '')", OTHER
    )
    for person in sorted(set(people)):
        await owner.execute("INSERT INTO person VALUES ($1, now())", person)
    for number, (person, days) in enumerate(zip(people, certain, strict=True)):
        await owner.execute(
            "INSERT INTO movement VALUES ($1, $2, $3, 'returned', now(), now(), now(), NULL, '')",
            str(number),
            person,
            OTHER,
        )
        await owner.execute(VERSION, person, str(number), days)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[2020-01-01,2021-01-01)", "[2020-12-31,2022-01-01)"),
        ("[2020-01-01,)", "[2030-01-01,2030-01-02)"),
        ("[2020-01-01,2020-01-02)", "[2020-01-01,2020-01-02)"),
    ],
    ids=["by one day", "within an open one", "the same day"],
)
async def test_two_versions_of_a_record_never_hold_for_certain_on_one_day(owner, one, other):
    with pytest.raises(asyncpg.ExclusionViolationError):
        await _versions(owner, one, other)


@pytest.mark.parametrize(
    ("one", "other", "people"),
    [
        ("[2020-01-01,2021-01-01)", "[2021-01-01,)", (PERSON, PERSON)),
        ("empty", "[2021-01-01,)", (PERSON, PERSON)),
        ("empty", "empty", (PERSON, PERSON)),
        ("[2020-01-01,)", "[2020-01-01,)", (PERSON, OTHER)),
    ],
    ids=["one after the other", "one on no day for certain", "none for certain", "two records"],
)
async def test_certain_ranges_may_stand(owner, one, other, people):
    await _versions(owner, one, other, people=people)
    assert await owner.fetchval("SELECT count(*) FROM version") == 2
