"""条例による独自利用 — what a municipality's ordinance may add to the table of grants, and no more than that.

番号法9条2項 lets organs of a municipality use the number for affairs that its ordinance names, in 社会保障
(福祉・保健・医療), 地方税, 防災 and what is like them; 19条11号 lets one organ provide another of the same
municipality, where the ordinance says so. Each organ needs a row of its own. So a row by ordinance speaks of one body,
an organ of a municipality, and of the former residents of that municipality alone; it reads or compares and never
writes; it adds no item and no way of searching to those listed here, never withholds an entry of the log, and never
opens elections.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from registry.domain.disclosure import BodyKind, Condition, Grant, Item, Mode, SearchKey, check_body, municipality_of
from registry.domain.errors import FaultCode, Faults, Refusal
from registry.domain.four_eyes import Hand, demand_other
from registry.domain.matching import MATCHABLE

BASES: Final = ("番号法9条2項", "番号法19条11号")
"""On what every such row rests, beside its ordinance."""

BODIES: Final = frozenset({BodyKind.MUNICIPALITY, BodyKind.BOARD_OF_EDUCATION})
"""選挙管理委員会 is none of them: elections are no affair of 9条2項, and its work knows no 個人番号."""

ITEMS: Final = frozenset(
    {
        Item.NAME,
        Item.BIRTH_DATE,
        Item.SEX,
        Item.ADDRESS_ABROAD,
        Item.LAST_ADDRESS,
        Item.INDIVIDUAL_NUMBER,
        Item.STATUS,
    }
)
"""4情報, the number, and whether the person is abroad: no 本籍, no mission, no contact."""

SEARCHES: Final = frozenset({SearchKey.INDIVIDUAL_NUMBER, SearchKey.NAME_AND_BIRTH_DATE, SearchKey.ADDRESSEE_NUMBER})
"""No ordinance may ask for the 住民票コード (告知要求制限). The 宛名番号 is the mayor's own."""

MODES: Final = frozenset({Mode.READ, Mode.MATCH})
AFFAIR_FORM: Final = r"ordinance-[a-z0-9]+(-[a-z0-9]+)*"
"""No affair by ordinance bears the name of one by statute."""
NUMBER_USE_BEGAN: Final = date(2016, 1, 1)
LONGEST: Final = 100


class Area(StrEnum):
    """The areas in which 番号法9条2項 lets an ordinance name affairs."""

    SOCIAL_SECURITY = "social-security"
    LOCAL_TAX = "local-tax"
    DISASTER = "disaster"


class OrdinanceGrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row that an ordinance adds: for which one body and affair, which items, searched how, from when until when.

    ``ordinance`` is its name and article as published. ``valid_to`` is exclusive; None is open.
    """

    body: str
    ordinance: str
    area: Area
    affair: str
    label: str
    label_en: str
    items: frozenset[Item]
    searches: frozenset[SearchKey]
    valid_from: date
    valid_to: date | None = None
    mode: Mode = Mode.READ

    @property
    def body_kind(self) -> BodyKind:
        """The kind of organ, which the code of the body says."""
        municipality = municipality_of(self.body)
        organ = "" if municipality is None else self.body[len(municipality) :].removeprefix("-")
        return BodyKind(organ) if organ else BodyKind.MUNICIPALITY

    def row(self, grant_id: str) -> Grant:
        """Return it as a row of the table; what a proposer cannot choose stands here."""
        return Grant(
            grant_id=grant_id,
            body_kind=self.body_kind,
            body=self.body,
            affair=self.affair,
            label=self.label,
            label_en=self.label_en,
            bases=(*BASES, self.ordinance),
            items=self.items,
            searches=self.searches,
            condition=Condition.FORMER_RESIDENT,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            mode=self.mode,
            ordinance=self.ordinance,
        )


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What one official proposed: a row (``grant``), or that the row of another proposal (``ends``) end on a day.

    ``ends_on`` is the first day on which that row grants nothing. ``approver`` and ``approved_at`` are None until
    another official approves; until then nothing follows from it.
    """

    proposal_id: str
    grant: OrdinanceGrant | None = None
    ends: str | None = None
    ends_on: date | None = None
    proposer: Hand
    proposed_at: datetime
    approver: Hand | None = None
    approved_at: datetime | None = None


