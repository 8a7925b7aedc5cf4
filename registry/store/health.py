"""What `registry doctor` and `registry keys` ask the database: only reads, and no record is opened here."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import func, or_, select, text

from registry.store import log_tables, roles
from registry.store import tables as t
from registry.store.migrate import REVISIONS
from registry.store.unit_of_work import UnitOfWork
from registry.vault.keys import Kek, KeyProvider, WrappedKek
from registry.vault.sealing import SealBroken

_NO_ANSWER_YET: Final = "no-answer-yet"


class Revisions(msgspec.Struct, frozen=True, kw_only=True):
    """At which revision the schema is (None: there is no schema), and which revisions this program knows."""

    present: str | None
    newest: str
    known: frozenset[str]


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A database role: whether it stands above all rights, and whether this program's user may take it on."""

    name: str
    above_rights: bool
    can_be_taken: bool


class MonthKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key of a month as it lies there: its id, the first day of its month, and itself, wrapped."""

    kek_id: int
    first: date
    wrapped: bytes

    @property
    def month(self) -> str:
        """The month, as 2025-04."""
        return f"{self.first:%Y-%m}"

    def opens_with(self, provider: KeyProvider) -> bool:
        """Whether it was wrapped by the master key of ``provider``."""
        try:
            Kek.unwrap(provider, WrappedKek(key_id=self.kek_id, month=self.month, wrapped=self.wrapped))
        except SealBroken:
            return False
        return True


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many things wait, and since when the oldest of them does (None: nothing waits)."""

    count: int
    since: datetime | None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One record and the search keys that find it now."""

    person_id: str
    keys: frozenset[bytes]


async def read_only(work: UnitOfWork) -> None:
    """Have the database itself refuse any change until the transaction ends."""
    await work.run(text("SET TRANSACTION READ ONLY"))


async def take_on(work: UnitOfWork, role: str) -> None:
    """Look with the eyes of a role until the transaction ends: policies show who signed in, owner or not, no row.

    A superuser sees everything and stays one, so that a role that is gone or lacks a right hides nothing.
    """
    is_bound = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
    if (await work.run(text(is_bound))).scalar_one():
        await work.run(text(f"SET LOCAL ROLE {role}"))


async def clock(work: UnitOfWork) -> datetime:
    """Return the database's own time."""
    moment: datetime = (await work.run(select(func.clock_timestamp()))).scalar_one()
    return moment


async def settings(work: UnitOfWork, names: Iterable[str]) -> dict[str, str]:
    """Return settings of the server as they hold for connections like this one."""
    query = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    return {row.name: row.setting for row in await work.run(query, {"names": list(names)})}


