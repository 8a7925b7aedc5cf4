"""在留届・変更届・帰国届: which movements each makes, alone and as a correction of another."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from registry.domain import movement as movement_rules
from registry.domain.basic_four import AddressAbroad, Honseki, PersonName
from registry.domain.civil_status import NameChange
from registry.domain.date_reading import read
from registry.domain.errors import Faults
from registry.domain.movement import Contact, MovementKind
from registry.domain.report_movements import movements
from registry.domain.residence_report import NumberCheck, ReportedPerson, ReportKind, check
from registry.domain.resident import Status
from registry.domain.timeline import fold
from tests.builders import CHIYODA, CODE, HANAKO, HONSEKI, MISSION, MISSIONS, NEW_YORK, NUMBER, person, report

K, R = MovementKind, ReportKind
DAY = date(2024, 4, 1)
TODAY = date(2024, 12, 31)
BOSTON = "consulate-general-boston"
MOVED = {"address_abroad": NEW_YORK, "came_from": BOSTON}
CONTACT = Contact(email="hanako@example.jp")
TARO = person(name=PersonName(surname="髙﨑", given="太郎"), birth_date=read("2020-05-10"))


TARO_MARRIED = person(name=TARO.name, birth_date=TARO.birth_date, new_name=PersonName(surname="山田", given="太郎"))


def kinds(made):
    return [one.kind for one in made]


MADE = {
    "在留届": (report(), [K.RESIDENCE_REPORTED]),
    "在留届 of a child born abroad": (report(people=(person(born_abroad=True),)), [K.BORN_ABROAD]),
    "帰国届": (report(R.RETURN), [K.RETURNED]),
    "変更届 of the address": (report(R.CHANGE, address_abroad=NEW_YORK), [K.ADDRESS_CHANGED]),
    "変更届 to another area": (report(R.CHANGE, **MOVED), [K.MOVED_BETWEEN_AREAS]),
    "変更届 of address and contact is one movement": (
        report(R.CHANGE, address_abroad=NEW_YORK, contact=CONTACT),
        [K.ADDRESS_CHANGED],
    ),
    "変更届 of the contact": (report(R.CHANGE, contact=CONTACT), [K.CONTACT_CHANGED]),
    "変更届 of name, 本籍 and passport": (
        report(R.CHANGE, people=(person(new_name=HANAKO, new_honseki=HONSEKI, passport_number="TZ1234567"),)),
        [K.NAME_CHANGED, K.HONSEKI_CHANGED, K.CONTACT_CHANGED],
    ),
    "変更届 about another member": (
        report(R.CHANGE, people=(person(), TARO_MARRIED)),
        [K.RESIDENCE_CONFIRMED],
    ),
    "変更届 of a birth": (report(R.CHANGE, people=(person(born_abroad=True),)), [K.BORN_ABROAD]),
    "変更届 of a name alone is a word from the resident": (
        report(R.CHANGE, people=(person(new_name=HANAKO),)),
        [K.NAME_CHANGED, K.RESIDENCE_CONFIRMED],
    ),
    "死亡届": (report(R.DEATH), [K.DIED]),
    "国籍喪失届": (report(R.NATIONALITY_LOST), [K.NATIONALITY_LOST]),
    "国籍取得届 is a 在留届 too": (
        report(R.NATIONALITY_REGAINED, address_abroad=NEW_YORK),
        [K.NATIONALITY_REGAINED, K.RESIDENCE_REPORTED],
    ),
    "連絡不能": (report(R.UNREACHABLE), [K.UNREACHABLE]),
    "取下げ of what made nothing": (report(R.ANNULMENT, replaces="s1"), []),
}


@pytest.mark.parametrize(("given_report", "expected"), MADE.values(), ids=MADE)
def test_a_report_makes_the_movements_of_its_kind(given_report, expected):
    assert kinds(movements(given_report, 0, "s2")) == expected


def test_each_member_of_a_household_gets_a_movement_of_their_own():
    household = report(people=(person(), TARO), contact=CONTACT)
    first, second = movements(household, 0, "s1"), movements(household, 1, "s1")
    assert [one.movement_id for one in (*first, *second)] == ["s1/0.0", "s1/1.0"]
    assert (first[0].statement.name, second[0].statement.name) == (HANAKO, TARO.name)
    assert first[0].statement.address_abroad == second[0].statement.address_abroad == NEW_YORK
    assert {one.source.code for one in (*first, *second)} == {MISSION.code}


def test_who_is_only_named_in_a_change_is_confirmed_and_otherwise_left_alone():
    household = report(R.CHANGE, people=(person(), TARO_MARRIED))
    made = [*movements(report(), 0, "s0"), *movements(household, 0, "s1")]
    before, after = fold(made).versions
    assert after.state == before.state
    assert kinds(made)[-1] is K.RESIDENCE_CONFIRMED


def test_the_last_address_and_a_blank_sex_are_not_asserted():
    told = movements(
        report(people=(ReportedPerson(name=HANAKO, birth_date=read("1985-03-07"), last_address=CHIYODA),)), 0, "s1"
    )
    assert told[0].statement.stated == {"name", "birth_date", "address_abroad", "mission"}


BORN_ON = date(2020, 5, 10)
CHILDREN = {
    "born after the household arrived": ("2019-04-01", BORN_ON),
    "born on the day": ("2020-05-10", BORN_ON),
    "born elsewhere and arriving with the household": ("2021-04-01", date(2021, 4, 1)),
}


@pytest.mark.parametrize(("arrival", "expected"), CHILDREN.values(), ids=CHILDREN)
def test_a_child_lives_abroad_from_its_birth_and_not_before(arrival, expected):
    child = person(birth_date=read("2020-05-10"), born_abroad=True)
    (born,) = movements(report(effective=arrival, notified_on=date(2021, 4, 1), people=(child,)), 0, "s1")
    assert (born.earliest, born.latest) == (expected, expected)


def life(*reports):
    """All movements of the first person; each report after the first corrects or takes back the one before it."""
    made, last = [], ()
    for number, one in enumerate(reports):
        new = movements(one, 0, f"s{number}", tuple(movement.movement_id for movement in last))
        made, last = [*made, *new], new
    return made


def addresses(made):
    return [version.state.address_abroad for version in fold(made).versions]


BROOKLYN = AddressAbroad(country="US", subdivision="New York", city="Brooklyn")
QUEENS = AddressAbroad(country="US", subdivision="New York", city="Queens")
MARRIED = PersonName(surname="山田", given="花子")
NAME_AND_CONTACT = report(R.CHANGE, "2024-05-01", contact=CONTACT, people=(person(new_name=MARRIED),))


def name_and_contact(made):
    """What the record says in the end of the two things that change in these tests."""
    state = fold(made).last.state
    return state.name, state.contact


def test_a_correction_replaces_the_one_movement_of_the_report_before():
    made = life(report(), report(address_abroad=BROOKLYN, replaces="s0"))
    assert addresses(made) == [BROOKLYN]


def test_a_correction_with_less_to_say_annuls_what_is_left_over():
    made = life(NAME_AND_CONTACT, report(R.CHANGE, "2024-05-01", contact=CONTACT, replaces="s0"))
    assert kinds(made) == [K.NAME_CHANGED, K.CONTACT_CHANGED, K.CONTACT_CHANGED, K.ANNULLED]
    assert len(fold(made).versions) == 1
    assert name_and_contact(made) == (HANAKO, CONTACT)


def test_a_correction_with_more_to_say_adds_the_rest():
    made = life(report(R.CHANGE, "2024-05-01", contact=CONTACT), NAME_AND_CONTACT)
    assert [one.replaces for one in made] == [None, "s0/0.0", None]
    assert name_and_contact(made) == (MARRIED, CONTACT)


def test_a_correction_of_a_correction_revives_nothing():
    made = life(report(), report(address_abroad=BROOKLYN, replaces="s0"), report(address_abroad=QUEENS, replaces="s1"))
    assert addresses(made) == [QUEENS]


def test_a_correction_of_a_correction_leaves_alone_what_that_annulled():
    contact = report(R.CHANGE, "2024-05-01", contact=CONTACT, replaces="s0")
    made = life(NAME_AND_CONTACT, contact, contact)
    assert len(fold(made).versions) == 1
    assert name_and_contact(made) == (HANAKO, CONTACT)


def test_taking_back_a_correction_revives_what_it_corrected():
    made = life(report(), report(address_abroad=BROOKLYN, replaces="s0"), report(R.ANNULMENT, replaces="s1"))
    assert addresses(made) == [NEW_YORK]
    contact = report(R.CHANGE, "2024-05-01", contact=CONTACT, replaces="s0")
    made = life(NAME_AND_CONTACT, contact, report(R.ANNULMENT, "2024-05-01", replaces="s1"))
    assert name_and_contact(made) == (MARRIED, CONTACT)


def test_a_trip_that_was_dropped_leaves_nothing():
    planned = report(effective="2024-06-01", notified_on=DAY)
    made = life(planned, report(R.ANNULMENT, "2024-06-01", notified_on=date(2024, 5, 1), replaces="s0"))
    assert fold(made).versions == ()


def test_a_planned_move_between_areas_takes_effect_on_its_day():
    moving = report(R.CHANGE, "2024-06-30", notified_on=date(2024, 6, 1), contact=CONTACT, **MOVED)
    (moved,) = movements(moving, 0, "s1")
    assert fold([moved]).last.certain.first == date(2024, 6, 30)
    assert moved.statement.stated == {"address_abroad", "mission", "contact", "name", "birth_date", "sex", "honseki"}


SAY_WHO = {
    "変更届": report(R.CHANGE, contact=CONTACT),
    "変更届 of the name": report(R.CHANGE, people=(person(new_name=MARRIED),)),
    "変更届 of the 本籍": report(R.CHANGE, people=(person(new_honseki=HONSEKI),)),
    "帰国届": report(R.RETURN),
    "死亡届": report(R.DEATH),
    "国籍喪失届": report(R.NATIONALITY_LOST),
    "連絡不能": report(R.UNREACHABLE),
}


@pytest.mark.parametrize("first", SAY_WHO.values(), ids=SAY_WHO)
def test_a_report_that_is_the_first_of_a_person_says_by_what_its_record_is_found(first):
    made, *_ = movements(first, 0, "s1")
    assert {"birth_date", "sex", "honseki"} <= made.statement.stated
    names = {made.statement.name, *(made.statement.past_names or ())}
    assert HANAKO in names


def test_a_change_of_name_leaves_the_other_movements_of_its_report_without_the_name_before():
    name, contact = movements(NAME_AND_CONTACT, 0, "s1")
    assert (name.statement.name, name.statement.past_names, contact.statement.name) == (MARRIED, (HANAKO,), None)
    assert fold([name, contact]).contradictions == ()


@st.composite
def reports(draw):
    days = st.sampled_from(
        ["0000-00-00", "2020-00-00", "2020-05-00", "2020-05-09", "2020-05-10", "2020-05-11", "2020-08-01", "2020-08-31"]
    )
    member = st.builds(
        person,
        birth_date=days.map(read),
        born_abroad=st.booleans(),
        new_name=st.none() | st.just(HANAKO),
        new_honseki=st.none() | st.just(Honseki(text="千代田")),
        passport_number=st.none() | st.just("TZ1234567"),
    )
    return report(
        draw(st.sampled_from(R)),
        draw(days),
        notified_on=draw(st.dates(date(2020, 5, 1), date(2020, 9, 1))),
        people=tuple(draw(st.lists(member, min_size=1, max_size=2))),
        address_abroad=draw(st.none() | st.just(NEW_YORK)),
        came_from=draw(st.none() | st.just(BOSTON)),
        contact=draw(st.none() | st.just(CONTACT)),
        planned_end=draw(st.none() | days.map(read)),
        replaces=draw(st.none() | st.just("s0")),
    )


@settings(max_examples=50)
@given(reports(), st.lists(st.sampled_from(["s0/0.0", "s0/0.1", "s0/0.2-annuls"]), unique=True))
def test_what_a_report_without_fault_makes_are_movements_without_fault(given_report, replaced):
    if check(given_report, MISSIONS, TODAY).errors:
        return
    faults = Faults()
    for index in range(len(given_report.people)):
        for made in movements(given_report, index, "s1", tuple(replaced)):
            movement_rules.check(made, frozenset(replaced), faults)
    assert faults.errors == ()


@settings(max_examples=50)
@given(reports())
def test_a_report_ends_a_life_abroad_only_by_the_kind_that_says_so(given_report):
    made = movements(given_report, 0, "s1")
    ends = {R.RETURN: Status.RETURNED, R.DEATH: Status.DECEASED, R.NATIONALITY_LOST: Status.NATIONALITY_LOST}
    stays = {Status.RESIDENT_ABROAD, Status.PROVISIONAL}
    expected = {ends[given_report.kind]} if given_report.kind in ends else stays
    assert {version.status for version in fold(made).versions} <= expected


NAMED_BEFORE = PersonName(surname="髙﨑", given="花子", surname_kana="タカサキ", former_surname="岡")
NEW_NAMES = {
    "marriage keeps 旧氏": (NameChange.MARRIAGE, PersonName(surname="山田", given="花子"), ("山田", "岡", "")),
    "a new reading keeps 旧氏": (
        NameChange.READING,
        PersonName(surname="髙﨑", given="花子", surname_kana="タカザキ"),
        ("髙﨑", "岡", "タカザキ"),
    ),
    "旧氏の変更": (
        NameChange.FORMER_SURNAME,
        PersonName(surname="髙﨑", given="花子", former_surname="林"),
        ("髙﨑", "林", "タカサキ"),
    ),
    "旧氏の削除": (NameChange.FORMER_SURNAME, PersonName(surname="髙﨑", given="花子"), ("髙﨑", "", "タカサキ")),
}


@pytest.mark.parametrize(("reason", "new_name", "expected"), NEW_NAMES.values(), ids=NEW_NAMES)
def test_a_former_surname_stays_until_it_is_itself_changed_or_deleted(reason, new_name, expected):
    first = report(people=(person(name=NAMED_BEFORE),))
    changed = person(name=NAMED_BEFORE, new_name=new_name, name_change=reason)
    made = [*movements(first, 0, "s0"), *movements(report(R.CHANGE, "2024-05-01", people=(changed,)), 0, "s1")]
    name = fold(made).last.state.name
    assert (name.surname, name.former_surname, name.surname_kana) == expected


PLANTED = ("髙﨑", "山田", NUMBER.reveal(), CODE.reveal(), "1985", "Example", "TZ1234567", "example.jp", "千代田")


def test_a_report_shows_nothing_of_anybody():
    number_check = NumberCheck(number_checked_by=NUMBER.reveal(), identity_checked_by="TZ1234567")
    full = person(
        individual_number=NUMBER,
        resident_record_code=CODE,
        number_check=number_check,
        passport_number="TZ1234567",
        new_name=PersonName(surname="山田"),
        last_address=CHIYODA,
    )
    household = report(people=(full,), contact=CONTACT)
    for holder in (household, full, number_check, movements(household, 0, "s1")):
        for shown in (repr(holder), str(holder), pretty_repr(holder)):
            assert not [planted for planted in PLANTED if planted in shown]
