"""What an ordinance may add to the table of grants, and each way in which it may not add more."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.disclosure import BodyKind, Condition, Item, Mode, SearchKey
from registry.domain.four_eyes import Hand
from registry.domain.ordinance import ITEMS, SEARCHES, Area, OrdinanceGrant, Proposal, check, table

GRANT = OrdinanceGrant(
    body="131016-board-of-education",
    ordinance="千代田区個人番号の利用に関する条例4条",
    area=Area.SOCIAL_SECURITY,
    affair="ordinance-school-expenses",
    label="就学援助",
    label_en="School expenses",
    items=frozenset({Item.NAME, Item.ADDRESS_ABROAD}),
    searches=frozenset({SearchKey.INDIVIDUAL_NUMBER}),
    valid_from=date(2025, 4, 1),
)
MAYOR = msgspec.structs.replace(GRANT, body="131016", searches=SEARCHES, items=ITEMS)


def changed(grant=GRANT, **fields):
    return msgspec.structs.replace(grant, **fields)


ALLOWED = {
    "a board of education": GRANT,
    "the mayor, all that there is": MAYOR,
    "only to compare": changed(mode=Mode.MATCH),
    "with an end": changed(valid_to=date(2026, 4, 1)),
}


@pytest.mark.parametrize("grant", ALLOWED.values(), ids=ALLOWED)
def test_what_an_ordinance_may_grant(grant):
    assert check(grant).errors == ()


REFUSED = {
    "to a body that is no organ": (changed(body="pension-office"), {"/body"}),
    "to a mission": (changed(body="JP-CG-NEW-YORK"), {"/body"}),
    "to an election commission": (changed(body="131016-election-commission"), {"/body"}),
    "to a municipality that cannot be": (changed(body="131017"), {"/body"}),
    "for an affair by statute": (changed(affair="residents-tax"), {"/affair"}),
    "for an affair with a line end": (changed(affair="ordinance-x\n"), {"/affair"}),
    "to write": (changed(mode=Mode.WRITE), {"/mode"}),
    "the 本籍": (changed(items=frozenset({Item.NAME, Item.HONSEKI})), {"/items"}),
    "the contact": (changed(items=frozenset({Item.CONTACT})), {"/items"}),
    "nothing": (changed(items=frozenset()), {"/items"}),
    "to compare the status": (changed(mode=Mode.MATCH, items=frozenset({Item.STATUS})), {"/items"}),
    "to search by 住民票コード": (changed(searches=frozenset({SearchKey.RESIDENT_RECORD_CODE})), {"/searches"}),
    "another organ, by the mayor's 宛名番号": (
        changed(searches=frozenset({SearchKey.ADDRESSEE_NUMBER})),
        {"/searches"},
    ),
    "without a way of searching": (changed(searches=frozenset()), {"/searches"}),
    "before there was a number": (changed(valid_from=date(2015, 12, 31)), {"/valid_from"}),
    "for no day": (changed(valid_to=date(2025, 4, 1)), {"/valid_to"}),
    "without its name": (changed(ordinance="", label=" x", label_en="x" * 101), {"/ordinance", "/label", "/label_en"}),
    "everything wrong at once": (
        changed(
            body="x", affair="x", mode=Mode.WRITE, items=frozenset(), searches=frozenset(), valid_from=date(2000, 1, 1)
        ),
        {"/body", "/affair", "/mode", "/items", "/searches", "/valid_from"},
    ),
}


@pytest.mark.parametrize(("grant", "pointers"), REFUSED.values(), ids=REFUSED)
def test_an_ordinance_grants_no_more_than_the_law_lets_it(grant, pointers):
    assert {fault.pointer for fault in check(grant).errors} == pointers


def test_what_a_proposer_cannot_choose():
    row = MAYOR.row("id")
    assert row.condition is Condition.FORMER_RESIDENT
    assert row.bases == ("番号法9条2項", "番号法19条11号", MAYOR.ordinance)
    assert not row.may_withhold
    assert (row.body, row.body_kind) == ("131016", BodyKind.MUNICIPALITY)
    assert GRANT.row("id").body_kind is BodyKind.BOARD_OF_EDUCATION


# ------------------------------------------------------------------------------------------- proposals become rows

AT = datetime(2025, 4, 1, tzinfo=UTC)
SATO, SUZUKI = Hand(account="sato", unit="residents"), Hand(account="suzuki", unit="audit")


def proposal(proposal_id="p", grant=GRANT, *, approved=True, **fields):
    approver = {"approver": SUZUKI, "approved_at": AT} if approved else {}
    return Proposal(proposal_id=proposal_id, grant=grant, proposer=SATO, proposed_at=AT, **approver, **fields)


def ending(on, *, of="p", approved=True):
    return proposal("end", None, approved=approved, ends=of, ends_on=on)


def test_an_approved_proposal_is_a_row_and_one_that_waits_is_none():
    assert table([proposal(), proposal("q", approved=False)]) == (GRANT.row("p"),)


ENDS = {
    "an end": ([ending(date(2026, 1, 1))], None, date(2026, 1, 1)),
    "one that nobody approved": ([ending(date(2026, 1, 1), approved=False)], None, None),
    "the end of another row": ([ending(date(2026, 1, 1), of="q")], None, None),
    "the earliest of two": ([ending(date(2027, 1, 1)), ending(date(2026, 1, 1))], None, date(2026, 1, 1)),
    "none after its own": ([ending(date(2027, 1, 1))], date(2026, 1, 1), date(2026, 1, 1)),
}


@pytest.mark.parametrize(("ends", "own_end", "expected"), ENDS.values(), ids=ENDS)
def test_a_row_ends_on_the_earliest_day_that_was_approved(ends, own_end, expected):
    (row,) = table([proposal(grant=changed(valid_to=own_end)), *ends])
    assert row.valid_to == expected


@pytest.mark.parametrize("grant", [grant for grant, _ in REFUSED.values()], ids=REFUSED)
def test_a_row_beyond_the_law_counts_for_nothing_however_it_came_to_lie_there(grant):
    assert table([proposal(grant=grant)]) == ()


NOT_APPROVED = {
    "by the same person": {"approver": Hand(account="sato", unit="audit")},
    "by the same unit": {"approver": Hand(account="suzuki", unit="residents")},
    "too late": {"approved_at": AT + timedelta(hours=72)},
    "at no time": {"approved_at": None},
}


@pytest.mark.parametrize("fields", NOT_APPROVED.values(), ids=NOT_APPROVED)
def test_a_row_that_two_officials_did_not_make_in_time_counts_for_nothing_either(fields):
    assert table([msgspec.structs.replace(proposal(), **fields)]) == ()


@settings(max_examples=100)
@given(
    st.sampled_from(["131016", "131016-board-of-education", "131016-election-commission", "pension-office"]),
    st.frozensets(st.sampled_from(Item)),
    st.frozensets(st.sampled_from(SearchKey)),
    st.sampled_from(Mode),
)
def test_no_proposal_at_all_opens_more_than_the_list(body, items, searches, mode):
    for row in table([proposal(grant=changed(body=body, items=items, searches=searches, mode=mode))]):
        assert row.items <= ITEMS
        assert row.searches <= SEARCHES
        assert row.mode is not Mode.WRITE
        assert row.condition is Condition.FORMER_RESIDENT
        assert row.body_kind in {BodyKind.MUNICIPALITY, BodyKind.BOARD_OF_EDUCATION}
