"""Whatever somebody with all rights to the database changes in the log, the audit finds it and says where."""

from random import Random
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from registry.services import log_audit
from registry.store import disclosure_log as stored
from registry.store.engine import connect
from registry.store.unit_of_work import UnitOfWork
from registry.transparency.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from registry.transparency.growth import Waiting, grown
from registry.transparency.refusals import LogRefused
from registry.transparency.tree import Frontier
from tests.acceptance.asking import ask, settle
from tests.acceptance.papers import by_name
from tests.acceptance.test_cosigning import Watched
from tests.house import MISSION, PENSION, TOWN
from tests.logged import dsn_of
from tests.transparency.signers import WITNESS

TABLES = ("log_entry", "log_tile", "log_head", "log_year")

NOTHING_STANDS_IN_THE_WAY = (
    "SET LOCAL session_replication_role = replica",  # no trigger
    "ALTER TABLE log_entry DROP CONSTRAINT pk_log_entry, DROP CONSTRAINT uq_log_entry_subject",
)


class Archive:
    """The log of a registry in the hands of who may do everything, and undoes all of it afterwards."""

    def __init__(self, registry, watched):
        self.resources = msgspec.structs.replace(registry.resources, log=watched.resources.log)
        self.engine = connect(dsn_of(registry), pool_size=1)
        self.head = None

    async def after(self, tamper, remembered=()):
        """What an audit finds after ``tamper``, which is undone."""
        async with UnitOfWork(self.engine) as work:
            for statement in NOTHING_STANDS_IN_THE_WAY:
                await work.run(text(statement))
            if tamper is not None:
                await tamper(work)
            work.at_hand.log_years.clear()
            try:
                audited = await log_audit.audit(self.resources, work, remembered, lambda *_: None)
            except LogRefused as refused:
                return [(str(refused.code), "checkpoint")]
            return [(str(one.code), one.where) for one in audited.found.findings]


async def grow(registry, watched):
    """Let the log have entries about several people and about nobody, and the last but some cosigned."""
    await settle(registry)
    for _ in range(6):
        await ask(registry, PENSION)
        await ask(registry, TOWN)
        await ask(registry, MISSION)
        await ask(registry, PENSION, search=by_name(birth_date="1990-01-01"))
        await registry.sequence()
    await watched.cosigning.round()
    await ask(registry, PENSION)
    await registry.sequence()


@pytest.fixture
async def archive(registry, tmp_path):
    watched = Watched(registry, tmp_path, [WITNESS])
    await grow(registry, watched)
    opened = Archive(registry, watched)
    async with UnitOfWork(opened.engine) as work:
        opened.head = await stored.head(work)
    yield opened
    await opened.engine.dispose()
    watched.close()


def sql(statement, **parameters):
    async def tamper(work):
        done = await work.run(text(statement), parameters)
        assert done.rowcount > 0, statement

    return tamper


@pytest.mark.anyio
async def test_an_honest_log_holds(archive):
    assert await archive.after(None) == []
    async with UnitOfWork(archive.engine) as work:
        await log_audit.as_of_one_moment(work)
        audited = await log_audit.audit(archive.resources, work, (), lambda *_: None)
    assert (audited.found.size, audited.past_keeping) == (archive.head.size, 0)
    assert archive.head.cosigned_size < archive.head.size


OTHER_ROOT = "UPDATE log_head SET {note} = set_byte({note}, 40, CASE get_byte({note}, 40) WHEN 65 THEN 66 ELSE 65 END)"
"""One letter of the root's base64 for another, so that it is a note all the same."""

