"""Intake: what may be sent, what is wrong with the rest, and who is left at the mission."""

import json
from datetime import date

import msgspec
import pytest

from embassy_gateway.intake import MAX_FILE_BYTES, Rules, examine
from registry.code_tables.files import load_countries, load_missions
from registry.contract.decoding import MAX_DEPTH, decode, encode
from registry.domain.residence_report import ResidenceReport
from tests.embassy_gateway.mission import CHILD, FOREIGNER, NEW_YORK, SPOUSE, person, report, text

TODAY = date(2026, 11, 22)
RULES = Rules(
    mission=NEW_YORK, missions=load_missions(), countries=load_countries(), sent_as={14: "key-of-report-14"}.get
)


def examined(file):
    return [found for _, found in examine(file, RULES, TODAY)]


def faults(file):
    (found,) = examined(file)
    return [(fault.pointer, str(fault.code)) for fault in found.faults]


def people_in(body):
    return [entry["name"] for entry in json.loads(body)["people"]]


def test_a_good_report_becomes_the_canonical_bytes_of_the_wire():
    spaced = json.dumps(report(), indent=4).encode()
    (one,), (other,) = examined(spaced), examined(text(report()))
    assert one.faults == ()
    assert one.body == other.body == encode(decode(text(report()), ResidenceReport))


def test_a_list_is_examined_report_by_report():
    found = examined(text(report(1), report(2, kind="holiday"), report(3)))
    assert [bool(one.faults) for one in found] == [False, True, False]


def test_a_correction_names_an_earlier_report_of_the_spool_by_its_number():
    (found,) = examined(text(report(replaces="#14")))
    assert found.faults == ()
    assert decode(found.body, ResidenceReport).replaces == "key-of-report-14"


def test_a_correction_of_a_report_that_never_left_is_a_fault():
    assert faults(text(report(replaces="#15"))) == [("/replaces", "replaces-unknown-movement")]


def test_an_empty_list_holds_nothing():
    assert examined(b" [] ") == []


