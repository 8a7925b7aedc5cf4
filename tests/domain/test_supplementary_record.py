"""戸籍の附票: when it is asked, whom, about whom, and what an answer proves."""

from datetime import date

import pytest
from rich.pretty import pretty_repr

from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.dates import Answer
from registry.domain.errors import FaultCode, Faults
from registry.domain.movement import MovementKind, SourceKind
from registry.domain.movement import check as check_movement
from registry.domain.question import J_LIS, Finding
from registry.domain.reconciliation import CONFIRMED, Candidate, Identity, LinkMethod, Outcome, Result, link
from registry.domain.removed_record import Holding
from registry.domain.supplementary_record import (
    Subject,
    SupplementaryRecord,
    calls_for_a_question,
    check,
    identity_of,
    movement,
    number_can_exist,
    subject,
    whom_to_ask,
)
from tests.builders import CHIYODA, CODE, HANAKO, HONSEKI, NUMBER, OTHER_NUMBER

TODAY = date(2024, 12, 31)
BIRTH = read("1985-03-07")
OF_CHIYODA = Honseki(text=HONSEKI.text, municipality=CHIYODA.municipality)
WHOLE = Identity(name=HANAKO, birth_date=BIRTH, sex=Sex.FEMALE, honseki=HONSEKI, individual_number=NUMBER)
WHO = Subject(name=HANAKO, birth_date=BIRTH, honseki=OF_CHIYODA)


def record(**fields):
    defaults = {
        "name": HANAKO,
        "birth_date": BIRTH,
        "sex": Sex.FEMALE,
        "honseki": HONSEKI,
        "planned_departure": read("2018-05-01"),
    }
    return SupplementaryRecord(**(defaults | fields))


# --------------------------------------------------------------------------------------------- when

EXPIRED = Holding.NOT_HELD_EXPIRED
RESULTS = {
    "the 除票 can be held no longer": (Result(outcome=Outcome.NO_REMOVED_RECORD, holding=EXPIRED), True),
    "it can still be held": (Result(outcome=Outcome.NO_REMOVED_RECORD, holding=Holding.HELD), False),
    "nobody can say whether": (Result(outcome=Outcome.NO_REMOVED_RECORD, holding=Holding.UNCERTAIN), False),
    "born abroad, there never was one": (Result(outcome=Outcome.NO_REMOVED_RECORD), False),
    "people decide": (Result(outcome=Outcome.UNDER_REVIEW, holding=EXPIRED), False),
    "it came": (Result(outcome=Outcome.AGREED), False),
    "nothing is left of the record": (None, False),
}


@pytest.mark.parametrize(("result", "asks"), RESULTS.values(), ids=RESULTS)
def test_the_supplementary_record_is_asked_when_no_removed_record_can_be_held(result, asks):
    assert calls_for_a_question(result) is asks


def test_it_is_asked_as_well_when_the_last_municipality_does_not_hold_it():
    missing = Result(outcome=Outcome.NO_REMOVED_RECORD, holding=Holding.HELD)
    assert calls_for_a_question(missing, not_held=True)
    assert not calls_for_a_question(Result(outcome=Outcome.AGREED), not_held=True)


# ---------------------------------------------------------------------------------------- about whom


def test_a_number_is_told_only_where_every_link_is_confirmed():
    told, withheld = (subject(WHOLE, confirmed=confirmed) for confirmed in (True, False))
    assert (told.individual_number, withheld.individual_number) == (NUMBER, None)
    assert (withheld.name, withheld.honseki) == (HANAKO, HONSEKI)


def identity(**fields):
    return Identity(**({"name": HANAKO, "birth_date": BIRTH, "honseki": HONSEKI} | fields))


THIN = {
    "no name": (identity(name=None), False),
    "a blank name": (identity(name=PersonName()), False),
    "no date of birth": (identity(birth_date=None), False),
    "no 本籍": (identity(honseki=None), False),
    "a 本籍 that is not known": (identity(honseki=Honseki(text="不詳")), False),
    "an incomplete date of birth": (identity(birth_date=read("昭和60年3月日不詳")), False),
    "no 本籍, but a number": (identity(honseki=None, individual_number=NUMBER), True),
    "no 本籍, but a code": (identity(honseki=None, resident_record_code=CODE), True),
    "all of it": (identity(), True),
}


@pytest.mark.parametrize(("known", "asks"), THIN.values(), ids=THIN)
def test_nobody_is_asked_about_who_could_be_several_people(known, asks):
    assert (subject(known, confirmed=True) is not None) is asks


def test_an_unconfirmed_number_does_not_make_up_for_the_honseki():
    assert subject(identity(honseki=None, individual_number=NUMBER), confirmed=False) is None


# --------------------------------------------------------------------------------------------- whom