async def revisions(work: UnitOfWork) -> Revisions:
    """Return where the schema stands, and where it could stand."""
    config = Config()
    config.set_main_option("script_location", str(REVISIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    present = None
    may_read = "SELECT has_table_privilege(to_regclass('alembic_version'), 'SELECT')"
    readable = (await work.run(text(may_read))).scalar_one()  # None where there is no such table
    if readable is False:
        await take_on(work, roles.APP)
    if readable is not None:
        present = (await work.run(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    known = frozenset(one.revision for one in script.walk_revisions())
    return Revisions(present=present, newest=script.get_current_head() or "", known=known)


async def each_role(work: UnitOfWork) -> dict[str, Role]:
    """Return those of :data:`roles.ALL` that exist, by name."""
    query = text(
        """
        SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS above_rights,
               pg_has_role(current_user, oid, 'MEMBER') AS can_be_taken
        FROM pg_roles WHERE rolname = ANY(:names)
        """
    )
    found = (await work.run(query, {"names": list(roles.ALL)})).all()
    return {
        row.rolname: Role(name=row.rolname, above_rights=row.above_rights, can_be_taken=row.can_be_taken)
        for row in found
    }


async def rights(work: UnitOfWork) -> frozenset[tuple[str, str, str]]:
    """Return every (role, table, right) that holds, however it was given: directly, to everybody or by ownership."""
    query = text(
        """
        SELECT r.rolname, c.relname, p.name
        FROM pg_roles r
        CROSS JOIN pg_class c
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (name)
        WHERE r.rolname = ANY(:names) AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        AND has_table_privilege(r.oid, c.oid, p.name)
        """
    )
    return frozenset(tuple(row) for row in await work.run(query, {"names": list(roles.ALL)}))


async def guarded_tables(work: UnitOfWork) -> frozenset[str]:
    """Return the tables whose trigger refuses changes."""
    query = text(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'only_added_to' AND tgenabled IN ('O', 'A')"
    )
    return frozenset((await work.run(query)).scalars())


async def open_tables(work: UnitOfWork) -> frozenset[str]:
    """Return the tables of which a role that may read them reads all rows: no policy binds it."""
    query = text(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
        "AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    return frozenset((await work.run(query)).scalars())


async def month_keys(work: UnitOfWork) -> tuple[MonthKey, ...]:
    """Return the keys of months, the first month first."""
    rows = await work.rows(select(t.monthly_kek).order_by(t.monthly_kek.c.kek_id))
    return tuple(MonthKey(kek_id=row["kek_id"], first=row["month"], wrapped=row["wrapped"]) for row in rows)


async def data_keys(work: UnitOfWork) -> dict[int, int]:
    """Return how many data keys each key of a month wraps, by its id."""
    query = select(t.data_key.c.kek_id, func.count().label("count")).group_by(t.data_key.c.kek_id)
    return {row["kek_id"]: row["count"] for row in await work.rows(query)}


async def sample(work: UnitOfWork, generation: int) -> Sample | None:
    """Return one record that can be found by search key; None where nobody is registered."""
    of_generation = select(t.search_key).where(t.search_key.c.generation == generation, t.search_key.c.current)
    first = (await work.run(of_generation.order_by(t.search_key.c.entry_id).limit(1))).mappings().first()
    if first is None:
        return None
    keys = await work.rows(of_generation.where(t.search_key.c.person_id == first["person_id"]))
    return Sample(person_id=first["person_id"], keys=frozenset(row["key"] for row in keys))


async def grants(work: UnitOfWork, on: date) -> int:
    """Return how many rows of the table of grants are valid on a day."""
    valid = t.grant_row.c
    query = select(func.count()).where(valid.valid_from <= on, or_(valid.valid_to.is_(None), valid.valid_to > on))
    return int((await work.run(query.select_from(t.grant_row))).scalar_one())


async def unstamped(work: UnitOfWork) -> Waiting:
    """Return the submissions that wait for their stamp."""
    query = select(func.count().label("count"), func.min(t.submission.c.received_at).label("since"))
    return _waiting(await work.one(query.select_from(t.pending_stamp.join(t.submission, _SAME_SUBMISSION))))


async def unplaced(work: UnitOfWork) -> int:
    """Return how many entries of the log of disclosures wait for their place."""
    return int((await work.run(select(func.count()).select_from(log_tables.log_pending))).scalar_one())


async def open_cases(work: UnitOfWork) -> Waiting:
    """Return the cases that people have not decided."""
    query = select(func.count().label("count"), func.min(t.review_case.c.opened_at).label("since"))
    return _waiting(await work.one(query.where(t.review_case.c.closed_at.is_(None))))


async def overdue_questions(work: UnitOfWork, now: datetime) -> Waiting:
    """Return the questions to others whose answer is overdue."""
    asked = t.question.c
    query = select(func.count().label("count"), func.min(asked.due).label("since"))
    return _waiting(await work.one(query.where(asked.finding == _NO_ANSWER_YET, asked.due < now)))


_SAME_SUBMISSION: Final = t.pending_stamp.c.submission_id == t.submission.c.submission_id


def _waiting(row: Mapping[Any, Any] | None) -> Waiting:
    return Waiting(count=0, since=None) if row is None else Waiting(count=row["count"], since=row["since"])
