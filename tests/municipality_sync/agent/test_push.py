"""Sending, against a real server on this machine: each 除票 once, whatever the line does, and nobody else's."""

import asyncio
import os
import socket
import subprocess
import sys

import pytest

from municipality_sync.agent.extract import Extract
from municipality_sync.agent.findings import FIRST_OF_EACH_KIND, ExtractUnreadable, Findings
from municipality_sync.agent.line import BrokenOff, PushRefused, Waiting
from municipality_sync.agent.push import LARGEST_PART, Push, plan
from municipality_sync.agent.state import AnotherRun, open_state
from registry.contract.client import AnswerNotTrusted
from registry.contract.problems import ProblemCode
from registry.domain.errors import Fault, FaultCode
from tests.municipality_sync.agent.extracts import (
    LAYOUT,
    RULES,
    TOML,
    addressee,
    code,
    extract,
    layout,
    number,
    opened,
    row,
)
from tests.municipality_sync.agent.registry_stand_in import (
    about_another_part,
    as_text,
    busy,
    environment,
    nothing_happens,
    proxy_error,
    refused,
    signed_by_another,
)

MANY = range(1, 251)
EXTRACT = extract(*(row(person) for person in MANY))


class Run:
    """One run of a push, with a clock that nobody waits for."""

    def __init__(self, registry, folder, data=EXTRACT, like=LAYOUT, patience=900.0):
        self.registry, self.folder, self.data, self.like, self.patience = registry, folder, data, like, patience
        self.slept = []
        self.done = 0

    def push(self):
        source = opened(self.data, self.like)
        with open_state(self.folder) as state:
            planned = plan(source, Findings(), RULES)
            return asyncio.run(self._push(Push(source, planned, RULES), state))

    async def _push(self, push, state):
        waiting = Waiting(sleep=self._sleep, jitter=lambda: 1.0, patience=self.patience)
        async with self.registry.client() as client:
            return await push.run(client, state, waiting, self._part_done)

    async def _sleep(self, seconds):
        self.slept.append(seconds)

    def _part_done(self):
        self.done += 1


def planned_for(data, like=LAYOUT):
    return plan(opened(data, like), Findings(), RULES)


def test_everyone_is_sent_once_in_parts_of_a_hundred(registry, tmp_path):
    run = Run(registry, tmp_path / "state")
    pushed = run.push()
    assert registry.effects == {addressee(person): 1 for person in MANY}
    assert registry.keys == [f"{pushed.extract_id}:{part}" for part in (1, 2, 3)]
    assert (pushed.parts, pushed.parts_sent, pushed.counts, run.done) == (3, 3, {"accepted": 250}, 3)


def test_the_same_file_again_sends_nothing_at_all(registry, tmp_path):
    first = Run(registry, tmp_path / "state").push()
    asked = list(registry.keys)
    again = Run(registry, tmp_path / "state").push()
    assert registry.keys == asked
    assert (again.extract_id, again.parts_sent, again.counts) == (first.extract_id, 0, first.counts)


def test_a_corrected_line_replaces_the_one_before_and_leaves_everyone_else_as_they_are(registry, tmp_path):
    Run(registry, tmp_path / "state").push()
    corrected = (row(person, 転出先="カナダ" if person == 120 else "アメリカ合衆国") for person in MANY)
    pushed = Run(registry, tmp_path / "state", extract(*corrected)).push()
    assert pushed.counts == {"unchanged": 249, "corrected": 1}
    assert registry.effects[addressee(120)] == 2
    [line] = registry.kept[addressee(120)].lines
    assert (line.history_number, line.destination) == (1, "カナダ")


def test_a_line_added_to_a_history_goes_with_those_before_it(registry, tmp_path):
    Run(registry, tmp_path / "state", extract(row(1, 1))).push()
    pushed = Run(registry, tmp_path / "state", extract(row(1, 2, 事由="31", 本籍="訂正"), row(1, 1))).push()
    assert pushed.counts == {"corrected": 1}
    assert [line.history_number for line in registry.kept[addressee(1)].lines] == [1, 2]


def test_a_folder_that_was_lost_costs_repetition_and_no_second_effect(registry, tmp_path):
    Run(registry, tmp_path / "state").push()
    Run(registry, tmp_path / "another").push()
    assert len(registry.keys) == 6
    assert set(registry.effects.values()) == {1}


def test_another_content_or_another_reading_is_another_extract():
    of = {
        planned_for(data, like).extract_id
        for data, like in (
            (EXTRACT, LAYOUT),
            (extract(*(row(person, 転出先="カナダ") for person in MANY)), LAYOUT),
            (extract(*(row(person) for person in reversed(MANY))), LAYOUT),
            (EXTRACT, layout(municipality='"131024"')),
        )
    }
    assert len(of) == 4
    assert all(len(one) == len("131016-") + 40 for one in of)


