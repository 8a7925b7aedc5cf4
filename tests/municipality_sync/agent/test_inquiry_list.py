"""Answering the inquiry list, against a real server on this machine: each question once, and nobody else's data."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from municipality_sync.agent.findings import Findings
from municipality_sync.agent.inquiry_list import Answering, fetch, preview
from municipality_sync.agent.line import BrokenOff, PushRefused, Waiting
from municipality_sync.agent.search import search
from municipality_sync.cli import main
from registry.contract.client import AnswerNotTrusted
from registry.contract.problems import ProblemCode
from registry.domain.basic_four import PersonName
from registry.domain.question import Finding
from tests.municipality_sync.agent.extracts import (
    LAYOUT,
    RULES,
    TODAY,
    TOML,
    addressee,
    extract,
    number,
    opened,
    row,
)
from tests.municipality_sync.agent.registry_stand_in import (
    as_text,
    environment,
    proxy_error,
    refused,
    signed_by_another,
)
from tests.municipality_sync.agent.test_search import question

GONE = PersonName(surname="見本", given="消子")
DATA = extract(row(1), row(2, 氏名="留守　番子", 事由="30"), row(3, 事由="20", 氏名="見本　内子"))
ASKED = (
    question("question-held"),
    question("question-gone", name=GONE),
    question("question-here", name=PersonName(surname="見本", given="内子")),
)


async def answered(registry, data=DATA, *, is_complete=True, patience=0.0):
    waiting = Waiting(sleep=asyncio.sleep, jitter=lambda: 0.0, patience=patience)
    async with registry.client() as client:
        questions = await fetch(client, waiting)
        answers = search(opened(data), questions, Findings(), RULES, is_complete=is_complete)
        return await Answering(client, waiting, LAYOUT, TODAY).run(answers, lambda: None)


def run(registry, *arguments, **options):
    return asyncio.run(answered(registry, *arguments, **options))


def test_each_question_gets_its_answer(registry):
    registry.questions = list(ASKED)
    report = run(registry)
    assert report.answers == {"handed-over": 1, "not-held": 1, "not-moved-abroad": 1}
    (held,) = registry.answered["question-held"]
    assert held.addressee_number == addressee(1)
    assert registry.answered["question-gone"] is Finding.NOT_HELD
    assert registry.answered["question-here"] is Finding.NOT_MOVED_ABROAD


def test_nothing_of_who_is_not_asked_for_or_stays_leaves_the_town_hall(registry):
    registry.questions = list(ASKED)
    run(registry)
    wire = "".join(map(as_text, registry.bodies))
    assert addressee(1) in wire
    for person in (2, 3):
        assert addressee(person) not in wire
        assert number(person) not in wire
    assert "留守" not in wire
    assert "内子" not in wire


def test_the_next_run_has_nothing_more_to_answer(registry):
    registry.questions = list(ASKED)
    run(registry)
    before = list(registry.bodies)
    assert run(registry).questions == 0
    assert registry.bodies == before


def test_an_answer_whose_acknowledgement_was_lost_is_sent_again_under_its_key(registry):
    registry.questions = [ASKED[0]]
    registry.troubles = [proxy_error()]
    with pytest.raises(BrokenOff):
        run(registry)
    assert run(registry).answers == {"handed-over": 1}
    assert len(set(registry.keys)) == 1
    assert registry.effects == {addressee(1): 1}


def test_all_pages_are_fetched(registry):
    registry.page_size = 2
    registry.questions = [question(f"question-{n:03}", name=GONE) for n in range(5)]
    assert run(registry).answers == {"not-held": 5}


def test_a_list_without_end_is_not_the_registrys(registry, monkeypatch):
    monkeypatch.setattr("municipality_sync.agent.inquiry_list.MOST_PAGES", 2)
    registry.page_size = 1
    registry.questions = [question(f"question-{n:03}") for n in range(3)]
    with pytest.raises(AnswerNotTrusted):
        run(registry)


def test_what_stays_open_is_not_answered(registry):
    registry.questions = list(ASKED)
    report = run(registry, is_complete=False)
    assert report.left_open == {"not-in-this-file": 1}
    assert "question-gone" not in registry.answered


@pytest.mark.parametrize("code", [ProblemCode.NOT_FOUND, ProblemCode.CONFLICT, ProblemCode.INVALID_INPUT])
def test_a_refused_answer_never_stops_the_next(registry, code):
    registry.questions = list(ASKED)
    registry.troubles = [refused(code, status=409)]
    assert run(registry).answers == {"refused": 1, "not-held": 1, "not-moved-abroad": 1}


def test_a_removed_record_that_the_registry_refuses_is_named_by_its_line(registry):
    registry.questions = [ASKED[0]]
    registry.refused_numbers = {addressee(1)}
    report = run(registry, extract(row(1, 1, 事由="30"), row(1, 2)))
    assert report.answers == {"refused": 1}
    assert [(kind.column, kind.code, kind.lines) for kind in report.kinds] == [("生年月日", "date-impossible", (3,))]


def test_a_refusal_that_no_other_answer_would_escape_stops_the_run(registry):
    registry.questions = list(ASKED)
    registry.troubles = [refused(ProblemCode.NOT_PERMITTED, status=403)]
    with pytest.raises(PushRefused):
        run(registry)


def test_an_answer_that_is_not_the_registrys_stops_the_run(registry):
    registry.questions = list(ASKED)
    registry.troubles = [signed_by_another()]
    with pytest.raises(AnswerNotTrusted):
        run(registry)


def test_a_preview_says_what_would_be_answered():
    answers = search(opened(DATA), ASKED, Findings(), RULES, is_complete=False)
    report = preview(answers)
    assert report.answers == {"handed-over": 1, "not-moved-abroad": 1}
    assert (report.questions, report.left_open, report.is_preview) == (3, {"not-in-this-file": 1}, True)


# ---------------------------------------------------------------- the commands


@pytest.fixture
def command(registry, tmp_path, monkeypatch, capsys):
    """Run a command of the agent over the extract; returns exit code and everything it said."""
    for name, value in environment(registry, tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "extract.csv").write_bytes(DATA)
    (tmp_path / "layout.toml").write_text(TOML, encoding="utf-8")

    def _command(name, *options):
        with pytest.raises(SystemExit) as ended:
            main([name, str(tmp_path / "extract.csv"), "--layout", str(tmp_path / "layout.toml"), *options])
        said = capsys.readouterr()
        return ended.value.code, said.out if "--json" in options else said.out + said.err

    return _command


def test_answer_says_what_was_answered_and_names_nobody(registry, command):
    registry.questions = list(ASKED)
    exit_code, said = command("answer", "--complete")
    assert exit_code == 0
    for expected in ("inquiry list: 3", "the 除票 itself", "not held", "did not leave"):
        assert expected in said
    assert not any(personal in said for personal in ("見本", "消子", addressee(1), number(1)))


def test_answer_in_json_says_the_same(registry, command):
    registry.questions = list(ASKED)
    exit_code, said = command("answer", "--json")
    assert exit_code == 1
    listed = json.loads(said)["inquiry_list"]
    assert listed["answers"] == {"handed-over": 1, "not-moved-abroad": 1}
    assert listed["left_open"] == {"not-in-this-file": 1}


def test_a_dry_run_answers_nothing(registry, command):
    registry.questions = list(ASKED)
    exit_code, said = command("answer", "--complete", "--dry-run", "--json")
    assert (exit_code, json.loads(said)["inquiry_list"]["is_preview"]) == (0, True)
    assert registry.answered == {}
    assert registry.bodies == []


def test_where_nothing_is_asked_there_is_nothing_to_do(command):
    exit_code, said = command("answer", "--json")
    assert (exit_code, json.loads(said)["inquiry_list"]["questions"]) == (0, 0)


def test_a_push_answers_from_its_own_extract_and_never_says_that_none_is_held(registry, command):
    registry.questions = list(ASKED)
    exit_code, said = command("push", "--json")
    assert exit_code == 0
    assert json.loads(said)["inquiry_list"]["left_open"] == {"not-in-this-file": 1}
    assert registry.answered.keys() == {"question-held", "question-here"}


# ---------------------------------------------------------------- memory

MEGABYTE = 1 << 20
MEASURED = """
import json, resource, subprocess, sys
command = [sys.executable, "-c", "from municipality_sync.cli import main; main()", "answer", *sys.argv[1:], "--json"]
done = subprocess.run(command, stdout=subprocess.PIPE)
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
print(json.dumps({"peak": peak, "code": done.returncode, "report": json.loads(done.stdout)}))
"""


@pytest.fixture
def peak_of(registry, tmp_path):
    """Answer 500 questions from an extract of that many bytes; return the peak in bytes."""
    (tmp_path / "layout.toml").write_text(TOML, encoding="utf-8")
    heading, line = extract(row(1, 住民票コード="", 個人番号="")).splitlines(keepends=True)
    first = addressee(1).encode()

    def _peak_of(size):
        registry.questions = [question(f"question-{n:03}", name=GONE) for n in range(500)]
        registry.answered.clear()
        people = 0
        with (tmp_path / "extract.csv").open("wb") as file:
            file.write(heading)
            while file.tell() < size:
                people += 1
                file.write(line.replace(first, addressee(people).encode()))
        command = (sys.executable, "-c", MEASURED, "extract.csv", "--layout", "layout.toml", "--dry-run", "--complete")
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=tmp_path, stdout=subprocess.PIPE, check=True, env=os.environ | environment(registry, tmp_path)
        )
        said = json.loads(done.stdout)
        assert (said["code"], said["report"]["inquiry_list"]["answers"]) == (0, {"not-held": 500})
        return said["peak"]

    return _peak_of


def test_ten_megabytes_need_little_more_than_none(peak_of):
    assert peak_of(10 * MEGABYTE) - peak_of(1) < 24 * MEGABYTE


@pytest.mark.long
def test_a_hundred_megabytes_fit_in_a_quarter_of_a_gigabyte(peak_of):
    assert peak_of(100 * MEGABYTE) < 256 * MEGABYTE
