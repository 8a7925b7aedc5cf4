"""Values with safe defaults for tests; every argument that a test does not name is beside its point."""

from datetime import date

from registry.domain.basic_four import AddressAbroad, AddressInJapan, PersonName, Sex
from registry.domain.date_reading import read
from registry.domain.movement import Movement, MovementKind, Source, SourceKind, Statement
from registry.domain.municipality import MunicipalityCode

MISSION = Source(kind=SourceKind.MISSION, code="consulate-general-new-york")
MUNICIPALITY = Source(kind=SourceKind.MUNICIPALITY, code="131016")
EX_OFFICIO = Source(kind=SourceKind.EX_OFFICIO)

HANAKO = PersonName(surname="髙﨑", given="花子", surname_kana="タカサキ", given_kana="ハナコ")
NEW_YORK = AddressAbroad(country="US", subdivision="New York", city="New York", lines=("1 Example Ave",))
CHIYODA = AddressInJapan(municipality=MunicipalityCode.parse("131016"), text="千代田一丁目")


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