def test_what_changes_nothing_that_is_sent_changes_no_id():
    noted = extract(*(row(person, 備考="済") for person in MANY)) + b"\r\n\x1a"
    with_one_who_stays = extract(*(row(person) for person in MANY), row(251, 国籍="USA"))
    assert planned_for(noted) == planned_for(with_one_who_stays) == planned_for(EXTRACT)


NOBODY_TO_SEND = {"an extract without lines": (), "people who all stay": (row(1, 国籍="USA"), row(2, 事由="20"))}


@pytest.mark.parametrize("rows", NOBODY_TO_SEND.values(), ids=NOBODY_TO_SEND)
def test_where_nobody_may_be_collected_nothing_is_sent(registry, tmp_path, rows):
    pushed = Run(registry, tmp_path / "state", extract(*rows)).push()
    assert (pushed.parts, registry.keys) == (0, [])


def test_long_histories_make_short_parts():
    lines = [row(person, history, 本籍="長" * 290) for person in range(1, 31) for history in range(1, 31)]
    source = opened(extract(*lines))
    planned = plan(source, Findings(), RULES)
    parts = list(Push(source, planned, RULES)._planned_parts())
    assert [one.record.addressee_number for part in parts for one in part] == [addressee(n) for n in range(1, 31)]
    assert len(parts) > 1
    assert all(sum(one.size for one in part) <= LARGEST_PART for part in parts)


# ---------------------------------------------------------------- who stays
def test_neither_names_nor_numbers_of_those_who_stay_leave_the_town_hall(registry, tmp_path):
    staying = [
        row(301, 氏名="留守　一郎", 事由="20"),
        row(302, 氏名="HOMEBODY　EMILY", 国籍="USA"),
        row(303, 氏名="留守　未詳", 国籍=""),
        row(304, 氏名="保留　花", 異動日="20230230"),
    ]
    Run(registry, tmp_path / "state", extract(row(1), *staying)).push()
    sent = "".join(map(as_text, registry.bodies))
    assert addressee(1) in sent
    for planted in ("留守", "HOMEBODY", "保留", *(of(n) for of in (addressee, number, code) for n in range(301, 305))):
        assert planted not in sent


def test_the_state_folder_holds_nothing_about_anyone(registry, tmp_path):
    registry.refused_numbers = {addressee(1)}
    data = extract(row(1, 1), row(1, 2, 氏名="植込　太郎"), row(2), row(3, 氏名="留守　一郎", 事由="20"))
    Run(registry, tmp_path / "state", data).push()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert b"accepted" in kept
    planted = ["植込", "見本", "花子", "留守", "ﾐﾎﾝ", "昭和60年3月7日"]
    planted += [of(person) for of in (addressee, number, code) for person in (1, 2, 3)]
    for text in planted:
        assert not any(text.encode(encoding) in kept for encoding in ("utf-8", "cp932", "utf-16-le"))


# ---------------------------------------------------------------- the line
def test_while_the_line_is_down_the_same_part_is_tried_after_longer_and_longer_pauses(registry, tmp_path):
    registry.troubles = [proxy_error(), busy("0"), proxy_error(504), busy("30"), busy("soon"), busy("9999")]
    run = Run(registry, tmp_path / "state")
    run.push()
    assert run.slept == [1.0, 2.0, 4.0, 30.0, 16.0, 60.0]
    assert len(set(registry.bodies[:7])) == 1
    assert set(registry.effects.values()) == {1}


def test_patience_ends_and_the_next_run_goes_on_where_this_one_broke_off(registry, tmp_path):
    registry.before_answer = lambda part: registry.troubles.extend([proxy_error()] * 20 if part == 1 else [])
    with pytest.raises(BrokenOff):
        Run(registry, tmp_path / "state", patience=10.0).push()
    registry.troubles.clear()
    registry.before_answer = nothing_happens
    pushed = Run(registry, tmp_path / "state").push()
    assert (pushed.parts, pushed.parts_sent, pushed.counts) == (3, 2, {"accepted": 250})
    assert registry.keys.count(f"{pushed.extract_id}:1") == 1
    assert set(registry.effects.values()) == {1}


def test_a_registry_that_is_not_there_is_waited_for(registry, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed_at_once:
        registry.address = f"http://127.0.0.1:{closed_at_once.getsockname()[1]}"
    run = Run(registry, tmp_path / "state", patience=5.0)
    with pytest.raises(BrokenOff):
        run.push()
    assert run.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(signed_by_another(), id="signed by another key"),
        pytest.param(about_another_part("131016-x"), id="about another part"),
        pytest.param((200, b"[]", (), None), id="not signed at all"),
    ],
)
def test_an_answer_that_is_not_the_registrys_stops_the_run(registry, tmp_path, trouble):
    registry.troubles = [trouble]
    with pytest.raises(AnswerNotTrusted):
        Run(registry, tmp_path / "state").push()
    assert Run(registry, tmp_path / "state").push().counts == {"accepted": 250}


