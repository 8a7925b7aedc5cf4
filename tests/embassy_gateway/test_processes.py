"""The gateway as real processes: killed in the middle of its work, and serving."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest

from embassy_gateway.outbox import BATCH_FROM
from embassy_gateway.overview import overview
from embassy_gateway.schema import State
from embassy_gateway.settings import PREFIX
from embassy_gateway.wiring import open_gateway
from registry.contract.messages import LARGEST_BATCH
from tests.embassy_gateway.mission import (
    FOREIGNER,
    SPOUSE,
    SURNAME,
    Clock,
    Mission,
    environment_of,
    person,
    report,
    settings_of,
    settle_in,
    text,
)
from tests.embassy_gateway.registry_stand_in import Fare, line_to

MANY = LARGEST_BATCH + BATCH_FROM  # two batches
# Processes run by the clock of the machine: days long past are right on any day.
DAYS = {"effective": "2024-04-01", "notified_on": "2024-04-10"}


class Office:
    """A mission whose commands are processes of their own."""

    def __init__(self, folder, registry, line):
        self.registry = registry
        self.line = line
        self.settings = settings_of(folder, line.url)
        self.file = folder / "reports.json"
        self._environment = os.environ | environment_of(self.settings)

    @contextmanager
    def process(self, *command, **settings):
        environment = self._environment | {PREFIX + name.upper(): value for name, value in settings.items()}
        with subprocess.Popen(  # noqa: S603 - our own program with arguments of these tests
            [sys.executable, "-m", "embassy_gateway.cli", *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def later(self):
        """The same mission in this process, ten minutes later: leases of the dead have ended."""
        clock = Clock(datetime.now(UTC) + timedelta(minutes=10))
        with open_gateway(self.settings, clock=clock, pause=clock.pause) as gateway:
            yield Mission(gateway, self.registry, self.line, clock)


@pytest.fixture
def office(tmp_path):
    _, registry, _ = settle_in(tmp_path)
    registry.clock = lambda: datetime.now(UTC)
    with line_to(registry) as line:
        yield Office(tmp_path, registry, line)


def reports(number):
    return [report(index) | DAYS for index in range(number)]


@pytest.mark.parametrize(
    ("number", "before"),
    [(5, 0), (5, 3), (MANY, 0), (MANY, 1)],
    ids=["the first", "the fourth", "the first batch", "the second batch"],
)
def test_a_deliverer_killed_while_it_waits_for_an_answer_loses_nothing_and_doubles_nothing(office, number, before):
    with office.later() as mission:
        mission.hand_in(*reports(number))
    office.registry.script.extend([Fare.WELL] * before + [Fare.STALLED])
    with office.process("deliver", "--until-empty") as process:
        assert office.registry.stalled.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with office.later() as mission:
        assert overview(mission.gateway.spool).counts[State.WAITING] > 0
        anyio.run(mission.deliver)
        assert overview(mission.gateway.spool).counts[State.DELIVERED] == number
        assert all(mission.gateway.spool.receipt(row) for row in range(1, number + 1))
    assert office.registry.chain() == list(range(1, number + 1))
    assert len(set(office.registry.effects)) == number


def test_an_intake_killed_half_way_is_completed_by_handing_the_file_in_again(office):
    number = 200
    office.file.write_bytes(text(*reports(number)))
    with office.process("submit", str(office.file)) as process:
        for _ in range(3):
            assert "report" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with office.later() as mission:
        already = overview(mission.gateway.spool).counts[State.WAITING]
        assert 3 <= already < number
        taken = mission.hand_in(*reports(number))
        assert sum(one.is_new for one in taken) == number - already
        found = overview(mission.gateway.spool)
        assert (found.counts[State.WAITING], found.gaps) == (number, ())
        anyio.run(mission.deliver)
    assert office.registry.chain() == list(range(1, number + 1))


@contextmanager
def served(office):
    """``serve`` as a process; yields a client of its address and a function that waits for a line of its output."""
    with office.process("serve", port="0") as process:

        def line_with(words):
            for line in process.stdout:
                if words in line:
                    return line
            raise AssertionError(f"never said: {words}")

        address = line_with("http://").split("http://")[1].split(" ")[0]
        with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
            yield client, line_with
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def post(client, body, **headers):
    return client.post("/reports", content=body, headers={"Content-Type": "application/json"} | headers)


def test_a_service_takes_reports_in_and_delivers_them(office):
    with served(office) as (client, line_with):
        answer = post(client, text(*reports(2)))
        assert answer.status_code == 201
        assert [(one["id"], one["state"], one["duplicate"]) for one in answer.json()] == [
            (1, "waiting", False),
            (2, "waiting", False),
        ]
        line_with("delivered")
        while client.get("/status").json()["counts"]["delivered"] < 2:
            line_with("delivered")
        assert post(client, text(*reports(1))).json()[0]["duplicate"] is True
        assert client.get("/health").status_code == 200
    assert office.registry.chain() == [1, 2]


def test_a_report_submitted_beside_the_service_is_delivered_by_it(office):
    office.file.write_bytes(text(*reports(1)))
    with served(office) as (_, line_with):
        with office.process("submit", str(office.file)) as process:
            assert process.wait(60) == 0
        line_with("delivered")
    assert office.registry.chain() == [1]


def test_a_service_whose_line_is_down_takes_reports_in_and_delivers_when_it_is_back(office):
    office.line.down()
    with served(office) as (client, line_with):
        assert post(client, text(*reports(1))).status_code == 201
        line_with("cannot be reached")
        assert client.get("/status").json()["trouble"] == "line-down"
        office.line.up()
        line_with("delivered")
    assert office.registry.chain() == [1]


def test_a_service_refuses_what_it_should_with_problem_documents(office):
    faulty = text(report(people=[person(), SPOUSE]) | DAYS | {"effective": "2024-02-30"})
    with served(office) as (client, _):
        answer = post(client, faulty)
        assert answer.status_code == 422
        (entry,) = answer.json()
        assert (entry["state"], entry["left_at_mission"]) == ("faulty", 1)
        assert [(fault["pointer"], fault["code"], fault["title_ja"]) for fault in entry["faults"]] == [
            ("/effective", "date-impossible", "存在しない日付です")
        ]
        assert FOREIGNER not in answer.text
        assert SURNAME not in answer.text
        refused = {
            415: post(client, faulty, **{"Content-Type": "text/plain"}),
            400: post(client, faulty, Host="registry.example"),
            404: client.get("/people"),
            405: client.get("/reports"),
            413: post(client, b"[" + b" " * (33 << 20)),
        }
        for status, answer in refused.items():
            assert answer.status_code == status
        assert refused[415].json()["code"] == "unsupported-media-type"
        assert refused[413].headers["content-type"] == "application/problem+json"
        assert client.get("/status").json()["counts"]["faulty"] == 1
