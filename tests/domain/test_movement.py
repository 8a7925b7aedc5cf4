"""What is known of each kind of movement, on which days it can have taken effect, and when it is none."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from registry.domain.basic_four import AddressAbroad, Honseki, PersonName
from registry.domain.date_reading import read
from registry.domain.dates import LAST_DAY, IncompleteDate
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import (
    FIELDS,
    IDENTITY,
    RANK,
    RESIDENCE,
    RULES,
    Contact,
    MovementKind,
    Statement,
    check,
)
from registry.domain.numbers import NumberReason
from registry.domain.timeline import Held
from tests.builders import CHIYODA, CODE, HANAKO, HONSEKI, MUNICIPALITY, NEW_YORK, NUMBER, movement, statement

K = MovementKind


@pytest.mark.parametrize("kind", K)
def test_every_kind_has_a_rule_with_a_label_and_an_article(kind):
    rule = RULES[kind]
    assert rule.label
    assert rule.article
    assert rule.changes | rule.requires <= set(FIELDS)
    assert kind in RANK


def test_no_two_kinds_share_a_label():
    assert len({rule.label for rule in RULES.values()}) == len(K)


def test_a_field_is_a_matter_of_identity_or_of_residence_and_never_of_both():
    assert not IDENTITY & RESIDENCE
    assert set(FIELDS) >= IDENTITY | RESIDENCE


def test_of_one_day_entries_come_first_then_changes_then_ends():
    order = [K.BORN_ABROAD, K.MOVED_ABROAD, K.RESIDENCE_REPORTED, K.NAME_CHANGED, K.RETURNED, K.DIED]
    assert sorted(order, key=RANK.__getitem__) == order


# kind, effective, notified → first and last possible day
POSSIBLE_DAYS = {
    "a complete day": (K.DIED, "2023-03-05", date(2023, 3, 12), ("2023-03-05", "2023-03-05")),
    "a month, cut at the notification": (K.DIED, "2023-03-00", date(2023, 3, 12), ("2023-03-01", "2023-03-12")),
    "a month, notified on its last day": (K.DIED, "2023-03-00", date(2023, 3, 31), ("2023-03-01", "2023-03-31")),
    "a month, notified on its first day": (K.DIED, "2023-03-00", date(2023, 3, 1), ("2023-03-01", "2023-03-01")),
    "a month, notified later": (K.DIED, "2023-03-00", date(2023, 4, 1), ("2023-03-01", "2023-03-31")),
    "nothing known": (K.DIED, "0000-00-00", date(2023, 3, 12), ("1873-01-01", "2023-03-12")),
    "planned: a later day": (K.MOVED_ABROAD, "2023-04-01", date(2023, 3, 12), ("2023-04-01", "2023-04-01")),
    "planned: a later month": (K.MOVED_ABROAD, "2023-04-00", date(2023, 3, 31), ("2023-04-01", "2023-04-30")),
    "planned: the month has begun, so it has happened": (
        K.RESIDENCE_REPORTED,
        "2023-04-00",
        date(2023, 4, 1),
        ("2023-04-01", "2023-04-01"),
    ),
    "not planned and after the notification: never empty": (
        K.DIED,
        "2023-04-00",
        date(2023, 3, 31),
        ("2023-04-01", "2023-04-01"),
    ),
}


@pytest.mark.parametrize(("kind", "effective", "notified_on", "days"), POSSIBLE_DAYS.values(), ids=POSSIBLE_DAYS)
def test_what_has_happened_happened_by_its_notification(kind, effective, notified_on, days):
    made = movement(kind, effective, notified_on=notified_on)
    assert (made.earliest.isoformat(), made.latest.isoformat()) == days


@given(
    st.sampled_from(K), st.dates(date(1, 1, 1), date.max), st.sampled_from(["0000-00-00", "2199-00-00", "1873-01-01"])
)
def test_no_date_of_notification_is_too_odd_for_the_order(kind, notified_on, effective):
    made = movement(kind, effective, notified_on=notified_on)
    assert made.earliest <= made.latest <= LAST_DAY
    assert made.order == made.order


def faults_of(made, known=frozenset()):
    faults = Faults()
    check(made, known, faults)
    return [(fault.code, fault.pointer) for fault in faults.errors]


BORN_IN_2020 = Statement(name=HANAKO, birth_date=read("2020-05-10"))

CHECKED = {
    "nothing to find fault with": (movement(statement=statement()), []),
    "an entry that names nobody": (
        movement(K.BORN_ABROAD),
        [(FaultCode.MISSING, "/statement/birth_date"), (FaultCode.MISSING, "/statement/name")],
    ),
    "a 国外転出 of nobody": (
        movement(K.MOVED_ABROAD, statement=Statement(last_address=CHIYODA)),
        [(FaultCode.MISSING, "/statement/name")],
    ),
    "a 国外転出 without last address, as 附票本人確認情報 tell it": (
        movement(K.MOVED_ABROAD, statement=Statement(name=HANAKO)),
        [],
    ),
    "a number without the reason for it": (
        movement(K.INDIVIDUAL_NUMBER_RECORDED, statement=Statement(individual_number=NUMBER)),
        [(FaultCode.MISSING, "/statement/number_reason")],
    ),
    "a death on the day of notification": (movement(K.DIED, "2023-03-12", notified_on=date(2023, 3, 12)), []),
    "a death after its notification": (
        movement(K.DIED, "2023-03-13", notified_on=date(2023, 3, 12)),
        [(FaultCode.DATE_AFTER_NOTIFICATION, "/effective")],
    ),
    "a departure planned after its notification": (
        movement(
            K.MOVED_ABROAD,
            "2023-04-01",
            notified_on=date(2023, 3, 12),
            statement=Statement(name=HANAKO, last_address=CHIYODA),
        ),
        [],
    ),
    "a birth abroad on the day of birth": (movement(K.BORN_ABROAD, "2020-05-10", statement=BORN_IN_2020), []),
    "a birth abroad before the birth": (
        movement(K.BORN_ABROAD, "2020-05-09", statement=BORN_IN_2020),
        [(FaultCode.DATE_BEFORE_BIRTH, "/effective")],
    ),
    "a month in which the birth may have been": (movement(K.BORN_ABROAD, "2020-05-00", statement=BORN_IN_2020), []),
    "a correction of itself": (
        movement(K.RETURNED, movement_id="m1", replaces="m1"),
        [(FaultCode.REPLACES_ITSELF, "/replaces")],
    ),
    "a correction of what the record does not have": (
        movement(K.RETURNED, replaces="m2"),
        [(FaultCode.REPLACES_UNKNOWN_MOVEMENT, "/replaces")],
    ),
    "a correction of what it has": (movement(K.RETURNED, replaces="m1"), []),
    "an annulment of nothing": (movement(K.ANNULLED), [(FaultCode.MISSING, "/replaces")]),
    "an annulment of a planned trip": (
        movement(K.ANNULLED, "2023-04-01", notified_on=date(2023, 3, 12), replaces="m1"),
        [],
    ),
    "everything at once": (
        movement(K.NAME_CHANGED, "2023-03-13", notified_on=date(2023, 3, 12), replaces="m2"),
        [
            (FaultCode.MISSING, "/statement/name"),
            (FaultCode.DATE_AFTER_NOTIFICATION, "/effective"),
            (FaultCode.REPLACES_UNKNOWN_MOVEMENT, "/replaces"),
        ],
    ),
}


@pytest.mark.parametrize(("made", "found"), CHECKED.values(), ids=CHECKED)
def test_a_movement_is_checked_by_the_line_of_its_kind(made, found):
    assert faults_of(made, frozenset({"m1"})) == found


def test_what_a_statement_speaks_about_includes_what_it_blanks():
    assert Statement(name=PersonName(), contact=Contact()).stated == {"name", "contact"}


PLANTED = ("髙﨑", "タカサキ", NUMBER.reveal(), CODE.reveal(), "1985", "Example", "千代田", "TZ1234567", "090-0000")
EVERYTHING = Statement(
    name=HANAKO,
    birth_date=read("1985-03-07"),
    address_abroad=NEW_YORK,
    last_address=CHIYODA,
    honseki=HONSEKI,
    individual_number=NUMBER,
    number_reason=NumberReason.INITIAL,
    resident_record_code=CODE,
    contact=Contact(mobile="090-0000"),
    passport_number="TZ1234567",
    planned_end=read("1985-04-00"),
    past_names=(HANAKO,),
)

HOLDERS = {
    "a statement": EVERYTHING,
    "a movement": movement(
        K.BORN_ABROAD, IncompleteDate.on(date(1985, 3, 7)), movement_id="m", submission_id="s", statement=EVERYTHING
    ),
    "a contact": EVERYTHING.contact,
    "an address": AddressAbroad(country="US", lines=("1 Example Ave",)),
    "a honseki": Honseki(text="千代田", head="髙﨑"),
    "a held passport number": Held(value="TZ1234567", movement_id="m", source=MUNICIPALITY.kind),
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize(
    "show", [repr, str, pretty_repr, lambda value: f"{[value]}"], ids=["repr", "str", "rich", "list"]
)
def test_nothing_personal_shows(holder, show):
    assert not [planted for planted in PLANTED if planted in show(holder)]
