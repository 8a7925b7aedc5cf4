"""How the two sources of a record stand to each other."""

from datetime import date

import msgspec
import pytest
from rich.pretty import pretty_repr

from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.movement import MovementKind, Statement
from registry.domain.numbers import NumberReason
from registry.domain.reconciliation import (
    Candidate,
    Identity,
    Outcome,
    differences,
    link,
    reconcile,
)
from registry.domain.removed_record import Holding
from registry.domain.timeline import fold
from tests.builders import (
    CODE,
    EX_OFFICIO,
    HANAKO,
    HONSEKI,
    MUNICIPALITY,
    NUMBER,
    OTHER_CODE,
    OTHER_NUMBER,
    movement,
    statement,
)

K = MovementKind
FOUR = Identity(name=HANAKO, birth_date=read("1985-03-07"), sex=Sex.FEMALE, honseki=HONSEKI)
YAMADA = PersonName(surname="山田", given="花子")


def who(**fields):
    return msgspec.structs.replace(FOUR, **fields)


DIFFERENCES = {
    "nothing": (FOUR, FOUR, ()),
    "a spelling": (FOUR, who(name=PersonName(surname="高崎", given="花子")), ()),
    "less known": (FOUR, Identity(birth_date=read("1985-03-00"), sex=Sex.UNKNOWN), ()),
    "everything": (
        who(individual_number=NUMBER, resident_record_code=CODE),
        Identity(
            name=YAMADA,
            birth_date=read("1985-03-08"),
            sex=Sex.MALE,
            honseki=Honseki(text="大阪"),
            individual_number=OTHER_NUMBER,
            resident_record_code=OTHER_CODE,
        ),
        ("name", "birth_date", "sex", "honseki", "individual_number", "resident_record_code"),
    ),
}


