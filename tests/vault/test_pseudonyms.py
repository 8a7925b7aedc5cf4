"""Pseudonyms: one body always knows a person by the same name, two bodies never do; the registry alone reads them."""

from base64 import b32encode
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.vault.keys import FileKeyProvider
from registry.vault.pseudonyms import Pseudonyms, log_subject
from registry.vault.sealing import length_prefixed

BODIES = st.text(st.characters(codec="utf-8"), min_size=1)
PEOPLE = st.uuids().map(str)
PERSON = "0190a7e2-7cb1-7b63-9f43-0d9c2a1b6d10"


def siv(key: bytes, plaintext: bytes) -> bytes:
    """RFC 5297 § 2.4 and § 2.6 for one block and no associated data, from CMAC and CTR alone."""

    def cmac(block: bytes) -> bytes:
        mac = CMAC(algorithms.AES(key[:32]))
        mac.update(block)
        return mac.finalize()

    together = bytes(a ^ b for a, b in zip(cmac(bytes(16)), plaintext, strict=True))
    vector = cmac(together)
    counter = bytearray(vector)
    counter[8] &= 0x7F
    counter[12] &= 0x7F
    encryptor = Cipher(algorithms.AES(key[32:]), modes.CTR(bytes(counter))).encryptor()
    return vector + encryptor.update(plaintext)


def test_a_pseudonym_is_the_one_that_the_rfc_computes(known_keys: FileKeyProvider) -> None:
    halves = ("authentication", "encryption")
    key = b"".join(known_keys.mac("pseudonym", length_prefixed("v1", "pension", half)) for half in halves)
    assert Pseudonyms(known_keys).of("pension", PERSON) == siv(key, UUID(PERSON).bytes).hex()


@given(BODIES, PEOPLE)
def test_the_registry_reads_what_it_made_and_makes_it_again(
    known_keys: FileKeyProvider, body: str, person: str
) -> None:
    pseudonyms = Pseudonyms(known_keys)
    made = pseudonyms.of(body, person)
    assert (len(made), pseudonyms.person(body, made)) == (64, person)
    assert Pseudonyms(known_keys).of(body, person) == made


@given(BODIES, BODIES, PEOPLE)
def test_two_bodies_know_a_person_by_different_pseudonyms_and_neither_by_the_others(
    known_keys: FileKeyProvider, this_body: str, that_body: str, person: str
) -> None:
    assume(this_body != that_body)
    pseudonyms = Pseudonyms(known_keys)
    made = pseudonyms.of(this_body, person)
    assert pseudonyms.of(that_body, person) != made
    assert pseudonyms.person(that_body, made) is None


@given(BODIES, PEOPLE, PEOPLE)
def test_a_body_knows_two_people_by_different_pseudonyms(
    known_keys: FileKeyProvider, body: str, this_person: str, that_person: str
) -> None:
    assume(this_person != that_person)
    assert Pseudonyms(known_keys).of(body, this_person) != Pseudonyms(known_keys).of(body, that_person)


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"))
def test_a_pseudonym_with_one_letter_changed_is_nobodys(known_keys: FileKeyProvider, place: int, letter: str) -> None:
    pseudonyms = Pseudonyms(known_keys)
    made = pseudonyms.of("pension", PERSON)
    assume(made[place] != letter)
    assert pseudonyms.person("pension", made[:place] + letter + made[place + 1 :]) is None


@given(st.text(max_size=70))
def test_what_is_no_pseudonym_at_all_is_nobodys(known_keys: FileKeyProvider, text: str) -> None:
    assert Pseudonyms(known_keys).person("pension", text) is None


def test_the_subject_of_a_chain_of_the_log_is_the_one_that_an_independent_implementation_computes(
    known_keys: FileKeyProvider,
) -> None:
    """The first 160 bits of OpenSSL's HMAC-SHA-256, in base 32."""
    assert log_subject(known_keys, "pension", "0190a7e2") == "F52VC5OU4LKFPXNV64B55OTLXXKHMOJR"


@given(st.binary(min_size=20, max_size=20))
def test_the_log_calls_people_by_base32_as_the_standard_writes_it(data):
    class Given:
        def mac(self, _label, _message):
            return data + b"the rest"

    assert log_subject(Given(), "log", "0190a7e2") == b32encode(data).decode()
