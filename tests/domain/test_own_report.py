"""本人の電子届出: what somebody may sign for themselves, and whose record a card has."""

from datetime import date

import msgspec
import pytest

from registry.contract.decoding import decode, encode
from registry.domain import own_report
from registry.domain.basic_four import Honseki, PersonName, Sex
from registry.domain.certified_identity import AddressForm, CertifiedIdentity
from registry.domain.date_reading import read
from registry.domain.errors import FaultCode, Faults, InvalidInput, NotPermitted
from registry.domain.reconciliation import CONFIRMED, Identity, Link, LinkMethod
from registry.domain.residence_report import ReportedPerson, ReportKind, ResidenceReport

TODAY = date(2024, 12, 31)
BIRTH = read("1979-11-23")
HANAKO = ReportedPerson(
    name=PersonName(surname="髙﨑", given="花子"),
    birth_date=BIRTH,
    sex=Sex.FEMALE,
    honseki=Honseki(text="東京都千代田区鍛冶町七丁目２番"),
)
CARD = CertifiedIdentity(name="髙﨑\u3000花子", sex=Sex.FEMALE, birth_date=BIRTH, address_form=AddressForm.MOVED_ABROAD)
OWN = ResidenceReport(
    kind=ReportKind.CHANGE, mission="JP-CG-NEW-YORK", effective=BIRTH, notified_on=TODAY, people=(HANAKO,)
)


def found(report):
    faults = Faults()
    own_report.check(report, TODAY, faults)
    return {(one.pointer, one.code) for one in faults.errors}


@pytest.mark.parametrize("notified_on", [TODAY, date(2024, 12, 30)], ids=["today", "across the date line"])
@pytest.mark.parametrize("kind", [ReportKind.RESIDENCE, ReportKind.CHANGE])
def test_a_report_of_oneself_of_today_is_one_s_own(kind, notified_on):
    assert found(msgspec.structs.replace(OWN, kind=kind, notified_on=notified_on)) == set()


@pytest.mark.parametrize("kind", sorted(set(ReportKind) - own_report.KINDS))
def test_what_others_see_as_well_is_not_reported_by_oneself(kind):
    assert found(msgspec.structs.replace(OWN, kind=kind)) == {("/kind", FaultCode.NOT_ALLOWED_HERE)}


@pytest.mark.parametrize("notified_on", [date(2024, 12, 29), date(2025, 1, 1)], ids=["earlier", "tomorrow"])
def test_it_bears_the_day_of_signing(notified_on):
    assert found(msgspec.structs.replace(OWN, notified_on=notified_on)) == {("/notified_on", FaultCode.OUT_OF_RANGE)}


def test_every_fault_comes_out_at_once():
    other = decode(encode(HANAKO), ReportedPerson)
    everything = msgspec.structs.replace(
        OWN,
        kind=ReportKind.RETURN,
        replaces="report-1",
        people=(msgspec.structs.replace(HANAKO, sex=Sex.UNKNOWN, born_abroad=True), other),
    )
    assert {pointer for pointer, _ in found(everything)} == {
        "/kind",
        "/replaces",
        "/people",
        "/people/0/sex",
        "/people/0/born_abroad",
    }


SIGNERS = {
    "her own": ({}, True),
    "an older spelling of her name": ({"name": "高崎\u3000花子"}, True),
    "another given name": ({"name": "髙﨑\u3000花代"}, False),
    "another day of birth": ({"birth_date": read("1979-11-24")}, False),
    "a day of birth of which the day is unknown": ({"birth_date": read("1979-11")}, False),
    "another sex": ({"sex": Sex.MALE}, False),
    "no sex": ({"sex": Sex.UNKNOWN}, False),
}


@pytest.mark.parametrize(("changed", "is_hers"), SIGNERS.values(), ids=SIGNERS)
def test_who_signs_is_whom_the_report_is_about(changed, is_hers):
    card = msgspec.structs.replace(CARD, **changed)
    if is_hers:
        own_report.demand_signer(card, HANAKO)
        return
    with pytest.raises(NotPermitted) as refused:
        own_report.demand_signer(card, HANAKO)
    assert [(one.pointer, one.code) for one in refused.value.faults] == [("/people/0", FaultCode.SIGNER_NOT_SUBJECT)]


HERS = Identity(name=HANAKO.name, birth_date=BIRTH, sex=Sex.FEMALE)
KNOWN = {
    "as it is now": ((HERS,), True),
    "under an earlier name besides": ((msgspec.structs.replace(HERS, name=PersonName(surname="山田")), HERS), True),
    "sex not stated": ((msgspec.structs.replace(HERS, sex=None),), True),
    "under an earlier name alone": ((msgspec.structs.replace(HERS, name=PersonName(surname="山田")),), False),
    "another sex": ((msgspec.structs.replace(HERS, sex=Sex.MALE),), False),
    "a birth date with an open day": ((msgspec.structs.replace(HERS, birth_date=read("1979-11")),), False),
    "no name": ((msgspec.structs.replace(HERS, name=None),), False),
    "nobody's": ((), False),
}


@pytest.mark.parametrize(("known", "is_hers"), KNOWN.values(), ids=KNOWN)
def test_the_record_of_an_account_is_still_that_of_the_person(known, is_hers):
    if is_hers:
        own_report.demand_own(HERS, known)
        return
    with pytest.raises(NotPermitted):
        own_report.demand_own(HERS, known)


def test_all_four_items_and_a_card_make_a_confirmed_link():
    by_four = Link(method=LinkMethod.EXACT_BASIC_FOUR, person_id="record")
    link = own_report.joined(by_four, OWN)
    assert (link.method, link.person_id, link.is_confirmed) == (LinkMethod.JPKI, "record", True)
    assert not by_four.is_confirmed
    assert LinkMethod.JPKI in CONFIRMED


def test_a_residence_report_opens_a_record_and_a_change_needs_one():
    nobody = Link(method=LinkMethod.OPENED)
    assert own_report.joined(nobody, msgspec.structs.replace(OWN, kind=ReportKind.RESIDENCE)) == nobody
    with pytest.raises(InvalidInput):
        own_report.joined(nobody, OWN)


def test_where_two_records_fit_neither_is_the_signer_s():
    either = Link(method=LinkMethod.OPENED, rivals=("one", "other"))
    for kind in own_report.KINDS:
        with pytest.raises(InvalidInput) as refused:
            own_report.joined(either, msgspec.structs.replace(OWN, kind=kind))
        assert [one.code for one in refused.value.faults] == [FaultCode.OWN_RECORD_UNCLEAR]


@pytest.mark.parametrize("honseki", [None, Honseki(text="不詳")], ids=["not stated", "unknown"])
def test_without_a_record_the_honseki_tells_namesakes_apart(honseki):
    with pytest.raises(InvalidInput):
        own_report.demand_honseki(msgspec.structs.replace(HANAKO, honseki=honseki))
    own_report.demand_honseki(HANAKO)
