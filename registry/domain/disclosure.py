"""提供の可否 — who may ask what, about whom, for which affair: deny by default.

Providing a 個人番号 is forbidden unless 番号法19条 lists the case; 本人確認情報 fall under 住基法 as well. So every
inquiry names the body, the affair (事務), the legal basis, the items and the way of searching, and is held against a
versioned table of grants. What no row grants is refused, each item and each search key by itself.

A body is an **executive organ**: another organ of the same municipality is another body. The answer is built field by
field from the grant, never from the record.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

from registry.domain.errors import Fault, FaultCode, NotPermitted


class BodyKind(StrEnum):
    """The kinds of executive organs that may be granted anything."""

    PENSION_OFFICE = "pension-office"
    TAX_OFFICE = "tax-office"
    MUNICIPALITY = "municipality"
    MISSION = "mission"


class Item(StrEnum):
    """The items that an answer can hold; the closed list of what leaves the registry."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    ADDRESS_ABROAD = "address_abroad"
    LAST_ADDRESS = "last_address"
    HONSEKI = "honseki"
    INDIVIDUAL_NUMBER = "individual_number"
    MISSION = "mission"
    CONTACT = "contact"
    PLANNED_END = "planned_end"
    STATUS = "status"


class SearchKey(StrEnum):
    """The closed list of ways to search."""

    INDIVIDUAL_NUMBER = "individual-number"
    RESIDENT_RECORD_CODE = "resident-record-code"
    ADDRESSEE_NUMBER = "addressee-number"
    NAME_AND_BIRTH_DATE = "name-and-birth-date"
    PSEUDONYM = "pseudonym"
    """By what an answer to the same body called the person before."""
    PSEUDONYM_OF_ANOTHER_BODY = "pseudonym-of-another-body"
    """By what another body calls the person: only the registry can turn the one into the other."""


class Mode(StrEnum):
    """READ gives the value; MATCH only says whether a given value is the one on record."""

    READ = "read"
    MATCH = "match"


class Condition(StrEnum):
    """Of whom the grant speaks."""

    ANYONE = "anyone"
    FORMER_RESIDENT = "former-resident"
    """Of people whose last municipality of residence is the asking one."""
    OWN_AREA = "own-area"
    """Of people whose mission is the asking one."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: what one kind of body may learn for one affair, on which basis, from when until when.

    ``bases`` names both laws where two apply. ``valid_to`` is exclusive; None is open.
    """

    body_kind: BodyKind
    affair: str
    label: str
    bases: tuple[str, ...]
    items: frozenset[Item]
    searches: frozenset[SearchKey]
    condition: Condition
    valid_from: date
    valid_to: date | None = None
    mode: Mode = Mode.READ

    def in_force(self, day: date) -> bool:
        """Whether the row is in force on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a body asks for: the affair and basis that it names, the items and the way of searching."""

    body_kind: BodyKind
    affair: str
    basis: str
    items: frozenset[Item]
    search: SearchKey


def decide(ask: Ask, grants: Iterable[Grant], on: date) -> Grant:
    """Return the grant in force on ``on`` that covers all of ``ask``.

    Raises NotPermitted with one fault for each thing that no row covers: no grant for the affair, the basis not
    among the row's, an item or the search key not granted, no item asked for. Pointers are those of an inquiry.
    """
    rows = [
        row
        for row in grants
        if row.body_kind is ask.body_kind and row.affair == ask.affair and row.mode is Mode.READ and row.in_force(on)
    ]
    if not rows:
        raise NotPermitted(
            Fault(code=FaultCode.NO_GRANT, pointer="/affair", expected="an affair listed by GET /v1/grants")
        )
    refusals = [tuple(_refused(ask, row)) for row in rows]
    for row, refused in zip(rows, refusals, strict=True):
        if not refused:
            return row
    raise NotPermitted(*min(refusals, key=len))


def _refused(ask: Ask, row: Grant) -> Iterable[Fault]:
    """Yield a fault for each part of ``ask`` that ``row`` does not cover."""
    if ask.basis not in row.bases:
        yield Fault(code=FaultCode.LEGAL_BASIS_MISSING, pointer="/basis", expected=f"one of: {'; '.join(row.bases)}")
    if not ask.items:
        yield Fault(
            code=FaultCode.MISSING,
            pointer="/fields",
            expected="at least one item: to ask for nothing is to ask who is there",
        )
    if ask.search not in row.searches:
        yield Fault(code=FaultCode.SEARCH_NOT_ALLOWED, pointer="/search", expected=_listed(row.searches))
    refused = sorted(ask.items - row.items)
    if refused:
        yield Fault(
            code=FaultCode.FIELD_NOT_ALLOWED,
            pointer="/fields",
            expected=f"without {', '.join(refused)}; allowed are {_listed(row.items)}",
        )


def _listed(members: Iterable[StrEnum]) -> str:
    return ", ".join(sorted(members))


def concerns(grant: Grant, *, asker: str, last_municipalities: Iterable[str], missions: Iterable[str]) -> bool:
    """Say whether a person found is one of whom the grant speaks.

    ``asker`` is the code of the asking body. ``last_municipalities`` are the person's municipalities of last
    residence with their present successors; ``missions`` those of the versions that would be answered.
    """
    if grant.condition is Condition.FORMER_RESIDENT:
        return asker in set(last_municipalities)
    if grant.condition is Condition.OWN_AREA:
        return asker in set(missions)
    return grant.condition is Condition.ANYONE
