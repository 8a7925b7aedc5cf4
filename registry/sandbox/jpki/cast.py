"""Who of the sandbox has a card: the people of the sample reports, as their certificates name them.

All of them filed a 国外転出届 or are taken for having done so, and so their certificates name no address.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from registry.domain.basic_four import Sex
from registry.domain.certified_identity import ERA_DIGITS, MOVED_ABROAD, SEXES
from registry.domain.date_reading import ERAS, read
from registry.domain.dates import IncompleteDate
from registry.domain.errors import InvalidInput
from registry.sandbox.jpki.certificates import HolderTexts

SAMPLES: Final = Path(__file__).parents[1] / "samples"
FOLDERS: Final = ("reports", "reports-sao-paulo")
_SEX_DIGITS: Final[Mapping[Sex, str]] = {sex: digit for digit, sex in SEXES.items()}


@cache
def cast() -> Mapping[str, HolderTexts]:
    """Return who may have a card, by names such as ``takasaki-hanako``; the first report of each tells who it is."""
    found: dict[str, HolderTexts] = {}
    for person in _people():
        who = f"{person['name']['surname_latin']}-{person['name']['given_latin']}".lower()
        if who not in found and (holder := _holder(person)) is not None:
            found[who] = holder
    return found


def _people() -> Iterator[dict[str, Any]]:
    for folder in FOLDERS:
        for path in sorted((SAMPLES / folder).glob("*-zairyu-*.json")):
            report = json.loads(path.read_text(encoding="utf-8"))
            yield from (one for one in report["people"] if one["nationality"] == "JP")


def _holder(person: dict[str, Any]) -> HolderTexts | None:
    """Return the otherNames of a person; None where the date of birth cannot be written as certificates do."""
    name = f"{person['name']['surname']}\u3000{person['name']['given']}"
    try:
        birth_date = written(read(person["birth_date"]))
    except (InvalidInput, ValueError):
        return None
    return HolderTexts(
        name=name,
        name_substitutes="0" * len(name),
        sex=_SEX_DIGITS[Sex(person["sex"])],
        birth_date=birth_date,
        address=MOVED_ABROAD,
        address_substitutes="0" * len(MOVED_ABROAD),
    )


def written(birth_date: IncompleteDate) -> str:
    """Write a date as certificates do, EYYYYMMDD; raises ValueError for one of which not even the year is known."""
    digits = birth_date.iso().replace("-", "")
    if birth_date.iso().count("-") != len(("year", "month", "day")) - 1 or digits.startswith("0000"):
        raise ValueError("a certificate writes a day, a month or a year")
    return f"{_era_digit(birth_date.earliest)}{digits}"


def _era_digit(day: date) -> str:
    return ERA_DIGITS[next(era.name for era in reversed(ERAS) if era.first <= day)]
