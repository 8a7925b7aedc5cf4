"""提供の可否 — who may ask what, about whom, for which affair: deny by default.

Providing a 個人番号 is forbidden unless 番号法19条 lists the case; 本人確認情報 fall under 住基法 as well. So every
inquiry names the body, the affair (事務), the legal basis, the items and the way of searching, and is held against a
versioned table of grants. What no row grants is refused, each item and each search key by itself.

A body is an **executive organ**: another organ of the same municipality is another body, with a code of its own
(:func:`organ_code`). The answer is built field by field from the grant, never from the record.

**Two laws.** Where a row rests on 番号法 and 住基法, it names both. An inquiry names the article under which it asks;
who uses the number, to search or as an item, names that of 番号法. The log keeps every article of the row.

**Writing** is granted by the same table: what no row lets a body submit is not taken in, each item by itself.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.errors import Fault, FaultCode, Faults, InvalidInput, NotPermitted
from registry.domain.municipality import MunicipalityCode


class BodyKind(StrEnum):
    """The kinds of executive organs that may be granted anything."""

    PENSION_OFFICE = "pension-office"
    HEALTH_INSURER = "health-insurer"
    TAX_OFFICE = "tax-office"
    MUNICIPALITY = "municipality"
    """市区町村長: the organ that keeps the 住民基本台帳 (住基法5条) and acts where the law names no other."""
    BOARD_OF_EDUCATION = "board-of-education"
    ELECTION_COMMISSION = "election-commission"
    MISSION = "mission"
    IDENTITY_CHECKER = "identity-checker"
    """A body that is only told whether what somebody says of themselves is what is on record."""


ORGANS: Final = frozenset({BodyKind.MUNICIPALITY, BodyKind.BOARD_OF_EDUCATION, BodyKind.ELECTION_COMMISSION})
"""The kinds that are organs of a municipality (地方自治法138条の4・139条・180条の5)."""

NUMBER_LAW: Final = "番号法"
"""How an article begins that allows the use of the 個人番号."""


def organ_code(municipality: str, kind: BodyKind) -> str:
    """Return the code of an organ of a municipality: the municipality's own for its mayor, else with the organ."""
    return municipality if kind is BodyKind.MUNICIPALITY else f"{municipality}-{kind}"


def municipality_of(body: str) -> str | None:
    """Return the code of the municipality that a body is an organ of, or None."""
    code = body[:_CODE_DIGITS]
    if len(code) < _CODE_DIGITS or not (code.isascii() and code.isdigit()):
        return None
    return code if any(body == organ_code(code, kind) for kind in ORGANS) else None


def check_body(body: str, kind: BodyKind, faults: Faults) -> None:
    """Note a code that is not one of a body of this kind: organs, and nobody else, bear their municipality's code."""
    code = body[:_CODE_DIGITS]
    if kind not in ORGANS:
        if municipality_of(body) is not None:
            faults.add(FaultCode.NOT_ALLOWED_HERE, "/body", "a code that is not a municipality's")
        return
    try:
        MunicipalityCode.parse(code)
    except InvalidInput as refused:
        faults.take(refused.faults, "/body")
        return
    if body != organ_code(code, kind):
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/body", f"a code of the form {organ_code('131016', kind)}")


_CODE_DIGITS: Final = 6


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
    """READ gives the value; MATCH only says whether a given value is the one on record; WRITE lets it be submitted."""

    READ = "read"
    MATCH = "match"
    WRITE = "write"