F = Finding
ROUTES = {
    "J-LIS comes first": (WHO, {}, J_LIS),
    "nobody else while it is at it": (WHO, {J_LIS: F.NO_ANSWER_YET}, None),
    "nobody once it has found": (WHO, {J_LIS: F.FOUND}, None),
    "the 本籍 where it has nothing": (WHO, {J_LIS: F.NOT_IN_SUPPLEMENTARY_RECORD}, "131016"),
    "the 本籍 where it has several": (WHO, {J_LIS: F.AMBIGUOUS}, "131016"),
    "nobody about who lives in Japan": (WHO, {J_LIS: F.NOT_MOVED_ABROAD}, None),
    "nobody where people have to ask": (WHO, {J_LIS: F.IMPLAUSIBLE}, None),
    "nobody where the 除票 came": (WHO, {J_LIS: F.OVERTAKEN}, None),
    "each of them once": (WHO, {J_LIS: F.AMBIGUOUS, "131016": F.NOT_IN_SUPPLEMENTARY_RECORD}, None),
    "nobody where the 本籍 has no code": (
        Subject(name=HANAKO, birth_date=BIRTH, honseki=HONSEKI),
        {J_LIS: F.AMBIGUOUS},
        None,
    ),
    "nobody where there is no 本籍": (Subject(name=HANAKO, birth_date=BIRTH), {J_LIS: F.AMBIGUOUS}, None),
}


@pytest.mark.parametrize(("who", "asked", "whom"), ROUTES.values(), ids=ROUTES)
def test_one_source_is_asked_after_the_other(who, asked, whom):
    assert whom_to_ask(who, asked) == whom


# ------------------------------------------------------------------------------------------- answers

DEPARTURES = {
    "2015-10-04": Answer.NO,
    "2015-10-05": Answer.YES,
    "2015-10-00": Answer.POSSIBLY,
    "2010-01-01": Answer.NO,
    "2020-00-00": Answer.YES,
    "年月日不詳": Answer.POSSIBLY,
}


@pytest.mark.parametrize(("departure", "answer"), DEPARTURES.items(), ids=DEPARTURES)
def test_who_left_before_numbers_began_has_none(departure, answer):
    assert number_can_exist(read(departure)) is answer


ANSWERS = {
    "all in order": (record(individual_number=NUMBER), []),
    "no number, left long ago": (record(planned_departure=read("2010-04-01")), []),
    "a number, left long ago": (
        record(planned_departure=read("2010-04-01"), individual_number=NUMBER),
        [(FaultCode.NOT_ALLOWED_HERE, "/individual_number")],
    ),
    "a number, left in October 2015": (
        record(planned_departure=read("2015-10-00"), individual_number=NUMBER),
        [],
    ),
    "no name, born tomorrow, left before": (
        record(name=PersonName(), birth_date=read("2025-01-01")),
        [
            (FaultCode.NAME_MISSING, "/name"),
            (FaultCode.DATE_IN_THE_FUTURE, "/birth_date"),
            (FaultCode.DATE_BEFORE_BIRTH, "/planned_departure"),
        ],
    ),
}


@pytest.mark.parametrize(("answer", "found"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_held_against_the_rules(answer, found):
    assert [(fault.code, fault.pointer) for fault in check(answer, TODAY).errors] == found


SOURCES = {"j-lis": (J_LIS, SourceKind.J_LIS, ""), "本籍": ("131016", SourceKind.MUNICIPALITY, "131016")}


@pytest.mark.parametrize(("asked_of", "kind", "code"), SOURCES.values(), ids=SOURCES)
def test_an_answer_makes_a_departure_of_whoever_was_asked(asked_of, kind, code):
    made = movement(record(individual_number=NUMBER), "s", asked_of, TODAY)
    assert (made.kind, made.source.kind, made.source.code) == (MovementKind.MOVED_ABROAD, kind, code)
    assert (made.effective, made.notified_on) == (read("2018-05-01"), TODAY)
    faults = Faults()
    check_movement(made, frozenset(), faults)
    assert faults.errors == ()


def test_the_supplementary_record_says_nothing_of_an_address_abroad():
    full = record(last_address=CHIYODA, individual_number=NUMBER, resident_record_code=CODE)
    stated = movement(full, "s", J_LIS, TODAY).statement.stated
    assert stated == {
        "name",
        "birth_date",
        "sex",
        "honseki",
        "last_address",
        "individual_number",
        "resident_record_code",
    }


def test_an_unknown_sex_is_not_stated():
    assert "sex" not in movement(record(sex=Sex.UNKNOWN), "s", J_LIS, TODAY).statement.stated


LINKS = {
    "by the number": (WHOLE, record(individual_number=NUMBER), LinkMethod.INDIVIDUAL_NUMBER),
    "by the code": (
        identity(resident_record_code=CODE),
        record(resident_record_code=CODE),
        LinkMethod.RESIDENT_RECORD_CODE,
    ),
    "by 4情報 and 本籍, though a number comes along": (
        identity(sex=Sex.FEMALE),
        record(individual_number=NUMBER),
        LinkMethod.EXACT_BASIC_FOUR,
    ),
    "by nothing: another number": (WHOLE, record(individual_number=OTHER_NUMBER), LinkMethod.OPENED),
}


@pytest.mark.parametrize(("held", "answer", "method"), LINKS.values(), ids=LINKS)
def test_only_a_number_or_code_that_the_record_has_confirms_an_answer(held, answer, method):
    made = link(identity_of(answer), [Candidate(person_id="p", identities=(held,))])
    assert made.method is method
    if method is LinkMethod.EXACT_BASIC_FOUR:
        assert method not in CONFIRMED
        assert not made.is_confirmed


@pytest.mark.parametrize("show", [repr, str, pretty_repr], ids=["repr", "str", "rich"])
@pytest.mark.parametrize("holder", [record(individual_number=NUMBER), WHO], ids=["record", "subject"])
def test_nothing_personal_shows(holder, show):
    assert not [one for one in (NUMBER.reveal(), "花子", "1985", "千代田") if one in show(holder)]
