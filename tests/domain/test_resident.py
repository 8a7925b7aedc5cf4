"""The table of statuses: complete, and true to what the law lets follow what."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.movement import MovementKind as K
from registry.domain.resident import TRANSITIONS, Status, after
from registry.domain.timeline import fold
from tests.builders import movement

S = Status
STATUSES = (None, *Status)


@pytest.mark.parametrize("kind", K)
def test_every_kind_has_a_line_in_the_table(kind):
    assert set(TRANSITIONS[kind]) <= set(STATUSES)
    assert set(TRANSITIONS[kind].values()) <= set(Status)


@pytest.mark.parametrize(("kind", "status"), list(product(K, STATUSES)))
def test_the_table_answers_for_every_kind_in_every_status(kind, status):
    assert after(kind, status) in STATUSES


@pytest.mark.parametrize("kind", sorted(set(K) - {K.ANNULLED}))
def test_every_fact_leads_somewhere_from_somewhere(kind):
    assert any(after(kind, status) for status in STATUSES)


def test_an_annulment_leads_nowhere_of_itself():
    assert not any(after(K.ANNULLED, status) for status in STATUSES)


STEPS = {
    "a 除票 comes first": (None, K.MOVED_ABROAD, S.PROVISIONAL),
    "a 在留届 after it": (S.PROVISIONAL, K.RESIDENCE_REPORTED, S.RESIDENT_ABROAD),
    "a 在留届 alone": (None, K.RESIDENCE_REPORTED, S.RESIDENT_ABROAD),
    "a child born abroad": (None, K.BORN_ABROAD, S.RESIDENT_ABROAD),
    "entered ex officio": (None, K.ENTERED_EX_OFFICIO, S.PROVISIONAL),
    "a 除票 with a later planned day than the arrival": (S.RESIDENT_ABROAD, K.MOVED_ABROAD, S.RESIDENT_ABROAD),
    "a change as the first that is heard": (None, K.ADDRESS_CHANGED, S.RESIDENT_ABROAD),
    "a new number changes no status": (S.RESIDENT_ABROAD, K.INDIVIDUAL_NUMBER_RECORDED, S.RESIDENT_ABROAD),
    "a new name of who came home": (S.RETURNED, K.NAME_CHANGED, S.RETURNED),
    "nobody has heard of them for a year": (S.RESIDENT_ABROAD, K.PRESUMED_DEPARTED, S.PRESUMED_DEPARTED),
    "heard of again": (S.PRESUMED_DEPARTED, K.RESIDENCE_CONFIRMED, S.RESIDENT_ABROAD),
    "never reported, so never presumed departed": (S.PROVISIONAL, K.PRESUMED_DEPARTED, S.PROVISIONAL),
    "a presumption gives way to the return that is heard of later": (S.RETURNED, K.PRESUMED_DEPARTED, S.RETURNED),
    "a presumption gives way to death": (S.DECEASED, K.PRESUMED_DEPARTED, S.DECEASED),
    "nobody to presume anything of": (None, K.PRESUMED_DEPARTED, None),
    "who cannot be reached is a resident still": (S.RESIDENT_ABROAD, K.UNREACHABLE, S.RESIDENT_ABROAD),
    "who cannot be reached stays presumed departed": (S.PRESUMED_DEPARTED, K.UNREACHABLE, S.PRESUMED_DEPARTED),
    "the first that is heard is that nobody answers": (None, K.UNREACHABLE, S.RESIDENT_ABROAD),
    "a Japanese again": (S.NATIONALITY_LOST, K.NATIONALITY_REGAINED, S.PROVISIONAL),
    "regained before anybody told of the loss": (S.RESIDENT_ABROAD, K.NATIONALITY_REGAINED, S.RESIDENT_ABROAD),
    "the dead regain nothing": (S.DECEASED, K.NATIONALITY_REGAINED, None),
    "a 国外転出 of who is no Japanese": (S.NATIONALITY_LOST, K.MOVED_ABROAD, None),
    "loss told twice": (S.NATIONALITY_LOST, K.NATIONALITY_LOST, S.NATIONALITY_LOST),
    "death of who was removed ex officio": (S.REMOVED, K.DIED, S.DECEASED),
    "return of who was removed ex officio": (S.REMOVED, K.RETURNED, S.RETURNED),
    "leaving anew after 職権消除": (S.REMOVED, K.MOVED_ABROAD, S.PROVISIONAL),
    "a 在留届 of who was removed ex officio": (S.REMOVED, K.RESIDENCE_REPORTED, None),
    "the return": (S.RESIDENT_ABROAD, K.RETURNED, S.RETURNED),
    "the return of who was presumed departed": (S.PRESUMED_DEPARTED, K.RETURNED, S.RETURNED),
    "leaving a second time": (S.RETURNED, K.MOVED_ABROAD, S.PROVISIONAL),
    "reported a second time": (S.RETURNED, K.RESIDENCE_REPORTED, S.RESIDENT_ABROAD),
    "a change of address of who came home": (S.RETURNED, K.ADDRESS_CHANGED, None),
    "loss of nationality": (S.RESIDENT_ABROAD, K.NATIONALITY_LOST, S.NATIONALITY_LOST),
    "a 在留届 of who is no Japanese": (S.NATIONALITY_LOST, K.RESIDENCE_REPORTED, None),
    "death of who was no Japanese any more": (S.NATIONALITY_LOST, K.DIED, S.DECEASED),
    "loss of nationality of the dead": (S.DECEASED, K.NATIONALITY_LOST, None),
    "a death told twice": (S.DECEASED, K.DIED, S.DECEASED),
    "a return of the dead": (S.DECEASED, K.RETURNED, None),
    "the second of two records": (S.RESIDENT_ABROAD, K.DOUBLE_REGISTRATION_RESOLVED, S.MERGED),
    "anything after that": (S.MERGED, K.RESIDENCE_REPORTED, None),
    "removed ex officio and entered again": (S.REMOVED, K.ENTERED_EX_OFFICIO, S.PROVISIONAL),
    "nothing to remove": (None, K.REMOVED_EX_OFFICIO, None),
}


@pytest.mark.parametrize(("before", "kind", "expected"), STEPS.values(), ids=STEPS)
def test_one_fact_leads_from_one_status_to_the_next(before, kind, expected):
    assert after(kind, before) is expected


FINAL = (S.DECEASED, S.MERGED)
CORRECTIONS = {K.NAME_CHANGED, K.HONSEKI_CHANGED, K.INDIVIDUAL_NUMBER_RECORDED, K.CORRECTED_EX_OFFICIO}


@given(st.sampled_from(K), st.sampled_from(FINAL))
def test_no_fact_brings_the_dead_or_the_merged_back(kind, final):
    assert after(kind, final) in {None, final, S.MERGED}


@given(st.sampled_from(sorted(CORRECTIONS)), st.sampled_from(Status))
def test_a_correction_never_changes_a_status(kind, status):
    assert after(kind, status) is status


@given(st.lists(st.sampled_from(K), max_size=8))
def test_any_life_at_all_can_be_folded(kinds):
    made = [movement(kind, f"2020-{index + 1:02}-01", movement_id=f"m{index}") for index, kind in enumerate(kinds)]
    versions = fold(made).versions
    assert all(version.status in Status for version in versions)
