"""除票: who may be collected, how long one is kept, what it proves and what a further line makes of it."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from registry.domain import movement as movement_rules
from registry.domain.basic_four import AddressInJapan, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.dates import FIRST_GREGORIAN_DAY, LAST_DAY, IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind
from registry.domain.municipality import MunicipalityCode
from registry.domain.numbers import ResidentRecordCode
from registry.domain.removed_record import (
    CORRECTS_REMOVED_RECORD,
    Collection,
    Holding,
    Reason,
    RemovedRecord,
    check,
    held_on,
    may_be_collected,
    movement,
    past_names,
)
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.builders import CHIYODA, CODE, HANAKO, HONSEKI, MUNICIPALITIES, MUNICIPALITY, NUMBER, line, removed_record

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
def test_a_removal_stands_or_has_ended_or_never_was(reasons):
    record = history(*reasons)
    stands, ended = record.removal is not None, record.end_of_removal is not None
    assert not (stands and ended)
    assert (stands or ended) is (R.MOVED_ABROAD in reasons)


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
    movement(record, "s1")


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


# --------------------------------------------------------------------------------------------- the movements


def test_a_removed_record_proves_the_departure_and_who_left():
    made = movement(
        removed_record(
            line(1, R.MOVED_IN_FROM_JAPAN, "2010-04-01", name=MARRIED),
            line(2, notified_on=date(2020, 3, 20), individual_number=NUMBER, resident_record_code=CODE),
        ),
        "s1",
    )
    assert made.kind is K.MOVED_ABROAD
    assert made.source == MUNICIPALITY
    assert (made.effective, made.notified_on) == (read("2020-03-31"), date(2020, 3, 20))
    assert (made.statement.name, made.statement.honseki) == (HANAKO, HONSEKI)
    assert (made.statement.individual_number, made.statement.resident_record_code) == (NUMBER, CODE)
    assert made.statement.past_names == (MARRIED,)


def test_a_blank_code_a_missing_number_and_a_blank_sex_say_nothing():
    made = movement(removed_record(line(1, sex=Sex.UNKNOWN)), "s1")
    assert made.statement.stated == {"name", "birth_date", "last_address", "honseki"}


def test_a_correction_after_the_removal_says_who_left_but_not_when():
    corrected = line(2, R.WRITING_ERROR_CORRECTED, "2021-07-01", name=MARRIED)
    made = movement(removed_record(line(1), corrected), "s2", replaces="s1/0.1")
    assert (made.kind, made.effective, made.replaces) == (K.MOVED_ABROAD, read("2020-03-31"), "s1/0.1")
    assert made.statement.name == MARRIED


def extracts(*histories):
    """All movements of one person whose history is sent again and again; each knows the one made before it."""
    made, last = [], None
    for number, reasons in enumerate(histories):
        lines = (line(n, reason, f"20{10 + n}-04-01") for n, reason in enumerate(reasons, start=1))
        new = movement(removed_record(*lines), f"s{number}", None if last is None else last.movement_id)
        if new is not None:
            made, last = [*made, new], new
    return made


OUT, BACK, UNDONE = R.MOVED_ABROAD, R.MOVED_IN_FROM_ABROAD, R.REMOVAL_UNDONE_DECREASE
SENT_AGAIN = {
    "the same": ([[OUT], [OUT]], [Status.PROVISIONAL]),
    "corrected": ([[OUT], [OUT, R.WRITING_ERROR_CORRECTED]], [Status.PROVISIONAL]),
    "corrected twice": (
        [[OUT], [OUT, R.WRITING_ERROR_CORRECTED], [OUT, R.WRITING_ERROR_CORRECTED, R.MINOR_CORRECTION]],
        [Status.PROVISIONAL],
    ),
    "planned for another day": ([[OUT], [OUT, OUT]], [Status.PROVISIONAL]),
    "taken back": ([[OUT], [OUT, UNDONE]], []),
    "taken back as an increase": ([[OUT], [OUT, R.UNDONE_INCREASE]], []),
    "taken back and planned anew": ([[OUT], [OUT, UNDONE], [OUT, UNDONE, OUT]], [Status.PROVISIONAL]),
    "taken back before the registry heard of it": ([[OUT, UNDONE]], []),
    "home again": ([[OUT], [OUT, BACK]], [Status.PROVISIONAL, Status.RETURNED]),
    "home again, and sent once more": (
        [[OUT], [OUT, BACK], [OUT, BACK, R.MOVED_WITHIN_MUNICIPALITY]],
        [Status.PROVISIONAL, Status.RETURNED],
    ),
    "home again before the registry heard of it": ([[OUT, BACK]], []),
    "gone again": (
        [[OUT], [OUT, BACK], [OUT, BACK, OUT]],
        [Status.PROVISIONAL, Status.RETURNED, Status.PROVISIONAL],
    ),
    "gone again, the return never sent": ([[OUT], [OUT, BACK, OUT]], [Status.PROVISIONAL, Status.PROVISIONAL]),
    "gone again and taken back": ([[OUT], [OUT, BACK, OUT], [OUT, BACK, OUT, UNDONE]], [Status.PROVISIONAL]),
    "death noted on the 除票": ([[OUT], [OUT, R.DIED]], [Status.PROVISIONAL, Status.DECEASED]),
    "nationality lost": (
        [[OUT], [OUT, R.REMOVED_NATIONALITY_LOST]],
        [Status.PROVISIONAL, Status.NATIONALITY_LOST],
    ),
    "moved within Japan after all": ([[OUT], [OUT, R.MOVED_WITHIN_JAPAN]], []),
}


@pytest.mark.parametrize(("histories", "statuses"), SENT_AGAIN.values(), ids=SENT_AGAIN)
def test_a_history_sent_again_corrects_takes_back_or_goes_on(histories, statuses):
    assert [version.status for version in fold(extracts(*histories)).versions] == statuses


@given(
    st.lists(
        st.sampled_from([OUT, BACK, UNDONE, R.MINOR_CORRECTION, R.MOVED_WITHIN_MUNICIPALITY, R.DIED]),
        min_size=1,
        max_size=6,
    )
)
def test_a_history_that_grows_line_by_line_never_makes_a_faulty_movement(reasons):
    faults = Faults()
    made = extracts(*(reasons[:length] for length in range(1, len(reasons) + 1)))
    for one in made:
        movement_rules.check(one, frozenset(earlier.movement_id for earlier in made), faults)
    assert faults.errors == ()
    assert len({one.movement_id for one in made}) == len(made)


def test_past_names_are_those_that_are_no_longer_borne():
    former = PersonName(surname="佐藤", given="花子")
    lines = [line(n, R.CORRECTED_EX_OFFICIO, name=name) for n, name in enumerate([HANAKO, MARRIED, former, HANAKO], 1)]
    assert past_names(removed_record(*lines)) == (MARRIED, former)


PLANTED = ("髙﨑", "山田", NUMBER.reveal(), CODE.reveal(), "1985", "千代田", "1234567", "Paris")


def test_a_removed_record_shows_nothing_of_anybody():
    record = removed_record(
        line(1, individual_number=NUMBER, resident_record_code=CODE, destination="Paris"), line(2, name=MARRIED)
    )
    for holder in (record, record.last, record.removal, movement(record, "s1")):
        for shown in (repr(holder), str(holder), pretty_repr(holder)):
            assert not [planted for planted in PLANTED if planted in shown]