def table(proposals: Iterable[Proposal]) -> tuple[Grant, ...]:
    """Return the rows that approved proposals make, each with the earliest end that was approved for it.

    Whatever lies in the database, a row beyond the law is left out, and one that two officials did not make in time.
    """
    approved = [one for one in proposals if _is_approved(one)]
    rows = ((one.proposal_id, one.grant) for one in approved if one.grant is not None and not check(one.grant).errors)
    return tuple(_ended(grant.row(grant_id), approved) for grant_id, grant in rows)


def _is_approved(proposal: Proposal) -> bool:
    if proposal.approver is None or proposal.approved_at is None:
        return False
    try:
        demand_other(proposal.proposer, proposal.approver, proposal.proposed_at, proposal.approved_at)
    except Refusal:
        return False
    return True


def _ended(row: Grant, approved: Iterable[Proposal]) -> Grant:
    ends = [one.ends_on for one in approved if one.ends == row.grant_id and one.ends_on is not None]
    ends += [] if row.valid_to is None else [row.valid_to]
    return msgspec.structs.replace(row, valid_to=min(ends, default=None))


def check(grant: OrdinanceGrant) -> Faults:
    """Return everything by which a row is more than the law lets ordinances grant, or is not put in order."""
    faults = Faults()
    _check_body(grant, faults)
    _check_scope(grant, faults)
    if not re.fullmatch(AFFAIR_FORM, grant.affair) or len(grant.affair) > LONGEST:
        faults.add(FaultCode.OUT_OF_RANGE, "/affair", f"text of the form {AFFAIR_FORM}")
    for field in ("ordinance", "label", "label_en"):
        text = getattr(grant, field)
        if not text or text != text.strip() or len(text) > LONGEST:
            faults.add(FaultCode.OUT_OF_RANGE, f"/{field}", f"text of 1 to {LONGEST} characters")
    if grant.valid_from < NUMBER_USE_BEGAN:
        faults.add(FaultCode.OUT_OF_RANGE, "/valid_from", f"a day from {NUMBER_USE_BEGAN} on")
    if grant.valid_to is not None and grant.valid_to <= grant.valid_from:
        faults.add(FaultCode.PERIOD_REVERSED, "/valid_to", "a day after valid_from (the end is exclusive)")
    return faults


def _check_body(grant: OrdinanceGrant, faults: Faults) -> None:
    if municipality_of(grant.body) is None or grant.body_kind not in BODIES:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/body", f"an organ of a municipality: {_listed(BODIES)}")
    else:
        check_body(grant.body, grant.body_kind, faults)


def _check_scope(grant: OrdinanceGrant, faults: Faults) -> None:
    """Note what goes beyond the items, the ways of searching and the modes that an ordinance may name."""
    items = ITEMS & MATCHABLE if grant.mode is Mode.MATCH else ITEMS
    if grant.mode not in MODES:
        faults.add(FaultCode.NOT_ALLOWED_HERE, "/mode", f"one of: {_listed(MODES)}")
    if not grant.items or grant.items - items:
        faults.add(FaultCode.FIELD_NOT_ALLOWED, "/items", f"some of: {_listed(items)}")
    is_mayor = grant.body_kind is BodyKind.MUNICIPALITY
    searches = SEARCHES if is_mayor else SEARCHES - {SearchKey.ADDRESSEE_NUMBER}
    if not grant.searches or grant.searches - searches:
        faults.add(FaultCode.SEARCH_NOT_ALLOWED, "/searches", f"some of: {_listed(searches)}")


def _listed(members: frozenset[StrEnum] | frozenset[BodyKind] | frozenset[Mode]) -> str:
    return ", ".join(sorted(members))
