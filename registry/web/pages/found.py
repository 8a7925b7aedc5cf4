"""What an answer to an inquiry says to people: each item in words, and each flag with what it means."""

from collections.abc import Mapping
from typing import Any, Final

from registry.contract.grants import GRANT_WORDS
from registry.contract.messages import AnsweredVersion, InquiryAnswer, Items
from registry.domain.basic_four import AddressAbroad, AddressInJapan, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate
from registry.domain.movement import Contact
from registry.domain.resident import Status
from registry.services.resources import Resources, japan_date

Said = tuple[str, str]
"""The same in Japanese and in English."""

STATUSES: Final[Mapping[Status, Said]] = {
    Status.PROVISIONAL: ("国外転出(在留届は未提出)", "Moved abroad; no mission has reported it yet"),
    Status.RESIDENT_ABROAD: ("国外に在留", "Lives abroad"),
    Status.PRESUMED_DEPARTED: ("在留地からの転出を推定", "Presumed to have left the place abroad"),
    Status.RETURNED: ("帰国", "Returned to Japan"),
    Status.DECEASED: ("死亡", "Deceased"),
    Status.NATIONALITY_LOST: ("国籍喪失", "Lost the nationality"),
    Status.MERGED: ("他の記録に統合", "Kept under another record"),
    Status.REMOVED: ("職権消除", "Removed ex officio"),
}
SEXES: Final[Mapping[Sex, Said]] = {
    Sex.MALE: ("男", "male"),
    Sex.FEMALE: ("女", "female"),
    Sex.UNKNOWN: ("空欄", "left blank"),
}
CONTACT: Final[Mapping[str, Said]] = {
    "telephone": ("電話", "Telephone"),
    "mobile": ("携帯電話", "Mobile"),
    "email": ("メール", "E-mail"),
    "emergency": ("緊急連絡先", "In an emergency"),
    "in_japan": ("日本国内の連絡先", "In Japan"),
}


def words_of(answer: InquiryAnswer, resources: Resources, language: str) -> dict[str, Any]:
    """Return an answer as a page shows it."""
    index = 0 if language == "ja" else 1
    return {
        "outcome": str(answer.outcome),
        "known_on": japan_date(answer.known_at),
        "inquiry_id": answer.inquiry_id,
        "deciding": [GRANT_WORDS[one][index] for one in answer.deciding_keys],
        "versions": [_version(one, resources, index) for one in answer.versions],
    }


def _version(version: AnsweredVersion, resources: Resources, index: int) -> dict[str, Any]:
    flags = version.flags
    disputed = set(flags.under_reconciliation)
    return {
        "possibly": version.holds is not Answer.YES,
        "items": [
            (GRANT_WORDS[name][index], lines_of(getattr(version.items, name), resources, index), name in disputed)
            for name in Items.__struct_fields__
            if getattr(version.items, name) is not None and name in GRANT_WORDS
        ],
        "unconfirmed": flags.unconfirmed,
        "presumed_departed": flags.presumed_departed,
        "last_confirmed": flags.last_confirmed,
    }


def lines_of(value: object, resources: Resources, index: int) -> list[str]:
    """Return the lines of a value, ``index`` 0 in Japanese and 1 in English."""
    lines: tuple[str, ...]
    match value:
        case PersonName():
            kana = f"{value.surname_kana} {value.given_kana}"
            lines = (f"{value.surname} {value.given}", kana, f"{value.surname_latin} {value.given_latin}")
        case IncompleteDate():
            lines = (value.text,)
        case Sex():
            lines = (SEXES[value][index],)
        case Status():
            lines = (STATUSES[value][index],)
        case AddressAbroad():
            lines = (
                *value.lines,
                f"{value.city} {value.subdivision} {value.postcode}",
                _country(value, resources, index),
            )
        case AddressInJapan():
            lines = (*_municipality(value, resources), value.text)
        case Honseki():
            lines = (value.text, value.head)
        case Contact():
            lines = tuple(
                f"{words[index]}: {getattr(value, name)}" for name, words in CONTACT.items() if getattr(value, name)
            )
        case _:
            mission = resources.missions.find(str(value))
            lines = (str(value) if mission is None else mission.name_on(japan_date(resources.clock())) or str(value),)
    return [line.strip() for line in lines if line.strip()]


def _country(address: AddressAbroad, resources: Resources, index: int) -> str:
    country = resources.codes.countries.get(str(address.country))
    return str(address.country) if country is None else (country.name_ja, country.name_en)[index]


def _municipality(address: AddressInJapan, resources: Resources) -> tuple[str, ...]:
    """Return the newest name under the code: when the address was written, nobody says here."""
    newest = resources.municipalities.history(address.municipality)[-1:]
    return tuple(one.prefecture + one.name for one in newest) or (str(address.municipality),)