@pytest.mark.parametrize(
    "code", [ProblemCode.KEY_UNKNOWN, ProblemCode.NOT_PERMITTED, ProblemCode.IDEMPOTENCY_KEY_REUSED]
)
def test_a_refusal_that_no_other_part_would_escape_stops_the_run(registry, tmp_path, code):
    registry.troubles = [refused(code, status=403)]
    with pytest.raises(PushRefused) as stopped:
        Run(registry, tmp_path / "state").push()
    assert stopped.value.problem.code is code
    assert len(registry.keys) == 1


# ---------------------------------------------------------------- what the registry says of the content
def test_a_record_that_the_registry_refuses_is_named_by_its_line_and_stops_nobody(registry, tmp_path):
    registry.refused_numbers = {addressee(2)}
    data = extract(row(1), row(2, 2), row(2, 1), row(3))
    pushed = Run(registry, tmp_path / "state", data).push()
    assert pushed.counts == {"accepted": 2, "refused": 1}
    assert [(fault.line, fault.column, fault.code) for fault in pushed.faults] == [(3, "生年月日", "date-impossible")]
    assert Run(registry, tmp_path / "state", data).push().faults == pushed.faults


def test_a_flood_of_refusals_is_one_kind_of_fault(registry, tmp_path):
    registry.refused_numbers = {addressee(person) for person in MANY}
    pushed = Run(registry, tmp_path / "state", extract(*(row(person, n) for person in MANY for n in (1, 2)))).push()
    [kind] = pushed.kinds
    assert (kind.column, kind.code, kind.count) == ("生年月日", "date-impossible", len(MANY))
    assert len(pushed.faults) == FIRST_OF_EACH_KIND


def test_a_part_that_the_registry_refuses_is_named_by_line_and_tried_again_next_time(registry, tmp_path):
    fault = Fault(code=FaultCode.TOO_LONG, pointer="/records/1/lines/0/name/surname_kana", expected="less")
    whole = Fault(code=FaultCode.OUT_OF_RANGE, pointer="/part", expected="a part from 1 on")
    registry.troubles = [refused(ProblemCode.INVALID_INPUT, fault, whole)]
    pushed = Run(registry, tmp_path / "state").push()
    assert pushed.counts == {"refused": 100, "accepted": 150}
    assert [(one.line, one.column, one.code) for one in pushed.faults] == [
        (0, "", "out-of-range"),
        (3, "カナ", "too-long"),
    ]
    assert Run(registry, tmp_path / "state").push().counts == {"accepted": 250}


# ---------------------------------------------------------------- one run at a time, and its death
def test_one_run_at_a_time(registry, tmp_path):
    with open_state(tmp_path / "state"), pytest.raises(AnotherRun):
        Run(registry, tmp_path / "state").push()
    assert registry.keys == []
    assert Run(registry, tmp_path / "state").push().parts_sent == 3


def test_a_file_that_is_changed_between_plan_and_sending_is_not_sent(registry, tmp_path):
    file = tmp_path / "extract.csv"
    file.write_bytes(EXTRACT)
    with file.open("rb") as first, open_state(tmp_path / "state") as state:
        source = Extract(first, LAYOUT)
        push = Push(source, plan(source, Findings(), RULES), RULES)
        file.write_bytes(extract(*(row(person, 転出先="カナダ") for person in MANY)))
        with pytest.raises(ExtractUnreadable):
            asyncio.run(Run(registry, tmp_path)._push(push, state))
    assert registry.effects == {}


def test_killed_in_the_middle_a_push_goes_on_and_doubles_nothing(registry, tmp_path):
    (tmp_path / "extract.csv").write_bytes(EXTRACT)
    (tmp_path / "layout.toml").write_text(TOML, encoding="utf-8")
    processes = []

    run = "from municipality_sync.cli import main; main(['push', 'extract.csv', '--layout', 'layout.toml'])"

    def start():
        process = subprocess.Popen(  # noqa: S603 - our own command on our own files
            (sys.executable, "-c", run),
            cwd=tmp_path,
            env=os.environ | environment(registry, tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        processes.append(process)

    registry.before_answer = lambda part: processes[0].kill() if part == 2 else None
    start()
    assert processes[0].communicate(timeout=60)[0] is not None
    assert processes[0].returncode == -9
    start()
    output, _ = processes[1].communicate(timeout=60)
    assert processes[1].returncode == 0, output.decode()
    assert [key.rpartition(":")[2] for key in registry.keys] == ["1", "2", "2", "3"]
    assert registry.effects == {addressee(person): 1 for person in MANY}
