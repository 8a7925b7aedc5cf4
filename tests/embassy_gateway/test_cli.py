"""The commands as staff type them: what they print and how they end."""

import json

import pytest

from embassy_gateway.exits import Exit
from embassy_gateway.settings import PREFIX
from tests.embassy_gateway.mission import (
    FOREIGNER,
    GIVEN,
    NUMBER,
    SPOUSE,
    SURNAME,
    person,
    report,
)
from tests.embassy_gateway.registry_stand_in import Fare

# The commands run by the clock of the machine: days long past are right on any day.
DAYS = {"effective": "2024-04-01", "notified_on": "2024-04-10"}
FAULTY = report(9) | DAYS | {"effective": "2024-02-30"}


def good(number=0, **changes):
    return report(number) | DAYS | changes


def status_of(desk):
    _, out = desk("status", "--json")
    return json.loads(out)


def test_submit_deliver_status_the_whole_way(desk):
    code, out = desk("submit", desk.file(good(1), good(2, people=[person(), SPOUSE])))
    assert code == Exit.DONE
    assert "report 2" in out
    assert "foreign members left at the mission (外国籍の同居家族): 1" in out
    code, out = desk("deliver", "--until-empty")
    assert code == Exit.DONE
    assert "delivered (送達) 2" in out
    code, out = desk("status")
    assert code == Exit.DONE
    assert "sequence without gaps" in out
    assert desk.registry.chain() == [1, 2]


def test_a_delivery_is_told_to_programs_as_well(desk):
    desk("submit", desk.file(good(1)))
    code, out = desk("deliver", "--once", "--json")
    assert (code, json.loads(out)) == (
        Exit.DONE,
        {"delivered": 1, "refused": 0, "alarms": 0, "postponed": 0, "trouble": None, "waiting": 0},
    )


def test_a_faulty_report_is_shown_with_place_code_and_both_languages_and_can_be_mended(desk):
    code, out = desk("submit", desk.file(FAULTY))
    assert code == Exit.NEEDS_STAFF
    for said in ("/effective", "date-impossible", "There is no such day", "存在しない日付です", "submit --mend 1 FILE"):
        assert said in out
    code, out = desk("status")
    assert code == Exit.NEEDS_STAFF
    assert "submit --mend 1 FILE" in out
    code, out = desk("status", "--report", 1)
    assert json.loads(out)["people"][0]["name"]["surname"] == SURNAME
    assert desk("submit", "--mend", 1, desk.file(good(9)))[0] == Exit.DONE
    assert desk("status")[0] == Exit.DONE


def test_a_refused_report_is_shown_with_what_to_do_next(desk):
    desk.registry.refuses = lambda _: True
    desk("submit", desk.file(good()))
    assert desk("deliver", "--once")[0] == Exit.NEEDS_STAFF
    code, out = desk("status")
    assert code == Exit.NEEDS_STAFF
    for said in ("受理されず", "date-before-birth", "correlation-1", "submit --mend 1 FILE"):
        assert said in out


def test_a_report_taken_in_before_is_said_to_be(desk):
    desk("submit", desk.file(good()))
    code, out = desk("submit", desk.file(good()))
    assert code == Exit.DONE
    assert "taken in before as report 1" in out


def test_a_line_that_is_down_leaves_reports_waiting(desk):
    desk.line.down()
    desk("submit", desk.file(good()))
    code, out = desk("deliver", "--once")
    assert code == Exit.LINE_DOWN
    assert "cannot be reached" in out
    status = status_of(desk)
    assert (status["trouble"], status["oldest"]["attempts"]) == ("line-down", 1)
    desk.line.up()
    assert desk("deliver", "--once")[0] == Exit.DONE


@pytest.mark.parametrize("fare", [Fare.FORGED, Fare.OTHER_RECEIPT, Fare.UNKNOWN_KEY])
def test_an_answer_not_to_be_trusted_ends_in_alarm(desk, fare):
    desk("submit", desk.file(good()))
    desk.registry.script.append(fare)
    assert desk("deliver", "--until-empty")[0] == Exit.ALARM


