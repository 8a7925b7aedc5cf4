"""The spool: nothing taken in is lost, nothing stands in it twice, nothing in it can be read without the key."""

import base64
import os
import sqlite3
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest

from embassy_gateway.overview import overview
from embassy_gateway.schema import State
from embassy_gateway.sealing import SealBroken, SpoolKey
from embassy_gateway.spool import Spool, SpoolRefused, SpoolUnavailable
from registry.contract.evidence import evidence_hash, verify_evidence
from tests.embassy_gateway.mission import (
    CHILD,
    FOREIGNER,
    GIVEN,
    NUMBER,
    PASSPORT,
    SPOUSE,
    SURNAME,
    mission_in,
    person,
    report,
    text,
)
from tests.embassy_gateway.registry_stand_in import Fare

FAULTY = report(9, effective="2026-02-30")


@pytest.fixture
def mission(tmp_path):
    with mission_in(tmp_path, up=False) as mission:
        yield mission


def rows(mission, columns):
    with mission.gateway.spool.reading() as db:
        return [tuple(row) for row in db.execute(f"SELECT {columns} FROM report ORDER BY id")]  # noqa: S608 - a test's own


def evidence_of(mission):
    """Verify every evidence in the spool against its payload; return the headers."""
    keys = {mission.gateway.signing_key.key_id: mission.gateway.signing_key.verifying}
    found = [(row, evidence) for row, evidence in rows(mission, "id, evidence") if evidence is not None]
    return [
        (verify_evidence(mission.gateway.spool.payload(row), evidence, keys.get), evidence) for row, evidence in found
    ]


def test_evidence_holds_the_local_time_and_makes_a_chain_without_gaps(mission):
    mission.hand_in(report(1), FAULTY, report(2))
    mission.clock.now += timedelta(minutes=5)
    mission.hand_in(report(3))
    previous = None
    for number, (header, evidence) in enumerate(evidence_of(mission), start=1):
        assert (header.sequence, header.previous) == (number, previous)
        assert header.taken_at.utcoffset() == timedelta(hours=-5)
        previous = evidence_hash(evidence)
    assert [taken_at for (taken_at,) in rows(mission, "taken_at")] == [
        "2026-11-22T21:30:00-05:00",
        "2026-11-22T21:30:00-05:00",
        "2026-11-22T21:30:00-05:00",
        "2026-11-22T21:35:00-05:00",
    ]
    assert overview(mission.gateway.spool).gaps == ()


def test_an_intake_has_the_date_of_the_mission_and_that_of_japan(mission):
    (taken,) = mission.hand_in(report())
    assert (str(taken.days.local_date), str(taken.days.japan_date)) == ("2026-11-22", "2026-11-23")


def test_a_report_dated_today_in_japan_is_still_of_tomorrow_at_the_mission(mission):
    (taken,) = mission.hand_in(report(notified_on="2026-11-23"))
    assert [str(fault.code) for fault in taken.faults] == ["date-in-the-future"]


def test_a_missing_number_is_a_gap_that_shows(mission):
    mission.hand_in(*[report(number) for number in range(5)])
    with mission.gateway.spool.writing() as db:
        db.execute("DELETE FROM report WHERE sequence IN (1, 3)")
    assert overview(mission.gateway.spool).gaps == ((1, 1), (3, 3))


@pytest.mark.parametrize(
    "again",
    [
        text(report()),
        text(report()).replace(b": ", b" :  "),
        text(report(people=[person(nationality="JP"), SPOUSE])),
        text(report(), report()),
    ],
    ids=["the same file", "written otherwise", "with who is left out anyway", "twice in a list"],
)
def test_the_same_report_is_noticed_and_not_queued_twice(mission, again):
    mission.hand_in(report())
    taken = list(mission.gateway.take_in(again))
    assert {(one.id, one.is_new, one.state) for one in taken} == {(1, False, State.WAITING)}
    assert rows(mission, "id, sequence") == [(1, 1)]


def test_the_same_faulty_report_is_kept_once(mission):
    assert [taken.is_new for taken in mission.hand_in(FAULTY, FAULTY)] == [True, False]
    assert [taken.is_new for taken in mission.gateway.take_in(b"{")] == [True]
    assert [taken.is_new for taken in mission.gateway.take_in(b"{")] == [False]


def test_a_report_that_differs_in_one_letter_is_another(mission):
    assert [taken.is_new for taken in mission.hand_in(report(1), report(2))] == [True, True]


def test_a_mended_report_takes_the_place_of_the_faulty_one(mission):
    mission.hand_in(FAULTY)
    (taken,) = mission.hand_in(report(9), mends=1)
    assert (taken.id, taken.state) == (2, State.WAITING)
    assert rows(mission, "state, mended_by") == [("mended", 2), ("waiting", None)]
    assert overview(mission.gateway.spool).dead_letters == ()


def test_a_report_mended_wrongly_is_the_one_dead_letter_that_is_left(mission):
    mission.hand_in(FAULTY)
    mission.hand_in(report(9, effective="2026-04-31"), mends=1)
    assert [letter.id for letter in overview(mission.gateway.spool).dead_letters] == [2]


def test_a_dead_letter_whose_mended_form_was_already_taken_in_is_closed(mission):
    mission.hand_in(FAULTY)
    mission.hand_in(report(9))
    (taken,) = mission.hand_in(report(9), mends=1)
    assert (taken.id, taken.is_new) == (2, False)
    assert rows(mission, "state, mended_by") == [("mended", 2), ("waiting", None)]


