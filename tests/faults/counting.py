"""The count on both sides of the line: what the mission has a receipt for, and what the registry made of it.

Both are read where they lie, in the gateway's spool and in the registry's database: the program that would tell may
just have been killed.
"""

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import asyncpg

from registry.transparency.tree import Frontier, leaf_hash
from registry.vault.keys import FileKeyProvider
from registry.vault.pseudonyms import log_subject
from tests.faults.acting import PATIENCE, hand_in, reports, until
from tests.logged import read_log

EFFECTS = """
    SELECT submission_id::text, (SELECT person_id::text FROM link WHERE link.submission_id = submission.submission_id),
        (SELECT count(*) FROM movement WHERE movement.submission_id = submission.submission_id) AS movements,
        (SELECT count(*) FROM event WHERE event.submission_id = submission.submission_id) AS events,
        (SELECT count(*) FROM stamp WHERE stamp.submission_id = submission.submission_id) AS stamps
    FROM submission
"""
# The transaction that wrote a stamp tells the rounds of the sequencer apart: all of one round have one moment.
STAMPS = "SELECT seq, at, xmin::text AS round FROM stamp ORDER BY seq"
WAITS_FOR_US = "SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"


class Session:
    """One session with the registry's database, as its superuser; a killed PostgreSQL ends it."""

    def __init__(self, dsn):
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(dsn))

    def rows(self, query, *arguments):
        return self._runner.run(self._connection.fetch(query, *arguments))

    def value(self, query, *arguments):
        return self._runner.run(self._connection.fetchval(query, *arguments))

    def close(self):
        self._connection.terminate()
        self._runner.close()


@contextmanager
def session(stage):
    with closing(Session(stage.postgres.dsn())) as opened:
        yield opened


@contextmanager
def handing_in_and_held_up(stage, number):
    """Hand new reports in; within the block the registry is in the middle of them: it cannot write an event."""
    with session(stage) as db:
        db.rows("BEGIN")
        db.rows("LOCK TABLE event IN SHARE MODE")
        hand_in(stage, reports(taken_in(stage), number))
        until(lambda: db.rows(WAITS_FOR_US))
        yield


def taken_in(stage):
    """Return how many reports the mission's gateway has ever taken in."""
    return len(_spool(stage, "SELECT id FROM report"))


def waiting(stage):
    """Return how many of them it has no answer for."""
    return len(_spool(stage, "SELECT id FROM report WHERE state = 'waiting'"))


def until_nothing_waits(stage, seconds=PATIENCE):
    """Wait until the gateway has an answer for each."""
    until(lambda: not waiting(stage), seconds)


def acknowledged(stage):
    """Return the ids of the submissions that the mission holds the registry's receipt for."""
    return {row[0] for row in _spool(stage, "SELECT submission_id FROM report WHERE receipt IS NOT NULL")}


def stored(stage):
    """Return the ids of the submissions that the registry has."""
    with session(stage) as db:
        return {row[0] for row in db.rows("SELECT submission_id::text FROM submission")}


def _spool(stage, query):
    with closing(sqlite3.connect(stage.gateway_settings["EMBASSY_GATEWAY_SPOOL"])) as spool:
        return spool.execute(query).fetchall()


def assert_each_came_once(stage, number):
    """Compare the books: all ``number`` reports since the stage was opened, each once on either side, with effects."""
    assert [row[0] for row in _spool(stage, "SELECT sequence FROM report ORDER BY 1")] == list(range(1, number + 1))
    with session(stage) as db:
        until(lambda: not db.rows("SELECT FROM pending_stamp UNION ALL SELECT FROM log_pending"))
        rows = db.rows(EFFECTS)
        effects = {row[0]: tuple(row)[2:] for row in rows}
        assert effects == dict.fromkeys(acknowledged(stage), (1, 1, 1))
        assert [len(effects), db.value("SELECT count(*) FROM person")] == [number] * 2
        assert_known_time_only_grows(db.rows(STAMPS))
        assert_each_is_logged_once(stage, [row[1] for row in rows])


def assert_each_is_logged_once(stage, people):
    """Open the log: each person was accepted once, each chain is whole, and the tree is that of all leaves."""
    provider = FileKeyProvider(Path(stage.registry_settings["REGISTRY_KEYS"]), production=False)
    entries = asyncio.run(read_log(stage.postgres.dsn(), provider))
    accepted = [one.about for one in entries if one.entry.outcome.startswith("accepted")]
    assert sorted(accepted) == sorted(log_subject(provider, "log", one) for one in people)
    with session(stage) as db:
        leaves = [row["leaf"] for row in db.rows("SELECT leaf FROM log_entry ORDER BY leaf_index")]
        head = db.rows("SELECT size, roots FROM log_head")[0]
        assert head["size"] == len(leaves) == db.value("SELECT 1 + max(leaf_index) FROM log_entry")
        assert tuple(head["roots"]) == Frontier().grown(map(leaf_hash, leaves)).roots
        assert db.rows("SELECT subject FROM log_entry GROUP BY subject HAVING max(number) <> count(*)") == []


def assert_known_time_only_grows(stamps):
    assert [row["seq"] for row in stamps] == list(range(1, len(stamps) + 1))
    moments = [at for _, at in dict.fromkeys((row["round"], row["at"]) for row in stamps)]
    assert moments == sorted(set(moments))
