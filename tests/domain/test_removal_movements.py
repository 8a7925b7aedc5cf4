"""除票から異動へ: which movements a history makes at first, and what a further line makes of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from registry.domain import movement as movement_rules
from registry.domain.basic_four import PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.errors import Faults
from registry.domain.movement import MovementKind
from registry.domain.removal_movements import movements, other_names
from registry.domain.removed_record import Reason
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.builders import CODE, HANAKO, HONSEKI, MUNICIPALITY, NUMBER, line, removed_record

K, R = MovementKind, Reason
MARRIED = PersonName(surname="山田", given="花子")


def history(*reasons):
    """A person's lines, a year apart."""
    lines = (line(n, reason, f"20{10 + n}-04-01") for n, reason in enumerate(reasons, start=1))
    return removed_record(*lines)


def test_a_removed_record_proves_the_departure_and_who_left():
    (made,) = movements(
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
    (made,) = movements(removed_record(line(1, sex=Sex.UNKNOWN)), "s1")
    assert made.statement.stated == {"name", "birth_date", "last_address", "honseki"}


def extracts(*histories):
    """All movements of one person whose history is sent again and again; each knows what was made of it before."""
    made = []
    for number, told in enumerate(histories):
        record = history(*told) if isinstance(told, list) else told
        made += movements(record, f"s{number}", made, {f"s{earlier}" for earlier in range(number)})
    return made


def test_a_correction_after_the_removal_says_who_left_but_not_when():
    corrected = line(2, R.WRITING_ERROR_CORRECTED, "2021-07-01", name=MARRIED)
    _, made = extracts(removed_record(line(1)), removed_record(line(1), corrected))
    assert (made.kind, made.effective, made.replaces) == (K.MOVED_ABROAD, read("2020-03-31"), "s0/0.1")
    assert made.statement.name == MARRIED


def test_a_line_after_the_return_says_nothing_of_who_left():
    home = [line(2, R.MOVED_IN_FROM_ABROAD, "2021-07-01", name=MARRIED), line(3, R.WRITING_ERROR_CORRECTED)]
    left, came_home = movements(removed_record(line(1), *home), "s1")
    assert (left.statement.name, left.statement.past_names) == (HANAKO, (MARRIED,))
    assert came_home.statement.stated == frozenset()


HOMECOMINGS = {
    "from abroad": (R.MOVED_IN_FROM_ABROAD, read("2012-04-01")),
    "from elsewhere in Japan: some day before": (R.MOVED_IN_FROM_JAPAN, read("2011-04-01/2012-04-01")),
    "entered ex officio": (R.ENTERED_EX_OFFICIO, read("2011-04-01/2012-04-01")),
}


@pytest.mark.parametrize(("reason", "expected"), HOMECOMINGS.values(), ids=HOMECOMINGS)
def test_the_day_of_return_is_known_only_where_the_person_came_straight_home(reason, expected):
    _, came_home = movements(history(R.MOVED_ABROAD, reason), "s1")
    assert (came_home.kind, came_home.effective) == (K.RETURNED, expected)


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
    "home again before the registry heard of it": ([[OUT, BACK]], [Status.PROVISIONAL, Status.RETURNED]),
    "the return taken back": ([[OUT], [OUT, BACK], [OUT, BACK, UNDONE]], [Status.PROVISIONAL]),
    "corrected and then taken back": ([[OUT], [OUT, R.MINOR_CORRECTION], [OUT, R.MINOR_CORRECTION, UNDONE]], []),
    "a death taken back": ([[OUT, R.DIED], [OUT, R.DIED, UNDONE]], [Status.PROVISIONAL]),
    "dead before the registry heard of it": ([[OUT, R.DIED]], [Status.PROVISIONAL, Status.DECEASED]),
    "first heard of on the second stay": ([[OUT, BACK, OUT]], [Status.PROVISIONAL]),
    "the end of a stay under another reason": (
        [[OUT, R.DIED], [OUT, BACK]],
        [Status.PROVISIONAL, Status.RETURNED],
    ),
    "gone again": (
        [[OUT], [OUT, BACK], [OUT, BACK, OUT]],
        [Status.PROVISIONAL, Status.RETURNED, Status.PROVISIONAL],
    ),
    "gone again, the return never sent": (
        [[OUT], [OUT, BACK, OUT]],
        [Status.PROVISIONAL, Status.RETURNED, Status.PROVISIONAL],
    ),
    "gone again and taken back": (
        [[OUT], [OUT, BACK, OUT], [OUT, BACK, OUT, UNDONE]],
        [Status.PROVISIONAL, Status.RETURNED],
    ),
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


@given(st.lists(st.sampled_from([OUT, BACK, UNDONE, R.MINOR_CORRECTION]), min_size=1, max_size=7))
def test_however_a_history_came_in_parts_the_last_stay_is_what_it_says_now(reasons):
    in_parts = extracts(*(reasons[:length] for length in range(1, len(reasons) + 1)))
    at_once = extracts(reasons)
    last, once = fold(in_parts).last, fold(at_once).last
    assert (last and last.status) == (once and once.status)


def test_other_names_are_those_that_are_not_borne_on_the_line():
    former = PersonName(surname="佐藤", given="花子")
    lines = [line(n, R.CORRECTED_EX_OFFICIO, name=name) for n, name in enumerate([HANAKO, MARRIED, former, HANAKO], 1)]
    assert other_names(removed_record(*lines), HANAKO) == (MARRIED, former)


PLANTED = ("髙﨑", "山田", NUMBER.reveal(), CODE.reveal(), "1985", "千代田", "1234567", "Paris")


def test_a_removed_record_shows_nothing_of_anybody():
    record = removed_record(
        line(1, individual_number=NUMBER, resident_record_code=CODE, destination="Paris"), line(2, name=MARRIED)
    )
    for holder in (record, record.last, record.removal, *movements(record, "s1")):
        for shown in (repr(holder), str(holder), pretty_repr(holder)):
            assert not [planted for planted in PLANTED if planted in shown]
