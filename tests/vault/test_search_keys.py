"""Search keys: the same value is found again, and nothing else is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.search_terms import TermKind
from registry.vault.keys import FileKeyProvider
from registry.vault.search_keys import WHOLE, SearchKey, SearchKeys


@pytest.fixture(scope="module")
def keys(known_keys: FileKeyProvider) -> SearchKeys:
    return SearchKeys(known_keys, generation=1)


def test_keys_are_those_that_an_independent_implementation_computes(known_keys: FileKeyProvider) -> None:
    """Computed with the JDK's HmacSHA256 from the description in the module's docstring."""
    first, second = SearchKeys(known_keys, 1), SearchKeys(known_keys, 2)
    assert first.of(TermKind.INDIVIDUAL_NUMBER, "123456789018") == SearchKey(
        kind=TermKind.INDIVIDUAL_NUMBER,
        generation=1,
        key=bytes.fromhex("4000aa7946c347f3107194a3757b143b1dadb3fd483964dd49054e05ba545dc5"),
    )
    assert first.of(TermKind.ADDRESSEE_NUMBER, "131016", "1234567") == SearchKey(
        kind=TermKind.ADDRESSEE_NUMBER,
        generation=1,
        key=bytes.fromhex("3a3d40b41be37fdd27c940199de3fb81227d36a0d81b04eb1208bb4c48dc8492"),
    )
    assert second.of(TermKind.NAME_AND_BIRTH_MONTH, "高崎花子", "1985", "3") == SearchKey(
        kind=TermKind.NAME_AND_BIRTH_MONTH, generation=2, key=bytes.fromhex("aa1d9a")
    )


def test_one_text_gives_another_key_for_each_kind_each_scope_and_each_generation(known_keys: FileKeyProvider) -> None:
    made = [
        SearchKeys(known_keys, generation).of(kind, *parts)
        for generation, kind, parts in product((1, 2), TermKind, (("12", "3"), ("1", "23"), ("123",)))
    ]
    # The first three bytes are all that the short kinds keep.
    assert len({key.key[:3] for key in made}) == len(made)


@given(st.sampled_from(TermKind), st.text(st.characters(codec="utf-8")))
def test_the_same_value_gives_the_same_key_again(keys: SearchKeys, kind: TermKind, text: str) -> None:
    assert keys.of(kind, text) == keys.of(kind, text)


@given(st.sampled_from(TermKind), st.text(st.characters(codec="utf-8")))
def test_only_numbers_keep_all_256_bits_and_a_name_proves_nobody(keys: SearchKeys, kind: TermKind, text: str) -> None:
    assert len(keys.of(kind, text).key) == (32 if kind in WHOLE else 3)


def test_a_search_key_does_not_show_itself(keys: SearchKeys) -> None:
    shown = repr(keys.of(TermKind.INDIVIDUAL_NUMBER, "123456789018"))
    assert shown == "SearchKey(individual-number, generation=1)"