class Condition(StrEnum):
    """Of whom the grant speaks. Of what is submitted, the services that take it in hold it against place and day."""

    ANYONE = "anyone"
    FORMER_RESIDENT = "former-resident"
    """Of people whose last municipality of residence is the asking one, or that of which an organ asks."""
    OWN_AREA = "own-area"
    """Of people whose mission is the asking one."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: what one kind of body may learn or submit for one affair, from when until when.

    ``bases`` names both laws where two apply. ``valid_to`` is exclusive; None is open. ``body`` is the only body that
    the row speaks of; None: each of its kind. ``ordinance`` names the 条例 on which it rests, "" for a statute.
    ``may_withhold``: who asks may mark the entry in the log as not to be disclosed (不開示情報, 番号法23条2項).
    ``delivers_protected``: a duty for which the residence of somebody under 支援措置 may have to be known; which case,
    two people decide each time (``protection``).
    """

    grant_id: str = ""
    body_kind: BodyKind
    body: str | None = None
    affair: str
    label: str
    label_en: str = ""
    bases: tuple[str, ...]
    items: frozenset[Item]
    searches: frozenset[SearchKey]
    condition: Condition
    valid_from: date
    valid_to: date | None = None
    mode: Mode = Mode.READ
    may_withhold: bool = False
    delivers_protected: bool = False
    ordinance: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the row is in force on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def is_over(self, day: date) -> bool:
        """Whether the row grants nothing on ``day`` and on no later day."""
        return self.valid_to is not None and self.valid_to <= max(day, self.valid_from)

    def speaks_to(self, body: str, kind: BodyKind) -> bool:
        """Whether the row is one of this body's."""
        return self.body_kind is kind and self.body in {None, body}

    @property
    def uses_number(self) -> bool:
        """Whether the 個人番号 may be given, compared, submitted or searched by under this row."""
        return Item.INDIVIDUAL_NUMBER in self.items or bool(self.searches & _NUMBER_SEARCHES)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a body asks for: the affair and basis that it names, the items and the way of searching.

    ``mode`` is READ or MATCH. ``withhold``: the entry in the log is not to be disclosed to the person.
    """

    body: str
    body_kind: BodyKind
    affair: str
    basis: str
    items: frozenset[Item]
    search: SearchKey
    mode: Mode = Mode.READ
    withhold: bool = False


def decide(ask: Ask, grants: Iterable[Grant], on: date) -> Grant:
    """Return the grant in force on ``on`` that covers all of ``ask``.

    Raises NotPermitted with one fault for each thing that no row covers: no grant for the affair, the basis not
    among the row's, an item or the search key not granted, no item asked for, an entry that may not be withheld.
    Pointers are those of an inquiry.
    """
    rows = _rows(grants, ask.body, ask.body_kind, ask.affair, ask.mode, on)
    if not rows:
        raise NotPermitted(
            Fault(code=FaultCode.NO_GRANT, pointer="/affair", expected="an affair listed by GET /v1/grants")
        )
    refusals = [tuple(_refused(ask, row)) for row in rows]
    for row, refused in zip(rows, refusals, strict=True):
        if not refused:
            return row
    raise NotPermitted(*min(refusals, key=len))


def decide_write(
    body: str, kind: BodyKind, affair: str, items: frozenset[Item], grants: Iterable[Grant], on: date
) -> Grant:
    """Return the grant in force on ``on`` under which a body may submit ``items`` for an affair.

    Raises NotPermitted where there is none, or with the items that none of its rows lets it state. The rows are not
    added up: what two grant only together is refused.
    """
    rows = _rows(grants, body, kind, affair, Mode.WRITE, on)
    if not rows:
        raise NotPermitted(Fault(code=FaultCode.NO_GRANT, expected="an affair that GET /v1/grants lists to be written"))
    row = min(rows, key=lambda one: len(items - one.items))
    if items - row.items:
        raise NotPermitted(_too_many(items, row, pointer=""))
    return row


_NUMBER_SEARCHES: Final = frozenset({SearchKey.INDIVIDUAL_NUMBER})


def _rows(grants: Iterable[Grant], body: str, kind: BodyKind, affair: str, mode: Mode, on: date) -> tuple[Grant, ...]:
    return tuple(
        row
        for row in grants
        if row.affair == affair and row.mode is mode and row.speaks_to(body, kind) and row.in_force(on)
    )


def _refused(ask: Ask, row: Grant) -> Iterable[Fault]:
    """Yield a fault for each part of ``ask`` that ``row`` does not cover."""
    number_is_used = Item.INDIVIDUAL_NUMBER in ask.items & row.items or ask.search in row.searches & _NUMBER_SEARCHES
    named = [one for one in row.bases if one.startswith(NUMBER_LAW) or not number_is_used]
    if ask.basis not in named:
        yield Fault(code=FaultCode.LEGAL_BASIS_MISSING, pointer="/basis", expected=f"one of: {'; '.join(named)}")
    if not ask.items:
        yield Fault(
            code=FaultCode.MISSING,
            pointer="/fields",
            expected="at least one item: to ask for nothing is to ask who is there",
        )
    if ask.search not in row.searches:
        yield Fault(code=FaultCode.SEARCH_NOT_ALLOWED, pointer="/search", expected=_listed(row.searches))
    if ask.items - row.items:
        yield _too_many(ask.items, row, pointer="/fields")
    if ask.withhold and not row.may_withhold:
        expected = "false: the person is shown whatever is asked for this affair"
        yield Fault(code=FaultCode.NOT_ALLOWED_HERE, pointer="/not_to_be_disclosed", expected=expected)


def _too_many(items: frozenset[Item], row: Grant, *, pointer: str) -> Fault:
    expected = f"without {_listed(items - row.items)}; allowed are {_listed(row.items)}"
    return Fault(code=FaultCode.FIELD_NOT_ALLOWED, pointer=pointer, expected=expected)


def _listed(members: Iterable[StrEnum]) -> str:
    return ", ".join(sorted(members))


def concerns(grant: Grant, *, asker: str, last_municipalities: Iterable[str], missions: Iterable[str]) -> bool:
    """Say whether a person found is one of whom the grant speaks.

    ``asker`` is the code of the asking body. ``last_municipalities`` are the person's municipalities of last
    residence with their present successors; ``missions`` those of the versions that would be answered.
    """
    if grant.condition is Condition.FORMER_RESIDENT:
        return municipality_of(asker) in set(last_municipalities)
    if grant.condition is Condition.OWN_AREA:
        return asker in set(missions)
    return grant.condition is Condition.ANYONE