@pytest.mark.parametrize(
    ("people", "left", "stay"),
    {
        "a foreign spouse": ([person(), SPOUSE], 1, 1),
        "between Japanese": ([person(), SPOUSE, CHILD], 1, 2),
        "several": ([person(), SPOUSE, SPOUSE | {"nationality": "US"}, CHILD], 2, 2),
        "all Japanese, said": ([person(nationality="JP"), CHILD | {"nationality": "JP"}], 0, 2),
        "all Japanese, unsaid": ([person(), CHILD], 0, 2),
        "whose entry is faulty": ([person(), {"nationality": "BR", "name": 5, "hobby": "golf"}], 1, 1),
    }.values(),
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_foreign_members_are_left_at_the_mission_and_counted(people, left, stay):
    (found,) = examined(text(report(people=people)))
    assert (found.faults, found.left) == ((), left)
    assert len(people_in(found.body)) == stay
    assert FOREIGNER.encode() not in found.body
    assert b"nationality" not in found.body


@pytest.mark.parametrize(
    "changes",
    [
        {"people": [person(), SPOUSE], "kind": "holiday"},
        {"people": [SPOUSE, person()]},
        {"people": [person(), [SPOUSE]]},
        {"people": {"0": SPOUSE}},
        {"cohabitants": [SPOUSE]},
        {"people": [person(), SPOUSE | {"nationality": "Britain"}]},
        {"people": [person(), SPOUSE | {"nationality": None}]},
    ],
    ids=["faulty elsewhere", "at the head", "one level deeper", "no list", "unknown member", "no code", "null"],
)
def test_what_is_kept_of_a_faulty_report_holds_no_foreign_member_either(changes):
    (found,) = examined(text(report(**changes)))
    assert found.faults
    assert FOREIGNER.encode() not in found.body


def test_a_foreign_head_of_the_report_is_refused():
    assert faults(text(report(people=[SPOUSE, person()]))) == [("/people/0", "head-must-be-japanese")]


@pytest.mark.parametrize("nationality", ["JPN", "jp", "", 81, None, ["JP"], "XX"])
def test_a_nationality_that_says_nothing_is_a_fault(nationality):
    people = [person(), CHILD | {"nationality": nationality}]
    assert faults(text(report(people=people))) == [("/people/1/nationality", "out-of-range")]


def test_a_nationality_stated_twice_is_a_fault():
    file = text(report(people=[person()])).replace(
        b'"birth_date"', b'"nationality":"GB","nationality":"JP","birth_date"'
    )
    assert ("/people/0/nationality", "out-of-range") in faults(file)


def test_pointers_count_people_as_the_file_does():
    people = [person(), SPOUSE, CHILD | {"birth_date": "2015-02-31"}]
    assert faults(text(report(people=people))) == [("/people/2/birth_date", "date-impossible")]


PERSON = "/people/0"
NOT_COMPETENT = "mission-not-competent"
FAULTY = {
    "a date that is none": ({"effective": "2026-02-30"}, [("/effective", "date-impossible")]),
    "another mission's": (
        {"mission": "JP-CG-BOSTON"},
        [("/address_abroad", NOT_COMPETENT), ("/mission", NOT_COMPETENT)],
    ),
    "a mission that is none": (
        {"mission": "JP-CG-ATLANTIS"},
        [("/mission", "mission-unknown"), ("/mission", NOT_COMPETENT)],
    ),
    "dated tomorrow": ({"notified_on": "2026-11-23"}, [("/notified_on", "date-in-the-future")]),
    "before birth": ({"effective": "1980-01-01"}, [("/effective", "date-before-birth")]),
    "an unknown member": ({"hobby": "golf"}, [("/hobby", "unknown-field")]),
    "a wrong check digit": (
        {"people": [person(individual_number="123456789019")]},
        [(f"{PERSON}/individual_number", "check-digit")],
    ),
    "a number without its check": (
        {"people": [person(number_check=None)]},
        [(f"{PERSON}/number_check", "number-without-purpose")],
    ),
    "NUL in an address": (
        {"address_abroad": {"country": "US", "city": "\0"}},
        [("/address_abroad/city", "forbidden-character")],
    ),
    "no people": ({"people": []}, [("/people", "empty")]),
    "two things at once": (
        {"address_abroad": None, "notified_on": "2027-01-01"},
        [("/notified_on", "date-in-the-future"), ("/address_abroad", "missing")],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTY.values(), ids=FAULTY)
def test_all_faults_of_a_report_come_at_once(changes, expected):
    assert faults(text(report(**changes))) == expected


UNREADABLE = {
    "nothing": b"",
    "no JSON": "在留届".encode(),
    "cut off": text(report())[:-5],
    "another encoding": text(report()).decode().encode("cp932"),
    "a byte order mark": b"\xef\xbb\xbf" + text(report()),
    "a bare number": b"5",
    "nested without end": b'{"people":' + b"[" * 100_000,
    "a number without end": b'{"kind":' + b"9" * 5_000 + b"}",
    "a list cut off": text(report(1), report(2))[:-1],
    "a list nested without end": b"[" * 100_000,
    "longer than any file": b" " * (MAX_FILE_BYTES + 1),
}


@pytest.mark.parametrize("file", UNREADABLE.values(), ids=UNREADABLE)
def test_a_text_that_nobody_can_read_is_a_fault_and_is_not_kept(file):
    (found,) = examined(file)
    assert found.faults
    assert found.body is None


def test_a_report_nested_too_deeply_is_kept_as_it_came():
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    (found,) = examined(text(report(contact=json.loads(deep))))
    assert [str(fault.code) for fault in found.faults] == ["out-of-range"]
    assert deep.encode() in found.body


def test_members_that_stand_twice_are_named_and_kept():
    file = text(report()).replace(b'"kind"', b'"kind": "return", "kind"', 1)
    (found,) = examined(file)
    assert [(fault.pointer, str(fault.code)) for fault in found.faults] == [("/kind", "duplicate")]
    assert found.body.count(b'"kind"') == 2


def test_warnings_go_along():
    (found,) = examined(text(report(effective="2020-01-01")))
    assert [str(fault.code) for fault in found.warnings] == ["reported-late"]
    assert found.faults == ()


def test_faults_never_repeat_what_was_received():
    (found,) = examined(text(report(people=[person(individual_number="999999999999", birth_date=FOREIGNER)])))
    assert len(found.faults) == 2
    said = msgspec.json.encode(found.faults)
    assert b"999999999999" not in said
    assert FOREIGNER.encode() not in said