CHANGES = {
    "a bit of a leaf": (
        "UPDATE log_entry SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE leaf_index = 5",
        "leaf-mismatch",
        "entry 5",
    ),
    "a bit of what is sealed": (
        "UPDATE log_entry SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE leaf_index = 5",
        "seal-broken",
        "entry 5",
    ),
    "a shorter salt": ("UPDATE log_entry SET link_salt = '' WHERE leaf_index = 5", "leaf-mismatch", "entry 5"),
    "a row less": ("DELETE FROM log_entry WHERE leaf_index = 5", "entry-missing", "entry 5"),
    "the first row less": ("DELETE FROM log_entry WHERE leaf_index = 0", "entry-missing", "entry 0"),
    "another number in the chain": (
        "UPDATE log_entry SET number = number + 100 WHERE leaf_index = (SELECT max(leaf_index) FROM log_entry)",
        "chain-broken",
        "entry {last}",
    ),
    "a place in the chain that is none": (
        "UPDATE log_entry SET number = -1 WHERE leaf_index = 5 OR (subject IS NOT NULL AND leaf_index = 6)",
        "entry-malformed",
        "entry ",
    ),
    "somebody made nobody": (
        "UPDATE log_entry SET subject = NULL WHERE leaf_index = (SELECT max(leaf_index) FROM log_entry)",
        "seal-broken",
        "entry {last}",
    ),
    "a year that is over": ("UPDATE log_entry SET year = 2001 WHERE leaf_index = 5", "seal-broken", "entry 5"),
    "the keys of a year": ("DELETE FROM log_year", "seal-broken", "entry 0"),
    "a tile": (
        "UPDATE log_tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)",
        "tile-mismatch",
        "tile/0/000.p/{size}",
    ),
    "no tile": ("DELETE FROM log_tile", "tile-mismatch", "tile/0/000.p/{size}"),
    "the size of the head": ("UPDATE log_head SET size = size + 1", "head-mismatch", "frontier of {size}"),
    "when a witness cosigned": ("UPDATE log_head SET cosigned_at = cosigned_at + 1", "head-mismatch", "cosigned head"),
    "what a witness cosigned": (
        OTHER_ROOT.format(note="cosigned"),
        "signature-wrong",
        "cosigned head",
    ),
    "that a witness ever cosigned": (
        "UPDATE log_head SET cosigned = NULL, cosigned_size = NULL, cosigned_at = NULL",
        "cosignature-missing",
        "cosigned head",
    ),
    "the checkpoint": (
        OTHER_ROOT.format(note="note"),
        "signature-wrong",
        "checkpoint",
    ),
}


@pytest.mark.anyio
async def test_each_change_is_found_where_it_was_made(archive):
    for name, (statement, code, where) in CHANGES.items():
        found = await archive.after(sql(statement))
        place = where.format(size=archive.head.size, last=archive.head.size - 1)
        assert any(one == code and at.startswith(place) for one, at in found), (name, found)


# ------------------------------------------------------------------------------------------ a history written anew


def written_anew(archive, change):
    """Write another history, from the entries as ``change`` leaves them, all of it signed with the log's own key."""

    async def tamper(work):
        rows = [dict(row) for row in await work.rows(text("SELECT * FROM log_entry ORDER BY leaf_index"))]
        rows = change(rows)
        waiting = tuple(Waiting(subject=row["subject"], content=row["leaf"][33:]) for row in rows)
        salts = tuple(row["link_salt"] for row in rows)
        made = grown(Frontier(), {}, waiting, salts, lambda _: b"")
        for table in ("log_entry", "log_tile"):
            await work.run(text(f"DELETE FROM {table}"))  # noqa: S608 - the test's own tables
        insert = text(
            "INSERT INTO log_entry VALUES "
            "(:leaf_index, :entry_id, :subject, :number, :previous, :link_salt, :leaf, :year, :sealed)"
        )
        for row, one in zip(rows, made.placed, strict=True):
            previous = one.link and one.link.previous and bytes.fromhex(one.link.previous)
            new = {
                "leaf_index": one.index,
                "number": one.link and one.link.number,
                "previous": previous,
                "leaf": one.leaf,
            }
            await work.run(insert, row | new)
        log = archive.resources.log
        checkpoint = Checkpoint(origin=log.key.name, head=made.frontier.head)
        note = sign_checkpoint(checkpoint, log.key, log.sign).encode()
        await stored.append(work, (), made, note, archive.head.signed_at)

    return tamper


ANEW = {
    "an entry less": lambda rows: rows[:4] + rows[5:],
    "another order": lambda rows: [rows[1], rows[0], *rows[2:]],
    "an entry twice": lambda rows: [*rows[:5], rows[4] | {"entry_id": UUID(int=7)}, *rows[5:]],
}


@pytest.mark.anyio
@pytest.mark.parametrize("change", ANEW.values(), ids=ANEW)
async def test_a_history_written_anew_is_found_by_what_a_witness_cosigned(archive, change):
    found = await archive.after(written_anew(archive, change))
    assert ("fork", f"head of {archive.head.cosigned_size}") in found


@pytest.mark.anyio
async def test_a_tail_cut_off_is_found_by_what_a_witness_cosigned(archive):
    left = archive.head.cosigned_size - 1
    found = await archive.after(written_anew(archive, lambda rows: rows[:left]))
    assert ("rollback", f"entry {left} of {left + 1}") in found