@pytest.mark.parametrize(("one", "other", "fields"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_what_is_not_said_never_differs(one, other, fields):
    assert differences(one, other) == differences(other, one) == fields


# -------------------------------------------------------------------------------------------------- outcomes


def removed(effective="2020-03-31", **fields):
    return movement(K.MOVED_ABROAD, effective, source=MUNICIPALITY, statement=statement(address_abroad=None, **fields))


def reported(effective="2020-04-01", **fields):
    return movement(effective=effective, statement=statement(**fields))


RENAMED = movement(K.NAME_CHANGED, "2022-01-01", statement=Statement(name=YAMADA))
CAME_HOME = movement(K.RETURNED, "2019-01-01")
TOLD_BY_TOWN_HALL = movement(K.RETURNED, "2022-01-01", source=MUNICIPALITY)
SETTLED = movement(
    K.CORRECTED_EX_OFFICIO, "2023-01-01", source=EX_OFFICIO, statement=Statement(birth_date=read("1986-03-07"))
)
NEW_NUMBER = movement(
    K.INDIVIDUAL_NUMBER_RECORDED,
    "2022-01-01",
    source=MUNICIPALITY,
    statement=Statement(individual_number=OTHER_NUMBER, number_reason=NumberReason.CHANGE_REQUEST),
)
ANNULS_THE_REMOVAL = movement(K.ANNULLED, "2024-01-01", source=MUNICIPALITY, replaces=f"{K.MOVED_ABROAD}-2020-03-31")
ANNULS_THE_REPORT = movement(K.ANNULLED, "2024-01-01", replaces=f"{K.RESIDENCE_REPORTED}-2020-04-01")
BORN = movement(K.BORN_ABROAD, "2020-04-01", statement=statement(birth_date=read("2020-04-01")))

OUTCOMES = {
    "both agree": ([removed(), reported()], Outcome.AGREED, (), None),
    "in another spelling": (
        [removed(), reported(name=PersonName(surname="高崎", given="花子"))],
        Outcome.AGREED,
        (),
        None,
    ),
    "the report is less precise": ([removed(), reported(birth_date=read("1985-00-00"))], Outcome.AGREED, (), None),
    "the planned departure lies after the arrival": ([removed("2020-04-10"), reported()], Outcome.AGREED, (), None),
    "other birth date and sex": (
        [removed(), reported(sex=Sex.MALE, birth_date=read("1986-03-07"))],
        Outcome.DISCREPANT,
        ("birth_date", "sex"),
        None,
    ),
    "other numbers": (
        [removed(individual_number=NUMBER), reported(individual_number=OTHER_NUMBER)],
        Outcome.DISCREPANT,
        ("individual_number",),
        None,
    ),
    "a name changed between the two": (
        [removed(), reported(), RENAMED, reported("2023-01-01", name=YAMADA)],
        Outcome.AGREED,
        (),
        None,
    ),
    "a name changed only after the report that differs": (
        [removed(), reported(name=YAMADA), RENAMED],
        Outcome.DISCREPANT,
        ("name",),
        None,
    ),
    "a number changed between the two": (
        [
            removed(individual_number=NUMBER),
            reported(),
            NEW_NUMBER,
            reported("2023-01-01", individual_number=OTHER_NUMBER),
        ],
        Outcome.AGREED,
        (),
        None,
    ),
    "another name in an earlier stay abroad": (
        [reported("2015-04-01", name=YAMADA), CAME_HOME, removed(), reported()],
        Outcome.AGREED,
        (),
        None,
    ),
    "corrected ex officio": ([removed(), reported(birth_date=read("1986-03-07")), SETTLED], Outcome.AGREED, (), None),
    "corrected ex officio in another field": (
        [removed(), reported(sex=Sex.MALE), SETTLED],
        Outcome.DISCREPANT,
        ("sex",),
        None,
    ),
    "no 除票, still held": ([reported("2014-06-20")], Outcome.NO_REMOVED_RECORD, (), Holding.HELD),
    "no 除票, not held any more": ([reported("2014-06-19")], Outcome.NO_REMOVED_RECORD, (), Holding.NOT_HELD_EXPIRED),
    "no 除票, nobody can say": ([reported("2014-06-00")], Outcome.NO_REMOVED_RECORD, (), Holding.UNCERTAIN),
    "no 除票: the first report counts": (
        [reported("2013-06-20"), reported("2020-04-01")],
        Outcome.NO_REMOVED_RECORD,
        (),
        Holding.NOT_HELD_EXPIRED,
    ),
    "no 除票, as for all born abroad": ([BORN], Outcome.NO_REMOVED_RECORD, (), None),
    "the 除票 was annulled": (
        [removed(), reported(), ANNULS_THE_REMOVAL],
        Outcome.NO_REMOVED_RECORD,
        (),
        Holding.HELD,
    ),
    "no 在留届": ([removed()], Outcome.NO_REPORT, (), None),
    "no 在留届, and home again as the town hall says": ([removed(), TOLD_BY_TOWN_HALL], Outcome.NO_REPORT, (), None),
    "the 在留届 was taken back": ([removed(), reported(), ANNULS_THE_REPORT], Outcome.NO_REPORT, (), None),
}


def result_of(movements, **rest):
    given_rest = {"confirmed": True, "in_review": False, "today": date(2024, 12, 31)} | rest
    return reconcile(movements, fold(movements), **given_rest)


@pytest.mark.parametrize(("movements", "outcome", "fields", "holding"), OUTCOMES.values(), ids=OUTCOMES)
def test_the_two_sources_of_a_record_agree_differ_or_one_is_missing(movements, outcome, fields, holding):
    result = result_of(movements)
    assert (result.outcome, result.fields, result.holding) == (outcome, fields, holding)
    assert result_of(movements[::-1]) == result


NOTHING_LEFT = {
    "nothing at all": [],
    "a 在留届 taken back": [reported(), ANNULS_THE_REPORT],
    "dead, and the 除票 is missing": [reported(), movement(K.DIED, "2022-01-01")],
    "no Japanese any more, and never reported": [
        removed(),
        movement(K.NATIONALITY_LOST, "2022-01-01", source=EX_OFFICIO),
    ],
    "removed ex officio, and the 除票 is missing": [reported(), movement(K.REMOVED_EX_OFFICIO, "2022-01-01")],
    "fell away": [
        removed(),
        reported(),
        movement(K.DOUBLE_REGISTRATION_RESOLVED, "2022-01-01", same_person_as="p2"),
    ],
}


@pytest.mark.parametrize("movements", NOTHING_LEFT.values(), ids=NOTHING_LEFT)
def test_where_nothing_is_left_there_is_nothing_to_say(movements):
    assert result_of(movements) is None


def test_the_sources_of_the_dead_are_held_against_each_other_where_both_are_there():
    died = movement(K.DIED, "2022-01-01")
    assert result_of([removed(), reported(), died]).outcome is Outcome.AGREED
    assert result_of([removed(birth_date=read("1986-03-07")), reported(), died]).outcome is Outcome.DISCREPANT


def test_who_came_home_without_a_report_stays_on_the_radar():
    assert result_of([removed(), TOLD_BY_TOWN_HALL]).outcome is Outcome.NO_REPORT


@pytest.mark.parametrize("movements", [row[0] for row in OUTCOMES.values()], ids=OUTCOMES)
def test_while_people_decide_nothing_else_is_said(movements):
    assert result_of(movements, in_review=True).outcome is Outcome.UNDER_REVIEW


@pytest.mark.parametrize("movements", [row[0] for row in OUTCOMES.values()], ids=OUTCOMES)
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_link_that_waits_for_confirmation_shows_in_every_outcome(movements, confirmed):
    assert result_of(movements, confirmed=confirmed).confirmed is confirmed
    assert result_of(movements, confirmed=confirmed, in_review=True).confirmed is confirmed


PLANTED = ("髙﨑", NUMBER.reveal(), CODE.reveal(), "1985", "千代田")


def test_an_identity_shows_nothing_of_anybody():
    identity = who(individual_number=NUMBER, resident_record_code=CODE)
    candidate = Candidate(person_id="a", identities=(identity,))
    for holder in (identity, candidate, link(identity, [candidate])):
        for shown in (repr(holder), str(holder), pretty_repr(holder)):
            assert not [planted for planted in PLANTED if planted in shown]
