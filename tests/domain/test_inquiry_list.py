"""除票の照会: when a 除票 is asked for, whom, what they are told, and who fits."""

from datetime import date

import pytest
from rich.pretty import pretty_repr

from registry.domain.basic_four import PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.inquiry_list import (
    Sought,
    calls_for_a_question,
    fits,
    may_be_one,
    sought,
    whom_to_ask,
)
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable
from registry.domain.question import Finding
from registry.domain.reconciliation import Identity, Outcome, Result
from registry.domain.removed_record import Holding, Reason
from tests.builders import CODE, HANAKO, HONSEKI, NUMBER, OTHER_NUMBER, line, removed_record

BIRTH = read("1985-03-07")
WHOLE = Identity(
    name=HANAKO,
    birth_date=BIRTH,
    sex=Sex.FEMALE,
    honseki=HONSEKI,
    individual_number=NUMBER,
    resident_record_code=CODE,
)
WHO = Sought(name=HANAKO, birth_date=BIRTH, sex=Sex.FEMALE)

# --------------------------------------------------------------------------------------------- when

MISSING = Outcome.NO_REMOVED_RECORD
RESULTS = {
    "it can be held": (Result(outcome=MISSING, holding=Holding.HELD), True),
    "nobody can say whether it can": (Result(outcome=MISSING, holding=Holding.UNCERTAIN), True),
    "it can be held no longer": (Result(outcome=MISSING, holding=Holding.NOT_HELD_EXPIRED), False),
    "born abroad, there never was one": (Result(outcome=MISSING), False),
    "people decide": (Result(outcome=Outcome.UNDER_REVIEW, holding=Holding.HELD), False),
    "it came": (Result(outcome=Outcome.AGREED), False),
    "nothing is left of the record": (None, False),
}


@pytest.mark.parametrize(("result", "asks"), RESULTS.values(), ids=RESULTS)
def test_a_removed_record_is_asked_for_when_it_is_missing_and_can_be_held(result, asks):
    assert calls_for_a_question(result) is asks


# ---------------------------------------------------------------------------------------- about whom


def test_a_question_tells_name_reading_birth_and_sex_and_never_a_number():
    told = sought(WHOLE)
    assert told == WHO
    assert told.addressee_number is None
    assert not {"individual_number", "resident_record_code", "honseki"} & set(Sought.__struct_fields__)


def test_what_a_ledger_of_japan_does_not_have_is_not_told():
    name = PersonName(surname="髙﨑", given="花子", surname_latin="TAKASAKI", given_latin="HANAKO", former_surname="岡")
    assert sought(Identity(name=name, birth_date=BIRTH)).name == PersonName(surname="髙﨑", given="花子")


THIN = {
    "no name": {"name": None},
    "a name in Latin letters only": {"name": PersonName(surname_latin="TAKASAKI", given_latin="HANAKO")},
    "no date of birth": {"birth_date": None},
}


@pytest.mark.parametrize("fields", THIN.values(), ids=THIN)
def test_nobody_is_asked_about_who_cannot_be_looked_up(fields):
    assert sought(Identity(**({"name": HANAKO, "birth_date": BIRTH} | fields))) is None


def test_a_question_shows_nobody_in_a_log_line():
    assert "髙﨑" not in repr(WHO) + pretty_repr(WHO)


# --------------------------------------------------------------------------------------------- whom

LEFT, TODAY = date(2015, 6, 1), date(2024, 12, 31)
CITY, WARD, MERGED, SPLIT, HEIR, OTHER_HEIR = map(
    MunicipalityCode.parse, ("141003", "141011", "012050", "131016", "472018", "012131")
)
UNKNOWN = MunicipalityCode.parse("271004")


def municipality(code, **fields):
    return Municipality(code=code, prefecture="", name="x", **fields)


TABLE = MunicipalityTable(
    [
        municipality(CITY),
        municipality(WARD, city=CITY),
        municipality(HEIR),
        municipality(OTHER_HEIR),
        municipality(MERGED, valid_to=date(2020, 4, 1), successors=(HEIR,)),
        municipality(SPLIT, valid_to=date(2020, 4, 1), successors=(HEIR, OTHER_HEIR)),
    ]
)
F = Finding
ROUTES = {
    "it stands": (HEIR, {}, HEIR),
    "nobody else while it is at it": (SPLIT, {OTHER_HEIR: F.NO_ANSWER_YET}, None),
    "merged: whoever keeps its records": (MERGED, {}, HEIR),
    "split: one after the other": (SPLIT, {}, OTHER_HEIR),
    "split: the next where the first holds nothing": (SPLIT, {OTHER_HEIR: F.NOT_HELD}, HEIR),
    "split: not the next where the first has several": (SPLIT, {OTHER_HEIR: F.AMBIGUOUS}, None),
    "each once": (SPLIT, {OTHER_HEIR: F.NOT_HELD, HEIR: F.NOT_HELD}, None),
    "a ward before its city": (WARD, {}, WARD),
    "then the city": (WARD, {WARD: F.NOT_HELD}, CITY),
    "nobody where the code is unknown": (UNKNOWN, {}, None),
}


@pytest.mark.parametrize(("last", "asked", "whom"), ROUTES.values(), ids=ROUTES)
def test_whoever_keeps_the_records_of_the_last_municipality_is_asked(last, asked, whom):
    said = {str(code): finding for code, finding in asked.items()}
    assert whom_to_ask(last, LEFT, TABLE, TODAY, said) == (None if whom is None else str(whom))


# --------------------------------------------------------------------------------------------- who fits

MARRIED = PersonName(surname="山田", given="花子")
RECORDS = {
    "the very person": (removed_record(), True),
    "in another spelling": (removed_record(line(1, name=PersonName(surname="高崎", given="花子"))), True),
    "under her name of then, married since": (removed_record(line(1, Reason.BORN), line(2, name=MARRIED)), True),
    "the month of birth alone": (removed_record(line(1, birth_date=read("昭和60年3月日不詳"))), True),
    "sex left blank": (removed_record(line(1, sex=Sex.UNKNOWN)), True),
    "another name": (removed_record(line(1, name=MARRIED)), False),
    "another day of birth": (removed_record(line(1, birth_date=read("1985-03-08"))), False),
    "another sex": (removed_record(line(1, sex=Sex.MALE)), False),
}


@pytest.mark.parametrize(("record", "expected"), RECORDS.values(), ids=RECORDS)
def test_who_fits_has_that_name_and_day_of_birth(record, expected):
    assert fits(WHO, record) is expected


def test_an_addressee_number_decides_alone():
    record = removed_record(line(1, name=MARRIED))
    assert fits(Sought(addressee_number=record.addressee_number), record)
    assert not fits(Sought(addressee_number="7654321"), record)


def test_a_question_about_nobody_fits_nobody():
    assert not fits(Sought(), removed_record())


NUMBERS = {
    "neither has one": (None, [None], True),
    "only the 除票 has one": (NUMBER, [None], True),
    "only the record has one": (None, [NUMBER], True),
    "the same": (NUMBER, [NUMBER], True),
    "one that the record had before": (NUMBER, [OTHER_NUMBER, NUMBER], True),
    "another": (NUMBER, [OTHER_NUMBER], False),
}


@pytest.mark.parametrize(("offered", "known", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_two_numbers_are_two_people(offered, known, expected):
    of_the_record = [Identity(name=HANAKO, individual_number=number) for number in known]
    assert may_be_one(Identity(name=HANAKO, individual_number=offered), of_the_record) is expected