def test_status_counts_for_programs(desk):
    desk("submit", desk.file(good(1), good(2), FAULTY))
    desk("deliver", "--once")
    status = status_of(desk)
    assert status["counts"] == {"waiting": 0, "delivered": 2, "refused": 0, "alarm": 0, "faulty": 1, "mended": 0}
    assert status["outcomes"] == {"accepted": 2}
    assert status["gaps"] == []
    assert [letter["id"] for letter in status["dead_letters"]] == [3]


def test_nothing_printed_names_a_person(desk):
    printed = [
        desk("submit", desk.file(good(1, people=[person(), SPOUSE]), FAULTY | {"hobby": NUMBER, NUMBER: SURNAME})),
        desk("deliver", "--once"),
        desk("status"),
        desk("status", "--json"),
    ]
    everything = "".join(out for _, out in printed)
    assert "date-impossible" in everything
    for planted in (SURNAME, GIVEN, NUMBER, FOREIGNER):
        assert planted not in everything


NOT_ALLOWED = {
    "no such file": (["submit", "missing.json"], "No such file"),
    "to mend with two files": (["submit", "--mend", "1", "a.json", "b.json"], "one FILE"),
    "to mend what is not there": (["submit", "--mend", "7", "reports.json"], "no report 7"),
    "to see what is not there": (["status", "--report", "7"], "no report 7"),
    "two ways to deliver": (["deliver", "--once", "--until-empty"], "not both"),
    "an unknown option": (["status", "--colour"], "Unknown option"),
    "no file at all": (["submit"], "requires an argument"),
}


@pytest.mark.parametrize(("arguments", "said"), NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_what_is_not_allowed_ends_in_one_line_that_says_so(desk, monkeypatch, arguments, said):
    desk.file(good())
    monkeypatch.chdir(desk.folder)
    code, out = desk(*arguments)
    assert code == Exit.REFUSED
    assert said in out
    assert "Traceback" not in out


def test_all_wrong_settings_are_named_at_once(desk, monkeypatch):
    monkeypatch.delenv(PREFIX + "MISSION")
    monkeypatch.setenv(PREFIX + "REGISTRY_URL", "registry.example")
    monkeypatch.setenv(PREFIX + "SPOOL_KYE", "x")
    code, out = desk("status")
    assert code == Exit.REFUSED
    for name in ("MISSION", "REGISTRY_URL", "SPOOL_KYE"):
        assert PREFIX + name in out


def test_a_mission_that_does_not_exist_does_not_start(desk, monkeypatch):
    monkeypatch.setenv(PREFIX + "MISSION", "JP-CG-ATLANTIS")
    code, out = desk("status")
    assert (code, "JP-CG-ATLANTIS" in out) == (Exit.REFUSED, True)


def spoilt(name, content=b"no key"):
    def spoil(folder):
        (folder / name).write_bytes(content)

    return spoil


HARM = {
    "a private key for all to read": (lambda folder: (folder / "gateway-test.pem").chmod(0o644), "chmod 600"),
    "a private key that is none": (spoilt("gateway-test.pem"), "PEM"),
    "no private key": (lambda folder: (folder / "gateway-test.pem").unlink(), "No such file"),
    "a registry key that is none": (spoilt("registry/registry-test.pem"), "PEM"),
    "no registry key": (lambda folder: (folder / "registry" / "registry-test.pem").unlink(), "no public key"),
    "a spool key that is none": (spoilt("spool.key"), "32 bytes"),
    "another spool key": (spoilt("spool.key", b"k" * 32), "does not open"),
    "a lost spool key": (lambda folder: (folder / "spool.key").unlink(), "restore it"),
    "a spool that is none": (spoilt("spool/spool.sqlite"), "not a database"),
}


@pytest.mark.parametrize(("harm", "said"), HARM.values(), ids=HARM)
def test_a_gateway_set_up_wrongly_does_not_start(desk, harm, said):
    desk("submit", desk.file(good()))
    harm(desk.folder)
    code, out = desk("deliver", "--once")
    assert code == Exit.REFUSED
    assert said in out


def test_the_help_tells_the_exit_codes(desk):
    code, out = desk("--help")
    assert code == Exit.DONE
    for exit_code in Exit:
        assert f"{exit_code.value} " in out
    for command in ("serve", "submit", "status", "deliver"):
        assert command in out
