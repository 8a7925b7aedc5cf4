"""除票: who may be collected, how long one is kept, what it proves and what a further line makes of it."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.basic_four import AddressInJapan, PersonName
from registry.domain.date_reading import read
from registry.domain.dates import FIRST_GREGORIAN_DAY, LAST_DAY, IncompleteDate
from registry.domain.errors import FaultCode
from registry.domain.movement import MovementKind
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import ResidentRecordCode
from registry.domain.removal_movements import movements
from registry.domain.removed_record import (
    CORRECTS_REMOVED_RECORD,
    KIND_OF_END,
    Collection,
    Holding,
    Reason,
    RemovedRecord,
    check,
    held_on,
    may_be_collected,
)
from tests.builders import CHIYODA, MUNICIPALITIES, line, removed_record

K, R, F, C, H = MovementKind, Reason, FaultCode, Collection, Holding
TODAY = date(2024, 12, 31)
MARRIED = PersonName(surname="山田", given="花子")

# ---------------------------------------------------------------------------------------- who may be collected

COLLECTION = {
    "a Japanese who moved abroad": ({"is_japanese": True, "moved_abroad": True}, C.COLLECT),
    "a Japanese domestic mover": ({"is_japanese": True, "moved_abroad": False}, C.STAYS_NOT_MOVED_ABROAD),
    "a Japanese whom the registry asked for": (
        {"is_japanese": True, "moved_abroad": False, "asked_for": True},
        C.COLLECT,
    ),
    "a foreign national who moved abroad": ({"is_japanese": False, "moved_abroad": True}, C.STAYS_FOREIGN_NATIONAL),
    "a foreign national, even if asked for": (
        {"is_japanese": False, "moved_abroad": True, "asked_for": True},
        C.STAYS_FOREIGN_NATIONAL,
    ),
    "nationality not told": ({"is_japanese": None, "moved_abroad": True}, C.STAYS_UNDECIDED),
    "nationality not told, even if asked for": (
        {"is_japanese": None, "moved_abroad": True, "asked_for": True},
        C.STAYS_UNDECIDED,
    ),
}


@pytest.mark.parametrize(("facts", "expected"), COLLECTION.values(), ids=COLLECTION)
def test_only_japanese_who_moved_abroad_or_were_asked_for_leave_the_town_hall(facts, expected):
    assert may_be_collected(**facts) is expected


@given(st.sampled_from([None, False]), st.booleans(), st.booleans())
def test_who_is_not_known_to_be_japanese_is_never_collected(is_japanese, moved_abroad, asked_for):
    decision = may_be_collected(is_japanese=is_japanese, moved_abroad=moved_abroad, asked_for=asked_for)
    assert decision is not C.COLLECT


# ------------------------------------------------------------------------------------------------- retention

RETENTION = {
    "removed the day before 2014-06-20": ("2014-06-19", TODAY, H.NOT_HELD_EXPIRED),
    "removed on 2014-06-20": ("2014-06-20", TODAY, H.HELD),
    "removed the day after": ("2014-06-21", TODAY, H.HELD),
    "removed in June 2014": ("2014-06-00", TODAY, H.UNCERTAIN),
    "removed in May 2014": ("2014-05-00", TODAY, H.NOT_HELD_EXPIRED),
    "removed in July 2014": ("2014-07-00", TODAY, H.HELD),
    "removed in 2014": ("2014-00-00", TODAY, H.UNCERTAIN),
    "removed nobody knows when": ("0000-00-00", TODAY, H.UNCERTAIN),
    "150 years less a day after": ("2020-03-31", date(2170, 3, 30), H.HELD),
    "150 years after, to the day": ("2020-03-31", date(2170, 3, 31), H.HELD),
    "150 years and a day after": ("2020-03-31", date(2170, 4, 1), H.NOT_HELD_EXPIRED),
    "150 years after some day of the month": ("2020-03-00", date(2170, 3, 31), H.UNCERTAIN),
    "150 years after the last day of the month": ("2020-03-00", date(2170, 4, 1), H.NOT_HELD_EXPIRED),
    "150 years after 29 February: the last of the month": ("2020-02-29", date(2170, 2, 28), H.HELD),
    "five years in the old law, to the day": ("2010-03-31", date(2015, 3, 31), H.HELD),
    "five years and a day in the old law": ("2010-03-31", date(2015, 4, 1), H.NOT_HELD_EXPIRED),
    "the last day of the old law": ("2014-06-19", date(2019, 6, 19), H.HELD),
    "removed on the last day there is": (LAST_DAY.isoformat(), date.max, H.NOT_HELD_EXPIRED),
}


@pytest.mark.parametrize(("removed_on", "day", "expected"), RETENTION.values(), ids=RETENTION)
def test_a_removed_record_is_kept_for_five_years_and_since_2019_for_150(removed_on, day, expected):
    assert held_on(read(removed_on), day) is expected


@given(st.dates(FIRST_GREGORIAN_DAY, LAST_DAY), st.dates(date.min, date.max - timedelta(days=1)))
def test_what_is_not_held_any_more_is_never_held_again(removed_on, day):
    if held_on(IncompleteDate.on(removed_on), day) is H.NOT_HELD_EXPIRED:
        assert held_on(IncompleteDate.on(removed_on), day + timedelta(days=1)) is H.NOT_HELD_EXPIRED


# ----------------------------------------------------------------------------------------------- the history

HISTORIES = {
    "国外転出 alone": ([R.MOVED_ABROAD], 1),
    "after life in Japan": ([R.BORN, R.MOVED_WITHIN_MUNICIPALITY, R.MOVED_ABROAD], 3),
    "corrected after the removal": ([R.MOVED_ABROAD, R.WRITING_ERROR_CORRECTED, R.CORRECTED_EX_OFFICIO], 1),
    "number corrected after the removal": ([R.MOVED_ABROAD, R.NUMBER_CORRECTED_EX_OFFICIO], 1),
    "number and code entered after the removal": (
        [R.MOVED_ABROAD, R.NUMBER_ENTERED_EX_OFFICIO, R.CODE_ENTERED_EX_OFFICIO],
        1,
    ),
    "a correction taken back": ([R.MOVED_ABROAD, R.MINOR_CORRECTION, R.UNDONE_CORRECTION], 1),
    "the 除票 written anew": ([R.MOVED_ABROAD, R.REWRITTEN_REMOVAL, R.REMADE_REMOVAL], 1),
    "planned for another day": ([R.MOVED_ABROAD, R.MOVED_ABROAD], 2),
    "異動の取消し(減)": ([R.MOVED_ABROAD, R.REMOVAL_UNDONE_DECREASE], None),
    "異動の取消し(増)": ([R.MOVED_ABROAD, R.UNDONE_INCREASE], None),
    "taken back and planned anew": ([R.MOVED_ABROAD, R.REMOVAL_UNDONE_DECREASE, R.MOVED_ABROAD], 3),
    "home again": ([R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD], None),
    "home again and corrected": ([R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.WRITING_ERROR_CORRECTED], None),
    "home again and gone again": ([R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.MOVED_ABROAD], 3),
    "moved within Japan": ([R.MOVED_IN_FROM_JAPAN, R.MOVED_WITHIN_JAPAN], None),
    "corrections of nothing": ([R.MINOR_CORRECTION, R.CORRECTED_EX_OFFICIO], None),
    "dead": ([R.DIED], None),
}


def history(*reasons):
    return removed_record(*(line(number, reason) for number, reason in enumerate(reasons, start=1)))


@pytest.mark.parametrize(("reasons", "number"), HISTORIES.values(), ids=HISTORIES)
def test_the_removal_stands_until_the_person_is_entered_again_or_it_is_taken_back(reasons, number):
    removal = history(*reasons).removal
    assert (None if removal is None else removal.history_number) == number


@given(st.lists(st.sampled_from(R), min_size=1, max_size=6))
def test_a_stay_begins_with_a_departure_and_all_but_the_last_have_ended(reasons):
    stays = history(*reasons).stays()
    assert {stay.departure.reason for stay in stays} <= {R.MOVED_ABROAD}
    assert all(stay.end is not None for stay in stays[:-1])
    assert {stay.end.reason for stay in stays if stay.end} <= set(KIND_OF_END)
    numbers = [line.history_number for stay in stays for line in stay if line]
    assert numbers == sorted(set(numbers))


STAYS = {
    "still abroad": ([R.BORN, R.MOVED_ABROAD], [(2, None)]),
    "home again": ([R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD], [(1, 2)]),
    "home again, and life goes on": (
        [R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.MOVED_WITHIN_MUNICIPALITY, R.MOVED_WITHIN_JAPAN],
        [(1, 2)],
    ),
    "home and gone again": ([R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.MOVED_ABROAD], [(1, 2), (3, None)]),
    "the return taken back": (
        [R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.REMOVAL_UNDONE_DECREASE],
        [(1, None)],
    ),
    "the second departure taken back": (
        [R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.MOVED_ABROAD, R.UNDONE_INCREASE],
        [(1, 2)],
    ),
    "all taken back": (
        [R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.REMOVAL_UNDONE_DECREASE, R.UNDONE_INCREASE],
        [],
    ),
    "a death taken back": ([R.MOVED_ABROAD, R.DIED, R.UNDONE_INCREASE], [(1, None)]),
    "nationality lost": ([R.MOVED_ABROAD, R.REMOVED_NATIONALITY_LOST], [(1, 2)]),
    "moved in Japan instead": ([R.MOVED_ABROAD, R.MOVED_WITHIN_JAPAN], []),
    "corrected in between": ([R.MOVED_ABROAD, R.MINOR_CORRECTION, R.DIED, R.WRITING_ERROR_CORRECTED], [(1, 3)]),
}


@pytest.mark.parametrize(("reasons", "expected"), STAYS.values(), ids=STAYS)
def test_a_history_tells_of_stays_abroad(reasons, expected):
    stays = history(*reasons).stays()
    assert [(one.departure.history_number, one.end and one.end.history_number) for one in stays] == expected


def test_an_ex_officio_removal_proves_a_departure_only_where_it_was_asked_for():
    struck_off = history(R.MOVED_IN_FROM_JAPAN, R.REMOVED_EX_OFFICIO)
    assert struck_off.stays() == ()
    assert [stay.departure.history_number for stay in struck_off.stays(asked_for=True)] == [2]


@given(st.lists(st.sampled_from(R), max_size=4), st.lists(st.sampled_from(sorted(CORRECTS_REMOVED_RECORD)), max_size=4))
def test_no_correction_brings_anybody_back(before, corrections):
    removal = history(*before, R.MOVED_ABROAD, *corrections).removal
    assert removal is not None
    assert removal.history_number == len(before) + 1


# ------------------------------------------------------------------------------------------------- the check


def found(record, today=TODAY):
    faults = check(record, MUNICIPALITIES, today)
    return [(fault.code, fault.pointer) for fault in (*faults.errors, *faults.warnings)]


CHECKED = {
    "nothing to find fault with": (removed_record(), []),
    "a 国外転出 taken back": (history(R.MOVED_ABROAD, R.REMOVAL_UNDONE_DECREASE), []),
    "home again": (history(R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD), []),
    "a domestic mover": (history(R.MOVED_IN_FROM_JAPAN, R.MOVED_WITHIN_JAPAN), [(F.NOT_COLLECTABLE, "/lines")]),
    "one 履歴番号 twice": (removed_record(line(1), line(1)), [(F.DUPLICATE, "/lines")]),
    "履歴番号 out of order": (removed_record(line(2), line(1)), [(F.DUPLICATE, "/lines")]),
    "履歴番号 with gaps": (removed_record(line(2), line(7)), []),
    "a blank name": (removed_record(line(1, name=PersonName())), [(F.NAME_MISSING, "/lines/0/name")]),
    "notified today": (removed_record(line(1, notified_on=TODAY)), []),
    "notified tomorrow": (
        removed_record(line(1, notified_on=TODAY + timedelta(days=1))),
        [(F.DATE_IN_THE_FUTURE, "/lines/0/notified_on")],
    ),
    "departure planned for next year": (removed_record(line(1, effective="2025-03-31", notified_on=TODAY)), []),
    "removed on the day of birth": (removed_record(line(1, effective="1985-03-07")), []),
    "removed on the day before": (
        removed_record(line(1, effective="1985-03-06")),
        [(F.DATE_BEFORE_BIRTH, "/lines/0/effective")],
    ),
    "removed in the month of birth": (removed_record(line(1, effective="1985-03-00")), []),
    "born today": (
        removed_record(line(1, birth_date=read("2024-12-31"), effective="2025-01-31", notified_on=TODAY)),
        [],
    ),
    "born tomorrow": (
        removed_record(line(1, birth_date=read("2025-01-01"), effective="2025-01-31", notified_on=TODAY)),
        [(F.DATE_IN_THE_FUTURE, "/lines/0/birth_date")],
    ),
    "a municipality that no table knows": (
        removed_record(line(1, address=AddressInJapan(municipality=MunicipalityCode.parse("271004")))),
        [(F.CODE_UNKNOWN, "/lines/0/address/municipality")],
    ),
    "a municipality before it was founded": (
        removed_record(line(1, effective="1930-01-01", birth_date=read("1900-01-01"))),
        [],
    ),
    "a 住民票コード of the unverified branch": (
        removed_record(line(1, resident_record_code=ResidentRecordCode.parse("00000000000"))),
        [(F.CHECK_DIGIT_UNCERTAIN, "/lines/0/resident_record_code")],
    ),
    "all at once, line by line": (
        removed_record(
            line(2, R.MOVED_WITHIN_JAPAN, name=PersonName()),
            line(1, R.DIED, effective="1985-03-06", notified_on=TODAY + timedelta(days=1)),
        ),
        [
            (F.DUPLICATE, "/lines"),
            (F.NOT_COLLECTABLE, "/lines"),
            (F.NAME_MISSING, "/lines/0/name"),
            (F.DATE_IN_THE_FUTURE, "/lines/1/notified_on"),
            (F.DATE_BEFORE_BIRTH, "/lines/1/effective"),
        ],
    ),
}


@pytest.mark.parametrize(("record", "faults"), CHECKED.values(), ids=CHECKED)
def test_a_removed_record_is_checked_as_a_whole_and_line_by_line(record, faults):
    assert found(record) == faults


@pytest.mark.parametrize("warned", ["a municipality that no table knows", "a 住民票コード of the unverified branch"])
def test_what_an_old_paper_may_be_right_about_is_flagged_and_not_refused(warned):
    faults = check(CHECKED[warned][0], MUNICIPALITIES, TODAY)
    assert faults.warnings
    assert not faults.errors


@given(st.dates(date.min, date.max), st.sampled_from(["2199-12-31", "1873-01-01", "0000-00-00"]), st.sampled_from(R))
def test_no_date_is_too_odd_to_be_checked(notified_on, effective, reason):
    record = removed_record(line(1, reason, effective, notified_on=notified_on))
    check(record, MUNICIPALITIES, date.max)
    movements(record, "s1")


ADDRESSEES = {
    "1": True,
    "123456789012345": True,
    "": False,
    "1234567890123456": False,
    "12\n": False,
    "１２": False,
    "1a": False,
}


@pytest.mark.parametrize(("number", "is_right"), ADDRESSEES.items(), ids=map(repr, ADDRESSEES))
def test_an_addressee_number_is_up_to_fifteen_digits(number, is_right):
    written = {"municipality": CHIYODA.municipality, "addressee_number": number, "lines": [line(1)]}
    if is_right:
        assert msgspec.convert(written, RemovedRecord).addressee_number == number
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(written, RemovedRecord)
