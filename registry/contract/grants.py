"""What a caller is told of its grants, and what the codes in them mean, in Japanese and in English.

- ``GET /v1/grants`` → :class:`GrantsAnswer`

A test holds the words against the codes, so that none is without.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from registry.domain.disclosure import Condition, Item, Mode, SearchKey


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The same words in Japanese and in English."""

    ja: str
    en: str


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a code means."""

    code: str
    label: Label


class GrantEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing the caller may ask or submit: affair, bases, items, searches, of whom, and the days (end exclusive).

    ``ordinance`` names the 条例 on which it rests, if it is no statute. ``may_withhold``: an inquiry may be marked
    ``not_to_be_disclosed``. ``in_force``: today; else it is still to come.
    """

    affair: str
    label: Label
    bases: tuple[str, ...]
    mode: Mode
    items: tuple[Item, ...]
    searches: tuple[SearchKey, ...]
    condition: Condition
    in_force: bool
    valid_from: date
    valid_to: date | None = None
    ordinance: str = ""
    may_withhold: bool = False


class GrantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What will change: on which day something begins to be granted, or is granted no more."""

    on: date
    what: Literal["begins", "ends"]
    affair: str
    mode: Mode
    label: Label


class GrantsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that the caller may ask or submit on a day (the legal date in Japan); what is not listed is refused.

    ``changes`` come in the order of their days. ``words`` explain every code that the grants name.
    """

    body: str
    on: date
    grants: tuple[GrantEntry, ...]
    changes: tuple[GrantChange, ...] = ()
    words: tuple[Word, ...] = ()


_ITEMS = {
    "name": ("氏名", "name"),
    "birth_date": ("出生の年月日", "date of birth"),
    "sex": ("男女の別", "sex"),
    "address_abroad": ("国外の住所", "address abroad"),
    "last_address": ("最終住所地", "last address in Japan"),
    "honseki": ("戸籍の表示(本籍・筆頭者)", "registered domicile (本籍) and its head"),
    "individual_number": ("個人番号", "Individual Number"),
    "mission": ("管轄する在外公館", "mission in charge"),
    "contact": ("連絡先", "contact"),
    "planned_end": ("滞在終了の予定", "planned end of the stay"),
    "status": ("記録の状態", "status of the record"),
}

_SEARCHES = {
    "individual-number": ("個人番号による検索", "search by Individual Number"),
    "resident-record-code": ("住民票コードによる検索", "search by resident record code"),
    "addressee-number": ("宛名番号による検索", "search by the municipality's own 宛名番号"),
    "name-and-birth-date": ("氏名と出生の年月日による検索", "search by name and date of birth"),
    "pseudonym": ("自機関の符号による検索", "search by the body's own pseudonym of the person"),
    "pseudonym-of-another-body": ("他機関の符号による検索", "search by another body's pseudonym of the person"),
}

_MODES = {
    "read": ("値の提供を受ける", "is given the values"),
    "match": ("一致するか否かのみの回答を受ける", "is told whether values agree, and never a value"),
    "write": ("提出する", "submits"),
}

_CONDITIONS = {
    "anyone": ("全ての者について", "of anyone"),
    "former-resident": (
        "最終住所地がその市区町村である者について",
        "of people whose last address in Japan is in this municipality",
    ),
    "own-area": ("その在外公館の管轄区域に住む者について", "of people who live in this mission's area"),
}

GRANT_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(_ITEMS | _SEARCHES | _MODES | _CONDITIONS)
"""Japanese and English words by code."""


def word(code: str) -> Word:
    """Return a code with its words."""
    japanese, english = GRANT_WORDS[code]
    return Word(code=code, label=Label(ja=japanese, en=english))
