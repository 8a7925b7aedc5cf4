"""A sealed value opens with its key at its place, and in no other way."""

import traceback

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from registry.vault.sealing import Place, SealBroken, SealingKey, length_prefixed, open_sealed, seal

KEY = SealingKey(0x01020304, bytes(range(32)))
PLACE = Place(table="version", row_id="0190a7e2", column="sealed", version=3)
PLAINTEXT = "外務 花子".encode()
# Computed with the JDK's AES/GCM/NoPadding (SunJCE) from the description in the module's docstring.
KNOWN = bytes.fromhex("0101020304a0a1a2a3a4a5a6a7a8a9aaab03bceac8ce522257e8d4627e97e5932550842ba8d9b838361d6ad6b5e9")

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
PLACES = st.builds(Place, table=TEXTS, row_id=TEXTS, column=TEXTS, version=st.integers(0, 2**31))


def test_a_value_is_sealed_exactly_as_an_independent_implementation_seals_it() -> None:
    assert seal(KEY, PLACE, PLAINTEXT, random=lambda size: bytes(range(0xA0, 0xA0 + size))) == KNOWN


def test_what_an_independent_implementation_sealed_opens() -> None:
    assert open_sealed(KEY, PLACE, KNOWN) == PLAINTEXT


@given(PLACES, st.binary(max_size=300))
def test_what_was_sealed_opens_at_its_place(place: Place, plaintext: bytes) -> None:
    envelope = seal(KEY, place, plaintext)
    assert len(envelope) == len(plaintext) + 33
    assert open_sealed(KEY, place, envelope) == plaintext


@given(PLACES, PLACES)
@example(PLACE, msgspec.structs.replace(PLACE, table="removed_record"))
@example(PLACE, msgspec.structs.replace(PLACE, row_id="0190a7e3"))
@example(PLACE, msgspec.structs.replace(PLACE, column="contact"))
@example(PLACE, msgspec.structs.replace(PLACE, version=4))
@example(PLACE, msgspec.structs.replace(PLACE, table="versio", row_id="n0190a7e2"))
@example(PLACE, msgspec.structs.replace(PLACE, column="sealed3", version=3))
def test_a_blob_moved_to_another_place_does_not_open(here: Place, there: Place) -> None:
    assume(here != there)
    with pytest.raises(SealBroken):
        open_sealed(KEY, there, seal(KEY, here, PLAINTEXT))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(SealingKey(KEY.key_id, bytes(range(1, 33))), id="another person's key under the same id"),
        pytest.param(SealingKey(5, bytes(range(32))), id="the same key under another id"),
    ],
)
def test_a_blob_does_not_open_with_another_key(key: SealingKey) -> None:
    with pytest.raises(SealBroken):
        open_sealed(key, PLACE, KNOWN)


@pytest.mark.parametrize(
    "region",
    [
        pytest.param(range(1), id="prefix"),
        pytest.param(range(1, 5), id="key id"),
        pytest.param(range(5, 17), id="nonce"),
        pytest.param(range(17, 30), id="ciphertext"),
        pytest.param(range(30, 46), id="tag"),
    ],
)
def test_a_blob_with_one_bit_turned_does_not_open(region: range) -> None:
    for index in region:
        for bit in range(8):
            turned = bytearray(KNOWN)
            turned[index] ^= 1 << bit
            with pytest.raises(SealBroken):
                open_sealed(KEY, PLACE, bytes(turned))


def test_a_blob_cut_short_or_made_longer_does_not_open() -> None:
    for envelope in (*(KNOWN[:length] for length in range(len(KNOWN))), KNOWN + b"\0"):
        with pytest.raises(SealBroken):
            open_sealed(KEY, PLACE, envelope)


def test_the_same_value_is_never_sealed_twice_alike() -> None:
    assert len({seal(KEY, PLACE, PLAINTEXT) for _ in range(100)}) == 100


def test_a_broken_seal_tells_neither_why_nor_what() -> None:
    told = set()
    for key, place in ((SealingKey(9, bytes(32)), PLACE), (KEY, msgspec.structs.replace(PLACE, version=4))):
        with pytest.raises(SealBroken) as broken:
            open_sealed(key, place, KNOWN)
        told.add("".join(traceback.format_exception_only(broken.value)))
        assert broken.value.__suppress_context__ or broken.value.__context__ is None
    assert len(told) == 1


def test_a_key_does_not_show_itself() -> None:
    assert repr(KEY) == str(KEY) == "SealingKey(key_id=16909060)"


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealingKey(1, bytes(length))


@pytest.mark.parametrize("key_id", [-1, 2**32])
def test_a_key_id_that_does_not_fit_the_envelope_is_refused(key_id: int) -> None:
    with pytest.raises(OverflowError):
        SealingKey(key_id, bytes(32))


@given(st.lists(TEXTS), st.lists(TEXTS))
@example(["ab", "c"], ["a", "bc"])
@example(["a", ""], ["a"])
def test_different_parts_never_give_the_same_message(these: list[str], those: list[str]) -> None:
    assume(these != those)
    assert length_prefixed(*these) != length_prefixed(*those)
