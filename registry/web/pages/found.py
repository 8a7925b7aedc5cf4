"""What an answer to an inquiry says to people: each item in words, and each flag with what it means."""

from collections.abc import Mapping
from typing import Any, Final

from registry.contract.grants import GRANT_WORDS
from registry.contract.messages import AnsweredVersion, InquiryAnswer, Items
from registry.domain.basic_four import AddressAbroad, AddressInJapan, Honseki, PersonName, Sex
from registry.domain.dates import Answer, IncompleteDate
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
            (GRANT_WORDS[name][index], _text(getattr(version.items, name), resources, index), name in disputed)
            for name in Items.__struct_fields__
            if getattr(version.items, name) is not None and name in GRANT_WORDS
        ],
        "unconfirmed": flags.unconfirmed,
        "presumed_departed": flags.presumed_departed,
        "last_confirmed": flags.last_confirmed,
    }


def _text(value: object, resources: Resources, index: int) -> list[str]:
    """Return the lines of a value."""
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
            lines = (*value.lines, f"{value.city} {value.subdivision} {value.postcode}", str(value.country))
        case AddressInJapan():
            lines = (str(value.municipality), value.text)
        case Honseki():
            lines = (value.text, value.head)
        case _:
            mission = resources.missions.find(str(value))
            lines = (str(value) if mission is None else mission.name_on(japan_date(resources.clock())) or str(value),)
    return [line.strip() for line in lines if line.strip()]