def test_the_same_content_may_be_sent_anew_in_place_of_a_dead_letter(mission):
    mission.hand_in(FAULTY)
    (taken,) = mission.hand_in(FAULTY, mends=1)
    assert (taken.id, taken.is_new, taken.state) == (2, True, State.FAULTY)


@pytest.mark.parametrize(("mends", "why"), [(1, "only a dead letter"), (99, "no report 99")])
def test_only_a_dead_letter_can_be_mended(mission, mends, why):
    mission.hand_in(report(1))
    with pytest.raises(SpoolRefused, match=why):
        mission.hand_in(report(2), mends=mends)
    assert rows(mission, "id, state") == [(1, "waiting")]


@pytest.mark.parametrize("file", [b"[]", text(report(1), report(2))], ids=["none", "two"])
def test_what_mends_is_a_file_with_one_report(mission, file):
    mission.hand_in(FAULTY)
    with pytest.raises(SpoolRefused, match="that one report"):
        list(mission.gateway.take_in(file, 1))
    assert rows(mission, "state") == [("faulty",)]


@pytest.mark.anyio
async def test_the_files_of_the_spool_hold_nothing_that_names_a_person(mission, tmp_path):
    people = [person(), CHILD, SPOUSE]
    mission.hand_in(report(1, people=people), report(2, people=people, effective="2026-02-30"), report(3))
    mission.registry.refuses = lambda one: one.address_abroad.lines[0].startswith("3 ")
    mission.registry.script.append(Fare.CUT_AFTER)
    mission.line.up()
    await mission.deliver()
    mission.gateway.spool.erase_due(mission.clock.now)
    files = list((tmp_path / "spool").iterdir())
    assert {path.suffix for path in files} >= {".sqlite", ".sqlite-wal"}
    content = b"".join(path.read_bytes() for path in files)
    assert b"CREATE TABLE report" in content  # it is the database itself that is searched
    assert SURNAME.encode() in mission.gateway.spool.payload(1)  # and the names are in it, sealed
    for planted in (SURNAME, GIVEN, NUMBER, PASSPORT, "タカサキ", FOREIGNER, "Example Ave"):
        for written in spellings(planted):
            assert written not in content


def spellings(planted):
    """How a text could stand in a file: plain, UTF-16, escaped, full-width, decomposed, base64 at all its phases."""
    plain = planted.encode()
    yield plain
    yield planted.encode("utf-16-le")
    yield planted.encode("unicode_escape")
    yield "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in planted).encode()
    yield unicodedata.normalize("NFD", planted).encode()
    for phase, first in enumerate((0, 2, 3)):
        whole = (phase + len(plain)) * 8 // 6
        yield base64.b64encode(b"x" * phase + plain)[first:whole]


def test_the_files_of_the_spool_are_for_their_owner_alone(mission, tmp_path):
    mission.hand_in(report())
    for path in [*(tmp_path / "spool").iterdir(), tmp_path / "spool.key"]:
        assert path.stat().st_mode & 0o077 == 0


def test_without_its_key_a_spool_gives_nothing(mission, tmp_path):
    mission.hand_in(report())
    with pytest.raises(SealBroken):
        Spool(tmp_path / "spool" / "spool.sqlite", SpoolKey(os.urandom(32)))


def test_what_is_taken_in_is_on_disk_before_anyone_is_told(mission):
    with mission.gateway.spool.reading() as db:
        found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


def test_several_writers_at_once_make_one_chain(mission, tmp_path):
    def submit(first):
        with Spool(tmp_path / "spool" / "spool.sqlite", mission.gateway.spool.key) as spool:
            gateway = msgspec.structs.replace(mission.gateway, spool=spool)
            return [list(gateway.take_in(text(report(number)))) for number in range(first, first + 10)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(submit, [0, 10, 20, 30]))
    headers = [header for header, _ in sorted(evidence_of(mission), key=lambda found: found[0].sequence)]
    assert [header.sequence for header in headers] == list(range(1, 41))


def test_a_full_disk_takes_nothing_in_and_says_so(mission):
    mission.hand_in(report(1))
    with mission.gateway.spool.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    mission.gateway.spool._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolUnavailable, match="full"):
        mission.hand_in(*[report(number) for number in range(2, 100)])
    mission.gateway.spool._db.execute("PRAGMA max_page_count = 100000")
    (taken,) = mission.hand_in(report(100))
    assert overview(mission.gateway.spool).gaps == ()
    assert taken.is_new


def test_a_spool_locked_by_another_program_is_said_to_be_unavailable(mission, tmp_path):
    mission.gateway.spool._db.execute("PRAGMA busy_timeout = 1")
    with sqlite3.connect(tmp_path / "spool" / "spool.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SpoolUnavailable, match="locked"):
            mission.hand_in(report())
    other.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_spool_is_refused(tmp_path, content):
    path = tmp_path / "spool.sqlite"
    path.write_bytes(content)
    with pytest.raises(SpoolUnavailable):
        Spool(path, SpoolKey(os.urandom(32)))


def test_a_spool_of_a_later_program_is_refused(tmp_path):
    key = SpoolKey(os.urandom(32))
    with Spool(tmp_path / "spool.sqlite", key) as spool:
        spool._db.execute("PRAGMA user_version = 99")
    with pytest.raises(SpoolRefused, match="form 99"):
        Spool(tmp_path / "spool.sqlite", key)
