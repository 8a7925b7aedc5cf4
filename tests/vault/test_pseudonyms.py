"""Pseudonyms: one body always knows a person by the same name, two bodies never do."""

from hypothesis import assume, given
from hypothesis import strategies as st

from registry.vault.keys import FileKeyProvider
from registry.vault.pseudonyms import pseudonym

TEXTS = st.text(st.characters(codec="utf-8"))


def test_a_pseudonym_is_the_one_that_an_independent_implementation_computes(known_keys: FileKeyProvider) -> None:
    """The first 160 bits of the JDK's HmacSHA256, in base 32."""
    assert pseudonym(known_keys, "pension", "0190a7e2") == "BCUUXJQ56JAG4NQ3AFCJ6WOKBTFKZA5T"


@given(TEXTS, TEXTS, TEXTS)
def test_two_bodies_know_a_person_by_different_pseudonyms(
    known_keys: FileKeyProvider, this_body: str, that_body: str, person: str
) -> None:
    assume(this_body != that_body)
    assert pseudonym(known_keys, this_body, person) != pseudonym(known_keys, that_body, person)


@given(TEXTS, TEXTS, TEXTS)
def test_a_body_knows_two_people_by_different_pseudonyms(
    known_keys: FileKeyProvider, body: str, this_person: str, that_person: str
) -> None:
    assume(this_person != that_person)
    assert pseudonym(known_keys, body, this_person) != pseudonym(known_keys, body, that_person)


def test_body_and_person_do_not_run_together(known_keys: FileKeyProvider) -> None:
    assert pseudonym(known_keys, "ab", "c") != pseudonym(known_keys, "a", "bc")
