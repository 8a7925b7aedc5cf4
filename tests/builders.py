"""Values with safe defaults for tests; every argument that a test does not name is beside its point."""

from datetime import date

from registry.domain.basic_four import AddressAbroad, AddressInJapan, Honseki, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.mission import ConsularArea, Mission, MissionKind, MissionName, MissionTable
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.municipality import Municipality, MunicipalityCode, MunicipalityTable
from registry.domain.numbers import IndividualNumber, ResidentRecordCode
from registry.domain.removed_record import HistoryLine, Reason, RemovedRecord
from registry.domain.residence_report import ReportedPerson, ReportKind, ResidenceReport

MISSION = Source(kind=SourceKind.MISSION, code="consulate-general-new-york")
MUNICIPALITY = Source(kind=SourceKind.MUNICIPALITY, code="131016")
EX_OFFICIO = Source(kind=SourceKind.EX_OFFICIO)

HANAKO = PersonName(surname="髙﨑", given="花子", surname_kana="タカサキ", given_kana="ハナコ")
NEW_YORK = AddressAbroad(country="US", subdivision="New York", city="New York", lines=("1 Example Ave",))
CHIYODA = AddressInJapan(municipality=MunicipalityCode.parse("131016"), text="千代田一丁目")
HONSEKI = Honseki(text="東京都千代田区千代田一丁目1番")
NUMBER, OTHER_NUMBER = IndividualNumber.parse("123456789018"), IndividualNumber.parse("621498320257")
CODE, OTHER_CODE = ResidentRecordCode.parse("12345678938"), ResidentRecordCode.parse("24727059608")


def _mission(code, country, place, **rest):
    names = (MissionName(name=code),)
    return Mission(code=code, kind=MissionKind.CONSULATE_GENERAL, names=names, country=country, place=place, **rest)


MISSIONS = MissionTable(
    [
        _mission(MISSION.code, "US", "New York"),
        _mission("consulate-general-boston", "US", "Boston"),
        _mission("embassy-paris", "FR", "Paris"),
        _mission("short-lived", "BR", "Belém", opened=date(2015, 4, 1), closed=date(2020, 4, 1)),
    ],
    [
        ConsularArea(mission=MISSION.code, country="US", subdivision="New York"),
        ConsularArea(mission="consulate-general-boston", country="US", subdivision="Massachusetts"),
        ConsularArea(mission="embassy-paris", country="FR"),
        ConsularArea(mission="short-lived", country="BR"),
    ],
)
MUNICIPALITIES = MunicipalityTable(
    [Municipality(code=CHIYODA.municipality, prefecture="東京都", name="千代田区", valid_from=date(1947, 3, 15))]
)


def statement(**fields):
    defaults = {
        "name": HANAKO,
        "birth_date": read("1985-03-07"),
        "sex": Sex.FEMALE,
        "address_abroad": NEW_YORK,
        "last_address": CHIYODA,
        "mission": MISSION.code,
    }
    return Statement(**(defaults | fields))


def movement(kind=MovementKind.RESIDENCE_REPORTED, effective="2020-04-01", **fields):
    """A movement of ``kind`` on ``effective`` (any text that the domain reads)."""
    effective = read(effective) if isinstance(effective, str) else effective
    defaults = {
        "movement_id": f"{kind}-{effective.text}",
        "submission_id": f"s-{kind}-{effective.text}",
        "notified_on": date(2024, 12, 31),
        "source": MISSION,
        "statement": Statement(),
    }
    return Movement(kind=kind, effective=effective, **(defaults | fields))


def person(**fields):
    """A member of a household, as a report names them."""
    defaults = {"name": HANAKO, "birth_date": read("1985-03-07"), "sex": Sex.FEMALE, "honseki": HONSEKI}
    return ReportedPerson(**(defaults | fields))


def report(kind=ReportKind.RESIDENCE, effective="2024-04-01", **fields):
    """A report to the consulate-general in New York, filed on the day it speaks of; ``people`` default to one."""
    effective = read(effective)
    defaults = {
        "mission": MISSION.code,
        "notified_on": effective.earliest,
        "people": (person(),),
        "address_abroad": NEW_YORK if kind is ReportKind.RESIDENCE else None,
    }
    return ResidenceReport(kind=kind, effective=effective, **(defaults | fields))


def line(history_number, reason=Reason.MOVED_ABROAD, effective="2020-03-31", **fields):
    """A line of a municipal history."""
    effective = read(effective)
    defaults = {
        "notified_on": effective.earliest,
        "name": HANAKO,
        "birth_date": read("1985-03-07"),
        "sex": Sex.FEMALE,
        "address": CHIYODA,
        "honseki": HONSEKI,
    }
    return HistoryLine(history_number=history_number, reason=reason, effective=effective, **(defaults | fields))


def removed_record(*lines):
    """The history of one person at 千代田区; by default the 国外転出 alone."""
    return RemovedRecord(municipality=CHIYODA.municipality, addressee_number="1234567", lines=lines or (line(1),))
