"""The count on both sides of the line: what the mission has a receipt for, and what the registry made of it.

Both are read where they lie, in the gateway's spool and in the registry's database: the program that would tell may
just have been killed.
"""

import asyncio
import sqlite3
from contextlib import closing, contextmanager

import asyncpg

from tests.faults.acting import PATIENCE, hand_in, reports, until

EFFECTS = """
    SELECT submission_id::text,
        (SELECT count(*) FROM movement WHERE movement.submission_id = submission.submission_id) AS movements,
        (SELECT count(*) FROM event WHERE event.submission_id = submission.submission_id) AS events,
        (SELECT count(*) FROM disclosure_entry JOIN link USING (person_id)
          WHERE link.submission_id = submission.submission_id AND outcome LIKE 'accepted%') AS entries,
        (SELECT count(*) FROM stamp WHERE stamp.submission_id = submission.submission_id) AS stamps
    FROM submission
"""
LOGGED = "SELECT count(*) FROM disclosure_entry WHERE outcome LIKE 'accepted%'"
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
        until(lambda: not db.rows("SELECT FROM pending_stamp"))
        effects = {row[0]: tuple(row)[1:] for row in db.rows(EFFECTS)}
        assert effects == dict.fromkeys(acknowledged(stage), (1, 1, 1, 1))
        assert [len(effects), db.value("SELECT count(*) FROM person"), db.value(LOGGED)] == [number] * 3
        assert_known_time_only_grows(db.rows(STAMPS))


def assert_known_time_only_grows(stamps):
    assert [row["seq"] for row in stamps] == list(range(1, len(stamps) + 1))
    moments = [at for _, at in dict.fromkeys((row["round"], row["at"]) for row in stamps)]
    assert moments == sorted(set(moments))