@pytest.mark.anyio
async def test_what_was_written_anew_behind_every_witness_is_found_by_what_an_auditor_remembers(archive):
    log = archive.resources.log
    remembered = open_checkpoint(archive.head.note, (log.key,), ()).checkpoint.head
    tamper = written_anew(archive, lambda rows: rows[:-1])
    assert await archive.after(tamper) == []
    assert ("rollback", f"entry {remembered.size - 1} of {remembered.size}") in await archive.after(
        tamper, [remembered]
    )


# ------------------------------------------------------------------------------------------ years that are over


@pytest.mark.anyio
async def test_entries_past_their_years_of_keeping_are_checked_in_tree_and_chain(registry, archive):
    registry.clock.advance(days=8 * 366)
    over = sql("DELETE FROM log_year")
    assert await archive.after(over) == []

    async def over_and_spoilt(work):
        await over(work)
        await sql("UPDATE log_entry SET link_salt = leaf WHERE leaf_index = 5")(work)

    assert await archive.after(over_and_spoilt) == [("leaf-mismatch", "entry 5")]


# ------------------------------------------------------------------------------------------ a thousand tamperings

COLUMNS = {
    "log_entry": ("leaf", "link_salt", "sealed", "previous", "entry_id", "subject", "number", "year", "leaf_index"),
    "log_tile": ("hashes", "level", "tile_index"),
    "log_head": ("note", "roots", "size", "cosigned", "cosigned_size", "cosigned_at"),
    "log_year": ("wrapped", "year", "kek_id"),
}


def flipped(luck, value):
    data = bytearray(value or bytes(32))
    data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
    return bytes(data)


def other(luck, value):
    """Another value of the same kind."""
    match value:
        case bytes() | memoryview():
            return flipped(luck, bytes(value))
        case list():
            at = luck.randrange(len(value))
            return [flipped(luck, one) if here == at else one for here, one in enumerate(value)]
        case int():
            return value + luck.choice([-1, 1, 2, 100])
        case str():
            return "".join(luck.sample(sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")), 32))
        case UUID():
            return UUID(int=luck.getrandbits(128))
    return None


def one_value(luck):
    """Another value in one column of one row."""
    table = luck.choice([*TABLES, "log_entry", "log_entry"])
    column = luck.choice(COLUMNS[table])

    async def tamper(work):
        rows = await work.rows(text(f"SELECT ctid::text AS at, {column} AS value FROM {table} ORDER BY ctid"))  # noqa: S608 - the test's own
        row = luck.choice([one for one in rows if one["value"] is not None])
        value = other(luck, row["value"])
        await work.run(
            text(f"UPDATE {table} SET {column} = :value WHERE ctid = CAST(CAST(:at AS text) AS tid)"),  # noqa: S608 - the test's own
            {"value": value, "at": row["at"]},
        )

    return tamper, f"{table}.{column}"


def one_row(luck):
    """A row less."""
    table = luck.choice([*TABLES, "log_entry", "log_entry"][1:])

    async def tamper(work):
        rows = await work.rows(text(f"SELECT ctid::text AS at FROM {table} ORDER BY ctid"))  # noqa: S608 - the test's own
        at = luck.choice(rows)["at"]
        await work.run(text(f"DELETE FROM {table} WHERE ctid = CAST(CAST(:at AS text) AS tid)"), {"at": at})  # noqa: S608 - the test's own

    return tamper, f"a row of {table}"


def two_rows(luck):
    """What stands in two places of the log, exchanged."""

    async def tamper(work):
        rows = await work.rows(text("SELECT leaf_index FROM log_entry ORDER BY leaf_index"))
        one, another = luck.sample([row["leaf_index"] for row in rows], 2)
        for old, new in ((one, -1), (another, one), (-1, another)):
            await work.run(
                text("UPDATE log_entry SET leaf_index = :new WHERE leaf_index = :old"), {"old": old, "new": new}
            )

    return tamper, "order"


def anew(luck):
    """Another history or a shorter one, signed by the log itself."""

    def change(rows):
        at = luck.randrange(len(rows) - 2)
        what = luck.choice(["cut", "drop", "swap"])
        if what == "cut":
            return rows[:at]
        if what == "drop":
            return rows[:at] + rows[at + 1 :]
        return [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]

    return change


@pytest.mark.anyio
async def test_a_thousand_of_a_thousand_tamperings_are_found(archive):
    passed = []
    for number in range(1_000):
        luck = Random(number)  # noqa: S311 - the same tamperings in every run
        match number % 10:
            case 0:
                tamper, name = written_anew(archive, anew(luck)), "anew"
            case 1 | 2:
                tamper, name = one_row(luck)
            case 3:
                tamper, name = two_rows(luck)
            case _:
                tamper, name = one_value(luck)
        if not await archive.after(tamper):
            passed.append((number, name))
    assert passed == []
