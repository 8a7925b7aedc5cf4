"""The database server: is it durable, does its clock agree, is its schema of today, has each role its rights only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from registry.doctor.finding import Code, Finding, near, wrong
from registry.doctor.machine import full_disk
from registry.doctor.visit import Visit
from registry.store import health
from registry.store.roles import ALL as ROLES
from registry.store.roles import AUDITOR, KEEPER

DURABLE: Final = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply"},
    "wal_level": {"replica", "logical"},
}
"""What each setting must be, so that nothing acknowledged is lost and a backup can be brought to any moment."""

MOST_LOCKS: Final = 24_000
"""Two batches of 100 households of 30 people, each found by four keys."""

LARGEST_DIFFERENCE: Final = timedelta(seconds=5)
"""Signatures live 60 seconds, and what is known by when is decided by clocks."""

NOTHING_SPECIAL: Final = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"

GUARDED: Final = frozenset(
    {
        "movement",
        "stamp",
        "log_entry",
        "code_table_version",
        "area_change",
        "key_act",
        "ordinance_proposal",
        "ordinance_approval",
    }
)
"""Tables that are only added to, whoever asks."""

LIFTED_BY_PEOPLE: Final = frozenset({"caller_narrowing"})
"""Tables to which a role may add, and in which the owner alone changes anything."""

ONLY_FOR_OWNER: Final = frozenset(
    {
        "grant_row",
        "key_act",
        "ordinance_proposal",
        "ordinance_approval",
        "code_table_version",
        "sandbox_clock",
        "alembic_version",
        "client_key",
    }
)
ABOUT_PEOPLE: Final = frozenset(
    {
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
        "submission",
        "idempotency",
        "data_key",
        "log_pending",
        "log_entry",
    }
)
"""Tables of which a role sees only the rows that policies let it see."""

STAMPS: Final = frozenset({"stamp", "known_until"})
LOG: Final = frozenset({"log_entry", "log_tile", "log_head"})
SEQUENCER_SEES: Final = STAMPS | LOG | {"pending_stamp", "log_pending", "sandbox_clock"}
AUDITOR_READS: Final = LOG | {"log_year", "monthly_kek", "sandbox_clock"}
KEEPER_ALSO: Final = frozenset(
    {("key_act", "INSERT"), ("key_act", "SELECT"), ("log_year", "UPDATE"), ("search_generation", "UPDATE")}
)
RECONCILER_WRITES: Final = frozenset({"reconciliation"})
NEEDED: Final = frozenset(
    {
        ("registry_app", "submission", "INSERT"),
        ("registry_app", "movement", "INSERT"),
        ("registry_app", "pending_stamp", "INSERT"),
        ("registry_app", "log_pending", "INSERT"),
        ("registry_app", "log_year", "SELECT"),
        ("registry_app", "nonce", "INSERT"),
        ("registry_app", "grant_row", "SELECT"),
        ("registry_sequencer", "pending_stamp", "DELETE"),
        ("registry_sequencer", "stamp", "INSERT"),
        ("registry_sequencer", "known_until", "UPDATE"),
        ("registry_sequencer", "log_pending", "DELETE"),
        ("registry_sequencer", "log_entry", "INSERT"),
        ("registry_sequencer", "log_head", "UPDATE"),
        ("registry_reconciler", "movement", "SELECT"),
        ("registry_reconciler", "reconciliation", "INSERT"),
    }
)
"""Rights without which nothing works at all; any other that is missing shows itself at once."""


async def durability(visit: Visit) -> AsyncIterator[Finding]:
    """Find settings under which a power cut loses what was acknowledged."""
    found = await health.settings(visit.work, DURABLE)
    for name, good in DURABLE.items():
        if found.get(name) not in good:
            best = "replica" if name == "wal_level" else "on"
            yield wrong(
                Code.DATABASE_NOT_DURABLE,
                (
                    f"PostgreSQL runs with {name}={found.get(name)}",
                    f"PostgreSQL が {name}={found.get(name)} で動いています",
                ),
                (
                    "what is acknowledged may be lost: set it, then reload or restart PostgreSQL",
                    "受理したものを失うおそれがあります。設定のうえ PostgreSQL を再読込または再起動してください",
                ),
                f'psql "$REGISTRY_DSN" -c "ALTER SYSTEM SET {name} = {best}"',
            )


async def lock_table(visit: Visit) -> AsyncIterator[Finding]:
    """Find too little room for the locks of two of the largest batches at once."""
    names = ("max_locks_per_transaction", "max_connections", "max_prepared_transactions")
    found = await health.settings(visit.work, names)
    a_transaction, *transactions = (int(found[name]) for name in names)
    room = a_transaction * sum(transactions)
    if room < MOST_LOCKS:
        yield near(
            Code.LOCK_TABLE_SMALL,
            (
                f"PostgreSQL has room for {room:,} locks; two of the largest batches hold {MOST_LOCKS:,}",
                f"PostgreSQL のロック表は {room:,} 件分です。最大の一括提出 2 件には {MOST_LOCKS:,} 件分が要ります",
            ),
            (
                "large batches are turned away when they meet: set it and restart PostgreSQL",
                "大きな一括提出が重なると受け付けられません。設定のうえ PostgreSQL を再起動してください",
            ),
            'psql "$REGISTRY_DSN" -c "ALTER SYSTEM SET max_locks_per_transaction = 256"',
        )


async def clocks(visit: Visit) -> AsyncIterator[Finding]:
    """Find that this machine and the database live in different times."""
    difference = abs(visit.now - await health.clock(visit.work))
    if difference > LARGEST_DIFFERENCE:
        seconds = f"{difference.total_seconds():,.0f}"
        yield wrong(
            Code.CLOCK_RUNS_AWAY,
            (
                f"the clocks of this machine and the database are {seconds} s apart",
                f"この機械と DB の時計が {seconds} 秒ずれています",
            ),
            ("set both by NTP", "双方の時計を NTP で合わせてください"),
            "timedatectl set-ntp true",
        )


async def schema(visit: Visit) -> AsyncIterator[Finding]:
    """Find a schema that is older or newer than this program."""
    found = await health.revisions(visit.work)
    if found.present is not None and found.present not in found.known:
        yield wrong(
            Code.SCHEMA_AHEAD,
            (
                f"the schema (revision {found.present}) is newer than this program",
                "データベースの構造がこのプログラムより新しい版です",
            ),
            (
                f"install the version that knows it; this one ends at {found.newest}",
                "対応する版のプログラムを入れてください",
            ),
        )
    elif found.present != found.newest:
        yield wrong(
            Code.SCHEMA_BEHIND,
            (
                f"the schema is at revision {found.present}, not {found.newest}",
                f"構造が {found.newest} でなく {found.present} です",
            ),
            ("bring it to the newest, as the owner", "所有者の権限で最新にしてください"),
            "registry migrate",
        )


async def roles(visit: Visit) -> AsyncIterator[Finding]:
    """Find roles that are missing, or that stand above every right."""
    found = await health.each_role(visit.work)
    for name in ROLES:
        role = found.get(name)
        if role is None or not role.can_be_taken:
            yield wrong(
                Code.ROLE_MISSING,
                (f"the role {name} is missing, or this user may not take it on", f"ロール {name} がないか、使えません"),
                (
                    "make it without login, and let the user of REGISTRY_DSN take it on",
                    "ログイン不可で作り、接続の利用者に与えてください",
                ),
                f'psql "$REGISTRY_DSN" -c "CREATE ROLE {name} NOLOGIN" -c "GRANT {name} TO CURRENT_USER"',
            )
        elif role.above_rights:
            yield wrong(
                Code.ROLE_TOO_MUCH,
                (
                    f"the role {name} stands above the rights of tables",
                    f"ロール {name} が権限を超える属性をもっています",
                ),
                ("take that away", "その属性を除いてください"),
                f'psql "$REGISTRY_DSN" -c "ALTER ROLE {name} {NOTHING_SPECIAL}"',
            )


async def rights(visit: Visit) -> AsyncIterator[Finding]:
    """Find rights that a role should not have, and rights that it cannot do without."""
    found = await health.rights(visit.work)
    for role, table, right in sorted(one for one in found if not _may(*one)):
        yield wrong(
            Code.ROLE_TOO_MUCH,
            (f"{role} has {right} on {table}", f"{role} に {table} への {right} 権限があります"),
            ("take it away, and find out who gave it", "取り消し、誰が与えたかを確かめてください"),
            f'psql "$REGISTRY_DSN" -c "REVOKE {right} ON {table} FROM {role}, PUBLIC"',
        )
    present = await health.each_role(visit.work)
    for role, table, right in sorted(one for one in NEEDED - found if one[0] in present):
        yield wrong(
            Code.ROLE_TOO_LITTLE,
            (f"{role} lacks {right} on {table}", f"{role} に {table} への {right} 権限がありません"),
            ("give it back", "改めて与えてください"),
            f'psql "$REGISTRY_DSN" -c "GRANT {right} ON {table} TO {role}"',
        )


async def guards(visit: Visit) -> AsyncIterator[Finding]:
    """Find tables that may be changed although they are only added to."""
    for table in sorted(GUARDED - await health.guarded_tables(visit.work)):
        yield wrong(
            Code.GUARD_MISSING,
            (f"nothing guards {table} against changes", f"{table} の変更を防ぐトリガーが働いていません"),
            ("put the guard back, and hold the table against a backup", "トリガーを戻し、表を控えと照合してください"),
            f'psql "$REGISTRY_DSN" -c "ALTER TABLE {table} ENABLE TRIGGER only_added_to"',
        )


async def sight(visit: Visit) -> AsyncIterator[Finding]:
    """Find tables about people of which every row can be read by whoever may read the table at all."""
    for table in sorted(ABOUT_PEOPLE & await health.open_tables(visit.work)):
        yield wrong(
            Code.SIGHT_UNGUARDED,
            (f"no policy keeps the rows of {table} apart", f"{table} の行単位のアクセス制御が働いていません"),
            ("put it back, and find out who took it away", "元に戻し、誰が外したかを確かめてください"),
            f'psql "$REGISTRY_DSN" -c "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"',
        )


async def disk(visit: Visit) -> AsyncIterator[Finding]:
    """Find a full disk under the database, where it lies on this machine and says so."""
    found = await health.settings(visit.work, ["data_directory"])
    folder = Path(found.get("data_directory", ""))
    for finding in full_disk(folder) if found else ():
        yield finding


CHECKS: Final = (durability, lock_table, clocks, schema, roles, rights, guards, sight, disk)


def _may(role: str, table: str, right: str) -> bool:
    """Whether a role may have a right; new tables are the application's unless they are named here."""
    if role == AUDITOR:
        return right == "SELECT" and table in AUDITOR_READS
    keeps = role == KEEPER and (table, right) in KEEPER_ALSO
    return keeps or _may_of_itself(role, table, right)


def _may_of_itself(role: str, table: str, right: str) -> bool:
    if right == "TRUNCATE" or (right in {"UPDATE", "DELETE"} and table in GUARDED | LIFTED_BY_PEOPLE):
        return False
    if role == "registry_sequencer":
        ends_a_year = (table, right) == ("log_year", "DELETE")
        return ends_a_year or (table in SEQUENCER_SEES and (right == "SELECT" or table != "sandbox_clock"))
    if right == "SELECT":
        return True
    if role == "registry_reconciler":
        return table in RECONCILER_WRITES
    if table in {"log_pending", "log_year"}:
        return right == "INSERT"
    return table not in ONLY_FOR_OWNER | STAMPS | LOG
