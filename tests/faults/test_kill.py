"""Processes that die at the worst moment: nothing acknowledged is lost and nothing is doubled.

One stage has to survive all of it in turn, and after every test all that was ever handed in is counted again.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from embassy_gateway.outbox import LEASE
from registry.store.disclosure_log import LOG_LOCK
from registry.store.sequencer import LEADER_LOCK
from tests.faults.acting import (
    PATIENCE,
    another_gateway,
    bring_back,
    deliver,
    hand_in,
    kill,
    kill_postgres,
    reports,
    staged,
    until,
    until_ready,
)
from tests.faults.counting import (
    WAITS_FOR_US,
    acknowledged,
    assert_each_came_once,
    handing_in_and_held_up,
    session,
    stored,
    taken_in,
    until_nothing_waits,
    waiting,
)

TOO_LATE = "the kill came too late to prove anything"
REPORTS = 24


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with staged(tmp_path_factory.mktemp("kill")) as stage:
        yield stage


@pytest.fixture
def stage(standing):
    bring_back(standing)
    return standing


# ------------------------------------------------------------------------------ registry and PostgreSQL
def kill_registry(stage):
    kill(stage.registry)


def kill_both(stage):
    kill_registry(stage)
    kill_postgres(stage)


@pytest.mark.parametrize("kill_it", [kill_registry, kill_postgres, kill_both], ids=lambda kill_it: kill_it.__name__)
def test_no_report_is_lost_or_doubled_when_processes_die_while_a_mission_delivers(stage, kill_it):
    expected = taken_in(stage) + REPORTS
    with handing_in_and_held_up(stage, REPORTS):
        kill_it(stage)
    assert len(stored(stage)) < expected, TOO_LATE
    bring_back(stage)
    until_nothing_waits(stage)
    assert_each_came_once(stage, expected)


# ------------------------------------------------- the negative control: could a loss be told from none?
TRIES = 10
FEW = 5
NOT_DURABLE = {"synchronous_commit": "off", "wal_writer_delay": "10s"}


def loses_some_when_killed(stage):
    """Deliver a few reports, kill all of PostgreSQL at once, and tell whether an acknowledged report is gone."""
    until_ready(stage)
    expected = taken_in(stage) + FEW
    with another_gateway(stage) as gateway:
        list(gateway.take_in(reports(taken_in(stage), FEW)))
        deliver(gateway)
    kill_postgres(stage)
    assert len(acknowledged(stage)) == expected
    return bool(acknowledged(stage) - stored(stage))


def test_a_database_told_not_to_make_commits_durable_loses_acknowledged_reports(tmp_path):
    with staged(tmp_path, NOT_DURABLE) as stage:
        kill(stage.gateway)  # the test delivers by itself, to kill as soon as the last receipt is there
        with session(stage) as db:
            db.rows("CHECKPOINT")  # the schema and the keys of the callers are not at stake
        assert any(loses_some_when_killed(stage) for _ in range(TRIES))


@pytest.mark.parametrize("tries", [3, pytest.param(TRIES, marks=pytest.mark.long)])
def test_the_database_as_it_is_loses_none(stage, tries):
    kill(stage.gateway)
    assert not any(loses_some_when_killed(stage) for _ in range(tries))
    until_ready(stage)
    assert_each_came_once(stage, taken_in(stage))


# ------------------------------------------------------------------------------------------ the gateway
CONFIRMED = 4
UNANSWERED = 24


def test_what_a_gateway_has_confirmed_survives_it_and_what_is_handed_in_again_counts_once(stage):
    before = taken_in(stage)
    number = CONFIRMED + UNANSWERED
    stage.line.cut()  # so that the reports are nowhere but in the spool
    hand_in(stage, reports(before, CONFIRMED))
    with ThreadPoolExecutor(1) as mission:
        answer = mission.submit(hand_in, stage, reports(before + CONFIRMED, UNANSWERED))
        until(lambda: waiting(stage) > CONFIRMED + UNANSWERED // 4)
        kill(stage.gateway)
        assert isinstance(answer.exception(), httpx.TransportError), TOO_LATE
    survived = waiting(stage)
    bring_back(stage)
    again = hand_in(stage, reports(before, number))
    assert [one["duplicate"] for one in again] == [place < survived for place in range(number)]
    until_nothing_waits(stage)
    assert_each_came_once(stage, before + number)


def another_process_after_the_lease(stage):
    """Deliver by a clock that is ahead: the lease of a dead deliverer ends with time and not before."""
    with another_gateway(stage, later=LEASE + timedelta(seconds=1)) as gateway:
        deliver(gateway)


def the_service_started_again(stage):
    bring_back(stage)
    until_nothing_waits(stage, LEASE.total_seconds() + PATIENCE)


@pytest.mark.parametrize(
    "goes_on",
    [another_process_after_the_lease, pytest.param(the_service_started_again, marks=pytest.mark.long)],
    ids=lambda goes_on: goes_on.__name__,
)
def test_a_gateway_killed_before_its_answer_comes_sends_again_and_nothing_is_doubled(stage, goes_on):
    expected = taken_in(stage) + REPORTS
    with handing_in_and_held_up(stage, REPORTS):
        kill(stage.gateway)
    assert waiting(stage), TOO_LATE
    goes_on(stage)
    assert_each_came_once(stage, expected)


# ---------------------------------------------------------------------------------------- the sequencer
PENDING = 6
OF_A_SEQUENCER = "SELECT FROM pg_stat_activity WHERE application_name = 'registry_sequencer'"


def before_it_begins(_):
    pass


def in_the_middle(db):
    """Let the sequencer begin and hold it up at its last step, with its stamps written and not committed."""
    db.rows("BEGIN")
    db.rows("SELECT FROM known_until FOR UPDATE")
    db.rows("SELECT pg_advisory_unlock($1)", LEADER_LOCK)
    until(lambda: db.rows(WAITS_FOR_US))


@pytest.mark.parametrize("moment", [before_it_begins, in_the_middle], ids=lambda moment: moment.__name__)
def test_what_a_killed_sequencer_left_is_stamped_once_and_later_than_all_that_was_known(stage, moment):
    before = taken_in(stage)
    with session(stage) as db:
        db.rows("SELECT pg_advisory_lock($1)", LEADER_LOCK)  # who holds it is the leader: nobody else stamps
        hand_in(stage, reports(before, PENDING))
        until_nothing_waits(stage)
        known = db.value("SELECT at FROM known_until")
        moment(db)
        kill(stage.sequencer)
    with session(stage) as db:
        until(lambda: not db.rows(OF_A_SEQUENCER))  # its sessions end a little later than itself
        assert db.value("SELECT count(*) FROM pending_stamp") == PENDING
        bring_back(stage)
        assert_each_came_once(stage, before + PENDING)
        assert db.value("SELECT count(*) FROM stamp WHERE at > $1", known) == PENDING


# --------------------------------------------------------------------------- the sequencer of the log


def in_the_middle_of_a_batch(db):
    """Let the sequencer begin and hold it up at its last step, with its entries placed and not committed."""
    db.rows("BEGIN")
    db.rows("SELECT FROM log_head FOR UPDATE")
    db.rows("SELECT pg_advisory_unlock($1)", LOG_LOCK)
    until(lambda: db.rows(WAITS_FOR_US))


@pytest.mark.parametrize("moment", [before_it_begins, in_the_middle_of_a_batch], ids=lambda moment: moment.__name__)
def test_what_a_killed_sequencer_left_of_the_log_gets_its_place_once(stage, moment):
    before = taken_in(stage)
    with session(stage) as db:
        db.rows("SELECT pg_advisory_lock($1)", LOG_LOCK)  # nobody else gives places
        hand_in(stage, reports(before, PENDING))
        until_nothing_waits(stage)
        size = db.value("SELECT size FROM log_head")
        moment(db)
        kill(stage.sequencer)
    with session(stage) as db:
        until(lambda: not db.rows(OF_A_SEQUENCER))
        assert db.value("SELECT count(*) FROM log_pending") >= PENDING
        assert db.value("SELECT count(*) FROM log_entry") == size
        bring_back(stage)
        assert_each_came_once(stage, before + PENDING)


@pytest.mark.parametrize(
    ("lock", "moment"),
    [(LEADER_LOCK, in_the_middle), (LOG_LOCK, in_the_middle_of_a_batch)],
    ids=["of known time", "of the log"],
)
def test_another_sequencer_goes_on_at_once_where_one_is_killed(stage, lock, moment):
    before = taken_in(stage)
    with session(stage) as db:
        db.rows("SELECT pg_advisory_lock($1)", lock)
        hand_in(stage, reports(before, PENDING))
        until_nothing_waits(stage)
        moment(db)  # the one that runs now leads, and the other one finds it leading
        killed, stage.sequencer = stage.sequencer, stage.start_sequencer()
        until(lambda: b'"sequencing"' in (stage.folder / "sequencer.log").read_bytes())
        kill(killed)
    assert_each_came_once(stage, before + PENDING)
    assert stage.sequencer.poll() is None
